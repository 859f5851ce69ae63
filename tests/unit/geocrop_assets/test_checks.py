"""Claims about data and models, each with data that keeps it and data that does not."""

from __future__ import annotations

from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from geocrop_assets import checks
from geocrop_assets.prepared import prepare
from training.classes import ClassTable
from training.config import TrainingConfig
from training.gate_record import Evidence, Finding, GateConfig, GateDecision, Party

WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


def values(result: dg.AssetCheckResult) -> dict[str, Any]:
    return {name: value.value for name, value in result.metadata.items()}


def labelled(**counts: int) -> pd.DataFrame:
    return pd.DataFrame({"label": [name for name, count in counts.items() for _ in range(count)]})


def test_labels_of_the_class_table_are_known_and_others_are_named() -> None:
    table = ClassTable.load()
    assert checks.labels_are_known(labelled(maize=3, water=2), table).passed
    result = checks.labels_are_known(labelled(maize=3, triffid=2), table)
    assert not result.passed
    assert values(result)["unknown"] == "triffid"


@pytest.mark.parametrize(
    ("counts", "passed", "severity"),
    [
        ({"maize": 5, "water": 5}, True, WARN),
        ({"maize": 50, "water": 4}, False, WARN),  # thin: told, and trained all the same
        ({"maize": 50}, False, ERROR),  # one class: the blocking check stops the run
    ],
)
def test_a_thin_class_warns_and_a_single_class_stops_the_run(
    counts: dict[str, int], passed: bool, severity: dg.AssetCheckSeverity
) -> None:
    result = checks.classes_can_be_learned(labelled(**counts), folds=5)
    assert (result.passed, result.severity) == (passed, severity)


def test_a_feature_that_is_mostly_missing_is_named() -> None:
    frame = pd.DataFrame({"a": [1.0, np.nan, np.nan], "b": [1.0, 2.0, np.nan]})
    frame.attrs["features"] = ["a", "b"]
    result = checks.features_are_observed(frame)
    assert (result.passed, result.severity) == (False, WARN)
    assert values(result)["mostly_missing"] == {"a": 0.667}
    frame.attrs["features"] = ["b"]
    assert checks.features_are_observed(frame).passed


def features(n: int = 120) -> pd.DataFrame:
    random = np.random.default_rng(1)
    frame = pd.DataFrame(random.normal(size=(n, 2)).astype(np.float32), columns=["a", "b"])
    frame["label"] = np.resize(["maize", "water"], n)
    frame["group"] = [f"g{number % 20}" for number in range(n)]
    frame["grouping"] = "spatial-block"
    frame["sample_id"] = [f"s{number}" for number in range(n)]
    frame["lon"], frame["lat"] = 31 + random.random(n), -18 - random.random(n)
    frame.attrs = {"recipe": "r@1", "features": ["a", "b"], "dataset_version": "v1", "dataset_digest": "d"}
    return frame


def test_parts_that_share_nothing_pass_and_a_place_in_two_parts_is_told() -> None:
    frame = features()
    prepared = prepare(frame, TrainingConfig(folds=3))
    assert checks.no_leakage_between_folds(frame, prepared).passed
    inside, outside = np.flatnonzero(prepared.split.test)[0], np.flatnonzero(prepared.split.train)[0]
    frame.loc[outside, ["lon", "lat"]] = frame.loc[inside, ["lon", "lat"]]
    result = checks.no_leakage_between_folds(frame, prepared)
    assert not result.passed
    assert "place" in values(result)["leaks"]


@pytest.mark.parametrize("passed", [True, False])
def test_the_gates_verdict_is_the_claims_outcome_in_the_gates_words(passed: bool) -> None:
    party = Party(name="geocrop", version="2", recipe="r@1", classes=("maize",), training_counts={"maize": 3})
    decision = GateDecision(
        passed=passed,
        findings=(Finding(code="better-macro-f1", passed=passed, text="Macro F1 0.6, against 0.5."),),
        candidate=party,
        champion=None,
        config=GateConfig(),
        evidence=Evidence(n_samples=10, n_groups=5),
    )
    result = checks.beats_champion(decision)
    assert result.passed is passed
    assert result.description == "Macro F1 0.6, against 0.5."
    assert values(result)["rules"]["min_groups"] == GateConfig().min_groups
