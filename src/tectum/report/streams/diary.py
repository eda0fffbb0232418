"""What is kept of a stream while a hierarchy learns it, in memory that does not grow with the length of the stream."""

import copy
import math
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.streams import Chunk, Segments, Stream, Timed, learn
from tectum.streams.cnn import FeatureStream

MOST_FRAMES = 1200  # kept for the page; every k-th of a longer stream
MOST_SNAPSHOTS = 24  # of the hierarchy at regular times, ...
EARLY_SNAPSHOTS = (32, 64, 96, 128)  # ... and so many learned frames after the first of a source, ...
MOST_EARLY = 12  # ... of as many sources
MOST_COSTS = 200
MOST_NOVELTIES = 4000  # frames whose novelty is kept, ...
MOST_DISCOVERIES = 200  # ... and events with a picture
DISCOVERIES = ("new class", "return", "unplaced")
HELD_OUT = 8  # one chunk in so many is not learned from


class Snapshot(NamedTuple):
    """A hierarchy during its learning."""

    n_learned: int  # frames learned before it
    time_s: float  # of the stream
    hierarchy: Any


class Cost(NamedTuple):
    """What had been spent when a chunk was learned."""

    n_frames: int  # that had come from the stream
    n_learned: int
    time_s: float  # of the stream
    reading: float  # s, to read and decode frames
    features: float  # s, to compute their features
    learning: float  # s
    processor: float  # s, processor time of the learning
    memory: float  # MiB of this process, NaN if the system does not say


class Discovery(NamedTuple):
    """A new class, or a return of a known one, and how it looked."""

    event: Any  # NoveltyEvent
    time_s: float  # of the stream
    picture: NDArray[np.uint8] | None  # (height, width, 3)


class Spent(NamedTuple):
    """Milliseconds per frame."""

    reading: float
    features: float
    learning: float
    processor: float  # processor time of the learning


class Frames(NamedTuple):
    """Frames that were kept, in their order."""

    X: NDArray[np.float32]  # (n, n_features)
    time_s: NDArray[np.float64]  # (n,)
    source: NDArray[np.int64]  # (n,) number in `names`
    held_out: NDArray[np.bool_]  # (n,) whether it was not learned from
    thumbnails: NDArray[np.uint8] | None  # (n, height, width, 3)
    number: NDArray[np.int64]  # (n,) of the frame in its source, from 0


class Thinned:
    """A list of at most `most` items that keeps every k-th of what is added; k doubles when it is full."""

    def __init__(self, most: int) -> None:
        self.items: list[Any] = []
        self.every, self._most, self._n = 1, most, 0

    def add(self, make: Callable[[], Any]) -> None:
        """Count one, and keep what `make` gives if it is its turn."""
        if self._n % self.every == 0:
            if len(self.items) == self._most:
                self.items = self.items[::2]
                self.every *= 2
            if self._n % self.every == 0:
                self.items.append(make())
        self._n += 1


