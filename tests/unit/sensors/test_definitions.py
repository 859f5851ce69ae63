"""The shells of the sensors on a real instance: what they ask for, tick by tick."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from resources.layout import BASELINES, BUCKETS, DATASETS, baseline_upload_prefix
from resources.object_store import FolderStore
from resources.settings import Settings
from resources.store_resource import ObjectStoreResource
from sensors import tags
from sensors.alerts import describe_failure
from sensors.batches import content_digest
from sensors.definitions import build_sensors, keep_alert
from sensors.events import ended

VARIANTS = ("Raw", "Scaled")


class Stage:
    """Sensors, their instance and store; a tick remembers its cursor."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.store = FolderStore(folder / "store")
        self.store.ensure_buckets(BUCKETS)
        self.instance = instance
        self.resource = ObjectStoreResource(root=str(self.store.root))
        settings = Settings(home=folder, debounce_seconds=0)
        self.sensors = {one.name: one for one in build_sensors(settings, variants=VARIANTS, years=["2021"])}
        self.cursors: dict[str, str | None] = {}

    def tick(self, name: str) -> list[dg.RunRequest]:
        """Let a sensor look once; return what it asks for."""
        wants_store = "store" in self.sensors[name].required_resource_keys
        context = dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursors.get(name),
            resources={"store": self.resource} if wants_store else None,
        )
        result = self.sensors[name](context)
        assert isinstance(result, dg.SensorResult)
        self.cursors[name] = result.cursor
        return list(result.run_requests or [])

    def made(self, asset: str, partition: str, **metadata: object) -> None:
        """Record that a run made a partition."""
        spec = dg.AssetMaterialization(asset, partition=partition, metadata=metadata)
        self.instance.report_runless_asset_event(spec)

    def put(self, text: str) -> str:
        """Put a batch of v1; return the digest of the version's content."""
        self.store.put(DATASETS, "v1/a.csv", text.encode())
        return content_digest(self.store.list(DATASETS, "v1/"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Yield sensors on an empty platform."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Stage(tmp_path, instance)


def test_a_content_is_asked_for_once_with_its_partition_and_tags(stage: Stage) -> None:
    digest = stage.put("one")
    [request] = stage.tick("detect_new_batches")
    assert (request.partition_key, request.run_key) == ("v1", f"samples--v1--{digest}")
    assert request.tags[tags.DATASET_DIGEST_TAG] == digest
    assert stage.tick("detect_new_batches") == []


def test_after_a_lost_cursor_the_request_has_the_same_key_until_it_is_made_and_none_after(stage: Stage) -> None:
    digest = stage.put("one")
    [first] = stage.tick("detect_new_batches")
    stage.cursors.clear()
    [again] = stage.tick("detect_new_batches")
    assert again.run_key == first.run_key
    stage.made(tags.FEATURE_SELECTION, "v1", **{tags.DATASET_DIGEST: digest})
    stage.cursors.clear()
    assert stage.tick("detect_new_batches") == []


def test_a_batch_that_was_overwritten_and_put_back_is_asked_for_again(stage: Stage) -> None:
    asked = []
    for text in ("one", "two", "one", "two"):
        digest = stage.put(text)
        [request] = stage.tick("detect_new_batches")
        asked.append(request.run_key)
        run = stage.instance.create_run_for_job(dg.GraphDefinition("nothing").to_job())
        event = dg.AssetMaterialization(tags.FEATURE_SELECTION, partition="v1", metadata={tags.DATASET_DIGEST: digest})
        stage.instance.report_dagster_event(
            dg.DagsterEvent(
                dg.DagsterEventType.ASSET_MATERIALIZATION.value,
                "nothing",
                event_specific_data=_materialized(event),
            ),
            run_id=run.run_id,
        )
    assert len(set(asked)) == 4


def _materialized(event: dg.AssetMaterialization) -> object:
    from dagster._core.events import StepMaterializationData

    return StepMaterializationData(event)


def test_features_that_are_ready_are_trained_in_every_variant_once(stage: Stage) -> None:
    stage.instance.add_dynamic_partitions(tags.DATASET_VERSION, ["v1"])
    stage.made(tags.FEATURE_SELECTION, "v1", **{tags.DATASET_DIGEST: "d1"})
    requests = stage.tick("retrain_on_new_features")
    assert [one.partition_key for one in requests] == ["v1|Raw", "v1|Scaled"]
    assert [one.run_key for one in requests] == ["train--v1--Raw--d1", "train--v1--Scaled--d1"]
    assert stage.tick("retrain_on_new_features") == []


def test_what_a_person_trained_of_the_same_content_is_not_trained_again(stage: Stage) -> None:
    stage.instance.add_dynamic_partitions(tags.DATASET_VERSION, ["v1"])
    stage.made(tags.FEATURE_SELECTION, "v1", **{tags.DATASET_DIGEST: "d1"})
    stage.made(tags.EVALUATION, "v1|Raw", **{tags.DATASET_DIGEST: "d1"})
    stage.made(tags.EVALUATION, "v1|Scaled", **{tags.DATASET_DIGEST: "d0"})
    assert [one.partition_key for one in stage.tick("retrain_on_new_features")] == ["v1|Scaled"]


def test_an_upload_of_a_year_is_asked_for_once_and_another_content_again(stage: Stage) -> None:
    key = baseline_upload_prefix("2021") + "dw.tif"
    stage.store.put(BASELINES, key, b"one")
    stage.store.put(BASELINES, baseline_upload_prefix("1999") + "dw.tif", b"before Sentinel-2")
    [first] = stage.tick("detect_new_baselines")
    assert first.partition_key == "2021"
    assert stage.tick("detect_new_baselines") == []
    stage.store.put(BASELINES, key, b"two")
    [second] = stage.tick("detect_new_baselines")
    assert second.run_key != first.run_key


def train(stage: Stage, variant: str, version: int, score: float) -> str:
    """Record a training run of the sensor that passed the gate; return its id."""

    @dg.asset(name=tags.EVALUATION)
    def evaluated() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={tags.MODEL_VERSION: version, tags.MACRO_F1: score})

    job = dg.Definitions(assets=[evaluated], jobs=[dg.define_asset_job(tags.TRAIN_JOB)]).resolve_job_def(tags.TRAIN_JOB)
    run_tags = {tags.DATASET_VERSION_TAG: "v1", tags.DATASET_DIGEST_TAG: "d1", tags.VARIANT_TAG: variant}
    return job.execute_in_process(instance=stage.instance, tags=run_tags).run_id


def test_the_better_variant_is_promoted_once_and_not_again_when_the_promotions_run_is_gone(stage: Stage) -> None:
    train(stage, "Raw", 1, 0.6)
    assert stage.tick("promote_best_candidate") == []
    train(stage, "Scaled", 2, 0.7)
    [request] = stage.tick("promote_best_candidate")
    config = request.run_config["ops"][tags.CHAMPION_MODEL]["config"]
    assert (config["version"], config["by"]) == (2, "sensor")
    # Housekeeping deletes the promotion's run, and with it the key that Dagster deduplicates by.
    assert stage.tick("promote_best_candidate") == []


def test_an_alert_that_is_told_twice_is_kept_once(stage: Stage) -> None:
    @dg.job
    def fails() -> None:
        """Do nothing; the run is told to have failed."""

    run = stage.instance.create_run_for_job(fails)
    stage.instance.report_run_failed(run, "the process died")
    for _ in range(2):
        moment = ended(stage.instance, run.run_id)
        keep_alert(stage.resource, describe_failure(job="fails", run_id=run.run_id, error="e", tags={}, moment=moment))
        time.sleep(1.1)  # alerts are kept by the second
    [kept] = stage.store.list("geocrop-logs", "alerts/")
    assert run.run_id in kept.key
