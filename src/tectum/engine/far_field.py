"""Inhibition from afar on a large grid: a smooth part summed over blocks of nodes, and a part nearby that is exact.

exp(-D / length) changes little over a block. So spikes are shared out among the blocks around them, blocks act on
blocks, and between their middles the sum is interpolated. Up to r_o, where there is no inhibition at all, what is left
of this is known for each place of a node in its block, and taken off. So a spike costs as much as a disc, and a block
in which nodes start or stop to fire as much as there are blocks. All sums are integers, which add up to the same in any
order; the number of neighbours that fire and what is to be taken off share the bits of one.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.engine.kernel import kernel

FINEST = 2.5  # blocks are at most this part of `length` wide,
HOLE = 0.8  # and this multiple of r_o
LARGEST = 8  # nodes along the side of a block
FEWEST = 2048  # nodes of a grid whose blocks are worth while
LANES = 8  # rows of what is added per spike are filled up to a multiple of it
BITS = 32  # of a sum of what is added per spike
SHARPEN = 0.125  # of the bend of the inhibition over blocks; least error in trials
MOST_SUM = 2.0**30  # of the integers that add up at a block


class BlockField(NamedTuple):
    """Constants of the sums over blocks (IN); `size` 0 says that there are none."""

    size: Any  # int64 nodes along the side of a block
    columns: Any  # int64 blocks in a row, with one beyond each border
    width: (
        Any  # int64 of a row of sums, which are as far apart as rows of `smooth`; what is beyond `columns` is of no use
    )
    n_sums: Any  # int64 of all rows
    smooth: Any  # int16 inhibition by the offset between blocks, row by row
    low: Any  # (longer side,) uint32 the block before each row or column of nodes
    share: Any  # (longer side,) float32 of the block after it
    parts: Any  # (longer side,) int32 the same in parts of 2 size
    unit: Any  # float32 inhibition per integer of a sum over blocks
    place: Any  # (longer side,) int64 each row or column of nodes in its block
    nearby: Any  # (size, size, height, width) uint32 what a node adds to the sums around it, by its place in its block:
    # below bit `shift` what to take off up to r_o, in units of `hole_unit`, and from there on 1 for a neighbour
    shift: Any  # uint32
    hole_unit: Any  # float32
    margin: Any  # int64 nodes around the sheet, for which sums are kept but of no use
    stride: Any  # int64 nodes of a row with its margins


NO_BLOCKS = BlockField(
    size=np.int64(0),
    columns=np.int64(0),
    width=np.int64(0),
    n_sums=np.int64(0),
    smooth=np.zeros(1, np.int16),
    low=np.zeros(1, np.uint32),
    share=np.zeros(1, np.float32),
    parts=np.zeros(1, np.int32),
    unit=np.float32(1.0),
    place=np.zeros(1, np.int64),
    nearby=np.zeros((1, 1, 1, 1), np.uint32),
    shift=np.uint32(0),
    hole_unit=np.float32(1.0),
    margin=np.int64(0),
    stride=np.int64(0),
)


def build_blocks(
    rows: int, columns: int, spacing: float, r_o: float, length: float, disc: NDArray[np.int16]
) -> BlockField:
    """Sums over blocks for a grid; `NO_BLOCKS` if it is small, or `length` or r_o span few nodes.

    `disc` is 1 at the offsets of the neighbours within r_i.
    """
    size = min(LARGEST, int(length / (FINEST * spacing)), int(HOLE * r_o / spacing))
    if rows * columns < FEWEST or size < 2:
        return NO_BLOCKS
    n_rows, n_columns = math.ceil(rows / size) + 2, math.ceil(columns / size) + 2
    smooth = _smooth(size * spacing, n_rows, n_columns, r_o, length)
    weight = (2 * size) ** 2  # of a spike
    unit = max(smooth.max() / np.iinfo(np.int16).max, weight * _largest_sum(rows, columns, spacing, length) / MOST_SUM)
    low, share = _between(np.arange(max(rows, columns)), size)
    hole = _nearby(size, spacing, r_o, unit * np.rint(smooth / unit))
    shift = BITS - int(disc.sum()).bit_length()
    hole_unit = float(hole.sum(axis=(2, 3)).max()) / (2**shift - hole[0, 0].size)
    reach = max(hole.shape[-1], *disc.shape) // 2
    nearby = _filled_up(np.rint(hole / hole_unit), reach) + 2**shift * _filled_up(disc, reach)
    return BlockField(
        size=np.int64(size),
        columns=np.int64(n_columns),
        width=np.int64(smooth.shape[1]),
        n_sums=np.int64(n_rows * smooth.shape[1]),
        smooth=np.pad(np.rint(smooth / unit).astype(np.int16).ravel(), (0, n_columns)),
        low=(low + 1).astype(np.uint32),
        share=share.astype(np.float32),
        parts=np.rint(2 * size * share).astype(np.int32),
        unit=np.float32(unit / weight),
        place=np.arange(max(rows, columns)) % size,
        nearby=nearby.astype(np.uint32),
        shift=np.uint32(shift),
        hole_unit=np.float32(hole_unit),
        margin=np.int64(reach + LANES),
        stride=np.int64(columns + 2 * (reach + LANES)),
    )


def _filled_up(stamp: NDArray, reach: int) -> NDArray[np.int64]:
    """The same up to `reach` from its middle, with rows that are filled up to a multiple of `LANES`."""
    down, across = (reach - n // 2 for n in stamp.shape[-2:])
    more = -(2 * reach + 1) % LANES
    pads = [(0, 0)] * (stamp.ndim - 2) + [(down, down), (across, across + more)]
    return np.pad(stamp, pads).astype(np.int64)


def _between(nodes: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The block before each row or column of nodes, and the share of the one after it."""
    place = (nodes + 0.5) / size - 0.5
    low = np.floor(place).astype(np.int64)
    return low, place - low