class Diary:
    """Frames, looks at the hierarchy and costs, kept while it learns a stream.

    Parameters
    ----------
    names : list of str
        Names of the sources of the stream; they are used to score the result, and never shown to the hierarchy.
    features : str, default="features"
        What the features are, in words.
    step : int, default=1
        Frames of a source from one sample to the next, to find stretches that somebody named: 3 where every third
        frame of a video comes.
    segments : Segments or None, default=None
        What somebody saw in stretches of the sources, from `tectum.streams.read_segments`; the page scores by it.

    Attributes
    ----------
    snapshots : list of Snapshot
        The hierarchy at regular times, and soon after the first frames of each source.
    costs : list of Cost
        Cumulative; the last one is the sum.
    novelties : list of tuple of (float, dict)
        Time of a frame that was learned, and by map how new it was.
    discoveries : list of Discovery
        New classes and returns with their pictures, the first 200.
    first_learned : dict of int to int
        By source: frames learned before its first one.
    every : int
        Which frames were kept: 2 means every second.
    """

    def __init__(
        self, names: list[str], features: str = "features", step: int = 1, segments: Segments | None = None
    ) -> None:
        self.names, self.features, self._step = list(names), features, step
        self.segments = segments
        self._passed: dict[int, int] = {}
        self._frames, self._snapshots, self._costs = Thinned(MOST_FRAMES), Thinned(MOST_SNAPSHOTS), Thinned(MOST_COSTS)
        self._novelties = Thinned(MOST_NOVELTIES)
        self.discoveries: list[Discovery] = []
        self._early: list[Snapshot] = []
        self._last: tuple[Snapshot, Cost] | None = None
        self._due: list[int] = []
        self.first_learned: dict[int, int] = {}
        self.n_frames = self.n_learned = 0
        self._learning = self._processor = 0.0

    @property
    def snapshots(self) -> list[Snapshot]:
        """See `Diary`."""
        last = [] if self._last is None else [self._last[0]]
        found = {snapshot.n_learned: snapshot for snapshot in [*self._snapshots.items, *self._early, *last]}
        return [found[n] for n in sorted(found)]

    @property
    def costs(self) -> list[Cost]:
        """See `Diary`."""
        costs = list(self._costs.items)
        return costs if self._last is None or costs[-1:] == [self._last[1]] else [*costs, self._last[1]]

    @property
    def novelties(self) -> list[tuple[float, dict[str, float]]]:
        """See `Diary`."""
        return list(self._novelties.items)

    @property
    def every(self) -> int:
        """See `Diary`."""
        return self._frames.every

    def per_frame(self) -> Spent | None:
        """Milliseconds per frame, without the first chunk, in which code is compiled; None of fewer than two chunks."""
        costs = self.costs
        if len(costs) < 2:
            return None
        first, last = costs[0], costs[-1]
        came, learned = last.n_frames - first.n_frames, max(1, last.n_learned - first.n_learned)
        return Spent(
            1e3 * (last.reading - first.reading) / came,
            1e3 * (last.features - first.features) / came,
            1e3 * (last.learning - first.learning) / learned,
            1e3 * (last.processor - first.processor) / learned,
        )

    def frames(self) -> Frames:
        """The frames that were kept.

        Raises
        ------
        ValueError
            If there are none.
        """
        if not self._frames.items:
            raise ValueError("Diary must have kept frames, got none; let a hierarchy learn a stream with Diary.learn")
        rows, scales, times, sources, held, pictures, numbers = zip(*self._frames.items, strict=True)
        X = np.empty((len(rows), len(rows[0])), np.float32)
        for row, kept, scale in zip(X, rows, scales, strict=True):
            np.multiply(kept, np.float32(scale), out=row, dtype=np.float32)
        thumbnails = None if pictures[0] is None else np.stack(pictures)
        source, number = np.array(sources, np.int64), np.array(numbers, np.int64)
        return Frames(X, np.array(times), source, np.array(held, bool), thumbnails, number)

    def learn(
        self,
        hierarchy: Any,
        stream: Stream,
        *,
        reading: Timed | None = None,
        progress: Callable[[int], object] | None = None,
        limit: int | None = None,
        skip: int = 0,
    ) -> int:
        """Let a hierarchy learn a stream, in its order, once; one chunk in eight is held out for the scores.

        Whatever happens to the stream, what was learned stays in the hierarchy and the diary holds what was seen.

        Parameters
        ----------
        hierarchy : MapHierarchy
            Learns in place.
        stream : Stream
            Of features.
        reading : Timed or None, default=None
            The stream of frames that the features are computed from; None counts all the time as reading.
        progress : callable or None, default=None
            Called with the number of frames of each chunk that has passed, also of those held out.
        limit : int or None, default=None
            Frames to learn at most.
        skip : int, default=0
            Frames to pass over first, those that the hierarchy has learned before, to go on. Features of a network
        are not computed for them, nor for those held out between them, and the diary does not hold them.

        Returns
        -------
        int
            Number of frames learned.

        Raises
        ------
        ValueError, StreamError
            As `tectum.streams.learn`.
        """
        watched = Watched(stream, self, hierarchy, reading, progress, skip)
        return learn(watched, hierarchy, on_chunk=watched.learned, limit=limit, skip=skip)

    def watch(self, stream: Stream, *, progress: Callable[[int], object] | None = None) -> None:
        """Keep frames of a stream that nothing learns, for a page about what was learned before.

        Parameters
        ----------
        stream : Stream
            Of features.
        progress : callable or None, default=None
            Called with the number of frames of each chunk.

        Raises
        ------
        StreamError
            If the stream ends early.
        """
        for chunk in stream:
            self._keep(chunk, True)
            if progress is not None:
                progress(len(chunk.X))

    def _keep(self, chunk: Chunk, held_out: bool) -> None:
        """Keep some of the frames, in half precision."""
        for k in range(len(chunk.X)):
            source = int(chunk.source[k])
            self._frames.add(partial(_row, chunk, k, held_out, self._step * self._passed.get(source, 0)))
            self._passed[source] = self._passed.get(source, 0) + 1
        self.n_frames += len(chunk.X)

    def _pass(self, chunk: Chunk) -> None:
        """Count frames that were learned before."""
        for source in chunk.source.tolist():
            self._passed[source] = self._passed.get(source, 0) + 1

    def _observe(self, chunk: Chunk, hierarchy: Any) -> None:
        """Look at the hierarchy after it has learned a chunk."""
        for source in np.unique(chunk.source).tolist():
            if source not in self.first_learned:
                self.first_learned[source] = self.n_learned
                if len(self.first_learned) <= MOST_EARLY:
                    self._due = [self.n_learned + after for after in EARLY_SNAPSHOTS]
        self.n_learned += len(chunk.X)
        self._discover(chunk, hierarchy)
        snapshot = Snapshot(
            self.n_learned, float(chunk.time_s[-1]), copy.copy(hierarchy)
        )  # state is replaced, never changed
        self._snapshots.add(lambda: snapshot)
        if self._due and self.n_learned >= self._due[0]:
            self._due = [n for n in self._due if n > self.n_learned]
            self._early.append(snapshot)
        self._last = snapshot, Cost(self.n_frames, self.n_learned, snapshot.time_s, 0.0, 0.0, 0.0, 0.0, math.nan)

    def _discover(self, chunk: Chunk, hierarchy: Any) -> None:
        """Keep what was new in a chunk that was learned."""
        n, novelty = len(chunk.X), getattr(hierarchy, "novelty_", None)
        if not novelty:
            return
        for k, at in enumerate(chunk.time_s.tolist()):
            row = at, {name: float(values[k - n]) for name, values in novelty.items()}
            self._novelties.add(partial(tuple, row))
        first = hierarchy.n_presentations_seen_ - n
        for event in hierarchy.events_[-n * len(novelty) :]:
            if event.frame >= first and event.why in DISCOVERIES and len(self.discoveries) < MOST_DISCOVERIES:
                k = event.frame - first
                picture = None if chunk.thumbnails is None else chunk.thumbnails[k].copy()
                self.discoveries.append(Discovery(event, float(chunk.time_s[k]), picture))

    def _spend(self, chunk: Chunk, reading: float, features: float, learning: float, processor: float) -> None:
        self._learning += learning
        self._processor += processor
        spent = reading, features, self._learning, self._processor
        cost = Cost(self.n_frames, self.n_learned, float(chunk.time_s[-1]), *spent, memory_mib())
        self._costs.add(lambda: cost)
        if self._last is not None:
            self._last = self._last[0], cost


