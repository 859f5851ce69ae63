"""Which observations are used: classes of a scene classification, widened around clouds by a distance in metres."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

    from imagery.reading import Source
    from imagery.recipe_model import Mask

METRES_A_DEGREE = 111_320.0  # along the equator, WGS 84: for grids in degrees

Truth = npt.NDArray[np.bool_]


def pixel_size_m(geobox: GeoBox) -> tuple[float, float]:
    """Return width and height of a pixel in metres (about, for grids in degrees)."""
    unit = METRES_A_DEGREE if geobox.crs is not None and geobox.crs.geographic else 1.0
    return abs(geobox.resolution.x) * unit, abs(geobox.resolution.y) * unit


def margin(mask: Mask | None, geobox: GeoBox) -> tuple[int, int]:
    """Return how many columns and rows around a block the mask must be read, so that blocks do not matter."""
    if mask is None or not mask.grow:
        return 0, 0
    width, height = pixel_size_m(geobox)
    return math.floor(mask.dilation_m / width), math.floor(mask.dilation_m / height)


def clear_pixels(classes: npt.NDArray[np.uint8], seen: Truth, mask: Mask, geobox: GeoBox) -> Truth:
    """Tell which pixels of a block are clear: the plain way, which `clear_source` must equal.

    Args:
        classes: uint8 [h + 2 rows, w + 2 columns], the block with the margin of `margin()`.
        seen: same shape, False outside the scene.
        mask: the rule.
        geobox: of the block without the margin.

    Returns:
        [h, w], True where the class is not dropped and no grown class lies within `dilation_m` of centre to centre.

    """
    columns, rows = margin(mask, geobox)
    dropped = ~seen | _is_one_of(classes, mask.drop)
    clear = ~dropped[rows : dropped.shape[0] - rows, columns : dropped.shape[1] - columns]
    if rows == columns == 0:
        return clear
    grown = seen & _is_one_of(classes, mask.grow)
    return clear & ~_dilated(grown, mask.dilation_m, geobox, columns, rows) if grown.any() else clear


def clear_source(classes: Source | None, mask: Mask, geobox: GeoBox, clear: npt.NDArray[np.uint8]) -> bool:
    """Fill which pixels of a block are clear, compiled: `clear_pixels` for what was read of a scene.

    Args:
        classes: uint8, read for the block with the margin of `margin()`; None where the scene has nothing.
        mask: the rule.
        geobox: of the block without the margin.
        clear: [h, w], written: 1 where clear, 0 elsewhere.

    Returns:
        Whether any pixel is clear.

    """
    from imagery.masking_kernels import DROPPED, GROWN, clear_scene

    if classes is None:
        clear[...] = 0
        return False
    columns, rows = margin(mask, geobox)
    table = np.zeros(256, dtype=np.uint8)
    table[list(mask.drop)] = DROPPED
    table[list(mask.grow)] |= GROWN
    table[[int(value) for value in classes.nodata]] = DROPPED
    first, last = classes.span
    return bool(
        clear_scene(
            classes.numbers,
            classes.rows,
            classes.columns[first:last],
            first,
            np.zeros((0, 0), dtype=np.uint8) if classes.seen is None else classes.seen.view(np.uint8),
            table,
            disc(mask.dilation_m, pixel_size_m(geobox), columns, rows),
            columns,
            clear,
        )
    )


@lru_cache(maxsize=64)
def disc(distance_m: float, pixel_m: tuple[float, float], columns: int, rows: int) -> npt.NDArray[np.int64]:
    """Return how many pixels a disc goes sideways in each of its rows, from the top one to the last, [2 rows + 1].

    Args:
        distance_m: its radius.
        pixel_m: width and height of a pixel in metres.
        columns: the most that it goes sideways.
        rows: how far it goes up and down.

    """
    width, height = pixel_m
    reaches = (math.sqrt(max(distance_m**2 - (down * height) ** 2, 0.0)) / width for down in range(-rows, rows + 1))
    return np.array([min(columns, math.floor(reach)) for reach in reaches], dtype=np.int64)


def _is_one_of(classes: npt.NDArray[np.uint8], wanted: tuple[int, ...]) -> Truth:
    table = np.zeros(256, dtype=bool)
    table[list(wanted)] = True
    return table[classes]


def _dilated(truth: Truth, distance_m: float, geobox: GeoBox, columns: int, rows: int) -> Truth:
    """Widen by a disc: each row of the disc is a run of pixels, taken from running counts along the row."""
    tall, wide = truth.shape[0] - 2 * rows, truth.shape[1] - 2 * columns
    counts = np.zeros((truth.shape[0], truth.shape[1] + 1), dtype=np.int32)
    np.cumsum(truth, axis=1, out=counts[:, 1:])
    result = np.zeros((tall, wide), dtype=bool)
    reaches = disc(distance_m, pixel_size_m(geobox), columns, rows)
    for down, reach in zip(range(-rows, rows + 1), reaches.tolist(), strict=True):
        line = counts[rows + down : rows + down + tall]
        first = columns - reach
        result |= line[:, first + 2 * reach + 1 : first + 2 * reach + 1 + wide] > line[:, first : first + wide]
    return result
