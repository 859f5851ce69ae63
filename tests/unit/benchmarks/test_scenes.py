"""Made-up scenes are like real ones where it costs time, the same each time, and say that they are simulated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio

from benchmarks.landscape import BANDS, KINDS, Landscape, days_of
from benchmarks.scenes import COLLECTION, PATTERN, Archive, Tile, aoi_of, write_scenes
from imagery.grid import map_grid
from imagery.recipe import load_recipe
from training.classes import ClassTable

SMALL = Tile(size=64, seed=3)


def test_the_same_arguments_give_the_same_pixels() -> None:
    one, other = (Landscape(64, 3).paint(4, 120)[0] for _ in range(2))
    assert all(np.array_equal(one[band], other[band]) for band in one)
    assert not np.array_equal(one["B04"], Landscape(64, 4).paint(4, 120)[0]["B04"])


def test_a_season_has_clouds_classes_and_gaps() -> None:
    landscape = Landscape(192, 0)
    painted = [landscape.paint(number, day)[0]["SCL"] for number, day in enumerate(days_of(36))]
    share = np.mean([np.isin(classes, (3, 8, 9, 10)).mean() for classes in painted])
    assert 0.1 < share < 0.6
    assert {0, 3, 4, 5, 6, 8, 9, 10} <= {int(code) for classes in painted for code in np.unique(classes)}
    assert len(np.unique(landscape.kinds)) >= 7
    table = ClassTable.load()
    assert all(table.by_name(kind.name) for kind in KINDS)


def test_files_are_as_archives_keep_them(tmp_path: Path) -> None:
    tile = replace(SMALL, size=512)
    write_scenes(tmp_path, Archive((tile,), dates=1))
    [scene] = [path for path in tmp_path.iterdir() if path.name.startswith("SIM_")]
    stored = raw = 0
    for band in BANDS:
        with rasterio.open(scene / f"{band}.tif") as file:
            numbers = file.read(1)
            assert file.profile["blockxsize"] == 512
            assert file.profile["compress"] == "deflate"
            assert file.tags()["GEOCROP_SIMULATED"] == "YES"
        stored, raw = stored + (scene / f"{band}.tif").stat().st_size, raw + numbers.nbytes
    assert 1.4 < raw / stored < 2.2


def test_the_catalogue_says_that_it_is_simulated(tmp_path: Path) -> None:
    root = pystac.Catalog.from_file(str(write_scenes(tmp_path, Archive((SMALL,), dates=2))))
    items = list(root.get_items(recursive=True))
    assert [child.id for child in root.get_children()] == [COLLECTION]
    assert len(items) == 2
    assert all(item.properties["geocrop:simulated"] is True for item in items)
    assert all(not asset.href.startswith("/") for item in items for asset in item.assets.values())


def test_scenes_larger_than_the_pattern_repeat_it(tmp_path: Path) -> None:
    tile = replace(SMALL, size=PATTERN + 64)
    write_scenes(tmp_path, Archive((tile,), dates=1))
    [path] = tmp_path.rglob("B11.tif")
    with rasterio.open(path) as file:
        numbers = file.read(1)
    assert numbers.shape == (PATTERN // 2 + 32,) * 2
    np.testing.assert_array_equal(numbers[-32:, -32:], numbers[:32, :32])


@pytest.mark.parametrize(("margin", "side"), [(0, 64), (5, 10), (-3, 70)])
def test_an_aoi_has_exactly_its_pixels(margin: int, side: int) -> None:
    grid = map_grid(aoi_of(SMALL, margin, side), load_recipe("s2-season").grid)
    assert tuple(grid.shape) == (side, side)
    assert (grid.affine.c, grid.affine.f) == (SMALL.west + 10 * margin, SMALL.north - 10 * margin)
