"""What the S3 store makes of a server's faults: a small HTTP server answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from resources.object_store import PreconditionFailed, S3Store, StoreUnavailable

BUCKET = "geocrop-datasets"
LAST_MODIFIED = "Sat, 21 Nov 2026 03:00:17 GMT"


class Server:
    """Answers each method with the next of its answers (status, body, headers), the last one again and again."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, bytes, dict[str, str]]]] = {}
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.sent_length: int | None = None

    def answer(self, method: str) -> tuple[int, bytes, dict[str, str]]:
        waiting = self.answers[method]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@pytest.fixture
def server() -> Iterator[tuple[Server, S3Store]]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def handle_it(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            told.seen.append((self.command, self.path, dict(self.headers)))
            status, body, headers = told.answer(self.command)
            self.send_response(status)
            length = told.sent_length or len(body)
            for name, value in ({"Content-Length": str(length), "Last-Modified": LAST_MODIFIED} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = handle_it  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=lambda: listener.serve_forever(0.01), daemon=True).start()
    yield told, S3Store(f"127.0.0.1:{listener.server_port}", "key", "hidden-secret", secure=False)
    listener.shutdown()
    listener.server_close()


def error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message></Error>".encode()


XML = {"Content-Type": "application/xml"}


def test_an_answer_cut_short_is_not_taken_for_the_object(server: tuple[Server, S3Store]) -> None:
    told, store = server
    told.answers["GET"] = [(200, b"half of it", {"Connection": "close"})]
    told.sent_length = 1000
    with pytest.raises(StoreUnavailable, match="10 bytes read, 990 more expected"):
        store.get(BUCKET, "k")


def test_a_server_that_is_down_is_named_with_what_to_do() -> None:
    store = S3Store("127.0.0.1:9", "key", "hidden-secret", secure=False)
    calls: list[Callable[[], object]] = [
        lambda: store.put(BUCKET, "k", b""),
        lambda: store.put(BUCKET, "k", b"", if_absent=True),
        lambda: store.exists(BUCKET, "k"),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable, match=r"http://127.0.0.1:9 .*is it running") as caught:
            call()
        assert "hidden-secret" not in str(caught.value)
    assert "hidden-secret" not in repr(store)


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InvalidAccessKeyId", "AccessDenied"])
def test_refused_keys_are_said_to_be_so(server: tuple[Server, S3Store], code: str) -> None:
    told, store = server
    told.answers = {method: [(403, error(code), XML)] for method in ("GET", "PUT")}
    with pytest.raises(StoreUnavailable, match=f"refuses our keys .*{code}"):
        store.get(BUCKET, "k")
    with pytest.raises(StoreUnavailable, match=f"refuses our keys .*{code}"):
        store.put(BUCKET, "k", b"x", if_absent=True)


def test_a_busy_server_is_asked_again(server: tuple[Server, S3Store]) -> None:
    told, store = server
    told.answers["GET"] = [(503, error("SlowDown"), XML), (200, b"at last", {})]
    assert store.get(BUCKET, "k") == b"at last"


def test_a_failed_conditional_put_is_repeated_when_nothing_changed(server: tuple[Server, S3Store]) -> None:
    told, store = server
    told.answers["HEAD"] = [(200, b"", {"ETag": '"old"'})]
    told.answers["PUT"] = [(500, error("UnknownError"), XML), (200, b"", {"ETag": '"new"'})]
    assert store.put(BUCKET, "k", b"x", if_match="old").etag == "new"
    assert [method for method, _, _ in told.seen] == ["PUT", "HEAD", "PUT"]


def test_a_failed_conditional_put_is_lost_when_the_object_changed(server: tuple[Server, S3Store]) -> None:
    told, store = server
    told.answers["HEAD"] = [(200, b"", {"ETag": '"theirs"'})]
    told.answers["PUT"] = [(409, error("ConditionalRequestConflict"), XML)]
    with pytest.raises(PreconditionFailed, match="its etag is now theirs"):
        store.put(BUCKET, "k", b"x", if_match="old")
    with pytest.raises(PreconditionFailed, match="already there"):
        store.put(BUCKET, "k", b"x", if_absent=True)
    assert [method for method, _, _ in told.seen] == ["PUT", "HEAD"] * 2


def test_a_conditional_put_that_keeps_failing_gives_up(
    server: tuple[Server, S3Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.object_store.s3._PUT_AGAIN_SECONDS", (0.0, 0.0))
    told, store = server
    told.answers = {"HEAD": [(404, b"", {})], "PUT": [(500, error("InternalError"), XML)]}
    with pytest.raises(StoreUnavailable, match="InternalError"):
        store.put(BUCKET, "k", b"x", if_absent=True)
    assert [method for method, _, _ in told.seen].count("PUT") == 3


def test_the_condition_and_type_travel_as_headers(server: tuple[Server, S3Store]) -> None:
    told, store = server
    told.answers["PUT"] = [(200, b"", {"ETag": '"e"'})]
    store.put(BUCKET, "k", b"x", content_type="text/csv", if_absent=True)
    store.put(BUCKET, "k", b"x", if_match="abc")
    assert told.seen[0][2]["If-None-Match"] == "*"
    assert told.seen[0][2]["Content-Type"] == "text/csv"
    assert told.seen[1][2]["If-Match"] == "abc"


def test_an_address_with_a_scheme_decides_over_tls() -> None:
    assert S3Store("https://s3.example.org/", "k", "s", secure=False).gdal_options()["AWS_HTTPS"] == "YES"
    assert S3Store("http://127.0.0.1:9000", "k", "s").gdal_options()["AWS_HTTPS"] == "NO"
    assert S3Store("http://127.0.0.1:9000", "k", "s").endpoint == "127.0.0.1:9000"


def test_gdal_finds_an_object_by_its_path() -> None:
    store = S3Store("h:1", "k", "s")
    assert store.gdal_path(BUCKET, "a/b.tif") == f"/vsis3/{BUCKET}/a/b.tif"
    assert store.uri(BUCKET, "a/b.tif") == f"s3://{BUCKET}/a/b.tif"
