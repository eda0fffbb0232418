"""Temporal code: inputs as latencies of single spikes, neurons that race to fire first, plasticity by the latencies.

Fois & Girau (2023), Enhanced representation learning with temporal coding in sparsely spiking neural networks,
Frontiers in Computational Neuroscience 17:1250908. Equations and constants are those of the published implementation;
each differential equation is solved by forward Euler steps, as there.
"""

import math
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.core.law import Real, Whole, law
from tectum.core.maths import exp_negative_wide
from tectum.core.ranges import (
    AtLeastOne,
    Below,
    NonNegative,
    Positive,
    PositiveShare,
    SignedWeight,
    TimeConstant,
    Weight,
)
from tectum.parts.encoding import CircularGaussian
from tectum.parts.event_plasticity import memory, pair
from tectum.parts.neurons import at_zero, membrane, reset, rest
from tectum.parts.plasticity import learning_rate, own_rate
from tectum.parts.steps import discretise

SILENT = -1  # step of a spike that does not come
SLAB = 128  # samples encoded at a time, so that intermediate results stay small
ZERO = np.float32(0.0)
ONE = np.float32(1.0)


class LatencyPopulation(NamedTuple):
    """Each value is a ring of neurons that fire once: the nearer its preferred value, the earlier.

    A neuron integrates the current of its receptive field, ``tau_m dv/dt = -v + I``. One value differs from another by
    the order and the delays of the spikes of its ring, not by their number.

    Examples
    --------
    >>> LatencyPopulation().code
    CircularGaussian(n_units=10, sigma=0.6, first=0.05, last=0.95, low=0.15, high=0.85, most=1024)
    """

    code: CircularGaussian = CircularGaussian(n_units=10, low=0.15, high=0.85)  # receptive fields, and the used arc
    tau_m: TimeConstant = 10.0  # ms, membrane time constant of an input neuron
    v_th: Positive = 0.5  # its threshold; a current of 1 is that of the preferred value
    input_ms: AtLeastOne = 12.5  # ms of a presentation in which the currents flow
    blank_ms: NonNegative = 12.5  # ms after it
    dt: Positive = 0.1  # ms, time step; below every time constant

    @property
    def n_steps(self) -> int:
        """Steps of a presentation."""
        return round((self.input_ms + self.blank_ms) / self.dt)

    def spike_steps(self, x: NDArray[np.floating]) -> NDArray[np.int32]:
        """Step in which each input neuron fires, in closed form.

        After c Euler steps ``v = I (1 - (1 - dt/tau_m)^c)``, so that the threshold is first exceeded by
        ``c = floor(ln(1 - v_th/I) / ln(1 - dt/tau_m)) + 1``. A neuron fires no second time: the next spike would need
        as long again, and its refractory period.

        Parameters
        ----------
        x : ndarray of shape (n_samples, n_features)
            Values from 0 to 1, which are laid out on the ring from `low` to `high` of the code.

        Returns
        -------
        ndarray of shape (n_samples, n_features * n_units), int32
            Steps, -1 for a neuron that does not fire while its current flows; the neurons of a value stand together.
        """
        steps = np.empty((len(x), x.shape[1] * len(self.code.centres())), np.int32)
        for start in range(0, len(x), SLAB):
            part = slice(start, start + SLAB)
            position = self.code.low + (self.code.high - self.code.low) * np.asarray(x[part], np.float64)
            left = 1.0 - self.v_th / self.code.encode(position).astype(np.float64)
            fires = left > 0.0
            c = np.floor(np.log(np.where(fires, left, 0.5)) / math.log1p(-self.dt / self.tau_m))
            steps[part] = np.where(fires & (c < round(self.input_ms / self.dt)), c, SILENT)
        return steps

    def decode(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Preferred values of neurons: the circular mean of the preferred values of their inputs.

        Parameters
        ----------
        weights : ndarray of shape (n_neurons, n_features * n_units)

        Returns
        -------
        ndarray of shape (n_neurons, n_features)
            From 0 to 1; 0 where a neuron has no weight for a value.
        """
        position = np.nan_to_num(self.code.decode(weights.T), nan=self.code.low)
        return (np.clip(position, self.code.low, self.code.high) - self.code.low) / (self.code.high - self.code.low)


class LatencyStep(NamedTuple):
    """`LatencyPopulation` for the time loop, which gets the spikes themselves."""

    n_steps: Any


@discretise.of(LatencyPopulation)
def _(part: LatencyPopulation, dt: float) -> LatencyStep:
    """The length of a presentation."""
    return LatencyStep(n_steps=np.int64(part.n_steps))


class LatencyNeuron(NamedTuple):
    """Leaky integrate-and-fire neuron driven through synapses that fall exponentially; its threshold stands apart.

    Examples
    --------
    >>> LatencyNeuron()
    LatencyNeuron(tau_m=1.5, tau_f=2.8, refractory=6.0)
    """

    tau_m: TimeConstant = 1.5  # ms, membrane time constant
    tau_f: TimeConstant = 2.8  # ms, fall of the synaptic current
    refractory: NonNegative = 6.0  # ms after a spike in which the membrane is held at 0


class LatencyNeuronStep(NamedTuple):
    """`LatencyNeuron` for one step."""

    gain: Any  # dt / tau_m
    current_left: Any  # 1 - dt / tau_f
    refractory: Any  # steps


@discretise.of(LatencyNeuron)
def _(part: LatencyNeuron, dt: float) -> LatencyNeuronStep:
    """Constants of one Euler step in float32."""
    return LatencyNeuronStep(
        gain=np.float32(dt / part.tau_m),
        current_left=np.float32(1.0 - dt / part.tau_f),
        refractory=np.int64(round(part.refractory / dt)),
    )


class LatencyRace(NamedTuple):
    """The neuron that fires first silences all others for a moment; several can fire in the same step.

    The inhibition grows during learning: in the beginning neurons that are nearly as fast fire and learn too, in the
    end one alone.

    Examples
    --------
    >>> LatencyRace()
    LatencyRace(weakest=9.0, strongest=91.0, tau_f=0.3, tau_growth=None)
    """

    weakest: Annotated[NonNegative, Below("strongest")] = 9.0  # inhibition at the first presentation, in thresholds
    strongest: NonNegative = 91.0  # what it grows to, and is in frozen passes
    tau_f: TimeConstant = 0.3  # ms, fall of the inhibitory current
    tau_growth: Positive | None = None  # presentations, time constant of the growth; None: a third of those planned


class LatencyRaceStep(NamedTuple):
    """`LatencyRace` for one step."""

    weakest: Any
    strongest: Any
    current_left: Any  # 1 - dt / tau_f
    tau_growth: Any  # presentations


@discretise.of(LatencyRace)
def _(part: LatencyRace, dt: float) -> LatencyRaceStep:
    """Constants of one Euler step in float32."""
    return LatencyRaceStep(
        weakest=np.float32(part.weakest),
        strongest=np.float32(part.strongest),
        current_left=np.float32(1.0 - dt / part.tau_f),
        tau_growth=np.float32(part.tau_growth),
    )


class LatencySTDP(NamedTuple):
    """STDP that writes the latencies of the inputs into the weights, by nearest-neighbour traces.

    Examples
    --------
    >>> LatencySTDP().eta
    0.004
    """

    eta: NonNegative = 0.004  # learning rate
    depression: NonNegative = 6.0  # rate of depression, in units of eta
    tau_pre: TimeConstant = 1.3  # ms, trace of an input
    tau_post: TimeConstant = 4.3  # ms, trace of the neuron
    floor: PositiveShare = 0.1  # traces below this count as no spike
    offset: NonNegative = 0.2  # weight of an input that fires just before the neuron
    w_min: Annotated[SignedWeight, Below("w_max")] = 0.0  # bounds of the weights
    w_max: Weight = 1.0


class LatencySTDPStep(NamedTuple):
    """`LatencySTDP` for steps of fixed length."""

    eta: Any  # float64, as rates fall from sample to sample
    depression: Any
    tau_pre: Any  # steps
    tau_post: Any  # steps
    window: Any  # steps in which an input's trace counts
    memory: Any  # steps in which the neuron's trace counts
    offset: Any
    w_min: Any
    w_max: Any


@discretise.of(LatencySTDP)
def _(part: LatencySTDP, dt: float) -> LatencySTDPStep:
    """Constants in float32; a trace exp(-lag / tau) exceeds the floor for lags below tau ln(1 / floor)."""
    lifetime = -math.log(part.floor) / dt
    return LatencySTDPStep(
        eta=np.float64(part.eta),
        depression=np.float32(part.depression),
        tau_pre=np.float32(part.tau_pre / dt),
        tau_post=np.float32(part.tau_post / dt),
        window=np.int64(math.ceil(part.tau_pre * lifetime)),
        memory=np.int64(math.ceil(part.tau_post * lifetime)),
        offset=np.float32(part.offset),
        w_min=np.float32(part.w_min),
        w_max=np.float32(part.w_max),
    )


@law
def faded(p: Any, current: Real) -> Real:
    """Synaptic current after one step without spikes."""


@faded.otherwise("current_left")
def _(p: Any, current: Real) -> Real:
    """tau_f ds/dt = -s, one forward Euler step."""
    return current * p.current_left


@law
def inhibition(p: Any, presentation: Whole) -> Real:
    """Inhibition by a spike in the given presentation of the learning, in units of the threshold."""


@law
def silenced(p: Any, l: Real, strength: Real, v_th: Real, n_others: Real) -> Real:
    """Inhibitory current of a neuron after so many others have fired, by this inhibition in units of its threshold."""


@silenced.otherwise()
def _(p: Any, l: Real, strength: Real, v_th: Real, n_others: Real) -> Real:
    """l - strength v_th n; Fois & Girau (2023)."""
    return l - strength * v_th * n_others


@membrane.of(LatencyNeuronStep)
def _(p: LatencyNeuronStep, v: Real, I: Real) -> Real:
    """tau_m dv/dt = -v + I. Deviation: one forward Euler step, as in the published implementation."""
    return v + (I - v) * p.gain


rest.of(LatencyNeuronStep)(at_zero)


@reset.of(LatencyNeuronStep)
def _(p: LatencyNeuronStep, normal: Real, uniform: Real) -> Real:
    """0."""
    return ZERO


@inhibition.of(LatencyRaceStep)
def _(p: LatencyRaceStep, presentation: Whole) -> Real:
    """strongest - (strongest - weakest) exp(-presentation / tau_growth).

    Deviation: constant during a presentation; the published implementation lets it grow from spike to spike.
    """
    left = exp_negative_wide(np.float32(presentation) / p.tau_growth)
    return p.strongest - (p.strongest - p.weakest) * left


learning_rate.of(LatencySTDPStep)(own_rate)


@memory.of(LatencySTDPStep)
def _(p: LatencySTDPStep) -> Any:
    """As long as the trace of the neuron counts."""
    return p.memory


@pair.of(LatencySTDPStep)
def _(p: LatencySTDPStep, w: Real, eta: Real, lag_pre: Whole, lag_post: Whole) -> Real:
    """The two rules of Fois & Girau (2023) with traces a = exp(-lag_pre / tau_pre), b = exp(-lag_post / tau_post)::

        spike of the neuron:  w <- w + eta (1 + offset - a - w)          if a exceeds the floor
        spike of the input:   w <- w - eta depression (1 - b)            if b exceeds the floor

    Spikes in the same step leave the weight alone. A weight approaches 1 + offset - a if its input fires before the
    neuron, the smaller the later it does, and falls to its lower bound if it fires after it.
    """
    change = ZERO
    if lag_post == 0:
        if 0 < lag_pre < p.window:
            change = ONE + p.offset - exp_negative_wide(np.float32(lag_pre) / p.tau_pre) - w
    elif lag_pre == 0 and lag_post < p.memory:
        change = p.depression * (exp_negative_wide(np.float32(lag_post) / p.tau_post) - ONE)
    return min(max(w + eta * change, p.w_min), p.w_max)
