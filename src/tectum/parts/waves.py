"""Neurons and lateral profile of a sheet on which waves travel.

Raghavan, Lin & Thomson (2020), "Self-organization of multi-layer spiking neural networks", arXiv:2006.06902, and
Raghavan & Thomson (2019), arXiv:1906.01039; constants as in the code that their authors published. Local excitation,
inhibition far away, and neurons that tire while they fire make a bump of activity, which wanders, dies and comes up
elsewhere.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from tectum.core.law import Real, Whole, law
from tectum.core.ranges import Below, Finite, NonNegative, NonNegativeOrInfinite, Positive, TimeConstant
from tectum.parts.neurons import adapt, fresh, held, jump, membrane, noise, opposed, refractory, reset, rest, threshold
from tectum.parts.steps import discretise

ZERO = np.float32(0.0)
QUADRATIC, LINEAR, CONSTANT = np.float32(0.04), np.float32(5.0), np.float32(140.0)  # of Izhikevich (2003)


class DynamicThresholdLIF(NamedTuple):
    """Leaky integrate-and-fire neuron whose threshold climbs as long as it fires; there is no refractory period.

    Examples
    --------
    >>> DynamicThresholdLIF().tau_m
    2.0
    """

    tau_m: TimeConstant = 2.0  # ms, membrane time constant
    tau_th: TimeConstant = 60.0  # ms, recovery of the threshold
    theta_plus: NonNegative = 9.0  # growth of the threshold while firing, per ms
    v_th: Finite = 1.0  # threshold at rest
    noise: NonNegative = 0.0  # standard deviation of the random input
    noise_ms: Positive = 1.0  # ms for which a random input is held
    v_reset: Finite = 0.1  # after a spike v is reset to this times N(0, 1)^2, drawn once per neuron
    step_ms: Positive = 0.1  # ms, width of a spike; it belongs to the model, as it sets the largest threshold sustained


class Izhikevich(NamedTuple):
    """Neuron of Izhikevich (2003), IEEE Transactions on Neural Networks 14:1569: a potential and a recovery variable.

    Neurons differ: with r from the uniform distribution on [0, 1), v_reset + v_reset_spread r^2 and
    d + d_spread r^2.

    Examples
    --------
    >>> Izhikevich().a
    0.02
    """

    a: Positive = 0.02  # rate of recovery, per ms
    b: NonNegativeOrInfinite = 0.2  # sensitivity of recovery to the potential
    v_reset: Finite = -65.0  # mV, potential after a spike, and before the first
    d: Finite = 8.0  # jump of recovery after a spike
    v_reset_spread: Finite = 15.0
    d_spread: Finite = -6.0
    v_th: Finite = 30.0  # mV, at which a spike ends
    noise: NonNegative = 0.0  # standard deviation of the random input
    noise_ms: Positive = 1.0  # ms for which a random input is held
    step_ms: Positive = 1.0  # ms, width of a spike


class DynamicThresholdStep(NamedTuple):
    """`DynamicThresholdLIF` for one step."""

    fading: Any  # exp(-dt / tau_m)
    gain: Any  # tau_m (1 - exp(-dt / tau_m))
    recovery: Any  # exp(-dt / tau_th)
    climb: Any  # theta_plus dt
    v_th: Any
    v_reset: Any  # float64, as those of all nodes are drawn at once
    noise: Any
    hold: Any  # steps


@discretise.of(DynamicThresholdLIF)
def _(part: DynamicThresholdLIF, dt: float) -> DynamicThresholdStep:
    """Exact solutions over a step, with constants in float32."""
    fading = math.exp(-dt / part.tau_m)
    return DynamicThresholdStep(
        fading=np.float32(fading),
        gain=np.float32(part.tau_m * (1.0 - fading)),
        recovery=np.float32(math.exp(-dt / part.tau_th)),
        climb=np.float32(part.theta_plus * dt),
        v_th=np.float32(part.v_th),
        v_reset=float(part.v_reset),
        noise=np.float32(part.noise),
        hold=np.int64(max(1, round(part.noise_ms / dt))),
    )


@membrane.of(DynamicThresholdStep)
def _(p: DynamicThresholdStep, v: Real, I: Real) -> Real:
    """dv/dt = -v / tau_m + I, solved over a step of constant I."""
    return v * p.fading + I * p.gain


class IzhikevichStep(NamedTuple):
    """`Izhikevich` for one step."""

    half: Any  # dt / 2, of the two steps of the potential
    a: Any  # a dt
    b: Any
    v_th: Any
    v_reset: Any  # float64 like the next four, which are asked once for each node
    v_reset_spread: Any
    d: Any
    d_spread: Any
    fresh: Any  # b v_reset
    noise: Any
    hold: Any  # steps


@discretise.of(Izhikevich)
def _(part: Izhikevich, dt: float) -> IzhikevichStep:
    """Constants in float32."""
    return IzhikevichStep(
        half=np.float32(0.5 * dt),
        a=np.float32(part.a * dt),
        b=np.float32(part.b),
        v_th=np.float32(part.v_th),
        v_reset=float(part.v_reset),
        v_reset_spread=float(part.v_reset_spread),
        d=float(part.d),
        d_spread=float(part.d_spread),
        fresh=float(part.b * part.v_reset),
        noise=np.float32(part.noise),
        hold=np.int64(max(1, round(part.noise_ms / dt))),
    )


@membrane.of(IzhikevichStep)
def _(p: IzhikevichStep, v: Real, I: Real) -> Real:
    """dv/dt = 0.04 v^2 + 5 v + 140 + I, two Euler steps; I is the input less the recovery u."""
    v = v + p.half * ((QUADRATIC * v + LINEAR) * v + CONSTANT + I)
    return v + p.half * ((QUADRATIC * v + LINEAR) * v + CONSTANT + I)


@adapt.of(DynamicThresholdStep)
def _(p: DynamicThresholdStep, a: Real, v: Real, fired: bool) -> Real:
    """dtheta/dt = (v_th - theta) / tau_th (1 - H) + theta_plus H, solved over a step."""
    return a + p.climb if fired else p.v_th + (a - p.v_th) * p.recovery


@threshold.of(DynamicThresholdStep)
def _(p: DynamicThresholdStep, a: Real) -> Real:
    """theta: the adaptation is the threshold."""
    return a


@fresh.of(DynamicThresholdStep)
def _(p: DynamicThresholdStep) -> Real:
    """v_th."""
    return p.v_th


@rest.of(DynamicThresholdStep)
def _(p: DynamicThresholdStep) -> Real:
    """0."""
    return ZERO


@reset.of(DynamicThresholdStep)
def _(p: DynamicThresholdStep, normal: Real, uniform: Real) -> Real:
    """v_reset N(0, 1)^2."""
    return p.v_reset * normal**2


@adapt.of(IzhikevichStep)
def _(p: IzhikevichStep, a: Real, v: Real, fired: bool) -> Real:
    """du/dt = a (b v - u), an Euler step; a spike adds d when the potential is reset."""
    return a + p.a * (p.b * v - a)


@threshold.of(IzhikevichStep)
def _(p: IzhikevichStep, a: Real) -> Real:
    """30 mV, whatever the recovery variable."""
    return p.v_th


@opposed.of(IzhikevichStep)
def _(p: IzhikevichStep, a: Real) -> Real:
    """u: the adaptation is the recovery variable."""
    return a


@fresh.of(IzhikevichStep)
def _(p: IzhikevichStep) -> Real:
    """b v_reset."""
    return p.fresh


@rest.of(IzhikevichStep)
def _(p: IzhikevichStep) -> Real:
    """v_reset."""
    return p.v_reset


@reset.of(IzhikevichStep)
def _(p: IzhikevichStep, normal: Real, uniform: Real) -> Real:
    """v_reset + v_reset_spread r^2."""
    return p.v_reset + p.v_reset_spread * uniform**2


@jump.of(IzhikevichStep)
def _(p: IzhikevichStep, uniform: Real) -> Real:
    """d + d_spread r^2."""
    return p.d + p.d_spread * uniform**2


@noise.of(DynamicThresholdStep)
@noise.of(IzhikevichStep)
def _(p: DynamicThresholdStep | IzhikevichStep) -> Real:
    """noise."""
    return p.noise


@held.of(DynamicThresholdStep)
@held.of(IzhikevichStep)
def _(p: DynamicThresholdStep | IzhikevichStep) -> Whole:
    """noise_ms / dt."""
    return p.hold


@refractory.of(DynamicThresholdStep)
@refractory.of(IzhikevichStep)
def _(p: DynamicThresholdStep | IzhikevichStep) -> Whole:
    """0."""
    return 0


def step_of(neuron: Any) -> float:
    """Length of a step in ms: the width of a spike if the neuron states one (`step_ms`), else 1."""
    return getattr(neuron, "step_ms", 1.0)


class RingKernel(NamedTuple):
    """Lateral profile: excitation near, a dead zone, inhibition beyond it.

    Examples
    --------
    >>> RingKernel()
    RingKernel(r_i=2.0, r_o=5.0, a_i=16.0, a_o=3.0, length=10.0, density=None, extent=None, by_area=False)
    """

    r_i: Positive = 2.0  # excitation below this distance
    r_o: Annotated[Positive, Below("extent")] = 5.0  # inhibition beyond it
    a_i: NonNegative = 16.0  # excitation
    a_o: NonNegative = 3.0  # inhibition at distance 0
    length: Positive = 10.0  # over which inhibition falls by e
    density: Positive | None = None  # nodes per unit area at which the strengths hold; None: they hold at any
    extent: Positive | None = None  # distance from which there is no inhibition any more; None: it has no end
    by_area: bool = False  # on nodes that are on no grid, each excites in proportion to the area around it, so that
    # waves go where they would on a continuous sheet; else they gather where nodes are dense

    def strengths(self, density: float) -> tuple[float, float]:
        """Excitation and inhibition on a sheet of this density: the same sum over a neighbourhood at any."""
        scale = 1.0 if self.density is None else self.density / density
        return self.a_i * scale, self.a_o * scale


@law
def lateral_input(p: Any, n_near: Real, far: Real) -> Real:
    """Input from the nodes that fire: their number within r_i, and the sum of exp(-D / length) beyond r_o."""


class RingStep(NamedTuple):
    """`RingKernel` with the strengths of one sheet."""

    a_i: Any
    a_o: Any


@lateral_input.of(RingStep)
def _(p: RingStep, n_near: Real, far: Real) -> Real:
    """u_i = sum_j S_ij H_j, S_ij = a_i 1[D_ij < r_i] - a_o 1[D_ij > r_o] exp(-D_ij / length)."""
    return p.a_i * n_near - p.a_o * far
