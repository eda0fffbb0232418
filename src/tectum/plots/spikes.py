"""Spikes over time, and what their timing says."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from tectum.plots.checks import as_grid, as_neurons, as_vector
from tectum.plots.layout import (
    axes_or_new,
    cell_centres,
    draw_heat,
    draws_on_axes,
    figure_or_new,
    finite_limits,
    map_size,
)
from tectum.plots.style import EARLIEST_BRIGHT, RGBA, accent, ink

MANY_SPIKES = 20_000  # more spikes than this are stored as pixels in vector files


@draws_on_axes
def plot_raster(
    time_ms: npt.ArrayLike,
    neuron: npt.ArrayLike,
    *,
    n_neurons: int,
    order: npt.ArrayLike | None = None,
    colour: RGBA | str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a tick per spike: time to the right, neurons upwards.

    Parameters
    ----------
    time_ms : (n_spikes,) array
        Time of each spike in ms.
    neuron : (n_spikes,) array of int
        Neuron of each spike, 0 ... n_neurons - 1.
    n_neurons : int
        Size of the population, silent neurons included.
    order : (n_rows,) array of int, optional
        Neurons from the bottom row to the top row; neurons left out are not drawn. By number by default.
    colour : matplotlib colour, optional
        Colour of the ticks; the text colour by default.

    Raises
    ------
    ValueError
        If times and neurons differ in length, or a neuron is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ax = plot_raster(np.sort(rng.uniform(0, 100, 60)), rng.integers(0, 20, 60), n_neurons=20)
    """
    times = as_vector(time_ms, "plot_raster.time_ms")
    neurons = as_neurons(as_vector(neuron, "plot_raster.neuron", len(times)), n_neurons, "plot_raster.neuron")
    shown = np.arange(n_neurons) if order is None else as_neurons(order, n_neurons, "plot_raster.order")
    ax = axes_or_new(ax, (6.0, 3.0))
    row_of = np.full(n_neurons, -1)
    row_of[shown] = np.arange(len(shown))
    rows = row_of[neurons]
    height_points = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    half = max(0.42, 1.2 * len(shown) / max(height_points, 1.0))
    times, rows = times[rows >= 0], rows[rows >= 0]
    colour = ink() if colour is None else colour
    ax.vlines(times, rows - half, rows + half, colors=[colour], linewidth=1.0, rasterized=len(times) > MANY_SPIKES)
    ax.set(xlabel="time (ms)", ylabel="neuron" if order is None else "neuron (sorted)")
    ax.set_ylim(-0.5 - 0.01 * len(shown), max(len(shown), 1) - 0.5 + 0.01 * len(shown))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    return ax


def plot_oscillation_raster(
    u_time: npt.ArrayLike,
    u_neuron: npt.ArrayLike,
    inh_time: npt.ArrayLike,
    v_time: npt.ArrayLike,
    v_neuron: npt.ArrayLike,
    *,
    n_u: int,
    n_v: int,
    t_range: tuple[float, float],
    drive: npt.ArrayLike | None = None,
    inhibition: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    figure: Figure | SubFigure | None = None,
) -> npt.NDArray[np.object_]:
    """Draw one sample in the circuit: volleys of u, the inhibition that ends them, the response of the map v.

    Parameters
    ----------
    u_time, u_neuron : (n_u_spikes,) arrays
        Time in ms and neuron of each spike of the input population u.
    inh_time : (n_inh_spikes,) array
        Times in ms of the spikes of the inhibitory population, drawn as lines through all panels.
    v_time, v_neuron : (n_v_spikes,) arrays
        Time in ms and neuron of each spike of the map v.
    n_u, n_v : int
        Sizes of u and v.
    t_range : (start, stop)
        Time shown, in ms.
    drive : (n_u,) array, optional
        Input current of each u neuron. Rows of u are ordered by it, the strongest at the bottom.
    inhibition : tuple of (n,) arrays (time in ms, value), optional
        Inhibitory current into u, drawn as a panel between u and v.
    figure : Figure or SubFigure, optional
        Where to draw; a new figure by default.

    Returns
    -------
    axes : (2,) or, with ``inhibition``, (3,) array of Axes
        From top to bottom; they share the time axis.

    Raises
    ------
    ValueError
        If arrays that belong together differ in length, or a neuron is out of range.

    Examples
    --------
    >>> u = np.arange(5.0, 100.0, 2.5)
    >>> h, v = u[9::10], [22.0, 47.0]
    >>> axes = plot_oscillation_raster(u, np.arange(38) % 8, h, v, [3, 3], n_u=8, n_v=9, t_range=(0, 100))
    """
    heights = [3.0, 2.0] if inhibition is None else [3.0, 1.0, 2.0]
    figure = figure_or_new(figure, (6.6, 0.75 * sum(heights) + 0.6))
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    order = None
    if drive is not None:
        order = np.argsort(-as_vector(drive, "plot_oscillation_raster.drive", n_u), kind="stable")
    for ax in axes:
        for k, time in enumerate(np.atleast_1d(np.asarray(inh_time, dtype=float))):
            label = "inhibitory spike" if k == 0 and ax is axes[0] else None
            ax.axvline(time, color=accent(3), linewidth=1.1, alpha=0.8, label=label, zorder=0.5)
    plot_raster(u_time, u_neuron, n_neurons=n_u, order=order, colour=accent(0), ax=axes[0])
    plot_raster(v_time, v_neuron, n_neurons=n_v, ax=axes[-1])
    axes[0].set_ylabel("u neuron" if drive is None else "u neuron,\nstrongest drive first")
    axes[-1].set_ylabel("v neuron")
    if inhibition is not None:
        time, value = np.asarray(inhibition[0], dtype=float), np.asarray(inhibition[1], dtype=float)
        axes[1].fill_between(time, value, color=accent(3), alpha=0.25, linewidth=0)
        axes[1].plot(time, value, color=accent(3), linewidth=1.2)
        axes[1].set(ylabel="inhibition\nof u (a.u.)", ylim=(0, None))
        axes[1].locator_params(axis="y", nbins=3)
    for ax in axes[:-1]:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)
    axes[-1].set_xlim(t_range)
    if axes[0].get_legend_handles_labels()[0]:
        axes[0].legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)
    figure.align_ylabels(axes)
    return axes


