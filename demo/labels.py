"""Label batches as enumerators would bring them: visits to farms, several points a field, a few slips of the pen."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from demo.grid import RESOLUTION_M, to_lonlat
from demo.ground import SYSTEMS, Ground
from demo.tables import COVERS, cover_index

if TYPE_CHECKING:
    from shapely import Polygon

BATCH_NAMES = ("batch-a", "batch-b")
FULL_BATCH_ROWS = (640, 580)
SMALL_BATCH_ROWS = 150
"""A small landscape still needs this many samples a batch."""
WANTED = {
    "maize": 0.25, "soybean": 0.14, "tobacco": 0.13, "cotton": 0.10, "winter wheat": 0.08, "woodland": 0.10,
    "grassland": 0.10, "water": 0.03, "bare": 0.03, "built-up": 0.04,
}  # fmt: skip
"""Share of the samples by class: crops are what enumerators look for."""
POINTS_A_FIELD = (2, 4)
VISITS_A_DAY = {"commercial": 2, "communal": 1, "wild": 1}
"""How many fields of a system are visited in turn."""
MARGIN_M = 14.0
"""Enumerators walk into a field before they take a point."""
CLUSTER_PX = 12.0
"""Radius of a cluster of points on unfarmed land, pixels."""
GPS_ERROR_M = 4.0
MISTAKEN_SHARE = 0.015
"""Share of the rows whose crop the enumerator takes for another."""
SPELLINGS = {"maize": ("maize", "Maize", "MAIZE"), "winter wheat": ("winter wheat", "Winter Wheat", "winter_wheat")}
HEADER = ("system:index", "lon", "lat", "season", "label")


@dataclass(frozen=True)
class Row:
    """One row of a batch before it is written: degrees of WGS 84 and a label."""

    lon: float
    lat: float
    label: str


def _interior(ground: Ground, index: int) -> Polygon | None:
    """Return a unit's ground well inside its edge, or None when there is none or it is painted over."""
    from demo.polygons import polygons_of

    shape = ground.shapes[index]
    if shape is None:
        return None
    for margin in (MARGIN_M, 0.0):
        parts = polygons_of(shape.buffer(-margin))
        if parts:
            return parts[0]
    return None


