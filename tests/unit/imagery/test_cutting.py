"""Cutting a map's grid: blocks along the scenes' tiles, a file of whole tiles, less memory, no lattice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox

from imagery.cutting import SIDE, TILE, TileLattice, block_side, cut, tile_lattice
from imagery.grid import Block
from imagery.recipe import Recipe, load_recipe
from imagery.search import find_scenes

Archive = Any  # conftest's: pytest does not let tests import it
Write = Callable[..., Path]

EAST, NORTH = 240_000.0, 8_022_000.0
FIELD = shapely.box(30.5464, -17.8762, 30.5481, -17.8745)
RECIPE = """
name: two-bands
version: 1
collection: s2_l2a
assets:
  red: {asset: B04, dtype: uint16, nodata: 0, scale: 0.0001}
  swir: {asset: B11, dtype: uint16, nodata: 0, scale: 0.0001}
mask: {asset: SCL, drop: [9]}
features: {series: [red, swir]}
grid: {crs: utm, resolution: 10}
"""


@pytest.fixture
def recipe(write_recipe: Write) -> Recipe:
    return load_recipe(write_recipe(RECIPE))


def tiled(path: Path, side: int, step: float, tile: int | None) -> None:
    """Replace a file by one of tiles, or of strips, that has no pixel to speak of."""
    shape: dict[str, Any] = (
        {"tiled": False} if tile is None else {"tiled": True, "blockxsize": tile, "blockysize": tile}
    )
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=1, dtype="uint16", nodata=0, sparse_ok=True,
        crs="EPSG:32736", transform=Affine(step, 0, EAST, 0, -step, NORTH), **shape,
    ):  # fmt: skip
        pass


def scenes(archive: Archive, recipe: Recipe, tile: int | None = 512, fine: float = 10.0) -> Any:  # noqa: ANN401
    for day in (1, 6):
        archive.add(f"2023-10-{day:02d}T08:00:00", {"B04": 1, "B11": 1, "SCL": 4})
    items = find_scenes(archive.save(), recipe, FIELD, "2023-2024").items
    for item in items:
        tiled(Path(item.assets["B04"].href), 4096, fine, tile)
        tiled(Path(item.assets["B11"].href), 2048, 2 * fine, tile)
        tiled(Path(item.assets["SCL"].href), 2048, 2 * fine, tile)
    return items


def grid(column: int, row: int, height: int, width: int) -> GeoBox:
    return GeoBox((height, width), Affine(10, 0, EAST + 10 * column, 0, -10, NORTH - 10 * row), "EPSG:32736")


def check_covers(whole: GeoBox, blocks: list[Block], asked: GeoBox) -> np.ndarray:
    """Check that blocks lie where they say and cover a grid once; return each file tile's number of blocks."""
    count = np.zeros(whole.shape, dtype=int)
    tiles = np.zeros([-(-side // TILE) for side in whole.shape], dtype=int)
    for block in blocks:
        assert block.geobox.affine.almost_equals(whole.affine @ Affine.translation(block.col0, block.row0))
        rows, columns = block.window.toslices()
        count[rows, columns] += 1
        tiles[
            rows.start // TILE : (rows.stop - 1) // TILE + 1, columns.start // TILE : (columns.stop - 1) // TILE + 1
        ] += 1
    left, top = ~whole.affine * (asked.affine.c, asked.affine.f)
    expected = np.zeros(whole.shape, dtype=int)
    expected[round(top) : round(top) + asked.shape[0], round(left) : round(left) + asked.shape[1]] = 1
    assert np.array_equal(count, expected)
    return tiles


def test_blocks_follow_the_coarsest_tiles_and_the_file_grows_to_whole_tiles(archive: Archive, recipe: Recipe) -> None:
    asked = grid(300, 700, 1500, 1300)
    whole, blocks = cut(asked, scenes(archive, recipe), recipe)
    assert (whole.affine.c, whole.affine.f) == (EAST, NORTH - 5120)
    assert whole.shape == (2048, 2048)
    tiles = check_covers(whole, blocks, asked)
    assert tiles.max() == 1
    for block in blocks:  # within one tile of 1024 pixels of the scenes
        top, left = block.row0 + 512, block.col0
        height, width = block.geobox.shape
        assert top // SIDE == (top + height - 1) // SIDE
        assert left // SIDE == (left + width - 1) // SIDE


def test_a_grid_that_one_block_holds_stays_as_it_is(archive: Archive, recipe: Recipe) -> None:
    asked = grid(300, 700, 1024, 10)
    assert cut(asked, scenes(archive, recipe), recipe) == (asked, [Block(asked, 0, 0)])


def test_little_memory_makes_small_blocks(archive: Archive, recipe: Recipe) -> None:
    asked = grid(300, 700, 1500, 1300)
    whole, blocks = cut(asked, scenes(archive, recipe), recipe, memory=1)
    assert check_covers(whole, blocks, asked).max() == 1
    assert max(max(block.geobox.shape) for block in blocks) == TILE
    assert block_side(recipe, 36, 2**30) == SIDE
    assert block_side(load_recipe("s2-season"), 36, 2**30) == SIDE
    assert block_side(load_recipe("s2-season"), 36, 2**29) == TILE


@pytest.mark.parametrize(("tile", "fine"), [(None, 10.0), (512, 7.0)])
def test_without_tiles_on_the_grids_pixels_the_grid_itself_is_cut(
    archive: Archive, recipe: Recipe, tile: int | None, fine: float
) -> None:
    asked = grid(300, 700, 1500, 1300)
    items = scenes(archive, recipe, tile, fine)
    assert tile_lattice(asked, items, recipe) is None
    whole, blocks = cut(asked, items, recipe)
    assert whole == asked
    assert check_covers(whole, blocks, asked).max() == 1
    assert [(block.row0, block.col0) for block in blocks] == [(0, 0), (0, 1024), (1024, 0), (1024, 1024)]


def test_the_lattice_is_that_of_the_largest_tiles_of_scenes_that_can_be_opened(
    archive: Archive, recipe: Recipe
) -> None:
    items = scenes(archive, recipe, 256)
    Path(items[0].assets["B04"].href).write_bytes(b"no file")
    assert tile_lattice(grid(300, 700, 1500, 1300), items, recipe) == TileLattice(212, 324, 512, 512)
