"""Smooth random fields."""

from __future__ import annotations

import numpy as np
import pytest

from demo.noise import octaves, smooth


@pytest.mark.parametrize("cell", [1, 4, 30, 90])
def test_fields_have_mean_0_and_deviation_1(cell: float) -> None:
    field = smooth(np.random.default_rng(0), 96, cell)
    assert field.shape == (96, 96)
    assert field.dtype == np.float32
    assert abs(float(field.mean())) < 1e-3
    assert float(field.std()) == pytest.approx(1.0, abs=1e-3)


def test_larger_cells_are_smoother() -> None:
    steps = [np.abs(np.diff(smooth(np.random.default_rng(0), 128, cell))).mean() for cell in (4, 16, 48)]
    assert steps == sorted(steps, reverse=True)


def test_octaves_add_up_to_deviation_1() -> None:
    assert float(octaves(np.random.default_rng(0), 96, (40, 10, 4)).std()) == pytest.approx(1.0, abs=1e-3)
