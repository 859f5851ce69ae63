"""Scenes to measure with: a static STAC catalogue of SIMULATED Sentinel-2-like scenes, written into a folder.

`python -m benchmarks.scenes FOLDER --size 1024` writes 36 dates of a season on one grid like a tile of Sentinel-2's:
four bands of 10 m, six of 20 m and the scene classification at 20 m, each a GeoTIFF with internal tiles of 512 pixels,
DEFLATE and predictor 2, as archives keep them. The same arguments give the same pixels.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.landscape import BANDS, FINE, NODATA, QUANTUM, Landscape, date_of, days_of
from imagery.season import Season

if TYPE_CHECKING:
    import pystac
    from affine import Affine
    from numpy.typing import NDArray

    from imagery.aoi import Aoi

COLLECTION = "s2_l2a"
STATEMENT = "SIMULATED by GeoCrop's benchmarks: not an observation of any satellite."
SEASON = "2022-2023"
DATES, BLOCK = 36, 512
PATTERN = 1024
"""Pixels: larger scenes repeat a landscape of this side. Every internal tile is compressed for itself, so it costs as
much to read as one that is not repeated."""
INSET_M = 1.0
"""An AOI ends this far inside the edges of its pixels: curved by the change of projection, it takes no more of them."""
BASELINE_04 = 4.0
OFFSET = 1000
"""What baseline 04.00 and later add to the numbers."""
EXTENSIONS = [
    "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
]


@dataclass(frozen=True)
class Tile:
    """Where scenes lie: a square of `size` x `size` pixels of 10 m, its north-west corner in metres of a CRS."""

    name: str = "36KTF"
    crs: str = "EPSG:32736"
    west: float = 300_000.0
    north: float = 8_100_000.0
    size: int = PATTERN
    seed: int = 0
    passes_at: time = time(8, 2, 41)

    def transform(self, resolution: float) -> Affine:
        """Return the transform of pixels of `resolution` metres."""
        from affine import Affine

        return Affine(resolution, 0.0, self.west, 0.0, -resolution, self.north)

    def outline(self) -> tuple[dict[str, Any], list[float]]:
        """Return the tile as a GeoJSON polygon in degrees, and its box."""
        from shapely.geometry import mapping

        shape = square_in_degrees(self.crs, self.west, self.north, self.size * 10.0)
        return mapping(shape), list(shape.bounds)


def _no_baseline(day: date) -> None:
    """Say nothing: the offset is taken away already, as in Digital Earth Africa's archive."""


@dataclass(frozen=True)
class Archive:
    """What is written.

    `resolutions` are metres of bands that differ from Sentinel-2's (multiples of 20). `baseline` gives the processing
    baseline of a day: from 04.00 on the numbers carry the offset of 1000; None: the item says that it is taken away.
    """

    tiles: tuple[Tile, ...] = (Tile(),)
    season: str = SEASON
    dates: int = DATES
    block: int = BLOCK
    resolutions: Mapping[str, int] = field(default_factory=dict)
    baseline: Callable[[date], str | None] = _no_baseline
    threads: int = 2

    def resolution(self, band: str) -> int:
        """Return the metres of a band's pixels."""
        return self.resolutions.get(band, 10 if band in FINE else 20)


def write_scenes(folder: Path, archive: Archive) -> Path:
    """Write scenes and catalogue into a folder and return the path of `catalog.json`."""
    first = Season.parse(archive.season).start
    items: list[pystac.Item] = []
    for tile in archive.tiles:
        landscape = Landscape(min(tile.size, PATTERN), tile.seed)
        landscape.paint(0, 0)  # makes what all scenes share, before threads ask for it

        def scene(numbered: tuple[int, int], tile: Tile = tile, landscape: Landscape = landscape) -> pystac.Item:
            painted, cloudy = landscape.paint(*numbered)
            return _write_scene(folder, archive, tile, date_of(first, numbered[1]), (painted, cloudy))

        with ThreadPoolExecutor(archive.threads) as pool:
            items += pool.map(scene, enumerate(days_of(archive.dates)))
    return _write_catalogue(folder, archive, items)


def aoi_of(tile: Tile, margin: int = 0, side: int | None = None) -> Aoi:
    """Return an AOI of exactly `side` x `side` pixels (None: all but the margin), `margin` pixels from the corner."""
    from imagery.aoi import THE_WORLD, Aoi, AoiLimits

    side = tile.size - 2 * margin if side is None else side
    shape = square_in_degrees(
        tile.crs, tile.west + margin * 10.0 + INSET_M, tile.north - margin * 10.0 - INSET_M, side * 10.0 - 2 * INSET_M
    )
    from shapely.geometry import mapping

    return Aoi.from_geojson(mapping(shape), AoiLimits(extent=THE_WORLD, max_area_ha=1e9))


def square_in_degrees(crs: str, west: float, north: float, side_m: float) -> Any:  # noqa: ANN401 - a shapely polygon
    """Return a square of a projection as a polygon in degrees that follows its edges every 250 m."""
    from pyproj import Transformer
    from shapely import box, segmentize, transform

    degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    square = segmentize(box(west, north - side_m, west + side_m, north), 250.0)
    return transform(square, degrees.transform, interleaved=False)


