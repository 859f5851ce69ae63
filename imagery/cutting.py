"""How the grid of a map is cut into blocks: along the internal tiles of the scenes, so that each is decoded once.

Sentinel-2's tiles of a zone start at odd places, and a block that straddles their internal tiles decodes up to four
times the pixels that it needs. So the composite's file lies on the scenes' own lattice, grown outward to whole tiles.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagery.budget import DEFAULT_MEMORY
from imagery.grid import Block, blocks
from imagery.making import block_bytes
from imagery.open_files import OPEN_FILES, OpenFile
from imagery.reading import gdal_env, gdal_href, same_crs, wkt_of

if TYPE_CHECKING:
    import pystac
    from odc.geo.geobox import GeoBox

    from imagery.recipe_model import Recipe

TILE = 512
"""Pixels of a side of an internal tile of the composite's file."""

SIDE = 1024
"""Pixels of a block's side: a tile of 512 pixels of 20 m is as wide on a grid of 10 m."""

READERS = 16

SCENES_ASKED = 3
"""Scenes whose headers say where their tiles lie; those that cannot be opened are left to who reads them."""

READ_AHEAD = 8
"""Observations of a band in a step whose reading is in flight besides two blocks, when a block's side is chosen."""

WHOLE = 1e-6
"""Pixels by which a tile may miss the grid's pixel edges."""


@dataclass(frozen=True)
class TileLattice:
    """Where internal tiles lie, in pixels of a grid: a tile starts at each column `left + n * across`."""

    left: int
    top: int
    across: int
    down: int


def cut(
    grid: GeoBox,
    items: Sequence[pystac.Item],
    recipe: Recipe,
    *,
    memory: int = DEFAULT_MEMORY,
    gdal_options: Mapping[str, str] | None = None,
) -> tuple[GeoBox, list[Block]]:
    """Say on which grid a composite is stored, and in which blocks it is made.

    Args:
        grid: the map's own.
        items: its scenes.
        recipe: what is made of them.
        memory: bytes that two blocks and the reading of them may take.
        gdal_options: GDAL options of the reads.

    Returns:
        The composite's grid: the map's, grown outward to whole tiles of 512 pixels of the scenes' lattice; the map's
        own where one block holds it, or where the scenes' tiles do not lie on its pixels. And the blocks, which cover
        the map's grid alone; their rows and columns count in the composite's grid. No two write into one tile.

    """
    from affine import Affine
    from odc.geo.geobox import GeoBox

    height, width = (int(length) for length in grid.shape)
    side = block_side(recipe, len(items), memory)
    if max(height, width) <= side:
        return grid, [Block(grid, 0, 0)]
    lattice = tile_lattice(grid, items, recipe, gdal_options)
    if lattice is None:
        return grid, list(_blocks(grid, grid, 0, 0, side))
    left, top = -((-lattice.left) % TILE), -((-lattice.top) % TILE)
    shape = (_whole_tiles(height - top), _whole_tiles(width - left))
    whole = GeoBox(shape, grid.affine @ Affine.translation(left, top), grid.crs)
    first_column, first_row = -((-lattice.left) % side), -((-lattice.top) % side)
    return whole, list(_blocks(grid, whole, first_column, first_row, side))


def block_side(recipe: Recipe, scenes: int, memory: int) -> int:
    """Return the side of blocks of which two, and the reading of one, fit into memory; a tile's at the least."""
    pixels = SIDE * SIDE
    result, own = block_bytes(recipe, pixels, scenes if recipe.mask is not None else 0)
    reading = pixels * READ_AHEAD * np.dtype(recipe.dtype).itemsize
    return SIDE if 2 * (result + own) + reading <= memory else TILE


def tile_lattice(
    grid: GeoBox, items: Sequence[pystac.Item], recipe: Recipe, gdal_options: Mapping[str, str] | None = None
) -> TileLattice | None:
    """Return where most scenes' largest tiles lie on a grid; None where they do not lie on its pixels."""
    step = max(len(items) // SCENES_ASKED, 1)
    asked = [list(_hrefs(item, recipe)) for item in items[::step][:SCENES_ASKED]]

    def lattice(href: str) -> TileLattice | None:
        return _lattice_of(href, grid, gdal_options)

    # As many at a time as there are: a header of a remote file is mostly waiting.
    with ThreadPoolExecutor(READERS, initializer=lambda: gdal_env(gdal_options).__enter__()) as pool:
        lattices = [list(pool.map(lattice, hrefs)) for hrefs in asked]
    found = Counter(
        max(known, key=lambda one: one.across * one.down)
        for known in ([one for one in each if one is not None] for each in lattices)
        if known
    )
    return found.most_common(1)[0][0] if found else None


def _hrefs(item: pystac.Item, recipe: Recipe) -> Iterator[str]:
    """Yield the addresses of an item's bands and mask: of layers of the recipe's own collection that change in time."""
    if item.collection_id not in {None, recipe.collection}:
        return
    own = [asset.asset for asset in recipe.assets.values() if asset.collection is None and not asset.static]
    for keys in [*own, *([recipe.mask.asset] if recipe.mask is not None else [])]:
        key = next((key for key in keys if key in item.assets), None)
        if key is not None:
            yield item.assets[key].get_absolute_href() or item.assets[key].href


def _lattice_of(href: str, grid: GeoBox, options: Mapping[str, str] | None) -> TileLattice | None:
    from rasterio.errors import RasterioError

    try:
        with OPEN_FILES.use(gdal_href(href), options) as file:
            return _tiles_on(grid, file)
    except (RasterioError, OSError):
        return None


def _tiles_on(grid: GeoBox, file: OpenFile) -> TileLattice | None:
    """Return the lattice of a file's tiles when they begin and end on the grid's pixel edges."""
    if file.crs is None or not same_crs(wkt_of(grid), file.crs):
        return None
    pixel = ~grid.affine @ file.transform  # from the file's pixels to the grid's
    rows, columns = file.tile
    if rows >= file.shape[0] or columns >= file.shape[1]:
        return None  # strips, or one tile: nothing to keep apart
    numbers = (pixel.c, pixel.f, pixel.a * columns, pixel.e * rows)
    if pixel.b or pixel.d or any(abs(number - round(number)) > WHOLE for number in numbers) or min(numbers[2:]) < 1:
        return None
    left, top, across, down = (round(number) for number in numbers)
    return TileLattice(left % across, top % down, across, down)


def _whole_tiles(pixels: int) -> int:
    return math.ceil(pixels / TILE) * TILE


def _blocks(grid: GeoBox, whole: GeoBox, left: int, top: int, side: int) -> Iterator[Block]:
    """Cut a grid along lines that start at a column and row of it; its blocks count in the whole's rows and columns."""
    column0, row0 = (round(number) for number in ~whole.affine @ (grid.affine.c, grid.affine.f))
    for block in blocks(grid, side, (top, left)):
        yield Block(block.geobox, block.row0 + row0, block.col0 + column0)
