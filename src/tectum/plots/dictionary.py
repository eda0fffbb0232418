"""Dictionaries of image patches: components, reconstructions, errors, sparsity, and the rule that learns them."""

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from typing import Protocol

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullLocator, PercentFormatter

from tectum.plots.checks import Floats, as_neurons, as_vector
from tectum.plots.layout import (
    ELONGATED,
    add_colour_bar,
    axes_or_new,
    draws_on_axes,
    finite_limits,
    legend_above,
    shorten,
    start_at_zero,
    tile,
    with_thin_spaces,
    zero_line,
)
from tectum.plots.style import SEQUENTIAL, accent, ink

MOST_COUNTED = 30  # up to this many active units each number has a bar of its own
DASHES = ("--", ":", "-.", (0, (9, 3)), (0, (1, 4)))  # line styles of baselines, in turn
MARKERS = "osD^vP*X"  # marks of the methods, in turn


class Score(Protocol):
    """Error of a method at one code length, such as `tectum.analysis.BaselineScore`."""

    @property
    def method(self) -> str: ...  # name
    @property
    def active_units(self) -> float: ...  # mean number of active units or coefficients per sample
    @property
    def rms(self) -> float: ...  # error, in units of the samples


@draws_on_axes
def plot_components(
    components: npt.ArrayLike,
    image_shape: tuple[int, int],
    *,
    order: npt.ArrayLike | None = None,
    n_cols: int | None = None,
    symmetric: bool = False,
    cmap: str = "gray",
    label: str = "component value",
    ax: Axes | None = None,
) -> Axes:
    """Draw the components of a dictionary as images, side by side.

    Parameters
    ----------
    components : (n_components, height * width) array
        One flattened image per row; all share one scale. NaN is left empty.
    image_shape : (height, width)
        Shape of one image in pixels.
    order : (n_shown,) array of int, optional
        Components to show, in reading order; all by default.
    n_cols : int, optional
        Images per row; about as many as rows by default.
    symmetric : bool, default=False
        Draw zero as the middle of the colour map, for signed components such as ON minus OFF.
    cmap : str, default="gray"
        Colour map.
    label : str
        Label of the colour bar.

    Raises
    ------
    ValueError
        If the components do not fit ``image_shape``, or ``order`` or ``n_cols`` does not fit them.

    Examples
    --------
    >>> ax = plot_components(np.eye(16), (4, 4))
    """
    images = _as_images(components, image_shape, "plot_components.components")
    if order is not None:
        images = images[as_neurons(order, len(images), "plot_components.order").ravel()]
    if len(images) == 0:
        raise ValueError("plot_components.order must name at least one component, got none; leave it out to show all.")
    columns = ceil(sqrt(len(images))) if n_cols is None else n_cols
    if columns < 1:
        raise ValueError(f"plot_components.n_cols must be 1 or more, got {n_cols}; leave it out for a square.")
    columns = min(columns, len(images))
    rows = ceil(len(images) / columns)
    grid = np.full((rows * columns, *images.shape[1:]), np.nan)
    grid[: len(images)] = images
    ax = _image_axes(ax, rows, columns, images.shape[1:], margin=1.0)
    shown = _draw_images(ax, grid.reshape(rows, columns, *images.shape[1:]), _limits(images, symmetric), cmap)
    add_colour_bar(ax, shown, label, shape=(rows * images.shape[1], columns * images.shape[2]))
    return ax


@draws_on_axes
def plot_reconstructions(
    originals: npt.ArrayLike,
    reconstructions: Mapping[str, npt.ArrayLike],
    *,
    symmetric: bool = False,
    cmap: str = "gray",
    original_label: str = "original",
    ax: Axes | None = None,
) -> Axes:
    """Draw samples in a row, and their reconstructions by one or more codes in rows below.

    Parameters
    ----------
    originals : (n_shown, height, width) array
        Samples as images.
    reconstructions : dict of str to (n_shown, height, width) array
        Reconstructions by name, such as "k-means" or "8 spikes". All rows share the scale of the originals, and values
        beyond it are clipped.
    symmetric : bool, default=False
        Draw zero as the middle of the colour map, for signed samples.
    cmap : str, default="gray"
        Colour map.
    original_label : str, default="original"
        Name of the first row.

    Raises
    ------
    ValueError
        If ``originals`` is no stack of images, or a reconstruction has another shape.

    Examples
    --------
    >>> images = np.random.default_rng(0).random((5, 8, 8))
    >>> ax = plot_reconstructions(images, {"half of it": images / 2})
    """
    first = np.asarray(originals, dtype=np.float64)
    if first.ndim != 3 or first.size == 0:
        raise ValueError(
            "plot_reconstructions.originals must have shape (n_shown, height, width) and not be empty, "
            f"got {first.shape}; reshape flat samples with .reshape(-1, height, width)."
        )
    rows = [first]
    for name, images in reconstructions.items():
        row = np.asarray(images, dtype=np.float64)
        if row.shape != first.shape:
            raise ValueError(
                f"plot_reconstructions.reconstructions[{name!r}] must have the shape of the originals, {first.shape}, "
                f"got {row.shape}; pass one image per original."
            )
        rows.append(row)
    names = [shorten(name) for name in (original_label, *reconstructions)]
    margin = 0.2 + 0.075 * max(len(name) for name in names)
    ax = _image_axes(ax, len(rows), len(first), first.shape[1:], margin=margin)
    _draw_images(ax, np.stack(rows), _limits(first, symmetric), cmap)
    ax.set_yticks(range(len(rows)), names)
    return ax


