"""Mean reflectance of every unit by date: green canopy, dry plant matter, weeds and ground, mixed by their cover."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from demo.ground import Units
from demo.growth import Season, covers, pulse, weeds
from demo.tables import COVERS, CROPS, cover_index, phenology, spectra

FloatArray = npt.NDArray[np.float32]

CANOPY_SPREAD = 0.055
"""Relative deviation of a field's canopy reflectance by group of bands: cultivar, leaf angle, water, disease."""
BAND_GROUPS = ((0, 1, 2), (3,), (4, 5, 6, 7), (8, 9))
"""Visible, red edge, near infrared and short-wave infrared bands vary together."""
WET_SOIL = 0.80
"""Reflectance of wet soil as a share of dry soil's (Lobell & Asner 2002: darker by some 10 to 40 %)."""
RAINS = (78.0, 212.0, 9.0)
"""Start and end of the rains, days after 1 September, and how sharp they are: mid-November to end of March."""
TURBID = 0.75
"""Share of turbid water at the height of the rains."""
FULL_COVER = 0.97
"""Green cover never closes more than this share of the ground."""
TREE_DENSITY = 1.3
"""Cover under a lone tree's crown, relative to closed woodland's mean."""


@dataclass(frozen=True)
class Growth:
    """Mean state of every unit by date.

    reflectance: float32 [date, unit, band] 0..1; cover, slope: float32 [date, unit] green cover and its change a day;
    contrast: float32 [unit, band] canopy less ground: what more cover adds; tree: float32 [date, band]
    reflectance of a lone tree.
    """

    reflectance: FloatArray
    cover: FloatArray
    slope: FloatArray
    contrast: FloatArray
    tree: FloatArray


def _ground_reflectance(units: Units, sand: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the reflectance [unit, band] of the ground under each unit: clay, sand, rock, roofs or water."""
    tones = spectra()
    soil = (1.0 - sand[:, None]) * tones["red clay"] + sand[:, None] * tones["granite sand"]
    bare, built, water = (units.cover == cover_index(name) for name in ("bare", "built-up", "water"))
    rocky = rng.uniform(0.25, 0.95, len(units)).astype(np.float32)[:, None]
    soil = np.where(bare[:, None], rocky * tones["granite rock"] + (1 - rocky) * soil, soil)
    roofed = rng.uniform(0.38, 0.70, len(units)).astype(np.float32)[:, None]
    soil = np.where(built[:, None], roofed * tones["roofs"] + (1 - roofed) * soil, soil)
    soil = soil * (1.0 + rng.normal(0.0, 0.07, (len(units), 1)))
    return np.where(water[:, None], tones["clear water"], soil).astype(np.float32)


def _canopies(names: list[str], rng: np.random.Generator) -> FloatArray:
    """Return one canopy reflectance [unit, band] a name, varied by group of bands."""
    canopy = np.stack([spectra()[name] for name in names])
    for group in BAND_GROUPS:
        canopy[:, group] *= 1.0 + rng.normal(0.0, CANOPY_SPREAD, (len(names), 1))
    return canopy.astype(np.float32)


def _entry(cover: int) -> dict[str, Any]:
    """Return the calendar entry of a cover by its position in `COVERS`."""
    name = COVERS[cover]
    return dict(phenology()["crops" if name in CROPS else "natural"][name])


@dataclass(frozen=True)
class _Cover:
    """Shares of the ground, float32 [unit, date]: own canopy, the earlier crop's, weeds, dry plant matter."""

    own: FloatArray
    before: FloatArray
    weeds: FloatArray
    dry: FloatArray

    @property
    def green(self) -> FloatArray:
        """All that is green, 0..1."""
        return self.own + self.before + self.weeds


@dataclass(frozen=True)
class _Materials:
    """Reflectance of what a unit is mixed from, float32 [unit, band]."""

    own: FloatArray
    before: FloatArray
    dry: FloatArray
    ground: FloatArray


def _cover(units: Units, season: Season) -> _Cover:
    """Return the shares of the ground, squeezed so that they never pass the whole."""
    own, before = covers(season, units)
    weed = weeds(units, season, own.green + before.green)
    total = own.green + before.green + weed
    squeeze = np.minimum(1.0, FULL_COVER / np.maximum(total, 1e-6))
    dry = np.minimum(own.dry + before.dry, np.maximum(0.0, 1.0 - total * squeeze))
    return _Cover(own.green * squeeze, before.green * squeeze, weed * squeeze, dry)


def _materials(units: Units, sand: FloatArray, rng: np.random.Generator) -> _Materials:
    """Return the materials of every unit, each with its own deviation."""
    entries = [_entry(int(cover)) for cover in units.cover]
    return _Materials(
        own=_canopies([entry["canopy"] for entry in entries], rng),
        before=_canopies([COVERS[cover] if cover >= 0 else "grass" for cover in units.before.tolist()], rng),
        dry=_canopies([entry.get("residue_kind", entry.get("dry", "")) for entry in entries], rng),
        ground=_ground_reflectance(units, sand, rng),
    )


def _mixed(step: int, cover: _Cover, parts: _Materials, water: npt.NDArray[np.bool_], rain: float) -> FloatArray:
    """Return the reflectance [unit, band] of every unit on one date; rain 0..1 wets soil and muddies water."""
    own, before, weed, dry = (share[:, step, None] for share in (cover.own, cover.before, cover.weeds, cover.dry))
    mud = (spectra()["turbid water"] - spectra()["clear water"]) * TURBID * rain
    ground = np.where(water, parts.ground + mud, parts.ground * (1.0 - (1.0 - WET_SOIL) * rain))
    bare = np.maximum(0.0, 1.0 - own - before - weed - dry)
    plants = own * parts.own + before * parts.before + weed * spectra()["grass"] + dry * parts.dry
    return np.asarray(plants + bare * ground, np.float32)


def _lone_tree(season: Season, count: int) -> FloatArray:
    """Return the reflectance [date, band] of a lone tree's crown."""
    green = np.clip(season.natural("woodland", np.zeros(1, np.int64)).green[0, :count, None] * TREE_DENSITY, 0.0, 1.0)
    return np.asarray(green * spectra()["tree"] + (1.0 - green) * spectra()["bark"], np.float32)


def grow(units: Units, sand: FloatArray, days: FloatArray, start: date, rng: np.random.Generator) -> Growth:
    """Return the state of every unit on some days (float32, days after `start`, 1 September).

    sand: float32 [unit] share of granite sand in the soil, 0..1.
    """
    count = len(days)
    season = Season(units, np.concatenate([days, days + 1.0]), start, rng)
    cover = _cover(units, season)
    parts = _materials(units, sand, rng)
    rains = {"green": {"days": RAINS[0], "width": RAINS[2]}, "fade": {"days": RAINS[1], "width": RAINS[2]}}
    wet = pulse(rains, days)
    water = (units.cover == cover_index("water"))[:, None]
    green = cover.green.T
    return Growth(
        reflectance=np.stack([_mixed(step, cover, parts, water, float(wet[step])) for step in range(count)]),
        cover=np.ascontiguousarray(green[:count]),
        slope=np.ascontiguousarray(green[count:] - green[:count]),
        contrast=np.where(water, 0.0, parts.own - parts.ground).astype(np.float32),
        tree=_lone_tree(season, count),
    )
