"""The one file of a report: a model and its data become a page, whatever kind of model it is."""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

import tectum
from tectum.models.common.families import family_of
from tectum.models.common.nested import constants, members
from tectum.models.common.progress import without_progress
from tectum.persistence import write_atomically
from tectum.plots.layout import shorten
from tectum.plots.style import Theme
from tectum.report.content import HALF, Content, Film, Section
from tectum.report.examination import AnyStudy, examine, leave_out, page_of
from tectum.report.maps.figures import ImageShape
from tectum.report.numbers import Measure
from tectum.report.render import Drawing, Image, render
from tectum.report.repeats import Repeats
from tectum.report.streams.diary import Diary
from tectum.report.waves.study import Snapshot

THEMES: tuple[Theme, ...] = ("light", "dark")
PACKAGES = ("numpy", "numba", "scipy", "scikit-learn")


class Report(type(Path())):  # type: ignore[misc]
    """The path of a report that was written, with what it shows.

    Attributes
    ----------
    study : Study, DictionaryStudy, ResponderStudy, WaveStudy, StreamStudy or None
        What `examine` gave; None for a path that was made otherwise.
    """

    study: AnyStudy | None = None

    def _repr_html_(self) -> str:
        link = f'<p><a href="{escape(self.as_posix(), quote=True)}">{escape(str(self))}</a></p>'
        return link if self.study is None else self.study._repr_html_() + link


class Figure(NamedTuple):
    """A figure as the template shows it."""

    number: int
    drawing: Drawing | Film
    light: Image | None  # None for a film
    dark: Image | None
    place: str  # wide, half, or alone: a half without another one beside it