def _points_in(ground: Ground, index: int, count: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return up to `count` places (metres) inside a unit that later paint left visible."""
    inside = _interior(ground, index)
    if inside is None:
        return []
    from shapely import contains_xy

    west, south, east, north = inside.bounds
    x, y = rng.uniform(west, east, 24 * count), rng.uniform(south, north, 24 * count)
    rows, columns = ground.grid.pixel_of(x, y)
    size = ground.grid.size_px
    kept = contains_xy(inside, x, y) & (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    kept &= ground.unit[np.clip(rows, 0, size - 1), np.clip(columns, 0, size - 1)] == index
    return list(zip(x[kept][:count].tolist(), y[kept][:count].tolist(), strict=True))


def _wild_points(ground: Ground, cover: str, count: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Return places (metres) in clusters on pixels whose surroundings bear the same cover."""
    from scipy.ndimage import binary_erosion

    mask = ground.units.cover[ground.unit] == cover_index(cover)
    core = binary_erosion(mask, iterations=2)
    rows, columns = np.nonzero(core if core.any() else mask)
    places: list[tuple[float, float]] = []
    while len(places) < count and len(rows):
        seed = int(rng.integers(len(rows)))
        near = np.flatnonzero(np.hypot(rows - rows[seed], columns - columns[seed]) < CLUSTER_PX)
        for pick in rng.choice(near, min(len(near), int(rng.integers(2, 6))), replace=False):
            west, _, _, north = ground.grid.bounds
            jitter = rng.uniform(0.2, 0.8, 2)
            places.append(
                (west + (columns[pick] + jitter[0]) * RESOLUTION_M, north - (rows[pick] + jitter[1]) * RESOLUTION_M)
            )
    return places[:count]


def _visits(ground: Ground, cover: str, half: int, rng: np.random.Generator) -> list[int]:
    """Return the fields of a crop in the order of visits, farm by farm; each batch has its own half of the fields.

    Commercial and communal fields take turns: a survey that followed the number of fields would see few large ones.
    """
    fields = np.flatnonzero(ground.units.is_field & (ground.units.cover == cover_index(cover)))
    fields = fields[np.arange(len(fields)) % len(BATCH_NAMES) == half] if len(fields) > 1 else fields
    farms = rng.permutation(int(ground.units.zone.max()) + 1)
    by_farm = fields[np.argsort(farms[ground.units.zone[fields]], kind="stable")]
    system = ground.units.system[by_farm]
    turn = np.empty(len(by_farm), np.float64)
    for name, visits in VISITS_A_DAY.items():
        of_system = system == SYSTEMS.index(name)
        turn[of_system] = np.arange(of_system.sum()) / visits
    return [int(index) for index in by_farm[np.argsort(turn, kind="stable")]]


def _crop_points(
    ground: Ground, cover: str, count: int, half: int, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Return places (metres) in fields of a crop: a few a field, until `count` are found or the fields are used up."""
    places: list[tuple[float, float]] = []
    visits = _visits(ground, cover, half, rng)
    each = max(POINTS_A_FIELD[0], -(-count // max(len(visits), 1)))
    for index in visits:
        if len(places) >= count:
            break
        places += _points_in(ground, index, max(each, int(rng.integers(*POINTS_A_FIELD, endpoint=True))), rng)
    return places[:count]


def _rows(ground: Ground, total: int, half: int, rng: np.random.Generator) -> list[Row]:
    """Return the good rows of one batch: clusters of fields, classes unequal, GPS errors, a few mistaken crops."""
    rows: list[Row] = []
    for cover, share in WANTED.items():
        count = max(4, round(share * total))
        is_crop = COVERS.index(cover) < COVERS.index("woodland")
        places = _crop_points(ground, cover, count, half, rng) if is_crop else _wild_points(ground, cover, count, rng)
        if not places:
            continue
        east, north = (
            np.asarray(axis) + rng.normal(0.0, GPS_ERROR_M, len(places)) for axis in zip(*places, strict=True)
        )
        lon, lat = to_lonlat(east, north)
        for x, y in zip(lon.tolist(), lat.tolist(), strict=True):
            label = cover
            if is_crop and rng.random() < MISTAKEN_SHARE:
                label = str(rng.choice([name for name in ("maize", "tobacco", "soybean", "cotton") if name != cover]))
            rows.append(Row(round(x, 6), round(y, 6), str(rng.choice(SPELLINGS.get(label, (label,))))))
    return rows


def _spoil(rows: list[Row], rng: np.random.Generator) -> list[Row]:
    """Add the slips that real batches hold, some one in a hundred: a typing error, swapped coordinates, a double."""
    picks = [rows[int(index)] for index in rng.choice(len(rows), 5, replace=False)]
    slips = [
        Row(picks[0].lon, picks[0].lat, "miaze"),
        Row(picks[1].lon, picks[1].lat, "soyabeen"),
        Row(picks[2].lat, picks[2].lon, picks[2].label),
        picks[3],
        Row(picks[4].lon + 20.0, picks[4].lat, picks[4].label),
    ]
    spoilt = list(rows)
    for slip in slips:
        spoilt.insert(int(rng.integers(len(rows) // 2, len(rows))), slip)
    return spoilt


def write_batches(folder: Path, ground: Ground, season: str, seed: int) -> tuple[Path, ...]:
    """Write `batch-a.csv` and `batch-b.csv` (system:index, lon, lat, season, label); return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for half, (name, full) in enumerate(zip(BATCH_NAMES, FULL_BATCH_ROWS, strict=True)):
        rng = np.random.default_rng([seed, 2, half])
        total = max(SMALL_BATCH_ROWS, round(full * min(1.0, ground.grid.scale)))
        rows = _spoil(_rows(ground, total, half, rng), rng)
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(HEADER)
            for number, row in enumerate(rows):
                writer.writerow((f"simulated-{name[-1]}-{number:05d}", row.lon, row.lat, season, row.label))
        paths.append(path)
    return tuple(paths)
