"""Samples are measured at the very pixels of a map, to the bit; problems are told sample by sample."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import Transformer

from imagery.aoi import Aoi
from imagery.composite import composite_block
from imagery.features import features_of
from imagery.grid import map_grid
from imagery.measure import measure_samples
from imagery.recipe import load_recipe
from imagery.search import CatalogueUnavailable, find_scenes
from imagery.season import InvalidSeason

Archive = Any  # conftest's: pytest does not let tests import it

EAST, NORTH = 240_000.0, 8_022_000.0
SEASON = "2023-2024"
RECIPE = load_recipe("s2-season")
BANDS = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
FINE = ("B02", "B03", "B04", "B08")
TO_DEGREES = Transformer.from_crs("EPSG:32736", "EPSG:4326", always_xy=True)


def fill(archive: Archive, dates: tuple[str, ...] = ("2023-11-03", "2023-12-28", "2024-02-11"), **more: Any) -> str:  # noqa: ANN401
    rng = np.random.default_rng(1)
    steps = {band: 10.0 if band in FINE else 20.0 for band in (*BANDS, "SCL")}
    for date in dates:
        pixels: dict[str, Any] = {}
        for band in BANDS:
            side = 20 if band in FINE else 10
            pixels[band] = rng.integers(200, 5000, (side, side)).astype(np.uint16)
        pixels["SCL"] = np.where(rng.random((10, 10)) < 0.02, 9, 4).astype(np.uint8)
        archive.add(f"{date}T08:00:00", pixels, resolution=steps, **more)
    return str(archive.save())


def places(*offsets: tuple[float, float]) -> tuple[list[float], list[float]]:
    lon, lat = TO_DEGREES.transform([EAST + x for x, _ in offsets], [NORTH - y for _, y in offsets])
    return list(lon), list(lat)


def test_a_sample_and_the_same_pixel_of_a_map_agree_to_the_bit(archive: Archive) -> None:
    catalogue = fill(archive)
    rng = np.random.default_rng(2)
    lon, lat = places(*[tuple(place) for place in rng.uniform(1, 199, (60, 2)).tolist()])
    table = measure_samples(lon, lat, SEASON, RECIPE, catalogue)
    west, south, east, north = min(lon), min(lat), max(lon), max(lat)
    aoi = Aoi.from_geojson(shapely.geometry.mapping(shapely.box(west - 2e-4, south - 2e-4, east + 2e-4, north + 2e-4)))
    items = find_scenes(catalogue, RECIPE, aoi.geometry, SEASON).items
    grid = map_grid(aoi, RECIPE.grid, items)
    composite = composite_block(items, RECIPE, grid, SEASON)
    raster = features_of(composite.values, RECIPE)
    x, y = Transformer.from_crs("EPSG:4326", str(grid.crs), always_xy=True).transform(lon, lat)
    column = np.floor((np.asarray(x) - grid.affine.c) / 10).astype(int)
    row = np.floor((grid.affine.f - np.asarray(y)) / 10).astype(int)
    expected = raster[:, row, column].T
    measured = table[list(RECIPE.feature_names)].to_numpy()
    assert measured.dtype == np.float32
    assert np.array_equal(measured.view(np.uint32), np.ascontiguousarray(expected).view(np.uint32))
    assert table["n_clear"].tolist() == composite.clear[row, column].tolist()
    assert not np.isnan(measured[table["problem"].isna()]).all(axis=1).any()


def test_problems_are_told_sample_by_sample_and_rows_keep_their_order(archive: Archive) -> None:
    cloudy = np.full((20, 20), 4, np.uint8)
    cloudy[:, 12:] = 9
    bands = dict.fromkeys(BANDS, 1000)
    archive.add("2023-11-03T08:00:00", {**bands, "SCL": cloudy})
    lon, lat = places((195, 20), (20, 20))
    lon += [36.0, np.nan, lon[1]]
    lat += [-21.0, -17.9, lat[1]]
    seasons = [SEASON] * 4 + ["2019-2020"]
    told: list[tuple[int, int]] = []
    table = measure_samples(
        lon, lat, seasons, RECIPE, archive.save(), progress=lambda done, total: told.append((done, total))
    )
    assert table["problem"].tolist() == ["no-clear-observation", None, "no-scenes", "no-place", "no-scenes"]
    assert table["n_clear"].tolist() == [0, 1, 0, 0, 0]
    assert np.isnan(table.loc[0, "ndvi_sep"])
    assert table.loc[1, "ndvi_sep"] == 0
    assert told[-1][1] == 5
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_samples_of_several_seasons_are_measured_each_in_its_own(archive: Archive) -> None:
    archive.add("2022-11-03T08:00:00", {**dict.fromkeys(BANDS, 1000), "B08": 3000, "SCL": 4})
    archive.add("2023-11-03T08:00:00", {**dict.fromkeys(BANDS, 1000), "B08": 4000, "SCL": 4})
    lon, lat = places((50, 50), (50, 50))
    table = measure_samples(lon, lat, ["2022-2023", "2023-2024"], RECIPE, archive.save())
    assert table["ndvi_nov"].tolist() == pytest.approx([0.5, 0.6])


def test_a_bad_season_or_a_missing_catalogue_is_an_error_and_no_empty_table(archive: Archive) -> None:
    catalogue = fill(archive)
    lon, lat = places((50, 50))
    with pytest.raises(InvalidSeason):
        measure_samples(lon, lat, "2023", RECIPE, catalogue)
    with pytest.raises(CatalogueUnavailable):
        measure_samples(lon, lat, SEASON, RECIPE, catalogue + ".gone")


def test_no_samples_make_an_empty_table_with_all_columns(archive: Archive) -> None:
    table = measure_samples([], [], SEASON, RECIPE, fill(archive))
    assert len(table) == 0
    assert list(table.columns) == [*RECIPE.feature_names, "n_clear", "problem"]
