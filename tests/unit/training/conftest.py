"""A small made-up table that learners are fitted on: seasons of crops with noise, gaps and spatial blocks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from training.config import TrainingConfig
from training.table import TrainingTable

NAMES = np.array(["maize", "cotton", "winter wheat", "woodland", "water", "bare", "tobacco", "soybean"])
N_FEATURES = 8

TableMaker = Callable[..., TrainingTable]


@pytest.fixture(scope="session")
def make_table() -> TableMaker:
    """Return a maker of tables: n samples, or a number of samples for each class in `counts`."""

    def make(
        n: int = 240,
        classes: int = 3,
        *,
        counts: tuple[int, ...] | None = None,
        groups: int = 12,
        missing: float = 0.03,
    ) -> TrainingTable:
        random = np.random.default_rng(7)
        counts = counts or (n // classes,) * classes
        y = np.repeat(np.arange(len(counts)), counts)
        centres = np.random.default_rng(11).normal(size=(len(NAMES), N_FEATURES))
        X = (centres[y] + random.normal(size=(len(y), N_FEATURES))).astype(np.float32)
        X[random.random(X.shape) < missing] = np.nan
        return TrainingTable(
            X=X,
            labels=NAMES[y],
            groups=np.array([f"x{number}y0" for number in random.integers(0, groups, len(y))]),
            grouping="spatial-block",
            features=tuple(f"ndvi_{number:02d}" for number in range(N_FEATURES)),
            recipe="ndvi-season@1",
            dataset_version="v1",
            dataset_digest="d" * 64,
            sample_ids=np.array([f"s{number}" for number in range(len(y))]),
        )

    return make


@pytest.fixture(scope="session")
def quick_config() -> Callable[..., TrainingConfig]:
    """Return a maker of settings that fit in a moment."""

    def make(**changed: object) -> TrainingConfig:
        few = {"rounds": 12, "patience": 4, "min_rounds": 5}
        settings = {"forest": {"n_estimators": 12}, "xgboost": few, "lightgbm": few, "catboost": few, "folds": 3}
        return TrainingConfig.model_validate(settings | changed)

    return make