def _smooth(side: float, n_rows: int, n_columns: int, r_o: float, length: float) -> NDArray[np.float64]:
    """Inhibition by the offset between blocks, sharpened by what sharing out and interpolation blur.

    Inside r_o, where it is taken off again, it goes on without a peak.
    """
    down, across = (side * np.arange(-n, n + 1) for n in (n_rows, n_columns))  # one more, for the bend
    distance = np.hypot(down[:, None], across)
    edge = math.exp(-r_o / length)
    slope, curvature = -edge / (2.0 * length * r_o), edge * (1.0 / length + 1.0 / r_o) / (4.0 * length * r_o**2)
    t = distance**2 - r_o**2
    field = np.where(distance > r_o, np.exp(-distance / length), edge + slope * t + 0.5 * curvature * t**2)
    middle = field[1:-1, 1:-1]
    bend = field[2:, 1:-1] + field[:-2, 1:-1] + field[1:-1, 2:] + field[1:-1, :-2] - 4.0 * middle
    return middle - SHARPEN * bend


def _largest_sum(rows: int, columns: int, spacing: float, length: float) -> float:
    """Sum of exp(-D / length) around a node, if all fire."""
    down, across = (spacing * np.arange(-n, n + 1) for n in (rows, columns))
    return float(np.exp(-np.hypot(down[:, None], across) / length).sum())


