"""What the warm worker and those who call it say to each other: value types and their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar

from training.errors import GeocropError


class LaneUnavailable(GeocropError):
    """Start the warm worker with `geocrop lane`, or look at its log; until then runs go to the batch lane."""

    code: ClassVar[str] = "lane-unavailable"


class LaneGone(LaneUnavailable):
    """Start the warm worker with `geocrop lane`: nothing listens at its address."""

    code: ClassVar[str] = "lane-gone"


class LaneRefused(GeocropError):
    """Read the message: the warm worker answered, and says why it does not take this."""

    code: ClassVar[str] = "lane-refused"

    def __init__(self, message: str, *, status: int = 500, reason: str = "lane-refused") -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class Place(StrEnum):
    """Where a run is, as the warm worker knows it."""

    QUEUED = "queued"
    RUNNING = "running"
    ENDED = "ended"
    UNKNOWN = "unknown"


class WorkerState(StrEnum):
    """What a warm process does."""

    WARMING = "warming"
    IDLE = "idle"
    BUSY = "busy"
    STOPPING = "stopping"


@dataclass(frozen=True)
class RunPlace:
    """A run in the lane: its place, how many wait before it (0: the next), its process, and why it ended early."""

    state: Place
    position: int | None = None
    pid: int | None = None
    reason: str | None = None

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> RunPlace:
        """Read what `GET /runs/{id}` answers."""
        return cls(Place(said["state"]), said.get("position"), said.get("pid"), said.get("reason"))

    def to_json(self) -> dict[str, Any]:
        """Return what `GET /runs/{id}` answers."""
        return asdict(self)


@dataclass(frozen=True)
class Worker:
    """One warm process."""

    pid: int
    state: WorkerState
    run_id: str | None
    runs: int  # that it has executed or executes
    rss_mb: int  # of it and its children
    reason: str | None = None  # why it goes, while it stops


@dataclass(frozen=True)
class LaneStatus:
    """The lane at a moment: places for runs, those taken, processes that are warm, and who waits, in order."""

    slots: int
    busy: int
    warm: int
    queue: tuple[str, ...]
    workers: tuple[Worker, ...]
    started: float  # seconds since the epoch
    trouble: str | None = None  # why no process can be made warm

    def position(self, run_id: str) -> int | None:
        """Return how many runs wait before this one; None when it does not wait."""
        return self.queue.index(run_id) if run_id in self.queue else None

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> LaneStatus:
        """Read what `GET /status` answers."""
        workers = tuple(Worker(**{**one, "state": WorkerState(one["state"])}) for one in said["workers"])
        return cls(**{**said, "queue": tuple(said["queue"]), "workers": workers})

    def to_json(self) -> dict[str, Any]:
        """Return what `GET /status` answers."""
        return asdict(self)
