"""Overlays as Kubernetes would get them, and questions that tests ask of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

REPO = Path(__file__).resolve().parents[3]
K8S = REPO / "deploy" / "k8s"
OVERLAYS = ("dev", "prod", "cluster")
#: Kinds of operators, of which no schema comes with Kubernetes.
CUSTOM = frozenset({"Middleware", "ServiceMonitor", "PodMonitor", "PrometheusRule", "RayCluster", "SealedSecret"})
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})

Manifest = dict[str, Any]


def kubectl() -> str:
    """Return kubectl of the environment or the machine; skip where there is none, which CI does not accept."""
    found = shutil.which("kubectl", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        assert not os.environ.get("CI"), "CI installs kubectl with the locked packages"
        pytest.skip("kubectl is not installed: make setup")
    return found


@cache
def _rendered(folder: Path) -> str:
    command = [kubectl(), "kustomize", str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, f"Kustomize warns: {done.stderr}"
    return done.stdout


@cache
def _parsed(folder: Path) -> tuple[Manifest, ...]:
    return tuple(one for one in yaml.load_all(_rendered(folder), yaml.CSafeLoader) if one)


def render(folder: Path) -> list[Manifest]:
    """Return the objects of a kustomization."""
    return list(_parsed(folder))


def overlay(name: str) -> list[Manifest]:
    """Return the objects of one of our overlays."""
    return render(K8S / "overlays" / name)


def of_kind(objects: list[Manifest], *kinds: str) -> list[Manifest]:
    """Return the objects of some kinds."""
    return [one for one in objects if one["kind"] in kinds]


def name_of(one: Manifest) -> str:
    """Return an object's kind and name, for messages."""
    return f"{one['kind']}/{one['metadata']['name']}"


def template_of(workload: Manifest) -> Manifest:
    """Return a workload's pod template."""
    spec = workload["spec"]
    found: Manifest = (spec["jobTemplate"]["spec"] if workload["kind"] == "CronJob" else spec)["template"]
    return found


def pods(objects: list[Manifest]) -> Iterator[tuple[str, Manifest, Manifest]]:
    """Yield name, labels and pod spec of every workload."""
    for one in of_kind(objects, *WORKLOADS):
        template = template_of(one)
        yield name_of(one), template["metadata"]["labels"], template["spec"]


def containers(spec: Manifest) -> list[Manifest]:
    """Return all containers of a pod, those that run before the others among them."""
    return [*spec.get("initContainers", []), *spec["containers"]]


def selects(selector: Manifest, labels: dict[str, str]) -> bool:
    """Tell whether a label selector takes these labels; of expressions it knows `In`."""
    expressions = selector.get("matchExpressions", [])
    assert all(one["operator"] == "In" for one in expressions), "the tests read no other operator"
    return all(labels.get(one["key"]) in one["values"] for one in expressions) and all(
        labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()
    )


def reads(container: Manifest, names: set[str], keys: set[str]) -> bool:
    """Tell whether a container has one of these keys of one of these Secrets."""
    whole = {one["secretRef"]["name"] for one in container.get("envFrom", []) if "secretRef" in one}
    single = [one.get("valueFrom", {}).get("secretKeyRef", {}) for one in container.get("env", [])]
    return bool(whole & names) or any(one.get("name") in names and one["key"] in keys for one in single)


UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "m": 1e-3, "": 1}


def quantity(text: str | int) -> float:
    """Return a quantity of Kubernetes in bytes or cores."""
    unit = str(text).lstrip("0123456789.")
    return float(str(text)[: -len(unit) or None]) * UNITS[unit]
