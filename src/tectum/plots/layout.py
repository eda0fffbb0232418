"""What every plot shares: finding its axes, drawing grids of cells, colour bars and legends."""

from collections.abc import Callable, Sequence
from inspect import cleandoc, signature
from math import ceil
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator

from tectum.plots.style import ink, readable_on

ELONGATED = 4  # a map with one side this many times the other is stretched to fill its axes
MAX_SPACED = 32  # maps with a longer side than this are drawn without gaps between cells and without text in them
MAX_LEGEND = 32  # more classes than this are drawn without a legend
FEW_CLASSES = 8  # up to this many classes are told apart by colour alone


TOPOLOGY = """
topology : {"rectangular", "hexagonal", "toroidal", "hexagonal-toroidal"}, default="rectangular"
    Of the map: cells of a hexagonal one are hexagons, and odd rows lie half a cell to the right."""
ROW = np.sqrt(0.75)  # distance between the rows of a hexagonal map
SQUARE = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2
HEXAGON = np.array([(0, 1), (0.5, 0.5), (0.5, -0.5), (0, -1), (-0.5, -0.5), (-0.5, 0.5)]) * (1, 1 / np.sqrt(3))

Plot = TypeVar("Plot", bound=Callable[..., Axes])


def draws_on_axes(plot: Plot) -> Plot:
    """Complete the docstring of a plot with what all plots share: the parameters ``topology``, where there is one, and
    ``ax``, and the axes that it returns.
    """
    parameters, raises, rest = cleandoc(plot.__doc__ or "").partition("\n\nRaises\n")
    topology = TOPOLOGY if "topology" in signature(plot).parameters else ""
    plot.__doc__ = f"""{parameters}{topology}
ax : Axes, optional
    Where to draw; a new figure by default.

Returns
-------
ax : Axes{raises}{rest}
"""
    return plot


def axes_or_new(ax: Axes | None, size: tuple[float, float] = (4.8, 3.4)) -> Axes:
    """Return ``ax``, or the axes of a new figure of ``size`` (width, height) in inches."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=size, layout="compressed")[1]


def figure_or_new(figure: Figure | SubFigure | None, size: tuple[float, float]) -> Figure | SubFigure:
    """Return ``figure``, or a new one of ``size`` (width, height) in inches."""
    if figure is not None:
        return figure
    from matplotlib import pyplot as plt

    return plt.figure(figsize=size, layout="compressed")


def panels(
    figure: Figure | SubFigure | None, n: int, *, columns: int, size: tuple[float, float], **options: Any
) -> npt.NDArray[np.object_]:
    """``n`` axes in rows of at most ``columns``; ``size`` is one panel's width and height in inches."""
    columns = max(1, min(columns, n))
    rows = ceil(n / columns)
    figure = figure_or_new(figure, (columns * size[0], rows * size[1]))
    axes = figure.subplots(rows, columns, squeeze=False, **options).ravel()
    for surplus in axes[n:]:
        surplus.remove()
    return axes[:n]


def map_size(shape: tuple[int, int], names: Sequence[str] = ()) -> tuple[float, float]:
    """Width and height in inches of a new figure that shows one map with a colour bar, or a legend of ``names``."""
    rows, cols = shape
    legend = 0.9
    if 0 < len(names) <= MAX_LEGEND:
        longest = max(len(shorten(name)) for name in names)
        legend = (0.45 + 0.075 * longest) * _legend_columns(len(names))
    if max(rows, cols) > ELONGATED * min(rows, cols):
        return (4.8 + legend, 1.9) if cols > rows else (1.6 + legend, 4.6)
    cell = 3.4 / max(rows, cols)
    return max(cols * cell, 1.4) + 0.5 + legend, max(rows * cell, 1.4) + 0.5


def is_hexagonal(topology: str) -> bool:
    """Whether the cells of a map are hexagons; ValueError for a topology that does not exist."""
    known = ("rectangular", "hexagonal", "toroidal", "hexagonal-toroidal")
    if topology not in known:
        raise ValueError(f"topology must be one of {', '.join(known)}, got {topology!r}; pass that of the map")
    return "hexagonal" in topology


def cell_centres(row: Any, col: Any, topology: str) -> npt.NDArray[np.float64]:
    """Centres (x, y) of cells in data coordinates, (n, 2)."""
    if is_hexagonal(topology):
        return np.stack([col + 0.5 * (row % 2), ROW * row], axis=-1)
    return np.stack([col, row], axis=-1).astype(np.float64)


