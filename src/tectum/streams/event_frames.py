"""Pictures of events: how many ON and OFF events each pixel had in a window of time."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.streams.event_files import read_events
from tectum.streams.stream import Chunk, Gather, Pair, Stream, check_size, check_whole

MOST_BYTES = 2**30  # of a chunk
MOST_EMPTY = 10_000_000  # windows beyond one for each event


def event_frames(
    events: Any,
    *,
    window_ms: float,
    shape: Pair | None = None,
    chunk: int = 32,
    empty: bool = True,
    unit: str | None = None,
) -> "EventFrameStream":
    """Stream of counts of events, window by window.

    Parameters
    ----------
    events : path, structured array, or list of these
        Recordings, as for `read_events`.
    window_ms : float
        Length of a window in ms. A last window that is cut short by the end of the recording counts like the others.
    shape : (height, width) or None, default=None
        Size of the camera in pixels; None takes the smallest that holds all events.
    chunk : int, default=32
        Windows of a chunk.
    empty : bool, default=True
        Whether windows without events are given, all 0, or left out.
    unit : {"s", "ms", "us"} or None, default=None
        As in `read_events`.

    Returns
    -------
    EventFrameStream
        Samples are counts: those of ON events of all pixels, row by row, then those of OFF events. Times are those
        at which windows begin.

    Raises
    ------
    FileNotFoundError, ImportError, StreamError
        As `read_events`.
    ValueError
        If a parameter is out of range, events lie outside `shape`, a chunk would need more than 1 GiB, or there would
        be millions of windows without events.

    Examples
    --------
    >>> events = np.zeros(3, [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "i1")])
    >>> events["t"] = [0, 5_000, 25_000]
    >>> [chunk.X.sum(axis=1) for chunk in event_frames(events, window_ms=20.0, shape=(4, 4))]
    [array([2., 1.], dtype=float32)]
    """
    if not isinstance(window_ms, (int, float, np.number)) or not 0.001 <= window_ms < math.inf:
        raise ValueError(
            f"event_frames.window_ms must be a positive number of ms, 0.001 or more, got {window_ms!r}; 20 is usual"
        )
    check_whole(chunk, "event_frames.chunk", "32 is usual")
    several = events if isinstance(events, (list, tuple)) else [events]
    names = [Path(one).name if isinstance(one, (str, Path)) else f"recording {k}" for k, one in enumerate(several)]
    found = [read_events(one, unit=unit) for one in several]
    if not found:
        raise ValueError("event_frames.events must hold at least one recording, got none; pass paths or arrays")
    needed = tuple(1 + max(int(one[axis].max()) for one in found) for axis in ("y", "x"))
    height, width = needed if shape is None else check_size(shape, "event_frames.shape")
    if needed[0] > height or needed[1] > width or any(one[axis].min() < 0 for one in found for axis in "xy"):
        raise ValueError(
            f"event_frames.shape must hold all events, which need at least {needed}, got {(height, width)}; "
            "None takes the smallest"
        )
    if 8 * height * width * chunk > MOST_BYTES:
        raise ValueError(
            f"event_frames.shape {(height, width)} makes chunks of {8 * height * width * chunk / 2**30:.3g} GiB, at "
            f"most 1 is allowed; drop events with absurd pixels, or pass chunk={MOST_BYTES // (8 * height * width)}"
        )
    stream = EventFrameStream(names, found, window_ms, (height, width), chunk, empty)
    if stream.n_announced is not None and stream.n_announced > MOST_EMPTY + sum(map(len, found)):
        raise ValueError(
            f"event_frames.events would make {stream.n_announced:,} windows of {sum(map(len, found)):,} events; check "
            "their times and unit, or pass empty=False or a longer window_ms"
        )
    return stream


class EventFrameStream(Stream):
    """Counts of events; made by `event_frames`.

    Attributes
    ----------
    names : list of str
        Names of the recordings.
    shape : (height, width)
        Size of the camera in pixels; there are twice as many features.
    n_announced : int or None
        Number of windows; None where empty ones are left out.

    Examples
    --------
    >>> events = np.zeros(3, [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "i1")])
    >>> next(iter(event_frames(events, window_ms=20.0, shape=(4, 4)))).X.shape
    (1, 32)
    """

    def __init__(
        self, names: list[str], found: list[NDArray[Any]], window_ms: float, shape: Pair, chunk: int, empty: bool
    ) -> None:
        self.names, self._found, self.shape = names, found, shape
        self.window_ms, self._chunk, self._empty = float(window_ms), chunk, empty
        self.n_features = 2 * shape[0] * shape[1]
        self.n_announced = sum(self._n_windows(events) for events in found) if empty else None

    def __iter__(self) -> Iterator[Chunk]:
        gather = Gather(self._chunk)
        offset = 0.0
        for source, events in enumerate(self._found):
            n_windows, time_us, first = self._n_windows(events), np.ascontiguousarray(events["t"]), 0
            windows = range(n_windows) if self._empty else np.unique(time_us // (1e3 * self.window_ms)).astype(np.int64)
            for n in windows:
                last = int(np.searchsorted(time_us, 1e3 * self.window_ms * (n + 1)))
                if last > first or self._empty:
                    yield from gather.add(self._counts(events[first:last]), offset + n * self.window_ms / 1e3, source)
                first = last
            offset += n_windows * self.window_ms / 1e3
        yield from gather.rest()

    def _n_windows(self, events: NDArray[Any]) -> int:
        """Windows of a recording, the last one perhaps cut short."""
        return int(events["t"][-1] // (1e3 * self.window_ms)) + 1

    def _counts(self, events: NDArray[Any]) -> NDArray[np.float32]:
        """Counts (n_features,) of some events."""
        height, width = self.shape
        place = ((1 - events["p"].astype(np.int64)) * height + events["y"]) * width + events["x"]
        return np.bincount(place, minlength=2 * height * width).astype(np.float32)
