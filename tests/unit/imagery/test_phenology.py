"""The course of a season."""

from __future__ import annotations

import numpy as np
import pytest

from imagery.phenology import measures_of


def measured(*series: float) -> dict[str, float]:
    return {name: float(v[0]) for name, v in measures_of(np.array(series, dtype=np.float32)[:, None]).items()}


def test_a_season_is_measured_at_half_its_amplitude() -> None:
    course = measured(0.2, 0.2, 0.4, 0.8, 0.8, 0.6, 0.2, 0.2)
    assert course["base"] == pytest.approx(0.2)
    assert course["peak"] == pytest.approx(0.8)
    assert course["amplitude"] == pytest.approx(0.6)
    assert course["peak_time"] == 3
    assert course["greenup"] == pytest.approx(2.25)
    assert course["senescence"] == pytest.approx(5.25)
    assert course["length"] == pytest.approx(3.0)
    assert course["mean"] == pytest.approx(0.425)


def test_the_rise_before_the_peak_counts_and_not_an_earlier_one() -> None:
    course = measured(0.0, 0.6, 0.0, 1.0, 0.0, 0.6)
    assert course["greenup"] == pytest.approx(2.5)
    assert course["senescence"] == pytest.approx(3.5)


def test_without_a_rise_or_fall_the_season_reaches_to_the_ends() -> None:
    course = measured(0.9, 0.5, 0.1)
    assert (course["greenup"], course["peak_time"]) == (0, 0)
    flat = measured(0.3, 0.3, 0.3)
    assert (flat["greenup"], flat["senescence"], flat["amplitude"]) == (0, 2, 0)


def test_a_missing_season_has_no_measures() -> None:
    assert np.isnan(list(measured(np.nan, np.nan).values())).all()
