"""The compiled loop of composites: observations of scenes on their own pixels -> one number a pixel of the grid.

Equal to the bit to `imagery.reduce.reduce_stack` over the merged observations. Works row by row, so that what belongs
to a row stays in the first cache, and within a row layer by layer, so that the compiler takes many pixels at once: its
loops run from 0 over whole arrays, read before they choose, and index by unsigned numbers, which need no wrapping.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from training.scorer.compiling import compiled

Array: TypeAlias = Any
"""An array, or what stands for one in the compiler: kernels are typed when they are compiled."""

MEDIAN, QUANTILE, MEAN, SUM, NEWEST = range(5)


@compiled
def _gather(pixels: Array, columns: Array, raw: Array) -> None:
    """Take the source row's numbers at the columns, which are at least one."""
    n = columns.size
    if columns[n - 1] - columns[0] == n - 1 and (n == 1 or columns[1] > columns[0]):
        run = pixels[columns[0] :]
        for x in range(n):
            raw[x] = run[x]
    else:
        for x in range(n):
            raw[x] = pixels[np.uint64(columns[x])]


@compiled
def _observed(raw: Array, whole: bool, nodata: Array, ok: Array) -> None:
    """Fill whether each number means something."""
    for x in range(raw.size):
        ok[x] = 1
    if not whole:
        for x in range(raw.size):
            ok[x] = 1 if np.isfinite(raw[x]) else 0
    for i in range(nodata.size):
        missing = nodata[i]
        for x in range(raw.size):
            before = ok[x]
            ok[x] = np.uint8(0) if raw[x] == missing else before


@compiled
def _copy(source: Array, target: Array) -> None:
    for x in range(target.size):
        target[x] = source[x]


@compiled
def _blank(out: Array, count: Array, empty: Array) -> None:
    """Put the empty result where nothing was observed."""
    for x in range(out.size):
        result = out[x]
        out[x] = result if count[x] > 0 else empty


@compiled
def _restrict(ok: Array, mask: Array) -> None:
    for x in range(ok.size):
        ok[x] &= mask[x]


@compiled
def _add(raw: Array, offset: Array) -> None:
    """Add an offset (its first number), held between the other two."""
    add, lowest, highest = offset[0], offset[1], offset[2]
    for x in range(raw.size):
        raw[x] = min(max(np.int32(raw[x]) + add, lowest), highest)


@compiled
def _put_first(raw: Array, ok: Array, top: Array, key: Array, valid: Array) -> None:
    for x in range(raw.size):
        number = raw[x]
        key[x] = number if ok[x] != 0 else top
        valid[x] = ok[x]


@compiled
def _put_where_free(raw: Array, ok: Array, key: Array, valid: Array) -> None:
    for x in range(raw.size):
        number, before, taken = raw[x], key[x], valid[x]
        key[x] = number if ok[x] > taken else before
        valid[x] = taken | ok[x]


@compiled
def _exchange(low: Array, high: Array) -> None:
    for x in range(low.size):
        a, b = low[x], high[x]
        less = b < a
        low[x] = b if less else a
        high[x] = a if less else b


@compiled
def _choose(keys: Array, index: Array, chosen: Array) -> None:
    """Take from each column of keys the one of an index."""
    for x in range(chosen.size):
        chosen[x] = keys[0, x]
    for layer in range(1, keys.shape[0]):
        key, number = keys[layer], np.uint16(layer)
        for x in range(chosen.size):
            this, before = key[x], chosen[x]
            chosen[x] = this if index[x] == number else before


@compiled
def _median(low: Array, high: Array, whole: bool, count: Array, out: Array) -> None:
    """Fill the mean of the two numbers in the middle; of whole numbers rounded half to even."""
    if whole:
        for x in range(out.size):
            total = np.int32(low[x]) + np.int32(high[x])
            half = total >> 1
            out[x] = half + (total & 1 & half)
    else:
        for x in range(out.size):
            mean = np.float64(low[x]) * 0.5 + np.float64(high[x]) * 0.5
            out[x] = mean if count[x] & 1 == 0 else low[x]


@compiled
def _between(ends: Array, weight: Array, whole: bool, count: Array, out: Array) -> None:
    """Fill the lower and the higher number, weighted by the number of observations."""
    for x in range(out.size):
        share = weight[count[x]]
        value = np.float64(ends[0, x])
        if share > 0:
            value = value * (1.0 - share) + np.float64(ends[1, x]) * share
        out[x] = np.rint(value) if whole else value


@compiled
def _quantile(  # noqa: PLR0917
    keys: Array, method: int, whole: bool, pairs: Array, way: Array, count: Array, out: Array
) -> None:
    """Fill a share of the sorted observations; keys come out sorted."""
    below, weight = way
    for p in range(pairs.shape[0]):
        _exchange(keys[pairs[p, 0]], keys[pairs[p, 1]])
    index = np.empty(out.size, dtype=np.uint16)
    ends = np.empty((2, out.size), dtype=keys.dtype)
    if method == MEDIAN:
        for x in range(out.size):
            n = count[x]
            index[x] = (n - (1 if n > 0 else 0)) >> 1
        _choose(keys, index, ends[0])
        for x in range(out.size):
            index[x] = count[x] >> 1
        _choose(keys, index, ends[1])
        _median(ends[0], ends[1], whole, count, out)
    else:
        for x in range(out.size):
            index[x] = below[count[x]]
        _choose(keys, index, ends[0])
        for x in range(out.size):
            index[x] = min(below[count[x]] + 1, max(np.int32(count[x]) - 1, 0))
        _choose(keys, index, ends[1])
        _between(ends, weight, whole, count, out)


