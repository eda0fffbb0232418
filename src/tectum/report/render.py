"""Figures as images inside the page, for light and for dark pages."""

import base64
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tectum import plots
from tectum.plots.style import Theme

MOST_SVG_BYTES = 300_000  # larger drawings are stored as pixels
PIXELS_PER_INCH = 200
WEBP_QUALITY = 72
INCH = 96  # pixels of the page
# no fonts of the reader's; the size as asked for
SETTINGS: dict[Any, Any] = {"svg.fonttype": "path", "savefig.bbox": "standard"}

COORDINATES = re.compile(rb' (?:d|x|y)="[^"]*"')
DIGITS = re.compile(rb"(\.\d\d)\d+")  # beyond a hundredth of a point


class Tips(NamedTuple):
    """What the page says of points of a figure when somebody points at them."""

    ax: Axes
    points: NDArray[np.float64]  # (n, 2) in units of the axes
    texts: Sequence[str]  # a line break separates lines


@dataclass(frozen=True)
class Drawing:
    """One figure of a report before it is drawn."""

    key: str  # anchor in the page
    title: str  # what it shows
    caption: str  # how to read it
    draw: Callable[[Figure], object]  # draws into a new matplotlib figure
    size: tuple[float, float]  # width and height in inches; the page is 11 inches wide
    # {"constrained", "compressed"} layout engine of matplotlib; compressed suits axes of fixed aspect
    layout: Literal["constrained", "compressed"] = "constrained"
    # for a drawing that is better stored as pixels; None stores vectors unless they are large
    pixels_per_inch: int | None = None
    photographs: bool = False  # whether pixels are stored with losses that do not show in photographs
    tips: Callable[[Figure], Sequence[Tips]] | None = None  # of the figure once it is drawn


@dataclass(frozen=True)
class Image:
    """A figure in one theme: what stands in the ``src`` of an image, and its width in pixels of the page.

    Tips are by share of the width from the left, share of the height from above, and text.
    """

    source: str
    width: int
    tips: list[tuple[float, float, str]]


def render(drawing: Drawing, theme: Theme) -> Image:
    """Draw a figure in the colours of a theme, as vectors or, where those would be large, as pixels."""
    with plots.style(theme), rc_context(SETTINGS | {"svg.hashsalt": drawing.key}):
        figure = Figure(figsize=drawing.size, layout=drawing.layout)
        drawing.draw(figure)
        vectors = b"" if drawing.pixels_per_inch else _save(figure, "svg")
        if drawing.pixels_per_inch or len(vectors) > MOST_SVG_BYTES:
            kind = "webp" if drawing.photographs else "png"
            payload = _save(figure, kind, drawing.pixels_per_inch or PIXELS_PER_INCH)
        else:
            kind, payload = "svg+xml", vectors
        tips = [tip for found in drawing.tips(figure) for tip in _placed(found)] if drawing.tips else []
    return Image(f"data:image/{kind};base64,{base64.b64encode(payload).decode()}", round(drawing.size[0] * INCH), tips)


def _placed(tips: Tips) -> list[tuple[float, float, str]]:
    figure: Any = tips.ax.figure
    places = figure.transFigure.inverted().transform(tips.ax.transData.transform(tips.points))
    return [(round(x, 4), round(1.0 - y, 4), text) for (x, y), text in zip(places.tolist(), tips.texts, strict=True)]


def _save(figure: Figure, file_format: str, pixels_per_inch: int = PIXELS_PER_INCH) -> bytes:
    buffer = io.BytesIO()
    options: dict[str, Any] = {"svg": {"metadata": {"Date": None}}, "webp": {"pil_kwargs": {"quality": WEBP_QUALITY}}}
    figure.savefig(buffer, format=file_format, dpi=pixels_per_inch, **options.get(file_format, {}))
    content = buffer.getvalue()
    return with_fewer_digits(content) if file_format == "svg" else content


def with_fewer_digits(svg: bytes) -> bytes:
    """A drawing whose coordinates end at a hundredth of a point."""
    return COORDINATES.sub(lambda found: DIGITS.sub(rb"\1", found[0]), svg)
