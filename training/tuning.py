"""Hyperparameters of one learner, tried at random within stated ranges and judged out of fold.

Held-out rows take no part: the evaluation of the model that is trained with the best trial stays honest. The first
trial is always what the settings say already, so that the best one is never worse than that by the same measure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from training.config import LearnerName, TrainingConfig

if TYPE_CHECKING:
    from training.splits import Split
    from training.table import TrainingTable

Scale = Literal["linear", "log", "whole"]


@dataclass(frozen=True)
class Range:
    """Values that are tried: from low to high, both included; `log` draws their logarithm, `whole` rounds."""

    low: float
    high: float
    scale: Scale = "linear"

    def draw(self, rng: np.random.Generator) -> float | int:
        """Return a value by chance."""
        if self.scale == "log":
            return float(np.exp(rng.uniform(np.log(self.low), np.log(self.high))))
        if self.scale == "whole":
            return int(rng.integers(int(self.low), int(self.high), endpoint=True))
        return float(rng.uniform(self.low, self.high))


#: What is tried: the few hyperparameters that matter most, by the libraries' own guides to tuning.
RANGES: Mapping[LearnerName, Mapping[str, Range]] = {
    "random_forest": {
        "min_samples_leaf": Range(1, 8, "whole"),
        "max_features": Range(0.05, 0.6),
    },
    "xgboost": {
        "learning_rate": Range(0.03, 0.3, "log"),
        "max_depth": Range(3, 9, "whole"),
        "min_child_weight": Range(0.5, 16, "log"),
        "subsample": Range(0.5, 1.0),
        "colsample_bytree": Range(0.3, 1.0),
        "reg_lambda": Range(0.1, 30, "log"),
    },
    "lightgbm": {
        "learning_rate": Range(0.02, 0.2, "log"),
        "num_leaves": Range(7, 95, "whole"),
        "min_child_samples": Range(5, 60, "whole"),
        "subsample": Range(0.5, 1.0),
        "colsample_bytree": Range(0.3, 1.0),
        "reg_lambda": Range(0.1, 30, "log"),
    },
    "catboost": {
        "learning_rate": Range(0.03, 0.3, "log"),
        "depth": Range(4, 8, "whole"),
        "l2_leaf_reg": Range(0.5, 30, "log"),
        "random_strength": Range(0.1, 4, "log"),
    },
}
#: The group of settings of a learner, where it is not called as the learner is.
FIELDS: Mapping[LearnerName, str] = {"random_forest": "forest"}


@dataclass(frozen=True)
class Study:
    """What all trials share. Goes to other processes as it is."""

    table: TrainingTable
    split: Split
    features: tuple[str, ...]
    config: TrainingConfig
    learner: LearnerName


@dataclass(frozen=True)
class Trial:
    """Hyperparameters that were tried, none for the settings as they are, and their macro F1 out of fold."""

    drawn: Mapping[str, Any]
    macro_f1: float
    rounds: int


def draw(learner: LearnerName, trials: int, seed: int) -> list[dict[str, Any]]:
    """Return hyperparameters to try: first none, then draws that depend on the seed alone."""
    rng = np.random.default_rng(seed)
    ranges = RANGES[learner]
    return [{}, *({name: one.draw(rng) for name, one in ranges.items()} for _ in range(trials - 1))][:trials]


def with_drawn(config: TrainingConfig, learner: LearnerName, drawn: Mapping[str, Any]) -> TrainingConfig:
    """Return the settings with a learner's hyperparameters replaced, checked as those of a file are."""
    field = FIELDS.get(learner, learner)
    given = config.model_dump()
    return TrainingConfig.model_validate(given | {field: given[field] | dict(drawn)})


def judge(study: Study, drawn: Mapping[str, Any]) -> Trial:
    """Fit the learner on each fold with some hyperparameters, on one core, and score the rows that it had not seen."""
    from training.accuracy import confusion_by_block, macro_f1
    from training.ensemble import cross_fitted_proba
    from training.learners import fit_learner

    config = with_drawn(study.config, study.learner, drawn).model_copy(update={"cores": 1})
    fit = fit_learner(study.learner, study.table, study.split, study.features, config)
    proba = cross_fitted_proba([fit], study.table, study.split, config)
    known = ~study.split.test
    predicted = np.asarray(fit.classes)[proba.argmax(axis=1)]
    confusion = confusion_by_block(study.table.labels[known], predicted, study.table.groups[known], fit.classes).sum(
        axis=0
    )
    return Trial(dict(drawn), float(macro_f1(confusion)), fit.rounds)


def best_of(trials: Sequence[Trial]) -> Trial:
    """Return the trial of the highest score; of equal ones the first, which is the settings as they are."""
    return max(trials, key=lambda one: one.macro_f1)


def settings_with(given: Mapping[str, Any], learner: LearnerName, trial: Trial) -> dict[str, Any]:
    """Return what a file of hyperparameters says (`geocrop train --config`), with a trial's over it."""
    field = FIELDS.get(learner, learner)
    return dict(given) | ({field: {**given.get(field, {}), **trial.drawn}} if trial.drawn else {})
