"""A fitted map examined on samples: everything that the table and the figures of a report show."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_array, check_random_state

from tectum import analysis
from tectum.analysis._checks import check_labels
from tectum.models.common.diagnosis import Diagnosis
from tectum.parts import ConstantRadius
from tectum.report.numbers import (
    MAP,
    UNTRAINED,
    Measure,
    Measured,
    Method,
    fit_baselines,
    measure_accuracy,
    measure_classes,
    measure_maps,
)

MOST_SAMPLES = 5000  # more samples than this are examined by a random subset
MOST_CLASSES = 32  # a target with more distinct values is no set of classes


@dataclass(frozen=True, repr=False)
class Study(Measured):
    """A map examined on samples: all that the figures and the table of a report need."""

    own, control = MAP, UNTRAINED

    samples: Any  # (n, n_features) the samples examined, in the form in which they were given
    n_given: int  # number of samples given; more than n if a random subset was examined
    held_out: bool  # whether the map and the baselines learned from other samples
    X: NDArray[np.float64]  # (n, n_features) the samples, features scaled to [0, 1]
    low: NDArray[np.float64]  # (n_features,) smallest value of each feature before scaling
    span: NDArray[np.float64]  # (n_features,) range of each feature before scaling
    labels: NDArray[np.intp] | None  # (n,) class of each sample, from 0
    target_names: list[str]  # of the classes
    feature_names: list[str]
    latency: NDArray[np.float64]  # (n, n_neurons) first spike of each neuron in ms, NaN where silent
    winners: NDArray[np.intp]  # (n,) winner of each sample, -1 for none
    codebook: NDArray[np.float64]  # (n_neurons, n_features) codebook of the map, scaled as X
    clusters: NDArray[np.intp]  # (n_neurons,) cluster of each neuron
    measures: list[Measure]  # the table of headline numbers
    diagnosis: Diagnosis  # state of health


def examine_map(
    som: Any,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    target_names: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
    train: ArrayLike | None = None,
    train_y: ArrayLike | None = None,
    baselines: bool = True,
    random_state: int | None = 0,
) -> Study:
    """Measure a fitted map, and a Kohonen map and k-means with as many units; see `tectum.report.examine`."""
    n_given, X, table, labels, class_names = drawn_samples(X, y, target_names, random_state)
    latency = som.spike_times(X)
    table = _filled(som, X, table)
    low, span = table.min(axis=0), np.ptp(table, axis=0)
    span[span == 0] = 1.0
    scaled, codebook = (table - low) / span, (som.codebook_ - low) / span
    n_defined = int(np.isfinite(codebook).all(axis=1).sum())
    n_clusters = None if labels is None else max(1, min(len(np.unique(labels)), n_defined))
    clusters = analysis.cluster_units(codebook, som.grid_, n_clusters=n_clusters)
    winners = som.predict(X)
    learned = None if train is None else som.predict(train)
    found, spikes = {MAP: Method(codebook, winners, clusters, learned)}, {MAP: latency}
    if baselines:
        found[UNTRAINED], spikes[UNTRAINED] = _untrained(som, train, X, low, span, n_clusters)
        reference = scaled if train is None else (_filled(som, train, dense_table(train)) - low) / span
        found |= fit_baselines(reference, scaled, som, n_clusters, random_state)
    measures = measure_maps(scaled, found, som.grid_, spikes) + measure_classes(labels, found)
    if train_y is not None and y is not None and labels is not None:
        measures.insert(0, measure_accuracy(labels, _codes(train_y, y), found, som.grid_))
    names = _feature_names(som, feature_names, table.shape[1])
    return Study(
        samples=X,
        n_given=n_given,
        held_out=train is not None,
        X=scaled,
        low=low,
        span=span,
        labels=labels,
        target_names=class_names,
        feature_names=names,
        latency=latency,
        winners=winners,
        codebook=codebook,
        clusters=clusters,
        measures=measures,
        diagnosis=som.diagnose(X),
    )


def _filled(som: Any, X: Any, table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Samples whose missing values are those of their winners."""
    missing = np.isnan(table)
    if missing.any():
        table[missing] = som.inverse_transform(som.transform(X))[missing]
        table = np.where(np.isnan(table), np.nanmean(som.codebook_, axis=0), table)  # of samples without a winner
    return table


