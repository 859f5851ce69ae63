"""The compiled loops of the scorer. They release the GIL, keep IEEE arithmetic, and add in the order of the libraries.

Pixels are taken in blocks of 256. A value is first turned into its rank among the thresholds of its feature (uint8), so
that a block of one feature is 256 bytes and one instruction compares 64 pixels. A small tree is then not walked:
each of its splits is evaluated for all pixels of the block, from the leaves up, without any branch. Large trees are
walked by sixteen neighbouring pixels side by side, on ranks of uint16.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types

from training.scorer.compiling import compiled, vector_operation

Array: TypeAlias = Any
"""An array, or what stands for one in the compiler: kernels are typed when they are compiled."""

Scaled: TypeAlias = tuple[Any, ...]
Program: TypeAlias = tuple[Any, ...]
Walk: TypeAlias = tuple[Any, ...]

BLOCK = 256
"""Pixels of a block: 100 features of it (25 kB) stay in the first cache, and a tree's reading is paid once for all."""

WALKERS = 16
"""Pixels that walk a large tree side by side: while one waits for its node, the others go on."""

NODES_OF_A_LINE = 8
"""Nodes of 8 bytes in a line of the cache."""

NEXT_COLUMN, NEXT_NODE, LOW = np.uint64(16), np.uint64(32), np.uint64(2**16 - 1)
"""The parts of a node, see `Walks`."""

NONE, ONE = np.uint32(0), np.uint32(1)
"""Counts of limits: what has a sign is looked up more slowly."""

LANES = 64
"""Pixels that one vector operation takes: 512 bits of bytes; LLVM splits it where registers are narrower."""


def _row(context: Array, builder: Array, array_type: Array, array: Array, offset: Array) -> Array:
    """Return a pointer to a vector of an array's elements from `offset` on."""
    data = context.make_array(array_type)(context, builder, array).data
    vector = ir.VectorType(data.type.pointee, LANES)
    return builder.bitcast(builder.gep(data, [offset]), vector.as_pointer())


def _repeated(builder: Array, value: Array) -> Array:
    """Return a vector with a value in every lane."""
    vector = ir.VectorType(value.type, LANES)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)


@vector_operation
def _choose(  # noqa: PLR0917  # LLVM knows no keywords
    typing: Array, ranks: Array, at: Array, limit: Array, slots: Array, low: Array, high: Array, step: Array, out: Array
) -> Array:
    """For one block: slots[out] = slots[low] where ranks[at] <= limit, else slots[high] + step; places in bytes."""
    del typing
    signature = types.void(ranks, at, limit, slots, low, high, step, out)

    def generate(context: Array, builder: Array, signature: Array, args: Array) -> Array:
        ranks, at, limit, slots, low, high, step, out = args
        ranks_type, slots_type = signature.args[0], signature.args[3]
        limits, steps = _repeated(builder, limit), _repeated(builder, step)
        for part in range(0, BLOCK, LANES):
            shift = ir.Constant(at.type, part)
            pointers = [
                _row(context, builder, ranks_type, ranks, builder.add(at, shift)),
                _row(context, builder, slots_type, slots, builder.add(low, shift)),
                _row(context, builder, slots_type, slots, builder.add(high, shift)),
            ]
            rank, of_low, of_high = (builder.load(pointer, align=1) for pointer in pointers)
            goes_low = builder.icmp_unsigned("<=", rank, limits)
            chosen = builder.select(goes_low, of_low, builder.add(of_high, steps))
            place = _row(context, builder, slots_type, slots, builder.add(out, shift))
            builder.store(chosen, place, align=1)
        return context.get_dummy_value()

    return signature, generate


@vector_operation
def _count_above(typing: Array, values: Array, limit: Array, counts: Array) -> Array:
    """For one block: counts += 1 where values > limit; NaN is above nothing."""
    del typing
    signature = types.void(values, limit, counts)

    def generate(context: Array, builder: Array, signature: Array, args: Array) -> Array:
        values, limit, counts = args
        limits = _repeated(builder, limit)
        for part in range(0, BLOCK, LANES):
            shift = ir.Constant(ir.IntType(64), part)
            value = builder.load(_row(context, builder, signature.args[0], values, shift), align=4)
            place = _row(context, builder, signature.args[2], counts, shift)
            above = builder.zext(builder.fcmp_ordered(">", value, limits), ir.VectorType(ir.IntType(8), LANES))
            builder.store(builder.add(builder.load(place, align=1), above), place, align=1)
        return context.get_dummy_value()

    return signature, generate


@compiled
def rank_rows(X: Array, start: int, stop: int, scales: Scaled, ranks: Array) -> None:
    """Fill ranks uint8 [block, column, 256] of rows start:stop of X float32 [n, f]; see `Scales`."""
    feature, starts, limits, column = scales
    values, counts = np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.uint8)
    for block in range(ranks.shape[0]):
        first = start + block * BLOCK
        n = min(stop - first, BLOCK)
        for scale in range(feature.shape[0]):
            for pixel in range(n):
                values[pixel] = X[first + pixel, feature[scale]]
            counts[:] = 0
            for at in range(starts[scale], starts[scale + 1]):
                _count_above(values, limits[at], counts)
            if column[scale, 0] >= 0:
                ranks[block, column[scale, 0]] = counts
            if column[scale, 1] >= 0:
                out = ranks[block, column[scale, 1]]
                for pixel in range(BLOCK):
                    out[pixel] = 255 if np.isnan(values[pixel]) else counts[pixel]


