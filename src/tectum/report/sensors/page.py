"""The page of a network wired to sensors of unknown place: the layout first, then the page of the network."""

import os
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist

from tectum import plots
from tectum.analysis import sensor_layout
from tectum.report.content import WIDE, Comparison, Content, Section
from tectum.report.numbers import Measure, number
from tectum.report.page import Report, training_facts, write_content
from tectum.report.render import Drawing
from tectum.report.sensors.film import grey, layout_film
from tectum.report.waves.page import wave_content
from tectum.report.waves.study import Snapshot, examine_waves

N_PICTURES = 6
LAYOUT, RANDOM = "the layout", "places drawn at random"


def write_wiring_report(
    path: str | os.PathLike[str],
    network: Any,
    layout: Any,
    X: ArrayLike,
    *,
    growth: list[Snapshot] | None = None,
    true_positions: ArrayLike | None = None,
    title: str | None = None,
    command: str | None = None,
    seconds: float | None = None,
) -> Report:
    """Write one HTML page about sensors of unknown place and the network that waves have wired to them.

    Parameters
    ----------
    network : WaveNetwork
        Grown on `layout.sheet()`, as by `WaveNetwork.from_activity`.
    layout : SensorLayout
        Fitted.
    X : array-like of shape (n_samples, n_sensors)
        Activity that the layout was fitted to; its first samples are shown.
    growth : list of Snapshot, optional
        What `follow_growth` gave.
    true_positions : array-like of shape (n_sensors, 2), optional
        Where sensors really lie, if that is known, to compare with.
    path, title, command, seconds
        As in `write_report`; seconds of layout and growth.

    Returns
    -------
    Report
        The path of the file.

    Raises
    ------
    ValueError
        If X has another number of sensors.
    """
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2 or X.shape[1] != layout.n_features_in_:
        raise ValueError(
            f"write_wiring_report.X must have a column for each of the {layout.n_features_in_} sensors, got shape "
            f"{X.shape}"
        )
    study = examine_waves(network, growth=growth)
    measures = measures_of(layout, X, true_positions)
    content = _content(layout, X, wave_content(network, study, facts=training_facts(network, seconds)), measures)
    called = command or "tectum.WaveNetwork.from_activity(X)"
    return write_content(path, content, network, title, called)


def measures_of(layout: Any, X: NDArray[Any], true_positions: ArrayLike | None = None) -> list[Measure]:
    """How well the layout agrees with the activity and, if they are known, with the true places."""
    placed = np.flatnonzero(layout.groups_ >= 0)
    shuffled = np.full_like(layout.positions_, np.nan)
    shuffled[placed] = layout.positions_[np.random.default_rng(0).permutation(placed)]
    found = [
        Measure(
            "layout_precision",
            "Precision of the layout",
            "How similar the four nearest sensors are, over the four most similar ones.",
            "higher",
            {LAYOUT: layout.precision_, RANDOM: sensor_layout.precision_on(X, shuffled, layout.ridges)},
        ),
        Measure(
            "layout_quality",
            "Quality of the layout",
            "Precision, less what the plane leaves unexplained, crowding and tears; below 0.85 it is uncertain.",
            "higher",
            {LAYOUT: layout.quality_},
        ),
    ]
    if true_positions is not None and len(placed) > 2:
        true = pdist(np.asarray(true_positions, dtype=np.float64)[placed])
        values = {
            name: float(np.corrcoef(pdist(places[placed]), true)[0, 1])
            for name, places in ((LAYOUT, layout.positions_), (RANDOM, shuffled))
        }
        meaning = "Correlation of the distances of all pairs of sensors with the true ones, which it did not know."
        found.append(Measure("layout_agreement", "Agreement with the true places", meaning, "higher", values))
    return found


def _content(layout: Any, X: NDArray[Any], waves: Content, measures: list[Measure]) -> Content:
    placed = layout.groups_ >= 0
    n_groups = int(layout.groups_.max()) + 1
    facts = [
        ("Sensors", f"{len(placed):,}" + f" ({int((~placed).sum()):,} without a place)" * bool((~placed).any())),
        ("Samples", f"{len(X):,}"),
        *([("Groups", str(n_groups))] if n_groups > 1 else []),
    ]
    uncertain = layout.uncertainty()
    opening = Section(
        "layout",
        "Where the sensors lie",
        "Nothing was known but what each sensor senses. Sensors whose activities explain each other are neighbours; "
        "the layout in the plane that keeps all distances along chains of neighbours says where they lie.",
        [layout_film(layout, X), _pictures(layout, X), _map(layout)],
        _table(measures),
    )
    return replace(
        waves,
        kind="wired sensors",
        eyebrow="Sensors of unknown place, laid out by their activity and wired by waves",
        untitled="A network that finds its sensors",
        facts=[*facts, *waves.facts],
        sections=[opening, *waves.sections],
        n_opening=waves.n_opening + 1,
        health=waves.health._replace(warnings=[*([uncertain] if uncertain else []), *waves.health.warnings]),
        numbers="Of the layout: measured on the activity. Of the network: on its weights; it has seen no data but the "
        "places, noise makes waves, and the waves wire the sheets.",
    )


def _table(measures: list[Measure]) -> Comparison:
    rows = [[m.title, *(number(m.values.get(name)) for name in (LAYOUT, RANDOM))] for m in measures]
    meaning = " ".join(f"{m.title}: {m.meaning[:1].lower()}{m.meaning[1:]}" for m in measures)
    return Comparison("How good the layout is", ["Measure", LAYOUT, RANDOM], rows, meaning + " Higher is better.")


def _pictures(layout: Any, X: NDArray[Any]) -> Drawing:
    """Samples in the order of the sensors above, in their places below."""
    lively = np.sort(np.argsort(-X.std(axis=1), kind="stable")[: -(-len(X) // 2)])  # not the empty ones
    some = lively[np.linspace(0, len(lively) - 1, N_PICTURES).astype(int)]
    rows = layout.picture_shape_[0]
    bytes_of = grey(X[some])
    width = -(-X.shape[1] // rows)
    as_given = np.zeros((len(some), rows * width))
    as_given[:, : X.shape[1]] = bytes_of
    restored = layout.transform(bytes_of.astype(np.float64))

    def draw(figure: Figure) -> None:
        axes = figure.subplots(2, len(some))
        for ax, picture in zip(axes.ravel(), [*as_given.reshape(-1, rows, width), *restored], strict=True):
            ax.imshow(picture, cmap="gray", vmin=0, vmax=255, aspect="equal")
            ax.set_axis_off()
        axes[0, 0].set_title("as it comes", loc="left", fontsize=9)
        axes[1, 0].set_title("restored", loc="left", fontsize=9)

    return Drawing(
        "pictures",
        "Samples before and after",
        "Above: a cell for each sensor in the order of the columns. Below: each sensor in its cell; holes that dead "
        "sensors leave show the mean of those around them.",
        draw,
        (WIDE, 4.0),
        pixels_per_inch=120,
    )


def _map(layout: Any) -> Drawing:
    """Sensors and edges, coloured by their number."""
    order = np.linspace(0.0, 1.0, layout.n_features_in_)

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        plots.plot_sensor_layout(layout.positions_, layout.edges_, values=order, ax=ax)

    return Drawing(
        "sensors",
        "The layout",
        "Each dot is a sensor, and lines join those that are taken for neighbours. Colours show the numbers of the "
        "sensors: where they are mixed, the order of the columns says nothing about the layout.",
        draw,
        (WIDE, 5.2),
        "compressed",
    )
