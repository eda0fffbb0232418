"""SAILnet: its loop against arrays, its fixed points, and what it learns."""

import numpy as np
import pytest

from tectum import SpikingDictionary
from tectum.parts import AdaptiveThreshold, DecorrelatingSTDP, RegularSpikes
from tectum.parts.sailnet import DecorrelatingRuleStep, decorrelated, imprinted

pytestmark = pytest.mark.compiled
STEPS = 20


def noise(n: int, seed: int) -> np.ndarray:
    """Correlated inputs from -1 to 1."""
    drawn = np.random.default_rng(seed).normal(size=(n, 19))
    return np.clip(drawn[:, 3:] + drawn[:, 2:-1] + drawn[:, 1:-2], -1.0, 1.0)


def expected(Q, W, theta, X, *, eta=0.05, alpha=0.5, p=1.0 / 3.0, gamma=0.03, tau=10.0):
    """SAILnet in NumPy, from its equations; changes the arrays, returns spikes (n_samples, n_units)."""
    counts = []
    for x in X:
        phase = np.floor(np.abs(x) * np.arange(STEPS + 1, dtype=np.float32)[:, None] + np.float32(0.5))
        fired = np.sign(x) * np.diff(phase, axis=0)
        u = np.zeros(len(Q))
        y, n = np.zeros(len(Q)), np.zeros(len(Q))
        for step in range(STEPS):
            u += (Q @ fired[step] - W @ y - u) / tau
            y = (u > theta).astype(float)
            u[y > 0] = 0.0
            n += y
        rate = fired.sum(axis=0) / STEPS
        Q += eta * n[:, None] * (rate - n[:, None] * Q) / (1.0 + eta * n[:, None] ** 2)
        W[:] = np.maximum(0.0, W + alpha * (np.outer(n, n) - p**2))
        np.fill_diagonal(W, 0.0)
        theta[:] = np.maximum(0.01, theta + gamma * (n - p))
        counts.append(n)
    return np.array(counts)


def test_the_loop_against_arrays():
    X = np.round(noise(400, 0), 2).astype(np.float32)
    X[0, 0] = 1.0  # the scale
    model = SpikingDictionary.sailnet(
        6,
        n_active=2,
        n_presentations=10_000,
        encoder=RegularSpikes(STEPS),
        threshold=AdaptiveThreshold(start=0.2, rate=0.005, minimum=0.01),
        rule=DecorrelatingSTDP(0.05, 0.5),
        random_state=3,
    ).partial_fit(X[:50])
    total = 0
    for x in X[50:150, np.newaxis]:  # one by one, as roundings would add up
        before = model.spike_counts_.copy()
        Q, W, theta = (np.array(a, np.float64) for a in (model.weights_, model._state.recurrent, model._state.theta))
        counts = expected(Q, W, theta, x)[0]
        model.partial_fit(x)
        total += counts.sum()
        np.testing.assert_array_equal(model.spike_counts_ - before, counts)
        np.testing.assert_allclose(model.weights_, Q, atol=1e-6)
        np.testing.assert_allclose(model._state.recurrent, W, atol=1e-5)
        np.testing.assert_allclose(model._state.theta, theta, atol=1e-6)
    assert total > 100


def test_fixed_points_of_the_rules():
    """Oja's rule rests at <n x> / <n^2>, Foldiak's where the mean product of counts is p^2."""
    p = DecorrelatingRuleStep(np.float64(0.1), np.float32(10.0), np.float32(0.5))
    q = np.float32(0.0)
    for _ in range(500):
        q = imprinted(p, q, np.float32(0.1), np.float32(0.6), np.float32(2.0))
    assert q == pytest.approx(0.3)
    assert decorrelated(p, np.float32(0.2), np.float32(0.1), np.float32(0.5), np.float32(0.5)) == pytest.approx(0.2)
    assert decorrelated(p, np.float32(0.2), np.float32(0.1), np.float32(0.0), np.float32(2.0)) == 0.0


def test_finds_sources_that_are_active_now_and_then():
    rng = np.random.default_rng(1)
    sources = np.linalg.qr(rng.normal(size=(16, 12)))[0].T
    X = (rng.uniform(0.5, 1.0, (3000, 12)) * (rng.random((3000, 12)) < 0.12)) @ sources
    X = X[X.any(axis=1)]
    model = SpikingDictionary.sailnet(12, n_active=3, n_presentations=20_000, random_state=0).fit(X)
    found = model.sparsity(X)
    assert found.spikes == pytest.approx(3.0, rel=0.2)
    unit = model.components_ / np.linalg.norm(model.components_, axis=1, keepdims=True)
    assert np.mean((unit @ sources.T).max(axis=1) > 0.9) > 0.9
    counts = model.transform(X)
    assert np.abs(np.corrcoef(counts.T)[np.triu_indices(12, 1)]).mean() < 0.1
