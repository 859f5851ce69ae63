"""The lattice of samples is the grid of maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely

from imagery.aoi import Aoi
from imagery.grid import GridUnknownError, map_grid
from imagery.lattice import lattice_of
from imagery.recipe import load_recipe
from imagery.search import find_scenes

Archive = Any  # conftest's: pytest does not let tests import it

FIELD = shapely.box(30.5465, -17.8760, 30.5480, -17.8746)


@pytest.mark.parametrize("name", ["s2-season", "ndvi-season"])
def test_a_place_has_the_pixel_that_a_map_has_there(archive: Archive, name: str) -> None:
    recipe = load_recipe(name)
    archive.add(
        "2023-10-01T08:00:00",
        {"NDVI": 5},
        collection=recipe.collection,
        resolution=8.0,
        origin=(240_003.0, 8_022_001.0),
    )
    items = find_scenes(archive.save(), recipe, FIELD, "2023-2024").items
    grid = map_grid(Aoi.from_geojson(shapely.geometry.mapping(FIELD)), recipe.grid, items)
    lon, lat = np.array([30.5466, 30.5479, 30.547]), np.array([-17.8758, -17.8747, -17.875])
    lattice = lattice_of(recipe, items, 30.547, -17.875)
    columns, rows = lattice.cells(lon, lat)
    for column, row in zip(columns.tolist(), rows.tolist(), strict=True):
        pixel = lattice.geobox(column, row, 1, 1)
        at_column, at_row = ~grid.affine @ (pixel.affine.c, pixel.affine.f)
        assert at_column == pytest.approx(round(at_column), abs=1e-6)
        assert at_row == pytest.approx(round(at_row), abs=1e-6)
        assert 0 <= round(at_column) < grid.shape[1]
        assert 0 <= round(at_row) < grid.shape[0]


def test_scenes_that_state_no_grid_are_a_clear_error(archive: Archive) -> None:
    item = archive.add("2023-10-01T08:00:00", {"NDVI": 5})
    del item.properties["proj:transform"]
    with pytest.raises(GridUnknownError, match="proj:transform"):
        lattice_of(load_recipe("ndvi-season"), [item], 30.547, -17.875)