@draws_on_axes
def plot_latency(
    drive: npt.ArrayLike,
    latency: npt.ArrayLike,
    *,
    xlabel: str = "input current (dimensionless)",
    ylabel: str = "latency of the first spike (ms)",
    ax: Axes | None = None,
) -> Axes:
    """Draw when neurons fire against how strongly they are driven: the latency code.

    Parameters
    ----------
    drive : (n,) array
        Input of each neuron.
    latency : (n,) array
        Time of its first spike in ms; NaN for neurons that stayed silent, which are marked along the top.
    xlabel, ylabel : str
        Labels of the axes.

    Raises
    ------
    ValueError
        If the arrays are not vectors of one length.

    Examples
    --------
    >>> drive = np.linspace(1.1, 2.0, 20)
    >>> ax = plot_latency(drive, -10 * np.log(1 - 1 / drive))
    """
    currents = as_vector(drive, "plot_latency.drive")
    latencies = as_vector(latency, "plot_latency.latency", len(currents))
    ax = axes_or_new(ax)
    fired = np.isfinite(latencies)
    size = 18 if len(currents) <= 500 else 5
    ax.scatter(currents[fired], latencies[fired], s=size, color=[accent(0)], alpha=0.75, linewidths=0)
    low, high = finite_limits(currents)
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(low - 0.05 * (high - low), high + 0.05 * (high - low)))
    ax.grid()
    if not fired.all():
        silent = currents[~fired]
        height = ax.get_xaxis_transform()
        ax.vlines(silent, 0.95, 1.0, colors=[accent(3)], linewidth=1.2, label="silent", transform=height)
        ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.02), borderaxespad=0.2)
    return ax


def plot_bubble(
    distance: npt.ArrayLike, p_fire: npt.ArrayLike, extra_latency: npt.ArrayLike, *, ax: Axes | None = None
) -> Axes:
    """Draw the activity bubble: who fires with the winner, and how much later.

    Parameters
    ----------
    distance : (n,) array
        Distance from the winner on the map, in neurons.
    p_fire : (n,) array
        Fraction of presentations in which neurons at this distance fire, in [0, 1].
    extra_latency : (n,) array
        Mean time of their first spike after the winner's in ms; NaN where none fired.
    ax : Axes, optional
        Where to draw the fraction; the latency is drawn against a second axis at its right. A new figure by default.

    Returns
    -------
    ax : Axes
        The axes of the fraction.

    Raises
    ------
    ValueError
        If the arrays are not vectors of one length.

    Examples
    --------
    >>> ax = plot_bubble([0, 1, 2, 3], [1.0, 0.8, 0.3, 0.0], [0.0, 0.4, 0.9, np.nan])
    """
    x = as_vector(distance, "plot_bubble.distance")
    fractions = as_vector(p_fire, "plot_bubble.p_fire", len(x))
    delays = as_vector(extra_latency, "plot_bubble.extra_latency", len(x))
    ax = axes_or_new(ax)
    step = float(np.diff(np.sort(x)).min()) if len(x) > 1 else 1.0
    ax.bar(x, fractions, width=0.82 * step, color=accent(0), alpha=0.55, linewidth=0)
    ax.set(xlabel="distance from the winner (neurons)", ylabel="fraction that fires (bars)", ylim=(0, 1.04))
    twin = ax.twinx()
    twin.plot(x, delays, color=accent(1), marker="o", markersize=4)
    twin.set(ylabel="latency after the winner (ms, line)")
    twin.spines["right"].set_visible(True)
    highest = float(np.max(delays[np.isfinite(delays)], initial=0.0))
    twin.set_ylim(0, 1.1 * highest or 1.0)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    return ax


@draws_on_axes
def plot_first_spike_map(
    latency_grid: npt.ArrayLike,
    *,
    label: str = "time of the first spike (ms)",
    topology: str = "rectangular",
    ax: Axes | None = None,
) -> Axes:
    """Draw when each neuron of a map first fired for one sample: the wave that spreads from the winner.

    Parameters
    ----------
    latency_grid : (rows, cols) array
        Time of the first spike in ms; NaN for silent neurons, which are hatched. The earliest is ringed.
    label : str
        Label of the colour bar.

    Raises
    ------
    ValueError
        If ``latency_grid`` is not a grid.

    Examples
    --------
    >>> ax = plot_first_spike_map([[4.1, 4.6, 5.9], [4.4, 4.9, np.nan]])
    """
    grid = as_grid(latency_grid, "plot_first_spike_map.latency_grid")
    ax = axes_or_new(ax, map_size((grid.shape[0], grid.shape[1])))
    draw_heat(ax, grid, cmap=EARLIEST_BRIGHT, label=label, topology=topology)
    if np.isfinite(grid).any():
        row, col = np.unravel_index(np.nanargmin(grid), grid.shape)
        x, y = cell_centres(row, col, topology)
        ax.scatter(x, y, s=55, facecolors="none", edgecolors=[accent(3)], linewidths=1.8)
    return ax
