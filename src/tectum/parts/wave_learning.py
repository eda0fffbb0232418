"""Projections between sheets: competition, drive, Hebbian learning, and the schedule of growth.

Two rules of Raghavan, Lin & Thomson (2020) and its specification: the authors' own, in which the winners learn in
proportion to their excess, and one in which whatever fires in the wave of the upper sheet learns, so that neighbours
learn alike and a map forms.
"""

import math
from typing import Any, Literal, NamedTuple

import numpy as np

from tectum.core.law import Real, Whole, law
from tectum.core.ranges import NonNegative, Number, Positive, Share, TimeConstant
from tectum.parts.steps import discretise

ZERO = np.float32(0.0)
ONE = np.float32(1.0)


class KWinners(NamedTuple):
    """The units with the largest excess win, ranked by a power of it.

    Examples
    --------
    >>> KWinners()
    KWinners(k=1.0, power=4, normed=False, shuffled=False)
    """

    k: Positive = 1.0  # number of winners; below 1 their share of the units, at least 2
    power: Number = 4  # of the excess relative to the largest
    normed: bool = False  # compare x by the length of W
    shuffled: bool = False  # see as many nodes drawn at random in place of those that fire: a control without waves

    def number(self, n_units: int) -> int:
        """Winners among this many units."""
        chosen = max(2, round(self.k * n_units)) if self.k < 1.0 else round(self.k)
        return min(chosen, n_units)


class KWinnersStep(NamedTuple):
    """`KWinners` of one projection."""

    k: Any  # int64
    power: Any  # int64
    normed: Any  # bool


@law
def excess(p: Any, x: Real, c: Real) -> Real:
    """By how much the input of a unit exceeds its competition threshold."""


@excess.of(KWinnersStep)
def _(p: KWinnersStep, x: Real, c: Real) -> Real:
    """y = max(x - c, 0)."""
    return max(x - c, ZERO)


@law
def rank(p: Any, y: Real, highest: Real) -> Real:
    """Weight of a winner, from its excess and the largest."""


@rank.of(KWinnersStep)
def _(p: KWinnersStep, y: Real, highest: Real) -> Real:
    """(y / max y)^power."""
    share, ranked = y / highest, ONE
    for _ in range(p.power):
        ranked = ranked * share
    return ranked


class WinnerDrive(NamedTuple):
    """What winners do to the membranes around them, with the radii of the sheet's lateral profile.

    Examples
    --------
    >>> WinnerDrive()
    WinnerDrive(a_i=0.04, a_o=0.01, relative=False, density=None)
    """

    a_i: NonNegative = 0.04  # excitation below r_i, the winner included
    a_o: NonNegative = 0.01  # inhibition beyond r_o
    relative: bool = False  # by the rank of a winner alone, whatever its excess
    density: Positive | None = None  # nodes per unit area at which the strengths hold; None: at any

    def strengths(self, density: float) -> tuple[float, float]:
        """Excitation and inhibition on a sheet of this density."""
        scale = 1.0 if self.density is None else self.density / density
        return self.a_i * scale, self.a_o * scale


class WaveHebb(NamedTuple):
    """Hebbian learning of what fires together in one step.

    Examples
    --------
    >>> WaveHebb()
    WaveHebb(eta=0.1, eta_c=0.15, post='excess', fewest=0.0, rescue=0.2)
    """

    eta: NonNegative = 0.1  # learning rate, per ms
    eta_c: NonNegative = 0.15  # growth of the competition threshold with the excess, per ms
    post: Literal["excess", "spikes"] = "excess"  # what learns: winners by their excess, or units that fire
    fewest: NonNegative = 0.0  # wins below which a unit is rescued, looked at every 1,000 steps; 0: none is
    rescue: NonNegative = 0.2  # competition threshold of a rescued unit, over its largest input since the last look


class ExcessHebbStep(NamedTuple):
    """`WaveHebb` of the excess, for one step."""

    eta: Any
    eta_c: Any
    fewest: Any
    rescue: Any


