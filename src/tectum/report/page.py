"""The page itself: sections of figures, tables, and the one file they are written to."""

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

import tectum
from tectum.persistence import write_atomically
from tectum.report.map_figures import HALF, ImageShape, learning_figures, map_figures
from tectum.report.numbers import KOHONEN, MAP, Measure
from tectum.report.render import Drawing, Image, render
from tectum.report.spike_figures import response_figures, spike_figures
from tectum.report.study import Study, examine

PACKAGES = ("numpy", "numba", "scipy", "scikit-learn")


class Figure(NamedTuple):
    """A figure as the template shows it."""

    number: int
    drawing: Drawing
    light: Image
    dark: Image
    place: str  # wide, half, or alone: a half without another one beside it


class Section(NamedTuple):
    """A part of the page; `drawings` become `Figure` when the page is made."""

    key: str
    title: str
    text: str
    drawings: list[Drawing]


def write_report(
    path: str | os.PathLike[str],
    som: Any,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    target_names: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
    image_shape: ImageShape | None = None,
    title: str | None = None,
    command: str | None = None,
    seconds: float | None = None,
    baselines: bool = True,
    random_state: int | None = 0,
    study: Study | None = None,
) -> Path:
    """Write one HTML page about a fitted map: numbers beside baselines, figures, parameters, how to reproduce it.

    The page is self-contained (it loads nothing), follows the reader's choice of light or dark, and prints in light.

    Parameters
    ----------
    path : str or path
        File to write, in an existing folder; an existing file is replaced in one step.
    som : SpikingSOM
        Fitted.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Samples, usually those the map has learned from; of more than 5,000 a random subset is examined.
    y : array-like of shape (n_samples,), optional
        Class of each sample, for colours and scores.
    target_names, feature_names : sequence of str, optional
        Names of the classes and of the features.
    image_shape : (height, width) or (height, width, 3), optional
        Shape of a sample that is an image; the codebook is then drawn as images.
    title : str, optional
        Name of the data, for the heading.
    command : str, optional
        How to make this page again; the constructor of the map by default.
    seconds : float, optional
        Duration of the training.
    baselines : bool, default=True
        Whether to compare with a Kohonen map and k-means on the same samples.
    random_state : int or None, default=0
        Subsets, baselines and t-SNE.
    study : Study, optional
        What `examine` gave for the same map and samples, which is then not computed again.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the map is not fitted.
    ValueError
        If X, y, a list of names or image_shape does not fit the map.
    OSError
        If the file cannot be written; nothing is left behind.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from tectum import SpikingSOM, report
    >>> X, y = load_iris(return_X_y=True)
    >>> som = SpikingSOM(shape=(6, 6), random_state=0).fit(X)
    >>> report.write_report("iris.html", som, X, y, title="Iris")  # doctest: +SKIP
    """
    check_is_fitted(som, "codebook_")
    if study is None:
        study = examine(
            som,
            X,
            y,
            target_names=target_names,
            feature_names=feature_names,
            baselines=baselines,
            random_state=random_state,
        )
    figures = _numbered(_sections(som, study, image_shape, random_state))
    template = _environment().get_template("page.html.j2")
    html = template.render(
        title=title,
        som=som,
        study=study,
        map_name=MAP,
        columns=[name for name in (MAP, KOHONEN, "k-means") if name in study.measures[0].values],
        sections=figures,
        health=study.diagnosis,
        parameters=_parameters(som),
        facts=_facts(som, study, seconds),
        versions=_versions(),
        command=command or f"tectum.{som!r}.fit(X)",
    )
    write_atomically(path, html.encode())
    return Path(path)


