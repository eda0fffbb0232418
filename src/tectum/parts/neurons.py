"""Neurons: the laws by which a time loop moves one, and the leaky integrate-and-fire neuron of the map.

A neuron has a potential v and an adaptation a, a number that its spikes change: how far its threshold is raised, or its
recovery variable. All loops ask for the same laws; most have a default, so that a membrane equation and four numbers
(``v_rest``, ``v_reset``, ``v_th``, ``refractory``) make a neuron.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np

from tectum.core.law import Real, Whole, law
from tectum.core.ranges import Below, Finite, TimeConstant
from tectum.parts.steps import discretise

ZERO = np.float32(0.0)
ONE = np.float32(1.0)


def yes(p: Any) -> bool:
    """True."""
    return True


def no(p: Any) -> bool:
    """False."""
    return False


@law
def membrane(p: Any, v: Real, I: Real) -> Real:
    """Membrane potential after one step with input current I."""


@law
def threshold(p: Any, a: Real) -> Real:
    """Potential from which the neuron fires at adaptation a."""


@threshold.otherwise("v_th")
def _(p: Any, a: Real) -> Real:
    """v_th + a."""
    return p.v_th + a


@law
def crosses(p: Any, v: Real, a: Real) -> bool:
    """Whether the neuron fires at potential v and adaptation a."""


@crosses.otherwise()
def _(p: Any, v: Real, a: Real) -> bool:
    """v >= threshold(a)."""
    return v >= threshold(p, a)


@law
def crosses_eased(p: Any, v: Real, a: Real, eased: Real) -> bool:
    """Whether the neuron fires at potential v and adaptation a while its threshold is lower by `eased`."""


@crosses_eased.otherwise_by_type()
def _(parameters: type) -> Any:
    """v >= threshold(a) - eased, or crosses(v + eased, a) if the neuron has an equation for `crosses`."""

    def by_threshold(p: Any, v: Real, a: Real, eased: Real) -> bool:
        return v >= threshold(p, a) - eased

    def by_crossing(p: Any, v: Real, a: Real, eased: Real) -> bool:
        return crosses(p, v + eased, a)

    return by_crossing if crosses.is_of(parameters) else by_threshold


@law
def crossing_delay(p: Any, v: Real, I: Real) -> Real:
    """Share of the last step, in (0, 1], that had passed when the neuron crossed its threshold to end at v."""


@crossing_delay.otherwise()
def _(p: Any, v: Real, I: Real) -> Real:
    """1: spikes are at the ends of steps."""
    return ONE


@law
def rest(p: Any) -> Real:
    """Potential before the first step."""


@rest.otherwise("v_rest")
def _(p: Any) -> Real:
    """v_rest."""
    return p.v_rest


@law
def reset(p: Any, normal: Real, uniform: Real) -> Real:
    """Potential after a spike, of the neuron with these two random numbers, which it keeps for life."""


@reset.otherwise("v_reset")
def _(p: Any, normal: Real, uniform: Real) -> Real:
    """v_reset."""
    return p.v_reset


@law
def refractory(p: Any) -> Whole:
    """Steps after a spike in which the neuron ignores its input."""


@refractory.otherwise("refractory")
def _(p: Any) -> Whole:
    """refractory."""
    return p.refractory


@law
def refract(p: Any, v: Real) -> Real:
    """Potential after a step of the refractory period."""


@refract.otherwise()
def _(p: Any, v: Real) -> Real:
    """v: it stays where it was reset to."""
    return v


@law
def fresh(p: Any) -> Real:
    """Adaptation of a neuron that has not fired yet."""


@fresh.otherwise()
def _(p: Any) -> Real:
    """0."""
    return ZERO


@law
def jump(p: Any, uniform: Real) -> Real:
    """What a spike adds to the adaptation, of the neuron with this random number."""


@jump.otherwise()
def _(p: Any, uniform: Real) -> Real:
    """0."""
    return ZERO


@law
def recovery(p: Any, n_steps: Whole) -> Real:
    """Share of the adaptation that is left after n_steps without a spike."""


@recovery.otherwise()
def _(p: Any, n_steps: Whole) -> Real:
    """1: adaptation does not fade."""
    return ONE


@law
def adapt(p: Any, a: Real, v: Real, fired: bool) -> Real:
    """Adaptation after a step that ends at potential v; fired says whether the neuron spiked in the step before."""


@adapt.otherwise()
def _(p: Any, a: Real, v: Real, fired: bool) -> Real:
    """a recovery(1)."""
    return a * recovery(p, 1)


@law
def adapts(p: Any) -> bool:
    """Whether `adapt` moves the adaptation in every step; if not, `recovery` does, once for many."""


@adapts.otherwise_by_type()
def _(parameters: type) -> Any:
    """Whether the neuron has an equation for `adapt`."""
    return yes if adapt.is_of(parameters) else no


@law
def opposed(p: Any, a: Real) -> Real:
    """What the adaptation takes from the input current."""


@opposed.otherwise()
def _(p: Any, a: Real) -> Real:
    """0."""
    return ZERO


@law
def noise(p: Any) -> Real:
    """Standard deviation of the random input of a step."""


@noise.otherwise()
def _(p: Any) -> Real:
    """0."""
    return ZERO


@law
def held(p: Any) -> Whole:
    """Steps for which a random input is held."""


@held.otherwise()
def _(p: Any) -> Whole:
    """1."""
    return 1


@law
def conduct(p: Any, v: Real, D: Real, g_exc: Real, g_inh: Real, xi: Real) -> Real:
    """Potential after one step with input D, excitatory and inhibitory conductances, and the noise xi of the step."""


@conduct.otherwise_by_type()
def _(parameters: type) -> Any:
    """membrane(v, D + g_exc - g_inh) + xi: synapses are currents."""

    def by_currents(p: Any, v: Real, D: Real, g_exc: Real, g_inh: Real, xi: Real) -> Real:
        return membrane(p, v, D + g_exc - g_inh) + xi

    return by_currents if membrane.is_of(parameters) else None


@law
def excitation_left(p: Any) -> Real:
    """Share of the excitatory conductance that is left after a step."""


@excitation_left.otherwise()
def _(p: Any) -> Real:
    """0: a spike acts in the step in which it arrives."""
    return ZERO


@law
def inhibition_left(p: Any) -> Real:
    """Share of the inhibitory conductance that is left after a step."""


@inhibition_left.otherwise()
def _(p: Any) -> Real:
    """0: a spike acts in the step in which it arrives."""
    return ZERO


class LIF(NamedTuple):
    """Leaky integrate-and-fire neuron without refractory period; defaults are those of the map's input layer u.

    Equations (1) and (4) of Rumbell, Denham & Wennekers (2014) as restated by the sources of the specification:
    ``tau_m dv/dt = -v + I`` and ``v > v_th: spike, v <- v_reset``. Potentials and currents are dimensionless.

    Examples
    --------
    >>> LIF()
    LIF(tau_m=5.0, v_th=0.5, v_reset=-0.5)
    """

    tau_m: TimeConstant = 5.0  # ms, membrane time constant
    v_th: Finite = 0.5  # firing threshold
    v_reset: Annotated[Finite, Below("v_th")] = -0.5  # potential after a spike


class LIFStep(NamedTuple):
    """`LIF` for one step of fixed length: exact for a current that is constant during the step."""

    gain: Any  # 1 - exp(-dt / tau_m)
    v_th: Any
    v_reset: Any


@discretise.of(LIF)
def _(part: LIF, dt: float) -> LIFStep:
    """Parameters of one step of `dt` ms in float32."""
    return LIFStep(
        gain=np.float32(-math.expm1(-dt / part.tau_m)),
        v_th=np.float32(part.v_th),
        v_reset=np.float32(part.v_reset),
    )


@membrane.of(LIFStep)
def _(p: LIFStep, v: Real, I: Real) -> Real:
    """v <- v + (I - v) (1 - exp(-dt/tau_m)); Rumbell et al. 2014, eq. (1), solved exactly over one step."""
    return v + (I - v) * p.gain


@crosses.of(LIFStep)
def _(p: LIFStep, v: Real, a: Real) -> bool:
    """v > v_th + a; Rumbell et al. 2014, eq. (4)."""
    return v > p.v_th + a


@crossing_delay.of(LIFStep)
def _(p: LIFStep, v: Real, I: Real) -> Real:
    """(v_th - v_before) / (v - v_before), the linear interpolation of Morrison et al. (2007); a read-out only."""
    v_before = (v - I * p.gain) / (ONE - p.gain)
    return (p.v_th - v_before) / (v - v_before)


@rest.of(LIFStep)
def at_zero(p: Any) -> Real:
    """0."""
    return ZERO


@refractory.of(LIFStep)
def _(p: LIFStep) -> Whole:
    """0."""
    return 0
