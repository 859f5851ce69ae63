"""Features in a compiled kernel: equal to the bit to `imagery.features`, which stays their definition, and much faster.

A recipe becomes a program once (`imagery.feature_program`). One kernel runs every program, so what numba compiled and
kept on disk serves all recipes and all dtypes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from imagery.feature_program import program_of
from imagery.features import WrongCompositeError
from training.kernel_arrays import sealed

if TYPE_CHECKING:
    from imagery.recipe_model import Recipe

Array = npt.NDArray[np.float32]


def compiled_features(
    values: npt.NDArray[Any], at: npt.NDArray[np.int64], recipe: Recipe, out: Array | None = None
) -> Array:
    """Compute the recipe's features of some pixels of a composite.

    It runs on one thread without the GIL, and may be called from several. Besides its result it takes less than 2 MB.

    Args:
        values: [band, step, rows, columns] or [band, step, n] numbers of a composite: uint8, int16, uint16 or float32;
            copied where they are not C-contiguous.
        at: int64 [n], numbers of the pixels in the flattened rows and columns.
        recipe: which features.
        out: C-contiguous float32 [n, feature] to write to; None makes one.

    Returns:
        float32 [n, feature] in the order of `recipe.feature_names`, NaN where a feature is missing: to the bit what
        `features_of` gives.

    Raises:
        WrongCompositeError: bands, steps or dtype are not a composite's, pixels are outside it, or `out` does not fit.

    """
    from imagery.feature_kernels import write_features

    flat, kind = _rows_of(values, recipe)
    picked = np.ascontiguousarray(at, np.int64)
    if picked.ndim != 1 or (picked.size and not 0 <= picked.min() <= picked.max() < flat.shape[1]):
        raise WrongCompositeError(f"give the numbers of pixels as one row, each from 0 to {flat.shape[1] - 1}")
    shape = (picked.size, len(recipe.feature_names))
    rows = np.empty(shape, np.float32) if out is None else out
    if rows.shape != shape or rows.dtype != np.float32 or not rows.flags.c_contiguous:
        raise WrongCompositeError(f"out is {rows.dtype} {rows.shape}: give C-contiguous float32 {shape}")
    if picked.size:
        program = program_of(recipe, whole=flat.dtype.kind != "f")
        write_features(sealed(flat.view(np.uint8)), kind, sealed(picked), program.kernel_arrays(), rows)
    return rows


def warm() -> None:
    """Make the kernel ready in this process: compile it, or load what was compiled and kept before."""
    from imagery.recipe import load_recipe

    recipe = load_recipe("s2-season")
    composite = np.zeros((len(recipe.bands), len(recipe.steps), 1), recipe.dtype)
    compiled_features(composite, np.zeros(1, np.int64), recipe)


def _rows_of(values: npt.NDArray[Any], recipe: Recipe) -> tuple[npt.NDArray[Any], int]:
    """Return a composite as [band * step, pixel] and the kind of its numbers; WrongCompositeError if it is none."""
    wanted = (len(recipe.bands), len(recipe.steps))
    if values.ndim <= len(wanted) or values.shape[:2] != wanted:
        raise WrongCompositeError(f"recipe {recipe.id} has (bands, steps) {wanted}, the composite {values.shape[:2]}")
    kind = _kinds().get(values.dtype)
    if kind is None:
        raise WrongCompositeError(f"a composite is uint8, int16, uint16 or float32, not {values.dtype}: convert it")
    pixels = int(np.prod(values.shape[2:]))
    return np.ascontiguousarray(values).reshape(wanted[0] * wanted[1], pixels), kind


def _kinds() -> Mapping[np.dtype[Any], int]:
    from imagery import feature_kernels as kernels

    kinds = {"uint8": kernels.UINT8, "int16": kernels.INT16, "uint16": kernels.UINT16, "float32": kernels.FLOAT32}
    return {np.dtype(name): kind for name, kind in kinds.items()}
