"""Scout: which features help on places that a model has not seen.

Gain says what a model uses, not whether that use holds elsewhere: a feature that works as the fingerprint of a place
(rain in a table without coordinates) has the highest gain of all and misleads on every other place. So the features are
ranked by how well they tell places apart within a class, and LightGBM is fitted over the spatial folds without the most
place-like one, two, three ...: they go if the held-out folds are predicted better without them. A short fixed sequence
of trials, for choosing among many by their score on the same folds finds luck: dropping whatever feature did no harm
when shuffled looked as good here, and was worth nothing on blocks that had taken no part. Idle features go as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from training.combiner import fit_sharpness
from training.config import LightGBMParams
from training.learners.base import Rows, class_weights
from training.learners.fitting import pool_of
from training.learners.lightgbm import LightGBM

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from lightgbm import Booster
    from numpy.typing import NDArray

    from training.config import ScoutParams, TrainingConfig
    from training.splits import Split
    from training.table import TrainingTable

FLOOR = 1e-4  # probability: one sure and wrong prediction must not outweigh a field of right ones
FEATURES_FILE = "features.parquet"
MIN_CLASSES = 2
MIN_ROWS = 3
TRIALS = (1, 2, 3, 4, 6, 8)  # most place-like features left out
MOST_OF_THE_GAIN = 0.8  # of the best trial's: the trial that drops fewest and reaches it is taken
IDLE = 0.1  # of an even share of the gain


@dataclass(frozen=True, eq=False)
class FeatureSelection:
    """`features` to use, in the table's order, and `importance` of all of them.

    `importance` has one row a feature: feature, gain_mean, gain_std (share of the gain over folds, before anything was
    dropped), harm_mean, harm_std (rise of the held-out log loss when the feature is shuffled), place_likeness (share of
    its variance within classes that lies between places), kept. Sorted by gain.
    """

    features: tuple[str, ...]
    importance: pd.DataFrame

    def save(self, folder: Path) -> None:
        """Write one Parquet file into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.importance.assign(place=self._places()).to_parquet(folder / FEATURES_FILE, index=False)

    @classmethod
    def load(cls, folder: Path) -> FeatureSelection:
        """Read what `save` wrote."""
        frame = pd.read_parquet(folder / FEATURES_FILE)
        kept = frame[frame["place"] >= 0].sort_values("place")
        return cls(tuple(kept["feature"]), frame.drop(columns="place"))

    def _places(self) -> list[int]:
        place = {name: number for number, name in enumerate(self.features)}
        return [place.get(name, -1) for name in self.importance["feature"]]


@dataclass(frozen=True)
class _Trial:
    """Models of some columns over the folds: losses [fold]; gain, and harm of shuffling, float64 [fold, columns]."""

    columns: NDArray[np.int64]
    losses: NDArray[np.float64]
    gain: NDArray[np.float64]
    harm: NDArray[np.float64]


def select_features(
    table: TrainingTable,
    split: Split,
    config: TrainingConfig,
    progress: Callable[[str, float], None] | None = None,
) -> FeatureSelection:
    """Judge the features on the folds of the rows that are not held out, and drop fingerprints and idle ones.

    With `config.scout.enabled` false all features are kept and judged all the same. Deterministic, whatever the cores.
    """
    tell = progress or (lambda _message, _share: None)
    known = table.take(~split.test)
    y = np.unique(known.labels, return_inverse=True)[1].astype(np.int64)
    likeness = place_likeness(known.X, y, known.groups)
    with pool_of(config.cores) as pool:
        judge = _Judge(known.X, y, split.folds[~split.test], config, pool)
        first = judge.try_columns(np.arange(len(table.features)), shuffle=True)
        tell("Scout: all features judged", 1 / (len(TRIALS) + 1))
        kept = first.columns
        if config.scout.enabled:
            kept = _without_fingerprints(first, judge, likeness, config.scout, tell)
            kept = _without_idle(kept, first, config.scout)
    return FeatureSelection(
        features=tuple(table.features[column] for column in kept),
        importance=_importance(table.features, first, likeness, kept),
    )


