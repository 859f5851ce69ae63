"""One band of one step: what was read of its scenes, merged by day and reduced to one number a pixel, compiled.

The plain way, which this equals to the bit: lay the scenes of a day over one another, the first clear one on top, and
give the days to `imagery.reduce.reduce_stack`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from imagery.reading import Number, Source
from imagery.recipe_model import Statistic
from imagery.reduce import around, share_of

Bytes = npt.NDArray[np.uint8]
Whole = npt.NDArray[np.int64]

Way = tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]

NO_MASK = -1


class Stack:
    """Observations of one band in one step, on the scenes' own pixels, in one piece of memory."""

    def __init__(self, shape: tuple[int, int], dtype: str, scenes: int) -> None:
        """Start a stack.

        Args:
            shape: rows and columns of the grid.
            dtype: of the composite.
            scenes: how many will be added; memory is used for as many as are, and for the pixels that they have.

        """
        self._shape = shape
        self._arena: Number = np.empty(scenes * shape[0] * shape[1], dtype=dtype)
        self._used = 0
        self._entries: list[tuple[Source, int, int, int]] = []
        self._days: dict[Hashable, int] = {}

    def allocate(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> Number:
        """Return an array for the numbers of a source: within the stack's memory where it has room."""
        end = self._used + shape[0] * shape[1]
        if dtype != self._arena.dtype or end > self._arena.size:
            return np.empty(shape, dtype=dtype)
        numbers = self._arena[self._used : end].reshape(shape)
        self._used = end
        return numbers

    def add(self, source: Source, day: Hashable, mask: int = NO_MASK, add: int = 0) -> None:
        """Add the next scene: scenes of a day count in the order in which they come.

        Args:
            source: its numbers, in the composite's dtype.
            day: scenes that share it are one observation.
            mask: number of its mask.
            add: what is added to its numbers.

        """
        self._entries.append((source, self._days.setdefault(day, len(self._days)), mask, add))

    def reduce_into(
        self,
        out: Number,
        statistic: Statistic,
        *,
        masks: Bytes,
        nodata: float,
        bounds: tuple[int, int],
        counts: npt.NDArray[np.uint16] | None = None,
    ) -> None:
        """Reduce what was added; the stack is used up.

        Args:
            out: [h, w] of the composite's dtype, written.
            statistic: which.
            masks: uint8 [m, h, w], 1 where clear.
            nodata: the result without an observation.
            bounds: lowest and highest number after adding: the asset's dtype without its lowest number.
            counts: [h, w], written: days with an observation.

        """
        from imagery.reduce_kernels import reduce_scenes

        if not self._entries:
            out[...] = nodata
            if counts is not None:
                counts[...] = 0
            return
        entries = sorted(self._entries, key=lambda entry: entry[1])
        sources = [entry[0] for entry in entries]
        pixels, starts = self._in_one_piece(sources)
        seen = [source.seen.view(np.uint8) for source in sources if source.seen is not None]
        own = np.cumsum([source.seen is not None for source in sources]) - 1
        places = [
            (start, source.numbers.shape[1], *source.span, day, mask, NO_MASK if source.seen is None else number, known)
            for (source, day, mask, _), start, number, known in zip(
                entries, starts, own, (len(source.nodata) for source in sources), strict=True
            )
        ]
        nodatas = np.zeros((len(sources), 2), dtype=out.dtype)
        for row, source in zip(nodatas, sources, strict=True):
            row[: len(source.nodata)] = source.nodata
        top = np.iinfo(out.dtype).max if np.issubdtype(out.dtype, np.integer) else np.inf
        method, pairs, way = _way(statistic, len(self._days))
        reduce_scenes(
            pixels,
            np.array(places, dtype=np.int64),
            np.stack([source.rows for source in sources]),
            np.stack([source.columns for source in sources]),
            masks,
            np.stack(seen) if seen else np.zeros((0, 0, 0), dtype=np.uint8),
            nodatas,
            np.array([(entry[3], *bounds) for entry in entries], dtype=np.int32),
            np.array([top, nodata], dtype=out.dtype),
            method,
            pairs,
            way,
            out,
            np.zeros((0, 0), dtype=np.uint16) if counts is None else counts,
        )

    def _in_one_piece(self, sources: list[Source]) -> tuple[Number, list[int]]:
        """Return all numbers in one array, and where each source starts."""
        arena = self._arena
        first = arena.ctypes.data
        if all(np.may_share_memory(source.numbers, arena) for source in sources):
            return arena, [(source.numbers.ctypes.data - first) // arena.itemsize for source in sources]
        sizes = [source.numbers.size for source in sources]
        pieces = np.concatenate([source.numbers.ravel() for source in sources]).astype(arena.dtype, copy=False)
        return pieces, list(accumulate(sizes[:-1], initial=0))


@lru_cache(maxsize=256)
def _way(statistic: Statistic, layers: int) -> tuple[int, Whole, Way]:
    """Return how a statistic of so many layers is made: kernel's method, exchanges, and by count what to take."""
    from imagery import reduce_kernels as kernels

    none = np.zeros((0, 2), dtype=np.int64)
    below, weight = np.zeros(layers + 1, dtype=np.int32), np.zeros(layers + 1, dtype=np.float64)
    others = {"only": kernels.NEWEST, "mean": kernels.MEAN, "sum": kernels.SUM}
    if statistic in others:
        return others[statistic], none, (below, weight)
    lower, weight = around(np.arange(layers + 1, dtype=np.int32), share_of(statistic))
    method = kernels.MEDIAN if statistic == "median" else kernels.QUANTILE
    pairs = np.array(list(exchanges(layers)), dtype=np.int64).reshape(-1, 2)
    return method, pairs, (lower.astype(np.int32), weight)


def exchanges(layers: int) -> Iterator[tuple[int, int]]:
    """Yield the exchanges that sort so many numbers, whatever they are: Batcher's odd-even merge sort."""
    size = 1
    while size < layers:
        step = size
        while step >= 1:
            for start in range(step % size, layers - step, 2 * step):
                for i in range(min(step, layers - start - step)):
                    if (start + i) // (2 * size) == (start + i + step) // (2 * size):
                        yield start + i, start + i + step
            step //= 2
        size *= 2
