"""Vector instructions where the compiler does not find them by itself, and arrays that suit them."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from tectum.core.inlined import inlined

LANES = 8  # numbers of 32 bits that are added at a time
LINE = 64  # bytes of a cache line
WORDS = ir.VectorType(ir.IntType(32), LANES)
MARKED = 64  # numbers that the bits of a word mark
BLOCK = 16  # numbers of float32 in a cache line


def aligned_zeros(shape: int | tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros from the begin of a cache line on; a pass over others takes up to a half longer.

    No other array shares a line with them: two threads that write to the same line wait for each other.
    """
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    lines = -(-n_bytes // LINE) * LINE
    room = np.zeros(lines + LINE, np.uint8)
    first = -room.ctypes.data % LINE
    return room[first : first + n_bytes].view(dtype).reshape(shape)


def aligned(array: NDArray[Any]) -> NDArray[Any]:
    """A copy of an array, flat, from the begin of a cache line on."""
    copy = aligned_zeros(array.size, array.dtype)
    copy[:] = array.ravel()
    return copy


def add_lanes(total: Any, i: Any, stamp: Any, k: Any, strength: Any) -> None:
    """Add `LANES` numbers of a stamp, times `strength`, to a sum; a kernel takes vectors, which all processors have.

    Numba cannot be told that the two arrays are not the same, without which short loops are no vector instructions.

    INOUT `total` (uint32, one-dimensional). IN `i` and `k` (uint64), first places in the sum and in the stamp, `stamp`
    (uint32, one-dimensional) and `strength` (int32).
    """
    for j in range(LANES):
        total[i + j] += strength * stamp[k + j]


def add_marked(total: Any, i: Any, marks: Any, k: Any, stride: Any, rows: Any, n_rows: Any, weight: Any) -> None:
    """Add a weight to those of `MARKED` numbers that the bits of a word mark, for one row of words after another.

    INOUT `total` (float32, one-dimensional). IN `i`, first place in it; `marks` (uint64, one-dimensional), the lowest
    bit of a word for the first place; `k` and `stride`, place of the word in row 0 and words of a row; `rows` (int32,
    one-dimensional) in the order in which they are added, of which `n_rows`; `weight` (float32).
    """
    for f in range(n_rows):
        mark = int(marks[k + stride * rows[f]])
        for j in range(MARKED):
            if mark >> j & 1:
                total[i + j] += weight


@intrinsic
def _add_marked(
    typing_context: Any, total: Any, i: Any, marks: Any, k: Any, stride: Any, rows: Any, n_rows: Any, weight: Any
) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = [context.make_array(signature.args[a])(context, builder, args[a]).data for a in (0, 2, 5)]
        where = _vector_at(builder, data[0], args[1], MARKED)
        sums = cgutils.alloca_once_value(builder, builder.load(where, align=4))
        weights = _splat(builder, args[7], MARKED)
        with cgutils.for_range(builder, args[6]) as loop:
            row = builder.sext(builder.load(builder.gep(data[2], [loop.index])), ir.IntType(64))
            place = builder.add(args[3], builder.mul(row, args[4]))
            mark = builder.bitcast(builder.load(builder.gep(data[1], [place])), ir.VectorType(ir.IntType(1), MARKED))
            before = builder.load(sums, align=4)
            builder.store(builder.select(mark, builder.fadd(before, weights), before), sums, align=4)
        builder.store(builder.load(sums, align=4), where, align=4)
        return context.get_dummy_value()

    place = types.intp
    return types.void(total, place, marks, place, place, rows, place, types.float32), build


@inlined(add_marked)
def _(total: Any, i: Any, marks: Any, k: Any, stride: Any, rows: Any, n_rows: Any, weight: Any) -> Any:
    return lambda total, i, marks, k, stride, rows, n_rows, weight: _add_marked(
        total, i, marks, k, stride, rows, n_rows, weight
    )


def add_block(total: Any, i: Any, weights: Any, k: Any, gain: Any) -> None:
    """Add `BLOCK` weights, times a gain, to a sum; all are float32, arrays one-dimensional, total is changed."""
    for j in range(BLOCK):
        total[i + j] += gain * weights[k + j]


@intrinsic
def _add_block(typing_context: Any, total: Any, i: Any, weights: Any, k: Any, gain: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = [context.make_array(signature.args[a])(context, builder, args[a]).data for a in (0, 2)]
        where = _vector_at(builder, data[0], args[1], BLOCK)
        more = builder.fmul(
            _splat(builder, args[4], BLOCK), builder.load(_vector_at(builder, data[1], args[3], BLOCK), align=4)
        )
        builder.store(builder.fadd(builder.load(where, align=4), more), where, align=4)
        return context.get_dummy_value()

    return types.void(total, types.intp, weights, types.intp, types.float32), build


@inlined(add_block)
def _(total: Any, i: Any, weights: Any, k: Any, gain: Any) -> Any:
    return lambda total, i, weights, k, gain: _add_block(total, i, weights, k, gain)


def _vector_at(builder: Any, data: Any, place: Any, size: int) -> Any:
    """Address of `size` float32 from a place on."""
    return builder.bitcast(builder.gep(data, [place]), ir.VectorType(ir.FloatType(), size).as_pointer())


def _splat(builder: Any, number: Any, size: int) -> Any:
    """A vector of the same number."""
    none = ir.Constant(ir.VectorType(number.type, size), ir.Undefined)
    first = builder.insert_element(none, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, none, ir.Constant(ir.VectorType(ir.IntType(32), size), [0] * size))


@intrinsic
def _add_lanes(typing_context: Any, total: Any, i: Any, stamp: Any, k: Any, strength: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def lanes(which: int) -> Any:
            array = context.make_array(signature.args[which])(context, builder, args[which])
            return builder.bitcast(builder.gep(array.data, [args[which + 1]]), WORDS.as_pointer())

        where = lanes(0)
        more = builder.mul(builder.load(lanes(2), align=4), _splat(builder, args[4], LANES))
        builder.store(builder.add(builder.load(where, align=4), more), where, align=4)
        return context.get_dummy_value()

    return types.void(total, i, stamp, k, strength), build


@inlined(add_lanes)
def _(total: Any, i: Any, stamp: Any, k: Any, strength: Any) -> Any:
    return lambda total, i, stamp, k, strength: _add_lanes(total, i, stamp, k, strength)


def prefetch(array: Any, i: Any) -> None:
    """Ask for the cache line of place `i` of a contiguous array that will be changed soon; nothing waits for it."""


@intrinsic
def _prefetch(typing_context: Any, array: Any, i: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        line, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        returned = ir.FunctionType(ir.VoidType(), [line, number, number, number])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [line], returned)
        written, near, of_data = number(1), number(2), number(1)
        builder.call(ask, [builder.bitcast(builder.gep(data, [args[1]]), line), written, near, of_data])
        return context.get_dummy_value()

    return types.void(array, i), build


@inlined(prefetch)
def _(array: Any, i: Any) -> Any:
    return lambda array, i: _prefetch(array, i)
