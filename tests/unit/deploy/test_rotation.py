"""The tables of docs/operate.md, "Rotate secrets": all Secrets, and who reads them."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator

from tests.unit.deploy.manifests import containers, of_kind, overlay, pods, reads
from tests.unit.deploy.page_commands import DEPLOY, RUNBOOK, applications, calls_in, read, section


def rotated() -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield the rows of the table of MinIO's keys: the key in `minio`, its clients' Secrets, who restarts."""
    for row in re.findall(r"^\| `([A-Z]+_SECRET)` \| (.+?) \| (.+?) \|$", RUNBOOK.read_text(), re.MULTILINE):
        yield row[0], re.findall(r"[a-z-]+", row[1]), re.findall(r"[a-z-]+", row[2])


def test_each_key_of_minio_is_in_the_secrets_of_its_clients() -> None:
    made = {name: dict(lines) for name, lines in runpy.run_path(str(DEPLOY / "make_secrets.py"))["platform"]().items()}
    rows = {key: clients for key, clients, _ in rotated()}
    assert set(rows) == {key for key in made["minio"] if key.endswith("_SECRET")}
    for key, clients in rows.items():
        same = {name for name, lines in made.items() if lines.get("AWS_SECRET_ACCESS_KEY") == made["minio"][key]}
        assert set(clients) == same


def test_who_reads_a_key_of_minio_restarts_when_it_changes() -> None:
    for key, clients, restarted in rotated():
        reading = {
            name.removeprefix("Deployment/")
            for name, _, spec in pods(overlay("prod"))
            for one in containers(spec)
            for source in [*one.get("envFrom", []), *(entry.get("valueFrom", {}) for entry in one.get("env", []))]
            if (source.get("secretRef") or source.get("secretKeyRef") or {}).get("name") in clients
            and name.startswith("Deployment/")
        }
        assert set(restarted) == reading, key


def secrets_rotated() -> Iterator[tuple[set[str], str, str]]:
    """Yield the rows of the table of Secrets: which Secrets, what is new in them, who restarts."""
    table, _, _ = section("Rotate secrets").partition("\n### ")
    for line in table.splitlines():
        if line.startswith("| `"):
            names, new, restarted, _ = line.strip("|").split("|")
            yield set(words(names)), new, restarted


def words(cell: str) -> list[str]:
    return [word for span in re.findall(r"`([^`]+)`", cell) for word in span.split()]


def platform() -> dict[str, dict[str, str]]:
    return {name: dict(lines) for name, lines in runpy.run_path(str(DEPLOY / "make_secrets.py"))["platform"]().items()}


def accounts() -> dict[str, str]:
    """Return the namespaces of the accounts that bootstrap makes, by their Secrets."""
    found = re.findall(r"^ *make_account ([a-z]+) ([a-z-]+) ", (DEPLOY / "bootstrap").read_text(), re.MULTILINE)
    return {name: namespace for namespace, name in found}


def test_each_secret_has_a_row_and_each_of_its_keys() -> None:
    rows = list(secrets_rotated())
    assert {name for names, _, _ in rows for name in names} == {*platform(), *accounts(), "geocrop-backup"}
    for name, lines in platform().items():
        told = {word for names, new, _ in rows if name in names for word in words(new)}
        left = {key for key in lines if key not in told and not key.startswith("AWS_")} - {"username"}
        assert not left or name == "minio", (name, left)  # its own table: above


def test_who_restarts_for_a_new_secret_is_who_reads_it() -> None:
    for names, new, restarted in secrets_rotated():
        if "keys of MinIO" in new or "kubectl" in restarted:
            continue
        reading = {
            name.removeprefix("Deployment/")
            for name, labels, spec in pods(overlay("cluster"))
            if name.startswith("Deployment/") and any(reads(one, names, set(words(new))) for one in containers(spec))
            # All of ours have the lane's token: who speaks to it uses it.
            if "GEOCROP_LANE_TOKEN" not in new or "geocrop/to-lane" in labels or name == "Deployment/geocrop-lane"
        }
        assert set(words(restarted)) == reading, (names, new)


def test_programs_of_charts_restart_by_their_own_names() -> None:
    by_command = {
        name: (call, restarted)
        for names, _, restarted in secrets_rotated()
        for name in names
        for call in calls_in(restarted.replace("`", "\n"), "kubectl")
    }
    assert set(by_command) == {"ray", *(name for name, namespace in accounts().items() if namespace != "geocrop")}
    (ray,) = of_kind(overlay("cluster"), "RayCluster")
    assert read(by_command.pop("ray")[0]).flags["-l"] == f"ray.io/cluster={ray['metadata']['name']}"  # KubeRay's label
    charts = {"grafana-admin": ("kube-prometheus-stack", "-grafana"), "gitea-admin": ("gitea", "")}
    for name, (words_of, _) in by_command.items():
        call, (application, suffix) = read(words_of), charts[name]
        helm = applications()[application]["spec"]["sources"][0]["helm"]
        assert call.arguments == ["restart", f"deploy/{helm['releaseName']}{suffix}"]
        assert call.namespace == accounts()[name] == applications()[application]["spec"]["destination"]["namespace"]
