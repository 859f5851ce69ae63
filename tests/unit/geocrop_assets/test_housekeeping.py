"""Housekeeping on a real instance: what is old goes, the newest of every partition stays."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from geocrop_assets import housekeeping
from geocrop_assets.housekeeping import (
    build_housekeeping,
    delete_superseded,
    newest_runs,
    past_runs,
    used_files,
)
from resources.layout import (
    BASELINES,
    BUCKETS,
    MODELS,
    RESULTS,
    audit_prefix,
    baseline_prefix,
    baseline_upload_prefix,
    bundle_prefix,
    composite_prefix,
    map_prefix,
    report_key,
)
from resources.object_store import FolderStore
from resources.publish import publish_files
from resources.registry import ModelRegistry
from resources.store_resource import ObjectStoreResource

KEEP_DAYS = 30
LATER = timedelta(days=KEEP_DAYS + 1)
versions = dg.DynamicPartitionsDefinition(name="dataset_version")


@dg.asset(partitions_def=versions)
def table() -> None:
    """Stand for a partitioned asset."""


@dg.asset
def champion() -> None:
    """Stand for an asset without partitions."""


@dg.asset
def broken() -> None:
    """Never become anything."""
    raise ValueError("as ever")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Yield an instance of its own."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(instance: dg.DagsterInstance, asset: dg.AssetsDefinition, partition: str | None = None) -> str:
    """Materialize an asset; return the run's id."""
    if partition is not None:
        instance.add_dynamic_partitions("dataset_version", [partition])
    return dg.materialize([asset], instance=instance, partition_key=partition, raise_on_error=False).run_id


def clean(
    instance: dg.DagsterInstance, store: FolderStore, registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run the job as the schedule does, a month and a day from now."""
    real = time.time
    monkeypatch.setattr(housekeeping.time, "time", lambda: real() + LATER.total_seconds())
    job, _ = build_housekeeping(KEEP_DAYS)
    resources = {"store": ObjectStoreResource(root=str(store.root)), "registry": registry}
    assert job.execute_in_process(instance=instance, resources=resources).success


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """Return an empty store with the platform's buckets."""
    made = FolderStore(tmp_path / "store")
    made.ensure_buckets(BUCKETS)
    return made


class Registered(ModelRegistry):
    """A registry that knows one bundle."""

    def __init__(self) -> None:
        super().__init__(tracking_uri="nowhere")

    def versions(self) -> list[object]:  # type: ignore[override]
        """Return one version."""
        return [type("Version", (), {"bundle_hash": "used"})]


def test_the_newest_run_of_every_live_partition_stays_and_the_others_go(
    instance: dg.DagsterInstance, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_one, new_one = run(instance, table, "v1"), run(instance, table, "v1")
    only_one = run(instance, table, "v2")
    old_champion, new_champion = run(instance, champion), run(instance, champion)
    failed = run(instance, broken)
    clean(instance, store, Registered(), monkeypatch)
    left = {one.run_id for one in instance.get_runs()}
    assert {new_one, only_one, new_champion} <= left
    assert left.isdisjoint({old_one, old_champion, failed})
    assert instance.get_materialized_partitions(dg.AssetKey("table")) == {"v1", "v2"}


def test_young_runs_stay_whatever_they_are(instance: dg.DagsterInstance) -> None:
    run(instance, broken)
    assert past_runs(instance, before=time.time() - KEEP_DAYS * 24 * 3600) == []


def test_runs_in_flight_are_no_past_runs(instance: dg.DagsterInstance) -> None:
    @dg.job
    def idle() -> None:
        """Do nothing."""

    instance.create_run_for_job(idle)
    ended = idle.execute_in_process(instance=instance).run_id
    assert [one.run_id for one in past_runs(instance, before=time.time() + 60)] == [ended]


def test_past_runs_are_read_page_by_page(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "RUNS_A_PAGE", 2)
    made = {run(instance, champion) for _ in range(5)}
    assert {one.run_id for one in past_runs(instance, before=time.time() + 60)} == made
    assert len(newest_runs(instance, [dg.AssetKey("champion")])) == 1


def publish(store: FolderStore, folder: Path, prefix: str, text: str) -> list[str]:
    """Publish one file under a partition's prefix; return the keys it has."""
    folder.mkdir(exist_ok=True)
    (folder / "map.tif").write_text(text)
    return list(publish_files(store, RESULTS, prefix, {"map.tif": folder / "map.tif"}, {})["files"].values())


def age(store: FolderStore) -> None:
    """Make every object as old as a month and a day."""
    then = (datetime.now(UTC) - LATER).timestamp()
    for bucket in BUCKETS:
        for one in store.list(bucket):
            os.utime(store.root / bucket / one.key, (then, then))


def test_superseded_maps_and_composites_go_once_they_are_old_and_current_ones_stay(
    store: FolderStore, tmp_path: Path
) -> None:
    prefixes = [map_prefix("a1--2023-2024"), composite_prefix("a1--2023-2024")]
    old = [key for prefix in prefixes for key in publish(store, tmp_path / "f", prefix, "old")]
    now = [key for prefix in prefixes for key in publish(store, tmp_path / "f", prefix, "new")]
    assert delete_superseded(store, Registered(), now=datetime.now(UTC), keep_days=KEEP_DAYS) == 0, "all are young"
    age(store)
    assert delete_superseded(store, Registered(), now=datetime.now(UTC), keep_days=KEEP_DAYS) == len(old)
    assert [store.exists(RESULTS, key) for key in old] == [False, False]
    assert [store.exists(RESULTS, key) for key in now] == [True, True]
    pointers = [key for prefix in prefixes for key in used_files(store, RESULTS, prefix) if key.endswith("json")]
    assert [json.loads(store.get(RESULTS, key))["files"]["map.tif"] for key in pointers] == now


def test_bundles_that_the_registry_knows_stay_for_a_rollback_with_their_reports(store: FolderStore) -> None:
    for name in ("used", "forgotten"):
        store.put(MODELS, f"{bundle_prefix(name)}/manifest.json", b"{}")
        store.put(MODELS, report_key(name, "gate.json"), b"{}")
    store.put(MODELS, f"{audit_prefix()}act.json", b"{}")
    age(store)
    delete_superseded(store, Registered(), now=datetime.now(UTC), keep_days=KEEP_DAYS)
    kept = [f"{audit_prefix()}act.json", f"{bundle_prefix('used')}/manifest.json", report_key("used", "gate.json")]
    assert [one.key for one in store.list(MODELS)] == kept


def test_superseded_baselines_go_and_uploads_stay(store: FolderStore, tmp_path: Path) -> None:
    upload = f"{baseline_upload_prefix(2023)}tile.tif"
    store.put(BASELINES, upload, b"tile")
    (tmp_path / "cog.tif").write_text("old")
    old = publish_files(store, BASELINES, baseline_prefix(2023), {"cog.tif": tmp_path / "cog.tif"}, {})["files"]
    (tmp_path / "cog.tif").write_text("new")
    new = publish_files(store, BASELINES, baseline_prefix(2023), {"cog.tif": tmp_path / "cog.tif"}, {})["files"]
    age(store)
    assert delete_superseded(store, Registered(), now=datetime.now(UTC), keep_days=KEEP_DAYS) == 1
    assert not store.exists(BASELINES, old["cog.tif"])
    assert [store.exists(BASELINES, key) for key in (upload, new["cog.tif"])] == [True, True]
