"""Time windows of a recipe: which dates of a season make one step of the composite."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from imagery.season import Season

_DAY = re.compile(r"Y(-?\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
MIDDLE_OF_MONTH = 15  # half months: 1 to 15, and 16 to the last day

Every = Literal["month", "half-month"]


class Window(BaseModel):
    """One window, by days counted from the season's years: `Y0` is the year it starts in, `Y1` the year it ends in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9]{1,12}$")
    start: str
    end: str

    @field_validator("start", "end")
    @classmethod
    def _is_a_day(cls, text: str) -> str:
        if _DAY.fullmatch(text) is None:
            raise ValueError(f"{text!r} is not a day of a season: write Y1-06-30 for 30 June of the year it ends in")
        return text


@dataclass(frozen=True)
class Step:
    """One step of a composite: its name and the inclusive spans of UTC days it is made of."""

    name: str
    spans: tuple[tuple[date, date], ...]

    def contains(self, moment: datetime) -> bool:
        """Tell whether a moment (UTC when it has no zone) lies in the step."""
        day = (moment.astimezone(UTC) if moment.tzinfo else moment).date()
        return any(first <= day <= last for first, last in self.spans)


def step_names(windows: Every | tuple[Window, ...]) -> tuple[str, ...]:
    """Return the names of the steps: `sep` to `aug`, `sep1` to `aug2`, or the names of the windows."""
    return tuple(step.name for step in resolve_steps(windows, Season(2000), 1))


def resolve_steps(windows: Every | tuple[Window, ...], season: Season, pooled: int) -> tuple[Step, ...]:
    """Return the steps of a season; with `pooled` = n each also takes the same days of the n - 1 seasons before."""
    seasons = [Season(season.first_year - back) for back in range(pooled)]
    each = [_steps_of_one(windows, one) for one in seasons]
    return tuple(
        Step(same[0].name, tuple(span for step in same for span in step.spans)) for same in zip(*each, strict=True)
    )


def whole_period(steps: tuple[Step, ...]) -> tuple[date, date]:
    """Return the first and the last day of all steps together."""
    spans = [span for step in steps for span in step.spans]
    return min(first for first, _ in spans), max(last for _, last in spans)


def _steps_of_one(windows: Every | tuple[Window, ...], season: Season) -> tuple[Step, ...]:
    if not isinstance(windows, str):
        return tuple(Step(w.name, ((_day(w.start, season), _day(w.end, season)),)) for w in windows)
    steps: list[Step] = []
    for year, month in season.months:
        name = calendar.month_abbr[month].lower()
        first, last = date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        middle = date(year, month, MIDDLE_OF_MONTH)
        if windows == "month":
            steps.append(Step(name, ((first, last),)))
        else:
            steps.append(Step(f"{name}1", ((first, middle),)))
            steps.append(Step(f"{name}2", ((middle + timedelta(days=1), last),)))
    return tuple(steps)


def _day(text: str, season: Season) -> date:
    """Resolve `Y1-02-29` in a season; a day past the end of its month is the month's last."""
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month = season.first_year + int(match[1]), int(match[2])
    return date(year, month, min(int(match[3]), calendar.monthrange(year, month)[1]))
