"""Kernels compile where nothing can be written, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from training.scorer import compiling


def test_where_no_folder_can_be_written_kernels_compile_for_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = compiling.njit

    def refusing(*, cache: bool = False, **options: Any) -> Callable[..., Any]:  # noqa: ANN401
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compiler(**options)

    monkeypatch.setattr(compiling, "njit", refusing)

    @compiling.compiled
    def twice(number: int) -> int:
        return 2 * number

    assert twice(4) == 8
