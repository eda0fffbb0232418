"""Headline numbers of several methods beside each other."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure, SubFigure

from tectum.plots.layout import figure_or_new, panels, shorten
from tectum.plots.style import accent, ink

PANELS = 3  # in a row


def plot_measures(measures: Sequence[Any], *, figure: Figure | SubFigure | None = None) -> npt.NDArray[np.object_]:
    """Draw headline numbers: a panel for each measure, a bar for each method, the best one in full colour.

    Parameters
    ----------
    measures : sequence of Measure
        Anything with ``title``, ``better`` ("lower" or "higher") and ``values``, a number for each method.
    figure : Figure or SubFigure, optional
        Where to draw; a new figure by default.

    Returns
    -------
    axes : (n_measures,) array of Axes

    Raises
    ------
    ValueError
        If there are no measures.
    """
    if not measures:
        raise ValueError("plot_measures.measures must hold at least one, got none; see tectum.report.examine")
    methods = list(dict.fromkeys(name for measure in measures for name in measure.values))
    figure = figure_or_new(figure, measures_size(len(measures), len(methods)))
    axes = panels(figure, len(measures), columns=PANELS, size=(1.0, 1.0), sharey=True)
    for ax, measure in zip(axes, measures, strict=True):
        values = np.array([measure.values.get(name, np.nan) for name in methods], dtype=float)
        known = values[np.isfinite(values)]
        best = (min if measure.better == "lower" else max)(known, default=np.nan)
        colours = [accent(0) if value == best else ink(0.3) for value in values]
        ax.barh(np.arange(len(methods)), np.nan_to_num(values), color=colours, height=0.62)
        for row, value in enumerate(values):
            text = "–" if np.isnan(value) else f" {value:.3g}"
            ax.text(max(np.nan_to_num(value), 0.0), row, text, va="center", fontsize="small")
        ax.set_title(f"{measure.title}\n({measure.better} is better)", fontsize="small")
        ax.set(yticks=np.arange(len(methods)), yticklabels=[shorten(name, 24) for name in methods], xticks=[])
        ax.margins(x=0.3)
        ax.spines[["bottom", "left"]].set_visible(False)
        ax.tick_params(length=0)
    axes[0].invert_yaxis()
    return axes


def measures_size(n_measures: int, n_methods: int) -> tuple[float, float]:
    """Width and height in inches of a figure of `plot_measures`."""
    rows = -(-n_measures // PANELS)
    return 1.2 + 1.9 * min(PANELS, n_measures), rows * (0.7 + 0.24 * n_methods)
