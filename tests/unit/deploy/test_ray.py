"""The Ray cluster of the cluster overlay: hardened as all pods are, of the versions that the image has."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from geocrop_assets.cluster import COMPOSITE_CORES
from resources.rules import DatasetRules
from tests.deploy_slow.ray_head import ENVIRONMENT
from tests.unit.deploy.manifests import REPO, containers, of_kind, overlay, pods, quantity

RAYS_SHARE = 0.3  # of a node's memory, which Ray takes for its store of results
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
        for container in [*containers(spec), cluster["autoscalerOptions"]]:
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
    images = {one["image"] for template in templates(cluster) for one in containers(template["spec"])}
    assert len(images) == 1
    assert re.search(r"/geocrop-ray:\d", images.pop())


def test_the_image_changes_no_version_of_the_code_image() -> None:
    code, ray = pins((LOCK.parent / "code.lock").read_text()), pins(LOCK.read_text())
    both = set(code) & set(ray)
    assert both
    assert {name: ray[name] for name in both} == {name: code[name] for name in both}


def test_tuning_in_the_head_finds_the_cluster_and_trials_run_in_workers(cluster: dict[str, Any]) -> None:
    [head] = cluster["headGroupSpec"]["template"]["spec"]["containers"]
    told = {one["name"]: one.get("value") for one in head["env"]}
    assert told["RAY_ADDRESS"] == "127.0.0.1:6379"
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    [workers] = cluster["workerGroupSpecs"]
    assert (workers["minReplicas"], cluster["enableInTreeAutoscaling"]) == (
        0,
        True,
    )  # nothing is held while nobody tunes or maps


def test_workers_map_as_runs_do(cluster: dict[str, Any]) -> None:
    [workers] = cluster["workerGroupSpecs"]
    template = workers["template"]
    [container] = template["spec"]["containers"]
    launcher = yaml.safe_load((REPO / "deploy" / "dagster" / "production.yaml").read_text())["run_launcher"]["config"]
    for source in [{"configMapRef": {"name": name}} for name in launcher["env_config_maps"]]:
        assert source in container["envFrom"]
    for source in [{"secretRef": {"name": name}} for name in launcher["env_secrets"]]:
        assert source in container["envFrom"]  # no key goes through Ray
    reached = {key for key in template["metadata"]["labels"] if key.startswith("geocrop/to-")}
    assert reached == {"geocrop/to-minio", "geocrop/to-internet"}  # scenes and the store; neither database nor MLflow
    [kernels] = template["spec"]["initContainers"]
    entrypoint = (REPO / "deploy" / "images" / "entrypoint.sh").read_text()
    assert f'cp -R {kernels["command"][2]} "$NUMBA_CACHE_DIR"' in entrypoint
    assert f"NUMBA_CACHE_DIR={kernels['command'][3]}" in (REPO / "deploy" / "images" / "code.Dockerfile").read_text()


def test_blocks_under_way_fit_a_workers_memory(cluster: dict[str, Any]) -> None:
    [workers] = cluster["workerGroupSpecs"]
    limits = workers["template"]["spec"]["containers"][0]["resources"]["limits"]
    at_once = int(limits["cpu"]) // COMPOSITE_CORES
    base, result = 400 << 20, 256 << 20  # of a worker's process; of a block of s2-season
    ours = at_once * ((DatasetRules.memory_mib << 20) + base + result)
    assert ours + RAYS_SHARE * quantity(limits["memory"]) < quantity(limits["memory"])


def test_run_pods_have_ray_and_others_have_not() -> None:
    images = {pod: {one["image"] for one in containers(spec)} for pod, _, spec in pods(overlay("cluster"))}
    with_ray = {pod for pod, names in images.items() if any("/geocrop-ray:" in name for name in names)}
    assert with_ray == {"Deployment/geocrop-code"}  # of whose image run pods are made
    without = {pod for pod, _, spec in pods(overlay("prod")) if "geocrop-ray" in str(spec)}
    assert not without


def test_no_pod_but_those_of_runs_knows_the_cluster_so_none_that_a_visitor_waits_for() -> None:
    objects = overlay("cluster")
    telling = {one["metadata"]["name"] for one in of_kind(objects, "ConfigMap") if "RAY_ADDRESS" in one["data"]}
    assert telling == {"geocrop-ray"}
    asked = {pod: containers(spec) for pod, _, spec in pods(objects)}
    assert "Deployment/geocrop-lane" in asked
    for pod, of_pod in asked.items():
        for container in of_pod:
            assert "RAY_ADDRESS" not in {one["name"] for one in container.get("env", [])}, pod
            sources = {one["configMapRef"]["name"] for one in container.get("envFrom", []) if "configMapRef" in one}
            assert not sources & telling, pod


def test_a_task_that_fits_into_no_worker_is_given_up(cluster: dict[str, Any]) -> None:
    [head] = cluster["headGroupSpec"]["template"]["spec"]["containers"]
    told = {one["name"]: one.get("value") for one in head["env"]}
    # Read by a client's driver, which runs in the head. -1 is without end.
    assert 0 < int(told["RAY_task_oom_retries"]) <= 3


def test_the_heads_server_of_clients_starts_as_it_does_in_the_test_on_a_real_ray(cluster: dict[str, Any]) -> None:
    [head] = cluster["headGroupSpec"]["template"]["spec"]["containers"]
    told = {one["name"]: one.get("value") for one in head["env"]}
    assert told.items() >= ENVIRONMENT.items()


def test_the_address_is_that_of_the_heads_service_and_of_the_clients_port(cluster: dict[str, Any]) -> None:
    [ray] = of_kind(overlay("cluster"), "RayCluster")
    [told] = [one for one in of_kind(overlay("cluster"), "ConfigMap") if one["metadata"]["name"] == "geocrop-ray"]
    [head] = cluster["headGroupSpec"]["template"]["spec"]["containers"]
    port = next(port["containerPort"] for port in head["ports"] if port["name"] == "client")
    # KubeRay's name of the head's Service
    assert told["data"]["RAY_ADDRESS"] == f"ray://{ray['metadata']['name']}-head-svc:{port}"
    assert told["data"]["RAY_AUTH_MODE"] == "token"
    assert not [one for one in of_kind(overlay("prod"), "ConfigMap") if one["metadata"]["name"] == "geocrop-ray"]


def test_its_pods_speak_to_each_other_and_let_in_the_operator_and_run_pods_alone() -> None:
    [ray] = of_kind(overlay("cluster"), "RayCluster")
    [policy] = [one for one in of_kind(overlay("cluster"), "NetworkPolicy") if one["metadata"]["name"] == "ray"]
    own = {"podSelector": {"matchLabels": {"ray.io/cluster": ray["metadata"]["name"]}}}  # KubeRay's label
    assert policy["spec"]["podSelector"] == own["podSelector"]
    assert policy["spec"]["egress"] == [{"to": [own]}]
    among, operator, runs = policy["spec"]["ingress"]
    assert among == {"from": [own]}
    [container] = ray["spec"]["headGroupSpec"]["template"]["spec"]["containers"]
    dashboard = next(port["containerPort"] for port in container["ports"] if port["name"] == "dashboard")
    assert [port["port"] for port in operator["ports"]] == [dashboard]
    application = yaml.safe_load((REPO / "deploy" / "argocd" / "cluster" / "kuberay-operator.yaml").read_text())
    [out] = [one for one in of_kind(overlay("cluster"), "NetworkPolicy") if one["metadata"]["name"] == "to-ray"]
    assert runs["from"] == [{"podSelector": out["spec"]["podSelector"]}]
    [way] = out["spec"]["egress"]
    assert way["to"] == [
        {"podSelector": {"matchLabels": own["podSelector"]["matchLabels"] | {"ray.io/node-type": "head"}}}
    ]
    client = next(port["containerPort"] for port in container["ports"] if port["name"] == "client")
    assert [port["port"] for port in (*runs["ports"], *way["ports"])] == [client, client]
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
    rays_own = [one for template in templates(cluster) for one in template["spec"]["containers"]]
    # KubeRay's init container of workers copies `env` and no `envFrom`; the autoscaler has its own.
    for told in (*rays_own, cluster["autoscalerOptions"]):
        assert {"name": "RAY_AUTH_MODE", "value": "token"} in told["env"]
        token = {"secretKeyRef": {"name": "ray", "key": "RAY_AUTH_TOKEN"}}
        assert {"name": "RAY_AUTH_TOKEN", "valueFrom": token} in told["env"]


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
