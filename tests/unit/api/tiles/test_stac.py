"""The static STAC catalogue can be walked from its root to the pixels, and shows crop maps to their owners only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pystac
import pytest
import rasterio
from pystac.stac_io import DefaultStacIO

from imagery.stac import BASELINES, CROP_MAPS

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

BASE = "http://testserver"
Site = Any
Reading = Callable[..., pystac.Catalog]


class ThroughClient(DefaultStacIO):
    """Reads links through the test client, as a user of the site."""

    def __init__(self, client: TestClient, headers: dict[str, str]) -> None:
        super().__init__(headers)
        self.client = client

    def read_text_from_href(self, href: str) -> str:
        answer = self.client.get(href, headers=self.headers)
        answer.raise_for_status()
        return str(answer.text)


@pytest.fixture
def reading(site: Site, client: TestClient) -> Reading:
    def read(user: str | None = None) -> pystac.Catalog:
        headers = site.headers(user) if user else {}
        return pystac.Catalog.from_file(f"{BASE}/stac", stac_io=ThroughClient(client, headers))

    return read


def items_of(catalogue: pystac.Catalog) -> dict[str, list[str]]:
    return {child.id: sorted(item.id for item in child.get_items()) for child in catalogue.get_children()}


def test_the_public_sees_the_baselines(reading: Reading) -> None:
    assert items_of(reading()) == {BASELINES: ["dynamic-world-2020", "dynamic-world-2021"], CROP_MAPS: []}


def test_owners_see_their_maps_administrators_all_and_strangers_none(site: Site, reading: Reading) -> None:
    assert items_of(reading("asker"))[CROP_MAPS] == [site.partition]
    assert items_of(reading("root"))[CROP_MAPS] == sorted([site.partition, site.other_partition])
    assert items_of(reading("stranger"))[CROP_MAPS] == []


@pytest.mark.parametrize(("user", "status"), [(None, 404), ("stranger", 404), ("asker", 200), ("root", 200)])
def test_an_item_is_there_for_who_may_see_it(site: Site, client: TestClient, user: str | None, status: int) -> None:
    headers = site.headers(user) if user else {}
    answer = client.get(f"/stac/collections/{CROP_MAPS}/items/{site.partition}", headers=headers)
    assert answer.status_code == status


def test_a_bad_token_is_no_visitor(client: TestClient) -> None:
    answer = client.get(f"/stac/collections/{CROP_MAPS}", headers={"Authorization": "Bearer forged"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token-invalid")


def test_every_object_links_to_itself_its_parent_and_the_root(reading: Reading) -> None:
    root = reading("root")
    assert root.get_self_href() == f"{BASE}/stac"
    for child in root.get_children():
        assert child.get_parent() is root
        for item in child.get_items():
            assert item.get_self_href() == f"{BASE}/stac/collections/{child.id}/items/{item.id}"
            assert item.get_collection().id == child.id
            assert item.get_root().id == root.id


def test_assets_of_what_one_sees_can_be_opened(site: Site, client: TestClient, reading: Reading) -> None:
    root = reading("root")
    for item in root.get_items(recursive=True):
        assert set(item.assets) >= {"data", "sidecar", "thumbnail"}
        for asset in item.assets.values():
            answer = client.get(asset.href)
            assert answer.status_code == 200, asset.href
            assert len(answer.content) == asset.extra_fields["file:size"]
        (tiles,) = [link for link in item.links if link.rel == "tilejson"]
        assert client.get(tiles.href).json()["name"] == item.id
    data = root.get_child(BASELINES).get_item("dynamic-world-2020").assets["data"]
    with rasterio.MemoryFile(client.get(data.href).content) as file, file.open() as cog:
        assert (cog.read(1) == site.baseline).all()


def test_items_tell_neither_the_stores_place_nor_unreachable_scenes(site: Site, client: TestClient) -> None:
    shown = client.get(f"/stac/collections/{CROP_MAPS}/items/{site.partition}", headers=site.headers("asker")).json()
    hrefs = [asset["href"] for asset in shown["assets"].values()]
    assert all(href.startswith(f"{BASE}/files/") and "token=" in href for href in hrefs)
    assert [link["href"] for link in shown["links"] if link["rel"] == "derived_from"] == [
        "urn:stac:item:simulated-scene"
    ]


@pytest.mark.parametrize("path", [f"{CROP_MAPS}/items/none", f"{CROP_MAPS}/items/a--b--c", f"{BASELINES}/items/x"])
def test_what_is_not_there_is_404(site: Site, client: TestClient, path: str) -> None:
    answer = client.get(f"/stac/collections/{path}", headers=site.headers("root"))
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert client.get("/stac/collections/other").status_code == 422
