"""Digital Earth Africa's South-East cropland table: the published forest is reproduced, and the ensemble beats it.

Published by the makers: random forest, KFold(7, shuffle=True, random_state=0) over rows in file order, balanced
accuracy 0.77, F1 (crop) 0.74, AUC 0.857. The blocked score, which is the honest one, stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.config import TrainingConfig
from training.ensemble import cross_fitted_proba, fit_ensemble
from training.learners import LearnerFit, fit_learner, fit_learners
from training.scout import select_features
from training.splits import Split
from training.table import TrainingTable

pytestmark = [pytest.mark.real, pytest.mark.slow]

FILE = "deafrica_south_east/southeast_training_20220222.csv"
FOLDS = 7
BLOCK_ROWS = 60  # rows of one place stand together
PUBLISHED = TrainingConfig.model_validate(
    {
        "folds": FOLDS,
        "weights": {"method": "none"},
        "forest": {"n_estimators": 250, "criterion": "entropy", "max_features": None, "seed": 1},
    }
)
DEFAULT = TrainingConfig(folds=FOLDS)


@dataclass(frozen=True)
class Score:
    """The three figures of the makers."""

    balanced_accuracy: float
    f1: float
    auc: float


def score(table: TrainingTable, proba: np.ndarray) -> Score:
    from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

    crop, said = table.labels == "crop", proba.argmax(axis=1) == 0  # classes are sorted: crop, non-crop
    return Score(balanced_accuracy_score(crop, said), f1_score(crop, said), roc_auc_score(crop, proba[:, 0]))


@pytest.fixture(scope="module")
def table(real_data: Path) -> TrainingTable:
    frame = pd.read_csv(real_data / FILE)
    features = [name for name in frame.columns if name not in {"row_id", "Class", "first_batch"}]
    rows = np.arange(len(frame))
    return TrainingTable(
        X=frame[features].to_numpy(np.float32),
        labels=np.where(frame["Class"] == 1, "crop", "non-crop"),
        groups=np.array([f"rows#{row // BLOCK_ROWS}" for row in rows]),
        grouping="row-run",
        features=tuple(features),
        recipe="geomad-semiannual@1",
        dataset_version="southeast-20220222",
        dataset_digest="0" * 64,
        sample_ids=rows.astype(str),
    )


def _split(table: TrainingTable, *, blocked: bool) -> Split:
    from sklearn.model_selection import GroupKFold, KFold

    n = len(table)
    kind = GroupKFold if blocked else KFold
    parts = kind(FOLDS, shuffle=True, random_state=0).split(
        np.zeros(n), groups=np.arange(n) // BLOCK_ROWS if blocked else None
    )
    folds = np.zeros(n, np.int8)
    for number, (_, judged) in enumerate(parts):
        folds[judged] = number
    return Split(np.zeros(n, bool), folds, "blocks of 60 rows" if blocked else "the published folds of rows")


@pytest.fixture(scope="module")
def published_forest(table: TrainingTable) -> LearnerFit:
    return fit_learner("random_forest", table, _split(table, blocked=False), table.features, PUBLISHED)


def test_the_published_forest_is_reproduced_on_the_published_folds(
    table: TrainingTable, published_forest: LearnerFit
) -> None:
    got = score(table, published_forest.oof)
    assert got.balanced_accuracy == pytest.approx(0.77, abs=0.01)
    assert got.f1 == pytest.approx(0.74, abs=0.01)
    assert got.auc == pytest.approx(0.858, abs=0.005)


def test_the_ensemble_beats_the_published_forest_on_all_three(
    table: TrainingTable, published_forest: LearnerFit
) -> None:
    by_row = replace(table, groups=table.sample_ids)  # random rows: early stopping, too, then sees random rows
    split = _split(table, blocked=False)
    boosted = DEFAULT.model_copy(
        update={"ensemble": DEFAULT.ensemble.model_copy(update={"learners": ("xgboost", "lightgbm", "catboost")})}
    )
    fits = (published_forest, *fit_learners(by_row, split, table.features, boosted))
    got = score(table, cross_fitted_proba(fits, table, split, DEFAULT))
    assert got.balanced_accuracy > 0.7845
    assert got.f1 > 0.7537
    assert got.auc > 0.868
    bundle = fit_ensemble(fits, table, split, DEFAULT)
    assert all(weight >= 0 for weight in bundle.weights.values())


def test_the_blocked_score_is_far_lower_and_scout_raises_it(table: TrainingTable) -> None:
    split = _split(table, blocked=True)
    selection = select_features(table, split, DEFAULT)
    assert not {"rain_S1", "rain_S2"} & set(selection.features)
    got = {
        name: score(table, cross_fitted_proba(fit_learners(table, split, features, DEFAULT), table, split, DEFAULT))
        for name, features in (("all", table.features), ("scouted", selection.features))
    }
    assert 0.56 < got["all"].balanced_accuracy < 0.65
    assert got["scouted"].balanced_accuracy > got["all"].balanced_accuracy
    assert got["scouted"].balanced_accuracy > 0.60
    assert got["scouted"].auc > 0.64
