"""Events in chunks, in their own time and at bounded memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.streams.event_files import event_file, events_in, read_events
from tectum.streams.event_formats import EVENT
from tectum.streams.stream import Pair, StreamError, check_size, check_whole

DISORDER = 10_000  # us by which an event may come late in a file; it waits for those before it
HIGHEST = 2**16  # pixels of a side


class EventChunk(NamedTuple):
    """Events that follow each other in a recording."""

    events: NDArray[Any]  # (n,) structured: t in us from the first event of the recording, x, y, p
    source: int  # number of the recording, in the stream's `names`


class Extent(NamedTuple):
    """Size of recordings."""

    shape: Pair  # (height, width) in pixels
    n_events: int
    duration_us: int  # of all recordings, one after another


def events(source: Any, *, shape: Pair | None = None, chunk: int = 65_536, unit: str | None = None) -> "EventStream":
    """Stream of events, each at its own time, without windows.

    Parameters
    ----------
    source : path, structured array, data set, or list of these
        Recordings, as for `read_events`. A data set has a length and gives a recording, or a recording and its label,
        for each index, as those of the package tonic do; it is asked for one recording at a time.
    shape : (height, width) or None, default=None
        Size of the camera in pixels; None takes the smallest that holds all events, which needs a first pass.
    chunk : int, default=65_536
        Most events of a chunk.
    unit : {"s", "ms", "us"} or None, default=None
        Of the times in arrays, as in `read_events`: whole numbers count as microseconds, and times in fractions are
        refused unless their unit is given.

    Returns
    -------
    EventStream
        Iterating yields `EventChunk`; each iteration begins anew. A file is read as it is needed: memory is that of a
        chunk, or of a packet of the file. ``.npy`` and ``.npz`` files are read as a whole.

    Raises
    ------
    FileNotFoundError, ValueError, ImportError
        As `read_events`; the content of files is looked at when they are iterated.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum import streams
    >>> taps = np.array([(0, 3, 1, 1), (40, 3, 1, 0)], [("t", int), ("x", int), ("y", int), ("p", int)])
    >>> stream = streams.events(taps)
    >>> stream.extent()
    Extent(shape=(2, 4), n_events=2, duration_us=40)
    """
    check_whole(chunk, "events.chunk", "65,536 is usual")
    several = [source] if _is_one(source) else source
    if len(several) == 0:
        raise ValueError("events.source must hold at least one recording, got none; pass paths or arrays")
    if isinstance(several, (list, tuple)):
        several = [
            event_file(one, "events.source") if isinstance(one, (str, Path)) else read_events(one, unit=unit)
            for one in several
        ]
    return EventStream(several, None if shape is None else check_size(shape, "events.shape"), int(chunk), unit)


def _is_one(source: Any) -> bool:
    """Whether this is a single recording."""
    return isinstance(source, (str, Path)) or hasattr(source, "dtype") or not hasattr(source, "__len__")


class EventStream:
    """Events of recordings; made by `events`.

    Attributes
    ----------
    names : list of str
        Names of the recordings.
    shape : (height, width) or None
        Size of the camera in pixels, if it was given.
    """

    def __init__(self, recordings: Any, shape: Pair | None, chunk: int, unit: str | None) -> None:
        self._recordings, self.shape, self._chunk, self._unit = recordings, shape, chunk, unit
        listed = isinstance(recordings, list)
        self.names = [
            recordings[k].name if listed and isinstance(recordings[k], Path) else f"recording {k}"
            for k in range(len(recordings))
        ]
        self._extent: Extent | None = None

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"EventStream({len(self)} recording{'s' if len(self) != 1 else ''})"

    def __iter__(self) -> Iterator[EventChunk]:
        for source, name in enumerate(self.names):
            first: int | None = None
            for part in self._in_order(source, name):
                first = int(part["t"][0]) if first is None else first
                part["t"] -= first
                self._check_place(part, name)
                yield EventChunk(part, source)
            if first is None:
                raise StreamError(
                    f"{name} holds no events; it is empty or of another kind of data: leave it out, or check what it is"
                )

    def extent(self) -> Extent:
        """Size of the recordings, by a pass over them unless they were looked at before.

        Returns
        -------
        Extent
        """
        if self._extent is None:
            height = width = n = 0
            ends = np.zeros(len(self), np.int64)
            for part, source in self:
                height, width = max(height, int(part["y"].max()) + 1), max(width, int(part["x"].max()) + 1)
                n += len(part)
                ends[source] = part["t"][-1]
            self._extent = Extent(self.shape or (height, width), n, int(ends.sum()))
        return self._extent

    def _parts(self, source: int, name: str) -> Iterator[NDArray[Any]]:
        """Events of a recording as they come."""
        one = self._recordings[source]
        if isinstance(one, tuple):  # with a label
            one = one[0]
        if isinstance(one, Path):
            yield from events_in(one, self._unit, self._chunk)
            return
        found = one if getattr(one, "dtype", None) == EVENT else read_events(one, unit=self._unit)
        for at in range(0, len(found), self._chunk):
            yield found[at : at + self._chunk].copy()

    def _in_order(self, source: int, name: str) -> Iterator[NDArray[Any]]:
        """Events of a recording by time: the last of a part wait for others that may come late."""
        waiting, reached = np.empty(0, EVENT), None
        for part in self._parts(source, name):
            if len(part) == 0:
                continue
            if reached is not None and part["t"].min() < reached:
                raise StreamError(
                    f"{name} has an event at {part['t'].min()} us after one at {reached} us, more than "
                    f"{DISORDER / 1e3:g} ms out of order; read it as a whole: events(read_events(path))"
                )
            waiting = np.concatenate([waiting, part])
            if (np.diff(waiting["t"]) < 0).any():
                waiting = waiting[np.argsort(waiting["t"], kind="stable")]
            n = int(np.searchsorted(waiting["t"], waiting["t"][-1] - DISORDER))
            if n:
                reached = int(waiting["t"][n - 1])
                yield from self._pieces(waiting[:n])
                waiting = waiting[n:]
        yield from self._pieces(waiting)

    def _pieces(self, part: NDArray[Any]) -> Iterator[NDArray[Any]]:
        return (part[at : at + self._chunk].copy() for at in range(0, len(part), self._chunk))

    def _check_place(self, part: NDArray[Any], name: str) -> None:
        height, width = self.shape or (HIGHEST, HIGHEST)
        if part["y"].max() >= height or part["x"].max() >= width:
            raise StreamError(
                f"{name} must hold events of a camera of {(height, width)} pixels, got one at (y, x) = "
                f"{(int(part['y'].max()), int(part['x'].max()))}; pass another shape, or drop these events"
            )
