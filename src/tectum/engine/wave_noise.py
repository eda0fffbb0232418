"""Normal random numbers of many neurons at once, eight from each block of random words."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tectum.engine.kernel import kernel
from tectum.engine.random import block

LEVELS = 2**15  # of the absolute value; a number has 16 random bits
PER_BLOCK = 8  # of 16 bits
HALFWORD = np.uint64(0xFFFF)
MAGNITUDE = np.uint64(LEVELS - 1)


@cache
def normal_levels() -> NDArray[np.float32]:
    """Quantiles (LEVELS,) of the upper half of the normal distribution, up to 4.3; scaled to variance 1."""
    levels = ndtri(0.5 + (np.arange(LEVELS) + 0.5) / (2.0 * LEVELS))
    levels = (levels / np.sqrt(np.mean(levels**2))).astype(np.float32)
    levels.flags.writeable = False
    return levels


@kernel
def fill_normals(levels, seed, stream, step, sd, out):
    """Fill `out` with normal numbers of mean 0, each a function of the key and of its place alone.

    Parameters
    ----------
    levels : ndarray of float32, shape (LEVELS,)
        IN `normal_levels`.
    seed, stream : uint64
        IN seed of the model, and what the numbers are for.
    step : int
        IN from 0 to 2**32 - 1.
    sd : float32
        IN standard deviation.
    out : ndarray of float32, shape (n,)
        OUT the numbers.
    """
    n = out.shape[0]
    for b in range((n + PER_BLOCK - 1) // PER_BLOCK):
        words = block(seed, stream, step, b)
        for k in range(min(PER_BLOCK, n - b * PER_BLOCK)):
            bits = (words[k // 2] >> np.uint64(16 * (k % 2))) & HALFWORD
            level = levels[bits & MAGNITUDE]
            out[b * PER_BLOCK + k] = sd * (level if bits > MAGNITUDE else -level)


def normal_array(seed: np.uint64, stream: int, step: int, n: int) -> NDArray[np.float32]:
    """The numbers (n,) that `fill_normals` gives for a standard deviation of 1."""
    out = np.empty(n, np.float32)
    fill_normals(normal_levels(), np.uint64(seed), np.uint64(stream), np.uint64(step), np.float32(1.0), out)
    return out
