"""The built page beside the API: which addresses are pages, what the page is told, and that its types are fresh."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from api.main import create_app
from api.routes.web import BASE_TAG, CONFIG_TAG, WebPage
from resources.settings import Settings

WEB = Path(__file__).parents[3] / "web"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MakeClient = Callable[..., TestClient]


def openapi_text() -> str:
    """Return the API's OpenAPI document in one line, its parts in a fixed order."""
    with TemporaryDirectory() as home:
        settings = Settings(home=Path(home), jwt_secret="a secret for the document of the API alone")
        document = create_app(settings, background=False).openapi()
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.fixture
def make_client(tmp_path: Path) -> MakeClient:
    """Return a maker of clients of an API whose built page is a folder of the test's."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(f"<html><head>{BASE_TAG}{CONFIG_TAG}</head></html>")
    (folder / "assets" / "index-a1B2.js").write_text("1")
    (tmp_path / "secret.txt").write_text("not for the web")

    def make(**settings: object) -> TestClient:
        given = {"home": tmp_path, "web_folder": folder, "jwt_secret": "s" * 32} | settings
        return TestClient(create_app(Settings.model_validate(given), background=False))

    return make


def config_of(html: str) -> dict[str, object]:
    found = re.search(r'type="application/json">(.*?)</script>', html)
    assert found
    told: dict[str, object] = json.loads(found[1])
    return told


def test_types_of_the_page_are_made_from_the_api_as_it_is() -> None:
    committed = (WEB / "src" / "api" / "schema.d.ts").read_text(encoding="utf-8")
    assert digest_of(openapi_text()) in committed.splitlines()[0], "run `npm run types` in web/"


def test_the_lock_names_no_download_addresses() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    assert len(lock["packages"]) > 100
    assert not [name for name, one in lock["packages"].items() if "resolved" in one]


def test_placeholders_are_those_of_the_page() -> None:
    html = (WEB / "index.html").read_text(encoding="utf-8")
    assert html.count(BASE_TAG) == html.count(CONFIG_TAG) == 1


@pytest.mark.parametrize("path", ["/", "/maps/abc", "/about", "/about/status", "/admin/datasets"])
def test_a_browser_that_opens_an_address_gets_the_page(path: str, make_client: MakeClient) -> None:
    answer = make_client().get(path, headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["vary"] == "Accept, Authorization"


@pytest.mark.parametrize("headers", [{"Accept": "application/json"}, HTML | {"Authorization": "Bearer wrong"}])
def test_a_client_of_the_api_gets_the_api(headers: dict[str, str], client: TestClient) -> None:
    answer = client.get("/admin/datasets", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/predictions", "/mapsx", "/nothing"])
def test_other_addresses_are_no_pages(path: str, make_client: MakeClient) -> None:
    answer = make_client().get(path, headers=HTML)
    assert answer.headers["content-type"] == "application/problem+json"


def test_assets_are_kept_for_ever_and_nothing_else_of_the_disk_is_served(make_client: MakeClient) -> None:
    client = make_client()
    asset = client.get("/assets/index-a1B2.js")
    assert (asset.text, asset.headers["content-type"].split(";")[0]) == ("1", "text/javascript")
    assert "immutable" in asset.headers["cache-control"]
    for path in ("/assets/../../secret.txt", "/assets/..%2f..%2fsecret.txt", "/assets/gone.js", "/assets/"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("public_url", "base"), [(None, "/"), ("https://maps.example", "/"), ("https://maps.example/new/", "/new/")]
)
def test_the_page_stands_under_the_prefix_of_the_public_address(
    public_url: str | None, base: str, make_client: MakeClient
) -> None:
    assert f'<base href="{base}" />' in make_client(public_url=public_url).get("/maps/a", headers=HTML).text


@pytest.mark.parametrize("season", ["2023-2024", None])
def test_the_page_is_told_the_season_that_a_new_map_begins_with(season: str | None, make_client: MakeClient) -> None:
    told = config_of(make_client(default_season=season).get("/", headers=HTML).text)
    assert told["defaultSeason"] == season


def test_the_page_is_told_its_base_maps_and_may_load_nothing_else(make_client: MakeClient) -> None:
    basemap = {"title": "</script>", "url": "https://{a-c}.tile.example/{z}/{x}/{y}.png", "attribution": "them"}
    answer = make_client(basemaps=json.dumps([basemap])).get("/", headers=HTML)
    assert config_of(answer.text)["basemaps"] == [basemap]
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["img-src"] == "'self' data: blob: https://*.tile.example"
    nothing = make_client().get("/", headers=HTML).headers["content-security-policy"]
    assert "http" not in nothing


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        ({}, "http://dagster.internal:3000"),
        ({"environment_kind": "production"}, None),
        (
            {"environment_kind": "production", "dagster_ui_url": "https://maps.example/dagster"},
            "https://maps.example/dagster",
        ),
    ],
)
def test_an_inner_address_is_not_told_in_production(
    settings: dict[str, str], shown: str | None, make_client: MakeClient
) -> None:
    client = make_client(dagster_url="http://dagster.internal:3000", **settings)
    assert config_of(client.get("/", headers=HTML).text)["dagsterUrl"] == shown


def test_wrong_base_maps_are_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="attribution"):
        WebPage(Settings(basemaps='[{"title": "a", "url": "b"}]'))


def test_without_a_built_page_the_visitor_is_told_how_to_build_it(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(web_folder=tmp_path / "nowhere")
    answer = client.get("/", headers=HTML)
    assert answer.status_code == 200
    assert "make web" in answer.text
    assert client.get("/healthz").json() == {"status": "ok"}, "everything else works"
