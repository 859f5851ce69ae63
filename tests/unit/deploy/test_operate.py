"""What the documents tell to type: programs, workloads and Secrets that production has; and tables that are whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.unit.deploy.manifests import REPO, Manifest, containers, of_kind, overlay, pods, template_of
from tests.unit.deploy.page_commands import DEPLOY, Call, calls, calls_in, read, texts, workload

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
#: In every image beside the commands that are installed there.
OF_DEBIAN = {"bash"}
#: What others' images have.
OF_OTHERS = {"postgis": {"psql"}}
#: Labels of what is made when the platform runs: by Dagster, and by KubeRay.
MADE_LATER = {"dagster/run-id", "ray.io/cluster"}


@cache
def there() -> frozenset[tuple[str, str]]:
    """Return kind and name of what production has in its namespace, Secrets by their table."""
    table = re.findall(r"^\| `([a-z-]+)` \| .+? \|", (DEPLOY / "README.md").read_text(), re.MULTILINE)
    objects = {(one["kind"], one["metadata"]["name"]) for one in overlay("prod")}
    return frozenset(objects | {("Secret", name) for name in table})


def made() -> set[tuple[str, str]]:
    """Return what the pages' own commands make."""
    return {("Job", one.arguments[1]) for one in calls() if one.verb == "create" and one.arguments[:1] == ["job"]}


def commands_of(image: str) -> set[str]:
    """Return the programs that an image of ours installs, or that another one is known to have."""
    if image in OF_OTHERS:
        return OF_OTHERS[image]
    path = DEPLOY / "images" / f"{image.removeprefix('geocrop-')}.Dockerfile"
    return set(re.findall(r"install\.py ([\w-]+)=", path.read_text())) | OF_DEBIAN


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
        if call.namespace == "geocrop" and key and key not in MADE_LATER:
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
