"""Small trees as programs: a list of choices between two vectors, from the leaves up, that yields a leaf's number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.scorer.trees import LEAF, NotConvertible, SymmetricTrees, Trees

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_LEAVES = 256
"""Leaves are numbered in a byte."""

ZEROS, RESULT = 0, 1
"""Slot 0 stays zero: the number of the only leaf of a leaf. Slot 1 receives the number of the tree's leaf."""

TOGETHER = 4
"""Trees of a group."""


@dataclass(frozen=True, eq=False)
class Programs:
    """Trees as programs, four trees side by side: the processor works on one while it waits for another.

    A choice is slot[out] = slot[low] where x <= limit, else slot[high] + step. Group g owns the choices
    `starts[g]:starts[g + 1]`; its trees add to the same sums, one after another.

    Attributes:
        starts: int64 [group + 1].
        feature, limit, nan_left: of each choice, as in `Trees`.
        slots: uint8 [choice, 4]: low, high, step, out.
        results: uint8 [group, 4], the slot that holds the number of the tree's leaf.
        leaves: int64 [group, 4, 2], where the tree's leaves begin in `values`, and how many there are.
        values: float64 [leaf * width]: of a tree all leaves' first numbers, then their second ones.
        width: numbers of a leaf, added to the sums from `target` on.
        target: int64 [group], the first sum that the trees add to.
    """

    starts: NDArray[np.int64]
    feature: NDArray[np.int32]
    limit: NDArray[np.float32]
    nan_left: NDArray[np.bool_]
    slots: NDArray[np.uint8]
    results: NDArray[np.uint8]
    leaves: NDArray[np.int64]
    values: NDArray[np.float64]
    width: int
    target: NDArray[np.int64]


@dataclass(frozen=True)
class _Program:
    """One tree: split numbers and slots in the order of evaluation, and values [leaf, width]; an empty one adds 0."""

    splits: list[int]
    slots: list[tuple[int, int, int, int]]
    values: NDArray[np.float64]


