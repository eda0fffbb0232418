"""Counter-based random numbers: every draw is a function of its key and counter alone.

No generator has a state, so a draw does not depend on the order, the batch or the thread it is made in. The 128 bits of
the counter are the presentation (64), the step (32) and the neuron (32); the 64 bits of the key are the seed. Each
kind of draw reads its own words of the block (uniform 0, normal 1 and 2, integers 3), so draws of different kinds
with the same counter are independent.

Integers are unsigned 64-bit throughout: mixed with signed ones NumPy would compute in floating point.

Source: Salmon, Moraes, Dror & Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, SC '11, Philox4x32-10.
"""

import hashlib
import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from tectum.core.kernel import kernel
from tectum.core.law import Whole

Words: TypeAlias = tuple[np.uint64, np.uint64, np.uint64, np.uint64]

ROUNDS = 10
MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)
WEYL_1 = np.uint64(0xBB67AE85)

LOW = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)
ONE = np.uint64(1)
RANGE = np.uint64(2**32)


@kernel
def philox(c0: Whole, c1: Whole, c2: Whole, c3: Whole, k0: Whole, k1: Whole) -> Words:
    """Philox4x32-10: four independent uniform words below 2**32, from a counter c and a key k of 32-bit words."""
    x0 = np.uint64(c0)
    x1 = np.uint64(c1)
    x2 = np.uint64(c2)
    x3 = np.uint64(c3)
    key0 = np.uint64(k0)
    key1 = np.uint64(k1)
    for _ in range(ROUNDS):
        product0 = MULTIPLIER_0 * x0
        product1 = MULTIPLIER_1 * x2
        x0 = (product1 >> HALF) ^ x1 ^ key0
        x1 = product1 & LOW
        x2 = (product0 >> HALF) ^ x3 ^ key1
        x3 = product0 & LOW
        key0 = (key0 + WEYL_0) & LOW
        key1 = (key1 + WEYL_1) & LOW
    return x0, x1, x2, x3


@kernel
def block(seed: Whole, presentation: Whole, step: Whole, neuron: Whole) -> Words:
    """The four random words of one (seed, presentation, step, neuron); see `uniform` for the arguments."""
    key = np.uint64(seed)
    counter = np.uint64(presentation)
    return philox(
        counter & LOW,
        counter >> HALF,
        np.uint64(step) & LOW,
        np.uint64(neuron) & LOW,
        key & LOW,
        key >> HALF,
    )


@kernel
def uniform(seed: Whole, presentation: Whole, step: Whole, neuron: Whole) -> np.float32:
    """A number from the uniform distribution on [0, 1), a multiple of 2**-24.

    IN `seed` of the model, see `seed_from`; `presentation`, its number or the `key_of_row` of the sample; time `step`
    and index of the `neuron` (or synapse), both from 0 to 2**32 - 1.
    """
    word = block(seed, presentation, step, neuron)[0]
    return np.float32(word >> np.uint64(8)) * np.float32(2.0**-24)


@kernel
def normal(seed: Whole, presentation: Whole, step: Whole, neuron: Whole) -> np.float32:
    """A number from the normal distribution with mean 0 and variance 1; see `uniform` for the arguments.

    Box & Muller (1958), from two 32-bit uniform numbers, hence within 6.7 standard deviations; float32. The bits rest
    on the logarithm and cosine of the C library.
    """
    words = block(seed, presentation, step, neuron)
    radius = math.sqrt(-2.0 * math.log((float(words[1]) + 0.5) * 2.0**-32))
    return np.float32(radius * math.cos(2.0 * math.pi * 2.0**-32 * float(words[2])))


@kernel
def integers(seed: Whole, presentation: Whole, n: Whole) -> np.int64:
    """An integer from 0 to n - 1, each equally likely, for instance the sample to present; n is at most 2**32.

    Lemire (2019), ACM TOMACS 29(1):3: the high half of word * n, rejecting the words that would favour some results.
    """
    count = np.uint64(n)
    surplus = RANGE % count
    attempt = np.uint64(0)
    product = block(seed, presentation, attempt, attempt)[3] * count
    while product & LOW < surplus:
        attempt = attempt + ONE
        product = block(seed, presentation, attempt, np.uint64(0))[3] * count
    return np.int64(product >> HALF)


@kernel
def fill_uniform(seed: Whole, presentation: Whole, step: Whole, out: NDArray[np.float32]) -> None:
    """Fill `out` (n,), float32, with the numbers that `uniform` gives for neurons 0, 1, ..."""
    for j in range(out.shape[0]):
        out[j] = uniform(seed, presentation, step, j)


def uniform_array(seed: int, presentation: int, step: int, n: int) -> NDArray[np.float32]:
    """The numbers (n,) that `uniform` gives for neurons 0 to n - 1."""
    out = np.empty(n, dtype=np.float32)
    fill_uniform(np.uint64(seed), np.uint64(presentation), np.uint64(step), out)
    return out


def key_of_row(row: ArrayLike) -> np.uint64:
    """Presentation key of a sample (n_features,): BLAKE2b hash of its values, read as float64, and -0.0 as 0.0.

    With it the draws for a sample do not depend on where it stands in a batch.
    """
    return keys_of_rows(np.asarray(row)[np.newaxis])[0]


def keys_of_rows(X: ArrayLike) -> NDArray[np.uint64]:
    """`key_of_row` of each row of X (n_samples, n_features)."""
    values = np.ascontiguousarray(X, dtype="<f8") + 0.0
    hashes = b"".join([hashlib.blake2b(row, digest_size=8).digest() for row in values])
    return np.frombuffer(hashes, "<u8").astype(np.uint64)


def seed_from(random_state: Any) -> np.uint64:
    """Draw the seed of a model from whatever scikit-learn accepts as `random_state`.

    None draws from NumPy's global state, an int always gives the same seed, and a RandomState or Generator gives its
    next draw. ValueError for anything else, or an integer below 0 or above 2**32 - 1.
    """
    if isinstance(random_state, np.random.Generator):
        return np.uint64(random_state.integers(2**64, dtype=np.uint64))
    try:
        generator = check_random_state(random_state)
    except ValueError:
        raise ValueError(
            "random_state must be None, an integer from 0 to 2**32 - 1, a RandomState or a Generator, "
            f"got {random_state!r}; pass for instance random_state=0"
        ) from None
    return np.uint64(generator.randint(2**64, dtype=np.uint64))
