"""The warm model's process: it says what the bundle says, and refuses what is not the bundle's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from resources.lanes.scorer import FeaturesRefused, Scorer, respond, select_features, serve
from resources.object_store import FolderStore
from resources.registry import ModelRegistry
from resources.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from training.bundle import ModelBundle

Trained = Any  # tests/unit/resources/conftest.py
ROWS = [[0.1, 2.0, None, -1.0], [2.2, 1.9, 2.1, 2.0], [-2.0, -2.0, -2.0, -2.0]]


@pytest.fixture
def settings(tmp_path: Path, registry: ModelRegistry, store: FolderStore) -> Settings:
    """Return the settings by which another process finds the fixtures' registry and store."""
    assert registry.tracking_uri.endswith("mlflow.db")
    assert store.uri("geocrop-models", "x").startswith((tmp_path / "store").as_uri())
    return Settings(home=tmp_path, threads=1)


@pytest.fixture
def scorer(settings: Settings) -> Scorer:
    return Scorer(settings)


@pytest.fixture
def bundle(good_model: Trained, register: Callable[..., int], registry: ModelRegistry) -> ModelBundle:
    """Return the champion's bundle."""
    registry.set_champion(register(good_model))
    found: ModelBundle = good_model.bundle
    return found


def expected(bundle: ModelBundle) -> list[list[float]]:
    matrix = np.array([[np.nan if value is None else value for value in row] for row in ROWS], np.float32)
    return [[float(value) for value in row] for row in bundle.predict_proba(matrix)]


def test_probabilities_are_those_of_the_bundle_whatever_the_order_of_columns(
    scorer: Scorer, bundle: ModelBundle
) -> None:
    columns = list(bundle.features)
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        asked = {"columns": [columns[at] for at in order], "rows": [[row[at] for at in order] for row in ROWS]}
        answer = scorer.answer(asked)
        assert [list(row["probabilities"].values()) for row in answer["rows"]] == expected(bundle)
    assert answer["classes"] == list(bundle.classes)
    assert answer["model_version"] == 1
    assert answer["rows"][1]["class"] == "maize"
    assert answer["rows"][1]["title"] == "Maize"
    assert answer["rows"][1]["code"] == bundle.codes[bundle.classes.index("maize")]
    assert {row["inside_area_of_applicability"] for row in answer["rows"]} <= {True, False}


def test_a_version_can_be_named(scorer: Scorer, bundle: ModelBundle) -> None:
    asked = {"columns": list(bundle.features), "rows": ROWS, "model_version": 1}
    assert scorer.answer(asked)["model_version"] == 1
    line = json.dumps({"id": 5, "payload": {**asked, "model_version": 9}}).encode()
    assert respond(scorer, line)["error"]["code"] == "model-version-not-found"


def test_before_the_first_promotion_there_is_no_champion(scorer: Scorer) -> None:
    line = json.dumps({"id": 5, "payload": {"columns": ["a"], "rows": [[1]]}}).encode()
    assert respond(scorer, line) == {
        "id": 5,
        "error": {"code": "no-champion", "message": "no model is promoted yet: name a version, or promote one"},
    }


class TestColumns:
    def select(self, bundle: ModelBundle, columns: list[str], rows: list[list[float | None]]) -> str:
        try:
            select_features(columns, rows, bundle, frozenset({*bundle.features, "ndvi_12"}))
        except FeaturesRefused as error:
            return str(error)
        return "taken"

    def test_missing_unknown_and_doubled_names_are_told(self, good_model: Trained) -> None:
        bundle = good_model.bundle
        first, *others = bundle.features
        told = self.select(bundle, [*others, others[0], "surprise"], [])
        assert f"missing: {first}" in told
        assert "unknown: surprise" in told
        assert f"twice: {others[0]}" in told

    def test_other_features_of_the_recipe_may_be_there(self, good_model: Trained) -> None:
        columns = [*good_model.bundle.features, "ndvi_12"]
        assert self.select(good_model.bundle, columns, [[1.0] * len(columns)]) == "taken"

    def test_numbers_beyond_float32_are_refused_with_their_row(self, good_model: Trained) -> None:
        columns = list(good_model.bundle.features)
        told = self.select(good_model.bundle, columns, [[1.0] * 4, [1.0, 1.0, 1e300, 1.0]])
        assert told == f"row 1: {columns[2]} is not a finite number"


def test_a_fault_of_the_platform_is_told_as_one_and_serving_goes_on(
    scorer: Scorer, caplog: pytest.LogCaptureFixture
) -> None:
    answers = BytesIO()
    serve(scorer, BytesIO(b'no json\n{"id": 2, "payload": {}}\n'), answers)
    first, second = (json.loads(line) for line in answers.getvalue().splitlines())
    assert (first["id"], first["error"]["code"]) == (None, "internal-error")
    assert second["id"] == 2
    assert "could not be answered" in caplog.text


def test_the_process_answers_line_by_line_and_ends_with_its_input(settings: Settings, bundle: ModelBundle) -> None:
    payload = {"columns": list(bundle.features), "rows": ROWS}
    lines = "".join(json.dumps({"id": number, "payload": payload}) + "\n" for number in (1, 2))
    done = subprocess.run(
        [sys.executable, "-m", "resources.lanes.scorer"],
        input=lines.encode(),
        capture_output=True,
        timeout=300,
        env=_environment(settings),
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["id"] for one in answers] == [1, 2]
    for one in answers:
        assert [list(row["probabilities"].values()) for row in one["result"]["rows"]] == expected(bundle)


def _environment(settings: Settings) -> dict[str, str]:
    return dict(os.environ) | settings.environment()
