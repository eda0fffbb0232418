"""What a hierarchy of maps is described with: maps, where their input comes from, and their inhibition."""

from typing import Annotated, Any, NamedTuple

from tectum.core.ranges import Count, Finite, Instance, NonNegative, Number, Positive, Share
from tectum.parts.conductance import ConductanceLIF
from tectum.parts.coupling import AdaptiveClock, Entrainment, PacingClock
from tectum.parts.feature_code import RandomProjection, Ranked
from tectum.parts.map_learning import NoveltyGate, SourceNorm, UseDependentRate


class Features(NamedTuple):
    """Source of a map: a range of the features of each frame, as spikes.

    Examples
    --------
    >>> Features(0, 0.5).stop  # the first half
    0.5
    """

    start: Number = 0  # first feature
    stop: int | None = None  # feature behind the last; None: to the end
    code: RandomProjection | Ranked = RandomProjection()  # which inputs fire, and in which order
    delay: int = 0  # frames; a delay line shows the map what was then
    share: Positive = 1.0  # of the drive of a neuron, relative to its other sources
    onset: NonNegative = 8.0  # ms from the pulses of the map's clock to the first spike
    delay_ms: NonNegative = 0.0  # ms by the time stamps of the frames, in place of frames: the last one so long ago


class Spikes(NamedTuple):
    """Source of a map: the spikes of another one, as they arrive.

    Examples
    --------
    >>> Spikes("lower")
    Spikes(of='lower', delay=2.0, share=1.0, k=3)
    """

    of: str = ""  # name of that map
    delay: Positive = 2.0  # ms, conduction
    share: Positive = 1.0  # of the drive of a neuron, relative to its other sources
    k: Count = 3  # spikes of it in a cycle that make up its share of the drive


class Winners(NamedTuple):
    """Source of a map: the winner of the previous frame, in itself or another map; Merge SOM (Strickert & Hammer 2005).

    Examples
    --------
    >>> Winners("top", share=0.3)
    Winners(of='top', k=8, keep=0.0, share=0.3, onset=8.0, t_enc=10.0, jitter=0.5)
    """

    of: str = ""  # name of that map
    k: Count = 8  # neurons that fire, at most: the winner first
    keep: Share = 0.0  # share that is left of what was there a frame earlier
    share: Positive = 0.4  # of the drive of a neuron, relative to its other sources
    onset: NonNegative = 8.0  # ms from the pulses of the map's clock to the first spike
    t_enc: Positive = 10.0  # ms from the first spike to the last
    jitter: NonNegative = 0.5  # ms, standard deviation of a spike's time


class MapInhibition(NamedTuple):
    """Inhibitory neurons of a map: recruited by its spikes, they close the cycle; a clock may pace them.

    Examples
    --------
    >>> MapInhibition().n
    16
    """

    n: Count = 16  # neurons
    neuron: Any = ConductanceLIF(tau_m=8.0, refractory=1.0, tau_inh=4.0, drive=8.0)
    excitation: NonNegative = 3.0  # conductance, map to inhibition: one spike of a winner is enough
    inhibition: NonNegative = 0.11  # conductance, inhibition to map
    mutual: NonNegative = 0.08  # conductance, inhibition to inhibition
    delay: NonNegative = 0.4  # ms, of these and of the lateral synapses


class Map(NamedTuple):
    """A map of a hierarchy; parts left at None are those of the hierarchy.

    Examples
    --------
    >>> from tectum.parts import Features
    >>> Map("scenes", (Features(),), shape=(8, 8)).name
    'scenes'
    """

    name: str = "map"
    sources: tuple[Any, ...] = (Features(),)  # of Features, Spikes and Winners
    shape: tuple[int, int] = (8, 8)  # rows and columns
    level: Number | None = None  # for the phase of its clock; None: above the maps before it whose spikes it receives
    phase: Finite | None = None  # ms, of the clock; None: by level
    clock: Annotated[Any, Instance((PacingClock, AdaptiveClock, Entrainment))] = None
    neuron: Any = None  # ConductanceLIF
    inhibition: Annotated[Any, Instance((MapInhibition,))] = None
    lateral: Any = None  # NearExcitation
    threshold: Any = None  # SpikeThreshold
    rule: Any = None  # ArrivalSTDP
    use: Annotated[Any, Instance((UseDependentRate,))] = None
    spread: Any = None  # PlasticitySpread
    gate: Annotated[Any, Instance((NoveltyGate,))] = None
    norm: Annotated[Any, Instance((SourceNorm,))] = None
    topology: str = "rectangular"  # a key of TOPOLOGIES: rectangular, hexagonal, toroidal or hexagonal-toroidal
