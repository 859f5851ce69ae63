"""A real Prometheus that scrapes a running stack by the repository's own configuration, and its answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

OBSERVABILITY = Path(__file__).resolve().parents[2] / "deploy" / "observability"
START_S = 120.0
STOP_S = 20.0


def is_installed() -> bool:
    """Tell whether there is a Prometheus here."""
    return shutil.which("prometheus") is not None


def skip() -> NoReturn:
    """Skip a test that needs Prometheus; fail it where CI is set."""
    message = "prometheus not found: apt-get install prometheus"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@dataclass(frozen=True)
class Prometheus:
    """A server that answers queries."""

    url: str

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return what a query gives now, samples that are no number left out."""
        address = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310  # our own, http
            found = json.load(answer)["data"]["result"]
        return [one for one in found if one["value"][1] != "NaN"]

    def wait_for(self, query: str, seconds: float) -> list[dict[str, Any]]:
        """Return what a query gives as soon as it gives anything; nothing when it never does."""
        end = time.monotonic() + seconds
        while not (found := self.ask(query)) and time.monotonic() < end:
            time.sleep(0.5)
        return found


@contextmanager
def prometheus(folder: Path, port: int, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """Run a Prometheus with deploy/observability's rules and jobs, on the targets of those that are there."""
    program = shutil.which("prometheus")
    assert program is not None, "ask `is_installed` first"
    config = write_config(folder, targets)
    words = [
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, *words], stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}", process, folder / "log")
        yield Prometheus(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def write_config(folder: Path, targets: Mapping[str, str]) -> Path:
    """Write the repository's configuration for other targets, in a hurry."""
    config = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "2s"}
    config["scrape_configs"] = [
        one | {"static_configs": [{"targets": [targets[one["job_name"]]]}]}
        for one in config["scrape_configs"]
        if one["job_name"] in targets
    ]
    rules = folder / "rules.yaml"
    text = (OBSERVABILITY / "rules" / "geocrop.yaml").read_text().replace("interval: 30s", "interval: 2s")
    rules.write_text(text)
    config["rule_files"] = [str(rules)]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    return folder / "prometheus.yml"


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while True:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=10):  # noqa: S310  # our own, http
                return
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.2)


def panel_queries() -> dict[str, list[str]]:
    """Return the queries of every panel of every dashboard, by `dashboard: panel`."""
    found: dict[str, list[str]] = {}
    for path in sorted((OBSERVABILITY / "k8s" / "dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            found[f"{path.stem}: {panel['title']}"] = [target["expr"] for target in panel["targets"]]
    return found


def recorded() -> list[str]:
    """Return the names of the recorded rules."""
    groups = yaml.safe_load((OBSERVABILITY / "rules" / "geocrop.yaml").read_text())["groups"]
    return [rule["record"] for group in groups for rule in group["rules"] if "record" in rule]


class Exporter:
    """`geocrop exporter` as a child, which can be started anew on the same port."""

    def __init__(self, program: Path, environment: Mapping[str, str], port: int, log: Path) -> None:
        self._words = [str(program), "exporter", "--port", str(port)]
        self._environment = dict(environment)
        self._log = log
        self.address = f"127.0.0.1:{port}"
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._words, env=self._environment, stdout=log, stderr=log)

    def restart(self) -> None:
        """Stop it and start it anew: it reads everything at its start."""
        self.stop()
        self._process = self._start()

    def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass(frozen=True)
class Watch:
    """A stack that is watched: its exporter, and Prometheus."""

    exporter: Exporter
    prometheus: Prometheus


@contextmanager
def watched(
    geocrop: Path, environment: Mapping[str, str], folder: Path, *, ports: tuple[int, int], api: str
) -> Iterator[Watch]:
    """Run exporter and Prometheus beside a stack whose API listens at `api` (host:port)."""
    exporter = Exporter(geocrop, environment, ports[0], folder / "exporter.log")
    try:
        targets = {"geocrop-api": api, "geocrop-exporter": exporter.address}
        with prometheus(folder, ports[1], targets) as server:
            yield Watch(exporter, server)
    finally:
        exporter.stop()
