"""Functions of one variable: plasticity windows, lateral profiles, receptive fields."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from tectum.plots.checks import as_vector
from tectum.plots.layout import axes_or_new, draws_on_axes, zero_line
from tectum.plots.style import SEQUENTIAL, accent, ink


@draws_on_axes
def plot_stdp_window(
    dt: npt.ArrayLike, dw: npt.ArrayLike, *, ylabel: str = "weight change", ax: Axes | None = None
) -> Axes:
    """Draw how much a pair of spikes changes the weight, against the time between them.

    Parameters
    ----------
    dt : (n,) array
        Time of the postsynaptic spike minus time of the presynaptic spike, in ms, in any order.
    dw : (n,) array
        Change of the weight, in units of the weight. Strengthening and weakening are filled in two colours.
    ylabel : str
        Label of the vertical axis.

    Raises
    ------
    ValueError
        If the arrays are not vectors of one length.

    Examples
    --------
    >>> dt = np.linspace(-50, 50, 101)
    >>> ax = plot_stdp_window(dt, np.sign(dt) * np.exp(-abs(dt) / 15))
    """
    x = as_vector(dt, "plot_stdp_window.dt")
    y = as_vector(dw, "plot_stdp_window.dw", len(x))
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    ax = axes_or_new(ax)
    for side in (x < 0, x >= 0):
        ax.fill_between(x[side], y[side], where=y[side] >= 0, color=accent(0), alpha=0.22, linewidth=0)
        ax.fill_between(x[side], y[side], where=y[side] <= 0, color=accent(3), alpha=0.22, linewidth=0)
        rising = np.nansum(y[side]) >= 0
        ax.plot(x[side], y[side], color=accent(0) if rising else accent(3))
    zero_line(ax)
    ax.axvline(0, color=ink(0.5), linewidth=0.8, zorder=0.5)
    ax.set(xlabel=r"$t_\mathrm{post} - t_\mathrm{pre}$ (ms)", ylabel=ylabel)
    return ax


@draws_on_axes
def plot_lateral_profile(
    distance: npt.ArrayLike, weight: npt.ArrayLike, *, labels: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the weight of lateral synapses against the distance on the map.

    Parameters
    ----------
    distance : (n,) array
        Distance on the map, in neurons.
    weight : (n,) or (n_profiles, n) array
        Weight at each distance; several rows draw several profiles. Above zero excites, below inhibits.
    labels : sequence of n_profiles str, optional
        Names of the profiles, for example the radius of each.

    Raises
    ------
    ValueError
        If ``weight`` does not fit ``distance``, or ``labels`` has another length.

    Examples
    --------
    >>> distance = np.linspace(0, 10, 50)
    >>> ax = plot_lateral_profile(distance, 4 * np.exp(-(distance**2)) - np.exp(-(distance**2) / 20))
    """
    x = as_vector(distance, "plot_lateral_profile.distance")
    profiles = np.atleast_2d(np.asarray(weight, dtype=np.float64))
    if profiles.ndim != 2 or profiles.shape[1] != len(x):
        raise ValueError(
            f"plot_lateral_profile.weight must have shape ({len(x)},) or (n_profiles, {len(x)}), "
            f"got {np.shape(weight)}; pass one weight per distance."
        )
    if labels is not None and len(labels) != len(profiles):
        raise ValueError(
            f"plot_lateral_profile.labels must hold {len(profiles)} names, one per profile, got {len(labels)}; "
            "leave it out to draw without a legend."
        )
    ax = axes_or_new(ax)
    for k, profile in enumerate(profiles):
        ax.plot(x, profile, color=accent(k), label=None if labels is None else labels[k])
    if len(profiles) == 1:
        ax.fill_between(x, profiles[0], where=profiles[0] >= 0, color=accent(0), alpha=0.22, linewidth=0)
        ax.fill_between(x, profiles[0], where=profiles[0] <= 0, color=accent(3), alpha=0.22, linewidth=0)
    zero_line(ax)
    ax.set(xlabel="distance on the map (neurons)", ylabel="lateral weight (dimensionless)")
    if labels is not None:
        ax.legend()
    return ax


@draws_on_axes
def plot_receptive_fields(
    x: npt.ArrayLike,
    currents: npt.ArrayLike,
    *,
    xlabel: str = "input value",
    ylabel: str = "input current (dimensionless)",
    ax: Axes | None = None,
) -> Axes:
    """Draw how strongly each neuron of a population is driven by the value of one feature.

    Parameters
    ----------
    x : (n,) array
        Values of the feature, in its units.
    currents : (n, n_fields) array
        Input current of each neuron at each value; colours follow the order of the neurons.
    xlabel, ylabel : str
        Labels of the axes.

    Raises
    ------
    ValueError
        If ``currents`` does not have one row per value.

    Examples
    --------
    >>> x = np.linspace(0, 1, 50)
    >>> ax = plot_receptive_fields(x, np.exp(-((x[:, None] - [0.2, 0.5, 0.8]) ** 2) / 0.02))
    """
    values = as_vector(x, "plot_receptive_fields.x")
    fields = np.asarray(currents, dtype=np.float64)
    if fields.ndim != 2 or len(fields) != len(values):
        raise ValueError(
            f"plot_receptive_fields.currents must have shape ({len(values)}, n_fields), got {fields.shape}; "
            "pass one row per value of x, one column per neuron."
        )
    ax = axes_or_new(ax)
    colours = SEQUENTIAL(np.linspace(0.16, 0.94, fields.shape[1]))
    for field, colour in zip(fields.T, colours, strict=True):
        ax.plot(values, field, color=colour, linewidth=1.6 if fields.shape[1] <= 20 else 0.9)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(x=0)
    return ax
