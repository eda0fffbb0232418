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

from tectum.core.bundle import bundle
from tectum.core.kernel import called_kernel, kernel
from tectum.core.lanes import LANES, add_lanes, aligned

FINEST = 2.5  # blocks are at most this part of `length` wide,
HOLE = 0.8  # and this multiple of r_o
LARGEST = 8  # nodes along the side of a block
FEWEST = 2048  # nodes of a grid whose blocks are worth while
ROW = 16  # numbers of 32 bits in a cache line, at whose begin rows of sums start
BITS = 32  # of a sum of what is added per spike
SHARPEN = 0.125  # of the bend of the inhibition over blocks; least error in trials
MOST_SUM = 2.0**30  # of the integers that add up at a block


@bundle
class BlockField(NamedTuple):
    """Constants of the sums over blocks (IN); `size` 0 says that there are none."""

    size: Any  # int64 nodes along the side of a block
    columns: Any  # int64 blocks in a row, with one beyond each border
    rows: Any  # int64 rows of blocks, likewise
    width: Any  # int64 of a row of sums, filled up; what is beyond `columns` is of no use
    smooth: Any  # int16 inhibition by the offset between blocks, row by row
    apart: Any  # int64 how far apart rows of `smooth` are
    low: Any  # (longer side,) uint32 the block before each row or column of nodes
    share: Any  # (longer side,) float32 of the block after it
    parts: Any  # (longer side,) int32 the same in parts of 2 size
    unit: Any  # float32 inhibition per integer of a sum over blocks
    place: Any  # (longer side,) int64 each row or column of nodes in its block
    nearby: Any  # uint32 what a node adds to the sums around it, by its place in its block, `LANES` numbers for each of
    # `pieces`: below bit `shift` what to take off up to r_o, in units of `hole_unit`, from there on 1 for a neighbour
    pieces: Any  # uint64 where they are in the sums around a node, from the corner on that is `reach` rows and columns
    # before it
    reach: Any  # int64
    shift: Any  # uint32
    hole_unit: Any  # float32
    margin: Any  # int64 nodes around the sheet, for which sums are kept but of no use
    stride: Any  # int64 nodes of a row with its margins


