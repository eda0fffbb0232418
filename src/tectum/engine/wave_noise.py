"""Normal random numbers of many neurons at once, eight from each block of random words.

Words are drawn for all blocks first and looked up then: each of the two loops runs in vector instructions.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tectum.engine.kernel import kernel
from tectum.engine.random import block

LEVELS = 2**16  # a number has 16 random bits,
FEWER_LEVELS = 2**12  # or 12 of them on large grids, for a table that fits the cache
WORDS, PER_BLOCK = 4, 8  # words of a block, and numbers from them
SHIFT = np.uint32(16)


@cache
def normal_levels(n_levels: int = LEVELS) -> NDArray[np.float32]:
    """Quantiles (n_levels,) of the normal distribution, within 4.3, or 3.7 with fewer; scaled to variance 1.

    The lower half descends from 0 and the upper one ascends from it.
    """
    half = n_levels // 2
    upper = ndtri(0.5 + (np.arange(half) + 0.5) / n_levels)
    upper = (upper / np.sqrt(np.mean(upper**2))).astype(np.float32)
    levels = np.concatenate([-upper, upper])
    levels.flags.writeable = False
    return levels


def words_for(n: int) -> NDArray[np.uint32]:
    """Room (WORDS, n_blocks) for the words of n numbers."""
    return np.empty((WORDS, -(-n // PER_BLOCK)), np.uint32)


@kernel
def fill_normals(levels, seed, stream, step, sd, words, out):
    """Fill `out` with normal numbers of mean 0, each a function of the key and of its place alone.

    Parameters
    ----------
    levels : ndarray of float32, shape (n_levels,)
        IN `normal_levels` of a power of two, up to `LEVELS`.
    seed, stream : uint64
        IN seed of the model, and what the numbers are for.
    step : int
        IN from 0 to 2**32 - 1.
    sd : float32
        IN standard deviation.
    words : ndarray of uint32, shape (WORDS, n_blocks)
        INOUT room to work in, see `words_for`; it may be larger than needed.
    out : ndarray of float32, shape (n,)
        OUT the numbers.
    """
    first, second, third, fourth = words[0], words[1], words[2], words[3]
    n_blocks, bits = (out.shape[0] + PER_BLOCK - 1) // PER_BLOCK, np.uint32(levels.shape[0] - 1)
    for b in range(n_blocks):
        w0, w1, w2, w3 = block(seed, stream, step, b)
        first[b], second[b], third[b], fourth[b] = w0, w1, w2, w3
    whole = out.shape[0] // PER_BLOCK
    for b in range(whole):
        out[PER_BLOCK * b] = sd * levels[first[b] & bits]
        out[PER_BLOCK * b + 1] = sd * levels[(first[b] >> SHIFT) & bits]
        out[PER_BLOCK * b + 2] = sd * levels[second[b] & bits]
        out[PER_BLOCK * b + 3] = sd * levels[(second[b] >> SHIFT) & bits]
        out[PER_BLOCK * b + 4] = sd * levels[third[b] & bits]
        out[PER_BLOCK * b + 5] = sd * levels[(third[b] >> SHIFT) & bits]
        out[PER_BLOCK * b + 6] = sd * levels[fourth[b] & bits]
        out[PER_BLOCK * b + 7] = sd * levels[(fourth[b] >> SHIFT) & bits]
    for i in range(PER_BLOCK * whole, out.shape[0]):
        word = words[(i % PER_BLOCK) // 2, whole]
        out[i] = sd * levels[(word >> SHIFT if i % 2 else word) & bits]


def normal_array(seed: np.uint64, stream: int, step: int, n: int) -> NDArray[np.float32]:
    """The numbers (n,) that `fill_normals` gives for a standard deviation of 1."""
    out = np.empty(n, np.float32)
    fill_normals(
        normal_levels(), np.uint64(seed), np.uint64(stream), np.uint64(step), np.float32(1.0), words_for(n), out
    )
    return out
