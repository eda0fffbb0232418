"""What a network of one's own is described with: populations, the projections between them, and their inputs."""

from typing import Any, NamedTuple

from tectum.core.ranges import Count, Finite, NonNegative, Number, Positive, Share
from tectum.parts.conductance import ConductanceLIF
from tectum.parts.coupling import PacingClock
from tectum.parts.lateral import NearExcitation
from tectum.parts.map_learning import UseDependentRate


class Population(NamedTuple):
    """Neurons of one kind, and what their learned synapses learn with.

    Examples
    --------
    >>> from tectum.parts import LIF
    >>> Population("E", 80, LIF(tau_m=10.0)).n
    80
    """

    name: str = "neurons"
    n: Count = 100  # neurons
    neuron: Any = ConductanceLIF()  # any part that fulfils the contract of a neuron
    rule: Any = None  # of the synapses onto these neurons that are `Learned`; None: they stay as they are
    norm: Any = None  # what is kept constant of the weights of a neuron that has fired, at the end of a presentation
    threshold: Any = None  # SpikeThreshold; None: the neuron's own adaptation
    inhibition: Any = None  # LateralInhibition: a spike inhibits all others at once, and one neuron fires in a step
    use: UseDependentRate = UseDependentRate(n_0=float("inf"), forget=0.0)  # how learning slows down with use
    clock: PacingClock | None = None  # its pulses excite the neurons
    phase: NonNegative = 0.0  # ms, of the clock
    shape: tuple[int, int] | None = None  # rows and columns on which they stand, for `ByDistance`; None: one row


class All(NamedTuple):
    """Wiring: every neuron to every other, with one weight.

    Examples
    --------
    >>> All(0.3)
    All(weight=0.3)
    """

    weight: Finite = 0.1


class OneToOne(NamedTuple):
    """Wiring: each neuron to the one with the same number.

    Examples
    --------
    >>> OneToOne(1.0)
    OneToOne(weight=1.0)
    """

    weight: Finite = 1.0


class Sparse(NamedTuple):
    """Wiring: a random share of all pairs.

    Examples
    --------
    >>> Sparse(2.0, density=0.3)
    Sparse(weight=2.0, density=0.3)
    """

    weight: Finite = 0.1
    density: Share = 0.1  # share of the pairs that are wired


class ByDistance(NamedTuple):
    """Wiring: by the distance of two neurons, both populations stretched over the same square.

    Examples
    --------
    >>> ByDistance()
    ByDistance(profile=NearExcitation(W=1.0, radius=0.7), radius=None)
    """

    profile: Any = NearExcitation()  # any part that fulfils the contract of a lateral profile
    radius: Positive | None = None  # of the profile, in grid units of the source; None: its field `radius`


class Learned(NamedTuple):
    """Wiring: every neuron to every other, with weights that the rule of the target changes.

    Examples
    --------
    >>> Learned()
    Learned(low=0.0, high=0.1, mean=None, gain=1.0)
    """

    low: NonNegative = 0.0  # initial weights are uniform between low and high ...
    high: NonNegative = 0.1
    mean: Positive | None = None  # ... or, if given, uniform with this mean for each neuron
    gain: Positive | None = 1.0  # conductance, or mV, of a spike through a weight of 1; None: 784 over the inputs


class Projection(NamedTuple):
    """Synapses from a population or an input to a population.

    Examples
    --------
    >>> from tectum.parts import All
    >>> Projection("E", "I", All(0.3), delay=1.5).delay
    1.5
    """

    source: str = "input"  # name of a population or an input
    target: str = "neurons"  # name of a population
    wiring: Any = Learned()  # All, OneToOne, Sparse, ByDistance or Learned
    delay: NonNegative = 1.0  # ms; between populations a step at least; from inputs within a presentation
    inhibitory: bool = False  # acts on the inhibitory conductance


class Rates(NamedTuple):
    """Input: features as rates of Poisson spike trains.

    Examples
    --------
    >>> Rates()
    Rates(name='input', rate=63.75, start=0, stop=None)
    """

    name: str = "input"
    rate: Positive = 63.75  # spikes/s at the largest value
    start: Number = 0  # first feature
    stop: Number | None = None  # one past the last; None: to the end


class Latencies(NamedTuple):
    """Input: features as times of single spikes, the largest value first; the smallest does not fire.

    Examples
    --------
    >>> Latencies()
    Latencies(name='input', earliest=1.0, latest=20.0, start=0, stop=None)
    """

    name: str = "input"
    earliest: NonNegative = 1.0  # ms, of the largest value
    latest: Positive = 20.0  # ms, of values just above the smallest
    start: Number = 0  # first feature
    stop: Number | None = None  # one past the last; None: to the end


class Currents(NamedTuple):
    """Input: features as constant currents into the neurons of a population, one each.

    Examples
    --------
    >>> Currents()
    Currents(name='input', target='neurons', gain=20.0, start=0, stop=None)
    """

    name: str = "input"
    target: str = "neurons"  # name of the population, with as many neurons as features
    gain: Finite = 20.0  # mV, or units of current of the neuron, at the largest value
    start: Number = 0  # first feature
    stop: Number | None = None  # one past the last; None: to the end


class Trains(NamedTuple):
    """Input: spikes at given times, passed as `spikes`.

    Examples
    --------
    >>> Trains()
    Trains(name='input', n=100)
    """

    name: str = "input"
    n: Count = 100  # neurons
