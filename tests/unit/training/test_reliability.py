"""The reliability curve says whether a confidence means what it says."""

from __future__ import annotations

import numpy as np
import pytest

from training.reliability import expected_calibration_error, reliability_curve


def test_a_calibrated_model_lies_on_the_diagonal() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.3, 1.0, 50_000)
    curve = reliability_curve(confidence, rng.random(50_000) < confidence)
    assert curve["bin"].tolist() == [3, 4, 5, 6, 7, 8, 9]
    assert expected_calibration_error(curve) == pytest.approx(0, abs=0.01)


def test_overconfidence_is_measured() -> None:
    curve = reliability_curve(np.full(100, 0.9), np.arange(100) < 60)
    assert expected_calibration_error(curve) == pytest.approx(0.3)
    assert curve.loc[0, ["low", "high", "n"]].tolist() == pytest.approx([0.9, 1.0, 100])


def test_certainty_falls_in_the_last_bin_and_nothing_gives_no_error() -> None:
    assert reliability_curve([1.0, 0.0], [True, False])["bin"].tolist() == [0, 9]
    assert expected_calibration_error(reliability_curve([], [])) is None