@draws_on_axes
def plot_sparsity(C: npt.ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw how many units are active per sample: the share of samples with each number, and the mean.

    Parameters
    ----------
    C : (n_samples, n_components) array
        Spike counts or coefficients; a unit is active where its entry is not 0.

    Raises
    ------
    ValueError
        If ``C`` is not a 2-D array with at least one sample.

    Examples
    --------
    >>> ax = plot_sparsity(np.random.default_rng(0).poisson(0.3, (100, 12)))
    """
    code = np.asarray(C)
    if code.ndim != 2 or len(code) == 0:
        raise ValueError(
            f"plot_sparsity.C must have shape (n_samples, n_components) and at least one sample, got {code.shape}; "
            "pass the output of transform."
        )
    active = np.count_nonzero(code, axis=1)
    first = 0 if 2 * active.min() < active.max() else int(active.min())
    width = ceil((active.max() - first + 1) / MOST_COUNTED)
    shares = np.bincount((active - first) // width) / len(active)
    ax = axes_or_new(ax)
    middles = first + np.arange(len(shares)) * width + (width - 1) / 2
    ax.bar(middles, shares, width=0.86 * width, color=accent(0), linewidth=0)
    ax.axvline(active.mean(), color=ink(), linewidth=1.0, linestyle="--")
    ax.set(xlabel="active units", ylabel="share of samples", ylim=(0, 1.15 * shares.max()))
    left = active.mean() > middles.mean()  # the text stays inside the axes
    ax.annotate(
        f"mean {active.mean():.3g}",
        (active.mean(), 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if left else 4, -2),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        fontsize="small",
    )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    return ax


@draws_on_axes
def plot_error_curve(
    seen: npt.ArrayLike,
    error: npt.ArrayLike,
    baselines: Mapping[str, float] | None = None,
    *,
    label: str = "dictionary",
    ylabel: str = "reconstruction error (RMS)",
    ax: Axes | None = None,
) -> Axes:
    """Draw the reconstruction error over training, with errors to compare as horizontal lines.

    Parameters
    ----------
    seen : (n,) array
        Number of patches seen at each measurement.
    error : (n,) array
        Error; NaN is skipped.
    baselines : dict of str to float, optional
        Errors by name, for example of `tectum.analysis.trivial_errors`.
    label : str, default="dictionary"
        Name of the curve, in the legend that baselines bring.
    ylabel : str
        Label of the vertical axis.

    Raises
    ------
    ValueError
        If the arrays are not vectors of one length.

    Examples
    --------
    >>> ax = plot_error_curve([0, 1000, 5000], [0.3, 0.15, 0.12], {"k-means": 0.13})
    """
    x = as_vector(seen, "plot_error_curve.seen")
    y = as_vector(error, "plot_error_curve.error", len(x))
    ax = axes_or_new(ax)
    known = np.isfinite(y)
    marker = "o" if len(x) <= 40 else ""
    ax.plot(x[known], y[known], color=accent(0), marker=marker, markersize=3.5, label=label)
    _draw_baselines(ax, baselines or {})
    ax.set(xlabel="patches seen", ylabel=ylabel)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6))
    ax.xaxis.set_major_formatter(with_thin_spaces)
    ax.grid(axis="y")
    start_at_zero(ax, np.array([*y, *(baselines or {}).values()]))
    if baselines:
        legend_above(ax, handlelength=2.2)
    return ax


@draws_on_axes
def plot_orientations(orientation: npt.ArrayLike, *, n_bins: int = 8, ax: Axes | None = None) -> Axes:
    """Draw how many components there are of each orientation, with a stroke of that orientation on each bar.

    Parameters
    ----------
    orientation : (n_components,) array
        Orientation of the stripes in radians, counter-clockwise from horizontal, taken modulo pi; NaN is left out.
    n_bins : int, default=8
        Bin k is centred on ``k pi / n_bins``.

    Raises
    ------
    ValueError
        If ``orientation`` is not a vector or ``n_bins`` is below 1.

    Examples
    --------
    >>> ax = plot_orientations(np.random.default_rng(0).uniform(0, np.pi, 60))
    """
    angles = as_vector(orientation, "plot_orientations.orientation")
    if n_bins < 1:
        raise ValueError(f"plot_orientations.n_bins must be 1 or more, got {n_bins}; 8 gives bins of 22.5 degrees.")
    steps = np.floor(angles[np.isfinite(angles)] * n_bins / np.pi + 0.5).astype(np.int64)
    counts = np.bincount(steps % n_bins, minlength=n_bins)
    width = 180.0 / n_bins
    middles = np.arange(n_bins) * width
    ax = axes_or_new(ax)
    ax.bar(middles, counts, width=0.86 * width, color=accent(0), linewidth=0)
    top = max(int(counts.max()), 1)
    for middle, count in zip(middles, counts, strict=True):
        stroke = (2, 2, middle + 90.0)  # two arms, without an outline; 0 would be vertical
        ax.plot(middle, count + 0.075 * top, marker=stroke, markersize=11, color=ink(), markeredgewidth=1.4)
    ax.set(xlim=(-width / 2, 180.0 - width / 2), ylim=(0, 1.17 * top))
    ax.set(xlabel="orientation of the stripes (degrees)", ylabel="components")
    ax.xaxis.set_major_locator(FixedLocator(list(middles[:: ceil(n_bins / 8)])))
    ax.xaxis.set_major_formatter("{x:.4g}")
    ax.yaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    return ax


@draws_on_axes
def plot_event_window(
    lag: npt.ArrayLike,
    dw: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    xlabel: str = r"$t_\mathrm{post} - t_\mathrm{pre}$ (ms)",
    ylabel: str = "weight change",
    ax: Axes | None = None,
) -> Axes:
    """Draw how a rule that looks back at one postsynaptic spike changes weights of several sizes.

    Parameters
    ----------
    lag : (n,) array
        Time since the last presynaptic spike, in ms, in any order; negative where it follows.
    dw : (n_weights, n) array
        Change of each weight at each lag, in units of the weight.
    weights : (n_weights,) array
        The weights before the change, which the legend names.
    xlabel, ylabel : str
        Labels of the axes.

    Raises
    ------
    ValueError
        If ``dw`` does not have one row per weight and one column per lag.

    Examples
    --------
    >>> lag = np.linspace(-3, 3, 61)
    >>> weights = np.array([0.2, 0.8])
    >>> ax = plot_event_window(lag, np.where(abs(lag) < 0.5, 1 - weights[:, None], -weights[:, None]), weights)
    """
    x = as_vector(lag, "plot_event_window.lag")
    start = as_vector(weights, "plot_event_window.weights")
    changes = np.asarray(dw, dtype=np.float64)
    if changes.shape != (len(start), len(x)) or changes.size == 0:
        raise ValueError(
            f"plot_event_window.dw must have shape (n_weights, n), here {(len(start), len(x))}, and not be empty, got "
            f"{changes.shape}; pass one row per weight before the change, one column per lag."
        )
    order = np.argsort(x, kind="stable")
    ax = axes_or_new(ax)
    colours = SEQUENTIAL(np.linspace(0.25, 0.88, len(start)))
    for change, w, colour in zip(changes, start, colours, strict=True):
        ax.plot(x[order], change[order], drawstyle="steps-mid", color=colour, label=f"{w:g}")
    zero_line(ax)
    ax.axvline(0, color=ink(0.5), linewidth=0.8, zorder=0.5)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend(title="weight before", loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0)
    return ax


@draws_on_axes
def plot_comparison(
    rows: Sequence[Score],
    baselines: Mapping[str, float] | None = None,
    *,
    ylabel: str = "reconstruction error (RMS)",
    ax: Axes | None = None,
) -> Axes:
    """Draw the error of several methods against the length of their codes, one line per method.

    Parameters
    ----------
    rows : sequence of Score
        Anything with ``method``, ``active_units`` (above 0) and ``rms``, such as
        `tectum.analysis.BaselineScore`; methods are drawn in the order in which they first appear.
    baselines : dict of str to float, optional
        Errors without a code by name, as horizontal lines.
    ylabel : str
        Label of the vertical axis.

    Raises
    ------
    ValueError
        If there are no rows, or a code has no active units.

    Examples
    --------
    >>> from tectum.analysis import BaselineScore
    >>> rows = [BaselineScore("sparse coding", 16, k, 0.2 / k) for k in (1.0, 2.0, 3.0)]
    >>> ax = plot_comparison(rows, {"mean patch": 0.25})
    """
    if not rows:
        raise ValueError(
            "plot_comparison.rows must hold at least one score, got none; see tectum.analysis.score_baselines."
        )
    silent = [row.method for row in rows if not row.active_units > 0]
    if silent:
        raise ValueError(
            f"plot_comparison.rows must have active_units above 0, got 0 or NaN for {silent[0]!r}; leave out codes "
            "that are silent throughout, and draw their error as a baseline."
        )
    ax = axes_or_new(ax, (5.6, 3.4))
    for k, method in enumerate(dict.fromkeys(row.method for row in rows)):
        points = np.array(sorted((row.active_units, row.rms) for row in rows if row.method == method))
        mark = MARKERS[k % len(MARKERS)]
        ax.plot(*points.T, color=accent(k), marker=mark, markersize=5, clip_on=False, label=shorten(method, 30))
    _draw_baselines(ax, baselines or {})
    lengths = np.array([row.active_units for row in rows])
    ax.set(xlabel="active units per sample", ylabel=ylabel, xscale="log")
    ax.set_xlim(lengths.min() / 1.25, lengths.max() * 1.25)
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.grid(axis="y")
    start_at_zero(ax, np.array([*(row.rms for row in rows), *(baselines or {}).values()]))
    ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), borderaxespad=0.0, handlelength=2.2)
    return ax


def _as_images(values: npt.ArrayLike, image_shape: tuple[int, int], name: str) -> Floats:
    """Flattened images as (n, height, width); ValueError naming ``name`` where they do not fit."""
    table = np.asarray(values, dtype=np.float64)
    if len(image_shape) != 2 or table.ndim != 2 or table.size == 0 or table.shape[1] != np.prod(image_shape):
        raise ValueError(
            f"{name} must have shape (n, height * width) with image_shape (height, width), got {table.shape} and "
            f"{tuple(image_shape)}; join ON and OFF channels, and pass the shape of one image."
        )
    return table.reshape(-1, *image_shape)


def _image_axes(ax: Axes | None, rows: int, columns: int, image_shape: tuple[int, ...], *, margin: float) -> Axes:
    """``ax``, or axes of a new figure that suit so many images with ``margin`` inches beside them."""
    height, width = rows * image_shape[0], columns * image_shape[1]
    scale = 4.4 / max(height, width)
    above = 0.8 if width > ELONGATED * height else 0.2  # a colour bar of wide axes lies above them
    return axes_or_new(ax, (max(width * scale, 1.2) + margin, max(height * scale, 0.6) + above))


def _draw_images(ax: Axes, images: Floats, limits: tuple[float, float], cmap: str) -> AxesImage:
    """Framed images (rows, columns, height, width) with gaps between; image (r, c) is centred on (x, y) = (c, r)."""
    rows, columns, height, width = images.shape
    gap = max(1, round(0.06 * max(height, width)))
    tiles = tile(images, gap)[:-gap, :-gap]
    x, y = (side / (2 * (side + gap)) for side in (width, height))  # half an image, where 1 is the distance of two
    extent = (-x, columns - 1 + x, rows - 1 + y, -y)
    shown = ax.imshow(np.ma.masked_invalid(tiles), cmap=cmap, norm=Normalize(*limits), extent=extent)
    corners = np.array([(-x, -y), (x, -y), (x, y), (-x, y), (-x, -y)])
    places = np.argwhere(np.isfinite(images).any(axis=(2, 3)))[:, None, ::-1]
    ax.add_collection(LineCollection(list(places + corners), colors=[ink(0.3)], linewidths=0.5), autolim=False)
    ax.set(aspect=(height + gap) / (width + gap), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return shown


def _limits(images: Floats, symmetric: bool) -> tuple[float, float]:
    """Range of the colour scale."""
    low, high = finite_limits(images)
    largest = max(abs(low), abs(high))
    return (-largest, largest) if symmetric else (low, high)


def _draw_baselines(ax: Axes, baselines: Mapping[str, float]) -> None:
    """A horizontal line with a label for the legend per error."""
    for k, (name, value) in enumerate(baselines.items()):
        ax.axhline(
            value, color=ink(0.7), linewidth=1.0, linestyle=DASHES[k % len(DASHES)], label=name.replace("_", " ")
        )
