"""A season is two consecutive years, however they are joined."""

from __future__ import annotations

import pytest

from training.samples.seasons import parse_season


@pytest.mark.parametrize(
    "raw", ["2023-2024", " 2023/2024", "2023_2024", "2023/24", "2023-24", "2023 - 2024", "2023\u20132024"]
)
def test_spellings_of_one_season_are_one(raw: str) -> None:
    assert parse_season(raw) == "2023-2024"


def test_the_turn_of_the_century_is_a_season() -> None:
    assert parse_season("1999/00") == "1999-2000"


@pytest.mark.parametrize("raw", ["", "2023", "2023-2025", "2024-2023", "2023-2023", "23-24", "1950-1951", "2023-2024x"])
def test_anything_else_is_none(raw: str) -> None:
    assert parse_season(raw) is None
