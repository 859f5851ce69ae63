"""Bundles of two to twenty classes to score: fitted without folds, for only what they predict is of interest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks.scorer_data import bundle_of
from training.bundle import ModelBundle
from training.config import TrainingConfig

N_FEATURES = 7
MakeBundle = Callable[..., ModelBundle]


@pytest.fixture(scope="session")
def make_bundle() -> MakeBundle:
    """Return a maker of bundles; what it has made once it returns again."""
    made: dict[str, ModelBundle] = {}

    def make(classes: int = 3, variant: str = "Raw", samples: int = 400, **settings: Any) -> ModelBundle:  # noqa: ANN401
        few = {"rounds": 9, "early_stopping": False}
        config = {"forest": {"n_estimators": 9}, "xgboost": few, "lightgbm": few, "catboost": few}
        config |= {name: config.get(name, {}) | changed for name, changed in settings.items()}
        key = repr((classes, variant, samples, config))
        if key not in made:
            random = np.random.default_rng(classes)
            y = np.arange(samples) % classes
            X = (random.normal(size=(classes, N_FEATURES))[y] + random.normal(size=(samples, N_FEATURES))) * 1.5
            X = X.astype(np.float32)
            X[random.random(X.shape) < 0.05] = np.nan
            X[:, 0] = np.nan_to_num(X[:, 0])  # a feature that training has never seen missing
            y[:-classes] = np.where(random.random(samples) < 0.3, random.permutation(y), y)[:-classes]  # large trees
            X[:, 1] = np.where(random.random(samples) < 0.3, 0, np.round(X[:, 1]))  # few values, many of them zero
            made[key] = bundle_of(X, y, TrainingConfig.model_validate(config | {"variant": variant}))
        return made[key]

    return make


@pytest.fixture(scope="session")
def odd_pixels() -> Callable[[int], np.ndarray]:
    """Return a maker of pixels [n, 7]: ordinary, missing, zero of both signs, denormal, huge and all-missing ones."""

    def make(n: int, *, infinite: bool = False) -> np.ndarray:
        random = np.random.default_rng(n)
        X = (3 * random.normal(size=(n, N_FEATURES))).astype(np.float32)
        odd = [0.0, -0.0, 1e-45, -1e-45, 1e-38, -1e-38, 1e-35, -1e-35, 1.1e-35, 1e30, -1e30, np.nan]
        odd += [np.inf, -np.inf] if infinite else []
        chosen = random.random(X.shape) < 0.25
        X[chosen] = random.choice(np.array(odd, np.float32), int(chosen.sum()))
        X[: n // 50] = np.nan
        return X

    return make
