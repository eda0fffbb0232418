"""Lateral profiles: the weight between two neurons of a map as a function of their distance on the grid.

Equation (6) of Rumbell, Denham & Wennekers (2014), a difference of Gaussians, and equation (7), its radius.
"""

import math
import sys
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tectum.core.law import Real, law
from tectum.core.ranges import Count, Finite, NonNegative, NonNegativeOrInfinite, Positive
from tectum.parts.topology import Grid


class DifferenceOfGaussians(NamedTuple):
    """Excitation near, inhibition around; defaults are those of the specification (peak-normalised, signed).

    Examples
    --------
    >>> DifferenceOfGaussians()
    DifferenceOfGaussians(W=0.15, a=3.0, b=3.0, growth=0.0, reference=8.0)
    """

    W: Finite = 0.15  # weight at distance 0 for a radius of `reference`
    a: NonNegative = 3.0  # gain of the inhibitory Gaussian; the excitatory one has gain 1 + a
    b: NonNegativeOrInfinite = 3.0  # width of the inhibitory Gaussian in units of the radius
    growth: Finite = 0.0  # the profile is scaled by (reference / radius)^growth; 2 keeps its area constant
    reference: Positive = 8.0  # radius at which the scale is 1


class NearExcitation(NamedTuple):
    """Excitation of the nearest neurons, a Gaussian cut off at three radii; inhibition comes from elsewhere.

    Examples
    --------
    >>> NearExcitation()
    NearExcitation(W=1.0, radius=0.7)
    """

    W: Finite = 1.0  # conductance at distance 0
    radius: Positive = 0.7  # grid units


class PlasticitySpread(NamedTuple):
    """Neurons around the first one to fire in a cycle learn with it: a messenger that diffuses (Kohonen 1993).

    Those that fire later in the cycle do not learn on their own: if they did, neurons around them would learn, fire
    with them in the next frame, and so on until all neurons learn the same. A neighbour learns as fast as its own use
    allows, and what it learns counts as use, by its share.

    Examples
    --------
    >>> PlasticitySpread()
    PlasticitySpread(W=1.0, radius=1.0)
    """

    W: Finite = 1.0  # share of its learning rate with which a neuron at distance 0 learns; 0: each learns alone
    radius: Positive = 1.0  # grid units, cut off at three radii; with the defaults the nearest learn 0.61 times as fast


class ConstantRadius(NamedTuple):
    """A radius that never changes.

    Examples
    --------
    >>> ConstantRadius()
    ConstantRadius(radius=3.0)
    """

    radius: Positive = 3.0  # grid units


class DecayingRadius(NamedTuple):
    """A radius that falls from `start` to `end` and has lost half of the (squared) way at `half` of the training.

    Examples
    --------
    >>> DecayingRadius()
    DecayingRadius(start=8.0, end=1.5, half=0.6, n=2.0, updates=20)
    """

    start: Positive = 8.0  # grid units
    end: Positive = 1.5  # grid units
    half: Positive = 0.6  # share of the training
    n: Positive = 2.0  # steepness
    updates: Count = 20  # number of times the lateral weights are rewritten during the training


@law
def lateral_weight(p: Any, d: Real, X: Real) -> Real:
    """Weight of the synapse between two neurons at grid distance d for a radius X."""


@lateral_weight.of(DifferenceOfGaussians)
def _(p: DifferenceOfGaussians, d: Real, X: Real) -> Real:
    """W (reference/X)^growth [(1+a) exp(-d^2/2X^2) - a exp(-d^2/2(bX)^2)]; Rumbell et al. 2014, eq. (6).

    Signed, where the only known code adds the two Gaussians. That code normalises their area, so that their height
    goes with 1/X^2: growth = 2. An infinite b makes the inhibition uniform.
    """
    scale = p.W * (p.reference / X) ** p.growth
    near = math.exp(-(d * d) / (2.0 * X * X))
    around = math.exp(-(d * d) / (2.0 * (p.b * X) ** 2))
    return scale * ((1.0 + p.a) * near - p.a * around)


@lateral_weight.of(NearExcitation)
@lateral_weight.of(PlasticitySpread)
def _(p: NearExcitation | PlasticitySpread, d: Real, X: Real) -> Real:
    """W exp(-d^2/2X^2) up to 3 X, beyond it 0: the neighbourhood function of Kohonen's map."""
    return p.W * math.exp(-(d * d) / (2.0 * X * X)) if d <= 3.0 * X else 0.0


