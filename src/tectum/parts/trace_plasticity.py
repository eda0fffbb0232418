"""Plasticity by the traces of spikes: x = exp(-lag / tau) since the last spike of a neuron in this presentation.

Two forms of the rule between the inputs and the neurons of Diehl & Cook (2015). They share the laws `potentiate` and
`depress` with `NearestNeighbourSTDP`, whose memory is the trace; of a neuron that has not fired it is 0.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import Real
from tectum.core.ranges import NonNegative, Share, TimeConstant, Weight
from tectum.parts.plasticity import depress, potentiate, silence_counts
from tectum.parts.steps import discretise
from tectum.parts.traces import fading

ZERO = np.float32(0.0)


class PostPreSTDP(NamedTuple):
    """A spike of the neuron adds the traces of its inputs, a spike of an input takes off those of the neurons.

    Examples
    --------
    >>> PostPreSTDP()
    PostPreSTDP(eta_plus=0.01, eta_minus=0.0001, tau_pre=20.0, tau_post=20.0, w_max=1.0)
    """

    eta_plus: NonNegative = 0.01  # learning rate at a spike of the neuron
    eta_minus: NonNegative = 1e-4  # learning rate at a spike of an input
    tau_pre: TimeConstant = 20.0  # ms, traces of the inputs
    tau_post: TimeConstant = 20.0  # ms, traces of the neurons
    w_max: Weight = 1.0  # upper bound of a weight; the lower bound is 0


class TargetSTDP(NamedTuple):
    """A spike of the neuron moves the weights by how far the traces of its inputs are above a target.

    Examples
    --------
    >>> TargetSTDP()
    TargetSTDP(eta_plus=0.01, tau_pre=20.0, x_target=0.1, w_max=1.0)
    """

    eta_plus: NonNegative = 0.01  # learning rate
    tau_pre: TimeConstant = 20.0  # ms, traces of the inputs
    x_target: Share = 0.1  # trace at which a spike changes nothing
    w_max: Weight = 1.0  # upper bound of a weight; the lower bound is 0


class PostPreStep(NamedTuple):
    """`PostPreSTDP` for steps of fixed length."""

    eta_plus: Any
    eta_minus: Any
    w_max: Any
    memory_plus: Any  # (n_lags,) float32 traces of the inputs by lag in steps
    memory_minus: Any  # (n_lags,) float32 the same of the neurons


class TargetStep(NamedTuple):
    """`TargetSTDP` for steps of fixed length."""

    eta_plus: Any
    x_target: Any
    w_max: Any
    memory_plus: Any  # (n_lags,) float32 as in `PostPreStep`


@discretise.of(PostPreSTDP)
def _(part: PostPreSTDP, dt: float) -> PostPreStep:
    """Constants and tables in float32."""
    return PostPreStep(
        eta_plus=np.float32(part.eta_plus),
        eta_minus=np.float32(part.eta_minus),
        w_max=np.float32(part.w_max),
        memory_plus=fading(part.tau_pre, dt),
        memory_minus=fading(part.tau_post, dt),
    )


@discretise.of(TargetSTDP)
def _(part: TargetSTDP, dt: float) -> TargetStep:
    """Constants and table in float32."""
    return TargetStep(
        eta_plus=np.float32(part.eta_plus),
        x_target=np.float32(part.x_target),
        w_max=np.float32(part.w_max),
        memory_plus=fading(part.tau_pre, dt),
    )


@potentiate.of(PostPreStep)
def _(p: PostPreStep, w: Real, x: Real) -> Real:
    """w <- min(w + eta_plus x_pre, w_max); the rule `PostPre` of BindsNET.

    The authors' published code has a triplet rule, with the slow trace of the neuron as a further factor.
    """
    return min(w + p.eta_plus * x, p.w_max)


@depress.of(PostPreStep)
def _(p: PostPreStep, w: Real, x: Real) -> Real:
    """w <- max(w - eta_minus x_post, 0); as in BindsNET and in the authors' published code."""
    return max(w - p.eta_minus * x, ZERO)


@potentiate.of(TargetStep)
def _(p: TargetStep, w: Real, x: Real) -> Real:
    """w <- w + eta (x_pre - x_tar) (w_max - w); the rule of Diehl & Cook 2015 with mu = 1. Ours: not below 0."""
    return max(w + p.eta_plus * (x - p.x_target) * (p.w_max - w), ZERO)


@silence_counts.of(TargetStep)
def _(p: TargetStep) -> bool:
    """Yes, they lose."""
    return True
