"""Current-based synapses whose postsynaptic current rises and falls with two time constants.

Equations (2) and (3) of Rumbell, Denham & Wennekers (2014): ``ds/dt = -s/tau_r``, ``dy/dt = (s - y)/tau_f``; a
presynaptic spike adds its weight to s. A spike of weight w gives the current
``w tau_r/(tau_f - tau_r) (exp(-t/tau_f) - exp(-t/tau_r))`` of area ``w tau_r``.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import Real, law
from tectum.core.ranges import NonNegative, TimeConstant, Weight
from tectum.parts.steps import discretise

ONE = np.float32(1.0)
QUARTER = np.float32(0.25)
MOST_GAIN = np.float32(10.0)


class Synapse(NamedTuple):
    """Two low-pass filters in series; defaults are those of the plastic projection u -> v.

    Examples
    --------
    >>> Synapse()
    Synapse(tau_r=0.2, tau_f=1.0)
    """

    tau_r: TimeConstant = 0.2  # ms, rise
    tau_f: TimeConstant = 1.0  # ms, fall


class SynapseStep(NamedTuple):
    """`Synapse` for one step of fixed length."""

    keep_s: Any  # exp(-dt / tau_r)
    gain_y: Any  # 1 - exp(-dt / tau_f)


class PlasticProjection(NamedTuple):
    """All-to-all projection u -> v whose weights are learned.

    The drive is shared by all synapses of a neuron: g = drive / n_u, so that one volley at the initial weights just
    exceeds the threshold whatever the number of features and of receptive fields.

    Examples
    --------
    >>> PlasticProjection()
    PlasticProjection(synapse=Synapse(tau_r=0.2, tau_f=1.0), drive=20.8, w_low=0.88, w_high=1.32, recovery=0.0)
    """

    synapse: Synapse = Synapse(tau_r=0.2, tau_f=1.0)
    drive: NonNegative = 20.8  # g n_u; g = 0.65 for 32 neurons
    w_low: Weight = 0.88  # initial weights are uniform between w_low and w_high
    w_high: Weight = 1.32
    recovery: NonNegative = 0.0  # growth of the drive after a silent presentation; others take a quarter of it


@discretise.of(Synapse)
def _(part: Synapse, dt: float) -> SynapseStep:
    """Parameters of one step of `dt` ms in float32."""
    return SynapseStep(keep_s=np.float32(math.exp(-dt / part.tau_r)), gain_y=np.float32(-math.expm1(-dt / part.tau_f)))


class GainStep(NamedTuple):
    """What becomes of the drive of a `PlasticProjection` from presentation to presentation."""

    recovery: Any


@discretise.of(PlasticProjection)
def _(part: PlasticProjection, dt: float) -> GainStep:
    """Independent of `dt`, as the drive changes once per presentation."""
    return GainStep(np.float32(part.recovery))


@law
def adapted_gain(p: Any, gain: Real, answered: bool) -> Real:
    """Factor of the drive after a presentation to which the map has answered, or has not."""


@adapted_gain.of(GainStep)
def _(p: GainStep, gain: Real, answered: bool) -> Real:
    """gain (1 + recovery), at most 10; after an answer gain (1 - recovery / 4), at least 1.

    A map that answers four samples in five keeps a gain of 1. One that needs more than 10 is broken; see `diagnose`.
    """
    return max(gain - p.recovery * QUARTER * gain, ONE) if answered else min(gain + p.recovery * gain, MOST_GAIN)


@law
def filter_current(p: Any, s: Real, y: Real) -> tuple[Real, Real]:
    """The two filter states (s, y) after one step; the current is y."""


@filter_current.of(SynapseStep)
def _(p: SynapseStep, s: Real, y: Real) -> tuple[Real, Real]:
    """y <- y + (s - y) (1 - exp(-dt/tau_f)), then s <- s exp(-dt/tau_r); Rumbell et al. 2014, eqs. (2), (3)."""
    return s * p.keep_s, y + (s - y) * p.gain_y
