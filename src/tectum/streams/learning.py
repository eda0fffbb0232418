"""From a stream into a model."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tectum.streams.stream import Chunk, Stream, StreamError, check_whole


def learn(
    stream: Stream,
    model: Any,
    *,
    progress: Callable[[int], object] | None = None,
    on_chunk: Callable[[Chunk], object] | None = None,
    limit: int | None = None,
    skip: int = 0,
) -> int:
    """Let a model learn a stream, chunk by chunk.

    Whatever happens to the stream, the model keeps what it has learned: save it, and continue with the number of
    samples learned as `skip`.

    Parameters
    ----------
    stream : Stream or iterable of Chunk
        The samples.
    model : object
        Estimator with ``partial_fit``; it gets the times of the samples if it takes ``time_s``.
    progress : callable or None, default=None
        Called with the number of samples of each chunk after it was learned.
    on_chunk : callable or None, default=None
        Called with each chunk after it was learned.
    limit : int or None, default=None
        Samples to learn at most; None learns all.
    skip : int, default=0
        Samples to pass over first.

    Returns
    -------
    int
        Number of samples that were learned.

    Raises
    ------
    TypeError
        If the model has no ``partial_fit``.
    ValueError
        If `limit` or `skip` is out of range.
    StreamError
        If a source of the stream cannot be read, ends early, or brings samples of another length, or values that are
        not finite. Its ``n_learned`` says how many samples had been learned.

    Examples
    --------
    >>> import numpy as np
    >>> import tectum
    >>> from tectum import streams
    >>> som = tectum.SpikingSOM((3, 3), random_state=0)
    >>> learn(streams.arrays(np.random.default_rng(0).random((50, 3))), som)
    50
    """
    if not hasattr(model, "partial_fit"):
        raise TypeError(f"learn.model must have a method partial_fit, got {type(model).__name__}; use fit for it")
    left = None if limit is None else check_whole(limit, "learn.limit", "None learns the whole stream")
    if skip != 0:
        skip = check_whole(skip, "learn.skip", "0 begins with the first sample")
    n_learned = 0
    n_features = stream.n_features if isinstance(stream, Stream) else None
    taken_along = {"time_s", "source"} & {*inspect.signature(model.partial_fit).parameters}
    try:
        for chunk in stream:
            passed = min(skip, len(chunk.X))
            skip -= passed
            taken = chunk.take(slice(passed, None if left is None else passed + left - n_learned))
            if len(taken.X) == 0:
                continue
            n_features = _check(taken, n_features)
            model.partial_fit(taken.X, **{name: getattr(taken, name) for name in taken_along})
            n_learned += len(taken.X)
            if progress is not None:
                progress(len(taken.X))
            if on_chunk is not None:
                on_chunk(taken)
            if n_learned == left:
                break
    except StreamError as error:
        failure = StreamError(
            f"{error} ({n_learned} samples were learned before; the model keeps them and can be saved)"
        )
        failure.n_learned = n_learned
        raise failure from error
    return n_learned


def _check(chunk: Chunk, n_features: int | None) -> int:
    """Number of features of a chunk, which must be that of the chunks before."""
    if n_features is not None and chunk.X.shape[1] != n_features:
        raise StreamError(
            f"a chunk has {chunk.X.shape[1]} features at {chunk.time_s[0]:.2f} s, those before it {n_features}; "
            "stream sources of one number of features at a time"
        )
    finite = np.isfinite(chunk.X).all(axis=1)
    if not finite.all():
        first = int(np.argmin(finite))
        raise StreamError(
            f"the sample at {chunk.time_s[first]:.2f} s holds NaN or infinity; leave it out, or replace the values"
        )
    return chunk.X.shape[1]
