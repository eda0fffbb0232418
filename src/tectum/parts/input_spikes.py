"""Spike trains of input neurons that represent numbers from 0 to 1 as rates, in spikes per step."""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import Real, Whole, law
from tectum.core.ranges import Count, Share

ONE = np.float32(1.0)


class RegularSpikes(NamedTuple):
    """Deterministic: a neuron fires at equal intervals, so n_steps steps resolve the value to 1 / n_steps.

    Examples
    --------
    >>> RegularSpikes()
    RegularSpikes(n_steps=50, phase=0.5)
    """

    n_steps: Count = 50  # steps of a presentation
    phase: Share = 0.5  # share of the first interval that has passed at the onset


class BernoulliSpikes(NamedTuple):
    """Stochastic: in each step a neuron fires with probability x, independently.

    Examples
    --------
    >>> BernoulliSpikes()
    BernoulliSpikes(n_steps=50)
    """

    n_steps: Count = 50  # steps of a presentation


@law
def is_random(p: Any) -> bool:
    """Whether `fires` needs random numbers."""


@law
def fires(p: Any, x: Real, step: Whole, u: Real) -> bool:
    """Whether a neuron of rate x in [0, 1] fires in a step; u is a random number in [0, 1) if `is_random`."""


@is_random.of(RegularSpikes)
def _(p: RegularSpikes) -> bool:
    """Regular spikes need none."""
    return False


@is_random.of(BernoulliSpikes)
def _(p: BernoulliSpikes) -> bool:
    """Bernoulli spikes do."""
    return True


@fires.of(RegularSpikes)
def _(p: RegularSpikes, x: Real, step: Whole, u: Real) -> bool:
    """floor(x (step + 1) + phase) > floor(x step + phase): the spikes so far follow x times the time."""
    # Both sides round alike from step to step; adding x to the second product would lose three of 45 spikes of x = 0.9.
    phase = np.float32(p.phase)
    return np.floor(x * np.float32(step + 1) + phase) > np.floor(x * np.float32(step) + phase)


@fires.of(BernoulliSpikes)
def _(p: BernoulliSpikes, x: Real, step: Whole, u: Real) -> bool | np.bool_:
    """u < x; Tavanaei, Masquelier & Maida 2018, stochastic input spikes."""
    return u < x
