"""Plasticity of the projections to a map of a hierarchy: binding what arrives together, and staying open to news.

Spikes that arrive at most a few ms before a neuron fires are bound; the window is shorter than half a cycle, so that
only sources in phase are. How fast a neuron learns falls with its own use, and rises where the input is new.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import Real, Whole, law
from tectum.core.ranges import AtLeastOne, NonNegative, Positive, PositiveOrInfinite, PositiveShare, Share, TimeConstant
from tectum.parts.plasticity import bind, learning_rate, own_rate, potentiate, silence_counts
from tectum.parts.steps import discretise
from tectum.parts.traces import fading

ONE = np.float32(1.0)
FRAME_MS = 96.0  # of the four cycles of 25 ms for which a frame is shown


class ArrivalSTDP(NamedTuple):
    """At each spike of a neuron its weights move towards what has just arrived; bounded, without normalisation.

    Examples
    --------
    >>> ArrivalSTDP()
    ArrivalSTDP(eta=0.05, w_max=0.24, beta=0.35, tau_pre=6.0)
    """

    eta: NonNegative = 0.05  # share of the way per spike
    w_max: NonNegative = 0.24  # conductance, bound of a weight
    beta: NonNegative = 0.35  # depression of all synapses, relative to potentiation
    tau_pre: TimeConstant = 6.0  # ms, memory of an arrival


class ArrivalSTDPStep(NamedTuple):
    """`ArrivalSTDP` in float32; its memory is tabulated by steps."""

    eta: Any
    w_max: Any
    beta: Any
    memory_plus: Any  # (n_lags,) float32


@discretise.of(ArrivalSTDP)
def _(part: ArrivalSTDP, dt: float) -> ArrivalSTDPStep:
    """Constants in float32; arrivals of the same frame are remembered, and those of eight time constants."""
    memory = fading(part.tau_pre, dt, max(FRAME_MS, 8.0 * part.tau_pre))
    return ArrivalSTDPStep(np.float32(part.eta), np.float32(part.w_max), np.float32(part.beta), memory)


@potentiate.of(ArrivalSTDPStep)
def _(p: ArrivalSTDPStep, w: Real, x: Real) -> Real:
    """dw = eta (x (w_max - w) - beta w)."""
    return bind(p, w, x, p.eta)


@silence_counts.of(ArrivalSTDPStep)
def _(p: ArrivalSTDPStep) -> bool:
    """Yes: synapses whose inputs are silent are depressed."""
    return True


learning_rate.of(ArrivalSTDPStep)(own_rate)


@bind.of(ArrivalSTDPStep)
def _(p: ArrivalSTDPStep, w: Real, x: Real, eta: Real) -> Real:
    """dw = eta (x (w_max - w) - beta w); the fixed point w_max x / (x + beta) is graded by x."""
    return w + eta * (x * (p.w_max - w) - p.beta * w)


class UseDependentRate(NamedTuple):
    """Metaplasticity: a neuron learns the slower the more often it has learned; an n_0 of infinity never slows it.

    Examples
    --------
    >>> UseDependentRate()
    UseDependentRate(n_0=20.0, forget=0.0001)
    """

    n_0: PositiveOrInfinite = 20.0  # frames of learning that halve the rate
    forget: Share = 1e-4  # share of its use that a neuron forgets per frame


class UseStep(NamedTuple):
    """`UseDependentRate` in float32."""

    slope: Any  # 1 / n_0
    keep: Any  # 1 - forget


@discretise.of(UseDependentRate)
def _(part: UseDependentRate, dt: float) -> UseStep:
    """Independent of `dt`, as use is counted by frames."""
    return UseStep(np.float32(1.0 / part.n_0), np.float32(1.0 - part.forget))


@law
def plasticity(p: Any, n: Whole) -> Real:
    """Factor of the learning rate of a neuron that has learned in n frames."""


@plasticity.of(UseStep)
def _(p: UseStep, n: Whole) -> Real:
    """1 / (1 + n / n_0)."""
    return ONE / (ONE + n * p.slope)


class NoveltyGate(NamedTuple):
    """Late winners learn faster, and where none fires the least used neurons become easier to excite.

    With a finite `mismatch` a winner whose match is too poor gives way, too: neurons that have learned
    are suppressed for the rest of the frame, as by the reset of adaptive resonance (Carpenter & Grossberg 1987), and
    recruits take it. The tolerance falls with the use of the winner, so that uniform scenes get as many neurons for
    their frames as varied ones, and rises as the map fills.

    Examples
    --------
    >>> NoveltyGate()
    NoveltyGate(factor=4.0, quantile=0.9, pace=0.02, recruited=3.0, drop=3.0, mismatch=inf, sharpened=10.0)
    """

    factor: AtLeastOne = 4.0  # of the learning rate in a frame whose winner is late; 1 does nothing
    quantile: PositiveShare = 0.9  # of the neuron's own first-spike latencies, beyond which it is late
    pace: Share = 0.02  # share of the frame by which the estimate of the quantile moves
    recruited: Positive = 3.0  # neurons, the least used, whose thresholds fall in a silent cycle; below 1 their share
    drop: NonNegative = 3.0  # mV by which they do
    mismatch: PositiveOrInfinite = math.inf  # 1 - cosine of weights and arrivals that a neuron new in use tolerates
    sharpened: Positive = 10.0  # frames of use after which it falls with the root of further ones


class NoveltyStep(NamedTuple):
    """`NoveltyGate` in float32."""

    factor: Any
    quantile: Any
    pace: Any  # ms
    recruited: Any
    drop: Any
    mismatch: Any
    sharpened: Any


@discretise.of(NoveltyGate)
def _(part: NoveltyGate, dt: float) -> NoveltyStep:
    """Of a frame of `dt` ms, as there is one winner in each."""
    pace = part.pace * dt
    return NoveltyStep(*(np.float32(x) for x in (*part._replace(pace=pace),)))


@law
def tolerated(p: Any, n: Whole, free: Real) -> Real:
    """Mismatch at which a neuron that has learned in n frames still keeps a frame; free is the share of unused ones."""


@tolerated.of(NoveltyStep)
def _(p: NoveltyStep, n: Whole, free: Real) -> Real:
    """mismatch / (free sqrt(1 + n / sharpened)): as a mean of n samples is known."""
    return p.mismatch / (free * np.sqrt(ONE + n / p.sharpened))


@law
def late(p: Any, q: Real, latency: Real) -> bool:
    """Estimate of the quantile of first-spike latencies after one more latency, in ms."""


@late.of(NoveltyStep)
def _(p: NoveltyStep, q: Real, latency: Real) -> bool:
    """q <- q + pace (quantile - [latency <= q]): stochastic approximation (Robbins & Monro 1951)."""
    return q + p.pace * (p.quantile - (ONE if latency <= q else np.float32(0.0)))


class SourceNorm(NamedTuple):
    """How strongly a map is driven, and that each of its sources keeps its share: by the length of the weight vectors.

    With all vectors of one length, the drive of a neuron is proportional to the cosine between its weights and the
    input, however many synapses the weights are spread over. With a constant sum, neurons of varied scenes get little.
    Weights are in units of those of a neuron that knows one input only: then each is 1.

    Examples
    --------
    >>> SourceNorm()
    SourceNorm(drive=6.0, pace=1.0)
    """

    drive: Positive = 6.0  # conductance that the spikes of a cycle bring to a neuron that knows this input only
    pace: Share = 1.0  # share of the way to that length per frame in which the neuron has fired; 0 does nothing
