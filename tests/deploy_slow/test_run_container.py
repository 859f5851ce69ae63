"""A run in a container of its own: the job that Dagster's launcher submits, executed by podman as Kubernetes would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dagster as dg
import pytest
import yaml
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import DEFAULT_DAGSTER_ENTRY_POINT, JobPythonOrigin, RepositoryPythonOrigin

from geocrop_assets.definitions import build_definitions
from resources.settings import load_settings
from sensors import tags
from tests.deploy_slow.podman import Podman
from tests.integration.servers import postgres, wait_until
from tests.unit.deploy import kubernetes_stub
from tests.unit.deploy.manifests import REPO

pytestmark = pytest.mark.deploy

PRODUCTION = REPO / "deploy" / "dagster" / "production.yaml"
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "users": [{"name": "nobody", "user": {}}],
    "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "nobody"}}],
    "current-context": "stub",
}
#: The platform makes its buckets when it is set up: here a folder of the pod's.
EMPTY_STORE = (
    "from resources.platform import store_of; from resources.settings import load_settings as s; store_of(s())"
)


def _instance_file(folder: Path, database: str, kubernetes: str) -> str:
    """Write production's instance with this database and this Kubernetes, and without the object store's logs."""
    address = urlsplit(database)
    said: dict[str, Any] = yaml.safe_load(PRODUCTION.read_text(encoding="utf-8"))
    said["storage"]["postgres"]["postgres_db"] |= {
        "hostname": address.hostname,
        "port": address.port,
        "db_name": address.path.removeprefix("/"),
        "username": address.username,
        "password": "any",
    }
    clusters = [{"name": "stub", "cluster": {"server": kubernetes}}]
    (folder / "kubeconfig").write_text(yaml.safe_dump(KUBECONFIG | {"clusters": clusters}), encoding="utf-8")
    said["run_launcher"]["config"] |= {
        "job_namespace": "geocrop",
        "load_incluster_config": False,
        "kubeconfig_file": str(folder / "kubeconfig"),
    }
    del said["compute_logs"]
    text = yaml.safe_dump(said)
    (folder / "dagster.yaml").write_text(text, encoding="utf-8")
    return text


def _launch(instance: dg.DagsterInstance, image: str) -> str:
    """Launch the platform's housekeeping, on an empty store, as its code location would; return the run's id."""
    job = build_definitions(load_settings()).resolve_job_def(tags.HOUSEKEEPING_JOB)
    pointer = ModuleCodePointer("geocrop_assets.definitions", "defs")
    origin = RepositoryPythonOrigin("python", pointer, image, DEFAULT_DAGSTER_ENTRY_POINT, None)
    run = instance.create_run_for_job(
        job, status=dg.DagsterRunStatus.STARTING, job_code_origin=JobPythonOrigin(job.name, origin)
    )
    instance.run_launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))
    return run.run_id


def _as_pod(job: dict[str, Any], instance: str) -> list[dict[str, Any]]:
    """Return a job's pod for podman, which knows no priorities and no single file of a volume, with an empty store."""
    template = json.loads(json.dumps(job["spec"]["template"]))
    spec = template["spec"]
    del spec["priorityClassName"]
    (container,) = spec["containers"]
    container["envFrom"] = [{"configMapRef": {"name": "geocrop-settings"}}]
    for mount in container["volumeMounts"]:
        if mount.pop("subPath", None):
            mount["mountPath"] = str(Path(mount["mountPath"]).parent)
    spec["initContainers"] = [container | {"name": "store", "args": ["python", "-c", EMPTY_STORE]}]
    maps = {"dagster-instance": {"dagster.yaml": instance}, "geocrop-settings": {"GEOCROP_ENVIRONMENT": "development"}}
    objects = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": maps[name]} for name in maps
    ]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "run"}, "spec": spec}
    return [*objects, pod]


def test_a_run_is_executed_in_a_container_of_its_own(podman: Podman, code_image: str, tmp_path: Path) -> None:
    with postgres() as database, kubernetes_stub.serve() as (kubernetes, address):
        text = _instance_file(tmp_path, database, address)
        with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
            run_id = _launch(instance, code_image)
            (job,) = kubernetes.jobs.values()
            file = tmp_path / "run.yaml"
            file.write_text(yaml.safe_dump_all(_as_pod(job, text)), encoding="utf-8")

            def ended() -> bool:
                run = instance.get_run_by_id(run_id)
                return run is not None and run.is_finished

            try:
                podman.run("play", "kube", "--network=host", str(file))
                wait_until(ended, "the run", 300)
            finally:
                said = podman.run("logs", "run-dagster", check=False)
                podman.run("play", "kube", "--down", str(file), check=False)
            run = instance.get_run_by_id(run_id)
            assert run is not None
            assert run.status == dg.DagsterRunStatus.SUCCESS, f"{said.stdout[-2000:]}\n{said.stderr[-4000:]}"
            assert run.tags["dagster/image"] == code_image
