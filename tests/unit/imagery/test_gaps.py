"""Filling gaps in time."""

from __future__ import annotations

import numpy as np

from imagery.gaps import fill_gaps

NAN = np.nan


def filled(*series: float) -> list[float]:
    array = np.array(series, dtype=np.float32)[:, None]
    fill_gaps(array)
    return array[:, 0].tolist()


def test_gaps_lie_on_straight_lines_and_ends_are_held() -> None:
    assert filled(NAN, 1, NAN, NAN, 4, NAN) == [1, 1, 2, 3, 4, 4]


def test_a_single_clear_step_fills_the_season() -> None:
    assert filled(NAN, NAN, 7, NAN) == [7, 7, 7, 7]


def test_a_season_without_one_clear_step_stays_missing() -> None:
    assert np.isnan(filled(NAN, NAN, NAN)).all()


def test_what_is_clear_is_not_touched() -> None:
    assert filled(3, 1, 2) == [3, 1, 2]