def programs_of(trees: Trees | SymmetricTrees) -> Programs:
    """Return trees as programs; raises NotConvertible when a tree has more than 256 leaves."""
    width = trees.values.shape[1]
    if isinstance(trees, SymmetricTrees):
        return _grouped(trees, [_symmetric(trees, tree) for tree in range(len(trees.starts) - 1)], [0], width)
    groups: list[_Program] = []
    target: list[int] = []
    for one in np.unique(trees.target):
        mine = [_binary(trees, int(tree)) for tree in np.flatnonzero(trees.target == one)]
        empty = _Program([], [], np.zeros((1, width)))
        groups += mine + [empty] * (-len(mine) % TOGETHER)
        target += [int(one)] * -(-len(mine) // TOGETHER)
    return _grouped(trees, groups, target, width)


def _grouped(trees: Trees | SymmetricTrees, programs: list[_Program], target: list[int], width: int) -> Programs:
    """Put four programs at a time together, their choices in turn."""
    programs = programs + [_Program([], [], np.zeros((1, width)))] * (-len(programs) % TOGETHER)
    stride = max((slot[3] for one in programs for slot in one.slots), default=0)
    splits: list[int] = []
    slots: list[tuple[int, int, int, int]] = []
    starts, leaves, results, begin = [0], [], [], 0
    for first in range(0, len(programs), TOGETHER):
        group = programs[first : first + TOGETHER]
        for at in range(max(len(one.splits) for one in group)):
            for number, one in enumerate(group):
                if at < len(one.splits):
                    splits.append(one.splits[at])
                    low, high, step, out = one.slots[at]
                    slots.append(
                        (
                            _place(low, number * stride),
                            _place(high, number * stride),
                            step,
                            _place(out, number * stride),
                        )
                    )
        starts.append(len(splits))
        for number, one in enumerate(group):
            results.append(_place(RESULT, number * stride) if one.splits else ZEROS)
            leaves.append((begin, len(one.values)))
            begin += one.values.size
    order = np.array(splits, np.int64)
    groups = len(starts) - 1
    return Programs(
        starts=np.array(starts, np.int64),
        feature=trees.feature[order],
        limit=trees.limit[order],
        nan_left=trees.nan_left[order],
        slots=np.array(slots, np.uint8).reshape(-1, 4),
        results=np.array(results, np.uint8).reshape(-1, TOGETHER),
        leaves=np.array(leaves, np.int64).reshape(-1, TOGETHER, 2),
        values=np.concatenate([one.values.T.ravel() for one in programs]),
        width=width,
        target=np.array(target * (groups // len(target)), np.int64),
    )


def _place(slot: int, base: int) -> int:
    """Return a tree's slot among those of its group; all share the zeros."""
    return slot if slot == ZEROS else slot + base


def is_small(trees: Trees | SymmetricTrees) -> bool:
    """Tell whether no tree has more leaves than a program can number."""
    if isinstance(trees, SymmetricTrees):
        return bool(np.diff(trees.leaf_starts).max() <= MAX_LEAVES)
    leaves = np.add.reduceat((trees.left == LEAF).astype(np.int64), trees.starts[:-1])
    return bool(leaves.max() <= MAX_LEAVES)


def _symmetric(trees: SymmetricTrees, tree: int) -> _Program:
    """One choice a level: the number so far, or that plus the level's bit."""
    first, last = int(trees.starts[tree]), int(trees.starts[tree + 1])
    slots = [
        (RESULT if level else ZEROS, RESULT if level else ZEROS, 1 << level, RESULT) for level in range(last - first)
    ]
    values = trees.values[trees.leaf_starts[tree] : trees.leaf_starts[tree + 1]]
    return _Program(list(range(first, last)), slots, values)


def _binary(trees: Trees, tree: int) -> _Program:
    """One choice a split; leaves are numbered from left to right."""
    first, last = int(trees.starts[tree]), int(trees.starts[tree + 1])
    writer = _Writer(trees.left[first:last].tolist(), trees.right[first:last].tolist())
    writer.write()
    values = trees.values[trees.row[first + np.array(writer.leaves, np.int64)]]
    return _Program([first + node for node in writer.nodes], writer.slots, values)


class _Writer:
    """One tree being written: `nodes` in the order of evaluation with their `slots`, `leaves` from left to right."""

    def __init__(self, left: list[int], right: list[int]) -> None:
        self.left, self.right = left, right
        self.nodes: list[int] = []
        self.slots: list[tuple[int, int, int, int]] = []
        self.leaves: list[int] = []
        self._count = [1] * len(left)  # leaves below
        self._need = [0] * len(left)  # slots for its evaluation

    def write(self) -> None:
        """Write the whole tree."""
        order, waiting = [], [0]
        while waiting:
            node = waiting.pop()
            order.append(node)
            if self.left[node] == LEAF:
                self.leaves.append(node)
            else:
                waiting += [self.right[node], self.left[node]]
        for node in reversed(order):
            if self.left[node] != LEAF:
                low, high = self.left[node], self.right[node]
                self._count[node] = self._count[low] + self._count[high]
                one, two = sorted((self._need[low], self._need[high]))
                self._need[node] = max(two, one + 1)
        if len(self.leaves) > MAX_LEAVES:
            raise NotConvertible(f"a tree of {len(self.leaves)} leaves is no small tree")
        self._write(0, RESULT)

    def _write(self, node: int, out: int) -> int:
        """Write a subtree whose result goes to a slot; return the slot to read it from."""
        if self.left[node] == LEAF:
            return ZEROS
        low, high = self.left[node], self.right[node]
        if self._need[low] >= self._need[high]:
            of_low = self._write(low, out)
            of_high = self._write(high, out + (of_low != ZEROS))
        else:
            of_high = self._write(high, out)
            of_low = self._write(low, out + (of_high != ZEROS))
        self.nodes.append(node)
        self.slots.append((of_low, of_high, self._count[low] % MAX_LEAVES, out))
        return out
