"""Procedures of docs/operate.md: a restore, a sync by hand, Secrets in git, other keys of MinIO."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.unit.deploy.manifests import containers, kubectl, overlay, pods, render
from tests.unit.deploy.page_commands import DEPLOY, RUNBOOK, calls, calls_in, of_section, texts, workload


def test_before_a_restore_everybody_stops_who_may_write_or_hold_a_connection() -> None:
    (scaled,) = [one for one in of_section("Restore") if one.verb == "scale"]
    assert scaled.flags["--replicas"] == "0"
    stopped = {name for _, name in scaled.named()}
    ways = {"geocrop/to-postgis", "geocrop/to-minio"}
    connected = {
        name.removeprefix("Deployment/")
        for name, labels, _ in pods(overlay("prod"))
        if ways & set(labels) and name.startswith("Deployment/")
    }
    assert stopped == connected
    patched = [one for one in of_section("Restore") if one.verb == "patch" and "cronjob" in one.arguments]
    assert [json.loads(one.flags["--patch"]) for one in patched] == [
        {"spec": {"suspend": True}},
        {"spec": {"suspend": False}},
    ]


def test_the_pod_of_a_restore_waits_with_all_that_it_needs(tmp_path: Path) -> None:
    """The page's own patch, on the Job that `kubectl create job --from` makes of the CronJob."""
    cronjob = workload("CronJob", "geocrop-backup")
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "restore"}, **cronjob["spec"]["jobTemplate"]}
    (patch,) = [one for one in of_section("Restore") if one.verb == "patch" and "--local" in one.flags]
    file = tmp_path / "job.json"
    file.write_text(json.dumps(job))
    command = [kubectl(), "patch", "--local", "-f", str(file), f"--type={patch.flags['--type']}", "-o", "json"]
    done = subprocess.run(
        [*command, "--patch", patch.flags["--patch"]], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    spec = json.loads(done.stdout)["spec"]
    (container,) = containers(spec["template"]["spec"])
    assert container["args"] == ["sleep", "infinity"]
    assert spec["activeDeadlineSeconds"] >= 24 * 3600, "longer than a backup may take"
    assert spec["backoffLimit"] == 0, "a pod that was ended is not followed by another one"
    labels = spec["template"]["metadata"]["labels"]
    assert {"geocrop/to-postgis", "geocrop/to-minio", "geocrop/to-internet"} <= set(labels)
    given = {one["name"]: one.get("value") for one in container["env"]}
    assert given["PGUSER"] == "postgres"
    assert {"PGHOST", "PGPORT", "PGPASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} <= set(given)
    assert {"secretRef": {"name": "geocrop-backup"}} in container["envFrom"]


def applications() -> dict[str, Any]:
    return {one["metadata"]["name"]: one for one in render(DEPLOY / "argocd" / "node") if one["kind"] == "Application"}


def test_argo_cd_is_stopped_and_started_by_what_root_does_not_undo() -> None:
    annotated = [one for one in of_section("Restore") if one.verb == "annotate"]
    assert [one.arguments[2] for one in annotated] == [
        "argocd.argoproj.io/skip-reconcile=true",
        "argocd.argoproj.io/skip-reconcile-",
    ]
    for one in annotated:
        assert (one.namespace, one.arguments[0]) == ("argocd", "application")
        assert "skip-reconcile" not in str(applications()[one.arguments[1]]), "what root knows it puts back"


def test_a_sync_by_hand_names_a_revision_of_each_source() -> None:
    """Argo CD takes as many revisions as there are sources; with fewer it reads beyond their end."""
    synced = [one for one in calls() if '"operation"' in one.flags.get("--patch", "")]
    assert synced
    for one in synced:
        sources = applications()[one.arguments[1]]["spec"]["sources"]
        sync = json.loads(one.flags["--patch"])["operation"]["sync"]
        assert sync["revisions"] == [source["targetRevision"] for source in sources]
        assert sync["syncStrategy"] == {"hook": {}}


def test_secrets_are_sealed_by_the_controller_that_is_installed() -> None:
    name = yaml.safe_load((DEPLOY / "argocd" / "values" / "sealed-secrets.yaml").read_text())["fullnameOverride"]
    namespace = applications()["sealed-secrets"]["spec"]["destination"]["namespace"]
    sealing = [words for text in texts(RUNBOOK) for words in calls_in(text, "kubeseal") if words[1:]]
    assert sealing
    for words in sealing:
        assert words[words.index("--controller-name") + 1] == name
        assert words[words.index("--controller-namespace") + 1] == namespace


def test_a_secret_is_released_before_it_is_sealed() -> None:
    released, *_ = of_section("Secrets in git")
    assert released.arguments == ["secret", "NAME", "sealedsecrets.bitnami.com/managed=true"]
    assert released.verb == "annotate"


def test_a_new_value_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    """The page's own patch, on a Secret as the cluster gives it; `kubeseal` takes `stringData` over `data`."""
    (patch,) = [one for one in of_section("Secrets in git") if "--local" in one.flags]
    (tmp_path / patch.flags["--patch-file"]).write_text("stringData: {KEY: new}\n")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"KEY": "b2xk", "OTHER": "b2xk"}}
    (tmp_path / "secret.json").write_text(json.dumps(secret))
    command = [kubectl(), "patch", "--local", "-f", "secret.json", f"--type={patch.flags['--type']}", "-o", "json"]
    command += ["--patch-file", patch.flags["--patch-file"]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["stringData"] == {"KEY": "new"}
    assert made["data"]["OTHER"] == "b2xk"


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
