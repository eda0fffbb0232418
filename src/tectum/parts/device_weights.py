"""Weights as a chip holds them: few states, noise and drift."""

from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.core.law import Real, law
from tectum.core.ranges import NonNegative, Range, Share


class CoarseWeights(NamedTuple):
    """Weights with 2^bits states at equal distances over the range that they span, which includes 0."""

    bits: Annotated[int, Range(least=1, most=24, whole=True)] = 8
    noise: NonNegative = 0.0  # standard deviation of a weight, as a share of the largest one
    drift: Share = 0.0  # share of every weight that has been lost since it was written


@law
def stored(p: Any, w: Real, u: Real, n: Real, lowest: Real, highest: Real) -> Real:
    """Weight that a synapse holds; u is uniform in [0, 1), n standard normal, and the states span lowest to highest."""


@stored.of(CoarseWeights)
def _(p: CoarseWeights, w: Real, u: Real, n: Real, lowest: Real, highest: Real) -> Real:
    """(1 - drift) (lowest + floor((w - lowest) / step + u) step) + noise max(-lowest, highest) n.

    step = (highest - lowest) / (2^bits - 1). Stochastic rounding: a weight between two states becomes either with the
    chance that keeps its mean (Gupta, Agrawal, Gopalakrishnan & Narayanan 2015).
    """
    step = (highest - lowest) / (2**p.bits - 1)
    state = min(np.floor((w - lowest) / step + u), 2**p.bits - 1) if step > 0.0 else 0.0
    return (1.0 - p.drift) * (lowest + state * step) + p.noise * max(-lowest, highest) * n


def hold(p: CoarseWeights, weights: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Weights of any shape as synapses hold them."""
    lowest, highest = min(0.0, float(weights.min())), max(0.0, float(weights.max()))
    u, n = rng.random(weights.shape), rng.standard_normal(weights.shape)
    held = [stored(p, *each, lowest, highest) for each in zip(weights.flat, u.flat, n.flat, strict=True)]
    return np.array(held, np.float32).reshape(weights.shape)


def hold_state(p: CoarseWeights, state: Any, rng: np.random.Generator) -> Any:
    """State of a dictionary, a named tuple, with all of its weights as synapses hold them."""
    weights = {name: getattr(state, name, None) for name in ("weights", "recurrent", "feedback")}
    held = {name: hold(p, w, rng) for name, w in weights.items() if w is not None}
    if "recurrent" in held:
        np.fill_diagonal(held["recurrent"], 0.0)  # no neuron has a synapse onto itself
    return state._replace(**held)
