"""Scenes behind a slow network: read at the same time, headers once, failures by scene, the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox

from benchmarks.slow_server import SlowServer
from imagery.composite import composite_block
from imagery.open_files import OPEN_FILES
from imagery.recipe import Recipe, load_recipe
from imagery.search import find_scenes

Archive = Any  # conftest's: pytest does not let tests import it
Write = Callable[..., Path]

EAST, NORTH = 240_000.0, 8_022_000.0
FIELD = shapely.box(30.5464, -17.8762, 30.5481, -17.8745)
BLOCK = GeoBox((20, 20), Affine(10, 0, EAST, 0, -10, NORTH), "EPSG:32736")
SEASON = "2023-2024"
RECIPE = """
name: two-bands
version: 1
collection: s2_l2a
assets:
  red: {asset: B04, dtype: uint16, nodata: 0, scale: 0.0001}
  nir: {asset: B08, dtype: uint16, nodata: 0, scale: 0.0001}
mask: {asset: SCL, drop: [0, 9]}
features: {series: [red, nir]}
grid: {crs: utm, resolution: 10}
"""
SCENES = 6
FILES = SCENES * 3
ONE_TRY = {"GDAL_HTTP_MAX_RETRY": "0"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SlowServer]:
    with SlowServer(tmp_path, 0.01) as server:
        yield server
    OPEN_FILES.close()


@pytest.fixture
def scenes(archive: Archive, write_recipe: Write, server: SlowServer) -> tuple[Any, Any, Recipe]:
    """Return the same scenes as files and behind the server, and their recipe."""
    rng = np.random.default_rng(1)
    for day in range(SCENES):
        bands = {band: rng.integers(1, 3000, (20, 20)).astype(np.uint16) for band in ("B04", "B08")}
        archive.add(f"2023-10-{day + 1:02d}T08:00:00", {**bands, "SCL": 4})
    recipe = load_recipe(write_recipe(RECIPE))
    near = find_scenes(archive.save(), recipe, FIELD, SEASON).items
    far = [item.clone() for item in near]
    for item in far:
        for asset in item.assets.values():
            asset.href = f"{server.url}/{Path(asset.href).relative_to(archive.folder)}"
    return near, far, recipe


def test_remote_scenes_give_the_same_and_their_headers_are_read_once(
    scenes: tuple[Any, Any, Recipe], server: SlowServer
) -> None:
    near, far, recipe = scenes
    expected = composite_block(near, recipe, BLOCK, SEASON)
    made = composite_block(far, recipe, BLOCK, SEASON)
    assert np.array_equal(made.values, expected.values)
    assert made.scenes_used == expected.scenes_used
    starts = [part for parts in server.ranges.values() for part in parts if part[0] == 0]
    assert len(starts) == FILES
    server.clear()
    again = composite_block(far, recipe, BLOCK[3:9, 4:20], SEASON)
    assert np.array_equal(again.values, expected.values[..., 3:9, 4:20])
    assert [path for method, path in server.requests if method == "HEAD"] == []
    assert [part for parts in server.ranges.values() for part in parts if part[0] == 0] == []
    listed = [path for _, path in server.requests if not path.endswith(".tif")]
    assert listed == []


def test_many_reads_wait_at_the_same_time(scenes: tuple[Any, Any, Recipe], server: SlowServer) -> None:
    _, far, recipe = scenes
    composite_block(far, recipe, BLOCK, SEASON, threads=1)
    assert server.most_at_once > 2


def test_a_scene_that_the_server_refuses_is_left_out(scenes: tuple[Any, Any, Recipe], server: SlowServer) -> None:
    near, far, recipe = scenes
    server.refused.add("/S2_20231003T080000/B08.tif")
    made = composite_block(far, recipe, BLOCK, SEASON, gdal_options=ONE_TRY)
    ((name, reason),) = made.scenes_failed
    assert name == "S2_20231003T080000"
    assert "B08.tif" in reason
    others = [item for item in near if item.id != name]
    assert np.array_equal(made.values, composite_block(others, recipe, BLOCK, SEASON).values)


def test_a_passing_fault_of_the_server_is_tried_again(scenes: tuple[Any, Any, Recipe], server: SlowServer) -> None:
    near, far, recipe = scenes
    server.faults["/S2_20231003T080000/B08.tif"] = 2
    made = composite_block(far, recipe, BLOCK, SEASON, gdal_options={"GDAL_HTTP_RETRY_DELAY": "0.01"})
    assert made.scenes_failed == ()
    assert server.faults["/S2_20231003T080000/B08.tif"] == 0
    assert np.array_equal(made.values, composite_block(near, recipe, BLOCK, SEASON).values)
