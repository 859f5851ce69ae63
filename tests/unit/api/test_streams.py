"""Server-Sent Events: each event once and in order, whoever connects when, and no client can hold up the others."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_events
from sqlalchemy.exc import OperationalError
from sse_starlette.sse import AppStatus

from api import streams
from api.db import events
from api.db.session import Database
from api.services import Services
from api.streams import EventStream, Payload, Subscription, stream

DEADLINE_S = 90
TOPIC = "job:a"


def run(body: Awaitable[Any]) -> None:
    """Run a test's coroutine, and fail it rather than hang."""

    async def bounded() -> None:
        await asyncio.wait_for(body, DEADLINE_S)

    asyncio.run(bounded())


def tell(services: Services, *types: str, topic: str = TOPIC) -> None:
    for type_ in types:
        with services.database.write() as session:
            events.append(session, topic, type_, {"state": type_})


@asynccontextmanager
async def broadcasting(services: Services) -> AsyncIterator[None]:
    services.broadcaster.start(services.database, asyncio.get_running_loop())
    try:
        yield
    finally:
        await asyncio.to_thread(services.broadcaster.stop)


async def collect(services: Services, last: int | None, count: int | None = None, topic: str = TOPIC) -> list[Payload]:
    """Return what a client gets until the stream ends, or until it leaves after `count` events."""
    got: list[Payload] = []
    async with aclosing(stream(services, topic, last)) as payloads:
        async for payload in payloads:
            got.append(payload)
            if len(got) == count:
                break
    return got


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def type_of(payload: Payload) -> str:
    lines = payload.body.decode().splitlines()
    return next(line.removeprefix("event: ") for line in lines if line.startswith("event: "))


@contextmanager
def counting_selects(database: Database) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "FROM events" in statement:
            found.append(statement)

    sqlalchemy_events.listen(database.engine, "before_cursor_execute", note)
    yield found
    sqlalchemy_events.remove(database.engine, "before_cursor_execute", note)


def test_a_stream_gives_what_was_and_what_comes_and_ends_with_the_final_event(services: Services) -> None:
    async def body() -> None:
        tell(services, "queued", "progress")
        async with broadcasting(services):
            client = asyncio.create_task(collect(services, None))
            await until(lambda: services.broadcaster.clients == 1)
            await asyncio.to_thread(tell, services, "progress", "ready")
            assert [type_of(one) for one in await client] == ["queued", "progress", "progress", "ready"]
            assert services.broadcaster.clients == 0

    run(body())


def test_the_body_of_an_event_carries_id_type_and_data(services: Services) -> None:
    async def body() -> None:
        tell(services, "ready")
        async with broadcasting(services):
            (payload,) = await collect(services, None)
        told = dict(line.split(": ", 1) for line in payload.body.decode().splitlines() if line)
        assert told["id"] == str(payload.id)
        assert told["event"] == "ready"
        assert json.loads(told["data"])["state"] == "ready"

    run(body())


def test_clients_that_come_and_go_while_events_are_written_miss_none_and_get_none_twice(services: Services) -> None:
    count = 120

    async def resuming(size: int) -> list[int]:
        """Follow the job, leaving after every few events and resuming by the last id."""
        got: list[int] = []
        while True:
            part = await collect(services, got[-1] if got else None, size)
            got += [one.id for one in part]
            if part[-1].is_final:
                return got

    async def body() -> None:
        async with broadcasting(services):
            clients = [asyncio.create_task(resuming(size)) for size in (1, 2, 3, 7, 50, 1000)]
            await asyncio.to_thread(tell, services, *["progress"] * (count - 1), "ready")
            results = await asyncio.gather(*clients)
        with services.database.read() as session:
            everything = [one.id for one in events.after(session, TOPIC, 0, 1000)]
        assert len(everything) == count
        assert all(result == everything for result in results)

    run(body())


def test_two_hundred_clients_get_all_events_and_the_table_is_read_by_one(services: Services) -> None:
    clients, count = 200, 20

    async def body() -> None:
        async with broadcasting(services):
            tasks = [asyncio.create_task(collect(services, None)) for _ in range(clients)]
            await until(lambda: services.broadcaster.clients == clients)
            with counting_selects(services.database) as selects:
                await asyncio.to_thread(tell, services, *["progress"] * (count - 1), "ready")
                results = await asyncio.gather(*tasks)
        assert all(len(result) == count for result in results)
        assert all(result == results[0] for result in results)
        # Each client reads once as it connects; what comes then is read by the broadcaster alone.
        assert len(selects) < clients + 100 * count

    run(body())


def test_events_of_other_topics_stay_away(services: Services) -> None:
    async def body() -> None:
        tell(services, "queued", topic="job:b")
        async with broadcasting(services):
            client = asyncio.create_task(collect(services, None))
            await until(lambda: services.broadcaster.clients == 1)
            await asyncio.to_thread(tell, services, "ready", topic="job:b")
            await asyncio.to_thread(tell, services, "promoted", topic=events.PLATFORM)
            await asyncio.to_thread(tell, services, "ready")
            assert [one.topic for one in await client] == [TOPIC]

    run(body())


def test_the_platforms_stream_begins_now_unless_an_id_says_since_when(services: Services) -> None:
    async def body() -> None:
        tell(services, "promoted", "ready", topic=events.PLATFORM)
        async with broadcasting(services):
            replay = await collect(services, 0, 2, topic=events.PLATFORM)
            assert [type_of(one) for one in replay] == ["promoted", "ready"]  # no type ends the platform's stream
            client = asyncio.create_task(collect(services, None, 1, topic=events.PLATFORM))
            await until(lambda: services.broadcaster.clients == 1)
            while not client.done():  # the client reads the newest id at some moment: what comes after is its
                await asyncio.to_thread(tell, services, "gate_refused", topic=events.PLATFORM)
                await asyncio.wait([client], timeout=0.2)
            assert [type_of(one) for one in await client] == ["gate_refused"]

    run(body())


