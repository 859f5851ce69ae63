"""Finding scenes: static catalogues, a STAC API on loopback that fails, duplicates, clouds, the sea."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import shapely

from imagery.recipe import load_recipe
from imagery.search import CatalogueUnavailable, NoScenes, find_scenes, open_catalogue

Archive = Any  # conftest's: pytest does not let tests import it

FIELD = shapely.box(30.5465, -17.8760, 30.5480, -17.8746)
SEASON = "2023-2024"
RECIPE = load_recipe("s2-season")
PAGE = 2


class Api:
    """A STAC API with pages of two items, some of which fail a number of times."""

    def __init__(self, items: list[dict[str, Any]], failures: dict[int, int]) -> None:
        self.items, self.failures = items, failures
        self.asked: list[int] = []
        self.bodies: list[dict[str, Any]] = []

    def answer(self, address: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        start = int(body.get("token", 0))
        self.asked.append(start)
        self.bodies.append(body)
        if self.failures.get(start, 0) > 0:
            self.failures[start] -= 1
            return 503, {"description": "busy"}
        links = []
        if start + PAGE < len(self.items):
            link = {"rel": "next", "href": f"{address}/search", "method": "POST", "merge": True}
            links.append({**link, "body": {"token": start + PAGE}})
        page = self.items[start : start + PAGE]
        return 200, {"type": "FeatureCollection", "features": page, "links": links}


def landing(address: str) -> dict[str, Any]:
    return {
        "type": "Catalog", "id": "api", "description": "a test's API", "stac_version": "1.0.0",
        "conformsTo": ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"],
        "links": [
            {"rel": "self", "href": address}, {"rel": "root", "href": address},
            {"rel": "search", "href": f"{address}/search", "type": "application/geo+json", "method": "POST"},
        ],
    }  # fmt: skip


@pytest.fixture
def serve() -> Iterator[Callable[[Api], str]]:
    servers: list[ThreadingHTTPServer] = []

    def start(api: Api) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(200, landing(self._address()))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._send(*api.answer(self._address(), body))

            def _address(self) -> str:
                return f"http://127.0.0.1:{self.server.server_address[1]}"

            def _send(self, status: int, content: dict[str, Any]) -> None:
                data = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def api_items(archive: Archive, count: int) -> list[dict[str, Any]]:
    for day in range(count):
        archive.add(f"2023-10-{day + 1:02d}T08:00:00", {"B02": 100})
    catalogue = open_catalogue(archive.save())
    return [item.to_dict() for item in catalogue.search("s2_l2a", (-180, -90, 180, 90), None)]


def test_scenes_of_a_season_come_in_order_of_time_with_absolute_addresses(archive: Archive) -> None:
    for when in ("2024-03-01T08:00:00", "2023-09-01T00:10:00", "2023-08-31T08:00:00", "2024-08-31T23:50:00"):
        archive.add(when, {"B02": 100})
    found = find_scenes(archive.save(), RECIPE, FIELD, SEASON)
    assert [item.id for item in found.items] == ["S2_20230901T001000", "S2_20240301T080000", "S2_20240831T235000"]
    assert all(Path(item.assets["B02"].href).is_file() for item in found.items)


def test_an_aoi_in_the_sea_has_no_scenes_and_the_message_says_what_was_searched(archive: Archive) -> None:
    archive.add("2023-10-01T08:00:00", {"B02": 100})
    with pytest.raises(NoScenes, match=r"s2_l2a .* 36\.0000.* 2023-09-01 to 2024-08-31"):
        find_scenes(archive.save(), RECIPE, shapely.box(36, -21, 36.1, -20.9), SEASON)


def test_of_two_processings_of_one_acquisition_the_newest_is_kept(archive: Archive) -> None:
    old, new = {"sentinel:processing_baseline": "02.14"}, {"sentinel:processing_baseline": "05.00"}
    archive.add("2023-10-01T08:00:00", {"B02": 100}, name="again", properties=new)
    archive.add("2023-10-01T08:00:00", {"B02": 100}, name="first", properties=old)
    archive.add("2023-10-01T08:00:09", {"B02": 100}, name="other-datastrip", properties=old)
    found = find_scenes(archive.save(), RECIPE, FIELD, SEASON)
    assert [item.id for item in found.items] == ["again", "other-datastrip"]
    assert found.dropped == (("first", "the same acquisition was processed again: again"),)


def test_scenes_cloudier_than_the_recipe_says_are_left_out_with_the_reason(archive: Archive) -> None:
    archive.add("2023-10-01T08:00:00", {"B02": 100}, properties={"eo:cloud_cover": 99.5})
    archive.add("2023-10-06T08:00:00", {"B02": 100}, properties={"eo:cloud_cover": 20})
    recipe = RECIPE.model_copy(update={"max_cloud": 90.0})
    found = find_scenes(archive.save(), recipe, FIELD, SEASON)
    assert [item.id for item in found.items] == ["S2_20231006T080000"]
    assert "99.5 %" in found.dropped[0][1]


def test_other_collections_are_searched_too_and_static_layers_at_any_time(archive: Archive) -> None:
    archive.add("2019-04-01T00:00:00", {"B02": 100}, collection="gm_s2_semiannual")
    archive.add("2019-02-15T00:00:00", {"rainfall": 1.0}, collection="rainfall_chirps_monthly")
    archive.add("2000-02-11T00:00:00", {"slope": 1.0}, collection="dem_srtm_deriv")
    found = find_scenes(archive.save(), load_recipe("geomad-semiannual"), FIELD, "2018-2019")
    assert found.items[0].collection_id == "gm_s2_semiannual"
    assert {item.collection_id for item in found.items} == {
        "gm_s2_semiannual", "rainfall_chirps_monthly", "dem_srtm_deriv",
    }  # fmt: skip


def test_a_page_that_fails_twice_and_then_works_is_read(archive: Archive, serve: Callable[[Api], str]) -> None:
    api = Api(api_items(archive, 5), failures={2: 2})
    catalogue = open_catalogue(serve(api), backoff_s=0.01)
    found = find_scenes(catalogue, RECIPE, FIELD, SEASON)
    assert [item.id[3:11] for item in found.items] == [f"2023100{day}" for day in range(1, 6)]
    assert api.asked == [0, 2, 2, 2, 4]
    assert api.bodies[0]["collections"] == ["s2_l2a"]
    assert api.bodies[0]["datetime"] == "2023-09-01T00:00:00Z/2024-08-31T23:59:59Z"


def test_a_page_that_fails_for_ever_is_a_clear_error(archive: Archive, serve: Callable[[Api], str]) -> None:
    address = serve(Api(api_items(archive, 5), failures={2: 1000}))
    with pytest.raises(CatalogueUnavailable, match=rf"{address}, collection s2_l2a"):
        find_scenes(open_catalogue(address, backoff_s=0.001), RECIPE, FIELD, SEASON)


def test_a_catalogue_that_is_not_there_or_not_stac_is_a_clear_error(tmp_path: Path) -> None:
    broken = tmp_path / "catalog.json"
    broken.write_text('{"type": "Something"}')
    for address in (str(tmp_path / "none.json"), str(broken), "http://127.0.0.1:9"):
        with pytest.raises(CatalogueUnavailable, match=address):
            find_scenes(open_catalogue(address, backoff_s=0.001), RECIPE, FIELD, SEASON)


def test_a_static_catalogue_in_a_bucket_is_read_through_the_hook(archive: Archive) -> None:
    archive.add("2023-10-01T08:00:00", {"B02": 100})
    root = Path(archive.save()).parent
    asked = []

    def read_text(address: str) -> str:
        asked.append(address)
        return (root / address.removeprefix("s3://scenes/stac/")).read_text()

    found = find_scenes("s3://scenes/stac/catalog.json", RECIPE, FIELD, SEASON, read_text=read_text)
    assert len(found.items) == 1
    assert asked[0] == "s3://scenes/stac/catalog.json"
    assert all(address.startswith("s3://scenes/stac/") for address in asked)
