"""The naive reference of the dictionary: the checks its specification asks for, and each phase of a step by hand."""

from dataclasses import replace

import numpy as np
import pytest
import reference_dictionary as reference
from reference_dictionary import LITERAL, REF, UNBOUNDED, Parameters

SIZES = (2, 3, 4, 6, 9, 12)  # pixels of the disjoint patterns


def raster(*steps: tuple[int, ...]) -> np.ndarray:
    """One patch (1, n_steps, n_inputs) from the rows of its raster."""
    return np.array([steps], dtype=bool)


# --- weights -----------------------------------------------------------------------------------------------------


def test_update_of_one_weight() -> None:
    np.testing.assert_allclose(reference.bracket([0.1, 0.1], [1, 0], REF), [0.899, -0.101], rtol=1e-12)


def test_factors_of_potentiation_and_depression() -> None:
    p = replace(REF, A_plus=2.0, A_minus=0.25)
    np.testing.assert_allclose(reference.bracket([0.1, 0.1], [1, 0], p), [2 * 0.899, -0.25 * 0.101], rtol=1e-12)


def test_silent_units_keep_their_weights() -> None:
    W = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9]])
    result = reference.run(W, [0.5, 0.5], raster((1, 1, 0), (1, 1, 0)), eta=0.1)
    assert result.counts.tolist() == [[2, 0]]
    np.testing.assert_array_equal(result.W[:, 1], W[:, 1])
    once = W[:, 0] + 0.1 * (np.array([1, 1, 0]) - 1.01 * W[:, 0])
    once = np.clip(once, 0.01, 1.0)
    twice = once + 0.1 * (np.array([1, 1, 0]) - 1.01 * once)
    np.testing.assert_allclose(result.W[:, 0], np.clip(twice, 0.01, 1.0), rtol=1e-12)


def test_clip_is_of_units_that_learn() -> None:
    W = np.array([[0.7, 0.001], [0.1, 0.001]])
    result = reference.run(W, [0.6, 0.6], raster((1, 0)), replace(REF, clip=(0.05, 0.75)), eta=0.9)
    assert result.counts.tolist() == [[1, 0]]
    np.testing.assert_array_equal(result.W, [[0.75, 0.001], [0.05, 0.001]])


@pytest.mark.parametrize("eta", [0.0055, 0.3, 0.99])
def test_weights_stay_in_bounds_without_clip(eta: float) -> None:
    rng = np.random.default_rng(0)
    p = replace(REF, clip=UNBOUNDED)
    W = rng.uniform(0.0, 1.0, (8, 4))
    spikes = rng.random((20, 20, 8)) < rng.random((20, 1, 8))
    result = reference.run(W, np.zeros(4), spikes, p, eta=eta)
    assert result.counts.sum() > 0
    assert result.W.min() >= 0.0
    assert result.W.max() <= 1.0
    inside = reference.run(W / 1.01, np.zeros(4), spikes, p, eta=eta)
    assert inside.W.max() <= 1.0 / 1.01 + 1e-12


@pytest.mark.parametrize(("window", "expected"), [(1, 0.3 / 1.01), (3, (1 - 0.7**3) / 1.01)])
def test_fixed_point_of_a_lone_unit(window: int, expected: float) -> None:
    """From 0.5, in patches of 200 steps: the shorter windows of the first two cost the mean less than 0.5 %."""
    rng = np.random.default_rng(1)
    W, theta = np.full((64, 1), 0.5), np.array([0.15])
    means = []
    for _ in range(40):
        result = reference.run(W, theta, rng.random((1, 200, 64)) < 0.3, replace(REF, window=window))
        W, theta = result.W, result.theta
        assert result.counts.tolist() == [[200]]
        means.append(W.mean())
    assert np.mean(means[10:]) == pytest.approx(expected, rel=0.02)


# --- thresholds ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_winners", "change"), [(0, -0.002), (1, 0.0), (3, 0.004)])
def test_thresholds_move_together(n_winners: int, change: float) -> None:
    theta = np.array([0.2, 0.25, 0.3])
    np.testing.assert_allclose(reference.adapted(theta, n_winners, REF), theta + change, rtol=1e-12)


def test_floor_of_thresholds() -> None:
    np.testing.assert_allclose(reference.adapted(np.array([0.026, 0.2]), 0, REF), [0.025, 0.198], rtol=1e-12)
    blank = np.zeros((1, 300, 2), dtype=bool)
    silent = reference.run(np.full((2, 50), 0.5), np.full(50, 0.15), blank)  # 1/50 is below the floor
    assert silent.n_winners.sum() == 0
    np.testing.assert_array_equal(silent.theta, 0.025)


