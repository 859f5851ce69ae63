"""What the documents tell to type: programs, workloads and Secrets that production has."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.deploy.manifests import REPO, Manifest, containers, kubectl, of_kind, overlay, pods, render, template_of

DEPLOY = REPO / "deploy"
RUNBOOK = REPO / "docs" / "operate.md"
PAGES = (RUNBOOK, DEPLOY / "README.md", DEPLOY / "argocd" / "README.md")
#: What the pages use. `debug` is not among them: it knows pods and nodes, no Jobs, and takes no environment over.
VERBS = {
    "annotate",
    "apply",
    "create",
    "delete",
    "exec",
    "get",
    "kustomize",
    "logs",
    "patch",
    "port-forward",
    "rollout",
    "scale",
    "top",
    "wait",
}
#: Kinds by the names that the pages give them; what is none of ours is not looked for.
KINDS = {
    "cronjob": "CronJob",
    "deploy": "Deployment",
    "job": "Job",
    "secret": "Secret",
    "statefulset": "StatefulSet",
}
#: Flags whose value is the next word.
VALUED = {"--patch-file", "-n", "-l", "-o", "-f", "-k", "-c", "--patch"}
#: In every image beside the commands that are installed there.
OF_DEBIAN = {"bash"}
#: What the reader puts in.
PLACEHOLDER = re.compile(r"[A-Z]+")
#: Labels of what is made when the platform runs.
OF_RUNS = {"dagster/run-id"}


@dataclass
class Call:
    """A call of kubectl."""

    verb: str = ""
    arguments: list[str] = field(default_factory=list)
    flags: dict[str, str] = field(default_factory=dict)
    run: list[str] = field(default_factory=list)

    @property
    def namespace(self) -> str:
        """Return the namespace that it names."""
        return self.flags.get("-n", "")

    def named(self) -> Iterator[tuple[str, str]]:
        """Yield kind and name of the objects that it takes to be there, of those kinds that are ours."""
        words = list(self.arguments)
        if self.verb == "create":
            words = [self.flags["--from"]] if "--from" in self.flags else []
        if self.verb == "rollout":
            words = words[1:]
        if self.verb == "kustomize":
            words = []
        if words and "/" not in words[0]:
            words = [f"{words[0]}/{name}" for name in words[1:] if not re.search(r"[=-]$|=", name)]
        for word in words:
            kind, _, name = word.partition("/")
            if kind in KINDS and not PLACEHOLDER.fullmatch(name):
                yield KINDS[kind], name


def texts(page: Path) -> Iterator[str]:
    """Yield what a page has for a shell: its blocks, and its spans of code."""
    prose: list[str] = []
    for number, part in enumerate(re.split(r"^ *```.*\n", page.read_text(), flags=re.MULTILINE)):
        if number % 2:
            yield part
        else:
            prose.append(part)
    for part in prose:
        yield from (span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", part))


def calls_in(text: str, program: str) -> Iterator[list[str]]:
    """Yield the words of each call of a program."""
    if program not in text:
        return
    text = re.sub(r"<<'END'\n.*?^END$", "", text, flags=re.MULTILINE | re.DOTALL).replace("\\\n", " ")
    text = text.replace("|\n", "| ")
    for line in _lines(text):
        words = shlex.shlex(line, posix=True, punctuation_chars="|;&()")
        words.whitespace_split, words.commenters = True, "#"
        call: list[str] = []
        for word in [*words, ";"]:
            if word.strip("|;&()"):
                call.append(word)
            else:
                if call[:1] == [program]:
                    yield call
                call = []


def _lines(text: str) -> Iterator[str]:
    """Yield lines, whole where a quoted word has several."""
    waiting = ""
    for line in text.splitlines():
        waiting += f"{line}\n"
        if re.sub(r"#.*", "", waiting).count("'") % 2 == 0:
            yield waiting
            waiting = ""
    assert not waiting, f"a quote stays open: {waiting}"


def read(words: list[str]) -> Call:
    """Return a call of kubectl by its words."""
    found = Call()
    if "--" in words:
        found.run = words[words.index("--") + 1 :]
        words = words[: words.index("--")]
    waiting = iter(words[1:])
    for word in waiting:
        if word in VALUED:
            found.flags[word] = next(waiting)
        elif word.startswith("-"):
            name, _, value = word.partition("=")
            found.flags[name] = value
        else:
            found.arguments.append(word)
    found.verb = found.arguments.pop(0) if found.arguments else ""
    return found


@cache
def calls() -> tuple[Call, ...]:
    """Return all calls of kubectl; an alias's or a mere name's are none."""
    found = [read(words) for page in PAGES for text in texts(page) for words in calls_in(text, "kubectl")]
    return tuple(one for one in found if one.verb)


@cache
def there() -> frozenset[tuple[str, str]]:
    """Return kind and name of what production has in its namespace, Secrets by their table."""
    table = re.findall(r"^\| `([a-z-]+)` \| .+? \|", (DEPLOY / "README.md").read_text(), re.MULTILINE)
    objects = {(one["kind"], one["metadata"]["name"]) for one in overlay("prod")}
    return frozenset(objects | {("Secret", name) for name in table})


def made() -> set[tuple[str, str]]:
    """Return what the pages' own commands make."""
    return {("Job", one.arguments[1]) for one in calls() if one.verb == "create" and one.arguments[:1] == ["job"]}


