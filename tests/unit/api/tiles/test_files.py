"""Downloads: whole or in parts, with a name, by a link that was signed for the file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import rasterio

from api.security import secret_of, sign_link
from api.tiling import download_url
from resources.layout import BASELINES, DATASETS, RESULTS

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

BASE = "http://testserver"
Site = Any


def link(site: Site, key: str = "", name: str = "map-2023-2024.tif") -> str:
    return download_url(site.services, BASE, RESULTS, key or site.map_key, name)


def content(site: Site) -> bytes:
    return bytes(site.services.store.get(RESULTS, site.map_key))


def test_a_download_is_the_file_with_its_type_and_a_name(site: Site, client: TestClient) -> None:
    answer = client.get(link(site))
    assert answer.content == content(site)
    assert answer.headers["content-type"] == "image/tiff; application=geotiff; profile=cloud-optimized"
    assert answer.headers["content-disposition"] == 'attachment; filename="map-2023-2024.tif"'
    assert answer.headers["etag"] == f'"{site.services.store.stat(RESULTS, site.map_key).etag}"'


def test_parts_of_a_file_can_be_read(site: Site, client: TestClient) -> None:
    whole = content(site)
    for asked, expected in (("0-99", whole[:100]), ("100-", whole[100:]), ("-50", whole[-50:])):
        answer = client.get(link(site), headers={"Range": f"bytes={asked}"})
        assert (answer.status_code, answer.content) == (206, expected), asked
        assert answer.headers["content-range"].endswith(f"/{len(whole)}")
    assert client.head(link(site)).headers["content-length"] == str(len(whole))


@pytest.mark.parametrize(
    "asked", ["bytes=99999999-", "bytes=9-2", "bytes=", "bytes=-0", "lines=1-2", "bytes=" + "0-0," * 40 + "0-0"]
)
def test_parts_that_are_not_there_are_a_problem(site: Site, client: TestClient, asked: str) -> None:
    answer = client.get(link(site), headers={"Range": asked})
    assert (answer.status_code, answer.json()["code"]) == (416, "range-refused")
    assert answer.headers["content-range"] == f"bytes */{len(content(site))}"


def test_a_file_needs_a_link_that_was_signed_for_it(site: Site, client: TestClient) -> None:
    secret = secret_of(site.services.settings)
    path = f"/files/{RESULTS}/{site.map_key}"
    for token in (
        None,
        "",
        sign_link(f"{RESULTS}/{site.other_key}", timedelta(hours=1), secret),
        sign_link(f"{RESULTS}/{site.map_key}", timedelta(hours=-1), secret),
        sign_link(f"{RESULTS}/{site.map_key}", timedelta(hours=1), "y" * 40),
    ):
        answer = client.get(path, params={} if token is None else {"token": token})
        assert (answer.status_code, answer.json()["code"]) == (403, "link-refused"), token


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        (DATASETS, "v1/a.csv"),
        (RESULTS, "aois/a.geojson"),
        (RESULTS, "composites/a--2023-2024/00000000/composite.tif"),
        (RESULTS, "maps/a--2023-2024/current.json"),
        (RESULTS, "maps/../../geocrop-datasets/v1/a.csv"),
        (RESULTS, "maps/a/00000000/%2e%2e/x.tif"),
        (RESULTS, "/etc/passwd"),
        (BASELINES, "uploads/2020/a.tif"),
        ("..", "x"),
    ],
)
def test_only_published_files_are_there_even_when_signed(site: Site, client: TestClient, bucket: str, key: str) -> None:
    token = sign_link(f"{bucket}/{key}", timedelta(hours=1), secret_of(site.services.settings))
    answer = client.get(f"/files/{bucket}/{key}", params={"token": token})
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_a_published_file_that_is_gone_is_404(site: Site, client: TestClient) -> None:
    answer = client.get(link(site, site.map_key.replace("crop_map.tif", "gone.tif")))
    assert (answer.status_code, answer.json()["code"]) == (404, "object-not-found")


@pytest.mark.parametrize("name", ['a"b.tif', "../a.tif", "a\r\nX: 1", ".hidden", "a" * 200, "ümlaut.tif"])
def test_names_that_a_header_cannot_carry_are_refused(site: Site, client: TestClient, name: str) -> None:
    answer = client.get(link(site, name=name))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


def test_baselines_are_listed_with_what_a_map_needs(site: Site, client: TestClient) -> None:
    told = client.get("/baselines").json()
    assert [one["year"] for one in told["baselines"] if one["available"]] == [2020, 2021]
    assert [one["year"] for one in told["baselines"]] == list(range(2015, 2026))
    assert len(told["classes"]) == 9
    one = told["baselines"][5]
    assert client.get(one["tilejson"]).status_code == 200
    assert client.get(one["stac_item"]).json()["id"] == "dynamic-world-2020"
    assert len(one["bounds"]) == 4
    assert one["simulated"] is True


def test_a_baseline_is_downloaded_by_an_address_that_lasts(site: Site, client: TestClient, tmp_path: Path) -> None:
    answer = client.get("/baselines/2020/data")
    assert [one.status_code for one in answer.history] == [307]
    assert answer.headers["content-disposition"] == 'attachment; filename="dynamic-world-2020-baseline.tif"'
    (tmp_path / "baseline.tif").write_bytes(answer.content)
    with rasterio.open(tmp_path / "baseline.tif") as cog:
        assert (cog.read(1) == site.baseline).all()
    assert client.head("/baselines/2020/thumbnail").headers["content-type"] == "image/png"


@pytest.mark.parametrize(("path", "status"), [("2016/data", 404), ("2014/data", 422), ("2020/item", 422)])
def test_files_of_baselines_that_are_not_there(client: TestClient, path: str, status: int) -> None:
    assert client.get(f"/baselines/{path}").status_code == status
