"""Inhibition from afar on a large grid: a smooth part summed over blocks of nodes, and a part nearby that is exact.

exp(-D / length) changes little over a block, so its sum over the nodes that fire is kept at the middle of each block
and interpolated between them. What this leaves wrong up to r_o, where there is no inhibition at all, is known for each
place of a node in its block, and taken off. So a spike costs as much as a grid of blocks and a disc, not a sheet.
Both sums are integers, which add up to the same in any order.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.engine.kernel import kernel

ONE = np.float32(1.0)
FINEST = 5  # blocks are at most this part of `length` wide
LARGEST = 8  # nodes along the side of a block
FEWEST = 2048  # nodes of a grid whose blocks are worth while


class BlockField(NamedTuple):
    """Constants of the sums over blocks (IN); `size` 0 says that there are none."""

    size: Any  # int64 nodes along the side of a block
    columns: Any  # int64 blocks in a row, with one beyond each border
    smooth: Any  # int16 exp(-D / length) by the offset between blocks
    near: Any  # (size, size, width, width) int16 what to take off, by the node in its block and the offset from it
    low: Any  # (longer side,) int64 the block before each row or column of nodes
    share: Any  # (longer side,) float32 of the block after it
    unit: Any  # float32


NO_BLOCKS = BlockField(
    size=np.int64(0),
    columns=np.int64(0),
    smooth=np.zeros((1, 1), np.int16),
    near=np.zeros((1, 1, 1, 1), np.int16),
    low=np.zeros(1, np.int64),
    share=np.zeros(1, np.float32),
    unit=np.float32(1.0),
)


def build_blocks(rows: int, columns: int, spacing: float, r_o: float, length: float) -> BlockField:
    """Sums over blocks for a grid; `NO_BLOCKS` if it is small or `length` spans few nodes."""
    size = min(LARGEST, int(length / (FINEST * spacing)))
    if rows * columns < FEWEST or size < 2:
        return NO_BLOCKS
    unit = 1.0 / np.iinfo(np.int16).max
    down, across = (np.arange(-math.ceil(n / size), math.ceil(n / size) + 1) for n in (rows, columns))
    smooth = np.exp(-size * spacing * np.hypot(down[:, None], across) / length)
    low, share = _between(np.arange(max(rows, columns)), size)
    return BlockField(
        size=np.int64(size),
        columns=np.int64(math.ceil(columns / size) + 2),
        smooth=np.rint(smooth / unit).astype(np.int16),
        near=np.rint(_nearby(size, spacing, r_o, length) / unit).astype(np.int16),
        low=low + 1,
        share=share.astype(np.float32),
        unit=np.float32(unit),
    )


def _between(nodes: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The block before each row or column of nodes, and the share of the one after it."""
    place = (nodes + 0.5) / size - 0.5
    low = np.floor(place).astype(np.int64)
    return low, place - low


def _nearby(size: int, spacing: float, r_o: float, length: float) -> NDArray[np.float64]:
    """The interpolated sum around a lone node up to r_o, by its place in its block."""
    reach = math.ceil(r_o / spacing)
    offset = np.arange(-reach, reach + 1)
    blocks = np.arange(-(reach // size + 2), reach // size + 3)
    smooth = np.exp(-size * spacing * np.hypot(blocks[:, None], blocks) / length)
    within = spacing * np.hypot(offset[:, None], offset) <= r_o
    near = np.zeros((size, size, len(offset), len(offset)))
    for p in range(size):
        low, share = _between(p + offset, size)
        rows = smooth[low - blocks[0]] * (1.0 - share)[:, None] + smooth[low - blocks[0] + 1] * share[:, None]
        for q in range(size):
            low, share = _between(q + offset, size)
            both = rows[:, low - blocks[0]] * (1.0 - share) + rows[:, low - blocks[0] + 1] * share
            near[p, q] = np.where(within, both, 0.0)
    return near


@kernel
def add_block(blocks, total, row, column, strength):
    """Add the smooth part of a node at (row, column), times `strength`, to the sums over blocks."""
    n_rows, n_columns = blocks.smooth.shape[0] // 2, blocks.smooth.shape[1] // 2
    above, before = n_rows - 1 - row // blocks.size, n_columns - 1 - column // blocks.size
    for r in range(n_rows + 2):
        source = blocks.smooth[above + r][before : before + n_columns + 2]
        target = total[r * (n_columns + 2) : (r + 1) * (n_columns + 2)]
        for j in range(target.shape[0]):
            target[j] += strength * source[j]


@kernel
def interpolate(blocks, total, nearby, columns, line, field):
    """Inhibition of each node in units of one, from the sums over blocks and what is to be taken off."""
    for r in range(field.shape[0] // columns):
        k = blocks.low[r]
        first = total[k * blocks.columns : (k + 1) * blocks.columns]
        second = total[(k + 1) * blocks.columns : (k + 2) * blocks.columns]
        share = blocks.share[r]
        for j in range(first.shape[0]):
            line[j] = (ONE - share) * np.float32(first[j]) + share * np.float32(second[j])
        target, off = field[r * columns : (r + 1) * columns], nearby[r * columns : (r + 1) * columns]
        for c in range(target.shape[0]):
            k = blocks.low[c]
            smooth = (ONE - blocks.share[c]) * line[k] + blocks.share[c] * line[k + 1]
            target[c] = (smooth - np.float32(off[c])) * blocks.unit
