"""Predictions through the API: one job a map, one prediction a user, and nothing counted twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event as sqlalchemy_events
from sqlalchemy import func, select

from api import asking
from api.db import jobs
from api.db.session import Database
from api.db.tables import Job, Prediction, User, now
from api.services import Services
from imagery.areas import area_table
from imagery.map_facts import MapFacts, Tally
from resources.aois import read_aoi
from resources.layout import RESULTS, map_prefix
from resources.object_store.base import StoreUnavailable
from resources.publish import publish_files
from resources.settings import Settings

BOX = {"bbox": [31.0, -17.8, 31.01, -17.79], "name": "Field by the river"}
SEASON = "2023-2024"
DEADLINE_S = 90
FIRST = f"{1:064x}"  # bundle hashes that the registry of conftest.py gives
SECOND = f"{2:064x}"
Login = Callable[..., dict[str, str]]
Ask = Callable[..., Any]


class Registry(Protocol):
    """The registry of conftest.py."""

    down: bool

    def add(self, number: int, *, champion: bool) -> object: ...


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Return settings with an empty catalogue on disk, so that nothing is asked of the network."""
    catalogue = tmp_path / "catalog.json"
    words = {"type": "Catalog", "id": "empty", "stac_version": "1.0.0", "description": "empty", "links": []}
    catalogue.write_text(json.dumps(words))
    return settings.model_copy(update={"catalogue": str(catalogue), "dagster_ui_url": "https://dagster.example"})


@pytest.fixture
def ask(client: TestClient, login: Login, registry: Registry) -> Ask:
    """Return a function that asks for a map as a user, with a champion there."""
    registry.add(1, champion=True)

    def do(name: str = "alice", role: str = "recruiter", query: str = "", **body: object) -> Any:  # noqa: ANN401
        asked = {"aoi": BOX, "season": SEASON} | body
        return client.post(f"/predictions{query}", json=asked, headers=login(role, name))

    return do


def facts_of_a_map() -> MapFacts:
    random = np.random.default_rng(7)
    bands = np.stack([random.choice([0, 1, 2, 3], size=(30, 40)), *random.integers(1, 100, size=(2, 30, 40))])
    tally = Tally()
    tally.add(bands.astype(np.uint8), np.ones((30, 40), dtype=bool), applicable=700)
    return tally.facts(0.01002, has_applicability=True)


@pytest.fixture
def publish(services: Services, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return a function that publishes a map's files and pointer as the asset `crop_map` does."""

    def do(partition: str, bundle_hash: str = FIRST, version: int = 1) -> dict[str, Any]:
        files = {}
        for name in ("crop_map.tif", "crop_map.tif.aux.xml", "thumbnail.png", "areas.csv", "item.json"):
            files[name] = tmp_path / name
            files[name].write_text(f"{name} {partition} {bundle_hash}")
        told = {
            "model_version": version,
            "bundle_hash": bundle_hash,
            "facts": facts_of_a_map().to_dict(),
            "area_estimates": {"1": [3.0, 2.5, 3.75]},
            "simulated": True,
        }
        return publish_files(services.store, RESULTS, map_prefix(partition), files, told)

    return do


def finish(services: Services, prediction: dict[str, Any], pointer: dict[str, Any]) -> None:
    with services.database.write() as session:
        session.get_one(Job, prediction["job_id"]).run_id = "run-1"
        jobs.mark_progress(session, prediction["job_id"], running=True, percent=50, step="drawing the map")
        jobs.mark_ready(session, prediction["job_id"], pointer)


def partition_of(prediction: dict[str, Any]) -> str:
    return f"{prediction['aoi']['id']}--{prediction['season']}"


def count(services: Services, kind: type[Job | Prediction]) -> int:
    with services.database.read() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def started(services: Services, name: str = "alice") -> int:
    with services.database.read() as session:
        return session.scalar(select(User.jobs_started).where(User.name == name)) or 0


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            found.append(statement)

    sqlalchemy_events.listen(database.engine, "before_cursor_execute", note)
    yield found
    sqlalchemy_events.remove(database.engine, "before_cursor_execute", note)


def test_a_first_request_is_answered_at_once_with_a_job_and_baselines(
    ask: Ask, services: Services, client: TestClient, login: Login
) -> None:
    answer = ask()
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["state"], told["lane"], told["season"], told["result"]) == ("queued", "interactive", SEASON, None)
    assert (told["progress"], told["step"]) == (0, None)
    assert told["aoi"]["name"] == "Field by the river"
    assert told["aoi"]["area_ha"] == pytest.approx(117.35, abs=0.01)
    assert list(told["baselines"]) == [str(year) for year in range(2015, 2026)]
    assert (told["run"], told["requested_by"]) == (None, None)
    assert answer.headers["location"] == told["links"]["self"]
    seen = client.get(told["links"]["self"], headers=login(name="alice")).json()
    assert seen == {key: value for key, value in told.items() if key != "baselines"}
    assert read_aoi(services.store, told["aoi"]["id"], services.rules.aoi_limits()).area_ha > 100
    with services.database.read() as session:
        job = session.scalars(select(Job)).one()
    assert (job.partition, job.active_key) == (partition_of(told), f"map:{partition_of(told)}")
    assert {key: job.request[key] for key in ("aoi_id", "season", "bundle_hash")} == {
        "aoi_id": told["aoi"]["id"],
        "season": SEASON,
        "bundle_hash": FIRST,
    }
    assert job.counted
    assert started(services) == 1


