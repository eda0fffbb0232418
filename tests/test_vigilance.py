"""Winners that hear too little give way, the sooner the more they have been used."""

import numpy as np
import pytest

from tectum import MapHierarchy, parts
from tectum.models.hierarchy.driving import CODE, DETAILED
from tectum.parts.map_learning import tolerated
from tectum.parts.steps import discretise

STRICT = parts.NoveltyGate(mismatch=0.1)


def scene(n: int = 60, seed: int = 0) -> np.ndarray:
    """Frames of one scene that vary little: three states of twenty frames each."""
    draw = np.random.default_rng(seed)
    base, states = np.abs(draw.normal(size=400)), np.abs(draw.normal(size=(3, 400)))
    noise = np.abs(draw.normal(size=(n, 400)))
    return (base + 0.35 * states[np.arange(n) * 3 // n] + 0.05 * noise).astype(np.float32)


def learned(X: np.ndarray, **constants) -> MapHierarchy:
    m = parts.Map("scene", (parts.Features(code=CODE),), (6, 6), **DETAILED | constants)
    return MapHierarchy([m], random_state=0).partial_fit(X)


def test_what_is_tolerated_falls_with_use_and_rises_as_the_map_fills():
    gate = discretise(parts.NoveltyGate(mismatch=0.2, sharpened=10.0), 100.0)
    assert tolerated(gate, 0.0, 1.0) == pytest.approx(0.2)
    assert tolerated(gate, 30.0, 1.0) == pytest.approx(0.1)
    assert tolerated(gate, 30.0, 0.5) == pytest.approx(0.2)


def test_a_scene_that_varies_little_gets_neurons_for_its_states():
    X, state = scene(), np.arange(60) // 20

    def answered(gate: parts.NoveltyGate) -> tuple[float, int]:
        won = learned(X, gate=gate).predict(X)
        known = np.array([np.bincount(state[won == j]).argmax() for j in won])
        return (known == state).mean(), len(np.unique(won))

    share, n = answered(parts.NoveltyGate())
    assert share < 0.6
    assert n <= 2
    share, n = answered(STRICT)
    assert share > 0.9
    assert 3 <= n < 6


def test_only_one_neuron_learns_from_a_frame():
    X = scene()
    assert learned(X, gate=parts.NoveltyGate()).usage("scene").sum() > 1.5 * len(X)
    used = learned(X, gate=STRICT).usage("scene")
    assert used.sum() < len(X) + 3  # and a winner that is rejected
