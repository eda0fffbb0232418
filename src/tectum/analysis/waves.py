"""Waves on sheets of spiking neurons: where they are, their size, speed and number, and what they follow."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from tectum.analysis._checks import check_indices, check_positions, check_same_length, check_times
from tectum.analysis.receptive_fields import affine_fit

FRAME_MS = 0.1  # width of a spike of DynamicThresholdLIF
SAMPLE_MS = 1.0  # between two samples of a wave


class WaveStatistics(NamedTuple):
    """Waves in a recording of one sheet.

    Examples
    --------
    >>> places = np.random.default_rng(0).random((40, 2))
    >>> wave_statistics([], [], places, 10.0).active
    0.0
    """

    active: float  # share of the time with a wave
    size: float  # mean number of nodes that fire at a time in a wave
    radius: float  # mean 80th percentile of their distances from their centre
    single: float  # mean share of them in the largest connected cluster; NaN without `link`
    speed: float  # mean distance that the centre moves in 1 ms
    rate: float  # waves per 1,000 ms
    duration: float  # mean length of a wave in ms
    reached: float  # share of the nodes that ever fire


class WaveCausality(NamedTuple):
    """Whether waves of a sheet follow those of the sheet below.

    Examples
    --------
    >>> WaveCausality(given_active=0.9, given_silent=0.1).given_active
    0.9
    """

    given_active: float  # probability of a wave above while there is one below
    given_silent: float  # probability of a wave above while nothing fires below


def wave_directions(centres: ArrayLike) -> NDArray[np.float64]:
    """Directions in which waves travel.

    Parameters
    ----------
    centres : array-like of shape (n, 2)
        From `wave_centres`, one per ms; NaN where there is no wave.

    Returns
    -------
    ndarray of shape (n_moves,)
        Angle of the movement to the next ms in radians, from -pi to pi; 0 is towards larger x, pi / 2 towards larger
        y. Moves from or to a time without a wave are left out.

    Raises
    ------
    ValueError
        If the shape is wrong.

    Examples
    --------
    >>> wave_directions([[0, 0], [1, 0], [1, 1]]).round(2)
    array([0.  , 1.57])
    """
    moves = np.diff(_check_centres("centres", centres), axis=0)
    moves = moves[np.isfinite(moves).all(axis=1) & (moves != 0.0).any(axis=1)]
    return np.arctan2(moves[:, 1], moves[:, 0])


def wave_tracking(below: ArrayLike, above: ArrayLike) -> float:
    """How well waves of a sheet follow those of the sheet below: R^2 of an affine map from above to below.

    Parameters
    ----------
    below, above : array-like of shape (n, 2)
        From `wave_centres` at the same times; times without a wave on both sheets are left out.

    Returns
    -------
    float
        1 if the position of the wave below can be read above; NaN if there are fewer than four such times.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> path = np.random.default_rng(0).random((50, 2))
    >>> round(wave_tracking(path, 3 * path), 2)
    1.0
    """
    lower, upper = _check_centres("below", below), _check_centres("above", above)
    check_same_length(below=lower, above=upper)
    both = np.isfinite(lower).all(axis=1) & np.isfinite(upper).all(axis=1)
    return affine_fit(lower[both], upper[both]) if both.sum() > 3 else float("nan")


def wave_centres(
    time_ms: ArrayLike,
    neuron: ArrayLike,
    positions: ArrayLike,
    duration_ms: float,
    *,
    least: int = 30,
    frame_ms: float = FRAME_MS,
) -> NDArray[np.float64]:
    """Centre of the wave on a sheet once per ms.

    Parameters
    ----------
    time_ms, neuron : array-like of shape (n_spikes,)
        Spikes.
    positions : array-like of shape (n, 2)
    duration_ms : float
        Length of the recording.
    least : int, default=30
        Nodes that must fire at a time in a wave.
    frame_ms : float, default=0.1
        Width of a spike, 1 ms or less: `WaveNetwork.step_ms`.

    Returns
    -------
    ndarray of shape (duration_ms, 2)
        NaN where there is no wave.

    Raises
    ------
    ValueError
        If the arrays do not match, or hold times outside the recording.

    Examples
    --------
    >>> places = np.random.default_rng(0).random((40, 2))
    >>> wave_centres(np.full(40, 0.05), np.arange(40), places, 1).shape
    (1, 2)
    """
    frames = _frames(time_ms, neuron, positions, duration_ms, frame_ms)
    return _centres(*frames, least)[:: round(SAMPLE_MS / frame_ms)]


def wave_statistics(
    time_ms: ArrayLike,
    neuron: ArrayLike,
    positions: ArrayLike,
    duration_ms: float,
    *,
    least: int = 30,
    link: float | None = None,
    frame_ms: float = FRAME_MS,
) -> WaveStatistics:
    """Size, speed and number of the waves on a sheet.

    Parameters
    ----------
    time_ms, neuron, positions, duration_ms, least, frame_ms
        As in `wave_centres`.
    link : float or None, default=None
        Distance below which two nodes that fire belong to one cluster; the radius of excitation is a good choice.

    Returns
    -------
    WaveStatistics
        Size, radius, speed, duration and `single` are NaN without waves.

    Raises
    ------
    ValueError
        As `wave_centres`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> places, times = rng.random((40, 2)), np.sort(rng.uniform(0, 20, 400))
    >>> wave_statistics(times, rng.integers(0, 40, 400), places, 20.0, least=2).size > 2
    True
    """
    first, nodes, X = _frames(time_ms, neuron, positions, duration_ms, frame_ms)
    counts, stride = np.diff(first), round(SAMPLE_MS / frame_ms)
    waving = counts >= least
    centres = _centres(first, nodes, X, least)
    radii, single = [], []
    for frame in range(0, len(counts), stride):
        if waving[frame]:
            places = X[nodes[first[frame] : first[frame + 1]]]
            radii.append(np.percentile(np.linalg.norm(places - centres[frame], axis=1), 80))
            if link is not None:
                label = connected_components(cdist(places, places) < link)[1]
                single.append(np.bincount(label).max() / len(places))
    through = np.convolve(waving, np.ones(stride + 1, dtype=int), "valid") == stride + 1
    moved = np.linalg.norm(centres[stride:] - centres[:-stride], axis=1)[through]
    begun = int((np.diff(waving.astype(int), prepend=0) == 1).sum())
    return WaveStatistics(
        active=float(waving.mean()),
        size=_mean(counts[waving]),
        radius=_mean(radii),
        single=_mean(single),
        speed=_mean(moved),
        rate=1000.0 * begun / duration_ms,
        duration=float(waving.sum() * frame_ms / begun) if begun else float("nan"),
        reached=len(np.unique(nodes)) / len(X),
    )


def wave_causality(below: ArrayLike, above: ArrayLike, *, least: tuple[int, int] = (30, 10)) -> WaveCausality:
    """Whether waves of a sheet need those of the sheet below.

    Parameters
    ----------
    below, above : array-like of shape (n_frames,)
        Number of spikes of each sheet in each frame, the same frames for both.
    least : (int, int), default=(30, 10)
        Nodes that must fire at a time in a wave below and above.

    Returns
    -------
    WaveCausality
        NaN where a condition never holds.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> below = [40, 40, 0, 0]
    >>> wave_causality(below, [12, 0, 0, 0])
    WaveCausality(given_active=0.5, given_silent=0.0)
    """
    lower, upper = np.asarray(below), np.asarray(above)
    check_same_length(below=lower, above=upper)
    waving = upper >= least[1]
    return WaveCausality(_mean(waving[lower >= least[0]]), _mean(waving[lower == 0]))


def spikes_per_frame(time_ms: ArrayLike, duration_ms: float, *, frame_ms: float = FRAME_MS) -> NDArray[np.int64]:
    """Number of spikes in each step of a recording.

    Parameters
    ----------
    time_ms : array-like of shape (n_spikes,)
    duration_ms, frame_ms
        As in `wave_centres`.

    Returns
    -------
    ndarray of shape (n_frames,), int64

    Raises
    ------
    ValueError
        If times lie outside the recording, or a frame is longer than 1 ms.

    Examples
    --------
    >>> spikes_per_frame([0.0, 0.05, 0.25], 0.4)
    array([2, 0, 1, 0])
    """
    if not 0.0 < frame_ms <= SAMPLE_MS:
        raise ValueError(f"frame_ms must be above 0 and at most 1, got {frame_ms!r}; pass WaveNetwork.step_ms")
    n_frames = round(duration_ms / frame_ms)
    frame = np.rint(check_times("time_ms", time_ms) / frame_ms).astype(np.int64)
    if len(frame) and not 0 <= frame.min() <= frame.max() < n_frames:
        raise ValueError(
            f"time_ms must lie between 0 and duration_ms = {duration_ms}, got {frame.min() * frame_ms:g} to "
            f"{frame.max() * frame_ms:g}; pass the duration of the recording"
        )
    return np.bincount(frame, minlength=n_frames)


def _frames(
    time_ms: ArrayLike, neuron: ArrayLike, positions: ArrayLike, duration_ms: float, frame_ms: float
) -> tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.float64]]:
    """Where the spikes of each frame begin, the nodes in the order of time, and their positions."""
    X = check_positions("positions", positions)
    times = check_times("time_ms", time_ms)
    nodes = check_indices("neuron", neuron, len(X))
    check_same_length(time_ms=times, neuron=nodes)
    counts = spikes_per_frame(times, duration_ms, frame_ms=frame_ms)
    return np.concatenate([[0], np.cumsum(counts)]), nodes[np.argsort(times, kind="stable")], X


def _centres(first: NDArray[Any], nodes: NDArray[Any], X: NDArray[Any], least: int) -> NDArray[np.float64]:
    """Centre of what fires in each frame, NaN without a wave."""
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(X[nodes], axis=0)])
    counts = np.diff(first)
    with np.errstate(invalid="ignore", divide="ignore"):
        centres = (sums[first[1:]] - sums[first[:-1]]) / counts[:, None]
    centres[counts < least] = np.nan
    return centres


def _mean(values: ArrayLike) -> float:
    """Mean; NaN of nothing."""
    values = np.asarray(values)
    return float(values.mean()) if values.size else float("nan")


def _check_centres(name: str, centres: ArrayLike) -> NDArray[np.float64]:
    """Two columns, with NaN where there is no wave."""
    table = np.asarray(centres, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != 2:
        raise ValueError(f"{name} must have shape (n, 2), got {table.shape}; pass the result of wave_centres")
    return table