def test_work_is_announced_and_dagster_is_not_called(ask: Ask, services: Services) -> None:
    announced: list[int] = []

    def listen() -> None:
        announced.append(count(services, Job))  # committed: a follower that looks now finds it

    jobs.on_work(listen)
    try:
        assert ask().status_code == 202
        assert announced == [1]
    finally:
        jobs.off_work(listen)
    assert services.orchestrator.launched == []  # type: ignore[attr-defined]


def test_a_kept_aoi_is_asked_for_by_its_id(ask: Ask, client: TestClient, login: Login) -> None:
    aoi = client.post("/aois", json=BOX, headers=login(name="alice")).json()
    assert ask(aoi=aoi["id"]).json()["aoi"]["id"] == aoi["id"]
    stranger = ask("bob", aoi=aoi["id"])
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not-found")
    assert ask("carol", aoi="a0000000000000000").status_code == 404


def test_an_administrator_may_ask_for_a_map_of_anybodys_aoi(
    ask: Ask, client: TestClient, login: Login, services: Services
) -> None:
    aoi = client.post("/aois", json=BOX, headers=login(name="alice")).json()
    told = ask("root", "admin", aoi=aoi["id"]).json()
    assert told["requested_by"] == "root"
    assert started(services, "root") == 0
    assert client.get(f"/aois/{aoi['id']}", headers=login("admin", "root")).json()["owners"] == ["alice"]


def test_asking_again_while_it_is_made_gives_the_same_prediction_and_costs_nothing(
    ask: Ask, services: Services
) -> None:
    first, again = ask(), ask()
    assert again.status_code == 202
    assert again.json()["id"] == first.json()["id"]
    assert (count(services, Job), count(services, Prediction), started(services)) == (1, 1, 1)


def test_two_users_share_a_job_and_see_only_their_own_prediction(
    ask: Ask, client: TestClient, login: Login, services: Services
) -> None:
    alices, bobs = ask("alice").json(), ask("bob").json()
    assert alices["job_id"] == bobs["job_id"]
    assert alices["id"] != bobs["id"]
    assert (count(services, Job), started(services, "alice"), started(services, "bob")) == (1, 1, 0)
    assert client.get(f"/predictions/{alices['id']}", headers=login(name="bob")).status_code == 404
    assert client.delete(f"/predictions/{alices['id']}", headers=login(name="bob")).status_code == 404
    assert client.get(f"/predictions/{alices['id']}/events", headers=login(name="bob")).status_code == 404
    assert client.get("/predictions", headers=login(name="bob")).json()["total"] == 1


