"""How far the numbers of a page may be trusted: the model learns anew from several seeds, and is measured elsewhere."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.model_selection import train_test_split
from sklearn.utils import _safe_indexing, check_scalar
from sklearn.utils.validation import _num_samples

from tectum.report.content import Comparison
from tectum.report.examination import examine, page_of
from tectum.report.maps.study import classes_of
from tectum.report.numbers import Measure, Measured


@dataclass(frozen=True, repr=False)
class Repeats(Measured):
    """A model that learned several times, each time measured on samples that it did not see.

    Attributes
    ----------
    studies : sequence of Study, DictionaryStudy or ResponderStudy
        What `tectum.report.examine` gave for each seed.
    seeds : sequence of int
        The seeds.
    n_train, n_test : int
        Number of samples that were learned from, and that were measured on.
    """

    studies: Sequence[Any]
    seeds: Sequence[int]
    n_train: int
    n_test: int

    @property
    def own(self) -> str:  # type: ignore[override]
        """Name of the model among the methods."""
        return self.studies[0].own

    @property
    def control(self) -> str | None:  # type: ignore[override]
        """Name of the model before it learned."""
        return self.studies[0].control

    @property
    def warnings(self) -> list[str]:
        """What the diagnoses of most seeds found."""
        found = Counter(text for study in self.studies for text in study.diagnosis.warnings)
        return [text for text, n in found.items() if n > len(self.studies) / 2]

    @cached_property
    def measures(self) -> list[Measure]:  # type: ignore[override]
        """Headline numbers, means over the seeds."""
        return self._over_seeds(np.mean)

    @cached_property
    def spread(self) -> list[Measure]:
        """Standard deviation of each headline number over the seeds; NaN for a single one."""
        return self._over_seeds(lambda values: np.std(values, ddof=1) if len(values) > 1 else np.nan)

    def _over_seeds(self, summary: Any) -> list[Measure]:
        found = []
        for measures in zip(*(study.measures for study in self.studies), strict=True):
            values = {name: float(summary([m.values[name] for m in measures])) for name in measures[0].values}
            found.append(Measure(measures[0].key, measures[0].title, measures[0].meaning, measures[0].better, values))
        return found

    def _cells(self, measure: Measure) -> list[str]:
        spread = next(found for found in self.spread if found.key == measure.key)
        return [f"{name} {_cell(measure, spread, name)}" for name in measure.values]

    def table(self) -> Comparison:
        """Mean and standard deviation of every number, for a page."""
        methods = list(dict.fromkeys(name for measure in self.measures for name in measure.values))
        rows = [
            [f"{mean.title} ({mean.better} is better)", *(_cell(mean, spread, name) for name in methods)]
            for mean, spread in zip(self.measures, self.spread, strict=True)
        ]
        n = len(self.seeds)
        return Comparison(
            "On samples held out, over seeds" if n > 1 else "On samples held out",
            ["Measure", *methods],
            rows,
            f"All methods learned from {self.n_train:,} samples and were measured on {self.n_test:,} others"
            + f", {n} times, from seeds {self.seeds[0]} to {self.seeds[-1]}: mean ± standard deviation" * (n > 1)
            + f". {self.verdict.text}",
        )


def _cell(mean: Measure, spread: Measure, name: str) -> str:
    if name not in mean.values:
        return "–"
    value, width = mean.values[name], spread.values[name]
    return f"{value:.3f}" + f" ± {width:.3f}" * (width == width)


def repeat(
    model: Any,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    n_seeds: int = 5,
    held_out: float = 0.25,
    baselines: bool = True,
    random_state: int = 0,
) -> Repeats:
    """Let copies of a model learn anew from several seeds, and measure each on samples that it did not see.

    Each copy has the parameters of the model and a seed of its own, which also draws the samples held out. It takes as
    long as so many fits.

    Parameters
    ----------
    model : SpikingSOM, SpikingDictionary or DiehlCook
        Fitted or not; it is left as it is.
    X : array-like of shape (n_samples, n_features)
        Samples to learn from and to measure on.
    y : array-like of shape (n_samples,), optional
        Class of each sample; each part then has its share of each class.
    n_seeds : int, default=5
        How many times; the seeds are `random_state` and those that follow.
    held_out : float, default=0.25
        Share of the samples to measure on.
    baselines : bool, default=True
        Whether to fit the baselines too, from the same samples as the copies.
    random_state : int, default=0
        The first seed.

    Returns
    -------
    Repeats

    Raises
    ------
    ValueError
        If the model learns from something else than samples, there are too few of them, or an argument is out of
        range.

    Examples
    --------
    >>> import tectum
    >>> iris = tectum.datasets.load("iris")
    >>> som = tectum.SpikingSOM((4, 4), n_presentations=300)
    >>> found = repeat(som, iris.data, iris.target, n_seeds=2, baselines=False)
    >>> found.n_train, found.n_test
    (112, 38)
    """
    page = page_of(model)
    if "train" not in page.examined:
        raise ValueError(
            f"repeat.model must learn from samples, got a {type(model).__name__}; fit it from several seeds yourself, "
            "and examine each"
        )
    check_scalar(n_seeds, "repeat.n_seeds", int, min_val=1)
    check_scalar(held_out, "repeat.held_out", float, min_val=0.0, max_val=1.0, include_boundaries="neither")
    n_samples = _num_samples(X)
    known = {} if y is None or "y" not in page.examined else {"y": np.asarray(y)}
    classes = classes_of(known["y"], n_samples, None)[0] if known else None
    if classes is not None and np.bincount(classes).min() < 2:
        classes = None  # a class of one sample cannot be in both parts
    studies, seeds = [], range(random_state, random_state + n_seeds)
    for seed in seeds:
        train, test = train_test_split(np.arange(n_samples), test_size=held_out, random_state=seed, stratify=classes)
        learned = _safe_indexing(X, train)
        copy = clone(model).set_params(random_state=seed, verbose=False, warm_start=False).fit(learned)
        labels = {key: values[test] for key, values in known.items()}
        if known and "train_y" in page.examined:
            labels["train_y"] = known["y"][train]
        studies.append(
            examine(copy, _safe_indexing(X, test), **labels, train=learned, baselines=baselines, random_state=seed)
        )
    return Repeats(studies, seeds, len(train), len(test))
