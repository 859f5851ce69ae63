"""The workflow from a push to a pull request: it parses, and its scripts do what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
WORKFLOW = ROOT / ".gitea" / "workflows" / "build-push.yaml"
CI = ROOT / "deploy" / "ci"
OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
# images: this comment is none
namespace: geocrop
images:
  - name: geocrop-code # the code location
    newName: git.example.org/geocrop/geocrop-code
    newTag: "0123456789ab" # by the workflow
  - name: docker.io/library/postgres
    newTag: 15.10
  - newName: git.example.org/geocrop/other
    name: other
  - name: geocrop-api
    newTag: old
    newName: git.example.org/geocrop/geocrop-api
patches:
  - path: a.yaml
"""


def python(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    path = tmp_path / "kustomization.yaml"
    path.write_text(OVERLAY)
    return path


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text())
    return found


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def test_jobs_follow_each_other_and_only_a_push_builds(workflow: dict[Any, Any]) -> None:
    jobs = workflow["jobs"]
    assert [(name, job.get("needs")) for name, job in jobs.items()] == [
        ("test", None),
        ("build", "test"),
        ("bump", "build"),
    ]
    assert all(jobs[name]["if"] == "github.event_name == 'push'" for name in ("build", "bump"))
    assert all(job["timeout-minutes"] <= 60 for job in jobs.values())


def deployed(workflow: dict[Any, Any]) -> list[str]:
    found: list[str] = workflow["env"]["DEPLOYED"].split()
    return found


def test_everything_that_names_an_image_of_ours_is_bumped(workflow: dict[Any, Any]) -> None:
    values = [one for one in (ROOT / "deploy" / "argocd" / "values").glob("*.yaml") if "/geocrop-" in one.read_text()]
    there = [*values, *sorted((ROOT / "deploy" / "k8s" / "overlays").glob("*/kustomization.yaml"))]
    assert len(there) == 4
    assert deployed(workflow) == [str(one.relative_to(ROOT)) for one in there]
    for job, script in (("build", "build-push"), ("bump", "bump-pull")):
        [run] = [step["run"] for step in workflow["jobs"][job]["steps"] if script in step.get("run", "")]
        assert run == f'deploy/ci/{script} "${{GITHUB_SHA:0:12}}" $DEPLOYED'


def test_its_own_pull_request_starts_no_second_build(workflow: dict[Any, Any]) -> None:
    assert workflow[True]["push"]["paths-ignore"] == deployed(workflow)  # YAML reads `on` as true


def runner(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CI / f"{name}.yaml").read_text())
    assert found["container"]["privileged"] is False
    assert found["container"]["docker_host"] == "-"  # otherwise jobs get Docker's socket, and the host with it
    return found


def test_what_needs_rights_runs_on_the_runner_that_has_them_and_after_a_push_alone(workflow: dict[Any, Any]) -> None:
    labels = {name: runner(name)["runner"]["labels"][0].split(":docker://") for name in ("runner", "builder")}
    assert runner("runner")["runner"]["file"] != runner("builder")["runner"]["file"]  # both run on one host
    for name, jobs in (("runner", ["test", "bump"]), ("builder", ["build"])):
        label, image = labels[name]
        assert [job for job, one in workflow["jobs"].items() if one["runs-on"] == label] == jobs
        assert {workflow["jobs"][job]["container"] for job in jobs} == {image}
    assert workflow["jobs"]["build"]["env"]["BUILDAH_ISOLATION"] == "chroot"
    assert "--cap-add=SYS_ADMIN" in runner("builder")["container"]["options"].split()  # `unshare` and `mount` want it
    assert "options" not in runner("runner")["container"]  # where the code of pull requests runs
    [test] = [step["run"] for step in workflow["jobs"]["test"]["steps"] if "run" in step]
    assert test == "bash .ci/run check test"  # test-deploy starts containers, which it may not


