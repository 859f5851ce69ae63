"""The STAC API on a real PostGIS: pystac-client searches it, and finds what its user may see."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pystac_client
import pytest
import requests
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import stac_api
from api.db import migrate
from api.db.session import Database
from api.db.tables import AoiRow, Job, Prediction, User
from api.errors import add_handlers
from api.routes import baselines, files, stac, tiles
from api.security import issue_token
from api.services import Services
from api.stac_index import SyncReport, index_job, sync
from demo.published import publish_baseline, publish_map
from imagery.aoi import Aoi, LonLatBox, partition_key
from imagery.stac import BASELINES, CROP_MAPS
from resources import layout
from resources.platform import rules_of, store_of
from resources.settings import Settings

pytestmark = pytest.mark.integration

SEASON = "2023-2024"
MINE = Aoi.from_bbox(LonLatBox(31.12, -17.83, 31.13, -17.82))
OTHERS = Aoi.from_bbox(LonLatBox(31.13, -17.83, 31.14, -17.82))
MY_MAP, OTHER_MAP = (partition_key(aoi.id, SEASON) for aoi in (MINE, OTHERS))
START_SECONDS = 120.0
KEEP_IN_STEP = stac_api.keep_in_step


@dataclass(frozen=True)
class Site:
    services: Services
    url: str

    def headers(self, name: str | None) -> dict[str, str]:
        if name is None:
            return {}
        with self.services.database.read() as session:
            user = session.query(User).filter_by(name=name).one()
        return {"Authorization": f"Bearer {issue_token(user, self.services.settings)}"}

    def open(self, name: str | None = None) -> pystac_client.Client:
        return pystac_client.Client.open(f"{self.url}/stac/", headers=self.headers(name))


def bands_of(services: Services, value: int = 0) -> np.ndarray:
    codes = [entry.code for entry in services.rules.load_classes()]
    classes = np.full((64, 64), codes[value], np.uint8)
    return np.stack([classes, np.full_like(classes, 80), np.full_like(classes, 9)])


def publish(services: Services, aoi: Aoi, value: int = 0) -> None:
    publish_map(services.store, aoi, SEASON, bands_of(services, value), tuple(services.rules.load_classes()))


@pytest.fixture(scope="module")
def site(postgis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    settings = Settings(home=tmp_path_factory.mktemp("stac"), database=postgis_url)
    database = Database(postgis_url)
    migrate.upgrade(database)
    services = cast(
        Services,
        SimpleNamespace(settings=settings, store=store_of(settings), rules=rules_of(settings), database=database),
    )
    fill(database)
    publish_baseline(services.store, 2020, np.full((64, 64), 4, np.uint8))
    publish(services, MINE)
    publish(services, OTHERS)
    app = FastAPI()
    for module in (tiles, files, baselines, stac):
        app.include_router(module.router)
    add_handlers(app)
    app.state.services = services
    # The tests say themselves when the index is brought in step.
    with pytest.MonkeyPatch.context() as patched, serving(app, patched) as url:
        sync(services)
        yield Site(services, url)
    database.close()


@contextmanager
def serving(app: FastAPI, patched: pytest.MonkeyPatch) -> Iterator[str]:
    async def wait(_services: Services, stopping: asyncio.Event) -> None:
        await stopping.wait()

    patched.setattr(stac_api, "keep_in_step", wait)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    waiting = threading.Event()
    for _ in range(int(START_SECONDS / 0.05)):
        if server.started or not thread.is_alive():
            break
        waiting.wait(0.05)
    assert server.started
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)


def fill(database: Database) -> None:
    with database.write() as session:
        names = {"root": "admin", "asker": "recruiter", "stranger": "recruiter"}
        users = {name: User(name=name, password_hash="-", role=role) for name, role in names.items()}
        west, south, east, north = MINE.bbox
        geometry = MINE.to_geojson()
        aoi = AoiRow(
            id=MINE.id, geometry=geometry, area_ha=MINE.area_ha, west=west, south=south, east=east, north=north
        )
        job = Job(id="j" * 32, kind="prediction", request={}, state="ready", lane="batch", partition=MY_MAP)
        session.add_all([*users.values(), aoi, job])
        session.flush()
        session.add(Prediction(id="p" * 32, user_id=users["asker"].id, aoi_id=MINE.id, season=SEASON, job_id=job.id))


VISIBLE = {
    None: {"dynamic-world-2020"},
    "stranger": {"dynamic-world-2020"},
    "asker": {"dynamic-world-2020", MY_MAP},
    "root": {"dynamic-world-2020", MY_MAP, OTHER_MAP},
}


@pytest.mark.parametrize("name", VISIBLE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_search_finds_what_its_user_may_see(site: Site, name: str | None, method: str) -> None:
    found = site.open(name).search(method=method, bbox=(25, -23, 33, -15), limit=1)
    assert {item.id for item in found.items()} == VISIBLE[name]


@pytest.mark.parametrize("name", [None, "stranger"])
@pytest.mark.parametrize(
    "asked",
    [
        {"ids": [OTHER_MAP, MY_MAP]},
        {"collections": [CROP_MAPS]},
        {"collections": [CROP_MAPS], "ids": []},
        {"filter-lang": "cql2-json", "filter": {"op": "=", "args": [{"property": "id"}, OTHER_MAP]}},
        {
            "filter-lang": "cql2-json",
            "filter": {
                "op": "or",
                "args": [
                    {"op": "=", "args": [{"property": "collection"}, CROP_MAPS]},
                    {"op": "=", "args": [{"property": "id"}, OTHER_MAP]},
                ],
            },
            "collections": [CROP_MAPS],
        },
        {"conf": {"context": "on"}, "collections": [CROP_MAPS]},
        {"collections": [CROP_MAPS], "fields": {"include": ["id", "properties.geocrop:aoi"]}},
        {"collections": [CROP_MAPS], "sortby": [{"field": "properties.created", "direction": "desc"}]},
    ],
)
def test_no_search_finds_the_maps_of_others(site: Site, name: str | None, asked: dict[str, Any]) -> None:
    answer = requests.post(f"{site.url}/stac/search", json=asked, headers=site.headers(name), timeout=60)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["features"] == []
    assert not told.get("numberMatched")
    assert OTHER_MAP not in answer.text.replace(str(asked), "")


@pytest.mark.parametrize("name", [None, "stranger", "asker"])
def test_items_of_others_are_not_there(site: Site, name: str | None) -> None:
    headers = site.headers(name)
    answer = requests.get(f"{site.url}/stac/collections/{CROP_MAPS}/items/{OTHER_MAP}", headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    listed = requests.get(f"{site.url}/stac/collections/{CROP_MAPS}/items", headers=headers, timeout=60).json()
    assert OTHER_MAP not in [one["id"] for one in listed["features"]]


def test_a_bad_token_is_told(site: Site) -> None:
    answer = requests.get(f"{site.url}/stac/search", headers={"Authorization": "Bearer forged"}, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (401, "token-invalid")


def test_collections_and_links_begin_with_the_address_that_was_asked(site: Site) -> None:
    client = site.open("asker")
    assert {one.id for one in client.get_collections()} == {BASELINES, CROP_MAPS}
    item = client.get_collection(CROP_MAPS).get_item(MY_MAP)
    assert item.get_self_href() == f"{site.url}/stac/collections/{CROP_MAPS}/items/{MY_MAP}"
    hrefs = [link.get_absolute_href() for link in item.links if link.rel != "derived_from"]
    assert all(href.startswith(f"{site.url}/") for href in hrefs), hrefs
    assert "geocrop:pointer_etag" not in item.properties


def test_assets_of_found_items_can_be_opened(site: Site) -> None:
    for item in site.open("asker").search().items():
        for asset in item.assets.values():
            answer = requests.get(asset.href, timeout=60)
            assert answer.status_code == 200, asset.href
            assert len(answer.content) == asset.extra_fields["file:size"]
        (tiles_link,) = [link for link in item.links if link.rel == "tilejson"]
        assert requests.get(tiles_link.href, timeout=60).json()["name"] == item.id


def test_searches_by_place_time_and_property(site: Site) -> None:
    client = site.open("root")
    around = {"type": "Point", "coordinates": [31.125, -17.825]}
    assert {one.id for one in client.search(intersects=around, collections=[CROP_MAPS]).items()} == {MY_MAP}
    assert {one.id for one in client.search(datetime="2020-06-01/2020-07-01").items()} == {"dynamic-world-2020"}
    of_season = client.search(filter={"op": "=", "args": [{"property": "geocrop:season"}, SEASON]})
    assert {one.id for one in of_season.items()} == {MY_MAP, OTHER_MAP}


@pytest.mark.parametrize(
    "asked", [{"filter": {"op": "no-such"}}, {"datetime": "yesterday"}, {"bbox": [1]}, {"limit": -1}, {"ids": 5}]
)
def test_a_search_that_cannot_be_is_a_problem(site: Site, asked: dict[str, Any]) -> None:
    answer = requests.post(f"{site.url}/stac/search", json=asked, timeout=60)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_nothing_can_be_written(site: Site) -> None:
    for method, path in (
        ("POST", "collections"),
        ("POST", f"collections/{BASELINES}/items"),
        ("DELETE", f"collections/{BASELINES}"),
    ):
        answer = requests.request(method, f"{site.url}/stac/{path}", json={}, headers=site.headers("root"), timeout=60)
        assert answer.status_code == 405, path


def test_the_index_follows_the_store(site: Site) -> None:
    services = site.services
    assert sync(services) == SyncReport(0, 0)
    publish_baseline(services.store, 2021, np.full((64, 64), 2, np.uint8))
    publish(services, MINE, value=1)
    assert sync(services) == SyncReport(2, 0)
    services.store.delete(layout.BASELINES, "2021/current.json")
    assert sync(services) == SyncReport(0, 1)
    publish(services, MINE, value=2)
    with services.database.read() as session:
        job = session.get_one(Job, "j" * 32)
    assert index_job(services, job)
    assert sync(services) == SyncReport(0, 0)
    assert {item.id for item in site.open("root").search().items()} == VISIBLE["root"]


def test_migrating_again_changes_nothing(site: Site) -> None:
    from api.stac_index import ensure_schema

    assert ensure_schema(site.services.database)


def test_a_database_without_postgis_has_the_static_catalogue(
    postgis_server: Any,  # noqa: ANN401  # databases.py is loaded by path
    site: Site,
) -> None:
    from api.stac_index import ensure_schema

    with postgis_server.fresh(postgis=False) as url:
        bare = Database(url)
        assert not ensure_schema(bare)
        bare.close()


def test_the_whole_app_serves_the_stac_api_under_its_public_address(site: Site) -> None:
    from api.main import create_app

    settings = site.services.settings.model_copy(update={"public_url": "https://maps.example/geocrop"})
    with TestClient(create_app(settings, background=False)) as client:
        landing = client.get("/stac").json()
        assert "https://api.stacspec.org/v1.0.0/item-search" in landing["conformsTo"]
        hrefs = [link["href"] for link in landing["links"]]
        assert all(href.startswith("https://maps.example/geocrop/stac/") for href in hrefs), hrefs
        found = client.post("/stac/search", json={"ids": ["dynamic-world-2020"]}).json()["features"]
        assert found[0]["assets"]["data"]["href"] == "https://maps.example/geocrop/baselines/2020/data"
        assert client.get("/stac/nothing").json()["code"] == "not-found"
        assert client.get("/baselines").status_code == 200


def test_the_index_is_kept_in_step_while_the_app_runs(site: Site) -> None:
    async def watch() -> None:
        stopping = asyncio.Event()
        keeper = asyncio.create_task(KEEP_IN_STEP(site.services, stopping))
        async with asyncio.timeout(START_SECONDS):
            while await asyncio.to_thread(found, "dynamic-world-2022") != 200:
                await asyncio.sleep(0.05)
            stopping.set()
            await keeper

    def found(item_id: str) -> int:
        return requests.get(f"{site.url}/stac/collections/{BASELINES}/items/{item_id}", timeout=60).status_code

    publish_baseline(site.services.store, 2022, np.full((64, 64), 1, np.uint8))
    assert found("dynamic-world-2022") == 404
    asyncio.run(watch())
    site.services.store.delete(layout.BASELINES, "2022/current.json")
    assert sync(site.services) == SyncReport(0, 1)
