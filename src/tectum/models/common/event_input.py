"""How models take events: recordings in their own time, through one set of methods."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum import streams
from tectum.engine.dictionary.events import grid_of
from tectum.streams import EventStream

Pair = tuple[int, int]


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
