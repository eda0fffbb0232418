"""Sheets wired by waves: what fires where and when, receptive fields, and how they tile and order the sheet below."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap, Normalize, to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from scipy.spatial import Delaunay, QhullError, cKDTree

from tectum.plots.checks import Floats, Integers, as_neurons, as_points, as_vector
from tectum.plots.layout import add_colour_bar, axes_or_new, draws_on_axes, finite_limits, legend_above, panels, tile
from tectum.plots.style import DISTANCE, SEQUENTIAL, accent, class_colours, ink, readable_on

TRAIL_MS = 2.0  # time for which a spike is seen
N_BINS = 25  # bins of the coordinate in space and time
PIXELS = 40  # along the longer side of a sheet, where values of nodes are drawn as cells
N_LEVELS = 16  # levels at which receptive fields are drawn
OUTSIDE = 2.5  # places farther from any node than this many mean distances between nodes lie outside a sheet
LONG = 2.5  # lines of a net join units that are nearer than this many mean distances between units
CORNERS = (0, 1, 2, 3)  # colours of the palette at the corners of a sheet, from the lower left, row by row


def position_colours(positions: npt.ArrayLike) -> Floats:
    """Colours that tell places on a sheet apart: mixtures of four, one at each corner.

    Parameters
    ----------
    positions : (n, 2) array

    Returns
    -------
    colours : (n, 3) array
        Red, green and blue in [0, 1].

    Raises
    ------
    ValueError
        If positions are not (n, 2).

    Examples
    --------
    >>> position_colours([[0, 0], [1, 1]]).shape
    (2, 3)
    """
    places = as_points(positions, "position_colours.positions")
    low, span = places.min(axis=0), np.ptp(places, axis=0)
    x, y = ((places - low) / np.where(span > 0, span, 1.0)).T[:, :, None]
    a, b, c, d = (np.array(to_rgb(class_colours(4)[k])) for k in CORNERS)
    squares = (1 - y) * ((1 - x) * a**2 + x * b**2) + y * ((1 - x) * c**2 + x * d**2)  # light adds up, not its code
    return np.sqrt(squares)


@draws_on_axes
def plot_wave(
    time_ms: npt.ArrayLike,
    neuron: npt.ArrayLike,
    positions: npt.ArrayLike,
    at_ms: float,
    *,
    trail_ms: float = TRAIL_MS,
    silent: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw what has just fired on a sheet: in the strongest colour at this moment, paler up to `trail_ms` ago.

    Parameters
    ----------
    time_ms, neuron : (n_spikes,) array
        Spikes of the sheet.
    positions : (n, 2) array
        Places of its nodes.
    at_ms : float
        The moment.
    trail_ms : float, default=2.0
        Time for which a spike is seen.
    silent : bool, default=True
        Whether to draw the other nodes as small dots.

    Raises
    ------
    ValueError
        If the arrays do not match.

    Examples
    --------
    >>> nodes = np.random.default_rng(0).random((300, 2))
    >>> order = nodes[:, 0].argsort()
    >>> ax = plot_wave(np.linspace(0, 30, 300), order, nodes, 15.0)
    """
    nodes = as_points(positions, "plot_wave.positions")
    times = as_vector(time_ms, "plot_wave.time_ms")
    fired = as_neurons(as_vector(neuron, "plot_wave.neuron", len(times)), len(nodes), "plot_wave.neuron")
    ax = axes_or_new(ax, (3.4, 3.4))
    seen = (times <= at_ms + 1e-9) & (times > at_ms - trail_ms)
    latest = np.full(len(nodes), -np.inf)
    np.maximum.at(latest, fired[seen], times[seen])
    age = at_ms - latest
    lit = np.isfinite(age)
    size = _dot_size(ax, nodes)
    _draw_ground(ax, nodes)
    if silent:
        ax.scatter(nodes[~lit, 0], nodes[~lit, 1], s=0.3 * size, color=ink(0.16), linewidths=0, rasterized=True)
    order = np.flatnonzero(lit)[np.argsort(-age[lit], kind="stable")]
    norm = Normalize(0.0, trail_ms)
    ax.scatter(nodes[order, 0], nodes[order, 1], s=size, c=age[order], cmap=_fading(), norm=norm, linewidths=0)
    return _format_sheet(ax, nodes)