@pytest.mark.parametrize(("theta", "fired"), [(0.3, 3), (0.4, 0)])
def test_thresholds_in_a_run(theta: float, fired: int) -> None:
    result = reference.run(np.full((2, 3), 0.5), np.full(3, theta), raster((1, 1)))
    assert result.n_winners.tolist() == [[fired]]
    np.testing.assert_allclose(result.theta, theta + 0.002 * (fired - 1), rtol=1e-12)


# --- phases of a step ----------------------------------------------------------------------------------------------


def test_probabilities_are_those_of_the_nearest_centroid() -> None:
    """With the norm in the drive P orders units by their distance to the input: U = -R |s - w|^2 / 2 + constant."""
    rng = np.random.default_rng(2)
    W, s = rng.random((10, 5)), (rng.random(10) < 0.5).astype(float)
    U = reference.membrane(np.zeros(5), reference.drive(W, s, 1.0), 0.0, 5.0)
    distance = ((s[:, np.newaxis] - W) ** 2).sum(axis=0)
    np.testing.assert_allclose(reference.softmax(U), reference.softmax(-2.5 * distance), rtol=1e-12)
    np.testing.assert_allclose(reference.drive(W, s, 0.0), W[s > 0].sum(axis=0), rtol=1e-12)


def test_strict_admits_one_winner() -> None:
    P, theta = np.array([0.3, 0.35, 0.35]), np.full(3, 0.2)
    assert reference.winners(P, theta, False).tolist() == [True, True, True]
    assert reference.winners(P, theta, True).tolist() == [False, True, False]
    assert reference.winners(P, np.array([0.2, 0.4, 0.2]), True).tolist() == [False, False, False]
    assert reference.winners(P, P, False).tolist() == [False, False, False]


def test_delayed_pairing_drives_with_the_step_before() -> None:
    p = replace(REF, delayed_pairing=True)
    W = np.array([[0.9, 0.1], [0.1, 0.9]])
    result = reference.run(W, [0.6, 0.6], raster((1, 0), (0, 1)), p, eta=0.1)
    assert result.n_winners.tolist() == [[0, 1]]  # equal norms: without spikes to drive, P is 1/2
    assert result.first_spike.tolist() == [[1, -1]]
    np.testing.assert_allclose(result.W[:, 0], [0.9 - 0.1 * 1.01 * 0.9, 0.1 + 0.1 * (1 - 1.01 * 0.1)], rtol=1e-12)


def test_window_is_of_the_patch() -> None:
    steps = raster((1, 0), (0, 0), (0, 0), (0, 1))[0]
    seen = [reference.recent_spikes(steps, t, 3).tolist() for t in range(4)]
    assert seen == [[1, 0], [1, 0], [1, 0], [0, 1]]
    assert [reference.recent_spikes(steps, t, 1).tolist() for t in range(2)] == [[1, 0], [0, 0]]


def test_refractory_units_are_masked_for_that_many_steps() -> None:
    p = replace(REF, beta=0.0, refractory_steps=2, b=0.0)
    W = np.array([[0.9, 0.2], [0.9, 0.2]])
    result = reference.run(W, [0.6, 0.6], np.ones((1, 7, 2), dtype=bool), p, eta=0.0)
    # units 0, then 1, then both at U = 0 (P = 1/2), and anew
    assert result.n_winners.tolist() == [[1, 1, 0, 1, 1, 0, 1]]
    assert result.counts.tolist() == [[3, 2]]
    assert result.first_spike.tolist() == [[0, 1]]


def test_masked_units_may_win_and_rest_anew() -> None:
    """Masked means U = 0, which in a blank step beats the others: without input the norm leaves them below 0."""
    W, spikes = np.array([[0.9, 0.9], [0.9, 0.1]]), raster((1, 1), (0, 0), (0, 0))
    frozen = {"W": W, "theta": [0.6, 0.6], "spikes": spikes, "learn": False}
    assert reference.run(**frozen, p=REF).counts.tolist() == [[1, 2]]
    assert reference.run(**frozen, p=replace(REF, refractory_steps=1)).counts.tolist() == [[3, 0]]


@pytest.mark.parametrize(("a_m", "expected"), [(0.0, 0.5), (0.5, 0.5 * 1.75), (1.0, 1.5)])
def test_potential_leaks(a_m: float, expected: float) -> None:
    U = np.zeros(1)
    for _ in range(3):
        U = reference.membrane(U, np.array([0.1]), a_m, 5.0)
    np.testing.assert_allclose(U, expected, rtol=1e-12)


def test_leak_factor() -> None:
    assert reference.leak_factor(0.0) == 0.0
    assert reference.leak_factor(5.0) == pytest.approx(np.exp(-0.2))
    assert reference.leak_factor(np.inf) == 1.0


