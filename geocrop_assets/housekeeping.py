"""Keeping house: old runs, superseded files and the leavings of killed writers."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from resources.layout import BASELINES, BUCKETS, MODELS, RESULTS, baseline_upload_prefix
from resources.object_store import ObjectStore
from resources.publish import POINTER_NAME
from resources.registry import ModelRegistry
from resources.store_resource import ObjectStoreResource
from sensors import tags
from sensors.housekeeping import PastRun, decide_objects_to_delete, decide_runs_to_delete

#: A writer that takes longer than this is dead.
INCOMPLETE_AFTER = timedelta(days=1)
RUNS_A_PAGE = 500
#: Prefixes of content-addressed files, by bucket: what no pointer names any more is superseded.
SUPERSEDED = ((RESULTS, "maps/"), (RESULTS, "composites/"))
CLEAN_PARTS = frozenset({dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED})


def past_runs(instance: dg.DagsterInstance, *, before: float) -> list[PastRun]:
    """Return the finished runs that ended before a moment (seconds since the epoch)."""
    found: list[PastRun] = []
    cursor: str | None = None
    until = datetime.fromtimestamp(before, UTC)
    while True:
        page = instance.get_run_records(
            dg.RunsFilter(statuses=list(CLEAN_PARTS), created_before=until), limit=RUNS_A_PAGE, cursor=cursor
        )
        found += [PastRun(one.dagster_run.run_id, one.end_time or one.update_timestamp.timestamp()) for one in page]
        if len(page) < RUNS_A_PAGE:
            return found
        cursor = page[-1].dagster_run.run_id


def newest_runs(instance: dg.DagsterInstance, keys: list[dg.AssetKey]) -> frozenset[str]:
    """Return the runs that hold the newest materialization of a partition of any asset, or of an asset without any."""
    found: set[str] = set()
    for key in keys:
        partitions = instance.get_materialized_partitions(key)
        for partition in partitions or {None}:
            records = instance.fetch_materializations(
                dg.AssetRecordsFilter(asset_key=key, asset_partitions=None if partition is None else [partition]),
                limit=1,
            ).records
            found.update(record.run_id for record in records)
    return frozenset(found)


def used_files(store: ObjectStore, bucket: str, prefix: str) -> Iterator[str]:
    """Return the keys that pointers name, and the pointers."""
    for one in store.list(bucket, prefix):
        if one.key.endswith(f"/{POINTER_NAME}"):
            yield one.key
            yield from json.loads(store.get(bucket, one.key))["files"].values()


def used_bundles(registry: ModelRegistry) -> list[str]:
    """Return the prefixes of registered bundles and of their reports: a rollback may ask for any of them."""
    hashes = [version.bundle_hash for version in registry.versions()]
    return [f"{folder}/{one}/" for folder in ("bundles", "reports") for one in hashes]


def delete_superseded(store: ObjectStore, registry: ModelRegistry, *, now: datetime, keep_days: int) -> int:
    """Delete files that nothing refers to any more; return how many."""
    in_use = [(bucket, prefix, list(used_files(store, bucket, prefix))) for bucket, prefix in SUPERSEDED]
    registered = used_bundles(registry)
    in_use += [(MODELS, "bundles/", registered), (MODELS, "reports/", registered)]
    # An upload is what a baseline is made of again: it stays as long as people leave it there.
    in_use.append((BASELINES, "", [*used_files(store, BASELINES, ""), baseline_upload_prefix()]))
    deleted = 0
    for bucket, prefix, used in in_use:
        for key in decide_objects_to_delete(store.list(bucket, prefix), in_use=used, now=now, keep_days=keep_days):
            store.delete(bucket, key)
            deleted += 1
    return deleted


class HousekeepingConfig(dg.Config):
    """How long things are kept."""

    keep_days: int = 90


@dg.op(description="Deletes old runs that hold no newest materialization, superseded files, and unfinished uploads.")
def keep_house(
    context: dg.OpExecutionContext,
    config: HousekeepingConfig,
    store: ObjectStoreResource,
    registry: dg.ResourceParam[ModelRegistry],
) -> None:
    """Delete what nothing needs, and say what was deleted."""
    now = time.time()
    oldest = now - timedelta(days=config.keep_days).total_seconds()
    runs = past_runs(context.instance, before=oldest)
    newest = newest_runs(context.instance, list(context.instance.all_asset_keys()))
    gone = decide_runs_to_delete(runs, now=now, keep_days=config.keep_days, newest=newest)
    for run_id in gone:
        context.instance.delete_run(run_id)
    files = delete_superseded(store.store, registry, now=datetime.now(UTC), keep_days=config.keep_days)
    parts = sum(store.store.clean_incomplete(bucket, INCOMPLETE_AFTER) for bucket in BUCKETS)
    context.log.info(f"deleted {len(gone)} runs, {files} superseded files, {parts} unfinished uploads")


def build_housekeeping(keep_days: int) -> tuple[dg.JobDefinition, dg.ScheduleDefinition]:
    """Return the job and its daily schedule."""
    job = dg.GraphDefinition(tags.HOUSEKEEPING_JOB, node_defs=[keep_house]).to_job(
        config={"ops": {"keep_house": {"config": {"keep_days": keep_days}}}},
        executor_def=dg.in_process_executor,
        tags={tags.LANE_TAG: "batch"},
    )
    schedule = dg.ScheduleDefinition(
        name="keep_house_daily",
        job=job,
        cron_schedule="17 3 * * *",  # at night, at no full hour
        execution_timezone="Africa/Harare",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return job, schedule