def plot_wave_snapshots(
    spikes: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]],
    positions: Sequence[npt.ArrayLike],
    times_ms: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    trail_ms: float = TRAIL_MS,
    silent: bool = True,
    figure: Figure | SubFigure | None = None,
) -> npt.NDArray[np.object_]:
    """Draw the waves on each sheet at several moments: a row per sheet, the first at the bottom, time to the right.

    Parameters
    ----------
    spikes : sequence of (time_ms, neuron)
        Spikes of each sheet, from below.
    positions : sequence of (n, 2) arrays
        Places of their nodes.
    times_ms : (n_times,) array
        The moments.
    names : sequence of str, optional
        Names of the sheets; numbers by default.
    trail_ms, silent
        As in `plot_wave`.
    figure : Figure or SubFigure, optional
        Where to draw; a new figure by default.

    Returns
    -------
    axes : (n_sheets, n_times) array of Axes
        The first row belongs to the last sheet.

    Raises
    ------
    ValueError
        If there is no sheet or moment, or the arrays do not match.

    Examples
    --------
    >>> nodes = np.random.default_rng(0).random((300, 2))
    >>> order = nodes[:, 0].argsort()
    >>> axes = plot_wave_snapshots([(np.linspace(0, 30, 300), order)], [nodes], [5.0, 15.0, 25.0])
    """
    moments = as_vector(times_ms, "plot_wave_snapshots.times_ms")
    if len(spikes) != len(positions) or not len(spikes) or not len(moments):
        raise ValueError(
            "plot_wave_snapshots.spikes must hold the spikes of each sheet in positions, one or more, at one or more "
            f"times_ms, got {len(spikes)}, {len(positions)} and {len(moments)}; pass a pair of arrays per sheet."
        )
    n = len(moments)
    axes = panels(figure, n * len(spikes), columns=n, size=(1.7, 1.75)).reshape(len(spikes), n)
    for k, row in enumerate(axes[::-1]):
        for ax, moment in zip(row, moments, strict=True):
            plot_wave(*spikes[k], positions[k], moment, trail_ms=trail_ms, silent=silent, ax=ax)
        row[0].set_ylabel(f"sheet {k}" if names is None else names[k])
    for ax, moment in zip(axes[0], moments, strict=True):
        ax.set_title(f"{moment:g} ms", fontsize="medium", fontweight="normal", loc="center")
    return axes


@draws_on_axes
def plot_space_time(
    time_ms: npt.ArrayLike,
    neuron: npt.ArrayLike,
    positions: npt.ArrayLike,
    duration_ms: float,
    *,
    axis: int = 0,
    bin_ms: float = 1.0,
    ax: Axes | None = None,
) -> Axes:
    """Draw the number of spikes over time and one coordinate: a travelling wave is a slanted streak.

    Parameters
    ----------
    time_ms, neuron : (n_spikes,) array
        Spikes of one sheet.
    positions : (n, 2) array
        Places of its nodes, or the centres of their receptive fields on the sheet below.
    duration_ms : float
        Length of the recording.
    axis : {0, 1}, default=0
        Which coordinate.
    bin_ms : float, default=1.0
        Width of a bin.

    Raises
    ------
    ValueError
        If the arrays do not match.

    Examples
    --------
    >>> nodes = np.random.default_rng(0).random((300, 2))
    >>> order = nodes[:, 0].argsort()
    >>> ax = plot_space_time(np.linspace(0, 30, 300), order, nodes, 30.0)
    """
    nodes = as_points(positions, "plot_space_time.positions")
    times = as_vector(time_ms, "plot_space_time.time_ms")
    fired = as_neurons(as_vector(neuron, "plot_space_time.neuron", len(times)), len(nodes), "plot_space_time.neuron")
    ax = axes_or_new(ax, (6.4, 2.4))
    low, high = finite_limits(nodes[:, axis])
    edges = [np.linspace(0.0, duration_ms, max(2, round(duration_ms / bin_ms) + 1)), np.linspace(low, high, N_BINS + 1)]
    counts = np.histogram2d(times, nodes[fired, axis], bins=edges)[0].T
    shown = np.ma.masked_equal(counts, 0.0)
    extent = (0.0, duration_ms, low, high)
    ax.imshow(shown, cmap=SEQUENTIAL, aspect="auto", origin="lower", interpolation="none", extent=extent)
    ax.set(xlabel="time (ms)", ylabel="xy"[axis])
    return ax


