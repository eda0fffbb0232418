"""Leaky integrate-and-fire neuron whose synapses are currents, as most simulators and chips have it."""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from tectum.core.law import Real
from tectum.core.ranges import Below, Finite, NonNegative, Positive
from tectum.parts.neurons import crosses, excitation_left, inhibition_left, membrane
from tectum.parts.steps import discretise


class CurrentLIF(NamedTuple):
    """Integrate-and-fire neuron driven by currents that fall exponentially, or last for a step.

    ``tau_m dv/dt = v_rest - v + drive + I``, ``tau_syn dI/dt = -I``; v > v_th: spike, v <- v_reset. It is what the
    neuromorphic intermediate representation (Pedersen et al. 2024, Nature Communications 15, 8122) calls LIF and
    CubaLIF, and without a leak IF. Potentials and currents are dimensionless.

    Examples
    --------
    >>> CurrentLIF().tau_m
    10.0
    """

    tau_m: Positive | None = 10.0  # ms, membrane time constant; None: no leak, an input of 1 for a step adds 1
    v_rest: Finite = 0.0  # potential without input
    v_th: Finite = 1.0  # firing threshold
    v_reset: Annotated[Finite, Below("v_th")] = 0.0  # potential after a spike
    refractory: NonNegative = 0.0  # ms after a spike in which input is ignored
    tau_syn: Positive | None = None  # ms, decay of the current; None: a spike acts in the step in which it arrives
    drive: Finite = 0.0  # constant input


class CurrentLIFStep(NamedTuple):
    """`CurrentLIF` for one step of fixed length: exact for a current that is constant during the step."""

    keep: Any  # exp(-dt / tau_m)
    gain: Any  # 1 - exp(-dt / tau_m)
    pull: Any  # what the leak and the drive add in a step
    v_rest: Any
    v_th: Any
    v_reset: Any
    refractory: Any  # int64 steps
    keep_syn: Any  # exp(-dt / tau_syn)


@discretise.of(CurrentLIF)
def _(part: CurrentLIF, dt: float) -> CurrentLIFStep:
    """Parameters of one step of `dt` ms in float32."""
    gain = 1.0 if part.tau_m is None else -math.expm1(-dt / part.tau_m)
    return CurrentLIFStep(
        keep=np.float32(1.0 if part.tau_m is None else 1.0 - gain),
        gain=np.float32(gain),
        pull=np.float32(gain * (part.drive + (0.0 if part.tau_m is None else part.v_rest))),
        v_rest=np.float32(part.v_rest),
        v_th=np.float32(part.v_th),
        v_reset=np.float32(part.v_reset),
        refractory=np.int64(round(part.refractory / dt)),
        keep_syn=np.float32(0.0 if part.tau_syn is None else math.exp(-dt / part.tau_syn)),
    )


@membrane.of(CurrentLIFStep)
def _(p: CurrentLIFStep, v: Real, I: Real) -> Real:
    """v <- v exp(-dt/tau_m) + (v_rest + drive + I) (1 - exp(-dt/tau_m)); without a leak v <- v + drive + I."""
    return v * p.keep + p.pull + I * p.gain


@crosses.of(CurrentLIFStep)
def _(p: CurrentLIFStep, v: Real, a: Real) -> bool:
    """v > v_th + a."""
    return v > p.v_th + a


@excitation_left.of(CurrentLIFStep)
def _(p: CurrentLIFStep) -> Real:
    """tau_syn dI/dt = -I, solved exactly: exp(-dt / tau_syn)."""
    return p.keep_syn


@inhibition_left.of(CurrentLIFStep)
def _(p: CurrentLIFStep) -> Real:
    """As `excitation_left`."""
    return p.keep_syn
