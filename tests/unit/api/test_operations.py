"""Health, status and numbers: told truly, and in time though a service is dead."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

import api.status
from api.db.tables import Job, now
from api.follow import Follower
from api.orchestrator import OrchestratorUnavailable
from api.services import Services
from api.status import Finding, Found, StatusBoard
from resources.lanes.protocol import LaneStatus
from resources.object_store import FolderStore, StoreUnavailable

if TYPE_CHECKING:
    from tests.unit.api.conftest import FakeLane, FakeOrchestrator, FakeRegistry

DEADLINE_S = 60


@pytest.fixture
def hung() -> Iterator[threading.Event]:
    """Give an event that a probe waits for; it is let go in the end."""
    event = threading.Event()
    yield event
    event.set()


def _state_of(client: TestClient, name: str) -> dict[str, Any]:
    page = client.get("/status").json()
    found: dict[str, Any] = next(one for one in page["services"] if one["name"] == name)
    return found | {"all": page["state"]}


def test_a_live_process_says_so_without_looking_at_anything(client: TestClient, services: Services) -> None:
    services.database.close()
    services.database = None  # type: ignore[assignment]
    assert client.get("/healthz").json() == {"status": "ok"}


def test_it_is_ready_while_database_and_store_answer(client: TestClient) -> None:
    assert client.get("/readyz").status_code == 200


def test_it_is_not_ready_without_its_store(
    client: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stat(*_: object) -> None:
        raise StoreUnavailable("the disk is gone")

    monkeypatch.setattr(services.store, "stat", stat)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "service-down")
    assert "store: Start the object store" in answer.json()["detail"]
    assert "disk is gone" not in answer.text
    assert answer.headers["Retry-After"] == "5"


def test_it_is_not_ready_without_its_database(
    client: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    def read() -> None:
        raise OperationalError("SELECT 1", {}, OSError("no route"))

    monkeypatch.setattr(services.database, "read", read)
    assert "database" in client.get("/readyz").json()["detail"]
    assert client.get("/auth/me").status_code == 401  # needs no database
    form = {"username": "ada", "password": "a long enough one"}
    monkeypatch.setattr(services.database, "write", read)
    answer = client.post("/auth/token", data=form)
    assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")


def test_status_names_each_service_and_why_it_is_not_live(
    client: TestClient, orchestrator: FakeOrchestrator, lane: FakeLane, registry: FakeRegistry
) -> None:
    orchestrator.down, lane.said = True, None
    assert _state_of(client, "dagster") | {"since": ""} == {
        "name": "dagster",
        "state": "down",
        "since": "",
        "reason": OrchestratorUnavailable.hint(),
        "details": None,
        "all": "degraded",
    }
    assert _state_of(client, "lane")["state"] == "down"
    assert _state_of(client, "registry")["reason"] == "nothing has been trained here yet"
    assert _state_of(client, "api")["state"] == _state_of(client, "store")["state"] == "live"


@pytest.mark.parametrize(("warm", "trouble"), [(0, None), (1, "no memory")])
def test_a_lane_that_is_not_warm_is_degraded(
    client: TestClient, lane: FakeLane, warm: int, trouble: str | None
) -> None:
    lane.said = LaneStatus(1, 0, warm, (), (), 0.0, trouble)
    assert _state_of(client, "lane")["state"] == "degraded"


def test_a_follower_that_stumbles_is_shown_and_its_words_are_for_administrators(
    client: TestClient, services: Services, login: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.status, "FRESH_S", 0.0)
    follower = Follower(services)
    board = StatusBoard({"follower": api.status.probes_of(services, follower)["follower"]})
    assert _read_until(board, "live").reason is None
    follower.problem = "OperationalError: host db-1 is gone"
    assert "jobs are not followed" in str(_read_until(board, "degraded").reason)
    client.app.state.status_board = board  # type: ignore[attr-defined]
    assert "db-1" not in client.get("/status").text
    assert "db-1" in client.get("/status", headers=login("admin")).text


def test_a_process_without_a_follower_says_nothing_of_one(services: Services) -> None:
    assert "follower" not in api.status.probes_of(services)


def _read_until(board: StatusBoard, state: str) -> Found:
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        (found,) = board.read(fresh=True)
        if found.state == state:
            return found
    raise AssertionError(f"never {state}")


def test_what_may_name_hosts_is_for_administrators(
    client: TestClient, orchestrator: FakeOrchestrator, login: Callable[..., Any]
) -> None:
    orchestrator.down = True
    for headers, shown in ((login("admin"), True), (login("recruiter"), False), ({"Authorization": "Bearer x"}, False)):
        page = client.get("/status", headers=headers)
        assert ("Dagster does not answer" in page.text) is shown
        assert ("sqlite" in page.text) is shown


def test_a_hung_service_holds_nobody_up_and_is_said_to_be_down(
    hung: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.status, "PATIENCE_S", 0.05)
    monkeypatch.setattr(api.status, "FRESH_S", 0.0)
    hangs = threading.Event()

    def probe() -> Finding:
        if hangs.is_set():
            hung.wait(DEADLINE_S)
        return Finding("live")

    board = StatusBoard({"hanging": probe})
    first = _read_until(board, "live")  # a busy machine may be late with the first one
    hangs.set()
    second = _read_until(board, "down")
    assert second.reason == "no answer within 0.05 s"
    assert second.since > first.since
    assert board.read(fresh=True)[0].since == second.since
    assert sum(thread.name == "probe-hanging" for thread in threading.enumerate()) == 1  # not one more a request


def test_probes_run_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def probe() -> Finding:
        asked.append(1)
        return Finding("live")

    board = StatusBoard({"store": probe})
    for _ in range(20):
        board.read(fresh=True)
    monkeypatch.setattr(api.status, "FRESH_S", DEADLINE_S)
    assert len(asked) <= 2  # two, if this took longer than a finding is fresh


def test_a_probe_with_a_bug_is_a_service_that_is_down() -> None:
    def probe() -> Finding:
        raise KeyError("oops")

    assert StatusBoard({"lane": probe}).read(fresh=True)[0].state == "down"


def _numbers(client: TestClient) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def _add_job(services: Services, number: int, state: str, seconds: float | None = None) -> None:
    from datetime import timedelta

    ended = now()
    with services.database.write() as session:
        session.add(
            Job(
                id=f"{number:032x}",
                kind="prediction",
                request={},
                state=state,
                lane="interactive",
                created_at=ended - timedelta(seconds=seconds or 0),
                ended_at=None if seconds is None else ended,
            )
        )


def test_requests_are_counted_by_the_route_s_form_not_by_its_address(
    client: TestClient, login: Callable[..., Any]
) -> None:
    for number in range(3):
        client.get(f"/aois/{number}", headers=login())
        client.request("STRANGE", f"/no/such/place/{number}")
    numbers = _numbers(client)
    assert numbers["geocrop_http_requests_total{method=GET,route=/aois/{id},status=404}"] == 3
    assert numbers["geocrop_http_requests_total{method=ANY,route=(none),status=404}"] == 3
    assert numbers["geocrop_http_request_seconds_count{method=GET,route=/aois/{id}}"] == 3


def test_jobs_and_lane_are_told_as_they_are(client: TestClient, services: Services, lane: FakeLane) -> None:
    for number, state in enumerate(("queued", "queued", "running", "failed")):
        _add_job(services, number, state)
    lane.said = LaneStatus(2, 1, 2, ("run-1",), (), 0.0)
    numbers = _numbers(client)
    assert numbers["geocrop_jobs{state=queued}"] == numbers["geocrop_queue_length{}"] == 2
    assert numbers["geocrop_jobs{state=ready}"] == 0
    assert (numbers["geocrop_lane_slots{}"], numbers["geocrop_lane_busy{}"]) == (2, 1)
    assert numbers["geocrop_lane_queue_length{}"] == 1
    lane.said = None
    numbers = _numbers(client)
    assert numbers["geocrop_lane_up{}"] == 0
    assert "geocrop_lane_slots{}" not in numbers


def test_a_map_is_timed_once(client: TestClient, services: Services) -> None:
    assert _numbers(client)["geocrop_map_seconds_count{}"] == 0
    _add_job(services, 1, "ready", seconds=4.0)
    _add_job(services, 2, "failed", seconds=4.0)
    for _ in range(3):
        numbers = _numbers(client)
    assert numbers["geocrop_map_seconds_count{}"] == 1
    assert numbers["geocrop_map_seconds_sum{}"] == pytest.approx(4.0)
    assert (numbers["geocrop_map_seconds_bucket{le=3.0}"], numbers["geocrop_map_seconds_bucket{le=5.0}"]) == (0, 1)


def test_numbers_come_without_a_database_too(
    client: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    def read() -> None:
        raise OperationalError("SELECT 1", {}, OSError("no route"))

    monkeypatch.setattr(services.database, "read", read)
    numbers = _numbers(client)
    assert "geocrop_jobs{state=queued}" not in numbers
    assert numbers["geocrop_lane_up{}"] == 1


def test_the_store_s_probe_reaches_the_store(services: Services) -> None:
    assert isinstance(services.store, FolderStore)
    assert api.status.probes_of(services)["store"]().state == "live"
