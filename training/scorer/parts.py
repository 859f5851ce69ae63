"""A learner ready to be scored: its trees as arrays that a kernel takes and a file holds, and its probabilities."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from training.array_files import InvalidModelFile
from training.scorer.programs import TOGETHER
from training.scorer.trees import Link
from training.scorer.walks import COLUMN_BITS, NEXT_BITS, STAYS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.scorer.programs import Programs
    from training.scorer.trees import TreeModel
    from training.scorer.walks import Walks

    Arrays = dict[str, NDArray[Any]]

LINKS: tuple[Link, ...] = ("mean", "softmax", "sigmoid")
BLOCK = 256


@dataclass(frozen=True, eq=False)
class Part:
    """What both kinds of parts share.

    Attributes:
        starts: int64 [tree or group + 1], see `Programs` and `Walks`.
        target: int64 [tree or group].
        values: float32 or float64, what leaves add; sums have the same type.
        base: float64 [sum], what sums start at.
        link: uint8 [2], number in LINKS; and width of leaves (1 where each tree adds to one sum).
        trees: int64 [1], the number of trees.
    """

    kind: ClassVar[str]
    starts: NDArray[np.int64]
    target: NDArray[np.int64]
    values: NDArray[Any]
    base: NDArray[np.float64]
    link: NDArray[np.uint8]
    trees: NDArray[np.int64]

    @property
    def link_name(self) -> Link:
        """What makes probabilities of sums."""
        return LINKS[int(self.link[0])]

    def arrays(self) -> Arrays:
        """Return what a file holds."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def probabilities(self, sums: NDArray[Any]) -> NDArray[np.float32]:
        """Return float32 [n, k] of sums [k, n] (or [1, n] of the second of two classes)."""
        link = self.link_name
        if link == "mean":
            return np.ascontiguousarray((sums / self.trees[0]).T, np.float32)
        wide = sums.astype(np.float64)
        if link == "sigmoid":
            with np.errstate(over="ignore"):
                positive = 1 / (1 + np.exp(-wide[0]))
            return np.stack([1 - positive, positive], axis=1).astype(np.float32)
        raised = np.exp(wide - wide.max(axis=0))
        return np.ascontiguousarray((raised / raised.sum(axis=0)).T, np.float32)


@dataclass(frozen=True, eq=False)
class SmallPart(Part):
    """Trees of at most 256 leaves; choices int32 [choice, 6] are column, limit number, low, high, step, out."""

    kind: ClassVar[str] = "small"
    choices: NDArray[np.int32]
    results: NDArray[np.uint8]
    leaves: NDArray[np.int64]

    @classmethod
    def of(cls, model: TreeModel, programs: Programs, where: NDArray[np.int32]) -> SmallPart:
        """Put programs and the ranks of their limits together."""
        return cls(
            starts=programs.starts,
            target=programs.target,
            values=programs.values.astype(model.precision),
            base=model.base.astype(np.float64),
            link=np.array([LINKS.index(model.link), programs.width], np.uint8),
            trees=np.array([len(model.trees.starts) - 1], np.int64),
            choices=np.concatenate([where, programs.slots], axis=1).astype(np.int32),
            results=programs.results,
            leaves=programs.leaves,
        )

    @property
    def n_slots(self) -> int:
        """Number of vectors that the programs use."""
        return int(max(self.choices[:, 5].max(initial=1), 1)) + 1

    def kernel_arrays(self) -> tuple[Any, ...]:
        """Return what the kernel takes as programs."""
        return self.choices, self.starts, self.results, self.leaves, self.values, int(self.link[1]), self.target

    def refuse_unfit(self, n_columns: int) -> None:
        """Refuse arrays that would lead a kernel outside them: it does not check."""
        choices, groups, width = self.choices, len(self.target), int(self.link[1])
        _expect(choices.dtype == np.int32 and choices.ndim == 2 and choices.shape[1] == 6)  # noqa: PLR2004
        _expect(self.results.dtype == np.uint8 and self.results.shape == (groups, TOGETHER))
        _expect(self.leaves.dtype == np.int64 and self.leaves.shape == (groups, TOGETHER, 2))
        _refuse_unfit(self, len(choices), width)
        top = np.array([n_columns, BLOCK, BLOCK, BLOCK, BLOCK, BLOCK])
        _expect(bool((choices >= 0).all() and (choices < top).all()))
        _expect(bool(self.results.max(initial=0) < self.n_slots and choices[:, 2:4].max(initial=0) < self.n_slots))
        first, size = self.leaves[..., 0], self.leaves[..., 1]
        _expect(bool((first >= 0).all() and (size >= 1).all() and (first + size * width <= len(self.values)).all()))
        from training.scorer.kernels import largest_numbers

        _expect(bool((largest_numbers(choices, self.starts, self.results, self.n_slots) < size).all()))


