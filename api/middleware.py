"""What every request passes: a request id, security headers, numbers, and limits on bodies before anybody reads them.

Plain ASGI, so that streams (SSE, tiles, uploads) pass through without a copy or a task of their own.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

from api.body_guard import problem_of_json
from api.errors import ApiError, BadRequest, InternalError, SlowBody, TooLarge, problem_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.metrics import Metrics

log = logging.getLogger(__name__)

REQUEST_ID = "X-Request-ID"
_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SAFE_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
#: Set on every answer that does not say otherwise. Links carry tokens: no referrer.
SECURITY_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
#: For what is no page: nothing in it may run or load.
STRICT_POLICY = "default-src 'none'; frame-ancestors 'none'"
HSTS = "max-age=31536000"
#: All headers of a request together; servers differ in what they let through.
MAX_HEAD_BYTES = 64 * 1024
#: A body may take this many seconds, and one more for each of these bytes.
BODY_GRACE_S = 20.0
MIN_BYTES_A_SECOND = 16 * 1024


class RequestContext:
    """Outermost: gives each request an id, each answer its headers, each fault the one error form, and counts."""

    def __init__(self, app: ASGIApp, metrics: Metrics, https: bool = False) -> None:
        self.app = app
        self.metrics = metrics
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await _Exchange(self, scope, send).run(receive)


class _Exchange:
    """One request and its answer."""

    def __init__(self, context: RequestContext, scope: Scope, send: Send) -> None:
        self.context = context
        self.scope = scope
        self._send = send
        given = Headers(scope=scope).get(REQUEST_ID, "")
        self.id = given if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex
        self.started = time.perf_counter()
        self.status = 0

    async def run(self, receive: Receive) -> None:
        try:
            await self.context.app(self.scope, receive, self.send)
        except Exception:
            log.exception("%s %s failed (request %s)", self.scope["method"], self.scope["path"], self.id)
            if self.status:
                raise  # the answer has begun: the server cuts it off
            fault = InternalError("Something in the platform is at fault; it has been logged.")
            await problem_response(fault, self.scope["path"])(self.scope, receive, self.send)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._add_headers(MutableHeaders(scope=message))
            self.context.metrics.observe(self.scope, self.status, time.perf_counter() - self.started)
        await self._send(message)

    def _add_headers(self, headers: MutableHeaders) -> None:
        headers[REQUEST_ID] = self.id
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        if not headers.get("content-type", "").startswith("text/html"):
            headers.setdefault("Content-Security-Policy", STRICT_POLICY)
        if self.context.https:
            headers.setdefault("Strict-Transport-Security", HSTS)


class BodyLimits:
    """Reads bodies whole within size and time, and looks at JSON before it is parsed; uploads stream through, counted.

    Args:
        app: What comes next.
        max_bytes: Largest body.
        uploads: Path of a route that streams its body -> its largest one in bytes.
        larger: Path of another route that takes more than `max_bytes` -> its largest body in bytes.
        grace_s: Seconds that any body may take; see `MIN_BYTES_A_SECOND` for larger ones.

    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int,
        uploads: Mapping[str, int],
        larger: Mapping[str, int] | None = None,
        grace_s: float = BODY_GRACE_S,
    ) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.uploads = uploads
        self.larger = larger or {}
        self.grace_s = grace_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            receive = await self._checked(scope, receive)
        except ApiError as error:
            error.headers["Connection"] = "close"  # what follows of the body is not a request
            await problem_response(error, scope["path"])(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _checked(self, scope: Scope, receive: Receive) -> Receive:
        headers = Headers(scope=scope)
        _check_head(scope, headers)
        path = scope["path"].rstrip("/")
        limit = self.uploads.get(path)
        body = _Body(receive, limit or self.larger.get(path, self.max_bytes), self.grace_s)
        body.check_length(headers.get("content-length"))
        if limit is not None:
            return body.stream
        if "content-length" not in headers and "transfer-encoding" not in headers:
            return receive
        whole = await body.read()
        if _is_json(headers.get("content-type", "")):
            problem = problem_of_json(whole)
            if problem:
                raise BadRequest(problem)
        return _replay(whole, receive)


def _check_head(scope: Scope, headers: Headers) -> None:
    """Refuse what no client of good will sends: NUL in an address (databases choke on it), a host that is none."""
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEAD_BYTES:
        raise BadRequest(f"The headers have more than {MAX_HEAD_BYTES} bytes.")
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        raise BadRequest("The address holds a NUL character.")
    hosts = headers.getlist("host") or ["localhost"]
    if len(hosts) > 1 or not _SAFE_HOST.fullmatch(hosts[0]):
        raise BadRequest("The Host header names no host, or several.")


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return not kind or kind == "application/json" or kind.endswith("+json")


class _Body:
    """A body as it comes: counted, and timed."""

    def __init__(self, receive: Receive, limit: int, grace_s: float) -> None:
        self._receive = receive
        self._limit = limit
        self._grace_s = grace_s
        self._started = time.monotonic()
        self._got = 0

    def check_length(self, length: str | None) -> None:
        """Refuse a body that says itself that it is too large, before any of it is read."""
        if length is None:
            return
        if not length.isdecimal():
            raise BadRequest("Content-Length is not a number.")
        if int(length[:20]) > self._limit:
            raise self._too_large()

    async def read(self) -> bytes:
        """Return the whole body."""
        parts: list[bytes] = []
        more = True
        while more:
            message = await self._next()
            if message["type"] != "http.request":
                raise BadRequest("The client went away before the body's end.")
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        return b"".join(parts)

    async def stream(self) -> Message:
        """Receive for an app that reads the body itself: its framework knows these errors of the framework's own."""
        try:
            return await self._next()
        except ApiError as error:
            raise HTTPException(error.status, str(error)) from error

    async def _next(self) -> Message:
        patience = self._grace_s + self._got / MIN_BYTES_A_SECOND - (time.monotonic() - self._started)
        try:
            message = await asyncio.wait_for(self._receive(), max(patience, 0.0))
        except TimeoutError as error:
            raise SlowBody("The body comes too slowly.") from error
        self._got += len(message.get("body", b""))
        if self._got > self._limit:
            raise self._too_large()
        return message

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The body has more than {self._limit} bytes.")


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives the body once, then what comes after it: the client's leaving."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay
