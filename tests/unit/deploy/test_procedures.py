"""Procedures of docs/operate.md: backups, a restore, a sync by hand, Secrets in git."""

from __future__ import annotations

import ipaddress
import json
import re
import subprocess
from pathlib import Path

import yaml

from tests.unit.deploy.manifests import containers, kubectl, of_kind, overlay, pods, reads, selects
from tests.unit.deploy.page_commands import (
    DEPLOY,
    RUNBOOK,
    applications,
    calls,
    calls_in,
    of_section,
    section,
    texts,
    workload,
)


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


def test_argo_cd_is_stopped_and_started_by_what_root_does_not_undo() -> None:
    (stopped,) = [one for one in of_section("Restore") if one.verb == "annotate"]
    assert stopped.arguments[2] == "argocd.argoproj.io/skip-reconcile=true"
    (started,) = [one for one in of_section("Restore") if "skip-reconcile" in one.flags.get("--patch", "")]
    assert started.flags["--type"] == "merge", "which takes away what is null"
    assert json.loads(started.flags["--patch"])["metadata"] == {
        "annotations": {"argocd.argoproj.io/skip-reconcile": None}
    }
    for one in (stopped, started):
        assert (one.namespace, one.arguments[0]) == ("argocd", "application")
        assert "skip-reconcile" not in str(applications()[one.arguments[1]]), "what root knows it puts back"


def test_after_a_restore_migrations_go_before_programs() -> None:
    """Self-heal runs no hooks: a whole sync must be under way from the moment at which Argo CD looks again."""
    *before, last = of_section("Restore")
    patch = json.loads(last.flags["--patch"])
    assert {"metadata", "operation"} == set(patch), "both at once"
    assert not [one for one in before if "skip-reconcile-" in one.arguments]
    waves = {
        f"{one['kind']}/{one['metadata']['name']}": int(one["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"])
        for one in of_kind(overlay("prod"), "Deployment", "Job")
        if one["metadata"]["name"] != "minio-setup"
    }
    migration = waves.pop("Job/geocrop-migrate")
    assert waves
    assert min(waves.values()) > migration


def test_a_sync_by_hand_names_a_revision_of_each_source() -> None:
    """Argo CD takes as many revisions as there are sources; with fewer it reads beyond their end."""
    synced = [one for one in calls() if '"operation"' in one.flags.get("--patch", "")]
    assert synced
    for one in synced:
        sources = applications()[one.arguments[1]]["spec"]["sources"]
        sync = json.loads(one.flags["--patch"])["operation"]["sync"]
        assert sync["revisions"] == [source["targetRevision"] for source in sources]
        assert sync["syncStrategy"] == {"hook": {}}
        # A sync by hand has none of its Application's options: all would be applied, and Ray have no workers.
        assert sync["syncOptions"] == ["ApplyOutOfSyncOnly=true"]


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


def test_the_way_to_a_private_store_of_backups_is_for_those_who_speak_to_it() -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", section("Back up"), re.MULTILINE | re.DOTALL)
    policy = yaml.safe_load(text)
    opened = {name for name, labels, _ in pods(overlay("prod")) if selects(policy["spec"]["podSelector"], labels)}
    reading = {
        name
        for name, _, spec in pods(overlay("prod"))
        if any(reads(one, {"geocrop-backup"}, set()) for one in containers(spec))
    }
    assert opened == reading
    (rule,) = policy["spec"]["egress"]
    address = ipaddress.ip_network(rule["to"][0]["ipBlock"]["cidr"])
    (public,) = [one for one in of_kind(overlay("prod"), "NetworkPolicy") if one["metadata"]["name"] == "to-internet"]
    closed = public["spec"]["egress"][0]["to"][0]["ipBlock"]["except"]
    assert any(address.subnet_of(ipaddress.ip_network(one)) for one in closed), "or it would be no example"
    page = section("Back up").replace("\n", " ")
    (told,) = re.findall(r"no private network \(([^)]+)\)", page)
    ours = {one.replace(".0", "") for one in closed} - {"127/8", "169.254/16"}  # nobody's store
    assert set(told.split(", ")) == ours
