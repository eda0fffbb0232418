"""Vector instructions where the compiler does not find them by itself, and arrays that suit them."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from tectum.core.kernel import INNER_OPTIONS

LANES = 8  # numbers of 32 bits that are added at a time
LINE = 64  # bytes of a cache line
WORDS = ir.VectorType(ir.IntType(32), LANES)


def aligned_zeros(shape: int | tuple[int, ...], dtype: Any) -> NDArray:
    """Zeros from the begin of a cache line on; a pass over others takes up to a half longer.

    No other array shares a line with them: two threads that write to the same line wait for each other.
    """
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    lines = -(-n_bytes // LINE) * LINE
    room = np.zeros(lines + LINE, np.uint8)
    first = -room.ctypes.data % LINE
    return room[first : first + n_bytes].view(dtype).reshape(shape)


def aligned(array: NDArray) -> NDArray:
    """A copy of an array, flat, from the begin of a cache line on."""
    copy = aligned_zeros(array.size, array.dtype)
    copy[:] = array.ravel()
    return copy


def add_lanes(total: Any, i: Any, stamp: Any, k: Any, strength: Any) -> None:
    """Add `LANES` numbers of a stamp, times `strength`, to a sum; a kernel takes vectors, which all processors have.

    Numba cannot be told that the two arrays are not the same, without which short loops are no vector instructions.

    Parameters
    ----------
    total : ndarray of uint32, one-dimensional
        INOUT.
    i : uint64
        IN first place in the sum.
    stamp : ndarray of uint32, one-dimensional
        IN.
    k : uint64
        IN first place in the stamp.
    strength : int32
        IN.
    """
    for j in range(LANES):
        total[i + j] += strength * stamp[k + j]


@intrinsic
def _add_lanes(typing_context: Any, total: Any, i: Any, stamp: Any, k: Any, strength: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def lanes(which: int) -> Any:
            array = context.make_array(signature.args[which])(context, builder, args[which])
            return builder.bitcast(builder.gep(array.data, [args[which + 1]]), WORDS.as_pointer())

        where, none = lanes(0), ir.Constant(WORDS, ir.Undefined)
        factor = builder.insert_element(none, args[4], ir.Constant(ir.IntType(32), 0))
        factor = builder.shuffle_vector(factor, none, ir.Constant(WORDS, [0] * LANES))
        more = builder.mul(builder.load(lanes(2), align=4), factor)
        builder.store(builder.add(builder.load(where, align=4), more), where, align=4)
        return context.get_dummy_value()

    return types.void(total, i, stamp, k, strength), build


@overload(add_lanes, jit_options=INNER_OPTIONS, strict=False)
def _(total: Any, i: Any, stamp: Any, k: Any, strength: Any) -> Any:
    return lambda total, i, stamp, k, strength: _add_lanes(total, i, stamp, k, strength)


def prefetch(array: Any, i: Any) -> None:
    """Ask for the cache line of a number that will be changed soon; nothing waits for it.

    Parameters
    ----------
    array : ndarray, one-dimensional, contiguous
        IN.
    i : int
        IN place in the array.
    """


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


@overload(prefetch, jit_options=INNER_OPTIONS, strict=False)
def _(array: Any, i: Any) -> Any:
    return lambda array, i: _prefetch(array, i)
