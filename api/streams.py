"""Server-Sent Events: one reader of the events table a process, handed on to any number of clients."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError

from api.db import events

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

    from starlette.types import Receive, Scope, Send

    from api.db.session import Database
    from api.db.tables import Event
    from api.services import Services

log = logging.getLogger(__name__)

POLL_S = 0.25
"""How often the events table is read: the delay of an event that another process wrote."""
RETRY_S = 1.0
"""Pause after the database did not answer."""
PAGE = 500
"""Events read at once."""
QUEUE_SIZE = 256
"""Events that wait for one client; a slower one is disconnected and resumes by Last-Event-ID."""
HEARTBEAT_S = 15.0
"""Proxies close connections that are silent for longer, 30 or 60 s by default."""
SEND_TIMEOUT_S = 30.0
"""How long a client may leave its socket full."""
FAREWELL_S = 1.0
"""How long the end of a stream may take to be sent when the server stops."""
RECONNECT_MS = 2_000
"""What EventSource is told to wait before it connects again."""
JOIN_S = 10.0
"""How long a stop waits for the reader's query."""


@dataclass(frozen=True)
class Payload:
    """One event as clients get it, encoded once for all of them."""

    id: int
    topic: str
    body: bytes
    is_final: bool

    @classmethod
    def of(cls, event: Event) -> Payload:
        """Encode an event."""
        data = json.dumps(event.data | {"at": event.at.isoformat()}, separators=(",", ":"))
        body = ServerSentEvent(data=data, event=event.type, id=str(event.id)).encode()
        is_final = event.topic != events.PLATFORM and event.type in events.FINAL_TYPES
        return cls(event.id, event.topic, body, is_final)


class Subscription:
    """What waits for one client. Touched on the event loop only."""

    def __init__(self, size: int = QUEUE_SIZE) -> None:
        self._queue: asyncio.Queue[Payload | None] = asyncio.Queue(size)
        self._ended = False

    def put(self, payload: Payload) -> None:
        """Hand over an event; a full queue ends the subscription after what is in it."""
        if self._ended:
            return
        if self._queue.full():
            self._ended = True
        else:
            self._queue.put_nowait(payload)

    def end(self) -> None:
        """End after what is in the queue."""
        if not self._ended and not self._queue.full():
            self._queue.put_nowait(None)
        self._ended = True

    async def __aiter__(self) -> AsyncIterator[Payload]:
        while not (self._ended and self._queue.empty()):
            payload = await self._queue.get()
            if payload is None:
                return
            yield payload


