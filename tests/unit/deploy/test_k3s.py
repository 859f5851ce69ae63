"""One K3s node: what is asked on it fits what it has, and a visitor keeps the address that he came from."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
import uvicorn
import yaml
from starlette.types import Receive, Scope, Send
from uvicorn.main import main as uvicorn_command

from geocrop_assets.jobs import MAP_POD, TRAINING_POD
from tests.unit.deploy.manifests import REPO, Manifest, containers, of_kind, overlay, quantity, render, template_of

DEPLOY = REPO / "deploy"
MIB = 2**20
Sizes = dict[str, float]
#: CoreDNS and metrics-server, 100m and 70 Mi each, in K3s' own manifests; its other parts ask for nothing.
ADDONS: Sizes = {"cpu": 0.2, "memory": 140 * MIB}
#: What a server sold with 12 GB has at least, where they are GB and not GiB.
TWELVE_GB = 11_400 * MIB
#: What a chart makes two of by the same values: for Prometheus and Alertmanager; for dashboards and sources.
TIMES = {"prometheusConfigReloader": 2, "sidecar": 2}


def plus(*sizes: Sizes) -> Sizes:
    return {what: sum(one[what] for one in sizes) for what in ("cpu", "memory")}


def requests(values: object) -> Sizes:
    """Return the sum of all `requests` in a chart's values; containers that run before the others count if larger."""
    if not isinstance(values, dict):
        return {"cpu": 0, "memory": 0}
    asked = values.get("requests")
    if isinstance(asked, dict) and "memory" in asked:
        return {what: quantity(asked[what]) for what in ("cpu", "memory")}
    found = [
        {what: TIMES.get(name, 1) * size for what, size in requests(one).items()}
        for name, one in values.items()
        if name != "initContainers"
    ]
    before, then = requests(values.get("initContainers")), plus(*found)
    return {what: max(before[what], then[what]) for what in then}


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return values with others over them, as Helm has it."""
    both = dict(first)
    for name, value in second.items():
        mine = both.get(name)
        both[name] = merged(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return both


def operators(*, small: bool) -> dict[str, Sizes]:
    """Return what each operator of the node asks for: with argocd/small, or as it is without."""
    found = {}
    for application in of_kind(render(DEPLOY / "argocd" / "node"), "Application"):
        helm = application["spec"]["sources"][0].get("helm")
        if helm is None:
            continue
        values: dict[str, Any] = {}
        for file in helm["valueFiles"]:
            values = merged(values, yaml.safe_load((REPO / file.removeprefix("$values/")).read_text()))
        found[application["metadata"]["name"]] = requests(merged(values, helm["valuesObject"] if small else {}))
    install = yaml.safe_load((DEPLOY / "argocd" / "install" / "argo-cd.yaml").read_text())["spec"]["valuesContent"]
    return found | {"argocd": requests(yaml.safe_load(install))}


def of_pod(spec: Manifest) -> Sizes:
    parts = [one["resources"]["requests"] for one in containers(spec)]
    return {what: sum(quantity(one[what]) for one in parts) for what in ("cpu", "memory")}


def services() -> Sizes:
    """Return what all that stays of production asks for."""
    stay = of_kind(overlay("prod"), "Deployment", "StatefulSet", "DaemonSet")
    return plus(*(of_pod(template_of(one)["spec"]) for one in stay for _ in range(one["spec"]["replicas"])))


def largest_job() -> Sizes:
    asked = [of_pod(template_of(one)["spec"]) for one in of_kind(overlay("prod"), "Job", "CronJob")]
    return {what: max(one[what] for one in asked) for what in ("cpu", "memory")}


def run(tags: dict[str, Any]) -> Sizes:
    asked = tags["dagster-k8s/config"]["container_config"]["resources"]["requests"]
    return {what: quantity(asked[what]) for what in ("cpu", "memory")}


def minimum(name: str) -> int:
    """Return what bootstrap asks of a machine."""
    found = re.search(rf"^{name}=(\d+)", (DEPLOY / "bootstrap").read_text(), re.MULTILINE)
    assert found
    return int(found[1])


def allocatable(memory: float, cpus: float) -> Sizes:
    """Return what pods may ask for on a node, as the kubelet computes it of deploy/k3s/config.yaml."""
    words = dict(
        word.split("=", 1) for word in yaml.safe_load((DEPLOY / "k3s" / "config.yaml").read_text())["kubelet-arg"]
    )
    left = {"cpu": cpus, "memory": memory}
    for name in ("system-reserved", "kube-reserved"):
        for what, size in (part.split("=") for part in words[name].split(",")):
            left[what] -= quantity(size)
    [kept] = re.findall(r"memory\.available<(\w+)", words["eviction-hard"])
    left["memory"] -= quantity(kept)
    return left


def test_services_operators_and_a_training_fit_the_smallest_machine_that_bootstrap_accepts() -> None:
    asked = operators(small=True)
    assert min(one["memory"] for one in asked.values()) > 0  # each says what it needs
    there = allocatable(minimum("MIN_MEMORY_MB") * MIB, minimum("MIN_CPUS"))
    total = plus(ADDONS, services(), run(TRAINING_POD), *asked.values())
    for what, size in total.items():
        assert size <= there[what], (what, size, there[what], asked)


def test_a_training_is_as_large_as_it_is_said_to_be() -> None:
    assert run(TRAINING_POD) == {"cpu": 2, "memory": 4096 * MIB}


def test_with_12_gb_operators_ask_what_they_use_and_a_map_and_a_migration_find_room_too() -> None:
    asked = operators(small=False)
    there = allocatable(TWELVE_GB, minimum("MIN_CPUS") + 2)
    total = plus(ADDONS, services(), run(TRAINING_POD), run(MAP_POD), largest_job(), *asked.values())
    for what, size in total.items():
        assert size <= there[what], (what, size, there[what], asked)
    for name, little in operators(small=True).items():
        assert little["memory"] <= asked[name]["memory"], name
    assert asked["kube-prometheus-stack"]["memory"] >= 800 * MIB
    assert asked["gitea"]["memory"] >= 128 * MIB  # what its chart asks for where nobody says


def test_a_small_node_lowers_requests_and_nothing_else() -> None:
    def leaves(values: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        if isinstance(values, dict):
            return [leaf for name, one in values.items() for leaf in leaves(one, (*path, name))]
        return [path]

    for application in of_kind(render(DEPLOY / "argocd" / "node"), "Application"):
        for path in leaves(application["spec"]["sources"][0].get("helm", {}).get("valuesObject", {})):
            assert path[-3:] in {("resources", "requests", "cpu"), ("resources", "requests", "memory")}, path


def traefik() -> dict[str, Any]:
    config = yaml.safe_load((DEPLOY / "k3s" / "traefik-config.yaml").read_text())
    assert (config["kind"], config["metadata"]) == ("HelmChartConfig", {"name": "traefik", "namespace": "kube-system"})
    values: dict[str, Any] = yaml.safe_load(config["spec"]["valuesContent"])
    return values


def test_traefik_sees_who_asks_and_sends_http_to_https() -> None:
    values = traefik()
    assert values["service"]["spec"]["externalTrafficPolicy"] == "Local"
    assert values["deployment"]["kind"] == "DaemonSet"  # or the addresses of other nodes would answer nothing
    said = dict(word.removeprefix("--").split("=", 1) for word in values["additionalArguments"])
    way = "entryPoints.web.http.redirections.entryPoint."
    assert {name.removeprefix(way): value for name, value in said.items() if name.startswith(way)} == {
        "to": ":443",
        "scheme": "https",
        "permanent": "true",
    }
    for one in of_kind(overlay("prod"), "Ingress"):  # so that nothing else answers there
        assert one["metadata"]["annotations"]["traefik.ingress.kubernetes.io/router.entrypoints"] == "websecure"


TRAEFIK, VISITOR, LIE = "10.42.0.9", "203.0.113.7", "198.51.100.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "seen"),
    [
        (TRAEFIK, VISITOR, VISITOR),
        (TRAEFIK, f"{LIE}, {VISITOR}", VISITOR),  # what a visitor says of himself comes first, and counts for nothing
        (LIE, VISITOR, LIE),  # who is no pod is not believed
        (TRAEFIK, None, TRAEFIK),
    ],
)
def test_the_api_counts_failed_logins_by_the_address_that_traefik_saw(
    peer: str, forwarded: str | None, seen: str
) -> None:
    [api] = [one for one in of_kind(overlay("prod"), "Deployment") if one["metadata"]["name"] == "geocrop-api"]
    words = template_of(api)["spec"]["containers"][0]["args"]
    assert words[0] == "uvicorn"
    told = uvicorn_command.make_context("uvicorn", words[1:]).params
    clients: list[tuple[str, int]] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        clients.append(scope["client"])

    config = uvicorn.Config(
        app, proxy_headers=told["proxy_headers"], forwarded_allow_ips=told["forwarded_allow_ips"], lifespan="off"
    )
    config.load()
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope = {"type": "http", "client": (peer, 1), "headers": headers, "scheme": "http"}
    asyncio.run(config.loaded_app(scope, None, None))
    assert [address for address, _ in clients] == [seen]
