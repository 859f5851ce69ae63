"""The web pages of administrators and of the portfolio, in a real browser on the real stack."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from demo import Landscape

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

REPORT = Path(__file__).parents[2] / "build" / "web-admin"
#: Small models: what is shown here is the page.
SETTINGS = {
    "folds": 3,
    "forest": {"n_estimators": 8},
    **{name: {"rounds": 8, "early_stopping": False} for name in ("xgboost", "lightgbm", "catboost")},
    "scout": {"rounds": 5, "repeats": 1},
}


class Stack(Protocol):
    """What the fixture `web_stack` gives."""

    land: Landscape

    def visit(self, script: str, folder: Path, **told: str) -> dict[str, Any]: ...


@pytest.fixture(scope="module")
def report(web_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what an administrator's visit found, told once; it is kept in `build/web-admin`, with pictures."""
    folder = tmp_path_factory.mktemp("admin")
    batch = sorted(web_stack.land.batches)[0]
    report = web_stack.visit("admin", folder, NAME="root", BATCH=str(batch), SETTINGS=json.dumps(SETTINGS))
    shutil.copytree(folder, REPORT, dirs_exist_ok=True)
    return report


def test_a_faulty_batch_is_refused_by_line_and_a_good_one_is_taken(report: dict[str, Any]) -> None:
    assert report["faults"]
    assert all(line.startswith("web.csv\t2\t") for line in report["faults"])
    assert "web.csv" in report["dataset"]


def test_a_training_is_watched_to_its_end(report: dict[str, Any]) -> None:
    assert report["progress"] == sorted(report["progress"])
    assert len(report["progress"]) > 1, "progress was seen to move"
    assert "done" in report["training"]


def test_a_version_is_promoted_and_rolled_back(report: dict[str, Any]) -> None:
    assert report["promoted"] != report["rolledBack"]


def test_every_page_can_be_used_by_everybody(report: dict[str, Any]) -> None:
    assert report["done"]
    assert {"about-workflow", "about-status", "admin-models", "admin-promote", "dark"} <= set(report["barriers"])
    assert not [line for lines in report["barriers"].values() for line in lines]
    assert report["wide"] == []
    assert report["seen"] == {"elsewhere": [], "errors": []}
