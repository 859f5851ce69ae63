"""The warm model behind `POST /inference`: a process of its own that answers one request at a time."""

from __future__ import annotations

import json
import logging
import os
import selectors
import subprocess  # nosec B404
import sys
import threading
import time
from typing import Any

from resources.lanes.protocol import LaneRefused

log = logging.getLogger("geocrop.lane")

TIMEOUT_S = 60.0
CHUNK = 1 << 16
COMMAND = (sys.executable, "-m", "resources.lanes.scorer")
#: How an error of the scorer is told over HTTP, unless it is the platform's own fault.
UNPROCESSABLE, FAULT, TIMED_OUT = 422, 502, 504
OWN_FAULTS = frozenset({"internal-error", "geocrop-error"})


class Scorer:
    """Keeps the model's process: started at first use, started again when it has died. Safe for threads."""

    def __init__(self, command: tuple[str, ...] = COMMAND, timeout_s: float = TIMEOUT_S) -> None:
        self._command = command
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self._count = 0

    def ask(self, payload: Any) -> Any:  # noqa: ANN401  # JSON
        """Return the model's answer to a payload.

        Raises:
            LaneRefused: the model refuses the payload, ends, or does not answer in time.

        """
        with self._turn:
            self._count += 1
            request = {"id": self._count, "payload": payload}
            answer = self._exchange(json.dumps(request).encode() + b"\n")
        if "error" in answer:
            code, message = answer["error"]["code"], answer["error"]["message"]
            raise LaneRefused(message, status=FAULT if code in OWN_FAULTS else UNPROCESSABLE, reason=code)
        return answer["result"]

    def stop(self) -> None:
        """End the process."""
        with self._turn:
            self._end()

    def _exchange(self, line: bytes) -> dict[str, Any]:
        """Send a line and return the line that comes back."""
        process = self._running()
        sending = threading.Thread(target=self._send, args=(process, line), daemon=True)
        sending.start()  # beside reading: a large request must not wait for room in the pipe while an answer does
        try:
            answer: dict[str, Any] = json.loads(self._receive(process))
        except ValueError as error:
            self._end()
            raise LaneRefused(
                "the model's process said what is no JSON", status=FAULT, reason="scorer-failed"
            ) from error
        return answer

    def _send(self, process: subprocess.Popen[bytes], line: bytes) -> None:
        try:
            if process.stdin is not None:
                process.stdin.write(line)
                process.stdin.flush()
        except OSError:  # it ended: the reader sees that too
            log.warning("the model's process %d took no request", process.pid)

    def _receive(self, process: subprocess.Popen[bytes]) -> bytes:
        if process.stdout is None:
            raise ValueError("no pipe")
        end, said = time.monotonic() + self._timeout_s, b""
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            while not said.endswith(b"\n"):
                if not ready.select(max(0.0, end - time.monotonic())):
                    self._end()
                    raise LaneRefused(
                        f"the model did not answer within {self._timeout_s:g} s", status=TIMED_OUT, reason="scorer-slow"
                    )
                chunk = os.read(process.stdout.fileno(), CHUNK)
                if not chunk:
                    self._end()
                    raise LaneRefused("the model's process ended; ask again", status=FAULT, reason="scorer-failed")
                said += chunk
        return said

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603  # our own module
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
            log.info("the model's process is %d", self._process.pid)
        return self._process

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what it did not take is lost with it
                    log.debug("a request was left in the pipe")
        self._process.wait()
        self._process = None
