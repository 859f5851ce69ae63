"""Argo CD: what is deployed, in which order, and from where."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ARGOCD = ROOT / "deploy" / "argocd"
KUBECTL = Path(sys.executable).with_name("kubectl")
INSTALLATIONS = ("node", "cluster")
#: The environment's, and those of the machine: other versions, as Argo CD's and K3s' are.
KUBECTLS = sorted(
    {str(KUBECTL)}
    | {
        found
        for folder in os.environ.get("PATH", "").split(os.pathsep)
        if (found := shutil.which("kubectl", path=folder))
    }
)
WAVE = "argocd.argoproj.io/sync-wave"
EXACT = re.compile(r"\d+\.\d+\.\d+")
HELM_OPERATORS = {"sealed-secrets", "kube-prometheus-stack", "loki", "alloy", "gitea", "uptime-kuma"}
ONLY_IN_A_CLUSTER = {"kuberay-operator", "jupyterhub"}
#: Who needs whose CRDs or Secrets: the first is synced before the second.
BEFORE = [
    ("sealed-secrets", "geocrop"),
    ("kube-prometheus-stack", "geocrop"),
    ("kuberay-operator", "geocrop"),
    ("geocrop", "jupyterhub"),
]
#: What alone may come before the platform, and so may keep it from being installed: whose kinds or Secrets it needs.
NEEDED = {"root", "sealed-secrets", "kube-prometheus-stack", "kuberay-operator"}


@cache
def kustomized(path: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [str(KUBECTL), "kustomize", str(ROOT / path)], capture_output=True, text=True, check=True, timeout=60
    )
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def render(installation: str) -> list[dict[str, Any]]:
    return kustomized(f"deploy/argocd/{installation}")


def applications(installation: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in render(installation) if one["kind"] == "Application"}


def sources(installation: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, application in applications(installation).items():
        for source in application["spec"]["sources"]:
            yield name, source


def wave(application: dict[str, Any]) -> int:
    return int(application["metadata"]["annotations"][WAVE])


def repository() -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load((ARGOCD / "repository" / "repository.yaml").read_text())["data"]
    return found


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_every_installation_has_its_operators_and_a_root_that_applies_itself(installation: str) -> None:
    found = applications(installation)
    extra = ONLY_IN_A_CLUSTER | {"geocrop-dev"} if installation == "cluster" else set()
    assert set(found) == HELM_OPERATORS | {"root", "geocrop"} | extra
    assert found["root"]["spec"]["sources"][0]["path"] == f"deploy/argocd/{installation}"
    for application in found.values():
        assert application["metadata"]["namespace"] == "argocd"
        assert application["spec"]["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True}


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_operators_come_before_those_who_use_them(installation: str) -> None:
    found = applications(installation)
    for first, then in BEFORE:
        if first in found and then in found:
            assert wave(found[first]) < wave(found[then]), (first, then)
    assert wave(next(one for one in render(installation) if one["kind"] == "AppProject")) <= min(
        wave(one) for one in found.values()
    )


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_the_platform_waits_for_nothing_that_it_does_not_need(installation: str) -> None:
    found = applications(installation)
    before = {name for name, one in found.items() if wave(one) < wave(found["geocrop"])}
    assert before == NEEDED & set(found)
    # Nor do Gitea, which may hold its images, and the logs wait for a platform that does not come up.
    assert {wave(found[name]) for name in HELM_OPERATORS - NEEDED} == {wave(found["geocrop"])}


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_a_sync_that_failed_is_tried_again_with_what_is_in_git_by_then(installation: str) -> None:
    for name, application in applications(installation).items():
        retry = application["spec"]["syncPolicy"]["retry"]
        assert (retry["limit"], retry["refresh"]) == (-1, True), name


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_charts_have_exact_versions_and_values_of_this_repository(installation: str) -> None:
    for name, source in sources(installation):
        if "chart" not in source:
            continue
        assert EXACT.fullmatch(source["targetRevision"]), name
        for file in source["helm"]["valueFiles"]:
            assert file.startswith("$values/"), name
            assert yaml.safe_load((ROOT / file.removeprefix("$values/")).read_text()), file


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_paths_are_folders_of_this_repository_that_kustomize_knows(installation: str) -> None:
    paths = [source["path"] for _, source in sources(installation) if "path" in source]
    assert paths
    for path in paths:
        assert (ROOT / path / "kustomization.yaml").is_file(), path


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_the_project_allows_what_is_deployed_and_nothing_else(installation: str) -> None:
    [project] = [one for one in render(installation) if one["kind"] == "AppProject"]
    assert {application["spec"]["project"] for application in applications(installation).values()} == {"geocrop"}
    used = {source["repoURL"] for name in INSTALLATIONS for _, source in sources(name)}
    assert set(project["spec"]["sourceRepos"]) == used
    targets = {
        (one["spec"]["destination"]["server"], one["spec"]["destination"]["namespace"])
        for name in INSTALLATIONS
        for one in applications(name).values()
    }
    allowed = {(one["server"], one["namespace"]) for one in project["spec"]["destinations"]}
    assert allowed == targets | {("https://kubernetes.default.svc", "kube-system")}
    assert "*" not in str(project["spec"])


@pytest.mark.parametrize("kubectl", KUBECTLS)
@pytest.mark.parametrize("overlay", ["dev", "prod", "cluster"])
def test_an_overlay_renders_the_same_with_each_kubectl_of_this_machine(overlay: str, kubectl: str) -> None:
    rendered = [
        subprocess.run(
            [one, "kustomize", f"deploy/k8s/overlays/{overlay}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        for one in (kubectl, str(KUBECTL))
    ]
    assert rendered[0].returncode == 0, rendered[0].stderr[-1000:]
    assert rendered[0].stdout == rendered[1].stdout


def test_no_patch_deletes_two_objects() -> None:
    """Before 5.7 Kustomize falls over a file with several of them; one patch may have a target that fits many."""
    for path in (ROOT / "deploy").rglob("*.yaml"):
        assert len(re.findall(r"^\$patch: delete$", path.read_text(), re.MULTILINE)) < 2, path


def test_the_repository_is_named_in_one_place() -> None:
    named = repository()
    for installation in INSTALLATIONS:
        ours = [source for _, source in sources(installation) if "path" in source or source.get("ref")]
        assert {(one["repoURL"], one["targetRevision"]) for one in ours} == {(named["url"], named["revision"])}
        assert "ConfigMap" not in {one["kind"] for one in render(installation)}


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_namespaces_of_the_platform_are_left_to_terraform(installation: str) -> None:
    for name, application in applications(installation).items():
        options = application["spec"]["syncPolicy"].get("syncOptions", [])
        is_ours = application["spec"]["destination"]["namespace"] in {"geocrop", "geocrop-dev", "argocd"}
        assert ("CreateNamespace=true" in options) is not is_ours, name


def test_argo_cd_waits_for_applications_and_has_an_exact_version() -> None:
    chart = yaml.safe_load((ARGOCD / "install" / "argo-cd.yaml").read_text())["spec"]
    assert EXACT.fullmatch(chart["version"])
    values = yaml.safe_load(chart["valuesContent"])
    # Without it the waves above mean nothing between Applications.
    health = values["configs"]["cm"]["resource.customizations.health.argoproj.io_Application"]
    assert "hs.status = obj.status.health.status" in health
    assert int(values["configs"]["params"]["controller.sync.timeout.seconds"]) > 0


def test_the_root_does_not_wait_for_itself() -> None:
    chart = yaml.safe_load((ARGOCD / "install" / "argo-cd.yaml").read_text())["spec"]
    health = yaml.safe_load(chart["valuesContent"])["configs"]["cm"][
        "resource.customizations.health.argoproj.io_Application"
    ]
    lines = [line.strip() for line in health.splitlines()]
    for installation in INSTALLATIONS:
        [itself] = [
            name
            for name, one in applications(installation).items()
            for source in one["spec"]["sources"]
            if source.get("path") == f"deploy/argocd/{installation}"
        ]
        at = lines.index(f'if obj.metadata.name == "{itself}" then')
        assert lines[at + 1] == 'hs.status = "Healthy"'
        assert lines[at + 2].startswith("elseif obj.status ~= nil")  # what it is otherwise judged by


def test_numbers_of_k3s_one_process_are_taken_once() -> None:
    values = yaml.safe_load((ARGOCD / "values" / "kube-prometheus-stack.yaml").read_text())
    for part in ("kubeControllerManager", "kubeScheduler", "kubeProxy", "kubeEtcd"):
        assert values[part] == {"enabled": False}
    assert values.get("kubeApiServer", {}).get("enabled", True)
    dropped = [
        re.compile(rule["regex"])
        for rule in values["kubelet"]["serviceMonitor"]["metricRelabelings"]
        if rule["action"] == "drop" and rule["sourceLabels"] == ["__name__"]
    ]
    for name in ("apiserver_request_duration_seconds_bucket", "etcd_request_duration_seconds_bucket"):
        assert any(one.fullmatch(name) for one in dropped), name
    for name in ("kubelet_volume_stats_available_bytes", "kubelet_running_pods", "rest_client_requests_total"):
        assert not any(one.fullmatch(name) for one in dropped), name


def test_no_values_carry_a_secret() -> None:
    for path in (ARGOCD / "values").glob("*.yaml"):
        for line in path.read_text().splitlines():
            assert not re.search(r"(password|secret|token)\w*:\s*[\"']?\w", line, re.IGNORECASE) or re.search(
                r"existingSecret: |secretName: |useExistingSecret: true|configSecret: |Key: |secretKeyRef|_SECRET: \{",
                line,
            ), (path.name, line)
