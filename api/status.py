"""How each service is: probes in the background, answered from memory, so that a dead service holds nobody up."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.db.tables import now
from resources.object_store.base import BucketNotFound, ObjectNotFound
from resources.registry import SQLITE
from training.errors import GeocropError

if TYPE_CHECKING:
    from api.follow import Follower
    from api.services import Services

log = logging.getLogger(__name__)

State = Literal["live", "degraded", "down"]
#: What a request needs to be served at all.
READY_NEEDS = frozenset({"database", "store"})
#: Seconds that a finding is good for.
FRESH_S = 5.0
#: Seconds after which a finding is too old to be shown while a newer one is being made.
STALE_S = 30.0
#: Seconds that a reader waits for probes, and after which a probe that has not ended counts as down.
PATIENCE_S = 2.0
PROBE_KEY = "status-probe"
#: Characters of an error's words that are shown.
MAX_WORDS = 300


@dataclass(frozen=True)
class Finding:
    """What a probe says: `reason` to anybody; `details`, which may name hosts and versions, to administrators."""

    state: State
    reason: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found(Finding):
    """A finding by name, and since when the service is in that state."""

    name: str = ""
    since: datetime = field(default_factory=now)


Probe = Callable[[], Finding]


class _Watched:
    """One service: at most one probe at a time, the newest finding, and since when it is so."""

    def __init__(self, name: str, probe: Probe) -> None:
        self.name = name
        self.found: Found | None = None
        self._probe = probe
        self._lock = threading.Lock()
        self._started: float | None = None
        self._ended = -STALE_S * 2
        self._done = threading.Event()

    @property
    def age(self) -> float:
        """Seconds since the newest finding."""
        return time.monotonic() - self._ended

    def begin(self) -> None:
        """Start the probe unless one runs or the finding is fresh."""
        with self._lock:
            if self._started is not None or self.age < FRESH_S:
                return
            self._started = time.monotonic()
            self._done.clear()
        threading.Thread(target=self._run, name=f"probe-{self.name}", daemon=True).start()

    def wait(self) -> None:
        """Wait for the running probe, `PATIENCE_S` after its start at most; note it when it is late."""
        started = self._started
        if started is None or self._done.wait(max(0.0, started + PATIENCE_S - time.monotonic())):
            return
        state: State = "degraded" if self.found is None else "down"  # the first answer may take a cold start
        self._note(Finding(state, f"no answer within {PATIENCE_S:g} s"))

    def _run(self) -> None:
        try:
            finding = self._probe()
        except Exception as error:  # whatever it is: the last good finding must not stand
            if not isinstance(error, GeocropError | SQLAlchemyError | httpx.HTTPError | OSError):
                log.exception("the probe of %s failed", self.name)
            finding = _down(error)
        self._note(finding)
        with self._lock:
            self._ended, self._started = time.monotonic(), None
            self._done.set()

    def _note(self, finding: Finding) -> None:
        with self._lock:
            before = self.found
            since = before.since if before is not None and before.state == finding.state else now()
            self.found = Found(finding.state, finding.reason, finding.details, self.name, since)


def _down(error: Exception) -> Finding:
    """Return the finding that an error is: its kind's hint is for all, its words may name hosts and users."""
    lines = str(error).strip().splitlines()
    words = lines[0][:MAX_WORDS] if lines else type(error).__name__
    return Finding("down", error.hint() if isinstance(error, GeocropError) else "it does not answer", {"error": words})


class StatusBoard:
    """The newest findings of all probes. Safe for threads."""

    def __init__(self, probes: Mapping[str, Probe]) -> None:
        self._watched = [_Watched(name, probe) for name, probe in probes.items()]

    def read(self, *, fresh: bool = False) -> list[Found]:
        """Return the findings.

        Findings that are a little old are returned as they are while newer ones are made behind them; with `fresh`,
        and for very old ones, the new ones are waited for, `PATIENCE_S` at most.
        """
        for one in self._watched:
            one.begin()
        for one in self._watched:
            if one.found is None or one.age > (FRESH_S if fresh else STALE_S):
                one.wait()
        return [replace(one.found) for one in self._watched if one.found is not None]


def probes_of(services: Services, follower: Follower | None = None) -> dict[str, Probe]:
    """Return the probes of an installation; the follower's only in a process that has one."""
    probes: dict[str, Probe] = {
        "api": lambda: Finding("live"),
        "database": lambda: _probe_database(services),
        "store": lambda: _probe_store(services),
        "registry": lambda: _probe_registry(services),
        "dagster": lambda: _probe_dagster(services),
        "lane": lambda: _probe_lane(services),
    }
    if follower is not None:
        probes["follower"] = lambda: _probe_follower(follower)
    return probes


def _probe_database(services: Services) -> Finding:
    with services.database.read() as session:
        session.execute(text("SELECT 1"))
    return Finding("live", details={"kind": services.database.engine.dialect.name})


def _probe_store(services: Services) -> Finding:
    from resources.layout import RESULTS

    try:
        services.store.stat(RESULTS, PROBE_KEY)
    except BucketNotFound as error:
        return _down(error)
    except ObjectNotFound:
        pass  # the bucket is there: that is what was asked
    return Finding("live")


def _probe_registry(services: Services) -> Finding:
    uri = services.registry.tracking_uri
    if uri.startswith(SQLITE) and not Path(uri.removeprefix(SQLITE)).exists():
        return Finding("degraded", "nothing has been trained here yet")  # without MLflow's 2 s of imports
    if uri.startswith("http"):
        httpx.get(f"{uri.rstrip('/')}/health", timeout=PATIENCE_S).raise_for_status()
    champion = services.champion.get()
    if champion is None:
        return Finding("degraded", "no model has been promoted yet")
    return Finding("live", details={"champion": str(champion.version)})


def _probe_dagster(services: Services) -> Finding:
    return Finding("live", details={name: str(value) for name, value in services.orchestrator.ping().items()})


def _probe_lane(services: Services) -> Finding:
    status = services.lane.status()
    if status is None:
        return Finding("down", "the warm worker does not answer: maps take the batch lane")
    details = {"busy": str(status.busy), "slots": str(status.slots), "warm": str(status.warm)}
    if status.trouble or not status.warm:
        return Finding("degraded", status.trouble or "its processes are warming up", details)
    return Finding("live", details=details)


def _probe_follower(follower: Follower) -> Finding:
    if follower.problem is None:
        return Finding("live")
    details = {"error": follower.problem[:MAX_WORDS]}
    return Finding("degraded", "jobs are not followed: runs go on, and new jobs wait until it is mended", details)
