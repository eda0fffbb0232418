"""Maps that learn a stream: winners over time, and how classes are adopted and forgotten."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from tectum.plots.checks import as_classes, as_grid, as_neurons, as_vector, class_names
from tectum.plots.layout import add_class_legend, axes_or_new, draws_on_axes, finite_limits
from tectum.plots.style import accent, class_colours, ink

BAND = 0.22  # opacity of the bands that show scenes behind winners


@draws_on_axes
def plot_winner_time_line(
    times: npt.ArrayLike,
    winners: npt.ArrayLike,
    *,
    n_units: int,
    scenes: npt.ArrayLike | None = None,
    scene_names: Sequence[str] | None = None,
    order: npt.ArrayLike | None = None,
    xlabel: str = "time (s)",
    ax: Axes | None = None,
) -> Axes:
    """Draw the winner of each sample of a stream over time, in front of bands that show the scenes.

    Parameters
    ----------
    times : (n_samples,) array
        Rising times of the samples.
    winners : (n_samples,) array of int
        Winner of each sample; -1 where no neuron fired, marked along the top.
    n_units : int
        Neurons of the map.
    scenes : (n_samples,) array of int, optional
        Scene of each sample from 0; -1 for none.
    scene_names : sequence of str, optional
        Names of the scenes; their numbers by default.
    order : (n_units,) array of int, optional
        Neurons from the bottom row to the top row; by number by default.
    xlabel : str, default="time (s)"
        Label of the time axis.

    Raises
    ------
    ValueError
        If the arrays differ in length, or a winner is out of range.

    Examples
    --------
    >>> times = np.arange(60) / 25
    >>> scenes, names = np.arange(60) // 20, ["road", "desert", "city"]
    >>> ax = plot_winner_time_line(times, np.arange(60) // 8, n_units=9, scenes=scenes, scene_names=names)
    """
    at = as_vector(times, "plot_winner_time_line.times")
    won = as_vector(winners, "plot_winner_time_line.winners", len(at)).astype(int)
    fired = won >= 0
    units = as_neurons(won[fired], n_units, "plot_winner_time_line.winners")
    rows = np.arange(n_units)
    if order is not None:
        rows = np.empty(n_units, dtype=int)
        name = "plot_winner_time_line.order"
        rows[as_neurons(as_vector(order, name, n_units), n_units, name)] = np.arange(n_units)
    ax = axes_or_new(ax, (7.4, 3.0))
    step = float(np.median(np.diff(at))) if len(at) > 1 else 1.0
    if scenes is not None:
        classes = as_classes(scenes, "plot_winner_time_line.scenes")
        as_vector(classes, "plot_winner_time_line.scenes", len(at))
        names = class_names(classes, scene_names, "plot_winner_time_line.scene_names")
        colours = class_colours(len(names))
        first = np.flatnonzero(np.diff(classes, prepend=-2) != 0)
        for start, stop in zip(first, [*first[1:], len(at)], strict=True):
            if classes[start] >= 0:
                end = at[stop] if stop < len(at) else at[-1] + step
                ax.axvspan(at[start], end, color=colours[classes[start]], alpha=BAND, linewidth=0)
        add_class_legend(ax, names, colours)
    size = float(np.clip(6000 / max(len(at), 1), 2, 14))
    many = len(at) > 5000
    ax.scatter(at[fired], rows[units], s=size, color=[ink(0.85)], linewidths=0, rasterized=many)
    if not fired.all():
        ax.vlines(at[~fired], 0.97, 1.0, colors=[accent(3)], linewidth=0.8, transform=ax.get_xaxis_transform())
    low, high = finite_limits(at)
    ax.set(xlabel=xlabel, ylabel="winner" if order is None else "winner (sorted)", xlim=(low, high + step))
    ax.set_ylim(-1.0, n_units * 1.04)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    return ax


@draws_on_axes
def plot_class_curves(
    times: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    segments: npt.ArrayLike | None = None,
    adopted: npt.ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
    xlabel: str = "frames learned",
    ylabel: str = "accuracy",
    ax: Axes | None = None,
) -> Axes:
    """Draw a measure of each class while a stream is learned: how it is adopted, and forgotten afterwards.

    Parameters
    ----------
    times : (n_times,) array
        Times of the measurements.
    values : (n_times, n_classes) array
        Accuracy or quantization error of each class; NaN is skipped.
    segments : (n_classes, 2) array, optional
        When learning of each class begins and ends, drawn as bars along the top; there the curve is thick.
    adopted : (n_classes,) array, optional
        When each class is adopted, marked on its curve; NaN for never.
    target_names : sequence of str, optional
        Names of the classes; their numbers by default.
    xlabel, ylabel : str
        Labels of the axes.

    Raises
    ------
    ValueError
        If the arrays do not fit each other.

    Examples
    --------
    >>> ax = plot_class_curves([0, 50, 100], [[0.1, 0.0], [0.9, 0.1], [0.9, 0.95]], target_names=["road", "desert"])
    """
    at, curves = as_vector(times, "plot_class_curves.times"), as_grid(values, "plot_class_curves.values")
    n_classes = curves.shape[1]
    if len(curves) != len(at):
        raise ValueError(
            f"plot_class_curves.values must have a row per time ({len(at)}), got {len(curves)}; pass both of one run."
        )
    own = None if segments is None else as_grid(segments, "plot_class_curves.segments")
    if own is not None and own.shape != (n_classes, 2):
        raise ValueError(
            f"plot_class_curves.segments must have shape ({n_classes}, 2), got {own.shape}; pass begin and end of each."
        )
    never = np.full(n_classes, np.nan)
    marks = never if adopted is None else as_vector(adopted, "plot_class_curves.adopted", n_classes)
    names = class_names(np.arange(n_classes), target_names, "plot_class_curves.target_names")
    colours = class_colours(n_classes)
    ax = axes_or_new(ax, (6.8, 3.2))
    for k, colour in enumerate(colours):
        known = np.isfinite(curves[:, k])
        ax.plot(at[known], curves[known, k], color=colour, linewidth=1.2)
        if own is not None:
            inside = known & (at >= own[k, 0]) & (at <= own[k, 1])
            ax.plot(at[inside], curves[inside, k], color=colour, linewidth=2.8)
            top: dict[str, Any] = {"transform": ax.get_xaxis_transform(), "clip_on": False, "solid_capstyle": "butt"}
            ax.plot(own[k], [1.02, 1.02], color=colour, linewidth=4, **top)
        if np.isfinite(marks[k]) and known.any():
            height = np.interp(marks[k], at[known], curves[known, k])
            ax.scatter([marks[k]], [height], s=34, color=[colour], edgecolors=[ink()], linewidths=0.9, zorder=4)
    low, high = finite_limits(curves)
    pad = 0.06 * (high - low)
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(min(0.0, low - pad), high + pad))
    ax.set_xlim(*finite_limits(at))
    ax.grid(axis="y")
    add_class_legend(ax, names, colours)
    return ax


@draws_on_axes
def plot_novelty(
    times: npt.ArrayLike,
    novelty: npt.ArrayLike,
    *,
    new: Sequence[tuple[float, float]] = (),
    returns: Sequence[tuple[float, float]] = (),
    ax: Axes | None = None,
) -> Axes:
    """Draw how new the samples of a stream were, with new classes and returns of known ones.

    Parameters
    ----------
    times : (n_samples,) array
        Rising times of the samples, in s.
    novelty : (n_samples,) array
        From 0, all known, to 1.
    new, returns : sequence of (time, novelty), optional
        Where new classes began, and known ones came back.

    Raises
    ------
    ValueError
        If the arrays differ in length.
    """
    at = as_vector(times, "plot_novelty.times")
    values = as_vector(novelty, "plot_novelty.novelty", len(at))
    ax = axes_or_new(ax, (7.4, 2.4))
    ax.plot(at, values, color=ink(0.45), linewidth=0.8)
    for points, name, face in ((returns, "return", "none"), (new, "new class", accent(3))):
        if len(points):
            x, y = np.array(points, float).T
            ax.scatter(x, y, s=42, facecolors=face, edgecolors=accent(3), linewidths=1.4, label=name, zorder=3)
    ax.set(xlabel="time (s)", ylabel="novelty", ylim=(0.0, 1.08), xlim=(at[0], max(at[-1], at[0] + 1e-9)))
    if len(new) or len(returns):
        ax.legend(loc="upper right", ncols=2)
    return ax
