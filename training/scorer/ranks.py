"""Thresholds as ranks: a feature has few distinct limits, so its values become small integers once for all trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from training.array_files import InvalidModelFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.scorer.programs import Programs
    from training.scorer.walks import Walks

MAX_LIMITS = 254
"""Limits of one scale, so that ranks 0..254 stay below 255, NaN's rank where it goes right everywhere."""

MANY_LIMITS = 65_534
"""The same where ranks are uint16: large trees have more limits than a byte counts."""

ABSENT = -1


@dataclass(frozen=True, eq=False)
class Scales:
    """What values are ranked by.

    A value's rank on a scale is the number of the scale's limits below it, so x <= limit number j exactly when its rank
    is at most j. Ranks are written to one or two columns, which differ in NaN: 0 goes left at each limit, 255 right
    (65,535 where ranks are uint16).

    Attributes:
        feature: int32 [scale]; a feature of more limits than ranks can count has several scales.
        starts: int64 [scale + 1]; limits of scale s are `limits[starts[s]:starts[s + 1]]`.
        limits: float32, strictly rising within a scale.
        column: int32 [scale, 2], where NaN goes left and where it goes right; -1 when no split asks so.
    """

    feature: NDArray[np.int32]
    starts: NDArray[np.int64]
    limits: NDArray[np.float32]
    column: NDArray[np.int32]

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return int(self.column.max(initial=ABSENT)) + 1

    def limits_of(self, feature: int) -> NDArray[np.float32]:
        """Return a feature's limits."""
        own = np.flatnonzero(self.feature == feature)
        none = np.zeros(0, np.float32)
        return np.concatenate([none, *(self.limits[self.starts[one] : self.starts[one + 1]] for one in own)])

    def kernel_arrays(self) -> tuple[NDArray[Any], ...]:
        """Return what the kernel takes."""
        return self.feature, self.starts, self.limits, self.column

    def searched(self) -> tuple[NDArray[Any], ...]:
        """Return what the kernel takes that looks limits up: filled up with infinity to 2^k - 1 on each scale."""
        sizes = np.diff(self.starts)
        full = 2 ** np.ceil(np.log2(sizes + 1)).astype(np.int64) - 1
        starts = np.concatenate([[0], np.cumsum(full)]).astype(np.int64)
        limits = np.full(starts[-1], np.inf, np.float32)
        limits[np.arange(len(self.limits)) + np.repeat(starts[:-1] - self.starts[:-1], sizes)] = self.limits
        return self.feature, starts, limits, self.column

    def refuse_unfit(self, n_features: int, most: int) -> None:
        """Refuse arrays that would lead a kernel outside them: it does not check. Raises InvalidModelFile.

        `most` is the number of limits that a scale may have.
        """
        n = len(self.feature)
        fits = (
            self.feature.dtype == self.column.dtype == np.int32
            and self.starts.dtype == np.int64
            and self.limits.dtype == np.float32
            and self.feature.shape == (n,)
            and self.starts.shape == (n + 1,)
            and self.column.shape == (n, 2)
            and bool((self.feature >= 0).all() and (self.feature < n_features).all() and (self.column >= ABSENT).all())
            and bool(self.starts[0] == 0 and self.starts[-1] == len(self.limits))
            and bool((np.diff(self.starts) >= 0).all() and (np.diff(self.starts) <= most).all())
        )
        if not fits:
            raise InvalidModelFile("the scorer's scales do not fit together")


def ranked(
    programs: Sequence[Programs] | Sequence[Walks], most: int = MAX_LIMITS
) -> tuple[Scales, list[NDArray[np.int32]]]:
    """Return scales for the splits of all programs (or walks), and of each int32 [split, 2]: column and limit number.

    `most` is the number of limits that a scale may have.
    """
    if not programs:
        return Scales(
            np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros(0, np.float32), np.zeros((0, 2), np.int32)
        ), []
    feature = np.concatenate([one.feature for one in programs])
    limit = np.concatenate([one.limit for one in programs])
    nan_right = 1 - np.concatenate([one.nan_left for one in programs]).astype(np.int64)
    scale, number = np.zeros(len(feature), np.int64), np.zeros(len(feature), np.int32)
    features: list[int] = []
    kept: list[NDArray[np.float32]] = []
    for one in np.unique(feature):
        splits = np.flatnonzero(feature == one)
        limits, place = np.unique(limit[splits], return_inverse=True)
        scale[splits], number[splits] = len(kept) + place // most, place % most
        kept += [limits[at : at + most] for at in range(0, len(limits), most)]
        features += [int(one)] * (len(kept) - len(features))
    asked = np.unique(2 * scale + nan_right)
    column = np.full(2 * len(kept), ABSENT, np.int32)
    column[asked] = np.arange(len(asked))
    scales = Scales(
        feature=np.array(features, np.int32),
        starts=np.concatenate([[0], np.cumsum([len(limits) for limits in kept])]).astype(np.int64),
        limits=np.concatenate([*kept, np.zeros(0, np.float32)]),
        column=column.reshape(-1, 2),
    )
    where = np.stack([column[2 * scale + nan_right], number], axis=1).astype(np.int32)
    return scales, np.split(where, np.cumsum([len(one.feature) for one in programs])[:-1])
