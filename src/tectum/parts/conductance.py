"""Leaky integrate-and-fire neurons with conductances, which the maps of a hierarchy are made of.

The circuit is that of excitatory and inhibitory neurons which oscillate together when excitation recruits inhibition
(Boergers, Epstein & Kopell 2008), translated to leaky integrate-and-fire neurons. Conductances are in units of the
leak.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import law
from tectum.parts.steps import discretise


class ConductanceLIF(NamedTuple):
    """Leaky integrate-and-fire neuron with excitatory and inhibitory conductances and noise; excitatory by default."""

    tau_m: float = 10.0  # ms, membrane time constant
    E_L: float = -70.0  # mV, leak reversal potential
    v_threshold: float = -52.0  # mV, firing threshold
    v_reset: float = -60.0  # mV, potential after a spike
    refractory_ms: float = 2.0  # ms during which it stays there
    E_exc: float = 0.0  # mV, reversal potential of excitation
    E_inh: float = -75.0  # mV, reversal potential of inhibition
    tau_exc: float = 2.0  # ms, decay of the excitatory conductance (AMPA)
    tau_inh: float = 6.0  # ms, decay of the inhibitory conductance (GABA-A)
    noise: float = 2.0  # mV, standard deviation of the free membrane
    drive: float = 14.5  # mV, constant input


class ConductanceStep(NamedTuple):
    """`ConductanceLIF` for one step of fixed length."""

    gain: Any  # dt / tau_m
    E_L: Any
    v_threshold: Any
    v_reset: Any
    refractory: Any  # steps
    E_exc: Any
    E_inh: Any
    keep_exc: Any  # exp(-dt / tau_exc)
    keep_inh: Any  # exp(-dt / tau_inh)
    noise: Any  # mV per step and unit of a normal number
    drive: Any


@discretise.of(ConductanceLIF)
def _(part, dt):
    """Parameters of one step of `dt` ms in float32."""
    return ConductanceStep(
        gain=np.float32(dt / part.tau_m),
        E_L=np.float32(part.E_L),
        v_threshold=np.float32(part.v_threshold),
        v_reset=np.float32(part.v_reset),
        refractory=np.float32(round(part.refractory_ms / dt)),
        E_exc=np.float32(part.E_exc),
        E_inh=np.float32(part.E_inh),
        keep_exc=np.float32(math.exp(-dt / part.tau_exc)),
        keep_inh=np.float32(math.exp(-dt / part.tau_inh)),
        noise=np.float32(part.noise * math.sqrt(2.0 * dt / part.tau_m)),
        drive=np.float32(part.drive),
    )


@law
def conduct(p, v, D, g_exc, g_inh, xi):
    """Membrane potential after one step with input D in mV, two conductances and the noise xi in mV."""


@conduct.of(ConductanceStep)
def _(p, v, D, g_exc, g_inh, xi):
    """tau dv/dt = (E_L - v + D) + g_exc (E_exc - v) + g_inh (E_inh - v) + sigma sqrt(2 tau) xi(t).

    Deviation: one forward Euler step, and Euler and Maruyama's for the noise.
    """
    return v + p.gain * (p.E_L - v + D + g_exc * (p.E_exc - v) + g_inh * (p.E_inh - v)) + xi


class SpikeThreshold(NamedTuple):
    """Threshold that rises with every spike of its own and relaxes below the resting one."""

    rise: float = 0.0  # mV per spike
    rest: float = 0.0  # mV, where it relaxes to, relative to the neuron's threshold
    tau: float = 4000.0  # ms


class ThresholdStep(NamedTuple):
    """`SpikeThreshold` for one step."""

    rise: Any
    rest: Any
    gain: Any  # 1 - exp(-dt / tau)


@discretise.of(SpikeThreshold)
def _(part, dt):
    """Parameters of one step of `dt` ms in float32."""
    return ThresholdStep(np.float32(part.rise), np.float32(part.rest), np.float32(-math.expm1(-dt / part.tau)))


@law
def relax(p, a):
    """What the threshold is above the resting one, after one step without a spike."""


@relax.of(ThresholdStep)
def _(p, a):
    """tau da/dt = rest - a, solved exactly."""
    return a + (p.rest - a) * p.gain
