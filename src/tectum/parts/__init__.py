"""The equations and the parameters of the models, each a small part that can be exchanged."""

from tectum.parts.adaptive_threshold import AdaptiveLIF, LateralInhibition
from tectum.parts.cell_division import CellDivision
from tectum.parts.conductance import ConductanceLIF, SpikeThreshold
from tectum.parts.coupling import AdaptiveClock, Entrainment, PacingClock
from tectum.parts.current_neuron import CurrentLIF
from tectum.parts.device_weights import CoarseResidualSTDP, CoarseWeights
from tectum.parts.encoding import CircularGaussian
from tectum.parts.event_input import EventPatches
from tectum.parts.event_plasticity import EventSTDP, ResidualSTDP, TimeIntegratedSTDP, TraceSTDP
from tectum.parts.feature_code import RandomProjection, Ranked
from tectum.parts.field_learning import FieldHebb
from tectum.parts.growth import GrowingGrid, MovingGrid
from tectum.parts.hierarchy import Features, Map, MapInhibition, Spikes, Winners
from tectum.parts.input_spikes import BernoulliSpikes, RegularSpikes
from tectum.parts.latency import LatencyNeuron, LatencyPopulation, LatencyRace, LatencySTDP
from tectum.parts.lateral import (
    ConstantRadius,
    DecayingRadius,
    DifferenceOfGaussians,
    NearExcitation,
    PlasticitySpread,
)
from tectum.parts.local_inhibition import LocalInhibition, LocalSTDP
from tectum.parts.map_learning import ArrivalSTDP, NoveltyGate, SourceNorm, UseDependentRate
from tectum.parts.network import (
    All,
    ByDistance,
    Currents,
    Latencies,
    Learned,
    OneToOne,
    Population,
    Projection,
    Rates,
    Sparse,
    Trains,
)
from tectum.parts.neurons import LIF
from tectum.parts.norms import LengthNorm, MeanNorm, RangeNorm
from tectum.parts.oscillation import DelayedInhibition
from tectum.parts.plasticity import NearestNeighbourSTDP
from tectum.parts.poisson import MoreInput, PoissonSpikes
from tectum.parts.protocol import Protocol
from tectum.parts.readout import Centroid, FirstSpike
from tectum.parts.representation import AdaptiveThreshold, EvidenceNeuron, ExplainingAway, SoftmaxInhibition
from tectum.parts.sailnet import DecorrelatingInhibition, DecorrelatingSTDP
from tectum.parts.sheets import Sheet
from tectum.parts.spike_counts import SpikeCounts
from tectum.parts.start import (
    DecayingRate,
    MeanWeights,
    PlaneStart,
    RandomStart,
    SampleStart,
    SampleWeights,
    UniformWeights,
)
from tectum.parts.synapses import PlasticProjection, Synapse
from tectum.parts.teaching import SupervisedSTDP
from tectum.parts.topology import Grid, HexagonalGrid, HexagonalTorus, ToroidalGrid
from tectum.parts.trace_plasticity import PostPreSTDP, TargetSTDP
from tectum.parts.wave_learning import (
    FieldNeighbourhood,
    FixedNeighbourhood,
    KWinners,
    WaveHebb,
    WavePhase,
    WaveWeights,
    WinnerDrive,
)
from tectum.parts.waves import DynamicThresholdLIF, Izhikevich, RingKernel
from tectum.parts.wiring import DirectWiring, RandomMixtures

__all__ = [
    "LIF",
    "AdaptiveClock",
    "AdaptiveLIF",
    "AdaptiveThreshold",
    "All",
    "ArrivalSTDP",
    "BernoulliSpikes",
    "ByDistance",
    "CellDivision",
    "Centroid",
    "CircularGaussian",
    "CoarseResidualSTDP",
    "CoarseWeights",
    "ConductanceLIF",
    "ConstantRadius",
    "CurrentLIF",
    "Currents",
    "DecayingRadius",
    "DecayingRate",
    "DecorrelatingInhibition",
    "DecorrelatingSTDP",
    "DelayedInhibition",
    "DifferenceOfGaussians",
    "DirectWiring",
    "DynamicThresholdLIF",
    "Entrainment",
    "EventPatches",
    "EventSTDP",
    "EvidenceNeuron",
    "ExplainingAway",
    "Features",
    "FieldHebb",
    "FieldNeighbourhood",
    "FirstSpike",
    "FixedNeighbourhood",
    "Grid",
    "GrowingGrid",
    "HexagonalGrid",
    "HexagonalTorus",
    "Izhikevich",
    "KWinners",
    "Latencies",
    "LatencyNeuron",
    "LatencyPopulation",
    "LatencyRace",
    "LatencySTDP",
    "LateralInhibition",
    "Learned",
    "LengthNorm",
    "LocalInhibition",
    "LocalSTDP",
    "Map",
    "MapInhibition",
    "MeanNorm",
    "MeanWeights",
    "MoreInput",
    "MovingGrid",
    "NearExcitation",
    "NearestNeighbourSTDP",
    "NoveltyGate",
    "OneToOne",
    "PacingClock",
    "PlaneStart",
    "PlasticProjection",
    "PlasticitySpread",
    "PoissonSpikes",
    "Population",
    "PostPreSTDP",
    "Projection",
    "Protocol",
    "RandomMixtures",
    "RandomProjection",
    "RandomStart",
    "RangeNorm",
    "Ranked",
    "Rates",
    "RegularSpikes",
    "ResidualSTDP",
    "RingKernel",
    "SampleStart",
    "SampleWeights",
    "Sheet",
    "SoftmaxInhibition",
    "SourceNorm",
    "Sparse",
    "SpikeCounts",
    "SpikeThreshold",
    "Spikes",
    "SupervisedSTDP",
    "Synapse",
    "TargetSTDP",
    "TimeIntegratedSTDP",
    "ToroidalGrid",
    "TraceSTDP",
    "Trains",
    "UniformWeights",
    "UseDependentRate",
    "WaveHebb",
    "WavePhase",
    "WaveWeights",
    "WinnerDrive",
    "Winners",
]
