"""How a map unfolds: its lattice in input space, and its quality over training."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from tectum.plots.checks import Floats, as_points, as_vector, check_codebook
from tectum.plots.layout import (
    axes_or_new,
    draws_on_axes,
    finite_limits,
    is_hexagonal,
    legend_above,
    panels,
    start_at_zero,
    with_thin_spaces,
)
from tectum.plots.style import accent, ink

SIMILAR = 5  # features whose ranges differ by less than this factor are drawn to the same scale


@draws_on_axes
def plot_lattice(
    codebook2d: npt.ArrayLike,
    shape: tuple[int, int],
    *,
    data: npt.ArrayLike | None = None,
    feature_names: Sequence[str] | None = None,
    topology: str = "rectangular",
    ax: Axes | None = None,
) -> Axes:
    """Draw the map in input space: a dot per neuron, a line between neighbours.

    An unfolded map looks like a net spread over the data; a fold or a twist shows as crossing lines.

    Parameters
    ----------
    codebook2d : (rows * cols, n_features) array
        What each neuron prefers; the first two columns are drawn. Lines stop at NaN.
    shape : (rows, cols)
        Shape of the map.
    data : (n_samples, n_features) array, optional
        Samples drawn behind the lattice; first two columns.
    feature_names : sequence of at least 2 str, optional
        Labels of the axes.

    Raises
    ------
    ValueError
        If the codebook does not fit ``shape`` or has fewer than two columns.

    Examples
    --------
    >>> grid = np.stack(np.meshgrid(np.arange(4.0), np.arange(3.0)), axis=-1).reshape(-1, 2)
    >>> ax = plot_lattice(grid + 0.2 * np.random.default_rng(0).random((12, 2)), (3, 4))
    """
    nodes = as_points(check_codebook(codebook2d, shape, "plot_lattice.codebook2d"), "plot_lattice.codebook2d")
    samples = None if data is None else as_points(data, "plot_lattice.data")
    ax = axes_or_new(ax, (4.2, 4.0))
    _draw_lattice(ax, nodes.reshape(*shape, 2), samples, topology, dot_size=14.0)
    _fit_limits(ax, nodes, samples)
    names = ("feature 1", "feature 2") if feature_names is None else feature_names
    ax.set(xlabel=names[0], ylabel=names[1])
    return ax


def plot_unfolding(
    snapshots: npt.ArrayLike,
    shape: tuple[int, int],
    times: npt.ArrayLike,
    *,
    data: npt.ArrayLike | None = None,
    feature_names: Sequence[str] | None = None,
    max_panels: int = 6,
    topology: str = "rectangular",
    figure: Figure | SubFigure | None = None,
) -> npt.NDArray[np.object_]:
    """Draw the lattice at several times of training, side by side.

    Parameters
    ----------
    snapshots : (n_snapshots, rows * cols, n_features) array
        Codebooks; the first two features are drawn.
    shape : (rows, cols)
        Shape of the map.
    times : (n_snapshots,) array
        Number of presentations before each snapshot.
    data : (n_samples, n_features) array, optional
        Samples drawn behind each lattice; first two columns.
    feature_names : sequence of at least 2 str, optional
        Labels of the axes.
    max_panels : int, default=6
        Of more snapshots the first, the last and evenly spaced ones between are drawn.
    topology : {"rectangular", "hexagonal", "toroidal", "hexagonal-toroidal"}, default="rectangular"
        Of the map; neighbours across the seam of a torus are not joined.
    figure : Figure or SubFigure, optional
        Where to draw; a new figure by default.

    Returns
    -------
    axes : (min(n_snapshots, max_panels),) array of Axes

    Raises
    ------
    ValueError
        If there is no snapshot, or snapshots, ``shape`` and ``times`` do not fit together.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> grid = np.stack(np.meshgrid(np.arange(4.0), np.arange(4.0)), axis=-1).reshape(-1, 2)
    >>> snapshots = [spread * grid + 0.3 * rng.random((16, 2)) for spread in (0.1, 0.5, 1.0)]
    >>> axes = plot_unfolding(snapshots, (4, 4), [0, 100, 1000])
    """
    codebooks = np.asarray(snapshots, dtype=np.float64)
    if codebooks.ndim != 3 or len(codebooks) == 0:
        raise ValueError(
            "plot_unfolding.snapshots must have shape (n_snapshots, rows * cols, n_features) and not be empty, "
            f"got {codebooks.shape}; stack copies of the codebook with numpy.stack."
        )
    presented = as_vector(times, "plot_unfolding.times", len(codebooks))
    check_codebook(codebooks[0], shape, "plot_unfolding.snapshots[0]")
    samples = None if data is None else as_points(data, "plot_unfolding.data")
    n = min(max_panels, len(codebooks))
    shown = np.linspace(0, len(codebooks) - 1, n).round().astype(int)
    axes = panels(figure, n, columns=n, size=(1.8, 2.3))
    names = ("feature 1", "feature 2") if feature_names is None else feature_names
    for k, ax in zip(shown, axes, strict=True):
        nodes = as_points(codebooks[k], "plot_unfolding.snapshots")
        _draw_lattice(ax, nodes.reshape(*shape, 2), samples, topology, dot_size=3.0)
        title = f"{with_thin_spaces(presented[k])}\npresentations"
        ax.set_title(title, fontsize="medium", fontweight="normal", loc="center")
        _fit_limits(ax, codebooks[shown, :, :2].reshape(-1, 2), samples)
        ax.set_xlabel(names[0])
        ax.tick_params(labelleft=ax is axes[0])
    axes[0].set_ylabel(names[1])
    return axes


@draws_on_axes
def plot_quality_curve(
    presentations: npt.ArrayLike,
    values: Mapping[str, npt.ArrayLike],
    *,
    ylabel: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw measures of quality over training.

    Parameters
    ----------
    presentations : (n,) array
        Number of presentations at each measurement.
    values : dict of str to (n,) array
        Measures by name; NaN is skipped. They share one axis, so group measures of one range.
    ylabel : str, optional
        Label of the vertical axis; the name of a single measure, else "value of the measure".

    Raises
    ------
    ValueError
        If ``values`` is empty or a measure has another length than ``presentations``.

    Examples
    --------
    >>> ax = plot_quality_curve([0, 100, 1000], {"quantization error": [0.9, 0.4, 0.2]})
    """
    x = as_vector(presentations, "plot_quality_curve.presentations")
    if not values:
        raise ValueError(
            "plot_quality_curve.values must hold at least one measure, got an empty dict; "
            "pass for example {'quantization error': errors}."
        )
    curves = {
        name.replace("_", " "): as_vector(curve, f"plot_quality_curve.values[{name!r}]", len(x))
        for name, curve in values.items()
    }
    ax = axes_or_new(ax)
    for k, (name, y) in enumerate(curves.items()):
        known = np.isfinite(y)
        marker = "o" if len(x) <= 40 else ""
        ax.plot(x[known], y[known], color=accent(k), marker=marker, markersize=3.5, label=name)
    ax.set(
        xlabel="presentations", ylabel=ylabel or (next(iter(curves)) if len(curves) == 1 else "value of the measure")
    )
    ax.xaxis.set_major_formatter(with_thin_spaces)
    ax.grid(axis="y")
    start_at_zero(ax, np.concatenate(list(curves.values())))
    if len(curves) > 1:
        legend_above(ax, min(len(curves), 3))
    return ax