class Broadcaster:
    """Reads new events in one thread and hands them to the subscriptions of their topics, on the event loop."""

    def __init__(self, poll_s: float = POLL_S) -> None:
        self._poll_s = poll_s
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._primed = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._awake = threading.Event()

    @property
    def clients(self) -> int:
        """How many streams are open."""
        return sum(map(len, self._subscriptions.values()))

    def start(self, database: Database, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to read; events older than now are left to each stream's own resume."""
        self._loop, self._stopping = loop, False
        self._primed = asyncio.Event()
        self._thread = threading.Thread(target=self._tail, args=(database, loop), name="broadcaster", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the reader and all streams."""
        self._stopping = True
        self._awake.set()
        if self._thread is not None:
            self._thread.join(JOIN_S)
            self._thread = None
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_all)

    def wake(self) -> None:
        """Read at once: this process has just written an event."""
        self._awake.set()

    async def primed(self) -> None:
        """Wait until the reader stands at the newest event: what comes later reaches the subscriptions."""
        await self._primed.wait()

    @contextmanager
    def subscribe(self, topic: str, size: int = QUEUE_SIZE) -> Iterator[Subscription]:
        """Give a subscription to a topic, ended with the block. On the event loop only."""
        subscription = Subscription(size)
        self._subscriptions.setdefault(topic, set()).add(subscription)
        try:
            yield subscription
        finally:
            left = self._subscriptions.get(topic, set())
            left.discard(subscription)
            if not left:
                self._subscriptions.pop(topic, None)

    def deliver(self, payloads: list[Payload]) -> None:
        """Hand events to the subscriptions of their topics. On the event loop only."""
        for payload in payloads:
            for subscription in self._subscriptions.get(payload.topic, ()):
                subscription.put(payload)

    def _end_all(self) -> None:
        self._primed.set()
        for group in self._subscriptions.values():
            for subscription in group:
                subscription.end()

    def _tail(self, database: Database, loop: asyncio.AbstractEventLoop) -> None:
        last: int | None = None
        pause = 0.0
        while not self._wait(pause):
            try:
                last, pause = self._read(database, loop, last)
            except SQLAlchemyError as error:
                log.warning("events cannot be read, trying again: %s", str(error).splitlines()[0])
                pause = RETRY_S

    def _read(self, database: Database, loop: asyncio.AbstractEventLoop, last: int | None) -> tuple[int, float]:
        """Hand on what is new; return the newest id and the pause until the next look."""
        with database.read() as session:
            if last is None:
                newest = events.newest_id(session)
                loop.call_soon_threadsafe(self._primed.set)
                return newest, 0.0
            found = events.after(session, None, last, PAGE)
        if not found:
            return last, self._poll_s
        loop.call_soon_threadsafe(self.deliver, [Payload.of(event) for event in found])
        return found[-1].id, 0.0 if len(found) == PAGE else self._poll_s

    def _wait(self, pause: float) -> bool:
        """Wait until it is time or somebody wakes; tell whether to stop."""
        if pause > 0:
            self._awake.wait(pause)
        self._awake.clear()
        return self._stopping


async def stream(services: Services, topic: str, last_event_id: int | None = None) -> AsyncGenerator[Payload]:
    """Give a topic's events after `last_event_id`, each once and in order, until a job's final one.

    Without an id, a job's events come from the first on, and the platform's from now on. A stream whose client is too
    slow, or whose database does not answer, ends: the client connects again and resumes.
    """
    broadcaster = services.broadcaster
    with broadcaster.subscribe(topic) as subscription:  # before the database is read, so that none falls between
        await broadcaster.primed()
        last = last_event_id
        try:
            if last is None:
                last = await _first_id(services.database, topic)
            while page := await anyio.to_thread.run_sync(_page, services.database, topic, last):
                for payload in page:
                    last = payload.id
                    yield payload
                    if payload.is_final:
                        return
        except SQLAlchemyError as error:
            log.warning("a stream of %s ends, its events cannot be read: %s", topic, str(error).splitlines()[0])
            return
        async for payload in subscription:
            if payload.id <= last:
                continue
            last = payload.id
            yield payload
            if payload.is_final:
                return


async def _first_id(database: Database, topic: str) -> int:
    return await anyio.to_thread.run_sync(_newest, database) if topic == events.PLATFORM else 0


def _newest(database: Database) -> int:
    with database.read() as session:
        return events.newest_id(session)


def _page(database: Database, topic: str, last: int) -> list[Payload]:
    with database.read() as session:
        return [Payload.of(event) for event in events.after(session, topic, last, PAGE)]


class EventStream(EventSourceResponse):
    """The answer of a route that streams a topic: heartbeats, resume, and an end for clients that do not read."""

    media_type = "text/event-stream"

    def __init__(
        self,
        services: Services,
        topic: str,
        last_event_id: int | None,
        *,
        heartbeat_s: float = HEARTBEAT_S,
        status_code: int = 200,  # FastAPI reads the default of a `response_class`
    ) -> None:
        super().__init__(
            _bodies(services, topic, last_event_id),
            status_code=status_code,
            ping=heartbeat_s,
            ping_message_factory=lambda: ServerSentEvent(comment="heartbeat"),
            send_timeout=SEND_TIMEOUT_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream; a client whose socket stays full is left, it resumes by its last id."""
        try:
            await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("a stream's client did not read for %.0f s and was disconnected", SEND_TIMEOUT_S)
            return
        if self.active and scope["method"] == "GET":  # the server stops: the answer is ended, not broken off
            with anyio.move_on_after(FAREWELL_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _bodies(services: Services, topic: str, last_event_id: int | None) -> AsyncIterator[bytes]:
    yield ServerSentEvent(retry=RECONNECT_MS).encode()
    async with aclosing(stream(services, topic, last_event_id)) as payloads:  # a client that leaves is forgotten now
        async for payload in payloads:
            yield payload.body
