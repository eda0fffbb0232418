"""Formulas as SVG, drawn when the documentation is built: no script, no font and no network when it is read."""

from html import escape
from typing import Any

import ziamath
from docutils import nodes
from sphinx.application import Sphinx

SIZE = 18  # pixels


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name `drawn`."""
    app.add_html_math_renderer("drawn", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def drawn(tex: str, inline: bool) -> str:
    """A formula in the colour of the text around it, with its source for those who cannot see it."""
    formula = ziamath.Latex(tex, size=SIZE, color="currentColor", inline=inline)
    label = escape(" ".join(tex.split()), quote=True)
    style = f"vertical-align:{formula.getyofst():.1f}px"
    return formula.svg().replace("<svg ", f'<svg role="img" aria-label="{label}" style="{style}" ', 1)


def inline(writer: Any, node: nodes.math) -> None:
    """A formula in a line of text."""
    writer.body.append(f'<span class="formula">{drawn(node.astext(), inline=True)}</span>')
    raise nodes.SkipNode


def block(writer: Any, node: nodes.math_block) -> None:
    """A formula of its own; lines that are aligned outside an environment get one."""
    text = node.astext()
    if "\\\\" in text and "\\begin" not in text:
        text = f"\\begin{{aligned}}{text}\\end{{aligned}}"
    writer.body.append(writer.starttag(node, "div", CLASS="formula"))
    writer.body.append(drawn(text, inline=False))
    writer.body.append("</div>\n")
    raise nodes.SkipNode
