"""Shares of classes with intervals, from the errors on held-out samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.area_estimate import estimated_shares


def test_the_estimate_is_that_of_the_published_example() -> None:
    """Olofsson et al. (2014), table 8: deforestation, forest gain, stable forest, stable non-forest."""
    classes = ("deforestation", "gain", "forest", "other")
    predicted = [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]  # one row a mapped class
    mapped = dict(zip(classes, (0.020, 0.015, 0.320, 0.645), strict=True))
    found = estimated_shares(mapped, classes, np.array(predicted).T)
    assert found["deforestation"].share * 10_000_000 * 0.09 == pytest.approx(21_158, rel=0.01)
    half = (found["deforestation"].high - found["deforestation"].low) / 2 * 10_000_000 * 0.09
    assert half == pytest.approx(6_158, rel=0.15)  # ours is wider: never wrong in n is not infallible
    assert half >= 6_158


def test_errors_move_a_share_to_the_class_they_hide() -> None:
    found = estimated_shares({"maize": 1.0, "tobacco": 0.0}, ("maize", "tobacco"), [[80, 0], [20, 0]])
    assert found["maize"].share == pytest.approx(0.8)
    assert found["tobacco"].share == pytest.approx(0.2)
    assert found["tobacco"].low < 0.2 < found["tobacco"].high


def test_a_class_without_held_out_samples_may_be_anything() -> None:
    found = estimated_shares({"maize": 0.7, "water": 0.3}, ("maize",), [[100]])
    assert found["water"].share == pytest.approx(0.3)
    assert found["water"].low == 0.0
    assert found["maize"].high == 1.0
    assert found["maize"].low > 0.6


def test_more_samples_make_a_narrower_interval() -> None:
    few = estimated_shares({"a": 0.5, "b": 0.5}, ("a", "b"), [[8, 2], [2, 8]])["a"]
    many = estimated_shares({"a": 0.5, "b": 0.5}, ("a", "b"), [[800, 200], [200, 800]])["a"]
    assert many.high - many.low < (few.high - few.low) / 5


def test_a_matrix_that_is_not_square_is_refused() -> None:
    with pytest.raises(ValueError, match="square"):
        estimated_shares({"a": 1.0}, ("a", "b"), [[1, 2]])


@settings(deadline=None)
@given(
    counts=st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), min_size=3, max_size=3),
    weights=st.lists(st.floats(0.01, 1), min_size=3, max_size=3),
)
def test_shares_sum_to_one_and_lie_in_their_intervals(counts: list[list[int]], weights: list[float]) -> None:
    mapped = {name: weight / sum(weights) for name, weight in zip("abc", weights, strict=True)}
    found = estimated_shares(mapped, "abc", counts)
    assert sum(one.share for one in found.values()) == pytest.approx(1.0)
    assert all(0 <= one.low <= one.share + 1e-12 and one.share - 1e-12 <= one.high <= 1 for one in found.values())
