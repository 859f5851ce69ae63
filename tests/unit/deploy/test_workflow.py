"""The workflow from a push to a pull request: it parses, its runners have no more rights than they need."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.deploy.ci_scripts import CI, deployed, load_workflow
from tests.unit.deploy.manifests import REPO


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    return load_workflow()


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


def test_everything_that_names_an_image_of_ours_is_bumped(workflow: dict[Any, Any]) -> None:
    values = [one for one in (REPO / "deploy" / "argocd" / "values").glob("*.yaml") if "/geocrop-" in one.read_text()]
    there = [*values, *sorted((REPO / "deploy" / "k8s" / "overlays").glob("*/kustomization.yaml"))]
    assert len(there) == 4
    assert deployed() == [str(one.relative_to(REPO)) for one in there]
    for job, script in (("build", "build-push"), ("bump", "bump-pull")):
        [run] = [step["run"] for step in workflow["jobs"][job]["steps"] if script in step.get("run", "")]
        assert run == f'deploy/ci/{script} "${{GITHUB_SHA:0:12}}" $DEPLOYED'


def test_its_own_pull_request_starts_no_second_build(workflow: dict[Any, Any]) -> None:
    assert workflow[True]["push"]["paths-ignore"] == deployed()  # YAML reads `on` as true


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
    (tmp_path / ".ci" / "run").write_bytes((REPO / ".ci" / "run").read_bytes())
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
        assert os.access(REPO / path, os.X_OK) or f"bash {path}" in run, path


def test_pyyaml_is_installed_before_a_script_asks_images_py(workflow: dict[Any, Any]) -> None:
    for name in ("build", "bump"):  # in a container that has Python without it
        run = [step.get("run", "") for step in workflow["jobs"][name]["steps"]]
        [installs] = [number for number, one in enumerate(run) if re.search(r"apt-get install .*\bpython3-yaml\b", one)]
        assert all(installs < number for number, one in enumerate(run) if "deploy/ci/" in one)


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
