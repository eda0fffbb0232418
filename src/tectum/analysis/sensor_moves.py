"""Which sensors have moved: a new layout, known up to turn, reflection and scale, beside the places known so far."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import orthogonal_procrustes
from scipy.spatial import cKDTree

STRAY = 3.0  # distances of neighbours from its known place, from which a sensor has moved, ...
UNUSUAL = 4.0  # ... and times the median of all
TRUSTED = 2.5  # times the median, up to which a sensor takes part in the alignment
ROUNDS = 20
DRAWS = 300  # of three sensors each
FEWEST = 8  # sensors that two layouts must share


def moved_places(found: ArrayLike, known: ArrayLike) -> NDArray[np.float64]:
    """Places of the sensors that have moved, in the frame of the places known so far.

    The new layout is turned, reflected and scaled onto the known one: first as three sensors say, of many drawn those
    that leave the least median distance (Rousseeuw 1984), then as all say that do not stray from it. Up to 40 % of the
    sensors may have moved.

    Parameters
    ----------
    found : array-like of shape (n_sensors, 2)
        A new layout; NaN for sensors without a place.
    known : array-like of shape (n_sensors, 2)
        Places so far; NaN for sensors that were dead.

    Returns
    -------
    ndarray of shape (n_sensors, 2)
        NaN for sensors that have stayed, or of which one of the places is not known.

    Raises
    ------
    ValueError
        If the shapes do not match, or less than eight sensors have both places.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum.analysis.sensor_moves import moved_places
    >>> known = np.stack(np.meshgrid(np.arange(6.0), np.arange(6.0)), axis=-1).reshape(-1, 2)
    >>> found = 2.0 * known[:, ::-1] + 7.0
    >>> found[0] = (7.0, 17.0)
    >>> moved_places(found, known)[:2].round(3)
    array([[ 5.,  0.],
           [nan, nan]])
    """
    Y, X = (np.asarray(places, np.float64) for places in (found, known))
    if Y.shape != X.shape or X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"found and known must have the shape (n_sensors, 2), got {Y.shape} and {X.shape}")
    both = np.isfinite(Y).all(axis=1) & np.isfinite(X).all(axis=1)
    if both.sum() < FEWEST:
        raise ValueError(f"{FEWEST} sensors or more must have a place in found and in known, got {both.sum()}")
    used = _start(Y, X, np.flatnonzero(both))
    for _ in range(ROUNDS):
        placed = _onto(Y, X, used)
        apart = np.where(both, np.hypot(*(placed - X).T), np.inf)
        before = used
        used = np.less_equal(apart, max(TRUSTED * float(np.median(apart[both])), 1e-9))
        if (before == used).all():
            break
    spacing = float(np.median(cKDTree(X[both]).query(X[both], 2)[0][:, 1]))
    far = both & (apart > max(STRAY * spacing, UNUSUAL * float(np.median(apart[both]))))
    return np.where(far[:, None], placed, np.nan)


def _start(Y: NDArray[np.float64], X: NDArray[np.float64], both: NDArray[np.intp]) -> NDArray[np.bool_]:
    """The half of the sensors that agree best with one of the alignments that three sensors say."""
    draw, least, used = np.random.default_rng(0), np.inf, np.zeros(len(X), bool)
    for _ in range(DRAWS):
        three = draw.choice(both, 3, replace=False)
        apart = np.hypot(*(_onto(Y, X, three) - X)[both].T)
        if (median := float(np.median(apart))) < least:
            least, used = median, np.isin(np.arange(len(X)), both[apart <= median])
    return used


def _onto(Y: NDArray[np.float64], X: NDArray[np.float64], used: NDArray[Any]) -> NDArray[np.float64]:
    """Y turned, reflected, scaled and shifted so that the sensors used come nearest to X."""
    y, x = Y[used] - Y[used].mean(axis=0), X[used] - X[used].mean(axis=0)
    turn, scale = orthogonal_procrustes(y, x)
    return (Y - Y[used].mean(axis=0)) @ turn * (scale / max(float((y**2).sum()), 1e-12)) + X[used].mean(axis=0)
