"""From one server to several (docs/operate.md): what is there takes what the cluster asks for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.deploy.manifests import of_kind, overlay
from tests.unit.deploy.page_commands import DEPLOY, of_section

#: What may change in a StatefulSet that is there; Kubernetes refuses a new value of any other field.
MAY_CHANGE = {
    "minReadySeconds",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
    "replicas",
    "revisionHistoryLimit",
    "template",
    "updateStrategy",
}


def fixed(name: str) -> dict[str, Any]:
    """Return what of an overlay's StatefulSets, Deployments and claims cannot be changed."""
    sets = {
        one["metadata"]["name"]: {field: value for field, value in one["spec"].items() if field not in MAY_CHANGE}
        for one in of_kind(overlay(name), "StatefulSet")
    }
    others = {
        f"{one['kind']}/{one['metadata']['name']}": one["spec"].get("selector", one["spec"])
        for one in of_kind(overlay(name), "Deployment", "PersistentVolumeClaim")
    }
    return sets | others


def test_from_one_node_to_several_nothing_changes_that_kubernetes_refuses_to_change() -> None:
    node, cluster = fixed("prod"), fixed("cluster")
    deleted = {name for one in of_section("More nodes") if one.verb == "delete" for _, name in one.named()}
    assert {name for name in set(node) & set(cluster) if node[name] != cluster[name]} <= deleted


@pytest.mark.parametrize(
    "path", sorted((DEPLOY / "argocd" / "values").glob("*-cluster.yaml")), ids=lambda one: one.name
)
def test_a_charts_claim_is_as_large_on_several_nodes_as_on_one(path: Path) -> None:
    """It is its StatefulSet's, and Argo CD would fail for good; Prometheus' operator makes that one anew itself."""
    values = yaml.safe_load(path.read_text())
    values.get("prometheus", {}).get("prometheusSpec", {}).pop("storageSpec", None)
    assert not re.search(r"\b(persistence|volumeClaimTemplates?)\b", str(values))