@pytest.mark.parametrize(
    ("given", "made"), [((), ["check", "test", "test-deploy"]), (("check", "test"), ["check", "test"])]
)
def test_ci_makes_all_targets_or_those_that_it_is_given(
    tmp_path: Path, given: tuple[str, ...], made: list[str]
) -> None:
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "run").write_bytes((ROOT / ".ci" / "run").read_bytes())
    log, programs = tmp_path / "log", tmp_path / "programs"
    programs.mkdir()
    for name in ("make", "apt-get", "node", "python3", "sudo"):
        (programs / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {log}\n')
        (programs / name).chmod(0o755)
    told = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["bash", str(tmp_path / ".ci" / "run"), *given], check=True, timeout=60, env=told)
    lines = log.read_text().splitlines()
    assert [line.removeprefix("make ") for line in lines if line.startswith("make ")] == made


def test_actions_and_containers_have_exact_versions(workflow: dict[Any, Any]) -> None:
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert all(re.search(r"@v\d+\.\d+\.\d+$", one) for one in used)
    assert all(re.search(r":\d+\.\d+\.\d+-", job["container"]) for job in workflow["jobs"].values())


def test_steps_run_what_is_in_this_repository(workflow: dict[Any, Any]) -> None:
    run = "\n".join(step["run"] for step in steps(workflow) if "run" in step)
    paths = set(re.findall(r"(?:deploy/ci|\.ci)/[\w.-]+", run))
    assert paths == {".ci/run", "deploy/ci/images.py", "deploy/ci/build-push", "deploy/ci/bump-pull"}
    for path in paths:
        assert os.access(ROOT / path, os.X_OK) or f"bash {path}" in run, path


def test_secrets_are_handed_to_the_steps_that_need_them_alone(workflow: dict[Any, Any]) -> None:
    for job in workflow["jobs"].values():
        assert "secrets." not in str(job.get("env", {}))
    assert "secrets." not in "\n".join(step.get("run", "") for step in steps(workflow))
    assert "secrets." not in str(workflow["jobs"]["test"])