@pytest.mark.parametrize(
    "p",
    [
        REF,
        LITERAL,
        replace(REF, a_m=0.8, window=3, refractory_steps=2, strict=True),
        replace(REF, a_m=1.0, delayed_pairing=True),
    ],
    ids=["ref", "literal", "strict leaky", "integrating"],
)
def test_patches_share_weights_and_thresholds_alone(p: Parameters) -> None:
    rng = np.random.default_rng(3)
    W, theta = rng.uniform(0.025, 0.8, (12, 6)), 0.2 + rng.uniform(-0.055, 0.055, 6)
    spikes, eta = rng.random((6, 10, 12)) < 0.4, reference.learning_rates(6, 0.05)
    W_before, theta_before = W.copy(), theta.copy()
    whole = reference.run(W, theta, spikes, p, eta=eta)
    np.testing.assert_array_equal(W, W_before)
    np.testing.assert_array_equal(theta, theta_before)
    assert whole.counts.sum() == whole.n_winners.sum() > 0
    np.testing.assert_array_equal(whole.first_spike >= 0, whole.counts > 0)
    for m in range(6):
        part = reference.run(W, theta, spikes[m : m + 1], p, eta=eta[m])
        np.testing.assert_array_equal(part.counts[0], whole.counts[m])
        W, theta = part.W, part.theta
    np.testing.assert_array_equal(W, whole.W)
    np.testing.assert_array_equal(theta, whole.theta)


def test_frozen_run_changes_nothing() -> None:
    rng = np.random.default_rng(4)
    W, theta = rng.uniform(-0.5, 1.5, (12, 6)), np.array([0.001, 0.1, 0.1, 0.2, 0.2, 0.9])  # beyond clip and floor
    result = reference.run(W, theta, rng.random((3, 10, 12)) < 0.4, learn=False)
    assert result.counts.sum() > 0
    np.testing.assert_array_equal(result.W, W)
    np.testing.assert_array_equal(result.theta, theta)


def test_learning_rates() -> None:
    eta = reference.learning_rates(100, 1.0)
    np.testing.assert_array_equal(eta[:51], 1.0)
    np.testing.assert_allclose(eta[[75, 97, 99]], [0.5, 0.06, 0.05], rtol=1e-12)


# --- decoding, spikes without chance -----------------------------------------------------------------------------


def test_decoding() -> None:
    W = np.array([[0.5, 0.1], [0.0, 1.0]])
    counts = [[3, 1], [0, 0], [2, 2]]
    np.testing.assert_allclose(reference.decode(counts, W, 0.01), 1.01 * np.array([[0.4, 0.25], [0, 0], [0.3, 0.5]]))
    np.testing.assert_allclose(
        reference.decode(counts, W, 0.01, winner=True), 1.01 * np.array([W[:, 0], [0, 0], W[:, 0]])
    )


def test_regular_spikes_keep_count_and_distance() -> None:
    x, phase = np.array([0.0, 0.125, 0.25, 0.75, 1.0]), np.array([0.5, 0.0, 0.75, 0.25, 0.0])
    spikes = reference.regular_spikes(x, 64, phase)
    np.testing.assert_array_equal(spikes.sum(axis=0), 64 * x)
    assert np.flatnonzero(spikes[:, 1]).tolist() == [7, 15, 23, 31, 39, 47, 55, 63]
    assert np.flatnonzero(spikes[:, 2])[:3].tolist() == [0, 4, 8]


# --- the whole ----------------------------------------------------------------------------------------------------


def patterns() -> np.ndarray:
    """Disjoint patterns (6, 36), 0.95 on their own pixels and 0.05 elsewhere."""
    X = np.full((len(SIZES), sum(SIZES)), 0.05)
    for k, own in enumerate(np.split(np.arange(sum(SIZES)), np.cumsum(SIZES)[:-1])):
        X[k, own] = 0.95
    return X


@pytest.mark.parametrize("strict", [False, True])
def test_recovery_of_disjoint_patterns(strict: bool) -> None:
    """600 presentations of 20 steps, 6 % of the steps that the specification asks for, at twice the learning rate."""
    rng = np.random.default_rng(5)
    X, p = patterns(), replace(REF, strict=strict)
    shown = X[rng.integers(len(X), size=600)]
    W = np.clip(X.mean(axis=0)[:, np.newaxis] + rng.uniform(-0.2, 0.2, (X.shape[1], 12)), *p.clip)
    spikes = rng.random((600, 20, X.shape[1])) < shown[:, np.newaxis]
    trained = reference.run(W, np.full(12, 0.15), spikes, p, eta=reference.learning_rates(600, 0.011))
    test = rng.random((len(X), 50, X.shape[1])) < X[:, np.newaxis]
    counts = reference.run(trained.W, trained.theta, test, p, learn=False).counts
    best = counts.argmax(axis=1)
    assert len(set(best)) == len(X)
    found = trained.W[:, best].T
    cosine = (found * X).sum(axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(X, axis=1)
    assert cosine.min() > 0.95