class Watched(Stream):
    """A stream whose chunks go into a diary before they are learned, and some of which are held out; see
    `Diary.learn`.
    """

    def __init__(
        self,
        stream: Stream,
        diary: Diary,
        hierarchy: Any,
        reading: Timed | None,
        progress: Callable[[int], object] | None,
        skip: int = 0,
    ) -> None:
        self._left, self._number = skip, 0
        if isinstance(stream, FeatureStream):
            stream.is_learned = self._is_learned if skip else None
        self._stream, self._diary, self._hierarchy = Timed(stream), diary, hierarchy
        self._reading, self._progress = reading or self._stream, progress
        self.names, self.n_features = stream.names, stream.n_features
        self.n_announced, self.frame_shape = stream.n_announced, stream.frame_shape

    def __iter__(self) -> Iterator[Chunk]:
        for number, chunk in enumerate(self._stream):
            held_out = _is_held_out(number)
            if chunk.X.shape[1] == 0:  # learned before
                self._diary._pass(chunk)
                if not held_out:
                    yield chunk
                if self._progress is not None:
                    self._progress(len(chunk.X))
                continue
            self._diary._keep(chunk, held_out)
            began, busy = time.perf_counter(), time.process_time()
            if not held_out:
                yield chunk
            spent = time.perf_counter() - began, time.process_time() - busy
            reading, both = self._reading.seconds, self._stream.seconds
            self._diary._spend(chunk, reading, both - reading, *spent)
            if self._progress is not None:
                self._progress(len(chunk.X))

    def _is_learned(self, n: int) -> bool:
        """Whether the next chunk, of n frames, needs no features; asked once for each, in order."""
        passed = self._left >= n or (self._left > 0 and _is_held_out(self._number))
        self._left -= 0 if not passed or _is_held_out(self._number) else n
        self._number += 1
        return passed

    def learned(self, chunk: Chunk) -> None:
        """Look at the hierarchy after it has learned a chunk."""
        self._diary._observe(chunk, self._hierarchy)


def _is_held_out(number: int) -> bool:
    return number % HELD_OUT == HELD_OUT // 2


def memory_mib() -> float:
    """Memory that this process holds now, in MiB; its peak where the system says no more, NaN where it says nothing."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            import resource

            return int(file.read().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _row(chunk: Chunk, k: int, held_out: bool, number: int) -> tuple[Any, ...]:
    """A frame in half precision, with what it was divided by to fit."""
    x = chunk.X[k]
    scale = float(np.abs(x).max()) or 1.0
    picture = None if chunk.thumbnails is None else chunk.thumbnails[k].copy()
    when = float(chunk.time_s[k])
    return (x / scale).astype(np.float16), scale, when, int(chunk.source[k]), held_out, picture, number
