"""A region knows what is inside."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import Polygon

from training.samples import EVERYWHERE, ZIMBABWE, Region


def test_harare_is_in_zimbabwe_and_lusaka_is_not() -> None:
    lon, lat = np.array([31.05, 28.28, np.nan]), np.array([-17.83, -15.42, np.nan])
    assert ZIMBABWE.contains(lon, lat).tolist() == [True, False, False]
    assert EVERYWHERE.contains(lon, lat).tolist() == [True, True, False]


def test_an_outline_is_finer_than_its_box() -> None:
    triangle = Region("triangle", 0, 0, 1, 1, outline=Polygon([(0, 0), (1, 0), (0, 1)]))
    assert triangle.contains(np.array([0.2, 0.9]), np.array([0.2, 0.9])).tolist() == [True, False]
    assert triangle.widened(0.5).contains(np.array([1.4]), np.array([1.4])).tolist() == [True]


def test_a_region_turned_inside_out_is_refused() -> None:
    with pytest.raises(ValueError, match="west < east"):
        Region("no", 2, 0, 1, 1)
