"""What shows that a map is broken: idle neurons, neurons that fire together, folds, an uneven net, idle features.

A map has ``shape=(rows, cols)``, or a grid of `tectum.parts` that knows its topology; see `map_grid`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.analysis._checks import (
    check_codebook,
    check_indices,
    check_positive,
    check_same_length,
    check_table,
    check_winners,
)
from tectum.analysis.map_grid import grid_neighbours, neighbour_gaps, squared_distances
from tectum.analysis.spikes import _check_latency, first_winner


def winning_share(winners: ArrayLike, shape: tuple[int, int]) -> float:
    """Neurons that win a sample, relative to how many would if each sample were dealt to a neuron at random.

    Parameters
    ----------
    winners : array-like of int, shape (n_samples,)
        Winner per sample; -1 (no neuron fired) is left out. Give different samples: copies have one winner.
    shape : tuple of int or grid
        (rows, cols).

    Returns
    -------
    float
        About 1 for a map that spreads over its data, more if winners share them more evenly than by chance, towards 0
        if few neurons win all. NaN without a winner.

    Raises
    ------
    ValueError
        If a winner is outside the map.

    Examples
    --------
    >>> from tectum.analysis import winning_share
    >>> round(winning_share([0, 1, 2, 3], (2, 2)), 2), round(winning_share([0, 0, 0, 0], (2, 2)), 2)
    (1.46, 0.37)
    """
    won, n = check_winners(winners, shape), len(grid_neighbours(shape))
    won = won[won >= 0]
    if len(won) == 0:
        return float("nan")
    return float(len(np.unique(won)) / (n * (1.0 - (1.0 - 1.0 / n) ** len(won))))


def common_volley(latency: ArrayLike, shape: tuple[int, int], *, within_ms: float = 0.1, reach: float = 1.5) -> float:
    """Neurons out of reach of the winner that fire with it, before it can inhibit them.

    In a sound map the winner and its neighbours fire first. If the input hardly distinguishes between neurons, many all
    over the map cross their threshold in one volley, and learn the same.

    Parameters
    ----------
    latency : array-like of shape (n_presentations, rows*cols)
        First spike of each neuron in ms; NaN if silent.
    shape : tuple of int or grid
        (rows, cols).
    within_ms : float, default=0.1
        Neurons that fire so soon after the winner fire with it.
    reach : float, default=1.5
        Distance on the grid up to which neurons belong to the winner's bubble.

    Returns
    -------
    float
        Mean number of neurons; 0 if only the bubble fires. NaN if no neuron fires at all.

    Raises
    ------
    ValueError
        If ``latency`` does not belong to ``shape``, or a number is not positive.

    Examples
    --------
    >>> from tectum.analysis import common_volley
    >>> common_volley([[1.0, 1.05, 2.0, 1.02]], (1, 4))
    1.0
    """
    table, n = _check_latency(latency), len(grid_neighbours(shape))
    within_ms, reach = check_positive("within_ms", within_ms), check_positive("reach", reach)
    if table.shape[1] != n:
        raise ValueError(
            f"latency must have rows*cols = {n} columns for shape {shape}, got {table.shape[1]}; "
            "pass the shape of the map that was recorded"
        )
    table = table[~np.isnan(table).all(axis=1)]
    if len(table) == 0:
        return float("nan")
    with_winner = table - np.nanmin(table, axis=1, keepdims=True) <= within_ms
    far = squared_distances(shape, first_winner(table)[:, np.newaxis], np.arange(n)) > reach**2
    return float((with_winner & far).sum(axis=1).mean())


def turned_share(codebook: ArrayLike, shape: tuple[int, int]) -> float:
    """Share of the places at which the net turns back on itself: a local fold, in any number of features.

    Of three neurons in a straight line on the grid, the step to the third should go on in the direction of the step to
    the second. It turns back where the two steps are more than 90 degrees apart.

    Parameters
    ----------
    codebook : array-like of shape (rows*cols, n_features)
        Rows that contain NaN are left out.
    shape : tuple of int or grid
        (rows, cols).

    Returns
    -------
    float
        0 for a smooth net; one sharp crease through a map of 10 x 10 gives 0.06, no order 0.7 with two features and
        nearly 1 with many. NaN if no three neurons are in a line, or none of their nodes differ.

    Raises
    ------
    ValueError
        If ``codebook`` does not belong to ``shape``.

    Examples
    --------
    >>> from tectum.analysis import grid_positions, turned_share
    >>> flat = grid_positions((4, 4)).astype(float)
    >>> turned_share(flat, (4, 4)), turned_share(abs(flat - 1), (4, 4))
    (0.0, 0.5)
    """
    nodes, neighbours = check_codebook(codebook, shape), grid_neighbours(shape)
    opposite = [(0, 3), (1, 2), (4, 5)] if neighbours.shape[1] == 6 else [(0, 1), (2, 3)]
    turns = []
    for before, after in opposite:
        a, c = neighbours[:, before], neighbours[:, after]
        there = (a >= 0) & (c >= 0) & (a != c)
        first, second = nodes[there] - nodes[a[there]], nodes[c[there]] - nodes[there]
        turns.append((first * second).sum(axis=1))
    along = np.concatenate(turns)
    along = along[~np.isnan(along)]
    return float((along < 0.0).mean()) if along.any() else float("nan")


def neighbour_variation(codebook: ArrayLike, shape: tuple[int, int]) -> float:
    """How unevenly the net is spread: coefficient of variation of the node distances of neighbours.

    Parameters
    ----------
    codebook : array-like of shape (rows*cols, n_features)
        Rows that contain NaN are left out.
    shape : tuple of int or grid
        (rows, cols).

    Returns
    -------
    float
        Standard deviation over mean: 0 for equal distances. On data that fill a square evenly 0.15 is good; on data in
        groups a map is and should be uneven. NaN if no two neighbours differ.

    Raises
    ------
    ValueError
        If ``codebook`` does not belong to ``shape``.

    Examples
    --------
    >>> from tectum.analysis import neighbour_variation
    >>> neighbour_variation([[0.0], [1.0], [2.0]], (1, 3)), round(neighbour_variation([[0.0], [1.0], [4.0]], (1, 3)), 2)
    (0.0, 0.5)
    """
    gaps = neighbour_gaps(codebook, shape)
    steps = gaps[~np.isnan(gaps)]
    return float(steps.std() / steps.mean()) if steps.any() else float("nan")


def variance_explained(X: ArrayLike, winners: ArrayLike) -> NDArray[np.float64]:
    """Share of the variance of each feature that the winner explains, less what chance would.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        NaN for a feature that is not known.
    winners : array-like of int, shape (n_samples,)
        Winner per sample; samples with -1 (no neuron fired) are left out.

    Returns
    -------
    ndarray of shape (n_features,)
        1 - (mean square within the samples of a winner) / (mean square in all): about 0 for a feature that plays no
        part in the map, 1 if the winner determines it. NaN for one that does not vary, or if each
        sample has a winner of its own.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> from tectum.analysis import variance_explained
    >>> variance_explained([[0.0, 1.0], [0.0, 2.0], [5.0, 1.0], [5.0, 2.0]], [0, 0, 1, 1]).round(2).tolist()
    [1.0, -0.5]
    """
    X = check_table("X", X, undefined_rows=True)
    won = check_indices("winners", winners, np.iinfo(np.intp).max, start=-1)
    check_same_length(X=X, winners=won)
    X, won = X[won >= 0], won[won >= 0]
    units, group = np.unique(won, return_inverse=True)
    known = ~np.isnan(X)
    members, total = (np.zeros((len(units), X.shape[1])) for _ in range(2))
    np.add.at(members, group, known)
    count, n_groups = known.sum(axis=0), (members > 0).sum(axis=0)
    centred = np.where(known, X, 0.0)
    centred = np.where(known, centred - centred.sum(axis=0) / np.maximum(count, 1), 0.0)
    np.add.at(total, group, centred)
    squares = (centred**2).sum(axis=0)
    within = squares - (total**2 / np.maximum(members, 1)).sum(axis=0)
    free = count - n_groups
    defined = (squares > 0.0) & (free > 0)
    chance = np.divide(count - 1, free, out=np.full(len(free), np.nan), where=defined)
    return 1.0 - np.divide(within, squares, out=np.full(len(free), np.nan), where=defined) * chance