def _nearby(size: int, spacing: float, r_o: float, smooth: NDArray[np.float64]) -> NDArray[np.float64]:
    """The interpolated sum around a lone node up to r_o, by its place in its block."""
    reach = math.ceil(r_o / spacing)
    offset = np.arange(-reach, reach + 1)
    last = np.array(smooth.shape) - 1
    near = np.zeros((size, size, len(offset), len(offset)))
    within = spacing * np.hypot(offset[:, None], offset) <= r_o
    for p in range(size):
        for q in range(size):
            for down, down_share in _shares(p, size):
                for across, across_share in _shares(q, size):
                    rows, columns = _shares(p + offset, size), _shares(q + offset, size)
                    for r, row_share in rows:
                        for c, column_share in columns:
                            apart = (
                                np.clip(k + end // 2, 0, end)
                                for k, end in zip((r - down, c - across), last, strict=True)
                            )
                            share = down_share * across_share * row_share[:, None] * column_share
                            near[p, q] += share * smooth[np.ix_(*apart)]
    return np.where(within, near, 0.0)


def _shares(nodes: Any, size: int) -> list[tuple[Any, Any]]:
    """The blocks around rows or columns of nodes, and the share of each."""
    low, share = _between(nodes, size)
    return [(low, 1.0 - share), (low + 1, share)]


@kernel
def add_padded(stamp, stride, total, first, strength):
    """Add a stamp, times `strength`, to sums with margins, from place `first` on; unsigned places take fewer checks."""
    place = np.uint64(first)
    for r in range(np.uint64(stamp.shape[0])):
        for j in range(np.uint64(stamp.shape[1])):
            total[place + j] += strength * stamp[r, j]
        place += np.uint64(stride)


@kernel
def padded(blocks, row, column):
    """Place of a node in the sums with margins."""
    return (row + blocks.margin) * blocks.stride + column + blocks.margin


@kernel
def add_event(blocks, nearby, change, row, column, strength):
    """Add a node, times `strength`, to the sums nearby and to the changes of its blocks."""
    size, stride = blocks.size, blocks.stride
    stamp = blocks.nearby[blocks.place[row], blocks.place[column]]
    reach = stamp.shape[0] // 2
    add_padded(stamp, stride, nearby, padded(blocks, row, column) - reach * (stride + 1), strength)
    k, width = blocks.low[row] * blocks.width + blocks.low[column], blocks.width
    whole = np.int32(2 * size)
    down, across = blocks.parts[row], blocks.parts[column]
    change[k] += strength * (whole - down) * (whole - across)
    change[k + 1] += strength * (whole - down) * across
    change[k + width] += strength * down * (whole - across)
    change[k + width + 1] += strength * down * across


@kernel
def add_changes(blocks, change, changed, total):
    """Add to the sums over blocks what has changed in each, four at a time, and forget the changes."""
    width, columns = blocks.width, blocks.columns
    n, n_changed = total.shape[0], 0
    for r in range(n // max(width, 1)):
        for k in range(r * width, r * width + columns):
            changed[n_changed] = k
            n_changed += 1 if change[k] != 0 else 0
    for q in range((n_changed + 3) // 4):
        s0, first = take_change(blocks, change, changed[4 * q], n)
        s1, second = take_change(blocks, change, changed[min(4 * q + 1, n_changed - 1)], n)
        s2, third = take_change(blocks, change, changed[min(4 * q + 2, n_changed - 1)], n)
        s3, fourth = take_change(blocks, change, changed[min(4 * q + 3, n_changed - 1)], n)
        for j in range(n):
            total[j] += (s0 * first[j] + s1 * second[j]) + (s2 * third[j] + s3 * fourth[j])


@kernel
def take_change(blocks, change, k, n):
    """The change of a block, which is 0 then, and what it acts with on the others."""
    strength = change[k]
    change[k] = 0
    r, c = k // blocks.width, k % blocks.width
    first = n - blocks.width - r * blocks.width + blocks.columns - 1 - c
    return strength, blocks.smooth[first : first + n]


@kernel
def interpolate(blocks, total, r, lines):
    """Inhibition of the nodes of row r by blocks: rows of blocks above and below, the share of the latter; in order."""
    low = blocks.low
    k = low[r]
    if r == 0:
        spread_line(blocks, total, k, lines[k % 2])
    if r == 0 or low[r - 1] < k:
        spread_line(blocks, total, k + 1, lines[(k + 1) % 2])
    return lines[k % 2], lines[(k + 1) % 2], blocks.share[r]


@kernel
def spread_line(blocks, total, k, line):
    """Row k of the sums over blocks, interpolated between its blocks."""
    row, low, share = total[k * blocks.width : (k + 1) * blocks.width], blocks.low, blocks.share
    for c in range(line.shape[0]):
        before = np.float32(row[low[c]])
        line[c] = blocks.unit * (before + share[c] * (np.float32(row[low[c] + 1]) - before))
