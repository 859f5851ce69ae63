"""Mean reflectances by unit and date."""

from __future__ import annotations

from datetime import date

import numpy as np

from demo.ground import Ground
from demo.mixing import grow
from demo.tables import cover_index, spectra

START = date(2023, 9, 1)


def test_reflectances_are_physical_and_water_is_dark(ground: Ground) -> None:
    days = np.asarray([10.0, 150.0, 300.0], np.float32)
    growth = grow(ground.units, np.full(len(ground.units), 0.5, np.float32), days, START, np.random.default_rng(0))
    assert growth.reflectance.shape == (3, len(ground.units), 10)
    assert growth.reflectance.min() > 0
    assert growth.reflectance.max() < 0.75
    swir = spectra().bands.index("B11")
    water = ground.units.cover == cover_index("water")
    assert growth.reflectance[:, water, swir].max() < 0.05
    assert growth.reflectance[:, ~water, swir].min() > 0.1


def test_cover_and_slope_agree(ground: Ground) -> None:
    days = np.asarray([100.0, 101.0], np.float32)
    growth = grow(ground.units, np.zeros(len(ground.units), np.float32), days, START, np.random.default_rng(0))
    assert np.allclose(growth.cover[1] - growth.cover[0], growth.slope[0], atol=1e-5)
    assert growth.slope[0].max() > 0.005
