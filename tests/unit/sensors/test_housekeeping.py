"""What may be deleted: never the newest materialization of a live partition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from resources.object_store import ObjectStat
from sensors.housekeeping import PastRun, decide_objects_to_delete, decide_runs_to_delete

DAY = 86_400.0


def past(run_id: str, age_days: float) -> PastRun:
    return PastRun(run_id, ended=-age_days * DAY)


def test_old_runs_go_and_young_ones_stay() -> None:
    gone = decide_runs_to_delete([past("old", 91), past("young", 89)], now=0, keep_days=90, newest=frozenset())
    assert gone == ("old",)


def test_the_newest_run_of_a_live_partition_stays_whatever_its_age() -> None:
    gone = decide_runs_to_delete([past("a", 999), past("b", 998)], now=0, keep_days=90, newest=frozenset({"b"}))
    assert gone == ("a",)


def test_objects_in_use_stay() -> None:
    now = datetime(2024, 6, 1, tzinfo=UTC)
    old = [ObjectStat("b", key, 1, "e", now - timedelta(days=100)) for key in ("maps/p/1.tif", "maps/p/2.tif")]
    assert decide_objects_to_delete(old, in_use=["maps/p/2.tif"], now=now, keep_days=90) == ("maps/p/1.tif",)
