"""Each overlay renders, is valid for three versions of Kubernetes, and keeps the rules of `policy`."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.unit.deploy import policy
from tests.unit.deploy.manifests import (
    CUSTOM,
    K8S,
    OVERLAYS,
    Manifest,
    containers,
    name_of,
    of_kind,
    overlay,
    pods,
    quantity,
    render,
    template_of,
)

VERSIONS = ("1.33", "1.35", "1.37")


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_fits_the_schema_of_its_kind_and_has_no_field_that_is_unknown(version: str) -> None:
    seen: set[str] = set()
    for name in OVERLAYS:
        for one in overlay(name):
            text = json.dumps(one, sort_keys=True)
            if one["kind"] not in CUSTOM and text not in seen:
                kubernetes_validate.validate(one, version, strict=True)
            seen.add(text)
    assert len(seen) > 60


def test_a_misspelt_field_would_be_found() -> None:
    one: dict[str, Any] = json.loads(json.dumps(of_kind(overlay("prod"), "Deployment")[0]))
    template_of(one)["spec"]["containers"][0]["resource"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(one, VERSIONS[0], strict=True)


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_pod_keeps_the_policy(name: str) -> None:
    found = {pod: faults for pod, _, spec in pods(overlay(name)) if (faults := [*policy.faults_of_pod(pod, spec)])}
    assert not found


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_server_is_watched(name: str) -> None:
    serving = [(name_of(one), template_of(one)["spec"]) for one in of_kind(overlay(name), "Deployment", "StatefulSet")]
    found = {pod: faults for pod, spec in serving if (faults := [*policy.faults_of_probes(spec)])}
    assert not found


@pytest.mark.parametrize("broken", ["root", "token", "latest", "write", "limits", "capabilities", "seccomp"])
def test_the_policy_finds_what_it_is_for(broken: str) -> None:
    name, spec = next((pod, json.loads(json.dumps(spec))) for pod, _, spec in pods(overlay("prod")) if "mlflow" in pod)
    container = spec["containers"][0]
    assert not [*policy.faults_of_pod(name, spec)]
    match broken:
        case "root":
            spec["securityContext"]["runAsUser"] = 0
        case "token":
            spec["automountServiceAccountToken"] = True
        case "latest":
            container["image"] = "registry.example.org:5000/geocrop-code:latest"
        case "write":
            container["securityContext"]["readOnlyRootFilesystem"] = False
        case "limits":
            del container["resources"]["limits"]["memory"]
        case "capabilities":
            container["securityContext"]["capabilities"]["add"] = ["SYS_ADMIN"]
        case "seccomp":
            del spec["securityContext"]["seccompProfile"]
    assert len([*policy.faults_of_pod(name, spec)]) == 1


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_secret_lies_in_git(name: str) -> None:
    assert not of_kind(overlay(name), "Secret")
    for _, _, spec in pods(overlay(name)):
        for one in containers(spec):
            literal = [entry["name"] for entry in one.get("env", []) if "value" in entry]
            assert not [key for key in literal if any(word in key for word in ("PASSWORD", "SECRET", "TOKEN", "_KEY"))]
    for one in of_kind(overlay(name), "ConfigMap"):
        assert not [key for key in one.get("data", {}) if key.endswith(("PASSWORD", "SECRET", "TOKEN", "_KEY"))]


def _wave(one: Manifest) -> int:
    return int(one["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", 0))


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_claim_is_made_in_the_wave_of_a_pod_that_uses_it(name: str) -> None:
    # K3s makes a volume when a pod wants it; Argo CD leaves no wave in which a claim is pending.
    objects = overlay(name)
    for claim in of_kind(objects, "PersistentVolumeClaim"):
        users = [
            one
            for one in of_kind(objects, "Deployment", "StatefulSet")
            for volume in template_of(one)["spec"].get("volumes", [])
            if volume.get("persistentVolumeClaim", {}).get("claimName") == claim["metadata"]["name"]
            and one["spec"]["replicas"] > 0
        ]
        assert [_wave(one) for one in users] == [_wave(claim)], name_of(claim)


@pytest.mark.parametrize("name", ["prod", "cluster"])
def test_every_relabeling_says_the_action_that_its_definition_would_put_there(name: str) -> None:
    # Argo CD compares lists of custom objects whole: a default that the cluster fills in is a difference for ever.
    monitors = of_kind(overlay(name), "ServiceMonitor", "PodMonitor")
    ends = [end for one in monitors for end in one["spec"].get("endpoints", one["spec"].get("podMetricsEndpoints"))]
    rules = [rule for end in ends for kind in ("relabelings", "metricRelabelings") for rule in end.get(kind, [])]
    assert rules
    assert [rule for rule in rules if "action" not in rule] == []


def test_a_light_service_of_production_is_limited_to_512_mb_and_a_worker_to_2_gb() -> None:
    for pod, _, spec in pods(overlay("prod")):
        for one in containers(spec):
            limit = quantity(one["resources"]["limits"]["memory"])
            assert limit <= policy.LARGER.get(pod, policy.WORKER if pod.startswith("CronJob") else policy.LIGHT), pod


def test_overlays_differ_in_settings_and_not_in_parts() -> None:
    parts = {name: {one["metadata"]["name"] for one in of_kind(overlay(name), "Service")} for name in OVERLAYS}
    assert parts["prod"] == parts["cluster"] - {"titiler"}
    assert parts["prod"] - parts["dev"] == {"jupyter", "geocrop-exporter"}
    assert "jupyter" not in str([one["metadata"]["name"] for one in overlay("dev")])


@pytest.mark.parametrize("name", OVERLAYS)
def test_run_pods_are_made_of_the_code_locations_own_image(name: str) -> None:
    code = next(spec for pod, _, spec in pods(overlay(name)) if pod == "Deployment/geocrop-code")["containers"][0]
    environment = {entry["name"]: entry["value"] for entry in code["env"]}
    assert environment["DAGSTER_CURRENT_IMAGE"] == code["image"]
    assert ":" in code["image"]


def test_the_instance_is_the_file_that_integration_tests_open() -> None:
    instance = next(
        one for one in of_kind(overlay("prod"), "ConfigMap") if one["metadata"]["name"] == "dagster-instance"
    )
    assert instance["data"]["dagster.yaml"] == (K8S.parent / "dagster" / "production.yaml").read_text(encoding="utf-8")


def test_a_changed_setting_restarts_the_pods_that_read_it() -> None:
    for pod, _, spec in pods(overlay("prod")):
        read = {
            source["configMapRef"]["name"]
            for one in spec["containers"]
            for source in one.get("envFrom", [])
            if "configMapRef" in source
        }
        if (
            pod.startswith("Deployment/")
            and "geocrop-settings" in read
            and "exporter" not in pod
            and "jupyter" not in pod
        ):
            assert "geocrop-settings-version-" in json.dumps(spec["volumes"]), pod


def test_the_live_page_keeps_all_paths_but_ours() -> None:
    for name in OVERLAYS:
        settings = next(
            one for one in of_kind(overlay(name), "ConfigMap") if one["metadata"]["name"] == "geocrop-settings"
        )["data"]
        for one in of_kind(overlay(name), "Ingress"):
            assert one["spec"]["tls"], name_of(one)
            for rule in one["spec"]["rules"]:
                assert "defaultBackend" not in one["spec"]
                paths = [entry["path"] for entry in rule["http"]["paths"]]
                if rule["host"] == settings["GEOCROP_HOST"]:
                    assert all(f"{path}/".startswith(settings["GEOCROP_PATH"] + "/") for path in paths)
                else:
                    assert rule["host"] == settings["GEOCROP_FILES_HOST"]


def test_an_administrators_page_is_behind_a_login() -> None:
    for name in OVERLAYS:
        ends = {
            entry["backend"]["service"]["name"]: one["metadata"]["annotations"][
                "traefik.ingress.kubernetes.io/router.middlewares"
            ]
            for one in of_kind(overlay(name), "Ingress")
            for rule in one["spec"]["rules"]
            for entry in rule["http"]["paths"]
            if entry["path"] != "/geocrop/metrics"
        }
        namespace = {one["metadata"]["namespace"] for one in of_kind(overlay(name), "Middleware")}.pop()
        for service in {"dagster-webserver", "mlflow"} | ({"jupyter"} if name != "dev" else set()):
            assert ends[service] == f"{namespace}-admin@kubernetescrd"
        chain = next(one for one in of_kind(overlay(name), "Middleware") if one["metadata"]["name"] == "admin")
        assert {"name": "login"} in chain["spec"]["chain"]["middlewares"]


def test_another_prefix_and_host_reach_everything_that_names_them(tmp_path: Path) -> None:
    shutil.copytree(K8S.parent, tmp_path / "deploy", ignore=shutil.ignore_patterns("terraform", "argocd"))
    folder = tmp_path / "deploy" / "k8s" / "overlays" / "dev"
    settings = folder / "settings.env"
    settings.write_text(
        "GEOCROP_NAMESPACE=geocrop-dev\nGEOCROP_HOST=a.example\nGEOCROP_FILES_HOST=b.example\nGEOCROP_PATH=/crops\n"
    )
    objects = render(folder)
    said = next(one for one in of_kind(objects, "ConfigMap") if one["metadata"]["name"] == "geocrop-settings")["data"]
    assert said["GEOCROP_PUBLIC_URL"] == "https://a.example/crops"
    assert said["GEOCROP_S3_PUBLIC_ENDPOINT"] == "https://b.example"
    assert said["GEOCROP_MLFLOW_URI"] == "http://mlflow:5000/crops/mlflow"
    assert said["GEOCROP_DAGSTER_URL"] == "http://dagster-webserver:3000/crops/dagster"
    assert not [key for key, value in said.items() if "example.org" in value or re.search("[^/]/geocrop", value)]
    routed = [one for one in objects if one["kind"] in {"Ingress", "Middleware", "Deployment"}]
    for one in routed:
        text = json.dumps(one).replace("/opt/geocrop", "")
        assert '"/geocrop' not in text.replace('"/geocrop-', ""), name_of(one)


def test_a_titiler_of_ones_own_is_one_line_of_an_overlay(tmp_path: Path) -> None:
    shutil.copytree(K8S.parent, tmp_path / "deploy", ignore=shutil.ignore_patterns("terraform", "argocd"))
    folder = tmp_path / "deploy" / "k8s" / "overlays" / "dev"
    choice = (folder / "kustomization.yaml").read_text(encoding="utf-8")
    text = choice.replace("components:", "components:\n  - ../../components/titiler", 1)
    if "components:" not in choice:
        text = choice + "\ncomponents:\n  - ../../components/titiler\n"
    (folder / "kustomization.yaml").write_text(text, encoding="utf-8")
    assert not [one for one in overlay("dev") if one["metadata"]["name"] == "titiler"]
    objects = render(folder)
    titiler = {one["kind"]: one for one in objects if one["metadata"]["name"] == "titiler"}
    assert {"Deployment", "Service", "NetworkPolicy", "Ingress", "ServiceAccount"} <= set(titiler)
    for one in titiler.values():
        if one["kind"] not in CUSTOM:
            kubernetes_validate.validate(one, VERSIONS[0], strict=True)
    pod = template_of(titiler["Deployment"])["spec"]
    assert not [*policy.faults_of_pod("Deployment/titiler", pod), *policy.faults_of_probes(pod)]


def test_a_budget_of_disruptions_leaves_one_of_what_visitors_reach_and_never_holds_up_a_drain() -> None:
    assert of_kind(overlay("prod"), "PodDisruptionBudget") == []  # of one replica it could only hold up drains
    objects = overlay("cluster")
    workloads = [*of_kind(objects, "Deployment"), *of_kind(objects, "StatefulSet")]
    budgets = of_kind(objects, "PodDisruptionBudget")
    chosen = {}
    for budget in budgets:
        wanted = budget["spec"]["selector"]["matchLabels"].items()
        [one] = [each for each in workloads if wanted <= template_of(each)["metadata"]["labels"].items()]
        assert budget["spec"]["maxUnavailable"] < one["spec"]["replicas"]
        assert "topologySpreadConstraints" in template_of(one)["spec"]  # or one node would hold them all
        chosen[name_of(one)] = one
    several = {name_of(one) for one in workloads if one["spec"]["replicas"] > 1}
    assert set(chosen) == several
    assert {"Deployment/geocrop-api", "StatefulSet/minio"} <= several