@draws_on_axes
def plot_sheet_fields(
    fields: npt.ArrayLike,
    positions: npt.ArrayLike,
    *,
    units: npt.ArrayLike | None = None,
    n_cols: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw receptive fields on the sheet below, one small sheet per unit, each on a scale of its own from 0.

    Parameters
    ----------
    fields : (n_units, n_nodes) array
        Weights of each unit.
    positions : (n_nodes, 2) array
        Places of the nodes.
    units : (n_shown,) array of int, optional
        Which fields to draw, in reading order; all by default.
    n_cols : int, optional
        Fields in a row; about as many as rows by default.

    Raises
    ------
    ValueError
        If fields do not fit the positions.

    Examples
    --------
    >>> nodes = np.random.default_rng(0).random((300, 2))
    >>> fields = np.exp(-((nodes[None] - nodes[:6, None]) ** 2).sum(axis=2) / 0.02)
    >>> ax = plot_sheet_fields(fields, nodes, n_cols=3)
    """
    nodes = as_points(positions, "plot_sheet_fields.positions")
    table = _as_fields(fields, nodes, "plot_sheet_fields.fields")
    shown = table if units is None else table[as_neurons(units, len(table), "plot_sheet_fields.units")]
    columns = n_cols or max(1, round(np.sqrt(len(shown))))
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    ax = axes_or_new(ax, (0.95 * columns + 0.1, 0.95 * rows + 0.1))
    _draw_mosaic(ax, shown, nodes, columns)
    ax.set(xticks=[], yticks=[])
    return ax


@draws_on_axes
def plot_field_growth(
    fields: npt.ArrayLike,
    positions: npt.ArrayLike,
    times_ms: npt.ArrayLike,
    *,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw receptive fields over growth: a row per unit, time to the right, each field on a scale of its own from 0.

    Parameters
    ----------
    fields : (n_times, n_units, n_nodes) array
        Weights at each time.
    positions : (n_nodes, 2) array
        Places of the nodes.
    times_ms : (n_times,) array
        Time of growth.
    names : sequence of str, optional
        Names of the units; numbers by default.

    Raises
    ------
    ValueError
        If fields, positions and times do not fit together.

    Examples
    --------
    >>> nodes = np.random.default_rng(0).random((200, 2))
    >>> d = ((nodes[None] - nodes[:2, None]) ** 2).sum(axis=2)
    >>> ax = plot_field_growth([np.exp(-d / width) for width in (1.0, 0.1, 0.02)], nodes, [0, 5000, 10000])
    """
    nodes = as_points(positions, "plot_field_growth.positions")
    times = as_vector(times_ms, "plot_field_growth.times_ms")
    stack = np.asarray(fields, dtype=np.float64)
    if stack.ndim != 3 or len(stack) != len(times) or stack.shape[2] != len(nodes) or stack.size == 0:
        raise ValueError(
            f"plot_field_growth.fields must have shape ({len(times)} times, n_units, {len(nodes)} nodes), got "
            f"{stack.shape}; stack the weights of the same units with numpy.stack."
        )
    n_times, n_units = stack.shape[:2]
    ax = axes_or_new(ax, (0.95 * n_times + 0.6, 0.95 * n_units + 0.4))
    _draw_mosaic(ax, stack.transpose(1, 0, 2).reshape(n_units * n_times, -1), nodes, n_times)
    ax.set_xticks(range(n_times), [f"{time / 1000.0:.3g} s" for time in times])
    ax.set_yticks(range(n_units), [str(k) for k in range(n_units)] if names is None else list(names))
    ax.tick_params(length=0)
    return ax


@draws_on_axes
def plot_field_sizes(
    radii: npt.ArrayLike,
    sheet_radius: float,
    *,
    before: npt.ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the radii of receptive fields as a histogram, beside the radius of the sheet.

    Parameters
    ----------
    radii : (n_units,) array
        Root mean square radius of each field.
    sheet_radius : float
        That of the sheet; fields below half of it count as compact.
    before : (n_units,) array, optional
        Radii before growth.

    Raises
    ------
    ValueError
        If radii are not a vector.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ax = plot_field_sizes(rng.normal(2.0, 0.4, 100), 8.0, before=rng.normal(8.0, 0.2, 100))
    """
    values = as_vector(radii, "plot_field_sizes.radii")
    ax = axes_or_new(ax)
    bins = np.linspace(0.0, 1.08 * max(sheet_radius, values.max(initial=0.0)), 46).tolist()
    if before is not None:
        ax.hist(
            as_vector(before, "plot_field_sizes.before"),
            bins,
            color=ink(0.35),
            histtype="stepfilled",
            label="before growth",
        )
    ax.hist(values, bins, color=accent(0), histtype="stepfilled", label="grown")
    for radius, name, dashes in ((sheet_radius, "sheet", "-"), (sheet_radius / 2.0, "half the sheet", ":")):
        ax.axvline(radius, color=ink(0.7), linewidth=1.0, linestyle=dashes, label=name)
    ax.set(xlabel="radius of the receptive field", ylabel="units", xlim=(0.0, bins[-1]))
    legend_above(ax, 4, columnspacing=1.2)
    return ax


@draws_on_axes
def plot_coverage(
    counts: npt.ArrayLike, positions: npt.ArrayLike, *, label: str = "receptive fields", ax: Axes | None = None
) -> Axes:
    """Draw how many receptive fields cover each node of a sheet; nodes without any are left empty.

    Parameters
    ----------
    counts : (n_nodes,) array
        Number of fields over each node.
    positions : (n_nodes, 2) array
        Places of the nodes.
    label : str, default="receptive fields"
        Label of the colour bar.

    Raises
    ------
    ValueError
        If counts do not fit the positions.

    Examples
    --------
    >>> nodes = np.random.default_rng(0).random((200, 2))
    >>> ax = plot_coverage(np.random.default_rng(1).poisson(3.0, 200), nodes)
    """
    nodes = as_points(positions, "plot_coverage.positions")
    values = as_vector(counts, "plot_coverage.counts", len(nodes))
    ax = axes_or_new(ax, (4.2, 3.6))
    cells, extent = _cells(nodes)
    shown = np.ma.masked_less_equal(np.where(cells < 0, 0.0, values[cells]), 0.0)
    norm = Normalize(0.0, max(1.0, float(values.max(initial=0.0))))
    image = ax.imshow(shown, cmap=DISTANCE, norm=norm, extent=extent, origin="lower", interpolation="none")
    bare = nodes[values <= 0]
    ax.scatter(bare[:, 0], bare[:, 1], marker="x", s=12, color=ink(0.8), linewidths=0.8)
    _format_sheet(ax, nodes)
    add_colour_bar(ax, image, label, integer=True)
    return ax


@draws_on_axes
def plot_net(
    centres: npt.ArrayLike,
    positions: npt.ArrayLike,
    *,
    sheet: npt.ArrayLike | None = None,
    neighbours: npt.ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a sheet as a net on the sheet below: a dot where a unit has its receptive field, lines between neighbours.

    Colours say where the unit is on its own sheet. An ordered map is a smooth net; a fold shows as lines that lie over
    each other, a map without order as a tangle.

    Parameters
    ----------
    centres : (n_units, 2) array
        Centres of the receptive fields on the sheet below.
    positions : (n_units, 2) array
        Places of the units on their own sheet.
    sheet : (n_nodes, 2) array, optional
        Nodes of the sheet below, whose area is drawn behind the net.
    neighbours : (n_pairs, 2) array of int, optional
        Units to join; those that are adjacent on their sheet by default.

    Raises
    ------
    ValueError
        If centres do not fit the positions.

    Examples
    --------
    >>> places = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), axis=-1).reshape(-1, 2)
    >>> ax = plot_net(places + 0.2 * np.random.default_rng(0).random((25, 2)), places)
    """
    places = as_points(positions, "plot_net.positions")
    at = as_points(centres, "plot_net.centres")
    if len(at) != len(places):
        raise ValueError(
            f"plot_net.centres must have a row per unit ({len(places)}), got {len(at)}; pass both of the same sheet."
        )
    pairs = sheet_neighbours(places)
    if neighbours is not None:
        pairs = as_neurons(neighbours, len(places), "plot_net.neighbours").reshape(-1, 2)
    ax = axes_or_new(ax, (3.8, 3.8))
    behind = at if sheet is None else as_points(sheet, "plot_net.sheet")
    if sheet is not None:
        _draw_ground(ax, behind)
    codes = np.tile([Path.MOVETO, Path.LINETO], len(pairs)).astype(Path.code_type)
    lines = Path(at[pairs].reshape(-1, 2), codes) if len(pairs) else Path(at[:1])
    ax.add_patch(PathPatch(lines, facecolor="none", edgecolor=ink(0.4), linewidth=0.6))
    size = float(np.clip(0.35 * _dot_size(ax, places), 4.0, 22.0))
    ax.scatter(at[:, 0], at[:, 1], s=size, color=position_colours(places), linewidths=0, zorder=3)
    return _format_sheet(ax, behind)


def sheet_neighbours(positions: npt.ArrayLike) -> Integers:
    """Units that are adjacent on their sheet: edges of the Delaunay triangulation, but for long ones at the border.

    Parameters
    ----------
    positions : (n, 2) array

    Returns
    -------
    pairs : (n_pairs, 2) array of int

    Raises
    ------
    ValueError
        If positions are not (n, 2).

    Examples
    --------
    >>> sheet_neighbours([[0, 0], [0, 1], [1, 0]]).shape
    (3, 2)
    """
    places = as_points(positions, "sheet_neighbours.positions")
    try:
        corners = Delaunay(places).simplices
    except (QhullError, ValueError):  # fewer than three, or all on a line
        order = np.lexsort(places.T)
        return np.stack([order[:-1], order[1:]], axis=1).astype(np.int64)
    edges = np.unique(np.sort(corners[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    lengths = np.linalg.norm(places[edges[:, 0]] - places[edges[:, 1]], axis=1)
    return edges[lengths < LONG * np.median(lengths)].astype(np.int64)


@draws_on_axes
def plot_growth(
    times_ms: npt.ArrayLike,
    values: Mapping[str, npt.ArrayLike],
    *,
    phases_ms: npt.ArrayLike = (),
    ylabel: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw measures over the time of growth.

    Parameters
    ----------
    times_ms : (n_times,) array
        Time of growth at each measurement.
    values : dict of str to (n_times,) array
        Measures by name; NaN is skipped.
    phases_ms : (n,) array, optional
        Times at which a phase of the schedule ends, as vertical lines.
    ylabel : str, default=""
        Label of the vertical axis.

    Raises
    ------
    ValueError
        If there is no measure, or one does not fit the times.

    Examples
    --------
    >>> ax = plot_growth([0, 5000, 10000], {"compact": [0.0, 0.6, 1.0]}, ylabel="share of units")
    """
    times = as_vector(times_ms, "plot_growth.times_ms") / 1000.0
    if not values:
        raise ValueError("plot_growth.values must hold at least one measure, got none; pass {name: values}.")
    ax = axes_or_new(ax, (5.4, 3.2))
    for end in as_vector(phases_ms, "plot_growth.phases_ms") / 1000.0:
        ax.axvline(end, color=ink(0.25), linewidth=0.8, linestyle=":")
    for k, (name, measured) in enumerate(values.items()):
        curve = as_vector(measured, f"plot_growth.values[{name!r}]", len(times))
        known = np.isfinite(curve)
        ax.plot(times[known], curve[known], color=accent(k), marker="o", markersize=3, label=name, clip_on=False)
    ax.set(xlabel="time of growth (s)", ylabel=ylabel, ylim=(min(0.0, *ax.get_ylim()), 1.0))
    ax.grid(axis="y")
    legend_above(ax, columnspacing=1.2)
    return ax


def _fading() -> Colormap:
    """Colours from now to long ago: what is new stands out most from the page."""
    dark_page = readable_on(ink()) != "#ffffff"
    return SEQUENTIAL.reversed() if dark_page else SEQUENTIAL


def _as_fields(fields: npt.ArrayLike, nodes: Floats, name: str) -> Floats:
    """Fields as a table with a column per node."""
    table = np.asarray(fields, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != len(nodes) or len(table) == 0:
        raise ValueError(
            f"{name} must have shape (n_units, {len(nodes)}), a column per position, got {table.shape}; pass the "
            "positions of the sheet below."
        )
    return table


def _spacing(nodes: Floats) -> float:
    """Mean distance of a node to its nearest neighbour."""
    if len(nodes) < 2:
        return 1.0
    return float(cKDTree(nodes).query(nodes, k=2)[0][:, 1].mean()) or 1.0


def _dot_size(ax: Axes, nodes: Floats) -> float:
    """Area in points^2 of dots that nearly touch on a sheet which fills the axes."""
    box = ax.get_window_extent()
    points = 72.0 / ax.figure.dpi * min(box.width, box.height)
    span = max(float(np.ptp(nodes, axis=0).max()), 1e-9)
    area = span**2 / len(nodes)  # of the square around the sheet, per node
    return float(np.clip((points / span) ** 2 * area, 1.0, 120.0))


def _format_sheet(ax: Axes, nodes: Floats) -> Axes:
    """Limits of axes that show a sheet, framed and without ticks."""
    low, high = nodes.min(axis=0), nodes.max(axis=0)
    margin = 0.04 * max(float((high - low).max()), 1e-9)
    ax.set(xlim=(low[0] - margin, high[0] + margin), ylim=(low[1] - margin, high[1] + margin))
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set(visible=True, color=ink(0.25), linewidth=0.6)
    return ax


def _cells(nodes: Floats) -> tuple[Integers, tuple[float, float, float, float]]:
    """The nearest node of each pixel (rows, columns) of a sheet, -1 outside, and the extent in its unit of length."""
    low, high = nodes.min(axis=0), nodes.max(axis=0)
    pad = 0.5 * _spacing(nodes)
    low, high = low - pad, high + pad
    step = float((high - low).max()) / PIXELS
    x, y = (np.arange(low[k] + step / 2, high[k], step) for k in (0, 1))
    places = np.stack(np.meshgrid(x, y), axis=-1)
    tree = cKDTree(nodes)
    distance, nearest = tree.query(places.reshape(-1, 2))
    typical = np.sqrt(float(np.prod(high - low)) / len(nodes))
    nearest = np.where(distance < OUTSIDE * typical, nearest, -1)
    extent = (low[0], low[0] + step * len(x), low[1], low[1] + step * len(y))
    return nearest.reshape(len(y), len(x)).astype(np.int64), extent


def _draw_ground(ax: Axes, nodes: Floats) -> None:
    """The area of a sheet, pale."""
    cells, extent = _cells(nodes)
    ground = np.ma.masked_less(np.minimum(cells, 0), 0)
    ax.imshow(ground, cmap=ListedColormap([ink(0.05)]), extent=extent, origin="lower", interpolation="none", zorder=0)


def _draw_mosaic(ax: Axes, fields: Floats, nodes: Floats, columns: int) -> None:
    """Fields in rows of so many columns with gaps between, field (r, c) centred on (x, y) = (c, r)."""
    cells = _cells(nodes)[0][::-1]  # rows of an image run downwards
    height, width = cells.shape
    gap = max(2, round(0.06 * max(height, width)))
    rows = -(-len(fields) // columns)
    largest = fields.max(axis=1, keepdims=True)
    shares = np.maximum(fields, 0.0) / np.where(largest > 0, largest, 1.0)
    shares = np.round(shares * N_LEVELS) / N_LEVELS  # files with fewer colours are smaller
    shown = np.full((rows * columns, height, width), np.nan)
    shown[: len(fields)] = np.where(cells < 0, np.nan, shares[:, cells])
    tiles = tile(shown.reshape(rows, columns, height, width), gap)[:-gap, :-gap]
    x, y = (side / (2 * (side + gap)) for side in (width, height))
    ax.imshow(
        np.ma.masked_invalid(tiles), cmap=SEQUENTIAL, vmin=0.0, vmax=1.0, extent=(-x, columns - 1 + x, rows - 1 + y, -y)
    )
    ax.set_aspect((height + gap) / (width + gap))
    ax.spines[:].set_visible(False)
