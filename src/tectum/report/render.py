"""Figures as images inside the page, for light and for dark pages."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.figure import Figure

from tectum import plots
from tectum.plots.style import Theme

MOST_SVG_BYTES = 300_000  # larger drawings are stored as pixels
PIXELS_PER_INCH = 200
INCH = 96  # pixels of the page
# no fonts of the reader's; the size as asked for
SETTINGS: dict[Any, Any] = {"svg.fonttype": "path", "savefig.bbox": "standard"}


@dataclass(frozen=True)
class Drawing:
    """One figure of a report before it is drawn.

    Attributes
    ----------
    key : str
        Anchor in the page.
    title : str
        What it shows.
    caption : str
        How to read it.
    draw : callable
        Draws into a new matplotlib figure.
    size : tuple of (float, float)
        Width and height in inches; the page is 11 inches wide.
    layout : {"constrained", "compressed"}
        Layout engine of matplotlib; compressed suits axes of fixed aspect.
    """

    key: str
    title: str
    caption: str
    draw: Callable[[Figure], object]
    size: tuple[float, float]
    layout: Literal["constrained", "compressed"] = "constrained"


@dataclass(frozen=True)
class Image:
    """A figure in one theme: what stands in the ``src`` of an image, and its width in pixels of the page."""

    source: str
    width: int


def render(drawing: Drawing, theme: Theme) -> Image:
    """Draw a figure in the colours of a theme, as vectors or, where those would be large, as pixels."""
    with plots.style(theme), rc_context(SETTINGS | {"svg.hashsalt": drawing.key}):
        figure = Figure(figsize=drawing.size, layout=drawing.layout)
        drawing.draw(figure)
        vectors = _save(figure, "svg")
        kind, payload = ("svg+xml", vectors) if len(vectors) <= MOST_SVG_BYTES else ("png", _save(figure, "png"))
    return Image(f"data:image/{kind};base64,{base64.b64encode(payload).decode()}", round(drawing.size[0] * INCH))


def _save(figure: Figure, file_format: str) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Date": None} if file_format == "svg" else {}
    figure.savefig(buffer, format=file_format, dpi=PIXELS_PER_INCH, metadata=metadata)
    return buffer.getvalue()
