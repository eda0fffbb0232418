"""Neurons and lateral profile of a sheet on which waves travel.

Raghavan, Lin & Thomson (2020), "Self-organization of multi-layer spiking neural networks", arXiv:2006.06902, and
Raghavan & Thomson (2019), arXiv:1906.01039; constants as in the code that their authors published. Local excitation,
inhibition far away, and neurons that tire while they fire make a bump of activity, which wanders, dies and comes up
elsewhere.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import law
from tectum.parts.neurons import membrane
from tectum.parts.steps import discretise

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
QUADRATIC, LINEAR, CONSTANT = np.float32(0.04), np.float32(5.0), np.float32(140.0)  # of Izhikevich (2003)


class DynamicThresholdLIF(NamedTuple):
    """Leaky integrate-and-fire neuron whose threshold climbs as long as it fires; there is no refractory period."""

    tau_v: float = 2.0  # ms, membrane time constant
    tau_th: float = 60.0  # ms, recovery of the threshold
    theta_plus: float = 9.0  # growth of the threshold while firing, per ms
    v_th: float = 1.0  # threshold at rest
    noise: float = 0.0  # standard deviation of the random input
    noise_ms: float = 1.0  # ms for which a random input is held
    reset: float = 0.1  # after a spike v is reset to this times N(0, 1)^2, drawn once per neuron
    step_ms: float = 0.1  # ms, width of a spike; it belongs to the model, as it sets the largest threshold sustained

    def after_spike(self, normal: Any, uniform: Any) -> tuple[Any, Any]:
        """Reset potential of each neuron, and by how much its fatigue jumps, from random numbers."""
        return self.reset * normal**2, np.zeros(len(normal))

    def rest(self) -> tuple[float, float]:
        """Potential and fatigue before the first step."""
        return 0.0, self.v_th


class Izhikevich(NamedTuple):
    """Neuron of Izhikevich (2003), IEEE Transactions on Neural Networks 14:1569: a potential and a recovery variable.

    Neurons differ: with r from the uniform distribution on [0, 1), v_reset + v_reset_spread r^2 and
    d + d_spread r^2.
    """

    a: float = 0.02  # rate of recovery, per ms
    b: float = 0.2  # sensitivity of recovery to the potential
    v_reset: float = -65.0  # mV, potential after a spike, and before the first
    d: float = 8.0  # jump of recovery after a spike
    v_reset_spread: float = 15.0
    d_spread: float = -6.0
    v_peak: float = 30.0  # mV, at which a spike ends
    noise: float = 0.0  # standard deviation of the random input
    noise_ms: float = 1.0  # ms for which a random input is held
    step_ms: float = 1.0  # ms, width of a spike

    def after_spike(self, normal: Any, uniform: Any) -> tuple[Any, Any]:
        """Reset potential of each neuron, and by how much its fatigue jumps, from random numbers."""
        return self.v_reset + self.v_reset_spread * uniform**2, self.d + self.d_spread * uniform**2

    def rest(self) -> tuple[float, float]:
        """Potential and fatigue before the first step."""
        return self.v_reset, self.b * self.v_reset


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


class IzhikevichStep(NamedTuple):
    """`Izhikevich` for one step."""

    half: Any  # dt / 2, of the two steps of the potential
    a: Any  # a dt
    b: Any
    v_peak: Any
    noise: Any
    hold: Any  # steps


@discretise.of(Izhikevich)
def _(part, dt):
    """Constants in float32."""
    return IzhikevichStep(
        half=np.float32(0.5 * dt),
        a=np.float32(part.a * dt),
        b=np.float32(part.b),
        v_peak=np.float32(part.v_peak),
        noise=np.float32(part.noise),
        hold=np.int64(max(1, round(part.noise_ms / dt))),
    )


@membrane.of(IzhikevichStep)
def _(p, v, I):
    """dv/dt = 0.04 v^2 + 5 v + 140 + I, two Euler steps; I is the input less the recovery u."""
    v = v + p.half * ((QUADRATIC * v + LINEAR) * v + CONSTANT + I)
    return v + p.half * ((QUADRATIC * v + LINEAR) * v + CONSTANT + I)


@law
def adaptation(p, fatigue):
    """What fatigue takes from the input of a neuron."""


@adaptation.of(DynamicThresholdStep)
def _(p, fatigue):
    """Nothing: fatigue is the threshold."""
    return ZERO


@adaptation.of(IzhikevichStep)
def _(p, fatigue):
    """u."""
    return fatigue


@law
def tire(p, fatigue, v, fired):
    """Fatigue after a step that ends at potential v; fired says whether the neuron spiked in the step before."""


@tire.of(DynamicThresholdStep)
def _(p, fatigue, v, fired):
    """dtheta/dt = (v_th - theta) / tau_th (1 - H) + theta_plus H, solved over a step."""
    return fatigue + p.climb if fired else p.v_th + (fatigue - p.v_th) * p.recovery


@tire.of(IzhikevichStep)
def _(p, fatigue, v, fired):
    """du/dt = a (b v - u), an Euler step; a spike adds d when the potential is reset."""
    return fatigue + p.a * (p.b * v - fatigue)


@law
def peak(p, fatigue):
    """Potential from which a neuron fires."""


@peak.of(DynamicThresholdStep)
def _(p, fatigue):
    """theta."""
    return fatigue


@peak.of(IzhikevichStep)
def _(p, fatigue):
    """30 mV."""
    return p.v_peak


class RingKernel(NamedTuple):
    """Lateral profile: excitation near, a dead zone, inhibition beyond it."""

    r_i: float = 2.0  # excitation below this distance
    r_o: float = 5.0  # inhibition beyond it
    a_i: float = 16.0  # excitation
    a_o: float = 3.0  # inhibition at distance 0
    length: float = 10.0  # over which inhibition falls by e
    density: float | None = None  # nodes per unit area at which the strengths hold; None: they hold at any
    extent: float | None = None  # distance from which there is no inhibition any more; None: it has no end

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
