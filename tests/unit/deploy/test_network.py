"""Who may speak to whom: nobody, but for pods with a label, to ports that are there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import yaml

from tests.unit.deploy.manifests import K8S, OVERLAYS, Manifest, name_of, of_kind, overlay, pods, selects

PRODUCTION = K8S.parent / "dagster" / "production.yaml"
RUN_POD = "Job/run"
#: Policies about pods that an operator makes: test_ray.py.
OPERATORS = frozenset({"ray", "to-ray"})


def _pods(name: str) -> list[tuple[str, dict[str, str], Manifest]]:
    """Return the overlay's pods and the one of a run, which the launcher makes."""
    launcher = yaml.safe_load(PRODUCTION.read_text(encoding="utf-8"))["run_launcher"]["config"]
    return [*pods(overlay(name)), (RUN_POD, launcher["labels"], {"containers": []})]


def _policies(name: str, way: str) -> Iterator[Manifest]:
    return (one for one in of_kind(overlay(name), "NetworkPolicy") if way in one["spec"]["policyTypes"])


def _ports(spec: Manifest) -> set[int]:
    return {port["containerPort"] for one in spec["containers"] for port in one.get("ports", [])}


@pytest.mark.parametrize("name", OVERLAYS)
def test_nothing_is_open_by_default(name: str) -> None:
    closed = next(one for one in _policies(name, "Ingress") if one["metadata"]["name"] == "default-deny")
    assert closed["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_policy_is_about_a_pod_that_there_is_and_a_port_that_it_has(name: str) -> None:
    there = _pods(name)
    for policy in of_kind(overlay(name), "NetworkPolicy"):
        if policy["metadata"]["name"] in OPERATORS:
            continue
        about = [(pod, spec) for pod, labels, spec in there if selects(policy["spec"]["podSelector"], labels)]
        assert about, name_of(policy)
        for rule in policy["spec"].get("ingress", []):
            for port in rule["ports"]:
                assert all(port["port"] in _ports(spec) for _, spec in about), (name_of(policy), port)
        for rule in policy["spec"].get("egress", []):
            for end in rule.get("to", []):
                if "podSelector" in end and "namespaceSelector" not in end:
                    ends = [spec for _, labels, spec in there if selects(end["podSelector"], labels)]
                    assert ends, name_of(policy)
                    assert all(port["port"] in _ports(spec) for port in rule["ports"] for spec in ends)


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_one_may_open_the_other_lets_in(name: str) -> None:
    there = _pods(name)
    for policy in _policies(name, "Egress"):
        clients = [labels for _, labels, _ in there if selects(policy["spec"]["podSelector"], labels)]
        for rule in policy["spec"].get("egress", []):
            for end in rule.get("to", []):
                if "podSelector" not in end or "namespaceSelector" in end:
                    continue
                for _, labels, _ in there:
                    if selects(end["podSelector"], labels):
                        assert all(_let_in(name, client, labels, rule["ports"]) for client in clients), name_of(policy)


def _let_in(name: str, client: dict[str, str], server: dict[str, str], ports: list[Manifest]) -> bool:
    """Tell whether a policy lets a client of the same namespace reach a server's ports."""
    wanted = {port["port"] for port in ports}
    for policy in _policies(name, "Ingress"):
        if not selects(policy["spec"]["podSelector"], server):
            continue
        for rule in policy["spec"].get("ingress", []):
            ends = [end["podSelector"] for end in rule["from"] if "namespaceSelector" not in end]
            if wanted <= {port["port"] for port in rule["ports"]} and any(selects(end, client) for end in ends):
                return True
    return False


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_label_that_opens_a_way_has_a_policy(name: str) -> None:
    opened = {
        key
        for policy in _policies(name, "Egress")
        for key in policy["spec"]["podSelector"].get("matchLabels", {})
        if key.startswith("geocrop/to-")
    }
    for pod, labels, _ in _pods(name):
        assert {key for key in labels if key.startswith("geocrop/to-")} <= opened, pod


#: Whose address each setting or argument gives to whom: the way must be open.
NEEDS = {
    "Deployment/geocrop-api": {"dagster", "postgis", "minio", "mlflow", "lane", "internet"},
    "Deployment/geocrop-code": {"postgis", "minio", "mlflow", "internet"},
    "Deployment/geocrop-lane": {"postgis", "minio", "mlflow", "internet"},
    "Deployment/dagster-webserver": {"code", "postgis", "minio", "lane", "kubernetes"},
    "Deployment/dagster-webserver-readonly": {"code", "postgis", "minio", "lane"},
    "Deployment/dagster-daemon": {"code", "postgis", "minio", "lane", "kubernetes"},
    "Deployment/mlflow": {"postgis", "minio"},
    "StatefulSet/postgis": set(),
    "StatefulSet/minio": set(),
    "Job/geocrop-migrate": {"postgis"},
    "Job/minio-setup": {"minio"},
    RUN_POD: {"postgis", "minio", "mlflow", "internet"},
}
#: What is otherwise in one overlay.
IN_PRODUCTION = {
    "CronJob/geocrop-backup": {"postgis", "minio", "internet"},
    "Deployment/geocrop-exporter": {
        "postgis",
        "minio",
        "mlflow",
        "internet",
    },  # looks at all of them, and at the backups
    "Deployment/jupyter": {"minio", "mlflow", "internet"},
}
NEEDS_MORE = {
    "prod": IN_PRODUCTION,
    "cluster": IN_PRODUCTION
    | {"Deployment/titiler": {"minio"}, "StatefulSet/minio": {"minio"}},  # MinIO's four nodes are each other's clients
}


@pytest.mark.parametrize("name", OVERLAYS)
def test_each_pod_may_reach_what_it_needs_and_nothing_else(name: str) -> None:
    prefix = "geocrop/to-"
    there = {
        pod: {key.removeprefix(prefix) for key in labels if key.startswith(prefix)} for pod, labels, _ in _pods(name)
    }
    needs = NEEDS | NEEDS_MORE.get(name, {})
    assert there == needs


def test_the_internet_is_no_private_network() -> None:
    out = next(one for one in _policies("prod", "Egress") if one["metadata"]["name"] == "to-internet")
    block = out["spec"]["egress"][0]["to"][0]["ipBlock"]
    assert {"10.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"} <= set(block["except"])
    assert out["spec"]["egress"][0]["ports"] == [{"protocol": "TCP", "port": 443}]


def test_the_nodes_of_a_distributed_store_find_and_reach_each_other() -> None:
    objects = overlay("cluster")
    [minio] = [one for one in of_kind(objects, "StatefulSet") if one["metadata"]["name"] == "minio"]
    spec, labels = minio["spec"], minio["spec"]["template"]["metadata"]["labels"]
    [container] = spec["template"]["spec"]["containers"]
    [place] = [word for word in container["args"] if word.startswith("http://")]
    found = re.fullmatch(r"http://minio-\{0\.\.\.(\d+)\}\.([a-z-]+):(\d+)/data", place)
    assert found, place
    assert (int(found[1]) + 1, found[2]) == (spec["replicas"], spec["serviceName"])
    [service] = [one for one in of_kind(objects, "Service") if one["metadata"]["name"] == spec["serviceName"]]
    assert service["spec"]["clusterIP"] == "None"  # a name for each pod, of the pods' own namespace ...
    assert service["metadata"]["namespace"] == minio["metadata"]["namespace"]
    assert service["spec"]["publishNotReadyAddresses"] is True  # ... from before they serve, or none would begin to
    assert spec["podManagementPolicy"] == "Parallel"
    [port] = service["spec"]["ports"]
    assert int(found[3]) == port["port"] == next(iter(_ports(spec["template"]["spec"])))
    assert selects({"matchLabels": service["spec"]["selector"]}, labels)
    ports = [{"protocol": "TCP", "port": port["port"]}]
    assert _lets_out("cluster", labels, labels, ports)
    assert _let_in("cluster", labels, labels, ports)
    probes = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert probes == {
        "startup": "/minio/health/live",  # of the node alone: it must not be killed while it waits for the others
        "liveness": "/minio/health/live",
        "readiness": "/minio/health/cluster/read",
    }


def _lets_out(name: str, client: dict[str, str], server: dict[str, str], ports: list[Manifest]) -> bool:
    """Tell whether a policy lets a client open a server's ports in the same namespace."""
    return any(
        selects(policy["spec"]["podSelector"], client)
        and rule["ports"] == ports
        and any("namespaceSelector" not in end and selects(end["podSelector"], server) for end in rule.get("to", []))
        for policy in _policies(name, "Egress")
        for rule in policy["spec"].get("egress", [])
        if all("podSelector" in end for end in rule.get("to", []))
    )


def test_notebooks_of_jupyterhubs_users_reach_the_store_and_nothing_else_of_the_platform() -> None:
    [policy] = [one for one in _policies("cluster", "Ingress") if one["metadata"]["name"] == "minio-of-jupyterhub"]
    values = yaml.safe_load((K8S.parent / "argocd" / "values" / "jupyterhub.yaml").read_text(encoding="utf-8"))
    application = yaml.safe_load((K8S.parent / "argocd" / "cluster" / "jupyterhub.yaml").read_text(encoding="utf-8"))
    [let_in], [let_out] = policy["spec"]["ingress"], values["singleuser"]["networkPolicy"]["egress"]
    assert values["singleuser"]["networkPolicy"]["enabled"] is True
    name = "kubernetes.io/metadata.name"
    [client], [server] = let_in["from"], let_out["to"]
    assert client == {
        "namespaceSelector": {"matchLabels": {name: application["spec"]["destination"]["namespace"]}},
        "podSelector": {"matchLabels": {"component": "singleuser-server"}},  # the chart's label
    }
    assert server == {
        "namespaceSelector": {"matchLabels": {name: policy["metadata"]["namespace"]}},
        "podSelector": policy["spec"]["podSelector"],
    }
    assert let_in["ports"] == let_out["ports"]
    address = f"http://minio.{policy['metadata']['namespace']}.svc.cluster.local:{let_in['ports'][0]['port']}"
    assert values["singleuser"]["extraEnv"]["MINIO_ENDPOINT"] == address
    assert not [one for one in _policies("prod", "Ingress") if "jupyterhub" in str(one)]
