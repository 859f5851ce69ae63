"""Filling gaps in time: straight lines between the nearest clear steps, the ends held."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def fill_gaps(series: Array) -> None:
    """Fill NaN of a float32 series [step, ...] in place; a pixel without one value stays NaN.

    Steps count as equally far apart. One pass carries the last clear value forward, one pass back the next.
    """
    steps = series.shape[0]
    missing = np.isnan(series)
    if not missing.any():
        return
    before, before_at = _last_seen(series, missing, range(steps))
    after, after_at = _last_seen(series, missing, range(steps - 1, -1, -1))
    for step in range(steps):
        gap = missing[step]
        if not gap.any():
            continue
        # Between two clear steps; at an end one of them is NaN, and the other is held.
        width = np.maximum(after_at[step] - before_at[step], np.float32(1))
        share = (np.float32(step) - before_at[step]) / width
        line = before[step] + (after[step] - before[step]) * share
        held = np.where(np.isnan(before[step]), after[step], before[step])
        series[step] = np.where(gap, np.where(np.isnan(line), held, line), series[step])


def _last_seen(series: Array, missing: npt.NDArray[np.bool_], order: range) -> tuple[Array, Array]:
    """Return, for every step, the last value seen on the way through `order`, and its step number."""
    values, places = np.empty_like(series), np.empty_like(series)
    value = np.full(series.shape[1:], np.nan, dtype=np.float32)
    place = np.zeros(series.shape[1:], dtype=np.float32)
    for step in order:
        value = np.where(missing[step], value, series[step])
        place = np.where(missing[step], place, np.float32(step))
        values[step], places[step] = value, place
    return values, places