NO_BLOCKS = BlockField(
    size=np.int64(0),
    columns=np.int64(0),
    rows=np.int64(0),
    width=np.int64(0),
    smooth=np.zeros(1, np.int16),
    apart=np.int64(0),
    low=np.zeros(1, np.uint32),
    share=np.zeros(1, np.float32),
    parts=np.zeros(1, np.int32),
    unit=np.float32(1.0),
    place=np.zeros(1, np.int64),
    nearby=np.zeros(1, np.uint32),
    pieces=np.zeros(1, np.uint64),
    reach=np.int64(0),
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
    margin, width = _multiple(reach + LANES, ROW), _multiple(n_columns, ROW)
    stride = _multiple(columns, ROW) + 2 * margin
    nearby, row, column = _in_pieces(nearby)
    return BlockField(
        size=np.int64(size),
        columns=np.int64(n_columns),
        rows=np.int64(n_rows),
        width=np.int64(width),
        smooth=np.pad(np.rint(smooth / unit).astype(np.int16).ravel(), (0, width)),
        apart=np.int64(smooth.shape[1]),
        low=(low + 1).astype(np.uint32),
        share=share.astype(np.float32),
        parts=np.rint(2 * size * share).astype(np.int32),
        unit=np.float32(unit / weight),
        place=np.arange(max(rows, columns)) % size,
        nearby=aligned(nearby.astype(np.uint32)),
        pieces=(row * stride + column).astype(np.uint64),
        reach=np.int64(reach),
        shift=np.uint32(shift),
        hole_unit=np.float32(hole_unit),
        margin=np.int64(margin),
        stride=np.int64(stride),
    )


def _multiple(n: int, of: int) -> int:
    """The next multiple from n on."""
    return -(-n // of) * of


def _filled_up(stamp: NDArray[Any], reach: int) -> NDArray[np.int64]:
    """The same up to `reach` from its middle, and zeros for whole pieces in each row."""
    down, across = (reach - n // 2 for n in stamp.shape[-2:])
    pads = [(0, 0)] * (stamp.ndim - 2) + [(down, down), (across, across + LANES)]
    return np.pad(stamp, pads).astype(np.int64)


def _in_pieces(stamps: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """Stamps (..., height, width) as pieces (..., n, `LANES`) without what is 0 in all; rows and columns of these."""
    used = np.logical_or.reduce(stamps != 0, axis=(0, 1))
    begins = [
        (row, column)
        for row, line in enumerate(used)
        if line.any()
        for column in range(np.flatnonzero(line)[0], np.flatnonzero(line)[-1] + 1, LANES)
    ]
    pieces = np.stack([stamps[:, :, row, column : column + LANES] for row, column in begins], axis=2)
    rows, columns = np.array(begins, np.int64).T
    return pieces, rows, columns


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
def padded(blocks, row, column):
    """Place of a node in the sums with margins."""
    return (row + blocks.margin) * blocks.stride + column + blocks.margin


@kernel
def add_event(blocks, nearby, change, row, column, strength):
    """Add a node, times `strength`, to the sums nearby and to the changes of its blocks."""
    size, reach, n_pieces = blocks.size, blocks.reach, blocks.pieces.shape[0]
    first = np.uint64(padded(blocks, row - reach, column - reach))
    piece = np.uint64((blocks.place[row] * size + blocks.place[column]) * n_pieces * LANES)
    for k in range(n_pieces):
        add_lanes(nearby, first + blocks.pieces[k], blocks.nearby, piece, strength)
        piece += np.uint64(LANES)
    k, width = blocks.low[row] * blocks.width + blocks.low[column], blocks.width
    whole = np.int32(2 * size)
    down, across = blocks.parts[row], blocks.parts[column]
    change[k] += strength * (whole - down) * (whole - across)
    change[k + 1] += strength * (whole - down) * across
    change[k + width] += strength * down * (whole - across)
    change[k + width + 1] += strength * down * across


@called_kernel
def add_changes(blocks, change, changed, total):
    """Add to the sums over blocks what has changed in each, four at a time, and forget the changes."""
    width, columns = blocks.width, blocks.columns
    n_changed = 0
    for r in range(blocks.rows):
        for k in range(r * width, r * width + columns):
            changed[n_changed] = k
            n_changed += 1 if change[k] != 0 else 0
    for q in range((n_changed + 3) // 4):
        s0, first = take_change(blocks, change, changed[4 * q])
        s1, second = take_change(blocks, change, changed[min(4 * q + 1, n_changed - 1)])
        s2, third = take_change(blocks, change, changed[min(4 * q + 2, n_changed - 1)])
        s3, fourth = take_change(blocks, change, changed[min(4 * q + 3, n_changed - 1)])
        row = offset = np.uint64(0)
        for _ in range(blocks.rows):
            for j in range(np.uint64(width)):
                place = offset + j
                total[row + j] += (s0 * first[place] + s1 * second[place]) + (s2 * third[place] + s3 * fourth[place])
            row += np.uint64(width)
            offset += np.uint64(blocks.apart)


@kernel
def take_change(blocks, change, k):
    """The change of a block, which is 0 then, and what it acts with on the others."""
    strength = change[k]
    change[k] = 0
    up, left = blocks.rows - 1 - k // blocks.width, blocks.columns - 1 - k % blocks.width
    return strength, blocks.smooth[up * blocks.apart + left :]


@kernel
def interpolate(blocks, total, r, lines):
    """Inhibition of the nodes of row r by blocks: rows of blocks above and below, the share of the latter; in order.

    Nodes begin at place `ROW` of a row.
    """
    low = blocks.low
    k = np.int64(low[r])
    if r == 0:
        spread_line(blocks, total, k, lines[k % 2])
    if r == 0 or low[r - 1] < k:
        spread_line(blocks, total, k + 1, lines[(k + 1) % 2])
    return lines[k % 2][ROW:], lines[(k + 1) % 2][ROW:], blocks.share[r]


@kernel
def spread_line(blocks, total, k, line):
    """Row k of the sums over blocks, interpolated between its blocks.

    As many nodes are written for each as the largest blocks have; the next block overwrites those beyond.
    """
    size, unit, share = np.uint64(blocks.size), blocks.unit, blocks.share[blocks.size // 2 :]
    s0, s1, s2, s3, s4, s5, s6, s7 = share[0], share[1], share[2], share[3], share[4], share[5], share[6], share[7]
    row = total[k * blocks.width : (k + 1) * blocks.width]
    place = np.uint64(ROW - (blocks.size - blocks.size // 2))
    for b in range(np.uint64(blocks.columns - 1)):
        before = np.float32(row[b])
        more = np.float32(row[b + np.uint64(1)]) - before
        line[place] = unit * (before + s0 * more)
        line[place + np.uint64(1)] = unit * (before + s1 * more)
        line[place + np.uint64(2)] = unit * (before + s2 * more)
        line[place + np.uint64(3)] = unit * (before + s3 * more)
        line[place + np.uint64(4)] = unit * (before + s4 * more)
        line[place + np.uint64(5)] = unit * (before + s5 * more)
        line[place + np.uint64(6)] = unit * (before + s6 * more)
        line[place + np.uint64(7)] = unit * (before + s7 * more)
        place += size
