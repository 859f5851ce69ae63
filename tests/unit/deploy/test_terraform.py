"""Terraform: sizes proved by `terraform test`, the rest parsed; what it owns, nobody else makes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest
import yaml

from geocrop_assets.jobs import MAP_POD, PREPARING_POD, TRAINING_POD
from tests.unit.deploy.manifests import of_kind, overlay, quantity, template_of

ROOT = Path(__file__).resolve().parents[3]
TERRAFORM = ROOT / "deploy" / "terraform"
FILES = sorted(TERRAFORM.rglob("*.tf"))
MODULES = sorted({path.parent for path in FILES})
GIB = 2**30
PODS = {"map": MAP_POD, "preparing": PREPARING_POD}
EXACT = re.compile(r"\d+\.\d+\.\d+")
#: Kinds that Terraform makes, and nothing else may.
OWNED = {"Namespace", "ResourceQuota", "LimitRange"}
KIND_OF = {
    "kubernetes_namespace_v1": "Namespace",
    "kubernetes_resource_quota_v1": "ResourceQuota",
    "kubernetes_limit_range_v1": "LimitRange",
    "kubernetes_secret_v1": "Secret",
    "kubernetes_config_map_v1_data": "ConfigMap",
}
needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform on this machine")


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Terraform without a network, a configuration of the user's, or a question."""
    quiet = os.environ | {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    return subprocess.run(
        ["terraform", *words], cwd=folder, env=quiet, capture_output=True, text=True, timeout=300, check=False
    )


def parsed(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = hcl2.loads(path.read_text())
    return found


def resources() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield type and body of each resource of the root module."""
    for path in TERRAFORM.glob("*.tf"):
        for block in parsed(path).get("resource", ()):
            for kind, named in block.items():
                for body in named.values():
                    if isinstance(body, dict):
                        yield kind.strip('"'), body


def manifests(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((*folder.rglob("*.yaml"), *folder.rglob("*.yml"))):
        for document in yaml.safe_load_all(path.read_text()):
            if isinstance(document, dict):
                yield path, document


@needs_terraform
def test_files_are_in_terraform_s_own_format() -> None:
    done = run("fmt", "-check", "-recursive", "-diff", folder=TERRAFORM)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_terraform
def test_sizes_fit_the_nodes_or_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "plan"
    shutil.copytree(TERRAFORM / "plan", folder)
    for words in (("init", "-no-color"), ("validate", "-no-color"), ("test", "-no-color")):
        done = run(*words, folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed, 0 failed" in done.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TERRAFORM)))
def test_every_file_parses(path: Path) -> None:
    assert parsed(path)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_every_variable_is_declared_and_used(module: Path) -> None:
    text = "\n".join(path.read_text() for path in module.glob("*.tf"))
    declared = set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE))
    assert set(re.findall(r"\bvar\.(\w+)", text)) == declared


def test_every_module_s_output_that_is_read_is_there() -> None:
    text = "\n".join(path.read_text() for path in TERRAFORM.glob("*.tf"))
    outputs = {name.strip('"') for block in parsed(TERRAFORM / "plan" / "main.tf")["output"] for name in block}
    assert set(re.findall(r"\bmodule\.plan\.(\w+)", text)) <= outputs


def test_providers_have_exact_versions() -> None:
    [block] = parsed(TERRAFORM / "versions.tf")["terraform"]
    providers = {name: told for one in block["required_providers"] for name, told in one.items() if name[0] != "_"}
    assert set(providers) == {"kubernetes", "random"}
    for told in providers.values():
        assert EXACT.fullmatch(told["version"].strip('"')), told


def test_only_secrets_of_the_given_provider_or_made_by_chance_are_written() -> None:
    secrets = [body for kind, body in resources() if kind == "kubernetes_secret_v1"]
    assert secrets
    for body in secrets:
        for name, value in body["data"].items():
            if "SECRET" in name.upper():
                assert value.startswith(("${var.sso", "${random_password")), name


def test_terraform_makes_only_what_it_owns_and_the_sso_hook() -> None:
    kinds = {kind for kind, _ in resources()}
    assert kinds == {*KIND_OF, "random_password"}
    assert {KIND_OF[kind] for kind in kinds & set(KIND_OF)} == OWNED | {"Secret", "ConfigMap"}


def test_nothing_that_terraform_owns_is_made_by_kustomize_or_argo_cd() -> None:
    also = [
        (str(path.relative_to(ROOT)), document["kind"])
        for folder in ("k8s", "argocd")
        for path, document in manifests(ROOT / "deploy" / folder)
        if document.get("kind") in OWNED and "patch" not in path.name
    ]
    assert also == []


def test_overlays_live_in_namespaces_that_terraform_makes() -> None:
    text = (TERRAFORM / "plan" / "main.tf").read_text()
    found = re.search(r'namespaces = \{ prod = "([\w-]+)", dev = "([\w-]+)" \}', text)
    assert found is not None
    prod, dev = found.groups()
    overlays = ROOT / "deploy" / "k8s" / "overlays"
    named = {
        path.parent.name: yaml.safe_load(path.read_text()).get("namespace")
        for path in overlays.glob("*/kustomization.yaml")
    }
    assert named == {"prod": prod, "cluster": prod, "dev": dev}


def planned(size: str, environment: str) -> dict[str, float]:
    """Return the sizes of an environment that plan/main.tf has as numbers; some of a cluster are by its nodes."""
    [found] = [one["sizes"] for one in parsed(TERRAFORM / "plan" / "main.tf")["locals"] if "sizes" in one]
    sizes = found[size][environment]
    if isinstance(sizes, str):
        return {name: float(value) for name, value in re.findall(r"(\w+) = ([\d.]+)", sizes)}
    return {name: float(value) for name, value in sizes.items() if not name.startswith("__")}


#: Runs of plan.tftest.hcl, which `terraform test` proves, by what docs/operate.md calls such a cluster.
CLUSTERS = {"4 x 8 cores, 32 GB": "four_nodes_hold_both", "16 x 8 cores, 32 GB": "sixteen_nodes_hold_both"}


def proved(run: str) -> dict[str, float]:
    """Return the quota of production that a run of plan.tftest.hcl asserts."""
    text = (TERRAFORM / "plan" / "tests" / "plan.tftest.hcl").read_text()
    [block] = re.findall(rf'^run "{run}" \{{\n(.*?)^\}}$', text, re.MULTILINE | re.DOTALL)
    said = re.findall(r'environments\["prod"\]\.quota\["([a-z.]+)"\] == "(\w+)"', block)
    return {what: quantity(size) for what, size in said}


def hard(name: str) -> dict[str, float]:
    """Return the quota of a namespace: prod's and dev's on one node, dev's in a cluster, a documented cluster's."""
    if name in CLUSTERS:
        return proved(CLUSTERS[name]) | {f"other.{what}": size for what, size in planned("cluster", "prod").items()}
    size, environment = {"prod": ("node", "prod"), "dev": ("node", "dev"), "dev of a cluster": ("cluster", "dev")}[name]
    sizes = planned(size, environment)
    return {
        "requests.memory": sizes["memory_gib"] * GIB,
        "requests.cpu": sizes["cpus"],
        "limits.memory": sizes["limit_memory_gib"] * GIB,
        "limits.cpu": sizes["limit_cpus"],
    } | {f"other.{what}": size for what, size in sizes.items()}


Sizes = dict[str, float]
TRAINING: Sizes = {
    "requests.cpu": 2.0,
    "requests.memory": 4 * GIB,
    "limits.cpu": 4.0,
    "limits.memory": 8 * GIB,
}


def of_containers(containers: list[dict[str, Any]]) -> Sizes:
    """Return what containers ask for together, and what they may take."""
    return {
        f"{what}.{kind}": sum(quantity(one["resources"][what][kind]) for one in containers)
        for what in ("requests", "limits")
        for kind in ("cpu", "memory")
    }


def total(*parts: Sizes) -> Sizes:
    return {what: sum(one[what] for one in parts) for what in TRAINING}


def times(number: float, of: Sizes) -> Sizes:
    return {what: number * size for what, size in of.items()}


def services(name: str) -> Sizes:
    """Return what an overlay has all the time: its services, and the head of a Ray cluster with its autoscaler."""
    found = [
        times(one["spec"]["replicas"], of_containers(one["spec"]["template"]["spec"]["containers"]))
        for one in of_kind(overlay(name), "Deployment", "StatefulSet")
    ]
    for one in of_kind(overlay(name), "RayCluster"):
        head = one["spec"]["headGroupSpec"]["template"]["spec"]["containers"]
        found += [of_containers(head), of_containers([one["spec"]["autoscalerOptions"]])]
    return total(*found)


def overlay_of(name: str) -> str:
    return "cluster" if name in CLUSTERS else name.split(maxsplit=1)[0]


@pytest.mark.parametrize("name", ["prod", "dev", "dev of a cluster", *CLUSTERS])
def test_an_overlay_with_a_training_fits_the_quota_of_its_namespace(name: str) -> None:
    pods_there, storage = 1, 0.0
    objects = overlay(overlay_of(name))
    for one in of_kind(objects, "Deployment", "StatefulSet"):
        replicas = one["spec"]["replicas"]
        pods_there += replicas
        claims = one["spec"].get("volumeClaimTemplates", [])
        storage += replicas * sum(quantity(claim["spec"]["resources"]["requests"]["storage"]) for claim in claims)
    for claim in of_kind(objects, "PersistentVolumeClaim"):
        storage += quantity(claim["spec"]["resources"]["requests"]["storage"])
    quota = hard(name)
    for what, size in total(services(overlay_of(name)), TRAINING).items():
        assert size <= quota[what], what
    assert storage <= quota["other.storage_gib"] * GIB
    assert pods_there <= quota["other.pods"]


def test_nodes_that_would_not_hold_the_overlay_cluster_with_a_training_are_refused() -> None:
    [found] = [one["least"] for one in parsed(TERRAFORM / "plan" / "main.tf")["locals"] if "least" in one]
    asked = total(services("cluster"), TRAINING)
    assert asked["requests.memory"] <= float(found["memory_gib"]) * GIB
    assert asked["requests.cpu"] <= float(found["cpus"])


def limits_of_runs() -> dict[str, dict[str, int]]:
    """Return the table of docs/operate.md, "More nodes": a limit by its name, by cluster."""
    text = (ROOT / "docs" / "operate.md").read_text()
    [head, rows] = re.findall(r"^\| what the nodes have \|(.*)\|\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)[0]
    found: dict[str, dict[str, int]] = {name.strip(): {} for name in head.split("|")}
    for row in rows.splitlines():
        limit, *numbers = (one.strip() for one in row.strip("|").split("|"))
        for column, number in zip(found.values(), numbers, strict=True):
            column[limit.split("`")[1]] = int(number)
    return found


def test_the_limits_of_16_nodes_are_those_in_git() -> None:
    instance = yaml.safe_load((ROOT / "deploy" / "dagster" / "cluster" / "dagster.yaml").read_text())
    said = {one["key"]: one["limit"] for one in instance["run_coordinator"]["config"]["tag_concurrency_limits"]}
    [ray] = of_kind(overlay("cluster"), "RayCluster")
    assert limits_of_runs()["16 x 8 cores, 32 GB"] == {
        "max_concurrent_runs": instance["concurrency"]["runs"]["max_concurrent_runs"],
        "dagster/backfill": said["dagster/backfill"],
        "geocrop/pod": said["geocrop/pod"],
        "maxReplicas": ray["spec"]["workerGroupSpecs"][0]["maxReplicas"],
    }


@pytest.mark.parametrize("name", CLUSTERS)
def test_all_that_runs_at_once_on_a_documented_cluster_fits_its_quota(name: str) -> None:
    """Or a run's pod would not be made, and the run would wait for it to its timeout."""
    limits = limits_of_runs()[name]
    pod = {one: of_containers([tags["dagster-k8s/config"]["container_config"]]) for one, tags in PODS.items()}
    [ray] = of_kind(overlay("cluster"), "RayCluster")
    [workers] = ray["spec"]["workerGroupSpecs"]
    maps, trainings = limits["dagster/backfill"], limits["geocrop/pod"]
    others = limits["max_concurrent_runs"] - maps - trainings
    assert others > 0
    assert of_containers([TRAINING_POD["dagster-k8s/config"]["container_config"]]) == TRAINING
    jobs = [
        of_containers(template_of(one)["spec"]["containers"]) for one in of_kind(overlay("cluster"), "Job", "CronJob")
    ]
    asked = total(
        services("cluster"),
        times(trainings, TRAINING),
        times(maps, pod["map"]),
        times(others, pod["preparing"]),
        times(limits["maxReplicas"], of_containers(workers["template"]["spec"]["containers"])),
        {what: max(one[what] for one in jobs) for what in TRAINING},
    )
    for what, size in asked.items():
        assert size <= proved(CLUSTERS[name])[what], what


#: Seconds that a run takes at least: its program alone starts for longer where ten of them share a node.
SHORTEST_RUN_S = 20
#: Jobs beside those of runs: migrations, setup, backups and what people start by hand.
OTHER_JOBS = 40


@pytest.mark.parametrize(
    ("name", "size", "environment"),
    [("prod", "node", "prod"), ("dev", "node", "dev"), ("cluster", "cluster", "prod"), ("dev", "cluster", "dev")],
)
def test_runs_that_follow_each_other_never_use_up_the_quota_of_jobs(name: str, size: str, environment: str) -> None:
    [told] = [one for one in of_kind(overlay(name), "ConfigMap") if one["metadata"]["name"] == "dagster-instance"]
    instance = yaml.safe_load(told["data"]["dagster.yaml"])
    kept = instance["run_launcher"]["config"]["run_k8s_config"]["job_spec_config"]["ttl_seconds_after_finished"]
    lines = instance["concurrency"]["runs"]["max_concurrent_runs"]
    assert kept >= 15 * 60, "time to look at a failed pod"
    assert lines * (kept // SHORTEST_RUN_S + 1) + OTHER_JOBS <= planned(size, environment)["jobs"]
