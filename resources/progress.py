"""How long work tells how far it is: in the run's log, and on the terminal where a person waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from dagster import ConfigurableResource
from pydantic import PrivateAttr

Listener = Callable[[str, float], None]
Report = Callable[..., None]


class InfoLog(Protocol):
    """Anything with `info`: a Dagster context's log, a standard logger."""

    def info(self, msg: str) -> None:
        """Log a line."""


class Progress(ConfigurableResource):  # type: ignore[type-arg]
    """Turns shares done (0..1) into log lines, and passes them to whoever listens."""

    log_steps: int = 10  # log lines a piece of work: enough to follow, few enough for the event log
    _listener: Listener | None = PrivateAttr(default=None)

    def heard_by(self, listener: Listener) -> Progress:
        """Pass every share on to a listener as well: (what, share done)."""
        self._listener = listener
        return self

    def reporter(self, log: InfoLog, what: str) -> Report:
        """Return a function to call with what is done, and of how much: `report(0.5)`, `report(3, 12)`."""
        told = -1

        def report(done: float, total: float = 1.0) -> None:
            nonlocal told
            share = done / total if total else 1.0
            step = int(share * self.log_steps)
            if step > told:
                told = step
                log.info(f"{what}: {step * 100 // self.log_steps} %")
            if self._listener is not None:
                self._listener(what, share)

        return report
