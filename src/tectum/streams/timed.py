"""How long a stream takes."""

import time
from collections.abc import Iterator

from tectum.streams.stream import Chunk, Stream


class Timed(Stream):
    """A stream that measures how long its samples take to come.

    Parameters
    ----------
    stream : Stream
        The stream.

    Attributes
    ----------
    seconds : float
        Time that passed inside the stream since the last time its iteration began.
    names, n_features, n_announced, frame_shape
        Those of the stream.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum import streams
    >>> stream = Timed(streams.arrays(np.zeros((50, 3))))
    >>> sum(len(chunk.X) for chunk in stream)
    50
    """

    def __init__(self, stream: Stream) -> None:
        self._stream, self.seconds = stream, 0.0
        self.names, self.n_features = stream.names, stream.n_features
        self.n_announced, self.frame_shape = stream.n_announced, stream.frame_shape

    def __iter__(self) -> Iterator[Chunk]:
        self.seconds = 0.0
        chunks = iter(self._stream)
        while True:
            began = time.perf_counter()
            try:
                chunk = next(chunks, None)
            finally:
                self.seconds += time.perf_counter() - began
            if chunk is None:
                return
            yield chunk
