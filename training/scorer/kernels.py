"""The compiled loops of the scorer. They release the GIL, keep IEEE arithmetic, and add in the order of the libraries.

Pixels are taken in blocks of 256. A value is first turned into its rank among the thresholds of its feature (uint8), so
that a block of one feature is 256 bytes and one instruction compares 64 pixels. A small tree is then not walked:
each of its splits is evaluated for all pixels of the block, from the leaves up, without any branch.
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

NAN_KEY = np.int32(2**31 - 1)
"""Larger than the key of any number."""

FEW = 2
"""Pixels that walk the rest of a large tree one by one: for so few, splitting a list costs more than it saves."""

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
def order_rows(X: Array, start: int, keys: Array) -> None:
    """Fill keys int32 [f, n]: integers that order as the values of n rows of X float32 from `start` on; see `Walks`."""
    bits = X.view(np.int32)
    for first in range(0, keys.shape[1], LANES):  # so that a row is in the cache for all its features
        for feature in range(keys.shape[0]):
            for pixel in range(first, min(first + LANES, keys.shape[1])):
                key = bits[start + pixel, feature]
                key ^= (key >> 31) & NAN_KEY
                keys[feature, pixel] = NAN_KEY if np.isnan(X[start + pixel, feature]) else key


@compiled
def _split(  # noqa: PLR0917
    key: Array, limit: int, wrap: int, pixels: Array, out: Array, first: int, last: int
) -> int:
    """Write pixels[first:last] to out[first:last], those that go left from its front, others from its end.

    Return where the others begin. Both places are written and one is kept: there is no branch to foresee.
    """
    left, right = np.uint64(first), np.uint64(last - 1)
    for place in range(np.uint64(first), np.uint64(last)):
        pixel = pixels[place]
        goes_right = np.int32(key[pixel] + wrap) > limit
        out[left] = pixel
        out[right] = pixel
        right -= np.uint64(goes_right)
        left += np.uint64(not goes_right)
    return np.int64(left)  # type: ignore[return-value]


@compiled
def _walk(keys: Array, nodes: Array, node: int, pixel: int) -> int:
    """Return the leaf that a pixel comes to from a node."""
    while nodes[node, 3] != node:
        value = np.int32(keys[nodes[node, 1], pixel] + nodes[node, 2])
        node = nodes[node, 3] + np.int64(value > nodes[node, 0])
    return node


@compiled
def _add_leaf(row: int, walks: Walk, sums: Array, pixels: Array) -> None:
    """Add a leaf's row, without its zeros, to the sums of the pixels that came to it."""
    row_starts, outputs, values = walks[3], walks[4], walks[5]
    for at in range(row_starts[row], row_starts[row + 1]):
        total, value = sums[outputs[at]], values[at]
        for place in range(pixels.shape[0]):
            total[pixels[place]] += value


@compiled
def add_large_trees(keys: Array, walks: Walk, pixels: Array, stack: Array, sums: Array) -> None:
    """Add the trees of `Walks` to sums [k, n (or more)]; pixels uint16 [2, n] and stack are room to work in.

    The list of a node's pixels lies in one row of `pixels`, those of its children in the other, at the same places.
    """
    nodes, starts, rows, _, _, _, targets = walks
    for tree in range(starts.shape[0] - 1):
        for pixel in range(keys.shape[1]):
            pixels[0, pixel] = pixel
        waiting = 1
        stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = starts[tree], 0, keys.shape[1], 0
        while waiting > 0:
            waiting -= 1
            node, first, last, side = stack[waiting, 0], stack[waiting, 1], stack[waiting, 2], stack[waiting, 3]
            while nodes[node, 3] != node and last - first > FEW:
                key, limit, wrap = keys[nodes[node, 1]], nodes[node, 0], nodes[node, 2]
                middle = _split(key, limit, wrap, pixels[side], pixels[1 - side], first, last)
                node, side = nodes[node, 3], 1 - side
                if middle < last:
                    stack[waiting, 0], stack[waiting, 1] = node + 1, middle
                    stack[waiting, 2], stack[waiting, 3] = last, side
                    waiting += 1
                last = middle
            if nodes[node, 3] == node:
                _add_leaf(rows[node], walks, sums[targets[tree] :], pixels[side, first:last])
            else:
                for place in range(first, last):
                    leaf = _walk(keys, nodes, node, pixels[side, place])
                    _add_leaf(rows[leaf], walks, sums[targets[tree] :], pixels[side, place : place + 1])


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


@compiled
def deepest(nodes: Array) -> int:
    """Return the number of splits on the longest way through `Walks`, whose children come after their parents."""
    depth = np.zeros(nodes.shape[0], np.int64)
    for node in range(nodes.shape[0]):
        child = nodes[node, 3]
        if child != node:
            depth[child] = max(depth[child], depth[node] + 1)
            depth[child + 1] = max(depth[child + 1], depth[node] + 1)
    return depth.max()  # type: ignore[no-any-return]
