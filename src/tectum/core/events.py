"""Spikes that were kept: what `record` returns."""

from dataclasses import dataclass, field
from typing import Any

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


@dataclass(frozen=True)
class Recording:
    """Spikes and traces of a model while samples were presented.

    Attributes
    ----------
    spikes : dict of str to SpikeTrain
        By population; a map has ``u`` (input layer), ``h`` (inhibitory neuron) and ``v`` (the map).
    presentation_ms : float
        Time for which each sample was presented.
    n_presentations : int
        Number of samples.
    traces : dict of str to ndarray
        Traces on request: ``time_ms`` of shape (n_times,) and each trace of the same length.
    """

    spikes: dict[str, SpikeTrain]
    presentation_ms: float
    n_presentations: int
    traces: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def duration_ms(self) -> float:
        """Length of the recording in ms."""
        return self.presentation_ms * self.n_presentations

    def to_neo(self) -> Any:
        """The recording as a `neo.Block` with one segment and a spike train per neuron.

        Returns
        -------
        neo.Block
            Each spike train is annotated with its population and neuron.

        Raises
        ------
        ImportError
            If neo is not installed.
        """
        try:
            import neo
        except ImportError:
            raise ImportError(
                'Recording.to_neo needs the package neo; install it with pip install "tectum[neuro]"'
            ) from None
        segment = neo.Segment(name="tectum recording")
        for population, train in self.spikes.items():
            for neuron in range(train.n_neurons):
                segment.spiketrains.append(
                    neo.SpikeTrain(
                        train.time_ms[train.neuron == neuron],
                        units="ms",
                        t_stop=self.duration_ms,
                        population=population,
                        neuron=neuron,
                    )
                )
        block = neo.Block(name="tectum")
        block.segments.append(segment)
        return block
