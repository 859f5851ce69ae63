"""Draw a crop map: from a composite, block by block, to a COG of class, confidence and clear observations.

One block at a time is read, and within it the pixels inside the AOI that were clear at least once are turned into
features and classified, in runs of a fixed length. So memory is bounded by the block, and the map does not depend on
the size of the blocks.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np

from imagery.aoi import Aoi
from imagery.cog import GDAL_CACHE_MB, MAP_BANDS, MAP_UNITS, TILE_PIXELS, CogReport, legend_tag, write_cog
from imagery.grid import BLOCK_PIXELS, Block, blocks, crs_text, polygon_mask, projected
from imagery.legend import Legend
from imagery.map_facts import MapFacts, Tally, pixel_area_ha
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

PIXELS_AT_ONCE = 65_536
"""Pixels that go through features and prediction together: 28 MB of float32 for the 108 features of s2-season."""

ReadBlock: TypeAlias = Callable[[Block], "tuple[NDArray[np.generic], NDArray[np.uint16]]"]
Features: TypeAlias = Callable[["NDArray[np.generic]"], "NDArray[np.float32]"]
Predict: TypeAlias = Callable[["NDArray[np.float32]"], "NDArray[np.float32]"]
Applicable: TypeAlias = Callable[["NDArray[np.float32]"], "NDArray[np.bool_]"]
Progress: TypeAlias = Callable[[int, int], None]


class NothingToMapError(GeocropError):
    """Choose another season or AOI: the message says whether pixels or clear observations are missing."""

    code: ClassVar[str] = "nothing-to-map"


class MapContractError(GeocropError):
    """Report this as a fault of GeoCrop: composite, features, model and class table do not fit each other."""

    code: ClassVar[str] = "map-contract"


@dataclass(frozen=True)
class MapSource:
    """What a map is drawn from.

    Attributes:
        geobox: the grid of the composite and so of the map.
        read: block -> (values in their native dtype [band, step, rows, columns], clear observations [rows, columns]).
        features: values [band, step, n] -> float32 [feature, n], NaN where missing.
    """

    geobox: GeoBox
    read: ReadBlock
    features: Features


@dataclass(frozen=True)
class MapModel:
    """What classifies the pixels.

    Attributes:
        predict: float32 [n, feature] -> float32 [n, k], probabilities.
        class_codes: the k map codes of the columns, each 1..254 and in the legend.
        legend: classes with names and colours.
        applicable: float32 [n, feature] -> bool [n], inside the area of applicability; None when not known.
    """

    predict: Predict
    class_codes: NDArray[np.uint8]
    legend: Legend
    applicable: Applicable | None = None


def composite_source(reader: CompositeReader, recipe: Recipe) -> MapSource:
    """Return an open composite file (made by `recipe`) as what a map is drawn from."""
    from imagery.features import features_of

    def read(block: Block) -> tuple[NDArray[np.generic], NDArray[np.uint16]]:
        composite = reader.read(block.window)
        return composite.values, composite.clear

    return MapSource(reader.geobox, read, partial(features_of, recipe=recipe))


def draw_map(
    source: MapSource,
    model: MapModel,
    aoi: Aoi,
    out_path: Path,
    *,
    tags: Mapping[str, str] | None = None,
    block: int = BLOCK_PIXELS,
    progress: Progress | None = None,
) -> tuple[MapFacts, CogReport]:
    """Draw the map of an AOI and write it, with its sidecar, to `out_path` (its folder exists).

    Three uint8 bands on the composite's grid, nodata 0 in all of them where the pixel's centre is outside the polygon,
    where no observation was clear, or where no feature could be computed. `progress(done, total)` is called after each
    block; raising from it cancels. Whatever fails, nothing is left at `out_path`.

    Raises:
        NothingToMapError: no pixel is inside the AOI, or none of them has a clear observation.
        MapContractError: shapes, class codes or probabilities are not as stated.
    """
    _check_model(model)
    polygon = projected(aoi.geometry, source.geobox.crs)
    with tempfile.TemporaryDirectory(dir=out_path.parent, prefix=f".{out_path.stem}-plain-") as folder:
        plain = Path(folder) / "plain.tif"
        tally = _draw_plain(plain, source, model, polygon, block=block, progress=progress or _silent)
        facts = tally.facts(pixel_area_ha(source.geobox), has_applicability=model.applicable is not None)
        _check_something_mapped(facts)
        _describe(plain, dict(tags or {}), model.legend)
        return facts, write_cog(plain, out_path, model.legend)


def _draw_plain(
    path: Path, source: MapSource, model: MapModel, polygon: BaseGeometry, *, block: int, progress: Progress
) -> Tally:
    """Write the map as a plain GeoTIFF, one block at a time, and return what was counted."""
    import rasterio

    tally, all_blocks = Tally(), list(blocks(source.geobox, block))
    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE_MB), rasterio.open(path, "w", **_profile(source.geobox)) as plain:
        for done, one in enumerate(all_blocks, start=1):
            inside = polygon_mask(polygon, one.geobox)
            if inside.any():
                bands, applicable = _draw_block(one, inside, source, model)
                tally.add(bands, inside, applicable)
                plain.write(bands, window=one.window)
            progress(done, len(all_blocks))
    return tally


def _draw_block(
    block: Block, inside: NDArray[np.bool_], source: MapSource, model: MapModel
) -> tuple[NDArray[np.uint8], int]:
    """Return the bands uint8 [3, rows, columns] of one block, and how many of its mapped pixels are applicable."""
    values, clear = source.read(block)
    if values.shape[-2:] != inside.shape or clear.shape != inside.shape:
        raise MapContractError(f"a block of {inside.shape} pixels came as {values.shape} and {clear.shape}")
    bands = np.zeros((len(MAP_BANDS), *inside.shape), dtype=np.uint8)
    rows, cols = np.nonzero(inside & (clear > 0))
    applicable = 0
    for start in range(0, rows.size, PIXELS_AT_ONCE):
        at = (rows[start : start + PIXELS_AT_ONCE], cols[start : start + PIXELS_AT_ONCE])
        features = np.ascontiguousarray(source.features(values[:, :, at[0], at[1]]).T, dtype=np.float32)
        known = np.isfinite(features).any(axis=1)
        if not known.any():
            continue
        at, features = (at[0][known], at[1][known]), features[known]
        bands[0][at], bands[1][at] = _classified(model, features)
        bands[2][at] = np.minimum(clear[at], MAX_CLEAR)
        applicable += int(model.applicable(features).sum()) if model.applicable else 0
    return bands, applicable


def _classified(model: MapModel, features: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return class codes and confidence in percent, 1..100, of features [n, feature]."""
    probabilities = np.asarray(model.predict(features))
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
    """Return the creation options of the plain file: GDAL's default for three uint8 bands would be RGB."""
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
        "compress": "LZW",
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


def _silent(done: int, total: int) -> None:
    """Report nothing."""