def _draw_lattice(ax: Axes, nodes: Floats, samples: Floats | None, topology: str, *, dot_size: float) -> None:
    """Lines and dots of a lattice ``nodes`` (rows, cols, 2) over ``samples`` (n, 2)."""
    flat = nodes.reshape(-1, 2)
    if samples is not None:
        many = len(samples) > 2000
        size = dot_size / (8 if many else 3)
        ax.scatter(
            samples[:, 0], samples[:, 1], s=size, color=[ink(0.15 if many else 0.25)], linewidths=0, rasterized=many
        )
    lines = [*nodes, *(_zigzags(nodes) if is_hexagonal(topology) else nodes.transpose(1, 0, 2))]
    for line in lines:
        ax.plot(line[:, 0], line[:, 1], color=accent(0), linewidth=0.9, alpha=0.85)
    ax.scatter(flat[:, 0], flat[:, 1], s=dot_size, color=[accent(1)], linewidths=0, zorder=3)


def _zigzags(nodes: Floats) -> list[Floats]:
    """Lines down a hexagonal lattice (rows, cols, 2): straight down and, at odd rows, to the right and back."""
    rows, cols, _ = nodes.shape
    row = np.arange(rows)
    back = [nodes[row, col + np.where(row % 2, 0, 1)] for col in range(cols - 1)]
    return [*nodes.transpose(1, 0, 2), *back]


def _fit_limits(ax: Axes, nodes: Floats, samples: Floats | None) -> None:
    """Limits around all ``nodes`` (n, 2) and ``samples`` (n, 2), to the same scale where the ranges are similar."""
    everything = nodes if samples is None else np.concatenate([nodes, samples])
    (left, right), (bottom, top) = (finite_limits(column) for column in everything.T)
    width, height = right - left, top - bottom
    ax.update_datalim([(left, bottom), (right, top)])
    ax.autoscale_view()
    if max(width, height) < SIMILAR * min(width, height):
        ax.set_aspect("equal", adjustable="box")
    ax.locator_params(nbins=4)