class SpikeHebbStep(NamedTuple):
    """`WaveHebb` of spikes, for one step."""

    eta: Any
    eta_c: Any
    fewest: Any
    rescue: Any


@discretise.of(WaveHebb)
def _(part: WaveHebb, dt: float) -> ExcessHebbStep | SpikeHebbStep:
    """Rates of one step."""
    kind = ExcessHebbStep if part.post == "excess" else SpikeHebbStep
    return kind(
        eta=np.float32(part.eta * dt),
        eta_c=np.float32(part.eta_c * dt),
        fewest=np.float32(part.fewest),
        rescue=np.float32(part.rescue),
    )


@law
def growth(p: Any, y: Real, share: Real, fired: bool) -> Real:
    """Growth of a weight whose presynaptic neuron fires; y is the ranked excess of the unit, 0 if it did not win.

    `share` is what its neighbourhood leaves of the learning rate of a unit that fires, see `uptake`.
    """


@growth.of(ExcessHebbStep)
def _(p: ExcessHebbStep, y: Real, share: Real, fired: bool) -> Real:
    """dt eta y_j H_i."""
    return p.eta * y


@growth.of(SpikeHebbStep)
def _(p: SpikeHebbStep, y: Real, share: Real, fired: bool) -> Real:
    """dt eta share_j H_j H_i."""
    return p.eta * share if fired else ZERO


@law
def raised_threshold(p: Any, c: Real, y: Real) -> Real:
    """Competition threshold of a unit after a step."""


@raised_threshold.otherwise("eta_c")
def _(p: Any, c: Real, y: Real) -> Real:
    """c_j + dt eta_c y_j."""
    return c + p.eta_c * y


@law
def rescued_threshold(p: Any, c: Real, wins: Whole, highest: Real) -> Real:
    """Competition threshold of a unit that has won so often and had this largest input."""


@rescued_threshold.otherwise("fewest", "rescue")
def _(p: Any, c: Real, wins: Whole, highest: Real) -> Real:
    """A share of the largest input for those that hardly win (code of Raghavan & Thomson 2019)."""
    return p.rescue * highest if wins < p.fewest else c


class FixedNeighbourhood(NamedTuple):
    """The neighbourhood of all units is that of the lateral profile in the present phase.

    Examples
    --------
    >>> FixedNeighbourhood()
    FixedNeighbourhood()
    """


class FieldNeighbourhood(NamedTuple):
    """The neighbourhood of a unit on its own sheet follows the size of its receptive field.

    A unit that has not learned sees the whole sheet below, and takes most of its own sheet along when it wins. As its
    receptive field becomes compact its neighbourhood shrinks, and the number of winners with the mean of all: no
    schedule is needed. The share of the nodes that a field amounts to, (sum W)^2 / (n sum W^2), is in the unit's own
    weights.

    A unit that has not learned takes up whatever it fires with, which is what brings order. The smaller its
    neighbourhood, the more it keeps to what fits its own weights: else units between two groups that look at different
    places would be taken along by both, and look at both places for ever; and units that fire together would come to
    look at the same place. Ours.

    Examples
    --------
    >>> FieldNeighbourhood()
    FieldNeighbourhood(widest=0.9, tau=6000.0, fewest=5.0, share=0.0, tuned=0.6)
    """

    widest: Positive = 0.9  # radius of the neighbourhood of a unit that has not learned, over that of its sheet
    tau: TimeConstant = 6000.0  # ms, over which it follows the field
    fewest: NonNegative = 5.0  # nodes of the smallest neighbourhood, so that waves go on
    share: Share = 0.0  # least share of its learning rate at which a unit takes up what does not fit; 1: it takes all
    tuned: Positive = 0.6  # reach, over the radius of its sheet, below which a unit is tuned more sharply than by rank


class FieldStep(NamedTuple):
    """`FieldNeighbourhood` for the period between two looks."""

    widest: Any
    rate: Any  # 1 - exp(-period / tau)
    fewest: Any
    share: Any
    tuned: Any  # square of the reach


