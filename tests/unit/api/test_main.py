"""The app put together: it starts on an empty home, stays light, and lets in the pages that it is told to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from api.services import Services
from resources.settings import Settings

#: What would cost the API seconds and much of its memory, or tie it to Dagster. MLflow's client names the champion.
PROGRAM = """
import sys, pathlib
from fastapi.testclient import TestClient
from api.main import create_app
from resources.settings import Settings
with TestClient(create_app(Settings(home=pathlib.Path(sys.argv[1])))) as client:
    assert client.get("/readyz").status_code == 200
    assert client.get("/status").json()["state"] == "degraded"
    assert client.get("/metrics").status_code == 200
    assert client.get("/openapi.json").status_code == 200
heavy = {"dagster", "xgboost", "lightgbm", "catboost", "geopandas", "numba", "xarray"}
print(sorted(heavy & set(sys.modules)))
"""


def test_it_starts_on_an_empty_home_without_servers_and_without_what_is_heavy(tmp_path: Path) -> None:
    warnings = [
        "-W",
        "error",
        "-W",
        "ignore:The ``noload`` loader strategy is deprecated",
    ]  # MLflow's own, as in pyproject
    words = [sys.executable, *warnings, "-c", PROGRAM, str(tmp_path / "home")]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("origin", ["https://maps.example", "https://evil.example"])
def test_only_pages_of_the_allowed_origins_may_call(services: Services, origin: str) -> None:
    services.settings = services.settings.model_copy(update={"allowed_origins": ("https://maps.example",)})
    allowed = origin if "maps" in origin else None
    with TestClient(create_app(services=services, background=False)) as client:
        for answer in (
            client.get("/healthz", headers={"Origin": origin}),
            client.get("/x", headers={"Origin": origin}),
        ):
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        assert client.options("/predictions", headers=asked).status_code == (200 if allowed else 400)
        assert (
            client.post("/aois", content=b"[" * 99, headers={"Origin": origin}).headers.get(
                "Access-Control-Allow-Origin"
            )
            == allowed
        )


def test_no_page_of_another_origin_may_call_unless_told(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_browsers_are_told_to_stay_on_https_where_the_public_address_is(services: Services) -> None:
    def answered(url: str | None) -> str | None:
        services.settings = services.settings.model_copy(update={"public_url": url})
        with TestClient(create_app(services=services, background=False)) as client:
            return client.get("/healthz").headers.get("Strict-Transport-Security")

    assert answered("https://maps.example") is not None
    assert answered(None) is None


def test_links_go_by_the_public_address(services: Services) -> None:
    services.settings = services.settings.model_copy(update={"public_url": "https://maps.example/api/"})
    with TestClient(create_app(services=services, background=False)) as client:
        shown = client.get("/stac", headers={"Host": "evil.example"}).text
    assert "https://maps.example/api/stac" in shown
    assert "evil.example" not in shown


def test_settings_are_read_when_the_app_is_made_not_at_import(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GEOCROP_HOME", str(tmp_path))
    read = create_app().state.settings
    assert read.jwt_secret is not None, "made once, in the home"
    assert read == Settings(home=tmp_path, jwt_secret=read.jwt_secret)
