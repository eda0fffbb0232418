"""What every stream is: something that yields chunks of samples, again from the start each time it is iterated."""

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.files import DataError, no_file

PathLike = str | os.PathLike[str]
Pair = tuple[int, int]

LEAST_SHARE = 0.8  # of the announced samples; containers of video announce up to a tenth more than there are


class Chunk(NamedTuple):
    """Samples that follow each other in a stream.

    All its arrays have the same length.

    Examples
    --------
    >>> import numpy as np
    >>> Chunk(np.zeros((2, 3)), np.array([0.0, 0.04]), np.zeros(2, int)).X.shape
    (2, 3)
    """

    X: NDArray[np.float32]  # (n, n_features) samples
    time_s: NDArray[np.float64]  # (n,) time since the start of the stream; a source begins where the last one ended
    source: NDArray[np.int64]  # (n,) number of the file, or folder, each sample is from, in the stream's `names`
    thumbnails: NDArray[np.uint8] | None = None  # (n, height, width, 3) small RGB pictures of the samples, if there are

    def take(self, part: slice) -> "Chunk":
        """Some of the samples.

        Parameters
        ----------
        part : slice
            Which ones.

        Returns
        -------
        Chunk

        Examples
        --------
        >>> import numpy as np
        >>> Chunk(np.zeros((2, 3)), np.array([0.0, 0.04]), np.zeros(2, int)).take(slice(1, 2)).time_s
        array([0.04])
        """
        pictures = None if self.thumbnails is None else self.thumbnails[part]
        return Chunk(self.X[part], self.time_s[part], self.source[part], pictures)


class StreamError(DataError):
    """A stream ended early, or delivered invalid data.

    Attributes
    ----------
    n_learned : int
        Number of samples that a model had learned from it, where `learn` raises the error.

    Examples
    --------
    >>> issubclass(StreamError, Exception)
    True
    """

    n_learned: int = 0


class Stream(ABC):
    """Samples with time stamps from a sequence of sources, in bounded memory.

    Iterating yields `Chunk`; each iteration begins anew.

    Attributes
    ----------
    names : list of str
        Name of each source.
    n_features : int or None
        Length of a sample; None until it is known.
    n_announced : int or None
        How many samples to expect; None if that is not known. A hint for progress bars.
    frame_shape : (height, width, channels) or None
        Shape of a sample before it was flattened, if it is a picture.
    """

    names: list[str]
    n_features: int | None = None
    n_announced: int | None = None
    frame_shape: tuple[int, int, int] | None = None

    @abstractmethod
    def __iter__(self) -> Iterator[Chunk]:
        """Yield the samples, chunk by chunk."""

    def __repr__(self) -> str:
        features = "?" if self.n_features is None else self.n_features
        samples = "unknown number of" if self.n_announced is None else f"about {self.n_announced}"
        sources = f"{len(self.names)} source{'s' if len(self.names) != 1 else ''}"
        return f"{type(self).__name__}({sources}, {samples} samples of {features} features)"


class Gather:
    """Collects single samples into chunks of a size."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._samples: list[tuple[Any, float, int, Any]] = []

    def add(self, x: NDArray[Any], time_s: float, source: int, thumbnail: Any = None) -> Iterator[Chunk]:
        """Keep a sample; yields a chunk when one is full."""
        self._samples.append((x, time_s, source, thumbnail))
        if len(self._samples) == self.size:
            yield from self.rest()

    def rest(self) -> Iterator[Chunk]:
        """Yield what has not been yielded, if anything."""
        if not self._samples:
            return
        X, time_s, source, thumbnails = zip(*self._samples, strict=True)
        self._samples = []
        yield Chunk(
            np.stack([x.reshape(-1) for x in X]).astype(np.float32, copy=False),
            np.array(time_s, np.float64),
            np.array(source, np.int64),
            None if thumbnails[0] is None else np.stack(thumbnails),
        )


def as_paths(paths: PathLike | Sequence[PathLike], name: str) -> list[Path]:
    """One path or several as a list of paths that exist."""
    several = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if not several:
        raise ValueError(f"{name} must name at least one file, got none; pass a path or a list of paths")
    found = [Path(path) for path in several]
    for path in found:
        if not path.exists():
            raise no_file(path)
    return found


def check_whole(value: Any, name: str, way_out: str) -> int:
    """A whole number of at least 1, or an error."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}; {way_out}")
    return int(value)


def check_rate(value: Any, name: str) -> float:
    """Samples per second, or an error."""
    if not isinstance(value, (int, float, np.number)) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive number of samples per second, got {value!r}; 25 is usual")
    return float(value)


def check_size(value: Any, name: str) -> Pair:
    """(height, width) in pixels, or an error."""
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if len(pair) != 2 or not all(isinstance(side, (int, np.integer)) and side >= 1 for side in pair):
        raise ValueError(f"{name} must be (height, width) in pixels, got {value!r}; for instance (227, 227)")
    return int(pair[0]), int(pair[1])


def ended_early(name: str, n: int, announced: int | None) -> StreamError | None:
    """An error if a source gave nothing, or far less than it announced."""
    if n == 0:
        return StreamError(
            f"{name} holds no frames that can be read; it is damaged or empty: convert it, or leave it out"
        )
    if announced is not None and n < LEAST_SHARE * announced:
        return StreamError(
            f"{name} ended after {n} of {announced} frames; it is cut off or damaged: copy it again, or leave it out"
        )
    return None
