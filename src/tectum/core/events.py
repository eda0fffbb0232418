"""Spikes of a population that were kept."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SpikeTrain:
    """Spikes of one population, sorted by time.

    Attributes
    ----------
    time_ms : ndarray of shape (n_spikes,), float64
        Time since the start of the recording.
    neuron : ndarray of shape (n_spikes,), int64
        Neuron that fired.
    presentation : ndarray of shape (n_spikes,), int64
        Number of the sample that was being presented.
    n_neurons : int
        Size of the population.
    """

    time_ms: NDArray[np.float64]
    neuron: NDArray[np.int64]
    presentation: NDArray[np.int64]
    n_neurons: int

    def __len__(self) -> int:
        return len(self.time_ms)
