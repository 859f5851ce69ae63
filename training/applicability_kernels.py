"""The compiled search for a training sample that is near enough: by rows, on one thread, without the GIL.

A row is first compared with the samples that were near the rows before it: neighbours are alike. Else it is turned onto
the axes along which the samples vary most, and compared with blocks of samples along a few axes at a time: as soon as
all samples of a block are too far by the axes so far, the block is left. A sum of squares only grows, in float32 too,
so nothing near is left out.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from training.scorer.compiling import compiled

Array: TypeAlias = Any
"""An array, or what stands for one in the compiler: kernels are typed when they are compiled."""

Search: TypeAlias = tuple[Any, ...]

LANES = 16
"""Features are filled up with zeros to a multiple of it: float32 numbers of a 512-bit vector."""

BLOCK = 64
"""Samples of a block: what is loaded of a row serves four vectors of samples."""

AXES = 4
"""Axes that are added before a block is looked at."""

LEADING = 12
"""Axes on which all blocks are compared before a row is turned onto the others."""

RECENT = 2
"""Samples that are tried first."""

ZERO = np.float32(0)
INFINITE_BITS = np.uint32(0x7F800000)


@compiled
def _place(row: Array, mean: Array, weight: Array, point: Array) -> bool:
    """Write a row as a point (0 where it is missing), and tell whether something is missing."""
    missing = np.int32(0)
    for feature in range(row.shape[0]):
        value = row[feature]
        missing += np.int32(np.isnan(value))
        point[feature] = ZERO if np.isnan(value) else (value - mean[feature]) * weight[feature]
    return bool(missing > 0)


@compiled
def _missing_importance(row: Array, importance: Array) -> float:
    total = 0.0
    for feature in range(row.shape[0]):
        if np.isnan(row[feature]):
            total += importance[feature]
    return total


@compiled
def _is_near(point: Array, sample: Array, sums: Array, limit: Array) -> bool:
    """Tell whether a point is near a sample; sums float32 [LANES] is room to work in."""
    sums[:] = ZERO
    for start in range(0, point.shape[0], LANES):
        here, there = point[start : start + LANES], sample[start : start + LANES]
        for lane in range(LANES):
            apart = here[lane] - there[lane]
            sums[lane] += apart * apart
    total = ZERO
    for lane in range(LANES):
        total += sums[lane]
    return bool(total <= limit)


@compiled
def _turn(point: Array, axes: Array, turned: Array) -> None:
    """Write a point's coordinates along axes [feature, axis]."""
    turned[:] = ZERO
    for first in range(0, point.shape[0], 2 * AXES):
        a, b, c, d = point[first], point[first + 1], point[first + 2], point[first + 3]
        e, f, g, h = point[first + 4], point[first + 5], point[first + 6], point[first + 7]
        part = axes[first : first + 2 * AXES]
        for axis in range(turned.shape[0]):
            low = (a * part[0, axis] + b * part[1, axis]) + (c * part[2, axis] + d * part[3, axis])
            high = (e * part[4, axis] + f * part[5, axis]) + (g * part[6, axis] + h * part[7, axis])
            turned[axis] += low + high


@compiled
def _add_axes(point: Array, samples: Array, limit: Array, squares: Array) -> bool:
    """Add the squared distances of samples [axis, sample] to a point; stop and tell when all of them are too far."""
    for axis in range(0, point.shape[0], AXES):
        first, second, third, fourth = samples[axis], samples[axis + 1], samples[axis + 2], samples[axis + 3]
        a, b, c, d = point[axis], point[axis + 1], point[axis + 2], point[axis + 3]
        near = np.int32(0)
        for sample in range(squares.shape[0]):
            along_a, along_b = a - first[sample], b - second[sample]
            along_c, along_d = c - third[sample], d - fourth[sample]
            square = (along_a * along_a + along_b * along_b) + (along_c * along_c + along_d * along_d)
            square += squares[sample]
            squares[sample] = square
            near += np.int32(square <= limit)
        if near == 0:
            return True
    return False


@compiled
def _nearest(squares: Array) -> int:
    """Return the place of the least number; none is below zero, so that their bits order as they do, NaN's last."""
    bits, least, nearest = squares.view(np.uint32), INFINITE_BITS, np.int32(0)
    for sample in range(squares.shape[0]):
        least = bits[sample] if bits[sample] < least else least
    for sample in range(squares.shape[0]):
        place = np.int32(sample) if bits[sample] == least else np.int32(0)
        nearest = place if place > nearest else nearest
    return nearest  # type: ignore[return-value]


@compiled
def _has_near(squares: Array, limit: Array) -> bool:
    near = np.int32(0)
    for sample in range(squares.shape[0]):
        near += np.int32(squares[sample] <= limit)
    return bool(near > 0)


@compiled
def _search(point: Array, limit: Array, search: Search, room: tuple[Array, ...]) -> int:
    """Return the number of a sample within the limit (a squared distance) of a point, or -1."""
    leading, others, leading_samples, other_samples, numbers, references = search
    turned, squares, sums = room
    squares[:] = ZERO
    _turn(point, leading, turned[:LEADING])
    if _add_axes(turned[:LEADING], leading_samples, limit, squares):
        return -1
    likely = numbers[_nearest(squares)]
    if _is_near(point, references[likely], sums, limit):
        return likely  # type: ignore[no-any-return]
    _turn(point, others, turned[LEADING:])
    for block in range(other_samples.shape[0]):
        first = block * BLOCK
        part = squares[first : first + BLOCK]
        if _has_near(part, limit) and not _add_axes(turned[LEADING:], other_samples[block], limit, part):
            return numbers[first + _nearest(part)]  # type: ignore[no-any-return]
    return -1


@compiled
def _try_recent(point: Array, recent: Array, references: Array, sums: Array, limit: Array) -> int:
    for place in range(recent.shape[0]):
        if _is_near(point, references[recent[place]], sums, limit):
            return recent[place]  # type: ignore[no-any-return]
    return -1


@compiled
def _remember(found: int, recent: Array) -> None:
    """Put a sample first in the list of those that are tried first."""
    place = 0
    while recent[place] != found and place < recent.shape[0] - 1:
        place += 1
    for later in range(place, 0, -1):
        recent[later] = recent[later - 1]
    recent[0] = found


@compiled
def rows_inside(X: Array, scaling: Array, limits: tuple[Array, float], search: Search, inside: Array) -> None:
    """Tell for each row of X float32 [n, f] whether a sample is near, and not too much is missing.

    Args:
        X: features, NaN where missing.
        scaling: float32 [3, f]: mean, weight, importance.
        limits: the squared distance within which a sample is near, float32, and the importance that may be missing.
        search: the arrays of a `Search`.
        inside: bool [n], written.

    """
    limit, most_missing = limits
    references, samples = search[5], search[4].shape[0]
    point, sums = np.zeros(references.shape[1], np.float32), np.zeros(LANES, np.float32)
    turned, squares = np.zeros(references.shape[1], np.float32), np.zeros(samples, np.float32)
    room = (turned, squares, sums)
    recent = np.zeros(RECENT, np.int64)
    for row in range(X.shape[0]):
        inside[row] = False
        lacks = _place(X[row], scaling[0], scaling[1], point)
        if lacks and _missing_importance(X[row], scaling[2]) > most_missing:
            continue
        found = _try_recent(point, recent, references, sums, limit)
        if found < 0:
            found = _search(point, limit, search, room)
        if found >= 0:
            inside[row] = True
            _remember(found, recent)
