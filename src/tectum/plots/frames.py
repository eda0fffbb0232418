"""Frames of video as small pictures: at the places of neurons, in rows of groups, and along time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from tectum.plots.checks import Integers, as_classes, as_vector
from tectum.plots.layout import axes_or_new, draws_on_axes, format_map
from tectum.plots.style import ink, palette_of

BORDER = 0.05  # width of the coloured border of a picture, as a share of its width


@draws_on_axes
def plot_frame_map(
    pictures: npt.ArrayLike,
    frame_of_unit: npt.ArrayLike,
    shape: tuple[int, int],
    *,
    regions: npt.ArrayLike | None = None,
    colours: Sequence[Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the frame that each neuron of a map stands for, at the neuron's place.

    Parameters
    ----------
    pictures : (n_frames, height, width, 3) array of uint8
        Pictures of the frames, RGB.
    frame_of_unit : (rows * cols,) array of int
        Number of the frame of each neuron; -1 for none, left empty.
    shape : (rows, cols)
        Shape of the map.
    regions : (rows * cols,) array of int, optional
        Region of each neuron from 0, the colour of the border of its picture; -1 for none.
    colours : sequence of colours, optional
        Of the regions; else `class_colours`.

    Raises
    ------
    ValueError
        If the arrays do not fit the shape.

    Examples
    --------
    >>> pictures = np.random.default_rng(0).integers(0, 255, (6, 9, 16, 3), dtype=np.uint8)
    >>> ax = plot_frame_map(pictures, [0, 3, -1, 5], (2, 2))
    """
    stack = _as_pictures(pictures, "plot_frame_map.pictures")
    rows, cols = shape
    frames = as_classes(as_vector(frame_of_unit, "plot_frame_map.frame_of_unit", rows * cols), "plot_frame_map")
    group = np.full(rows * cols, -1) if regions is None else as_classes(regions, "plot_frame_map.regions")
    group = as_vector(group, "plot_frame_map.regions", rows * cols).astype(int)
    palette = palette_of(colours, int(group.max(initial=-1)) + 1, "plot_frame_map.colours")
    tiles = _bordered(stack, frames, group, palette)
    height, width = tiles.shape[1:3]
    ax = axes_or_new(ax, (9.0, 9.0 * rows * height / (cols * width) + 0.5))
    format_map(ax, shape)
    mosaic = tiles.reshape(rows, cols, height, width, 4).transpose(0, 2, 1, 3, 4).reshape(rows * height, -1, 4)
    ax.imshow(mosaic, extent=(-0.5, cols - 0.5, rows - 0.5, -0.5))
    ax.set(aspect=height / width)
    return ax