def _codes(train_y: ArrayLike, y: ArrayLike) -> NDArray[np.intp]:
    """Classes of training samples as numbers, those of y from 0; -1 for a class that y lacks."""
    present, values = np.unique(np.asarray(y)), np.asarray(train_y)
    codes = np.searchsorted(present, values).clip(max=len(present) - 1)
    return np.where(present[codes] == values, codes, -1)


def _untrained(
    som: Any, train: Any, X: Any, low: NDArray, span: NDArray, n_clusters: int | None
) -> tuple[Method, NDArray[np.float64]]:
    """The same map before it learns, with the radius that it has now, and its first spikes to samples."""
    start = clone(som).set_params(radius=ConstantRadius(som.radius_), n_presentations=1, n_snapshots=0)
    start.set_params(warm_start=False, verbose=False).fit(
        X if train is None else train
    )  # a single presentation changes next to nothing
    latency, codebook = start.spike_times(X), (start.codebook_ - low) / span
    clusters = analysis.cluster_units(codebook, som.grid_, n_clusters=n_clusters)
    learned = None if train is None else start.predict(train)
    return Method(codebook, analysis.first_winner(latency), clusters, learned), latency


def drawn_samples(
    X: ArrayLike, y: ArrayLike | None, target_names: Sequence[str] | None, random_state: int | None
) -> tuple[int, Any, NDArray[np.float64], NDArray[np.intp] | None, list[str]]:
    """Number of samples given; a random subset if they are many, as given and as a table; classes and their names."""
    n_given = check_array(X, accept_sparse="csr", dtype=None, ensure_all_finite=False).shape[0]
    labels, class_names = classes_of(y, n_given, target_names)
    if n_given > MOST_SAMPLES:
        chosen = np.sort(check_random_state(random_state).permutation(n_given)[:MOST_SAMPLES])
        X, labels = _safe_indexing(X, chosen), None if labels is None else labels[chosen]
    return n_given, X, dense_table(X), labels, class_names


def dense_table(X: ArrayLike) -> NDArray[np.float64]:
    """Samples as a table of its own, also those of a sparse matrix; NaN where a value is missing."""
    table = check_array(X, accept_sparse="csr", dtype=np.float64, ensure_all_finite="allow-nan", copy=True)
    return table if isinstance(table, np.ndarray) else table.toarray()


def classes_of(
    y: ArrayLike | None, n_samples: int, target_names: Sequence[str] | None
) -> tuple[NDArray[np.intp] | None, list[str]]:
    """Class of each sample from 0 with the names of the classes, or None if y is missing or no set of classes."""
    if y is None:
        return None, []
    values = check_labels("y", y)
    if values.shape != (n_samples,):
        raise ValueError(f"y must have shape ({n_samples},), one label per sample, got {values.shape}; leave it out")
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError("y must have a label for every sample, got NaN; drop these samples, or leave y out")
    present, codes = np.unique(values, return_inverse=True)
    if len(present) > MOST_CLASSES:
        return None, []
    if target_names is None or values.dtype.kind not in "iub":
        return codes, [str(value) for value in present]
    if present[0] < 0 or present[-1] >= len(target_names):
        raise ValueError(
            f"target_names must name the classes 0 to {present[-1]}, got {len(target_names)} names; leave it out to "
            "number the classes"
        )
    return codes, [str(target_names[int(value)]) for value in present]


def _feature_names(som: Any, given: Sequence[str] | None, n_features: int) -> list[str]:
    names = getattr(som, "feature_names_in_", None) if given is None else given
    if names is None:
        return [f"feature {k}" for k in range(n_features)]
    if len(names) != n_features:
        raise ValueError(f"feature_names must hold {n_features} names, got {len(names)}; leave it out to number them")
    return [str(name) for name in names]
