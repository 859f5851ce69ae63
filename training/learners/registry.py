"""Which learners there are, by name."""

from __future__ import annotations

from typing import Any

from training.learners.base import Learner
from training.learners.catboost import CatBoost
from training.learners.lightgbm import LightGBM
from training.learners.random_forest import RandomForest
from training.learners.xgboost import XGBoost

_LEARNERS: dict[str, Learner[Any, Any]] = {
    learner.name: learner for learner in (RandomForest(), XGBoost(), LightGBM(), CatBoost())
}


def learner_named(name: str) -> Learner[Any, Any]:
    """Return a learner; raises ValueError naming those there are."""
    try:
        return _LEARNERS[name]
    except KeyError:
        raise ValueError(f"no learner is called {name!r}; there are: {', '.join(_LEARNERS)}") from None
