"""The lane over HTTP: who may call it, what it answers, and the warm model behind it."""

from __future__ import annotations

import http.client
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from api.lane import LaneClient
from resources.lanes.client import LaneHttp, LaneTokenMissing, token_of
from resources.lanes.protocol import LaneGone, LaneRefused, LaneStatus, Place, RunPlace, Worker, WorkerState
from resources.lanes.scoring import Scorer
from resources.lanes.server import MAX_BODY, LaneServer
from resources.settings import Settings

TOKEN = "a-token"
STATUS = LaneStatus(1, 1, 1, ("b", "c"), (Worker(7, WorkerState.BUSY, "a", 3, 512),), 1.5)
SCORER = """
import json, os, sys
for line in sys.stdin:
    asked = json.loads(line)
    said = {"id": asked["id"]}
    match asked["payload"]:
        case "die": os._exit(3)
        case "hang": sys.stdin.read()
        case "refuse": said["error"] = {"code": "unknown-feature", "message": "no such feature"}
        case payload: said["result"] = {"pid": os.getpid(), "size": len(json.dumps(payload))}
    print(json.dumps(said), flush=True)
"""


class Stub:
    """A supervisor that knows two runs."""

    def submit(self, run_id: str) -> RunPlace:
        if run_id == "full":
            raise LaneRefused("100 runs wait already", status=503, reason="lane-full")
        return RunPlace(Place.QUEUED, 2)

    def place(self, run_id: str) -> RunPlace:
        return RunPlace(Place.RUNNING, pid=7) if run_id == "a" else RunPlace(Place.UNKNOWN)

    def cancel(self, run_id: str) -> RunPlace:
        return RunPlace(Place.ENDED, reason=f"{run_id} was cancelled")

    def status(self) -> LaneStatus:
        return STATUS


@pytest.fixture
def scorer(tmp_path: Path) -> Iterator[Scorer]:
    (tmp_path / "scorer.py").write_text(SCORER)
    made = Scorer((sys.executable, str(tmp_path / "scorer.py")), timeout_s=60.0)
    yield made
    made.stop()


@pytest.fixture
def url(scorer: Scorer) -> Iterator[str]:
    with LaneServer(("127.0.0.1", 0), TOKEN, Stub(), scorer) as server:  # type: ignore[arg-type]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def lane(url: str) -> LaneHttp:
    return LaneHttp(url, lambda: TOKEN)


def test_places_and_status_come_back_as_they_are(lane: LaneHttp, url: str) -> None:
    assert lane.submit("d") == RunPlace(Place.QUEUED, 2)
    assert lane.place("a") == RunPlace(Place.RUNNING, pid=7)
    assert lane.place("x").state == Place.UNKNOWN
    assert lane.cancel("b").reason == "b was cancelled"
    assert lane.status() == STATUS
    assert LaneClient(url, TOKEN).status() == STATUS
    assert (STATUS.position("c"), STATUS.position("a")) == (1, None)


def test_a_refusal_carries_its_reason(lane: LaneHttp) -> None:
    with pytest.raises(LaneRefused, match="wait already") as refused:
        lane.submit("full")
    assert (refused.value.status, refused.value.reason) == (503, "lane-full")


@pytest.mark.parametrize("token", ["", "Bearer wrong", "Bearer a-token2", "Basic a-token"])
def test_without_the_token_nothing_but_health_is_told(url: str, token: str) -> None:
    headers = {"Authorization": token} if token else {}
    calls = [("GET", "/status"), ("POST", "/runs"), ("GET", "/runs/a"), ("DELETE", "/runs/a"), ("POST", "/inference")]
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
        for method, path in calls:
            body = {"json": {"run_id": "a"}} if method == "POST" else {}
            assert client.request(method, path, **body).status_code == 401  # type: ignore[arg-type]
        assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/runs", b"{", 400),
        ("POST", "/runs", b"[]", 400),
        ("POST", "/runs", b'{"run_id": "../x"}', 400),
        ("POST", "/runs", b"[" * 100_000, 400),
        ("GET", "/nothing", b"", 404),
        ("POST", "/nothing", b"{}", 404),
        ("DELETE", "/status", b"", 404),
    ],
)
def test_nonsense_is_refused(url: str, method: str, path: str, body: bytes, status: int) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
        answer = client.request(method, path, content=body)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] in {"bad-request", "not-found"}


def test_the_warm_model_answers_from_one_process_and_large_requests_pass(lane: LaneHttp) -> None:
    first = lane.infer({"features": [1.0]})
    large = lane.infer({"features": "x" * (1 << 20)})
    assert first["pid"] == large["pid"]
    assert large["size"] > 1 << 20


def test_a_body_that_is_too_large_is_refused_unread(url: str) -> None:
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        connection.putrequest("POST", "/inference")
        connection.putheader("Authorization", f"Bearer {TOKEN}")
        connection.putheader("Content-Length", str(MAX_BODY + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_the_models_refusal_is_the_callers_and_its_death_is_not(lane: LaneHttp) -> None:
    first = lane.infer("x")["pid"]
    with pytest.raises(LaneRefused, match="no such feature") as refused:
        lane.infer("refuse")
    assert (refused.value.status, refused.value.reason) == (422, "unknown-feature")
    with pytest.raises(LaneRefused) as failed:
        lane.infer("die")
    assert (failed.value.status, failed.value.reason) == (502, "scorer-failed")
    assert lane.infer("x")["pid"] != first


def test_a_model_that_does_not_answer_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "scorer.py").write_text(SCORER)
    scorer = Scorer((sys.executable, str(tmp_path / "scorer.py")), timeout_s=60.0)
    scorer.ask("x")  # it has started, so that a short limit is enough
    scorer._timeout_s = 0.2
    with pytest.raises(LaneRefused, match="did not answer") as slow:
        scorer.ask("hang")
    assert slow.value.status == 504
    scorer._timeout_s = 60.0
    assert scorer.ask("x")["size"] == 3
    scorer.stop()


def test_a_dead_lane_is_no_fault_of_a_request_for_its_status() -> None:
    client = LaneClient("http://127.0.0.1:9", TOKEN)
    assert client.status() is None
    with pytest.raises(LaneGone, match="nothing listens"):
        client.infer({})


def test_production_makes_no_token_by_itself(tmp_path: Path) -> None:
    made = token_of(Settings(home=tmp_path))
    assert made == token_of(Settings(home=tmp_path))
    assert token_of(Settings(home=tmp_path, lane_token="given")) == "given"  # type: ignore[arg-type]
    with pytest.raises(LaneTokenMissing):
        token_of(Settings(home=tmp_path, environment_kind="production"))
