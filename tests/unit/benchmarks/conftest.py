"""Small made-up scenes and a small model, to hold the engine against the usual pipeline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.model import fit_bundle
from benchmarks.scenes import Archive, Tile
from imagery.recipe import load_recipe
from imagery.recipe_model import Recipe
from training.bundle import ModelBundle
from training.config import TrainingConfig

FEW = {"rounds": 6, "early_stopping": False}
TRAINED_ON = Tile(name="36KTG", size=60, seed=77)


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    return load_recipe("s2-season")


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where `bundle_of_variant` keeps what it made, by variant."""
    return tmp_path_factory.mktemp("bundles")


@pytest.fixture(scope="session")
def bundle_of_variant(recipe: Recipe, bundle_folder: Path) -> Callable[[str], ModelBundle]:
    """Return a maker of bundles with their scorers, all four learners, as they are read from disk."""

    def make(variant: str) -> ModelBundle:
        home = bundle_folder / variant
        if not home.is_dir():
            few = {"forest": {"n_estimators": 9}, "xgboost": FEW, "lightgbm": FEW, "catboost": FEW}
            config = TrainingConfig.model_validate({"variant": variant, **few})
            fit_bundle(recipe, config, 1200, Archive((TRAINED_ON,), dates=18)).save(home, scored=True)
        return ModelBundle.load(home)

    return make
