"""Images as spikes: how nodes fire for pixels, and how they drive the sheets above. The rules of this file are ours."""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.law import Real, law
from tectum.core.ranges import NonNegative, Positive
from tectum.parts.steps import discretise

ZERO = np.float32(0.0)


class SpikeCounts(NamedTuple):
    """Nodes fire at random for their pixel; units above count as often as what they pool exceeds that of the others.

    Examples
    --------
    >>> SpikeCounts()
    SpikeCounts(duration=10.0, rate=1.0, gain=0.2)
    """

    duration: Positive = 10.0  # ms for which an image is shown
    rate: NonNegative = 1.0  # spikes per ms of a node at the largest input
    gain: Positive = 0.2  # drive of a unit, per weight of a node that fires


class SpikeCountsStep(NamedTuple):
    """`SpikeCounts` for one step."""

    n_steps: Any  # int64
    chance: Any  # rate dt
    gain: Any


@discretise.of(SpikeCounts)
def _(part: SpikeCounts, dt: float) -> SpikeCountsStep:
    """Constants in float32; one step at least."""
    return SpikeCountsStep(
        np.int64(max(1, round(part.duration / dt))), np.float32(part.rate * dt), np.float32(part.gain)
    )


@law
def spike_chance(p: Any, value: Real) -> Real:
    """Probability that a node fires in a step, from its value as a share of the largest input."""


@spike_chance.of(SpikeCountsStep)
def _(p: SpikeCountsStep, value: Real) -> Real:
    """value rate dt: Bernoulli spikes."""
    return value * p.chance


@law
def relative_drive(p: Any, x: Real, mean: Real) -> Real:
    """Drive of a unit with input x among units whose inputs have this mean."""


@relative_drive.of(SpikeCountsStep)
def _(p: SpikeCountsStep, x: Real, mean: Real) -> Real:
    """gain max(x - mean, 0)."""
    return p.gain * max(x - mean, ZERO)
