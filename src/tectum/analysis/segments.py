"""What winners say of stretches of a stream: labels that a viewer gave to parts of a clip, scored clip by clip.

Which clip a frame is from is easy to tell; what happens in it is not. Labels that come in one
stretch each are told apart by a clock as well, so that agreement with them proves no meaning: beside it stand equal
stretches of time (`equal_stretches`), and labels that recur (`recurring_auc`), at which a clock is at chance.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_mutual_info_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tectum.analysis._checks import check_labels, check_same_length, check_table

READ_OUT = 0.01  # inverse strength of the penalty of the linear read-out
LEAST_LENGTH = 5  # frames that the shortest occurrence is taken to last where its surroundings are chosen


def agreement_within(units: ArrayLike, labels: ArrayLike, clips: ArrayLike) -> dict[Any, float]:
    """Adjusted mutual information of units and labels, in each clip alone.

    Parameters
    ----------
    units : array-like of shape (n_frames,)
        Winner of each frame; -1 (no neuron fired) counts as a unit of its own.
    labels : array-like of str, shape (n_frames,)
        What a viewer saw; frames with "" are left out.
    clips : array-like of shape (n_frames,)
        Clip of each frame.

    Returns
    -------
    dict
        Score by clip, in order of appearance, of clips with two labels or more; 0 is chance, 1 perfect.

    Raises
    ------
    ValueError
        If the lengths differ.

    References
    ----------
    Vinh, Epps & Bailey (2010). Information theoretic measures for clusterings comparison. JMLR 11:2837-2854.

    Examples
    --------
    >>> from tectum.analysis import agreement_within
    >>> agreement_within([0, 0, 1, 1], ["bend", "bend", "stop", "stop"], ["a.mp4"] * 4)
    {'a.mp4': 1.0}
    """
    units, labels, clips = _checked(units, labels, clips)
    scores = {}
    for clip in dict.fromkeys(clips.tolist()):
        here = (clips == clip) & (labels != "")
        if len(np.unique(labels[here])) > 1:
            scores[clip] = float(adjusted_mutual_info_score(labels[here], units[here]))
    return scores


def recurring_auc(units: ArrayLike, labels: ArrayLike, clips: ArrayLike, *, apart: float = 3.0) -> dict[Any, float]:
    """Whether units tell a label that comes back from what is around it, without having met this occurrence.

    An occurrence is a run of frames of one label. For each in turn, the evidence of a unit is the share of the label
    among the frames that it wins further away than `apart` times the length of the occurrence, drawn towards the share
    among all of them by one frame. Of graded responses the evidence is that of a linear read-out, fitted to the same
    frames: logistic regression of standardised responses, strongly regularised (C = 0.01), both classes weighted
    equally. Scored by the evidence are the frames of the occurrence against those beside it, as far
    as the occurrence is long on either side.

    Parameters
    ----------
    units : array-like of shape (n_frames,) or (n_frames, n_neurons)
        Winner of each frame, or graded responses to it, for instance `MapHierarchy.similarities`.
    labels, clips : array-like of shape (n_frames,)
        As for `agreement_within`; frames of a clip in their order.
    apart : float, default=3.0
        Lengths of the occurrence on either side of it that give no evidence.

    Returns
    -------
    dict
        By (clip, label): mean area under the ROC curve over the occurrences, of labels that can be tested at two of
        them or more. 0.5 is chance, where equal stretches of time are.

    Raises
    ------
    ValueError
        If the lengths differ.

    Examples
    --------
    >>> from tectum.analysis import recurring_auc
    >>> labels = (["car"] * 5 + ["road"] * 20) * 4
    >>> units = ([1] * 5 + [2] * 20) * 4
    >>> recurring_auc(units, labels, ["a.mp4"] * 100)[("a.mp4", "car")]
    1.0
    """
    graded = np.ndim(units) == 2
    units, labels, clips = _checked(check_table("units", units) if graded else units, labels, clips)
    scores: dict[Any, float] = {}
    for clip in dict.fromkeys(clips.tolist()):
        here = np.flatnonzero(clips == clip)
        tag = labels[here]
        seen = units[here] if graded else np.unique(units[here], return_inverse=True)[1]
        for label in dict.fromkeys(tag[tag != ""].tolist()):
            found = [auc for run in _runs(tag == label) if (auc := _auc(seen, tag == label, run, apart)) is not None]
            if len(found) > 1:
                scores[clip, label] = float(np.mean(found))
    return scores


def equal_stretches(clips: ArrayLike, n: int) -> NDArray[np.intp]:
    """Units that know nothing but the time: each clip cut into stretches of the same length.

    Parameters
    ----------
    clips : array-like of shape (n_frames,)
        Clip of each frame, frames in their order.
    n : int
        Stretches of a clip.

    Returns
    -------
    ndarray of shape (n_frames,)
        Number of the stretch, different in each clip.

    Raises
    ------
    ValueError
        If `n` is below 1.

    Examples
    --------
    >>> from tectum.analysis import equal_stretches
    >>> equal_stretches(["a", "a", "a", "a", "b", "b"], 2)
    array([0, 0, 1, 1, 2, 3])
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n!r}; 8 and 24 are usual")
    names = np.asarray(clips)
    stretch = np.empty(len(names), np.intp)
    for k, clip in enumerate(dict.fromkeys(names.tolist())):
        here = np.flatnonzero(names == clip)
        stretch[here] = k * n + np.arange(len(here)) * n // len(here)
    return stretch


def _checked(units: ArrayLike, labels: ArrayLike, clips: ArrayLike) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    found = np.asarray(units), check_labels("labels", labels), np.asarray(clips)
    check_same_length(units=found[0], labels=found[1], clips=found[2])
    return found


def _runs(inside: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First frame of each run, and the one behind its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _auc(seen: NDArray[Any], inside: NDArray[np.bool_], run: tuple[int, int], apart: float) -> float | None:
    """AUC of one occurrence, None if there is nothing to learn from or to compare with."""
    first, stop = run
    length = max(stop - first, LEAST_LENGTH)
    place = np.arange(len(seen))
    far = (place < first - apart * length) | (place >= stop + apart * length)
    near = (place >= first - length) & (place < stop + length)
    tested = near & (~inside | ((place >= first) & (place < stop)))
    if not inside[far].any() or inside[tested].all():
        return None
    evidence = _linear_evidence if seen.ndim == 2 else _evidence_of_winners
    return float(roc_auc_score(inside[tested], evidence(seen[far], inside[far], seen[tested])))


def _evidence_of_winners(
    unit: NDArray[np.intp], inside: NDArray[np.bool_], tested: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Share of the label among the frames of each tested unit."""
    n = max(unit.max(), tested.max()) + 1
    hits, wins = np.bincount(unit, weights=inside, minlength=n), np.bincount(unit, minlength=n)
    return ((hits + inside.mean()) / (wins + 1))[tested]


def _linear_evidence(X: NDArray[Any], inside: NDArray[np.bool_], tested: NDArray[Any]) -> NDArray[np.float64]:
    """What a linear classifier says of tested responses; nothing if it has met one class only."""
    if inside.all():
        return np.zeros(len(tested))
    classifier = LogisticRegression(C=READ_OUT, class_weight="balanced", max_iter=500)
    return make_pipeline(StandardScaler(), classifier).fit(X, inside).decision_function(tested)
