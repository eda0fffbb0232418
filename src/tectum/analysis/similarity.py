"""How the stages of a network transform data: dimension, distances and neighbours."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import euclidean_distances

from tectum.analysis._checks import check_count, check_same_length, check_table, rank_correlation

ROWS = 256  # samples compared with all others at a time


def participation_ratio(X: ArrayLike) -> float:
    """Effective number of dimensions of a cloud of samples, ``(sum l)^2 / sum l^2`` over the variances l.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)

    Returns
    -------
    float
        From 1 (a line) to the number of features or of samples - 1; NaN where all samples agree.

    Raises
    ------
    ValueError
        If ``X`` is not a finite 2-D array.

    Examples
    --------
    >>> participation_ratio([[1, 0], [-1, 0], [0, 1], [0, -1]])
    2.0
    """
    X = check_table("X", X)
    centred = X - X.mean(axis=0)
    products = centred @ centred.T if len(X) < X.shape[1] else centred.T @ centred
    total, squares = np.trace(products), float((products**2).sum())  # sums of eigenvalues and of their squares
    return float(total**2 / squares) if squares > 0 else float("nan")


def representational_similarity(A: ArrayLike, B: ArrayLike, *, metric: str = "euclidean") -> float:
    """Spearman correlation of the distances between the same samples at two stages (Kriegeskorte et al. 2008).

    Parameters
    ----------
    A, B : array-like of shape (n_samples, n_features)
        What the same samples evoke at each stage; the numbers of features may differ.
    metric : str, default="euclidean"
        Distance, by its name in `sklearn.metrics.pairwise_distances`, as "correlation" or "cosine".

    Returns
    -------
    float
        1 when all pairs are in the same order of distance; NaN where it is undefined.

    Raises
    ------
    ValueError
        If the numbers of samples differ.

    References
    ----------
    N. Kriegeskorte, M. Mur, P. Bandettini, "Representational similarity analysis", Frontiers in Systems Neuroscience
    2:4, 2008.

    Examples
    --------
    >>> A = np.random.default_rng(0).random((20, 3))
    >>> round(representational_similarity(A, 2 * A), 2)
    1.0
    """
    A, B = check_table("A", A), check_table("B", B)
    check_same_length(A=A, B=B)
    pairs = np.triu_indices(len(A), 1)
    return rank_correlation(pairwise_distances(A, metric=metric)[pairs], pairwise_distances(B, metric=metric)[pairs])


def neighbour_agreement(X: ArrayLike, labels: ArrayLike, *, exclude: int = 20) -> float:
    """Share of samples of a stream whose nearest neighbour has their label, neighbours in time left out.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples in the order of the stream.
    labels : array-like of shape (n_samples,)
        Class of each sample, such as its scene.
    exclude : int, default=20
        Samples before and after a sample that cannot be its neighbour: successive frames are almost the same, and with
        0 every code looks perfect.

    Returns
    -------
    float
        From 0 to 1. The first one in the stream on a tie.

    Raises
    ------
    ValueError
        If the lengths differ, or the stream is too short to have any neighbours.

    Examples
    --------
    >>> X = np.concatenate([np.zeros(100), np.ones(100)])[:, None]
    >>> neighbour_agreement(X + np.random.default_rng(0).random((200, 1)) / 9, [0] * 100 + [1] * 100)
    1.0
    """
    X, labels = check_table("X", X), np.asarray(labels)
    check_same_length(X=X, labels=labels)
    exclude = check_count("exclude", exclude, least=0)
    if len(X) < 2 * exclude + 2:
        raise ValueError(
            f"X must have at least 2 * exclude + 2 = {2 * exclude + 2} samples, got {len(X)}; pass more samples or a "
            "smaller exclude"
        )
    place = np.arange(len(X))
    nearest = np.empty(len(X), dtype=np.intp)
    for start in range(0, len(X), ROWS):
        rows = place[start : start + ROWS]
        distances: NDArray[np.float64] = euclidean_distances(X[rows], X)
        distances[np.abs(rows[:, np.newaxis] - place) <= exclude] = np.inf
        nearest[rows] = distances.argmin(axis=1)
    return float(np.mean(labels[nearest] == labels))
