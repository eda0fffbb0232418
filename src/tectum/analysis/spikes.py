"""Volleys, oscillation, latencies and activity bubbles, from recorded spikes.

Spikes are three arrays of shape (n_spikes,): ``time_ms``, ``neuron`` and ``presentation``, sorted by presentation and
time, as a recording gives them. Latency tables have shape (n_presentations, n_neurons), NaN for a silent neuron.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from tectum.analysis._checks import check_indices, check_same_length, check_shape, check_times, rank_correlation
from tectum.analysis.map_grid import grid_places, grid_positions, squared_distances, topology


def volleys(time_ms: ArrayLike, presentation: ArrayLike | None = None, *, gap_ms: float = 10.0) -> NDArray[np.intp]:
    """Number the volleys: bursts of spikes with silence between them.

    Parameters
    ----------
    time_ms : array-like of shape (n_spikes,)
        Sorted spike times.
    presentation : array-like of int, shape (n_spikes,), optional
        Presentation of each spike, sorted; give it when times start anew with each presentation. A volley then ends
        with its presentation.
    gap_ms : float, default=10.0
        A silence longer than this separates two volleys.

    Returns
    -------
    ndarray of int, shape (n_spikes,)
        Volley of each spike, counted from 0.

    Raises
    ------
    ValueError
        If times are not sorted (within each presentation) or ``gap_ms`` is negative.

    Examples
    --------
    >>> volleys([1.0, 2.0, 30.0, 31.0])
    array([0, 0, 1, 1])
    """
    times = check_times("time_ms", time_ms)
    if not gap_ms >= 0:
        raise ValueError(f"gap_ms must be 0 or more, got {gap_ms!r}; a third of the period suits an oscillation")
    changes = np.zeros(max(len(times) - 1, 0), dtype=bool)
    if presentation is not None:
        presentations = check_indices("presentation", presentation, np.iinfo(np.intp).max)
        check_same_length(time_ms=times, presentation=presentations)
        changes = np.diff(presentations) != 0
    gaps = np.diff(times)
    if (gaps[~changes] < 0).any():
        raise ValueError(
            f"time_ms must be sorted, got a step of {gaps[~changes].min():g} ms; "
            "sort the spikes by time, or pass presentation if times start anew with each presentation"
        )
    return np.concatenate([np.zeros(min(len(times), 1), np.intp), np.cumsum(changes | (gaps > gap_ms))])


def oscillation(time_ms_inhibitory: ArrayLike, *, gap_ms: float = 10.0) -> dict[str, float | int]:
    """Period and regularity of an oscillation, from the spikes of its inhibitory population.

    A cycle lasts from the first spike of one volley to the first spike of the next.

    Parameters
    ----------
    time_ms_inhibitory : array-like of shape (n_spikes,)
        Sorted spike times of one uninterrupted stretch.
    gap_ms : float, default=10.0
        Silence that separates two volleys; spikes closer than this belong to one cycle.

    Returns
    -------
    dict
        ``period_ms``: mean length of a cycle; ``jitter_ms``: sample standard deviation of the lengths (NaN below two
        cycles); ``frequency_hz``: 1000 / period; ``n_cycles``: number of complete cycles. Period and frequency are NaN
        without a complete cycle.

    Raises
    ------
    ValueError
        If times are not sorted.

    Examples
    --------
    >>> rhythm = oscillation(np.arange(0.0, 400.0, 40.0))
    >>> float(rhythm["period_ms"])
    40.0
    """
    times = check_times("time_ms_inhibitory", time_ms_inhibitory)
    starts = times[np.unique(volleys(times, gap_ms=gap_ms), return_index=True)[1]]
    lengths = np.diff(starts)
    period = float(lengths.mean()) if len(lengths) > 0 else float("nan")
    return {
        "period_ms": period,
        "jitter_ms": float(lengths.std(ddof=1)) if len(lengths) > 1 else float("nan"),
        "frequency_hz": 1000.0 / period,
        "n_cycles": len(lengths),
    }


def first_spike_latency(
    time_ms: ArrayLike,
    neuron: ArrayLike,
    presentation: ArrayLike,
    n_neurons: int,
    n_presentations: int,
    *,
    onset_ms: ArrayLike = 0.0,
) -> NDArray[np.float64]:
    """Time from the onset of each presentation to the first spike of each neuron.

    Parameters
    ----------
    time_ms, neuron, presentation : array-like of shape (n_spikes,)
        Spikes in any order. Any other grouping, such as `volleys`, can stand for the presentations.
    n_neurons, n_presentations : int
    onset_ms : float or array-like of shape (n_presentations,), default=0.0
        Start of each presentation on the clock of ``time_ms``; 0 when times start anew with each presentation.

    Returns
    -------
    ndarray of shape (n_presentations, n_neurons)
        In ms; NaN if silent.

    Raises
    ------
    ValueError
        If the lengths differ or an index is outside its range.

    Examples
    --------
    >>> first_spike_latency([3.0, 5.0, 6.0], [1, 0, 1], [0, 0, 0], 3, 1)
    array([[ 5.,  3., nan]])
    """
    times = check_times("time_ms", time_ms)
    neurons = check_indices("neuron", neuron, n_neurons)
    presentations = check_indices("presentation", presentation, n_presentations)
    check_same_length(time_ms=times, neuron=neurons, presentation=presentations)
    onsets = np.asarray(onset_ms, dtype=np.float64)
    if onsets.shape not in ((), (n_presentations,)):
        raise ValueError(
            f"onset_ms must be one number or {n_presentations} of them, got shape {onsets.shape}; "
            "pass the start of each presentation"
        )
    first = np.full((n_presentations, n_neurons), np.inf)
    np.minimum.at(first, (presentations, neurons), times)
    first[np.isinf(first)] = np.nan
    return first - onsets.reshape(-1, 1)


def latency_rank_correlation(latency: ArrayLike, drive: ArrayLike) -> float:
    """Spearman correlation of first-spike latency and input drive, the mean over presentations.

    Parameters
    ----------
    latency : array-like of shape (n_presentations, n_neurons) or (n_neurons,)
        NaN for silent neurons, which are left out.
    drive : array-like of the shape of ``latency``
        Input to each neuron.

    Returns
    -------
    float
        -1 when a stronger drive always means an earlier spike; NaN when no presentation has two different latencies
        and drives.

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> latency_rank_correlation([1.0, 2.0, 3.0], [0.9, 0.5, 0.1])
    -1.0
    """
    table, drives = np.atleast_2d(np.asarray(latency, np.float64)), np.atleast_2d(np.asarray(drive, np.float64))
    if table.shape != drives.shape or table.ndim != 2:
        raise ValueError(
            f"drive must have the shape of latency, got {drives.shape} and {table.shape}; pass one drive per neuron"
        )
    fired = [np.isfinite(row) for row in table]
    scores = np.array([rank_correlation(t[on], d[on]) for t, d, on in zip(table, drives, fired, strict=True)])
    scores = scores[~np.isnan(scores)]
    return float(scores.mean()) if len(scores) > 0 else float("nan")


def bubble_profile(
    time_ms: ArrayLike, neuron: ArrayLike, volley: ArrayLike, shape: tuple[int, int]
) -> dict[str, NDArray[Any]]:
    """How activity spreads on a map around the first neuron of each volley.

    Parameters
    ----------
    time_ms, neuron : array-like of shape (n_spikes,)
        Spikes of the map.
    volley : array-like of int, shape (n_spikes,)
        Volley of each spike, from `volleys`; presentations serve where each holds one volley.
    shape : tuple of int
        (rows, cols).

    Returns
    -------
    dict of ndarray, each of shape (n_distances,)
        ``distance``: Euclidean grid distance to the first neuron, rounded to integers 0, 1, ...; ``probability``: of
        firing in the volley, over all neurons at that distance and all volleys (NaN where there is no neuron);
        ``extra_latency_ms``: mean delay of the first spike of those that fired (NaN if none did). Of neurons that
        fire first at the same time, the lowest index is the first.

    Raises
    ------
    ValueError
        If the lengths differ or an index is outside its range.

    Examples
    --------
    >>> sorted(bubble_profile([1.0, 1.5, 9.0], [4, 5, 4], [0, 0, 1], (3, 3)))
    ['distance', 'extra_latency_ms', 'probability']
    """
    positions = grid_positions(shape)
    groups = check_indices("volley", volley, np.iinfo(np.intp).max)
    seen, groups = np.unique(groups, return_inverse=True)
    latency = first_spike_latency(time_ms, neuron, groups, len(positions), len(seen))
    first = first_winner(latency) if len(seen) > 0 else np.zeros(0, np.intp)
    distances = np.sqrt(squared_distances(shape, first[:, np.newaxis], np.arange(len(positions))))
    from_first = np.rint(distances).astype(np.intp)
    extra = latency - latency[np.arange(len(seen)), first][:, np.newaxis]
    fired = ~np.isnan(extra)
    length = round(float(np.linalg.norm(np.ptp(positions, axis=0)))) + 1
    length = max(length, from_first.max(initial=0) + 1)  # odd rows of a hexagonal grid reach farther
    present = np.bincount(from_first.ravel(), minlength=length)
    active = np.bincount(from_first[fired], minlength=length)
    delay = np.bincount(from_first[fired], weights=extra[fired], minlength=length)
    undefined = np.full(length, np.nan)
    return {
        "distance": np.arange(length),
        "probability": np.divide(active, present, out=undefined.copy(), where=present > 0),
        "extra_latency_ms": np.divide(delay, active, out=undefined.copy(), where=active > 0),
    }


def spike_winners(latency: ArrayLike, *, k: int = 2) -> NDArray[np.intp]:
    """The first ``k`` neurons to fire in each presentation, in order.

    Parameters
    ----------
    latency : array-like of shape (n_presentations, n_neurons)
        NaN if silent.
    k : int, default=2

    Returns
    -------
    ndarray of int, shape (n_presentations, k)
        Equal latencies go to the lower index; -1 where fewer than ``k`` neurons fired. With ``k=2`` it suits
        `topographic_error`.

    Raises
    ------
    ValueError
        If ``latency`` is not 2-D or ``k`` not a positive integer.

    Examples
    --------
    >>> spike_winners([[5.0, 3.0, np.nan]])
    array([[1, 0]])
    """
    table = _check_latency(latency)
    if not isinstance(k, (int, np.integer)) or k < 1:
        raise ValueError(f"k must be a positive integer, got {k!r}; k=1 returns the winner only")
    order = np.argsort(table, axis=1, kind="stable")[:, :k]  # NaN sorts last
    winners = np.full((len(table), k), -1, dtype=np.intp)
    winners[:, : order.shape[1]] = np.where(np.isnan(np.take_along_axis(table, order, axis=1)), -1, order)
    return winners


def first_winner(latency: ArrayLike) -> NDArray[np.intp]:
    """The first neuron to fire in each presentation.

    Parameters
    ----------
    latency : array-like of shape (n_presentations, n_neurons)
        NaN if silent.

    Returns
    -------
    ndarray of int, shape (n_presentations,)
        The lowest index where latencies are equal; -1 where no neuron fired.

    Raises
    ------
    ValueError
        If ``latency`` is not 2-D.

    Examples
    --------
    >>> first_winner([[5.0, 3.0, np.nan], [np.nan, np.nan, np.nan]])
    array([ 1, -1])
    """
    return spike_winners(latency, k=1)[:, 0]


def centroid_winner(latency: ArrayLike, shape: tuple[int, int], *, tau_ms: float = 0.5) -> NDArray[np.intp]:
    """The neuron at the centre of the early activity: the centroid with weights ``exp(-(t - t_first) / tau_ms)``.

    On a torus the centroid is that of the circle in either direction.

    Parameters
    ----------
    latency : array-like of shape (n_presentations, rows*cols)
        NaN if silent.
    shape : tuple of int
        (rows, cols).
    tau_ms : float, default=0.5
        How fast later spikes lose weight.

    Returns
    -------
    ndarray of int, shape (n_presentations,)
        Nearest neuron to the centroid (halves round up); -1 where no neuron fired.

    Raises
    ------
    ValueError
        If ``latency`` does not belong to ``shape`` or ``tau_ms`` is not positive.

    Examples
    --------
    >>> centroid_winner([[1.0, 1.0, np.nan, np.nan]], (2, 2))
    array([1])
    """
    places = grid_places(shape)
    table = _check_latency(latency)
    if table.shape[1] != len(places):
        raise ValueError(
            f"latency must have rows*cols = {len(places)} columns for shape {shape}, got {table.shape[1]}; "
            "pass the shape of the map that was recorded"
        )
    if not tau_ms > 0:
        raise ValueError(f"tau_ms must be positive, got {tau_ms!r}; a small value approaches first_winner")
    fired = ~np.isnan(table).all(axis=1)
    times = table[fired]
    weights = np.nan_to_num(np.exp(-(times - np.nanmin(times, axis=1, keepdims=True)) / tau_ms))
    centroids = weights @ places / weights.sum(axis=1, keepdims=True)
    winners = np.full(len(table), -1, dtype=np.intp)
    if any(topology(shape)):
        winners[fired] = cdist(centroids, places).argmin(axis=1)
    else:
        winners[fired] = np.floor(centroids + 0.5).astype(np.intp) @ (check_shape(shape)[1], 1)
    return winners


def _check_latency(latency: ArrayLike) -> NDArray[np.float64]:
    table = np.asarray(latency, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] == 0 or np.isinf(table).any():
        raise ValueError(
            f"latency must be a (n_presentations, n_neurons) table without infinite values, got shape {table.shape}; "
            "silent neurons are NaN"
        )
    return table
