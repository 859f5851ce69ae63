"""The cluster runs more at once than one node, and is otherwise the same Dagster."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from geocrop_assets.jobs import MAP_POD
from tests.unit.deploy.manifests import K8S, Manifest, of_kind, overlay, pods, quantity

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


def test_ray_is_as_large_as_the_maps_that_run_at_once_need_and_the_nodes_hold_both() -> None:
    [ray] = of_kind(overlay("cluster"), "RayCluster")
    [head] = ray["spec"]["headGroupSpec"]["template"]["spec"]["containers"]
    [workers] = ray["spec"]["workerGroupSpecs"]
    [worker] = workers["template"]["spec"]["containers"]
    maps = _limits(_instance("cluster"))["dagster/backfill"]
    of_a_run, at_rest = 600 * 2**20, 2**30  # docs/scale.md, "Blocks on Ray"
    assert maps * of_a_run + at_rest <= quantity(head["resources"]["limits"]["memory"])
    cores = maps * quantity(MAP_POD["dagster-k8s/config"]["container_config"]["resources"]["limits"]["cpu"])
    cores += workers["maxReplicas"] * quantity(worker["resources"]["limits"]["cpu"])
    assert 0.75 * CORES <= cores <= 0.9 * CORES  # docs/scale.md computes with all; services have the rest
