"""How each unit greens, ripens and lies bare through the season: green and dry cover by date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from demo.ground import SYSTEMS, Units
from demo.tables import COVERS, CROPS, cover_index, phenology

FloatArray = npt.NDArray[np.float32]

YEAR_DAYS = 365.0
FARM_SPREAD, FIELD_SPREAD = 0.20, 0.24
"""Deviation of a farm's and of a field's sowing date, as a share of the crop's sowing window."""
VIGOUR_SPREAD = 0.13
"""Relative deviation of a field's highest cover: soils, inputs, stands."""
HURRY = 0.5
"""How much earlier in its window a crop is sown that wheat follows."""
PLOUGH_DAYS = 16.0
"""Residue is gone this long before sowing."""


def day_of_season(month_day: list[int], start: date) -> float:
    """Return days from 1 September for a [month, day] of the season that starts on `start`."""
    month, day = month_day
    year = start.year if month >= start.month else start.year + 1
    return float((date(year, month, day) - start).days)


def logistic(days: FloatArray, middle: FloatArray | float, width: FloatArray | float) -> FloatArray:
    """Return the rise from 0 to 1 around `middle`; `width` days is a quarter of the slope's inverse."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip((days - middle) / width, -40.0, 40.0))), np.float32)


@dataclass(frozen=True)
class Cycle:
    """Green and dry cover, float32 [unit, date], of one crop in the units that bear it (0 elsewhere)."""

    green: FloatArray
    dry: FloatArray


def _crop_cycle(
    entry: dict[str, Any], sowing: FloatArray, peak: FloatArray, harvest: FloatArray, days: FloatArray
) -> Cycle:
    """Return one growing of a crop: days since sowing [unit, date], peak cover [unit, 1], harvest day [unit, 1]."""
    age = days - sowing
    grown = logistic(age, entry["green"]["days"], entry["green"]["width"])
    faded = logistic(age, entry["fade"]["days"], entry["fade"]["width"])
    standing = logistic(age, harvest, 2.0)
    green = peak * grown * (1.0 - faded) * (1.0 - standing)
    dry = entry["dry_cover"] * (peak / 0.8) * faded * (1.0 - standing)
    left = entry["residue"] * np.exp(-np.maximum(age - harvest, 0.0) / entry["residue_decay_days"]) * standing
    # the year's round: residue lasts until the ploughing before the next sowing
    unploughed = logistic(YEAR_DAYS - PLOUGH_DAYS - age, 0.0, 3.0)
    return Cycle(green.astype(np.float32), ((dry + left) * unploughed).astype(np.float32))


class Season:
    """Draws each unit's dates and covers, and adds its crops up."""

    def __init__(self, units: Units, days: FloatArray, start: date, rng: np.random.Generator) -> None:
        self.units, self.days, self.start, self.rng = units, days[None, :], start, rng
        farms = rng.normal(0.0, FARM_SPREAD, int(units.zone.max()) + 1)
        self.place = np.clip(0.5 + farms[units.zone] + rng.normal(0.0, FIELD_SPREAD, len(units)), 0.0, 1.0)
        self.vigour = np.clip(1.0 + rng.normal(0.0, VIGOUR_SPREAD, len(units)), 0.5, 1.25).astype(np.float32)

    def pick(self, by_system: dict[str, Any], index: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return a value by farming system for some units; wild land counts as communal."""
        values = np.asarray([by_system.get(system, by_system["communal"]) for system in SYSTEMS], np.float64)
        return values[self.units.system[index]]

    def crop(self, name: str, index: npt.NDArray[np.int64], *, hurried: bool = False) -> Cycle:
        """Return cover [len(index), date] of a crop: this year's growing, and last year's that still shows.

        A hurried crop is sown and cut early, because wheat follows it.
        """
        entry = phenology()["crops"][name]
        windows = {key: [day_of_season(edge, self.start) for edge in window] for key, window in entry["sowing"].items()}
        early = self.pick({key: value[0] for key, value in windows.items()}, index)
        late = self.pick({key: value[1] for key, value in windows.items()}, index)
        place = self.place[index] * (HURRY if hurried else 1.0)
        sowing = (early + (late - early) * place).astype(np.float32)[:, None]
        peak = (self.pick(entry["cover"], index) * self.vigour[index]).clip(0.0, 0.95).astype(np.float32)[:, None]
        first, last = entry["harvest_days"]
        harvest = self.rng.uniform(first, first if hurried else last, (len(index), 1)).astype(np.float32)
        cycles = [_crop_cycle(entry, sowing + shift, peak, harvest, self.days) for shift in (0.0, -YEAR_DAYS)]
        return Cycle(cycles[0].green + cycles[1].green, cycles[0].dry + cycles[1].dry)

    def natural(self, name: str, index: npt.NDArray[np.int64]) -> Cycle:
        """Return cover [len(index), date] of a natural cover, periodic over the years."""
        entry = phenology()["natural"][name]
        lag = self.rng.normal(0.0, 5.0, (len(index), 1)).astype(np.float32)
        flush = pulse(entry, self.days + lag)
        vigour = 1.0 + 0.6 * (self.vigour[index, None] - 1.0)
        return Cycle(
            np.clip((entry["base"] + entry["flush"] * flush) * vigour, 0.0, 0.95).astype(np.float32),
            np.clip(entry["dry_cover"] * (1.0 - 0.8 * flush), 0.0, 1.0).astype(np.float32),
        )


def pulse(entry: dict[str, Any], days: FloatArray) -> FloatArray:
    """Return the yearly rise and fall, 0..1, of last year's, this year's and next year's green season."""
    total = np.zeros_like(days)
    for shift in (-YEAR_DAYS, 0.0, YEAR_DAYS):
        rise = logistic(days - shift, entry["green"]["days"], entry["green"]["width"])
        total += rise * (1.0 - logistic(days - shift, entry["fade"]["days"], entry["fade"]["width"]))
    return np.clip(total, 0.0, 1.0)


def covers(season: Season, units: Units) -> tuple[Cycle, Cycle]:
    """Return the cover [unit, date] of each unit's own class, and of the crop that stood there before."""
    shape = (len(units), season.days.shape[1])
    own, before = (Cycle(np.zeros(shape, np.float32), np.zeros(shape, np.float32)) for _ in range(2))
    for name in COVERS:
        index = np.flatnonzero(units.cover == cover_index(name))
        cycle = season.crop(name, index) if name in CROPS else season.natural(name, index)
        own.green[index], own.dry[index] = cycle.green, cycle.dry
        earlier = np.flatnonzero(units.before == cover_index(name))
        if len(earlier):
            cycle = season.crop(name, earlier, hurried=True)
            before.green[earlier], before.dry[earlier] = cycle.green, cycle.dry * 0.4
    return own, before


def weeds(units: Units, season: Season, green: FloatArray) -> FloatArray:
    """Return the weed cover [unit, date] of fields: with the rains, and only where light is left."""
    entry = phenology()["weeds"]
    share = season.pick(entry["cover"], np.arange(len(units))) * season.rng.uniform(0.3, 1.7, len(units))
    crop = np.isin(units.cover, [cover_index(name) for name in CROPS])
    return ((share * crop)[:, None] * pulse(entry, season.days) * (1.0 - green)).astype(np.float32)
