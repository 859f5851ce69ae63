"""Clouds, sun and scene classification."""

from __future__ import annotations

from datetime import date

import numpy as np

from demo.sky import Sky, classify_scene, make_sky, sun_at


def _mean_cover(day: date) -> float:
    return float(np.mean([make_sky(day, 64, np.random.default_rng(seed)).cover for seed in range(60)]))


def test_the_rains_are_far_cloudier_than_winter() -> None:
    assert _mean_cover(date(2024, 1, 10)) > 0.4
    assert _mean_cover(date(2024, 7, 10)) < 0.2


def test_the_clearest_of_many_passes_is_clear() -> None:
    covers = [make_sky(date(2024, 1, 10), 64, np.random.default_rng(seed), 12).cover for seed in range(20)]
    assert np.mean(covers) < 0.15


def test_the_morning_sun_stands_in_the_north_east_in_winter_and_higher_in_summer() -> None:
    winter, summer = sun_at(date(2024, 6, 21)), sun_at(date(2023, 12, 21))
    assert 25 < winter.azimuth < 60
    assert 90 < summer.azimuth < 125
    assert summer.elevation > winter.elevation + 12


def test_the_classification_misses_some_thin_cloud_and_all_but_no_thick_cloud() -> None:
    missed_thin = missed_thick = thin = thick = 0
    land = np.full((128, 128), 0.6, np.float32)
    for seed in range(12):
        sky = make_sky(date(2024, 2, 10), 128, np.random.default_rng(seed))
        cloudy = np.isin(classify_scene(sky, land, -land), [8, 9, 10])
        faint, dense = (sky.cloud > 0.05) & (sky.cloud < 0.2), sky.cloud > 0.6
        thin, thick = thin + int(faint.sum()), thick + int(dense.sum())
        missed_thin += int((faint & ~cloudy).sum())
        missed_thick += int((dense & ~cloudy).sum())
    assert 0.1 < missed_thin / thin < 0.9
    assert missed_thick / thick < 0.01


def test_clear_land_is_vegetation_bare_or_water() -> None:
    none = np.zeros((2, 3), np.float32)
    ndvi = np.asarray([[0.7, 0.2, -0.3], [0.7, 0.2, -0.3]], np.float32)
    ndwi = np.asarray([[-0.6, -0.3, 0.4], [-0.6, -0.3, 0.4]], np.float32)
    assert classify_scene(Sky(none, none, none, none), ndvi, ndwi)[0].tolist() == [4, 5, 6]
