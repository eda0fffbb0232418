"""A map laid out on its grid: positions, hits, component planes, U-matrix.

A map has ``shape=(rows, cols)``; neuron ``j`` sits at ``(j // cols, j % cols)``. A codebook row that contains NaN
belongs to a neuron without a preferred input.

Wherever these functions take a ``shape``, a grid of `tectum.parts` will do, as in `SpikingSOM.grid_`: then
neighbours and distances are those on its topology, ``u_matrix(codebook, HexagonalGrid(10, 10))``. A pair of integers is
rectangular.
"""

from typing import Any

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

    Examples
    --------
    >>> grid_positions((2, 2))
    array([[0, 0],
           [0, 1],
           [1, 0],
           [1, 1]])
    """
    rows, cols = check_shape(shape)
    return np.stack(np.divmod(np.arange(rows * cols), cols), axis=1)


def grid_places(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Where every neuron lies in space, so that Euclidean distances are those on the grid.

    Parameters
    ----------
    shape : tuple of int or grid
        (rows, cols).

    Returns
    -------
    ndarray of shape (rows*cols, 2) or (rows*cols, 4)
        Row and column; on a hexagonal grid rows are sqrt(3)/2 apart and odd ones half a column to the right. A torus is
        bent to a circle in either direction, which needs four coordinates and shortens long ways.

    Examples
    --------
    >>> from tectum.analysis import grid_places
    >>> from tectum.parts import HexagonalGrid
    >>> grid_places(HexagonalGrid(2, 2)).round(2).tolist()
    [[0.0, 0.0], [0.0, 1.0], [0.87, 0.5], [0.87, 1.5]]
    """
    hexagonal, wraps = topology(shape)
    places = grid_positions(shape).astype(np.float64)
    if hexagonal:
        places[:, 1] += 0.5 * (places[:, 0] % 2)
        places[:, 0] *= np.sqrt(0.75)
    if wraps:
        radius = np.asarray(check_shape(shape)) * (np.sqrt(0.75) if hexagonal else 1.0, 1.0) / (2 * np.pi)
        angles = places / radius
        places = np.concatenate([radius * np.cos(angles), radius * np.sin(angles)], axis=1)
    return places


def grid_neighbours(shape: tuple[int, int]) -> NDArray[np.intp]:
    """The nearest neighbours of every neuron: up to four on a rectangular grid, six on a hexagonal one.

    Parameters
    ----------
    shape : tuple of int or grid
        (rows, cols).

    Returns
    -------
    ndarray of int, shape (rows*cols, 4) or (rows*cols, 6)
        Neurons in the order above, below, left, right; the two above and the two below, on a hexagonal grid. -1 beyond
        a border.

    Examples
    --------
    >>> from tectum.analysis import grid_neighbours
    >>> grid_neighbours((1, 3)).tolist()
    [[-1, -1, -1, 1], [-1, -1, 0, 2], [-1, -1, 1, -1]]
    """
    hexagonal, wraps = topology(shape)
    rows, cols = check_shape(shape)
    row, col = grid_positions(shape).T
    odd = row % 2
    steps: list[tuple[int, Any]] = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    if hexagonal:
        steps = [(-1, odd - 1), (-1, odd), (1, odd - 1), (1, odd), (0, -1), (0, 1)]
    found = np.full((len(row), len(steps)), -1)
    for k, (down, right) in enumerate(steps):
        to_row, to_col = row + down, col + right
        if wraps:
            to_row, to_col = to_row % rows, to_col % cols
        there = (to_row >= 0) & (to_row < rows) & (to_col >= 0) & (to_col < cols)
        found[there, k] = (to_row * cols + to_col)[there]
    found[found == np.arange(len(row))[:, np.newaxis]] = -1  # around a torus of one row or column
    return found


def squared_distances(
    shape: tuple[int, int], first: NDArray[np.intp] | None = None, second: NDArray[np.intp] | None = None
) -> NDArray[np.float64]:
    """Squared distances on the grid between neurons, given by their numbers in arrays that broadcast; all by default,
    (rows*cols, rows*cols).
    """
    rows, cols = check_shape(shape)
    if first is None or second is None:
        second = np.arange(rows * cols)
        first = second[:, np.newaxis]
    row, col = np.divmod(first, cols)
    to_row, to_col = np.divmod(second, cols)
    grid: Any = shape
    if any(topology(shape)):
        return grid.squared(to_row - row, to_col - col, row % 2)
    return np.asarray((to_row - row) ** 2 + (to_col - col) ** 2, np.float64)


def pair_distances(shape: tuple[int, int], units: NDArray[np.intp]) -> NDArray[np.float64]:
    """Distances on the grid of all pairs of the given neurons, in the order of `scipy.spatial.distance.pdist`."""
    first, second = np.triu_indices(len(units), 1)
    return np.sqrt(squared_distances(shape, units[first], units[second]))


def topology(shape: Any) -> tuple[bool, bool]:
    """Whether a grid is hexagonal, and whether it wraps."""
    return getattr(shape, "hexagonal", False), getattr(shape, "wraps", False)


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

    Examples
    --------
    >>> hit_map([0, 0, 3, -1], (2, 2))
    array([[2, 0],
           [0, 1]])
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

    Examples
    --------
    >>> component_planes([[0, 9], [1, 8], [2, 7], [3, 6]], (2, 2))[0]
    array([[0., 1.],
           [2., 3.]])
    """
    return check_codebook(codebook, shape).T.reshape(-1, *check_shape(shape))


def u_matrix(codebook: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Mean node distance of each neuron to its neighbours (Ultsch & Siemon 1990), those of `grid_neighbours`.

    Parameters
    ----------
    codebook : array-like of shape (rows*cols, n_features)
    shape : tuple of int or grid
        (rows, cols).

    Returns
    -------
    ndarray of shape (rows, cols)
        High values are borders between clusters; NaN for an undefined neuron and for one without defined neighbours.

    Raises
    ------
    ValueError
        If ``codebook`` does not belong to ``shape``.

    Examples
    --------
    >>> u_matrix([[0.0], [1.0], [0.0], [5.0]], (2, 2))
    array([[0.5, 2.5],
           [2.5, 4.5]])
    """
    gaps = neighbour_gaps(codebook, shape)
    total, count = np.zeros(len(gaps)), (~np.isnan(gaps)).sum(axis=1)
    for gap in gaps.T:
        total += np.nan_to_num(gap)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0).reshape(check_shape(shape))


def neighbour_gaps(codebook: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Node distances to the `grid_neighbours`, of the same shape; NaN if undefined."""
    nodes, neighbours = check_codebook(codebook, shape), grid_neighbours(shape)
    gaps = np.stack([np.linalg.norm(nodes - nodes[beside], axis=1) for beside in neighbours.T], axis=1)
    gaps[neighbours < 0] = np.nan
    return gaps
