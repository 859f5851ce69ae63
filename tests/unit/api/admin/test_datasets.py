"""What there is of dataset versions, read from listings and Parquet alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.dataset_state import dataset_state, has_batches
from api.services import Services
from resources.layout import DATASETS, FEATURES, MODELS
from resources.tables import write_table

Fake = Any  # a stand-in of tests/unit/api/conftest.py
ROWS = b"lon,lat,season,label\n30.1,-18.2,2023-2024,maize\n30.2,-18.3,2023-2024,cotton\n"


def prepare(services: Services, tmp_path: Path, digest: str) -> None:
    """Put what `prepare_dataset` leaves behind."""
    frame = pd.DataFrame({"label": ["maize", "maize", "cotton"], "batch": ["a.csv", "a.csv", "b.csv"], "x": [1, 2, 3]})
    frame.attrs = {"dataset_digest": digest, "recipe": "s2-season@1"}
    write_table(frame, tmp_path / "table.parquet")
    for name in ("samples", "training_features"):
        services.store.put_file(FEATURES, f"{name}/2024-06.parquet", tmp_path / "table.parquet")
    services.store.put(MODELS, "feature_selection/2024-06/current.json", b"{}")


@pytest.fixture(autouse=True)
def _uploaded(services: Services) -> None:
    services.store.put(DATASETS, "2024-06/a.csv", ROWS)
    services.store.put(DATASETS, "2024-06/b.csv", ROWS + b"30.1,-18.2,2023-2024,maize")
    services.store.put(DATASETS, "not a version/a.csv", ROWS)


def test_batches_are_listed_before_anything_is_prepared(admin: TestClient) -> None:
    (shown,) = admin.get("/admin/datasets").json()
    assert [(one["name"], one["rows"], one["samples"]) for one in shown["batches"]] == [
        ("a.csv", 2, None),
        ("b.csv", 3, None),
    ]
    assert (shown["samples"], shown["features"], shown["labels"], shown["rows"]) == ("absent", "absent", {}, None)


def test_a_prepared_version_shows_labels_and_samples_of_each_batch(
    admin: TestClient,
    services: Services,
    registry: Fake,
    tmp_path: Path,
) -> None:
    digest = admin.get("/admin/datasets/2024-06").json()["digest"]
    prepare(services, tmp_path, digest)
    registry.add(1, champion=True, dataset_digest=digest, tags={"gate": "passed"})
    registry.add(2, dataset_version="other")
    shown = admin.get("/admin/datasets/2024-06").json()
    assert (shown["samples"], shown["features"], shown["rows"]) == ("ready", "ready", 3)
    assert shown["labels"] == {"maize": 2, "cotton": 1}
    assert [one["samples"] for one in shown["batches"]] == [2, 1]
    (model,) = shown["models"]
    assert (model["version"], model["champion"], model["current"], model["gate"]) == (1, True, True, "passed")


def test_a_new_batch_makes_what_was_prepared_stale(services: Services, tmp_path: Path) -> None:
    before = dataset_state(services.store, "2024-06")
    assert before is not None
    prepare(services, tmp_path, before.digest)
    ready = dataset_state(services.store, "2024-06")
    assert ready is not None
    assert ready.prepared
    services.store.put(DATASETS, "2024-06/c.csv", ROWS)
    stale = dataset_state(services.store, "2024-06")
    assert stale is not None
    assert (stale.samples, stale.prepared) == ("stale", False)


def test_training_a_prepared_version_needs_one_run(
    admin: TestClient,
    services: Services,
    orchestrator: Fake,
    tmp_path: Path,
) -> None:
    prepare(services, tmp_path, admin.get("/admin/datasets/2024-06").json()["digest"])
    orchestrator.materialized_keys["training_features"] = frozenset({"2024-06"})
    asked = {"dataset_version": "2024-06", "model_variant": "Raw"}
    assert admin.post("/admin/training/start", json=asked).json()["stages"] == ["train_models"]
    # another split, so that what was selected has seen what is held out now: prepared anew
    asked |= {"model_variant": "Scaled", "hyperparameters": {"seed": 7}}  # type: ignore[dict-item]
    assert admin.post("/admin/training/start", json=asked).json()["stages"] == ["prepare_dataset", "train_models"]


def test_versions_that_are_not_there_are_not_found(admin: TestClient, services: Services) -> None:
    assert admin.get("/admin/datasets/nothing").status_code == 404
    assert admin.get("/admin/datasets/NOT").status_code == 422
    assert has_batches(services.store, "2024-06")
    assert not has_batches(services.store, "2024")


def test_reading_a_samples_table_brings_no_pandas(services: Services, tmp_path: Path) -> None:
    prepare(services, tmp_path, "d")
    code = (
        "import sys; from pathlib import Path; from api.dataset_state import _read_facts;"
        f"facts = _read_facts(Path({str(tmp_path / 'table.parquet')!r}));"
        "assert facts.rows == 3 and facts.digest == 'd', facts; assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
