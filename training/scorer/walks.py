"""Large trees for walking: a node is one number, children lie side by side, and a step is three loads and no branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.scorer.ranks import MANY_LIMITS
from training.scorer.trees import LEAF, NotConvertible

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.scorer.trees import Trees

STAYS = np.uint64(2**16 - 1)
"""The limit of leaves: no rank is above it, so a walk that has arrived stays."""

COLUMN_BITS, NEXT_BITS = np.uint64(16), np.uint64(32)
"""Where a node's column and its next node begin; its limit is in the lowest bits."""


@dataclass(frozen=True, eq=False)
class Walks:
    """Trees as steps: from a node to `next + (rank > limit)`, where leaves lead to themselves.

    Attributes:
        starts: int64 [t + 1].
        feature, limit, nan_left: of each split, as in `Trees`; splits in the order of their nodes.
        next: int64 [node], the first of a split's two children, a leaf's own number.
        rows: int32 [node], at leaves the number of the row that is added.
        row_starts: int64 [row + 1]; row r adds `values[row_starts[r]:row_starts[r + 1]]` float64, its numbers but
            zeros, to the sums `target[t] + outputs` int32.
        target: int64 [t].
    """

    starts: NDArray[np.int64]
    feature: NDArray[np.int32]
    limit: NDArray[np.float32]
    nan_left: NDArray[np.bool_]
    next: NDArray[np.int64]
    rows: NDArray[np.int32]
    row_starts: NDArray[np.int64]
    outputs: NDArray[np.int32]
    values: NDArray[np.float64]
    target: NDArray[np.int64]

    def nodes(self, where: NDArray[np.int32]) -> NDArray[np.uint64]:
        """Return nodes uint64 [node] of the splits' columns and limit numbers int32 [split, 2].

        Raises NotConvertible when there are more columns than a node can name.
        """
        if where[:, 0].max(initial=0) > MANY_LIMITS:
            raise NotConvertible("the trees ask for too many different limits")
        split = self.next != np.arange(len(self.next))
        nodes = (self.next.astype(np.uint64) << NEXT_BITS) | STAYS
        step = self.next[split].astype(np.uint64) << NEXT_BITS
        nodes[split] = step | (where[:, 0].astype(np.uint64) << COLUMN_BITS) | where[:, 1].astype(np.uint64)
        return nodes


def walks_of(trees: Trees) -> Walks:
    """Return trees for walking."""
    number = _numbers(trees)
    old = np.empty(len(number), np.int64)
    old[number] = np.arange(len(number))
    leaf = trees.left[old] == LEAF
    split = old[~leaf]
    following = np.arange(len(old))
    following[~leaf] = number[_base(trees)[split] + trees.left[split]]
    row, output = np.nonzero(trees.values)
    return Walks(
        starts=trees.starts,
        feature=trees.feature[split],
        limit=trees.limit[split],
        nan_left=trees.nan_left[split],
        next=following,
        rows=np.where(leaf, trees.row[old], 0).astype(np.int32),
        row_starts=np.searchsorted(row, np.arange(len(trees.values) + 1)).astype(np.int64),
        outputs=output.astype(np.int32),
        values=trees.values[row, output],
        target=trees.target,
    )


def _base(trees: Trees) -> NDArray[np.int64]:
    """Return the first node int64 [node] of each node's tree."""
    return np.repeat(trees.starts[:-1], np.diff(trees.starts))


def _numbers(trees: Trees) -> NDArray[np.int64]:
    """Return new numbers int64 [node]: a tree's root, then the two children of each of its splits, split by split."""
    base = _base(trees)
    split = np.flatnonzero(trees.left != LEAF)
    before = np.searchsorted(split, trees.starts[:-1])
    of_tree = np.arange(len(split)) - np.repeat(before, np.diff(np.append(before, len(split))))
    number = base.copy()
    number[base[split] + trees.left[split]] = base[split] + 1 + 2 * of_tree
    number[base[split] + trees.right[split]] = base[split] + 2 + 2 * of_tree
    return number
