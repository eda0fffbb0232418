"""The headline numbers: a map beside a Kohonen map and k-means on the same samples."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from tectum import analysis
from tectum.analysis import kohonen_codebook
from tectum.plots.inline import inline_picture, inline_table
from tectum.plots.measures import measures_size, plot_measures
from tectum.report.verdict import Verdict, verdict_on

MOST_RANKED = 1000  # samples for trustworthiness and continuity, whose time grows with the square
MAP, UNTRAINED, KOHONEN, K_MEANS = "spiking map", "untrained", "Kohonen map", "k-means"


@dataclass(frozen=True)
class Measure:
    """One row of the table of headline numbers.

    Examples
    --------
    >>> Measure("qe", "quantization error", "mean distance", "lower", {"map": 0.1}).values
    {'map': 0.1}
    """

    key: str  # name for machines
    title: str  # name for people
    meaning: str  # what it measures, in a sentence
    better: str  # "lower" or "higher"
    values: dict[str, float]  # by method; a method for which the measure is not defined is left out

    @property
    def best(self) -> float:
        """The best of the values; NaN if none is a number."""
        known = [value for value in self.values.values() if not math.isnan(value)]
        return (min if self.better == "lower" else max)(known, default=math.nan)


class Measured:
    """What has headline numbers, and shows them in a notebook."""

    own: ClassVar[str]  # name of the model among the methods
    control: ClassVar[str | None] = None  # that of the model before it learned
    compared: ClassVar[bool] = True  # whether the other methods are rivals, not parts of the model
    measures: list[Measure]

    @property
    def verdict(self) -> Verdict:
        """Whether the model is good, in a sentence with the reasons."""
        found: Any = self
        warnings = found.diagnosis.warnings if hasattr(self, "diagnosis") else found.warnings
        return verdict_on(self.measures, self.own, self.control, warnings, compared=self.compared)

    def __repr__(self) -> str:
        rows = [(measure.title, *self._cells(measure)) for measure in self.measures]
        width = max((len(row[0]) for row in rows), default=0)
        lines = [f"  {title:<{width}}  " + ", ".join(cells) for title, *cells in rows]
        return "\n".join([f"{type(self).__name__}: {self.verdict.grade}. {self.verdict.text}", *lines])

    def _cells(self, measure: Measure) -> list[str]:
        """The methods with their values, the model first."""
        return [f"{name} {number(value)}" for name, value in measure.values.items()]

    def plot(self, *, figure: Any = None) -> NDArray[np.object_]:
        """Draw the headline numbers: a panel for each measure, a bar for each method, the best one strong.

        Parameters
        ----------
        figure : Figure or SubFigure, optional
            Where to draw; a new figure by default.

        Returns
        -------
        ndarray of Axes
        """
        return plot_measures(self.measures, figure=figure)

    def _repr_html_(self) -> str:
        methods = list(dict.fromkeys(name for measure in self.measures for name in measure.values))
        rows = [
            [measure.title, *(number(measure.values.get(name)) for name in methods), measure.better]
            for measure in self.measures
        ]
        table = inline_table("Headline numbers", rows, ["", *methods, "better"])
        size = measures_size(len(self.measures), len(methods))
        picture = inline_picture(lambda figure: self.plot(figure=figure), size, "the headline numbers as bars")
        return f"<p><b>{self.verdict.grade}</b> {escape(self.verdict.text)}</p>{table}{picture}"


def number(value: float | None, form: str = ".3f", unit: str = "") -> str:
    """A number for people; a dash where it is not defined."""
    return "–" if value is None or math.isnan(value) else f"{value:{form}}{unit}"


@dataclass(frozen=True)
class Method:
    """What the measures need of a method; clusters is None for k-means, which has no grid."""

    codebook: NDArray[np.float64]
    winners: NDArray[np.intp]
    clusters: NDArray[np.intp] | None
    learned: NDArray[np.intp] | None = None  # winners of the training samples, where others are examined


def fit_baselines(
    train: NDArray, X: NDArray, som: Any, n_clusters: int | None, random_state: int | None
) -> dict[str, Method]:
    """A Kohonen map and k-means that learn from `train`, and their winners for X."""
    kohonen = kohonen_codebook(train, som.grid_, max(1, int(som.n_presentations_seen_)), random_state)
    n_units = min(len(kohonen), len(np.unique(train, axis=0)))
    centres = KMeans(n_units, n_init=3, random_state=random_state).fit(train).cluster_centers_
    fitted = {}
    for name, codebook in ((KOHONEN, kohonen), (K_MEANS, centres)):
        clusters = analysis.cluster_units(codebook, som.grid_, n_clusters=n_clusters) if name == KOHONEN else None
        learned, winners = (analysis.best_matching_units(Y, codebook, k=1)[:, 0] for Y in (train, X))
        fitted[name] = Method(codebook, winners, clusters, learned)
    return fitted


def measure_maps(
    X: NDArray, found: dict[str, Method], shape: tuple[int, int], latency: dict[str, NDArray]
) -> list[Measure]:
    """Quality of the codebooks and of the order of the maps; `latency` of those that spike."""

    def measure(key: str, title: str, meaning: str, better: str, of: Callable[[Method], float]) -> Measure:
        ordered = {name: it for name, it in found.items() if key == "quantization_error" or it.clusters is not None}
        return Measure(key, title, meaning, better, {name: float(of(it)) for name, it in ordered.items()})

    def from_codebook(it: Method) -> float:
        return analysis.topographic_error(analysis.best_matching_units(X, it.codebook), shape)

    some = np.unique(np.linspace(0, len(X) - 1, MOST_RANKED).astype(int))

    def ranked(score: Callable[..., float]) -> Callable[[Method], float]:
        def of(it: Method) -> float:
            won = some[it.winners[some] >= 0]
            at = analysis.grid_places(shape)[it.winners[won]]
            return score(X[won], at) if len(won) > 10 else math.nan

        return of

    return [
        measure(
            "quantization_error",
            "Quantization error",
            "Mean distance from a sample to the nearest codebook row, features scaled to [0, 1].",
            "lower",
            lambda it: analysis.quantization_error(X, it.codebook),
        ),
        measure(
            "topographic_error",
            "Topographic error",
            "Share of samples whose two nearest codebook rows belong to neurons that are not neighbours.",
            "lower",
            from_codebook,
        ),
        Measure(
            "topographic_error_spikes",
            "Topographic error from spikes",
            "Share of samples whose first two neurons to fire are not neighbours.",
            "lower",
            {name: analysis.topographic_error(analysis.spike_winners(it), shape) for name, it in latency.items()},
        ),
        measure(
            "trustworthiness",
            "Trustworthiness",
            "Near on the map means near in the data: 1 if the map shows no false neighbours.",
            "higher",
            ranked(analysis.trustworthiness),
        ),
        measure(
            "continuity",
            "Continuity",
            "Near in the data means near on the map: 1 if the map tears no neighbours apart.",
            "higher",
            ranked(analysis.continuity),
        ),
    ]


def measure_accuracy(labels: NDArray, train_labels: NDArray, found: dict[str, Method], grid: Any) -> Measure:
    """Share of samples that get the right class from the training samples of their unit."""

    def accuracy(it: Method, learned: NDArray[np.intp]) -> float:
        shape = grid if it.clusters is not None else (1, len(it.codebook))
        return analysis.label_accuracy(it.winners, labels, analysis.label_units(learned, train_labels, shape))

    return Measure(
        "accuracy",
        "Accuracy",
        "Share of samples whose class is that of most training samples of their unit, or of the nearest unit with any.",
        "higher",
        {name: accuracy(it, it.learned) for name, it in found.items() if it.learned is not None},
    )


def measure_classes(labels: NDArray | None, found: dict[str, Method]) -> list[Measure]:
    """Agreement with known classes; none without classes."""
    if labels is None:
        return []
    units = {name: analysis.cluster_scores(labels, it.winners) for name, it in found.items()}
    groups = {
        name: analysis.cluster_scores(labels, np.where(it.winners >= 0, it.clusters[it.winners], -1))
        for name, it in found.items()
        if it.clusters is not None
    }
    used = ", ".join(f"{scores['n_units']} ({name})" for name, scores in units.items())
    together = "Neurons joined to as many connected regions as there are classes"
    rows = [
        (
            "purity",
            "Label agreement",
            f"Purity: samples of the majority class of their unit. Units used: {used}.",
            units,
        ),
        ("ari", "ARI of regions", f"{together}: adjusted Rand index against the classes.", groups),
        ("ami", "AMI of regions", f"{together}: adjusted mutual information with the classes.", groups),
        ("unit_ami", "AMI of single units", "Each unit as a cluster of its own; pays for many units.", units),
    ]
    return class_measures(rows)


def class_measures(rows: Sequence[tuple[str, str, str, Mapping[str, Mapping[str, float]]]]) -> list[Measure]:
    """Measures by key, title, meaning and what `cluster_scores` found by method; a key ends in that of the score."""
    return [
        Measure(key, title, meaning, "higher", {name: float(of[key.split("_")[-1]]) for name, of in scores.items()})
        for key, title, meaning, scores in rows
    ]
