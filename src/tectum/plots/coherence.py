"""Maps that oscillate together: information against phase, phases of spikes, spikes of several maps over cycles."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from tectum.plots.checks import as_vector
from tectum.plots.layout import axes_or_new, draws_on_axes, figure_or_new, legend_above
from tectum.plots.spikes import plot_raster
from tectum.plots.style import accent, ink

DASHES: tuple[tuple[float, ...], ...] = ((4.0, 2.0), (1.0, 1.5), (6.0, 2.0, 1.0, 2.0))


@draws_on_axes
def plot_information(
    offset_ms: npt.ArrayLike,
    bits: Mapping[str, npt.ArrayLike],
    *,
    errors: Mapping[str, npt.ArrayLike] | None = None,
    levels: Mapping[str, float] | None = None,
    xlabel: str = "phase of the receiver after the sender (ms)",
    ylabel: str = "transmitted information (bit)",
    ax: Axes | None = None,
) -> Axes:
    """Draw transmitted information against a phase offset, with error bars.

    Parameters
    ----------
    offset_ms : (n,) array
        Offset of each condition.
    bits : dict of str to (n,) array
        Information by name, as the means over seeds; NaN is skipped.
    errors : dict of str to (n,) array, optional
        Half length of the error bars, for some of the names or all.
    levels : dict of str to float, optional
        Values of conditions without an offset, as dashed lines.
    xlabel, ylabel : str
        Labels of the axes.

    Raises
    ------
    ValueError
        If there is nothing to draw, or an array does not fit the offsets.

    Examples
    --------
    >>> bits = {"phase locked": [1.9, 0.9, 0.1]}
    >>> ax = plot_information([0.0, 8.0, 16.0], bits, errors={"phase locked": [0.1, 0.1, 0.05]})
    """
    x = as_vector(offset_ms, "plot_information.offset_ms")
    if not bits:
        raise ValueError("plot_information.bits must hold at least one curve, got none; pass {name: values}.")
    ax = axes_or_new(ax, (5.0, 3.2))
    for k, (name, values) in enumerate(bits.items()):
        y = as_vector(values, f"plot_information.bits[{name!r}]", len(x))
        error = (errors or {}).get(name)
        spread = None if error is None else as_vector(error, f"plot_information.errors[{name!r}]", len(x))
        ax.errorbar(
            x, y, yerr=spread, color=accent(k), marker="o", markersize=4, capsize=2.5, elinewidth=1.0, label=name
        )
    for k, (name, level) in enumerate((levels or {}).items()):
        ax.axhline(level, color=ink(0.6), linewidth=1.0, linestyle=(0, DASHES[k % len(DASHES)]), label=name, zorder=0.5)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_ylim(min(0.0, ax.get_ylim()[0]), None)
    ax.grid(axis="y")
    n = len(bits) + len(levels or {})
    if n > 1:
        by_name = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
        names = [*bits, *(levels or {})]
        handles = [by_name[name] for name in names]
        legend_above(ax, min(n, 3), handles=handles, labels=names, columnspacing=1.2)
    return ax


def plot_phase_histogram(
    phases: npt.ArrayLike, *, n_bins: int = 24, mean_phase: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how many spikes fall into each part of the cycle, around a circle.

    Parameters
    ----------
    phases : (n_spikes,) array
        Phase of each spike in radians.
    n_bins : int, default=24
        Parts of the cycle.
    mean_phase : float, optional
        Circular mean in radians, as a line.
    ax : Axes, optional
        Where to draw: a circle on polar axes, else side by side. New polar axes by default.

    Returns
    -------
    ax : Axes

    Raises
    ------
    ValueError
        If ``phases`` is not a vector, or there are no bins.

    Examples
    --------
    >>> ax = plot_phase_histogram(np.random.default_rng(0).vonmises(1.0, 3.0, 200))
    """
    turned = np.mod(as_vector(phases, "plot_phase_histogram.phases"), 2.0 * np.pi)
    if n_bins < 1:
        raise ValueError(f"plot_phase_histogram.n_bins must be 1 or more, got {n_bins}; 24 suits a few hundred spikes.")
    if ax is None:
        from matplotlib import pyplot as plt

        ax = plt.subplots(figsize=(3.4, 3.4), layout="compressed", subplot_kw={"projection": "polar"})[1]
    counts, edges = np.histogram(turned, n_bins, (0.0, 2.0 * np.pi))
    ax.bar(edges[:-1], counts, width=0.94 * 2.0 * np.pi / n_bins, align="edge", color=accent(0), linewidth=0)
    if mean_phase is not None:
        at = np.mod(mean_phase, 2.0 * np.pi)
        ax.plot([at, at], [0.0, max(1.0, counts.max())], color=accent(1), linewidth=2.0)
    quarters = np.arange(5 if ax.name != "polar" else 4) * np.pi / 2.0
    ax.set_xticks(quarters, ["0", "π/2", "π", "3π/2", "2π"][: len(quarters)])
    ax.set(xlabel="phase of the spikes (rad)", ylabel="spikes", ylim=(0.0, max(1.0, 1.05 * counts.max())))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True, min_n_ticks=1))
    if ax.name == "polar":
        ax.grid(visible=True)
        ax.spines["polar"].set(color=ink(0.3), linewidth=0.6)
        ax.set_rlabel_position(22.5)  # type: ignore[attr-defined]
        ax.yaxis.labelpad = 26
    return ax


