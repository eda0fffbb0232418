"""A bump that moves on a ring of places: the same picture in two directions, which only a memory tells apart."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum import analysis

PLACES = 16
SETTLED = 3
"""Steps after a turn from which on the direction is asked for."""


class Ring(NamedTuple):
    """A stream of `ring_stream`."""

    X: NDArray[np.float64]  # (n_steps, PLACES), brightness of each place
    position: NDArray[np.intp]  # (n_steps,), place of the bump
    direction: NDArray[np.intp]  # (n_steps,), 1 upwards, 0 downwards
    settled: NDArray[np.bool_]  # (n_steps,), whether the last turn is at least SETTLED steps ago


def ring_stream(n_steps: int, seed: int, *, turn: float = 0.06, noise: float = 0.05) -> Ring:
    """A Gaussian bump (sigma one place) goes one place a step, and turns with probability `turn` before a step."""
    rng = np.random.default_rng(seed)
    turns = rng.random(n_steps) < turn
    heading = np.cumprod(np.where(turns, -1, 1))
    position = np.mod(np.cumsum(heading), PLACES)
    apart = np.abs(np.arange(PLACES) - position[:, np.newaxis])
    X = np.exp(-(np.minimum(apart, PLACES - apart) ** 2) / 2.0) + noise * rng.normal(size=apart.shape)
    steps = np.arange(n_steps)
    since = steps - np.maximum.accumulate(np.where(turns, steps, 0))
    return Ring(X, position, (heading > 0).astype(np.intp), since >= SETTLED)


def scores(shape: tuple[int, int], labelling: Ring, labelling_winners: NDArray, test: Ring, winners: NDArray) -> list:
    """Direction read from the winner, AMI of it with (position, direction), spread of the place 0 to 6 steps ago.

    Neurons get their direction from a stream of their own, `labelling`.
    """
    named = analysis.label_units(labelling_winners[labelling.settled], labelling.direction[labelling.settled], shape)
    right = analysis.label_accuracy(winners[test.settled], test.direction[test.settled], named)
    agreement = analysis.cluster_scores(2 * test.position + test.direction, winners)["ami"]
    return [right, agreement, *analysis.temporal_quantization(winners, test.position, PLACES)]
