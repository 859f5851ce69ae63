"""The lane's HTTP interface: a thin shell over the supervisor and the scorer."""

from __future__ import annotations

import hmac
import json
import logging
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from resources.lanes.protocol import LaneRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from resources.lanes.scoring import Scorer
    from resources.lanes.supervisor import Supervisor

log = logging.getLogger("geocrop.lane")

MAX_BODY = 8 << 20
#: Connections that wait to be accepted: the API's and Dagster's, and a burst of them.
BACKLOG = 64
#: A kept connection that says nothing is closed after so many seconds.
IDLE_S = 120
RUN = re.compile(r"/runs/([0-9a-zA-Z-]{1,64})")
RUN_ID = re.compile(r"[0-9a-zA-Z-]{1,64}")
OK, ACCEPTED, BAD, NOT_ALLOWED, NOT_FOUND, TOO_LARGE = 200, 202, 400, 401, 404, 413


class LaneServer(ThreadingHTTPServer):
    """Listens for launcher, coordinator and API."""

    daemon_threads = True
    request_queue_size = BACKLOG

    def __init__(self, address: tuple[str, int], token: str, supervisor: Supervisor, scorer: Scorer) -> None:
        self.token = token
        self.supervisor = supervisor
        self.scorer = scorer
        super().__init__(address, LaneHandler)


class LaneHandler(BaseHTTPRequestHandler):
    """Answers one connection's requests with JSON."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    server: LaneServer
    # Head and body go out as two writes: with Nagle's algorithm the second one waits 40 ms for the first one's receipt.
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer whether it lives, its status, or where a run is."""
        if self.path == "/healthz":
            self._answer(OK, {"status": "ok"})
        elif self.path == "/status":
            self._do(OK, lambda: self.server.supervisor.status().to_json())
        else:
            self._of_run(OK, lambda run_id: self.server.supervisor.place(run_id).to_json())

    def do_DELETE(self) -> None:
        """Cancel a run."""
        self._of_run(ACCEPTED, lambda run_id: self.server.supervisor.cancel(run_id).to_json())

    def do_POST(self) -> None:
        """Take a run, or ask the warm model."""
        if self.path == "/runs":
            self._do(ACCEPTED, self._submit)
        elif self.path == "/inference":
            self._do(OK, lambda: self.server.scorer.ask(self._body()))
        else:
            self._refuse(NOT_FOUND, "not-found", self.path)

    def _submit(self) -> dict[str, Any]:
        body = self._body()
        run_id = body.get("run_id") if isinstance(body, dict) else None
        if not isinstance(run_id, str) or RUN_ID.fullmatch(run_id) is None:
            raise LaneRefused("run_id is missing", status=BAD, reason="bad-request")
        return self.server.supervisor.submit(run_id).to_json()

    def _of_run(self, status: int, answer: Callable[[str], dict[str, Any]]) -> None:
        found = RUN.fullmatch(self.path)
        if found is None:
            self._refuse(NOT_FOUND, "not-found", self.path)
        else:
            self._do(status, lambda: answer(found.group(1)))

    def _do(self, status: int, answer: Callable[[], Any]) -> None:
        """Answer a caller that shows the token."""
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.server.token}".encode()):
            self._refuse(NOT_ALLOWED, "not-authenticated", "the lane's token is missing or wrong")
            return
        try:
            self._answer(status, answer())
        except LaneRefused as error:
            self._refuse(error.status, error.reason, str(error))

    def _body(self) -> Any:  # noqa: ANN401  # JSON
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.close_connection = True
            raise LaneRefused("a body of known length is needed", status=BAD, reason="bad-request")
        if int(length) > MAX_BODY:
            self.close_connection = True  # the body is not read
            raise LaneRefused(f"a body may have {MAX_BODY >> 20} MB", status=TOO_LARGE, reason="too-large")
        try:
            return json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise LaneRefused("the body is no JSON", status=BAD, reason="bad-request") from error

    def _refuse(self, status: int, code: str, message: str) -> None:
        self.close_connection = True  # a body may be left unread
        self._answer(status, {"error": {"code": code, "message": message}})

    def _answer(self, status: int, said: Any) -> None:  # noqa: ANN401  # JSON
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401  # the base class's signature
        """Log requests for those who debug only."""
        log.debug(format, *args)
