"""Neurons and lateral profile of a sheet on which waves travel.

Raghavan, Lin & Thomson (2020), "Self-organization of multi-layer spiking neural networks", arXiv:2006.06902; constants
as in the code that its authors published. Local excitation, inhibition far away, and a threshold that climbs while a
neuron fires make one bump of activity, which wanders, dies and comes up elsewhere.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from tectum.engine.law import law
from tectum.parts.neurons import membrane
from tectum.parts.steps import discretise

WAVE_STEP_MS = 0.1  # width of a spike; it belongs to the model, as it sets the largest threshold a bump sustains
ONE = np.float32(1.0)


class DynamicThresholdLIF(NamedTuple):
    """Leaky integrate-and-fire neuron whose threshold climbs as long as it fires; there is no refractory period."""

    tau_v: float = 2.0  # ms, membrane time constant
    tau_th: float = 60.0  # ms, recovery of the threshold
    theta_plus: float = 9.0  # growth of the threshold while firing, per ms
    v_th: float = 1.0  # threshold at rest
    noise: float = 0.0  # standard deviation of the random input
    noise_ms: float = 1.0  # ms for which a random input is held
    reset: float = 0.1  # after a spike v is reset to this times N(0, 1)^2, drawn once per neuron


class DynamicThresholdStep(NamedTuple):
    """`DynamicThresholdLIF` for one step."""

    fading: Any  # exp(-dt / tau_v)
    gain: Any  # tau_v (1 - exp(-dt / tau_v))
    recovery: Any  # exp(-dt / tau_th)
    climb: Any  # theta_plus dt
    v_th: Any
    noise: Any
    hold: Any  # steps


@discretise.of(DynamicThresholdLIF)
def _(part, dt):
    """Exact solutions over a step, with constants in float32."""
    fading = math.exp(-dt / part.tau_v)
    return DynamicThresholdStep(
        fading=np.float32(fading),
        gain=np.float32(part.tau_v * (1.0 - fading)),
        recovery=np.float32(math.exp(-dt / part.tau_th)),
        climb=np.float32(part.theta_plus * dt),
        v_th=np.float32(part.v_th),
        noise=np.float32(part.noise),
        hold=np.int64(max(1, round(part.noise_ms / dt))),
    )


@membrane.of(DynamicThresholdStep)
def _(p, v, I):
    """dv/dt = -v / tau_v + I, solved over a step of constant I."""
    return v * p.fading + I * p.gain


@law
def dynamic_threshold(p, theta, fired):
    """Threshold after a step; fired says whether the neuron spiked in the step before."""


@dynamic_threshold.of(DynamicThresholdStep)
def _(p, theta, fired):
    """dtheta/dt = (v_th - theta) / tau_th (1 - H) + theta_plus H, solved over a step."""
    return theta + p.climb if fired else p.v_th + (theta - p.v_th) * p.recovery


class RingKernel(NamedTuple):
    """Lateral profile: excitation near, a dead zone, inhibition beyond it without end."""

    r_i: float = 2.0  # excitation below this distance
    r_o: float = 5.0  # inhibition beyond it
    a_i: float = 16.0  # excitation
    a_o: float = 3.0  # inhibition at distance 0
    length: float = 10.0  # over which inhibition falls by e
    density: float | None = None  # nodes per unit area at which the strengths hold; None: they hold at any

    def strengths(self, density: float) -> tuple[float, float]:
        """Excitation and inhibition on a sheet of this density: the same sum over a neighbourhood at any."""
        scale = 1.0 if self.density is None else self.density / density
        return self.a_i * scale, self.a_o * scale


@law
def lateral_input(p, n_near, far):
    """Input from the nodes that fire: their number within r_i, and the sum of exp(-D / length) beyond r_o."""


class RingStep(NamedTuple):
    """`RingKernel` with the strengths of one sheet."""

    a_i: Any
    a_o: Any


@lateral_input.of(RingStep)
def _(p, n_near, far):
    """u_i = sum_j S_ij H_j, S_ij = a_i 1[D_ij < r_i] - a_o 1[D_ij > r_o] exp(-D_ij / length)."""
    return p.a_i * n_near - p.a_o * far
