"""What a response costs: spikes, synaptic events and neuron updates of a network, beside a dense product.

Counts are of a network as hardware would run it, one event per synapse that a spike passes and one update per neuron
and time step. They say nothing of how long the simulation takes.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Operations(NamedTuple):
    """Operations per sample."""

    input_spikes: float  # spikes that enter the network
    spikes: float  # spikes of its neurons
    synaptic_events: float  # synapses that these spikes pass, each an addition; of a dense code its multiplications
    neuron_updates: float  # neurons times time steps

    def energy(self, *, pj_per_event: float, pj_per_update: float) -> float:
        """Energy per sample for a stated cost of each operation; there is no default, as chips differ by decades.

        Parameters
        ----------
        pj_per_event : float
            Picojoule per synaptic event.
        pj_per_update : float
            Picojoule per update of a neuron.

        Returns
        -------
        float
            Nanojoule.

        Raises
        ------
        ValueError
            If a cost is negative or not finite.

        Examples
        --------
        >>> Operations(500.0, 30.0, 34000.0, 3200.0).energy(pj_per_event=20.0, pj_per_update=50.0)
        840.0
        """
        for name, value in (("pj_per_event", pj_per_event), ("pj_per_update", pj_per_update)):
            if not 0.0 <= value < np.inf:
                raise ValueError(f"{name} must be a finite number of picojoule, 0 or more, got {value!r}")
        return (self.synaptic_events * pj_per_event + self.neuron_updates * pj_per_update) / 1000.0


def count_operations(
    spikes: Mapping[str, Any],
    n_samples: int,
    targets: Mapping[str, ArrayLike],
    neuron_updates: float,
    *,
    inputs: Sequence[str] = ("inputs",),
) -> Operations:
    """Operations per sample from recorded spikes.

    Parameters
    ----------
    spikes : mapping of str to SpikeTrain
        Spikes by population: anything with `neuron`, the index of the neuron of each spike.
    n_samples : int
        Number of samples that were presented.
    targets : mapping of str to int or array-like of shape (n_neurons,)
        Synapses that a spike of a population, or of each of its neurons, passes; 0 for one that is left out.
    neuron_updates : float
        Neurons times time steps of a presentation.
    inputs : sequence of str, default=("inputs",)
        Populations whose spikes enter the network.

    Returns
    -------
    Operations

    Raises
    ------
    ValueError
        If there are no samples.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> trains = {"inputs": SimpleNamespace(neuron=np.array([0, 1, 1])), "units": SimpleNamespace(neuron=np.array([2]))}
    >>> count_operations(trains, 1, {"inputs": 3, "units": 2}, 150.0)
    Operations(input_spikes=3.0, spikes=1.0, synaptic_events=11.0, neuron_updates=150.0)
    """
    if n_samples < 1:
        raise ValueError(f"n_samples must be 1 or more, got {n_samples!r}; present at least one sample")
    events = entered = fired = 0
    for name, train in spikes.items():
        fan_out = np.asarray(targets.get(name, 0))
        events += int(fan_out[train.neuron].sum() if fan_out.ndim else fan_out * len(train.neuron))
        entered += len(train.neuron) * (name in inputs)
        fired += len(train.neuron) * (name not in inputs)
    return Operations(entered / n_samples, fired / n_samples, events / n_samples, float(neuron_updates))


def dense_operations(n_features: int, n_components: int) -> Operations:
    """Operations of one product with a dense matrix: a linear code, or the distances of k-means to its centres.

    Parameters
    ----------
    n_features, n_components : int
        Size of the matrix, or number of values of a sample and of centres.

    Returns
    -------
    Operations
        Multiplications with an addition each, and one result per component; no spikes.

    Examples
    --------
    >>> dense_operations(25, 64).synaptic_events
    1600.0
    """
    return Operations(0.0, 0.0, float(n_features * n_components), float(n_components))
