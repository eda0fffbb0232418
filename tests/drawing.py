"""What every plot must do: draw in a new figure without clipping text, and into given axes alone, without a warning."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib
import pytest

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tectum import plots


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"matplotlib\.|pyparsing")  # old and new
        yield
    plt.close("all")


def draw_anew(draw: Callable[..., Any], theme: str) -> Any:
    """What a plot returns in a figure of its own, after a check that no text is clipped.

    The dark theme has the same text in other colours, so that there the figure is made, not rendered.
    """
    with plots.style(theme):
        drawn = draw()
        if theme == "dark":
            return drawn
        figure = drawn.figure if isinstance(drawn, Axes) else drawn[0].figure
        figure.canvas.draw()
        box, tight = figure.bbox, figure.get_tightbbox().transformed(figure.dpi_scale_trans)
    assert min(tight.x0, tight.y0, box.width - tight.x1, box.height - tight.y1) > -1  # pixels
    return drawn


def draw_into_given_axes(draw: Callable[..., Any]) -> None:
    figure = Figure(layout="constrained")
    ax, other = figure.subplots(1, 2)
    assert draw(ax=ax) is ax
    figure.canvas.draw()
    assert not other.has_data()
    assert plt.get_fignums() == []
