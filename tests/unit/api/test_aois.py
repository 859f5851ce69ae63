"""AOIs through the API: validated, the same geometry the same AOI, each user's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from api.db import jobs
from api.services import Services
from resources.settings import Settings

BOX = {"bbox": [31.0, -17.8, 31.01, -17.79]}
SEASON = "2023-2024"
Login = Callable[..., dict[str, str]]


class Registry(Protocol):
    """The registry of conftest.py."""

    def add(self, number: int, *, champion: bool) -> object: ...


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings with small limits."""
    return settings.model_copy(update={"max_aoi_ha": 5_000.0, "recruiter_max_aoi_ha": 1_000.0})


def square(west: float = 31.0, south: float = -17.8, side: float = 0.01) -> list[list[float]]:
    east, north = round(west + side, 7), round(south + side, 7)
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def test_an_aoi_is_made_once_and_found_again(client: TestClient, login: Login) -> None:
    made = client.post("/aois", json=BOX | {"name": "Field by the river"}, headers=login())
    again = client.post("/aois", json=BOX, headers=login())
    assert (made.status_code, again.status_code) == (201, 200)
    aoi = made.json()
    assert again.json() == aoi
    assert aoi["name"] == "Field by the river"
    assert aoi["bbox"] == BOX["bbox"]
    assert aoi["area_ha"] == pytest.approx(117.35, abs=0.01)
    assert aoi["geometry"]["type"] == "Polygon"
    assert made.headers["location"] == aoi["links"]["self"]
    assert client.get(aoi["links"]["self"], headers=login()).json() == aoi


def test_polygon_feature_collection_and_box_of_one_square_are_one_aoi(client: TestClient, login: Login) -> None:
    polygon = {"type": "Polygon", "coordinates": [square()]}
    feature = {"type": "Feature", "id": 4, "properties": {"name": "Drawn\n", "x": [1]}, "geometry": polygon}
    forms: list[dict[str, Any]] = [
        BOX,
        polygon,
        feature,
        {"type": "FeatureCollection", "features": [feature]},
        {"type": "MultiPolygon", "coordinates": [[square()]], "bbox": [0, 0, 1, 1]},
    ]
    answers = [client.post("/aois", json=form, headers=login()) for form in forms]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert answers[-1].json()["name"] == "Drawn"


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_start_direction_and_order_of_parts_do_not_matter(
    data: st.DataObject, client: TestClient, login: Login
) -> None:
    count = data.draw(st.integers(1, 3), label="parts")
    rings = [square(31.0 + 0.1 * data.draw(st.integers(0, 20)) + 3 * part / 100, -18.0, 0.01) for part in range(count)]
    rings = list({ring[0][0]: ring for ring in rings}.values())
    written = [_written_otherwise(data, ring) for ring in data.draw(st.permutations(rings), label="order")]
    first, second = (
        client.post("/aois", json={"type": "MultiPolygon", "coordinates": [[ring] for ring in form]}, headers=login())
        for form in (rings, written)
    )
    assert first.status_code in (200, 201), first.text
    assert second.status_code == 200, second.text
    assert first.json() == second.json()


def _written_otherwise(data: st.DataObject, ring: list[list[float]]) -> list[list[float]]:
    """Return a ring from another start, perhaps the other way round, with heights, and closed."""
    start = data.draw(st.integers(0, 3), label="start")
    corners = ring[:-1][start:] + ring[:-1][:start]
    if data.draw(st.booleans(), label="reversed"):
        corners.reverse()
    return [[*corner, 1_200.0] for corner in [*corners, corners[0]]]


