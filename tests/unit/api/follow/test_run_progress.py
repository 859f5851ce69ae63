"""Lines of a run's log as percent and steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.failures import Failure
from api.run_progress import SHARES, LogLine, RunProgress, read_progress, title_of
from resources.progress import Progress


class Lines:
    """A log that keeps what is written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, msg: str) -> None:
        self.lines.append(msg)


def test_what_a_step_reports_is_what_is_read() -> None:
    log = Lines()
    report = Progress().reporter(log, "reading scenes")
    report(1, 2)
    found = read_progress([LogLine("line", "season_composite", text=line) for line in log.lines], "c")
    assert found == RunProgress(35.0, "reading scenes", "c")


@pytest.mark.parametrize("text", ["scene X was left out: 404", "reading scenes: 1000 %", "/data/x: 10 %", ""])
def test_other_lines_say_nothing_of_progress(text: str) -> None:
    assert read_progress([LogLine("line", "season_composite", text=text)], None) == RunProgress()


def test_steps_of_a_map_follow_each_other_without_a_gap() -> None:
    parts = [SHARES[name] for name in ("season_composite", "crop_map")]
    assert (parts[0].start, parts[0].end) == (0, parts[1].start)
    assert title_of("crop_map_is_valid_cog") == "checking the map"
    assert title_of("keep_house") == "keep house"


def test_a_failed_step_counts_more_than_the_runs_end() -> None:
    lines = [
        LogLine("run-failure", None, failure=Failure("died", "run-crashed")),
        LogLine("failure", "crop_map", failure=Failure("nothing to map", "nothing-to-map")),
    ]
    assert read_progress(lines, None).failure_code == "nothing-to-map"


@given(
    st.lists(
        st.builds(
            LogLine,
            st.sampled_from(["start", "done", "line"]),
            st.sampled_from([*SHARES, "unknown", None]),
            st.one_of(st.text(max_size=20), st.integers(0, 999).map(lambda number: f"work: {number} %")),
        )
    )
)
def test_percents_stay_between_nothing_and_all(lines: list[LogLine]) -> None:
    found = read_progress(lines, None)
    assert found.percent is None or 0 <= found.percent <= 100
