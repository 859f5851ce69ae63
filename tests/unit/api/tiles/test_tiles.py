"""Tiles show the classes of a published raster in their colours, and nothing but published rasters."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import numpy as np
import pytest
import rasterio
from morecantile import Tile, tms
from PIL import Image
from rasterio.warp import transform

from api import rendering, tiling
from api.security import secret_of, sign_link
from imagery.dynamic_world import DYNAMIC_WORLD
from imagery.legend import color_table
from resources.layout import BASELINES, RESULTS
from resources.object_store import S3Store

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

BASE = "http://testserver"
GRID = tms.get("WebMercatorQuad")
PIXELS = 256
Site = Any


def tilejson_of(site: Site, bucket: str, key: str) -> str:
    return tiling.tilejson_url(site.services, BASE, bucket, key)


def picture(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def expected(path: str, tile: Tile, colors: dict[int, tuple[int, int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the colours of a tile's pixels by the COG itself, and where no class begins within a pixel around.

    A tile's pixel centre is looked up in the raster by its own way; at the edge of a class the two may round apart.
    """
    bounds = GRID.xy_bounds(tile)
    step = (bounds.right - bounds.left) / PIXELS
    xs = bounds.left + (np.arange(PIXELS) + 0.5) * step
    ys = bounds.top - (np.arange(PIXELS) + 0.5) * step
    grid_x, grid_y = np.meshgrid(xs, ys)
    with rasterio.open(path) as cog:
        classes, nodata = cog.read(1), int(cog.nodata)
        east, north = transform("EPSG:3857", cog.crs, grid_x.ravel(), grid_y.ravel())
        cols, rows = ~cog.transform * (np.asarray(east), np.asarray(north))
    rows, cols = (np.floor(np.asarray(one)).astype(int).reshape(PIXELS, PIXELS) for one in (rows, cols))
    height, width = classes.shape
    inside = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    values = np.full((PIXELS, PIXELS), nodata)
    values[inside] = classes[rows[inside], cols[inside]]
    table = np.zeros((256, 4), np.uint8)
    for code, color in colors.items():
        table[code] = color
    padded = np.pad(values, 1, mode="edge")
    around = [padded[1 + y : 1 + y + PIXELS, 1 + x : 1 + x + PIXELS] for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return table[values], np.all([one == values for one in around], axis=0)


@pytest.mark.parametrize("bucket", [BASELINES, RESULTS])
def test_a_tile_has_the_colours_of_the_rasters_classes_pixel_by_pixel(
    site: Site, client: TestClient, bucket: str
) -> None:
    key = site.baseline_key if bucket == BASELINES else site.map_key
    tilejson = client.get(tilejson_of(site, bucket, key)).json()
    lon, lat, _ = tilejson["center"]
    tile = GRID.tile(lon, lat, tilejson["maxzoom"])
    address = tilejson["tiles"][0].format(z=tile.z, x=tile.x, y=tile.y)
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    legend = DYNAMIC_WORLD if bucket == BASELINES else tuple(site.services.rules.load_classes())
    path = site.services.store.gdal_path(bucket, key)
    colors, sure = expected(path, tile, dict(color_table(legend)))
    found = picture(answer.content)
    assert sure.mean() > 0.5
    visible = colors[..., 3] > 0
    assert visible[sure].any()
    np.testing.assert_array_equal(found[..., 3][sure], colors[..., 3][sure])
    np.testing.assert_array_equal(found[sure & visible], colors[sure & visible])


def test_nodata_is_transparent(site: Site, client: TestClient) -> None:
    query = tilejson_of(site, RESULTS, site.map_key).partition("?")[2]
    found = picture(client.get(f"{BASE}/tiles/preview.png?{query}").content)
    np.testing.assert_array_equal(found[..., 3] == 0, site.bands[0] == 0)


def test_other_bands_have_a_ramp_and_a_baseline_has_none_of_them(site: Site, client: TestClient) -> None:
    query = tilejson_of(site, RESULTS, site.map_key).partition("?")[2]
    shown = picture(client.get(f"{BASE}/tiles/preview.png?{query}&bidx=2").content)
    assert len(np.unique(shown[shown[..., 3] > 0], axis=0)) == 1  # confidence is 87 everywhere
    query = tilejson_of(site, BASELINES, site.baseline_key).partition("?")[2]
    refused = client.get(f"{BASE}/tiles/preview.png?{query}&bidx=2")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid-request")


def test_a_point_tells_class_and_confidence(site: Site, client: TestClient) -> None:
    query = tilejson_of(site, RESULTS, site.map_key).partition("?")[2]
    path = site.services.store.gdal_path(RESULTS, site.map_key)
    with rasterio.open(path) as cog:
        east, north = cog.xy(105, 65)
        (lon,), (lat,) = transform(cog.crs, "EPSG:4326", [east], [north])
    told = client.get(f"{BASE}/tiles/point/{lon},{lat}?{query}").json()
    code = int(site.bands[0, 105, 65])
    assert told["values"] == {"class": code, "confidence": 87, "clear_observations": 12}
    assert told["class"]["code"] == code


def test_tilejson_tells_bounds_legend_and_whom_to_thank(site: Site, client: TestClient) -> None:
    told = client.get(tilejson_of(site, BASELINES, site.baseline_key)).json()
    west, south, east, north = told["bounds"]
    assert 31.0 < west < east < 31.4
    assert -18.1 < south < north < -17.7
    assert told["minzoom"] < told["maxzoom"] <= 24
    assert [entry["code"] for entry in told["classes"]] == list(range(9))
    assert "Dynamic World" in told["attribution"]
    assert "token=" not in told["tiles"][0]


def test_links_begin_with_the_public_address(site: Site, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    public = site.services.settings.model_copy(update={"public_url": "https://maps.example/geocrop/"})
    monkeypatch.setattr(site.services, "settings", public)
    query = tilejson_of(site, RESULTS, site.map_key).partition("?")[2]
    told = client.get(f"/tiles/WebMercatorQuad/tilejson.json?{query}").json()
    assert told["tiles"][0].startswith("https://maps.example/geocrop/tiles/WebMercatorQuad/{z}/{x}/{y}.png?url=file:")


def test_tiles_are_kept_for_ever_and_signed_ones_by_the_browser_alone(site: Site, client: TestClient) -> None:
    kept = {}
    for bucket, key in ((BASELINES, site.baseline_key), (RESULTS, site.map_key)):
        query = tilejson_of(site, bucket, key).partition("?")[2]
        kept[bucket] = client.get(f"{BASE}/tiles/preview.png?{query}").headers["cache-control"]
    assert kept[BASELINES] == "public, max-age=31536000, immutable"
    assert kept[RESULTS].startswith("private, ")


def test_outside_the_raster_is_404(site: Site, client: TestClient) -> None:
    query = tilejson_of(site, BASELINES, site.baseline_key).partition("?")[2]
    for path in ("/tiles/WebMercatorQuad/5/0/0.png", "/tiles/WebMercatorQuad/3/9000/0.png", "/tiles/point/0,0"):
        answer = client.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (404, "outside-bounds"), path
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_object_that_is_gone_is_404(site: Site, client: TestClient) -> None:
    gone = site.baseline_key.replace("baseline.tif", "other.tif")
    answer = client.get(f"/tiles/info?{urlencode({'url': site.services.store.uri(BASELINES, gone)})}")
    assert (answer.status_code, answer.json()["code"]) == (404, "object-not-found")


def test_an_object_that_is_no_geotiff_is_told_and_opens_nothing_else(site: Site, client: TestClient) -> None:
    disguised = b'<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="Byte" band="1">'
    disguised += b"<SimpleSource><SourceFilename>/vsicurl/http://127.0.0.1:1/x.tif</SourceFilename></SimpleSource>"
    disguised += b"</VRTRasterBand></VRTDataset>"
    site.services.store.put(BASELINES, "2019/00000000/baseline.tif", disguised)
    url = site.services.store.uri(BASELINES, "2019/00000000/baseline.tif")
    answer = client.get("/tiles/info", params={"url": url})
    assert (answer.status_code, answer.json()["code"]) == (500, "unreadable-raster")


STRANGERS = (
    "http://169.254.169.254/latest/meta-data/x.tif",
    "https://example.com/x.tif",
    "ftp://example.com/x.tif",
    "//example.com/x.tif",
    "/etc/passwd",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "/vsicurl/http://127.0.0.1/x.tif",
    "/vsis3/geocrop-baselines/2020/00000000/baseline.tif",
    "/vsizip//vsicurl/http://127.0.0.1/x.zip/x.tif",
    "s3://geocrop-models/bundles/x.tif",
    "s3://geocrop-baselines/2020/00000000/baseline.tif",
    "",
    "\x00",
    "GTIFF_DIR:1:/etc/passwd",
    '<VRTDataset rasterXSize="1" rasterYSize="1"/>',
)


@pytest.mark.parametrize("url", STRANGERS)
def test_strangers_are_refused(client: TestClient, url: str) -> None:
    answer = client.get("/tiles/info", params={"url": url})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign-url")


DETOURS = (
    lambda good: good.replace("/2020/", "/2019/../2020/"),
    lambda good: good.replace("/2020/", "/./2020/"),
    lambda good: good.replace("/2020/", "//2020/"),
    lambda good: good.replace("/2020/", "/%32020/"),
    lambda good: good.replace("/2020/", "/%2e%2e/2020/"),
    lambda good: good.replace("baseline.tif", "baseline%2Etif"),
    lambda good: good.replace("file://", "FILE://"),
    lambda good: good.replace("file://", "file:"),
    lambda good: good.replace("file:///", "file://127.0.0.1/"),
    lambda good: good.replace("file://", ""),
    lambda good: f"/vsifile/{good}",
    lambda good: f"{good}?x=1",
    lambda good: f"{good}#x",
    lambda good: f"{good}\n",
    lambda good: f" {good}",
    quote,
    lambda good: good.replace("geocrop-baselines/2020", "geocrop-baselines/uploads/2020"),
    lambda good: good.replace("baseline.tif", "item.json"),
    lambda good: good.replace("geocrop-baselines", "geocrop-results"),
    lambda good: good.replace("geocrop-baselines", "geocrop-datasets"),
    lambda good: good.replace("geocrop-baselines/2020", "geocrop-results/composites/2020"),
    lambda good: good.replace("2020", "٢٠٢٠"),
)


@pytest.mark.parametrize("detour", range(len(DETOURS)))
def test_a_raster_has_one_address_and_no_detours(site: Site, client: TestClient, detour: int) -> None:
    url = DETOURS[detour](site.services.store.uri(BASELINES, site.baseline_key))
    answer = client.get("/tiles/info", params={"url": url})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign-url"), url


def test_a_result_needs_a_link_that_was_signed_for_it(site: Site, client: TestClient) -> None:
    secret = secret_of(site.services.settings)
    url = site.services.store.uri(RESULTS, site.map_key)
    mine = f"{RESULTS}/{site.map_key}"
    tokens = {
        "none": None,
        "empty": "",
        "words": "open sesame",
        "other object": sign_link(f"{RESULTS}/{site.other_key}", timedelta(hours=1), secret),
        "other key": sign_link(mine, timedelta(hours=1), "x" * 40),
        "expired": sign_link(mine, timedelta(hours=-1), secret),
    }
    for case, token in tokens.items():
        answer = client.get("/tiles/info", params={"url": url} | ({} if token is None else {"token": token}))
        assert (answer.status_code, answer.json()["code"]) == (403, "link-refused"), case
    good = sign_link(mine, timedelta(hours=1), secret)
    assert client.get("/tiles/info", params={"url": url, "token": good}).status_code == 200


TOO_MUCH = (
    "/tiles/WebMercatorQuad/25/0/0.png",
    "/tiles/WebMercatorQuad/1000000000/0/0.png",
    "/tiles/WebMercatorQuad/3/-1/0.png",
    f"/tiles/WebMercatorQuad/3/{10**400}/0.png",
    "/tiles/WebMercatorQuad/3/0/0.tif",
    "/tiles/WebMercatorQuad/3/0/0.png?tilesize=100000",
    "/tiles/WebMercatorQuad/3/0/0.png?tilesize=257",
    "/tiles/WebMercatorQuad/3/0/0.png?bidx=4",
    "/tiles/preview.png?max_size=100000",
    "/tiles/preview.jp2",
    "/tiles/point/nan,0",
    "/tiles/point/500,0",
)


@pytest.mark.parametrize("path", TOO_MUCH)
def test_sizes_and_places_are_bounded(site: Site, client: TestClient, path: str) -> None:
    query = tilejson_of(site, BASELINES, site.baseline_key).partition("?")[2]
    answer = client.get(f"{path}{'&' if '?' in path else '?'}{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


def test_titilers_other_routes_and_parameters_are_not_there(site: Site, client: TestClient) -> None:
    query = tilejson_of(site, BASELINES, site.baseline_key).partition("?")[2]
    for path in ("/tiles/statistics", "/tiles/bbox/30,-18,31,-17.tif", "/tiles/WebMercatorQuad/map.html"):
        assert client.get(f"{path}?{query}").status_code == 404, path
    plain = client.get(f"/tiles/preview.png?{query}").content
    odd = urlencode({"expression": "b1**b1", "algorithm": "hillshade", "rescale": "0,1", "dst_crs": "EPSG:4326"})
    assert client.get(f"/tiles/preview.png?{query}&{odd}").content == plain


def test_more_than_may_wait_are_told_to_come_again(
    site: Site, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "WAITING", 0)
    query = tilejson_of(site, BASELINES, site.baseline_key).partition("?")[2]
    answer = client.get(f"/tiles/info?{query}")
    assert (answer.status_code, answer.json()["code"]) == (503, "tiles-busy")
    assert int(answer.headers["retry-after"]) > 0


def test_a_separate_titiler_gets_the_raster_and_its_colours(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    apart = site.services.settings.model_copy(update={"titiler_url": "https://tiles.example/"})
    monkeypatch.setattr(site.services, "settings", apart)
    address = tilejson_of(site, BASELINES, site.baseline_key)
    assert address.startswith("https://tiles.example/cog/WebMercatorQuad/tilejson.json?url=file:///")
    asked = parse_qs(urlsplit(address).query)
    assert json.loads(asked["colormap"][0]) == {str(entry.code): entry.color for entry in DYNAMIC_WORLD}
    assert (asked["bidx"], asked["resampling"]) == (["1"], ["nearest"])


def test_every_year_has_an_address_or_none(site: Site) -> None:
    links = tiling.baseline_tilejson(site.services, BASE)
    assert list(links) == list(range(2015, 2026))
    assert [year for year, link in links.items() if link] == [2020, 2021]


def test_no_more_rasters_are_read_at_a_time_than_stated() -> None:
    lock, reading, most = threading.Lock(), 0, 0

    def read() -> None:
        nonlocal reading, most
        with lock:
            reading += 1
            most = max(most, reading)
        started.wait(0.01)
        with lock:
            reading -= 1

    async def ask() -> None:
        await asyncio.gather(*(rendering.run(read) for _ in range(40)))

    started = threading.Event()
    asyncio.run(ask())
    assert 1 <= most <= rendering.RENDERS


def test_a_store_that_does_not_answer_is_503(site: Site, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = S3Store("127.0.0.1:1", "key", "secret-key", secure=False)
    monkeypatch.setattr(site.services, "store", gone)
    answer = client.get("/tiles/info", params={"url": gone.uri(BASELINES, site.baseline_key)})
    assert (answer.status_code, answer.json()["code"]) == (503, "store-unavailable")
