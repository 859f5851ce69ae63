"""The asset graph as Dagster tells it, asked rarely however many people look."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from api.db.tables import now
from api.orchestrator import OrchestratorUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.orchestrator import Orchestrator
    from api.orchestrator_answers import AssetState

#: How long the graph counts as fresh, in seconds; and how long the news that Dagster does not answer does.
FRESH_S, DOWN_S = 15.0, 5.0


@dataclass(frozen=True)
class Graph:
    """The assets, and when Dagster was asked for them."""

    assets: Sequence[AssetState]
    asked: datetime


class Workflow:
    """Remembers the graph for some seconds: one visitor asks Dagster, the others wait for that answer. Thread-safe."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._orchestrator = orchestrator
        self._lock = threading.Lock()
        self._known: Graph | OrchestratorUnavailable | None = None
        self._until = 0.0

    def read(self) -> Graph:
        """Return the graph, at most `FRESH_S` old.

        Raises:
            OrchestratorUnavailable: Dagster does not answer; told again for some seconds without asking.

        """
        with self._lock:
            if self._known is None or time.monotonic() >= self._until:
                self._known = self._ask()
                fresh = FRESH_S if isinstance(self._known, Graph) else DOWN_S
                self._until = time.monotonic() + fresh
            known = self._known
        if isinstance(known, OrchestratorUnavailable):
            raise OrchestratorUnavailable(str(known)) from known
        return known

    def _ask(self) -> Graph | OrchestratorUnavailable:
        try:
            return Graph(self._orchestrator.assets(), now())
        except OrchestratorUnavailable as error:
            return error
