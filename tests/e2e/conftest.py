"""A small simulated landscape, and the platform on it: one home a session, and fresh ones for who asks."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from demo import Landscape, simulate
from resources.settings import Settings

if TYPE_CHECKING:
    from geocrop_assets.cli.runs import Platform

#: The landscape is 1.28 km wide: blocks of 150 m give some 70 groups.
BLOCK_SIZE_M = 150.0
N_DATES = 12

PlatformMaker = Callable[[str], "Platform"]


@pytest.fixture(scope="session")
def land(tmp_path_factory: pytest.TempPathFactory) -> Landscape:
    """Return a landscape of 128 by 128 pixels, seen twelve times in its season."""
    return simulate(tmp_path_factory.mktemp("landscape"), size_px=128, n_dates=N_DATES)


@pytest.fixture(scope="session")
def fresh_platform(land: Landscape, tmp_path_factory: pytest.TempPathFactory) -> PlatformMaker:
    """Return a maker of platforms, each in a home of its own, on the landscape's catalogue."""
    from geocrop_assets.cli.runs import open_platform
    from resources.platform import store_of

    def make(name: str) -> Platform:
        home: Path = tmp_path_factory.mktemp(name)
        settings = Settings(home=home, catalogue=str(land.catalogue), block_size_m=BLOCK_SIZE_M, threads=2)
        store_of(settings)
        return open_platform(settings)

    return make


VERSION = "2024-06"
BASELINE_YEARS = (2016, 2024)
PASSWORD = "a long enough password"
GEOCROP = Path(sys.executable).with_name("geocrop")
WEB = Path(__file__).parents[2] / "web"
#: How long the stack may take to start on a busy machine, in seconds: the warm worker compiles first.
START_S = 300.0
FEW = {"rounds": 8, "early_stopping": False}
#: Small models: what is shown here is the page.
TRAINING = {
    "folds": 3,
    "forest": {"n_estimators": 8},
    "xgboost": FEW,
    "lightgbm": FEW,
    "catboost": FEW,
    "scout": {"rounds": 5, "repeats": 1},
}
GATE = {"gate": {"config": {"min_training_samples": 3, "min_groups": 3}}}


@dataclass(frozen=True)
class WebStack:
    """`geocrop up` on the embedded default with a champion and two baselines, and the page built."""

    address: str
    land: Landscape
    environment: Mapping[str, str]

    def visit(self, script: str, folder: Path, **told: str) -> dict[str, Any]:
        """Run a script of web/e2e in Chromium and return its report; its pictures and downloads are in `folder`."""
        words = {"BASE": self.address, "PASSWORD": PASSWORD, "SEASON": self.land.season, "OUT": str(folder)}
        done = subprocess.run(
            ["node", f"e2e/{script}.mjs"],
            cwd=WEB,
            env=os.environ | words | told,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (folder / "report.json").is_file(), done.stderr
        report: dict[str, Any] = json.loads((folder / "report.json").read_text())
        assert "failure" not in report, f"{report['failure']}\n{report['seen']}\nPicture: {folder / 'failure.png'}"
        return report


@pytest.fixture(scope="session")
def web_stack(land: Landscape, fresh_platform: PlatformMaker) -> Iterator[WebStack]:
    """Build the page, train a champion, make baselines, and serve all of it with two users (`root`, `visitor`)."""
    missing = [name for name in ("node", "npm", "chromium") if shutil.which(name) is None]
    if missing:
        assert not os.environ.get("CI"), missing
        pytest.skip(f"the web tests need {', '.join(missing)}")
    subprocess.run(["make", "web"], cwd=WEB.parent, check=True, capture_output=True, text=True)
    platform = fresh_platform("web-home")
    home = platform.settings.home
    _fill(platform, land)
    environment = os.environ | platform.settings.environment() | {"GEOCROP_AUTO_TRAIN": "false"}
    for name, role in (("root", "admin"), ("visitor", "recruiter")):
        words = [str(GEOCROP), "users", "add", name, "--role", role, "--password-stdin"]
        subprocess.run(words, input=PASSWORD, text=True, env=environment, check=True, capture_output=True)
    api, dagster, lane = _free_ports(3)
    ports = ["--api-port", str(api), "--dagster-port", str(dagster), "--lane-port", str(lane)]
    log = home / "up.log"
    with log.open("wb") as output:
        stack = subprocess.Popen([str(GEOCROP), "up", *ports], env=environment, stdout=output, stderr=output)
    try:
        until = time.monotonic() + START_S
        while "API and its documentation" not in log.read_text():
            assert stack.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.3)
        yield WebStack(f"http://127.0.0.1:{api}/", land, environment)
    finally:
        stack.send_signal(signal.SIGTERM)
        stack.wait(90)


def _fill(platform: Platform, land: Landscape) -> None:
    """Train one model on the landscape's batches, promote it, and make the baselines of some years."""
    from geocrop_assets.cli.datasets import upload_batches
    from geocrop_assets.partitions import model_key
    from resources.layout import BASELINES, baseline_upload_prefix
    from resources.platform import store_of
    from sensors import tags
    from sensors.tags import DATASET_VERSION

    upload_batches(platform.settings, land.batches, VERSION)
    platform.instance.add_dynamic_partitions(DATASET_VERSION, [VERSION])
    training = {"training": {"config": {"settings": TRAINING}}}
    platform.run(tags.PREPARE_JOB, partition=VERSION, config={"resources": training})
    platform.run(tags.TRAIN_JOB, partition=str(model_key(VERSION, "Raw")), config={"resources": training | GATE})
    promotion = {"config": {"version": 1, "reason": "the first model of all", "override_gate": True}}
    platform.run(tags.PROMOTE_JOB, config={"ops": {tags.CHAMPION_MODEL: promotion}, "resources": GATE})
    for year in BASELINE_YEARS:
        path = land.baselines[year]
        store_of(platform.settings).put_file(BASELINES, f"{baseline_upload_prefix(year)}{path.name}", path)
        platform.run(tags.BASELINE_JOB, partition=str(year))


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
