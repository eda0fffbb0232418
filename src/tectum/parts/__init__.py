"""The equations and the parameters of the models, each a small part that can be exchanged."""

from tectum.parts.encoding import CircularGaussian
from tectum.parts.lateral import ConstantRadius, DecayingRadius, DifferenceOfGaussians
from tectum.parts.neurons import LIF
from tectum.parts.oscillation import DelayedInhibition
from tectum.parts.plasticity import NearestNeighbourSTDP
from tectum.parts.protocol import Protocol
from tectum.parts.readout import Centroid, FirstSpike
from tectum.parts.synapses import PlasticProjection, Synapse
from tectum.parts.topology import Grid

__all__ = [
    "LIF",
    "Centroid",
    "CircularGaussian",
    "ConstantRadius",
    "DecayingRadius",
    "DelayedInhibition",
    "DifferenceOfGaussians",
    "FirstSpike",
    "Grid",
    "NearestNeighbourSTDP",
    "PlasticProjection",
    "Protocol",
    "Synapse",
]
