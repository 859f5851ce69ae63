"""The season and its days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from imagery.season import InvalidSeason, Season


def test_a_season_runs_from_september_to_august() -> None:
    season = Season.parse("2023-2024")
    assert (season.start, season.end) == (date(2023, 9, 1), date(2024, 8, 31))
    assert season.months[0] == (2023, 9)
    assert season.months[-1] == (2024, 8)
    assert len(season.months) == 12
    assert str(season) == "2023-2024"


@pytest.mark.parametrize("text", ["2023", "2023-2025", "2024-2023", "23-24", "2023/2024", "", "1800-1801", None])
def test_anything_but_two_years_in_a_row_is_refused(text: object) -> None:
    with pytest.raises(InvalidSeason, match=r"season|outside"):
        Season.parse(text)


def test_a_moment_belongs_to_the_season_of_its_utc_day() -> None:
    season = Season.parse("2023-2024")
    late = datetime(2023, 8, 31, 23, 30, tzinfo=timezone(timedelta(hours=-2)))
    assert season.contains(late)
    assert not season.contains(datetime(2024, 9, 1, tzinfo=UTC))
    assert season.contains(date(2024, 8, 31))
