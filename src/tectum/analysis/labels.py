"""What the neurons of a map stand for: their labels, from samples whose classes are known, and the votes they cast."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.analysis._checks import check_indices, check_labels, check_same_length, check_winners
from tectum.analysis.map_grid import grid_positions, squared_distances


def label_units(winners: ArrayLike, labels: ArrayLike, shape: tuple[int, int]) -> NDArray[Any]:
    """Label each neuron by the samples it wins.

    Parameters
    ----------
    winners : array-like of int, shape (n_samples,)
        Winner per sample; samples with -1 (no neuron fired) are left out.
    labels : array-like of shape (n_samples,)
        Class of each sample, numbers or texts.
    shape : tuple of int
        (rows, cols).

    Returns
    -------
    ndarray of shape (rows*cols,)
        Most frequent label of the samples won (the first in sorted order on a tie); a neuron that won none takes the
        label of the nearest neuron on the grid that did (the lowest index on a tie). The dtype is that of ``labels``.

    Raises
    ------
    ValueError
        If the lengths differ, a winner is outside the map, or no sample has a winner.

    Examples
    --------
    >>> label_units([0, 0, 3], ["a", "a", "b"], (2, 2))
    array(['a', 'a', 'a', 'b'], dtype='<U1')
    """
    n_units = len(grid_positions(shape))
    winners, labels = check_winners(winners, shape), check_labels("labels", labels)
    check_same_length(winners=winners, labels=labels)
    answered = winners >= 0
    if not answered.any():
        raise ValueError(
            "winners must name a neuron for at least one sample, got -1 (no neuron fired) throughout; "
            "strengthen the input drive or pass other samples"
        )
    classes, codes = np.unique(labels[answered], return_inverse=True)
    votes = np.zeros((n_units, len(classes)), dtype=np.intp)
    np.add.at(votes, (winners[answered], codes), 1)
    labelled = np.flatnonzero(votes.any(axis=1))
    nearest = labelled[squared_distances(shape, np.arange(n_units)[:, np.newaxis], labelled).argmin(axis=1)]
    return classes[votes[nearest].argmax(axis=1)]


def label_accuracy(winners: ArrayLike, labels: ArrayLike, unit_labels: ArrayLike) -> float:
    """Fraction of samples whose winner carries their label.

    Parameters
    ----------
    winners : array-like of int, shape (n_samples,)
        Winner per sample; -1 (no neuron fired) counts as wrong.
    labels : array-like of shape (n_samples,)
        Class of each sample.
    unit_labels : array-like of shape (n_units,)
        Label of each neuron, from `label_units` on training samples.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the lengths differ, a winner has no entry in ``unit_labels``, or there are no samples.

    Examples
    --------
    >>> label_accuracy([0, 1, 1], ["a", "b", "a"], ["a", "b"])
    0.6666666666666666
    """
    unit_labels, labels = check_labels("unit_labels", unit_labels), check_labels("labels", labels)
    winners = check_indices("winners", winners, len(unit_labels), start=-1)
    check_same_length(winners=winners, labels=labels)
    return float(np.mean((unit_labels[winners] == labels) & (winners >= 0)))


def vote_labels(responses: ArrayLike, labels: ArrayLike, new_responses: ArrayLike) -> NDArray[Any]:
    """Label of new samples by a vote of all neurons that respond, where single winners decide in `label_units`.

    Each neuron votes for the classes it responded to in the labelled samples, in proportion, with the weight of its
    response to the new sample.

    Parameters
    ----------
    responses : array-like of shape (n_samples, n_neurons)
        Non-negative responses to the labelled samples, as from ``SpikingSOM.transform``.
    labels : array-like of shape (n_samples,)
        Their labels.
    new_responses : array-like of shape (n_new, n_neurons)
        Responses to the new samples.

    Returns
    -------
    ndarray of shape (n_new,)
        Labels; of equal votes, and where nothing responds, the first in sorted order.

    Raises
    ------
    ValueError
        If the arrays do not fit each other.

    Examples
    --------
    >>> vote_labels([[5, 0], [0, 3]], ["a", "b"], [[4, 1]])
    array(['a'], dtype='<U1')
    """
    responses, new_responses, labels = np.asarray(responses), np.asarray(new_responses), check_labels("labels", labels)
    if len(responses) != len(labels) or responses.shape[1:] != new_responses.shape[1:]:
        raise ValueError(
            f"responses (n_samples, n_neurons), labels and new_responses must match, got {responses.shape}, "
            f"{labels.shape} and {new_responses.shape}; pass outputs of one map"
        )
    classes, index = np.unique(labels, return_inverse=True)
    tuning = responses.T @ np.eye(len(classes))[index]
    share = tuning / np.maximum(tuning.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return classes[(new_responses @ share).argmax(axis=1)]


def label_responders(responses: ArrayLike, labels: ArrayLike) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Label each neuron by the class to whose samples it responds most on average; Diehl & Cook (2015).

    Parameters
    ----------
    responses : array-like of shape (n_samples, n_neurons)
        Non-negative responses to the labelled samples, for instance spike counts.
    labels : array-like of shape (n_samples,)
        Their labels.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        Labels in sorted order.
    unit_classes : ndarray of int64, shape (n_neurons,)
        Index of the label of each neuron in `classes`, the first of equals; -1 for neurons that never respond.

    Raises
    ------
    ValueError
        If the arrays do not fit each other.

    Examples
    --------
    >>> label_responders([[5, 0], [4, 1], [0, 3]], ["a", "a", "b"])
    (array(['a', 'b'], dtype='<U1'), array([0, 1]))
    """
    responses, labels = np.asarray(responses), check_labels("labels", labels)
    if responses.ndim != 2 or len(responses) != len(labels):
        raise ValueError(
            f"responses must be of shape (n_samples, n_neurons) with a label for each sample, got {responses.shape} "
            f"and {len(labels)} labels; pass the output of transform and its labels"
        )
    classes, index = np.unique(labels, return_inverse=True)
    mean = np.stack([responses[index == c].mean(axis=0, dtype=np.float64) for c in range(len(classes))], axis=1)
    return classes, np.where(mean.any(axis=1), mean.argmax(axis=1), -1)


def vote_of_responders(responses: ArrayLike, unit_classes: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Class whose neurons respond most on average; Diehl & Cook (2015).

    Parameters
    ----------
    responses : array-like of shape (n_samples, n_neurons)
        Non-negative responses.
    unit_classes : array-like of int, shape (n_neurons,)
        As from `label_responders`.
    n_classes : int

    Returns
    -------
    ndarray of int64, shape (n_samples,)
        Index of the class; of equals, and where nothing responds, the first.

    Examples
    --------
    >>> vote_of_responders([[4, 1], [0, 2]], [0, 1], n_classes=2)
    array([0, 1])
    """
    responses = np.asarray(responses)
    member = check_indices("unit_classes", unit_classes, n_classes, start=-1)[:, None] == np.arange(n_classes)
    return (responses @ (member / np.maximum(member.sum(axis=0), 1))).argmax(axis=1)
