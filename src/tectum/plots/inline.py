"""What notebooks show of an object: a table and a picture inside the page."""

import base64
import io
from collections.abc import Callable, Sequence
from html import escape

from matplotlib.figure import Figure

from tectum.plots.style import style

MOST_SVG_BYTES = 300_000  # larger drawings are stored as pixels


def inline_picture(draw: Callable[[Figure], object], size: tuple[float, float], text: str) -> str:
    """A picture of that size in inches as HTML that loads nothing, on a light ground, whatever the theme of the
    notebook; `text` says what it shows to those who do not see it.
    """
    with style("light", transparent=False):
        figure = Figure(figsize=size, layout="compressed")
        draw(figure)
        payload, kind = io.BytesIO(), "svg+xml"
        figure.savefig(payload, format="svg", metadata={"Date": None})
        if payload.tell() > MOST_SVG_BYTES:
            payload, kind = io.BytesIO(), "png"
            figure.savefig(payload, format="png", dpi=150)
    source = f"data:image/{kind};base64,{base64.b64encode(payload.getvalue()).decode()}"
    return f'<img alt="{escape(text)}" style="max-width:100%;width:{96 * size[0]:.0f}px" src="{source}">'


def inline_table(title: str, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> str:
    """A table with a caption as HTML; the first cell of each row is its name, `header` names the columns."""
    head = f"<thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in header)}</tr></thead>" if header else ""
    cells = [(first, "".join(f"<td>{escape(cell)}</td>" for cell in others)) for first, *others in rows]
    body = "".join(f'<tr><th style="text-align:left">{escape(first)}</th>{others}</tr>' for first, others in cells)
    caption = f'<caption style="caption-side:top;text-align:left;font-weight:bold">{escape(title)}</caption>'
    return f"<table>{caption}{head}<tbody>{body}</tbody></table>"
