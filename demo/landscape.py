"""The simulated landscape on disk: scenes in a STAC catalogue, truth, label batches, baselines and an AOI.

Nothing of it was observed, and every part of it says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np

from demo.baselines import write_baselines
from demo.catalogue import COLLECTION, SceneFacts, write_catalogue
from demo.grid import FULL_SIZE_PX, Grid, to_lonlat
from demo.ground import Ground, make_ground
from demo.labels import write_batches
from demo.mixing import grow
from demo.polygons import irregular
from demo.scenes import STATEMENT, Painter, Pass, passes, write_cog, write_scene
from demo.tables import COVERS, class_codes

VERSION = 1
"""Raised whenever the same seed gives another landscape."""
FULL_SEASON_DATES = 36
THREADS = 2
AOI_CENTRE = (0.49, 0.53)
AOI_RADIUS = 0.275
"""Radius of the AOI as a share of the landscape's side: some 5 km across in the full one."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Landscape:
    """Where everything of a simulated landscape lies, and what it is.

    catalogue: STAC `catalog.json`; truth: uint8 class codes of `training.classes`; aoi: GeoJSON feature in WGS 84;
    batches: CSV files; baselines: Dynamic World-like GeoTIFFs by year; facts: the content of `simulated.json`.
    """

    folder: Path
    season: str
    catalogue: Path
    collection: str
    truth: Path
    aoi: Path
    batches: tuple[Path, ...]
    baselines: dict[int, Path]
    facts: dict[str, Any]


def simulate(
    folder: Path,
    *,
    seed: int = 7,
    size_px: int = FULL_SIZE_PX,
    season: str = "2023-2024",
    n_dates: int = FULL_SEASON_DATES,
    threads: int = THREADS,
    progress: Progress | None = None,
) -> Landscape:
    """Write a simulated landscape into a folder; the same seed, size, season and dates give the same pixels.

    size_px: side in pixels of 10 m (even, at least 96); n_dates: scenes in the season, 1 to 73 (who takes fewer than 36
    gets the clearer ones); progress: called with a message and the share done, 0..1. The number of threads changes
    nothing but the speed.

    Raises:
        InvalidSeason: when the season is not two years that follow each other.
        ValueError: when size or number of dates is out of range.

    """
    from imagery.season import Season

    tell = progress or (lambda _message, _share: None)
    when = Season.parse(season)
    folder.mkdir(parents=True, exist_ok=True)
    tell("drawing fields", 0.0)
    ground = make_ground(Grid(size_px), np.random.default_rng([seed, 0]))
    dates = passes(when.start, when.end, n_dates, np.random.default_rng([seed, 4]))
    scenes = _write_scenes(folder / "catalogue", ground, dates, when.start, seed=seed, threads=threads, tell=tell)
    interval = (datetime.combine(when.start, time(), UTC), datetime.combine(when.end, time(23, 59, 59), UTC))
    catalogue = write_catalogue(folder / "catalogue", scenes, ground.grid, interval)
    tell("writing truth, labels and baselines", 0.93)
    write_cog(folder / "truth.tif", ground.truth, ground.grid)
    batches = write_batches(folder / "batches", ground, str(when), seed)
    baselines = write_baselines(folder / "baselines", ground, seed)
    aoi = _write_aoi(folder / "aoi.geojson", ground.grid, seed)
    facts = _facts(ground, scenes, str(when), seed)
    (folder / "simulated.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    tell("simulated landscape written", 1.0)
    return Landscape(folder, str(when), catalogue, COLLECTION, folder / "truth.tif", aoi, batches, baselines, facts)


def _write_scenes(
    folder: Path, ground: Ground, dates: list[Pass], start: date, *, seed: int, threads: int, tell: Progress
) -> list[SceneFacts]:
    """Paint and write all scenes, several at a time; return their facts by date."""
    counts = np.bincount(ground.unit.ravel(), minlength=len(ground.units))
    sand = np.bincount(ground.unit.ravel(), ground.sand.ravel(), minlength=len(ground.units)) / np.maximum(counts, 1)
    days = np.asarray([(one.day - start).days for one in dates], np.float32)
    growth = grow(ground.units, sand.astype(np.float32), days, start, np.random.default_rng([seed, 5]))
    clearest_of = max(1, FULL_SEASON_DATES // len(dates))
    painter = Painter(ground, growth, start, seed=seed, clearest_of=clearest_of)

    def work(one: Pass) -> SceneFacts:
        assets, sky = painter.paint(one)
        write_scene(folder / COLLECTION / one.id, assets, ground.grid)
        return SceneFacts(one, sky.cover)

    scenes: list[SceneFacts] = []
    with ThreadPoolExecutor(threads) as pool:
        for done in as_completed([pool.submit(work, one) for one in dates]):
            scenes.append(done.result())
            tell(f"scene of {scenes[-1].one.day}", 0.05 + 0.87 * len(scenes) / len(dates))
    return sorted(scenes, key=lambda scene: scene.one.day)


def _write_aoi(path: Path, grid: Grid, seed: int) -> Path:
    """Write the AOI: an irregular polygon in the middle of the landscape, as a GeoJSON feature in WGS 84."""
    shape = irregular(grid.point(*AOI_CENTRE), AOI_RADIUS * grid.side_m, np.random.default_rng([seed, 6]))
    east, north = np.asarray(shape.exterior.coords).T
    lon, lat = to_lonlat(east, north)
    ring = [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]
    feature = {
        "type": "Feature",
        "properties": {"name": "Demo AOI in a simulated landscape", "simulated": True},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path.write_text(json.dumps(feature) + "\n", "utf-8")
    return path


def _facts(ground: Ground, scenes: list[SceneFacts], season: str, seed: int) -> dict[str, Any]:
    """Return what was simulated, for people and for tests."""
    codes, counts = np.unique(ground.truth, return_counts=True)
    names = {code: name for name, code in class_codes().items()}
    hectares = {names[int(code)]: round(int(count) / 100.0, 1) for code, count in zip(codes, counts, strict=True)}
    return {
        "simulated": True,
        "statement": f"{STATEMENT} Fields, labels and baselines are invented as well.",
        "version": VERSION,
        "seed": seed,
        "season": season,
        "size_px": ground.grid.size_px,
        "bounds_epsg_32736": list(ground.grid.bounds),
        "fields": int(ground.units.is_field.sum()),
        "hectares": {name: hectares.get(name, 0.0) for name in COVERS},
        "scenes": [
            {"id": scene.one.id, "day": scene.one.day.isoformat(), "cloud_cover": round(scene.cloud_cover, 4)}
            for scene in scenes
        ],
    }
