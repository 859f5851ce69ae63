"""Formulas of indices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagery.expressions import log, parse


def f32(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=np.float32)


def test_a_formula_is_arithmetic_over_layers() -> None:
    ndvi = parse("(nir - red) / (nir + red)")
    assert ndvi.names == ("nir", "red")
    assert ndvi.evaluate({"nir": f32(0.4), "red": f32(0.1)})[0] == pytest.approx(0.6)
    assert parse("-max(a, 2) + sqrt(abs(b))").evaluate({"a": f32(1), "b": f32(-9)})[0] == 1.0


def test_division_by_zero_and_missing_values_give_nan_and_no_warning() -> None:
    result = parse("a / b").evaluate({"a": f32(1, 0, np.nan, 3e38), "b": f32(0, 0, 1, 1e-10)})
    assert np.isnan(result).all()


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "a.b", "a ** 2", "a[0]", "lambda: a", "open(a)", "log(a, b)", "1 + 2", "a +", "'x' + a"],
)
def test_anything_else_than_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="formula"):
        parse(text)


@settings(deadline=None)
@given(st.floats(min_value=2.0**-100, max_value=2.0**100, width=32))
def test_the_logarithm_is_right_to_float32(x: float) -> None:
    expected = np.float32(np.log(np.float64(np.float32(x))))
    assert abs(float(log(f32(x))[0]) - float(expected)) <= np.spacing(abs(expected))


def test_the_logarithm_of_zero_and_below_is_missing() -> None:
    assert np.isnan(log(f32(0, -1, np.nan))).all()
    assert log(f32(1))[0] == 0