@compiled
def add_small_trees(ranks: Array, programs: Program, slots: Array, sums: Array) -> None:
    """Add the trees of `Programs` to sums [k, 256 * block (or more)]; choices name columns and limits by number."""
    choices, starts, results, leaves, values, width, targets = programs
    flat, flat_slots = ranks.reshape(ranks.size), slots.reshape(slots.size)
    for block in range(ranks.shape[0]):
        origin = np.uint64(block * ranks.shape[1] * BLOCK)
        for group in range(starts.shape[0] - 1):
            for one in range(starts[group], starts[group + 1]):
                _choose(
                    flat,
                    origin + np.uint64(choices[one, 0]) * np.uint64(BLOCK),
                    np.uint8(choices[one, 1]),
                    flat_slots,
                    np.uint64(choices[one, 2]) * np.uint64(BLOCK),
                    np.uint64(choices[one, 3]) * np.uint64(BLOCK),
                    np.uint8(choices[one, 4]),
                    np.uint64(choices[one, 5]) * np.uint64(BLOCK),
                )
            number_0, number_1 = slots[results[group, 0]], slots[results[group, 1]]
            number_2, number_3 = slots[results[group, 2]], slots[results[group, 3]]
            for output in range(width):
                value_0 = values[leaves[group, 0, 0] + output * leaves[group, 0, 1] :]
                value_1 = values[leaves[group, 1, 0] + output * leaves[group, 1, 1] :]
                value_2 = values[leaves[group, 2, 0] + output * leaves[group, 2, 1] :]
                value_3 = values[leaves[group, 3, 0] + output * leaves[group, 3, 1] :]
                total = sums[targets[group] + output, block * BLOCK : (block + 1) * BLOCK]
                for pixel in range(BLOCK):  # in this order, as the libraries do: other orders round otherwise
                    summed = total[pixel] + value_0[number_0[pixel]]
                    summed += value_1[number_1[pixel]]
                    summed += value_2[number_2[pixel]]
                    total[pixel] = summed + value_3[number_3[pixel]]


@compiled
def search_rows(X: Array, start: int, stop: int, scales: Scaled, ranks: Array) -> None:
    """Fill ranks uint16 [n (or more), column] of rows start:stop of X float32 [n, f]; see `Scales.searched`."""
    feature, starts, limits, column = scales
    values, counts = np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.uint32)
    for first in range(0, stop - start, BLOCK):
        n = min(stop - start - first, BLOCK)
        for scale in range(feature.shape[0]):
            for pixel in range(n):
                values[pixel] = X[start + first + pixel, feature[scale]]
            counts[:] = 0
            own = limits[starts[scale] : starts[scale + 1]]
            step = np.uint32((own.shape[0] + 1) >> 1)
            while step > 0:
                for pixel in range(BLOCK):  # all at once: the next half is chosen without a branch
                    above = own[np.uint64(counts[pixel] + step - ONE)] < values[pixel]
                    counts[pixel] = np.uint32(counts[pixel] + (step if above else NONE))
                step = np.uint32(step >> 1)
            if column[scale, 0] >= 0:
                for pixel in range(n):
                    ranks[first + pixel, column[scale, 0]] = counts[pixel]
            if column[scale, 1] >= 0:
                for pixel in range(n):
                    ranks[first + pixel, column[scale, 1]] = 65535 if np.isnan(values[pixel]) else counts[pixel]


@compiled
def add_large_trees(ranks: Array, walks: Walk, n: int, sums: Array) -> int:
    """Add the trees of `Walks` to sums [k, n (or more)] of the first n rows of ranks; both have room for whole blocks.

    A tree is first read from end to end, for the processor foresees that, and waits for each line of it otherwise.
    What is returned only keeps the compiler from leaving that out.
    """
    nodes, starts, rows, row_starts, outputs, values, targets = walks
    flat, width = ranks.reshape(ranks.size), np.uint64(ranks.shape[1])
    at, seen = np.zeros(WALKERS, np.uint64), np.uint64(0)
    for tree in range(starts.shape[0] - 1):
        for node in range(starts[tree], starts[tree + 1], NODES_OF_A_LINE):
            seen ^= nodes[node]
        total = sums[targets[tree] :]
        for first in range(0, n, WALKERS):
            origin, moved = np.uint64(first) * width, np.uint64(1)
            at[:] = np.uint64(starts[tree])
            while moved != np.uint64(0):
                moved = np.uint64(0)
                for walker in range(WALKERS):
                    node = nodes[at[walker]]
                    column = (node >> NEXT_COLUMN) & LOW
                    rank = flat[origin + np.uint64(walker) * width + column]
                    following = (node >> NEXT_NODE) + np.uint64(rank > np.uint16(node & LOW))
                    moved |= following ^ at[walker]
                    at[walker] = following
            for walker in range(WALKERS):
                row = rows[at[walker]]
                for place in range(row_starts[row], row_starts[row + 1]):
                    total[outputs[place], first + walker] += values[place]
    return seen  # type: ignore[return-value]


@compiled
def largest_numbers(choices: Array, starts: Array, results: Array, slots: int) -> Array:
    """Return the largest number int64 [group, 4] that each program of `Programs` can yield; a stale slot counts 256."""
    largest = np.empty(slots, np.int64)
    found = np.empty(results.shape, np.int64)
    for group in range(results.shape[0]):
        largest[:] = 256
        largest[0] = 0
        for one in range(starts[group], starts[group + 1]):
            if choices[one, 5] == 0:  # nothing writes to the zeros
                largest[0] = 256
            low, high = largest[choices[one, 2]], largest[choices[one, 3]] + choices[one, 4]
            largest[choices[one, 5]] = max(low, high)
        for number in range(results.shape[1]):
            found[group, number] = largest[results[group, number]]
    return found
