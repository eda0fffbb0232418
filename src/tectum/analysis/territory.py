"""What each neuron of a map that goes on learning stands for, and how well it knows each class.

A map learns a stream in segments. Every now and then it is shown the same *probes*, with learning off: held-out
samples, some of each class. Labels belong to the evaluation; the map never sees them. Tables have a row per time of
measurement.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.analysis._checks import check_count, check_indices, check_table


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


def _check_classes(labels: ArrayLike, n_probes: int) -> NDArray[np.intp]:
    classes = check_indices("labels", labels, np.iinfo(np.intp).max)
    if len(classes) != n_probes or n_probes == 0:
        raise ValueError(
            f"labels must have a class for each of the {n_probes} probes, got {len(classes)}; "
            "pass one column per probe in winners or distances"
        )
    return classes


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
