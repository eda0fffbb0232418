"""Learning that goes on: what a map knows stays, and what is new finds neurons of its own."""

from typing import Any

import numpy as np
import pytest

from tectum import MapHierarchy, parts

CODE = parts.Ranked(k=12)
N = 24


def pattern(*inputs: int) -> Any:
    """One frame in which some inputs are active, the first ones more."""
    frame = np.zeros(N)
    frame[list(inputs)] = np.linspace(1.0, 0.6, len(inputs))
    return frame


# Carpenter & Grossberg (1987): with D in C, C and B in A, B and C apart, and D < B < C in size, the periodic sequence
# A B C A D recodes A for ever in a competitive map whose rate does not fall.
A, B, C, D = (pattern(*range(*span)) for span in ((0, 12), (0, 4), (4, 12), (4, 6)))
SEQUENCE = np.array([A, B, C, A, D])


def path_of_a(n_0: float, seed: int) -> float:
    """How far the weights of the neuron that wins A in round 20 go until round 60, in units of their length."""
    one = parts.Map("map", (parts.Features(code=CODE),), (4, 4), use=parts.UseDependentRate(n_0=n_0))
    learned = MapHierarchy([one], random_state=seed)
    for _ in range(20):
        learned.partial_fit(SEQUENCE)
    unit = int(learned.predict(A[None])[0])
    weights, path = learned.weights("map")[unit].copy(), 0.0
    for _ in range(40):
        before, weights = weights, learned.partial_fit(SEQUENCE).weights("map")[unit].copy()
        path += float(np.linalg.norm(weights - before) / np.linalg.norm(before))
    return path


@pytest.mark.science
def test_four_patterns_do_not_recode_a_map_whose_neurons_slow_down() -> None:
    assert max(path_of_a(3.0, seed) for seed in range(2)) < 1.5
    assert min(path_of_a(np.inf, seed) for seed in range(2)) > 4.0


def scenes(seed: int) -> list[np.ndarray]:
    """Frames of four scenes, 50 to learn and 20 more of each."""
    rng = np.random.default_rng(seed)
    means = np.abs(rng.standard_normal((4, N))) ** 2
    return [np.maximum(mean + 0.1 * rng.standard_normal((70, N)), 0.0) for mean in means]


@pytest.mark.science
def test_new_scenes_take_neurons_of_their_own_and_leave_the_old_ones_theirs() -> None:
    frames = scenes(0)
    learned = MapHierarchy([parts.Map("map", (parts.Features(code=CODE),), (6, 6))], random_state=0)
    at_first = []
    for scene in frames:
        learned.partial_fit(scene[:50])
        at_first.append(learned.quantization_error(scene[50:]))
    at_last = [learned.quantization_error(scene[50:]) for scene in frames]
    assert np.mean(np.subtract(at_last, at_first)) <= 0.04
    won = [set(learned.predict(scene[50:]).tolist()) for scene in frames]
    assert all(won[a].isdisjoint(won[b]) for a in range(4) for b in range(a))


@pytest.mark.science
def test_neurons_that_learn_together_leave_room_for_other_scenes() -> None:
    """On a small map, where all of them are near each other."""
    one = parts.Map("map", (parts.Features(code=CODE),), (4, 4), spread=parts.PlasticitySpread())
    for seed in range(3):
        frames = scenes(seed)
        learned = MapHierarchy([one], random_state=seed)
        for scene in frames:
            learned.partial_fit(scene[:50])
        winners = [learned.predict(scene[50:]) for scene in frames]
        assert min(won.min() for won in winners) >= 0
        assert len({int(np.bincount(won).argmax()) for won in winners}) == len(frames)