BAD = [
    ({"bbox": [31.0, -17.8, 30.0, -17.79]}, "invalid-aoi"),
    ({"bbox": [0.0, 0.0, 0.01, 0.01]}, "aoi-outside-extent"),
    ({"bbox": [31.0, -17.8, 31.2, -17.6]}, "aoi-too-large"),
    ({"bbox": [31.0, -17.8, 31.00001, -17.79999]}, "invalid-aoi"),
    ({"bbox": [31.0, -17.8, 31.01]}, "invalid-request"),
    ({"bbox": [31.0, -17.8, 31.01, 1e999]}, "invalid-request"),
    ({"bbox": [31.0, -17.8, 31.01, -17.79], "other": 1}, "invalid-request"),
    ({"type": "Point", "coordinates": [31.0, -17.8]}, "invalid-request"),
    ({"type": "Polygon"}, "invalid-aoi"),
    ({"type": "Polygon", "coordinates": []}, "invalid-aoi"),
    ({"type": "Polygon", "coordinates": [square()[:-1]]}, "invalid-aoi"),
    ({"type": "Polygon", "coordinates": [[[31, -17], [32, -18], [32, -17], [31, -18], [31, -17]]]}, "invalid-aoi"),
    ({"type": "Polygon", "coordinates": [[[-17.8, 31.0], [-17.8, 31.1], [-17.7, 31.1], [-17.8, 31.0]]]}, "invalid-aoi"),
    ({"type": "Polygon", "coordinates": [[[10**400, 1]] * 5]}, "invalid-aoi"),
    ({"type": "Polygon", "coordinates": [[["31", "-17"]] * 5]}, "invalid-aoi"),
    ({"type": "Feature", "geometry": None}, "invalid-aoi"),
    ({"type": "FeatureCollection", "features": []}, "invalid-aoi"),
    ({"type": "Polygon", "coordinates": [square()], "crs": {"properties": {"name": "EPSG:32736"}}}, "invalid-aoi"),
    (BOX | {"name": "x" * 121}, "invalid-request"),
    (BOX | {"name": "two\nlines"}, "invalid-request"),
    ([], "invalid-request"),
    ("a1", "invalid-request"),
]


