"""The Ray cluster of the cluster overlay: hardened as all pods are, of the versions that the image has."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.unit.deploy.manifests import REPO, of_kind, overlay

LOCK = REPO / "deploy" / "images" / "locks" / "ray.lock"


@pytest.fixture(scope="module")
def cluster() -> dict[str, Any]:
    [found] = of_kind(overlay("cluster"), "RayCluster")
    spec: dict[str, Any] = found["spec"]
    return spec


def templates(cluster: dict[str, Any]) -> list[dict[str, Any]]:
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [group["template"] for group in groups]


def pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==([^\s;\\]+)", text, re.MULTILINE))


def test_only_the_cluster_overlay_has_one() -> None:
    assert of_kind(overlay("prod"), "RayCluster") == of_kind(overlay("dev"), "RayCluster") == []


def test_its_pods_are_as_restricted_as_all_others_and_say_what_they_need(cluster: dict[str, Any]) -> None:
    for template in templates(cluster):
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["priorityClassName"] == "geocrop-batch"  # a visitor's map comes first
        for container in [*spec["containers"], cluster["autoscalerOptions"]]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]["requests"]) == set(container["resources"]["limits"]) == {"cpu", "memory"}
        assert "tmp" in {volume["name"] for volume in spec["volumes"] if "emptyDir" in volume}
        assert "tmp" in {mount["name"] for one in spec["containers"] for mount in one["volumeMounts"]}


def test_ray_is_of_one_version_in_manifest_image_and_lock(cluster: dict[str, Any]) -> None:
    asked = pins((LOCK.parent / "ray.in").read_text())
    locked = pins(LOCK.read_text())
    assert cluster["rayVersion"] == asked["ray"] == locked["ray"]
    images = {one["image"] for template in templates(cluster) for one in template["spec"]["containers"]}
    assert len(images) == 1
    assert re.search(r"/geocrop-ray:\d", images.pop())


def test_the_image_changes_no_version_of_the_code_image() -> None:
    code, ray = pins((LOCK.parent / "code.lock").read_text()), pins(LOCK.read_text())
    both = set(code) & set(ray)
    assert both
    assert {name: ray[name] for name in both} == {name: code[name] for name in both}


def test_tuning_in_the_head_finds_the_cluster_and_trials_run_in_workers(cluster: dict[str, Any]) -> None:
    [head] = cluster["headGroupSpec"]["template"]["spec"]["containers"]
    told = {one["name"]: one["value"] for one in head["env"]}
    assert told["RAY_ADDRESS"] == "127.0.0.1:6379"
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    [workers] = cluster["workerGroupSpecs"]
    assert (workers["minReplicas"], cluster["enableInTreeAutoscaling"]) == (
        0,
        True,
    )  # nothing is held while nobody tunes


def test_its_pods_speak_to_each_other_and_to_the_operator_alone() -> None:
    [ray] = of_kind(overlay("cluster"), "RayCluster")
    [policy] = [one for one in of_kind(overlay("cluster"), "NetworkPolicy") if one["metadata"]["name"] == "ray"]
    own = {"podSelector": {"matchLabels": {"ray.io/cluster": ray["metadata"]["name"]}}}  # KubeRay's label
    assert policy["spec"]["podSelector"] == own["podSelector"]
    assert policy["spec"]["egress"] == [{"to": [own]}]
    among, operator = policy["spec"]["ingress"]
    assert among == {"from": [own]}
    [container] = ray["spec"]["headGroupSpec"]["template"]["spec"]["containers"]
    dashboard = next(port["containerPort"] for port in container["ports"] if port["name"] == "dashboard")
    assert [port["port"] for port in operator["ports"]] == [dashboard]
    application = yaml.safe_load((REPO / "deploy" / "argocd" / "cluster" / "kuberay-operator.yaml").read_text())
    [end] = operator["from"]
    assert end["namespaceSelector"]["matchLabels"] == {
        "kubernetes.io/metadata.name": application["spec"]["destination"]["namespace"]
    }


def test_head_and_workers_share_a_token_that_is_made_by_chance(cluster: dict[str, Any]) -> None:
    done = subprocess.run(
        [sys.executable, str(REPO / "deploy" / "make_secrets.py"), "kubernetes"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    made = {one["metadata"]["name"]: one["stringData"] for one in yaml.safe_load(done.stdout)["items"]}
    assert len(made["ray"]["RAY_AUTH_TOKEN"]) == 64
    for template in templates(cluster):
        [container] = template["spec"]["containers"]
        assert {"secretRef": {"name": "ray"}} in container["envFrom"]
        assert {"name": "RAY_AUTH_MODE", "value": "token"} in container["env"]


def test_argo_cd_leaves_to_the_autoscaler_what_that_writes_and_nothing_else() -> None:
    application = yaml.safe_load((REPO / "deploy" / "argocd" / "cluster" / "geocrop.yaml").read_text())["spec"]
    [ignored] = application["ignoreDifferences"]
    assert (ignored["group"], ignored["kind"]) == ("ray.io", "RayCluster")
    written = {"replicas", "scaleStrategy"}  # Ray's autoscaler patches these two
    assert set(ignored["jqPathExpressions"]) == {f".spec.workerGroupSpecs[].{field}" for field in written}
    # Of a custom resource's list it keeps all that lives: a new image would not reach the workers (argo-cd #17694).
    assert "RespectIgnoreDifferences=true" not in application["syncPolicy"]["syncOptions"]
    # Otherwise every deployment would apply the list without `replicas`, which is 0.
    assert "ApplyOutOfSyncOnly=true" in application["syncPolicy"]["syncOptions"]


def test_what_the_crd_would_add_to_its_lists_is_written_down(cluster: dict[str, Any]) -> None:
    for group in cluster["workerGroupSpecs"]:
        assert {"minReplicas", "maxReplicas", "numOfHosts"} <= set(group)
        assert not {"replicas", "scaleStrategy"} & set(group)
    for template in templates(cluster):
        for container in template["spec"]["containers"]:
            assert all(port["protocol"] == "TCP" for port in container.get("ports", []))


def test_a_new_image_reaches_head_and_workers(cluster: dict[str, Any]) -> None:
    assert cluster["upgradeStrategy"] == {"type": "Recreate"}  # since KubeRay 1.6
    application = yaml.safe_load((REPO / "deploy" / "argocd" / "cluster" / "kuberay-operator.yaml").read_text())
    [version] = [one["targetRevision"] for one in application["spec"]["sources"] if "chart" in one]
    assert tuple(map(int, version.split("."))) >= (1, 6, 0)
