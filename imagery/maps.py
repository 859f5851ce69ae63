"""Draw a crop map: from a composite, block by block, to a COG of class, confidence and clear observations.

Blocks are read, turned into features and classified on threads, and written in order, so that reading, computing and
writing overlap. Within a block only the pixels inside the AOI that were clear at least once are looked at, in runs of
a fixed length. Memory is bounded by the budget and not by the AOI, and the map depends neither on the size of the
blocks nor on the number of threads.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np

from imagery.aoi import Aoi
from imagery.budget import DEFAULT_MEMORY
from imagery.cog import MAP_BANDS, MAP_UNITS, TILE_PIXELS, WRITING_CACHE_BYTES, CogReport, legend_tag, write_cog
from imagery.grid import Block, blocks, crs_text, part, polygon_mask, projected
from imagery.legend import Legend
from imagery.map_facts import MapFacts, Tally, pixel_area_ha
from imagery.pool import in_order
from training.errors import GeocropError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox
    from shapely.geometry.base import BaseGeometry

    from imagery.composite_file import CompositeReader
    from imagery.recipe_model import Recipe

NODATA = 0
"""In all three bands: class 0 is no class, confidence is 1 to 100, and a mapped pixel was clear at least once."""

MAX_CLEAR = 255
"""Clear observations are clipped to uint8; a season of Sentinel-2 has 75 dates, 150 where orbits overlap."""

PIXELS_AT_ONCE = 16_384
"""Pixels that go through features and prediction together: 7 MB of float32 for the 108 features of s2-season."""

SIDES = (512, 256, 128, 64)
"""Sides of blocks in pixels, the largest that fits the budget and keeps all threads busy."""

BYTES_A_VALUE = 12
"""Of a run of pixels: features as computed, as the model wants them, and what its trees are walked with."""

FIXED_BYTES = 192 << 20
"""GDAL's cache, a thread's room for the trees, the COG's making: what no block is to blame for."""

ReadBlock: TypeAlias = Callable[[Block], "tuple[NDArray[np.generic], NDArray[np.uint16]]"]
Features: TypeAlias = Callable[["NDArray[np.generic]", "NDArray[np.int64]"], "NDArray[np.float32]"]
Predict: TypeAlias = Callable[["NDArray[np.float32]", int], "NDArray[np.float32]"]
Applicable: TypeAlias = Callable[["NDArray[np.float32]"], "NDArray[np.bool_]"]
Progress: TypeAlias = Callable[[int, int], None]
Piece: TypeAlias = "tuple[Block, NDArray[np.bool_]]"  # and which of its pixels are inside the AOI, at least one
Drawn: TypeAlias = (
    "tuple[NDArray[np.uint8], int]"  # bands [3, rows, columns], and how many mapped pixels are applicable
)
Drawer: TypeAlias = "Callable[[Iterator[Piece]], Generator[tuple[Piece, Drawn], None, None]]"


class NothingToMapError(GeocropError):
    """Choose another season or AOI: the message says whether pixels or clear observations are missing."""

    code: ClassVar[str] = "nothing-to-map"


class MapContractError(GeocropError):
    """Report this as a fault of GeoCrop: composite, features, model and class table do not fit each other."""

    code: ClassVar[str] = "map-contract"


class MemoryTooSmallError(GeocropError):
    """Give the drawing of a map more memory, or fewer threads: the message says how much it needs at least."""

    code: ClassVar[str] = "memory-too-small"


@dataclass(frozen=True)
class MapSource:
    """What a map is drawn from.

    Attributes:
        geobox: the grid of the composite; a map is drawn on the part of it that covers its AOI.
        read: block of that grid -> (values in their native dtype [band, step, rows, columns], clear observations
            [rows, columns]); called from several threads.
        features: (such values, flat numbers int64 [n] of pixels of the block) -> float32 [n, feature], NaN where
            missing; called from several threads.
        bytes_per_pixel: of `values` and `clear`.
        n_features: columns of `features`.
    """

    geobox: GeoBox
    read: ReadBlock
    features: Features
    bytes_per_pixel: int
    n_features: int


