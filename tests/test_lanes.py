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
from tectum.core.rows import raise_rows, sum_rows, trim_rows


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


@kernel
def sum_compiled(w, nodes, first, fours, last, total, i):
    """OUT total; the rest IN."""
    sum_rows(w, nodes, first, fours, last, total, i)


@kernel
def change_compiled(w, nodes, change, i, first, last, tile):
    """INOUT w, tile; the rest IN."""
    raise_rows(w, nodes, change, i)
    trim_rows(w, first, last, tile)


@pytest.mark.parametrize(("first", "fours", "last"), [(0, 8, 11), (4, 8, 8), (8, 8, 9), (12, 8, 11), (0, 0, 0)])
def test_rows(first, fours, last):
    """The same bits as in plain Python, and as the whole sum if what is left out is 0."""
    rng = np.random.default_rng(6)
    w, change = rng.random((30, LANES)).astype(np.float32), rng.random(12).astype(np.float32)
    nodes = np.sort(rng.choice(30, 11, replace=False)).astype(np.uint32)
    totals = []
    for add in (sum_rows, sum_compiled):
        totals.append(np.ones(12, np.float32))
        add(w, nodes, first, fours, last, totals[-1], 3)
    np.testing.assert_array_equal(*totals)
    np.testing.assert_allclose(totals[0][3 : 3 + LANES], w[nodes[first:last]].sum(axis=0), rtol=1e-6)
    parts = np.stack([rng.random(LANES), 1.0 + rng.random(LANES), *np.ones((2, LANES))]).astype(np.float32)
    plain, compiled = (w.copy(), parts.copy()), (w.copy(), parts.copy())
    raise_rows(plain[0], nodes, change, 2)
    trim_rows(plain[0], 5, 20, plain[1])
    change_compiled(compiled[0], nodes, change, 2, 5, 20, compiled[1])
    for found, expected in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(found, expected)