def cell_corners(row: Any, col: Any, topology: str, sides: Any = 1.0) -> npt.NDArray[np.float64]:
    """Corners (n, 4 or 6, 2) of cells of these sides, where 1 is the distance between neighbours."""
    outline = HEXAGON if is_hexagonal(topology) else SQUARE
    sides = np.broadcast_to(sides, np.shape(row))[:, None, None]
    return cell_centres(row, col, topology)[:, None, :] + sides * outline


def format_map(ax: Axes, shape: tuple[int, int], topology: str = "rectangular") -> None:
    """Limits, ticks and labels of axes that show a map of ``shape`` with row 0 at the top."""
    rows, cols = shape
    elongated = max(rows, cols) > ELONGATED * min(rows, cols)
    ax.set(xlim=(-0.5, cols - 0.5), ylim=(rows - 0.5, -0.5), xlabel="map column", ylabel="map row")
    ax.set_aspect("auto" if elongated else "equal")
    for axis, count in ((ax.xaxis, cols), (ax.yaxis, rows)):
        axis.set_major_locator(MaxNLocator(nbins=min(count, 6), integer=True, min_n_ticks=1))
    if is_hexagonal(topology):
        shown = np.arange(0, rows, -(-rows // 6))
        ax.set(xlim=(-0.5, cols), ylim=(ROW * (rows - 1) + HEXAGON[0, 1], -HEXAGON[0, 1]))
        ax.set_yticks(ROW * shown, shown.astype(str))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def draw_heat(
    ax: Axes,
    grid: npt.NDArray[np.float64],
    *,
    cmap: Colormap,
    label: str,
    from_zero: bool = False,
    integer: bool = False,
    topology: str = "rectangular",
) -> AxesImage | PolyCollection:
    """Show ``grid`` (rows, cols) as colours with a labelled colour bar; NaN cells are hatched."""
    low, high = finite_limits(grid)
    norm = Normalize(0.0 if from_zero else low, high)
    shape = (grid.shape[0], grid.shape[1])
    image: AxesImage | PolyCollection
    if is_hexagonal(topology):
        row, col = np.nonzero(np.isfinite(grid))
        image = PolyCollection(list(cell_corners(row, col, topology)), array=grid[row, col], cmap=cmap, norm=norm)
        image.set(edgecolor="face", linewidth=0.3)
        ax.add_collection(image, autolim=False)
    else:
        image = ax.imshow(np.ma.masked_invalid(grid), cmap=cmap, norm=norm, aspect="auto")
    format_map(ax, shape, topology)
    hatch_cells(ax, ~np.isfinite(grid), topology=topology)
    add_colour_bar(ax, image, label, shape=shape, integer=integer)
    return image


def draw_cells(
    ax: Axes, colours: npt.NDArray[np.float64], sides: npt.ArrayLike = 0.94, topology: str = "rectangular"
) -> None:
    """Draw each cell of a map in ``colours`` (rows, cols, 4); cells with alpha 0 are left out, large maps have no gaps.

    Sides, one or (rows, cols), are the lengths of the squares, where 1 is the distance between neighbours.
    """
    large = max(colours.shape[:2]) > MAX_SPACED
    if large and not is_hexagonal(topology):
        ax.imshow(colours, aspect=ax.get_aspect())
        return
    row, col = np.nonzero(colours[..., 3] > 0)
    sides = 1.0 if large else np.broadcast_to(np.asarray(sides, dtype=float), colours.shape[:2])[row, col]
    corners = list(cell_corners(row, col, topology, sides))
    cells = PolyCollection(corners, facecolors=colours[row, col], linewidths=0, snap=False)
    ax.add_collection(cells, autolim=False)


def hatch_cells(ax: Axes, empty: npt.NDArray[np.bool_], side: float = 0.94, topology: str = "rectangular") -> None:
    """Mark the cells where ``empty`` (rows, cols) is True with pale hatching."""
    row, col = np.nonzero(empty)
    corners = cell_corners(row, col, topology, side)
    if len(corners) == 0:
        return
    outlines = np.concatenate([corners, corners[:, :1]], axis=1)
    codes = np.tile([Path.MOVETO, *[Path.LINETO] * (outlines.shape[1] - 2), Path.CLOSEPOLY], len(outlines))
    outline = Path(outlines.reshape(-1, 2), codes.astype(Path.code_type))
    # Two patches: SVG gives the hatching the transparency of the face.
    ax.add_patch(PathPatch(outline, facecolor=ink(0.04), linewidth=0))
    ax.add_patch(PathPatch(outline, facecolor="none", edgecolor=ink(0.22), hatch="//////", linewidth=0))


def write_in_cells(
    ax: Axes, texts: dict[tuple[int, int], str], colours: Any, shape: tuple[int, int], topology: str = "rectangular"
) -> None:
    """Write ``texts`` {(row, col): text} on cells of ``colours`` (rows, cols, 4), if they fit in the cells."""
    size = _font_size(ax, shape, max((len(text) for text in texts.values()), default=1))
    if size is None:
        return
    for (row, col), text in texts.items():
        colour = readable_on(colours[row, col])
        x, y = cell_centres(row, col, topology)
        ax.text(x, y, text, ha="center", va="center_baseline", fontsize=size, color=colour, clip_on=True)


def add_colour_bar(
    ax: Axes, mappable: ScalarMappable, label: str, *, shape: tuple[int, int] = (1, 1), integer: bool = False
) -> None:
    """Attach a labelled colour bar: at the right of the axes, or above maps much wider than high.

    Beside axes of fixed aspect the bar follows their height, which a bar with axes of its own would not.
    """
    rows, cols = shape
    ticks = MaxNLocator(nbins=5, integer=integer, min_n_ticks=1 if integer else 2)
    if max(rows, cols) > ELONGATED * min(rows, cols):
        location = "top" if cols > rows else "right"
        bar = ax.figure.colorbar(
            mappable, ax=ax, location=location, ticks=ticks, aspect=60 if cols > rows else 30, pad=0.04
        )
    else:
        width = 0.045 * max(1.0, rows / cols)
        beside = ax.inset_axes((1.0 + 0.7 * width, 0.0, width, 1.0))
        bar = ax.figure.colorbar(mappable, cax=beside, ticks=ticks)
    bar.ax.spines["outline"].set(linewidth=0.5, edgecolor=ink(0.5))
    bar.ax.tick_params(length=2)
    bar.set_label(label)


def add_class_legend(ax: Axes, names: Sequence[str], colours: Sequence[Any], *, extra: Sequence[Patch] = ()) -> None:
    """Legend outside the axes, at their right, in up to two columns; none for more than ``MAX_LEGEND`` classes."""
    if len(names) > MAX_LEGEND:
        return
    handles = [Patch(facecolor=colour, label=shorten(name)) for name, colour in zip(names, colours, strict=True)]
    ax.legend(
        handles=[*handles, *extra],
        loc="upper left",
        bbox_to_anchor=(1.02, 1.0),
        borderaxespad=0.0,
        ncols=_legend_columns(len(handles)),
        handlelength=0.9,
        handleheight=0.9,
        columnspacing=1.2,
    )


def legend_above(ax: Axes, columns: int = 3, **options: Any) -> None:
    """Legend above the axes, at their left."""
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=columns, borderaxespad=0.3, **options)


def zero_line(ax: Axes) -> None:
    """A thin horizontal line at zero."""
    ax.axhline(0, color=ink(0.5), linewidth=0.8, zorder=0.5)


def start_at_zero(ax: Axes, values: npt.NDArray[np.float64]) -> None:
    """Let the vertical axis begin at zero where no value is below it."""
    low, high = finite_limits(values)
    if low >= 0:
        ax.set_ylim(0, 1.08 * high)


def with_thin_spaces(value: float, position: object = None) -> str:
    """A number with thin spaces between thousands, for ticks too."""
    return f"{value:,.0f}".replace(",", "\u2009")


def tile(images: npt.NDArray[np.float64], gap: int) -> npt.NDArray[np.float64]:
    """Images (rows, cols, height, width, ...) side by side with ``gap`` pixels of NaN below and right of each."""
    rows, cols, height, width, *channels = images.shape
    tiles = np.full((rows, height + gap, cols, width + gap, *channels), np.nan)
    tiles[:, :height, :, :width] = np.moveaxis(images, 2, 1)
    return tiles.reshape(rows * (height + gap), cols * (width + gap), *channels)


def shorten(text: object, length: int = 22) -> str:
    """``text`` cut to ``length`` characters, with an ellipsis where it was cut."""
    written = str(text)
    return written if len(written) <= length else written[: length - 1].rstrip() + "…"


def finite_limits(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Smallest and largest finite value, set apart where they coincide; (0, 1) where nothing is finite."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return (low, high) if high > low else (low, low + (abs(low) or 1.0))


def _legend_columns(n: int) -> int:
    """Columns of a legend of ``n`` classes."""
    return 1 if n <= 13 else 2


def _font_size(ax: Axes, shape: tuple[int, int], n_characters: int) -> float | None:
    """Font size in points for text of ``n_characters`` in one cell of a map, None where it would be illegible."""
    box = ax.get_window_extent()
    points = 72.0 / ax.figure.dpi
    width, height = box.width / shape[1] * points, box.height / shape[0] * points
    if ax.get_aspect() == 1.0:
        width = height = min(width, height)
    size = min(0.42 * height, 0.7 * width / (0.65 * n_characters), 9.0)
    return size if size >= 4.0 and max(shape) <= MAX_SPACED else None
