"""Baselines look like Dynamic World's and differ from the truth."""

from __future__ import annotations

import numpy as np
import rasterio

from demo import Landscape
from demo.tables import class_codes


def test_there_is_a_baseline_a_year_from_2015_to_2025(small: Landscape) -> None:
    assert sorted(small.baselines) == list(range(2015, 2026))
    for year, path in small.baselines.items():
        assert path.name == f"dw-{year}.tif"
        with rasterio.open(path) as source:
            assert source.dtypes == ("uint8",)
            assert source.nodata == 255
            assert source.crs.to_epsg() == 32736
            assert set(np.unique(source.read(1)).tolist()) <= set(range(9))


def test_a_baseline_agrees_with_the_truth_in_part_only(small: Landscape) -> None:
    with rasterio.open(small.truth) as source:
        truth = source.read(1)
    with rasterio.open(small.baselines[2024]) as source:
        drawn = source.read(1)
    codes = class_codes()
    assert (drawn[truth == codes["water"]] == 0).mean() > 0.7
    assert 0.3 < (drawn[truth == codes["woodland"]] == 1).mean() < 0.95
    assert 0.4 < (drawn[truth == codes["maize"]] == 4).mean() < 0.95


def test_years_differ_as_fields_rest(small: Landscape) -> None:
    with rasterio.open(small.baselines[2018]) as first, rasterio.open(small.baselines[2019]) as second:
        same = (first.read(1) == second.read(1)).mean()
    assert 0.5 < same < 0.97
