"""A warm process as its supervisor sees it: what it says, what it is told, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess  # nosec B404
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from resources.lanes.protocol import WorkerState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Listener(Protocol):
    """Who is told what a process says; called from the process's own thread."""

    def on_warm(self, process: WarmProcess) -> None:
        """Hear that it can execute runs."""

    def on_ended(self, process: WarmProcess, run_id: str) -> None:
        """Hear that it has ended a run, however that went."""

    def on_death(self, process: WarmProcess, how: str) -> None:
        """Hear that it is gone."""


class WarmProcess:
    """One process that executes runs, one at a time; its fields are guarded by the supervisor's lock."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], listener: Listener) -> None:
        """Start it. The calling thread must live as long as the supervisor: the kernel ends the process with it."""
        self.state = WorkerState.WARMING
        self.run_id: str | None = None
        self.runs = 0
        self.rss_mb = 0
        self.reason: str | None = None  # why it is stopped
        self.retiring = False  # another one is being made warm in its stead
        self.kill_at: float | None = None  # of the monotonic clock
        self._listener = listener
        reading, writing = os.pipe()
        try:
            self._popen = subprocess.Popen(  # noqa: S603  # our own interpreter
                [
                    sys.executable,
                    "-m",
                    "resources.lanes.slot",
                    f"--parent={os.getpid()}",
                    f"--report={writing}",
                    *words,
                ],
                stdin=subprocess.PIPE,
                pass_fds=[writing],
                env=dict(environment),
                start_new_session=True,
            )
        finally:
            os.close(writing)
        self.pid = self._popen.pid
        self._thread = threading.Thread(target=self._hear, args=(reading,), name=f"warm-{self.pid}", daemon=True)
        self._thread.start()

    def execute(self, run_id: str) -> None:
        """Tell it to execute a run."""
        self.state, self.run_id = WorkerState.BUSY, run_id
        self.runs += 1
        self._tell({"run": run_id})

    def interrupt(self, grace_s: float) -> None:
        """Interrupt its run; it goes afterwards, for nobody knows what the run left behind."""
        self.reason = self.reason or "its run was interrupted"
        self.kill_at = self.kill_at or time.monotonic() + grace_s
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)

    def stop(self, reason: str, grace_s: float) -> None:
        """Let it end: it does when it has nothing to do."""
        self.state = WorkerState.STOPPING
        self.reason = self.reason or reason
        self.kill_at = self.kill_at or time.monotonic() + grace_s
        with contextlib.suppress(BrokenPipeError):
            if self._popen.stdin is not None:
                self._popen.stdin.close()

    def kill(self, reason: str) -> None:
        """End it and its children at once."""
        self.state = WorkerState.STOPPING
        self.reason = self.reason or reason
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def join(self, timeout_s: float) -> None:
        """Wait until its end is told."""
        self._thread.join(timeout_s)

    def _tell(self, said: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # it died just now: its thread tells
            if self._popen.stdin is not None:
                self._popen.stdin.write(json.dumps(said).encode() + b"\n")
                self._popen.stdin.flush()

    def _hear(self, reading: int) -> None:
        with os.fdopen(reading, encoding="utf-8") as reports:
            for line in reports:
                said = json.loads(line)
                if "warm" in said:
                    self._listener.on_warm(self)
                elif "ended" in said:
                    self._listener.on_ended(self, said["ended"])
        code = self._popen.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # what it started
        self._listener.on_death(self, describe_end(self.pid, code))


def describe_end(pid: int, code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"its process {pid} ended with code {code}"
    return f"its process {pid} was killed by {signal.Signals(-code).name}"