@draws_on_axes
def plot_frame_groups(
    pictures: npt.ArrayLike,
    groups: Sequence[npt.ArrayLike],
    *,
    names: Sequence[str],
    most: int = 8,
    colours: Sequence[Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw groups of frames as rows of pictures, so that it shows whether they belong together.

    Parameters
    ----------
    pictures : (n_frames, height, width, 3) array of uint8
        Pictures of the frames, RGB.
    groups : sequence of arrays of int
        Numbers of the frames of each group, those to draw first in front.
    names : sequence of str
        What is written beside each row.
    most : int, default=8
        Pictures of a group, at most.
    colours : sequence of colours, optional
        Of the groups; else `class_colours`.

    Raises
    ------
    ValueError
        If there are not as many names as groups.

    Examples
    --------
    >>> pictures = np.random.default_rng(0).integers(0, 255, (6, 9, 16, 3), dtype=np.uint8)
    >>> ax = plot_frame_groups(pictures, [[0, 1], [2, 3, 4]], names=["region 1", "region 2"])
    """
    stack = _as_pictures(pictures, "plot_frame_groups.pictures")
    if len(names) != len(groups):
        raise ValueError(
            f"plot_frame_groups.names must name each of the {len(groups)} groups, got {len(names)}; pass one for each."
        )
    frames = np.full((len(groups), most), -1)
    for row, members in zip(frames, groups, strict=True):
        shown = np.asarray(members, dtype=int)[:most]
        row[: len(shown)] = shown
    palette = palette_of(colours, len(groups), "plot_frame_groups.colours")
    tiles = _bordered(stack, frames.ravel(), np.repeat(np.arange(len(groups)), most), palette)
    height, width = tiles.shape[1:3]
    ax = axes_or_new(ax, (9.0, 1.0 * len(groups)))
    mosaic = tiles.reshape(len(groups), most, height, width, 4).transpose(0, 2, 1, 3, 4)
    ax.imshow(mosaic.reshape(len(groups) * height, -1, 4), extent=(0, most, len(groups), 0))
    ax.set(aspect=height / width, xticks=[], yticks=np.arange(len(groups)) + 0.5)
    ax.set_yticklabels(names)
    for label, colour in zip(ax.get_yticklabels(), palette, strict=False):
        label.set_bbox({"facecolor": (*colour[:3], 0.25), "edgecolor": "none", "pad": 2.5})
    ax.tick_params(length=0, pad=6)
    ax.spines[:].set_visible(False)
    return ax


@draws_on_axes
def plot_frame_strip(
    times: npt.ArrayLike, pictures: npt.ArrayLike, *, n: int = 11, zoom: float | None = None, ax: Axes | None = None
) -> Axes:
    """Draw some frames along the time at which they came.

    Parameters
    ----------
    times : (n_frames,) array
        Rising times.
    pictures : (n_frames, height, width, 3) array of uint8
        Pictures of the frames, RGB.
    n : int, default=11
        Pictures drawn, those nearest to the middles of as many equal parts of the time.
    zoom : float, optional
        Points per pixel; by default the pictures fill the width of the axes.

    Raises
    ------
    ValueError
        If there is not a picture for each time.

    Examples
    --------
    >>> pictures = np.random.default_rng(0).integers(0, 255, (20, 9, 16, 3), dtype=np.uint8)
    >>> ax = plot_frame_strip(np.arange(20) / 25, pictures, n=6)
    """
    stack = _as_pictures(pictures, "plot_frame_strip.pictures")
    at = as_vector(times, "plot_frame_strip.times", len(stack))
    ax = axes_or_new(ax, (9.0, 0.8))
    edges = np.linspace(at[0], at[-1], n + 1)
    if zoom is None:
        zoom = 0.93 * ax.get_window_extent().width / ax.figure.dpi * 72.0 / n / stack.shape[2]
    for middle in (edges[:-1] + edges[1:]) / 2:
        picture = OffsetImage(stack[np.abs(at - middle).argmin()], zoom=zoom, resample=True)
        ax.add_artist(AnnotationBbox(picture, (middle, 0.5), frameon=False, pad=0.0, annotation_clip=False))
    ax.set(xlim=(at[0], at[-1]), ylim=(0, 1), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


@draws_on_axes
def plot_picture_row(
    pictures: npt.ArrayLike, *, titles: Sequence[str], n: int | None = None, ax: Axes | None = None
) -> Axes:
    """Draw pictures side by side, each below its title.

    Parameters
    ----------
    pictures : (n_pictures, height, width, 3) array of uint8
        RGB.
    titles : sequence of str
        One for each.
    n : int, optional
        Places in the row; as many as there are pictures by default.

    Raises
    ------
    ValueError
        If there is not a title for each picture.
    """
    stack = _as_pictures(pictures, "plot_picture_row.pictures")
    if len(titles) != len(stack):
        raise ValueError(f"plot_picture_row.titles must be {len(stack)}, one for each picture, got {len(titles)}")
    ax = axes_or_new(ax, (9.0, 1.0))
    places = max(n or len(stack), len(stack))
    zoom = 0.93 * ax.get_window_extent().width / ax.figure.dpi * 72.0 / places / stack.shape[2]
    for k, (picture, title) in enumerate(zip(stack, titles, strict=True)):
        image = OffsetImage(picture, zoom=zoom, resample=True)
        ax.add_artist(AnnotationBbox(image, (k + 0.5, 0.42), frameon=False, pad=0.0, annotation_clip=False))
        ax.text(k + 0.5, 1.0, title, ha="center", va="top", fontsize="small")
    ax.set(xlim=(0, places), ylim=(0, 1), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


@draws_on_axes
def plot_group_bands(
    times: npt.ArrayLike,
    bands: Sequence[npt.ArrayLike],
    *,
    names: Sequence[str],
    colours: Sequence[Sequence[Any] | None] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw which group each sample of a stream belongs to, as bands of colour over time, one below the other.

    Parameters
    ----------
    times : (n_samples,) array
        Rising times.
    bands : sequence of (n_samples,) arrays of int
        Group of each sample from 0; -1 for none.
    names : sequence of str
        What is written beside each band.
    colours : sequence, optional
        Colours of the groups of each band; None, of all or of one, is `class_colours`.

    Raises
    ------
    ValueError
        If a band has another length.

    Examples
    --------
    >>> ax = plot_group_bands(np.arange(6) / 25, [[0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 1, 1]], names=["clip", "region"])
    """
    at = as_vector(times, "plot_group_bands.times")
    ax = axes_or_new(ax, (9.0, 0.3 + 0.25 * len(bands)))
    step = float(np.median(np.diff(at))) if len(at) > 1 else 1.0
    for row, band in enumerate(bands):
        groups = as_classes(band, "plot_group_bands.bands")
        as_vector(groups, "plot_group_bands.bands", len(at))
        own = None if colours is None else colours[row]
        palette = [*palette_of(own, int(groups.max()) + 1, "plot_group_bands.colours"), ink(0.08)]
        first = np.flatnonzero(np.diff(groups, prepend=-2) != 0)
        last = np.append(at, at[-1] + step)[[*first[1:], len(at)]]
        painted = [palette[-1 if k < 0 else k] for k in groups[first]]
        ax.broken_barh(list(zip(at[first], last - at[first], strict=True)), (row + 0.1, 0.8), facecolors=painted)
    ax.set(xlim=(at[0], at[-1] + step), ylim=(len(bands), 0), yticks=np.arange(len(bands)) + 0.5, xlabel="time (s)")
    ax.set_yticklabels(names)
    ax.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    return ax


def _as_pictures(pictures: npt.ArrayLike, name: str) -> npt.NDArray[np.uint8]:
    stack = np.asarray(pictures)
    if stack.ndim != 4 or stack.shape[3] != 3 or stack.dtype != np.uint8 or len(stack) == 0:
        raise ValueError(
            f"{name} must be an array (n_frames, height, width, 3) of uint8, got shape {stack.shape}, dtype "
            f"{stack.dtype}; pass the thumbnails of a stream."
        )
    return stack


def _bordered(
    stack: npt.NDArray[np.uint8], frames: Integers, groups: Integers, palette: Sequence[Any]
) -> npt.NDArray[np.uint8]:
    """Pictures (n, height, width, 4) of frames, with a border in the colour of their group; -1 is transparent."""
    height, width = stack.shape[1:3]
    border, gap = max(1, round(BORDER * width)), max(1, round(BORDER * width / 2))
    margin = border + gap
    tiles = np.zeros((len(frames), height + 2 * margin, width + 2 * margin, 4), np.uint8)
    colours = np.round(255 * np.array([*palette, (0, 0, 0, 0)])).astype(np.uint8)
    shown = frames >= 0
    tiles[shown, gap:-gap, gap:-gap] = colours[groups[shown]][:, np.newaxis, np.newaxis]
    inside = np.s_[margin : margin + height, margin : margin + width]
    pictures = np.concatenate([stack[frames[shown]], np.full((shown.sum(), height, width, 1), 255, np.uint8)], axis=3)
    tiles[(shown, *inside)] = pictures
    return tiles
