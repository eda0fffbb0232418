"""A network of Diehl & Cook examined on samples, beside itself before learning and k-means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.cluster import KMeans

from tectum import analysis
from tectum.models.common.diagnosis import Diagnosis
from tectum.report.maps.study import dense_table, drawn_samples
from tectum.report.numbers import K_MEANS, UNTRAINED, Measure, Measured

NETWORK = "network"


class Responders(NamedTuple):
    """A method whose units respond to samples: patterns (n_units, n_features) and responses (n_samples, n_units)."""

    patterns: NDArray[np.float64]
    responses: NDArray[Any]


@dataclass(frozen=True, repr=False)
class ResponderStudy(Measured):
    """A network examined on samples: all that the figures and the table of a report need."""

    own, control = NETWORK, UNTRAINED

    samples: Any  # (n, n_features) the samples examined, in the form in which they were given
    n_given: int  # number of samples given; more than n if a random subset was examined
    held_out: bool  # whether the network and k-means learned from other samples
    labels: NDArray[np.intp] | None  # (n,) class of each sample, from 0
    target_names: list[str]  # names of the classes
    methods: dict[str, Responders]  # the network, and what it is compared with
    # by method: the class (n // 2,) that labelled units vote for, for every second sample; labels come from the
    # others. Empty without classes
    voted: dict[str, NDArray[np.int64]]
    measures: list[Measure]  # the table of headline numbers
    diagnosis: Diagnosis  # state of health

    @property
    def counts(self) -> NDArray[Any]:
        """Spikes of the network (n, n_neurons)."""
        return self.methods[NETWORK].responses


def examine_responders(
    net: Any,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    target_names: Sequence[str] | None = None,
    train: ArrayLike | None = None,
    baselines: bool = True,
    random_state: int | None = 0,
) -> ResponderStudy:
    """Measure a fitted network; see `tectum.report.examine`."""
    n_given, X, table, labels, names = drawn_samples(X, y, target_names, random_state)
    methods = {NETWORK: Responders(net.weights_.astype(np.float64), net.transform(X))}
    if baselines:
        same = {"input_range": net.input_range_, "gain": net.gain_, "warm_start": False, "verbose": False}
        before = clone(net).set_params(**same).partial_fit(table[:1])  # a single sample changes next to nothing
        methods[UNTRAINED] = Responders(before.weights_.astype(np.float64), before.transform(X))
        learned = table if train is None else dense_table(train)
        n_units = min(len(net.weights_), len(np.unique(learned, axis=0)))
        centres = KMeans(n_units, n_init=3, random_state=random_state).fit(learned).cluster_centers_
        nearest = analysis.best_matching_units(table, centres, k=1)[:, 0]
        methods[K_MEANS] = Responders(centres, np.eye(n_units)[nearest])
    voted = {} if labels is None or len(labels) < 2 else {name: _vote(m, labels) for name, m in methods.items()}
    return ResponderStudy(
        samples=X,
        n_given=n_given,
        held_out=train is not None,
        labels=labels,
        target_names=names,
        methods=methods,
        voted=voted,
        measures=_measures(table, methods, labels, voted),
        diagnosis=net.diagnose(X),
    )


def _vote(method: Responders, labels: NDArray[np.intp]) -> NDArray[np.int64]:
    """Classes that units vote for in every second sample, labelled by their responses to the others."""
    classes, units = analysis.label_responders(method.responses[::2], labels[::2])
    return classes[analysis.vote_of_responders(method.responses[1::2], units, len(classes))]


def _match(X: NDArray, method: Responders) -> float:
    """Mean cosine between a sample and the pattern of the unit that responds most; 0 where none does."""
    won, answered = method.patterns[method.responses.argmax(axis=1)], method.responses.any(axis=1)
    lengths = np.linalg.norm(X, axis=1) * np.linalg.norm(won, axis=1)
    cosine = np.einsum("ij,ij->i", X, won) / np.where(lengths > 0.0, lengths, 1.0)
    return float(np.where(answered, cosine, 0.0).mean())


def _measures(
    X: NDArray, methods: dict[str, Responders], labels: NDArray | None, voted: dict[str, NDArray]
) -> list[Measure]:
    """Headline numbers, those with labels first."""
    found = []
    if labels is not None and voted:
        accuracy = {name: float((classes == labels[1::2]).mean()) for name, classes in voted.items()}
        meaning = "Share of every second sample whose class the labelled neurons vote for; labels come from the others."
        found.append(Measure("accuracy", "Accuracy", meaning, "higher", accuracy))
    counts = methods[NETWORK].responses
    return [
        *found,
        Measure(
            "match",
            "Match of the winner",
            "Mean cosine between a sample and the weights of the neuron that fires most; 0 where none fires.",
            "higher",
            {name: _match(X, method) for name, method in methods.items()},
        ),
        Measure(
            "usage",
            "Evenness of use",
            "Share of the neurons that an even use of as many would have (perplexity of the responses).",
            "higher",
            {name: analysis.usage_perplexity(m.responses) / m.responses.shape[1] for name, m in methods.items()},
        ),
        Measure(
            "spikes",
            "Spikes",
            "Mean per sample, of all neurons. Few are cheap.",
            "lower",
            {NETWORK: float(counts.sum(axis=1).mean())},
        ),
    ]