def place_likeness(X: NDArray[np.float32], y: NDArray[np.int64], groups: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return the share of each feature's variance within classes that lies between groups, float64 [f], at most 1.

    Computed on ranks, and adjusted for the number of groups: about 0 for noise. All 0 where every group is one row.
    """
    from scipy.stats import rankdata

    of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    n, n_groups = len(X), len(sizes)
    found = np.zeros(X.shape[1])
    if n <= n_groups or n < MIN_ROWS:
        return found
    for number, values in enumerate(X.T):
        ranks = rankdata(np.nan_to_num(values, nan=np.nanmedian(values) if (~np.isnan(values)).any() else 0.0))
        ranks -= (np.bincount(y, ranks) / np.maximum(np.bincount(y), 1))[y]
        mean = np.bincount(of_row, ranks) / sizes
        whole = float((ranks**2).sum()) / (n - 1)
        within = float(((ranks - mean[of_row]) ** 2).sum()) / (n - n_groups)
        found[number] = 1 - within / whole if whole > 0 else 0.0
    return found


def _without_fingerprints(
    first: _Trial,
    judge: _Judge,
    likeness: NDArray[np.float64],
    params: ScoutParams,
    tell: Callable[[str, float], None],
) -> NDArray[np.int64]:
    """Return the columns without the most place-like ones, if held-out folds are predicted better without them."""
    order = np.argsort(-likeness, kind="stable")
    most = min(len(order) - params.min_features, len(order) // 4)
    rows = []
    for step, number in enumerate(TRIALS):
        if number > most or likeness[order[number - 1]] <= 0:
            break
        trial = judge.try_columns(np.sort(order[number:]))
        rows.append(first.losses - trial.losses)
        tell(f"Scout: without the {number} most place-like", (step + 2) / (len(TRIALS) + 1))
    if not rows:
        return first.columns
    better = np.stack(rows)
    mean = better.mean(axis=1)
    best = int(np.argmax(mean))
    error = better[best].std(ddof=1) / np.sqrt(better.shape[1]) if better.shape[1] > 1 else np.inf
    if mean[best] <= error:
        return first.columns
    enough = int(np.argmax(mean >= MOST_OF_THE_GAIN * mean[best]))
    return np.sort(order[TRIALS[enough] :])


def _without_idle(kept: NDArray[np.int64], first: _Trial, params: ScoutParams) -> NDArray[np.int64]:
    """Drop features that are hardly ever split and do no harm when shuffled: they cost time."""
    gain, harm = first.gain.mean(axis=0)[kept], first.harm.mean(axis=0)[kept]
    idle = (gain < IDLE / len(first.columns)) & (harm <= 0)
    return kept if (~idle).sum() < params.min_features else kept[~idle]


@dataclass(frozen=True)
class _Judge:
    """Fits and judges sets of columns over the folds."""

    X: NDArray[np.float32]
    y: NDArray[np.int64]
    folds: NDArray[np.int8]
    config: TrainingConfig
    pool: Executor

    def try_columns(self, columns: NDArray[np.int64], *, shuffle: bool = False) -> _Trial:
        """Fit one model a fold on these columns, folds side by side; shuffle each column in turn if asked to.

        Losses are of probabilities softened to fit, for confidence is what the ensemble's calibration mends.
        """
        numbers = [int(fold) for fold in np.unique(self.folds)]
        results = list(self.pool.map(lambda fold: self._judge_fold(fold, columns, shuffle=shuffle), numbers))
        judged = [proba for proba, _, _ in results if len(proba)]
        logs = np.concatenate([np.log(np.maximum(proba, FLOOR)) for proba in judged]) if judged else np.zeros((0, 1))
        truth = np.zeros(len(logs), np.int64)  # the probability of the truth comes first
        softness = fit_sharpness(logs, truth) if len(logs) else 1.0
        losses = [_loss(proba, softness) for proba, _, _ in results]
        return _Trial(columns, np.array(losses), *(np.stack([each[part] for each in results]) for part in (1, 2)))

    def _judge_fold(
        self, fold: int, columns: NDArray[np.int64], *, shuffle: bool
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return probabilities of the fold's judged rows, the truth's first, and gain and harm of the columns."""
        out = self.folds == fold
        present, y = np.unique(self.y[~out], return_inverse=True)
        judged = out & np.isin(self.y, present)
        nothing = np.zeros(len(columns))
        if len(present) < MIN_CLASSES or not judged.any():
            return np.zeros((0, len(np.unique(self.y)))), nothing, nothing
        y = y.astype(np.int64)
        weight = class_weights(y, len(present), self.config.weights)
        rows = Rows(np.ascontiguousarray(self.X[~out][:, columns]), y, weight, len(present))
        scout, bins = self.config.scout, self.config.lightgbm.max_bin
        params = LightGBMParams(rounds=scout.rounds, learning_rate=scout.learning_rate, max_bin=bins)
        model = LightGBM().fit(rows, params, self.config.seed, scout.rounds)
        X, truth = self.X[judged][:, columns], np.searchsorted(present, self.y[judged])
        random = np.random.default_rng([self.config.seed, fold])
        harm = _harm(model, X, truth, random, scout.repeats) if shuffle else nothing
        proba = np.zeros((len(X), len(np.unique(self.y))))
        proba[:, : len(present)] = _truth_first(LightGBM().proba(model, X), truth)
        return proba, LightGBM().importance(model, len(columns)), harm


def _truth_first(proba: NDArray[np.float32], truth: NDArray[np.int64]) -> NDArray[np.float32]:
    """Swap each row's probability of the truth with its first one."""
    rows, swapped = np.arange(len(proba)), proba.copy()
    swapped[:, 0], swapped[rows, truth] = proba[rows, truth], proba[:, 0]
    return swapped


def _harm(
    model: Booster, X: NDArray[np.float32], truth: NDArray[np.int64], random: np.random.Generator, repeats: int
) -> NDArray[np.float64]:
    """Return the mean rise of the log loss when a column is shuffled, float64 [columns]."""

    def loss() -> float:
        proba = LightGBM().proba(model, X)[np.arange(len(X)), truth]
        return float(-np.log(np.maximum(proba, FLOOR)).mean())

    start, harm = loss(), np.zeros(X.shape[1])
    for number in range(X.shape[1]):
        kept = X[:, number].copy()
        for _ in range(repeats):
            X[:, number] = random.permutation(kept)
            harm[number] += (loss() - start) / repeats
        X[:, number] = kept
    return harm


def _loss(proba: NDArray[np.float64], softness: float) -> float:
    """Return the mean log loss of softened probabilities whose first column is the truth's; 0 without rows."""
    if not len(proba):
        return 0.0
    soft = np.maximum(proba, FLOOR) ** softness
    return float(-np.log(soft[:, 0] / soft.sum(axis=1)).mean())


def _importance(
    features: tuple[str, ...], first: _Trial, likeness: NDArray[np.float64], columns: NDArray[np.int64]
) -> pd.DataFrame:
    kept = np.zeros(len(features), np.bool_)
    kept[columns] = True
    frame = pd.DataFrame(
        {
            "feature": features,
            "gain_mean": first.gain.mean(axis=0),
            "gain_std": first.gain.std(axis=0),
            "harm_mean": first.harm.mean(axis=0),
            "harm_std": first.harm.std(axis=0),
            "place_likeness": likeness,
            "kept": kept,
        }
    )
    return frame.sort_values(["gain_mean", "feature"], ascending=[False, True], ignore_index=True)