def test_a_ready_prediction_tells_all_about_its_map(
    ask: Ask, services: Services, client: TestClient, login: Login, publish: Callable[..., dict[str, Any]]
) -> None:
    asked = ask().json()
    pointer = publish(partition_of(asked))
    finish(services, asked, pointer)
    told = client.get(asked["links"]["self"], headers=login(name="alice")).json()
    assert (told["state"], told["progress"]) == ("ready", 100)
    assert told["started_at"] <= told["ended_at"]
    result = told["result"]
    facts = facts_of_a_map()
    table = area_table(facts, list(services.rules.load_classes()))
    table = table[table["code"] != 0].sort_values("hectares", ascending=False)
    assert [row["code"] for row in result["areas"]] == list(table["code"])
    assert [row["hectares"] for row in result["areas"]] == pytest.approx(list(table["hectares"]), abs=1e-4)
    assert {row["code"]: row["interval"] for row in result["areas"]} == {
        1: {"estimated": 3.0, "low": 2.5, "high": 3.75},
        2: None,
        3: None,
    }
    assert [row["mean_confidence"] for row in result["areas"]] == pytest.approx(
        list(table["mean_confidence"]), abs=0.01
    )
    assert result["hectares_mapped"] == pytest.approx(table["hectares"].sum(), abs=1e-3)
    assert result["share_mapped"] == pytest.approx(facts.share_mapped)
    assert result["share_applicable"] == pytest.approx(facts.share_applicable)
    assert (result["model_version"], result["bundle_hash"], result["simulated"]) == (1, FIRST, True)
    assert [one["color"] for one in result["legend"]] == [one.color for one in services.rules.load_classes()]
    assert "crop_map.tif" in parse_qs(urlsplit(result["tilejson"]).query)["url"][0]
    assert urlsplit(result["stac"]).path == f"/stac/collections/crop-maps/items/{partition_of(asked)}"
    for link in ("download", "stac_item", "thumbnail", "areas_csv"):
        assert urlsplit(result[link]).path.startswith(f"/files/{RESULTS}/maps/")
        assert "token=" in result[link]


def test_polling_costs_two_queries_and_no_store_or_registry(
    ask: Ask, services: Services, client: TestClient, login: Login, publish: Callable[..., dict[str, Any]]
) -> None:
    asked = ask().json()
    finish(services, asked, publish(partition_of(asked)))
    headers = login(name="alice")
    for name in ("get", "list", "stat", "put"):
        setattr(services.store, name, None)
    services.champion.get = None  # type: ignore[assignment,method-assign]
    with counting(services.database) as statements:
        assert client.get(f"/predictions/{asked['id']}", headers=headers).json()["result"] is not None
    assert len(statements) <= 2, statements


def test_a_map_that_is_there_is_answered_at_once_and_costs_nothing(
    ask: Ask, services: Services, publish: Callable[..., dict[str, Any]]
) -> None:
    asked = ask("alice").json()
    finish(services, asked, publish(partition_of(asked)))
    again, bobs = ask("alice"), ask("bob")
    assert (again.status_code, bobs.status_code) == (200, 200)
    assert again.json()["id"] == asked["id"]
    assert bobs.json()["job_id"] == asked["job_id"]
    assert bobs.json()["result"]["areas"] == again.json()["result"]["areas"]
    assert bobs.json()["baselines"].keys() == asked["baselines"].keys()
    assert (count(services, Job), started(services, "alice"), started(services, "bob")) == (1, 1, 0)


def test_a_map_that_was_made_on_the_command_line_is_found_too(
    ask: Ask, services: Services, client: TestClient, login: Login, publish: Callable[..., dict[str, Any]]
) -> None:
    aoi = client.post("/aois", json=BOX, headers=login(name="alice")).json()
    publish(f"{aoi['id']}--{SEASON}")
    first, second = ask("alice"), ask("bob")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["result"]["model_version"] == 1
    assert first.json()["job_id"] == second.json()["job_id"]
    assert (count(services, Job), started(services, "alice"), started(services, "bob")) == (1, 0, 0)
    events = client.get(f"/predictions/{first.json()['id']}/events", headers=login(name="alice"))
    assert "event: ready" in events.text


def test_a_new_champion_needs_a_new_map(
    ask: Ask, services: Services, registry: Registry, publish: Callable[..., dict[str, Any]]
) -> None:
    asked = ask().json()
    finish(services, asked, publish(partition_of(asked)))
    registry.add(2, champion=True)
    services.champion.forget()
    again = ask()
    assert again.status_code == 202
    assert again.json()["job_id"] != asked["job_id"]
    finish(services, again.json(), publish(partition_of(asked), SECOND, 2))
    assert ask().json()["result"]["model_version"] == 2


