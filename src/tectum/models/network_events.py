"""What a `Network` does with events: they are the spikes of its input of given times."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tectum import parts
from tectum.core.events import SpikeTrain
from tectum.models.common.event_input import EventEstimator, Pair, inputs_of, recordings, whole_recordings

Trains = dict[str, SpikeTrain]


class EventNetwork(EventEstimator):
    """The part of `Network` that takes events."""

    def fit_events(self, events: Any, y: Any = None, *, shape: Pair | None = None) -> Self:
        """Learn from recordings of event cameras `n_passes` times, in the order given.

        Events are the spikes of the input of kind `parts.Trains`, of which there must be one, with a neuron for each
        ON pixel, then for each OFF pixel, row by row. Each recording is a presentation.

        Parameters
        ----------
        events, shape
            As in `partial_fit_events`.
        y : ignored

        Returns
        -------
        Network
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no such input, or a recording is longer than `presentation`.
        StreamError
            If a recording cannot be read.
        """
        return self.fit(None, spikes=self._trains_of(events, shape))  # type: ignore[call-arg, arg-type]

    def _continue_with(self, events: Any, shape: Pair | None) -> None:
        self.partial_fit(None, spikes=self._trains_of(events, shape))  # type: ignore[call-arg, arg-type]

    def _respond_to(self, events: Any, shape: Pair | None) -> NDArray[np.float32]:
        return self.transform(None, spikes=self._trains_of(events, shape))

    def _trains_of(self, events: Any, shape: Pair | None) -> Trains:
        """The spikes of the input that takes them."""
        inputs = self.chosen_parts().inputs
        given = [item for item in inputs if isinstance(item, parts.Trains)]
        if len(given) != 1 or len(inputs) != 1:
            raise ValueError(
                f"Network.inputs must be one parts.Trains to take events, got {list(inputs)!r}; use "
                "inputs=[parts.Trains('input', 2 * height * width)]"
            )
        stream = recordings(events, "Network", shape)
        height, width = stream.extent().shape
        if given[0].n != 2 * height * width:
            raise ValueError(
                f"Network.inputs[{given[0].name!r}].n must be 2 x {height} x {width} = {2 * height * width}, a neuron "
                f"for each pixel and polarity, got {given[0].n}; change it, or pass the shape of the camera"
            )
        time, neuron, presentation = [], [], []
        for k, part in enumerate(whole_recordings(stream)):
            if part["t"][-1] >= 1e3 * self.presentation:
                raise ValueError(
                    f"Network.presentation must be longer than each recording, got {self.presentation} ms and "
                    f"{part['t'][-1] / 1e3:.6g} ms; lengthen it, or cut the recording"
                )
            time.append(part["t"] / 1e3 + k * float(self.presentation))
            neuron.append(inputs_of(part, (height, width)))
            presentation.append(np.full(len(part), k))
        time_ms, source, number = (np.concatenate(column) for column in (time, neuron, presentation))
        return {given[0].name: SpikeTrain(time_ms, source, number, given[0].n)}
