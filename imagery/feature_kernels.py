"""The compiled loops of features: a tile of pixels goes through a recipe's program while it stays in the caches.

Everything is a plane: the float32 numbers of a tile's pixels for one layer at one step, so that each loop runs along
pixels and takes as many at a time as the processor's vectors hold. The operations, and the order of those that round,
are those of `imagery.features`; nothing is contracted or reordered. Where one of two zeros of unlike sign is the
smaller or larger, it is the second, as in numpy on x86-64.

A loop takes whole planes, C-contiguous, and writes to few that it does not read: only then does LLVM make vectors of
it. In the last tile, what lies after the last pixel is left over from the tile before, and never written out.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from imagery.expressions import LN2, LOG_TERMS
from imagery.phenology import HALF
from training.scorer.compiling import compiled

Array: TypeAlias = Any
"""An array, or what stands for one in the compiler: kernels are typed when they are compiled."""

Program: TypeAlias = tuple[Any, ...]

ADD, SUBTRACT, MULTIPLY, DIVIDE, MINIMUM, MAXIMUM, NEGATE, ABSOLUTE, SQUARE_ROOT, LOGARITHM, FINITE = range(11)
"""Operations of a program; `FINITE` turns whatever is not finite into NaN."""

UINT8, INT16, UINT16, FLOAT32 = range(4)
"""Kinds of composite numbers."""

BASE, PEAK, AMPLITUDE, PEAK_TIME, GREENUP, SENESCENCE, LENGTH, MEAN, TOTAL, HALFWAY, PASSAGE, COURSE_PLANES = range(12)
"""Planes of the measures of a course, and those that are needed on the way."""

BEFORE, BEFORE_AT, AFTER, AFTER_AT = 0, 1, 2, 3

NAN, ZERO, ONE = np.float32(np.nan), np.float32(0), np.float32(1)
INFINITY = np.float32(np.inf)
NAN_BITS, SIGNLESS, INFINITE_BITS = np.uint32(0x7FC00000), np.uint32(0x7FFFFFFF), np.uint32(0x7F800000)

TERMS = np.array([1.0 / (2 * term + 1) for term in range(LOG_TERMS + 1)])
ROOT_HALF = np.float64(np.sqrt(0.5))
FRACTION, EXPONENT_OF_HALF = np.int64(0x000FFFFFFFFFFFFF), np.int64(0x3FE0000000000000)
FRACTION_BITS, EXPONENT_BIAS = np.int64(52), np.int64(1022)  # of float64 in [1/2, 1), as frexp gives it


@compiled
def _gather(row: Array, at: Array, together: bool, scaling: Array, out: Array) -> None:
    """Write the values of pixels `at` of one row of a composite; nodata becomes NaN."""
    nodata, scale, offset = scaling[0], scaling[1], scaling[2]
    if together:
        numbers = row[at[0] : at[0] + at.shape[0]]
        for pixel in range(at.shape[0]):
            value = np.float32(numbers[pixel])
            out[pixel] = NAN if value == nodata else value * scale + offset
    else:
        for pixel in range(at.shape[0]):
            value = np.float32(row[at[pixel]])
            out[pixel] = NAN if value == nodata else value * scale + offset


@compiled
def _load(  # noqa: PLR0917
    raw: Array, kind: int, at: Array, together: bool, scaling: Array, out: Array
) -> None:
    """Write the values of pixels `at` of one row of a composite, given as bytes."""
    if kind == UINT16:
        _gather(raw.view(np.uint16), at, together, scaling, out)
    elif kind == INT16:
        _gather(raw.view(np.int16), at, together, scaling, out)
    elif kind == UINT8:
        _gather(raw, at, together, scaling, out)
    else:
        _gather(raw.view(np.float32), at, together, scaling, out)


@compiled
def _has_nan(values: Array) -> bool:
    found = np.int32(0)
    for pixel in range(values.shape[0]):
        found += np.int32(np.isnan(values[pixel]))
    return bool(found > 0)


@compiled
def _see_before(here: Array, step: Array, earlier: Array, seen: Array) -> None:
    """Write the last value up to a step, and its step number; `earlier` and `seen` are [value and number, pixel]."""
    value, place, value_out, place_out = earlier[0], earlier[1], seen[0], seen[1]
    for pixel in range(here.shape[0]):
        number, last, last_at = here[pixel], value[pixel], place[pixel]
        value_out[pixel] = last if np.isnan(number) else number
        place_out[pixel] = last_at if np.isnan(number) else step


@compiled
def _see_after(here: Array, step: Array, value: Array, place: Array) -> None:
    for pixel in range(here.shape[0]):
        number, next_value, next_at = here[pixel], value[pixel], place[pixel]
        value[pixel] = next_value if np.isnan(number) else number
        place[pixel] = next_at if np.isnan(number) else step


@compiled
def _draw_line(here: Array, step: Array, before: Array, after: Array, after_at: Array) -> None:
    """Fill the gaps of one step between what was seen before and after it; see `imagery.gaps`."""
    before_value, before_at = before[0], before[1]
    for pixel in range(here.shape[0]):
        first, last = before_value[pixel], after[pixel]
        width = after_at[pixel] - before_at[pixel]
        width = width if width > ONE else ONE
        line = first + (last - first) * ((step - before_at[pixel]) / width)
        held = last if np.isnan(first) else first
        filled = held if np.isnan(line) else line
        here[pixel] = filled if np.isnan(here[pixel]) else here[pixel]


@compiled
def _fill_gaps(series: Array, seen: Array, later: Array) -> None:
    """Fill the gaps of series [step, pixel]; seen [step + 1, 2, pixel] and later [2, pixel] are room to work in."""
    gaps, first_gap = False, 0
    for step in range(series.shape[0] - 1, -1, -1):
        if _has_nan(series[step]):
            gaps, first_gap = True, step
    if not gaps:
        return
    seen[0, 0, :], seen[0, 1, :], later[0, :], later[1, :] = NAN, ZERO, NAN, ZERO
    for step in range(series.shape[0]):
        _see_before(series[step], np.float32(step), seen[step], seen[step + 1])
    for step in range(series.shape[0] - 1, first_gap - 1, -1):
        _see_after(series[step], np.float32(step), later[0], later[1])
        _draw_line(series[step], np.float32(step), seen[step + 1], later[0], later[1])


@compiled
def _logarithm(x: Array, wide: Array, out: Array) -> None:
    """Write `imagery.expressions.log`; wide float64 [2, pixel] is room to work in."""
    mantissa, exponent = wide[0], wide[1]
    bits = mantissa.view(np.int64)
    for pixel in range(x.shape[0]):
        mantissa[pixel] = np.float64(x[pixel] if x[pixel] > ZERO else ONE)
    for pixel in range(x.shape[0]):
        exponent[pixel] = np.float64((bits[pixel] >> FRACTION_BITS) - EXPONENT_BIAS)
    for pixel in range(x.shape[0]):
        bits[pixel] = (bits[pixel] & FRACTION) | EXPONENT_OF_HALF
    for pixel in range(x.shape[0]):
        low = mantissa[pixel] < ROOT_HALF
        part = mantissa[pixel] * 2.0 if low else mantissa[pixel]
        power = exponent[pixel] - 1.0 if low else exponent[pixel]
        s = (part - 1.0) / (part + 1.0)
        square = s * s
        series = 0.0
        for term in range(LOG_TERMS, -1, -1):
            series = series * square + TERMS[term]
        result = np.float32(power * LN2 + 2.0 * s * series)
        out[pixel] = result if (x[pixel] > ZERO) & (x[pixel] < INFINITY) else NAN


@compiled
def _arithmetic(op: int, a: Array, b: Array, out: Array) -> None:
    """Write a + b, a - b, a * b or a / b."""
    if op == ADD:
        for pixel in range(out.shape[0]):
            out[pixel] = a[pixel] + b[pixel]
    elif op == SUBTRACT:
        for pixel in range(out.shape[0]):
            out[pixel] = a[pixel] - b[pixel]
    elif op == MULTIPLY:
        for pixel in range(out.shape[0]):
            out[pixel] = a[pixel] * b[pixel]
    else:
        for pixel in range(out.shape[0]):
            out[pixel] = a[pixel] / b[pixel]


@compiled
def _limit(op: int, a: Array, b: Array, out: Array) -> None:
    """Write the smaller or larger; NaN where one of them is NaN, b where they are equal."""
    if op == MINIMUM:
        for pixel in range(out.shape[0]):
            out[pixel] = a[pixel] if (a[pixel] < b[pixel]) | np.isnan(a[pixel]) else b[pixel]
    else:
        for pixel in range(out.shape[0]):
            out[pixel] = a[pixel] if (a[pixel] > b[pixel]) | np.isnan(a[pixel]) else b[pixel]


@compiled
def _change(op: int, a: Array, wide: Array, out: Array) -> None:
    """Write an operation of one number."""
    if op == NEGATE:
        for pixel in range(out.shape[0]):
            out[pixel] = -a[pixel]
    elif op == ABSOLUTE:
        for pixel in range(out.shape[0]):
            out[pixel] = abs(a[pixel])
    elif op == SQUARE_ROOT:
        for pixel in range(out.shape[0]):
            out[pixel] = np.sqrt(a[pixel])
    elif op == LOGARITHM:
        _logarithm(a, wide, out)
    else:
        for pixel in range(out.shape[0]):
            out[pixel] = a[pixel] if abs(a[pixel]) < INFINITY else NAN


@compiled
def _derive(operations: Array, step: int, planes: Array, wide: Array) -> None:
    """Run the operations of all formulas for one step; see `FeatureProgram`."""
    for one in range(operations.shape[0]):
        op = operations[one, 0]
        out = planes[operations[one, 1] + step * operations[one, 2]]
        a = planes[operations[one, 3] + step * operations[one, 4]]
        b = planes[operations[one, 5] + step * operations[one, 6]]
        if op <= DIVIDE:
            _arithmetic(op, a, b, out)
        elif op <= MAXIMUM:
            _limit(op, a, b, out)
        else:
            _change(op, a, wide, out)


@compiled
def _average(run: Array, total: Array, count: Array, out: Array) -> None:
    """Write the mean of the steps of a run [step, pixel] that have a value."""
    total[:], count[:] = ZERO, ZERO
    for step in range(run.shape[0]):
        here = run[step]
        for pixel in range(out.shape[0]):
            total[pixel] += ZERO if np.isnan(here[pixel]) else here[pixel]
            count[pixel] += ZERO if np.isnan(here[pixel]) else ONE
    for pixel in range(out.shape[0]):
        mean = total[pixel] / (count[pixel] if count[pixel] > ONE else ONE)
        out[pixel] = mean if count[pixel] > ZERO else NAN


@compiled
def _climb(here: Array, step: Array, peak: Array, peak_time: Array) -> None:
    for pixel in range(here.shape[0]):
        higher = here[pixel] > peak[pixel]
        peak_time[pixel] = step if higher else peak_time[pixel]
        peak[pixel] = here[pixel] if higher else peak[pixel]


@compiled
def _descend(here: Array, base: Array, total: Array) -> None:
    for pixel in range(here.shape[0]):
        base[pixel] = base[pixel] if base[pixel] < here[pixel] else here[pixel]
        total[pixel] += here[pixel]


@compiled
def _pass_at(here: Array, there: Array, step: Array, halfway: Array, at: Array) -> None:
    """Write where the line from one step to the next is halfway up."""
    for pixel in range(at.shape[0]):
        at[pixel] = step + (halfway[pixel] - here[pixel]) / (there[pixel] - here[pixel])


@compiled
def _rise(pair: Array, step: Array, course: Array) -> None:
    """Write the passage between a pair of steps [2, pixel] where it is the last rise before the peak so far."""
    here, there = pair[0], pair[1]
    halfway, peak_time, at, greenup = course[HALFWAY], course[PEAK_TIME], course[PASSAGE], course[GREENUP]
    for pixel in range(at.shape[0]):
        half, passage, earlier = halfway[pixel], at[pixel], greenup[pixel]
        rises = (here[pixel] < half) & (there[pixel] >= half) & (step < peak_time[pixel])
        greenup[pixel] = passage if rises else earlier


@compiled
def _fall(pair: Array, step: Array, course: Array) -> None:
    """Write the passage between a pair of steps [2, pixel] where it falls after the peak."""
    here, there = pair[0], pair[1]
    halfway, peak_time, at, senescence = course[HALFWAY], course[PEAK_TIME], course[PASSAGE], course[SENESCENCE]
    for pixel in range(at.shape[0]):
        half, passage, later = halfway[pixel], at[pixel], senescence[pixel]
        falls = (here[pixel] >= half) & (there[pixel] < half) & (step >= peak_time[pixel])
        senescence[pixel] = passage if falls else later


@compiled
def _measure(series: Array, course: Array) -> None:
    """Measure a course [step, pixel]; see `imagery.phenology`. The first fall is the last one found on the way back."""
    last = series.shape[0] - 1
    base, peak, total, half = course[BASE], course[PEAK], course[TOTAL], course[HALFWAY]
    first = series[0]
    for pixel in range(first.shape[0]):
        base[pixel], peak[pixel], total[pixel] = first[pixel], first[pixel], first[pixel]
    course[PEAK_TIME, :], course[GREENUP, :], course[SENESCENCE, :] = ZERO, ZERO, np.float32(last)
    for step in range(1, last + 1):
        _climb(series[step], np.float32(step), peak, course[PEAK_TIME])
        _descend(series[step], base, total)
    amplitude = course[AMPLITUDE]
    for pixel in range(base.shape[0]):
        amplitude[pixel] = peak[pixel] - base[pixel]
        half[pixel] = base[pixel] + (peak[pixel] - base[pixel]) * HALF
    for step in range(last):
        _pass_at(series[step], series[step + 1], np.float32(step), half, course[PASSAGE])
        _rise(series[step : step + 2], np.float32(step), course)
    for step in range(last - 1, -1, -1):
        _pass_at(series[step], series[step + 1], np.float32(step), half, course[PASSAGE])
        _fall(series[step : step + 2], np.float32(step), course)
    _arithmetic(SUBTRACT, course[SENESCENCE], course[GREENUP], course[LENGTH])
    mean, steps = course[MEAN], np.float32(last + 1)
    for pixel in range(total.shape[0]):
        mean[pixel] = total[pixel] / steps
    for measure in range(MEAN + 1):
        values = course[measure]
        for pixel in range(total.shape[0]):
            values[pixel] = NAN if np.isnan(total[pixel]) else values[pixel]


@compiled
def _write_rows(planes: Array, outputs: Array, rows: Array) -> None:
    """Write planes, in the order of features, as rows [pixel, feature]; all NaN get the same bits."""
    numbers, written = planes.view(np.uint32), rows.view(np.uint32)
    for pixel in range(rows.shape[0]):
        row = written[pixel]
        for feature in range(outputs.shape[0]):
            bits = numbers[outputs[feature], pixel]
            row[feature] = NAN_BITS if (bits & SIGNLESS) > INFINITE_BITS else bits


@compiled
def _together(at: Array) -> bool:
    """Tell whether pixels follow each other."""
    apart = np.int64(0)
    for pixel in range(at.shape[0]):
        apart |= at[pixel] ^ (at[0] + pixel)
    return bool(apart == 0)


@compiled
def write_features(raw: Array, kind: int, at: Array, program: Program, out: Array) -> None:
    """Write the features of pixels `at` to out float32 [n, feature].

    Args:
        raw: uint8 [band * step, pixel * bytes of a number], the composite.
        kind: of its numbers.
        at: int64 [n], pixels of a row of `raw`; not checked.
        program: the arrays of a `FeatureProgram`.
        out: float32 [n, feature].

    """
    sources, scaling, operations, constants, means, course, outputs, shape = program
    n_planes, steps, tile, first_constant, first_measure = shape
    planes = np.zeros((n_planes, tile), np.float32)
    seen, later = np.zeros((steps + 1, 2, tile), np.float32), np.zeros((2, tile), np.float32)
    wide = np.zeros((2, tile), np.float64)
    for constant in range(constants.shape[0]):
        planes[first_constant + constant, :] = constants[constant]
    for start in range(0, at.shape[0], tile):
        picked = at[start : min(start + tile, at.shape[0])]
        together = _together(picked)
        for source in range(sources.shape[0]):
            row, first, count = sources[source, 0], sources[source, 1], sources[source, 2]
            for step in range(count):
                _load(raw[row + step], kind, picked, together, scaling[source], planes[first + step])
            if sources[source, 3] != 0:
                _fill_gaps(planes[first : first + count], seen, later)
        for step in range(steps):
            _derive(operations, step, planes, wide)
        for mean in range(means.shape[0]):
            run = planes[means[mean, 0] : means[mean, 1]]
            _average(run, later[0], later[1], planes[means[mean, 2]])
        if course[0] >= 0:
            _measure(planes[course[0] : course[0] + steps], planes[first_measure : first_measure + COURSE_PLANES])
        _write_rows(planes, outputs, out[start : start + picked.shape[0]])
