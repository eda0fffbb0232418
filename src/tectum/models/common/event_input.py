"""How models take events: recordings in their own time, through one set of methods."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum import streams
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


def whole_recordings(stream: EventStream) -> Iterator[NDArray[Any]]:
    """All events of each recording, for models whose presentation is a recording."""
    kept: list[NDArray[Any]] = []
    current = 0
    for part, source in stream:
        if source != current:
            yield np.concatenate(kept)
            kept, current = [], source
        kept.append(part)
    yield np.concatenate(kept)
