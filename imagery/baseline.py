"""Make a baseline: a Dynamic World upload of one year, in whatever shape it comes, as a valid COG of class labels.

Uploads differ: one file or several tiles, labels alone or with probabilities, uint8, int16 or float, nodata 255, -1,
NaN or none. All become one band of uint8 with codes 0..8, nodata 255, Dynamic World's colours as the TIFF's own
palette, and overviews by mode. Pixels are never moved; tiles of different grids are refused. Memory is bounded by a
window.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imagery.cog import BASELINE_BANDS, TILE_PIXELS, WRITING_CACHE_BYTES, legend_tag, write_cog
from imagery.dynamic_world import DYNAMIC_WORLD, NODATA
from imagery.label_tiles import InvalidBaselineError, LabelReader, open_tile, place_tiles
from imagery.legend import color_table

if TYPE_CHECKING:
    from affine import Affine
    from numpy.typing import NDArray
    from rasterio.io import DatasetWriter
    from rasterio.windows import Window

FIRST_YEAR, LAST_YEAR = 2015, 2025
WINDOW_PIXELS = 2_048
"""A multiple of the tile, so that each tile is written once; 4 M pixels, 34 MB as float64."""

SIMULATED_TAG = "GEOCROP_SIMULATED"
"""A raster with this tag was invented, and so is what is made of it."""

_VALUES = 256


@dataclass(frozen=True)
class BaselineFacts:
    """What is known of a baseline; `pixels_by_class` has Dynamic World's codes, `sources` the names of the uploads."""

    year: int
    pixels_by_class: dict[int, int]
    pixels_nodata: int
    width: int
    height: int
    crs: str
    sources: tuple[str, ...]
    warnings: tuple[str, ...]
    simulated: bool = False  # one of the uploads says that it was invented

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; class codes become text."""
        by_class = {str(code): count for code, count in self.pixels_by_class.items()}
        lists = {"sources": list(self.sources), "warnings": list(self.warnings)}
        return {**asdict(self), "pixels_by_class": by_class, **lists}


def make_baseline(paths: Sequence[Path], year: int, out_path: Path) -> BaselineFacts:
    """Write the baseline of a year, with its sidecar, to `out_path` from one file or from the tiles of an export.

    Where tiles overlap, the first in the order of `paths` that has a label counts. Whatever fails, nothing is left at
    `out_path`.

    Raises:
        InvalidBaselineError: a year out of range; a file that cannot be read, has no projection or no band of labels;
            values that are no Dynamic World class (with their counts); tiles of different grids; no label at all.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidBaselineError(f"Dynamic World baselines run from {FIRST_YEAR} to {LAST_YEAR}, not {year}")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=out_path.parent, prefix=f".{out_path.stem}-"))
        reader = LabelReader(place_tiles([open_tile(path, stack) for path in paths]))
        plain = Path(folder) / "plain.tif"
        simulated = any(SIMULATED_TAG in tile.raster.tags() for tile in reader.tiles)
        counts = _write_plain(plain, reader, year, simulated)
        reader.check_values()
        _check_counts(counts)
        write_cog(plain, out_path, DYNAMIC_WORLD)
        codes = [entry.code for entry in DYNAMIC_WORLD if counts[entry.code]]
        return BaselineFacts(
            year=year,
            pixels_by_class={code: int(counts[code]) for code in codes},
            pixels_nodata=int(counts[NODATA]),
            width=reader.shape[1],
            height=reader.shape[0],
            crs=reader.tiles[0].raster.crs.to_string(),
            sources=tuple(path.name for path in paths),
            warnings=reader.warnings(),
            simulated=simulated,
        )


def _write_plain(path: Path, reader: LabelReader, year: int, simulated: bool) -> NDArray[np.int64]:
    """Write all tiles into one plain GeoTIFF, window by window; return how often each value 0..255 occurs."""
    import rasterio

    counts = np.zeros(_VALUES, dtype=np.int64)
    profile = _profile(reader)
    with rasterio.Env(GDAL_CACHEMAX=WRITING_CACHE_BYTES), rasterio.open(path, "w", **profile) as plain:
        _describe(plain, year, simulated)
        for window in _windows(*reader.shape):
            labels = reader.read(window)
            counts += np.bincount(labels.ravel(), minlength=_VALUES)
            plain.write(labels, 1, window=window)
    return counts


def _windows(height: int, width: int) -> Iterator[Window]:
    from rasterio.windows import Window

    for row in range(0, height, WINDOW_PIXELS):
        for col in range(0, width, WINDOW_PIXELS):
            yield Window(col, row, min(WINDOW_PIXELS, width - col), min(WINDOW_PIXELS, height - row))


def _check_counts(counts: NDArray[np.int64]) -> None:
    if counts[:NODATA].sum() == 0:
        raise InvalidBaselineError("There is not one label in the upload: all pixels are nodata")


def _profile(reader: LabelReader) -> dict[str, Any]:
    (height, width), first = reader.shape, reader.tiles[0].raster
    west = min(tile.raster.bounds.left for tile in reader.tiles)
    north = max(tile.raster.bounds.top for tile in reader.tiles)
    return {
        "driver": "GTiff",
        "count": 1,
        "dtype": "uint8",
        "nodata": NODATA,
        "height": height,
        "width": width,
        "crs": first.crs,
        "transform": _north_up(west, north, first.res),
        "tiled": True,
        "blockxsize": TILE_PIXELS,
        "blockysize": TILE_PIXELS,
        "compress": "LZW",
        "bigtiff": "IF_SAFER",
    }


def _north_up(west: float, north: float, resolution: tuple[float, float]) -> Affine:
    from affine import Affine

    return Affine(resolution[0], 0.0, west, 0.0, -resolution[1], north)


def _describe(plain: DatasetWriter, year: int, simulated: bool) -> None:
    """Write palette, band name and tags; before the pixels, because a palette changes the TIFF's photometric tag."""
    plain.write_colormap(1, dict(color_table(DYNAMIC_WORLD)))
    plain.descriptions = BASELINE_BANDS
    plain.update_tags(year=str(year), source="GOOGLE/DYNAMICWORLD/V1")
    plain.update_tags(1, **legend_tag(DYNAMIC_WORLD))
    if simulated:
        plain.update_tags(**{SIMULATED_TAG: "YES"})
