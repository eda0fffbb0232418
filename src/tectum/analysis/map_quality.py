"""How well a map covers its data, and which of its neurons answer; `neighbourhoods` says what it keeps of their order.

A codebook row that contains NaN belongs to a neuron without a preferred input: it wins nothing and takes part in no
mean. Distances are Euclidean, in the units of the arrays given; scale the features first where they should count alike.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import nan_euclidean_distances

from tectum.analysis._checks import check_table

MAX_DISTANCES = 2**21  # distances held at once while samples are compared with the codebook (16 MiB of float64)


def best_matching_units(X: ArrayLike, codebook: ArrayLike, *, k: int = 2) -> NDArray[np.intp]:
    """Indices of the ``k`` codebook rows nearest to each sample, nearest first.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        NaN for a feature that is not known.
    codebook : array-like of shape (n_units, n_features)
        Rows that contain NaN are ignored.
    k : int, default=2
        Number of units to return.

    Returns
    -------
    ndarray of shape (n_samples, k)
        Equal distances go to the lower index. -1 fills the row when fewer than ``k`` units are defined, or nothing of
        the sample is known.

    Raises
    ------
    ValueError
        If the numbers of features differ or ``k`` is not a positive integer.

    Examples
    --------
    >>> best_matching_units([[0.2], [2.9]], [[0.0], [1.0], [3.0]])
    array([[0, 1],
           [2, 1]])
    """
    if not isinstance(k, (int, np.integer)) or k < 1:
        raise ValueError(f"k must be a positive integer, got {k!r}; k=1 returns the nearest unit only")
    X, codebook = _check_features(X, codebook)
    defined = np.flatnonzero(~np.isnan(codebook).any(axis=1))
    found = min(k, len(defined))
    nearest = np.full((len(X), k), -1, dtype=np.intp)
    for chunk, distances in _distance_chunks(X, codebook[defined]):
        order = defined[np.argsort(distances, axis=1, kind="stable")[:, :found]]
        nearest[chunk, :found] = np.where(np.isnan(distances[:, :1]), -1, order)
    return nearest


def quantization_error(X: ArrayLike, codebook: ArrayLike) -> float:
    """Mean distance from a sample to its nearest codebook row.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        NaN for a feature that is not known: then the distance is that of the known ones, times the square root of
        n_features by their number (`sklearn.metrics.pairwise.nan_euclidean_distances`).
    codebook : array-like of shape (n_units, n_features)
        Rows that contain NaN are ignored.

    Returns
    -------
    float
        In the units of ``X``; NaN when no unit is defined, or nothing is known. Samples of which nothing is known do
        not count.

    Raises
    ------
    ValueError
        If the numbers of features differ.

    Examples
    --------
    >>> round(float(quantization_error([[0.2], [2.8]], [[0.0], [3.0]])), 2)
    0.2
    """
    X, codebook = _check_features(X, codebook)
    codebook = codebook[~np.isnan(codebook).any(axis=1)]
    if len(codebook) == 0:
        return float("nan")
    known = len(X) - int(np.isnan(X).all(axis=1).sum())
    total = sum(np.nansum(distances.min(axis=1)) for _, distances in _distance_chunks(X, codebook))
    return total / known if known else float("nan")


def _check_features(X: ArrayLike, codebook: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    X, codebook = (check_table(*named, undefined_rows=True) for named in (("X", X), ("codebook", codebook)))
    if X.shape[1] != codebook.shape[1]:
        raise ValueError(
            f"X must have the {codebook.shape[1]} features of the codebook, got {X.shape[1]}; "
            "pass the columns the map was fitted on"
        )
    return X, codebook


def _distance_chunks(X: NDArray[Any], nodes: NDArray[Any]) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Slices of X with their distances to all nodes; exact differences, so that duplicates tie exactly."""
    n_rows = max(1, MAX_DISTANCES // max(1, len(nodes)))
    for start in range(0, len(X), n_rows):
        chunk = slice(start, start + n_rows)
        missing = np.isnan(X[chunk]).any()
        yield chunk, nan_euclidean_distances(X[chunk], nodes) if missing else cdist(X[chunk], nodes)


def code_distances(codes: ArrayLike, weights: ArrayLike) -> NDArray[np.float64]:
    """Cosine distance between each code and the weights of each neuron.

    Parameters
    ----------
    codes : array-like of shape (n_samples, n_inputs)
        What the inputs of a map say, none below 0.
    weights : array-like of shape (n_neurons, n_inputs)

    Returns
    -------
    ndarray of shape (n_samples, n_neurons)
        0 to 1; 1 where the code or the weights are 0.

    Raises
    ------
    ValueError
        If the numbers of inputs differ.

    Examples
    --------
    >>> code_distances([[1.0, 0.0]], [[1.0, 0.0], [0.0, 2.0]])
    array([[0., 1.]])
    """
    codes, weights = check_table("codes", codes), check_table("weights", weights)
    if codes.shape[1] != weights.shape[1]:
        raise ValueError(
            f"codes and weights must have as many columns, got {codes.shape[1]} and {weights.shape[1]}; "
            "pass both of the same source of a map"
        )
    lengths = np.outer(np.linalg.norm(codes, axis=1), np.linalg.norm(weights, axis=1))
    return 1.0 - np.divide(codes @ weights.T, lengths, out=np.zeros_like(lengths), where=lengths > 0.0)


def two_highest(scores: ArrayLike) -> NDArray[np.intp]:
    """The neurons with the highest and second highest score for each sample.

    Parameters
    ----------
    scores : array-like of shape (n_samples, n_neurons)
        0 for a silent neuron.

    Returns
    -------
    ndarray of int, shape (n_samples, 2)
        Equal scores go to the lower index; -1 where fewer neurons have one above 0. It suits `topographic_error`.

    Examples
    --------
    >>> two_highest([[0.1, 0.9, 0.5]])
    array([[1, 2]])
    """
    table = check_table("scores", scores)
    order = np.argsort(-table, axis=1, kind="stable")[:, :2]
    winners = np.full((len(table), 2), -1, dtype=np.intp)
    winners[:, : order.shape[1]] = np.where(np.take_along_axis(table, order, axis=1) > 0.0, order, -1)
    return winners