def _write_scene(
    folder: Path, archive: Archive, tile: Tile, day: date, seen: tuple[dict[str, NDArray[Any]], float]
) -> pystac.Item:
    """Write the bands of one scene and return its item."""
    painted, cloudy = seen
    baseline = archive.baseline(day)
    item = _item(tile, day, cloudy, baseline)
    home = folder / item.id
    home.mkdir(parents=True, exist_ok=True)
    shifted = baseline is not None and float(baseline) >= BASELINE_04
    for key, pattern in painted.items():
        resolution = archive.resolution(key)
        coarser = resolution // (10 if key in FINE else 20)
        numbers = _enlarged(pattern[::coarser, ::coarser], tile.size * 10 // resolution)
        if shifted and key in BANDS:
            numbers = np.where(numbers == NODATA, NODATA, numbers + OFFSET).astype(np.uint16)
        write_band(home / f"{key}.tif", numbers, tile, resolution, archive.block)
        item.add_asset(key, _asset(key, tile, resolution, home))
    return item


def _enlarged(numbers: NDArray[Any], side: int) -> NDArray[Any]:
    """Repeat a pattern until it has `side` rows and columns."""
    times = -(-side // len(numbers))
    return numbers if times == 1 else np.tile(numbers, (times, times))[:side, :side]


def write_band(path: Path, numbers: NDArray[Any], tile: Tile, resolution: float, block: int) -> None:
    """Write one band as archives keep it, without overviews, which no one reads here."""
    import rasterio

    profile = {
        "driver": "GTiff",
        "height": numbers.shape[0],
        "width": numbers.shape[1],
        "count": 1,
        "dtype": numbers.dtype,
        "crs": tile.crs,
        "transform": tile.transform(resolution),
        "nodata": NODATA,
        "tiled": True,
        "blockxsize": block,
        "blockysize": block,
        "compress": "deflate",
        "predictor": 2,
    }
    with rasterio.open(path, "w", **profile) as file:
        file.update_tags(GEOCROP_SIMULATED="YES", TIFFTAG_IMAGEDESCRIPTION=STATEMENT)
        file.write(numbers, 1)


def _item(tile: Tile, day: date, cloudy: float, baseline: str | None) -> pystac.Item:
    import pystac

    outline, box = tile.outline()
    told = {"sentinel:boa_offset_applied": True} if baseline is None else {"s2:processing_baseline": baseline}
    return pystac.Item(
        id=f"SIM_{tile.name}_{day:%Y%m%d}",
        geometry=outline,
        bbox=box,
        datetime=datetime.combine(day, tile.passes_at, UTC),
        properties={
            "description": STATEMENT,
            "geocrop:simulated": True,
            "platform": "sentinel-2a",
            "grid:code": f"MGRS-{tile.name}",
            "eo:cloud_cover": round(100.0 * cloudy, 2),
            "proj:code": tile.crs,
            **told,
        },
        stac_extensions=EXTENSIONS,
    )


def _asset(key: str, tile: Tile, resolution: int, home: Path) -> pystac.Asset:
    import pystac

    side = tile.size * 10 // resolution
    band = {"nodata": NODATA, "spatial_resolution": resolution, "data_type": "uint8" if key == "SCL" else "uint16"}
    fields = {
        "proj:shape": [side, side],
        "proj:transform": list(tile.transform(resolution))[:6],
        "raster:bands": [band if key == "SCL" else band | {"scale": 1 / QUANTUM}],
    }
    kind = "image/tiff; application=geotiff; profile=cloud-optimized"
    return pystac.Asset(str(home / f"{key}.tif"), media_type=kind, roles=["data"], extra_fields=fields)


def _write_catalogue(folder: Path, archive: Archive, items: Sequence[pystac.Item]) -> Path:
    """Write the catalogue, with addresses of bands relative to their items."""
    import pystac

    season = Season.parse(archive.season)
    period = [datetime.combine(day, time(), UTC) for day in (season.start, season.end)]
    boxes = np.array([item.bbox for item in items])
    box = [*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()]
    extent = pystac.Extent(pystac.SpatialExtent([box]), pystac.TemporalExtent([list(period)]))
    collection = pystac.Collection(COLLECTION, STATEMENT, extent, extra_fields={"geocrop:simulated": True})
    catalogue = pystac.Catalog("geocrop-benchmark", STATEMENT, extra_fields={"geocrop:simulated": True})
    catalogue.add_child(collection)
    collection.add_items(items)
    catalogue.normalize_hrefs(str(folder))
    catalogue.make_all_asset_hrefs_relative()
    catalogue.save(pystac.CatalogType.SELF_CONTAINED)
    return folder / "catalog.json"


def main() -> None:
    """Write scenes and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    add_arguments(parser)
    asked = parser.parse_args()
    archive = archive_of(asked)
    print(write_scenes(asked.folder, archive))


def add_arguments(parser: argparse.ArgumentParser, size: int = PATTERN) -> None:
    """Add what says which scenes are made: size, margin, dates, internal tiles."""
    parser.add_argument("--size", type=int, default=size, help="rows and columns of the AOI, pixels of 10 m")
    parser.add_argument("--margin", type=int, default=0, help="pixels of the scenes around the AOI")
    parser.add_argument("--dates", type=int, default=DATES)
    parser.add_argument("--block", type=int, default=BLOCK, help="side of the scenes' internal tiles, pixels")


def archive_of(asked: argparse.Namespace) -> Archive:
    """Return what the arguments of `add_arguments` ask for."""
    return Archive((Tile(size=asked.size + 2 * asked.margin),), dates=asked.dates, block=asked.block)


if __name__ == "__main__":
    main()
