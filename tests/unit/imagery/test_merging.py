"""Merging and reducing, compiled: equal to the bit to the plain way for any numbers, days and statistics."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import numpy as np
import pytest

from imagery.merging import NO_MASK, Stack, exchanges
from imagery.reading import Source
from imagery.recipe_model import Statistic
from imagery.reduce import reduce_stack

SHAPE = (6, 70)


def source(rng: np.random.Generator, stack: Stack, dtype: str, nodata: tuple[float, ...]) -> Source:
    """Return one of the kinds of sources: on the grid's pixels or coarser ones, partly beside it, or turned."""
    kind = int(rng.integers(0, 4))
    height, width = SHAPE
    fine = np.dtype(dtype).kind == "f"
    side = (height, width) if kind else (height // 2, width // 2)
    numbers = stack.allocate(side, np.dtype(dtype)) if kind != 3 else np.empty(side, dtype)
    numbers[...] = rng.normal(0, 50, side) if fine else rng.integers(*_ends(dtype), side, endpoint=True)
    numbers[rng.random(side) < 0.2] = nodata[0]
    if fine:
        numbers[rng.random(side) < 0.05] = np.nan
    rows, columns = np.arange(height, dtype=np.int32), np.arange(width, dtype=np.int32)
    if kind == 0:
        rows, columns = rows // 2, columns // 2
    elif kind == 1:
        rows, columns = np.where(rows < 2, -1, rows - 2), np.where(columns < 60, columns + 10, -1)
    seen = rng.random(SHAPE) < 0.8 if kind == 3 else None
    return Source(numbers, rows.astype(np.int32), columns.astype(np.int32), seen, nodata)


def _ends(dtype: str) -> tuple[int, int]:
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


@pytest.mark.parametrize(("dtype", "nodata"), [("uint16", 0), ("int16", -32768), ("uint8", 255), ("float32", np.nan)])
def test_any_observations_give_the_plain_result_to_the_bit(dtype: str, nodata: float) -> None:
    statistics: tuple[Any, ...] = get_args(Statistic)
    for seed, statistic in enumerate((*statistics, *statistics)):
        if statistic == "sum" and dtype != "float32":
            continue
        rng = np.random.default_rng(seed)
        scenes = int(rng.choice([0, 1, 2, 5, 23]))
        stack = Stack(SHAPE, dtype, scenes)
        masks = (rng.random((3, *SHAPE)) < 0.7).astype(np.uint8)
        days = rng.integers(0, max(scenes, 1), scenes)
        layers, valid = np.zeros((2, scenes, *SHAPE), dtype=dtype), np.zeros((scenes, *SHAPE), dtype=bool)
        low, high = (0, 0) if dtype == "float32" else (_ends(dtype)[0] + 1, _ends(dtype)[1])
        order = list(dict.fromkeys(days.tolist()))
        for day in days.tolist():
            one = source(rng, stack, dtype, (7.0,) if np.isnan(nodata) else (float(nodata), 7.0))
            mask = int(rng.integers(NO_MASK, 3))
            add = 0 if dtype == "float32" else int(rng.choice([0, -100]))
            numbers, seen = one.onto()
            if add:
                numbers = np.clip(numbers.astype(np.int32) + add, low, high).astype(dtype)
            if mask != NO_MASK:
                seen = seen & (masks[mask] == 1)
            layer = order.index(day)
            new = seen & ~valid[layer]
            layers[0, layer][new] = numbers[new]
            valid[layer] |= new
            stack.add(one, day, mask, add)
        out, counts = np.empty(SHAPE, dtype=dtype), np.empty(SHAPE, dtype=np.uint16)
        stack.reduce_into(out, statistic, masks=masks, nodata=nodata, bounds=(low, high), counts=counts)
        expected = reduce_stack(layers[0], valid, statistic, nodata)
        assert np.array_equal(out, expected, equal_nan=dtype == "float32"), (statistic, scenes)
        assert np.array_equal(counts, valid.sum(axis=0))


@pytest.mark.parametrize("layers", [0, 1, 2, 3, 5, 8, 9])
def test_exchanges_sort_any_numbers(layers: int) -> None:
    """What sorts all rows of zeros and ones sorts everything."""
    for bits in product((0, 1), repeat=layers):
        row = list(bits)
        for low, high in exchanges(layers):
            row[low], row[high] = min(row[low], row[high]), max(row[low], row[high])
        assert row == sorted(row)