def _sections(som: Any, study: Study, image_shape: ImageShape | None, random_state: int | None) -> list[Section]:
    return [
        Section(
            "learning",
            "How the map formed",
            "Each sample was presented for a few cycles of the oscillation. Whoever fires first excites its neighbours "
            "and silences the rest, and spike-timing-dependent plasticity makes those that fired answer earlier next "
            "time. Labels played no part.",
            learning_figures(som, study),
        ),
        Section(
            "map",
            "The map",
            "Every square is a neuron, in its place on the grid. A good map gives similar inputs to neighbours, and "
            "more neurons to where there are more inputs.",
            map_figures(som, study, image_shape),
        ),
        Section(
            "spikes",
            "The spikes",
            "What happens in the circuit while a sample is presented, weights frozen.",
            spike_figures(som, study),
        ),
        Section(
            "responses",
            "Inputs and responses",
            "What the map does to the data as a whole.",
            response_figures(som, study, random_state),
        ),
    ]


def _numbered(sections: list[Section]) -> list[tuple[Section, list[Figure]]]:
    """Sections that have figures, with the figures drawn in both themes and numbered through the page."""
    drawn, number = [], 0
    for section in sections:
        figures = []
        for drawing, place in zip(section.drawings, _places(section.drawings), strict=True):
            number += 1
            figures.append(Figure(number, drawing, render(drawing, "light"), render(drawing, "dark"), place))
        if figures:
            drawn.append((section, figures))
    return drawn


def _places(drawings: list[Drawing]) -> list[str]:
    """Where each figure of a section stands: halves go in pairs, in their order."""
    places, waiting = [], False
    for drawing in drawings:
        if drawing.size[0] > HALF + 1:
            places.append("wide")
            if waiting:
                places[-2] = "alone"
            waiting = False
        else:
            places.append("half")
            waiting = not waiting
    if waiting:
        places[-1] = "alone"
    return places


def _parameters(som: Any) -> list[tuple[str, str, bool, list[tuple[str, str]]]]:
    """Name, value or class of the part, whether it was given, and the fields of the part, for every parameter."""
    chosen, rows = som._chosen(), []
    for name, given in som.get_params(deep=False).items():
        if name in chosen:
            part = chosen[name]
            rows.append((name, type(part).__name__, given is not None, list(_fields(part))))
        elif name not in ("verbose", "n_jobs", "warm_start"):
            rows.append((name, _text(given), given is not None, []))
    return rows


def _fields(part: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted name and value of each field of a part and of the parts in it."""
    for field, value in part._asdict().items():
        if hasattr(value, "_asdict"):
            yield from _fields(value, f"{prefix}{field}.")
        else:
            yield prefix + field, _text(value)


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _facts(som: Any, study: Study, seconds: float | None) -> list[tuple[str, str]]:
    rows, columns = som.shape
    examined = "" if len(study.X) == study.n_given else f" ({len(study.X):,} drawn for this page)"
    return [
        ("Samples", f"{study.n_given:,}{examined}"),
        ("Features", f"{study.X.shape[1]:,}"),
        ("Map", f"{rows} × {columns}"),
        ("Presentations", f"{som.n_presentations_seen_:,}"),
        ("Seed", "none" if som.random_state is None else str(som.random_state)),
        ("Training", "not measured" if seconds is None else f"{seconds:.1f} s"),
        ("Date", datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")),
    ]


def _versions() -> list[tuple[str, str]]:
    """Name and version of what made the page."""
    found = [("tectum", tectum.__version__), ("Python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            found.append((package, "unknown"))
    return [*found, ("platform", platform.platform(terse=True))]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tectum", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figures"] = format_value
    environment.globals["share"] = bar_share
    return environment


def format_value(value: float) -> str:
    """A measure with three significant figures, a dash for NaN."""
    if value != value:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.3g}"


def bar_share(measure: Measure, value: float) -> float:
    """Length of a bar in percent of the longest one; measures where high is good end at 1."""
    longest = max(measure.values.values()) if measure.better == "lower" else 1.0
    return 0.0 if value != value or longest <= 0 else 100.0 * min(1.0, max(0.0, value / longest))
