"""Sparse and independent local learning: spiking neurons that decorrelate each other, and keep a rate of their own.

The network of Zylberberg, Murphy & DeWeese (2011, PLoS Comput Biol 7:e1002250, SAILnet) has three equations of
learning, for neurons that have sent `n_j` spikes in a presentation of inputs `x_i`, each by what is present at it::

    q_ij <- q_ij + eta n_j (x_i - n_j q_ij)              feed-forward, the rule of Oja (1982)
    w_jk <- max(0, w_jk + eta_recurrent (n_j n_k - p^2)) inhibition, the rule of Foldiak (1990)
    theta_j <- theta_j + gamma (n_j - p)                 thresholds

The last one is `AdaptiveThreshold`, of each neuron by itself: p is its `target` over the number of neurons n, gamma its
`rate` times n. Deviation: x_i are rates that the spikes of the inputs show, not the values of pixels.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import Real, law
from tectum.core.ranges import NonNegative, Positive, TimeConstant
from tectum.parts.plasticity import learning_rate, own_rate
from tectum.parts.steps import discretise

ZERO = np.float32(0.0)
ONE = np.float32(1.0)


class DecorrelatingInhibition(NamedTuple):
    """Leaky neurons that fire in parallel and inhibit each other a step later, by weights that are learned.

    Examples
    --------
    >>> DecorrelatingInhibition()
    DecorrelatingInhibition(tau_steps=10.0)
    """

    tau_steps: TimeConstant = 10.0  # steps, membrane time constant


class DecorrelatingStep(NamedTuple):
    """`DecorrelatingInhibition` for one step."""

    pace: Any  # 1 / tau_steps


@discretise.of(DecorrelatingInhibition)
def _(part: DecorrelatingInhibition, dt: float) -> DecorrelatingStep:
    """The Euler step of the paper, of at most the time constant."""
    return DecorrelatingStep(np.float32(min(1.0, dt / part.tau_steps)))


@law
def relaxed(p: Any, u: Real, drive: Real, inhibition: Real) -> Real:
    """Membrane after a step, given the sums of the weights of inputs and of other neurons that have fired."""


@relaxed.of(DecorrelatingStep)
def _(p: DecorrelatingStep, u: Real, drive: Real, inhibition: Real) -> Real:
    """u <- u + (drive - inhibition - u) / tau_steps; eq. (1) of Zylberberg et al. 2011 in Euler steps."""
    return u + p.pace * (drive - inhibition - u)


class DecorrelatingSTDP(NamedTuple):
    """Feed-forward weights by the rule of Oja, inhibition by that of Foldiak, once after each presentation.

    Examples
    --------
    >>> DecorrelatingSTDP(eta=0.01).rate is None
    True
    """

    eta: NonNegative = 0.02  # learning rate of feed-forward weights; all fall over the presentations
    eta_recurrent: NonNegative = 0.03  # learning rate of inhibition
    rate: Positive | None = None  # p, spikes of a neuron per presentation; None: target over the number of neurons


class DecorrelatingRuleStep(NamedTuple):
    """`DecorrelatingSTDP` with its rate."""

    eta: Any  # float64, as rates fall from sample to sample
    recurrent: Any  # eta_recurrent / eta
    rate: Any


@discretise.of(DecorrelatingSTDP)
def _(part: DecorrelatingSTDP, dt: float) -> DecorrelatingRuleStep:
    """Inhibition learns in proportion to the feed-forward weights."""
    ratio = part.eta_recurrent / part.eta if part.eta > 0.0 else 0.0
    return DecorrelatingRuleStep(np.float64(part.eta), np.float32(ratio), np.float32(part.rate))


learning_rate.of(DecorrelatingRuleStep)(own_rate)


@law
def imprinted(p: Any, q: Real, eta: Real, x: Real, n: Real) -> Real:
    """Feed-forward weight after a presentation: rate x of the input, n spikes of the neuron."""


@imprinted.of(DecorrelatingRuleStep)
def _(p: DecorrelatingRuleStep, q: Real, eta: Real, x: Real, n: Real) -> Real:
    """q <- q + eta n (x - n q) / (1 + eta n^2); eq. (5) of Zylberberg et al. 2011, it rests at <n x> / <n^2>.

    Deviation: the step is an implicit one, as the explicit one overshoots where a neuron fires often.
    """
    return q + eta * n * (x - n * q) / (ONE + eta * n * n)


@law
def decorrelated(p: Any, w: Real, eta: Real, n: Real, other: Real) -> Real:
    """Inhibition between two neurons after a presentation in which they sent n and `other` spikes."""


@decorrelated.of(DecorrelatingRuleStep)
def _(p: DecorrelatingRuleStep, w: Real, eta: Real, n: Real, other: Real) -> Real:
    """w <- max(0, w + eta_recurrent (n n' - p^2)); eq. (4) of Zylberberg et al. 2011."""
    return max(ZERO, w + eta * p.recurrent * (n * other - p.rate * p.rate))
