"""How far sheets have organised themselves: receptive fields, tiling, topography, and the waves that made them.

Weights W have shape (n_post, n_pre), positions (n, 2). With P_ji = W_ji / sum_i W_ji the receptive field of a unit is
the distribution P_j over the nodes of the sheet below.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay
from scipy.spatial.distance import cdist, pdist

from tectum.analysis._checks import check_indices, check_same_length, check_table, check_times

CUT = 0.1  # of a weight of mean 2.5, above which its node belongs to the support; the authors' own
FRAME_MS = 0.1  # width of a spike of DynamicThresholdLIF
LOOK_MS = 1.0  # between two looks at a wave


class Tiling(NamedTuple):
    """How the receptive fields of compact units tile the sheet below.

    Examples
    --------
    >>> nodes = np.random.default_rng(0).random((30, 2))
    >>> tiling(np.ones((4, 30)), nodes).compact
    0.0
    """

    compact: float  # share of the units with a radius below half that of the sheet
    coverage: float  # share of the nodes below in the support of at least one of them
    overlap: float  # mean number of them over a node
    evenness: float  # its standard deviation over its mean
    spread: float  # standard deviation of their centres over that of the nodes


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


def field_centres(W: ArrayLike, positions: ArrayLike) -> NDArray[np.float64]:
    """Centres of receptive fields, ``m_j = sum_i P_ji X_i``.

    Parameters
    ----------
    W : array-like of shape (n_post, n_pre)
        Weights of 0 or more.
    positions : array-like of shape (n_pre, 2)

    Returns
    -------
    ndarray of shape (n_post, 2)
        In the unit of the positions.

    Raises
    ------
    ValueError
        If a weight is negative, a unit has none above 0, or the shapes do not match.

    Examples
    --------
    >>> field_centres([[1, 1, 0, 0]], [[0, 0], [0, 1], [1, 0], [1, 1]])
    array([[0. , 0.5]])
    """
    P, X = _check_fields(W, positions)
    return P @ X


def field_radius(W: ArrayLike, positions: ArrayLike) -> NDArray[np.float64]:
    """Root mean square radius of receptive fields, ``r_j^2 = sum_i P_ji |X_i - m_j|^2``.

    Parameters
    ----------
    W, positions
        As in `field_centres`.

    Returns
    -------
    ndarray of shape (n_post,)

    Raises
    ------
    ValueError
        As `field_centres`.

    Examples
    --------
    >>> field_radius([[1, 1, 0, 0]], [[0, 0], [0, 1], [1, 0], [1, 1]])
    array([0.5])
    """
    P, X = _check_fields(W, positions)
    X = X - X.mean(axis=0)
    return np.sqrt(np.maximum(P @ (X**2).sum(axis=1) - ((P @ X) ** 2).sum(axis=1), 0.0))


def sheet_radius(positions: ArrayLike) -> float:
    """Root mean square distance of nodes from their centre.

    Parameters
    ----------
    positions : array-like of shape (n, 2)

    Returns
    -------
    float

    Examples
    --------
    >>> round(sheet_radius([[0, 0], [0, 1], [1, 0], [1, 1]]), 3)
    0.707
    """
    X = _check_positions("positions", positions)
    return float(np.sqrt(X.var(axis=0).sum()))


def compactness(W: ArrayLike, positions: ArrayLike) -> NDArray[np.float64]:
    """``1 - r_j^2 / R^2`` with the radii of the fields and of the sheet: 0 for a uniform field, 1 for a point.

    Parameters
    ----------
    W, positions
        As in `field_centres`.

    Returns
    -------
    ndarray of shape (n_post,)

    Raises
    ------
    ValueError
        As `field_centres`.

    Examples
    --------
    >>> nodes = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> compactness([[1, 0, 0, 0], [1, 1, 1, 1]], nodes)
    array([1., 0.])
    """
    return 1.0 - (field_radius(W, positions) / sheet_radius(positions)) ** 2


def effective_inputs(W: ArrayLike) -> NDArray[np.float64]:
    """Number of nodes that a receptive field amounts to, ``1 / sum_i P_ji^2``.

    Parameters
    ----------
    W : array-like of shape (n_post, n_pre)

    Returns
    -------
    ndarray of shape (n_post,)
        n_pre for a uniform field.

    Raises
    ------
    ValueError
        As `field_centres`.

    Examples
    --------
    >>> effective_inputs([[1, 0, 0, 0], [1, 1, 1, 1]])
    array([1., 4.])
    """
    return 1.0 / (_check_weights(W) ** 2).sum(axis=1)


def tiling(W: ArrayLike, positions: ArrayLike, *, cut: float = CUT) -> Tiling:
    """How the receptive fields of the compact units, those below half the radius of the sheet, tile it.

    Parameters
    ----------
    W, positions
        As in `field_centres`.
    cut : float, default=0.1
        Weight above which a node belongs to the support of a unit.

    Returns
    -------
    Tiling
        Overlap, evenness and spread are NaN without compact units.

    Raises
    ------
    ValueError
        As `field_centres`.

    Examples
    --------
    >>> nodes = np.random.default_rng(0).random((30, 2))
    >>> near = np.exp(-((nodes[:, None] - nodes[None]) ** 2).sum(axis=2) / 0.01)
    >>> round(tiling(near, nodes).coverage, 2)
    1.0
    """
    table, X = check_table("W", W), _check_positions("positions", positions)
    compact = field_radius(table, X) < 0.5 * sheet_radius(X)
    if not compact.any():
        return Tiling(0.0, 0.0, float("nan"), float("nan"), float("nan"))
    over = (table[compact] > cut).sum(axis=0)
    centres = field_centres(table[compact], X)
    mean = float(over.mean())
    return Tiling(
        compact=float(compact.mean()),
        coverage=float((over > 0).mean()),
        overlap=mean,
        evenness=float(over.std() / mean) if mean > 0.0 else float("nan"),
        spread=float(np.sqrt(centres.var(axis=0).sum()) / sheet_radius(X)),
    )


def sheet_topography(centres: ArrayLike, positions: ArrayLike) -> float:
    """Correlation between distances of receptive fields and distances of their units, over all pairs of units.

    Turning or mirroring a map does not change it. A fold shows as 0.5 to 0.7. Before fields are compact it means
    little: tiny shifts of their centres correlate, too.

    Parameters
    ----------
    centres : array-like of shape (n, 2)
        From `field_centres`.
    positions : array-like of shape (n, 2)
        Of the units on their own sheet.

    Returns
    -------
    float
        1 for a map without distortion, 0 for no order; NaN if there is nothing to compare.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> places = np.random.default_rng(0).random((20, 2))
    >>> round(sheet_topography(2 * places, places), 2)
    1.0
    """
    m, Y = _check_positions("centres", centres), _check_positions("positions", positions)
    check_same_length(centres=m, positions=Y)
    distances = pdist(m), pdist(Y)
    if len(m) < 3 or min(np.ptp(d) for d in distances) == 0.0:
        return float("nan")
    return float(np.corrcoef(*distances)[0, 1])


def affine_fit(targets: ArrayLike, sources: ArrayLike) -> float:
    """Share of the variance of positions that an affine map from other positions explains (R^2).

    With the centres of receptive fields and the positions of their units it says how straight a map is; with the
    centres of waves below and above at the same times, how well the upper follow the lower.

    Parameters
    ----------
    targets, sources : array-like of shape (n, 2)

    Returns
    -------
    float
        At most 1; NaN if the targets do not vary.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> places = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> affine_fit([[2, 5], [2, 7], [4, 5], [4, 7]], places)
    1.0
    """
    m, Y = _check_positions("targets", targets), _check_positions("sources", sources)
    check_same_length(targets=m, sources=Y)
    total = ((m - m.mean(axis=0)) ** 2).sum()
    if total == 0.0:
        return float("nan")
    design = np.column_stack([Y, np.ones(len(Y))])
    rest = m - design @ np.linalg.lstsq(design, m, rcond=None)[0]
    return float(1.0 - (rest**2).sum() / total)


def fold_share(centres: ArrayLike, positions: ArrayLike) -> float:
    """Share of a map that is turned over against the rest: 0 without a fold, towards 1/2 without order.

    The positions of the units are joined to triangles (Delaunay). Between their units and the centres of their fields
    a triangle keeps its orientation where the map is straight, turned or mirrored as a whole; at a fold it changes.

    Parameters
    ----------
    centres, positions : array-like of shape (n, 2)
        As in `sheet_topography`; three units or more that are not on one line.

    Returns
    -------
    float
        Share of the triangles with the rarer orientation, in units of their area on the sheet of the units.

    Raises
    ------
    ValueError
        If the shapes do not match, or the units are on one line.

    Examples
    --------
    >>> places = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> fold_share(places, places)
    0.0
    """
    m, Y = _check_positions("centres", centres), _check_positions("positions", positions)
    check_same_length(centres=m, positions=Y)
    if len(Y) < 3 or np.linalg.matrix_rank(Y - Y.mean(axis=0), tol=1e-9 * max(1.0, float(np.ptp(Y)))) < 2:
        raise ValueError(
            f"positions must hold three units or more that are not on one line, got {len(Y)} of them; use "
            "sheet_topography instead"
        )
    triangles = Delaunay(Y).simplices
    area, image = _signed_area(Y[triangles]), _signed_area(m[triangles])
    kept = float(np.abs(area[area * image > 0.0]).sum() / np.abs(area).sum())
    turned = float(np.abs(area[area * image < 0.0]).sum() / np.abs(area).sum())
    return min(kept, turned)


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
    return _centres(*frames, least)[:: round(LOOK_MS / frame_ms)]


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
    counts, stride = np.diff(first), round(LOOK_MS / frame_ms)
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
    if not 0.0 < frame_ms <= LOOK_MS:
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
    X = _check_positions("positions", positions)
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


def _check_weights(W: ArrayLike) -> NDArray[np.float64]:
    """Weights as shares of each unit's sum."""
    table = check_table("W", W)
    sums = table.sum(axis=1, keepdims=True)
    if table.min() < 0.0 or sums.min() <= 0.0:
        raise ValueError(
            f"W must hold weights of 0 or more, some above 0 in each row, got a minimum of {table.min():g} and a "
            f"smallest sum of {sums.min():g}; leave such units out"
        )
    return table / sums


def _check_fields(W: ArrayLike, positions: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of the weights, and positions of the nodes they come from."""
    P, X = _check_weights(W), _check_positions("positions", positions)
    if P.shape[1] != len(X):
        raise ValueError(
            f"W must have a column per position ({len(X)}), got {P.shape[1]}; pass the positions of the sheet below"
        )
    return P, X


def _signed_area(corners: NDArray[Any]) -> NDArray[np.float64]:
    """Areas of triangles (n, 3, 2), negative if clockwise."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return 0.5 * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _check_centres(name: str, centres: ArrayLike) -> NDArray[np.float64]:
    """Two columns, with NaN where there is no wave."""
    table = np.asarray(centres, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != 2:
        raise ValueError(f"{name} must have shape (n, 2), got {table.shape}; pass the result of wave_centres")
    return table


def _check_positions(name: str, positions: ArrayLike) -> NDArray[np.float64]:
    """A finite table with two columns."""
    table = check_table(name, positions)
    if table.shape[1] != 2:
        raise ValueError(f"{name} must have 2 columns, got {table.shape[1]}; pass one (x, y) per row")
    return table
