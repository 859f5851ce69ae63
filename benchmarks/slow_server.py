"""A local HTTP server whose answers come late, as those of a far archive do: files of a folder, whole or by range."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from collections import Counter
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class SlowServer:
    """Serves a folder on a free port of this machine until the context ends; connections stay open between requests.

    `requests` counts what was asked, by method and path; `ranges` lists the ranges of each path, in order: first and
    last byte; `most_at_once` is how many answers waited at the same time. `clear` forgets them between measurements.
    """

    def __init__(self, folder: Path, latency_s: float) -> None:
        """Serve nothing yet.

        Args:
            folder: what is served.
            latency_s: seconds that each answer waits; requests of several connections wait at the same time.

        """
        self.folder, self.latency_s = folder.resolve(), latency_s
        self.requests: Counter[tuple[str, str]] = Counter()
        self.ranges: dict[str, list[tuple[int, int]]] = {}
        self.refused: set[str] = set()
        """Paths that are answered with status 500."""
        self.faults: Counter[str] = Counter()
        """How many more times a path is answered with status 503."""
        self.most_at_once = 0
        self._waiting = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        """Return the address of the folder, without a slash at its end."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def connections(self) -> int:
        """Return how many connections were made so far."""
        return self._server.connections

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def clear(self) -> None:
        """Forget what was asked."""
        with self._lock:
            self.requests.clear()
            self.ranges.clear()
            self.most_at_once = 0

    def wait(self) -> None:
        """Let an answer wait."""
        with self._lock:
            self._waiting += 1
            self.most_at_once = max(self.most_at_once, self._waiting)
        time.sleep(self.latency_s)
        with self._lock:
            self._waiting -= 1

    def trouble(self, path: str) -> HTTPStatus | None:
        """Return the status of an answer that is to fail."""
        with self._lock:
            if self.faults[path] > 0:
                self.faults[path] -= 1
                return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.INTERNAL_SERVER_ERROR if path in self.refused else None

    def note(self, method: str, path: str, part: tuple[int, int] | None) -> None:
        """Count a request."""
        with self._lock:
            self.requests[method, path] += 1
            if part is not None:
                self.ranges.setdefault(path, []).append(part)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # connections that are kept alive would hold the end up
    request_queue_size = 128
    connections = 0

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and count it (in the one thread that accepts)."""
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Stay quiet when a client has hung up, as GDAL does when it has what it needs."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(server: SlowServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: the client's delayed acknowledgement is no latency of ours
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def log_message(self, *_: Any) -> None:  # noqa: ANN401
            """Say nothing."""

        def _answer(self, *, body: bool) -> None:
            path = unquote(urlsplit(self.path).path)
            file = (server.folder / path.lstrip("/")).resolve()
            there = file.is_file() and file.is_relative_to(server.folder)
            size = file.stat().st_size if there else 0
            part = _part(self.headers.get("Range"), size) if there else None
            server.note(self.command, path, part)
            server.wait()
            trouble = server.trouble(path) or (None if there else HTTPStatus.NOT_FOUND)
            if trouble is not None:
                self._end(trouble, 0)
                return
            first, last = part or (0, size - 1)
            if first > last:
                self._end(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, 0)
                return
            status = HTTPStatus.OK if part is None else HTTPStatus.PARTIAL_CONTENT
            self._end(status, last - first + 1, None if part is None else f"bytes {first}-{last}/{size}")
            if body:
                with file.open("rb") as opened:
                    opened.seek(first)
                    self.wfile.write(opened.read(last - first + 1))

        def _end(self, status: HTTPStatus, length: int, part: str | None = None) -> None:
            self.send_response(status)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(length))
            if part is not None:
                self.send_header("Content-Range", part)
            self.end_headers()

    return Handler


def _part(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the first and last byte that a Range header asks for; None where it asks for all, or for several parts."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        return max(size - int(match[2]), 0), size - 1
    return int(match[1]), min(int(match[2]) if match[2] else size - 1, size - 1)
