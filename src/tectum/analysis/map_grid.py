"""A map laid out on its grid: positions, hits, component planes, U-matrix.

A map has ``shape=(rows, cols)``; neuron ``j`` sits at ``(j // cols, j % cols)``. A codebook row that contains NaN
belongs to a neuron without a preferred input.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.analysis._checks import check_codebook, check_shape, check_winners


def grid_positions(shape: tuple[int, int]) -> NDArray[np.intp]:
    """Row and column of every neuron of a map.

    Parameters
    ----------
    shape : tuple of int
        (rows, cols).

    Returns
    -------
    ndarray of shape (rows*cols, 2)
        Index it with winners to place samples on the grid; drop silent samples (-1) first.
    """
    rows, cols = check_shape(shape)
    return np.stack(np.divmod(np.arange(rows * cols), cols), axis=1)


def hit_map(winners: ArrayLike, shape: tuple[int, int]) -> NDArray[np.intp]:
    """Number of samples each neuron wins.

    Parameters
    ----------
    winners : array-like of int, shape (n_samples,)
        Winner per sample; -1 (no neuron fired) is not counted.
    shape : tuple of int
        (rows, cols).

    Returns
    -------
    ndarray of int, shape (rows, cols)

    Raises
    ------
    ValueError
        If ``winners`` is not 1-D or names a neuron outside the map.
    """
    rows, cols = check_shape(shape)
    winners = check_winners(winners, shape)
    return np.bincount(winners[winners >= 0], minlength=rows * cols).reshape(rows, cols)


def component_planes(codebook: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """The codebook as one picture of the grid per feature.

    Parameters
    ----------
    codebook : array-like of shape (rows*cols, n_features)
    shape : tuple of int
        (rows, cols).

    Returns
    -------
    ndarray of shape (n_features, rows, cols)

    Raises
    ------
    ValueError
        If ``codebook`` does not belong to ``shape``.
    """
    return check_codebook(codebook, shape).T.reshape(-1, *check_shape(shape))


def u_matrix(codebook: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Mean node distance of each neuron to its 4-neighbours (Ultsch & Siemon 1990).

    Parameters
    ----------
    codebook : array-like of shape (rows*cols, n_features)
    shape : tuple of int
        (rows, cols).

    Returns
    -------
    ndarray of shape (rows, cols)
        High values are borders between clusters; NaN for an undefined neuron and for one without defined neighbours.

    Raises
    ------
    ValueError
        If ``codebook`` does not belong to ``shape``.
    """
    total, count = np.zeros(check_shape(shape)), np.zeros(check_shape(shape))
    for axis, gaps in enumerate(neighbour_gaps(codebook, shape)):
        for side in ((1, 0), (0, 1)):  # each gap belongs to the neuron after it and to the one before it
            padding = [side if a == axis else (0, 0) for a in (0, 1)]
            total += np.pad(np.nan_to_num(gaps), padding)
            count += np.pad(~np.isnan(gaps), padding)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def neighbour_gaps(codebook: ArrayLike, shape: tuple[int, int]) -> list[NDArray[np.float64]]:
    """Node distances between vertical (rows-1, cols) and horizontal (rows, cols-1) neighbours; NaN if undefined."""
    grid = check_codebook(codebook, shape).reshape(*check_shape(shape), -1)
    return [np.linalg.norm(np.diff(grid, axis=axis), axis=2) for axis in (0, 1)]
