"""When the frames of a hierarchy were, and of which clip: borders that memory does not cross, delays in ms."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

SLACK = 1e-3  # ms, by which a frame may be too young: time stamps are rounded


class Moments(NamedTuple):
    """Time and clip of frames; None where they are not known."""

    ms: NDArray[np.float64] | None = None  # (n,)
    source: NDArray[np.float64] | None = None  # (n,) number of the clip

    def take(self, part: slice) -> "Moments":
        """Those of some frames."""
        return Moments(*(None if x is None else x[part] for x in self))

    def last(self, before: NDArray[np.float64]) -> NDArray[np.float64]:
        """Time and clip (2,) of the last frame; what is not known is NaN."""
        return np.array([np.nan if x is None else x[-1] for x in self]) if any(x is not None for x in self) else before

    def borders(self, before: NDArray[np.float64], n: int) -> NDArray[np.intp]:
        """Frames of n that begin a clip: another source than before, or a time before the last one."""
        new = np.zeros(n, bool)
        if self.source is not None:
            change = np.diff(self.source, prepend=before[1])
            new |= np.isfinite(change) & (change != 0.0)
        if self.ms is not None:
            new |= np.diff(self.ms, prepend=before[0]) < 0.0  # not if nothing is known of the one before
        return np.flatnonzero(new)


class Past(NamedTuple):
    """Codes of frames before, as far back as a delay needs them."""

    codes: NDArray[np.int32]  # (n, k)
    ms: NDArray[np.float64]  # (n,), of a delay in ms, else empty

    def forgotten(self, delay: int) -> "Past":
        """Nothing, `delay` frames long."""
        return Past(np.full((delay, self.codes.shape[1]), -1, np.int32), np.zeros(0))


def checked(method: str, n: int, time_s: ArrayLike | None, source: ArrayLike | None) -> Moments:
    """Moments of n frames; ValueError if there are not as many, or they are not numbers."""

    def column(name: str, values: ArrayLike | None) -> Any:
        if values is None:
            return None
        found = np.asarray(values, np.float64)
        if found.shape != (n,) or not np.isfinite(found).all():
            what = "time" if name == "time_s" else "number of its clip"
            raise ValueError(
                f"MapHierarchy.{method}.{name} must have a {what} for each of the {n} frames, got shape {found.shape}; "
                "take those of the chunk of a stream"
            )
        return found

    seconds = column("time_s", time_s)
    return Moments(None if seconds is None else 1e3 * seconds, column("source", source))


def stretches(n: int, borders: NDArray[np.intp], ends: Iterable[int]) -> Iterator[slice]:
    """Parts of n frames that end at each border and at each of `ends`, which rise."""
    begin = 0
    for end in sorted({*(int(b) for b in borders), *ends, n} - {0}):
        yield slice(begin, end)
        begin = end


def delayed(past: Past, here: NDArray[np.int32], delay_ms: float, moments: Moments) -> tuple[NDArray[np.int32], Past]:
    """Codes (n, k) of what was `past.codes` frames or `delay_ms` before each frame, and the past after them.

    With a delay in ms it is the last frame at least so long ago; none fires if there is none.
    """
    if delay_ms == 0.0:
        rows = np.concatenate([past.codes, here[:, : past.codes.shape[1]]])
        return rows[: len(here)], Past(rows[len(here) :], past.ms)
    if moments.ms is None:
        raise ValueError(
            "MapHierarchy.maps has delays in ms (delay_ms), which need the times of frames; pass time_s, or let "
            "tectum.streams.learn do so"
        )
    rows, ms = np.concatenate([past.codes, here]), np.concatenate([past.ms, moments.ms])
    then = np.searchsorted(ms, moments.ms - delay_ms + SLACK, side="right") - 1
    found = np.where((then >= 0)[:, np.newaxis], rows[then], np.int32(-1))
    kept = max(int(then[-1]), 0)
    return found, Past(rows[kept:], ms[kept:])
