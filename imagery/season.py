"""The growing season: 1 September to 31 August, written `2023-2024`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from training.errors import GeocropError

FIRST_MONTH = 9  # September: before the first rains of southern Africa
MONTHS = 12
FIRST_YEAR, LAST_YEAR = 1972, 2099  # Landsat 1 is the oldest scene a recipe could ask for

_TEXT = re.compile(r"(\d{4})-(\d{4})")


class InvalidSeason(GeocropError):
    """Write a season as two years that follow each other, such as 2023-2024 (1 September 2023 to 31 August 2024)."""

    code: ClassVar[str] = "invalid-season"


@dataclass(frozen=True, order=True)
class Season:
    """One season, from 1 September of `first_year` to 31 August of the year after."""

    first_year: int

    @classmethod
    def parse(cls, text: object) -> Season:
        """Read `2023-2024`; a Season is returned as it is.

        Raises:
            InvalidSeason: for anything but two years that follow each other, between 1972 and 2100.

        """
        if isinstance(text, Season):
            return text
        match = _TEXT.fullmatch(str(text).strip())
        if match is None:
            raise InvalidSeason(f"{str(text)[:40]!r} is not a season: write two years, such as 2023-2024")
        first, last = int(match[1]), int(match[2])
        if last != first + 1:
            raise InvalidSeason(f"{match[0]}: a season ends in the year after it starts, such as {first}-{first + 1}")
        if not FIRST_YEAR <= first <= LAST_YEAR:
            raise InvalidSeason(f"{match[0]} is outside {FIRST_YEAR}-{FIRST_YEAR + 1} to {LAST_YEAR}-{LAST_YEAR + 1}")
        return cls(first)

    @property
    def start(self) -> date:
        """The first day, 1 September."""
        return date(self.first_year, FIRST_MONTH, 1)

    @property
    def end(self) -> date:
        """The last day (inclusive), 31 August of the next year."""
        return date(self.first_year + 1, FIRST_MONTH, 1) - timedelta(days=1)

    @property
    def months(self) -> tuple[tuple[int, int], ...]:
        """The twelve (year, month) pairs, September first."""
        counts = [FIRST_MONTH - 1 + i for i in range(MONTHS)]
        return tuple((self.first_year + n // MONTHS, n % MONTHS + 1) for n in counts)

    def contains(self, moment: date | datetime) -> bool:
        """Tell whether a day, or the UTC day of a moment, lies in the season."""
        if isinstance(moment, datetime):
            moment = (moment.astimezone(UTC) if moment.tzinfo else moment).date()
        return self.start <= moment <= self.end

    def __str__(self) -> str:
        return f"{self.first_year}-{self.first_year + 1}"