def section(title: str) -> str:
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## )", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


def of_section(title: str) -> list[Call]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL)
    return [read(words) for block in blocks for words in calls_in(block, "kubectl")]


def commands_of(image: str) -> set[str]:
    """Return the programs that an image of ours installs."""
    path = DEPLOY / "images" / f"{image.removeprefix('geocrop-')}.Dockerfile"
    return set(re.findall(r"install\.py ([\w-]+)=", path.read_text())) | OF_DEBIAN


def workload(kind: str, name: str) -> Manifest:
    (found,) = [one for one in of_kind(overlay("prod"), kind) if one["metadata"]["name"] == name]
    return found


def image_of(one: Manifest) -> str:
    (container,) = containers(template_of(one)["spec"])
    return str(container["image"]).rsplit("/", 1)[-1].partition(":")[0]


def test_commands_are_found_with_what_they_name() -> None:
    assert len(calls()) > 25
    named = {one for call in calls() for one in call.named()}
    assert {("Deployment", "geocrop-api"), ("CronJob", "geocrop-backup"), ("Job", "restore")} <= named
    (found,) = calls_in("kubectl -n a exec -it deploy/b -- c --d   # e", "kubectl")
    assert (read(found).namespace, list(read(found).named()), read(found).run) == (
        "a",
        [("Deployment", "b")],
        ["c", "--d"],
    )


@pytest.mark.parametrize("call", calls(), ids=lambda call: f"{call.verb} {' '.join(call.arguments)}")
def test_a_command_names_what_production_has(call: Call) -> None:
    assert call.verb in VERBS
    if call.namespace in {"geocrop", ""}:
        for one in call.named():
            assert one in there() | made(), one
    for label in call.flags.get("-l", "").split(","):
        key, _, value = label.partition("=")
        if call.namespace == "geocrop" and key and key not in OF_RUNS:
            assert any(labels.get(key) == value for _, labels, _ in pods(overlay("prod"))), label


@pytest.mark.parametrize("call", [one for one in calls() if one.verb == "exec" and one.namespace == "geocrop"], ids=str)
def test_what_a_container_is_asked_to_run_is_in_its_image(call: Call) -> None:
    ((kind, name),) = call.named()
    if (kind, name) == ("Job", "restore"):
        kind, name = "CronJob", "geocrop-backup"
    assert call.run[0] in commands_of(image_of(workload(kind, name)))


def test_users_are_added_in_the_pod_that_knows_their_database() -> None:
    adding = [one for one in calls() if "geocrop-users" in one.run]
    assert adding, "the page tells how"
    for call in adding:
        ((kind, name),) = call.named()
        (container,) = containers(template_of(workload(kind, name))["spec"])
        secrets = {one["secretRef"]["name"] for one in container["envFrom"] if "secretRef" in one}
        assert "geocrop-api" in secrets, "which has GEOCROP_DATABASE"


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


def test_by_hand_jobs_go_before_they_are_applied_anew() -> None:
    """Kubernetes refuses another image in a Job that is there."""
    found = [read(words) for text in texts(DEPLOY / "README.md") for words in calls_in(text, "kubectl")]
    verbs = [one.verb for one in found]
    assert verbs.index("delete") < verbs.index("apply")
    jobs = {("Job", one["metadata"]["name"]) for one in of_kind(overlay("prod"), "Job")}
    assert set(found[verbs.index("delete")].named()) == jobs


def tables(text: str) -> Iterator[list[str]]:
    """Yield the lines of each table, as a reader of Markdown sees them: an empty line ends one."""
    found: list[str] = []
    for line in [*re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL).splitlines(), ""]:
        if line.startswith("|"):
            found.append(line)
        elif found:
            yield found
            found = []


@pytest.mark.parametrize(
    "page", sorted([*REPO.glob("*.md"), *REPO.glob("docs/**/*.md"), *DEPLOY.glob("**/*.md")]), ids=lambda one: one.name
)
def test_no_table_is_cut_in_two(page: Path) -> None:
    for one in tables(page.read_text()):
        assert re.fullmatch(r"\|(?: *:?-+:? *\|)+", one[1] if len(one) > 1 else ""), one[0]
