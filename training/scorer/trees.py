"""Trees of any library in one form: every split is `x <= limit` on a raw float32 feature, with a side for NaN.

Whatever a library does before it compares (scale, widen to float64, round tiny numbers to zero, compare by `<`) is a
monotone function of the feature, so the values that go left are exactly those up to some float32 number: the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from training.errors import GeocropError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats32 = NDArray[np.float32]
    GoesLeft = Callable[[Floats32], NDArray[np.bool_]]

LEAF = -1
Link = Literal["mean", "softmax", "sigmoid"]


class NotConvertible(GeocropError):
    """Nothing to do: this learner is predicted by its own library, slower and with the same result."""

    code: ClassVar[str] = "not-convertible"


@dataclass(frozen=True, eq=False)
class Trees:
    """Binary trees, one after another in every array; tree t owns the nodes `starts[t]:starts[t + 1]`.

    Attributes:
        starts: int64 [t + 1].
        left, right: int32 [node], numbers within the tree; -1 at leaves.
        feature: int32 [node].
        limit: float32 [node]; a value up to it goes left, -0.0 equals 0.0.
        nan_left: bool [node], where NaN goes.
        row: int64 [node], at leaves the row of `values`.
        values: float64 [row, width]; a tree adds its leaf's row to the sums `target[t]:target[t] + width`.
        target: int64 [t].
    """

    starts: NDArray[np.int64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    limit: Floats32
    nan_left: NDArray[np.bool_]
    row: NDArray[np.int64]
    values: NDArray[np.float64]
    target: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SymmetricTrees:
    """Trees that ask the same in all nodes of a level: bit j of a leaf's number is the answer "right" of level j.

    Attributes:
        starts: int64 [t + 1]; tree t has the levels `starts[t]:starts[t + 1]`.
        feature, limit, nan_left: of each level, as in `Trees`.
        leaf_starts: int64 [t + 1]; tree t has the rows `leaf_starts[t]:leaf_starts[t + 1]`.
        values: float64 [row, width], added to the sums 0:width.
    """

    starts: NDArray[np.int64]
    feature: NDArray[np.int32]
    limit: Floats32
    nan_left: NDArray[np.bool_]
    leaf_starts: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TreeModel:
    """A learner as trees.

    The sums start at `base` float64 [k, or 1 for two classes with "sigmoid"] and are added up tree by tree in
    `precision`, as the library does; `link` makes probabilities of them ("mean" divides by the number of trees).
    """

    trees: Trees | SymmetricTrees
    base: NDArray[np.float64]
    precision: Literal["float32", "float64"]
    link: Link


def largest_left(goes_left: GoesLeft, n: int) -> Floats32:
    """Return for n splits the largest float32 that goes left; `goes_left` takes one value for each split.

    It must be monotone: true up to some value, false above it. Raises NotConvertible when not even minus infinity goes
    left, for then no limit says so.
    """
    low, high = (np.repeat(ordered(np.array([end], np.float32)), n).astype(np.int64) for end in (-np.inf, np.inf))
    if not goes_left(_float(low)).all():
        raise NotConvertible("a split sends every number right")
    while (low < high).any():
        middle = (low + high + 1) >> 1
        left = goes_left(_float(middle))
        low, high = np.where(left, middle, low), np.where(left, high, middle - 1)
    return _float(low)


MAGNITUDE = np.int32(2**31 - 1)
"""All bits of a float32 but its sign."""


def ordered(values: Floats32) -> NDArray[np.int32]:
    """Return integers that order as the floats do (-0.0 just below 0.0)."""
    bits = np.ascontiguousarray(values, np.float32).view(np.int32)
    return bits ^ ((bits >> 31) & MAGNITUDE)


def _float(keys: NDArray[np.int64]) -> Floats32:
    """Return the floats of such integers."""
    bits = keys.astype(np.int32)
    return (bits ^ ((bits >> 31) & MAGNITUDE)).view(np.float32)