@pytest.mark.parametrize(("body", "code"), BAD)
def test_what_is_no_aoi_of_ours_is_refused_with_its_reason(
    client: TestClient, login: Login, body: object, code: str
) -> None:
    headers = login() | {"Content-Type": "application/json"}
    answer = client.post("/aois", content=json.dumps(body), headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == code
    assert answer.json()["detail"]


def test_an_administrator_may_draw_what_is_too_large_for_a_recruiter(client: TestClient, login: Login) -> None:
    body = {"bbox": [31.0, -17.8, 31.05, -17.75]}
    refused = client.post("/aois", json=body, headers=login("recruiter"))
    assert refused.json()["code"] == "aoi-too-large"
    assert "1,000 ha" in refused.json()["detail"]
    assert client.post("/aois", json=body, headers=login("admin")).status_code == 201


def test_a_user_sees_no_aoi_of_another(client: TestClient, login: Login) -> None:
    alice, bob = login(name="alice"), login(name="bob")
    own = client.post("/aois", json=BOX | {"name": "Alice's"}, headers=alice).json()
    assert client.get(f"/aois/{own['id']}", headers=bob).status_code == 404
    assert client.delete(f"/aois/{own['id']}", headers=bob).status_code == 404
    assert client.get("/aois", headers=bob).json() == {"items": [], "total": 0, "limit": 50, "offset": 0}
    theirs = client.post("/aois", json=BOX, headers=bob)
    assert theirs.status_code == 201  # nothing tells that somebody drew it before
    assert theirs.json()["name"] is None
    assert client.get(f"/aois/{own['id']}", headers=alice).json()["name"] == "Alice's"


def test_an_administrator_sees_everybodys_aois_and_whose_they_are(client: TestClient, login: Login) -> None:
    for name in ("alice", "bob"):
        client.post("/aois", json=BOX, headers=login(name=name))
    other = client.post("/aois", json={"bbox": [31.1, -17.8, 31.11, -17.79]}, headers=login(name="bob")).json()
    page = client.get("/aois", headers=login("admin")).json()
    assert page["total"] == 2
    assert [item["owners"] for item in page["items"]] == [["bob"], ["alice", "bob"]]
    assert client.get(f"/aois/{other['id']}", headers=login("admin")).json()["owners"] == ["bob"]
    assert client.get("/aois", headers=login(name="bob")).json()["items"][0]["owners"] is None


def test_lists_come_in_pages_the_newest_first(client: TestClient, login: Login) -> None:
    made = [
        client.post("/aois", json={"bbox": [31 + step / 10, -17.8, 31.01 + step / 10, -17.79]}, headers=login()).json()
        for step in range(5)
    ]
    ids = [aoi["id"] for aoi in reversed(made)]
    pages = [client.get(f"/aois?limit=2&offset={offset}", headers=login()).json() for offset in (0, 2, 4, 6)]
    assert [item["id"] for page in pages for item in page["items"]] == ids
    assert {page["total"] for page in pages} == {5}
    assert "geometry" not in pages[0]["items"][0]


def test_deleting_an_aoi_forgets_it_for_its_user_only(client: TestClient, login: Login) -> None:
    alice, bob = login(name="alice"), login(name="bob")
    aoi = client.post("/aois", json=BOX, headers=alice).json()
    client.post("/aois", json=BOX, headers=bob)
    assert client.delete(f"/aois/{aoi['id']}", headers=alice).status_code == 204
    assert client.get(f"/aois/{aoi['id']}", headers=alice).status_code == 404
    assert client.get(f"/aois/{aoi['id']}", headers=bob).status_code == 200
    assert client.delete(f"/aois/{aoi['id']}", headers=bob).status_code == 204
    assert client.get("/aois", headers=login("admin")).json()["total"] == 0
    assert client.post("/aois", json=BOX, headers=alice).status_code == 201


def test_deleting_an_aoi_waits_for_its_runs(
    client: TestClient,
    login: Login,
    registry: Registry,
    services: Services,
) -> None:
    registry.add(1, champion=True)
    prediction = client.post("/predictions", json={"aoi": BOX, "season": SEASON}, headers=login()).json()
    address = f"/aois/{prediction['aoi']['id']}"
    refused = client.delete(address, headers=login())
    assert refused.status_code == 409
    assert refused.json()["code"] == "aoi-in-use"
    assert prediction["id"] in refused.json()["detail"]
    with services.database.write() as session:
        jobs.mark_failed(session, prediction["job_id"], "no scenes", "no-scenes", back=False)
    assert client.delete(address, headers=login()).status_code == 204
    assert client.get(f"/predictions/{prediction['id']}", headers=login()).status_code == 404


def test_another_users_run_does_not_keep_an_aoi_from_being_forgotten(
    client: TestClient,
    login: Login,
    registry: Registry,
) -> None:
    registry.add(1, champion=True)
    alice, bob = login(name="alice"), login(name="bob")
    aoi = client.post("/aois", json=BOX, headers=alice).json()
    prediction = client.post("/predictions", json={"aoi": BOX, "season": SEASON}, headers=bob).json()
    assert client.delete(f"/aois/{aoi['id']}", headers=alice).status_code == 204
    assert client.get(f"/predictions/{prediction['id']}", headers=bob).json()["state"] == "queued"


@pytest.mark.parametrize("aoi_id", ["A1", "a.b", "%00", "a" * 33, "..%2f..", "a'--"])
def test_ids_that_cannot_be_are_refused(client: TestClient, login: Login, aoi_id: str) -> None:
    for method in ("GET", "DELETE"):
        assert client.request(method, f"/aois/{aoi_id}", headers=login()).status_code in (400, 404, 422)


def test_without_a_token_there_are_no_aois(client: TestClient) -> None:
    assert client.get("/aois").status_code == 401
    assert client.post("/aois", json=BOX).status_code == 401
    assert client.delete("/aois/a1").status_code == 401
