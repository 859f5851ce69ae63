"""The program `geocrop lane`: the supervisor with its HTTP server, until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import threading
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from resources.lanes.client import token_of
from resources.lanes.process import WarmProcess
from resources.lanes.scoring import Scorer
from resources.lanes.server import LaneServer
from resources.lanes.supervisor import LaneRules, Supervisor
from training.errors import GeocropError

if TYPE_CHECKING:
    from resources.settings import Settings

log = logging.getLogger("geocrop.lane")

CODE_LOCATION = "geocrop_assets.definitions"
HTTP_PORT = 80


class LanePortTaken(GeocropError):
    """Stop the other warm worker, or set GEOCROP_LANE_URL to another port: one listens there already."""

    code: ClassVar[str] = "lane-port-taken"


@dataclass(frozen=True)
class Program:
    """What to run: the settings, Dagster's home, and the code location that processes load."""

    settings: Settings
    dagster_home: Path
    code: str = CODE_LOCATION
    bare: bool = False  # hold no champion and no libraries of maps: for tests of the lane itself
    grace_s: float | None = None
    host: str | None = None  # to listen at; the host of `lane_url` when None
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        Raises:
            LanePortTaken: something listens at the lane's port.

        """
        from dagster import DagsterInstance

        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self._stop.set())
        os.environ["DAGSTER_HOME"] = str(self.dagster_home)
        with DagsterInstance.from_config(str(self.dagster_home)) as instance:
            supervisor = Supervisor(instance, self._starter(), self._rules())
            scorer = Scorer()
            server = self._listen(supervisor, scorer)
            supervisor.reconcile(0.0)
            serving = threading.Thread(target=server.serve_forever, name="http", daemon=True)
            serving.start()
            log.info("the interactive lane serves at %s with %d slots", self.settings.lane_url, supervisor.rules.slots)
            while not self._stop.is_set():
                supervisor.keep()
            log.info("stopping")
            supervisor.stop()
            server.shutdown()
            server.server_close()
            scorer.stop()

    def _rules(self) -> LaneRules:
        rules = LaneRules.of(self.settings)
        return rules if self.grace_s is None else LaneRules(**{**vars(rules), "grace_s": self.grace_s})

    def _starter(self) -> partial[WarmProcess]:
        words = [f"--code={self.code}", *(["--bare"] if self.bare else [])]
        environment = os.environ | self.settings.environment() | {"DAGSTER_HOME": str(self.dagster_home)}
        return partial(WarmProcess, words, environment)

    def _listen(self, supervisor: Supervisor, scorer: Scorer) -> LaneServer:
        where = urlsplit(self.settings.lane_url)
        address = (self.host or where.hostname or "127.0.0.1", where.port or HTTP_PORT)
        try:
            return LaneServer(address, token_of(self.settings), supervisor, scorer)
        except OSError as error:
            raise LanePortTaken(f"{address[0]}:{address[1]}: {error.strerror}") from error
