"""Composites: what of a season's scenes an AOI needs."""

import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from geocrop_assets import partitions
from geocrop_assets.cluster import SeasonWork, cluster_for, composites_on
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
    from odc.geo.geobox import GeoBox

    from imagery.aoi import Aoi
    from imagery.composite import Composite
    from imagery.grid import Block
    from imagery.recipe import Recipe

COMPOSITE_NAME = "composite.tif"


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
    key: MapKey, recipe: "Recipe", archive: SceneArchive, path: Path, rules: DatasetRules, *, progress: Report
) -> dict[str, Any]:
    """Write the composite of an AOI and season to `path`; return what its pointer says beside the file.

    `progress` is told of pixels done, and of how many there are.

    Raises:
        GeocropError: no scenes, too many unreadable ones, no grid.

    """
    from imagery.composite_file import write_composite
    from imagery.cutting import cut
    from imagery.grid import map_grid
    from imagery.search import find_scenes

    search = find_scenes(archive.catalogue, recipe, key.aoi.geometry, key.season)
    work = SeasonWork(tuple(search.items), recipe, key.season, rules.memory, archive.gdal_options)
    grid = map_grid(key.aoi, recipe.grid, search.items)
    whole, blocks = cut(grid, search.items, recipe, memory=work.memory, gdal_options=work.gdal_options)
    troubles = Troubles()
    with closing(_composites(work, blocks, whole, rules, progress)) as made:
        write_composite(path, _noted(made, troubles), recipe, key.season, whole)
    return {
        "recipe": recipe.id,
        "recipe_fingerprint": recipe.fingerprint,
        "season": key.season,
        "scenes": [{"id": item.id, "href": item.get_self_href()} for item in search.items],
        "scenes_failed": dict(troubles.failed),
        "scenes_partial": dict(troubles.partial),
        "scenes_dropped": dict(search.dropped),
        "shape": list(whole.shape),
        "crs": str(whole.crs),
        "bytes": path.stat().st_size,
        "area_ha": key.aoi.area_ha,
        "simulated": any(item.properties.get("geocrop:simulated") for item in search.items),
    }


def _composites(
    work: SeasonWork, blocks: "list[Block]", whole: "GeoBox", rules: DatasetRules, progress: Report
) -> "Generator[Composite, None, None]":
    """Return who makes the blocks of a composite: the cluster, where the whole is worth it, or our own threads."""
    from imagery.composite import composite_blocks

    if cluster := cluster_for(whole.shape, rules.ray_address):
        return composites_on(cluster, work, blocks, progress)
    return composite_blocks(
        work.items,
        work.recipe,
        blocks,
        work.season,
        threads=rules.cores,
        memory=work.memory,
        gdal_options=work.gdal_options,
        progress=progress,
    )


def _noted(blocks: "Iterable[Composite]", troubles: Troubles) -> "Iterator[Composite]":
    """Pass blocks on one by one, holding none, and note their troubles."""
    for block in blocks:
        troubles.failed.update(block.scenes_failed)
        troubles.partial.update(block.scenes_partial)
        yield block
        del block


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
        facts = make_composite(key, recipe, archive, path, rules, progress=report)
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
