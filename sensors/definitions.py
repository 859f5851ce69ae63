"""The thin Dagster shells of the sensors: they read, let a `decide_*` function decide, and pass its answer on."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from resources.layout import BASELINES, DATASETS, LOGS, alert_key, baseline_upload_prefix
from resources.store_resource import ObjectStoreResource
from sensors import tags
from sensors.alerts import Alert, describe_failure, post_alert
from sensors.baselines import decide_baselines
from sensors.batches import decide_new_versions
from sensors.events import ended, error_text, newest_made, training_runs
from sensors.promotion import PromotionRequest, decide_promotion
from sensors.run_keys import run_key_after
from sensors.training import FeaturesReady, TrainingRequest, decide_training

if TYPE_CHECKING:
    from resources.settings import Settings

#: Events read in one tick: a tick takes at most 60 s, the rest comes with the next.
EVENTS_A_TICK = 200


def build_sensors(settings: Settings, *, variants: Sequence[str], years: Sequence[str]) -> list[dg.SensorDefinition]:
    """Return all sensors, looking at the interval that the settings state."""
    return [
        _detect_new_batches(settings),
        _retrain_on_new_features(settings, variants),
        _promote_best_candidate(settings, variants),
        _detect_new_baselines(settings, years),
        _alert_on_run_failure(settings),
    ]


def _detect_new_batches(settings: Settings) -> dg.SensorDefinition:
    @dg.sensor(
        name="detect_new_batches",
        job_name=tags.PREPARE_JOB,
        minimum_interval_seconds=settings.sensor_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Makes a dataset version of the CSV batches under datasets/<version>/ once uploads come to rest: "
        "each content once, whatever the order, restarts or repeated uploads.",
    )
    def detect_new_batches(context: dg.SensorEvaluationContext, store: ObjectStoreResource) -> dg.SensorResult:
        decision = decide_new_versions(
            store.store.list(DATASETS),
            context.cursor,
            now=time.time(),
            debounce_seconds=settings.debounce_seconds,
        )
        if decision.ignored:
            context.log.warning(decision.reason)
        requests = [
            (request, newest)
            for request in decision.requests
            if (newest := newest_made(context.instance, tags.FEATURE_SELECTION, request.version)).digest
            != request.digest
        ]
        versions = [request.version for request, _ in requests]
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    run_key=run_key_after(request.run_key, newest.run_id),
                    partition_key=request.version,
                    tags={tags.DATASET_VERSION_TAG: request.version, tags.DATASET_DIGEST_TAG: request.digest},
                )
                for request, newest in requests
            ],
            dynamic_partitions_requests=[dg.AddDynamicPartitionsRequest(tags.DATASET_VERSION, versions)],
            cursor=decision.cursor,
            skip_reason=None if requests else dg.SkipReason(decision.reason),
        )

    return detect_new_batches


def _retrain_on_new_features(settings: Settings, variants: Sequence[str]) -> dg.SensorDefinition:
    @dg.sensor(
        name="retrain_on_new_features",
        job_name=tags.TRAIN_JOB,
        minimum_interval_seconds=settings.sensor_seconds,
        default_status=_status(settings.auto_train),
        description="Trains every variant of a dataset version when its features are ready.",
    )
    def retrain_on_new_features(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        records = context.instance.fetch_materializations(
            dg.AssetRecordsFilter(
                asset_key=dg.AssetKey(tags.FEATURE_SELECTION),
                after_storage_id=int(context.cursor) if context.cursor else None,
            ),
            limit=EVENTS_A_TICK,
            ascending=True,
        ).records
        ready = [
            FeaturesReady(str(record.partition_key), str(event.metadata[tags.DATASET_DIGEST].value))
            for record in records
            if (event := record.asset_materialization) is not None and tags.DATASET_DIGEST in event.metadata
        ]
        live = context.instance.get_dynamic_partitions(tags.DATASET_VERSION)
        requests = [
            run_request
            for request in decide_training(ready, variants, live_versions=live)
            if (run_request := _training_run_request(context.instance, request)) is not None
        ]
        return dg.SensorResult(
            run_requests=requests,
            cursor=str(records[-1].storage_id) if records else context.cursor,
            skip_reason=None if requests else dg.SkipReason("no new features"),
        )

    return retrain_on_new_features


def _training_run_request(instance: dg.DagsterInstance, request: TrainingRequest) -> dg.RunRequest | None:
    """Return the run to ask for, or None where the newest model of the partition learned from this content."""
    dimensions = {tags.DATASET_VERSION: request.dataset_version, tags.MODEL_VARIANT: request.variant}
    partition = dg.MultiPartitionKey(dimensions)
    newest = newest_made(instance, tags.EVALUATION, str(partition))
    if newest.digest == request.dataset_digest:
        return None
    return dg.RunRequest(
        run_key=run_key_after(request.run_key, newest.run_id),
        partition_key=partition,
        tags={
            tags.DATASET_VERSION_TAG: request.dataset_version,
            tags.DATASET_DIGEST_TAG: request.dataset_digest,
            tags.VARIANT_TAG: request.variant,
        },
    )


def _promote_best_candidate(settings: Settings, variants: Sequence[str]) -> dg.SensorDefinition:
    @dg.sensor(
        name="promote_best_candidate",
        job_name=tags.PROMOTE_JOB,
        minimum_interval_seconds=settings.sensor_seconds,
        default_status=_status(settings.auto_promote),
        description="When all variants of a dataset version have settled, promotes the best that passed the gate. "
        "Runs by itself where GEOCROP_AUTO_PROMOTE is true; the promotion re-reads the gate.",
    )
    def promote_best_candidate(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        settled = frozenset(json.loads(context.cursor or "[]"))
        decision = decide_promotion(training_runs(context.instance, settled=settled), variants)
        requests = decision.requests
        return dg.SensorResult(
            cursor=json.dumps(sorted(settled | decision.settled)),
            run_requests=[
                dg.RunRequest(
                    run_key=request.run_key,
                    run_config=promotion_config(request),
                    tags={
                        tags.MODEL_VERSION_TAG: str(request.model_version),
                        tags.DATASET_VERSION_TAG: request.dataset_version,
                    },
                )
                for request in requests
            ],
            skip_reason=None if requests else dg.SkipReason("no settled candidates"),
        )

    return promote_best_candidate


def promotion_config(request: PromotionRequest) -> dict[str, object]:
    """Return the run config of `champion_model` for a promotion."""
    return {
        "ops": {
            tags.CHAMPION_MODEL: {
                "config": {"version": request.model_version, "reason": request.reason, "by": "sensor"}
            }
        }
    }


def _detect_new_baselines(settings: Settings, years: Sequence[str]) -> dg.SensorDefinition:
    @dg.sensor(
        name="detect_new_baselines",
        job_name=tags.BASELINE_JOB,
        minimum_interval_seconds=settings.sensor_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Makes a baseline COG of Dynamic World uploads at baselines/uploads/<year>/*.tif.",
    )
    def detect_new_baselines(context: dg.SensorEvaluationContext, store: ObjectStoreResource) -> dg.SensorResult:
        requests, ignored = decide_baselines(store.store.list(BASELINES, baseline_upload_prefix()), years)
        if ignored:
            context.log.warning(f"ignored (not uploads/<year>/<name>.tif of a served year): {', '.join(ignored)}")
        asked = set(json.loads(context.cursor or "[]"))
        fresh = [
            dg.RunRequest(run_key=run_key_after(request.run_key, newest.run_id), partition_key=request.year)
            for request in requests
            if request.run_key not in asked
            and (newest := newest_made(context.instance, tags.BASELINE, request.year, tags.UPLOAD_DIGEST)).digest
            != request.digest
        ]
        return dg.SensorResult(
            run_requests=fresh,
            cursor=json.dumps([request.run_key for request in requests]),
            skip_reason=None if fresh else dg.SkipReason("no new baselines"),
        )

    return detect_new_baselines


def _alert_on_run_failure(settings: Settings) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="alert_on_run_failure",
        minimum_interval_seconds=settings.sensor_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Keeps an alert of every failed run in the logs bucket and posts it to GEOCROP_ALERT_WEBHOOK.",
    )
    def alert_on_run_failure(context: dg.RunFailureSensorContext, store: ObjectStoreResource) -> None:
        run = context.dagster_run
        alert = describe_failure(
            job=run.job_name,
            run_id=run.run_id,
            error=error_text(context),
            tags=run.tags,
            moment=ended(context.instance, run.run_id),
        )
        keep_alert(store, alert)
        if settings.alert_webhook is not None:
            post_alert(alert, settings.alert_webhook.get_secret_value())

    return alert_on_run_failure


def keep_alert(store: ObjectStoreResource, alert: Alert) -> None:
    """Keep an alert under its run's end and id: told twice, it is kept once."""
    body = json.dumps(alert.to_dict(), indent=1).encode()
    store.store.put(LOGS, alert_key(alert.moment, alert.run_id), body, content_type="application/json")


def _status(running: bool) -> dg.DefaultSensorStatus:
    return dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED
