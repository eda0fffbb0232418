"""Leaky integrate-and-fire neurons: one membrane equation, threshold and reset.

Equations (1) and (4) of Rumbell, Denham & Wennekers (2014) as restated by the sources of the specification:
``tau_m dv/dt = -v + I`` and ``v > theta: spike, v <- reset``. Potentials and currents are dimensionless.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import law
from tectum.parts.steps import discretise


class LIF(NamedTuple):
    """Leaky integrate-and-fire neuron without refractory period; defaults are those of the map's input layer u."""

    tau_m: float = 5.0  # ms, membrane time constant
    theta: float = 0.5  # firing threshold
    reset: float = -0.5  # potential after a spike


class LIFStep(NamedTuple):
    """`LIF` for one step of fixed length: exact for a current that is constant during the step."""

    gain: Any  # 1 - exp(-dt / tau_m)
    theta: Any
    reset: Any


@discretise.of(LIF)
def _(part, dt):
    """Parameters of one step of `dt` ms in float32."""
    return LIFStep(
        gain=np.float32(-math.expm1(-dt / part.tau_m)),
        theta=np.float32(part.theta),
        reset=np.float32(part.reset),
    )


@law
def membrane(p, v, I):
    """Membrane potential after one step with input current I."""


@membrane.of(LIFStep)
def _(p, v, I):
    """v <- v + (I - v) (1 - exp(-dt/tau_m)); Rumbell et al. 2014, eq. (1), solved exactly over one step."""
    return v + (I - v) * p.gain


@law
def crosses(p, v):
    """Whether the neuron fires at potential v."""


@crosses.of(LIFStep)
def _(p, v):
    """v > theta; Rumbell et al. 2014, eq. (4)."""
    return v > p.theta


@law
def crossing_delay(p, v, I):
    """Share of the last step, in (0, 1], that had passed when the neuron crossed its threshold to end at v."""


@crossing_delay.of(LIFStep)
def _(p, v, I):
    """(theta - v_before) / (v - v_before), the linear interpolation of Morrison et al. (2007); a read-out only."""
    v_before = (v - I * p.gain) / (ONE - p.gain)
    return (p.theta - v_before) / (v - v_before)


ONE = np.float32(1.0)
