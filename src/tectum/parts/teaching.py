"""Supervised plasticity: spikes of a teacher against those of the neuron, by the traces of the inputs.

The remote supervised method of Ponulak & Kasinski (2010), ReSuMe, with the window of STDP alone::

    dw_ij/dt = eta [S_d(t) - S_o(t)] x_i(t)

S_d are the spikes that the teacher asks of neuron j, S_o those that it sends, x_i is the trace of input i. It is STDP
at a spike of the teacher, anti-STDP at one of the neuron, and nothing where both agree: the rule of Widrow & Hoff
(1960) in spikes. In an output layer BP-STDP of Tavanaei & Maida (2019) does nearly the same, with a box as window.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import Real, law
from tectum.core.ranges import NonNegative, Positive
from tectum.parts.steps import discretise
from tectum.parts.traces import fading


class SupervisedSTDP(NamedTuple):
    """A spike that the teacher asks for adds the traces of the inputs, a spike of the neuron takes them off.

    Examples
    --------
    >>> SupervisedSTDP()
    SupervisedSTDP(eta=0.2, tau=5.0, target=5.0)
    """

    eta: NonNegative = 0.2  # learning rate: part of a spike by which a correction moves the answer to the same sample
    tau: Positive = 5.0  # steps, time constant of the traces of the inputs
    target: Positive = 5.0  # spikes per presentation that the teacher asks of the neuron of the class


class SupervisedStep(NamedTuple):
    """`SupervisedSTDP` with the table of its trace."""

    eta: Any  # float32
    target: Any  # float32
    memory_plus: Any  # (n_lags,) float32 traces of the inputs by lag in steps


@discretise.of(SupervisedSTDP)
def _(part: SupervisedSTDP, dt: float) -> SupervisedStep:
    """Constants and table in float32."""
    return SupervisedStep(np.float32(part.eta), np.float32(part.target), fading(part.tau, dt))


@law
def taught(p: Any, w: Real, error: Real, x: Real) -> Real:
    """Weight after a step; error is the spike of the teacher less that of the neuron, x the trace of the input."""


@taught.of(SupervisedStep)
def _(p: SupervisedStep, w: Real, error: Real, x: Real) -> Real:
    """w <- w + eta (s_d - s_o) x; Ponulak & Kasinski 2010, without the term that does not depend on the input."""
    return w + p.eta * error * x
