"""A COG as GDAL and QGIS look at it: layout, colours, class names, nodata, statistics, overviews by mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.shutil import copy

from imagery.cog import MAP_BANDS, MAP_UNITS, InvalidCogError, legend_tag, validate_cog, write_cog
from imagery.legend import LegendEntry, rgb
from imagery.pam import read_categories, sidecar_path

LEGEND = (
    LegendEntry(1, "maize", "Maize", "#ffe119"),
    LegendEntry(9, "sugarcane", "Sugarcane & <cane>", "#102030"),
    LegendEntry(33, "water", "Water", "#4060ff"),
)


def plain_map(path: Path, size: int = 700, **profile: object) -> np.ndarray:
    """Write a plain map of stripes of maize and water, and return its bands [3, size, size]."""
    bands = np.ones((3, size, size), dtype="uint8")
    bands[0, :, 1::3] = 33
    bands[1] = np.where(bands[0] == 33, 60, 90)
    bands[:, : size // 7] = 0
    settings: dict[str, Any] = {
        "driver": "GTiff",
        "count": 3,
        "dtype": "uint8",
        "height": size,
        "width": size,
        "crs": "EPSG:32736",
        "transform": Affine(10, 0, 300_000, 0, -10, 8_000_000),
        "nodata": 0,
        "photometric": "MINISBLACK",
    }
    with rasterio.open(path, "w", **{**settings, **profile}) as plain:
        plain.write(bands)
        plain.descriptions, plain.units = MAP_BANDS, MAP_UNITS
        plain.update_tags(season="2023-2024")
        plain.update_tags(1, **legend_tag(LEGEND))
    return bands


@pytest.fixture
def cog(tmp_path: Path) -> Path:
    plain_map(tmp_path / "plain.tif")
    assert write_cog(tmp_path / "plain.tif", tmp_path / "map.tif", LEGEND).valid
    return tmp_path / "map.tif"


def test_a_cog_keeps_pixels_bands_units_nodata_and_tags(cog: Path, tmp_path: Path) -> None:
    with rasterio.open(cog) as opened, rasterio.open(tmp_path / "plain.tif") as plain:
        np.testing.assert_array_equal(opened.read(), plain.read())
        assert opened.descriptions == MAP_BANDS
        assert opened.units == MAP_UNITS
        assert opened.nodatavals == (0, 0, 0)
        assert opened.tags()["season"] == "2023-2024"
        assert opened.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert json.loads(opened.tags(1)["CLASSES"])["33"] == {"name": "water", "color": "#4060ff"}


def test_gdal_sees_colours_names_and_attribute_table_on_the_class_band(cog: Path) -> None:
    copy(str(cog), "/vsimem/seen.vrt", driver="VRT")
    with rasterio.open(cog) as opened, rasterio.open("/vsimem/seen.vrt") as seen:
        assert opened.colorinterp[0].name == "palette"
        assert [interp.name for interp in opened.colorinterp[1:]] == ["undefined", "undefined"]
        colors = opened.colormap(1)
        vrt = "".join(seen.tags(ns="xml:VRT").values())
    assert colors[33] == (0x40, 0x60, 0xFF, 255)
    assert colors[0] == (0, 0, 0, 0)
    assert "<Category>Maize</Category>" in vrt
    assert "<Category>Sugarcane &amp; &lt;cane&gt;</Category>" in vrt
    assert '<GDALRasterAttributeTable tableType="thematic">' in vrt


def test_categories_stand_at_their_class_codes(cog: Path) -> None:
    assert read_categories(cog) == {entry.code: entry.title for entry in LEGEND}


def test_statistics_leave_nodata_out(cog: Path, tmp_path: Path) -> None:
    with rasterio.open(cog) as opened, rasterio.open(tmp_path / "plain.tif") as plain:
        confidence = plain.read(2)
        tags = opened.tags(2)
    assert float(tags["STATISTICS_MINIMUM"]) == 60
    assert float(tags["STATISTICS_MEAN"]) == pytest.approx(confidence[confidence > 0].mean())


def test_overviews_show_the_most_frequent_class_and_never_a_mixture(cog: Path) -> None:
    with rasterio.open(cog, OVERVIEW_LEVEL=0) as overview:
        classes, confidence = overview.read([1, 2])
    assert classes.shape == (350, 350)
    assert set(np.unique(classes)) <= {0, 1, 33}
    assert set(np.unique(confidence)) <= {0, 60, 90}
    assert (classes == 1).sum() > (classes == 33).sum()


def test_a_small_map_has_small_tiles_and_one_without_a_valid_pixel_is_valid(tmp_path: Path) -> None:
    plain_map(tmp_path / "plain.tif", size=300)
    report = write_cog(tmp_path / "plain.tif", tmp_path / "map.tif", LEGEND)
    assert (report.facts["tile"], report.facts["overviews"]) == (256, [2])
    with rasterio.open(tmp_path / "plain.tif", "r+") as plain:
        plain.write(np.zeros((3, 300, 300), dtype="uint8"))
    empty = write_cog(tmp_path / "plain.tif", tmp_path / "empty.tif", LEGEND)
    assert empty.valid
    assert "no statistics" in empty.warnings[0]


def test_a_cog_without_its_sidecar_breaks_the_contract(cog: Path) -> None:
    sidecar_path(cog).unlink()
    assert [fault for fault in validate_cog(cog).errors if "aux.xml" in fault] == [
        "band 1 has no colour table (is the .aux.xml beside it?)",
        "band 1 has no class names (is the .aux.xml beside it?)",
    ]


def test_a_cog_is_valid_also_while_the_caller_reads_scenes_without_sidecars(cog: Path, tmp_path: Path) -> None:
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
        assert validate_cog(cog).valid
        assert write_cog(tmp_path / "plain.tif", tmp_path / "again.tif", LEGEND).valid


def test_a_plain_tiff_is_no_cog(tmp_path: Path) -> None:
    plain_map(tmp_path / "plain.tif", size=1200)
    errors = "; ".join(validate_cog(tmp_path / "plain.tif").errors)
    assert "not laid out as a COG" in errors
    assert "no overviews" in errors


def test_averaged_overviews_are_found(tmp_path: Path, cog: Path) -> None:
    copy(str(tmp_path / "plain.tif"), str(tmp_path / "mixed.tif"), driver="COG", overview_resampling="AVERAGE")
    sidecar_path(tmp_path / "mixed.tif").write_bytes(sidecar_path(cog).read_bytes())
    assert any("not by mode" in fault for fault in validate_cog(tmp_path / "mixed.tif").errors)


@pytest.mark.parametrize(
    ("profile", "said"),
    [({"nodata": None}, "no nodata"), ({"crs": None}, "no projection"), ({"dtype": "int16"}, "not uint8")],
)
def test_what_breaks_the_contract_is_not_published(tmp_path: Path, profile: dict[str, Any], said: str) -> None:
    plain_map(tmp_path / "plain.tif", **profile)
    with pytest.raises(InvalidCogError, match=said):
        write_cog(tmp_path / "plain.tif", tmp_path / "map.tif", LEGEND)
    assert [path.name for path in tmp_path.iterdir()] == ["plain.tif"]


def test_what_is_no_raster_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("no raster")
    assert "cannot be opened" in validate_cog(tmp_path / "text.tif").errors[0]


def test_a_colour_is_six_hexadecimal_digits() -> None:
    assert rgb("#0a10ff") == (10, 16, 255)
    with pytest.raises(ValueError, match="no colour"):
        rgb("red")
