"""The painted landscape: which unit each pixel belongs to, what each unit is, and the truth map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from demo.grid import Grid
from demo.layout import Layout, lay_out
from demo.noise import octaves, smooth
from demo.tables import class_codes, cover_index

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

SYSTEMS = ("commercial", "communal", "wild")
WOODED_SHARE = {"wild": 0.66, "communal": 0.14, "commercial": 0.42}
"""Share of the unfarmed land that is woodland, by zone system."""
TREE_SHARE = {"wild": 0.05, "communal": 0.07, "commercial": 0.015}
"""Chance that a pixel outside woodland carries a lone tree."""
NO_BURN = np.float32(1e6)
BURN_DAYS = (-12.0, 22.0, 318.0, 341.0)
"""Days after 1 September on which parts of the wild land burn: late dry season, before and at the end of the season."""
BURNT_SHARE = 0.05
NO_CROP = -1


@dataclass(frozen=True)
class Units:
    """One entry a unit, a field or a patch of one cover.

    cover, before: int8 positions in `demo.tables.COVERS` (`before` is -1 where no crop stood before); system: int8
    position in `SYSTEMS`; zone: int32; is_field: bool.
    """

    cover: npt.NDArray[np.int8]
    before: npt.NDArray[np.int8]
    system: npt.NDArray[np.int8]
    zone: npt.NDArray[np.int32]
    is_field: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cover)


@dataclass(frozen=True)
class Ground:
    """The landscape as rasters [row, column] of the grid.

    unit: int32 position in `units`; truth: uint8 codes of `training.classes`; trees: float32 share of a pixel
    under lone trees; vigour, lag, brightness: float32 texture of mean 0 and deviation 1; sand: float32 share of
    granite sand in the soil, 0..1; burn_day: float32 day after 1 September (1e6 where nothing burns); shapes: the
    units' geometry in metres, None for the unfarmed land of a zone.
    """

    grid: Grid
    units: Units
    shapes: list[BaseGeometry | None]
    unit: npt.NDArray[np.int32]
    truth: npt.NDArray[np.uint8]
    trees: npt.NDArray[np.float32]
    vigour: npt.NDArray[np.float32]
    lag: npt.NDArray[np.float32]
    brightness: npt.NDArray[np.float32]
    sand: npt.NDArray[np.float32]
    burn_day: npt.NDArray[np.float32]


def _rasterize(shapes: list[tuple[BaseGeometry, int]], grid: Grid, background: npt.NDArray[np.int32]) -> None:
    """Burn shapes with their values into an int32 raster, in order, pixel centres deciding."""
    from rasterio.features import rasterize

    if shapes:
        rasterize(shapes, out=background, transform=grid.transform())


def _base(layout: Layout, rng: np.random.Generator) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the zone of every pixel and its unfarmed unit: two units a zone, woodland (even) and grassland (odd)."""
    grid = layout.grid
    zone = np.zeros((grid.size_px, grid.size_px), np.int32)
    _rasterize([(shape, index) for index, shape in enumerate(layout.zones)], grid, zone)
    thicket = octaves(rng, grid.size_px, (110 * grid.scale, 40 * grid.scale, 15, 6), fall=0.72)
    wooded = np.asarray([WOODED_SHARE[system] for system in layout.systems])
    threshold = np.quantile(thicket, 1.0 - wooded).astype(np.float32)
    return zone, zone * 2 + (thicket < threshold[zone])


def _units(layout: Layout) -> tuple[Units, list[BaseGeometry | None]]:
    """Return the table of units: first the unfarmed ones of each zone, then the patches in painting order."""
    rows: list[tuple[int, int, int, int, bool]] = []
    shapes: list[BaseGeometry | None] = []
    for zone, system in enumerate(layout.systems):
        for cover in ("woodland", "grassland"):
            rows.append((cover_index(cover), NO_CROP, SYSTEMS.index(system), zone, False))
            shapes.append(None)
    for patch in layout.patches:
        before = cover_index(patch.crop_before) if patch.crop_before not in ("", "fallow") else NO_CROP
        rows.append((cover_index(patch.cover), before, SYSTEMS.index(patch.system), patch.zone, patch.is_field))
        shapes.append(patch.shape)
    table = np.asarray(rows, np.int32)
    units = Units(
        cover=table[:, 0].astype(np.int8),
        before=table[:, 1].astype(np.int8),
        system=table[:, 2].astype(np.int8),
        zone=table[:, 3],
        is_field=table[:, 4].astype(bool),
    )
    return units, shapes


def _trees(units: Units, unit: npt.NDArray[np.int32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return the share of every pixel under lone trees: scattered outside woodland and water."""
    chance = np.asarray([TREE_SHARE[system] for system in SYSTEMS], np.float32)[units.system]
    bare_of_trees = np.isin(units.cover, [cover_index("woodland"), cover_index("water")])
    chance = np.where(bare_of_trees, 0.0, np.where(units.is_field, chance * 0.35, chance)).astype(np.float32)
    present = rng.random(unit.shape, np.float32) < chance[unit]
    return present * rng.uniform(0.25, 0.85, unit.shape).astype(np.float32)


def _burns(units: Units, unit: npt.NDArray[np.int32], grid: Grid, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return the day on which each pixel burns; only wild woodland and grassland does."""
    burnable = np.isin(units.cover, [cover_index("woodland"), cover_index("grassland")])
    burnable &= (units.system == SYSTEMS.index("wild")) & ~units.is_field
    day = np.full(unit.shape, NO_BURN, np.float32)
    for burn in BURN_DAYS:
        field = octaves(rng, grid.size_px, (90 * grid.scale, 25, 8))
        day[(field > np.quantile(field, 1.0 - BURNT_SHARE)) & burnable[unit]] = burn
    return day


def make_ground(grid: Grid, rng: np.random.Generator) -> Ground:
    """Paint the landscape; the same for the same grid and generator state."""
    layout = lay_out(grid, rng)
    _, unit = _base(layout, rng)
    units, shapes = _units(layout)
    first = 2 * len(layout.zones)
    _rasterize([(patch.shape, first + index) for index, patch in enumerate(layout.patches)], grid, unit)
    codes = np.asarray(list(class_codes().values()), np.uint8)
    size = grid.size_px
    return Ground(
        grid=grid,
        units=units,
        shapes=shapes,
        unit=unit,
        truth=codes[units.cover][unit],
        trees=_trees(units, unit, rng),
        vigour=octaves(rng, size, (34, 12, 4)),
        lag=smooth(rng, size, 20),
        brightness=octaves(rng, size, (60, 15, 4)),
        sand=np.clip(0.45 + 0.4 * smooth(rng, size, 180 * grid.scale), 0.0, 1.0).astype(np.float32),
        burn_day=_burns(units, unit, grid, rng),
    )
