"""The one file of a report: a model and its data become a page, whatever kind of model it is."""

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
from tectum.models.map_hierarchy import MapHierarchy
from tectum.models.spiking_dictionary import SpikingDictionary
from tectum.models.wave_network import WaveNetwork
from tectum.persistence import write_atomically
from tectum.plots.layout import shorten
from tectum.plots.style import Theme
from tectum.report.content import HALF, Content, Film, Section
from tectum.report.dictionary.page import dictionary_content
from tectum.report.dictionary.study import DictionaryStudy, examine_dictionary
from tectum.report.maps.figures import ImageShape
from tectum.report.maps.page import map_content
from tectum.report.maps.study import Study, examine_map
from tectum.report.numbers import Measure
from tectum.report.render import Drawing, Image, render
from tectum.report.streams.diary import Diary
from tectum.report.streams.page import stream_content
from tectum.report.streams.study import StreamStudy, examine_stream
from tectum.report.waves.page import wave_content
from tectum.report.waves.study import Look, WaveStudy, examine_waves

THEMES: tuple[Theme, ...] = ("light", "dark")
PACKAGES = ("numpy", "numba", "scipy", "scikit-learn")


class Figure(NamedTuple):
    """A figure as the template shows it."""

    number: int
    drawing: Drawing | Film
    light: Image | None  # None for a film
    dark: Image | None
    place: str  # wide, half, or alone: a half without another one beside it