@discretise.of(FieldNeighbourhood)
def _(part: FieldNeighbourhood, dt: float) -> FieldStep:
    """Constants of a period dt."""
    rate = 1.0 - math.exp(-dt / part.tau)
    return FieldStep(*(np.float32(x) for x in (part.widest, rate, part.fewest, part.share, part.tuned**2)))


@law
def reach(p: Any, reach: Real, field: Real, n_units: Real) -> Real:
    """Radius of a unit's neighbourhood after a period, from the share of the nodes below that its field amounts to."""


@reach.of(FixedNeighbourhood)
def _(p: FixedNeighbourhood, reach: Real, field: Real, n_units: Real) -> Real:
    """R: nothing changes."""
    return reach


@reach.of(FieldStep)
def _(p: FieldStep, reach: Real, field: Real, n_units: Real) -> Real:
    """tau dR/dt = max(widest field, R of the fewest units) - R, solved over a period."""
    least = np.float32(math.sqrt(p.fewest / n_units))
    return reach + p.rate * (max(p.widest * field, least) - reach)


@law
def uptake(p: Any, reach: Real, fit: Real) -> Real:
    """Share of its learning rate at which a unit that fires learns.

    `fit` is the rank of its input among those of all units, winners or not: how well its weights fit what is active.
    """


@uptake.otherwise()
def _(p: Any, reach: Real, fit: Real) -> Real:
    """1."""
    return ONE


@uptake.of(FieldStep)
def _(p: FieldStep, reach: Real, fit: Real) -> Real:
    """s + (1 - s) fit_j^m, s = (R_j / R_widest)^2 from the least share to 1; m = (R_tuned / R_j)^2, whole, from 1.

    As -log(fit) grows with the square of the distance of what is active from the field, a unit is tuned as sharply on
    the sheet below as its neighbourhood is narrow on its own.
    """
    share = max(p.share, min((reach / p.widest) ** 2, ONE))
    sharpness, power, tuned = np.int64(max(ONE, p.tuned / (reach * reach))), fit, ONE
    while sharpness > 0:
        tuned *= power if sharpness % 2 == 1 else ONE
        power *= power
        sharpness //= 2
    return share + (ONE - share) * tuned


class WaveWeights(NamedTuple):
    """A projection before learning: all to all, or a single synapse from the node next to a unit.

    Examples
    --------
    >>> WaveWeights()
    WaveWeights(mean=2.5, spread=0.14, c=0.0, c_spread=0.0, single=False)
    """

    mean: Positive = 2.5  # of the weights of each unit
    spread: NonNegative = 0.14  # standard deviation of the weights
    c: NonNegative = 0.0  # mean of the competition thresholds
    c_spread: NonNegative = 0.0  # their standard deviation
    single: bool = False  # all weight of a unit is on the node at its own place, the cell that it has budded from, and
    # thresholds are in units of the input through such a synapse


class WavePhase(NamedTuple):
    """A stretch of growth; what is None stays as the parts of the network say. Activity starts anew with each phase.

    Examples
    --------
    >>> WavePhase()
    WavePhase(duration=5000.0, first_r_i=None, first_r_o=None, r_i=None, r_o=None, k=None, first_gain=1.0, margin=0.0, \
c=None, normed=None, share=None)
    """

    duration: Positive = 5000.0  # ms
    first_r_i: Positive | None = None  # radii of the first sheet
    first_r_o: Positive | None = None
    r_i: Positive | None = None  # radii of the other sheets
    r_o: Positive | None = None
    k: Positive | None = None  # winners, as in KWinners
    first_gain: Positive = 1.0  # on the strengths of the profile of the first sheet
    margin: NonNegative = 0.0  # width of a border around the first sheet on which waves go on
    c: NonNegative | None = None  # competition thresholds with which it begins
    normed: bool | None = None  # as in KWinners
    share: Share | None = None  # as in FieldNeighbourhood
