"""Maps: the crop map of an AOI and a season."""

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import dagster as dg

from geocrop_assets import partitions
from geocrop_assets.assets.composites import COMPOSITE_NAME, MapKey, read_map_key, season_composite
from geocrop_assets.cluster import MapWork, cluster_for, drawn_on, map_model
from geocrop_assets.common import OWNERS, code_version, markdown_table, png_metadata, simulated_metadata
from resources.bundles import load_bundle
from resources.layout import MODELS, REPORT_NAME, RESULTS, composite_prefix, map_prefix, report_key
from resources.object_store import ObjectNotFound, ObjectStore
from resources.progress import Progress, Report
from resources.publish import publish_files, read_pointer
from resources.registry import ModelRegistry, ModelVersion, NoChampion
from resources.rules import DatasetRules
from resources.store_resource import ObjectStoreResource
from sensors import tags
from training.errors import GeocropError

if TYPE_CHECKING:
    from imagery.map_facts import MapFacts
    from imagery.recipe import Recipe
    from training.bundle import ModelBundle

MAP_NAME = "crop_map.tif"


class CompositeMissing(GeocropError):
    """Materialize `season_composite` of this partition first: the champion's recipe has no composite of it."""

    code: ClassVar[str] = "composite-missing"


def champion_of(registry: ModelRegistry) -> ModelVersion:
    """Return the champion.

    Raises:
        NoChampion: before the first promotion.

    """
    champion = registry.champion()
    if champion is None:
        raise NoChampion("no model is promoted yet: `geocrop status` lists the candidates")
    return champion


@dataclass(frozen=True)
class DrawnMap:
    """A crop map as it was published."""

    pointer: dict[str, Any]
    facts: "MapFacts"
    thumbnail: bytes
    areas: list[tuple[str, float, float, float]]  # title, hectares, share 0..1, mean confidence in percent


def draw(
    store: ObjectStore, key: MapKey, champion: ModelVersion, rules: DatasetRules, *, run_id: str, progress: Report
) -> DrawnMap:
    """Draw the map of a partition from its composite with the champion, and publish all its files.

    Raises:
        CompositeMissing: no composite of the champion's recipe.
        GeocropError: nothing to map.

    """
    bundle = load_bundle(store, champion.bundle_hash)
    recipe = rules.load_recipe(bundle.recipe)
    composite = read_pointer(store, RESULTS, composite_prefix(key.partition))
    if composite is None or composite["recipe_fingerprint"] != recipe.fingerprint:
        raise CompositeMissing(f"{key.partition} has no composite of recipe {recipe.id}: materialize season_composite")
    with tempfile.TemporaryDirectory(prefix="geocrop-map-") as name:
        return _draw_into(
            Path(name), store, key, (champion, bundle, recipe, rules), composite, run_id=run_id, progress=progress
        )


def _draw_into(
    folder: Path,
    store: ObjectStore,
    key: MapKey,
    made_with: "tuple[ModelVersion, ModelBundle, Recipe, DatasetRules]",
    composite: dict[str, Any],
    *,
    run_id: str,
    progress: Report,
) -> DrawnMap:
    from imagery.areas import area_table, areas_csv
    from imagery.composite_file import CompositeReader
    from imagery.grid import projected
    from imagery.maps import composite_source, draw_map
    from imagery.pam import sidecar_path
    from imagery.season import Season
    from imagery.stac import crop_map_item
    from imagery.thumbnail import thumbnail_png

    champion, bundle, recipe, rules = made_with
    classes = rules.load_classes()
    legend = [classes.by_name(name) for name in bundle.classes]
    out = folder / MAP_NAME
    content = composite["files"][COMPOSITE_NAME]
    path = store.gdal_path(RESULTS, content)
    drawer = None
    with CompositeReader(path, recipe, gdal_options=store.gdal_options()) as reader:
        if cluster := cluster_for(composite["shape"], rules.ray_address):
            polygon = projected(key.aoi.geometry, reader.geobox.crs)
            drawer = partial(drawn_on, cluster, MapWork(bundle.hash, content, recipe, classes, polygon))
        facts, _ = draw_map(
            composite_source(reader, recipe, bundle.features),
            map_model(bundle, classes),
            key.aoi,
            out,
            tags=_raster_tags(key, champion, composite),
            threads=rules.cores,
            memory=rules.memory,
            drawer=drawer,
            progress=progress,
        )
    estimates = area_estimates(store, bundle, facts)
    table = area_table(facts, legend, estimates)
    (folder / "areas.csv").write_text(areas_csv(table), encoding="utf-8")
    thumbnail = thumbnail_png(out, legend)
    (folder / "thumbnail.png").write_bytes(thumbnail)
    files = {
        "data": out,
        "sidecar": sidecar_path(out),
        "thumbnail": folder / "thumbnail.png",
        "areas": folder / "areas.csv",
    }
    season = Season.parse(key.season)
    item = crop_map_item(
        key.aoi,
        key.season,
        (season.start, season.end),
        files,
        facts=facts,
        legend=legend,
        lineage=_lineage(champion, composite, run_id),
    )
    (folder / "item.json").write_text(json.dumps(item, indent=1), encoding="utf-8")
    pointer = publish_files(
        store,
        RESULTS,
        map_prefix(key.partition),
        {path.name: path for path in (*files.values(), folder / "item.json")},
        {
            "model_version": champion.version,
            "bundle_hash": champion.bundle_hash,
            "facts": facts.to_dict(),
            "area_estimates": {str(code): list(found) for code, found in estimates.items()},
            "simulated": composite["simulated"],
        },
    )
    mapped = table[table["code"] != 0]
    areas = list(mapped[["title", "hectares", "share", "mean_confidence"]].itertuples(index=False, name=None))
    return DrawnMap(pointer, facts, thumbnail, areas)


