"""What anybody sees of the platform at work: the asset graph as Dagster tells it, and numbers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api.db.tables import Job
from api.orchestrator import Orchestrator
from api.orchestrator_answers import AssetState, PartitionCounts

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from api.services import Services
    from tests.unit.api.conftest import FakeLane, FakeOrchestrator

LAST = datetime(2026, 11, 21, 12, tzinfo=UTC)
COMPOSITE = AssetState(
    "season_composite", "maps", "Median of clear days.", ("python",), (), PartitionCounts(3, 2, 1, 0), LAST
)
CHAMPION = AssetState("champion_model", "models", "", (), ("evaluation",), None, None)


def test_the_graph_is_shown_to_anybody(client: TestClient, orchestrator: FakeOrchestrator) -> None:
    orchestrator.graph = [COMPOSITE, CHAMPION]
    answer = client.get("/workflow")
    assert answer.headers["cache-control"] == "public, max-age=15"
    composite, champion = answer.json()["assets"]
    assert composite["partitions"] == {"all": 3, "materialized": 2, "failed": 1, "materializing": 0}
    assert datetime.fromisoformat(composite["last"]) == LAST
    assert (champion["depends_on"], champion["partitions"], champion["last"]) == (["evaluation"], None, None)


def test_many_visitors_ask_dagster_once(client: TestClient, orchestrator: FakeOrchestrator) -> None:
    for _ in range(5):
        assert client.get("/workflow").status_code == 200
    assert orchestrator.graphs_asked == 1


def test_without_dagster_it_says_so_and_recovers(
    client: TestClient, orchestrator: FakeOrchestrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.workflow.DOWN_S", 0.0)
    orchestrator.down = True
    refused = client.get("/workflow")
    assert (refused.status_code, refused.json()["code"]) == (503, "orchestrator-unavailable")
    orchestrator.down = False
    assert client.get("/workflow").status_code == 200


def test_that_dagster_is_down_is_remembered_for_a_moment(client: TestClient, orchestrator: FakeOrchestrator) -> None:
    orchestrator.down = True
    client.get("/workflow")
    orchestrator.down = False
    assert client.get("/workflow").status_code == 503
    assert orchestrator.graphs_asked == 0


def _node(name: str, **fields: object) -> dict[str, Any]:
    ordinary: dict[str, Any] = {
        "assetKey": {"path": [name]},
        "groupName": "maps",
        "description": None,
        "kinds": [],
        "isPartitioned": False,
        "dependencyKeys": [],
        "partitionStats": None,
        "assetMaterializations": [],
    }
    return ordinary | fields


def test_dagsters_answer_is_read() -> None:
    stats = {"numPartitions": 3, "numMaterialized": 2, "numFailed": 1, "numMaterializing": 0}
    partitioned = {"isPartitioned": True, "partitionStats": stats}
    made = {"assetMaterializations": [{"timestamp": str(int(LAST.timestamp() * 1000))}]}
    nodes = [
        _node("season_composite", description="Median of clear days.", kinds=["python"], **partitioned, **made),
        _node("champion_model", groupName="models", dependencyKeys=[{"path": ["evaluation"]}]),
        _node("baseline", isPartitioned=True),
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        assert "assetNodes" in json.loads(request.content)["query"]
        return httpx.Response(200, json={"data": {"assetNodes": nodes}})

    found = Orchestrator("http://dagster", httpx.Client(transport=httpx.MockTransport(answer))).assets()
    assert found[:2] == [COMPOSITE, CHAMPION]
    assert found[2].partitions == PartitionCounts(0, 0, 0, 0)


def test_numbers_are_those_of_metrics(client: TestClient, services: Services, lane: FakeLane) -> None:
    with services.database.write() as session:
        session.add(Job(id="0" * 32, kind="prediction", state="queued", request={}, lane="batch"))
    client.get("/healthz")
    client.get("/nothing-here")
    found = client.get("/numbers").json()
    assert found["jobs"]["queued"] == 1
    assert (found["lane_slots"], found["lane_busy"], found["lane_queue"]) == (1, 0, 0)
    assert found["requests"] == {"2xx": 1, "4xx": 1}
    times = found["request_seconds"]
    assert times["count"] == sum(one["count"] for one in times["buckets"]) == 2
    assert times["buckets"][-1]["up_to"] is None
    lane.said = None
    assert client.get("/numbers").json()["lane_slots"] is None
