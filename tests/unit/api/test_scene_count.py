"""Counting scenes with little patience."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from api import scene_count
from api.scene_count import AT_ONCE, count_scenes, patiently
from imagery.aoi import Aoi, LonLatBox
from imagery.recipe import load_recipe
from imagery.search import CatalogueUnavailable
from imagery.season import Season

DEADLINE_S = 60
AOI = Aoi.from_bbox(LonLatBox(31.0, -17.8, 31.01, -17.79))


@pytest.fixture(autouse=True)
def _idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no search of another test be under way."""
    monkeypatch.setattr(scene_count, "_free", threading.BoundedSemaphore(AT_ONCE))


def test_a_search_that_answers_is_counted() -> None:
    assert patiently(lambda: 12, DEADLINE_S).scenes == 12


def test_a_catalogue_that_hangs_gives_a_reason_and_holds_few_threads() -> None:
    go_on = threading.Event()
    ended = threading.Semaphore(0)

    def hang() -> int:
        go_on.wait(DEADLINE_S)
        ended.release()
        return 1

    answers = [patiently(hang, patience_s=0.01) for _ in range(AT_ONCE + 1)]
    assert [one.scenes for one in answers] == [None] * (AT_ONCE + 1)
    assert "did not answer" in (answers[0].reason or "")
    assert "other estimates" in (answers[-1].reason or "")
    go_on.set()
    for _ in range(AT_ONCE):
        assert ended.acquire(timeout=DEADLINE_S)


def test_a_catalogue_that_fails_is_no_number() -> None:
    def fail() -> int:
        raise CatalogueUnavailable("https://secret.example: refused")

    answer = patiently(fail, DEADLINE_S)
    assert answer.scenes is None
    assert answer.reason == "the catalogue does not answer"


def test_no_scenes_is_the_number_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene_count, "PATIENCE_S", DEADLINE_S)
    catalogue = tmp_path / "catalog.json"
    catalogue.write_text(
        '{"type": "Catalog", "id": "empty", "stac_version": "1.0.0", "description": "none", "links": []}'
    )
    assert count_scenes(str(catalogue), load_recipe("s2-season"), AOI, Season(2023)).scenes == 0
