"""The web map in a real browser on the real stack: from the first look to the downloaded map."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from imagery.aoi import Aoi

if TYPE_CHECKING:
    from demo import Landscape

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

#: Of a baseline's picture that is a landscape: so many classes at least.
SOME_CLASSES = 4
ASSETS = Path(__file__).parents[2] / "web" / "dist" / "assets"
#: Gzipped, of all that is loaded before the chunk of the map.
BUDGET_BYTES = 350 * 1024
REPORT = Path(__file__).parents[2] / "build" / "web-visit"


class Stack(Protocol):
    """What the fixture `web_stack` gives."""

    address: str
    land: Landscape

    def visit(self, script: str, folder: Path, **told: str) -> dict[str, Any]: ...


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the visit's pictures and downloads."""
    return tmp_path_factory.mktemp("visit")


@pytest.fixture(scope="module")
def report(web_stack: Stack, folder: Path) -> dict[str, Any]:
    """Return what a recruiter's first visit found, told once; it is kept in `build/web-visit`, with pictures."""
    import geopandas as gpd

    shapefile = folder / "fields.zip"
    gpd.read_file(web_stack.land.aoi)[["geometry"]].to_crs("EPSG:32736").to_file(folder / "fields.shp")
    with zipfile.ZipFile(shapefile, "w") as archive:
        for part in folder.glob("fields.[sdp]*"):
            archive.write(part, part.name)
    report = web_stack.visit("visit", folder, NAME="visitor", SHAPEFILE=str(shapefile))
    shutil.copytree(folder, REPORT, dirs_exist_ok=True)
    return report


def test_a_visitor_sees_a_baseline_then_the_map_of_an_area(report: dict[str, Any]) -> None:
    assert report["baselineColours"] >= SOME_CLASSES
    assert report["mapColours"] >= SOME_CLASSES
    assert set(report["milliseconds"]) == {"baseline", "baselineOfAoi", "map"}
    assert report["milliseconds"]["baselineOfAoi"] <= report["milliseconds"]["map"]
    assert "/maps/" in report["address"]


def test_years_and_the_line_between_two_are_moved_by_keys(report: dict[str, Any]) -> None:
    assert (report["firstYear"], report["lastYear"]) == ("2016", "2024")
    assert report["swipeMoved"] > 0


def test_a_pixel_tells_its_class_and_its_season(report: dict[str, Any]) -> None:
    for word in ("Class", "Confidence", "Clear views", "NDVI over the season", "this pixel"):
        assert word in report["pixel"]


def test_a_zipped_shapefile_in_metres_is_an_area_like_any_other(report: dict[str, Any], web_stack: Stack) -> None:
    assert report["uploaded"]["name"] == "fields"
    hectares = float(report["uploaded"]["size"].split(" ha")[0].replace(",", ""))
    assert hectares == pytest.approx(Aoi.from_file(web_stack.land.aoi).area_ha, rel=0.01)


def test_what_comes_before_the_map_is_small(report: dict[str, Any]) -> None:
    before = [name for name in report["bytes"] if not name.startswith("MapPage")]
    assert 0 < len(before) < len(report["bytes"])
    sizes = {name: len(gzip.compress((ASSETS / name).read_bytes())) for name in before}
    assert sum(sizes.values()) < BUDGET_BYTES, sizes


def test_nothing_leaves_the_site_and_nothing_fails(report: dict[str, Any]) -> None:
    assert report["seen"] == {"elsewhere": [], "errors": []}


def test_no_page_keeps_anybody_out(report: dict[str, Any]) -> None:
    assert set(report["barriers"]) == {"first", "swipe", "login", "map", "compare", "mine", "phone", "phoneMap"}
    assert not [line for lines in report["barriers"].values() for line in lines]
    assert not report["widerThanThePhone"]


def test_at_the_limit_of_five_the_page_says_so(report: dict[str, Any]) -> None:
    assert report["quota"] == {"limit": 5, "started": 5, "left": 0}
    assert not report["buttonAtTheLimit"]


def test_the_downloaded_map_is_a_valid_cog_that_agrees_with_its_table(report: dict[str, Any], folder: Path) -> None:
    import rasterio
    from rio_cogeo.cogeo import cog_validate

    assert report["done"]
    is_valid, errors, _ = cog_validate(folder / "map.tif", quiet=True)
    assert is_valid, errors
    with rasterio.open(folder / "map.tif") as cog:
        assert cog.descriptions == ("class", "confidence", "clear_observations")
        mapped = int((cog.read(1) != 0).sum())
    with (folder / "areas.csv").open(encoding="utf-8", newline="") as text:
        hectares = sum(float(row["hectares"]) for row in csv.DictReader(text))
    assert mapped * 0.01 == pytest.approx(hectares, rel=2e-3), "UTM's scale makes a pixel a little less than 100 m2"
    summary = json.loads((folder / "summary.geojson").read_text())
    assert summary["properties"]["hectares_mapped"] == pytest.approx(hectares, rel=1e-3)
    assert (summary["geometry"]["type"], summary["properties"]["name"]) == ("Polygon", "River fields")


def test_the_picture_is_a_picture(report: dict[str, Any], folder: Path) -> None:
    from PIL import Image

    assert report["done"]
    with Image.open(folder / "picture.png") as picture:
        assert picture.width >= 1_000
        assert len(picture.convert("P", palette=Image.Palette.ADAPTIVE).getcolors() or ()) > SOME_CLASSES
