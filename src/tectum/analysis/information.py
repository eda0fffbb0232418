"""What spikes tell about a stimulus, in bits."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import mutual_info_score
from sklearn.utils import check_random_state

from tectum.analysis._checks import check_count, check_same_length, check_table

# Spikes of each neuron that the decoder imagines for each class in addition, at the neuron's mean rate. One is the
# exponential prior: of all distributions of a rate with a given mean, the one of largest entropy.
PRIOR_SPIKES = 1.0

SILENT = 1e-12  # spikes per frame of a neuron that never fired while the decoder learned: then it favours no class


class TransmittedInformation(NamedTuple):
    """Information about a stimulus that a decoder reads from spike counts.

    Examples
    --------
    >>> TransmittedInformation(0.9, 0.95, 1.0, 0.1).bits
    0.9
    """

    bits: float  # mutual information minus that of shuffled labels
    accuracy: float  # share of frames decoded correctly
    uncorrected_bits: float  # mutual information of stimulus and decoded stimulus
    shuffled_bits: float  # mean of the same with shuffled labels


def transmitted_information(
    counts: ArrayLike,
    stimulus: ArrayLike,
    *,
    n_folds: int = 5,
    n_shuffles: int = 5,
    random_state: Any = None,
) -> TransmittedInformation:
    """Information about a stimulus in the spike counts of a population, as a decoder reads it.

    Poisson naive Bayes decodes each frame after learning from the other folds; the result is the mutual information of
    stimulus and decoded stimulus, minus the mean of the same with shuffled stimuli, which takes away the bias of few
    frames. A lower bound of what the spikes hold, up to that correction; at most the entropy of the stimulus.

    Parameters
    ----------
    counts : array-like of shape (n_frames, n_neurons)
        Spikes of each neuron in each frame.
    stimulus : array-like of shape (n_frames,)
        Class of each frame, any dtype that sorts.
    n_folds : int, default=5
        Parts of the frames, drawn at random; each is decoded after learning from the others.
    n_shuffles : int, default=5
        Shuffles of the stimulus; 0 leaves out the correction.
    random_state : int, RandomState or None, default=None
        Draws folds and shuffles.

    Returns
    -------
    TransmittedInformation

    Raises
    ------
    ValueError
        If the lengths differ, a count is negative or not finite, or there are fewer frames than folds.

    Examples
    --------
    >>> stimulus = np.repeat([0, 1], 100)
    >>> counts = np.stack([5 * stimulus, 5 - 5 * stimulus], axis=1)
    >>> round(float(transmitted_information(counts, stimulus, random_state=0).bits), 2)
    0.99
    """
    counts = check_table("counts", counts)
    classes = np.unique(np.asarray(stimulus), return_inverse=True)[1]
    check_same_length(counts=counts, stimulus=classes)
    if counts.min() < 0:
        raise ValueError(f"counts must not be negative, got {counts.min():g}; pass the number of spikes per frame")
    n_folds, n_shuffles = check_count("n_folds", n_folds, least=2), check_count("n_shuffles", n_shuffles, least=0)
    if len(counts) < n_folds:
        raise ValueError(f"counts must have at least n_folds = {n_folds} frames, got {len(counts)}; record more frames")
    rng = check_random_state(random_state)
    fold = rng.permutation(len(counts)) % n_folds
    decoded = _decode(counts, classes, fold)
    bits = _bits(classes, decoded)
    shuffles = (rng.permutation(classes) for _ in range(n_shuffles))
    chance = (
        float(np.mean([_bits(labels, _decode(counts, labels, fold)) for labels in shuffles])) if n_shuffles else 0.0
    )
    return TransmittedInformation(bits - chance, float(np.mean(decoded == classes)), bits, chance)


def _decode(counts: NDArray[Any], classes: NDArray[Any], fold: NDArray[Any]) -> NDArray[np.intp]:
    """Most probable class (n_frames,) of each frame, learned from the frames of the other folds."""
    decoded = np.empty(len(classes), dtype=np.intp)
    member = np.eye(classes.max() + 1)[classes].T
    all_spikes, all_frames = member @ counts, member.sum(axis=1)
    for k in range(fold.max() + 1):
        asked = fold == k
        shown = counts[asked]
        spikes = all_spikes - member[:, asked] @ shown
        frames = all_frames - member[:, asked].sum(axis=1)
        typical = np.maximum(spikes.sum(axis=0) / frames.sum(), SILENT)
        rates = (spikes + PRIOR_SPIKES) / (frames[:, np.newaxis] + PRIOR_SPIKES / typical)
        with np.errstate(divide="ignore"):  # a class that was never shown is never decoded
            prior = np.log(frames)
        decoded[asked] = (shown @ np.log(rates).T - rates.sum(axis=1) + prior).argmax(axis=1)
    return decoded


def _bits(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(mutual_info_score(a, b) / np.log(2.0))
