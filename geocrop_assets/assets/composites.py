"""Composites: what of a season's scenes an AOI needs."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from geocrop_assets import partitions
from geocrop_assets.common import OWNERS, simulated_metadata
from resources.aois import read_aoi
from resources.archive import SceneArchive
from resources.layout import RESULTS, composite_prefix
from resources.object_store import ObjectStore
from resources.progress import Progress, Report
from resources.publish import publish_files
from resources.registry import ModelRegistry
from resources.rules import DatasetRules
from resources.store_resource import ObjectStoreResource

if TYPE_CHECKING:
    import pystac

    from imagery.aoi import Aoi
    from imagery.composite import Composite
    from imagery.recipe import Recipe

COMPOSITE_NAME = "composite.tif"
#: Pixels of a block's side: memory is bounded by it, 62 MB of composite for s2-season.
BLOCK_PIXELS = 512


@dataclass(frozen=True)
class MapKey:
    """What a partition of maps names."""

    partition: str
    aoi: "Aoi"
    season: str


def read_map_key(store: ObjectStore, partition: str, rules: DatasetRules) -> MapKey:
    """Return AOI and season of a partition key.

    Raises:
        UnknownAoi: when no geometry is kept under the key's AOI.

    """
    from imagery.aoi import parse_partition_key

    aoi_id, season = parse_partition_key(partition)
    return MapKey(partition, read_aoi(store, aoi_id, rules.aoi_limits()), season)


@dataclass(frozen=True)
class Troubles:
    """Scenes that could not be read, or lack bands, by id, with the reason."""

    failed: dict[str, str] = field(default_factory=dict)
    partial: dict[str, str] = field(default_factory=dict)


def make_composite(
    key: MapKey, recipe: "Recipe", archive: SceneArchive, path: Path, *, threads: int, progress: Report
) -> dict[str, Any]:
    """Write the composite of an AOI and season to `path`; return what its pointer says beside the file.

    Raises:
        GeocropError: no scenes, too many unreadable ones, no grid.

    """
    from imagery.composite_file import write_composite
    from imagery.grid import blocks, map_grid
    from imagery.search import find_scenes

    search = find_scenes(archive.catalogue, recipe, key.aoi.geometry, key.season)
    grid = map_grid(key.aoi, recipe.grid, search.items)
    pieces = list(blocks(grid, BLOCK_PIXELS))
    troubles = Troubles()
    made = _composites(
        search.items, recipe, key, pieces, archive, threads=threads, progress=progress, troubles=troubles
    )
    write_composite(path, made, recipe, key.season, grid)
    return {
        "recipe": recipe.id,
        "recipe_fingerprint": recipe.fingerprint,
        "season": key.season,
        "scenes": [{"id": item.id, "href": item.get_self_href()} for item in search.items],
        "scenes_failed": dict(troubles.failed),
        "scenes_partial": dict(troubles.partial),
        "scenes_dropped": dict(search.dropped),
        "shape": list(grid.shape),
        "crs": str(grid.crs),
        "bytes": path.stat().st_size,
        "area_ha": key.aoi.area_ha,
        "simulated": any(item.properties.get("geocrop:simulated") for item in search.items),
    }


def _composites(
    items: "Sequence[pystac.Item]",
    recipe: "Recipe",
    key: MapKey,
    pieces: Sequence[Any],
    archive: SceneArchive,
    *,
    threads: int,
    progress: Report,
    troubles: Troubles,
) -> "Iterator[Composite]":
    """Make composites block by block, so that no more than one is held."""
    from imagery.composite import composite_block

    for done, piece in enumerate(pieces):
        within = partial(_within, progress, done, len(pieces))
        block = composite_block(
            items, recipe, piece.geobox, key.season, gdal_options=archive.gdal_options, progress=within, threads=threads
        )
        troubles.failed.update(block.scenes_failed)
        troubles.partial.update(block.scenes_partial)
        yield block


def _within(progress: Report, done: int, blocks: int, part: int, parts: int) -> None:
    progress(done + part / parts, blocks)


@dg.asset(
    partitions_def=partitions.aoi_seasons,
    group_name="maps",
    kinds={"stac", "geotiff"},
    owners=OWNERS,
    code_version="1",
)
def season_composite(
    context: dg.AssetExecutionContext,
    store: ObjectStoreResource,
    registry: dg.ResourceParam[ModelRegistry],
    archive: SceneArchive,
    rules: dg.ResourceParam[DatasetRules],
    progress: Progress,
) -> dg.MaterializeResult:
    """What of a season's scenes a map needs, so that a new champion redraws it without reading the archive again.

    One partition is one AOI in one season. A tiled GeoTIFF in the AOI's UTM zone (or the scenes' own grid, where the
    recipe says so): the recipe's bands by its windows as masked medians, in the scenes' integers and nodata, and the
    number of clear observations. Follows the champion's recipe, or the default one before the first promotion.
    Stale when the recipe changes or the archive gets new scenes of the season.
    """
    key = read_map_key(store.store, context.partition_key, rules)
    champion = registry.champion()
    recipe = rules.load_recipe(champion.recipe if champion else None)
    report = progress.reporter(context.log, "reading scenes")
    with tempfile.TemporaryDirectory(prefix="geocrop-composite-") as folder:
        path = Path(folder) / COMPOSITE_NAME
        facts = make_composite(key, recipe, archive, path, threads=rules.cores, progress=report)
        pointer = publish_files(store.store, RESULTS, composite_prefix(key.partition), {COMPOSITE_NAME: path}, facts)
    for scene, why in pointer["scenes_failed"].items():
        context.log.warning(f"scene {scene} was left out: {why}")
    return dg.MaterializeResult(
        metadata={
            "recipe": recipe.id,
            "scenes": len(pointer["scenes"]),
            "scenes_failed": dg.MetadataValue.json(pointer["scenes_failed"]),
            "size_mb": round(pointer["bytes"] / 1e6, 1),
            "mb_per_km2": round(pointer["bytes"] / 1e6 / (key.aoi.area_ha / 100), 2),
            "shape": str(pointer["shape"]),
            "crs": pointer["crs"],
            "uri": store.store.uri(RESULTS, pointer["files"][COMPOSITE_NAME]),
            **simulated_metadata(pointer["simulated"]),
        }
    )
