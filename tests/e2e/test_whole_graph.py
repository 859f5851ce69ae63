"""The whole graph on a small simulated landscape: from uploaded CSVs to a checked map, run by run as sensors would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from demo import Landscape
from demo.score import score_map
from geocrop_assets.cli.datasets import upload_batches
from geocrop_assets.cli.runs import RunFailed
from geocrop_assets.partitions import AOI_SEASON, DATASET_VERSION, VARIANTS, model_key
from imagery.aoi import Aoi, partition_key
from resources.aois import keep_aoi
from resources.layout import (
    BASELINES,
    FEATURES,
    RESULTS,
    baseline_prefix,
    baseline_upload_prefix,
    map_prefix,
    rejects_key,
)
from resources.platform import registry_of, rules_of, store_of
from resources.promotion import audit_records
from resources.publish import read_pointer
from sensors import tags
from training.errors import GeocropError

if TYPE_CHECKING:
    from collections.abc import Callable

    from geocrop_assets.cli.runs import Platform

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

VERSION = "2024-06"
FEW = {"rounds": 15, "early_stopping": False}
#: Small models: what is proved here is the graph, not the accuracy.
TRAINING = {
    "folds": 3,
    "forest": {"n_estimators": 15},
    "xgboost": FEW,
    "lightgbm": FEW,
    "catboost": FEW,
    "scout": {"rounds": 5, "repeats": 1},
}
#: So small a landscape has some ten samples of its rarest classes.
GATE = {"gate": {"config": {"min_training_samples": 3, "min_groups": 3}}}
PREPARING = {"resources": {"training": {"config": {"settings": TRAINING}}}}
LEARNING = {"resources": {**PREPARING["resources"], **GATE}}
BASELINE_YEAR = "2023"


@dataclass
class Story:
    """What was run on the first home, in order."""

    platform: Platform
    prepared: dg.ExecuteInProcessResult
    trained: dict[str, dg.ExecuteInProcessResult]
    promoted: dg.ExecuteInProcessResult
    mapped: dg.ExecuteInProcessResult
    baseline: dg.ExecuteInProcessResult
    map_key: str


def prepare(platform: Platform, land: Landscape, version: str) -> dg.ExecuteInProcessResult:
    upload_batches(platform.settings, land.batches, version)
    platform.instance.add_dynamic_partitions(DATASET_VERSION, [version])
    return platform.run(tags.PREPARE_JOB, partition=version, config=PREPARING)


def train(platform: Platform, version: str, variant: str) -> dg.ExecuteInProcessResult:
    return platform.run(tags.TRAIN_JOB, partition=str(model_key(version, variant)), config=LEARNING)


def promote(platform: Platform, **config: object) -> dg.ExecuteInProcessResult:
    return platform.run(tags.PROMOTE_JOB, config={"ops": {tags.CHAMPION_MODEL: {"config": config}}, "resources": GATE})


@pytest.fixture(scope="module")
def story(land: Landscape, fresh_platform: Callable[[str], Platform]) -> Story:
    """Run everything once: two batches, both variants, promotion, a map and a baseline."""
    platform = fresh_platform("home")
    store = store_of(platform.settings)
    prepared = prepare(platform, land, VERSION)
    trained = {variant: train(platform, VERSION, variant) for variant in VARIANTS}
    promoted = promote(platform, version=1, reason="the first model of all")
    aoi = Aoi.from_file(land.aoi, rules_of(platform.settings).aoi_limits())
    keep_aoi(store, aoi)
    key = partition_key(aoi.id, land.season)
    platform.instance.add_dynamic_partitions(AOI_SEASON, [key])
    mapped = platform.run(tags.MAP_JOB, partition=key)
    upload = land.baselines[int(BASELINE_YEAR)]
    store.put_file(BASELINES, baseline_upload_prefix(BASELINE_YEAR) + upload.name, upload)
    baseline = platform.run(tags.BASELINE_JOB, partition=BASELINE_YEAR)
    return Story(platform, prepared, trained, promoted, mapped, baseline, key)


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    """Return what the one materialization of an asset in a run says, as plain values."""
    [event] = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in event.metadata.items()}


def check(result: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
    [found] = [one for one in result.get_asset_check_evaluations() if one.check_name == name]
    return found


def test_samples_and_features_tell_their_rows_and_columns(story: Story, land: Landscape) -> None:
    samples, features = metadata(story.prepared, "samples"), metadata(story.prepared, "training_features")
    rows = sum(len(path.read_text().splitlines()) - 1 for path in land.batches)
    assert samples["report"]["rows_read"] == rows
    assert samples["dagster/row_count"] + samples["rejected_rows"] == rows
    assert 0 < samples["rejected_rows"] < rows / 10
    assert {column.name: column.type for column in samples["dagster/column_schema"].columns}["geometry"] == "geometry"
    lost = features["not_measured"] + features["same_pixel_as_another_block"]
    assert features["dagster/row_count"] == samples["dagster/row_count"] - lost
    kinds = {column.name: column.type for column in features["dagster/column_schema"].columns}
    recipe = rules_of(story.platform.settings).load_recipe()
    assert features["recipe"] == recipe.id
    assert {kinds[name] for name in recipe.feature_names} == {"float32"}
    assert features["dataset_digest"] == samples["dataset_digest"]
    assert store_of(story.platform.settings).exists(FEATURES, rejects_key(VERSION))


def test_every_claim_about_data_and_models_holds(story: Story) -> None:
    for name in ("labels_are_known", "classes_can_be_learned", "features_are_observed", "no_leakage_between_folds"):
        assert check(story.prepared, name).passed, name
    for variant in VARIANTS:
        assert check(story.trained[variant], "beats_champion").passed, variant


def test_both_variants_are_candidates_with_their_evaluation_in_mlflow(story: Story) -> None:
    registry = registry_of(story.platform.settings)
    assert [(one.version, one.variant, one.tags["gate"]) for one in registry.versions()] == [
        (2, "Scaled", "passed"),
        (1, "Raw", "passed"),
    ]
    version = registry.version(1)
    run = registry.client.get_run(version.mlflow_run_id)
    shown = metadata(story.trained["Raw"], "evaluation")
    assert run.info.status == "FINISHED"
    assert run.data.tags["dagster_run_id"] == story.trained["Raw"].run_id
    assert run.data.params["forest.n_estimators"] == "15"
    assert run.data.metrics["macro_f1"] == pytest.approx(shown["macro_f1"], abs=5e-5)
    artifacts = {one.path for one in registry.client.list_artifacts(version.mlflow_run_id)}
    assert {"confusion.png", "reliability.png", "class_accuracy.png", "report.json", "report.md"} <= artifacts
    assert 1 / 10 < shown["macro_f1"] <= 1  # ten classes: better than one answer for all
    for plot in ("confusion", "class_accuracy", "reliability"):
        assert shown[plot].startswith(f"![{plot}](data:image/png;base64,")
        assert len(shown[plot]) < 30_000, "metadata above some 30 kB slows the UI"


def test_a_promotion_leaves_an_audit_record_with_the_gates_verdict(story: Story) -> None:
    champion = registry_of(story.platform.settings).champion()
    assert champion is not None
    assert champion.version == 1
    first = next(iter(audit_records(store_of(story.platform.settings))))
    assert (first.version, first.previous, first.reason) == (1, None, "the first model of all")
    assert first.run_id == story.promoted.run_id
    assert first.gate is not None
    assert first.gate["passed"] is True
    assert metadata(story.promoted, "champion_model")["audit_record"] == first.key


def test_the_map_is_a_valid_cog_that_agrees_with_the_truth(story: Story, land: Landscape) -> None:
    assert check(story.mapped, "is_valid_cog").passed
    assert check(story.mapped, "inside_area_of_applicability").passed
    observed = check(story.mapped, "enough_clear_observations")
    assert not observed.passed, "twelve scenes with clouds are too few, and the check says so"
    assert observed.severity == dg.AssetCheckSeverity.WARN
    store = store_of(story.platform.settings)
    pointer = read_pointer(store, RESULTS, map_prefix(story.map_key))
    assert pointer is not None
    path = store.gdal_path(RESULTS, pointer["files"]["crop_map.tif"])
    score = score_map(path, land.truth, land.aoi)
    assert score["mapped_share"] == 1.0
    assert score["overall_accuracy"] > 0.6, "the largest class has a third of the AOI"
    hectares = sum(pointer["facts"]["pixels_by_class"].values()) * pointer["facts"]["pixel_area_ha"]
    intervals = pointer["area_estimates"]
    assert set(intervals) == set(pointer["facts"]["pixels_by_class"])
    assert sum(estimated for estimated, _, _ in intervals.values()) <= hectares * (1 + 1e-9)  # errors hide classes, too
    assert all(0 <= low <= estimated <= high <= hectares for estimated, low, high in intervals.values())
    aoi = Aoi.from_file(land.aoi)
    assert hectares == pytest.approx(aoi.area_ha, rel=0.02)


def test_the_stac_item_links_scenes_model_and_dataset(story: Story, land: Landscape) -> None:
    store = store_of(story.platform.settings)
    pointer = read_pointer(store, RESULTS, map_prefix(story.map_key))
    assert pointer is not None
    item = json.loads(store.get(RESULTS, pointer["files"]["item.json"]))
    scenes = {link["title"] for link in item["links"] if link["rel"] == "derived_from" and "scene" not in link}
    assert {scene["id"] for scene in land.facts["scenes"]} <= scenes
    registry = registry_of(story.platform.settings)
    properties = item["properties"]
    assert properties["geocrop:model_version"] == "1"
    assert properties["geocrop:model_hash"] == registry.version(1).bundle_hash
    assert properties["geocrop:dataset_version"] == VERSION
    assert properties["geocrop:dataset_digest"] == metadata(story.prepared, "samples")["dataset_digest"]
    assert properties["geocrop:recipe"] == "s2-season@1"
    assert properties["geocrop:dagster_run_id"] == story.mapped.run_id
    assert properties["geocrop:simulated"] is True
    assert item["id"] == story.map_key


def test_a_baseline_upload_becomes_a_valid_cog(story: Story) -> None:
    assert check(story.baseline, "is_valid_cog").passed
    store = store_of(story.platform.settings)
    pointer = read_pointer(store, BASELINES, baseline_prefix(BASELINE_YEAR))
    assert pointer is not None
    assert set(pointer["files"]) >= {"baseline.tif", "item.json", "thumbnail.png"}
    assert all(store.exists(BASELINES, key) for key in pointer["files"].values())


def test_the_same_dataset_settings_and_seed_give_the_same_bundle_on_another_machine(
    story: Story, land: Landscape, fresh_platform: Callable[[str], Platform]
) -> None:
    again = fresh_platform("another-home")
    prepare(again, land, VERSION)
    train(again, VERSION, "Raw")
    there = registry_of(again.settings).version(1)
    here = registry_of(story.platform.settings).version(1)
    assert there.bundle_hash == here.bundle_hash
    assert there.dataset_digest == here.dataset_digest


def test_an_identical_second_candidate_does_not_beat_the_champion(story: Story, land: Landscape) -> None:
    prepare(story.platform, land, "2024-07")
    with pytest.raises(RunFailed, match="beats_champion"):
        train(story.platform, "2024-07", "Raw")
    registry = registry_of(story.platform.settings)
    candidate = registry.candidate()
    assert candidate is not None
    assert (candidate.dataset_version, candidate.tags["gate"]) == ("2024-07", "refused")
    with pytest.raises(GeocropError, match="may not be promoted"):
        promote(story.platform, version=candidate.version, reason="the check said no, the body does too")
    champion = registry.champion()
    assert champion is not None
    assert champion.version == 1


def test_training_the_same_again_registers_nothing_new(story: Story) -> None:
    registry = registry_of(story.platform.settings)
    before = [one.version for one in registry.versions()]
    train(story.platform, VERSION, "Raw")
    assert [one.version for one in registry.versions()] == before