def plot_map_rasters(
    spikes: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    n_neurons: Sequence[int],
    *,
    t_range: tuple[float, float],
    cycles_ms: npt.ArrayLike = (),
    pulses_ms: Mapping[str, npt.ArrayLike] | None = None,
    figure: Figure | SubFigure | None = None,
) -> npt.NDArray[np.object_]:
    """Draw the spikes of several maps over a few cycles, one panel below the other, with the grid of the cycles.

    Parameters
    ----------
    spikes : dict of str to tuple of (n_spikes,) arrays
        Time in ms and neuron of each spike of a map, by its name, from top to bottom.
    n_neurons : sequence of int
        Size of each map.
    t_range : (start, stop)
        Time shown, in ms.
    cycles_ms : (n_cycles,) array, optional
        Starts of the cycles, as lines through all panels.
    pulses_ms : dict of str to (n,) array, optional
        Times at which the clock of a map, or its inhibition, fires, as lines in its panel.
    figure : Figure or SubFigure, optional
        Where to draw; a new figure by default.

    Returns
    -------
    axes : (n_maps,) array of Axes
        From top to bottom; they share the time axis.

    Raises
    ------
    ValueError
        If there is no map, the sizes do not fit, or a neuron is out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> cycles = np.arange(0, 200, 25)
    >>> spikes = {"lower": (cycles + 5, rng.integers(0, 9, 8)), "upper": (cycles + 8, rng.integers(0, 4, 8))}
    >>> axes = plot_map_rasters(spikes, [9, 4], t_range=(0, 200), cycles_ms=cycles)
    """
    if not spikes or len(n_neurons) != len(spikes):
        raise ValueError(
            f"plot_map_rasters.n_neurons must give the size of each of the maps, at least one, got {len(n_neurons)} "
            f"sizes of {len(spikes)} maps; pass as many."
        )
    start, stop = t_range
    cycles = as_vector(cycles_ms, "plot_map_rasters.cycles_ms")
    figure = figure_or_new(figure, (6.8, 0.6 + 1.25 * len(spikes)))
    axes = figure.subplots(len(spikes), 1, sharex=True, squeeze=False).ravel()
    for k, (ax, (name, (time, neuron)), n) in enumerate(zip(axes, spikes.items(), n_neurons, strict=True)):
        at, who = as_vector(time, f"plot_map_rasters.spikes[{name!r}]"), np.asarray(neuron)
        shown = (at >= start) & (at <= stop)
        plot_raster(at[shown], who[shown], n_neurons=n, colour=accent(k), ax=ax)
        for cycle in cycles[(cycles >= start) & (cycles <= stop)]:
            ax.axvline(cycle, color=ink(0.3), linewidth=0.8, zorder=0.5)
        pulses = as_vector((pulses_ms or {}).get(name, ()), f"plot_map_rasters.pulses_ms[{name!r}]")
        for pulse in pulses[(pulses >= start) & (pulses <= stop)]:
            ax.axvline(pulse, color=accent(k), linewidth=1.0, linestyle=":", zorder=0.6)
        ax.set_ylabel(name)
        ax.locator_params(axis="y", nbins=3)
        if k < len(axes) - 1:
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
    axes[-1].set_xlim(start, stop)
    figure.align_ylabels(axes)
    return axes
