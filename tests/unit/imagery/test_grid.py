"""The pixel grid: snapped, shared between AOIs, cut into blocks without gaps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely.geometry import Point, box

from imagery.aoi import Aoi, AoiLimits, LonLatBox
from imagery.grid import GridUnknownError, blocks, map_grid, polygon_mask, projected, utm_epsg

ANYWHERE = AoiLimits(extent=None)


@dataclass
class Spec:
    crs: str = "utm"
    resolution: float | None = 10.0


@dataclass
class Asset:
    extra_fields: dict[str, Any] = field(default_factory=dict)


@dataclass
class Item:
    properties: dict[str, Any] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    id: str = "scene"


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (31, -17, 32736),
        (29.9, -17, 32735),
        (30.0, -17, 32736),
        (14.55, 45.87, 32633),
        (180, 1, 32660),
        (-180, -1, 32701),
    ],
)
def test_a_place_has_its_utm_zone(lon: float, lat: float, epsg: int) -> None:
    assert utm_epsg(lon, lat) == epsg


@settings(max_examples=40, deadline=None)
@given(
    west=st.floats(25.3, 32.5),
    south=st.floats(-22.4, -16.2),
    size=st.floats(0.002, 0.3),
    resolution=st.sampled_from([10.0, 20.0, 64.0]),
)
def test_a_utm_grid_covers_the_aoi_and_has_edges_at_whole_multiples(
    west: float, south: float, size: float, resolution: float
) -> None:
    aoi = Aoi.from_bbox(LonLatBox(west, south, west + size, south + size))
    grid = map_grid(aoi, Spec(resolution=resolution))
    bounds = grid.boundingbox
    assert all(edge % resolution == 0 for edge in bounds.bbox)
    assert box(*bounds.bbox).buffer(1e-3).contains(projected(aoi.geometry, grid.crs))
    smaller = box(bounds.left + resolution, bounds.bottom, bounds.right, bounds.top)
    assert not smaller.contains(projected(aoi.geometry, grid.crs))


def test_an_aoi_across_two_zones_is_drawn_in_the_zone_of_its_centroid() -> None:
    mostly_west = Aoi.from_bbox(LonLatBox(29.8, -18.0, 30.1, -17.9))
    mostly_east = Aoi.from_bbox(LonLatBox(29.9, -18.0, 30.2, -17.9))
    west_grid, east_grid = (map_grid(aoi, Spec()) for aoi in (mostly_west, mostly_east))
    assert (west_grid.crs.epsg, east_grid.crs.epsg) == (32735, 32736)
    assert box(*east_grid.boundingbox.bbox).contains(projected(mostly_east.geometry, "EPSG:32736"))


def test_a_straight_edge_in_degrees_is_followed_where_it_bends_in_metres() -> None:
    wide = box(25.5, -18.0, 28.5, -17.0)
    corners = [projected(Point(*corner), "EPSG:32735").y for corner in ((25.5, -17.0), (28.5, -17.0))]
    assert projected(wide, "EPSG:32735").bounds[3] > max(corners) + 500  # the parallel rises towards the meridian


SLOVENIA = Aoi.from_bbox(LonLatBox(14.552, 45.867, 14.560, 45.873), ANYWHERE)
ODD_PIXELS = [9.99479222007154, 0.0, 465181.0522318204, 0.0, -9.997448467363668, 5080254.63349641]


@pytest.mark.parametrize(
    "item",
    [
        Item({"proj:code": "EPSG:32633", "proj:transform": ODD_PIXELS}),
        Item({"proj:epsg": 32633, "proj:transform": [*ODD_PIXELS, 0, 0, 1]}),
        Item({"proj:wkt2": CRS.from_epsg(32633).to_wkt(), "proj:transform": ODD_PIXELS}),
        Item({"proj:projjson": CRS.from_epsg(32633).to_json_dict(), "proj:transform": ODD_PIXELS}),
        Item({}, {"red": Asset({"proj:code": "EPSG:32633", "proj:transform": ODD_PIXELS})}),
        Item(
            {"proj:code": "EPSG:32633"},
            {
                "coarse": Asset({"proj:transform": [60.0, 0, 465181.0, 0, -60.0, 5080254.0]}),
                "fine": Asset({"proj:transform": ODD_PIXELS}),
            },
        ),
    ],
    ids=["code", "epsg", "wkt2", "projjson", "asset", "finest asset"],
)
def test_a_scenes_grid_continues_the_pixels_of_the_scenes(item: Item) -> None:
    grid = map_grid(SLOVENIA, Spec("scenes", None), [Item({}), item])
    col, row = ~Affine(*ODD_PIXELS) @ (grid.affine.c, grid.affine.f)
    assert col == pytest.approx(round(col), abs=1e-6)
    assert row == pytest.approx(round(row), abs=1e-6)
    assert (grid.affine.a, grid.affine.e) == (ODD_PIXELS[0], ODD_PIXELS[4])
    assert grid.crs.to_epsg() == 32633
    assert box(*grid.boundingbox.bbox).contains(projected(SLOVENIA.geometry, grid.crs))


def test_a_projection_without_a_code_is_kept() -> None:
    wkt = CRS.from_proj4("+proj=aea +lat_1=-18 +lat_2=-32 +lat_0=0 +lon_0=25 +datum=WGS84").to_wkt()
    aoi = Aoi.from_bbox(LonLatBox(31.0, -17.8, 31.1, -17.7))
    grid = map_grid(aoi, Spec("scenes", None), [Item({"proj:wkt2": wkt, "proj:transform": [64, 0, 7, 0, -64, 9]})])
    assert (grid.affine.c - 7) % 64 == 0
    assert grid.crs.to_epsg() is None
    assert 165 < grid.shape[1] < 200  # 10.6 km in pixels of 64 m, the box turned a little


def test_scenes_without_a_projection_are_refused() -> None:
    with pytest.raises(GridUnknownError, match="2 scenes"):
        map_grid(SLOVENIA, Spec("scenes", None), [Item({}), Item({"proj:epsg": 32633})])
    with pytest.raises(GridUnknownError, match="resolution"):
        map_grid(SLOVENIA, Spec("utm", None))


@settings(deadline=None)
@given(size=st.integers(7, 90))
def test_blocks_hold_every_pixel_exactly_once(size: int) -> None:
    grid = map_grid(SLOVENIA, Spec())
    seen = np.zeros(grid.shape, dtype=int)
    for block in blocks(grid, size, (5, -7)):
        assert all((at - cut) % size == 0 or at == 0 for at, cut in ((block.row0, 5), (block.col0, -7)))
        rows, cols = block.window.toslices()
        seen[rows, cols] += 1
        assert block.geobox.affine @ (0, 0) == grid.affine @ (block.col0, block.row0)
        assert block.geobox.shape == seen[rows, cols].shape
    assert (seen == 1).all()


def test_a_pixel_is_inside_when_its_centre_is() -> None:
    grid = map_grid(SLOVENIA, Spec())
    left, bottom, right, top = grid.boundingbox.bbox
    shape = box(left + 14, bottom, right - 16, top)
    mask = polygon_mask(shape, grid)
    assert not mask[:, :1].any()
    assert mask[:, 1].all()
    assert not mask[:, -2:].any()
    assert polygon_mask(box(0, 0, 1, 1), grid).sum() == 0


def test_masks_of_blocks_join_to_the_mask_of_the_grid() -> None:
    grid = map_grid(SLOVENIA, Spec())
    shape = projected(SLOVENIA.geometry.centroid.buffer(0.002), grid.crs)
    joined = np.zeros(grid.shape, dtype=bool)
    for block in blocks(grid, 13):
        joined[block.window.toslices()] = polygon_mask(shape, block.geobox)
    assert joined.any()
    np.testing.assert_array_equal(joined, polygon_mask(shape, grid))
