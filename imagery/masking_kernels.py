"""The compiled loop of masks: classes of a scene on their own pixels -> where a block of the grid is clear.

Equal to `imagery.masking.clear_pixels`. A disc is widened row by row: each row of grown classes is spread sideways, one
pixel at a time, and joined to the rows above and below that the disc reaches at that width.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from training.scorer.compiling import compiled

Array: TypeAlias = Any
"""An array, or what stands for one in the compiler: kernels are typed when they are compiled."""

DROPPED, GROWN = 1, 2
"""Bits of a class."""


@compiled
def _spread(row: Array, by: int, wide: Array) -> None:
    """Join a row, moved by so many pixels to either side, to what is wide already."""
    left, right = row[by:], row[: row.size - by]
    wide_left, wide_right = wide[: left.size], wide[by:]
    for x in range(left.size):
        wide_left[x] |= left[x]
    for x in range(left.size):
        wide_right[x] |= right[x]


@compiled
def _join(wide: Array, hidden: Array) -> None:
    for x in range(hidden.size):
        hidden[x] |= wide[x]


@compiled
def _look_up(line: Array, columns: Array, table: Array, flags: Array) -> None:
    for x in range(columns.size):
        flags[x] = table[line[np.uint64(columns[x])]]


@compiled
def _drop_unseen(seen: Array, flags: Array) -> None:
    for x in range(flags.size):
        before = flags[x]
        flags[x] = before if seen[x] != 0 else np.uint8(DROPPED)


@compiled
def _any_grown(flags: Array, grown: Array) -> bool:
    """Fill which pixels of a row are grown; tell whether any is."""
    found = np.uint8(0)
    for x in range(flags.size):
        grown[x] = flags[x] >> 1
        found |= grown[x]
    return bool(found != 0)


@compiled
def _clear_row(flags: Array, clear: Array) -> bool:
    """Turn what is hidden into what is clear; tell whether anything is."""
    found = np.uint8(0)
    for x in range(clear.size):
        clear[x] = np.uint8(1) - (clear[x] | (flags[x] & np.uint8(DROPPED)))
        found |= clear[x]
    return bool(found != 0)


@compiled
def _flagged(  # noqa: PLR0917
    pixels: Array, rows: Array, columns: Array, first: int, seen: Array, table: Array, flags: Array
) -> None:
    """Fill the flags of all pixels; `columns` are those inside, from `first` on."""
    for y in range(flags.shape[0]):
        inside = flags[y, first : first + columns.size]
        if rows[y] >= 0 and y > 0 and rows[y] == rows[y - 1] and seen.size == 0:
            inside[:] = flags[y - 1, first : first + columns.size]
        elif rows[y] >= 0:
            _look_up(pixels[rows[y]], columns, table, inside)
        if seen.size > 0:
            _drop_unseen(seen[y], flags[y])


@compiled
def _hide(flags: Array, reach: Array, side: int, hidden: Array) -> None:
    """Widen what is grown by the disc, and fill what it covers of the block."""
    height, width = hidden.shape
    row = np.empty(flags.shape[1], dtype=np.uint8)
    wide = np.empty(flags.shape[1], dtype=np.uint8)
    for y in range(flags.shape[0]):
        if not _any_grown(flags[y], row):
            continue
        wide[:] = row
        for by in range(reach.max() + 1):
            if by > 0:
                _spread(row, by, wide)
            for down in range(reach.size):
                target = y - down
                if reach[down] == by and 0 <= target < height:
                    _join(wide[side : side + width], hidden[target])


@compiled
def clear_scene(  # noqa: PLR0917 (numba knows no keywords)
    pixels: Array,
    rows: Array,
    columns: Array,
    first: int,
    seen: Array,
    table: Array,
    reach: Array,
    side: int,
    clear: Array,
) -> bool:
    """Fill where a block is clear; tell whether it is anywhere.

    Args:
        pixels: uint8 [source rows, source columns], the classes.
        rows: int32 [h + 2 above], the source's row of each row of the block with its margin, below 0 outside.
        columns: int32, the source's columns of the grid's columns that lie in it.
        first: the first such column of the grid.
        seen: uint8 [h + 2 above, w + 2 side], 1 inside the source; [0, 0] when rows and columns say it all.
        table: uint8 [256], bits of each class (DROPPED, GROWN).
        reach: int64 [2 above + 1], how far the disc goes sideways in each of its rows.
        side: columns of the margin.
        clear: uint8 [h, w], written: 1 or 0.

    """
    height, width = clear.shape
    above = reach.size // 2
    flags = np.full((height + 2 * above, width + 2 * side), DROPPED, dtype=np.uint8)
    _flagged(pixels, rows, columns, first, seen, table, flags)
    clear[:] = 0
    _hide(flags, reach, side, clear)
    anywhere = False
    for y in range(height):
        anywhere |= _clear_row(flags[y + above, side : side + width], clear[y])
    return anywhere
