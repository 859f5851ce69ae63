"""Reading one asset onto a grid: exact positions, nodata, kinds of numbers, GDAL's addresses and credentials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox

from imagery.reading import Grid, SceneUnreadableError, gdal_env, gdal_href, read_onto, same_crs
from imagery.recipe_model import Asset

AT = Affine(10, 0, 240_000, 0, -10, 8_000_000)
RED = Asset(asset=("B04",), dtype="uint16", nodata=0)


def write(path: Path, array: np.ndarray, *, transform: Affine = AT, crs: str | None = "EPSG:32736", **more: Any) -> str:  # noqa: ANN401
    height, width = array.shape
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=width, count=1, dtype=array.dtype, crs=crs, transform=transform,
        **more,
    ) as file:  # fmt: skip
        file.write(array, 1)
    return str(path)


def grid(height: int, width: int, transform: Affine = AT) -> Grid:
    return Grid(GeoBox((height, width), transform, "EPSG:32736"))


def test_pixels_outside_the_file_and_both_nodata_are_not_observed(tmp_path: Path) -> None:
    array = np.arange(16, dtype=np.uint16).reshape(4, 4)
    href = write(tmp_path / "a.tif", array, nodata=7)
    numbers, seen = read_onto(href, grid(6, 6, AT @ Affine.translation(-1, -1)), RED)
    assert np.array_equal(numbers[1:5, 1:5], array)
    expected = np.zeros((6, 6), bool)
    expected[1:5, 1:5] = (array != 0) & (array != 7)
    assert np.array_equal(seen, expected)


def test_a_grid_beside_the_file_sees_nothing(tmp_path: Path) -> None:
    href = write(tmp_path / "a.tif", np.ones((4, 4), np.uint16))
    _, seen = read_onto(href, grid(3, 3, AT @ Affine.translation(100, 0)), RED)
    assert not seen.any()


def test_pixels_that_are_not_exactly_10_m_keep_their_neighbours(tmp_path: Path) -> None:
    odd = Affine(9.99479222007154, 0, 465181.0522318204, 0, -9.997448467363668, 5080254.63349641)
    array = np.arange(90_000, dtype=np.uint16).reshape(300, 300) % 60_000 + 1
    href = write(tmp_path / "a.tif", array, transform=odd)
    part = odd @ Affine.translation(137, 211)
    numbers, seen = read_onto(href, grid(50, 60, part), RED)
    assert np.array_equal(numbers, array[211:261, 137:197])
    assert seen.all()


def test_a_file_that_is_turned_is_read_by_its_own_axes(tmp_path: Path) -> None:
    turned = Affine.translation(240_050, 7_999_950) @ Affine.rotation(30) @ Affine.scale(10, -10)
    array = np.arange(1, 401, dtype=np.uint16).reshape(20, 20)
    numbers, seen = read_onto(write(tmp_path / "a.tif", array, transform=turned), grid(12, 12), RED)
    for row, column in np.argwhere(seen)[::7]:
        there = ~turned @ (240_005.0 + 10 * column, 7_999_995.0 - 10 * row)
        assert numbers[row, column] == array[int(there[1]), int(there[0])]
    assert 0 < seen.sum() < seen.size


def test_bilinear_weighs_the_neighbours_that_have_a_value(tmp_path: Path) -> None:
    array = np.array([[1.0, 3.0], [-9999, 5.0]], np.float32)
    href = write(tmp_path / "rain.tif", array, transform=AT @ Affine.scale(2, 2), nodata=-9999)
    rain = Asset(asset=("rain",), dtype="float32", nodata=-9999, resampling="bilinear")
    numbers, seen = read_onto(href, grid(4, 4), rain)
    assert numbers[0, 0] == 1
    assert numbers[0, 1] == pytest.approx(1.5)
    assert numbers[0, 2] == pytest.approx(2.5)
    assert numbers[1, 1] == pytest.approx((1 * 0.5625 + 3 * 0.1875 + 5 * 0.0625) / 0.8125)
    assert not seen[3, 0]


def test_numbers_of_another_kind_and_files_without_crs_are_unreadable(tmp_path: Path) -> None:
    floats = write(tmp_path / "floats.tif", np.ones((4, 4), np.float32))
    with pytest.raises(SceneUnreadableError, match="float32, the recipe says uint16"):
        read_onto(floats, grid(4, 4), RED)
    bytes_ = write(tmp_path / "bytes.tif", np.ones((4, 4), np.uint8))
    assert read_onto(bytes_, grid(4, 4), RED)[0].dtype == np.uint16
    nowhere = write(tmp_path / "nowhere.tif", np.ones((4, 4), np.uint16), crs=None)
    with pytest.raises(SceneUnreadableError, match="no CRS"):
        read_onto(nowhere, grid(4, 4), RED)
    with pytest.raises(SceneUnreadableError, match=r"gone\.tif"):
        read_onto(str(tmp_path / "gone.tif"), grid(4, 4), RED)


def test_addresses_are_what_gdal_opens() -> None:
    assert gdal_href("s3://deafrica-sentinel-2/a/B02.tif") == "/vsis3/deafrica-sentinel-2/a/B02.tif"
    assert gdal_href("https://host/B02.tif") == "/vsicurl/https://host/B02.tif"
    assert gdal_href("file:///data/B02.tif") == "/data/B02.tif"
    assert gdal_href("/data/B02.tif") == "/data/B02.tif"


def test_options_and_credentials_of_the_caller_reach_gdal_and_go_again() -> None:
    with gdal_env({"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_NO_SIGN_REQUEST": "YES"}):
        options = rasterio.env.getenv()
        assert options["AWS_ACCESS_KEY_ID"] == "me"
        assert options["AWS_NO_SIGN_REQUEST"] == "YES"
    with gdal_env(None):
        assert "AWS_ACCESS_KEY_ID" not in rasterio.env.getenv()


def test_a_projection_is_the_same_with_and_without_its_code() -> None:
    wkt = rasterio.crs.CRS.from_epsg(32736).to_wkt()
    assert same_crs(wkt, wkt.replace(',AUTHORITY["EPSG","32736"]', ""))
    assert not same_crs(wkt, rasterio.crs.CRS.from_epsg(32735).to_wkt())
