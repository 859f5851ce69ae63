"""Seasons as batches write them: two consecutive years, 1 September of the first to 31 August of the second."""

from __future__ import annotations

import re

# 1984: Landsat 5, the first satellite at 30 m. 2100: a slip of the keyboard rather than a plan.
FIRST_YEAR, LAST_YEAR = 1984, 2100

_SEASON = re.compile(r"(\d{4})\s*[-/_\u2013\u2014]\s*(\d{4}|\d{2})")
_CENTURY = 100


def parse_season(raw: str) -> str | None:
    """Return `2023-2024` for 2023-2024, 2023/2024, 2023_2024 or 2023/24; None for anything else.

    A single year is None, for it may be the year of planting or the one of harvest.
    """
    match = _SEASON.fullmatch(raw.strip())
    if match is None:
        return None
    first, second = int(match[1]), int(match[2])
    if len(match[2]) == 2:  # noqa: PLR2004 (digits: 24 for 2024)
        second += (first + 1) // _CENTURY * _CENTURY
    if second != first + 1 or not FIRST_YEAR <= first < LAST_YEAR:
        return None
    return f"{first}-{second}"
