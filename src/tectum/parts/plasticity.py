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

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.core.law import law
from tectum.core.maths import exp_negative
from tectum.parts.steps import discretise


class NearestNeighbourSTDP(NamedTuple):
    """Nearest-neighbour STDP with soft bounds; defaults are those of the specification of the published map."""

    A_plus: float = 0.0048  # amplitude of potentiation
    A_minus: float = 0.0165  # amplitude of depression
    tau_plus: float = 11.0  # ms, memory of potentiation
    tau_minus: float = 10.0  # ms, memory of depression
    w_max: float = 2.2  # upper bound of a weight; the lower bound is 0
    shift: float = 0.0  # ms by which the window is moved towards causal pairs
    window: float = 120.0  # ms beyond which a pair is ignored


class STDPStep(NamedTuple):
    """`NearestNeighbourSTDP` for steps of fixed length."""

    A_plus: Any
    A_minus: Any
    w_max: Any
    shift: Any  # steps
    memory_plus: Any  # (n_lags,) float32: (1 - 1/tau_plus)^(k dt) for k = 0, 1, ...
    memory_minus: Any  # (n_lags,) float32: (1 - 1/tau_minus)^(k dt)


@discretise.of(NearestNeighbourSTDP)
def _(part, dt):
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


@law
def potentiate(p, w, memory):
    """Weight after a causal pair; memory is the fading with the pair's lag, from 1 to 0."""


@potentiate.of(STDPStep)
def _(p, w, memory):
    """w <- min(w + A_plus exp(-w) memory, w_max); Rumbell et al. 2014, eq. (5), upper line."""
    return min(w + p.A_plus * exp_negative(w) * memory, p.w_max)


@law
def depress(p, w, memory):
    """Weight after an acausal pair; memory is the fading with the pair's lag, from 1 to 0."""


@depress.of(STDPStep)
def _(p, w, memory):
    """w <- w - A_minus w memory; Rumbell et al. 2014, eq. (5), lower line."""
    return w - p.A_minus * w * memory
