"""Neurons that represent an input, the competition between them, and their thresholds.

Tavanaei, Masquelier & Maida (2018) describe leaky integrate-and-fire neurons that inhibit each other through a softmax;
those whose share of it exceeds a threshold fire. `beta` adds the term that the vector quantization objective of the
paper demands: its assignment ``argmin |s - w|^2`` equals ``argmax (w.s - |w|^2 / 2)``.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import Real, Whole, law
from tectum.core.maths import exp_negative_wide
from tectum.core.ranges import Count, NonNegative, NonNegativeOrInfinite, Number, Positive, Share
from tectum.parts.neurons import at_zero, membrane, rest
from tectum.parts.steps import discretise

ZERO = np.float32(0.0)
TENTH = np.float32(0.1)
HALF = np.float32(0.5)
ONE = np.float32(1.0)


class EvidenceNeuron(NamedTuple):
    """Integrates the evidence that its component is in the input; defaults integrate over a whole presentation.

    Examples
    --------
    >>> EvidenceNeuron()
    EvidenceNeuron(R=5.0, beta=1.0, tau_steps=inf, refractory=0, delayed=False)
    """

    R: Positive = 5.0  # gain; 1 / variance of an input spike, then the softmax is the posterior of a mixture
    beta: NonNegative = 1.0  # weight of the squared norm: 1 for vector quantization, 0 for the raw drive
    tau_steps: NonNegativeOrInfinite = float("inf")  # steps, membrane time constant; 0 has no memory, inf no leak
    refractory: Number = 0  # steps after a spike in which the membrane is held at 0
    delayed: bool = False  # driven by the spikes of the step before those it learns from


class EvidenceStep(NamedTuple):
    """`EvidenceNeuron` for one step."""

    memory: Any  # exp(-1 / tau_steps)
    R: Any
    beta: Any
    refractory: Any
    delayed: Any


@discretise.of(EvidenceNeuron)
def _(part: EvidenceNeuron, dt: float) -> EvidenceStep:
    """Constants of one step in float32; `dt` is 1 step."""
    memory = np.exp(-dt / part.tau_steps) if part.tau_steps > 0.0 else 0.0
    return EvidenceStep(
        memory=np.float32(memory),
        R=np.float32(part.R),
        beta=np.float32(part.beta),
        refractory=np.int64(part.refractory),
        delayed=bool(part.delayed),
    )


class SoftmaxInhibition(NamedTuple):
    """Each neuron's share of the softmax decides: those above their threshold fire.

    Examples
    --------
    >>> SoftmaxInhibition()
    SoftmaxInhibition(strict=False)
    """

    strict: bool = False  # only the neuron of the greatest share may fire


class ExplainingAway(NamedTuple):
    """A spike removes the part of the input that it explains from all neurons, including its own.

    The membrane integrates ``w.s / quantum``; a spike of `j` lowers that of `k` by ``w_j.w_k``. A neuron fires
    as long as that brings the sum of its spikes nearer to the input (membrane above one half, as weights have length
    1), and for the first time only if the membrane exceeds ``theta n_steps``. So few neurons represent an input, by
    graded counts. With `signed` each component has an ON and an OFF neuron of opposite weights; the spikes of the
    latter count as negative. A neuron that stays silent for long becomes more excitable until it fires, so that all are
    used. No neuron fires before some evidence is in, or the first few input spikes would decide.

    Examples
    --------
    >>> ExplainingAway()
    ExplainingAway(quantum=None, most=None, signed=None, wait=0.1, patience=7.0)
    """

    quantum: Positive | None = None  # input explained by one spike per step; None: twice the mean norm of the samples
    most: Count | None = None  # neurons that may represent a sample; None: as many as the threshold lets in
    signed: bool | None = None  # ON and OFF neurons; None: if the inputs have ON and OFF channels
    wait: Share = 0.1  # share of a presentation before the first spike
    patience: Positive = 7.0  # presentations per neuron of the dictionary after which a silent one is more excitable


class ExplainingStep(NamedTuple):
    """`ExplainingAway` with numbers in place of None."""

    quantum: Any
    most: Any  # 0: no limit
    signed: Any
    wait: Any
    patience: Any


@discretise.of(ExplainingAway)
def _(part: ExplainingAway, dt: float) -> ExplainingStep:
    """Constants; nothing depends on the step."""
    return ExplainingStep(
        quantum=np.float32(part.quantum),
        most=np.int64(part.most or 0),
        signed=bool(part.signed),
        wait=np.float32(part.wait),
        patience=np.float32(part.patience),
    )


class AdaptiveThreshold(NamedTuple):
    """Threshold common to all neurons that keeps the number of spikes at a target.

    Examples
    --------
    >>> AdaptiveThreshold()
    AdaptiveThreshold(start=0.15, rate=0.002, target=1.0, minimum=0.025, jitter=0.0)
    """

    start: Positive = 0.15  # initial threshold
    rate: NonNegative = 0.002  # learning rate
    target: Positive = 1.0  # spikes of all neurons together, per step
    minimum: NonNegative = 0.025  # lower bound
    jitter: NonNegative = 0.0  # half width of the uniform distribution added to the initial thresholds


@law
def evidence(p: Any, U: Real, drive: Real, norm: Real) -> Real:
    """Membrane after a step; drive is the sum of the weights of inputs that spiked, norm the squared norm of w."""


@evidence.of(EvidenceStep)
def _(p: EvidenceStep, U: Real, drive: Real, norm: Real) -> Real:
    """U <- a_m U + R (w.s - beta |w|^2 / 2), a_m = exp(-1 / tau_steps)."""
    return p.memory * U + p.R * (drive - p.beta * HALF * norm)


@evidence.otherwise_by_type()
def _(parameters: type) -> Any:
    """membrane(U, w.s - |w|^2 / 2)."""

    def integrated(p: Any, U: Real, drive: Real, norm: Real) -> Real:
        return membrane(p, U, drive - HALF * norm)

    return integrated if membrane.is_of(parameters) else None


@law
def delayed(p: Any) -> bool:
    """Whether the membrane is driven by the spikes of the step before those that its weights learn from."""


@delayed.otherwise()
def _(p: Any) -> bool:
    """No."""
    return False


@delayed.of(EvidenceStep)
def _(p: EvidenceStep) -> bool:
    """delayed."""
    return p.delayed


rest.of(EvidenceStep)(at_zero)


@law
def softmax_share(p: Any, below: Real) -> Real:
    """Share of the softmax, not yet normalised, of a neuron whose membrane is `below` the highest."""


@softmax_share.of(SoftmaxInhibition)
def _(p: SoftmaxInhibition, below: Real) -> Real:
    """exp(U - max U)."""
    return exp_negative_wide(below)


@law
def excitability(p: Any, silence: Whole) -> Real:
    """Factor of the membrane while learning; silence counts presentations in which only others fired, per neuron."""


@excitability.of(ExplainingStep)
def growing_excitability(p: Any, silence: Whole) -> Real:
    """1 + max(0, silence / patience - 1) / 10."""
    return ONE + TENTH * max(ZERO, silence / p.patience - ONE)


@law
def adapted_threshold(p: Any, theta: Real, n_spikes: Whole) -> Real:
    """Threshold after `n_spikes` of all neurons together."""


@adapted_threshold.of(AdaptiveThreshold)
def _(p: AdaptiveThreshold, theta: Real, n_spikes: Whole) -> Real:
    """theta <- max(minimum, theta + b (sum z - q)); the threshold adjustment rule of Tavanaei et al. 2018."""
    return max(np.float32(p.minimum), theta + np.float32(p.rate) * (np.float32(n_spikes) - np.float32(p.target)))
