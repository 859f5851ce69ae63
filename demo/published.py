"""Small rasters published as the assets publish them, for tests and benchmarks of tiles: invented, and they say so."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from imagery.aoi import Aoi, partition_key
from imagery.baseline import SIMULATED_TAG, make_baseline
from imagery.cog import MAP_BANDS, MAP_UNITS, legend_tag, write_cog
from imagery.dynamic_world import DYNAMIC_WORLD, NODATA
from imagery.map_facts import MapFacts
from imagery.pam import sidecar_path
from imagery.stac import Lineage, SceneLink, baseline_item, crop_map_item, software_versions
from imagery.thumbnail import thumbnail_png
from resources.layout import BASELINES, RESULTS, baseline_prefix, map_prefix
from resources.publish import publish_files

if TYPE_CHECKING:
    from imagery.legend import Legend
    from resources.object_store import ObjectStore

CRS = "EPSG:32736"
WEST, NORTH, PIXEL_M = 300_000.0, 8_030_000.0, 10.0
"""In metres of UTM 36 south: some 100 km north-east of Harare."""

Classes = npt.NDArray[np.uint8]


def publish_baseline(store: ObjectStore, year: int, classes: Classes) -> dict[str, Any]:
    """Publish a baseline of Dynamic World classes (255: none) and return its pointer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "upload.tif", classes[np.newaxis], NODATA)
        cog, thumbnail = folder / "baseline.tif", folder / "thumbnail.png"
        facts = make_baseline([folder / "upload.tif"], year, cog)
        thumbnail.write_bytes(thumbnail_png(cog, DYNAMIC_WORLD))
        files = {"data": cog, "sidecar": sidecar_path(cog), "thumbnail": thumbnail}
        item = baseline_item(
            year,
            files,
            DYNAMIC_WORLD,
            facts.pixels_by_class,
            created=datetime.now(UTC),
            software=software_versions(),
            sources=["upload.tif"],
            simulated=facts.simulated,
        )
        return _publish(store, BASELINES, baseline_prefix(year), files, item, {"facts": facts.to_dict()})


def publish_map(store: ObjectStore, aoi: Aoi, season: str, bands: Classes, legend: Legend) -> dict[str, Any]:
    """Publish a crop map of class, confidence and clear observations (0: none) and return its pointer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "plain.tif", bands, 0, legend)
        cog, thumbnail, areas = folder / "crop_map.tif", folder / "thumbnail.png", folder / "areas.csv"
        write_cog(folder / "plain.tif", cog, legend)
        thumbnail.write_bytes(thumbnail_png(cog, legend))
        areas.write_text("code,name,title,pixels,hectares,share,mean_confidence\n", encoding="utf-8")
        files = {"data": cog, "sidecar": sidecar_path(cog), "thumbnail": thumbnail, "areas": areas}
        facts = _facts(bands)
        first_year = int(season[:4])
        item = crop_map_item(
            aoi,
            season,
            (date(first_year, 9, 1), date(first_year + 1, 8, 31)),
            files,
            facts=facts,
            legend=legend,
            lineage=_lineage(),
        )
        said = {"model_version": 1, "bundle_hash": "0" * 64, "facts": facts.to_dict(), "simulated": True}
        return _publish(store, RESULTS, map_prefix(partition_key(aoi.id, season)), files, item, said)


def _publish(  # noqa: PLR0917  # two callers above
    store: ObjectStore, bucket: str, prefix: str, files: dict[str, Path], item: dict[str, Any], said: dict[str, Any]
) -> dict[str, Any]:
    path = files["data"].parent / "item.json"
    path.write_text(json.dumps(item), encoding="utf-8")
    return publish_files(store, bucket, prefix, {one.name: one for one in (*files.values(), path)}, said)


def _write(path: Path, bands: Classes, nodata: int, legend: Legend = ()) -> None:
    import rasterio
    from affine import Affine

    count, height, width = bands.shape
    profile = {
        "driver": "GTiff", "dtype": "uint8", "count": count, "height": height, "width": width, "nodata": nodata,
        "crs": CRS, "transform": Affine(PIXEL_M, 0, WEST, 0, -PIXEL_M, NORTH), "photometric": "MINISBLACK",
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as out:
        out.write(bands)
        out.update_tags(**{SIMULATED_TAG: "YES"})
        if legend:
            out.descriptions, out.units = MAP_BANDS, MAP_UNITS
            out.update_tags(1, **legend_tag(legend))


def _facts(bands: Classes) -> MapFacts:
    codes, counts = np.unique(bands[0][bands[0] > 0], return_counts=True)
    pixels = dict(zip(codes.tolist(), counts.tolist(), strict=True))
    sure = {code: float(bands[1][bands[0] == code].mean()) for code in pixels}
    mapped = sum(pixels.values())
    return MapFacts(pixels, sure, mapped, mapped, 0.01, 12.0, 1, 31, None)


def _lineage() -> Lineage:
    return Lineage(
        model_version="1",
        model_hash="0" * 64,
        dataset_version="simulated",
        recipe="s2-season",
        scenes=(SceneLink("simulated-scene"),),
        software=software_versions(),
        created=datetime.now(UTC),
        extra={"geocrop:simulated": True},
    )
