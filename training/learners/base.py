"""What all learners share: encoded rows, class weights, the scaler, and what a library must offer to be a learner."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np

from training.config import BoostedParams, LearnerParams, TrainingConfig, WeightParams

if TYPE_CHECKING:
    from numpy.typing import NDArray

# settings of ours: the fields of BoostedParams that no library knows
NOT_OF_A_LIBRARY = set(BoostedParams.model_fields)

SCALED_COLUMNS, SCALED_ROWS = 16, 65_536
"""Columns and rows that are widened to float64 at once."""

Model = TypeVar("Model")
Params = TypeVar("Params", bound=LearnerParams)


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one fit: X float32 [n, f] (NaN = missing), y int64 [n] in 0..n_classes-1, weight float64 [n]."""

    X: NDArray[np.float32]
    y: NDArray[np.int64]
    weight: NDArray[np.float64]
    n_classes: int

    def take(self, mask: NDArray[np.bool_]) -> Rows:
        """Return the rows of a mask, with the same classes."""
        return Rows(self.X[mask], self.y[mask], self.weight[mask], self.n_classes)


@dataclass(frozen=True, eq=False)
class Scaler:
    """What StandardScaler learns, float64 [f] each: NaN is passed over in fitting and passed through after."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def fit(cls, X: NDArray[np.float32]) -> Scaler:
        """Learn from float32 [n, f], some columns at a time; a column without any value is left as it is.

        Blocks of columns are of nearly equal size: a block of a single column is summed in another order.
        """
        from sklearn.preprocessing import StandardScaler

        learnt = []
        for columns in np.array_split(np.arange(X.shape[1]), -(-X.shape[1] // SCALED_COLUMNS)):
            part = X[:, columns[0] : columns[-1] + 1]
            empty = np.isnan(part).all(axis=0)
            learnt.append(StandardScaler().fit(np.where(empty, np.float32(0), part).astype(np.float64)))
        mean = np.concatenate([one.mean_ for one in learnt])
        return cls(np.asarray(mean, np.float64), np.concatenate([one.scale_ for one in learnt]).astype(np.float64))

    def transform(self, X: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (X - mean) / scale as float32 [n, f], computed in float64, some rows at a time."""
        out = np.empty(X.shape, np.float32)
        for first in range(0, len(X), SCALED_ROWS):
            part = slice(first, first + SCALED_ROWS)
            out[part] = (X[part].astype(np.float64) - self.mean) / self.scale
        return out


class Learner(ABC, Generic[Model, Params]):
    """One library behind one wall. All fits run on one thread, so that results do not depend on the machine."""

    name: ClassVar[str]
    file_name: ClassVar[str]

    @abstractmethod
    def params(self, config: TrainingConfig) -> Params:
        """Return this learner's settings."""

    @abstractmethod
    def fit(self, rows: Rows, params: Params, seed: int, rounds: int) -> Model:
        """Fit exactly `rounds` trees a class on weighted rows of at least two classes."""

    @abstractmethod
    def proba(self, model: Model, X: NDArray[np.float32], threads: int = 1) -> NDArray[np.float32]:
        """Return probabilities float32 [n, n_classes]; the number of threads does not change them."""

    @abstractmethod
    def importance(self, model: Model, n_features: int) -> NDArray[np.float64]:
        """Return the gain of each feature float64 [n_features], summing to 1 (or all 0 when nothing was split)."""

    @abstractmethod
    def save(self, model: Model, path: Path) -> None:
        """Write the library's own file; the same model gives the same bytes."""

    @abstractmethod
    def load(self, path: Path) -> Model:
        """Read that file without running code from it; raises InvalidModelFile."""

    def max_rounds(self, params: Params) -> int:
        """Return the number of rounds without early stopping."""
        return params.rounds if isinstance(params, BoostedParams) else 1

    def best_rounds(self, rows: Rows, stop: Rows, params: Params, seed: int) -> int:
        """Return after how many rounds `stop` is predicted best (see `Stopper`); a forest keeps all its trees."""
        del rows, stop, seed
        return self.max_rounds(params)


def normalised(gain: NDArray[Any], n_features: int) -> NDArray[np.float64]:
    """Return gains float64 [n_features] summing to 1; all zero when nothing was gained."""
    full = np.zeros(n_features, np.float64)
    full[: len(gain)] = gain
    total = full.sum()
    return full / total if total > 0 else full


def both_classes(positive: NDArray[Any]) -> NDArray[np.float32]:
    """Return [1 - p, p] as float32 [n, 2] from the probability of the second class [n]."""
    p = np.asarray(positive, np.float64)
    return np.stack([1 - p, p], axis=1).astype(np.float32)


def class_weights(y: NDArray[np.int64], n_classes: int, params: WeightParams) -> NDArray[np.float64]:
    """Return a weight for each row, float64 [n] of mean 1.

    "balanced" makes classes weigh inversely to their number of rows, the rarest at most `cap` times the most
    frequent: beyond that, one mislabelled sample of a rare class would outweigh a field of another.
    """
    if params.method == "none":
        return np.ones(len(y), np.float64)
    counts = np.bincount(y, minlength=n_classes).astype(np.float64)
    of_class = counts.max() / np.maximum(counts, 1)
    weight = np.minimum(of_class, params.cap)[y]
    return np.asarray(weight / weight.mean(), np.float64)


def wants_early_stopping(params: LearnerParams) -> bool:
    """Tell whether a learner looks for its number of rounds."""
    return isinstance(params, BoostedParams) and params.early_stopping


@dataclass
class Stopper:
    """Tells when to stop: when neither log loss nor AUC of held-out rows has improved for `patience` rounds.

    Log loss alone stops far too early on places unlike those of training: confidence goes wrong long before the order
    of samples does, and confidence is what the calibration mends. AUC alone stops too early where classes are easy.
    """

    patience: int
    min_rounds: int
    losses: list[tuple[float, ...]]

    @classmethod
    def of(cls, params: BoostedParams) -> Stopper:
        """Start without any round."""
        return cls(params.patience, min(params.min_rounds, params.rounds), [])

    def add(self, losses: Sequence[float]) -> bool:
        """Take the losses of a round (lower is better, one a criterion) and tell whether to stop."""
        self.losses.append(tuple(losses))
        return len(self.losses) - self.best_rounds >= self.patience

    @property
    def best_rounds(self) -> int:
        """Return the later of the criteria's best rounds, and never fewer than `min_rounds`."""
        return max(int(np.argmin(np.asarray(self.losses), axis=0).max()) + 1, self.min_rounds)
