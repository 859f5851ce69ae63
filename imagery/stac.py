"""STAC items (1.1.0) of crop maps and baselines: where a raster is, what its pixels mean, and what it was made from.

Items are plain dictionaries that need nothing beside them: projection, raster, classification, processing, checksums,
links to the scenes. Names that begin with `geocrop:` are ours: season, AOI, model version, dataset version, recipe.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagery.aoi import Aoi, AoiSeason, partition_key
from imagery.legend import Legend
from imagery.map_facts import MapFacts

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

STAC_VERSION = "1.1.0"
CROP_MAPS, BASELINES = "crop-maps", "baselines"
EXTENSIONS = {
    "projection": "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "raster": "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
    "classification": "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "processing": "https://stac-extensions.github.io/processing/v1.2.0/schema.json",
    "file": "https://stac-extensions.github.io/file/v2.1.0/schema.json",
}
COG_TYPE = "image/tiff; application=geotiff; profile=cloud-optimized"

# The multihash prefix of the file extension's checksums: 0x12 is SHA-256, 0x20 its 32 bytes.
_SHA256_MULTIHASH = "1220"
_READ_BYTES = 1 << 20
_ASSETS: Mapping[str, tuple[str, str, list[str]]] = {
    "data": (COG_TYPE, "Map", ["data"]),
    "sidecar": ("application/xml", "Class names and colours for GDAL and QGIS", ["metadata"]),
    "thumbnail": ("image/png", "Thumbnail", ["thumbnail"]),
    "areas": ("text/csv", "Hectares by class", ["metadata"]),
}


@dataclass(frozen=True)
class SceneLink:
    """A scene that a map was made from: its id, and where its STAC item is (None: known by id only)."""

    id: str
    href: str | None = None


@dataclass(frozen=True)
class Lineage:
    """What a map was made with. `extra` holds further properties, such as `geocrop:simulated`."""

    model_version: str
    model_hash: str
    dataset_version: str
    recipe: str
    scenes: Sequence[SceneLink]
    software: Mapping[str, str]
    created: datetime
    extra: Mapping[str, Any] = field(default_factory=dict)


def crop_map_item(
    aoi: Aoi,
    season: str,
    span: tuple[date, date],
    files: Mapping[str, Path],
    *,
    facts: MapFacts,
    legend: Legend,
    lineage: Lineage,
) -> dict[str, Any]:
    """Return the item of one crop map; its id is the partition key.

    `span` is the season's first and last day. `files`: asset key (`data`, `sidecar`, `thumbnail`, `areas`) -> local
    file; an href is the file's name, so the item stands in the same folder as its files.
    """
    properties = {
        **_span(span, lineage.created),
        "title": f"Crop map {season} of AOI {aoi.id}",
        "processing:lineage": _lineage_text(lineage),
        "processing:software": dict(lineage.software),
        "processing:datetime": _text(lineage.created),
        "geocrop:season": season,
        "geocrop:aoi": aoi.id,
        "geocrop:aoi_area_ha": round(aoi.area_ha, 4),
        "geocrop:model_version": lineage.model_version,
        "geocrop:model_hash": lineage.model_hash,
        "geocrop:dataset_version": lineage.dataset_version,
        "geocrop:recipe": lineage.recipe,
        "geocrop:scenes": [scene.id for scene in lineage.scenes],
        "geocrop:share_mapped": round(facts.share_mapped, 6),
        "geocrop:mean_confidence": round(facts.mean_confidence, 3),
        "geocrop:clear_median": facts.clear_median,
        "geocrop:share_applicable": facts.share_applicable,
        **lineage.extra,
    }
    item = _item(partition_key(*AoiSeason(aoi.id, season)), CROP_MAPS, properties)
    item["geometry"], item["bbox"] = aoi.to_geojson(), list(aoi.bbox)
    item["links"] += [_derived_from(scene) for scene in lineage.scenes]
    _add_files(item, files, legend, facts.pixels_by_class)
    return item


def baseline_item(
    year: int,
    files: Mapping[str, Path],
    legend: Legend,
    pixels_by_class: Mapping[int, int],
    *,
    created: datetime,
    software: Mapping[str, str],
    sources: Sequence[str] = (),
    simulated: bool = False,
) -> dict[str, Any]:
    """Return the item of the Dynamic World baseline of one year; `sources` names the uploaded files."""
    import rasterio

    properties = {
        **_span((date(year, 1, 1), date(year, 12, 31)), created),
        "title": f"Dynamic World baseline {year}",
        "license": "CC-BY-4.0",
        "providers": [{"name": "Google and World Resources Institute", "roles": ["producer", "licensor"]}],
        "processing:lineage": f"Dynamic World V1 labels of {year}, rewritten without change as a COG",
        "processing:software": dict(software),
        "processing:datetime": _text(created),
        "geocrop:sources": list(sources),
        **({"geocrop:simulated": True} if simulated else {}),
    }
    item = _item(f"dynamic-world-{year}", BASELINES, properties)
    with rasterio.open(files["data"]) as raster:
        item["geometry"], item["bbox"] = _footprint(raster)
    _add_files(item, files, legend, pixels_by_class)
    return item


def software_versions(names: Sequence[str] = ("geocrop", "rasterio", "odc-geo", "pystac", "numpy")) -> dict[str, str]:
    """Return the versions of installed packages, and of GDAL, for `processing:software`."""
    from importlib.metadata import version

    import rasterio

    return {**{name: version(name) for name in names}, "GDAL": str(rasterio.__gdal_version__)}


def file_fields(path: Path) -> dict[str, Any]:
    """Return `file:size` and `file:checksum` (SHA-256 as multihash) of a file, read as a stream."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_READ_BYTES):
            digest.update(chunk)
    return {"file:size": path.stat().st_size, "file:checksum": _SHA256_MULTIHASH + digest.hexdigest()}


