"""Poisson spike trains of input neurons, drawn interval by interval, and what happens if they move too little."""

import math
from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import Real, Whole, law
from tectum.core.ranges import Count, NonNegative, Number, Positive
from tectum.parts.steps import discretise

ONE = np.float32(1.0)
MOST_CHANCE = 0.999  # of a spike in a step: the intervals of a certain spike have no logarithm


class PoissonSpikes(NamedTuple):
    """Inputs fire at random with a rate in proportion to their value; one spike in a step at most.

    Examples
    --------
    >>> PoissonSpikes()
    PoissonSpikes(rate=63.75, duration=350.0)
    """

    rate: NonNegative = 63.75  # spikes/s of an input at the largest value
    duration: Positive = 350.0  # ms for which a sample is shown


class PoissonStep(NamedTuple):
    """`PoissonSpikes` for steps of fixed length."""

    n_steps: Any  # int64
    chance: Any  # of a spike in a step at the largest value


@discretise.of(PoissonSpikes)
def _(part: PoissonSpikes, dt: float) -> PoissonStep:
    """Rate in spikes per step, as float64 since intervals are; one step at least."""
    return PoissonStep(np.int64(max(1, round(part.duration / dt))), np.float64(1e-3 * part.rate * dt))


@law
def mean_interval(p: Any, x: Real, boost: Real) -> Real:
    """Factor by which an exponential number of mean 1 becomes an interval between spikes, in steps.

    x is the value of the input, from 0 to 1, and boost the factor of all rates.
    """


@mean_interval.of(PoissonStep)
def _(p: PoissonStep, x: Real, boost: Real) -> Real:
    """-1 / log(1 - p): then 1 + floor(interval) is geometric, as if a spike had probability p in each step."""
    return np.float32(-1.0 / math.log1p(-min(MOST_CHANCE, p.chance * np.float64(x) * np.float64(boost))))


class MoreInput(NamedTuple):
    """A sample that moves too few spikes is shown again, with higher rates.

    Examples
    --------
    >>> MoreInput()
    MoreInput(fewest=5, step=0.5, times=10)
    """

    fewest: Number = 5  # spikes of all neurons together that are enough
    step: NonNegative = 0.5  # growth of the rates, in units of the first
    times: Count = 10  # that a sample is shown at most


@law
def enough(p: Any, n_spikes: int, n_shown: int) -> bool:
    """Whether a sample is done with after n_spikes, having been shown n_shown times."""


@enough.of(MoreInput)
def _(p: MoreInput, n_spikes: int, n_shown: int) -> bool:
    """Five spikes at least; Diehl & Cook 2015. Ours: or shown `times` times, as a blank sample would never end."""
    return n_spikes >= p.fewest or n_shown >= p.times


@law
def rate_factor(p: Any, n_shown: Whole) -> Real:
    """Factor of the rates for a sample that was shown n_shown times before."""


@rate_factor.of(MoreInput)
def _(p: MoreInput, n_shown: Whole) -> Real:
    """1 + step n_shown: the largest rate grows by half of the first, 32 spikes/s; Diehl & Cook 2015."""
    return ONE + np.float32(p.step) * np.float32(n_shown)
