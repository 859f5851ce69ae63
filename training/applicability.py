"""Whether a pixel resembles anything the model was trained on: the area of applicability of Meyer and Pebesma (2021).

Features are standardised and weighed by their importance; the dissimilarity of a pixel is its distance to the nearest
training sample over the mean distance between training samples. Inside means: no more dissimilar than training samples
are from those of other folds (upper whisker of the box plot), for so far has the out-of-fold accuracy been measured.
Reference: https://doi.org/10.1111/2041-210X.13650
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from training.applicability_search import Search
from training.kernel_arrays import sealed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MAX_REFERENCE = (
    1000  # training samples kept: beyond it the nearest one hardly comes nearer, and a check must stay cheap
)
MAX_CHECKED = 5000  # pixels that `share_inside` looks at: enough for a percent
MISSING_LIMIT = 0.5  # share of the importance that may be missing before a pixel counts as outside
WHISKER = 1.5  # inter-quartile ranges above the upper quartile
CHUNK = 1024  # pixels compared with all references at once: 4 MB of distances
LEAST_SCALE = 1e-6  # features that never vary in training


@dataclass(frozen=True, eq=False)
class Applicability:
    """Statistics of the training rows.

    `minimum`, `maximum`, `mean`, `scale`, `importance` are float32 [f] (importance of mean 1); `reference` is
    float32 [m, f], standardised and weighed. `threshold` is in units of `mean_distance`.
    """

    minimum: Floats
    maximum: Floats
    mean: Floats
    scale: Floats
    importance: Floats
    reference: Floats
    mean_distance: float
    threshold: float

    def dissimilarity(self, X: Floats) -> Floats:
        """Return float32 [n] for X float32 [n, f]: 0 at a training sample, infinite where too much is missing."""
        missing = np.isnan(X)
        points = np.where(missing, np.float32(0), (X - self.mean) / self.scale * self.importance).astype(np.float32)
        found = _nearest(points, self.reference) / np.float32(self.mean_distance)
        too_much = (missing * self.importance).sum(axis=1) > MISSING_LIMIT * self.importance.sum()
        return np.where(too_much, np.float32(np.inf), found).astype(np.float32)

    def inside(self, X: Floats) -> NDArray[np.bool_]:
        """Return bool [n]: whether each row of X float32 [n, f] is inside the area of applicability.

        That is where `dissimilarity` is at most the threshold, found without looking at every reference; a row whose
        dissimilarity (or missing importance) equals its limit to within rounding may fall on either side. It runs on
        one thread without the GIL, and may be called from several.
        """
        from training.applicability_kernels import rows_inside

        if not np.isfinite(self.threshold):  # too few references for one of another fold
            return np.asarray(self.dissimilarity(X) <= self.threshold, np.bool_)
        inside = np.empty(len(X), np.bool_)
        rows = np.ascontiguousarray(X, np.float32).reshape(len(X), len(self.mean))
        limits = np.float32((self.threshold * self.mean_distance) ** 2), MISSING_LIMIT * float(self.importance.sum())
        rows_inside(sealed(rows), self._scaling, limits, self._search.kernel_arrays(), inside)
        return inside

    @cached_property
    def _search(self) -> Search:
        return Search.of(self.reference)

    @cached_property
    def _scaling(self) -> NDArray[np.float32]:
        return sealed(np.stack([self.mean, self.importance / self.scale, self.importance]).astype(np.float32))

    def share_inside(self, X: Floats) -> float:
        """Return the share of rows inside, 0..1, of at most 5,000 rows spread evenly over X; NaN without rows."""
        if len(X) == 0:
            return float("nan")
        rows = np.linspace(0, len(X) - 1, min(len(X), MAX_CHECKED)).astype(np.int64)
        return float(self.inside(X[rows]).mean())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all numbers as arrays, for a safetensors file."""
        scalars = {name: np.array([getattr(self, name)], np.float64) for name in _SCALARS}
        return {name: getattr(self, name) for name in _ARRAYS} | scalars

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Applicability:
        """Read what `arrays` gave."""
        numbers: dict[str, Any] = {name: arrays[name] for name in _ARRAYS}
        return cls(**numbers | {name: float(arrays[name][0]) for name in _SCALARS})


