"""Dagster's instance of production opens: PostgreSQL, printed output on S3, the lane's coordinator and launcher."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import pytest
import yaml

from resources.lanes.coordinator import LaneRunCoordinator
from resources.layout import LOGS
from resources.object_store import S3Store

pytestmark = pytest.mark.integration

PRODUCTION = Path(__file__).resolve().parents[2] / "deploy" / "dagster" / "production.yaml"
KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: none, user: {}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
current-context: none
"""


@pytest.fixture
def instance(
    postgis_server: Any,  # noqa: ANN401
    empty_s3: Any,  # noqa: ANN401
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[dg.DagsterInstance]:
    """Open the file itself; only the way to the cluster's API and the server's port are others."""
    with postgis_server.fresh(postgis=False) as url:
        address = urlsplit(url)
        environment = {
            "DAGSTER_POSTGRES_HOST": address.hostname,
            "DAGSTER_POSTGRES_DB": address.path.removeprefix("/"),
            "DAGSTER_POSTGRES_USER": address.username,
            "DAGSTER_POSTGRES_PASSWORD": "any",
            "GEOCROP_NAMESPACE": "geocrop",
            "MINIO_ENDPOINT": f"http://{empty_s3.endpoint}",
            "AWS_ACCESS_KEY_ID": empty_s3.access_key,
            "AWS_SECRET_ACCESS_KEY": empty_s3.secret_key,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings = yaml.safe_load(PRODUCTION.read_text())
        settings["storage"]["postgres"]["postgres_db"]["port"] = address.port
        (tmp_path / "kubeconfig").write_text(KUBECONFIG)
        settings["run_launcher"]["config"] |= {
            "load_incluster_config": False,
            "kubeconfig_file": str(tmp_path / "kubeconfig"),
        }
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings))
        with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
            yield opened


def test_production_keeps_runs_in_postgresql_and_what_they_print_on_s3(
    instance: dg.DagsterInstance,
    empty_s3: Any,  # noqa: ANN401
) -> None:
    store = S3Store(empty_s3.endpoint, empty_s3.access_key, empty_s3.secret_key, secure=False)

    @dg.job
    def greets() -> None:
        @dg.op
        def say() -> None:
            print("good morning")  # noqa: T201

        say()

    done = greets.execute_in_process(instance=instance)
    assert instance.get_run_by_id(done.run_id).status == dg.DagsterRunStatus.SUCCESS
    printed = [one.key for one in store.list(LOGS, "dagster/") if done.run_id in one.key and one.key.endswith(".out")]
    assert [store.get(LOGS, key) for key in printed] == [b"good morning\n"]


def test_production_has_the_lanes_coordinator_and_launcher(instance: dg.DagsterInstance) -> None:
    from resources.lanes.k8s import LaneK8sRunLauncher

    assert isinstance(instance.run_coordinator, LaneRunCoordinator)
    assert isinstance(instance.run_launcher, LaneK8sRunLauncher)
    assert instance.run_launcher.job_namespace == "geocrop"
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_max_resume_run_attempts == 0
    assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 10
