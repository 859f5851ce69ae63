"""The Kubernetes job of a run, as Dagster's own launcher submits it with our configuration."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import kubernetes_validate
import pytest
import yaml
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.launcher import LaunchRunContext
from dagster._core.origin import DEFAULT_DAGSTER_ENTRY_POINT, JobPythonOrigin, RepositoryPythonOrigin

from geocrop_assets.jobs import build_jobs
from sensors import tags
from tests.unit.deploy import kubernetes_stub, policy
from tests.unit.deploy.manifests import K8S, OVERLAYS, Manifest, of_kind, overlay, quantity, selects
from tests.unit.deploy.test_overlays import VERSIONS

PRODUCTION = K8S.parent / "dagster" / "production.yaml"
IMAGE = "registry.example.org/geocrop-code:1.2.3"
JOBS = {job.name: job for job in build_jobs()}
KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{{name: stub, cluster: {{server: "{address}"}}}}]
users: [{{name: nobody, user: {{}}}}]
contexts: [{{name: stub, context: {{cluster: stub, user: nobody}}}}]
current-context: stub
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[kubernetes_stub.Cluster, str]]:
    with kubernetes_stub.serve() as served:
        yield served


@pytest.fixture(scope="module")
def instance(
    cluster: tuple[kubernetes_stub.Cluster, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dg.DagsterInstance]:
    """Open an instance with production's launcher; only its storage and the way to Kubernetes are others."""
    tmp_path = tmp_path_factory.mktemp("dagster")
    (tmp_path / "kubeconfig").write_text(KUBECONFIG.format(address=cluster[1]), encoding="utf-8")
    launcher = yaml.safe_load(PRODUCTION.read_text(encoding="utf-8"))["run_launcher"]
    launcher["config"] |= {"load_incluster_config": False, "kubeconfig_file": str(tmp_path / "kubeconfig")}
    settings = {"run_launcher": launcher, "telemetry": {"enabled": False}}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOCROP_NAMESPACE", "geocrop")
        with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
            assert opened.run_launcher  # made while its namespace is in the environment
            yield opened


def _create(instance: dg.DagsterInstance, job: str) -> dg.DagsterRun:
    """Record a run of one of our jobs, as the code location in its image makes it."""
    pointer = ModuleCodePointer("geocrop_assets.definitions", "defs")
    origin = RepositoryPythonOrigin("python", pointer, IMAGE, DEFAULT_DAGSTER_ENTRY_POINT, None)
    run = dg.DagsterRun(
        job_name=job,
        run_id=str(uuid.uuid4()),
        status=dg.DagsterRunStatus.STARTING,
        tags={key: str(value) for key, value in JOBS[job].tags.items()},
        job_code_origin=JobPythonOrigin(job, origin),
    )
    return instance.add_run(run)


@pytest.fixture(scope="module")
def submitted(
    instance: dg.DagsterInstance, cluster: tuple[kubernetes_stub.Cluster, str]
) -> Callable[[str], tuple[dg.DagsterRun, Manifest]]:
    """Return a maker of runs: it launches one and gives it with the Kubernetes job that came of it."""

    def submit(job: str) -> tuple[dg.DagsterRun, Manifest]:
        before = set(cluster[0].jobs)
        run = _create(instance, job)
        instance.run_launcher.launch_run(LaunchRunContext(dagster_run=run, workspace=None))
        (name,) = set(cluster[0].jobs) - before
        return run, cluster[0].jobs[name]

    return submit


Submit = Callable[[str], tuple[dg.DagsterRun, Manifest]]


@pytest.mark.parametrize("job", sorted(JOBS))
def test_every_run_pod_is_valid_and_keeps_the_policy(submitted: Submit, job: str) -> None:
    _, made = submitted(job)
    for version in VERSIONS:
        kubernetes_validate.validate(made, version, strict=True)
    assert not [*policy.faults_of_pod(f"Job/{job}", made["spec"]["template"]["spec"])]


def test_a_training_gets_what_was_asked_for(submitted: Submit) -> None:
    _, made = submitted(tags.TRAIN_JOB)
    assert made["spec"]["ttlSecondsAfterFinished"] == 3600
    assert made["spec"]["backoffLimit"] == 3
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "2", "memory": "4Gi"},
        "limits": {"cpu": "4", "memory": "8Gi"},
    }


