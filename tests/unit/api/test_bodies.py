"""Bodies and heads of bad will: each is a problem of the 400s, in time, and never a fault of ours."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Message, Scope

from api.body_guard import MAX_DEPTH, problem_of_json
from api.errors import PROBLEM_TYPE
from api.middleware import BodyLimits
from resources.settings import Settings

Login = Callable[..., dict[str, str]]
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_body_kb": 64, "max_upload_mb": 1})


def _chunks(size: int, piece: bytes = b"x" * 8192) -> Iterator[bytes]:
    for _ in range(size // len(piece)):
        yield piece


@pytest.mark.parametrize("path", ["/aois", "/predictions", "/auth/token", "/admin/users", "/nowhere", "/healthz"])
def test_a_body_that_is_too_large_is_refused_whoever_sends_it(client: TestClient, path: str) -> None:
    for body in (b"x" * 65_537, _chunks(81_920)):  # said by Content-Length, or counted as it streams
        answer = client.post(path, content=body, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
        assert answer.headers["Content-Type"] == PROBLEM_TYPE


def test_a_length_that_lies_is_found_by_counting(client: TestClient) -> None:
    headers = JSON | {"Content-Length": "10"}
    answer = client.post("/aois", content=_chunks(81_920), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize("length", ["-1", "1e3", "abc", "9" * 400])
def test_a_length_that_is_no_number_or_too_large_is_refused(client: TestClient, length: str) -> None:
    answer = client.post("/aois", content=b"{}", headers=JSON | {"Content-Length": length})
    assert answer.status_code in {400, 413}


def _file_of(size: int) -> Iterator[bytes]:
    yield b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\nlabel,lon,lat\r\n'
    yield from _chunks(size, b"maize,29.0,-18.0\r\n" * 400)
    yield b"\r\n--edge--\r\n"


def test_uploads_may_be_larger_but_are_counted_too(client: TestClient, login: Login) -> None:
    path = "/admin/datasets/upload?version=2024-06"
    headers = login("admin") | {"Content-Type": "multipart/form-data; boundary=edge"}
    assert client.post(path, content=_file_of(131_072), headers=headers).status_code not in {413, 500}
    for body in (_file_of(2 * 1024 * 1024), b"x" * (2 * 1024 * 1024)):
        refused = client.post(path, content=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (413, "body-too-large")


BOMBS = {
    "arrays in arrays": b"[" * 60_000,
    "objects in objects": b'{"a":' * 10_000,
    "closed arrays in arrays": b"[" * 30_000 + b"]" * 30_000,
    "just too deep": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "hidden behind a string": b'{"a":"\\"' + b'"' + b',"b":' + b"[" * 1000,
    "a number of 60,000 digits": b"9" * 60_000,
    "an exponent": b'{"bbox":[1e400,-1e400,1e999,2]}',
    "not a number": b'{"bbox":[NaN,Infinity,-Infinity,2]}',
    "NUL": b'{"name":"a\\u0000b"}',
    "half a pair": b'{"name":"\\ud800"}',
    "the other half": b'{"name":"\\udc00\\ud800"}',
    "not UTF-8": b'{"name":"\xff\xfe"}',
    "UTF-16": '{"name":"a"}'.encode("utf-16"),
    "UTF-32": '{"name":"a"}'.encode("utf-32"),
    "nothing": b"",
    "a word": b"hello",
    "null": b"null",
    "a list": b"[]",
    "a string": b'"' + b"a" * 60_000 + b'"',
    "cut off": b'{"aoi": "abc',
    "trailing": b"{} {}",
    "the same key often": b"{" + b",".join([b'"a":1'] * 5000) + b"}",
    "keys of Python": b'{"__class__":{"__init__":1},"__proto__":{"role":"admin"}}',
    "many brackets": b"[" + b"[]," * 20_000 + b"[]]",
}


@pytest.mark.parametrize("path", ["/aois", "/predictions", "/inference", "/admin/users", "/admin/training/start"])
def test_bombs_and_malformed_bodies_are_problems_of_the_request(client: TestClient, login: Login, path: str) -> None:
    headers = login("admin") | JSON
    answers = {kind: client.post(path, content=bomb, headers=headers) for kind, bomb in BOMBS.items()}
    wrong = {
        kind: (one.status_code, one.text[:300]) for kind, one in answers.items() if not 400 <= one.status_code < 500
    }
    assert not wrong
    assert {one.headers["Content-Type"] for one in answers.values()} == {PROBLEM_TYPE}
    assert all(len(one.content) < 20_000 for one in answers.values())


@pytest.mark.parametrize("depth", [0, 1, MAX_DEPTH - 1, MAX_DEPTH])
@pytest.mark.parametrize("inner", ["1", '"]]}}[[{{"', '"\\\\\\""', "[" + "[]," * 100 + "{}]"])
def test_depth_is_counted_outside_of_text_and_to_the_level(depth: int, inner: str) -> None:
    own = {"1": 0, '"]]}}[[{{"': 0, '"\\\\\\""': 0}.get(inner, 2)
    arrays = "[" * depth + inner + "]" * depth
    mixed = '{"a":[' * (depth // 2) + inner + "]}" * (depth // 2)
    assert (problem_of_json(arrays.encode()) is None) == (depth + own <= MAX_DEPTH)
    assert (problem_of_json(mixed.encode()) is None) == (depth // 2 * 2 + own <= MAX_DEPTH)


def test_ordinary_json_passes_the_guard() -> None:
    ring = [[[[29.0, -18.0], [29.1, -18.0], [29.1, -18.1], [29.0, -18.0]]]]
    for value in (ring, {"text": '[[[["\\"{{{{' * 50}, {"pair": "😀"}, {"text": "\\u0000 written out"}, []):
        assert problem_of_json(json.dumps(value).encode()) is None


@pytest.mark.parametrize("address", ["/aois/a%00b", "/aois?limit=%00", "/stac/collections/%00"])
def test_nul_in_an_address_is_refused(client: TestClient, login: Login, address: str) -> None:
    answer = client.get(address, headers=login("admin"))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-request")


@pytest.mark.parametrize("host", ["evil.example/path", "a b", "x@evil", "evil\\x", "<script>", "a:99999999"])
def test_a_host_that_is_none_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 400


def test_a_head_of_two_hosts_or_without_an_end_is_refused(client: TestClient) -> None:
    assert client.get("/healthz", headers=[("Host", "a"), ("Host", "b")]).status_code == 400
    assert client.get("/healthz", headers={"X-Long": "a" * 70_000}).status_code == 400


@pytest.mark.parametrize("given", ["a\r\nSet-Cookie: x=1", "<script>", "a" * 65, ""])
def test_a_request_id_cannot_carry_headers(app: FastAPI, client: TestClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given.encode()})
    assert len(answer.headers["X-Request-ID"]) == 32
    assert "Set-Cookie" not in answer.headers


def test_a_sensible_request_id_comes_back(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "trace-7"}).headers["X-Request-ID"] == "trace-7"


def test_what_was_sent_cannot_break_out_of_an_answer_s_headers(client: TestClient, login: Login) -> None:
    nasty = "x%0d%0aSet-Cookie:%20a=1"
    for path in (f"/aois/{nasty}", f"/admin/users/{nasty}", f"/baselines/2020/{nasty}", f"/tiles/info?url={nasty}"):
        answer = client.get(path, headers=login("admin"), follow_redirects=False)
        assert "set-cookie" not in {name.lower() for name in answer.headers}
        assert answer.status_code < 500


def test_answers_carry_security_headers(client: TestClient) -> None:
    for answer in (client.get("/healthz"), client.get("/nowhere"), client.post("/aois", content=b"[" * 100)):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "X-Request-ID" in answer.headers


def _scope(path: str = "/aois") -> Scope:
    headers = [(b"host", b"localhost"), (b"transfer-encoding", b"chunked"), (b"content-type", b"application/json")]
    return {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}


class _Drip:
    """A client that sends one byte, and then waits until it is let go."""

    def __init__(self) -> None:
        self.sent = 0

    async def receive(self) -> Message:
        self.sent += 1
        if self.sent > 1:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": b"{", "more_body": True}


def _answers_of(app: Any, scope: Scope, receive: Any) -> list[Message]:  # noqa: ANN401  # ASGI
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def test_a_body_that_drips_is_given_up() -> None:
    async def never(scope: Scope, receive: Any, send: Any) -> None:  # noqa: ANN401
        raise AssertionError("the app must not see it")

    limits = BodyLimits(never, max_bytes=1000, uploads={}, grace_s=0.05)
    sent = _answers_of(limits, _scope(), _Drip().receive)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["code"] == "body-too-slow"


def test_an_upload_that_drips_is_given_up() -> None:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from api.errors import add_handlers

    async def upload(request: Request) -> Response:
        return Response(await request.body())

    app = Starlette(routes=[Route("/up", upload, methods=["POST"])])
    add_handlers(app)  # type: ignore[arg-type]  # handlers are Starlette's
    sent = _answers_of(BodyLimits(app, 1000, {"/up": 10_000}, grace_s=0.05), _scope("/up"), _Drip().receive)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["code"] == "body-too-slow"


def test_a_client_that_goes_away_in_its_body_is_let_go() -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def never(scope: Scope, receive: Any, send: Any) -> None:  # noqa: ANN401
        raise AssertionError("the app must not see it")

    sent = _answers_of(BodyLimits(never, 1000, {}), _scope(), gone)
    assert sent[0]["status"] == 400


def test_a_full_batch_of_feature_vectors_fits_into_one_request(
    client: TestClient,
    login: Login,
    lane: Any,  # noqa: ANN401  # FakeLane
) -> None:
    names = [f"feature_{number}" for number in range(28)]
    rows = [[0.12345678901234567] * len(names)] * 10_000
    answer = client.post("/inference", json={"features": {"columns": names, "rows": rows}}, headers=login("admin"))
    assert answer.status_code != 413, answer.text
    assert len(lane.asked) == 1
