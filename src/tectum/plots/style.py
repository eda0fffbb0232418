"""The look of every figure: colours, fonts and line widths for light and for dark pages."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from cycler import cycler
from matplotlib import colormaps, rc_context, rcParams
from matplotlib.colors import ListedColormap, to_rgb, to_rgba

Theme = Literal["light", "dark"]
RGBA = tuple[float, float, float, float]


def _brighter_part(name: str, start: float) -> ListedColormap:
    """Colour map ``name`` without its darkest part, which would vanish on a dark page."""
    return ListedColormap(colormaps[name](np.linspace(start, 1.0, 256)), name=f"tectum_{name}")


# Colour map of values and counts: perceptually uniform, safe for colour-blind readers
SEQUENTIAL = _brighter_part("viridis", 0.06)

DISTANCE = _brighter_part("magma", 0.14)  # colour map of distances: perceptually uniform, borders between clusters glow
EARLIEST_BRIGHT = SEQUENTIAL.reversed()  # colour map of times: what comes first is brightest

# From a search for a large smallest CIELAB distance between any two colours, under normal vision and under simulated
# protanopia, deuteranopia and tritanopia, within a range of lightness that shows on the page; four of the colours on
# dark were then adjusted by eye. The tests hold every distance above 17.
_ON_LIGHT = ("#2a5aed", "#f58f05", "#179164", "#ca2a0c", "#65c4f5", "#905d92", "#eeadba", "#b2c375")
_ON_DARK = ("#6b86f2", "#f7aa1c", "#3fa982", "#ea5f3c", "#50cff7", "#b270aa", "#f7cbd1", "#c2cd8f")
_TINTS = (0.0, 0.5, -0.4, 0.75)
_WHITE, _BLACK = "#ffffff", "#14171c"

_INK: dict[str, dict[str, str]] = {
    "light": {"text": "#1d2330", "muted": "#667080", "grid": "#d8dce2", "page": _WHITE},
    "dark": {"text": "#e8eaee", "muted": "#9aa4b2", "grid": "#363d48", "page": _BLACK},
}


@contextmanager
def style(theme: Theme = "light", *, transparent: bool = True) -> Iterator[None]:
    """Draw everything inside the ``with`` block in the look of this package.

    The settings of matplotlib are changed inside the block only. Create the figure inside the block too: matplotlib
    fixes the colours of text and axes when it creates them.

    Parameters
    ----------
    theme : {"light", "dark"}, default="light"
        Colours of text and axes: dark ink for a light page, or light ink for a dark page.
    transparent : bool, default=True
        Leave the background empty so that the page shows through. False fills it with the theme's page colour, for
        files that must stand alone.

    Raises
    ------
    ValueError
        If ``theme`` is neither "light" nor "dark".

    Examples
    --------
    >>> with style("dark"):
    ...     axes = plot_hit_map([[3, 0], [1, 5]])
    """
    if theme not in _INK:
        raise ValueError(f"style.theme must be 'light' or 'dark', got {theme!r}; choose the one that fits the page.")
    with rc_context(_settings(_INK[theme], transparent)):
        yield


def class_colours(n: int) -> list[RGBA]:
    """Colours for ``n`` classes, as far apart as possible for colour-blind readers too.

    The first 8 colours differ under normal vision and under the three common kinds of colour blindness. Classes 9 to
    32 repeat them lighter and darker, so plots name these classes in words or numbers as well; further ones repeat.
    Inside ``style("dark")`` the colours are lighter.

    Parameters
    ----------
    n : int
        Number of classes, 0 or more.

    Returns
    -------
    colours : list of n tuples (red, green, blue, alpha), each in [0, 1]

    Raises
    ------
    ValueError
        If ``n`` is negative.

    Examples
    --------
    >>> len(class_colours(3))
    3
    """
    if n < 0:
        raise ValueError(f"class_colours.n must be 0 or more, got {n}; pass the number of classes.")
    base = _ON_LIGHT if readable_on(rcParams["text.color"]) == _WHITE else _ON_DARK
    tinted = [_tint(colour, amount) for amount in _TINTS for colour in base]
    return [tinted[k % len(tinted)] for k in range(n)]


def ordered_colours(n: int) -> list[RGBA]:
    """Colours for ``n`` groups that come in an order, from dark to bright: none is one of `class_colours`.

    Parameters
    ----------
    n : int
        Number of groups, 0 or more.

    Returns
    -------
    colours : list of n tuples (red, green, blue, alpha), each in [0, 1]

    Raises
    ------
    ValueError
        If ``n`` is negative.
    """
    if n < 0:
        raise ValueError(f"ordered_colours.n must be 0 or more, got {n}; pass the number of groups.")
    return [tuple(colour) for colour in DISTANCE(np.linspace(0.05, 0.95, n)).tolist()]


def palette_of(colours: Sequence[Any] | None, n: int, name: str) -> list[RGBA]:
    """The colours given, or those of classes; ValueError if there are fewer than ``n``."""
    if colours is None:
        return class_colours(n)
    if len(colours) < n:
        raise ValueError(f"{name} must hold a colour for each of {n} classes, got {len(colours)}; pass more.")
    return [to_rgba(colour) for colour in colours]


def accent(k: int) -> RGBA:
    """Colour number ``k`` (from 0) of the palette, for lines and marks."""
    return class_colours(k + 1)[k]


def ink(alpha: float = 1.0) -> RGBA:
    """Text colour of the current theme, ``alpha`` in [0, 1] makes it paler."""
    return to_rgba(rcParams["text.color"], alpha)


def readable_on(colour: Any) -> str:
    """Text colour, near-black or white, with the better contrast on ``colour``."""
    linear = np.asarray(to_rgb(colour)) ** 2.2
    luminance = float(linear @ (0.2126, 0.7152, 0.0722))
    return _WHITE if luminance < 0.25 else _BLACK


def _tint(colour: str, amount: float) -> RGBA:
    """``colour`` moved towards white (``amount`` > 0) or black (``amount`` < 0)."""
    red, green, blue = ((1 - abs(amount)) * channel + max(amount, 0.0) for channel in to_rgb(colour))
    return (red, green, blue, 1.0)


def _settings(colours: dict[str, str], transparent: bool) -> dict[Any, Any]:
    """Settings of matplotlib for one theme."""
    page = "none" if transparent else colours["page"]
    text, muted = colours["text"], colours["muted"]
    return {
        "figure.facecolor": page,
        "figure.edgecolor": "none",
        "figure.dpi": 120,
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.w_pad": 0.07,
        "figure.constrained_layout.h_pad": 0.05,
        "axes.facecolor": "none",
        "savefig.facecolor": "auto",
        "savefig.edgecolor": "none",
        "savefig.dpi": 200,
        "savefig.bbox": "tight",
        "savefig.pad_inches": 0.06,
        "pdf.fonttype": 42,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "mathtext.fontset": "dejavusans",
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 7,
        "axes.labelsize": 9,
        "axes.labelpad": 4,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "legend.title_fontsize": 8,
        "figure.titlesize": 10,
        "figure.labelsize": 9,
        "text.color": text,
        "axes.labelcolor": text,
        "axes.titlecolor": text,
        "axes.edgecolor": muted,
        "xtick.color": muted,
        "ytick.color": muted,
        "xtick.labelcolor": text,
        "ytick.labelcolor": text,
        "grid.color": colours["grid"],
        "grid.linewidth": 0.6,
        "hatch.linewidth": 0.6,
        "axes.linewidth": 0.8,
        "axes.axisbelow": True,
        "axes.grid": False,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=_ON_LIGHT if colours is _INK["light"] else _ON_DARK),
        "xtick.major.width": 0.8,
        "ytick.major.width": 0.8,
        "xtick.major.size": 3,
        "ytick.major.size": 3,
        "lines.linewidth": 1.6,
        "lines.solid_capstyle": "round",
        "legend.frameon": False,
        "legend.handlelength": 1.4,
        "image.interpolation": "nearest",
    }
