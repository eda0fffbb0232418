"""Learning that goes on: how a map adopts new classes, and what it forgets of old ones.

Tables have a row per time of measurement; `territory` measures.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist

from tectum.analysis._checks import check_indices, check_same_length, check_table, rank_correlation


class Transfer(NamedTuple):
    """What learning one class does to others (Lopez-Paz & Ranzato 2017).

    Examples
    --------
    >>> Transfer(backward=-0.1, forward=0.0).backward
    -0.1
    """

    backward: float  # mean change of an old class's accuracy after its own segment; negative when it is forgotten
    forward: float  # mean change of a new class's accuracy before its own segment, from the first row on


def adoption_time(
    times: ArrayLike, accuracy: ArrayLike, first_exposure: ArrayLike, *, share: float = 0.9
) -> NDArray[np.float64]:
    """Time from the first exposure of each class until its accuracy reaches a share of the final one.

    Parameters
    ----------
    times : array-like of shape (n_times,)
        Rising times of the measurements, in frames or seconds.
    accuracy : array-like of shape (n_times, n_classes)
        From `class_accuracy`; or 1 where a class has a dedicated neuron, ``dedicated_units(...) >= 0``, for the time
        until it has one.
    first_exposure : array-like of shape (n_classes,)
        Time at which the first sample of each class is learned.
    share : float, default=0.9
        Share of the accuracy in the last row.

    Returns
    -------
    ndarray of shape (n_classes,)
        In the unit of ``times``; NaN for a class whose final accuracy is 0. Measured at ``times`` only, so that it
        is too long by up to one interval between them.

    Raises
    ------
    ValueError
        If the arrays do not fit each other.

    Examples
    --------
    >>> adoption_time([0, 10, 20], [[0.2, 0.0], [0.8, 0.1], [0.9, 1.0]], [0, 10])
    array([20., 10.])
    """
    accuracy = check_table("accuracy", accuracy)
    at, exposed = np.asarray(times, dtype=np.float64), np.asarray(first_exposure, dtype=np.float64)
    if at.shape != accuracy.shape[:1] or exposed.shape != accuracy.shape[1:] or (np.diff(at) <= 0).any():
        raise ValueError(
            f"times must rise and fit accuracy {accuracy.shape}, as must first_exposure, "
            f"got {at.shape} and {exposed.shape}; pass a time per row and an exposure per class"
        )
    adopted = (accuracy >= share * accuracy[-1]) & (accuracy[-1] > 0) & (at[:, np.newaxis] >= exposed)
    return np.where(adopted.any(axis=0), at[adopted.argmax(axis=0)] - exposed, np.nan)


def accuracy_forgetting(accuracy: ArrayLike) -> NDArray[np.float64]:
    """Fall of each class's accuracy from its best to the end, ``max_t A_c(t) - A_c(end)``.

    Parameters
    ----------
    accuracy : array-like of shape (n_times, n_classes)
        From `class_accuracy`.

    Returns
    -------
    ndarray of shape (n_classes,)
        0 or more; its mean is the forgetting F.

    Raises
    ------
    ValueError
        If ``accuracy`` is not a finite table.

    Examples
    --------
    >>> accuracy_forgetting([[1.0, 0.0], [0.8, 0.9]])
    array([0.2, 0. ])
    """
    accuracy = check_table("accuracy", accuracy)
    return accuracy.max(axis=0) - accuracy[-1]


def quantization_forgetting(quantization: ArrayLike, segment_ends: ArrayLike) -> NDArray[np.float64]:
    """Rise of each class's quantization error since the end of its own segment.

    Parameters
    ----------
    quantization : array-like of shape (n_times, n_classes)
        From `class_quantization`.
    segment_ends : array-like of int, shape (n_classes,)
        Row at which the (last) segment of each class ends.

    Returns
    -------
    ndarray of shape (n_classes,)
        Its mean is the forgetting dQ; negative where later segments help.

    Raises
    ------
    ValueError
        If a row does not exist.

    Examples
    --------
    >>> quantization_forgetting([[0.2, 0.9], [0.3, 0.1]], [0, 1])
    array([0.1, 0. ])
    """
    quantization = check_table("quantization", quantization)
    ends = _check_rows("segment_ends", segment_ends, quantization)
    return quantization[-1] - quantization[ends, np.arange(len(ends))]


def transfer(accuracy: ArrayLike, segment_starts: ArrayLike, segment_ends: ArrayLike) -> Transfer:
    """What the segments of other classes did to the accuracy of each.

    Parameters
    ----------
    accuracy : array-like of shape (n_times, n_classes)
        From `class_accuracy`; the first row before any learning.
    segment_starts, segment_ends : array-like of int, shape (n_classes,)
        Row just before the first segment of each class, and row at the end of its last one.

    Returns
    -------
    Transfer
        NaN where there is no older or no newer class. As neurons are labelled by the evaluation, the accuracy of a
        class that was never shown need not be 0: the forward transfer says how much better others prepared the map.

    Raises
    ------
    ValueError
        If a row does not exist.

    Examples
    --------
    >>> transfer([[0.5, 0.5], [1.0, 0.5], [0.5, 1.0]], [0, 1], [1, 2])
    Transfer(backward=-0.5, forward=0.0)
    """
    accuracy = check_table("accuracy", accuracy)
    starts = _check_rows("segment_starts", segment_starts, accuracy)
    ends = _check_rows("segment_ends", segment_ends, accuracy)
    classes = np.arange(len(ends))
    since, until = accuracy[-1] - accuracy[ends, classes], accuracy[starts, classes] - accuracy[0]
    old, new = ends < len(accuracy) - 1, starts > 0
    return Transfer(*(float(change.mean()) if len(change) else float("nan") for change in (since[old], until[new])))


def topography_stability(before: ArrayLike, after: ArrayLike) -> float:
    """Spearman correlation of the distances between neurons' preferences at two times.

    Parameters
    ----------
    before, after : array-like of shape (n_units, n_features)
        Codebooks; rows that contain NaN in either are left out.

    Returns
    -------
    float
        1 when all distances keep their order, about 0 for a new map; NaN where it is undefined.

    Raises
    ------
    ValueError
        If the codebooks differ in length.

    Examples
    --------
    >>> codebook = np.random.default_rng(0).random((9, 2))
    >>> round(topography_stability(codebook, 2 * codebook), 2)
    1.0
    """
    before, after = (
        check_table(name, codebook, undefined_rows=True) for name, codebook in (("before", before), ("after", after))
    )
    check_same_length(before=before, after=after)
    defined = ~(np.isnan(before).any(axis=1) | np.isnan(after).any(axis=1))
    return rank_correlation(pdist(before[defined]), pdist(after[defined]))


def _check_rows(name: str, rows: ArrayLike, table: NDArray[Any]) -> NDArray[np.intp]:
    rows = check_indices(name, rows, len(table))
    if len(rows) != table.shape[1]:
        raise ValueError(f"{name} must have a row for each of the {table.shape[1]} classes, got {len(rows)}; pass all")
    return rows
