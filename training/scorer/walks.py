"""Large trees for walking: children side by side, so that a step is a load, a comparison and an addition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.scorer.trees import LEAF, ordered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.scorer.trees import Trees

LARGEST = np.int32(2**31 - 1)
"""The key of NaN, and the limit of leaves: nothing is above it, so a walk that has arrived stays."""


@dataclass(frozen=True, eq=False)
class Walks:
    """Trees as steps: from a node to `next + (key + wrap > limit)`, where leaves lead to themselves.

    Keys order as values do and NaN's is the largest; where NaN goes left, `wrap` is 1 and turns it into the least,
    and the limit is one more.

    Attributes:
        starts: int64 [t + 1].
        nodes: int32 [node, 4]: limit, the feature, wrap, next.
        rows: int32 [node], at leaves the number of the row that is added.
        row_starts: int64 [row + 1]; row r adds `values[row_starts[r]:row_starts[r + 1]]` float64, its numbers but
            zeros, to the sums `target[t] + outputs` int32.
        target: int64 [t].
    """

    starts: NDArray[np.int64]
    nodes: NDArray[np.int32]
    rows: NDArray[np.int32]
    row_starts: NDArray[np.int64]
    outputs: NDArray[np.int32]
    values: NDArray[np.float64]
    target: NDArray[np.int64]


def walks_of(trees: Trees) -> Walks:
    """Return trees for walking."""
    old = _breadth_first(trees)
    number = np.empty(len(old), np.int64)
    number[old] = np.arange(len(old))
    base = np.repeat(trees.starts[:-1], np.diff(trees.starts))
    leaf = trees.left[old] == LEAF
    wrap = (trees.nan_left[old] & ~leaf).astype(np.int32)
    nodes = np.empty((len(old), 4), np.int32)
    nodes[:, 0] = np.where(leaf, LARGEST, ordered(trees.limit[old]) + wrap)
    nodes[:, 1] = np.where(leaf, 0, trees.feature[old])
    nodes[:, 2] = wrap
    nodes[:, 3] = np.where(leaf, np.arange(len(old)), number[base[old] + trees.left[old]])
    row, output = np.nonzero(trees.values)
    return Walks(
        starts=trees.starts,
        nodes=nodes,
        rows=np.where(leaf, trees.row[old], 0).astype(np.int32),
        row_starts=np.searchsorted(row, np.arange(len(trees.values) + 1)).astype(np.int64),
        outputs=output.astype(np.int32),
        values=trees.values[row, output],
        target=trees.target,
    )


def _breadth_first(trees: Trees) -> NDArray[np.int64]:
    """Return node numbers tree by tree, level by level, a right child after its left one."""
    order: list[int] = []
    for first in trees.starts[:-1].tolist():
        level = [first]
        while level:
            order += level
            level = [
                first + int(child)
                for node in level
                if trees.left[node] != LEAF
                for child in (trees.left[node], trees.right[node])
            ]
    return np.array(order, np.int64)
