"""One pixel of a map, through the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from fastapi.testclient import TestClient
from odc.geo.geobox import GeoBox

from api.db import jobs
from api.db.tables import Job, Prediction
from api.services import Services
from demo.published import CRS, NORTH, PIXEL_M, WEST, publish_map
from imagery.aoi import Aoi, LonLatBox, partition_key
from imagery.composite import Composite
from imagery.composite_file import write_composite
from imagery.lattice import transformer
from imagery.recipe import load_recipe
from resources.layout import RESULTS, composite_prefix
from resources.publish import publish_files

Login = Callable[..., dict[str, str]]
Ask = Callable[..., Any]
SEASON = "2023-2024"
BOX = [31.12, -17.83, 31.13, -17.82]
RECIPE = load_recipe("s2-season")
SIDE = 40  # pixels of the map's side
MAIZE = 1


@pytest.fixture
def prediction(services: Services, client: TestClient, login: Login, registry: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return alice's prediction, whose map is all maize but for a corner that was never seen."""
    registry.add(1, champion=True)
    asked = {"aoi": {"bbox": BOX}, "season": SEASON}
    told: dict[str, Any] = client.post("/predictions", json=asked, headers=login("recruiter", "alice")).json()
    bands = np.full((3, SIDE, SIDE), [[[MAIZE]], [[87]], [[23]]], np.uint8)
    bands[:, 0, 0] = 0
    legend = tuple(services.rules.load_classes())
    pointer = publish_map(services.store, Aoi.from_bbox(LonLatBox(*BOX)), SEASON, bands, legend)
    with services.database.write() as session:
        session.get_one(Job, told["job_id"]).run_id = "run-1"
        jobs.mark_ready(session, told["job_id"], pointer)
    return told


def add_composite(services: Services, folder: Path, recipe: str = RECIPE.id) -> None:
    values = np.full((len(RECIPE.bands), len(RECIPE.steps), SIDE, SIDE), 1_000, np.uint16)
    values[RECIPE.bands.index("nir")] = 3_000
    grid = GeoBox((SIDE, SIDE), Affine(PIXEL_M, 0, WEST, 0, -PIXEL_M, NORTH), CRS)
    composite = Composite(values, np.full((SIDE, SIDE), 23, np.uint16), grid, ())
    write_composite(folder / "composite.tif", [composite], RECIPE, SEASON, grid)
    prefix = composite_prefix(partition_key(Aoi.from_bbox(LonLatBox(*BOX)).id, SEASON))
    publish_files(services.store, RESULTS, prefix, {"composite.tif": folder / "composite.tif"}, {"recipe": recipe})


def place(row: int, column: int) -> dict[str, float]:
    x, y = WEST + (column + 0.5) * PIXEL_M, NORTH - (row + 0.5) * PIXEL_M
    lon, lat = transformer(CRS, "EPSG:4326").transform(x, y)
    return {"lon": float(lon), "lat": float(lat)}


@pytest.fixture
def ask(client: TestClient, login: Login, prediction: dict[str, Any]) -> Ask:
    def do(row: int, column: int, name: str = "alice", role: str = "recruiter") -> Any:  # noqa: ANN401
        address = f"/predictions/{prediction['id']}/pixel"
        return client.get(address, params=place(row, column), headers=login(role, name))

    return do


def test_a_pixel_tells_its_class_and_its_course_beside_its_classs(ask: Ask, services: Services, tmp_path: Path) -> None:
    add_composite(services, tmp_path)
    told = ask(20, 20).json()
    assert (told["class"]["name"], told["confidence"], told["clear_observations"]) == ("maize", 87, 23)
    curve = told["curve"]
    assert (curve["layer"], curve["steps"]) == ("ndvi", list(RECIPE.steps))
    assert curve["values"] == [0.5] * 12
    assert all(curve["observed"])
    assert curve["typical"]["mean"] == curve["typical"]["low"] == [0.5] * 12
    assert curve["typical"]["pixels"] >= 100


def test_a_pixel_without_a_class_has_nulls_and_no_typical_curve(ask: Ask, services: Services, tmp_path: Path) -> None:
    add_composite(services, tmp_path)
    told = ask(0, 0).json()
    assert (told["class"], told["confidence"], told["clear_observations"]) == (None, None, None)
    assert told["curve"]["typical"] is None


def test_without_a_composite_the_answer_says_why_there_is_no_curve(ask: Ask) -> None:
    told = ask(20, 20).json()
    assert told["class"]["name"] == "maize"
    assert told["curve"] is None
    assert "not kept" in told["curve_reason"]


def test_a_composite_of_another_recipe_gives_no_curve(ask: Ask, services: Services, tmp_path: Path) -> None:
    add_composite(services, tmp_path, recipe="geomad-semiannual@1")
    told = ask(20, 20).json()
    assert told["curve"] is None
    assert told["curve_reason"] == "the recipe has changed since this map was made", "and no path of a file"


def test_a_composite_that_is_no_file_any_more_gives_no_curve(ask: Ask, services: Services, tmp_path: Path) -> None:
    add_composite(services, tmp_path)
    for one in services.store.list(RESULTS, "composites/"):
        if one.key.endswith(".tif"):
            services.store.delete(RESULTS, one.key)
    told = ask(20, 20).json()
    assert (told["class"]["name"], told["curve"]) == ("maize", None)
    assert told["curve_reason"] == "the composite of this map cannot be read"


def test_outside_the_map_there_is_no_pixel(ask: Ask) -> None:
    answer = ask(SIDE + 5, 0)
    assert (answer.status_code, answer.json()["code"]) == (404, "outside-bounds")


def test_a_pixel_of_somebody_elses_map_is_not_there(ask: Ask) -> None:
    assert ask(20, 20, name="mallory").status_code == 404
    assert ask(20, 20, name="root", role="admin").status_code == 200


def test_a_prediction_in_flight_has_no_pixels_yet(
    client: TestClient, login: Login, services: Services, prediction: dict[str, Any], ask: Ask
) -> None:
    with services.database.write() as session:
        session.get_one(Job, session.get_one(Prediction, prediction["id"]).job_id).state = "running"
    answer = ask(20, 20)
    assert (answer.status_code, answer.json()["detail"]) == (404, "This prediction has no map yet.")
