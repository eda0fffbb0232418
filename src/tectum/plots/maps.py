"""Maps seen from above: one cell per neuron, in the order of the sheet."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from tectum.plots.checks import Floats, Integers, as_classes, as_grid, class_names
from tectum.plots.layout import (
    ELONGATED,
    FEW_CLASSES,
    add_class_legend,
    axes_or_new,
    cell_corners,
    draw_cells,
    draw_heat,
    draws_on_axes,
    format_map,
    hatch_cells,
    is_hexagonal,
    map_size,
    panels,
    shorten,
    write_in_cells,
)
from tectum.plots.style import DISTANCE, SEQUENTIAL, class_colours, ink, palette_of


@draws_on_axes
def plot_u_matrix(
    u: npt.ArrayLike,
    *,
    label: str = "distance to neighbours",
    topology: str = "rectangular",
    ax: Axes | None = None,
) -> Axes:
    """Draw the U-matrix: how far each neuron's codebook vector lies from those of its neighbours.

    Dark valleys are clusters, bright ridges are the borders between them.

    Parameters
    ----------
    u : (rows, cols) array
        Mean distance to the neighbours, in units of the input. NaN cells are hatched.
    label : str
        Label of the colour bar.

    Raises
    ------
    ValueError
        If ``u`` is not a grid.

    References
    ----------
    Ultsch & Siemon 1990, Kohonen's self organizing feature maps for exploratory data analysis, INNC.

    Examples
    --------
    >>> ax = plot_u_matrix([[0.5, 0.4, 2.0], [0.3, 0.6, 2.2]])
    """
    grid = as_grid(u, "plot_u_matrix.u")
    ax = axes_or_new(ax, map_size((grid.shape[0], grid.shape[1])))
    draw_heat(ax, grid, cmap=DISTANCE, label=label, topology=topology)
    return ax


@draws_on_axes
def plot_hit_map(
    hits: npt.ArrayLike, *, label: str = "samples won", topology: str = "rectangular", ax: Axes | None = None
) -> Axes:
    """Draw how many samples each neuron won; neurons that won none are hatched.

    Parameters
    ----------
    hits : (rows, cols) array
        Number of samples per neuron. The numbers are written in the cells where they fit.
    label : str
        Label of the colour bar.

    Raises
    ------
    ValueError
        If ``hits`` is not a grid.

    Examples
    --------
    >>> ax = plot_hit_map([[3, 0], [1, 5]])
    """
    grid = as_grid(hits, "plot_hit_map.hits")
    shape = (grid.shape[0], grid.shape[1])
    ax = axes_or_new(ax, map_size(shape))
    won = np.where(grid > 0, grid, np.nan)
    image = draw_heat(ax, won, cmap=SEQUENTIAL, label=label, from_zero=True, integer=True, topology=topology)
    colours = SEQUENTIAL(image.norm(np.nan_to_num(won)))
    texts = {(int(row), int(col)): f"{grid[row, col]:.0f}" for row, col in np.argwhere(np.isfinite(won))}
    write_in_cells(ax, texts, colours, shape, topology)
    return ax


def plot_component_planes(
    planes: npt.ArrayLike,
    *,
    feature_names: Sequence[str] | None = None,
    max_planes: int = 12,
    label: str = "codebook value",
    topology: str = "rectangular",
    figure: Figure | SubFigure | None = None,
) -> npt.NDArray[np.object_]:
    """Draw one map per feature: what value of the feature each neuron prefers.

    Parameters
    ----------
    planes : (n_features, rows, cols) array
        The codebook, one map per feature, in units of the feature. Each map has its own colour scale.
    feature_names : sequence of n_features str, optional
        Titles; "feature 0", "feature 1", ... by default.
    max_planes : int, default=12
        Only the first ``max_planes`` features are drawn; index ``planes`` to choose others.
    label : str
        Label of the colour bars, written at the right end of each row of maps. Above maps much wider than high, the
        name of the feature stands in its place.
    topology : {"rectangular", "hexagonal", "toroidal", "hexagonal-toroidal"}, default="rectangular"
        Of the map: cells of a hexagonal one are hexagons.
    figure : Figure or SubFigure, optional
        Where to draw; a new figure by default.

    Returns
    -------
    axes : (min(n_features, max_planes),) array of Axes

    Raises
    ------
    ValueError
        If ``planes`` is not 3-D, or ``feature_names`` has another length.

    Examples
    --------
    >>> axes = plot_component_planes([[[0, 1], [2, 3]], [[3, 2], [1, 0]]], feature_names=["length", "width"])
    """
    values = np.asarray(planes, dtype=np.float64)
    if values.ndim != 3 or values.size == 0:
        raise ValueError(
            f"plot_component_planes.planes must have shape (n_features, rows, cols), got {values.shape}; "
            "from a codebook: codebook.T.reshape(-1, rows, cols)."
        )
    names = [f"feature {k}" for k in range(len(values))] if feature_names is None else list(feature_names)
    if len(names) != len(values):
        raise ValueError(
            f"plot_component_planes.feature_names must hold {len(values)} names, one per plane, got {len(names)}; "
            "leave it out to number the features."
        )
    n = min(len(values), max_planes)
    wide = values.shape[2] > ELONGATED * values.shape[1]
    columns = min(n, 2 if wide else 4)
    width, height = map_size((values.shape[1], values.shape[2]))
    axes = panels(figure, n, columns=columns, size=(0.55 * width, (0.75 if wide else 0.6) * height))
    for k, (ax, plane, name) in enumerate(zip(axes, values, names, strict=False)):
        ends_row = k % columns == columns - 1 or k == n - 1
        title = shorten(name)
        draw_heat(ax, plane, cmap=SEQUENTIAL, label=title if wide else label * ends_row, topology=topology)
        if not wide:
            ax.set_title(title, fontsize="medium")
        _label_edges(ax, left=k % columns == 0, bottom=k + columns >= n)
    return axes


@draws_on_axes
def plot_label_map(
    unit_labels_grid: npt.ArrayLike,
    *,
    target_names: Sequence[str] | None = None,
    hits: npt.ArrayLike | None = None,
    topology: str = "rectangular",
    colours: Sequence[Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the class of each neuron.

    Parameters
    ----------
    unit_labels_grid : (rows, cols) array of int or str
        Class of each neuron, from 0; -1 or NaN for a neuron without a class, which is hatched. Or its name, as from
        `tectum.analysis.label_units`; names are numbered in the order of ``target_names``, else of the alphabet.
    target_names : sequence of str, optional
        Names of the classes; their numbers by default. More than 8 classes are also named in the cells.
    hits : (rows, cols) array, optional
        Number of samples each neuron won. Large squares won many; cells that won none are pale and hatched.
    colours : sequence of colours, optional
        Of the classes; else `class_colours`.

    Raises
    ------
    ValueError
        If the grids differ in shape, labels are not class indices, or ``target_names`` are too few.

    Examples
    --------
    >>> ax = plot_label_map([[0, 0, 1], [0, 2, 1]], target_names=["setosa", "versicolor", "virginica"])
    """
    if np.asarray(unit_labels_grid).dtype.kind in "OUS":
        target_names, unit_labels_grid = _numbered(np.asarray(unit_labels_grid), target_names)
    labels = as_classes(as_grid(unit_labels_grid, "plot_label_map.unit_labels_grid"), "plot_label_map.unit_labels_grid")
    names = class_names(labels, target_names, "plot_label_map.target_names")
    won = np.ones(labels.shape) if hits is None else np.nan_to_num(as_grid(hits, "plot_label_map.hits"))
    if won.shape != labels.shape:
        raise ValueError(
            f"plot_label_map.hits must have the shape of the labels, {labels.shape}, got {won.shape}; "
            "take both from the same map."
        )
    shape = (labels.shape[0], labels.shape[1])
    ax = axes_or_new(ax, map_size(shape, names))
    format_map(ax, shape, topology)
    palette = palette_of(colours, len(names), "plot_label_map.colours")
    painted = _paint(labels, palette)
    empty = (labels < 0) | (won <= 0)
    if hits is not None:
        draw_cells(ax, painted * np.array([1, 1, 1, 0.3]), topology=topology)
    hatch_cells(ax, empty, topology=topology)
    sides = 0.5 + 0.44 * np.sqrt(won / max(won.max(), 1e-12))
    draw_cells(ax, np.where(empty[..., None], 0.0, painted), sides, topology)
    legend_names = _write_classes(ax, labels, empty, names, painted, topology)
    hatched = Patch(
        facecolor=ink(0.04),
        edgecolor=ink(0.4),
        hatch="//////",
        linewidth=0,
        label="no class" if hits is None else "no sample",
    )
    add_class_legend(ax, legend_names, palette, extra=[hatched] if empty.any() else [])
    return ax