def classification(legend: Legend, pixels_by_class: Mapping[int, int] | None = None) -> list[dict[str, Any]]:
    """Return `classification:classes` in code order, with pixel counts where they are known."""
    classes = []
    for entry in sorted(legend, key=lambda one: one.code):
        described: dict[str, Any] = {
            "value": entry.code,
            "name": entry.name.replace(" ", "-"),  # the extension allows letters, digits, hyphen and underscore
            "title": entry.title,
            "color_hint": entry.color.removeprefix("#").upper(),
        }
        if pixels_by_class is not None:
            described["count"] = pixels_by_class.get(entry.code, 0)
        classes.append(described)
    return classes


def _item(item_id: str, collection: str, properties: dict[str, Any]) -> dict[str, Any]:
    links = [{"rel": rel, "href": "../collection.json", "type": "application/json"} for rel in ("collection", "parent")]
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": list(EXTENSIONS.values()),
        "id": item_id,
        "collection": collection,
        "geometry": None,
        "bbox": None,
        "properties": properties,
        "links": links,
        "assets": {},
    }


def _span(span: tuple[date, date], created: datetime) -> dict[str, Any]:
    first, last = span
    return {
        "datetime": None,
        "start_datetime": _text(datetime.combine(first, time.min, UTC)),
        "end_datetime": _text(datetime.combine(last, time(23, 59, 59), UTC)),
        "created": _text(created),
    }


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _lineage_text(lineage: Lineage) -> str:
    return (
        f"{len(lineage.scenes)} scenes, features of recipe {lineage.recipe}, model version {lineage.model_version}"
        f" trained on dataset {lineage.dataset_version}"
    )


def _derived_from(scene: SceneLink) -> dict[str, str]:
    return {
        "rel": "derived_from",
        "href": scene.href or f"urn:stac:item:{scene.id}",
        "type": "application/geo+json",
        "title": scene.id,
    }


def _add_files(
    item: dict[str, Any], files: Mapping[str, Path], legend: Legend, pixels_by_class: Mapping[int, int]
) -> None:
    """Add the assets, and the projection of the data asset to the properties."""
    import rasterio

    for key, path in files.items():
        media_type, title, roles = _ASSETS[key]
        item["assets"][key] = {
            "href": f"./{path.name}",
            "type": media_type,
            "title": title,
            "roles": roles,
            **file_fields(path),
        }
    with rasterio.open(files["data"]) as raster:
        item["properties"] |= _projection(raster)
        bands = [_band(raster, index) for index in raster.indexes]
    bands[0]["classification:classes"] = classification(legend, pixels_by_class)
    item["assets"]["data"]["bands"] = bands


def _projection(raster: DatasetReader) -> dict[str, Any]:
    epsg = raster.crs.to_epsg()
    # Without a code the projection extension asks for null and the projection in full.
    crs = (
        {"proj:code": f"EPSG:{epsg}"}
        if epsg
        else {"proj:code": None, "proj:wkt2": raster.crs.to_wkt(version="WKT2_2019")}
    )
    return {
        **crs,
        "proj:shape": list(raster.shape),
        "proj:transform": list(raster.transform)[:6],
        "proj:bbox": list(raster.bounds),
    }


def _band(raster: DatasetReader, index: int) -> dict[str, Any]:
    tags = raster.tags(index)
    known = {
        name: float(tags[f"STATISTICS_{tag}"])
        for name, tag in (("minimum", "MINIMUM"), ("maximum", "MAXIMUM"), ("mean", "MEAN"), ("stddev", "STDDEV"))
        if f"STATISTICS_{tag}" in tags
    }
    return {
        "name": raster.descriptions[index - 1],
        "data_type": raster.dtypes[index - 1],
        "nodata": raster.nodata,
        "unit": raster.units[index - 1] or "class code",
        "raster:spatial_resolution": raster.res[0],
        "raster:sampling": "area",
        **({"statistics": known} if known else {}),
    }


def _footprint(raster: DatasetReader) -> tuple[dict[str, Any], list[float]]:
    """Return the outline of a raster in WGS 84 as GeoJSON, and its bounds."""
    from rasterio.warp import transform_bounds
    from shapely.geometry import box, mapping

    bounds = transform_bounds(raster.crs, "EPSG:4326", *raster.bounds, densify_pts=21)
    outline = mapping(box(*bounds))
    return {"type": outline["type"], "coordinates": [[list(at) for at in outline["coordinates"][0]]]}, list(bounds)
