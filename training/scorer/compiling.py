"""How kernels are compiled: by numba, without the GIL, kept on disk where a disk can be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compile at the first call. What is compiled is kept beside this package, or else in numba's own cache folder.

    NUMBA_CACHE_DIR names another folder. Where none can be written (a read-only image with no home), numba refuses to
    decorate; then each process compiles for itself, which costs seconds and changes no result.
    """
    compiler: Any = njit
    options = {"nogil": True, "fastmath": False, "error_model": "numpy"}
    try:
        kernel: Function = compiler(cache=True, **options)(function)
    except RuntimeError:
        kernel = compiler(**options)(function)
    return kernel


def vector_operation(function: Callable[..., Any]) -> Any:  # noqa: ANN401  # callable in kernels alone
    """Make an operation that kernels can call of a function that writes its LLVM code."""
    return intrinsic(function)