def test_a_map_made_while_the_request_was_on_its_way_is_not_made_again(
    ask: Ask, services: Services, publish: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask().json()
    pointer = publish(partition_of(asked))
    finish(services, asked, pointer)
    monkeypatch.setattr(asking, "read_pointer", lambda *_: None)  # what the store said a moment before the job ended
    again = ask()
    assert (again.status_code, again.json()["job_id"]) == (200, asked["job_id"])
    assert count(services, Job) == 1


def test_a_failed_map_can_be_asked_for_again(ask: Ask, services: Services) -> None:
    asked = ask().json()
    with services.database.write() as session:
        jobs.mark_failed(session, asked["job_id"], "the worker died", "worker-died", back=True)
    assert started(services) == 0
    again = ask().json()
    assert again["job_id"] != asked["job_id"]
    assert started(services) == 1


def test_a_failed_prediction_says_why(ask: Ask, services: Services, client: TestClient, login: Login) -> None:
    asked = ask().json()
    with services.database.write() as session:
        jobs.mark_failed(session, asked["job_id"], "no scene there", "no-scenes", back=False)
    told = client.get(asked["links"]["self"], headers=login(name="alice")).json()
    assert (told["state"], told["reason"], told["reason_code"]) == ("failed", "no scene there", "no-scenes")
    assert told["ended_at"] is not None


def test_administrators_see_the_run(ask: Ask, services: Services, client: TestClient, login: Login) -> None:
    asked = ask().json()
    with services.database.write() as session:
        session.get_one(Job, asked["job_id"]).run_id = "run-7"
        jobs.mark_progress(session, asked["job_id"], running=True, percent=41.7, step="reading scenes")
    admins = client.get(asked["links"]["self"], headers=login("admin")).json()
    assert admins["run"] == "https://dagster.example/runs/run-7"
    assert admins["requested_by"] == "alice"
    own = client.get(asked["links"]["self"], headers=login(name="alice")).json()
    assert (own["run"], own["requested_by"]) == (None, None)
    assert (own["progress"], own["step"]) == (41, "reading scenes")


def test_large_aois_go_to_the_batch_lane(ask: Ask) -> None:
    assert ask(aoi={"bbox": [31.0, -17.8, 31.08, -17.72]}).json()["lane"] == "batch"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"season": "2023"}, "invalid-season"),
        ({"season": "2090-2091"}, "season-not-served"),
        ({"season": "1990-1991"}, "season-not-served"),
        ({"season": "x" * 40}, "invalid-request"),
        ({"season": None}, "invalid-request"),
        ({"aoi": None}, "invalid-request"),
        ({"aoi": "../../etc/passwd"}, "invalid-request"),
        ({"aoi": {"bbox": [0, 0, 1, 1]}}, "aoi-outside-extent"),
        ({"aoi": {"bbox": [31.0, -17.8, 31.5, -17.3]}}, "aoi-too-large"),
        ({"priority": 9}, "invalid-request"),
    ],
)
def test_what_cannot_be_mapped_is_refused_and_not_counted(
    ask: Ask, services: Services, body: dict[str, Any], code: str
) -> None:
    answer = ask(**body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (count(services, Job), started(services)) == (0, 0)


def test_without_a_champion_nothing_can_be_asked_for(client: TestClient, login: Login, services: Services) -> None:
    answer = client.post("/predictions", json={"aoi": BOX, "season": SEASON}, headers=login())
    assert (answer.status_code, answer.json()["code"]) == (409, "no-champion")
    assert count(services, Job) == 0


def test_when_the_registry_or_the_store_is_down_nothing_is_counted(
    ask: Ask,
    services: Services,
    registry: Registry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry.down = True
    answer = ask()
    assert (answer.status_code, answer.json()["code"]) == (503, "registry-unavailable")
    registry.down = False

    def fail(*_: object) -> None:
        raise StoreUnavailable("the store does not answer")

    monkeypatch.setattr(asking, "keep_aoi", fail)
    answer = ask()
    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
    assert (count(services, Job), started(services)) == (0, 0)


def test_validate_only_estimates_and_starts_nothing(ask: Ask, services: Services) -> None:
    answer = ask(query="?validate_only=true")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["state"], told["lane"], told["costs"]) == ("new", "interactive", 1)
    assert told["aoi"]["area_ha"] == pytest.approx(117.35, abs=0.01)
    assert told["quota"] == {"limit": 5, "started": 0, "left": 5}
    assert (told["expected_seconds"], told["expected_reason"]) == (None, "no map was made in this lane yet")
    assert (count(services, Job), count(services, Prediction), started(services)) == (0, 0, 0)
    assert ask(query="?validate_only=true", season="2090-2091").status_code == 422


def test_an_estimate_knows_the_past_and_what_is_there(
    ask: Ask, services: Services, publish: Callable[..., dict[str, Any]]
) -> None:
    asked = ask().json()
    with services.database.write() as session:
        job = session.get_one(Job, asked["job_id"])
        job.state, job.active_key, job.started_at, job.ended_at = "ready", None, now() - timedelta(seconds=12), now()
        job.result = publish(partition_of(asked))
    told = ask(query="?validate_only=true", season="2022-2023").json()
    assert told["expected_seconds"] == pytest.approx(12, abs=0.2)
    told = ask(query="?validate_only=true").json()
    assert (told["state"], told["costs"], told["expected_seconds"]) == ("ready", 0, 0.0)
    ask(season="2021-2022")
    told = ask("bob", query="?validate_only=true", season="2021-2022").json()
    assert (told["state"], told["costs"]) == ("in flight", 0)
    assert ask("root", "admin", query="?validate_only=true", season="2020-2021").json()["quota"]["left"] is None


def test_the_sixth_job_of_a_recruiter_is_refused_until_one_is_given_back(
    ask: Ask, services: Services, client: TestClient, login: Login
) -> None:
    made = [ask(season=f"{year}-{year + 1}").json() for year in range(2016, 2021)]
    refused = ask(season="2022-2023")
    assert (refused.status_code, refused.json()["code"]) == (429, "quota-exceeded")
    assert "5 of 5" in refused.json()["detail"]
    assert client.get("/quota", headers=login(name="alice")).json() == {"limit": 5, "started": 5, "left": 0}
    assert ask(season="2018-2019").status_code == 202  # in flight: that job
    with services.database.write() as session:
        jobs.mark_failed(session, made[0]["job_id"], "the worker died", "worker-died", back=True)
    assert ask(season="2022-2023").status_code == 202
    assert client.get("/quota", headers=login(name="alice")).json()["left"] == 0


def test_administrators_have_no_quota_and_a_limit_of_ones_own_counts(
    ask: Ask, client: TestClient, login: Login, make_user: Callable[..., User]
) -> None:
    assert [ask("root", "admin", season=f"{year}-{year + 1}").status_code for year in range(2016, 2024)] == [202] * 8
    assert client.get("/quota", headers=login("admin", "root")).json() == {"limit": None, "started": 0, "left": None}
    make_user("dora", job_limit=1)
    aoi = {"bbox": [31.5, -17.8, 31.51, -17.79]}
    answers = [ask("dora", aoi=aoi, season=f"{year}-{year + 1}").status_code for year in (2016, 2017)]
    assert answers == [202, 429]
    make_user("dora", job_limit=0)
    assert client.get("/quota", headers=login(name="dora")).json() == {"limit": 0, "started": 1, "left": 0}


def together(count: int, do: Callable[[int], Any]) -> list[Any]:
    """Return what `count` threads got that began at one moment."""
    barrier = threading.Barrier(count)
    found: list[Any] = [None] * count

    def run(number: int) -> None:
        barrier.wait(DEADLINE_S)
        found[number] = do(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    return found


def test_of_a_hundred_requests_at_once_exactly_five_start(ask: Ask, services: Services) -> None:
    boxes = [{"bbox": [31 + step / 50, -17.8, 31.01 + step / 50, -17.79]} for step in range(100)]
    answers = together(100, lambda number: ask(aoi=boxes[number]))
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [202] * 5 + [429] * 95
    assert (count(services, Job), started(services)) == (5, 5)


def test_a_hundred_requests_for_one_map_at_once_make_one_job(ask: Ask, services: Services) -> None:
    answers = together(100, lambda _: ask())
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (count(services, Job), count(services, Prediction), started(services)) == (1, 1, 1)


def test_lists_are_filtered_and_paged(ask: Ask, services: Services, client: TestClient, login: Login) -> None:
    made = [ask(season=f"{year}-{year + 1}").json() for year in (2016, 2017, 2018)]
    ask("bob", aoi={"bbox": [31.5, -17.8, 31.51, -17.79]})
    with services.database.write() as session:
        jobs.mark_failed(session, made[1]["job_id"], "no scenes", "no-scenes", back=False)
    headers = login(name="alice")
    pages = [client.get(f"/predictions?limit=2&offset={offset}", headers=headers).json() for offset in (0, 2)]
    assert [item["id"] for page in pages for item in page["items"]] == [one["id"] for one in reversed(made)]
    failed = client.get("/predictions?state=failed", headers=headers).json()
    assert [item["id"] for item in failed["items"]] == [made[1]["id"]]
    assert client.get(f"/predictions?aoi={made[0]['aoi']['id']}", headers=headers).json()["total"] == 3
    assert client.get("/predictions?aoi=a0", headers=headers).json()["total"] == 0
    everybodys = client.get("/predictions", headers=login("admin")).json()
    assert everybodys["total"] == 4
    assert everybodys["items"][0]["requested_by"] == "bob"
    assert client.get("/predictions?state=lost", headers=headers).status_code == 422


def test_the_last_user_who_cancels_stops_the_job(
    ask: Ask, services: Services, client: TestClient, login: Login
) -> None:
    alices, bobs = ask("alice").json(), ask("bob").json()
    first = client.delete(f"/predictions/{alices['id']}", headers=login(name="alice"))
    assert first.status_code == 204
    assert client.get(f"/predictions/{alices['id']}", headers=login(name="alice")).status_code == 404
    last = client.delete(f"/predictions/{bobs['id']}", headers=login(name="bob"))
    assert (last.status_code, last.json()["cancelling"]) == (202, True)
    with services.database.read() as session:
        assert session.get_one(Job, bobs["job_id"]).cancel_requested
    again = ask("carol")
    assert (again.status_code, again.json()["code"]) == (409, "job-ending")
    with services.database.write() as session:
        jobs.mark_cancelled(session, bobs["job_id"], "cancelled by bob", back=False)
    told = client.get(f"/predictions/{bobs['id']}", headers=login(name="bob")).json()
    assert (told["state"], told["cancelling"]) == ("cancelled", False)
    assert ask("carol").status_code == 202


def test_an_ended_prediction_is_forgotten(
    ask: Ask, services: Services, client: TestClient, login: Login, publish: Callable[..., dict[str, Any]]
) -> None:
    asked = ask().json()
    finish(services, asked, publish(partition_of(asked)))
    address = f"/predictions/{asked['id']}"
    assert client.delete(address, headers=login(name="alice")).status_code == 204
    assert client.get(address, headers=login(name="alice")).status_code == 404
    assert client.delete(address, headers=login(name="alice")).status_code == 404
    assert ask().status_code == 200  # the map is still there


def test_without_a_token_there_are_no_predictions(client: TestClient) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/a1"), ("DELETE", "/a1"), ("GET", "/a1/events")):
        assert client.request(method, f"/predictions{path}", json={}).status_code == 401
    assert client.get("/quota").status_code == 401


def types_of(text: str) -> list[str]:
    return [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]


def test_events_are_streamed_to_the_end_and_resumed(
    ask: Ask, services: Services, client: TestClient, login: Login, publish: Callable[..., dict[str, Any]]
) -> None:
    asked = ask().json()
    finish(services, asked, publish(partition_of(asked)))
    address, headers = f"/predictions/{asked['id']}/events", login(name="alice")
    whole = client.get(address, headers=headers)
    assert whole.headers["content-type"].startswith("text/event-stream")
    assert types_of(whole.text)[0] == "queued"
    assert types_of(whole.text)[-1] == "ready"
    ids = [line.removeprefix("id: ") for line in whole.text.splitlines() if line.startswith("id: ")]
    rest = client.get(address, headers=headers | {"Last-Event-ID": ids[0]})
    assert types_of(rest.text) == types_of(whole.text)[1:]
    by_query = client.get(f"{address}?lastEventId={ids[-2]}", headers=headers)
    assert types_of(by_query.text) == ["ready"]
    assert client.get(address, headers=headers | {"Last-Event-ID": ids[-1]}).status_code == 204
    assert client.get(address, headers=headers | {"Last-Event-ID": "x"}).status_code == 422


def test_the_link_to_the_events_needs_no_header_and_opens_nothing_else(
    ask: Ask, services: Services, client: TestClient, publish: Callable[..., dict[str, Any]]
) -> None:
    asked, other = ask().json(), ask("bob", aoi={"bbox": [31.5, -17.8, 31.51, -17.79]}).json()
    finish(services, asked, publish(partition_of(asked)))
    link = asked["links"]["events"]
    assert types_of(client.get(link).text)[-1] == "ready"
    token = parse_qs(urlsplit(link).query)["token"][0]
    for path in (f"/predictions/{other['id']}/events", f"/predictions/{asked['id']}/events"):
        bad = token if other["id"] in path else token[:-2] + "xx"
        refused = client.get(f"{path}?token={bad}")
        assert (refused.status_code, refused.json()["code"]) == (403, "link-refused")
    assert client.get(f"/predictions/{asked['id']}?token={token}").status_code == 401
