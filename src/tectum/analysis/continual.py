"""Learning that goes on: how a map adopts new classes, and what it forgets of old ones.

A map learns a stream in segments. Every now and then it is shown the same *probes*, with learning off: held-out
samples, some of each class. Labels belong to the evaluation; the map never sees them. Tables have a row per time of
measurement.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist

from tectum.analysis._checks import check_count, check_indices, check_same_length, check_table, rank_correlation


class Transfer(NamedTuple):
    """What learning one class does to others (Lopez-Paz & Ranzato 2017).

    Examples
    --------
    >>> Transfer(backward=-0.1, forward=0.0).backward
    -0.1
    """

    backward: float  # mean change of an old class's accuracy after its own segment; negative when it is forgotten
    forward: float  # mean change of a new class's accuracy before its own segment, from the first row on


def territories(winners: ArrayLike, labels: ArrayLike, n_units: int) -> NDArray[np.intp]:
    """Class each neuron stands for: the most frequent one of the probes it wins.

    Parameters
    ----------
    winners : array-like of int, shape (n_times, n_probes)
        Winner per probe at each time; -1 where no neuron fired.
    labels : array-like of int, shape (n_probes,)
        Class of each probe from 0.
    n_units : int
        Neurons of the map.

    Returns
    -------
    ndarray of int, shape (n_times, n_units)
        The lowest class on a tie; -1 for a neuron that wins no probe.

    Raises
    ------
    ValueError
        If winners and labels do not fit each other or the map.

    Examples
    --------
    >>> territories([[0, 0, 1]], [0, 0, 1], n_units=3)
    array([[ 0,  1, -1]])
    """
    wins = _wins(winners, labels, n_units)
    return np.where(wins.any(axis=2), wins.argmax(axis=2), -1)


def class_accuracy(winners: ArrayLike, labels: ArrayLike, n_units: int) -> NDArray[np.float64]:
    """Share of the probes of each class whose winner stands for it, A_c(t).

    Parameters
    ----------
    winners : array-like of int, shape (n_times, n_probes)
        Winner per probe at each time; -1 (no neuron fired) counts as wrong.
    labels, n_units
        As in `territories`.

    Returns
    -------
    ndarray of shape (n_times, n_classes)
        NaN for a class without probes.

    Raises
    ------
    ValueError
        As `territories`.

    Examples
    --------
    >>> class_accuracy([[0, 0, 1, 1]], [0, 0, 1, 1], n_units=2)
    array([[1., 1.]])
    """
    wins = _wins(winners, labels, n_units)
    own = np.where(wins.argmax(axis=2)[:, :, np.newaxis] == np.arange(wins.shape[2]), wins, 0).sum(axis=1)
    return _per_probe(own, labels)


def class_quantization(distances: ArrayLike, labels: ArrayLike) -> NDArray[np.float64]:
    """Mean quantization error of the probes of each class, Q_c(t).

    Parameters
    ----------
    distances : array-like of shape (n_times, n_probes)
        Distance of each probe to what its winner prefers.
    labels : array-like of int, shape (n_probes,)
        Class of each probe from 0.

    Returns
    -------
    ndarray of shape (n_times, n_classes)
        NaN for a class without probes.

    Raises
    ------
    ValueError
        If distances and labels do not fit each other.

    Examples
    --------
    >>> class_quantization([[0.1, 0.3, 0.5]], [0, 0, 1])
    array([[0.2, 0.5]])
    """
    distances = check_table("distances", distances)
    classes = _check_classes(labels, distances.shape[1])
    return _per_probe(distances @ np.eye(classes.max() + 1)[classes], classes)


def units_per_class(territory: ArrayLike, n_classes: int) -> NDArray[np.intp]:
    """Number of neurons that stand for each class.

    Parameters
    ----------
    territory : array-like of int, shape (n_times, n_units)
        From `territories`.
    n_classes : int

    Returns
    -------
    ndarray of int, shape (n_times, n_classes)
        What is missing in a row to the number of neurons won no probe.

    Raises
    ------
    ValueError
        If a class is out of range.

    Examples
    --------
    >>> units_per_class([[0, 0, 1], [0, 1, 1]], n_classes=2)
    array([[2, 1],
           [1, 2]])
    """
    territory = check_indices("territory", territory, check_count("n_classes", n_classes), ndim=2, start=-1)
    return (territory[:, :, np.newaxis] == np.arange(n_classes)).sum(axis=1)


def territory_turnover(territory: ArrayLike) -> NDArray[np.float64]:
    """Share of the neurons that stood for a class and stand for another, or for none, at the next time.

    Parameters
    ----------
    territory : array-like of int, shape (n_times, n_units)
        From `territories`; pass the rows at the ends of segments to have the turnover of each segment.

    Returns
    -------
    ndarray of shape (n_times - 1,)
        NaN where no neuron stood for a class. Neurons that stood for none and are recruited do not count.

    Raises
    ------
    ValueError
        If ``territory`` is not 2-D.

    Examples
    --------
    >>> territory_turnover([[0, 0, 1], [0, 1, 1]])
    array([0.33333333])
    """
    territory = check_indices("territory", territory, np.iinfo(np.intp).max, ndim=2, start=-1)
    before, after = territory[:-1], territory[1:]
    held = (before >= 0).sum(axis=1)
    lost = ((before >= 0) & (before != after)).sum(axis=1)
    return np.divide(lost, held, out=np.full(len(held), np.nan), where=held > 0)


def dedicated_units(
    winners: ArrayLike, labels: ArrayLike, n_units: int, *, least_own: float = 0.8, most_other: float = 0.05
) -> NDArray[np.intp]:
    """Neuron that is dedicated to each class: it wins most probes of the class, and hardly any other.

    Parameters
    ----------
    winners : array-like of int, shape (n_times, n_probes)
        Winner per probe at each time; -1 where no neuron fired. With clusters of neurons in the place of neurons, this
        asks for a dedicated cluster.
    labels, n_units
        As in `territories`.
    least_own : float, default=0.8
        Smallest share of the class that it wins.
    most_other : float, default=0.05
        Largest share of all other probes that it wins.

    Returns
    -------
    ndarray of int, shape (n_times, n_classes)
        -1 where no neuron is dedicated to the class.

    Raises
    ------
    ValueError
        As `territories`.

    Examples
    --------
    >>> dedicated_units([[0, 0, 1, 1]], [0, 0, 1, 1], n_units=2)
    array([[0, 1]])
    """
    wins = _wins(winners, labels, n_units)
    probes = np.bincount(_check_classes(labels, np.shape(winners)[-1]))
    others = wins.sum(axis=2, keepdims=True) - wins
    dedicated = (wins >= least_own * np.maximum(probes, 1)) & (others <= most_other * (probes.sum() - probes))
    best = np.where(dedicated, wins, -1)
    return np.where(dedicated.any(axis=1), best.argmax(axis=1), -1)


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


def _check_classes(labels: ArrayLike, n_probes: int) -> NDArray[np.intp]:
    classes = check_indices("labels", labels, np.iinfo(np.intp).max)
    if len(classes) != n_probes or n_probes == 0:
        raise ValueError(
            f"labels must have a class for each of the {n_probes} probes, got {len(classes)}; "
            "pass one column per probe in winners or distances"
        )
    return classes


def _check_rows(name: str, rows: ArrayLike, table: NDArray[Any]) -> NDArray[np.intp]:
    rows = check_indices(name, rows, len(table))
    if len(rows) != table.shape[1]:
        raise ValueError(f"{name} must have a row for each of the {table.shape[1]} classes, got {len(rows)}; pass all")
    return rows


def _wins(winners: ArrayLike, labels: ArrayLike, n_units: int) -> NDArray[np.intp]:
    """Number of probes of each class that each neuron wins at each time, (n_times, n_units, n_classes)."""
    winners = check_indices("winners", winners, check_count("n_units", n_units), ndim=2, start=-1)
    classes = _check_classes(labels, winners.shape[1])
    wins = np.zeros((len(winners), n_units, classes.max() + 1), dtype=np.intp)
    time, probe = np.nonzero(winners >= 0)
    np.add.at(wins, (time, winners[time, probe], classes[probe]), 1)
    return wins


def _per_probe(totals: NDArray[Any], labels: ArrayLike) -> NDArray[np.float64]:
    """Totals (n_times, n_classes) divided by the number of probes of each class."""
    probes = np.bincount(np.asarray(labels))
    return np.divide(totals, probes, out=np.full(totals.shape, np.nan), where=probes > 0)
