"""Leaky integrate-and-fire neurons whose threshold rises with each of their spikes, and the inhibition between them.

After Diehl & Cook (2015), in the simplified form that is used to compare simulators (`DiehlAndCook2015v2` of
BindsNET): a weight is a jump of the membrane in mV, and one inhibitory neuron for each excitatory one is merged into
lateral inhibition.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from tectum.core.law import Real, Whole, law
from tectum.core.ranges import Below, Finite, NonNegative, TimeConstant
from tectum.parts.neurons import ZERO, jump, membrane, recovery, refract
from tectum.parts.steps import discretise


class AdaptiveLIF(NamedTuple):
    """Leaky integrate-and-fire neuron with a threshold that each spike raises almost permanently.

    Examples
    --------
    >>> AdaptiveLIF().tau_m
    100.0
    """

    tau_m: TimeConstant = 100.0  # ms, membrane time constant
    v_rest: Annotated[Finite, Below("v_th")] = -65.0  # mV
    v_reset: Annotated[Finite, Below("v_th")] = -60.0  # mV, potential after a spike
    v_th: Finite = -52.0  # mV, threshold of a neuron that has not fired yet
    refractory: NonNegative = 5.0  # ms after a spike in which input is ignored
    theta_plus: NonNegative = 0.05  # mV by which a spike raises the threshold
    tau_theta: TimeConstant = 1e7  # ms, its decay


class AdaptiveLIFStep(NamedTuple):
    """`AdaptiveLIF` for one step, and for one presentation."""

    keep: Any  # exp(-dt / tau_m)
    pull: Any  # v_rest (1 - exp(-dt / tau_m))
    v_rest: Any
    v_reset: Any
    v_th: Any
    refractory: Any  # int64 steps
    theta_plus: Any
    decay: Any  # dt / tau_theta, float64


@discretise.of(AdaptiveLIF)
def _(part: AdaptiveLIF, dt: float) -> AdaptiveLIFStep:
    """Exact solutions over a step, with constants in float32."""
    keep = np.float32(math.exp(-dt / part.tau_m))
    return AdaptiveLIFStep(
        keep=keep,
        pull=np.float32(part.v_rest * (1.0 - float(keep))),
        v_rest=np.float32(part.v_rest),
        v_reset=np.float32(part.v_reset),
        v_th=np.float32(part.v_th),
        refractory=np.int64(round(part.refractory / dt)),
        theta_plus=np.float32(part.theta_plus),
        decay=np.float64(dt / part.tau_theta),
    )


@membrane.of(AdaptiveLIFStep)
def _(p: AdaptiveLIFStep, v: Real, I: Real) -> Real:
    """tau_m dv/dt = v_rest - v, solved over a step, and a jump by the input I; BindsNET's form.

    Deviation: the synapses of Diehl & Cook (2015) are conductances that fade over 1 and 2 ms.
    """
    return v * p.keep + p.pull + I


@refract.of(AdaptiveLIFStep)
def _(p: AdaptiveLIFStep, v: Real) -> Real:
    """tau_m dv/dt = v_rest - v: it goes on without input."""
    return membrane(p, v, ZERO)


@jump.of(AdaptiveLIFStep)
def _(p: AdaptiveLIFStep, uniform: Real) -> Real:
    """theta_plus; Diehl & Cook 2015."""
    return p.theta_plus


@recovery.of(AdaptiveLIFStep)
def _(p: AdaptiveLIFStep, n_steps: Whole) -> Real:
    """dtheta/dt = -theta / tau_theta, solved; the time loop asks once in a presentation."""
    return np.float32(math.exp(-p.decay * np.float64(n_steps)))


class LateralInhibition(NamedTuple):
    """A neuron that fires inhibits all others at once.

    Examples
    --------
    >>> LateralInhibition()
    LateralInhibition(strength=120.0)
    """

    strength: NonNegative = 120.0  # mV by which their membranes fall


@law
def inhibited(p: Any, v: Real) -> Real:
    """Membrane of a neuron when another one has fired."""


@inhibited.of(LateralInhibition)
def _(p: LateralInhibition, v: Real) -> Real:
    """v - strength; the merged inhibitory neurons of BindsNET, one step earlier than there."""
    return v - np.float32(p.strength)
