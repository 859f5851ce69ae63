"""The STAC catalogue of the simulated scenes: static JSON, with the asset keys of Digital Earth Africa's `s2_l2a`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demo.grid import CRS, RESOLUTION_M, Grid, to_lonlat
from demo.scenes import BANDS_10M, NODATA, QUANTUM, STATEMENT, Pass
from demo.sky import sun_at
from demo.tables import spectra

if TYPE_CHECKING:
    import pystac

COLLECTION = "s2_l2a"
PASS_UTC = time(8, 2, 41)
COG_TYPE = "image/tiff; application=geotiff; profile=cloud-optimized"
EXTENSIONS = [
    "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
    "https://stac-extensions.github.io/view/v1.0.0/schema.json",
]
COMMON_NAMES = {
    "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge", "B06": "rededge", "B07": "rededge",
    "B08": "nir", "B8A": "nir08", "B11": "swir16", "B12": "swir22",
}  # fmt: skip


@dataclass(frozen=True)
class SceneFacts:
    """What the catalogue tells of a written scene: its pass and the share of it under cloud (0..1)."""

    one: Pass
    cloud_cover: float


def footprint(grid: Grid) -> tuple[dict[str, Any], list[float]]:
    """Return the landscape's outline as a GeoJSON polygon in WGS 84, and its bounding box."""
    west, south, east, north = grid.bounds
    lon, lat = to_lonlat(np.asarray([west, east, east, west, west]), np.asarray([south, south, north, north, south]))
    ring = [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]
    bbox = [min(x for x, _ in ring), min(y for _, y in ring), max(x for x, _ in ring), max(y for _, y in ring)]
    return {"type": "Polygon", "coordinates": [ring]}, bbox


def _asset(key: str, grid: Grid) -> pystac.Asset:
    """Return one asset with its projection and raster facts."""
    import pystac

    resolution = RESOLUTION_M if key in BANDS_10M else 2 * RESOLUTION_M
    size = int(grid.side_m / resolution)
    fields: dict[str, Any] = {
        "proj:shape": [size, size],
        "proj:transform": list(grid.transform(resolution))[:6],
        "gsd": resolution,
    }
    band = {"nodata": NODATA, "spatial_resolution": resolution, "data_type": "uint8" if key == "SCL" else "uint16"}
    if key != "SCL":
        band |= {"scale": 1.0 / QUANTUM, "offset": 0.0}
        fields["eo:bands"] = [{"name": key, "common_name": COMMON_NAMES[key]}]
    fields["raster:bands"] = [band]
    title = f"{key} (simulated)"
    return pystac.Asset(f"./{key}.tif", title=title, media_type=COG_TYPE, roles=["data"], extra_fields=fields)


def _item(scene: SceneFacts, grid: Grid) -> pystac.Item:
    """Return the item of one scene."""
    import pystac

    sun = sun_at(scene.one.day)
    geometry, bbox = footprint(grid)
    item = pystac.Item(
        id=scene.one.id,
        geometry=geometry,
        bbox=bbox,
        datetime=datetime.combine(scene.one.day, PASS_UTC, UTC),
        properties={
            "title": f"SIMULATED scene of {scene.one.day.isoformat()}",
            "description": STATEMENT,
            "geocrop:simulated": True,
            "platform": scene.one.platform,
            "constellation": "sentinel-2",
            "instruments": ["msi"],
            "gsd": RESOLUTION_M,
            "eo:cloud_cover": round(100.0 * scene.cloud_cover, 2),
            "proj:code": CRS,
            "view:sun_elevation": round(sun.elevation, 2),
            "view:sun_azimuth": round(sun.azimuth, 2),
            # the numbers are plain reflectance x 10000: no offset to take away
            "sentinel:boa_offset_applied": True,
        },
        stac_extensions=EXTENSIONS,
    )
    for key in (*spectra().bands, "SCL"):
        item.add_asset(key, _asset(key, grid))
    return item


def write_catalogue(folder: Path, scenes: list[SceneFacts], grid: Grid, interval: tuple[datetime, datetime]) -> Path:
    """Write catalogue, collection and items beside the scenes' files; return the path of `catalog.json`."""
    import pystac

    _, bbox = footprint(grid)
    extent = pystac.Extent(pystac.SpatialExtent([bbox]), pystac.TemporalExtent([list(interval)]))
    collection = pystac.Collection(
        COLLECTION,
        title="SIMULATED Sentinel-2 L2A",
        description=f"{STATEMENT} Keys, units and nodata are those of Digital Earth Africa's `s2_l2a`.",
        extent=extent,
        license="Apache-2.0",
        extra_fields={"geocrop:simulated": True},
    )
    catalogue = pystac.Catalog("geocrop-demo", title="SIMULATED landscape", description=STATEMENT)
    catalogue.extra_fields["geocrop:simulated"] = True
    catalogue.add_child(collection)
    collection.add_items(_item(scene, grid) for scene in scenes)
    catalogue.normalize_and_save(str(folder), pystac.CatalogType.SELF_CONTAINED)
    return folder / "catalog.json"