@draws_on_axes
def plot_clusters(cluster_grid: npt.ArrayLike, *, topology: str = "rectangular", ax: Axes | None = None) -> Axes:
    """Draw the cluster of each neuron, with a line between clusters and their numbers inside.

    Parameters
    ----------
    cluster_grid : (rows, cols) array of int
        Cluster of each neuron, from 0; -1 or NaN for none, which is hatched.

    Raises
    ------
    ValueError
        If ``cluster_grid`` is not a grid of cluster indices.

    Examples
    --------
    >>> ax = plot_clusters([[0, 0, 1], [0, 2, 1]])
    """
    clusters = as_classes(as_grid(cluster_grid, "plot_clusters.cluster_grid"), "plot_clusters.cluster_grid")
    shape = (clusters.shape[0], clusters.shape[1])
    ax = axes_or_new(ax, map_size(shape))
    format_map(ax, shape, topology)
    names = class_names(clusters, None, "plot_clusters.cluster_grid")
    palette = class_colours(len(names))
    colours = _paint(clusters, palette)
    if is_hexagonal(topology):
        draw_cells(ax, colours, 1.0, topology)
    else:
        ax.imshow(colours, aspect=ax.get_aspect())
    hatch_cells(ax, clusters < 0, topology=topology)
    ax.add_collection(LineCollection(_borders(clusters, topology), colors=[ink()], linewidths=1.4, capstyle="round"))
    write_in_cells(
        ax, {_middle(clusters == k): names[k] for k in np.unique(clusters[clusters >= 0])}, colours, shape, topology
    )
    if len(names) <= FEW_CLASSES:
        add_class_legend(ax, [f"cluster {name}" for name in names], palette)
    return ax