def examine(
    model: Any,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    target_names: Sequence[str] | None = None,
    feature_names: Sequence[str] | None = None,
    train: ArrayLike | None = None,
    growth: list[Look] | None = None,
    diary: Diary | None = None,
    baselines: bool = True,
    random_state: int | None = 0,
) -> Study | DictionaryStudy | WaveStudy | StreamStudy:
    """Measure a fitted model and baselines of equal size on the same samples.

    A map, and the largest one of a hierarchy, is measured beside a Kohonen map and k-means, a dictionary beside
    k-means, sparse coding, principal and independent components, a network of sheets beside itself before growth.

    Parameters
    ----------
    model : SpikingSOM, SpikingDictionary, WaveNetwork or MapHierarchy
        Fitted or grown.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Samples, none for a network of sheets or with a diary; of more than 5,000 a random subset is examined.
    y : array-like of shape (n_samples,), optional
        Class of each sample, for a map. A target with more than 32 distinct values is not a class and is left out.
    target_names : sequence of str, optional
        Name of class `k` at index `k`, for a y of integers.
    feature_names : sequence of str, optional
        Names of the features of a map; those seen in `fit`, or numbers, by default.
    train : array-like of shape (n_train, n_features), optional
        What a dictionary has learned from, from which the baselines learn and on which its training is repeated for
        the error over time. Without it the baselines learn from a random half of X, and all is measured on the other.
    growth : list of Look, optional
        What `follow_growth` gave for a network of sheets; only its beginning and its end are shown without.
    diary : Diary, optional
        What was kept of the stream that a hierarchy of maps learned; needed for one.
    baselines : bool, default=True
        Whether to fit the baselines.
    random_state : int or None, default=0
        Subset and baselines.

    Returns
    -------
    Study, DictionaryStudy, WaveStudy or StreamStudy

    Raises
    ------
    ValueError
        If an argument does not suit the model, y or a list of names has another length, or a class has no name.
    """
    if isinstance(model, MapHierarchy):
        of_others = {"y": y, "target_names": target_names, "feature_names": feature_names, "train": train}
        _leave_out("examine", model, X=X, growth=growth, **of_others)
        if diary is None:
            raise ValueError("examine.diary must be a Diary for a MapHierarchy, got None; learn with Diary.learn")
        return examine_stream(model, diary, baselines=baselines, random_state=random_state)
    _leave_out("examine", model, diary=diary)
    if isinstance(model, WaveNetwork):
        of_others = {"y": y, "target_names": target_names, "feature_names": feature_names, "train": train}
        _leave_out("examine", model, X=X, **of_others)
        return examine_waves(model, growth=growth)
    _leave_out("examine", model, growth=growth)
    if X is None:
        raise ValueError(
            f"examine.X must be samples for a {type(model).__name__}, got None; pass those it learned from"
        )
    if not isinstance(model, SpikingDictionary):
        _leave_out("examine", model, train=train)
        names = {"target_names": target_names, "feature_names": feature_names}
        return examine_map(model, X, y, **names, baselines=baselines, random_state=random_state)
    _leave_out("examine", model, y=y, target_names=target_names, feature_names=feature_names)
    return examine_dictionary(model, X, train=train, baselines=baselines, random_state=random_state)


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
    growth: list[Look] | None = None,
    diary: Diary | None = None,
    title: str | None = None,
    command: str | None = None,
    seconds: float | None = None,
    baselines: bool = True,
    random_state: int | None = 0,
    study: Study | DictionaryStudy | WaveStudy | StreamStudy | None = None,
) -> Path:
    """Write one HTML page about a fitted model: numbers beside baselines, figures, parameters, how to reproduce it.

    The page is self-contained (it loads nothing), follows the reader's choice of light or dark, and prints in light.

    Parameters
    ----------
    path : str or path
        File to write, in an existing folder; an existing file is replaced in one step.
    model : SpikingSOM, SpikingDictionary, WaveNetwork or MapHierarchy
        Fitted or grown.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Samples, none for a network of sheets or a hierarchy of maps: for a map usually those it has learned from, for a
        dictionary better others. Of more than 5,000 a random subset is examined.
    y : array-like of shape (n_samples,), optional
        Class of each sample, for colours and scores of a map.
    target_names, feature_names : sequence of str, optional
        Names of the classes and of the features, for a map.
    train : array-like of shape (n_train, n_features), optional
        As in `examine`, for a dictionary.
    image_shape : (height, width) or (height, width, 3), optional
        Shape of a sample that is an image; a dictionary takes grey patches, (height, width).
    images : sequence of arrays of shape (height, width), optional
        Whole images, filtered as those from which the patches were cut, for a dictionary; needs ``image_shape``.
    growth : list of Look, optional
        As in `examine`, for a network of sheets.
    diary : Diary, optional
        As in `examine`, for a hierarchy of maps.
    title : str, optional
        Name of the data, for the heading.
    command : str, optional
        How to make this page again; the constructor of the model by default.
    seconds : float, optional
        Duration of the training.
    baselines : bool, default=True
        Whether to compare with other methods on the same samples.
    random_state : int or None, default=0
        Subsets, baselines and t-SNE.
    study : Study, DictionaryStudy, WaveStudy or StreamStudy, optional
        What `examine` gave for the same model and samples, which is then not computed again.

    Returns
    -------
    Path
        The file.

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
    fitted = {WaveNetwork: "weights_", MapHierarchy: "n_frames_seen_"}
    check_is_fitted(model, fitted.get(type(model), "n_presentations_seen_"))
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
    facts = _facts(model, seconds)
    if isinstance(study, StreamStudy):
        _leave_out("write_report", model, X=X, image_shape=image_shape, images=images)
        content = stream_content(model, study, facts=facts)
    elif isinstance(study, WaveStudy):
        _leave_out("write_report", model, X=X, image_shape=image_shape, images=images)
        content = wave_content(model, study, facts=facts)
    elif isinstance(study, DictionaryStudy):
        content = dictionary_content(model, study, image_shape=image_shape, images=images, facts=facts)
    else:
        _leave_out("write_report", model, images=images)
        content = map_content(model, study, image_shape=image_shape, random_state=random_state, facts=facts)
    write_atomically(path, _render(content, model, title, command or _call(model)).encode())
    return Path(path)


def _call(model: Any) -> str:
    """The Python that makes such a model."""
    return f"tectum.{model!r}.{'grow()' if isinstance(model, WaveNetwork) else 'fit(X)'}"


def _leave_out(function: str, model: Any, **given: Any) -> None:
    """Raise ValueError for arguments that mean nothing for this kind of model."""
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"{function}.{name} must be left out for a {type(model).__name__}, got {type(value).__name__}; it "
                "belongs to the other kind of model"
            )


def _render(content: Content, model: Any, title: str | None, command: str) -> str:
    """The text of the page."""
    return (
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


def _numbered(sections: list[Section]) -> list[tuple[Section, list[Figure]]]:
    """Sections that have figures, with the figures drawn in both themes and numbered through the page."""
    drawn, number = [], 0
    for section in sections:
        figures = []
        for drawing, place in zip(section.drawings, _places(section.drawings), strict=True):
            number += 1
            light, dark = (None if isinstance(drawing, Film) else render(drawing, theme) for theme in THEMES)
            figures.append(Figure(number, drawing, light, dark, place))
        if figures:
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
    if isinstance(model, MapHierarchy):
        return _hierarchy_parameters(model)
    chosen, rows = model._chosen(), []
    for name, given in model.get_params(deep=False).items():
        part = chosen.get(name)
        if hasattr(part, "_asdict"):
            rows.append((name, type(part).__name__, given is not None, list(_fields(part))))
        elif name in chosen and isinstance(part, list | tuple):
            fields = [pair for k, item in enumerate(part, start=1) for pair in _fields(item, f"{k}.")]
            rows.append((name, f"{len(part)} {type(part[0]).__name__}", given is not None, fields))
        elif name not in ("verbose", "n_jobs", "warm_start"):
            rows.append((name, _text(given), given is not None, []))
    return rows


def _hierarchy_parameters(model: MapHierarchy) -> list[tuple[str, str, bool, list[tuple[str, str]]]]:
    """The same for a hierarchy: a row per map with its parts."""
    given = model.get_params(deep=False)
    rows: list[tuple[str, str, bool, list[tuple[str, str]]]] = [
        (name, _text(value), value is not None, [])
        for name, value in given.items()
        if name not in ("maps", "clock", "verbose", "n_jobs")
    ]
    return rows + [
        (m.name, "Map", given["maps"] is not None, [pair for pair in _fields(m) if pair[0] != "name"])
        for m in model.maps_
    ]


def _fields(part: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted name and value of each field of a part and of the parts in it."""
    for field, value in part._asdict().items():
        if hasattr(value, "_asdict"):
            yield from _fields(value, f"{prefix}{field}.")
        elif isinstance(value, tuple) and value and hasattr(value[0], "_asdict"):
            for k, item in enumerate(value):
                yield f"{prefix}{field}.{k}", type(item).__name__
                yield from _fields(item, f"{prefix}{field}.{k}.")
        else:
            yield prefix + field, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return shorten(value, 200)


def _facts(model: Any, seconds: float | None) -> list[tuple[str, str]]:
    """What is told of every model, below the heading."""
    seen = getattr(model, "n_presentations_seen_", None)
    return [
        *([] if seen is None else [("Presentations", f"{seen:,}")]),
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