@compiled
def _total(  # noqa: PLR0917
    keys: Array, valid: Array, mean: bool, whole: bool, count: Array, out: Array
) -> None:
    """Fill the sum of the observations, added in order, or their mean."""
    for x in range(out.size):
        total = 0.0
        for layer in range(keys.shape[0]):
            if valid[layer, x] != 0:
                total += np.float64(keys[layer, x])
        value = total / max(count[x], 1) if mean else total
        out[x] = np.rint(value) if whole else value


@compiled
def _newest(keys: Array, valid: Array, out: Array) -> None:
    for layer in range(keys.shape[0]):
        for x in range(out.size):
            if valid[layer, x] != 0:
                out[x] = keys[layer, x]


@compiled
def _counted(valid: Array, count: Array) -> None:
    """Fill how many layers have an observation."""
    for x in range(count.size):
        count[x] = 0
    for layer in range(valid.shape[0]):
        row = valid[layer]
        for x in range(count.size):
            count[x] += np.uint16(row[x])


@compiled
def _read_row(  # noqa: PLR0917
    pixels: Array, columns: Array, whole: bool, nodata: Array, offset: Array, raw: Array, ok: Array
) -> None:
    """Bring one row of a source onto the grid: its numbers with their offset, and which were observed."""
    _gather(pixels, columns, raw)
    _observed(raw, whole, nodata, ok)
    if offset[0] != 0:
        _add(raw, offset)


@compiled
def reduce_scenes(  # noqa: PLR0917 (numba knows no keywords)
    pixels: Array,
    places: Array,
    rows: Array,
    columns: Array,
    masks: Array,
    seen: Array,
    nodata: Array,
    offsets: Array,
    numbers: Array,
    method: int,
    pairs: Array,
    way: Array,
    out: Array,
    counts: Array,
) -> None:
    """Merge one band of a step's scenes by day and reduce the days to one number.

    Args:
        pixels: all sources after one another, in the dtype of the composite.
        places: int64 [k, 8], a scene's: start in `pixels`, columns of its source, first and last (exclusive) column of
            the grid that lies in it, layer (scenes of a layer follow one another, in the order in which they count),
            number of its mask and of its `seen` (-1 for none), how many nodata numbers it has.
        rows: int32 [k, h], the source's row of each row of the grid, below 0 outside.
        columns: int32 [k, w], the source's column of each column of the grid.
        masks: uint8 [m, h, w], 1 where clear.
        seen: uint8 [q, h, w], 1 inside the source, for sources that are not placed by rows and columns.
        nodata: [k, 2] numbers that mean nothing was observed.
        offsets: int32 [k, 3], what is added to the numbers, and the lowest and highest that they may become.
        numbers: a number not below any observation, and the result where there is none, in the dtype of the composite.
        method: MEDIAN, QUANTILE, MEAN, SUM or NEWEST.
        pairs: int64 [p, 2], exchanges that sort the layers.
        way: int32 and float64 [layers + 1], by count: the sorted observation below the wanted share, and the weight of
            the one above it (QUANTILE).
        out: [h, w], written; integers are rounded.
        counts: uint16 [h, w], written: days with an observation; [0, 0] when not wanted.

    """
    scenes, (height, width) = places.shape[0], out.shape
    whole = (numbers[0] - numbers[0]) == 0  # infinity is not
    layers = way[0].size - 1
    keys = np.empty((layers, width), dtype=pixels.dtype)
    valid = np.empty((layers, width), dtype=np.uint8)
    raw = np.zeros((scenes, width), dtype=pixels.dtype)
    told = np.zeros((scenes, width), dtype=np.uint8)
    nothing = np.zeros(width, dtype=np.uint8)
    ok = np.empty(width, dtype=np.uint8)
    count = np.empty(width, dtype=np.uint16)
    read = np.full(scenes, -1, dtype=np.int64)
    for y in range(height):
        layer_before = -1
        for s in range(scenes):
            start, wide, first, last, layer, mask, own, known = places[s]
            row = np.int64(rows[s, y])
            if row >= 0 and row != read[s] and last > first:
                line = pixels[start + row * wide : start + row * wide + wide]
                _read_row(
                    line, columns[s, first:last], whole, nodata[s, :known], offsets[s], raw[s, first:last],
                    told[s, first:last],
                )  # fmt: skip
                read[s] = row
            _copy(told[s] if row >= 0 else nothing, ok)
            if mask >= 0:
                _restrict(ok, masks[mask, y])
            if own >= 0:
                _restrict(ok, seen[own, y])
            if layer != layer_before:
                _put_first(raw[s], ok, numbers[0], keys[layer], valid[layer])
            else:
                _put_where_free(raw[s], ok, keys[layer], valid[layer])
            layer_before = layer
        _counted(valid, count)
        if counts.size > 0:
            _copy(count, counts[y])
        if method == NEWEST:
            _newest(keys, valid, out[y])
        elif method in {MEAN, SUM}:
            _total(keys, valid, method == MEAN, whole, count, out[y])
        else:
            _quantile(keys, method, whole, pairs, way, count, out[y])
        _blank(out[y], count, numbers[1])
