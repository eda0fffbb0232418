"""The oscillation of the input layer: one inhibitory neuron that ends each volley of spikes and paces the next.

The layer u excites the inhibitory neuron through a slow excitatory and, twice as strongly, through a fast inhibitory
synapse. Their sum is negative while the volley grows and positive when it ends: the neuron fires at its end (delayed
inhibition). The inhibition of all of u then decays with ``feedback.tau_f``, which sets the period.
"""

from typing import NamedTuple

from tectum.core.ranges import NonNegative
from tectum.parts.neurons import LIF
from tectum.parts.synapses import Synapse


class DelayedInhibition(NamedTuple):
    """Inhibitory neuron of Rumbell, Denham & Wennekers (2014) and its synapses; defaults of the specification.

    The weights from u are given for the whole layer and divided by its number of neurons, which keeps the period
    independent of the number of features and of receptive fields.

    Examples
    --------
    >>> DelayedInhibition().neuron
    LIF(tau_m=0.5, v_th=0.01, v_reset=-0.1)
    """

    neuron: LIF = LIF(tau_m=0.5, v_th=0.01, v_reset=-0.1)
    excitation: Synapse = Synapse(tau_r=0.4, tau_f=2.0)  # u -> inhibitory neuron
    inhibition: Synapse = Synapse(tau_r=0.2, tau_f=1.0)  # u -> inhibitory neuron
    feedback: Synapse = Synapse(tau_r=1.0, tau_f=5.0)  # inhibitory neuron -> u
    W_excitation: NonNegative = 2.08  # summed over u; 0.065 each for 32 neurons
    W_inhibition: NonNegative = 4.16  # summed over u; twice the excitation cancels its area: the delay
    W_feedback: NonNegative = 50.0  # to each neuron of u
