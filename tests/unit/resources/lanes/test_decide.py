"""The lane's decisions."""

from __future__ import annotations

import pytest

from resources.lanes.decide import SPARE_MB, Recycling, choose_lane, decide_recycling, seconds_before_restart
from sensors.tags import BATCH, INTERACTIVE, LANE_TAG


@pytest.mark.parametrize(
    ("tags", "lane", "told"),
    [
        ({LANE_TAG: INTERACTIVE}, INTERACTIVE, False),
        ({LANE_TAG: BATCH}, BATCH, False),
        ({}, BATCH, False),
        ({LANE_TAG: "other"}, BATCH, False),
        ({LANE_TAG: INTERACTIVE, "dagster/retry_number": "1"}, BATCH, True),
        ({LANE_TAG: INTERACTIVE, "dagster/parent_run_id": "x"}, BATCH, True),
        ({LANE_TAG: BATCH, "dagster/parent_run_id": "x"}, BATCH, False),
    ],
)
def test_only_a_first_attempt_takes_the_interactive_lane(tags: dict[str, str], lane: str, told: bool) -> None:
    choice = choose_lane(tags)
    assert (choice.lane, choice.reason is not None) == (lane, told)


def test_a_process_is_replaced_after_its_runs_and_beside_the_old_one_only_where_memory_holds_both() -> None:
    assert decide_recycling(runs=4, limit=5, rss_mb=600, free_mb=9000) == Recycling.NOT_YET
    assert decide_recycling(runs=5, limit=5, rss_mb=600, free_mb=600 + SPARE_MB) == Recycling.WARM_FIRST
    assert decide_recycling(runs=5, limit=5, rss_mb=600, free_mb=599 + SPARE_MB) == Recycling.STOP_FIRST


def test_processes_that_die_cold_are_started_ever_more_slowly() -> None:
    assert [seconds_before_restart(count) for count in (0, 1, 2, 3, 50)] == [0, 1, 2, 4, 30]
