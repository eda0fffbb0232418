"""Clusters of the neurons of a map, and their agreement with known classes."""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    homogeneity_score,
    silhouette_score,
)
from sklearn.metrics.cluster import contingency_matrix

from tectum.analysis._checks import (
    check_codebook,
    check_indices,
    check_labels,
    check_same_length,
    check_winners,
)
from tectum.analysis.map_grid import grid_neighbours

MOST_CLUSTERS = 10  # largest number of clusters `cluster_units` tries when it chooses the number
COPIES = 400  # nodes to which `cluster_units` multiplies those of a map by the samples that they have won


def cluster_scores(labels_true: ArrayLike, labels_pred: ArrayLike) -> dict[str, float | int]:
    """Agreement of classes with the neurons or clusters that respond to them.

    Parameters
    ----------
    labels_true : array-like of shape (n_samples,)
        Known classes.
    labels_pred : array-like of int, shape (n_samples,)
        Winner or cluster per sample; -1 where no neuron fired.

    Returns
    -------
    dict
        ``ari``: adjusted Rand index; ``ami``: adjusted mutual information; ``homogeneity``; ``purity``: fraction of
        samples that belong to the most frequent class of their unit; ``n_units``: number of units that answered.
        Homogeneity and purity rise with the number of units and mean nothing without it. Samples with -1 form a group
        of their own in the first three, count as wrong in the purity, and are no unit.

    Raises
    ------
    ValueError
        If the lengths differ, ``labels_pred`` is not integer or below -1, or there are no samples.

    Examples
    --------
    >>> scores = cluster_scores([0, 0, 1, 1], [1, 1, 0, 0])
    >>> {name: round(float(value), 2) for name, value in scores.items()}
    {'ari': 1.0, 'ami': 1.0, 'homogeneity': 1.0, 'purity': 1.0, 'n_units': 2.0}
    """
    classes = np.unique(check_labels("labels_true", labels_true), return_inverse=True)[1]
    units = check_indices("labels_pred", labels_pred, np.iinfo(np.intp).max, start=-1)
    check_same_length(labels_true=classes, labels_pred=units)
    answered = units >= 0
    majority = contingency_matrix(classes[answered], units[answered]).max(axis=0).sum() if answered.any() else 0
    return {
        "ari": float(adjusted_rand_score(classes, units)),
        "ami": float(adjusted_mutual_info_score(classes, units)),
        "homogeneity": float(homogeneity_score(classes, units)),
        "purity": float(majority / len(classes)),
        "n_units": len(np.unique(units[answered])),
    }


def cluster_units(
    codebook: ArrayLike,
    shape: tuple[int, int],
    *,
    n_clusters: int | None = None,
    hits: ArrayLike | None = None,
    connected: bool = True,
) -> NDArray[np.intp]:
    """Group the neurons of a map into regions of similar codebook rows.

    Ward's agglomerative clustering that merges neighbours on the grid only, those of `grid_neighbours`. Parts of the
    map that undefined neurons cut off from each other are linked at their most similar nodes.

    Ward's method joins small clusters before large ones. With `hits` the size of a cluster is the number of samples it
    has won, without them the number of its neurons. With `hits`, a scene of a single neuron is not merged with the next
    small one before varied scenes of many neurons have come together.

    Parameters
    ----------
    codebook : array-like of shape (rows*cols, n_features)
    shape : tuple of int
        (rows, cols).
    n_clusters : int or None, default=None
        Number of clusters; None takes the number from 2 to 10 with the highest mean silhouette.
    hits : array-like of shape (rows*cols,), optional
        Samples that each neuron has won, rounded to 1 / `COPIES` of all, the least that any neuron counts. They make no
        difference to the silhouette.
    connected : bool, default=True
        Merge neighbours only. A map that is not topographic is better grouped without.

    Returns
    -------
    ndarray of int, shape (rows*cols,)
        Cluster of each neuron from 0; with ``hits`` fewer than asked for if there are not as many different rows. -1
        where the codebook row contains NaN. With None, a codebook of fewer than three nodes or without any difference
        is one cluster.

    Raises
    ------
    ValueError
        If ``codebook`` or ``hits`` does not belong to ``shape``, ``hits`` has negative or undefined numbers, or there
        are fewer defined neurons than ``n_clusters``.

    Examples
    --------
    >>> cluster_units([[0.0], [0.1], [5.0], [5.1]], (2, 2), n_clusters=2)
    array([0, 0, 1, 1])
    """
    codebook = check_codebook(codebook, shape)
    defined = ~np.isnan(codebook).any(axis=1)
    nodes = codebook[defined]
    if n_clusters is not None and not (isinstance(n_clusters, (int, np.integer)) and 1 <= n_clusters <= len(nodes)):
        raise ValueError(
            f"n_clusters must be None or an integer from 1 to the {len(nodes)} defined neurons, got {n_clusters!r}; "
            "None chooses the number by the silhouette"
        )
    copies = np.ones(len(nodes), np.intp) if hits is None else _copies(hits, codebook)[defined]
    clusters = np.full(len(codebook), -1, dtype=np.intp)
    if len(nodes) > 0:
        neighbours = None
        if connected and len(nodes) > 1:
            neighbours = _graph(shape)[defined][:, defined]
        group = functools.partial(_ward, nodes, neighbours, copies)
        clusters[defined] = _best_cut(nodes, group) if n_clusters is None else group(n_clusters)
    return clusters