def test_other_runs_are_smaller_and_not_repeated_by_kubernetes(submitted: Submit) -> None:
    for job in sorted(set(JOBS) - {tags.TRAIN_JOB}):
        _, made = submitted(job)
        (container,) = made["spec"]["template"]["spec"]["containers"]
        assert quantity(container["resources"]["requests"]["memory"]) < quantity("2Gi"), job
        assert made["spec"]["backoffLimit"] == 0, job
        assert made["spec"]["ttlSecondsAfterFinished"] == 3600, job  # ended jobs count in the quota


def test_a_run_pod_is_of_the_code_locations_image_and_knows_its_settings_and_secrets(submitted: Submit) -> None:
    run, made = submitted(tags.MAP_JOB)
    spec = made["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert container["image"] == IMAGE
    assert "command" not in container  # the image's entry point runs first
    assert container["args"][:3] == ["dagster", "api", "execute_run"]
    assert {"configMapRef": {"name": "geocrop-settings"}} in container["envFrom"]
    assert {"secretRef": {"name": "geocrop-secrets"}} in container["envFrom"]
    assert spec["serviceAccountName"] == "geocrop-run"
    assert spec["automountServiceAccountToken"] is False
    mounted = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert mounted["/opt/dagster/dagster.yaml"]["subPath"] == "dagster.yaml"
    assert "/tmp" in mounted  # noqa: S108  # a path of the pod
    environment = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert environment["DAGSTER_HOME"] == "/opt/dagster"
    assert made["metadata"]["labels"]["dagster/run-id"] == run.run_id
    assert made["metadata"]["labels"]["dagster/job"] == tags.MAP_JOB
    assert spec["priorityClassName"] in {one["metadata"]["name"] for one in of_kind(overlay("prod"), "PriorityClass")}


def test_a_run_pod_knows_a_ray_cluster_and_may_reach_it_where_there_is_one(submitted: Submit) -> None:
    _, made = submitted(tags.MAP_JOB)
    template = made["spec"]["template"]
    (container,) = template["spec"]["containers"]
    assert {"configMapRef": {"name": "geocrop-ray", "optional": True}} in container["envFrom"]
    assert {"secretRef": {"name": "ray", "optional": True}} in container["envFrom"]
    ways = {
        name: [one for one in of_kind(overlay(name), "NetworkPolicy") if one["metadata"]["name"] == "to-ray"]
        for name in OVERLAYS
    }
    assert {name for name, found in ways.items() if found} == {"cluster"}
    (way,) = ways["cluster"]
    assert selects(way["spec"]["podSelector"], template["metadata"]["labels"])
    assert container["resources"]["limits"]  # those of the job, beside what the launcher says of all


def test_what_a_run_pod_names_is_in_every_overlay(submitted: Submit) -> None:
    _, made = submitted(tags.TRAIN_JOB)
    spec = made["spec"]["template"]["spec"]
    for name in ("dev", "prod", "cluster"):
        there = {(one["kind"], one["metadata"]["name"]) for one in overlay(name)}
        assert ("ServiceAccount", spec["serviceAccountName"]) in there
        for source in (source for one in spec["containers"] for source in one["envFrom"]):
            if "configMapRef" in source and not source["configMapRef"].get("optional"):
                assert ("ConfigMap", source["configMapRef"]["name"]) in there
        for volume in spec["volumes"]:
            if "configMap" in volume:
                assert ("ConfigMap", volume["configMap"]["name"]) in there


def test_the_role_allows_what_the_launcher_asks_and_nothing_else(
    instance: dg.DagsterInstance, submitted: Submit, cluster: tuple[kubernetes_stub.Cluster, str]
) -> None:
    kubernetes = cluster[0]
    kubernetes.asked.clear()
    launcher: Any = instance.run_launcher
    run, _ = submitted(tags.MAP_JOB)
    assert launcher.check_run_worker_health(run).status.value == "RUNNING"
    assert "what the run printed" in launcher.get_run_worker_debug_info(run)
    kubernetes.has_pods = False
    launcher.get_run_worker_debug_info(run)
    kubernetes.has_pods = True
    assert launcher.terminate(run.run_id)
    (role,) = of_kind(overlay("prod"), "Role")
    allowed = {
        (verb, group, resource)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert kubernetes.asked == allowed
    assert kubernetes.namespaces == {"geocrop"}


def test_webserver_and_worker_open_the_instance_without_kubernetes(tmp_path: Path) -> None:
    """The read-only webserver, the warm worker and runs hold no token: the launcher is made when it is used."""
    launcher = yaml.safe_load(PRODUCTION.read_text(encoding="utf-8"))["run_launcher"]
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump({"run_launcher": launcher}), encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
        assert opened.get_runs_count() == 0