def write_report(
    path: str | os.PathLike[str],
    model: Any,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    target_names: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
    train: ArrayLike | None = None,
    image_shape: ImageShape | None = None,
    images: Sequence[ArrayLike] | None = None,
    growth: list[Snapshot] | None = None,
    diary: Diary | None = None,
    title: str | None = None,
    command: str | None = None,
    seconds: float | None = None,
    baselines: bool = True,
    random_state: int | None = 0,
    study: AnyStudy | None = None,
    repeats: Repeats | None = None,
) -> Report:
    """Write one HTML page about a fitted model: numbers beside baselines, figures, parameters, how to reproduce it.

    The page is self-contained (it loads nothing), follows the reader's choice of light or dark, and prints in light.

    Parameters
    ----------
    path : str or path
        File to write, in an existing folder; an existing file is replaced in one step.
    model : SpikingSOM, SpikingDictionary, DiehlCook, WaveNetwork or MapHierarchy
        Fitted or grown.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Samples, none for a network of sheets or a hierarchy of maps: for a map usually those it has learned from, for a
        dictionary better others. Of more than 5,000 a random subset is examined.
    y, target_names, feature_names, train, growth, diary, baselines
        As in `examine`.
    image_shape : (height, width) or (height, width, 3), optional
        Shape of a sample that is an image; a dictionary takes grey patches, (height, width).
    images : sequence of arrays of shape (height, width), optional
        Whole images, filtered as those from which the patches were cut, for a dictionary; needs ``image_shape``.
    title : str, optional
        Name of the data, for the heading.
    command : str, optional
        How to make this page again; the constructor of the model by default.
    seconds : float, optional
        Duration of the training.
    random_state : int or None, default=0
        Subsets, baselines and t-SNE.
    study : Study, DictionaryStudy, ResponderStudy, WaveStudy or StreamStudy, optional
        What `examine` gave for the same model and samples, which is then not computed again.
    repeats : Repeats, optional
        What `repeat` gave: the page then says what samples held out, and other seeds, do to its numbers.

    Returns
    -------
    Report
        The path of the file, which a notebook shows with the headline numbers.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the model is not fitted.
    ValueError
        If X, y, a list of names, images or image_shape does not fit the model.
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
    check_is_fitted(model)
    page = page_of(model)
    if study is None:
        study = examine(
            model,
            X,
            y,
            target_names=target_names,
            feature_names=feature_names,
            train=train,
            growth=growth,
            diary=diary,
            baselines=baselines,
            random_state=random_state,
        )
    given: dict[str, Any] = {"X": X, "image_shape": image_shape, "images": images, "random_state": random_state}
    leave_out("write_report", model, given, page.examined + page.drawn)
    with without_progress():
        content = page.content(
            model, study, facts=training_facts(model, seconds), **{key: given[key] for key in page.drawn}
        )
        if repeats is not None:
            content = replace(content, tables=(*content.tables, repeats.table()))
        return write_content(path, content, model, title, command or _call(model))


def _call(model: Any) -> str:
    """The Python that makes such a model."""
    return f"tectum.{model!r}.{'grow()' if family_of(model).data == 'none' else 'fit(X)'}"


def write_content(
    path: str | os.PathLike[str], content: Content, model: Any, title: str | None, command: str
) -> Report:
    """Write the page."""
    text = (
        _environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            content=content,
            sections=_numbered(content.sections),
            films=any(isinstance(drawing, Film) for section in content.sections for drawing in section.drawings),
            parameters=_parameters(model),
            versions=_versions(),
            command=command,
        )
    )
    write_atomically(path, text.encode())
    written = Report(path)
    written.study = content.study  # type: ignore[assignment]
    return written


def _numbered(sections: list[Section]) -> list[tuple[Section, list[Figure]]]:
    """Sections that have figures or a table, with the figures drawn in both themes and numbered through the page."""
    drawn, number = [], 0
    for section in sections:
        figures = []
        for drawing, place in zip(section.drawings, _places(section.drawings), strict=True):
            number += 1
            light, dark = (None if isinstance(drawing, Film) else render(drawing, theme) for theme in THEMES)
            figures.append(Figure(number, drawing, light, dark, place))
        if figures or section.table is not None:
            drawn.append((section, figures))
    return drawn


def _places(drawings: Sequence[Drawing | Film]) -> list[str]:
    """Where each figure of a section stands: halves go in pairs, in their order."""
    places, waiting = [], False
    for drawing in drawings:
        if isinstance(drawing, Film) or drawing.size[0] > HALF + 1:
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


def _parameters(model: Any) -> list[tuple[str, str, bool, list[tuple[str, str]]]]:
    """Name, value or class of the part, whether it was given, and the fields of the part, for every parameter."""
    chosen: Any = model.chosen_parts()
    rows: list[tuple[str, str, bool, list[tuple[str, str]]]] = []
    for name, given in model.get_params(deep=False).items():
        part = chosen.get(name)
        if hasattr(part, "_asdict"):
            rows.append((name, type(part).__name__, given is not None, list(_fields(part))))
        elif name in chosen and hasattr(part[0], "name"):  # a row for each part of a sequence that has a name
            rows += [(item.name, type(item).__name__, given is not None, list(_fields(item))[1:]) for item in part]
        elif name in chosen:
            rows.append((name, f"{len(part)} {type(part[0]).__name__}", given is not None, list(_fields(part))))
        elif name not in ("verbose", "n_jobs", "warm_start"):
            rows.append((name, _text(given), given is not None, []))
    return rows


def _fields(part: Any) -> Iterator[tuple[str, str]]:
    """Dotted name and value of each field of a part, and of the parts in it."""
    for path, value in constants(part, lambda part, field: None):
        if not members(value):
            yield path.replace("__", "."), _text(value)
        elif path[-1].isdigit():  # a part in a sequence
            yield path.replace("__", "."), type(value).__name__


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return shorten(value, 200)


def training_facts(model: Any, seconds: float | None) -> list[tuple[str, str]]:
    """What every page says of its model, below the heading."""
    seen = model.n_presentations_seen_
    return [
        *([("Presentations", f"{seen:,}")] if seen else []),
        ("Seed", "none" if model.random_state is None else str(model.random_state)),
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
