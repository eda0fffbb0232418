"""What weights are before learning, and how the learning rate of a dictionary falls."""

from typing import Annotated, NamedTuple

from tectum.core.ranges import Below, NonNegative, Positive, PositiveShare, Share


class RandomStart(NamedTuple):
    """Weights of a map uniform between the bounds of its projection, as published: the map orders itself.

    Examples
    --------
    >>> RandomStart()
    RandomStart()
    """


class PlaneStart(NamedTuple):
    """Neurons of a map spread over the plane of the first two principal components of the samples.

    The longer side of the map lies along the first; where both have the same variance, up to chance, the sides are
    turned within the plane to fit the samples, as those of a map of a square. Each neuron is tuned to its point as STDP
    would tune it: with strong weights from the inputs that fire first for it. With graded initial weights, a few
    neurons that have learned would win everything, and the order of the plane would be lost.

    Examples
    --------
    >>> PlaneStart()
    PlaneStart(span=1.5, jitter=0.05, share=0.24)
    """

    span: Positive = 1.5  # standard deviations of both components to either side of the mean
    jitter: Share = 0.05  # half width of the uniform noise of a weight, as a share of it
    share: PositiveShare = 0.24  # of the inputs, the first to fire, whose weights begin near their bound


class SampleStart(NamedTuple):
    """Each neuron of a map is tuned to a sample drawn at random, as by `PlaneStart`.

    Examples
    --------
    >>> SampleStart()
    SampleStart(jitter=0.05, share=0.24)
    """

    jitter: Share = 0.05  # half width of the uniform noise of a weight, as a share of it
    share: PositiveShare = 0.24  # of the inputs, the first to fire, whose weights begin near their bound


class UniformWeights(NamedTuple):
    """Independent of the data.

    Examples
    --------
    >>> UniformWeights()
    UniformWeights(low=0.025, high=0.8)
    """

    low: Annotated[Share, Below("high")] = 0.025  # bounds of the uniform distribution
    high: Share = 0.8


class MeanWeights(NamedTuple):
    """The mean sample with uniform noise; no weight begins below 0.01.

    Examples
    --------
    >>> MeanWeights()
    MeanWeights(spread=0.2)
    """

    spread: NonNegative = 0.2  # half width of the noise


class SampleWeights(NamedTuple):
    """Samples drawn at random, moved towards the mean sample, with noise.

    Examples
    --------
    >>> SampleWeights()
    SampleWeights(share=1.0, noise=0.05)
    """

    share: Share = 1.0  # share of the way from the mean sample to the drawn one
    noise: NonNegative = 0.05  # half width of the uniform noise, as a share of the largest input


class DecayingRate(NamedTuple):
    """The learning rate is held, then falls linearly over the presentations that are planned.

    Examples
    --------
    >>> DecayingRate()
    DecayingRate(hold=0.333, end=0.02)
    """

    hold: Share = 0.333  # share of the presentations before it falls
    end: Positive = 0.02  # its last value, as a share of the first

    def factor(self, progress: float) -> float:
        """Share of the first learning rate when `progress` (0 to 1) of the presentations are done."""
        return max(self.end, 1.0 - max(0.0, progress - self.hold) / max(1e-9, 1.0 - self.hold))
