"""The whole graph with its store on a real S3 server: tables, models, composites and maps are objects there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from demo import Landscape, simulate
from geocrop_assets.cli.datasets import upload_batches
from geocrop_assets.cli.runs import Platform, open_platform
from geocrop_assets.partitions import AOI_SEASON, DATASET_VERSION, model_key
from imagery.aoi import Aoi, partition_key
from resources.aois import keep_aoi
from resources.evidence import HELD_OUT_NAME
from resources.layout import FEATURES, MODELS, RESULTS, composite_prefix, map_prefix, report_key
from resources.object_store import S3Store
from resources.platform import registry_of, store_of
from resources.promotion import audit_records
from resources.publish import read_pointer
from resources.settings import Settings
from sensors import tags

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.slow]

FEW = {"rounds": 5, "early_stopping": False}
SETTINGS = {
    "folds": 2,
    "forest": {"n_estimators": 8},
    "xgboost": FEW,
    "lightgbm": FEW,
    "catboost": FEW,
    "scout": {"enabled": False, "rounds": 3, "repeats": 1},
}
GATE = {"gate": {"config": {"min_training_samples": 3, "min_groups": 3}}}
LEARNING = {"training": {"config": {"settings": SETTINGS}}}


@dataclass(frozen=True)
class Story:
    """What was made, and by which runs."""

    platform: Platform
    store: S3Store
    home: Path
    mapped: dg.ExecuteInProcessResult
    features: dg.ExecuteInProcessResult
    key: str


@pytest.fixture(scope="module")
def story(empty_s3: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:  # noqa: ANN401
    """Upload, prepare, train, promote and map, once."""
    land = simulate(tmp_path_factory.mktemp("landscape"), size_px=128, n_dates=12)
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SECRET_ACCESS_KEY", empty_s3.secret_key)
        settings = Settings(
            home=home,
            s3_endpoint=f"http://{empty_s3.endpoint}",
            s3_access_key=empty_s3.access_key,
            catalogue=str(land.catalogue),
            block_size_m=150.0,
            threads=2,
        )
        store = store_of(settings)
        assert isinstance(store, S3Store)
        yield tell(open_platform(settings), store, home, land)


def tell(platform: Platform, store: S3Store, home: Path, land: Landscape) -> Story:
    upload_batches(platform.settings, land.batches, "v1")
    platform.instance.add_dynamic_partitions(DATASET_VERSION, ["v1"])
    features = platform.run(tags.PREPARE_JOB, partition="v1", config={"resources": LEARNING})
    evaluation = {"evaluation": {"config": {"random_rows": False}}}
    learning = {"resources": LEARNING | GATE, "ops": evaluation}
    platform.run(tags.TRAIN_JOB, partition=str(model_key("v1", "Raw")), config=learning)
    act = {tags.CHAMPION_MODEL: {"config": {"version": 1, "reason": "the first model"}}}
    platform.run(tags.PROMOTE_JOB, config={"ops": act, "resources": GATE})
    aoi = Aoi.from_file(land.aoi)
    keep_aoi(store, aoi)
    key = partition_key(aoi.id, land.season)
    platform.instance.add_dynamic_partitions(AOI_SEASON, [key])
    return Story(platform, store, home, platform.run(tags.MAP_JOB, partition=key), features, key)


def keys(story: Story, bucket: str, prefix: str) -> list[str]:
    return [one.key for one in story.store.list(bucket, prefix)]


def test_tables_and_models_are_objects_and_nothing_is_kept_in_the_home(story: Story) -> None:
    assert not (story.home / "store").exists()
    assert keys(story, FEATURES, "") == ["rejects/v1.parquet", "samples/v1.parquet", "training_features/v1.parquet"]
    [event] = story.features.asset_materializations_for_node("samples")
    assert event.metadata["uri"].value == f"s3://{FEATURES}/samples/v1.parquet"
    for learner in ("random_forest", "xgboost_model", "lightgbm_model", "catboost_model"):
        assert f"{learner}/v1/Raw/current.json" in keys(story, MODELS, f"{learner}/")


def test_the_champion_has_its_bundle_evidence_and_audit_there(story: Story) -> None:
    champion = registry_of(story.platform.settings).champion()
    assert champion is not None
    assert f"bundles/{champion.bundle_hash}/manifest.json" in keys(story, MODELS, "bundles/")
    assert story.store.exists(MODELS, report_key(champion.bundle_hash, HELD_OUT_NAME))
    assert [(one.version, one.state) for one in audit_records(story.store)] == [(1, "done")]


def test_the_map_was_drawn_from_the_composite_in_the_store_and_is_valid_there(story: Story) -> None:
    import rasterio

    composite = read_pointer(story.store, RESULTS, composite_prefix(story.key))
    assert composite is not None
    path = story.store.gdal_path(RESULTS, composite["files"]["composite.tif"])
    assert path.startswith("/vsis3/")
    checks = {one.check_name: one.passed for one in story.mapped.get_asset_check_evaluations()}
    assert checks["is_valid_cog"]
    pointer = read_pointer(story.store, RESULTS, map_prefix(story.key))
    assert pointer is not None
    with (
        story.store.gdal_env(),
        rasterio.open(path) as scenes,
        rasterio.open(story.store.gdal_path(RESULTS, pointer["files"]["crop_map.tif"])) as cog,
    ):
        assert (cog.count, cog.dtypes[0], cog.nodata) == (3, "uint8", 0.0)
        assert cog.shape == scenes.shape
        assert cog.crs == scenes.crs
        assert int((cog.read(1) != 0).sum()) == pointer["facts"]["pixels_mapped"] > 1000
        assert cog.tags()["GEOCROP_DATASET_VERSION"] == "v1"
    item = json.loads(story.store.get(RESULTS, pointer["files"]["item.json"]))
    assert item["properties"]["geocrop:model_version"] == "1"


def test_no_secret_is_in_what_dagster_keeps_of_the_runs(story: Story) -> None:
    secret = story.store.gdal_options()["AWS_SECRET_ACCESS_KEY"].encode()
    kept = [path for path in (story.home / "dagster").rglob("*") if path.is_file()]
    assert kept
    assert [path.name for path in kept if secret in path.read_bytes()] == []
