"""The cluster runs more at once than one node, and is otherwise the same Dagster."""

from __future__ import annotations

import copy
import re
from typing import Any

import yaml

from geocrop_assets.jobs import MAP_POD, TRAINING_POD
from tests.unit.deploy.manifests import K8S, REPO, Manifest, of_kind, overlay, pods, quantity
from tests.unit.deploy.test_k3s import largest_job, minimum, services
from tests.unit.deploy.test_terraform import planned

DAGSTER = K8S.parent / "dagster"
INSTANCES = {"prod": DAGSTER / "production.yaml", "cluster": DAGSTER / "cluster" / "dagster.yaml"}
ANY = 0
#: Of 16 nodes, as docs/scale.md has them.
CORES = 16 * 8


def _instance(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(INSTANCES[name].read_text(encoding="utf-8"))
    return found


def _limits(instance: dict[str, Any]) -> dict[str, int]:
    """Return the limits by what they are of; in the instance itself they are all the same afterwards."""
    runs = instance["concurrency"]["runs"]
    found = {"all": runs["max_concurrent_runs"]}
    runs["max_concurrent_runs"] = ANY
    for one in instance["run_coordinator"]["config"]["tag_concurrency_limits"]:
        found[one["key"]] = one["limit"]
        one["limit"] = ANY
    return found


def _config_maps(name: str) -> dict[str, Manifest]:
    return {one["metadata"]["name"]: one["data"] for one in of_kind(overlay(name), "ConfigMap")}


def test_the_clusters_instance_differs_in_limits_alone_and_has_more_of_each() -> None:
    node, cluster = copy.deepcopy(_instance("prod")), copy.deepcopy(_instance("cluster"))
    few, many = _limits(node), _limits(cluster)
    assert node == cluster
    assert set(few) == set(many) == {"all", "dagster/backfill", "geocrop/pod"}
    assert all(many[what] > few[what] for what in few)
    for limits in (few, many):  # a backfill leaves room for trainings, and both for one run more
        assert limits["dagster/backfill"] + limits["geocrop/pod"] < limits["all"]


def test_each_overlay_has_its_own_instance_and_a_change_of_it_restarts_its_pods() -> None:
    for name, path in INSTANCES.items():
        maps, text = _config_maps(name), path.read_text(encoding="utf-8")
        [version] = [one for one in maps if one.startswith("dagster-instance-version-")]
        assert maps["dagster-instance"] == maps[version] == {"dagster.yaml": text}
        read = {pod for pod, _, spec in pods(overlay(name)) if version in str(spec["volumes"])}
        assert {"Deployment/dagster-daemon", "Deployment/geocrop-lane"} <= read
    assert _config_maps("dev")["dagster-instance"] == _config_maps("prod")["dagster-instance"]


def _asked(tags: Manifest, what: str = "requests") -> dict[str, float]:
    found = tags["dagster-k8s/config"]["container_config"]["resources"][what]
    return {kind: quantity(size) for kind, size in found.items()}


def test_a_small_nodes_backfill_fits_its_quota_beside_services_and_one_run_more() -> None:
    instance = _instance("prod")
    other = instance["run_launcher"]["config"]["resources"]["requests"]
    maps, quota = _limits(instance)["dagster/backfill"], planned("node", "prod")
    there = {"cpu": quota["cpus"], "memory": quota["memory_gib"] * 2**30}
    for kind, size in there.items():
        rest = size - services()[kind] - largest_job()[kind] - quantity(other[kind])
        assert maps * _asked(MAP_POD)[kind] <= rest, kind
    cores = maps * _asked(MAP_POD, "limits")["cpu"]
    assert cores == minimum("MIN_CPUS"), "as many as keep its cores busy"
    page = (REPO / "docs" / "scale.md").read_text(encoding="utf-8")
    said = {2: "two"}[maps]
    assert f"a backfill, {said} pods at a time" in page
    assert f"One node runs {said} of a backfill at a time" in page


def test_who_waits_for_room_is_not_failed() -> None:
    """Beside a training a node has room for no map, and for no training while a backfill takes what is left."""
    there = planned("node", "prod")["memory_gib"] * 2**30 - services()["memory"]
    assert there < _asked(TRAINING_POD)["memory"] + _asked(MAP_POD)["memory"]
    page = (REPO / "docs" / "scale.md").read_text(encoding="utf-8")
    (country,) = re.findall(r"^\| from first to last \| ([\d.]+) h", page, re.MULTILINE)  # of a node's four cores
    for name in INSTANCES:
        patience = _instance(name)["run_monitoring"]["start_timeout_seconds"]
        assert patience >= 4 * float(country) * 3600, name


def test_rays_head_holds_all_runs_that_may_use_it_at_once_and_the_nodes_hold_workers_and_maps() -> None:
    """Runs of a backfill do without (resources/rules_resource.py); all others are bounded by the queue's own limit."""
    [ray] = of_kind(overlay("cluster"), "RayCluster")
    [head] = ray["spec"]["headGroupSpec"]["template"]["spec"]["containers"]
    [workers] = ray["spec"]["workerGroupSpecs"]
    [worker] = workers["template"]["spec"]["containers"]
    limits = _limits(_instance("cluster"))
    of_a_run, at_rest = 600 * 2**20, 2**30  # docs/scale.md, "Blocks on Ray"
    assert limits["all"] * of_a_run + at_rest <= quantity(head["resources"]["limits"]["memory"])
    cores = limits["dagster/backfill"] * _asked(MAP_POD, "limits")["cpu"]
    cores += workers["maxReplicas"] * quantity(worker["resources"]["limits"]["cpu"])
    assert 0.75 * CORES <= cores <= 0.9 * CORES  # docs/scale.md computes with all; services have the rest