def test_a_client_that_does_not_read_is_cut_off_after_what_waits_for_it() -> None:
    async def body() -> None:
        slow = Subscription(size=3)
        payloads = [Payload(number, TOPIC, b"", is_final=False) for number in range(1, 10)]
        for payload in payloads:
            slow.put(payload)
        assert [one.id async for one in slow] == [1, 2, 3]

    run(body())


def test_a_client_that_was_cut_off_resumes_without_a_gap(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Subscription, "__init__", _small(Subscription.__init__))
    count = 60

    async def slow() -> tuple[list[int], int]:
        got: list[int] = []
        connections = 0
        while True:
            connections += 1
            async with aclosing(stream(services, TOPIC, got[-1] if got else None)) as payloads:
                async for payload in payloads:
                    got.append(payload.id)
                    if len(got) == 1:
                        await asyncio.to_thread(tell, services, *["progress"] * (count - 2), "ready")
                        await until(lambda: _is_cut_off(services))
                    if payload.is_final:
                        return got, connections

    async def body() -> None:
        async with broadcasting(services):
            client = asyncio.create_task(slow())
            await until(lambda: services.broadcaster.clients == 1)
            await asyncio.to_thread(tell, services, "queued")
            got, _ = await client
        assert got == list(range(1, count + 1))

    run(body())


def _is_cut_off(services: Services) -> bool:
    return all(one._ended for one in services.broadcaster._subscriptions[TOPIC])


def _small(init: Callable[..., None]) -> Callable[[Subscription, int], None]:
    def made(self: Subscription, _size: int = 0) -> None:
        init(self, 4)

    return made


def test_a_stop_ends_every_stream(services: Services) -> None:
    async def body() -> None:
        async with broadcasting(services):
            clients = [asyncio.create_task(collect(services, None)) for _ in range(3)]
            await until(lambda: services.broadcaster.clients == 3)
        assert await asyncio.gather(*clients) == [[], [], []]

    run(body())


def test_the_reader_outlives_a_database_that_is_down_for_a_while(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "RETRY_S", 0.05)
    down, noticed = threading.Event(), threading.Event()
    real = events.after

    def flaky(*words: Any, **named: Any) -> Any:  # noqa: ANN401
        if down.is_set():
            noticed.set()
            raise OperationalError("SELECT", {}, Exception("gone"))
        return real(*words, **named)

    monkeypatch.setattr(events, "after", flaky)

    async def body() -> None:
        tell(services, "queued")
        async with broadcasting(services):
            client = asyncio.create_task(collect(services, 1))
            await until(lambda: services.broadcaster.clients == 1)
            tell(services, "progress")
            first = asyncio.create_task(collect(services, 1, 1))
            await first  # connected and caught up
            down.set()
            assert await asyncio.to_thread(noticed.wait, DEADLINE_S)
            await asyncio.to_thread(tell, services, "ready")
            down.clear()
            done = await client
            if not (done and done[-1].is_final):  # its own first read met the fault: it resumes
                done += await collect(services, done[-1].id if done else 1)
            assert [type_of(one) for one in done] == ["progress", "ready"]

    run(body())


class Socket:
    """The client's side of an ASGI response."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.left = asyncio.Event()
        self.full = False
        self.ended = False

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:  # noqa: ANN401
        if self.full:
            await asyncio.Event().wait()
        self.ended = message.get("more_body") is False
        if body := message.get("body"):
            self.sent.append(body)

    @property
    def text(self) -> str:
        return b"".join(self.sent).decode()


SCOPE: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": []}


def test_a_quiet_stream_sends_heartbeats_and_tells_how_soon_to_connect_again(services: Services) -> None:
    async def body() -> None:
        async with broadcasting(services):
            socket = Socket()
            answer = EventStream(services, TOPIC, None, heartbeat_s=0.05)
            task = asyncio.create_task(answer(SCOPE, socket.receive, socket.send))
            await until(lambda: socket.text.count(": heartbeat") >= 3)
            assert socket.text.startswith(f"retry: {streams.RECONNECT_MS}")
            socket.left.set()
            await task
            await until(lambda: services.broadcaster.clients == 0)

    run(body())


def test_a_client_whose_socket_stays_full_is_left(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "SEND_TIMEOUT_S", 0.1)

    async def body() -> None:
        async with broadcasting(services):
            socket = Socket()
            answer = EventStream(services, TOPIC, None)
            task = asyncio.create_task(answer(SCOPE, socket.receive, socket.send))
            await until(lambda: services.broadcaster.clients == 1)
            socket.full = True
            await asyncio.to_thread(tell, services, "queued")
            await task
            await until(lambda: services.broadcaster.clients == 0)

    run(body())


def test_a_server_that_stops_ends_its_streams_properly(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    async def body() -> None:
        async with broadcasting(services):
            socket = Socket()
            answer = EventStream(services, TOPIC, None)
            task = asyncio.create_task(answer(SCOPE, socket.receive, socket.send))
            await until(lambda: services.broadcaster.clients == 1)
            monkeypatch.setattr(AppStatus, "should_exit", True)  # what a signal to the server sets
            await task
            assert socket.ended
            assert services.broadcaster.clients == 0

    run(body())
