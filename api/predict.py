"""What is decided about a prediction, as plain functions of plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from api.errors import ApiError
from imagery.season import InvalidSeason, Season
from sensors.tags import BATCH, INTERACTIVE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from imagery.legend import Legend

FIRST_SEASON = Season(2015)
"""Sentinel-2A was launched in June 2015, and the baselines begin in that year: nothing older can be compared."""


class SeasonNotServed(InvalidSeason):
    """Choose a season that has begun and that the archive has; the message names the first and the last one."""

    code: ClassVar[str] = "season-not-served"


class IncompleteResult(ApiError):
    """Tell an administrator: a published map's facts and the class table do not fit each other."""

    code: ClassVar[str] = "incomplete-result"
    status: ClassVar[int] = 500


@dataclass(frozen=True)
class PastJob:
    """How long the map of how large an AOI took."""

    area_ha: float
    seconds: float


@dataclass(frozen=True)
class ClassArea:
    """What of a map has one class."""

    code: int
    name: str
    title: str
    color: str  # #rrggbb
    hectares: float
    share: float  # of the AOI's pixels, 0..1
    mean_confidence: float  # percent
    interval: tuple[float, float, float] | None = None  # hectares: estimated, low, high


def served_season(text: str, today: date) -> Season:
    """Return the season that a text names.

    Raises:
        InvalidSeason: it is none; SeasonNotServed: it has not begun, or is older than the archive.

    """
    season = Season.parse(text)
    newest = Season(today.year if (today.month, today.day) >= (FIRST_SEASON.start.month, 1) else today.year - 1)
    if season > newest:
        raise SeasonNotServed(f"Season {season} has not begun (it starts on {season.start}): the newest is {newest}.")
    if season < FIRST_SEASON:
        raise SeasonNotServed(f"Season {season} is older than the archive: the first one is {FIRST_SEASON}.")
    return season


def lane_of(area_ha: float, interactive_max_ha: float) -> str:
    """Return the lane of an AOI: small ones are drawn while the visitor waits."""
    return INTERACTIVE if area_ha <= interactive_max_ha else BATCH


def is_current(pointer: Mapping[str, Any] | None, bundle_hash: str) -> bool:
    """Tell whether a map was made with this model, so that drawing it again would give the same."""
    return pointer is not None and pointer.get("bundle_hash") == bundle_hash


def expected_seconds(area_ha: float, past: Sequence[PastJob]) -> float | None:
    """Return how long the map of an AOI should take: the past mean per hectare, never less than the quickest job.

    None without a past.
    """
    hectares = sum(job.area_ha for job in past)
    if hectares <= 0:
        return None
    mean = sum(job.seconds for job in past) / hectares
    return max(area_ha * mean, min(job.seconds for job in past))


def class_areas(
    facts: Mapping[str, Any], legend: Legend, estimates: Mapping[str, Sequence[float]] | None = None
) -> list[ClassArea]:
    """Return hectares and confidence by class from a map's facts, the largest class first.

    `estimates` are the map's own intervals by code, as its pointer has them. The same sums as
    `imagery.areas.area_table`, without pandas: an answer that is polled must be cheap.

    Raises:
        IncompleteResult: the facts name a class that the class table lacks, or lack a part.

    """
    classes = {entry.code: entry for entry in legend}
    try:
        inside = max(int(facts["pixels_inside"]), 1)
        rows = [
            ClassArea(
                code=entry.code,
                name=entry.name,
                title=entry.title,
                color=entry.color,
                hectares=round(pixels * facts["pixel_area_ha"], 4),
                share=round(pixels / inside, 6),
                mean_confidence=round(facts["confidence_by_class"][code], 2),
                interval=_rounded((estimates or {}).get(code)),
            )
            for code, pixels in facts["pixels_by_class"].items()
            for entry in (classes[int(code)],)
        ]
    except KeyError as error:
        raise IncompleteResult(f"the map's facts, or the class table, lack {error}") from error
    return sorted(rows, key=lambda row: (-row.hectares, row.code))


def _rounded(interval: Sequence[float] | None) -> tuple[float, float, float] | None:
    if interval is None:
        return None
    estimated, low, high = (round(hectares, 4) for hectares in interval)
    return estimated, low, high
