"""Leaky integrate-and-fire neurons with conductances, which the maps of a hierarchy are made of.

The circuit is that of excitatory and inhibitory neurons which oscillate together when excitation recruits inhibition
(Boergers, Epstein & Kopell 2008), translated to leaky integrate-and-fire neurons. Conductances are in units of the
leak.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from tectum.core.law import Real
from tectum.core.ranges import Below, Finite, NonNegative, TimeConstant
from tectum.parts.neurons import adapt, conduct, excitation_left, inhibition_left, jump, noise
from tectum.parts.steps import discretise


class ConductanceLIF(NamedTuple):
    """Leaky integrate-and-fire neuron with excitatory and inhibitory conductances and noise; excitatory by default.

    Examples
    --------
    >>> ConductanceLIF().tau_m
    10.0
    """

    tau_m: TimeConstant = 10.0  # ms, membrane time constant
    v_rest: Finite = -70.0  # mV, leak reversal potential
    v_th: Finite = -52.0  # mV, firing threshold
    v_reset: Annotated[Finite, Below("v_th")] = -60.0  # mV, potential after a spike
    refractory: NonNegative = 2.0  # ms during which it stays there
    E_exc: Finite = 0.0  # mV, reversal potential of excitation
    E_inh: Finite = -75.0  # mV, reversal potential of inhibition
    tau_exc: TimeConstant = 2.0  # ms, decay of the excitatory conductance (AMPA)
    tau_inh: TimeConstant = 6.0  # ms, decay of the inhibitory conductance (GABA-A)
    noise: NonNegative = 2.0  # mV, standard deviation of the free membrane
    drive: Finite = 14.5  # mV, constant input


class ConductanceStep(NamedTuple):
    """`ConductanceLIF` for one step of fixed length."""

    gain: Any  # dt / tau_m
    v_rest: Any
    v_th: Any
    v_reset: Any
    refractory: Any  # steps
    E_exc: Any
    E_inh: Any
    keep_exc: Any  # exp(-dt / tau_exc)
    keep_inh: Any  # exp(-dt / tau_inh)
    noise: Any  # mV per step and unit of a normal number
    drive: Any


@discretise.of(ConductanceLIF)
def _(part: ConductanceLIF, dt: float) -> ConductanceStep:
    """Parameters of one step of `dt` ms in float32."""
    return ConductanceStep(
        gain=np.float32(dt / part.tau_m),
        v_rest=np.float32(part.v_rest),
        v_th=np.float32(part.v_th),
        v_reset=np.float32(part.v_reset),
        refractory=np.float32(round(part.refractory / dt)),
        E_exc=np.float32(part.E_exc),
        E_inh=np.float32(part.E_inh),
        keep_exc=np.float32(math.exp(-dt / part.tau_exc)),
        keep_inh=np.float32(math.exp(-dt / part.tau_inh)),
        noise=np.float32(part.noise * math.sqrt(2.0 * dt / part.tau_m)),
        drive=np.float32(part.drive),
    )


@conduct.of(ConductanceStep)
def _(p: ConductanceStep, v: Real, D: Real, g_exc: Real, g_inh: Real, xi: Real) -> Real:
    """tau dv/dt = (v_rest - v + drive + D) + g_exc (E_exc - v) + g_inh (E_inh - v) + sigma sqrt(2 tau) xi(t).

    Deviation: one forward Euler step, and Euler and Maruyama's for the noise.
    """
    return v + p.gain * (p.v_rest - v + (p.drive + D) + g_exc * (p.E_exc - v) + g_inh * (p.E_inh - v)) + xi


@noise.of(ConductanceStep)
def _(p: ConductanceStep) -> Real:
    """sigma sqrt(2 dt / tau)."""
    return p.noise


@excitation_left.of(ConductanceStep)
def _(p: ConductanceStep) -> Real:
    """tau_exc dg/dt = -g, solved exactly: exp(-dt / tau_exc)."""
    return p.keep_exc


@inhibition_left.of(ConductanceStep)
def _(p: ConductanceStep) -> Real:
    """tau_inh dg/dt = -g, solved exactly: exp(-dt / tau_inh)."""
    return p.keep_inh


class SpikeThreshold(NamedTuple):
    """Threshold that rises with every spike of its own and relaxes below the resting one.

    Examples
    --------
    >>> SpikeThreshold()
    SpikeThreshold(rise=0.0, rest=0.0, tau=4000.0)
    """

    rise: NonNegative = 0.0  # mV per spike
    rest: Finite = 0.0  # mV, where it relaxes to, relative to the neuron's threshold
    tau: TimeConstant = 4000.0  # ms


class ThresholdStep(NamedTuple):
    """`SpikeThreshold` for one step."""

    rise: Any
    rest: Any
    gain: Any  # 1 - exp(-dt / tau)


@discretise.of(SpikeThreshold)
def _(part: SpikeThreshold, dt: float) -> ThresholdStep:
    """Parameters of one step of `dt` ms in float32."""
    return ThresholdStep(np.float32(part.rise), np.float32(part.rest), np.float32(-math.expm1(-dt / part.tau)))


@jump.of(ThresholdStep)
def _(p: ThresholdStep, uniform: Real) -> Real:
    """rise."""
    return p.rise


@adapt.of(ThresholdStep)
def _(p: ThresholdStep, a: Real, v: Real, fired: bool) -> Real:
    """tau da/dt = rest - a, solved exactly."""
    return a + (p.rest - a) * p.gain
