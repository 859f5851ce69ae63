"""Limits: the largest float32 that goes left, however a library gets from the value to its answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.scorer.trees import NotConvertible, largest_left, ordered

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(threshold=st.floats(-1e38, 1e38), mean=st.floats(-1e3, 1e3), scale=st.floats(1e-3, 1e3), x=finite)
def test_a_value_goes_left_up_to_the_limit_and_no_further(
    threshold: float, mean: float, scale: float, x: float
) -> None:
    def goes_left(values: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            return ((values.astype(np.float64) - mean) / scale).astype(np.float32) <= threshold

    limit = largest_left(goes_left, 1)
    assert limit.dtype == np.float32
    assert goes_left(np.array([x], np.float32))[0] == (np.float32(x) <= limit[0])


@given(a=finite, b=finite)
def test_ordered_integers_order_as_the_floats_do(a: float, b: float) -> None:
    one, two = ordered(np.array([a, b], np.float32))
    assert (one < two) == (a < b) or a == b == 0


def test_a_comparison_by_less_stops_just_below_the_threshold() -> None:
    thresholds = np.array([0, 1, -1, 1e-45], np.float32)
    limits = largest_left(lambda x: x < thresholds, 4)
    assert np.array_equal(limits, np.nextafter(thresholds, np.float32(-np.inf)))


def test_a_split_that_sends_every_number_right_is_refused() -> None:
    with pytest.raises(NotConvertible):
        largest_left(lambda x: np.zeros(len(x), np.bool_), 1)