def _graph(shape: tuple[int, int]) -> sparse.csr_array:
    """Which neurons are neighbours, (rows*cols, rows*cols)."""
    neighbours = grid_neighbours(shape)
    unit, k = np.nonzero(neighbours >= 0)
    return sparse.csr_array((np.ones(len(unit)), (unit, neighbours[unit, k])), shape=(len(neighbours),) * 2)


def cluster_curve(
    winners: ArrayLike,
    labels: ArrayLike,
    codebook: ArrayLike,
    shape: tuple[int, int],
    *,
    cuts: ArrayLike | None = None,
    connected: bool = True,
) -> dict[int, dict[str, float | int]]:
    """Agreement of known classes with the regions of a map, for every number of regions.

    A map has more neurons than there are classes. This groups them by `cluster_units`, with the samples that each has
    won, into few or many regions, and scores each grouping, so that no single number of regions has to be chosen.

    Parameters
    ----------
    winners : array-like of int, shape (n_samples,)
        Winner per sample; -1 where no neuron fired.
    labels : array-like of shape (n_samples,)
        Known classes.
    codebook : array-like of shape (rows*cols, n_features)
    shape : tuple of int
        (rows, cols).
    cuts : array-like of int, optional
        Numbers of regions; 2 to the number of defined neurons by default.
    connected : bool, default=True
        Whether regions are connected.

    Returns
    -------
    dict
        Number of regions -> scores, as `cluster_scores` gives them.

    Raises
    ------
    ValueError
        As `cluster_units` and `cluster_scores`.

    Examples
    --------
    >>> codebook = [[0.0], [0.1], [5.0], [5.1]]
    >>> curve = cluster_curve([0, 1, 2, 3], ["a", "a", "b", "b"], codebook, (2, 2), cuts=[2])
    >>> sorted(curve)
    [2]
    """
    winners = check_winners(winners, shape)
    n_defined = int((~np.isnan(check_codebook(codebook, shape)).any(axis=1)).sum())
    numbers = range(2, n_defined + 1) if cuts is None else [int(n) for n in np.ravel(cuts)]
    hits = np.bincount(winners[winners >= 0], minlength=int(np.prod(shape)))
    curve = {}
    for n in numbers:
        regions = cluster_units(codebook, shape, n_clusters=n, hits=hits, connected=connected)
        regions = np.append(regions, -1)  # for samples without winner
        curve[n] = cluster_scores(labels, regions[winners])
    return curve


def _copies(hits: ArrayLike, codebook: NDArray[Any]) -> NDArray[np.intp]:
    """How many nodes stand for each neuron."""
    hits = np.asarray(hits, dtype=np.float64)
    if hits.shape != (len(codebook),) or not (np.isfinite(hits) & (hits >= 0.0)).all():
        raise ValueError(
            f"hits must be a number of samples, 0 or more, for each of the {len(codebook)} neurons, got shape "
            f"{hits.shape}; count winners with np.bincount(winners[winners >= 0], minlength={len(codebook)})"
        )
    share = COPIES / max(hits.sum(), COPIES)
    return np.maximum(1, np.rint(hits * share)).astype(np.intp)


def _ward(
    nodes: NDArray[Any], neighbours: sparse.spmatrix | None, copies: NDArray[np.intp], n_clusters: int
) -> NDArray[np.intp]:
    """Cluster of each node (n_nodes, n_features), of which there are so many copies (n_nodes,).

    Neighbours (n_nodes, n_nodes) are linked, and copies to the first of their node, with which they are merged at once.
    """
    if n_clusters == 1:
        return np.zeros(len(nodes), dtype=np.intp)
    first = np.cumsum(copies) - copies
    node = np.repeat(np.arange(len(nodes)), copies)
    links = None
    if neighbours is not None:
        pairs = neighbours.tocoo()
        row = np.concatenate([first[pairs.row], np.arange(len(node)), first[node]])
        column = np.concatenate([first[pairs.col], first[node], np.arange(len(node))])
        links = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=(len(node), len(node)))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="the number of connected components")  # cluster_units allows gaps
        found = AgglomerativeClustering(n_clusters, connectivity=links, linkage="ward").fit_predict(nodes[node])
    # Copies of a node may part only where its row is not the only one of its kind.
    return np.unique(found[first], return_inverse=True)[1]


def _best_cut(nodes: NDArray[Any], group: Callable[[int], NDArray[np.intp]]) -> NDArray[np.intp]:
    """The clustering with the highest mean silhouette; the smallest number of clusters on a tie."""
    if len(nodes) < 3 or np.ptp(nodes, axis=0).max() == 0:
        return np.zeros(len(nodes), dtype=np.intp)
    cuts = [group(n) for n in range(2, min(MOST_CLUSTERS, len(nodes) - 1) + 1)]
    return max(cuts, key=lambda clusters: silhouette_score(nodes, clusters))
