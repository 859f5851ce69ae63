"""Baselines from uploads: each content of a year once."""

from __future__ import annotations

from datetime import UTC, datetime

from resources.layout import BASELINES
from resources.object_store import ObjectStat
from sensors.baselines import decide_baselines


def stat(key: str, etag: str = "e") -> ObjectStat:
    return ObjectStat(BASELINES, key, 1, etag, datetime(2024, 1, 1, tzinfo=UTC))


def test_tiles_of_a_year_make_one_request() -> None:
    requests, ignored = decide_baselines([stat("uploads/2023/b.tif"), stat("uploads/2023/a.tif")], ["2023"])
    assert [one.year for one in requests] == ["2023"]
    assert ignored == ()


def test_a_year_that_is_not_served_and_other_files_are_named() -> None:
    requests, ignored = decide_baselines([stat("uploads/1999/a.tif"), stat("uploads/2023/a.txt")], ["2023"])
    assert requests == ()
    assert ignored == ("uploads/1999/a.tif", "uploads/2023/a.txt")


def test_an_overwritten_upload_is_asked_for_again() -> None:
    (before,), _ = decide_baselines([stat("uploads/2023/a.tif", "e1")], ["2023"])
    (after,), _ = decide_baselines([stat("uploads/2023/a.tif", "e2")], ["2023"])
    assert before.run_key != after.run_key
