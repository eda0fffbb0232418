"""Weights as a chip holds them: few states, noise and drift."""

from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.core.law import Real, law
from tectum.core.ranges import NonNegative, Positive, Range, Share, SignedWeight
from tectum.parts.event_plasticity import follow_residual, unexplained
from tectum.parts.plasticity import learning_rate, own_rate
from tectum.parts.steps import discretise


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


class CoarseResidualSTDP(NamedTuple):
    """`ResidualSTDP` on synapses of 2^bits states at equal distances from w_min to w_max, with stochastic rounding.

    Examples
    --------
    >>> CoarseResidualSTDP(bits=4)
    CoarseResidualSTDP(eta=0.1, w_min=None, w_max=1.0, bits=4)
    """

    eta: NonNegative = 0.1  # learning rate
    w_min: SignedWeight | None = None  # lowest state; None: 0, with ON and OFF channels -1
    w_max: Positive = 1.0  # highest state; a component has length 1, and of many inputs none comes near it
    bits: Annotated[int, Range(least=1, most=24, whole=True)] = 8


class CoarseResidualStep(NamedTuple):
    """`CoarseResidualSTDP` with the distance of its states."""

    w_min: Any
    w_max: Any
    eta: Any  # float64, as rates fall from sample to sample
    step: Any


@discretise.of(CoarseResidualSTDP)
def _(part: CoarseResidualSTDP, dt: float) -> CoarseResidualStep:
    """The states begin at -w_max where inputs have signs."""
    lowest = max(part.w_min or 0.0, -part.w_max)
    return CoarseResidualStep(
        w_min=np.float32(lowest),
        w_max=np.float32(part.w_max),
        eta=np.float64(part.eta),
        step=np.float32((part.w_max - lowest) / (2**part.bits - 1)),
    )


learning_rate.of(CoarseResidualStep)(own_rate)


unexplained.of(CoarseResidualStep)(follow_residual)  # then the weights of the neuron are scaled and rounded


@law
def is_coarse(p: Any) -> bool:
    """Whether a rule writes its weights into synapses of few states."""


@is_coarse.otherwise()
def _(p: Any) -> bool:
    """No."""
    return False


@is_coarse.of(CoarseResidualStep)
def _(p: CoarseResidualStep) -> bool:
    """Yes."""
    return True


@law
def written(p: Any, w: Real, u: Real) -> Real:
    """Weight that a synapse holds after this one was written into it; u is uniform in [0, 1)."""


@written.otherwise()
def _(p: Any, w: Real, u: Real) -> Real:
    """w."""
    return w


@written.of(CoarseResidualStep)
def _(p: CoarseResidualStep, w: Real, u: Real) -> Real:
    """min(w_max, w_min + floor((w - w_min) / step + u) step): stochastic rounding, as in `stored`."""
    return min(p.w_max, p.w_min + np.floor((w - p.w_min) / p.step + u) * p.step)


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
