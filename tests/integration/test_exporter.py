"""The exporter tells what Dagster, registry, store and databases are like, against real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.storage.dagster_run import DagsterRunStatus
from dagster._daemon.types import DaemonHeartbeat
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from geocrop_assets.cli.programs import start_program, stop
from resources.exporter.dagster import read_assets, read_daemons
from resources.exporter.runs import RunNumbers
from resources.exporter.storage import read_databases, read_store
from resources.layout import BUCKETS, RESULTS, map_prefix
from resources.object_store import FolderStore
from resources.publish import publish_files
from resources.settings import Settings
from sensors import tags

pytestmark = pytest.mark.integration

PATIENCE_S = 180.0
ORIGIN = RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("trial"), "repository"), "drawing")


@dg.job(name=tags.MAP_JOB)
def drawing() -> None:
    """Stand for the job that makes maps."""

    @dg.op
    def draw() -> None:
        """Do nothing."""

    draw()


@dg.job(name=tags.TRAIN_JOB)
def training() -> None:
    """Stand for a training that fails."""

    @dg.op
    def learn() -> None:
        raise ValueError("as ever")

    learn()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Yield an instance of its own."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def values(metrics: list[Metric]) -> dict[tuple[str, ...], float]:
    """Return samples by name and the texts of their labels."""
    return {(one.name, *one.labels.values()): one.value for metric in metrics for one in metric.samples}


def test_runs_are_counted_once_by_job_lane_and_end(instance: dg.DagsterInstance) -> None:
    drawing.execute_in_process(instance=instance, tags={tags.LANE_TAG: tags.INTERACTIVE})
    numbers = RunNumbers(instance)
    before = values(numbers.read())
    assert before["geocrop_runs_ended_total", tags.MAP_JOB, "interactive", "success"] == 0, "it ended before the start"
    assert before["geocrop_last_success_timestamp_seconds", tags.MAP_JOB] > 0

    drawing.execute_in_process(instance=instance, tags={tags.LANE_TAG: tags.INTERACTIVE})
    training.execute_in_process(instance=instance, raise_on_error=False)
    training.execute_in_process(instance=instance, raise_on_error=False)
    numbers.read()
    after = values(numbers.read())
    assert after["geocrop_runs_ended_total", tags.MAP_JOB, "interactive", "success"] == 1
    assert after["geocrop_runs_ended_total", tags.TRAIN_JOB, "batch", "failure"] == 2
    assert after["geocrop_runs_ended_total", tags.TRAIN_JOB, "batch", "success"] == 0
    assert after["geocrop_run_seconds_count", tags.TRAIN_JOB, "batch"] == 2
    assert after["geocrop_run_wait_seconds_count", tags.MAP_JOB, "interactive"] == 1
    assert ("geocrop_last_success_timestamp_seconds", tags.TRAIN_JOB) not in after


def test_runs_that_wait_are_told_with_the_longest_wait(instance: dg.DagsterInstance) -> None:
    for _ in range(2):
        instance.create_run_for_job(
            drawing,
            status=DagsterRunStatus.QUEUED,
            tags={tags.LANE_TAG: tags.INTERACTIVE},
            remote_job_origin=ORIGIN,
        )
    instance.create_run_for_job(training, status=DagsterRunStatus.STARTED)
    time.sleep(0.01)  # a clock's step
    found = values(RunNumbers(instance).read())
    assert found["geocrop_run_queue_length", "interactive"] == 2
    assert found["geocrop_run_queue_length", "batch"] == 0
    assert found["geocrop_run_queue_oldest_seconds", "interactive"] > 0
    assert found["geocrop_run_queue_oldest_seconds", "batch"] == 0
    assert found["geocrop_runs_in_flight", tags.TRAIN_JOB, "batch", "started"] == 1


def test_daemons_and_assets_tell_their_last_moments(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def champion_model() -> None:
        """Stand for the champion."""

    begun = time.time()
    dg.materialize([champion_model], instance=instance)
    instance.add_dynamic_partitions(tags.AOI_SEASON, ["a--2023-2024", "b--2023-2024"])
    instance.add_daemon_heartbeat(DaemonHeartbeat(123.0, "SENSOR", "one", []))
    found = values(read_daemons(instance)) | values(read_assets(instance))
    assert found["geocrop_daemon_heartbeat_timestamp_seconds", "SENSOR"] == 123
    assert found["geocrop_daemon_errors", "SENSOR"] == 0
    assert begun <= found["geocrop_asset_materialized_timestamp_seconds", "champion_model"] <= time.time()
    assert found["geocrop_partitions", tags.AOI_SEASON] == 2


def test_the_store_tells_bytes_maps_and_room(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.ensure_buckets(BUCKETS)
    (tmp_path / "map.tif").write_bytes(b"x" * 1000)
    publish_files(store, RESULTS, map_prefix("a--2023-2024"), {"map.tif": tmp_path / "map.tif"}, {})
    found = values(read_store(store))
    assert found["geocrop_store_objects", RESULTS] == 2
    assert found["geocrop_store_bytes", RESULTS] > 1000
    assert found["geocrop_results", "map"] == 1
    assert found["geocrop_results", "baseline"] == 0
    assert found["geocrop_newest_result_timestamp_seconds", "map"] <= time.time()
    assert 0 < found["geocrop_store_free_bytes",] <= found["geocrop_store_capacity_bytes",]


def test_postgresql_tells_its_databases_and_connections(postgis_url: str) -> None:
    name = postgis_url.rpartition("/")[2]
    found = values(read_databases(postgis_url, {}))
    assert found["geocrop_database_bytes", name] > 1_000_000
    assert found["geocrop_database_connections", name] >= 1
    assert found["geocrop_database_connections_max",] == 200


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Yield the address of an exporter of a new, embedded platform, and its process."""
    settings = Settings(home=tmp_path / "home")
    settings.home.mkdir()
    port = _free_port()
    words = ("geocrop", "exporter", "--port", str(port))
    process = start_program(settings, *words, log=tmp_path / "exporter.log")
    yield f"http://127.0.0.1:{port}/metrics", process
    stop(process)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def scrape(address: str) -> dict[tuple[str, ...], float]:
    """Return what an address tells; nothing while nobody listens there."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310
            return values(list(text_string_to_metric_families(answer.read().decode())))
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return {}


def test_the_program_serves_its_numbers_and_stops_when_told(served: Any) -> None:  # noqa: ANN401
    address, process = served
    end = time.monotonic() + PATIENCE_S
    wanted = {"runs", "daemons", "assets", "models", "databases", "store"}
    while {
        name for kind, name, *_ in ((*key, "") for key in scrape(address)) if kind == "geocrop_exporter_up"
    } < wanted:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.2)
    found = scrape(address)
    assert {key[1]: value for key, value in found.items() if key[0] == "geocrop_exporter_up"} == dict.fromkeys(
        wanted, 1
    )
    assert found["geocrop_runs_ended_total", tags.MAP_JOB, "interactive", "failure"] == 0
    assert found["process_resident_memory_bytes",] < 512 << 20, "it fits the limit of a light service"
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(60) == 0