def area_estimates(
    store: ObjectStore, bundle: "ModelBundle", facts: "MapFacts"
) -> dict[int, tuple[float, float, float]]:
    """Return hectares by class code as the model's held-out errors correct them: estimate, low and high (95 %).

    Empty when the model has no evaluation: it was registered without one.
    """
    from training.area_estimate import estimated_shares

    try:
        report = json.loads(store.get(MODELS, report_key(bundle.hash, REPORT_NAME)))
    except ObjectNotFound:
        return {}
    names = dict(zip(bundle.codes, bundle.classes, strict=True))
    mapped = {names[code]: pixels / facts.pixels_mapped for code, pixels in facts.pixels_by_class.items()}
    found = estimated_shares(mapped, report["classes"], report["confusion"])
    whole = facts.pixels_mapped * facts.pixel_area_ha
    return {
        code: (found[name].share * whole, found[name].low * whole, found[name].high * whole)
        for code, name in names.items()
        if name in found
    }


def _raster_tags(key: MapKey, champion: ModelVersion, composite: dict[str, Any]) -> dict[str, str]:
    """Return what a map file says of itself."""
    facts = {
        "GEOCROP_AOI": key.aoi.id,
        "GEOCROP_SEASON": key.season,
        "GEOCROP_MODEL_VERSION": str(champion.version),
        "GEOCROP_MODEL_HASH": champion.bundle_hash,
        "GEOCROP_DATASET_VERSION": champion.dataset_version,
        "GEOCROP_RECIPE": champion.recipe,
    }
    return facts | ({"GEOCROP_SIMULATED": "yes: made of simulated scenes"} if composite["simulated"] else {})


def _lineage(champion: ModelVersion, composite: dict[str, Any], run_id: str) -> Any:  # noqa: ANN401
    from imagery.stac import Lineage, SceneLink, software_versions

    extra: dict[str, Any] = {"geocrop:dagster_run_id": run_id, "geocrop:dataset_digest": champion.dataset_digest}
    if composite["simulated"]:
        extra["geocrop:simulated"] = True
    return Lineage(
        model_version=str(champion.version),
        model_hash=champion.bundle_hash,
        dataset_version=champion.dataset_version,
        recipe=champion.recipe,
        scenes=[SceneLink(scene["id"], scene["href"]) for scene in composite["scenes"]],
        software=software_versions() | {"geocrop": code_version()},
        created=datetime.now(UTC),
        extra=extra,
    )


@dg.asset(
    partitions_def=partitions.aoi_seasons,
    group_name="maps",
    deps=[season_composite, tags.CHAMPION_MODEL],
    kinds={"cog", "stac"},
    owners=OWNERS,
    code_version="1",
)
def crop_map(
    context: dg.AssetExecutionContext,
    store: ObjectStoreResource,
    registry: dg.ResourceParam[ModelRegistry],
    rules: dg.ResourceParam[DatasetRules],
    progress: Progress,
) -> dg.MaterializeResult:
    """The crop map of an AOI and a season, as a cloud-optimised GeoTIFF.

    One partition is one AOI in one season. uint8, nodata 0: band 1 class (codes of the class table, with colours and
    names), band 2 confidence in percent, band 3 number of clear observations; overviews by mode. Beside it lie a STAC
    item that links scenes, model and dataset, a thumbnail and a table of areas. Pixels outside the polygon are nodata.
    Stale when the composite or the champion changes; maps are made on demand, so a promotion redraws none by itself.
    """
    key = read_map_key(store.store, context.partition_key, rules)
    report = progress.reporter(context.log, "drawing the map")
    drawn = draw(store.store, key, champion_of(registry), rules, run_id=context.run.run_id, progress=report)
    return dg.MaterializeResult(metadata=map_metadata(drawn, store.store))


def map_metadata(drawn: DrawnMap, store: ObjectStore) -> dict[str, Any]:
    """Return what the UI shows of a map, and what checks read."""
    facts = drawn.facts
    rows = [(title, f"{ha:,.1f}", f"{share:.1%}", f"{sure:.0f} %") for title, ha, share, sure in drawn.areas]
    shown: dict[str, Any] = {
        "thumbnail": png_metadata(drawn.thumbnail, "crop map"),
        "areas": markdown_table(("class", "hectares", "share", "confidence"), rows),
        tags.MODEL_VERSION: drawn.pointer["model_version"],
        "share_mapped": round(facts.share_mapped, 4),
        "clear_observations_median": facts.clear_median,
        "clear_observations_min": facts.clear_min,
        "uri": store.uri(RESULTS, drawn.pointer["files"][MAP_NAME]),
        "stac_item": store.uri(RESULTS, drawn.pointer["files"]["item.json"]),
        **simulated_metadata(drawn.pointer["simulated"]),
    }
    if facts.share_applicable is not None:
        shown["share_inside_area_of_applicability"] = round(facts.share_applicable, 4)
    return shown