@dataclass(frozen=True)
class MapModel:
    """What classifies the pixels.

    Attributes:
        predict: (float32 [n, feature], threads) -> float32 [n, k], probabilities; called from several threads.
        class_codes: the k map codes of the columns, each 1..254 and in the legend.
        legend: classes with names and colours.
        applicable: float32 [n, feature] -> bool [n], inside the area of applicability; None when not known.
    """

    predict: Predict
    class_codes: NDArray[np.uint8]
    legend: Legend
    applicable: Applicable | None = None


@dataclass(frozen=True)
class _Plan:
    """How a map is cut: its grid, blocks of it on the source's, and threads that draw them, each with its own."""

    grid: GeoBox
    blocks: list[Block]
    workers: int
    threads_each: int


def composite_source(reader: CompositeReader, recipe: Recipe, names: Sequence[str] | None = None) -> MapSource:
    """Return an open composite file (made by `recipe`) as what a map is drawn from.

    `names` are the features that the model wants, in its order; None is all of the recipe's.
    """
    from imagery.compiled_features import compiled_features

    everything = recipe.feature_names
    order = np.array([everything.index(name) for name in names or everything])
    all_in_order = tuple(names or everything) == everything

    def read(block: Block) -> tuple[NDArray[np.generic], NDArray[np.uint16]]:
        composite = reader.read(block.window)
        return composite.values, composite.clear

    def features(values: NDArray[np.generic], at: NDArray[np.int64]) -> NDArray[np.float32]:
        found = compiled_features(values, at, recipe)
        return found if all_in_order else np.take(found, order, axis=1)

    layers = len(recipe.bands) * len(recipe.steps) + 2
    return MapSource(reader.geobox, read, features, layers * np.dtype(recipe.dtype).itemsize, len(order))


def draw_map(
    source: MapSource,
    model: MapModel,
    aoi: Aoi,
    out_path: Path,
    *,
    tags: Mapping[str, str] | None = None,
    threads: int = 1,
    memory: int = DEFAULT_MEMORY,
    side: int | None = None,
    drawer: Drawer | None = None,
    progress: Progress | None = None,
) -> tuple[MapFacts, CogReport]:
    """Draw the map of an AOI and write it, with its sidecar, to `out_path` (its folder exists).

    Three uint8 bands on the composite's grid, nodata 0 in all of them where the pixel's centre is outside the polygon,
    where no observation was clear, or where no feature could be computed. `progress(done, total)` is called with
    pixels of the AOI's rectangle after each block; raising from it cancels, when the blocks under way are done. Blocks
    without a pixel of the AOI are passed over. Whatever fails, nothing is left at `out_path`.

    Args:
        source: the composite.
        model: the classifier.
        aoi: where.
        out_path: the COG.
        tags: what the file says of itself.
        threads: blocks drawn at the same time.
        memory: bytes that may be taken beside what the process has already.
        side: rows and columns of a block; None is the largest that fits.
        drawer: draws the blocks instead of this process's threads: yields each piece with what `draw_piece` gives for
            it, in order; it is closed when the map is done or fails.
        progress: see above.

    Raises:
        NothingToMapError: no pixel is inside the AOI, or none of them has a clear observation.
        MapContractError: shapes, class codes or probabilities are not as stated.
        MemoryTooSmallError: not even the smallest block fits.

    """
    _check_model(model)
    polygon = projected(aoi.geometry, source.geobox.crs)
    plan = _plan(source, aoi, max(threads, 1), memory, side)
    with tempfile.TemporaryDirectory(dir=out_path.parent, prefix=f".{out_path.stem}-plain-") as folder:
        plain = Path(folder) / "plain.tif"
        here = partial(in_order, partial(draw_piece, source, model, plan.threads_each), workers=plan.workers)
        tally = _draw_plain(plain, plan, polygon, drawer or here, progress)
        facts = tally.facts(pixel_area_ha(plan.grid), has_applicability=model.applicable is not None)
        _check_something_mapped(facts)
        _describe(plain, dict(tags or {}), model.legend)
        return facts, write_cog(plain, out_path, model.legend, threads=threads)


