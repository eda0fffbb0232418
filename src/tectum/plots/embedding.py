"""Samples as points in a plane."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from tectum.plots.checks import as_classes, as_points, as_vector, class_names
from tectum.plots.layout import add_class_legend, add_colour_bar, axes_or_new, draws_on_axes
from tectum.plots.style import SEQUENTIAL, accent, ink, palette_of


@draws_on_axes
def plot_embedding(
    coords: npt.ArrayLike,
    *,
    labels: npt.ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
    values: npt.ArrayLike | None = None,
    label: str = "",
    colours: Sequence[Any] | None = None,
    title: str | None = None,
    axis_names: tuple[str, str] = ("dimension 1 (a.u.)", "dimension 2 (a.u.)"),
    ax: Axes | None = None,
) -> Axes:
    """Draw samples in two dimensions, coloured by class or by a number.

    Parameters
    ----------
    coords : (n_samples, 2) array
        Coordinates; further columns are ignored, samples with NaN are not drawn.
    labels : (n_samples,) array of int, optional
        Class of each sample from 0; -1 or NaN for none, drawn pale. One colour for all by default.
    target_names : sequence of str, optional
        Names of the classes; their numbers by default.
    values : (n_samples,) array, optional
        A number per sample, in place of labels; with a colour bar.
    label : str
        Label of the colour bar.
    colours : sequence of colours, optional
        Of the classes; else `class_colours`.
    title : str, optional
        Title, for example the method of the embedding.
    axis_names : (str, str)
        Labels of the axes.

    Raises
    ------
    ValueError
        If ``coords`` has fewer than two columns, ``labels`` has another length, or ``target_names`` are too few.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 2, 60)
    >>> ax = plot_embedding(rng.random((60, 2)) + labels[:, None], labels=labels, target_names=["before", "after"])
    """
    points = as_points(coords, "plot_embedding.coords")
    ax = axes_or_new(ax, (4.4 if labels is None else 5.6, 3.9))
    size = float(np.clip(12_000 / max(len(points), 1), 3, 22))
    dots: dict[str, Any] = {"s": size, "linewidths": 0, "rasterized": len(points) > 5000}
    if values is not None:
        numbers = as_vector(values, "plot_embedding.values", len(points))
        add_colour_bar(ax, ax.scatter(points[:, 0], points[:, 1], c=numbers, cmap=SEQUENTIAL, **dots), label)
    elif labels is None:
        ax.scatter(points[:, 0], points[:, 1], color=[accent(0)], alpha=0.7, **dots)
    else:
        classes = as_classes(labels, "plot_embedding.labels")
        as_vector(classes, "plot_embedding.labels", len(points))
        names = class_names(classes, target_names, "plot_embedding.target_names")
        own = palette_of(colours, len(names), "plot_embedding.colours")
        palette = np.array([*own, ink(0.2)])
        # Classes are drawn mixed, so that the last class does not cover the others.
        mixed = np.argsort(np.arange(len(points)) * 0.6180339887 % 1, kind="stable")
        ax.scatter(points[mixed, 0], points[mixed, 1], color=palette[classes[mixed]], **dots)
        add_class_legend(ax, names, own)
    ax.set(xlabel=axis_names[0], ylabel=axis_names[1])
    if title:
        ax.set_title(title)
    ax.locator_params(nbins=5)
    return ax
