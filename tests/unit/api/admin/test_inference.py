"""The route that asks the warm model: what reaches it, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.lane import LaneRefused, LaneUnavailable

Fake = Any  # a stand-in of tests/unit/api/conftest.py
ANSWER = {
    "model_version": 7,
    "recipe": "ndvi-season@1",
    "classes": ["maize"],
    "rows": [
        {
            "class": "maize",
            "code": 1,
            "title": "Maize",
            "probabilities": {"maize": 1.0},
            "inside_area_of_applicability": True,
        }
    ],
}


@pytest.fixture
def user(client: TestClient, login: Callable[..., dict[str, str]], lane: Fake) -> TestClient:
    client.headers.update(login("admin"))
    lane.answer = ANSWER
    return client


@pytest.mark.parametrize(
    "features",
    ['[{"a": 1, "b": null}, {"b": NaN, "a": 2.5}]', '{"columns": ["a", "b"], "rows": [[1, null], [2.5, NaN]]}'],
)
def test_objects_and_tables_reach_the_model_alike(user: TestClient, lane: Fake, features: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = user.post("/inference", content=f'{{"features": {features}, "model_version": 7}}', headers=headers)
    assert (answer.status_code, answer.json()) == (200, ANSWER)
    assert lane.asked == [{"model_version": 7, "columns": ["a", "b"], "rows": [[1, None], [2.5, None]]}]


def test_samples_reach_the_model_as_they_are(user: TestClient, lane: Fake) -> None:
    sample = {"lon": 31.0, "lat": -17.8, "season": "2023-2024"}
    assert user.post("/inference", json={"samples": [sample]}).status_code == 200
    assert lane.asked == [{"model_version": None, "samples": [sample]}]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"features": []},
        {"features": [{"a": 1}] * 10_001},
        {"features": [{"a": "1"}]},
        {"features": [{"a": True}]},
        {"features": [{"a": 1}, {"b": 1}]},
        {"features": {"columns": ["a"], "rows": [[1], [1, 2]]}},
        {"features": {"columns": [], "rows": [[]]}},
        {"samples": [{"lon": 31.0, "lat": -17.8, "season": "2023-2024"}] * 101},
        {"samples": [{"lon": 200, "lat": -17.8, "season": "2023-2024"}]},
        {"samples": [{"lon": 31.0, "lat": -17.8, "season": "2023"}]},
        {"samples": [{"lon": 31.0, "lat": -17.8, "season": "2023-2024"}], "features": [{"a": 1}]},
        {"features": [{"a": 1}], "model_version": 0},
        {"features": [{"a": 1}], "surprise": 1},
    ],
)
def test_wrong_requests_never_reach_the_model(user: TestClient, lane: Fake, asked: dict[str, Any]) -> None:
    assert user.post("/inference", json=asked).status_code == 422
    assert lane.asked == []


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (LaneUnavailable("gone"), 503, "lane-down"),
        (LaneRefused("died", status=502, reason="scorer-failed"), 503, "lane-down"),
        (LaneRefused("slow", status=504, reason="scorer-slow"), 503, "lane-down"),
        (LaneRefused("which?", status=422, reason="features-refused"), 422, "inference-refused"),
        (LaneRefused("none", status=422, reason="no-champion"), 409, "no-champion"),
        (LaneRefused("none", status=422, reason="model-version-not-found"), 404, "model-version-not-found"),
    ],
)
def test_what_the_model_says_has_a_status(
    user: TestClient, lane: Fake, error: Exception, status: int, code: str
) -> None:
    lane.answer = error
    answer = user.post("/inference", json={"features": [{"a": 1}]})
    assert (answer.status_code, answer.json()["code"]) == (status, code), json.dumps(answer.json())
