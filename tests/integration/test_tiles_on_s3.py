"""Tiles and downloads of rasters that lie in a real S3 store."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import rasterio
import requests
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from api.errors import add_handlers
from api.published import read_baseline
from api.routes import baselines, files, stac, tiles
from api.services import Services
from api.tiling import baseline_tilejson, download_url, tilejson_url
from demo.published import publish_baseline, publish_map
from imagery.aoi import Aoi, LonLatBox
from imagery.dynamic_world import DYNAMIC_WORLD
from imagery.legend import rgb
from resources.layout import BASELINES, BUCKETS, RESULTS
from resources.object_store import S3Store
from resources.platform import rules_of
from resources.settings import Settings

pytestmark = pytest.mark.integration

BASE = "http://testserver"
AOI = Aoi.from_bbox(LonLatBox(31.12, -17.83, 31.13, -17.82))
CROPS = 4


@dataclass(frozen=True)
class Site:
    services: Services
    client: TestClient
    map_key: str
    baseline: np.ndarray


@pytest.fixture(scope="module")
def site(s3_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:  # noqa: ANN401  # loaded by path
    store = S3Store(s3_server.endpoint, s3_server.access_key, s3_server.secret_key, secure=False)
    store.ensure_buckets(BUCKETS)
    settings = Settings(home=tmp_path_factory.mktemp("s3"))
    services = cast(Services, SimpleNamespace(settings=settings, store=store, rules=rules_of(settings)))
    baseline = np.full((600, 600), CROPS, np.uint8)
    baseline[:, :300] = 255
    publish_baseline(store, 2020, baseline)
    legend = tuple(services.rules.load_classes())
    bands = np.stack([np.full((64, 64), value, np.uint8) for value in (legend[0].code, 87, 12)])
    pointer = publish_map(store, AOI, "2023-2024", bands, legend)
    app = FastAPI()
    for module in (tiles, files, baselines, stac):
        app.include_router(module.router)
    add_handlers(app)
    app.state.services = services
    services.database = SimpleNamespace(is_postgres=False)  # type: ignore[assignment]  # the catalogue's start asks
    with TestClient(app) as client:
        yield Site(services, client, pointer["files"]["crop_map.tif"], baseline)


def test_a_tile_is_read_window_by_window_from_s3(site: Site) -> None:
    address = baseline_tilejson(site.services, BASE)[2020]
    assert address is not None
    assert "url=s3://geocrop-baselines/2020/" in address
    query = address.partition("?")[2]
    shown = np.asarray(Image.open(io.BytesIO(site.client.get(f"/tiles/preview.png?{query}").content)).convert("RGBA"))
    half = shown.shape[1] // 2
    assert (shown[:, : half - 1, 3] == 0).all()
    assert (shown[:, half + 1 :] == (*rgb(DYNAMIC_WORLD[CROPS].color), 255)).all()
    tilejson = site.client.get(address).json()
    assert tilejson["maxzoom"] > 0


def test_a_result_on_s3_needs_its_signature(site: Site) -> None:
    address = tilejson_url(site.services, BASE, RESULTS, site.map_key)
    assert site.client.get(address).status_code == 200
    refused = site.client.get(address.partition("&token")[0])
    assert (refused.status_code, refused.json()["code"]) == (403, "link-refused")


def test_a_download_goes_to_the_store_by_a_presigned_link(site: Site) -> None:
    address = download_url(site.services, BASE, RESULTS, site.map_key, "map.tif")
    assert address.startswith(f"http://{site.services.store.endpoint}/")  # type: ignore[attr-defined]
    answer = requests.get(address, timeout=60)
    assert answer.headers["content-disposition"] == 'attachment; filename="map.tif"'
    with rasterio.MemoryFile(answer.content) as file, file.open() as cog:
        assert cog.count == 3
    assert requests.get(address.replace("crop_map", "other"), timeout=60).status_code in {403, 404}
    assert requests.get(address.partition("?")[0], timeout=60).status_code == 403


def test_the_api_gives_no_files_of_s3_itself(site: Site) -> None:
    answer = site.client.get(f"/files/{RESULTS}/{site.map_key}", params={"token": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_a_baseline_has_a_lasting_address_that_leads_to_s3(site: Site) -> None:
    answer = site.client.get("/baselines/2020/data", follow_redirects=False)
    assert answer.status_code == 307
    content = requests.get(answer.headers["location"], timeout=60).content
    with rasterio.MemoryFile(content) as file, file.open() as cog:
        assert (cog.read(1) == site.baseline).all()
    raster = read_baseline(site.services.store, 2020)
    assert raster is not None
    assert raster.bucket == BASELINES


@pytest.mark.parametrize(
    "url",
    [
        "s3://geocrop-models/bundles/x/baseline.tif",
        "s3://geocrop-baselines/uploads/2020/x.tif",
        "s3://geocrop-baselines/2020/../2020/0000000000000000/baseline.tif",
        "s3://other-bucket/2020/0000000000000000/baseline.tif",
        "/vsis3/geocrop-baselines/2020/0000000000000000/baseline.tif",
        "s3://geocrop-results/composites/a--2023-2024/0000000000000000/composite.tif",
        "file:///etc/passwd",
        "http://127.0.0.1:1/2020/0000000000000000/baseline.tif",
    ],
)
def test_other_objects_and_places_are_refused(site: Site, url: str) -> None:
    answer = site.client.get("/tiles/info", params={"url": url})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign-url")


def test_an_object_that_is_gone_is_404(site: Site) -> None:
    url = "s3://geocrop-baselines/2020/0000000000000000/baseline.tif"
    answer = site.client.get("/tiles/info", params={"url": url})
    assert (answer.status_code, answer.json()["code"]) == (404, "object-not-found")
