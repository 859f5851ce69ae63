"""The course of a season: how high, how long and when a vegetation index rises and falls."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from imagery.recipe_model import Measure

Array = npt.NDArray[np.float32]

HALF = np.float32(0.5)  # green-up and senescence are the passages of half the amplitude on either side of the peak


def measures_of(series: Array) -> dict[Measure, Array]:
    """Measure a gap-free float32 series [step, ...]; NaN where the series has none.

    Returns:
        base, peak: lowest and highest value; amplitude: their difference; mean: of all steps, its integral by length;
        peak_time: step of the first highest value (0 is the first step);
        greenup, senescence: step, with fractions, at which the series last passes half amplitude upwards before the
        peak, and first downwards after it; the first or last step where it never does;
        length: senescence less greenup, in steps.

    """
    steps = series.shape[0]
    base, peak, total = series[0], series[0], series[0]
    peak_time = np.zeros(series.shape[1:], dtype=np.float32)
    for step in range(1, steps):
        higher = series[step] > peak
        peak_time = np.where(higher, np.float32(step), peak_time)
        peak = np.where(higher, series[step], peak)
        base = np.minimum(base, series[step])
        total = total + series[step]
    amplitude = peak - base
    half = base + amplitude * HALF
    greenup, senescence = _passages(series, half, peak_time)
    missing = np.isnan(total)
    measures: dict[Measure, Array] = {
        "base": base,
        "peak": peak,
        "amplitude": amplitude,
        "peak_time": peak_time,
        "greenup": greenup,
        "senescence": senescence,
        "length": senescence - greenup,
        "mean": total / np.float32(steps),
    }
    return {name: np.where(missing, np.float32(np.nan), value) for name, value in measures.items()}


def _passages(series: Array, half: Array, peak_time: Array) -> tuple[Array, Array]:
    """Return when a series passes `half`: the last rise before its peak, and the first fall after it."""
    last = series.shape[0] - 1
    greenup = np.zeros(series.shape[1:], dtype=np.float32)
    senescence = np.full(series.shape[1:], last, dtype=np.float32)
    fallen = np.zeros(series.shape[1:], dtype=bool)
    for step in range(last):
        here, there = series[step], series[step + 1]
        with np.errstate(all="ignore"):
            at = np.float32(step) + (half - here) / (there - here)
        rises = (here < half) & (there >= half) & (np.float32(step) < peak_time)
        greenup = np.where(rises, at, greenup)
        falls = (here >= half) & (there < half) & (np.float32(step) >= peak_time) & ~fallen
        senescence = np.where(falls, at, senescence)
        fallen |= falls
    return greenup, senescence