def warm() -> None:
    """Make the kernel of `inside` ready in this process: compile it, or load what was compiled and kept before."""
    one = np.ones(1, np.float32)
    Applicability(one, one, one, one, one, one[None], mean_distance=1.0, threshold=1.0).inside(one[None])


_ARRAYS = ("minimum", "maximum", "mean", "scale", "importance", "reference")
_SCALARS = ("mean_distance", "threshold")


def fit_applicability(
    X: Floats, y: NDArray[np.int64], folds: NDArray[np.int8], importance: NDArray[np.float64], seed: int
) -> Applicability:
    """Learn from the training rows: X float32 [n, f], class numbers [n], folds [n], importance float64 [f]."""
    values = np.where(np.isnan(X).all(axis=0), np.float32(0), X)
    mean = np.asarray(np.nanmean(values, axis=0, dtype=np.float64), np.float32)
    scale = np.maximum(np.nanstd(values, axis=0, dtype=np.float64), LEAST_SCALE).astype(np.float32)
    total = importance.sum()
    weight = (importance / total * len(importance) if total > 0 else np.ones(len(importance))).astype(np.float32)
    chosen = _spread(y, seed)
    reference = (X[chosen] - mean) / scale * weight
    reference = np.where(np.isnan(reference), np.float32(0), reference).astype(np.float32)
    mean_distance = _mean_distance(reference)
    apart = _nearest_of_other_folds(reference, folds[chosen]) / mean_distance
    low, high = np.percentile(apart, [25, 75])
    return Applicability(
        minimum=np.nanmin(values, axis=0),
        maximum=np.nanmax(values, axis=0),
        mean=mean,
        scale=scale,
        importance=weight,
        reference=reference,
        mean_distance=mean_distance,
        threshold=float(min(apart.max(), high + WHISKER * (high - low))),
    )


def _spread(y: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return at most MAX_REFERENCE row numbers, in order, classes as even as they can be."""
    shuffled = np.random.default_rng(seed).permutation(len(y))
    rank = np.zeros(len(y), np.int64)
    for label in np.unique(y):
        rows = shuffled[y[shuffled] == label]
        rank[rows] = np.arange(len(rows))
    return np.sort(np.lexsort((shuffled, rank))[:MAX_REFERENCE])


def _distances(points: Floats, reference: Floats) -> Floats:
    """Return squared distances float32 [n, m]."""
    squares = (points**2).sum(axis=1)[:, None] + (reference**2).sum(axis=1) - 2 * (points @ reference.T)
    return np.asarray(np.maximum(squares, np.float32(0)), np.float32)


def _nearest(points: Floats, reference: Floats) -> Floats:
    """Return the distance to the nearest reference, float32 [n]."""
    found = [
        np.sqrt(_distances(points[start : start + CHUNK], reference).min(axis=1))
        for start in range(0, len(points), CHUNK)
    ]
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def _mean_distance(reference: Floats) -> float:
    """Return the mean distance between different references, above zero."""
    n = len(reference)
    total = float(np.sqrt(_distances(reference, reference)).sum(dtype=np.float64))
    return max(total / max(n * (n - 1), 1), LEAST_SCALE)


def _nearest_of_other_folds(reference: Floats, folds: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return the distance of each reference to the nearest one of another fold, float64 [m] (of any in one fold)."""
    alike = folds[:, None] == folds[None, :] if len(np.unique(folds)) > 1 else np.eye(len(folds), dtype=np.bool_)
    squares = np.where(alike, np.float32(np.inf), _distances(reference, reference))
    return np.asarray(np.sqrt(squares.min(axis=1)), np.float64)
