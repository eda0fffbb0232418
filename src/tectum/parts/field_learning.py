"""Learning from images inside receptive fields that waves have grown. The rules of this file are ours.

A grown field says where a unit may look. Several units share each field and compete for what they see there, as do the
units of a sheet in Raghavan, Lin & Thomson (2020) for the activity of the whole sheet below.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import Real, Whole, law
from tectum.core.ranges import Count, NonNegative, Positive, Share
from tectum.parts.steps import discretise
from tectum.parts.wave_learning import raised_threshold

ONE = np.float32(1.0)


class FieldHebb(NamedTuple):
    """Units that share a grown field compete for the patches in it; each image is seen by some fields only.

    Fields overlap, so fields that all learned from the same images would learn the same. Each learns from a random
    share of them, like synapses that fail.

    Examples
    --------
    >>> FieldHebb()
    FieldHebb(n_maps=8, eta=1.0, eta_c=0.01, share=0.05, contrast=0.1, edge=0.1)
    """

    n_maps: Count = 8  # units that share a field
    eta: NonNegative = 1.0  # share of a patch that its winner takes over; the first patch wholly in any case
    eta_c: NonNegative = 0.01  # growth of a winner's competition threshold, and what its competitors' lose together
    share: Share = 0.05  # of the images, from which a field learns
    contrast: Positive = 0.1  # standard deviation, of the largest input, below which a patch is faint
    edge: Share = 0.1  # of the largest weight of a grown field, below which a node is outside it


class FieldHebbStep(NamedTuple):
    """`FieldHebb` for one image."""

    eta: Any
    eta_c: Any
    share: Any
    faint: Any  # square of the contrast


@discretise.of(FieldHebb)
def _(part: FieldHebb, dt: float) -> FieldHebbStep:
    """Constants in float32; learning goes by images, whatever `dt`."""
    return FieldHebbStep(*(np.float32(x) for x in (part.eta, part.eta_c, part.share, part.contrast**2)))


@law
def contrast_gain(p: Any, variance: Real) -> Real:
    """Gain on the deviations of a patch from its mean."""


@contrast_gain.of(FieldHebbStep)
def _(p: FieldHebbStep, variance: Real) -> Real:
    """1 / sqrt(variance + contrast^2)."""
    return ONE / np.sqrt(variance + p.faint)


@law
def is_seen(p: Any, variance: Real) -> bool:
    """Whether there is anything in a patch to learn from."""


@is_seen.of(FieldHebbStep)
def _(p: FieldHebbStep, variance: Real) -> bool:
    """Variance >= contrast^2."""
    return variance >= p.faint


@law
def winner_rate(p: Any, wins: Whole) -> Real:
    """Share of a patch that its winner takes over, having won so many with it."""


@winner_rate.of(FieldHebbStep)
def _(p: FieldHebbStep, wins: Whole) -> Real:
    """max(1 / wins, eta): the mean of the first patches, then one that forgets."""
    return max(ONE / np.float32(wins), p.eta)


@law
def moved_weight(p: Any, w: Real, z: Real, rate: Real) -> Real:
    """Weight of a winner after a patch z, before its weights are scaled to length 1."""


@moved_weight.of(FieldHebbStep)
def _(p: FieldHebbStep, w: Real, z: Real, rate: Real) -> Real:
    """w + rate (z - w)."""
    return w + rate * (z - w)


@raised_threshold.of(FieldHebbStep)
def _(p: FieldHebbStep, c: Real, y: Real) -> Real:
    """c + eta_c y, where y is 1 - 1 / n_maps for the winner and -1 / n_maps for its competitors."""
    return c + p.eta_c * y
