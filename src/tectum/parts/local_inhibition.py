"""Parallel explaining away: neurons that fire when they cross, inhibition that arrives late, and its learning.

No neuron knows another one's potential, and no weight is copied. A spike reaches the other neurons through recurrent
synapses and the terminals of the inputs through feedback synapses, both after a delay; each of the three kinds of
synapse learns from what is present at it. The three equations, for a spike of neuron `k`::

    w_k  <- w_k + eta r,   d_k <- d_k + eta r,   both of length 1    as it reaches the inputs; r what is left of them
    omega_jk <- omega_jk + eta_recurrent v_j                         as its replay without a stimulus leaves v_j
    w_k  <- w_k + eta_echo (d_k - w_k)                               at the same replay, of which the inputs receive d_k

Feed-forward weights `w` and feedback weights `d` see the same two quantities, so they become alike wherever they began
(Kolen & Pollack 1994), the faster as replays are inputs to learn from like any other. The equation of recurrent
weights has the form of that of Brendel, Bourdoukan, Vertechi, Machens & Deneve (2020, PLoS Comput Biol 16:e1007692), by
which inhibition comes to balance the feed-forward input at the spikes of a neuron, without their costs of firing and
at replays instead of a whitened signal: then ``v_j = w_j.d_k - omega_jk`` and nothing else.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from tectum.core.law import Real, law
from tectum.core.ranges import Below, NonNegative, Positive, Share, SignedWeight
from tectum.parts.event_plasticity import follow_residual, unexplained
from tectum.parts.plasticity import learning_rate, own_rate
from tectum.parts.representation import excitability, growing_excitability
from tectum.parts.steps import discretise

FINE = 0.1  # ms, time step where the delay does not ask for a shorter one
STEPS_PER_DELAY = 5


class LocalInhibition(NamedTuple):
    """Neurons that fire in parallel explain the input away, by inhibition that arrives after a delay.

    Membranes, quanta and limits are those of `ExplainingAway`, but every neuron above its limit fires. The first spike
    of a neuron is provisional: if, by the time that spikes fired before it have arrived, the membrane would no longer
    have crossed the limit, the neuron takes it back by a spike of the opposite sign. A neuron that stays silent for
    long becomes more excitable.

    With `signed` each component has an ON and an OFF neuron. What inhibits the one excites the other, so that alike
    neurons that fire together would drive each other. Hence every spike is provisional, one at a time, and a component
    waits: after a spike that it takes back until this is known everywhere, and for one delay if a spike of another,
    which may yet be taken back, lifts it over its limit, that is ``max(|v_j|, limit_j) < |v_j - omega_jk|``. If it is
    lifted so while it waits, or was before it took its spike back, it waits once more.
    """

    quantum: Positive | None = None  # input explained by one spike per step; None: twice the mean norm of the samples
    signed: bool | None = None  # ON and OFF neurons; None: if the inputs have ON and OFF channels
    delay: Annotated[Positive, Below("step")] = 0.5  # ms, from a spike to its effect on neurons and inputs
    dt: Annotated[Positive, Below("delay")] | None = None  # ms, time step; None: a fifth of `delay`, at most 0.1
    step: Positive = 3.0  # ms, of the encoder, over which its spikes drive the membranes evenly
    noise: NonNegative = 0.0  # quanta, standard deviation of what each membrane receives besides, per step
    patience: Positive = 7.0  # presentations per neuron of the dictionary after which a silent one is more excitable


class LocalStep(NamedTuple):
    """`LocalInhibition` in time steps."""

    quantum: Any
    signed: Any
    n_delay: Any  # time steps
    n_sub: Any  # time steps in a step of the encoder
    noise: Any
    patience: Any


@discretise.of(LocalInhibition)
def _(part: LocalInhibition, dt: float) -> LocalStep:
    """Whole time steps, at least one of delay; `dt` is that of the encoder, one step."""
    fine = min(FINE, part.delay / STEPS_PER_DELAY) if part.dt is None else part.dt
    return LocalStep(
        quantum=np.float32(part.quantum),
        signed=bool(part.signed),
        n_delay=np.int64(max(1, round(part.delay / fine))),
        n_sub=np.int64(max(1, round(part.step / fine))),
        noise=np.float32(part.noise),
        patience=np.float32(part.patience),
    )


excitability.of(LocalStep)(growing_excitability)


@law
def stands(p: Any, v: Real, limit: Real) -> bool:
    """Whether a provisional spike stands; v is the membrane as if the neuron had not fired, after `delay`."""


@stands.otherwise()
def _(p: Any, v: Real, limit: Real) -> bool | np.bool_:
    """v > limit."""
    return v > limit


class LocalSTDP(NamedTuple):
    """Feed-forward and feedback weights follow the residual of the input, recurrent ones that of a replay."""

    eta: NonNegative = 0.1  # learning rate of feed-forward and feedback weights
    eta_recurrent: Share = 1.0  # learning rate of recurrent weights
    eta_echo: Share = 0.1  # learning rate of feed-forward weights at replays
    w_min: SignedWeight | None = None  # lower bound; None: 0, with ON and OFF channels -1


class LocalSTDPStep(NamedTuple):
    """`LocalSTDP` with its lower bound."""

    w_min: Any
    eta: Any  # float64, as rates fall from sample to sample
    eta_recurrent: Any
    eta_echo: Any


@discretise.of(LocalSTDP)
def _(part: LocalSTDP, dt: float) -> LocalSTDPStep:
    """The bound in float32."""
    return LocalSTDPStep(
        np.float32(part.w_min), np.float64(part.eta), np.float32(part.eta_recurrent), np.float32(part.eta_echo)
    )


learning_rate.of(LocalSTDPStep)(own_rate)


unexplained.of(LocalSTDPStep)(follow_residual)  # of the residual that feedback leaves at the input


@law
def echoed(p: Any, w: Real, echo: Real) -> Real:
    """Feed-forward weight after the replay of a spike that the input receives with this strength."""


@echoed.of(LocalSTDPStep)
def _(p: LocalSTDPStep, w: Real, echo: Real) -> Real:
    """w <- w + eta_echo (echo - w): eq. (18) of Tavanaei et al. 2018, with the echo in place of a spike."""
    return w + p.eta_echo * (echo - w)


@law
def balanced(p: Any, omega: Real, v: Real) -> Real:
    """Recurrent weight after the replay of a spike that leaves the potential v at the neuron."""


@balanced.of(LocalSTDPStep)
def _(p: LocalSTDPStep, omega: Real, v: Real) -> Real:
    """omega <- omega + eta_recurrent v: excitation that inhibition does not cancel strengthens it.

    The form of the rule for recurrent weights of Brendel et al. 2020, without costs, at spikes without a stimulus.
    """
    return omega + p.eta_recurrent * v