def _plan(source: MapSource, aoi: Aoi, threads: int, memory: int, side: int | None) -> _Plan:
    """Cut the part of the source's grid that covers an AOI, along the source's own tiles."""
    sides = [one for one in SIDES if _bytes(source, one, threads) <= memory] if side is None else [side]
    if not sides:
        need = _bytes(source, SIDES[-1], threads) >> 20
        raise MemoryTooSmallError(
            f"{memory >> 20} MiB are not enough for {threads} threads: give {need + 1} MiB or more, or fewer threads"
        )
    grid, top, left = part(source.geobox, aoi)
    # The largest block that leaves each thread two or more: reading is cheapest then, and none waits long at the end.
    busy = (one for one in sides if threads == 1 or grid.shape[0] * grid.shape[1] >= 2 * threads * one * one)
    cut = blocks(grid, next(busy, sides[-1]), (-top, -left))
    pieces = [Block(one.geobox, one.row0 + top, one.col0 + left) for one in cut]
    workers = min(threads, len(pieces))
    return _Plan(grid, pieces, workers, threads // workers)


def _bytes(source: MapSource, side: int, threads: int) -> int:
    """Return what drawing takes at most: each thread holds a block and a run of pixels."""
    run = min(PIXELS_AT_ONCE, side * side) * source.n_features * BYTES_A_VALUE
    return FIXED_BYTES + threads * (side * side * (source.bytes_per_pixel + 16) + run)


def _draw_plain(
    path: Path,
    plan: _Plan,
    polygon: BaseGeometry,
    draw: Drawer,
    progress: Progress | None,
) -> Tally:
    """Write the map as a plain GeoTIFF, block by block in order, and return what was counted."""
    import rasterio
    from rasterio.windows import Window

    tally, passed, total = Tally(), _passed(plan.blocks), prod(plan.grid.shape)
    top, left = plan.blocks[0].row0, plan.blocks[0].col0
    with (
        rasterio.Env(GDAL_CACHEMAX=WRITING_CACHE_BYTES),
        rasterio.open(path, "w", **_profile(plan.grid)) as plain,
        closing(draw(_pieces(plan.blocks, polygon))) as drawn,
    ):
        for (block, inside), (bands, applicable) in drawn:
            height, width = inside.shape
            tally.add(bands, inside, applicable)
            plain.write(bands, window=Window(block.col0 - left, block.row0 - top, width, height))
            if progress is not None:
                progress(passed[block.row0, block.col0], total)
    if progress is not None:
        progress(total, total)
    return tally


def _passed(all_blocks: list[Block]) -> dict[tuple[int, int], int]:
    """Return how many pixels are behind us after each block, by its row and column."""
    pixels = accumulate(prod(block.geobox.shape) for block in all_blocks)
    return {(block.row0, block.col0): behind for block, behind in zip(all_blocks, pixels, strict=True)}


def _pieces(all_blocks: list[Block], polygon: BaseGeometry) -> Iterator[Piece]:
    """Yield blocks that have pixels inside, and which.

    By the thread that writes: rasterio silences warnings while it burns, in a way that threads must not share.
    """
    for block in all_blocks:
        inside = polygon_mask(polygon, block.geobox)
        if inside.any():
            yield block, inside


def draw_piece(source: MapSource, model: MapModel, threads: int, piece: Piece) -> Drawn:
    """Return bands uint8 [3, rows, columns] of a block, and how many of its mapped pixels are applicable."""
    block, inside = piece
    bands = np.zeros((len(MAP_BANDS), *inside.shape), dtype=np.uint8)
    values, clear = source.read(block)
    if values.shape[-2:] != inside.shape or clear.shape != inside.shape:
        raise MapContractError(f"a block of {inside.shape} pixels came as {values.shape} and {clear.shape}")
    classes, confidence, observations = bands.reshape(len(MAP_BANDS), -1)
    pixels, applicable = np.flatnonzero(inside & (clear > 0)), 0
    for start in range(0, pixels.size, PIXELS_AT_ONCE):
        at = pixels[start : start + PIXELS_AT_ONCE]
        features = source.features(values, at)
        known = np.isfinite(features).any(axis=1)
        if not known.all():
            at, features = at[known], features[known]
        if not at.size:
            continue
        classes[at], confidence[at] = _classified(model, features, threads)
        observations[at] = np.minimum(clear.reshape(-1)[at], MAX_CLEAR)
        applicable += int(model.applicable(features).sum()) if model.applicable else 0
    return bands, applicable


def _classified(
    model: MapModel, features: NDArray[np.float32], threads: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return class codes and confidence in percent, 1..100, of features [n, feature]."""
    probabilities = np.asarray(model.predict(features, threads))
    if probabilities.shape != (len(features), len(model.class_codes)):
        expected = (len(features), len(model.class_codes))
        raise MapContractError(f"the model gave probabilities of shape {probabilities.shape}, not {expected}")
    best = probabilities.argmax(axis=1)
    top = probabilities[np.arange(len(features)), best]
    if not np.isfinite(top).all():
        raise MapContractError("the model gave probabilities that are no numbers")
    percent = np.clip(np.rint(top * 100), 1, 100)
    return np.asarray(model.class_codes, dtype=np.uint8)[best], percent.astype(np.uint8)


def _check_model(model: MapModel) -> None:
    """Refuse class codes that cannot be drawn or named."""
    codes = [int(code) for code in model.class_codes]
    unnamed = sorted(set(codes) - {entry.code for entry in model.legend})
    if not codes or unnamed or not all(NODATA < code < MAX_CLEAR for code in codes):
        raise MapContractError(f"class codes {codes} are not all 1..254 and in the legend (not: {unnamed})")


def _check_something_mapped(facts: MapFacts) -> None:
    if facts.pixels_inside == 0:
        raise NothingToMapError(
            "The AOI holds no pixel: it is smaller than a pixel of the map, or a sliver between two"
        )
    if facts.pixels_mapped == 0:
        raise NothingToMapError(
            f"None of the {facts.pixels_inside:,} pixels of the AOI has one clear observation in the season:"
            " it lies outside the scenes (in the sea?), or was always under cloud"
        )


def _profile(geobox: GeoBox) -> dict[str, object]:
    """Return the creation options of the plain file: GDAL's default for three uint8 bands would be RGB.

    Not compressed: blocks of the map end within its tiles, and a compressed tile that is written again is lost room.
    """
    height, width = geobox.shape
    return {
        "driver": "GTiff",
        "count": len(MAP_BANDS),
        "dtype": "uint8",
        "nodata": NODATA,
        "height": height,
        "width": width,
        "crs": crs_text(geobox.crs),
        "transform": geobox.affine,
        "tiled": True,
        "blockxsize": TILE_PIXELS,
        "blockysize": TILE_PIXELS,
        "photometric": "MINISBLACK",
        "sparse_ok": True,
        "bigtiff": "IF_SAFER",
    }


def _describe(path: Path, tags: dict[str, str], legend: Legend) -> None:
    """Write what the bands are, and the tags, into a plain map."""
    import rasterio

    with rasterio.open(path, "r+") as plain:
        plain.descriptions = MAP_BANDS
        plain.units = MAP_UNITS
        plain.update_tags(**tags)
        plain.update_tags(1, **legend_tag(legend))
