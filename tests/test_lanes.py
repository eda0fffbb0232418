"""Vector sums: the same compiled as plain, at any place; arrays that begin with a cache line."""

import numpy as np
import pytest

from tectum.core.kernel import kernel
from tectum.core.lanes import (
    BLOCK,
    LANES,
    LINE,
    MARKED,
    add_block,
    add_lanes,
    add_marked,
    aligned,
    aligned_zeros,
    prefetch,
)


@kernel
def add_compiled(total, i, stamp, k, strength):
    """INOUT total; the rest IN."""
    add_lanes(total, i, stamp, k, strength)


@kernel
def add_marked_compiled(total, i, marks, k, stride, rows, n_rows, weight):
    """INOUT total; the rest IN."""
    add_marked(total, i, marks, k, stride, rows, n_rows, weight)


@kernel
def add_block_compiled(total, i, weights, k, gain):
    """INOUT total; the rest IN."""
    add_block(total, i, weights, k, gain)


@kernel
def sum_fetched(array):
    """IN array (n,); its sum, after it was asked for."""
    total = np.float32(0.0)
    for i in range(array.shape[0]):
        prefetch(array, i)
    for i in range(array.shape[0]):
        total += array[i]
    return total


def test_prefetch():
    array = np.arange(100, dtype=np.float32)
    assert sum_fetched(array) == 4950.0
    np.testing.assert_array_equal(array, np.arange(100))


@pytest.mark.parametrize("strength", [1, -1, 7])
def test_add_lanes(strength):
    rng = np.random.default_rng(3)
    stamp = rng.integers(0, 2**20, 40, dtype=np.uint32)
    total = rng.integers(2**28, 2**29, 50, dtype=np.uint32)
    for i, k in ((0, 0), (3, 32), (42, 5)):
        expected = total.astype(np.int64)
        expected[i : i + LANES] += strength * stamp[k : k + LANES].astype(np.int64)
        for add in (add_lanes, add_compiled):
            found = total.copy()
            add(found, np.uint64(i), stamp, np.uint64(k), np.int32(strength))
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("n_rows", [0, 1, 4])
def test_add_marked(n_rows):
    """Row after row, so that sums are rounded as if each target was looked up."""
    rng = np.random.default_rng(4)
    wired = rng.random((6, 2, MARKED)) < 0.3
    marks = np.packbits(wired, axis=2, bitorder="little").view("<u8").astype(np.uint64).ravel()
    rows = np.array([5, 0, 3, 0], np.int32)
    total = rng.random(80).astype(np.float32)
    for i, word in ((0, 0), (16, 1), (7, 1)):
        expected = total.copy()
        for row in rows[:n_rows]:
            expected[i : i + MARKED][wired[row, word]] += np.float32(0.1)
        for add in (add_marked, add_marked_compiled):
            found = total.copy()
            add(found, i, marks, word, 2, rows, n_rows, np.float32(0.1))
            np.testing.assert_array_equal(found, expected)


def test_add_block():
    rng = np.random.default_rng(5)
    weights, total = (rng.random(50).astype(np.float32) for _ in range(2))
    for i, k in ((0, 3), (34, 34)):
        expected = total.copy()
        expected[i : i + BLOCK] += np.float32(0.7) * weights[k : k + BLOCK]
        for add in (add_block, add_block_compiled):
            found = total.copy()
            add(found, i, weights, k, np.float32(0.7))
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
def test_aligned(dtype):
    for n in (0, 1, 63, 1000):
        zeros = aligned_zeros(n, dtype)
        copy = aligned(np.arange(n).astype(dtype))
        assert zeros.shape == copy.shape == (n,)
        assert not zeros.any()
        np.testing.assert_array_equal(copy, np.arange(n).astype(dtype))
        assert n == 0 or zeros.ctypes.data % LINE == copy.ctypes.data % LINE == 0