@dataclass(frozen=True, eq=False)
class LargePart(Part):
    """Trees of any size; see `Walks`. A node uint64 is limit number, column (from bit 16) and next node (from 32)."""

    kind: ClassVar[str] = "large"
    nodes: NDArray[np.uint64]
    rows: NDArray[np.int32]
    row_starts: NDArray[np.int64]
    outputs: NDArray[np.int32]

    @classmethod
    def of(cls, model: TreeModel, walks: Walks, where: NDArray[np.int32]) -> LargePart:
        """Put trees for walking, the ranks of their limits and what becomes of their sums together."""
        width = int(walks.outputs.max(initial=0)) + 1
        return cls(
            starts=walks.starts,
            target=walks.target,
            values=walks.values.astype(model.precision),
            base=model.base.astype(np.float64),
            link=np.array([LINKS.index(model.link), width], np.uint8),
            trees=np.array([len(walks.starts) - 1], np.int64),
            nodes=walks.nodes(where),
            rows=walks.rows,
            row_starts=walks.row_starts,
            outputs=walks.outputs,
        )

    def kernel_arrays(self) -> tuple[Any, ...]:
        """Return what the kernel takes as walks."""
        return self.nodes, self.starts, self.rows, self.row_starts, self.outputs, self.values, self.target

    def refuse_unfit(self, n_columns: int) -> None:
        """Refuse arrays that would lead a kernel outside them, or around in a circle: it does not check."""
        n = len(self.nodes)
        _expect(self.nodes.dtype == np.uint64 and self.nodes.ndim == 1)
        _expect(self.rows.dtype == np.int32 and self.rows.shape == (n,))
        _expect(self.row_starts.dtype == np.int64 and self.outputs.dtype == np.int32)
        _refuse_unfit(self, n, int(self.link[1]))
        _expect(bool((np.diff(self.starts) >= 1).all()))
        following, column = self.nodes >> NEXT_BITS, (self.nodes >> COLUMN_BITS) & STAYS
        leaf = (following == np.arange(n)) & (self.nodes & STAYS == STAYS)
        _expect(bool((leaf | ((following > np.arange(n)) & (following < n - 1))).all()))
        _expect(bool((column < max(n_columns, 1)).all()))
        _expect(bool((self.rows >= 0).all() and (self.rows < len(self.row_starts) - 1).all()))
        _expect(bool((np.diff(self.row_starts) >= 0).all() and self.row_starts[0] == 0))
        _expect(bool(self.row_starts[-1] == len(self.values) == len(self.outputs)))
        _expect(bool((self.outputs >= 0).all() and (self.outputs < self.link[1]).all()))


def _refuse_unfit(part: Part, length: int, width: int) -> None:
    """Check what both kinds share; `length` is what `starts` divides."""
    starts, target = part.starts, part.target
    _expect(starts.dtype == target.dtype == part.trees.dtype == np.int64 and len(starts) == len(target) + 1)
    _expect(part.values.dtype in (np.float32, np.float64) and part.values.ndim == 1)
    _expect(part.base.dtype == np.float64 and part.base.ndim == 1)
    _expect(part.link.dtype == np.uint8 and len(part.link) == 2 and int(part.link[0]) < len(LINKS))  # noqa: PLR2004
    _expect(bool(starts[0] == 0 and starts[-1] == length and (np.diff(starts) >= 0).all()))
    _expect(bool((target >= 0).all() and (target + width <= len(part.base)).all()))


def _expect(fits: bool) -> None:
    if not fits:
        raise InvalidModelFile("the scorer's arrays do not fit together")
