"""Shapes of farmland."""

from __future__ import annotations

import numpy as np
import pytest
from shapely import LineString, box

from demo.polygons import cut, divide, irregular, polygons_of, reservoir


def test_cutting_loses_no_land() -> None:
    land = box(0, 0, 900, 300)
    parts = cut(land, np.random.default_rng(0), 5.0)
    assert len(parts) == 2
    assert sum(part.area for part in parts) == pytest.approx(land.area)


def test_divided_land_is_below_the_size_asked_and_covers_all() -> None:
    land = box(0, 0, 2000, 2000)
    fields = divide(land, np.random.default_rng(0), lambda: 10.0, 8.0)
    assert sum(field.area for field in fields) == pytest.approx(land.area)
    assert max(field.area for field in fields) <= 10.0 * 1e4


def test_the_dam_wall_is_straight_and_no_lake_lies_below_it() -> None:
    river = LineString([(0, 1000), (0, -1000)])
    lake = reservoir(river, np.random.default_rng(0), at=0.5, length_m=500, width_m=150)
    _, south, _, _ = lake.bounds
    assert south == pytest.approx(0.0, abs=1.0)
    assert lake.intersection(box(-500, -1, 500, 1)).length > 100


def test_polygons_of_a_mixture_leaves_lines_out() -> None:
    mixture = box(0, 0, 1, 1).union(LineString([(2, 2), (3, 3)]))
    assert [part.area for part in polygons_of(mixture)] == [1.0]


def test_an_irregular_polygon_is_valid() -> None:
    assert all(irregular((0, 0), 100, np.random.default_rng(seed)).is_valid for seed in range(20))
