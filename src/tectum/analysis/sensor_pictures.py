"""Pictures from sensors whose places are known: one cell for each sensor, holes filled from around them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import uniform_filter
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree

from tectum.analysis._checks import check_shape

DENSE = 1500  # sensors up to which every cell is considered for each
NEAR_CELLS = 32  # cells that are considered for each of more sensors
SURROUNDED = 3  # of the eight cells around a hole, which must hold a sensor for it to be filled


def cells_of(positions: ArrayLike, shape: tuple[int, int] | None = None) -> tuple[NDArray[np.intp], tuple[int, int]]:
    """A cell of a picture for each sensor, no two in the same, such that sensors move as little as possible.

    Parameters
    ----------
    positions : array-like of shape (n_sensors, 2)
        Row and column, in distances of neighbouring sensors; NaN for a sensor without a place.
    shape : (rows, cols) or None, default=None
        Of the picture, which positions are stretched to; None is as large as their extent, and large enough.

    Returns
    -------
    cells : ndarray of shape (n_sensors,)
        Row-major; -1 for a sensor without a place.
    shape : (rows, cols)

    Raises
    ------
    ValueError
        If the picture has fewer cells than there are sensors with a place.
    """
    positions = np.asarray(positions, dtype=np.float64)
    placed = np.isfinite(positions).all(axis=1)
    places = positions[placed] - positions[placed].min(axis=0, initial=np.inf)
    extent = places.max(axis=0, initial=0.0)
    if shape is None:
        rows, cols = (int(n) for n in np.rint(extent).astype(int) + 1)
        while rows * cols < len(places):
            rows, cols = (rows + 1, cols) if rows * extent[1] < cols * extent[0] else (rows, cols + 1)
    else:
        rows, cols = check_shape(shape)
        if rows * cols < len(places):
            raise ValueError(
                f"shape must have a cell for each of the {len(places)} sensors that have a place, got {rows} x {cols}; "
                "None is large enough"
            )
    places *= (np.array([rows, cols]) - 1.0) / np.where(extent > 0.0, extent, 1.0)
    cells = np.full(len(positions), -1, dtype=np.intp)
    if len(places):
        cells[placed] = _assigned(places, np.indices((rows, cols)).reshape(2, -1).T)
    return cells, (rows, cols)


def _assigned(places: NDArray[np.float64], centres: NDArray[np.intp]) -> NDArray[np.intp]:
    """The centre of each place, with the least sum of squared distances."""
    if len(places) > DENSE:
        distance, near = cKDTree(centres).query(places, min(NEAR_CELLS, len(centres)))
        rows = np.repeat(np.arange(len(places)), near.shape[1])
        costs = csr_matrix((np.square(distance.ravel()) + 1.0, (rows, near.ravel())), (len(places), len(centres)))
        try:
            return np.asarray(min_weight_full_bipartite_matching(costs)[1])
        except ValueError:
            pass  # some crowd has not enough cells near it
    square = np.square(places).sum(axis=1)[:, None] - 2.0 * places @ centres.T + np.square(centres).sum(axis=1)
    return np.asarray(linear_sum_assignment(square)[1])


def pictures_of(X: ArrayLike, cells: NDArray[np.intp], shape: tuple[int, int]) -> NDArray[np.floating]:
    """Activity of sensors as pictures.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_sensors)
    cells : ndarray of shape (n_sensors,)
        Cell of each sensor, -1 for none; as `cells_of` gives them.
    shape : (rows, cols)

    Returns
    -------
    ndarray of shape (n_samples, rows, cols)
        A hole with three sensors or more in the eight cells around it shows their mean, all other empty cells are 0.
    """
    X = np.asarray(X)
    pictures = np.zeros((len(X), shape[0] * shape[1]), X.dtype)
    filled = np.zeros(shape[0] * shape[1], bool)
    filled[cells[cells >= 0]] = True
    pictures[:, cells[cells >= 0]] = X[:, cells >= 0]
    pictures, held = pictures.reshape(len(X), *shape), filled.reshape(shape)
    around = uniform_filter(held.astype(np.float64), 3, mode="constant") * 9.0
    holes = ~held & (around > SURROUNDED - 0.5)
    if holes.any():
        for row, col in np.argwhere(holes):
            window = np.s_[max(row - 1, 0) : row + 2, max(col - 1, 0) : col + 2]
            pictures[:, row, col] = pictures[:, window[0], window[1]][:, held[window]].mean(axis=1)
    return pictures
