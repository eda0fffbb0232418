"""Plasticity of the weights of a dictionary: rules that act when a representation neuron fires.

All rules but the last are written for one pair of an input and a neuron, from the lags since their last spikes in this
presentation, ``lag_pre`` and ``lag_post``, in steps; 0 is the present step, `NEVER` or more a spike that has not come.
A rule is asked in each step for the neurons that fired less than `memory` steps ago.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from tectum.core.law import Real, Whole, law
from tectum.core.maths import exp_negative_wide
from tectum.core.ranges import Below, NonNegative, Number, Positive, Share, SignedWeight, TimeConstant, Weight
from tectum.parts.plasticity import depress, learning_rate, own_rate, potentiate
from tectum.parts.steps import discretise
from tectum.parts.traces import input_trace, neuron_trace

NEVER = 2**20  # steps since a spike that has not come, at least
ZERO = np.float32(0.0)
ONE = np.float32(1.0)
HALF = np.float32(0.5)


class EventSTDP(NamedTuple):
    """Event-based STDP: at a spike of the neuron, weights of inputs that just fired grow and all others shrink.

    Examples
    --------
    >>> EventSTDP()
    EventSTDP(eta=0.0055, decay=0.01, window=1, A_plus=1.0, A_minus=1.0, w_min=0.0, w_max=1.0)
    """

    eta: NonNegative = 0.0055  # learning rate
    decay: NonNegative = 0.01  # lambda of the objective
    window: Number = 1  # steps in which an input must have fired, the present one included
    A_plus: NonNegative = 1.0  # factor of potentiation
    A_minus: Share = 1.0  # factor of depression
    w_min: Annotated[SignedWeight, Below("w_max")] = 0.0  # bounds of the weights
    w_max: Weight = 1.0


class TraceSTDP(NamedTuple):
    """STDP by nearest-neighbour traces of both neurons; Gebhardt & Ororbia (2024) compare with it.

    Examples
    --------
    >>> TraceSTDP()
    TraceSTDP(eta=1.0, A_plus=0.01, A_minus=0.001, target=0.3, tau=6.666666666666667, w_min=0.01, w_max=0.99)
    """

    eta: NonNegative = 1.0  # learning rate
    A_plus: NonNegative = 0.01  # factor at a spike of the neuron
    A_minus: Share = 0.001  # factor at a spike of the input
    target: Positive = 0.3  # trace of the input at which a spike of the neuron changes nothing
    tau: TimeConstant = 20.0 / 3.0  # steps, time constant of the traces
    w_min: Annotated[SignedWeight, Below("w_max")] = 0.01  # bounds of the weights
    w_max: Weight = 0.99


class TimeIntegratedSTDP(NamedTuple):
    """STDP by the times of the last spikes, which goes on after the spike; Gebhardt & Ororbia (2024).

    Examples
    --------
    >>> TimeIntegratedSTDP()
    TimeIntegratedSTDP(eta=0.00375, timing=1.25, absence=0.75, w_min=0.0, w_max=1.0)
    """

    eta: NonNegative = 0.00375  # learning rate alpha
    timing: NonNegative = 1.25  # beta, factor where the input fired
    absence: NonNegative = 0.75  # gamma, factor where it did not
    w_min: Annotated[SignedWeight, Below("w_max")] = 0.0  # bounds of the weights
    w_max: Weight = 1.0


class ResidualSTDP(NamedTuple):
    """At a spike of the neuron, weights follow the unexplained part of the input, and are scaled to length 1.

    Examples
    --------
    >>> ResidualSTDP()
    ResidualSTDP(eta=0.1, w_min=None)
    """

    eta: NonNegative = 0.1  # learning rate
    w_min: SignedWeight | None = None  # lower bound; None: 0, with ON and OFF channels -1


@law
def memory(p: Any) -> Any:
    """Number of steps after the spike of a neuron in which its weights change."""


@memory.otherwise_by_type("memory_minus")
def _(parameters: type) -> Any:
    """As long as the neuron leaves a trace that spikes of inputs depress by; else the step of the spike."""

    def tabulated(p: Any) -> Any:
        return p.memory_minus.shape[0]

    def one(p: Any) -> Any:
        return 1

    if not potentiate.is_of(parameters):
        return None
    if not depress.is_of(parameters):
        return one
    return tabulated if "memory_minus" in getattr(parameters, "_fields", ()) else None


@law
def pair(p: Any, w: Real, eta: Real, lag_pre: Whole, lag_post: Whole) -> Real:
    """Weight after a step, from the lags in steps since the last spikes; eta is the present learning rate."""


@pair.otherwise_by_type()
def _(parameters: type) -> Any:
    """w + eta times what `potentiate` changes at a spike of the neuron, `depress` at a spike of the input."""

    def by_traces(p: Any, w: Real, eta: Real, lag_pre: Whole, lag_post: Whole) -> Real:
        if lag_post == 0:
            return w + eta * (potentiate(p, w, input_trace(p, lag_pre)) - w)
        if lag_pre == 0:
            return w + eta * (depress(p, w, neuron_trace(p, lag_post)) - w)
        return w

    return by_traces if potentiate.is_of(parameters) else None


learning_rate.of(EventSTDP)(own_rate)
learning_rate.of(TraceSTDP)(own_rate)
learning_rate.of(TimeIntegratedSTDP)(own_rate)


@memory.of(EventSTDP)
def _(p: EventSTDP) -> Any:
    """Only the step of the spike."""
    return 1


@pair.of(EventSTDP)
def _(p: EventSTDP, w: Real, eta: Real, lag_pre: Whole, lag_post: Whole) -> Real:
    """w <- w + eta (1 - (1 + lambda) w) if the input fired within the window, else w - eta (1 + lambda) w.

    Equation (18) of Tavanaei, Masquelier & Maida 2018; A_plus and A_minus are factors of the two lines.
    """
    loss = (ONE + np.float32(p.decay)) * w
    change = np.float32(p.A_plus) * (ONE - loss) if lag_pre < p.window else -np.float32(p.A_minus) * loss
    return min(max(w + eta * change, np.float32(p.w_min)), np.float32(p.w_max))


@memory.of(TraceSTDP)
def _(p: TraceSTDP) -> Any:
    """A spike of an input meets the trace of the neuron for about five time constants."""
    return int(5.0 * p.tau) + 1


@pair.of(TraceSTDP)
def _(p: TraceSTDP, w: Real, eta: Real, lag_pre: Whole, lag_post: Whole) -> Real:
    """w <- w + eta [A_plus (1 - w) (x_pre - target) s_post - A_minus w s_pre x_post], x = exp(-lag / tau).

    Trace STDP as in ngc-learn, with both terms from the weight before the step.
    """
    tau = np.float32(p.tau)
    change = ZERO
    if lag_post == 0:
        change = (
            np.float32(p.A_plus) * (ONE - w) * (exp_negative_wide(np.float32(lag_pre) / tau) - np.float32(p.target))
        )
    if lag_pre == 0:
        change = change - np.float32(p.A_minus) * w * exp_negative_wide(np.float32(lag_post) / tau)
    return min(max(w + eta * change, np.float32(p.w_min)), np.float32(p.w_max))


@memory.of(TimeIntegratedSTDP)
def _(p: TimeIntegratedSTDP) -> Any:
    """exp(-16) is below the resolution of a weight."""
    return 16


@pair.of(TimeIntegratedSTDP)
def _(p: TimeIntegratedSTDP, w: Real, eta: Real, lag_pre: Whole, lag_post: Whole) -> Real:
    """w <- w + eta beta e (1 - w) / (1/2 - (t_pre - t_post)), or w - eta gamma e w if the input did not fire.

    e = exp(-lag_post); Gebhardt & Ororbia 2024, from their published implementation.
    """
    fading = exp_negative_wide(np.float32(lag_post))
    if lag_pre < NEVER:
        change = np.float32(p.timing) * fading * (ONE - w) / (HALF - np.float32(lag_post - lag_pre))
    else:
        change = -np.float32(p.absence) * fading * w
    return min(max(w + eta * change, np.float32(p.w_min)), np.float32(p.w_max))


@law
def unexplained(p: Any, w: Real, eta: Real, residual: Real) -> Real:
    """Weight after a spike of the neuron; residual is the input not explained yet, in spikes of the neurons."""


class ResidualStep(NamedTuple):
    """`ResidualSTDP` with its lower bound."""

    w_min: Any
    eta: Any  # float64, as rates fall from sample to sample


@discretise.of(ResidualSTDP)
def _(part: ResidualSTDP, dt: float) -> ResidualStep:
    """The bound in float32."""
    return ResidualStep(w_min=np.float32(part.w_min), eta=np.float64(part.eta))


learning_rate.of(ResidualStep)(own_rate)


@unexplained.of(ResidualStep)
def follow_residual(p: Any, w: Real, eta: Real, residual: Real) -> Real:
    """w <- max(w_min, w + eta residual): eq. (18) of Tavanaei et al. 2018 with all spikes so far in place of one.

    The gradient of |x - x^|^2 / 2 with respect to w is minus the residual times the neuron's activity (Olshausen &
    Field 1996), and the activity is what arrives here spike by spike.
    """
    return max(p.w_min, w + eta * residual)
