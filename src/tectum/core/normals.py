"""Normal random numbers of many neurons at once.

On most sheets eight from each block of random words: words are drawn for all blocks first and looked up then, so that
each of the two loops runs in vector instructions. On large grids, where they would be a third of the time, two from a
32-bit hash of their place, as a polynomial of the sum of two bytes, without a table.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from tectum.core.kernel import called_kernel, kernel
from tectum.core.law import Real, Whole
from tectum.core.random import block

LEVELS = 2**16  # a number has 16 random bits
WORDS, PER_BLOCK = 4, 8  # words of a block, and numbers from them
SHIFT = np.uint32(16)
LOW = np.uint64(0xFFFFFFFF)
# Wellons (2018), "Prospecting for hash functions": shifts and multipliers of a 32-bit hash with little bias
MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0x7FEB352D), np.uint64(0x846CA68B)
OTHER_SHIFT = np.uint32(15)
BYTE, EACH_SECOND = np.uint32(8), np.uint32(0x00FF00FF)
MIDDLE = np.float32(255.0)  # half of the largest sum of two bytes
HALFWORD = np.uint32(0xFFFF)
# Normal quantile of t, the sum of two bytes scaled to -1 to 1: coefficients of t, t^3, ..., t^9, here of the sum less
# its middle. Least squares over the distribution of t, with moments 2, 4 and 6 of the normal distribution; monotonous,
# within 3.81.
QUANTILE = tuple(
    np.float32(c / 255.0 ** (2 * k + 1)) for k, c in enumerate((2.41454, -1.93091, 8.58098, -13.58487, 8.32897))
)


@cache
def normal_levels() -> NDArray[np.float32]:
    """Quantiles (LEVELS,) of the normal distribution, within 4.3; scaled to variance 1.

    The lower half descends from 0 and the upper one ascends from it.
    """
    half = LEVELS // 2
    upper = ndtri(0.5 + (np.arange(half) + 0.5) / LEVELS)
    upper = (upper / np.sqrt(np.mean(upper**2))).astype(np.float32)
    levels = np.concatenate([-upper, upper])
    levels.flags.writeable = False
    return levels


def words_for(n: int) -> NDArray[np.uint32]:
    """Room (WORDS, n_blocks) for the words of n numbers."""
    return np.empty((WORDS, -(-n // PER_BLOCK)), np.uint32)


@called_kernel
def fill_normals(
    levels: NDArray[np.float32],
    seed: Whole,
    stream: Whole,
    step: Whole,
    sd: Real,
    words: NDArray[np.uint32],
    out: NDArray[np.float32],
) -> None:
    """Fill `out` with normal numbers of mean 0, each a function of the key and of its place alone.

    IN `levels` (LEVELS,) from `normal_levels`, `seed` of the model and `stream`, what the numbers are for (uint64),
    `step` from 0 to 2**32 - 1, `sd` (float32). INOUT `words` (WORDS, n_blocks or more), room to work in, see
    `words_for`. OUT `out` (n,), float32.
    """
    first, second, third, fourth = words[0], words[1], words[2], words[3]
    n_blocks = (out.shape[0] + PER_BLOCK - 1) // PER_BLOCK
    for b in range(n_blocks):
        w0, w1, w2, w3 = block(seed, stream, step, b)
        first[b], second[b], third[b], fourth[b] = w0, w1, w2, w3
    whole = out.shape[0] // PER_BLOCK
    for b in range(whole):
        out[PER_BLOCK * b] = sd * levels[first[b] & HALFWORD]
        out[PER_BLOCK * b + 1] = sd * levels[first[b] >> SHIFT]
        out[PER_BLOCK * b + 2] = sd * levels[second[b] & HALFWORD]
        out[PER_BLOCK * b + 3] = sd * levels[second[b] >> SHIFT]
        out[PER_BLOCK * b + 4] = sd * levels[third[b] & HALFWORD]
        out[PER_BLOCK * b + 5] = sd * levels[third[b] >> SHIFT]
        out[PER_BLOCK * b + 6] = sd * levels[fourth[b] & HALFWORD]
        out[PER_BLOCK * b + 7] = sd * levels[fourth[b] >> SHIFT]
    for i in range(PER_BLOCK * whole, out.shape[0]):
        word = words[(i % PER_BLOCK) // 2, whole]
        out[i] = sd * levels[(word >> SHIFT if i % 2 else word) & HALFWORD]


def normal_array(seed: np.uint64, stream: int, step: int, n: int) -> NDArray[np.float32]:
    """The numbers (n,) that `fill_normals` gives for a standard deviation of 1."""
    out = np.empty(n, np.float32)
    fill_normals(
        normal_levels(), np.uint64(seed), np.uint64(stream), np.uint64(step), np.float32(1.0), words_for(n), out
    )
    return out


@called_kernel
def fill_close_normals(seed: Whole, stream: Whole, step: Whole, sd: Real, out: NDArray[np.float32]) -> None:
    """Fill `out` (n,), float32, with nearly normal numbers of mean 0, each a function of the key, its place and their
    number, and one of 511 values; arguments as in `fill_normals`.
    """
    w0, w1, w2, _ = block(seed, stream, step, LOW)
    keys = np.uint32(w0), np.uint32(w1), np.uint32(w2)
    a, b, c, d, e = QUANTILE
    law = sd * a, sd * b, sd * c, sd * d, sd * e
    half = (out.shape[0] + 1) // 2
    former, latter = out[:half], out[half:]
    for i in range(latter.shape[0]):
        sums = sums_of_bytes(np.uint32(i), keys)
        former[i] = quantile(sums & HALFWORD, law)
        latter[i] = quantile(sums >> SHIFT, law)
    if latter.shape[0] < half:
        former[half - 1] = quantile(sums_of_bytes(np.uint32(half - 1), keys) & HALFWORD, law)


@kernel
def sums_of_bytes(place: Whole, keys: tuple[np.uint32, np.uint32, np.uint32]) -> np.uint32:
    """Two sums of two random bytes, in the two halves of a word that is a hash of a place."""
    x = np.uint32((np.uint64(place) + np.uint64(keys[0])) & LOW)
    x = np.uint32(x ^ np.uint32(x >> SHIFT))
    x = np.uint32(product(x, MULTIPLIER_0) ^ keys[1])
    x = np.uint32(x ^ np.uint32(x >> OTHER_SHIFT))
    x = np.uint32(product(x, MULTIPLIER_1) ^ keys[2])
    x = np.uint32(x ^ np.uint32(x >> SHIFT))
    return np.uint32(np.uint32(x & EACH_SECOND) + np.uint32(np.uint32(x >> BYTE) & EACH_SECOND))


@kernel
def product(x: np.uint32, multiplier: np.uint64) -> np.uint32:
    """Low half of the product of 32-bit words."""
    return np.uint32((np.uint64(x) * multiplier) & LOW)


@kernel
def quantile(total: Whole, law: tuple[Real, Real, Real, Real, Real]) -> Real:
    """What a sum of two bytes stands for, by the coefficients of a polynomial."""
    t = np.float32(np.uint32(total)) - MIDDLE
    square = t * t
    a, b, c, d, e = law
    return t * (a + square * (b + square * (c + square * (d + square * e))))
