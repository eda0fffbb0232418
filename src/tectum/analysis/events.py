"""Events as pictures: what they have left behind at a time, and how many each pixel had."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def event_traces(
    events: NDArray[Any], at_us: ArrayLike, *, tau_ms: float, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Trace that events have left in each pixel: each adds 1, which falls exponentially.

    Parameters
    ----------
    events : ndarray of shape (n_events,)
        Structured: ``t`` in us, ascending, ``x``, ``y`` and ``p``, above 0 for ON.
    at_us : array-like of shape (n_times,)
        Times in us.
    tau_ms : float
        Time constant in ms.
    shape : (height, width)
        Size of the camera in pixels.

    Returns
    -------
    ndarray of shape (n_times, 2, height, width), float32
        Of ON events, then of OFF events.

    Raises
    ------
    ValueError
        If `tau_ms` is not above 0, or events lie outside `shape`.

    Examples
    --------
    >>> import numpy as np
    >>> tap = np.array([(0, 1, 0, 1)], [("t", int), ("x", int), ("y", int), ("p", int)])
    >>> event_traces(tap, 10_000, tau_ms=10.0, shape=(1, 2)).round(3)[0, 0]
    array([[0.   , 0.368]], dtype=float32)
    """
    if not tau_ms > 0:
        raise ValueError(f"tau_ms must be above 0, got {tau_ms!r}; 20 ms is usual")
    at = np.atleast_1d(np.asarray(at_us, np.float64))
    place = _places(events, shape)
    found = np.zeros((len(at), 2 * shape[0] * shape[1]), np.float32)
    for row, t in zip(found, at, strict=True):
        first, last = np.searchsorted(events["t"], [t - 2e4 * tau_ms, t], side="right")
        fresh = np.exp((events["t"][first:last] - t) / (1e3 * tau_ms))
        row += np.bincount(place[first:last], fresh, minlength=found.shape[1]).astype(np.float32)
    return found.reshape(-1, 2, *shape)


def event_counts(events: NDArray[Any], *, shape: tuple[int, int], bins: int = 1) -> NDArray[np.float32]:
    """Events of each pixel, summed over time: a control for every method that claims to use time.

    Parameters
    ----------
    events : ndarray of shape (n_events,)
        As in `event_traces`.
    shape : (height, width)
        Size of the camera in pixels.
    bins : int, default=1
        Equal parts of the recording that are counted apart.

    Returns
    -------
    ndarray of shape (bins, 2, height, width), float32

    Raises
    ------
    ValueError
        If `bins` is below 1, or events lie outside `shape`.

    References
    ----------
    Iyer, Chua & Li (2021). Is neuromorphic MNIST neuromorphic? Frontiers in Neuroscience 15, 608567.
    """
    if bins < 1:
        raise ValueError(f"bins must be 1 or more, got {bins!r}; 1 collapses all of the time")
    place, t = _places(events, shape), events["t"].astype(np.int64)
    part = t * bins // (int(t.max(initial=0)) + 1)
    size = 2 * shape[0] * shape[1]
    counts = np.bincount(part * size + place, minlength=bins * size)
    return counts.astype(np.float32).reshape(bins, 2, *shape)


def _places(events: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.int64]:
    """Number of the pixel of each event, OFF after ON."""
    height, width = shape
    y, x = events["y"].astype(np.int64), events["x"].astype(np.int64)
    if len(y) and (y.max() >= height or x.max() >= width or min(y.min(), x.min()) < 0):
        raise ValueError(
            f"shape must hold all events, which reach (y, x) = {(int(y.max()), int(x.max()))}, got {tuple(shape)}; "
            "pass that of the camera"
        )
    return ((events["p"] <= 0) * height + y) * width + x
