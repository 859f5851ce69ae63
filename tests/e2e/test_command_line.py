"""The command line as a person uses it: the demo in a fresh folder, then a look, another map, and the UI."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

GEOCROP = Path(sys.executable).with_name("geocrop")
DEMO_TIMEOUT_S = 900  # the small demo takes some 90 s on two idle cores
UI_TIMEOUT_S = 180


def geocrop(home: Path, *words: str, timeout: int = 300, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line on a home of its own, in a terminal that is wide enough not to break lines."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GEOCROP_", "DAGSTER_"))}
    environment |= {"GEOCROP_HOME": str(home), "COLUMNS": "200", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [str(GEOCROP), *words], env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
    if check:
        assert done.returncode == 0, f"geocrop {' '.join(words)}:\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Run the small demo once: a real daemon, its sensors, two variants, the gate, a map."""
    home = tmp_path_factory.mktemp("demo") / "home"
    done = geocrop(home, "demo", "--small", timeout=DEMO_TIMEOUT_S)
    return home, done.stdout


def test_the_demo_says_what_it_did_and_that_it_is_simulated(demo_home: tuple[Path, str]) -> None:
    home, told = demo_home
    assert "SIMULATED" in told
    for line in ("Candidates of demo", "Map against the simulated truth", "overall accuracy", "make up"):
        assert line in told
    picture = home / "demo" / "baseline-truth-map.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    score = json.loads((home / "demo" / "summary.json").read_text())
    # Ten classes: chance is 0.1, and always saying grassland some 0.3.
    assert score["overall_accuracy"] > 0.6
    assert score["mapped_share"] > 0.95


def test_the_demo_leaves_no_process_behind(demo_home: tuple[Path, str]) -> None:
    home, _ = demo_home
    assert processes_of(home) == []


def test_status_shows_the_champion_and_the_act_that_made_it(demo_home: tuple[Path, str]) -> None:
    home, _ = demo_home
    told = geocrop(home, "status").stdout
    assert "champion" in told
    assert "best of the variants" in told
    assert "crop maps: 1" in told
    assert "baselines: 2015, 2016" in told


def test_a_rollback_to_another_version_takes_effect_and_is_recorded(demo_home: tuple[Path, str]) -> None:
    home, _ = demo_home
    before = champion(home)
    other = 3 - before  # the demo registers versions 1 and 2
    told = geocrop(home, "rollback", str(other), "--reason", "try the other variant").stdout
    assert f"champion: version {other}" in told
    geocrop(home, "rollback", "--reason", "back to the better one")
    assert champion(home) == before
    assert "back to the better one" in geocrop(home, "status").stdout


def champion(home: Path) -> int:
    """Return the number of the champion, from the status table."""
    rows = [line for line in geocrop(home, "status").stdout.splitlines() if "champion" in line]
    return int(rows[0].split("│")[1])


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("promote", "99", "--reason", "no such version"), "model-version-not-found"),
        (("promote", "1", "--reason", " "), "reason-missing"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(demo_home: tuple[Path, str], words: tuple[str, ...], code: str) -> None:
    home, _ = demo_home
    done = geocrop(home, *words, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith(code)


def test_an_aoi_elsewhere_is_refused_before_any_work(demo_home: tuple[Path, str], tmp_path: Path) -> None:
    home, _ = demo_home
    paris = tmp_path / "paris.geojson"
    ring = [[2.3, 48.8], [2.4, 48.8], [2.4, 48.9], [2.3, 48.9], [2.3, 48.8]]
    paris.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    done = geocrop(home, "predict", "--aoi", str(paris), "--season", "2023-2024", check=False)
    assert done.returncode == 1
    assert "aoi-outside-extent" in done.stderr


def test_a_csv_without_the_columns_is_refused_before_it_is_uploaded(
    demo_home: tuple[Path, str], tmp_path: Path
) -> None:
    home, _ = demo_home
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("name,value\nx,1\n")
    done = geocrop(home, "upload", str(wrong), "--version", "broken", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("batch-unknown-kind")
    assert not (home / "store" / "geocrop-datasets" / "broken").exists()


def test_the_demo_refuses_a_home_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    done = geocrop(tmp_path, "demo", "--small", check=False)
    assert done.returncode == 1
    assert "home-in-use" in done.stderr


def test_up_serves_everything_and_stops_cleanly(demo_home: tuple[Path, str], tmp_path: Path) -> None:
    home, _ = demo_home
    api, dagster, lane = (free_port() for _ in range(3))
    ports = ["--api-port", str(api), "--dagster-port", str(dagster), "--lane-port", str(lane)]
    environment = os.environ | {"GEOCROP_HOME": str(home)}
    log = tmp_path / "up.log"
    with log.open("wb") as output:
        server = subprocess.Popen([str(GEOCROP), "up", *ports], env=environment, stdout=output, stderr=output)
    try:
        wait_for_welcome(server, log)
        names = wait_for_assets(f"http://127.0.0.1:{dagster}/graphql")
        answers = [requests.get(f"http://127.0.0.1:{port}/healthz", timeout=30).status_code for port in (api, lane)]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    assert {"samples", "training_features", "champion_model", "crop_map", "baseline"} <= names
    assert answers == [200, 200]
    assert server.returncode == 0
    assert processes_of(home) == []


def test_up_refuses_a_port_that_is_taken_before_it_starts_anything(demo_home: tuple[Path, str]) -> None:
    home, _ = demo_home
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = geocrop(home, "up", "--api-port", str(taken.getsockname()[1]), check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("port-taken")
    assert "--api-port" in done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_welcome(server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until `geocrop up` says that all of it serves."""
    until = time.monotonic() + UI_TIMEOUT_S
    while "API and its documentation" not in log.read_text():
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.5)


def wait_for_assets(address: str) -> set[str]:
    """Ask Dagster's GraphQL for the names of all assets until it answers."""
    query = {"query": "{ assetNodes { assetKey { path } } }"}
    until = time.monotonic() + UI_TIMEOUT_S
    while time.monotonic() < until:
        try:
            answer = requests.post(address, json=query, timeout=30).json()
            if answer["data"]["assetNodes"]:
                return {node["assetKey"]["path"][0] for node in answer["data"]["assetNodes"]}
        except (requests.ConnectionError, ValueError, KeyError):
            pass
        time.sleep(1)
    raise AssertionError(f"{address} did not answer within {UI_TIMEOUT_S} s")


def processes_of(home: Path) -> list[int]:
    """Return the living processes that were started on a home."""
    wanted = f"GEOCROP_HOME={home}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:  # ended meanwhile, or somebody else's
            continue
        if wanted in environment.split(b"\0"):
            found.append(int(entry.name))
    return found