@pytest.mark.parametrize("name", ["build-push", "bump-pull"])
def test_scripts_pass_shellcheck(name: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([str(shellcheck), str(CI / name)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout


def test_a_bump_changes_the_tags_of_our_images_and_not_a_letter_more(overlay: Path) -> None:
    assert python(CI / "images.py", "bump", "fedcba987654", overlay).returncode == 0
    before, after = OVERLAY.splitlines(), overlay.read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert changed == [
        ('    newTag: "0123456789ab" # by the workflow', '    newTag: "fedcba987654" # by the workflow'),
        ("    newTag: old", '    newTag: "fedcba987654"'),
    ]


def image_tags(text: str) -> dict[str, str]:
    """Return the tags of our images by name, in an overlay or in a chart's values."""
    found = yaml.safe_load(text)
    listed = found.get("images") or [found["singleuser"]["image"]]
    return {
        name: one.get("newTag", one.get("tag"))
        for one in listed
        if (name := one["name"].rsplit("/", 1)[-1]).startswith("geocrop-")
    }


def test_all_that_deploys_can_be_bumped_and_each_of_its_images_be_built(
    tmp_path: Path, workflow: dict[Any, Any]
) -> None:
    copies = {tmp_path / f"{number}.yaml": ROOT / one for number, one in enumerate(deployed(workflow))}
    for copy, original in copies.items():
        copy.write_text(original.read_text())
    assert python(CI / "images.py", "bump", "fedcba987654", *copies).returncode == 0
    for copy, original in copies.items():
        tags = image_tags(copy.read_text())
        assert tags == dict.fromkeys(image_tags(original.read_text()), "fedcba987654")
        assert tags
        before, after = original.read_text().splitlines(), copy.read_text().splitlines()
        changed = [new for old, new in zip(before, after, strict=True) if old != new]
        assert len(changed) == len(tags)
        assert all("fedcba987654" in line for line in changed)
    listed = python(CI / "images.py", "list", *copies).stdout.splitlines()
    assert listed[0].startswith("geocrop-code ")  # others build on it
    names = {line.split()[0] for line in listed}
    assert names == {"geocrop-code", "geocrop-api", "geocrop-notebook", "geocrop-ray"}
    for name in names:
        assert (ROOT / "deploy" / "images" / f"{name.removeprefix('geocrop-')}.Dockerfile").is_file()


def test_of_a_charts_values_the_tag_beside_our_image_is_bumped_and_no_other(tmp_path: Path) -> None:
    values = tmp_path / "values.yaml"
    text = "a:\n  image:\n    name: git.example.org/g/geocrop-api\n    tag: old # by CI\n  tag: kept\nb:\n  tag: kept\n"
    values.write_text(text)
    assert python(CI / "images.py", "bump", "abc", values).returncode == 0
    assert values.read_text() == text.replace("tag: old", 'tag: "abc"')


def test_several_overlays_have_each_image_once_and_at_one_address(tmp_path: Path, overlay: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(OVERLAY.replace("geocrop-api", "geocrop-ray"))
    assert python(CI / "images.py", "list", overlay, other).stdout.splitlines() == [
        "geocrop-code git.example.org/geocrop/geocrop-code",
        "geocrop-api git.example.org/geocrop/geocrop-api",
        "geocrop-ray git.example.org/geocrop/geocrop-ray",
    ]
    other.write_text(OVERLAY.replace("git.example.org", "registry.example.org"))
    done = python(CI / "images.py", "list", overlay, other)
    assert done.returncode == 1
    assert "another overlay at git.example.org/geocrop/geocrop-code" in done.stderr


def test_a_bump_is_of_all_overlays_or_of_none(tmp_path: Path, overlay: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(OVERLAY.replace("    newTag: old\n", ""))
    assert python(CI / "images.py", "bump", "abc", overlay, broken).returncode == 1
    assert overlay.read_text() == OVERLAY


def test_a_tag_of_digits_stays_text(overlay: Path) -> None:
    assert python(CI / "images.py", "bump", "012345678901", overlay).returncode == 0
    assert yaml.safe_load(overlay.read_text())["images"][0]["newTag"] == "012345678901"


def test_images_are_listed_with_their_addresses(overlay: Path) -> None:
    assert python(CI / "images.py", "list", overlay).stdout.splitlines() == [
        "geocrop-code git.example.org/geocrop/geocrop-code",
        "geocrop-api git.example.org/geocrop/geocrop-api",
    ]


@pytest.mark.parametrize(
    ("text", "tag", "says"),
    [
        (OVERLAY, "two words", "is no tag"),
        (OVERLAY.replace("    newTag: old\n", ""), "abc", "geocrop-api has no `newTag:` line"),
        (OVERLAY.replace("    newTag: old\n", "    newTag: old\n    digest: sha256:0\n"), "abc", "has a `digest:`"),
        ("namespace: geocrop\n", "abc", "no image called geocrop-"),
    ],
)
def test_a_bump_that_would_deploy_nothing_is_refused(overlay: Path, text: str, tag: str, says: str) -> None:
    overlay.write_text(text)
    done = python(CI / "images.py", "bump", tag, overlay)
    assert done.returncode == 1
    assert says in done.stderr
    assert overlay.read_text() == text


def test_every_image_is_built_from_its_file_and_pushed_under_the_tag(tmp_path: Path) -> None:
    for name, text in (("code", "FROM scratch\n"), ("api", "ARG CODE_IMAGE=geocrop-code:local\nFROM scratch\n")):
        (tmp_path / "deploy" / "images").mkdir(parents=True, exist_ok=True)
        (tmp_path / "deploy" / "images" / f"{name}.Dockerfile").write_text(text)
    (tmp_path / "deploy" / "ci").mkdir()
    for name in ("images.py", "build-push"):
        (tmp_path / "deploy" / "ci" / name).write_bytes((CI / name).read_bytes())
    for name in ("kustomization.yaml", "other.yaml"):
        (tmp_path / name).write_text(OVERLAY)
    builder, log = tmp_path / "builder", tmp_path / "log"
    builder.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    builder.chmod(0o755)
    script = ["bash", str(tmp_path / "deploy" / "ci" / "build-push"), "abc", "kustomization.yaml", "other.yaml"]
    told = os.environ | {"BUILDER": str(builder)}
    subprocess.run(script, check=True, capture_output=True, timeout=60, env=told)
    address = "git.example.org/geocrop/geocrop"
    assert log.read_text().splitlines() == [
        f"build --file deploy/images/code.Dockerfile --tag {address}-code:abc --format docker .",
        f"push {address}-code:abc",
        f"build --file deploy/images/api.Dockerfile --tag {address}-api:abc --build-arg CODE_IMAGE={address}-code:abc"
        " --format docker .",
        f"push {address}-api:abc",
    ]
    (tmp_path / "deploy" / "images" / "api.Dockerfile").unlink()
    done = subprocess.run(script, check=False, capture_output=True, text=True, timeout=60, env=told)
    assert done.returncode != 0
    assert "no deploy/images/api.Dockerfile" in done.stderr


class Gitea(ThreadingHTTPServer):
    """The pull requests' part of Gitea's API, in memory."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Pulls)
        self.pulls: list[dict[str, Any]] = []


class _Pulls(BaseHTTPRequestHandler):
    server: Gitea

    def _answer(self, code: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _is_refused(self) -> bool:
        if self.headers["Authorization"] == "token good" and self.path.startswith(
            "/api/v1/repos/geocrop/geocrop/pulls"
        ):
            return False
        self._answer(401, {"message": "token is required"})
        return True

    def do_GET(self) -> None:
        if not self._is_refused():
            self._answer(200, self.server.pulls)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._is_refused():
            ends = {"head": {"ref": asked["head"]}, "base": {"ref": asked["base"]}}
            self.server.pulls.append(asked | ends | {"html_url": f"/pulls/{len(self.server.pulls) + 1}"})
            self._answer(201, self.server.pulls[-1])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gitea() -> Iterator[Gitea]:
    server = Gitea()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone of a repository that holds two overlays."""
    origin, work = tmp_path / "origin.git", tmp_path / "work"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(work))
    git(work, "checkout", "--quiet", "-B", "main")
    for name in ("kustomization.yaml", "other.yaml"):
        (work / name).write_text(OVERLAY)
    git(work, "add", "kustomization.yaml", "other.yaml")
    git(work, "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "-m", "first")
    git(work, "push", "--quiet", "origin", "main")
    return work


def git(folder: Path, *words: str) -> str:
    nobody = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return subprocess.run(
        ["git", *words], cwd=folder, env=nobody, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def bump_pull(clone: Path, gitea: Gitea, tag: str, known: str = "good") -> subprocess.CompletedProcess[str]:
    told = {
        "GITHUB_SERVER_URL": f"http://127.0.0.1:{gitea.server_address[1]}",
        "GITHUB_REPOSITORY": "geocrop/geocrop",
        "PULL_TOKEN": known,
        "BASE": "main",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    return subprocess.run(
        ["bash", str(CI / "bump-pull"), tag, "kustomization.yaml", "other.yaml"],
        cwd=clone,
        env=os.environ | told,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_tag_becomes_one_branch_and_one_pull_request_however_often_it_is_run(clone: Path, gitea: Gitea) -> None:
    assert bump_pull(clone, gitea, "abc").returncode == 0
    git(clone, "checkout", "--quiet", "main")
    again = bump_pull(clone, gitea, "abc")
    assert again.returncode == 0, again.stderr
    [pull] = gitea.pulls
    assert (pull["head"]["ref"], pull["base"]["ref"], pull["title"]) == ("deploy/abc", "main", "Deploy abc")
    changed = git(clone, "diff", "--name-only", "origin/main", "origin/deploy/abc").split()
    assert changed == ["kustomization.yaml", "other.yaml"]
    for name in changed:
        assert git(clone, "show", f"origin/deploy/abc:{name}").count('newTag: "abc"') == 2


def test_what_is_deployed_already_asks_for_nothing(clone: Path, gitea: Gitea) -> None:
    assert bump_pull(clone, gitea, "abc").returncode == 0  # and merged
    gitea.pulls.clear()
    assert "has abc already" in bump_pull(clone, gitea, "abc").stdout
    assert gitea.pulls == []


def test_a_refused_token_fails_the_workflow_in_words(clone: Path, gitea: Gitea) -> None:
    done = bump_pull(clone, gitea, "abc", known="bad")
    assert done.returncode == 1
    assert "Gitea answers 401" in done.stderr
