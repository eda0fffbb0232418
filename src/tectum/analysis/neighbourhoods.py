"""How well a map keeps the neighbourhoods of its data.

A map has ``shape=(rows, cols)``; neuron ``j`` sits at ``(j // cols, j % cols)``. A codebook row that contains NaN
belongs to a neuron without a preferred input, which takes part in no mean. Distances are Euclidean, in the units of the
arrays given; scale the features first where they should count alike.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist, pdist, squareform

from tectum.analysis._checks import check_codebook, check_indices, check_same_length, check_table, rank_correlation
from tectum.analysis.map_grid import grid_positions, neighbour_gaps, pair_distances, squared_distances

DUPLICATE = 1e-12  # nodes closer than this share of the largest node distance count as duplicates


def topographic_error(winners: ArrayLike, shape: tuple[int, int], *, neighbourhood: int | None = None) -> float:
    """Fraction of samples whose first and second winner are not neighbours on the grid (Kiviluoto 1996).

    Parameters
    ----------
    winners : array-like of int, shape (n_samples, 2)
        First and second winner: the nearest codebook rows (`best_matching_units`) or the first neurons to fire
        (`spike_winners`). A row with -1 (no such neuron) counts as an error.
    shape : tuple of int or grid
        (rows, cols).
    neighbourhood : {8, 4, 6}, optional
        Neighbours of a neuron: 8 with the diagonal ones or 4 without on a rectangular grid, 6 on a hexagonal one. 8 and
        6 by default.

    Returns
    -------
    float
        From 0 (every pair is adjacent) to 1.

    Raises
    ------
    ValueError
        If ``winners`` is not (n_samples, 2), is empty or names a neuron outside the map.

    Examples
    --------
    >>> topographic_error([[0, 1], [0, 3]], (1, 4))
    0.5
    """
    allowed = (6,) if getattr(shape, "hexagonal", False) else (8, 4)
    if neighbourhood is None:
        neighbourhood = allowed[0]
    if neighbourhood not in allowed:
        wanted = "6 on a hexagonal grid" if 6 in allowed else "4 or 8"
        raise ValueError(f"neighbourhood must be {wanted}, got {neighbourhood!r}; 8 counts diagonal neighbours")
    pairs = check_indices("winners", winners, len(grid_positions(shape)), ndim=2, start=-1)
    if pairs.shape[1] != 2 or len(pairs) == 0:
        raise ValueError(
            f"winners must have shape (n_samples, 2) with at least one sample, got {pairs.shape}; "
            "pass the first and second winner of each sample, e.g. best_matching_units(X, codebook, k=2)"
        )
    squared = squared_distances(shape, pairs[:, 0], pairs[:, 1])
    farthest = 2 if neighbourhood == 8 else 1
    return float(np.mean((squared < 0.5) | (squared > farthest + 0.5) | (pairs < 0).any(axis=1)))


def topographic_product(codebook: ArrayLike, shape: tuple[int, int]) -> float:
    """Topographic product P of Bauer & Pawelzik (1992).

    ``P = 1/(N(N-1)) sum_j sum_k log P3(j,k)`` with ``P3(j,k) = (prod_{l<=k} Q1(j,l) Q2(j,l))^(1/2k)``, where Q1 and Q2
    compare, in input space and on the grid, the distances from neuron j to its l-th neighbour on the grid and to its
    l-th neighbour in input space. Sums of logarithms replace the products.

    Equal distances in one space are ordered by the distance in the other, so that a perfect lattice gives 0. The paper
    has no rule for duplicate nodes: their distance 0 counts as the smallest distance between distinct nodes.

    Parameters
    ----------
    codebook : array-like of shape (rows*cols, n_features)
    shape : tuple of int
        (rows, cols).

    Returns
    -------
    float
        About 0 for a map whose dimension fits the data, negative where the map has too few dimensions (it folds),
        positive where it has too many. NaN when fewer than two distinct nodes are defined.

    Raises
    ------
    ValueError
        If ``codebook`` does not belong to ``shape``.

    Notes
    -----
    P compares dimensions: a map of the right dimension in complete disorder also scores about 0, because Q1 grows as Q2
    falls. Read it beside `topographic_error` or `neighbourhood_correlation`. Memory grows with the square of the number
    of neurons.

    References
    ----------
    H.-U. Bauer, K. R. Pawelzik, "Quantifying the neighborhood preservation of self-organizing feature maps", IEEE
    Transactions on Neural Networks 3(4):570-579, 1992.

    Examples
    --------
    >>> round(topographic_product([[0.0], [1.0], [2.0], [3.0]], (1, 4)), 3)
    0.0
    """
    nodes, units = _defined_nodes(codebook, shape)
    gaps = pdist(nodes)
    if len(gaps) == 0 or gaps.max() == 0:
        return float("nan")
    duplicate = gaps <= DUPLICATE * gaps.max()
    gaps[duplicate] = gaps[~duplicate].min()
    in_input, on_grid = squareform(gaps), squareform(pair_distances(shape, units))
    by_grid = np.lexsort((in_input, on_grid), axis=1)[:, 1:]  # column 0 is the neuron itself, the only distance of 0
    by_input = np.lexsort((on_grid, in_input), axis=1)[:, 1:]
    log_q = np.zeros(by_grid.shape)
    for distances in (in_input, on_grid):
        log_q += np.log(np.take_along_axis(distances, by_grid, axis=1))
        log_q -= np.log(np.take_along_axis(distances, by_input, axis=1))
    log_p3 = np.cumsum(log_q, axis=1) / (2 * np.arange(1, len(nodes)))
    return float(log_p3.mean())


def trustworthiness(X: ArrayLike, positions: ArrayLike, *, n_neighbors: int = 5) -> float:
    """Share of a sample's neighbours on the map that are neighbours in the data too (Venna & Kaski 2001).

    A neighbour on the map that is not among the ``n_neighbors`` nearest in the data is penalised by how far down the
    ranking in the data it stands. Samples with a common winner are equally near on the map; where distances tie, the
    mean over all orders of the tied samples is taken, so that the order of the samples does not matter. Without
    ties this equals `sklearn.manifold.trustworthiness`, which breaks them arbitrarily.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    positions : array-like of shape (n_samples, 2)
        Grid coordinates of the winners, ``grid_positions(shape)[winners]``; any number of columns will do.
    n_neighbors : int, default=5
        Size of the neighbourhoods, below ``n_samples / 2``.

    Returns
    -------
    float
        From 0 to 1; 1 when the map shows no false neighbours.

    Raises
    ------
    ValueError
        If the lengths differ or ``n_neighbors`` is not in [1, n_samples / 2).

    References
    ----------
    J. Venna, S. Kaski, "Neighborhood preservation in nonlinear projection methods: an experimental study", ICANN 2001.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((40, 2))
    >>> trustworthiness(X, 3 * X)
    1.0
    """
    X, positions = check_table("X", X), check_table("positions", positions)
    check_same_length(X=X, positions=positions)
    n = len(X)
    if not isinstance(n_neighbors, (int, np.integer)) or not 1 <= n_neighbors < n / 2:
        raise ValueError(
            f"n_neighbors must be an integer from 1 to below n_samples / 2 = {n / 2}, got {n_neighbors!r}; "
            "pass a smaller n_neighbors or more samples"
        )
    penalty = 0.0
    for i in range(n):
        members, chance = _neighbours(_distances_from(positions, i), n_neighbors)
        in_data = _distances_from(X, i)
        ordered = np.sort(in_data)
        nearer = np.searchsorted(ordered, in_data[members], side="left")
        tied = np.searchsorted(ordered, in_data[members], side="right") - nearer
        above, below = np.maximum(nearer - n_neighbors, 0), np.maximum(nearer + tied - n_neighbors, 0)
        excess_rank = (below * (below + 1) - above * (above + 1)) / (2 * tied)  # mean over the tied ranks
        penalty += chance @ excess_rank
    return float(1 - penalty * 2 / (n * n_neighbors * (2 * n - 3 * n_neighbors - 1)))


def continuity(X: ArrayLike, positions: ArrayLike, *, n_neighbors: int = 5) -> float:
    """Share of a sample's neighbours in the data that are neighbours on the map too (Venna & Kaski 2001).

    `trustworthiness` with the two spaces exchanged. It falls where the map tears the data apart.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples.
    positions : array-like of shape (n_samples, n_dimensions)
        Where each sample lies on the map.
    n_neighbors : int, default=5
        Size of the neighbourhood.

    Returns
    -------
    float
        1 if all neighbours are kept.

    Raises
    ------
    ValueError
        As `trustworthiness`.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((40, 2))
    >>> continuity(X, 3 * X)
    1.0
    """
    X, positions = check_table("X", X), check_table("positions", positions)
    return trustworthiness(positions, X, n_neighbors=n_neighbors)


def neighbourhood_correlation(codebook: ArrayLike, shape: tuple[int, int]) -> float:
    """Spearman correlation of grid distance and node distance over all pairs of neurons.

    Parameters
    ----------
    codebook : array-like of shape (rows*cols, n_features)
    shape : tuple of int
        (rows, cols).

    Returns
    -------
    float
        1 for distances in the same order, about 0 without a map; NaN when one of the distances does not vary.

    Raises
    ------
    ValueError
        If ``codebook`` does not belong to ``shape``.

    Examples
    --------
    >>> round(neighbourhood_correlation([[0.0], [1.0], [2.0], [3.0]], (1, 4)), 2)
    1.0
    """
    nodes, units = _defined_nodes(codebook, shape)
    return rank_correlation(pair_distances(shape, units), pdist(nodes))


def neighbour_distance_ratio(codebook: ArrayLike, shape: tuple[int, int]) -> float:
    """Mean node distance of neighbours, those of `grid_neighbours`, divided by the mean node distance of all pairs.

    Parameters
    ----------
    codebook : array-like of shape (rows*cols, n_features)
    shape : tuple of int
        (rows, cols).

    Returns
    -------
    float
        About 1 without a map, small for a smooth one; NaN when no two defined neurons are adjacent or all nodes agree.

    Raises
    ------
    ValueError
        If ``codebook`` does not belong to ``shape``.

    Examples
    --------
    >>> round(neighbour_distance_ratio([[0.0], [1.0], [2.0], [3.0]], (1, 4)), 2)
    0.6
    """
    nodes, _ = _defined_nodes(codebook, shape)
    gaps = neighbour_gaps(codebook, shape)
    steps, pairs = gaps[~np.isnan(gaps)], pdist(nodes)
    if len(steps) == 0 or pairs.max() == 0:
        return float("nan")
    return float(steps.mean() / pairs.mean())


def _defined_nodes(codebook: ArrayLike, shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Codebook rows without NaN, and the numbers of their neurons."""
    codebook = check_codebook(codebook, shape)
    defined = ~np.isnan(codebook).any(axis=1)
    return codebook[defined], np.flatnonzero(defined)


def _distances_from(points: NDArray[Any], i: int) -> NDArray[np.float64]:
    """Distances from point ``i`` to all others, (n_points - 1,)."""
    return np.delete(cdist(points[i : i + 1], points)[0], i)


def _neighbours(distances: NDArray[Any], k: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Indices that can be among the ``k`` nearest, and the chance of each when ties are broken at random."""
    farthest = np.partition(distances, k - 1)[k - 1]
    members = np.flatnonzero(distances <= farthest)
    tied = distances[members] == farthest
    free = k - np.count_nonzero(~tied)
    return members, np.where(tied, free / np.count_nonzero(tied), 1.0)
