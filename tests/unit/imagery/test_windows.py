"""Time windows of recipes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from imagery.season import Season
from imagery.windows import Window, resolve_steps, step_names, whole_period


def test_months_and_half_months_cover_every_day_of_a_leap_season_once() -> None:
    season = Season.parse("2023-2024")
    for windows in ("month", "half-month"):
        steps = resolve_steps(windows, season, 1)
        days = sum((last - first).days + 1 for step in steps for first, last in step.spans)
        assert days == 366
        assert whole_period(steps) == (season.start, season.end)
    assert step_names("month")[0] == "sep"
    assert step_names("half-month")[-1] == "aug2"


def test_a_window_counts_its_days_from_the_seasons_years() -> None:
    window = Window(name="S2", start="Y1-07-01", end="Y1-12-31")
    (step,) = resolve_steps((window,), Season.parse("2018-2019"), 1)
    assert step.spans == ((date(2019, 7, 1), date(2019, 12, 31)),)


def test_the_29th_of_february_is_the_28th_of_other_years() -> None:
    window = Window(name="feb", start="Y1-02-01", end="Y1-02-29")
    (step,) = resolve_steps((window,), Season.parse("2022-2023"), 1)
    assert step.spans[0][1] == date(2023, 2, 28)


def test_pooled_seasons_add_the_same_days_of_earlier_years() -> None:
    steps = resolve_steps("month", Season.parse("2016-2017"), 2)
    september = steps[0]
    assert september.contains(datetime(2015, 9, 30, 23, tzinfo=UTC))
    assert september.contains(datetime(2016, 9, 1, tzinfo=UTC))
    assert not september.contains(datetime(2014, 9, 15, tzinfo=UTC))


@pytest.mark.parametrize("text", ["2019-07-01", "Y1-13-01", "Y1-06-32", "Y1-6-1"])
def test_a_day_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValidationError, match="Y1-06-30"):
        Window(name="x", start=text, end="Y1-12-31")
