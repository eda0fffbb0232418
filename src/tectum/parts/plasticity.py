"""Spike-timing-dependent plasticity of the projection u -> v.

Nearest-neighbour pairs with soft bounds, equation (5) of Rumbell, Denham & Wennekers (2014). With lag = t_post - t_pre
in ms, a pair changes the weight when its second spike arrives::

    lag >= shift:   w <- w + A_plus  exp(-w) (1 - 1/tau_plus)^(lag - shift)      potentiation
    lag <  shift:   w <- w - A_minus w       (1 - 1/tau_minus)^(shift - lag)     depression

``shift = 0`` is the rule as published. A positive shift moves the window along the time axis, as analysed by Babadi &
Abbott (2010): an input that fires less than `shift` before the neuron comes too late to have caused the spike (its
current needs that long to build up) and is depressed. Without it weights grow that play no part in the
competition, neurons with different weights fire together, and the map stays blurred.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.core.law import Real, Whole, law
from tectum.core.maths import exp_negative
from tectum.core.ranges import NonNegative, Range, Share, Weight
from tectum.parts.neurons import no, yes
from tectum.parts.steps import discretise


@law
def potentiate(p: Any, w: Real, x: Real) -> Real:
    """Weight after a spike of the neuron; x is the trace of the input, from 1 to 0."""


@law
def depress(p: Any, w: Real, x: Real) -> Real:
    """Weight after a spike of the input; x is the trace of the neuron, from 1 to 0."""


@depress.otherwise()
def _(p: Any, w: Real, x: Real) -> Real:
    """w: spikes of inputs change nothing."""
    return w


@law
def inputs_depress(p: Any) -> bool:
    """Whether `depress` changes weights at all."""


@inputs_depress.otherwise_by_type()
def _(parameters: type) -> Any:
    """Whether the rule has an equation for `depress`."""
    return yes if depress.is_of(parameters) else no


@law
def silence_counts(p: Any) -> bool:
    """Whether `potentiate` changes the weight of an input that has not fired."""


@silence_counts.otherwise()
def _(p: Any) -> bool:
    """No."""
    return False


@law
def shift(p: Any) -> Whole:
    """Steps by which a pair counts as later than it was."""


@shift.otherwise_by_type()
def _(parameters: type) -> Any:
    """The field shift, 0 without one."""

    def stated(p: Any) -> Whole:
        return p.shift

    def none(p: Any) -> Whole:
        return 0

    return stated if "shift" in getattr(parameters, "_fields", ()) else none


@law
def bind(p: Any, w: Real, x: Real, eta: Real) -> Real:
    """Weight after a spike of a neuron that learns at the rate eta; x is the trace of the input."""


@bind.otherwise()
def _(p: Any, w: Real, x: Real, eta: Real) -> Real:
    """w + eta (potentiate(w, x) - w)."""
    return w + eta * (potentiate(p, w, x) - w)


@law
def learning_rate(p: Any) -> Real:
    """Rate eta of `bind` before anything slows a neuron down."""


@learning_rate.otherwise()
def _(p: Any) -> Real:
    """1."""
    return np.float32(1.0)


def own_rate(p: Any) -> Real:
    """eta: the equation of rules that have a rate."""
    return p.eta


@law
def bounded(p: Any, w: Real) -> Real:
    """Weight within its bounds, after something else than the rule has changed it."""


@bounded.otherwise_by_type()
def _(parameters: type) -> Any:
    """min(w, w_max) if the rule has an upper bound, else w."""

    def capped(p: Any, w: Real) -> Real:
        return min(w, p.w_max)

    def free(p: Any, w: Real) -> Real:
        return w

    return capped if "w_max" in getattr(parameters, "_fields", ()) else free


class NearestNeighbourSTDP(NamedTuple):
    """Nearest-neighbour STDP with soft bounds; defaults are those of the specification of the published map.

    Examples
    --------
    >>> NearestNeighbourSTDP().A_plus
    0.0048
    """

    A_plus: NonNegative = 0.0048  # amplitude of potentiation
    A_minus: Share = 0.0165  # amplitude of depression
    tau_plus: Annotated[float, Range(above=1)] = 11.0  # ms, memory of potentiation
    tau_minus: Annotated[float, Range(above=1)] = 10.0  # ms, memory of depression
    w_max: Weight = 2.2  # upper bound of a weight; the lower bound is 0
    shift: NonNegative = 0.0  # ms by which the window is moved towards causal pairs
    window: NonNegative = 120.0  # ms beyond which a pair is ignored


class STDPStep(NamedTuple):
    """`NearestNeighbourSTDP` for steps of fixed length."""

    A_plus: Any
    A_minus: Any
    w_max: Any
    shift: Any  # steps
    memory_plus: Any  # (n_lags,) float32: (1 - 1/tau_plus)^(k dt) for k = 0, 1, ...
    memory_minus: Any  # (n_lags,) float32: (1 - 1/tau_minus)^(k dt)


@discretise.of(NearestNeighbourSTDP)
def _(part: NearestNeighbourSTDP, dt: float) -> STDPStep:
    """Parameters and memory tables for steps of `dt` ms in float32."""
    lags = np.arange(round(part.window / dt) + 1) * dt

    def memory(tau: float) -> NDArray[np.float32]:
        return np.power(1.0 - 1.0 / tau, lags).astype(np.float32)

    return STDPStep(
        A_plus=np.float32(part.A_plus),
        A_minus=np.float32(part.A_minus),
        w_max=np.float32(part.w_max),
        shift=np.int64(round(part.shift / dt)),
        memory_plus=memory(part.tau_plus),
        memory_minus=memory(part.tau_minus),
    )


@potentiate.of(STDPStep)
def _(p: STDPStep, w: Real, x: Real) -> Real:
    """w <- min(w + A_plus exp(-w) x, w_max); Rumbell et al. 2014, eq. (5), upper line."""
    return min(w + p.A_plus * exp_negative(w) * x, p.w_max)


@depress.of(STDPStep)
def _(p: STDPStep, w: Real, x: Real) -> Real:
    """w <- w - A_minus w x; Rumbell et al. 2014, eq. (5), lower line."""
    return w - p.A_minus * w * x
