"""What is kept constant of the weights of a neuron: their mean, their range, or their length."""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import Real, law
from tectum.core.ranges import NonNegative, Positive, Share
from tectum.parts.steps import discretise

ZERO = np.float32(0.0)
ONE = np.float32(1.0)


class MeanNorm(NamedTuple):
    """Weights of a unit that learns are scaled to a mean.

    Examples
    --------
    >>> MeanNorm()
    MeanNorm(mean=2.5, trim=0.0)
    """

    mean: Positive = 2.5
    trim: NonNegative = (
        0.0  # share of its growth, or multiple, that is taken from all weights of a unit alike, down to 0
    )


class RangeNorm(NamedTuple):
    """Weights of a unit that learns are scaled to a range.

    Examples
    --------
    >>> RangeNorm()
    RangeNorm(span=10.0)
    """

    span: Positive = 10.0


@law
def needs_range(p: Any) -> bool:
    """Whether a normaliser needs the smallest and largest weight of a unit."""


@needs_range.otherwise()
def _(p: Any) -> bool:
    """No."""
    return False


@law
def norm_factor(p: Any, mean: Real, span: Real) -> Real:
    """Factor on the weights of a unit with this mean and range."""


@law
def trim(p: Any, mean: Real, growth: Real) -> Real:
    """What is taken from each weight of a unit whose mean has grown so much, relative to it; none falls below 0."""


@trim.otherwise()
def _(p: Any, mean: Real, growth: Real) -> Real:
    """Nothing."""
    return ZERO


@trim.of(MeanNorm)
def _(p: MeanNorm, mean: Real, growth: Real) -> Real:
    """Subtractive beside multiplicative constraint: Miller & MacKay (1994), Neural Computation 6:100, eq. 2 and 5."""
    return np.float32(p.trim) * mean * growth


@norm_factor.of(MeanNorm)
def _(p: MeanNorm, mean: Real, span: Real) -> Real:
    """mu / mean_i(W_ji)."""
    return np.float32(p.mean) / mean


@needs_range.of(RangeNorm)
def _(p: RangeNorm) -> bool:
    """Yes."""
    return True


@norm_factor.of(RangeNorm)
def _(p: RangeNorm, mean: Real, span: Real) -> Real:
    """10 / (max W - min W)."""
    return np.float32(p.span) / span if span > ZERO else ONE


class LengthNorm(NamedTuple):
    """Weights of a neuron move towards a length.

    Examples
    --------
    >>> LengthNorm()
    LengthNorm(length=1.0, pace=1.0)
    """

    length: Positive = 1.0  # of the vector of weights
    pace: Share = 1.0  # share of the way; 1 is all of it


class LengthStep(NamedTuple):
    """`LengthNorm` in float32."""

    length: Any
    pace: Any


@discretise.of(LengthNorm)
def _(part: LengthNorm, dt: float) -> LengthStep:
    """Independent of `dt`, as weights are scaled once in a frame."""
    return LengthStep(np.float32(part.length), np.float32(part.pace))


@law
def length_factor(p: Any, square: Real) -> Real:
    """Factor on weights whose squares have this sum."""


@length_factor.otherwise()
def _(p: Any, square: Real) -> Real:
    """1 / |w|, so that their length is 1; 0 for weights of 0."""
    length = np.sqrt(square)
    return ONE / length if length > ZERO else ZERO


@length_factor.of(LengthStep)
def _(p: LengthStep, square: Real) -> Real:
    """1 + pace (length / |w| - 1); 1 for weights of 0."""
    return ONE + p.pace * (p.length / np.sqrt(square) - ONE) if square > ZERO else ONE


@law
def weight_factor(p: Any, mean: Real, square: Real) -> Real:
    """Factor on weights with this mean and this sum of squares, at the end of a frame."""


@weight_factor.otherwise_by_type()
def _(parameters: type) -> Any:
    """`norm_factor` of the mean if the norm has an equation for it, else `length_factor`."""

    def by_mean(p: Any, mean: Real, square: Real) -> Real:
        return norm_factor(p, mean, ZERO) if mean > ZERO else ONE

    def by_length(p: Any, mean: Real, square: Real) -> Real:
        return length_factor(p, square)

    return by_mean if norm_factor.is_of(parameters) else by_length
