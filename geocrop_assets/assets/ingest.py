"""Ingest: Dynamic World uploads as baseline COGs."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg

from geocrop_assets import partitions
from geocrop_assets.common import OWNERS, code_version, counts_table, png_metadata
from resources.layout import BASELINE_SUFFIXES, BASELINES, baseline_prefix, baseline_upload_prefix
from resources.object_store import ObjectStat, ObjectStore
from resources.publish import publish_files
from resources.store_resource import ObjectStoreResource
from sensors import tags
from sensors.batches import content_digest
from training.errors import GeocropError

BASELINE_NAME = "baseline.tif"


class NoBaselineUpload(GeocropError):
    """Put a Dynamic World GeoTIFF of this year under geocrop-baselines/uploads/<year>/ first."""

    code: ClassVar[str] = "no-baseline-upload"


def uploads_of(store: ObjectStore, year: str) -> list[ObjectStat]:
    """Return the uploaded tiles of a year.

    Raises:
        NoBaselineUpload: when there is none.

    """
    prefix = baseline_upload_prefix(year)
    found = [one for one in store.list(BASELINES, prefix) if one.key.lower().endswith(BASELINE_SUFFIXES)]
    if not found:
        raise NoBaselineUpload(f"no GeoTIFF lies under {BASELINES}/{prefix}")
    return found


def publish_baseline(store: ObjectStore, year: str, uploads: list[ObjectStat]) -> dict[str, Any]:
    """Make the COG of a year from its tiles and publish it with its STAC item; return what its pointer says.

    Raises:
        GeocropError: the upload is no Dynamic World raster; the message says what to do.

    """
    from imagery.baseline import DYNAMIC_WORLD, make_baseline
    from imagery.pam import sidecar_path
    from imagery.stac import baseline_item, software_versions
    from imagery.thumbnail import thumbnail_png

    with tempfile.TemporaryDirectory(prefix="geocrop-baseline-") as name:
        folder = Path(name)
        tiles = []
        for number, one in enumerate(uploads):
            tiles.append(folder / f"{number:03}-{Path(one.key).name}")
            store.download(BASELINES, one.key, tiles[-1])
        out = folder / BASELINE_NAME
        facts = make_baseline(tiles, int(year), out)
        thumbnail = folder / "thumbnail.png"
        thumbnail.write_bytes(thumbnail_png(out, DYNAMIC_WORLD))
        files = {"data": out, "sidecar": sidecar_path(out), "thumbnail": thumbnail}
        item = baseline_item(
            int(year),
            files,
            DYNAMIC_WORLD,
            facts.pixels_by_class,
            created=datetime.now(UTC),
            software=software_versions() | {"geocrop": code_version()},
            sources=[one.key for one in uploads],
            simulated=facts.simulated,
        )
        (folder / "item.json").write_text(json.dumps(item, indent=1), encoding="utf-8")
        published = {path.name: path for path in (*files.values(), folder / "item.json")}
        pointer = publish_files(store, BASELINES, baseline_prefix(year), published, {"facts": facts.to_dict()})
        return {**pointer, "thumbnail": thumbnail.read_bytes()}


@dg.asset(
    partitions_def=partitions.baseline_years,
    group_name="ingest",
    kinds={"cog", "stac"},
    owners=OWNERS,
    code_version="1",
)
def baseline(context: dg.AssetExecutionContext, store: ObjectStoreResource) -> dg.MaterializeResult:
    """Dynamic World's land cover of one year, as a cloud-optimised GeoTIFF.

    One partition is one year, 2015 to 2025. uint8, classes 0 to 8 as Dynamic World numbers them, nodata 255, with
    colours, names and overviews by mode, in the upload's own grid; several tiles are merged. A STAC item and a
    thumbnail lie beside it. Stale when the upload `geocrop-baselines/uploads/<year>/*.tif` changes.
    """
    from imagery.baseline import DYNAMIC_WORLD

    uploads = uploads_of(store.store, context.partition_key)
    published = publish_baseline(store.store, context.partition_key, uploads)
    facts = published["facts"]
    titles = {str(entry.code): entry.title for entry in DYNAMIC_WORLD}
    for warning in facts["warnings"]:
        context.log.warning(warning)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(content_digest(uploads)),
        metadata={
            tags.UPLOAD_DIGEST: content_digest(uploads),
            "thumbnail": png_metadata(published["thumbnail"], f"baseline {context.partition_key}"),
            "classes": counts_table(
                {titles[code]: count for code, count in facts["pixels_by_class"].items()}, count="pixels"
            ),
            "uploads": len(uploads),
            "size": f"{facts['width']} x {facts['height']} pixels",
            "crs": facts["crs"],
            "uri": store.store.uri(BASELINES, published["files"][BASELINE_NAME]),
        },
    )
