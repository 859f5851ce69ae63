"""A registry on SQLite, and small real models with the evidence that the gate reads."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from resources.bundles import publish_bundle
from resources.evidence import keep_evidence
from resources.layout import BUCKETS
from resources.object_store import FolderStore
from resources.registry import ModelRegistry

if TYPE_CHECKING:
    from training.bundle import ModelBundle
    from training.splits import Split

FEATURES = ("ndvi_01", "ndvi_02", "ndvi_03", "ndvi_04")
N_SAMPLES = 240
N_GROUPS = 30


@dataclass(frozen=True)
class Trained:
    """A small model with the frame and the split that it was made of."""

    bundle: ModelBundle
    frame: pd.DataFrame
    split: Split


def make_frame(*, recipe: str = "ndvi-season@1") -> pd.DataFrame:
    """Return a frame as `training_features` makes it: three classes that can be told apart, in thirty groups."""
    random = np.random.default_rng(3)
    labels = np.resize(["cotton", "maize", "water"], N_SAMPLES)
    centres = {"cotton": 0.0, "maize": 2.0, "water": -2.0}
    values = np.array([centres[label] for label in labels])[:, None] + random.normal(size=(N_SAMPLES, len(FEATURES)))
    frame = pd.DataFrame(values.astype(np.float32), columns=list(FEATURES))
    frame["sample_id"] = [f"s{number:03}" for number in range(N_SAMPLES)]
    frame["label"] = labels
    frame["group"] = [f"x{number}y0" for number in random.integers(0, N_GROUPS, N_SAMPLES)]
    frame["grouping"] = "spatial-block"
    frame.attrs = {"recipe": recipe, "features": list(FEATURES), "dataset_version": "v1", "dataset_digest": "d1"}
    return frame


def _train(frame: pd.DataFrame, *, shuffled: bool = False) -> Trained:
    from training.config import TrainingConfig
    from training.ensemble import fit_ensemble
    from training.learners import fit_learner
    from training.splits import split_blocks
    from training.table import TrainingTable

    config = TrainingConfig.model_validate(
        {"folds": 2, "cores": 1, "forest": {"n_estimators": 8}, "ensemble": {"learners": ["random_forest"]}}
    )
    table = TrainingTable.from_frame(frame)
    split = split_blocks(table.labels, table.groups, test_size=0.3, folds=2)
    learned = frame.copy()
    learned.attrs = frame.attrs
    if shuffled:
        learned["label"] = np.random.default_rng(5).permutation(frame["label"].to_numpy())
    table = TrainingTable.from_frame(learned)
    fit = fit_learner("random_forest", table, split, FEATURES, config)
    return Trained(fit_ensemble([fit], table, split, config), frame, split)


@pytest.fixture(scope="session")
def good_model() -> Trained:
    """Return a model that learned what there is to learn."""
    return _train(make_frame())


@pytest.fixture(scope="session")
def poor_model() -> Trained:
    """Return a model of the same samples that learned from shuffled labels."""
    return _train(make_frame(), shuffled=True)


@pytest.fixture(scope="session")
def _empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return MLflow's database with its tables, made once: it takes some seconds."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    ModelRegistry(tracking_uri=f"sqlite:///{path}").client.search_experiments()
    return path


@pytest.fixture
def empty_mlflow(tmp_path: Path, _empty_database: Path) -> str:
    """Return the address of a database of MLflow with tables and nothing in them."""
    shutil.copyfile(_empty_database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def registry(tmp_path: Path, empty_mlflow: str) -> ModelRegistry:
    """Return an empty registry."""
    return ModelRegistry(tracking_uri=empty_mlflow, artifact_root=(tmp_path / "artifacts").as_uri())


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Return an empty store with the platform's buckets."""
    made = FolderStore(tmp_path / "store")
    made.ensure_buckets(BUCKETS)
    return made


Register = Callable[..., int]


@pytest.fixture
def register(registry: ModelRegistry, store: FolderStore) -> Register:
    """Return what publishes a model with its evidence and registers it; a version's number comes back."""

    def do(model: Trained, *, evaluated: bool = True) -> int:
        uri = publish_bundle(store, model.bundle)
        if evaluated:
            keep_evidence(store, model.bundle.hash, model.frame, model.split)
        facts = {"bundle_hash": model.bundle.hash, "dataset_version": "v1", "dataset_digest": "d1"}
        with registry.run("v1 Raw", {"dagster_run_id": "run-1"}) as run_id:
            return registry.register(run_id, uri, facts | {"variant": "Raw", "recipe": model.bundle.recipe})

    return do
