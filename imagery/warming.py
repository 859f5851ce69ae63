"""Compiling the kernels of composites before they are needed: seconds that belong to the start of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagery.making import bounds_of, mask_asset
from imagery.masking import clear_source, margin
from imagery.merging import Stack
from imagery.reading import Source

if TYPE_CHECKING:
    from imagery.recipe_model import Recipe


def warm_composites(recipe: Recipe) -> None:
    """Compile what composites of a recipe run through, or load what was compiled and kept on disk."""
    from affine import Affine
    from odc.geo.geobox import GeoBox

    geobox = GeoBox((1, 1), Affine(10, 0, 0, 0, -10, 0), "EPSG:32636")
    masks = np.ones((1, 1, 1), dtype=np.uint8)
    if recipe.mask is not None:
        columns, rows = margin(recipe.mask, geobox)
        shape = (1 + 2 * rows, 1 + 2 * columns)
        clear_source(_source(shape, mask_asset(recipe.mask).dtype), recipe.mask, geobox, masks[0])
    asset = next(iter(recipe.assets.values()))
    stack = Stack((1, 1), recipe.dtype, 1)
    stack.add(_source((1, 1), recipe.dtype), "day")
    out, counts = np.empty((1, 1), dtype=recipe.dtype), np.zeros((1, 1), dtype=np.uint16)
    stack.reduce_into(out, recipe.statistic, masks=masks, nodata=recipe.nodata, bounds=bounds_of(asset), counts=counts)


def _source(shape: tuple[int, int], dtype: str) -> Source:
    rows, columns = (np.arange(side, dtype=np.int32) for side in shape)
    return Source(np.ones(shape, dtype=dtype), rows, columns, None, ())
