"""Rows of `LANES` weights, one per node, as vectors: what a tile of weights goes through in a step.

A loop over the numbers of a row becomes no vector instructions by itself, as sums are kept from row to row. In plain
Python, and with the JIT off, the functions are what they say.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from tectum.core.inlined import inlined
from tectum.core.lanes import LANES

ROW = ir.VectorType(ir.FloatType(), LANES)
INDEX = ir.IntType(64)


def sum_rows(w: Any, nodes: Any, first: Any, fours: Any, last: Any, total: Any, i: Any) -> None:
    """Sum of the rows of some nodes, four at a time and then one by one.

    IN `w` (n, LANES), float32; `nodes` (uint32), rows in the order in which they are added, from place `first` on four
    at a time up to `fours`, from there on one by one up to `last`. OUT `total`, one-dimensional, from place `i` on.
    """
    for q in range(LANES):
        total[i + q] = w.dtype.type(0)
    for k in range(first, fours, 4):
        a, b, c, d = nodes[k : k + 4]
        for q in range(LANES):
            total[i + q] += (w[a, q] + w[b, q]) + (w[c, q] + w[d, q])
    for k in range(max(first, fours), last):
        for q in range(LANES):
            total[i + q] += w[nodes[k], q]


def raise_rows(w: Any, nodes: Any, change: Any, i: Any) -> None:
    """Add the same to the rows of all `nodes`: `LANES` numbers of `change` from place i on; INOUT `w`."""
    for k in range(nodes.shape[0]):
        for q in range(LANES):
            w[nodes[k], q] += change[i + q]


def trim_rows(w: Any, first: Any, last: Any, tile: Any) -> None:
    """w = max(factor w - cut, 0) in rows from `first` up to `last`, and the sums of w and of its square.

    INOUT `w` (n, LANES), float32, and `tile` (4, LANES), float32: IN `cut` and `factor` of each column, OUT the sums.
    """
    cut, factor, mean, square = tile
    mean[:], square[:] = w.dtype.type(0), w.dtype.type(0)
    for i in range(first, last):
        for q in range(LANES):
            w[i, q] = max(factor[q] * w[i, q] - cut[q], w.dtype.type(0))
            mean[q] += w[i, q]
            square[q] += w[i, q] * w[i, q]


class _Rows:
    """What is built of an array in LLVM: addresses of rows, and loops with sums."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any) -> None:
        self.context, self.builder, self.signature, self.args = context, builder, signature, args

    def data(self, which: int) -> Any:
        """Where the data of an argument begin."""
        return self.context.make_array(self.signature.args[which])(self.context, self.builder, self.args[which]).data

    def at(self, data: Any, place: Any) -> Any:
        """Address of a row of float32 from a place on."""
        return self.builder.bitcast(self.builder.gep(data, [place]), ROW.as_pointer())

    def row(self, data: Any, node: Any) -> Any:
        """Address of the row of a node."""
        return self.at(data, self.builder.mul(node, INDEX(LANES)))

    def load(self, where: Any) -> Any:
        """A row."""
        return self.builder.load(where, align=4)

    def store(self, row: Any, where: Any) -> None:
        """Write a row."""
        self.builder.store(row, where, align=4)

    def node(self, nodes: Any, place: Any) -> Any:
        """A number of a node, as an index."""
        return self.builder.zext(self.builder.load(self.builder.gep(nodes, [place])), INDEX)

    def count(self, first: Any, last: Any, step: int = 1) -> Any:
        """A loop from `first` up to `last`."""
        return cgutils.for_range_slice(self.builder, first, last, INDEX(step), intp=INDEX)


@intrinsic
def _sum_rows(typing_context: Any, w: Any, nodes: Any, first: Any, fours: Any, last: Any, total: Any, i: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows = _Rows(context, builder, signature, args)
        weights, active = rows.data(0), rows.data(1)
        total = cgutils.alloca_once_value(builder, ir.Constant(ROW, [0.0] * LANES))
        with rows.count(args[2], args[3], 4) as (k, _):
            places = [builder.add(k, INDEX(n)) for n in range(4)]
            a, b, c, d = (rows.load(rows.row(weights, rows.node(active, place))) for place in places)
            four = builder.fadd(builder.fadd(a, b), builder.fadd(c, d))
            builder.store(builder.fadd(builder.load(total), four), total)
        later = builder.icmp_signed(">", args[2], args[3])
        with rows.count(builder.select(later, args[2], args[3]), args[4]) as (k, _):
            row = rows.load(rows.row(weights, rows.node(active, k)))
            builder.store(builder.fadd(builder.load(total), row), total)
        rows.store(builder.load(total), rows.at(rows.data(5), args[6]))
        return context.get_dummy_value()

    place = types.intp
    return types.void(w, nodes, place, place, place, total, place), build


@intrinsic
def _raise_rows(typing_context: Any, w: Any, nodes: Any, change: Any, i: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows = _Rows(context, builder, signature, args)
        weights, active = rows.data(0), rows.data(1)
        more = rows.load(rows.at(rows.data(2), args[3]))
        shape = context.make_array(signature.args[1])(context, builder, args[1]).shape
        with rows.count(INDEX(0), builder.extract_value(shape, 0)) as (k, _):
            where = rows.row(weights, rows.node(active, k))
            rows.store(builder.fadd(rows.load(where), more), where)
        return context.get_dummy_value()

    return types.void(w, nodes, change, types.intp), build


@intrinsic
def _trim_rows(typing_context: Any, w: Any, first: Any, last: Any, tile: Any) -> Any:
    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        rows = _Rows(context, builder, signature, args)
        weights, parts, zeros = rows.data(0), rows.data(3), ir.Constant(ROW, [0.0] * LANES)
        cut, factor = (rows.load(rows.row(parts, INDEX(n))) for n in (0, 1))
        mean, square = (cgutils.alloca_once_value(builder, zeros) for _ in range(2))
        with rows.count(args[1], args[2]) as (i, _):
            where = rows.row(weights, i)
            left = builder.fsub(builder.fmul(factor, rows.load(where)), cut)
            left = builder.select(builder.fcmp_ordered(">", left, zeros), left, zeros)
            rows.store(left, where)
            builder.store(builder.fadd(builder.load(mean), left), mean)
            builder.store(builder.fadd(builder.load(square), builder.fmul(left, left)), square)
        for n, total in ((2, mean), (3, square)):
            rows.store(builder.load(total), rows.row(parts, INDEX(n)))
        return context.get_dummy_value()

    return types.void(w, types.intp, types.intp, tile), build


def _compiled(function: Callable[..., None], built: Any) -> None:
    """What a kernel takes in place of a function."""
    inlined(function)(built)


_compiled(
    sum_rows,
    lambda w, nodes, first, fours, last, total, i: (
        lambda w, nodes, first, fours, last, total, i: _sum_rows(w, nodes, first, fours, last, total, i)
    ),
)
_compiled(raise_rows, lambda w, nodes, change, i: lambda w, nodes, change, i: _raise_rows(w, nodes, change, i))
_compiled(trim_rows, lambda w, first, last, tile: lambda w, first, last, tile: _trim_rows(w, first, last, tile))
