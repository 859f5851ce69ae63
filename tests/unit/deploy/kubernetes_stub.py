"""A Kubernetes that takes jobs and tells of their pods: it records what it is asked."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = tuple[str, str, str]  # verb, API group, resource with its part

_PATH = re.compile(
    r"^/(?:api/v1|apis/(?P<group>[a-z.]+)/v1)/namespaces/(?P<namespace>[a-z-]+)/"
    r"(?P<resource>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<part>[a-z]+))?$"
)
#: Verbs of rights, by method and whether one object is named.
_VERBS = {("GET", True): "get", ("GET", False): "list", ("POST", False): "create", ("DELETE", True): "delete"}


class Cluster:
    """What was asked, and the jobs that there are."""

    def __init__(self) -> None:
        self.asked: set[Request] = set()
        self.namespaces: set[str] = set()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.has_pods = True

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Answer a request; 404 for what there is none of."""
        match = _PATH.match(path)
        if match is None:
            return 404, {"kind": "Status", "message": f"the stub does not know {path}"}
        name, part = match["name"], match["part"]
        self.namespaces.add(match["namespace"])
        resource = match["resource"] + (f"/{part}" if part else "")
        self.asked.add((_VERBS[method, name is not None], match["group"] or "", resource))
        if (method, resource) == ("POST", "jobs"):
            self.jobs[body["metadata"]["name"]] = body
            return 201, body
        return 200, self._found(match["resource"], name, part, method)

    def _found(self, resource: str, name: str | None, part: str | None, method: str) -> Any:  # noqa: ANN401
        if method == "DELETE":
            return {"kind": "Status", "status": "Success"}
        if part == "log":
            return "what the run printed"
        if resource == "jobs" and name:
            return self.jobs[name] | {"status": {"active": 1}}
        items = {"jobs": list(self.jobs.values()), "pods": self._pods(), "events": []}[resource]
        return {"kind": "List", "metadata": {}, "items": items}

    def _pods(self) -> list[dict[str, Any]]:
        if not self.has_pods:
            return []
        state = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
        status = {"name": "dagster", "ready": True, "restartCount": 0, "image": "i", "imageID": "i", "state": state}
        return [
            {
                "metadata": {"name": f"{name}-abcde"},
                "spec": job["spec"]["template"]["spec"],
                "status": {"phase": "Running", "containerStatuses": [status]},
            }
            for name, job in self.jobs.items()
        ]


@contextmanager
def serve() -> Iterator[tuple[Cluster, str]]:
    """Serve a cluster on loopback; gives it and its address."""
    cluster = Cluster()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            code, answer = cluster.answer(self.command, self.path.partition("?")[0], body)
            plain = isinstance(answer, str)
            data = answer.encode() if plain else json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/plain" if plain else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815  # named by the library

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield cluster, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
