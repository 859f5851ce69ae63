"""STAC items: complete, readable by pystac, and pointing at what a map was made from."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine

from imagery.aoi import ZIMBABWE, Aoi, LonLatBox, partition_key
from imagery.cog import MAP_BANDS, MAP_UNITS, write_cog
from imagery.legend import LegendEntry
from imagery.map_facts import MapFacts
from imagery.pam import sidecar_path
from imagery.stac import Lineage, SceneLink, baseline_item, crop_map_item, software_versions
from imagery.stac_collections import baselines_collection, crop_maps_collection, item_links

LEGEND = (
    LegendEntry(5, "winter wheat", "Winter wheat", "#ffe119"),
    LegendEntry(33, "water", "Water", "#4060ff"),
)
AOI = Aoi.from_bbox(LonLatBox(31.0, -17.8, 31.01, -17.79))
FACTS = MapFacts({5: 100, 33: 50}, {5: 80.0, 33: 95.0}, 160, 150, 0.01, 12.0, 1, 31, 0.9)
CREATED = datetime(2024, 9, 3, 12, 0, tzinfo=UTC)
LINEAGE = Lineage(
    model_version="7",
    model_hash="ab" * 32,
    dataset_version="2024-wet",
    recipe="s2-season@1",
    scenes=(SceneLink("S2A_1", "https://stac.example/S2A_1"), SceneLink("S2B_2")),
    software={"geocrop": "0.1.0"},
    created=CREATED,
    extra={"geocrop:simulated": True},
)


def written(folder: Path, crs: str = "EPSG:32736", bands: int = 3) -> dict[str, Path]:
    classes = np.full((bands, 40, 50), 5, dtype="uint8")
    profile = {"driver": "GTiff", "dtype": "uint8", "count": bands, "height": 40, "width": 50, "nodata": 0, "crs": crs}
    with rasterio.open(
        folder / "plain.tif", "w", transform=Affine(10, 0, 3e5, 0, -10, 8e6), photometric="MINISBLACK", **profile
    ) as plain:
        plain.write(classes)
        plain.descriptions, plain.units = MAP_BANDS[:bands], MAP_UNITS[:bands]
    write_cog(folder / "plain.tif", folder / "map.tif", LEGEND)
    (folder / "thumb.png").write_bytes(b"png")
    return {"data": folder / "map.tif", "sidecar": sidecar_path(folder / "map.tif"), "thumbnail": folder / "thumb.png"}


@pytest.fixture
def item(tmp_path: Path) -> dict[str, Any]:
    span = (date(2023, 9, 1), date(2024, 8, 31))
    return crop_map_item(AOI, "2023-2024", span, written(tmp_path), facts=FACTS, legend=LEGEND, lineage=LINEAGE)


def test_an_item_survives_pystac_and_json_without_change(item: dict[str, Any]) -> None:
    again = pystac.Item.from_dict(json.loads(json.dumps(item)), preserve_dict=True)
    back = again.to_dict(include_self_link=False, transform_hrefs=False)
    for key in ("id", "collection", "geometry", "bbox", "properties", "assets", "stac_version"):
        assert back[key] == item[key], key
    assert set(back["stac_extensions"]) == set(item["stac_extensions"])


def test_an_item_says_when_where_and_what_it_was_made_from(item: dict[str, Any]) -> None:
    properties = item["properties"]
    assert item["id"] == partition_key(AOI.id, "2023-2024")
    assert (properties["datetime"], properties["created"]) == (None, "2024-09-03T12:00:00Z")
    assert (properties["start_datetime"], properties["end_datetime"]) == (
        "2023-09-01T00:00:00Z",
        "2024-08-31T23:59:59Z",
    )
    assert item["geometry"] == AOI.to_geojson()
    assert {
        key: properties[f"geocrop:{key}"] for key in ("model_version", "dataset_version", "recipe", "simulated")
    } == {
        "model_version": "7",
        "dataset_version": "2024-wet",
        "recipe": "s2-season@1",
        "simulated": True,
    }
    derived = [(link["href"], link["title"]) for link in item["links"] if link["rel"] == "derived_from"]
    assert derived == [("https://stac.example/S2A_1", "S2A_1"), ("urn:stac:item:S2B_2", "S2B_2")]
    assert properties["processing:software"] == {"geocrop": "0.1.0"}


def test_an_item_describes_the_pixels(item: dict[str, Any], tmp_path: Path) -> None:
    assert item["properties"]["proj:code"] == "EPSG:32736"
    assert item["properties"]["proj:shape"] == [40, 50]
    assert item["properties"]["proj:transform"] == [10, 0, 300_000, 0, -10, 8_000_000]
    data = item["assets"]["data"]
    assert [band["name"] for band in data["bands"]] == list(MAP_BANDS)
    assert [band["unit"] for band in data["bands"]] == list(MAP_UNITS)
    assert data["bands"][0]["classification:classes"][0] == {
        "value": 5,
        "name": "winter-wheat",
        "title": "Winter wheat",
        "color_hint": "FFE119",
        "count": 100,
    }
    assert data["bands"][0]["statistics"]["mean"] == 5
    assert data["file:checksum"] == "1220" + hashlib.sha256((tmp_path / "map.tif").read_bytes()).hexdigest()
    assert data["file:size"] == (tmp_path / "map.tif").stat().st_size
    assert item["assets"]["sidecar"]["href"] == "./map.tif.aux.xml"


def test_a_projection_without_a_code_is_written_in_full(tmp_path: Path) -> None:
    files = written(tmp_path, "+proj=aea +lat_1=-18 +lat_2=-32 +lat_0=0 +lon_0=25 +datum=WGS84 +units=m")
    span = (date(2023, 9, 1), date(2024, 8, 31))
    item = crop_map_item(AOI, "2023-2024", span, files, facts=FACTS, legend=LEGEND, lineage=LINEAGE)
    assert item["properties"]["proj:code"] is None
    assert item["properties"]["proj:wkt2"].startswith("PROJCRS[")


def test_a_baseline_has_its_year_its_licence_and_its_outline(tmp_path: Path) -> None:
    files = written(tmp_path, bands=1)
    item = baseline_item(2021, files, LEGEND, {5: 2000}, created=CREATED, software={}, sources=("dw_2021.tif",))
    assert pystac.Item.from_dict(item).get_datetime() is None
    assert item["id"] == "dynamic-world-2021"
    assert item["properties"]["end_datetime"] == "2021-12-31T23:59:59Z"
    assert item["properties"]["license"] == "CC-BY-4.0"
    assert item["properties"]["geocrop:sources"] == ["dw_2021.tif"]
    west, south, east, north = item["bbox"]
    assert 31.0 < west < east < 31.2
    assert -18.1 < south < north < -18.0


def test_collections_are_read_by_pystac(tmp_path: Path) -> None:
    for made in (crop_maps_collection(LEGEND), baselines_collection(LEGEND)):
        made["links"] = item_links(["a1--2023-2024"])
        collection = pystac.Collection.from_dict(made)
        assert collection.extent.spatial.bboxes == [list(ZIMBABWE)]
        assert [link.rel for link in collection.links if link.rel == "item"] == ["item"]


def test_software_versions_name_gdal_and_geocrop() -> None:
    versions = software_versions()
    assert {"geocrop", "GDAL", "rasterio"} <= set(versions)
    assert all(versions.values())
