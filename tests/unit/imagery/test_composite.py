"""Composites: masks, windows, days, resolutions, projections, offsets, corrupt and incomplete scenes, blocks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox

from imagery.composite import Composite, TooManyFailedScenesError, composite_block
from imagery.recipe import Recipe, load_recipe
from imagery.scenes import MissingBandsError
from imagery.search import find_scenes

Archive = Any  # conftest's: pytest does not let tests import it
Write = Callable[..., Path]

EAST, NORTH = 240_000.0, 8_022_000.0
SIDE = 20
SEASON = "2023-2024"
FIELD = shapely.box(30.5464, -17.8762, 30.5481, -17.8745)
BLOCK = GeoBox((SIDE, SIDE), Affine(10, 0, EAST, 0, -10, NORTH), "EPSG:32736")

TWO_BANDS = """
name: two-bands
version: 1
collection: s2_l2a
assets:
  red: {asset: B04, dtype: uint16, nodata: 0, scale: 0.0001}
  nir: {asset: B08, dtype: uint16, nodata: 0, scale: 0.0001}
harmonise:
  applied: ["sentinel:boa_offset_applied"]
  baseline: ["s2:processing_baseline"]
  add: -1000
mask: {asset: SCL, drop: [0, 3, 8, 9], grow: [8, 9], dilation_m: 30}
windows: month
layers: {ndvi: {formula: "(nir - red) / (nir + red)"}}
features: {series: [ndvi]}
grid: {crs: utm, resolution: 10}
"""


@pytest.fixture
def recipe(write_recipe: Write) -> Recipe:
    return load_recipe(write_recipe(TWO_BANDS))


def scene(red: Any, nir: Any = 4000, scl: Any = 4) -> dict[str, Any]:  # noqa: ANN401
    return {"B04": red, "B08": nir, "SCL": scl}


def composed(archive: Archive, recipe: Recipe, block: GeoBox = BLOCK, **options: Any) -> Composite:  # noqa: ANN401
    items = find_scenes(archive.save(), recipe, FIELD, SEASON).items
    return composite_block(items, recipe, block, SEASON, **options)


def pattern(seed: int = 0, side: int = SIDE) -> np.ndarray:
    return np.random.default_rng(seed).integers(500, 3000, (side, side)).astype(np.uint16)


def test_a_month_is_the_median_of_its_clear_days_and_others_are_nodata(archive: Archive, recipe: Recipe) -> None:
    for day, red in ((1, 1000), (6, 1200), (11, 1700)):
        archive.add(f"2023-10-{day:02d}T08:00:00", scene(red))
    archive.add("2023-10-16T08:00:00", scene(5000, scl=9))
    made = composed(archive, recipe)
    october = recipe.steps.index("oct")
    assert made.values.dtype == np.uint16
    assert (made.values[0, october] == 1200).all()
    assert (np.delete(made.values[0], october, axis=0) == 0).all()
    assert (made.clear == 3).all()
    assert len(made.scenes_used) == 4


def test_a_cloud_hides_only_what_is_near_it(archive: Archive, recipe: Recipe) -> None:
    scl = np.full((SIDE, SIDE), 4, np.uint8)
    scl[10, 10] = 9
    archive.add("2023-10-01T08:00:00", scene(1000, scl=scl))
    made = composed(archive, recipe)
    hidden = np.argwhere(made.clear == 0) - 10
    assert sorted(map(tuple, hidden.tolist())) == sorted(
        (y, x) for y in range(-3, 4) for x in range(-3, 4) if y * y + x * x <= 9
    )


def test_blocks_however_cut_are_equal_to_the_whole(archive: Archive, recipe: Recipe) -> None:
    rng = np.random.default_rng(5)
    for day in (1, 6, 11, 16):
        scl = np.where(rng.random((SIDE // 2, SIDE // 2)) < 0.03, 9, 4).astype(np.uint8)
        archive.add(
            f"2024-02-{day:02d}T08:00:00",
            scene(pattern(day), pattern(day + 50), scl),
            resolution={"B04": 10.0, "B08": 10.0, "SCL": 20.0},
        )
    items = find_scenes(archive.save(), recipe, FIELD, SEASON).items
    whole = composite_block(items, recipe, BLOCK, SEASON)
    assert 0 < (whole.clear < 4).sum() < SIDE * SIDE
    for size in (3, 7, 16):
        for top in range(0, SIDE, size):
            for left in range(0, SIDE, size):
                # odc-geo does not clip a slice that reaches past the end.
                rows, columns = slice(top, min(top + size, SIDE)), slice(left, min(left + size, SIDE))
                part = composite_block(items, recipe, BLOCK[rows, columns], SEASON, threads=1)
                assert np.array_equal(part.values, whole.values[..., rows, columns])
                assert np.array_equal(part.clear, whole.clear[rows, columns])
    picks = np.array([0, 5, 19]), np.array([19, 2, 0])
    picked = composite_block(items, recipe, BLOCK, SEASON, picks=picks)
    assert np.array_equal(picked.values, whole.values[:, :, *picks])


def test_bands_of_20_m_fill_the_10_m_pixels_that_they_cover(archive: Archive, recipe: Recipe) -> None:
    coarse = pattern(side=SIDE // 2)
    steps = {"B04": 10.0, "B08": 20.0, "SCL": 20.0}
    archive.add("2023-10-01T08:00:00", scene(1000, coarse), resolution=steps)
    made = composed(archive, recipe)
    assert np.array_equal(made.values[1, 1], np.kron(coarse, np.ones((2, 2), np.uint16)))


def test_tiles_of_one_day_are_one_observation_and_fill_each_other(archive: Archive, recipe: Recipe) -> None:
    half = np.full((SIDE, SIDE), 1000, np.uint16)
    half[:, 10:] = 0
    archive.add("2023-10-01T08:00:00", scene(half), name="a-tile")
    archive.add("2023-10-01T08:00:14", scene(2000), name="b-tile")
    made = composed(archive, recipe)
    assert (made.values[0, 1, :, :10] == 1000).all()
    assert (made.values[0, 1, :, 10:] == 2000).all()
    assert (made.clear == 1).all()


def test_a_corrupt_scene_is_left_out_of_all_bands_with_the_reason(archive: Archive, recipe: Recipe) -> None:
    for day, red in ((1, 1000), (6, 1100), (11, 1300)):
        archive.add(f"2023-10-{day:02d}T08:00:00", scene(red, red * 2))
    broken = archive.folder / "S2_20231006T080000" / "B08.tif"
    broken.write_bytes(broken.read_bytes()[:200])
    made = composed(archive, recipe)
    assert (made.values[0, 1] == 1150).all()
    assert (made.values[1, 1] == 2300).all()
    assert (made.clear == 2).all()
    ((name, reason),) = made.scenes_failed
    assert name == "S2_20231006T080000"
    assert "B08.tif" in reason
    assert name not in made.scenes_used


def test_an_archive_that_mostly_fails_is_refused(archive: Archive, recipe: Recipe) -> None:
    for day in (1, 6, 11):
        archive.add(f"2023-10-{day:02d}T08:00:00", scene(1000))
    for day in ("01", "06"):
        (archive.folder / f"S2_202310{day}T080000" / "SCL.tif").unlink()
    with pytest.raises(TooManyFailedScenesError, match=r"2 of 3 scenes cannot be read.*SCL\.tif"):
        composed(archive, recipe)
    assert len(composed(archive, recipe, max_failed=0.7).scenes_failed) == 2


def test_a_scene_that_lacks_a_band_serves_the_others_and_without_a_mask_none(archive: Archive, recipe: Recipe) -> None:
    archive.add("2023-10-01T08:00:00", scene(1000))
    archive.add("2023-10-06T08:00:00", {"B04": 2000, "SCL": 4})
    archive.add("2023-10-11T08:00:00", {"B04": 9000, "B08": 9000})
    made = composed(archive, recipe)
    assert (made.values[0, 1] == 1500).all()
    assert (made.values[1, 1] == 4000).all()
    assert made.scenes_partial == (("S2_20231006T080000", "nir"),)
    assert made.scenes_failed == (("S2_20231011T080000", "it has no mask asset (SCL)"),)


def test_a_band_that_no_scene_has_is_an_error_that_names_the_keys(archive: Archive, recipe: Recipe) -> None:
    archive.add("2023-10-01T08:00:00", {"B04": 1000, "B8A": 4000, "SCL": 4})
    with pytest.raises(MissingBandsError, match=r"nir \(B08\); they have B04, B8A, SCL"):
        composed(archive, recipe)


@pytest.mark.parametrize(
    ("properties", "fields", "red"),
    [
        ({}, {}, 3000),
        ({"s2:processing_baseline": "03.01"}, {}, 3000),
        ({"s2:processing_baseline": "04.00"}, {}, 2000),
        ({"s2:processing_baseline": "05.09", "sentinel:boa_offset_applied": True}, {}, 3000),
        ({}, {"raster:bands": [{"scale": 0.0001, "offset": -0.1}]}, 2000),
        ({"s2:processing_baseline": "05.09"}, {"raster:bands": [{"scale": 0.0001, "offset": 0}]}, 3000),
        ({"sentinel:boa_offset_applied": True}, {"raster:bands": [{"scale": 0.0001, "offset": -0.1}]}, 3000),
    ],
)
def test_scenes_of_all_processing_baselines_come_to_the_same_numbers(
    archive: Archive, recipe: Recipe, properties: dict[str, Any], fields: dict[str, Any], red: int
) -> None:
    archive.add("2023-10-01T08:00:00", scene(3000), properties=properties, fields=fields)
    assert (composed(archive, recipe).values[0, 1] == red).all()


def test_what_falls_to_zero_by_the_offset_stays_an_observation(archive: Archive, recipe: Recipe) -> None:
    archive.add("2023-10-01T08:00:00", scene(900), properties={"s2:processing_baseline": "04.00"})
    made = composed(archive, recipe)
    assert (made.values[0, 1] == 1).all()
    assert (made.clear == 1).all()


def test_scenes_of_the_next_utm_zone_are_read_pixel_by_pixel(archive: Archive, recipe: Recipe) -> None:
    from pyproj import Transformer

    to_next = Transformer.from_crs("EPSG:32736", "EPSG:32735", always_xy=True)
    x, y = to_next.transform(EAST + 100, NORTH - 100)
    west, north = round(x / 10) * 10 - 300.0, round(y / 10) * 10 + 300.0
    red = pattern(3, 60)
    archive.add("2023-10-01T08:00:00", scene(red), crs="EPSG:32735", origin=(west, north), size_m=600.0)
    made = composed(archive, recipe)
    for row, column in ((0, 0), (7, 13), (19, 19)):
        x, y = to_next.transform(EAST + column * 10 + 5, NORTH - row * 10 - 5)
        assert made.values[0, 1, row, column] == red[int((north - y) // 10), int((x - west) // 10)]
    part = composed(archive, recipe, BLOCK[6:11, 9:20])
    assert np.array_equal(part.values, made.values[..., 6:11, 9:20])


def test_on_one_day_the_blocks_own_zone_comes_first(archive: Archive, recipe: Recipe) -> None:
    archive.add(
        "2023-10-01T08:00:00", scene(1000), name="a", crs="EPSG:32735", origin=(875_000, 8_023_000), size_m=4000.0
    )
    archive.add("2023-10-01T08:00:00", scene(2000), name="b")
    made = composed(archive, recipe)
    assert (made.values[0, 1] == 2000).all()
    assert (made.clear == 1).all()


def test_a_block_beside_the_scenes_is_nodata(archive: Archive, recipe: Recipe) -> None:
    archive.add("2023-10-01T08:00:00", scene(1000))
    made = composed(archive, recipe, GeoBox((5, 5), Affine(10, 0, EAST + 5000, 0, -10, NORTH), "EPSG:32736"))
    assert (made.values == 0).all()
    assert made.scenes_used == ()


def test_a_series_without_mask_or_epsg_code_runs_on_its_own_grid(archive: Archive, write_recipe: Write) -> None:
    wkt = (
        'PROJCS["Albers of nowhere",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Albers_Conic_Equal_Area"],'
        'PARAMETER["latitude_of_center",-18],PARAMETER["longitude_of_center",30],PARAMETER["standard_parallel_1",-16],'
        'PARAMETER["standard_parallel_2",-20],PARAMETER["false_easting",0],PARAMETER["false_northing",0],UNIT["metre",1]]'
    )
    recipe = load_recipe(
        write_recipe(
            "extends: ndvi-season\nname: cbers\nversion: 1\ncollection: CB4-WFI-L3\nmask: null\n"
            "assets: {ndvi: {asset: NDVI}, evi: {asset: EVI, dtype: int16, nodata: -32768, scale: 0.0001}}\n"
            "statistic: only\nfeatures: {series: [ndvi, evi]}\n"
        )
    )
    ndvi = np.arange(100, dtype=np.int16).reshape(10, 10)
    ndvi[2, 3] = -32768
    for month in ("2023-10", "2023-11"):
        archive.add(
            f"{month}-15T00:00:00", {"NDVI": ndvi, "EVI": ndvi}, collection="CB4-WFI-L3", crs=wkt,
            origin=(58_000.0, 14_500.0), resolution=64.0, size_m=640.0, nodata={"NDVI": -32768, "EVI": -32768},
        )  # fmt: skip
    items = find_scenes(archive.save(), recipe, shapely.box(30.54, -17.88, 30.56, -17.86), SEASON).items
    block = GeoBox((10, 10), Affine(64, 0, 58_000, 0, -64, 14_500), wkt)
    made = composite_block(items, recipe, block, SEASON)
    assert np.array_equal(made.values[0, 1], ndvi)
    assert made.clear[2, 3] == 0
    assert made.clear[0, 0] == 2


def test_rain_is_summed_slope_stands_in_the_first_step_and_geomads_are_taken_as_they_are(archive: Archive) -> None:
    recipe = load_recipe("geomad-semiannual")
    bands = {asset.asset[0]: 1000 + i for i, asset in enumerate(recipe.assets.values()) if asset.dtype == "uint16"}
    deviations = {"BCMAD": 0.05, "EMAD": 700.0, "SMAD": 0.003}
    for when, more in (("2019-04-01T12:00:00", 0), ("2019-10-01T12:00:00", 500)):
        pixels = {name: value + more for name, value in bands.items()} | deviations
        archive.add(when, pixels, collection="gm_s2_semiannual", nodata=dict.fromkeys(deviations, np.nan))
    for month in range(1, 13):
        archive.add(
            f"2019-{month:02d}-15T00:00:00", {"rainfall": float(month)}, collection="rainfall_chirps_monthly",
            nodata={"rainfall": -9999}, resolution=100.0, size_m=400.0, origin=(EAST - 100, NORTH + 100),
        )  # fmt: skip
    archive.add("2000-02-11T00:00:00", {"slope": 2.5}, collection="dem_srtm_deriv", nodata={"slope": -9999})
    items = find_scenes(archive.save(), recipe, FIELD, "2018-2019").items
    made = composite_block(items, recipe, BLOCK, "2018-2019")
    band = recipe.bands.index
    assert made.values.dtype == np.float32
    assert (made.values[band("blue"), 0] == 1000).all()
    assert (made.values[band("blue"), 1] == 1500).all()
    assert (made.values[band("rain"), 0] == 21).all()
    assert (made.values[band("rain"), 1] == 57).all()
    assert (made.values[band("slope"), 0] == 2.5).all()
    assert np.isnan(made.values[band("slope"), 1]).all()


def test_progress_counts_the_windows(archive: Archive, recipe: Recipe) -> None:
    archive.add("2023-10-01T08:00:00", scene(1000))
    told: list[tuple[int, int]] = []
    composed(archive, recipe, progress=lambda done, total: told.append((done, total)))
    assert told == [(i, 12) for i in range(1, 13)]
