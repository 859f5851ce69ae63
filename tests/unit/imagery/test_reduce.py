"""Statistics over observations."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from imagery.reduce import reduce_stack


def reduced(numbers: list[float], statistic: str, dtype: str = "uint16", nodata: float = 0) -> float:
    stack = np.array(numbers, dtype=dtype)[:, None]
    return float(reduce_stack(stack.copy(), stack != nodata, statistic, nodata)[0])  # type: ignore[arg-type]


def test_a_median_of_an_even_number_is_rounded_half_to_even() -> None:
    assert reduced([4, 1, 2, 3], "median") == 2
    assert reduced([4, 1, 4, 3], "median") == 4
    assert reduced([1, 2], "median", "float32") == 1.5


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [("min", 10), ("max", 50), ("mean", 30), ("p10", 14), ("p25", 20), ("p75", 40), ("p90", 46), ("only", 50)],
)
def test_statistics_ignore_what_was_not_observed(statistic: str, expected: int) -> None:
    assert reduced([0, 10, 30, 0, 20, 40, 50, 0], statistic) == expected


def test_a_sum_adds_what_there_is() -> None:
    assert reduced([1.5, -9999, 2.25], "sum", "float32", -9999) == 3.75


def test_no_observation_gives_nodata() -> None:
    assert reduced([0, 0], "median") == 0
    empty = reduce_stack(np.zeros((0, 3), np.int16), np.zeros((0, 3), bool), "median", -32768)
    assert empty.tolist() == [-32768] * 3
    assert np.isnan(reduce_stack(np.ones((1, 1), np.float32), np.zeros((1, 1), bool), "mean", np.nan)[0])


@settings(deadline=None)
@given(
    hnp.arrays(np.uint16, st.tuples(st.integers(1, 24), st.integers(1, 5)), elements=st.integers(0, 65535)),
    st.sampled_from(["median", "p25", "min", "max"]),
)
def test_quantiles_agree_with_numpys_for_any_number_of_observations(stack: np.ndarray, statistic: str) -> None:
    share = {"median": 50, "p25": 25, "min": 0, "max": 100}[statistic]
    result = reduce_stack(stack.copy(), stack > 0, statistic, 0)  # type: ignore[arg-type]
    for pixel in range(stack.shape[1]):
        seen = stack[:, pixel][stack[:, pixel] > 0]
        expected = np.percentile(seen.astype(np.float64), share) if seen.size else 0
        assert abs(float(result[pixel]) - expected) <= 0.5 + 1e-6
