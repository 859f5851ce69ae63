"""Training without Dagster: from a table to a bundle, a report and plots, told by the environment."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from training.bundle import ModelBundle
from training.train import InvalidSettings, main, read_settings
from training.train_inputs import UnusableDataset, numeric_columns, read_training_table

Make = Callable[..., Any]
FEW = {"rounds": 8, "min_rounds": 2, "patience": 2}
QUICK = {
    "forest": {"n_estimators": 8},
    "xgboost": FEW,
    "lightgbm": FEW,
    "catboost": FEW,
    "folds": 3,
    "scout": {"rounds": 8, "repeats": 1},
}


@pytest.fixture(scope="module")
def csv(make_table: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table as others export it: junk columns, an alias as label, a group column."""
    table = make_table(240, 3, groups=24)
    frame = pd.DataFrame(table.X, columns=list(table.features))
    frame.insert(0, "system:index", [f"0_{number}" for number in range(len(frame))])
    frame["Class"] = np.where(table.labels == "maize", "Maize", table.labels)
    frame["block"] = table.groups
    frame["first_batch"] = 20220124
    frame[".geo"] = '{"type":"Point"}'
    path = tmp_path_factory.mktemp("data") / "table.csv"
    frame.to_csv(path, index=False)
    return path


def test_a_csv_becomes_a_bundle_a_report_and_plots(
    csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    output = tmp_path / "out"
    settings = {
        "DATASET_PATH": str(csv),
        "OUTPUT_PATH": str(output),
        "MODEL_VARIANT": "Scaled",
        "HYPERPARAMETERS": json.dumps(QUICK),
        "RECIPE": "ndvi-season@1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with caplog.at_level(logging.INFO):
        assert main() == 0
    facts = json.loads((output / "evaluation.json").read_text())
    bundle = ModelBundle.load(output / facts["bundle"])
    assert bundle.hash == facts["bundle_hash"]
    assert bundle.variant == "Scaled"
    assert bundle.recipe == "ndvi-season@1"
    assert bundle.classes == ("cotton", "maize", "winter wheat")
    assert bundle.grouping == "column:block"
    assert set(bundle.features) <= {f"ndvi_{number:02d}" for number in range(8)}
    assert facts["evaluation"]["scores"]["overall_accuracy"]["value"] > 0.6
    assert facts["evaluation"]["cross_validated"] is not None
    for name in ("confusion", "reliability", "class_accuracy", "importance"):
        assert (output / "plots" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert bundle.hash in caplog.text


def test_junk_bookkeeping_and_roles_are_no_features(csv: Path) -> None:
    assert numeric_columns(csv.read_bytes()) == tuple(f"ndvi_{number:02d}" for number in range(8))


def test_our_own_parquet_is_taken_as_it_is(make_table: Make, tmp_path: Path) -> None:
    table = make_table(30)
    frame = pd.DataFrame(table.X, columns=list(table.features))
    frame = frame.assign(sample_id=table.sample_ids, label=table.labels, group=table.groups, grouping=table.grouping)
    facts = {"recipe": table.recipe, "features": list(table.features), "dataset_version": "v9", "dataset_digest": "f"}
    frame.attrs = facts
    frame.to_parquet(tmp_path / "own.parquet")
    read, warnings = read_training_table(tmp_path / "own.parquet", version="any")
    assert (read.dataset_version, read.recipe, warnings) == ("v9", "ndvi-season@1", ())
    assert np.array_equal(read.X, table.X, equal_nan=True)
    assert read.groups.tolist() == table.groups.tolist()


def test_a_plain_parquet_is_read_as_the_same_csv_is(csv: Path, tmp_path: Path) -> None:
    pd.read_csv(csv).to_parquet(tmp_path / "plain.parquet")
    one, _ = read_training_table(csv, version="v1")
    other, _ = read_training_table(tmp_path / "plain.parquet", version="v1")
    assert np.array_equal(one.X, other.X, equal_nan=True)
    assert one.labels.tolist() == other.labels.tolist()
    assert one.recipe == other.recipe


def test_a_table_without_features_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label,lon,lat\nmaize,30,-18\n")
    with pytest.raises(UnusableDataset, match="no numeric column"):
        read_training_table(tmp_path / "a.csv", version="a.csv")
    (tmp_path / "b.parquet").write_bytes(b"nothing")
    with pytest.raises(UnusableDataset, match="Parquet"):
        read_training_table(tmp_path / "b.parquet", version="b")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"DATASET_PATH": ""}, "DATASET_PATH"),
        ({"OUTPUT_PATH": ""}, "OUTPUT_PATH"),
        ({"MODEL_VARIANT": "Polished"}, "MODEL_VARIANT"),
        ({"HYPERPARAMETERS": "{"}, "not JSON"),
        ({"HYPERPARAMETERS": "[1]"}, "not a JSON object"),
        ({"HYPERPARAMETERS": '{"xgboost": {"rouns": 3}}'}, r"xgboost\.rouns"),
    ],
)
def test_a_wrong_setting_is_named(changed: dict[str, str], named: str) -> None:
    with pytest.raises(InvalidSettings, match=named):
        read_settings({"DATASET_PATH": "a.csv", "OUTPUT_PATH": "out"} | changed)


def test_a_missing_dataset_exits_with_two_and_one_line(tmp_path: Path) -> None:
    environment = os.environ | {"DATASET_PATH": str(tmp_path / "no.csv"), "OUTPUT_PATH": str(tmp_path / "out")}
    command = [sys.executable, "-m", "training.train"]
    root = Path(__file__).parents[3]
    run = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "no.csv" in run.stderr
    assert "Traceback" not in run.stderr
