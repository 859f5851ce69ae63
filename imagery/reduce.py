"""One number out of the observations of a window: median, mean, extremes, percentiles, pixel by pixel.

A result of an integer dtype is rounded to the nearest whole number, halves to the even one. The observations come in a
fixed order and are added in that order, so a result does not depend on block, layout or number of threads.

This is the plain way, and what the compiled one (`imagery.merging`) must equal to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from imagery.recipe_model import Statistic

Number = npt.NDArray[Any]
Truth = npt.NDArray[np.bool_]

SHARES: dict[str, float] = {"min": 0.0, "median": 0.5, "max": 1.0}
"""Statistics that are a share of the sorted observations; `p25` and others carry theirs in their name."""

NETWORK_UP_TO = 16  # observations: exchanging pairs of whole layers is quicker than np.sort along the first axis


def reduce_stack(stack: Number, valid: Truth, statistic: Statistic, nodata: float) -> Number:
    """Reduce observations to one number a pixel.

    Args:
        stack: [k, ...] observations in order of time, k may be 0; overwritten.
        valid: same shape, where there is an observation.
        statistic: `only` takes the newest; `p10` to `p90` interpolate linearly between observations.
        nodata: the result where there is none.

    Returns:
        [...] of the stack's dtype.

    """
    counts = valid.sum(axis=0, dtype=np.int32)
    if statistic == "only":
        result = _newest(stack, valid)
    elif statistic in {"mean", "sum"}:
        result = _total(stack, valid, counts if statistic == "mean" else None)
    else:
        result = _quantile(stack, valid, counts, share_of(statistic))
    return np.where(counts > 0, _rounded(result, stack.dtype), np.asarray(nodata, dtype=stack.dtype))


def share_of(statistic: Statistic) -> float:
    """Return which share of the sorted observations a statistic is: 0.5 for the median, 0.25 for `p25`."""
    return SHARES[statistic] if statistic in SHARES else int(statistic[1:]) / 100


def around(counts: npt.NDArray[np.int32], share: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the number of the sorted observation below a share, by count, and the weight of the one above it."""
    position = np.maximum(counts - 1, 0) * np.float64(share)
    below = np.floor(position + 1e-9)
    return below, np.maximum(position - below, 0.0)


def _rounded(result: Number, dtype: np.dtype[Any]) -> Number:
    return np.rint(result).astype(dtype) if np.issubdtype(dtype, np.integer) else result.astype(dtype)


def _newest(stack: Number, valid: Truth) -> Number:
    result = np.zeros(stack.shape[1:], dtype=stack.dtype)
    for layer, seen in zip(stack, valid, strict=True):
        np.copyto(result, layer, where=seen)
    return result


def _total(stack: Number, valid: Truth, counts: npt.NDArray[np.int32] | None) -> Number:
    total = np.zeros(stack.shape[1:], dtype=np.float64)
    for layer, seen in zip(stack, valid, strict=True):
        np.add(total, layer, out=total, where=seen)
    return total if counts is None else total / np.maximum(counts, 1)


def _quantile(stack: Number, valid: Truth, counts: npt.NDArray[np.int32], share: float) -> Number:
    """Interpolate between the two observations around a share of the sorted ones (0.5 is the median)."""
    top = np.inf if np.issubdtype(stack.dtype, np.floating) else np.iinfo(stack.dtype).max
    if stack.shape[0] == 0:
        return np.zeros(stack.shape[1:], dtype=stack.dtype)
    np.copyto(stack, stack.dtype.type(top), where=~valid)
    ordered = _sorted(stack)
    below, weight = around(counts, share)
    low = _pick(ordered, below.astype(np.intp))
    high = _pick(ordered, np.minimum(below + 1, np.maximum(counts - 1, 0)).astype(np.intp))
    return np.where(weight > 0, low * (1.0 - weight) + high * weight, low)


def _pick(ordered: Number, index: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    picked = np.take_along_axis(ordered, index[None], axis=0)[0].astype(np.float64)
    return np.where(np.isfinite(picked), picked, 0.0)


def _sorted(stack: Number) -> Number:
    """Sort along the first axis, by exchanging neighbours (odd-even transposition) when there are few."""
    k = stack.shape[0]
    if k > NETWORK_UP_TO:
        return np.sort(stack, axis=0)
    for turn in range(k):
        for i in range(turn % 2, k - 1, 2):
            low = np.minimum(stack[i], stack[i + 1])
            np.maximum(stack[i], stack[i + 1], out=stack[i + 1])
            stack[i] = low
    return stack
