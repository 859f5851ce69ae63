"""Blocks and trials on a real Ray, reached as run pods reach it: by the client's port, with a token."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy_slow.ray_head import REPO, Head, head, install
from tests.deploy_slow.ray_program import ITEMS

pytestmark = pytest.mark.deploy

PROGRAM_SECONDS = 240
WITHOUT_TOKEN = "from resources.spread import spread; next(spread(pow, 2, [1], ray_address={address!r}))"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def ray(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    packages = tmp_path_factory.mktemp("ray")
    install(packages)
    with head(packages, home, cores=2) as running:
        yield running


@pytest.fixture(scope="module")
def stranger(ray: Head) -> Iterator[subprocess.Popen[str]]:
    """Start one who has another token; he tries for half a minute, while the others work."""
    program = WITHOUT_TOKEN.format(address=ray.address)
    environment = ray.environment | {"RAY_AUTH_TOKEN": "0" * 64}
    words = [sys.executable, "-c", program]
    with subprocess.Popen(words, env=environment, cwd=REPO, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.fixture(scope="module")
def told(ray: Head, home: Path, stranger: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what the program found."""
    words = [sys.executable, "-m", "tests.deploy_slow.ray_program", str(home), ray.address]
    done = subprocess.run(
        words, env=ray.environment, cwd=REPO, check=False, capture_output=True, text=True, timeout=PROGRAM_SECONDS
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_results_come_in_the_order_of_the_items_and_what_was_raised_is_raised(told: dict[str, Any]) -> None:
    assert told["powers"] == [2**item for item in ITEMS]
    assert (told["first"], told["raised"]) == (0, "ZeroDivisionError")
    [where] = told["noted"]
    assert "resources/spread.py" in where


def test_a_task_whose_worker_dies_each_time_is_given_up_and_told(told: dict[str, Any]) -> None:
    assert "worker" in told["gave up"]


@pytest.mark.parametrize("step", ["composite", "map"])
def test_what_a_cluster_makes_is_equal_to_the_bit_to_what_a_run_makes(told: dict[str, Any], step: str) -> None:
    assert told[f"{step} is the same"] is True
    assert told[f"{step} there"] == told[f"{step} here"]


def test_a_run_that_ends_early_leaves_no_work_on_the_cluster(told: dict[str, Any]) -> None:
    assert told["stopped"] == [True, True]


def test_who_has_no_token_is_not_let_in(stranger: subprocess.Popen[str]) -> None:
    _, said = stranger.communicate(timeout=PROGRAM_SECONDS)
    assert stranger.returncode != 0
    assert "RayUnavailable" in said