def _numbered(names: npt.NDArray[Any], target_names: Sequence[str] | None) -> tuple[list[str], Integers]:
    """Names of the classes, and the number of each neuron's; -1 for None."""
    present = sorted({str(name) for name in names.flat if name is not None})
    known = present if target_names is None else [str(name) for name in target_names]
    if not set(present) <= set(known):
        strange = next(name for name in present if name not in known)
        raise ValueError(f"plot_label_map.target_names must name every class, got none for {strange!r}; add it")
    codes = [-1 if name is None else known.index(str(name)) for name in names.flat]
    return known, np.array(codes, np.int64).reshape(names.shape)


def _paint(classes: Integers, palette: Sequence[tuple[float, ...]]) -> Floats:
    """Colours (rows, cols, 4) of ``classes`` (rows, cols); alpha 0 where the class is -1."""
    return np.array([*palette, (0.0, 0.0, 0.0, 0.0)])[classes]


def _write_classes(
    ax: Axes, labels: Integers, empty: npt.NDArray[np.bool_], names: list[str], colours: Floats, topology: str
) -> list[str]:
    """Name more than ``FEW_CLASSES`` classes in their cells; return the names for the legend."""
    if len(names) <= FEW_CLASSES:
        return names
    brief = all(len(name) <= 2 for name in names)
    marks = names if brief else [str(k) for k in range(len(names))]
    texts = {(int(row), int(col)): marks[labels[row, col]] for row, col in np.argwhere(~empty)}
    write_in_cells(ax, texts, colours, (labels.shape[0], labels.shape[1]), topology)
    return names if brief else [f"{mark}  {name}" for mark, name in zip(marks, names, strict=True)]


def _label_edges(ax: Axes, *, left: bool, bottom: bool) -> None:
    """Keep axis labels and numbers at the left and bottom edge of a group of maps only."""
    if not left:
        ax.set_ylabel("")
        ax.tick_params(labelleft=False)
    if not bottom:
        ax.set_xlabel("")
        ax.tick_params(labelbottom=False)


def _borders(clusters: Integers, topology: str) -> list[Any]:
    """Line segments between neighbouring cells of different clusters."""
    if is_hexagonal(topology):
        return _hexagonal_borders(clusters, topology)
    below = [[(c - 0.5, r + 0.5), (c + 0.5, r + 0.5)] for r, c in np.argwhere(np.diff(clusters, axis=0))]
    beside = [[(c + 0.5, r - 0.5), (c + 0.5, r + 0.5)] for r, c in np.argwhere(np.diff(clusters, axis=1))]
    return below + beside


def _hexagonal_borders(clusters: Integers, topology: str) -> list[Any]:
    """The same on a hexagonal map."""
    row, col = (index.ravel() for index in np.indices(clusters.shape))
    rows, cols = clusters.shape
    odd = row % 2
    steps: list[tuple[int, Any, list[int]]] = [(1, odd, [0, 1]), (0, 1, [1, 2]), (1, odd - 1, [5, 0])]
    sides: list[Any] = []
    for down, right, ends in steps:  # to three of the neighbours, and the corners of the side between
        there = np.flatnonzero((row + down < rows) & (col + right >= 0) & (col + right < cols))
        beside = clusters[np.minimum(row + down, rows - 1), np.clip(col + right, 0, cols - 1)]
        differs = there[beside[there] != clusters.ravel()[there]]
        sides += list(cell_corners(row[differs], col[differs], topology)[:, ends])
    return sides


def _middle(member: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """Cell (row, col) of a cluster that lies nearest to its centre."""
    cells = np.argwhere(member)
    row, col = cells[np.argmin(np.sum((cells - cells.mean(axis=0)) ** 2, axis=1))]
    return int(row), int(col)
