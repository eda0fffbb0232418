"""How models take events: recordings in their own time, through one set of methods."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from tectum import streams
from tectum.engine.dictionary.events import grid_of
from tectum.models.common.base import SpikingEstimator
from tectum.streams import EventStream

Pair = tuple[int, int]


class EventEstimator(SpikingEstimator):
    """A model that takes events; how it learns and responds is in `_continue_with` and `_respond_to`."""

    def partial_fit_events(self, events: Any, y: Any = None, *, shape: Pair | None = None) -> Self:
        """Continue learning: present each recording once, in the order given.

        Parameters
        ----------
        events : path, structured array, `EventStream`, data set, or list of these
            Recordings, as for `streams.events`.
        y : ignored
        shape : (height, width), optional
            Size of the camera in pixels; that of the stream, or the smallest that holds all events.

        Returns
        -------
        estimator
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, or the model is not made for events of this camera.
        StreamError
            If a recording cannot be read.
        """
        self._continue_with(events, shape)
        return self

    def transform_events(self, events: Any, *, shape: Pair | None = None) -> NDArray[np.float32]:
        """Spikes of each neuron in response to each recording, all that was learned frozen.

        Parameters
        ----------
        events, shape
            As in `partial_fit_events`.

        Returns
        -------
        ndarray of shape (n_recordings, n_neurons), float32
            Spike counts; of a `Network` those of `readout`.

        Raises
        ------
        ValueError, StreamError
            As `partial_fit_events`.
        """
        check_is_fitted(self)
        return self._respond_to(events, shape)

    def _continue_with(self, events: Any, shape: Pair | None) -> None:
        raise NotImplementedError

    def _respond_to(self, events: Any, shape: Pair | None) -> NDArray[np.float32]:
        raise NotImplementedError


def recordings(events: Any, owner: str, shape: Pair | None = None) -> EventStream:
    """Recordings as a stream, of a camera of the given size if it is not that of the stream."""
    found = events if isinstance(events, EventStream) else streams.events(events, shape=shape)
    if shape is not None and found.extent().shape != tuple(shape):
        raise ValueError(
            f"{owner}: events must be of a camera of {tuple(shape)} pixels, got {found.extent().shape}; pass "
            f"streams.events(source, shape={tuple(shape)}) if the camera is the same"
        )
    return found


def inputs_of(events: NDArray[Any], shape: Pair) -> NDArray[np.int64]:
    """Number of the input of each event: ON events of all pixels, row by row, then OFF events."""
    off = 1 - np.minimum(events["p"].astype(np.int64), 1)
    return (off * shape[0] + events["y"]) * shape[1] + events["x"]


def whole_recordings(stream: EventStream, most: int | None = None) -> Iterator[NDArray[Any]]:
    """All events of each recording, for models whose presentation is a recording; or the first ones, `most` of each."""
    kept: list[NDArray[Any]] = []
    current = 0
    for part, source in stream:
        if source != current:
            yield np.concatenate(kept)
            kept, current = [], source
        kept.append(part if most is None else part[: max(0, most - sum(map(len, kept)))])
    yield np.concatenate(kept)


def fold(encoder: Any, places: NDArray[Any], patches: NDArray[Any], shape: Pair) -> NDArray[np.float32]:
    """Some patches (n, 2 size^2), by their numbers, laid out on the sensor (2, height, width); the others are 0.

    Pixels are the mean over all patches that see them.
    """
    size, stride, (rows, columns) = encoder.size, encoder.stride, grid_of(encoder, shape)
    whole = np.zeros((rows * columns, 2, size, size), np.float32)
    whole[places] = patches.reshape(-1, 2, size, size)
    whole = whole.reshape(rows, columns, 2, size, size)
    found, cover = np.zeros((2, *shape), np.float32), np.zeros(shape, np.float32)
    for dy, dx in np.ndindex(size, size):
        at = slice(dy, dy + stride * rows, stride), slice(dx, dx + stride * columns, stride)
        found[:, *at] += whole[:, :, :, dy, dx].transpose(2, 0, 1)
        cover[at] += np.float32(1.0)
    found /= np.maximum(cover, np.float32(1.0))
    return found


def patches_hit(encoder: Any, events: NDArray[Any], shape: Pair) -> int:
    """Patches that events fall into, together."""
    sides = []
    for side, axis, n in zip(shape, "yx", grid_of(encoder, shape), strict=True):
        place = np.arange(side)
        last = np.minimum(place // encoder.stride, n - 1)
        first = np.maximum((place - encoder.size + encoder.stride) // encoder.stride, 0)
        sides.append(np.maximum(last - first + 1, 0)[events[axis]])
    return int((sides[0] * sides[1]).sum())