@law
def radius(p: Any, progress: Real) -> Real:
    """Radius of the lateral profile at the given share of the training (0 at the start, 1 at the end)."""


@radius.of(ConstantRadius)
def _(p: ConstantRadius, progress: Real) -> Real:
    """X(t) = X, no schedule (continuous learning)."""
    return p.radius


@radius.of(DecayingRadius)
def _(p: DecayingRadius, progress: Real) -> Real:
    """X(t) = X - (X - X') / (1 + (sqrt2 - 1) (T/t)^(2n)); Rumbell et al. 2014, eq. (7), with T/t = half/progress.

    Rewritten `updates` times, with the value at the start of each stretch; the training over, X stays.
    """
    stretch = math.floor(progress * p.updates + 1e-9)  # rounding must not delay a change
    t = min(stretch, p.updates - 1) / p.updates
    if t <= 0.0:
        return p.start
    return p.start - (p.start - p.end) / (1.0 + (math.sqrt(2.0) - 1.0) * (p.half / t) ** (2.0 * p.n))


def until_change(p: Any, seen: int, planned: int) -> int:
    """Presentations until the radius may change, after `seen` of those planned."""
    if not isinstance(p, DecayingRadius):
        return sys.maxsize
    stretch = seen * p.updates // planned
    return -(-(stretch + 1) * planned // p.updates) - seen  # rounded up


def near_weights(profile: Any, grid: Grid) -> csr_array:
    """Lateral weights (n_neurons, n_neurons) of an excitatory profile, as sparse rows without self-connections.

    The profile is asked for the radius in its field `radius`, for 1 grid unit without one.

    Raises
    ------
    ValueError
        If the profile is below 0 at a distance that occurs.
    """
    X = getattr(profile, "radius", 1.0)
    reach = math.inf
    if isinstance(profile, NearExcitation | PlasticitySpread):  # these end
        reach = 3.0 * profile.radius
    row, column = np.divmod(np.arange(grid.n_neurons), grid.columns)
    entries = []
    for down, right, odd in product(*(_offsets(n, grid.wraps, reach) for n in grid), range(1 + grid.hexagonal)):
        d = math.sqrt(grid.squared(down, right, odd))
        weight = lateral_weight(profile, d, X)
        if weight < 0.0:
            raise ValueError(
                f"{type(profile).__name__} must not be below 0 at any distance, got {weight:.3g} at {d:.3g}; "
                "inhibition of a map comes from its inhibitory neurons"
            )
        if weight > 0.0 and d > 0.0:
            to_row, to_column = row + down, column + right
            if grid.wraps:
                to_row, to_column = to_row % grid.rows, to_column % grid.columns
            there = (to_row >= 0) & (to_row < grid.rows) & (to_column >= 0) & (to_column < grid.columns)
            source = np.flatnonzero(there & ((row % 2 == odd) | (not grid.hexagonal)))
            target = (to_row * grid.columns + to_column)[source]
            entries.append((source, target, np.full(len(source), weight, np.float32)))
    shape = (grid.n_neurons, grid.n_neurons)
    if not entries:
        return csr_array(shape, dtype=np.float32)
    source, target, weight = (np.concatenate(part) for part in zip(*entries, strict=True))
    return csr_array((weight, (source, target)), shape=shape)


def _offsets(n: int, wraps: bool, reach: float) -> range:
    """Rows or columns, of n, that a neuron within reach can be away; on a torus each is met once."""
    far = n - 1 if math.isinf(reach) else min(math.floor(reach / math.sqrt(0.75)), n - 1)
    return range(-min(far, (n - 1) // 2), min(far, n // 2) + 1) if wraps else range(-far, far + 1)


def lateral_table(profile: NamedTuple, grid: Grid, X: float) -> NDArray[np.float32]:
    """Lateral weights by the offset of the target, without self-connections, at radius X in grid units.

    Entry (i, k) of the (2 rows - 1, 2 columns - 1) is the weight of the synapse onto the neuron that lies ``i - (rows -
    1)`` rows and ``k - (columns - 1)`` columns away. On a hexagonal grid a second table below is that of odd rows.
    """
    down, right = (np.arange(1 - n, n) for n in grid)
    tables = [grid.squared(down[:, None], right, odd) for odd in range(1 + grid.hexagonal)]
    squared, where = np.unique(np.concatenate(tables), return_inverse=True)
    weights = np.array([lateral_weight(profile, math.sqrt(s), X) for s in squared.tolist()], np.float32)
    weights[0] = 0.0
    return weights[where].reshape(-1, len(right))
