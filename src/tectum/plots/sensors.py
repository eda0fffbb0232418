"""Sensors where they lie, and edges between neighbours."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from tectum.plots.layout import axes_or_new, draws_on_axes
from tectum.plots.style import SEQUENTIAL, accent, ink


@draws_on_axes
def plot_sensor_layout(
    positions: npt.ArrayLike,
    edges: npt.ArrayLike | None = None,
    *,
    values: npt.ArrayLike | None = None,
    colours: npt.ArrayLike | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw sensors as dots, rows downwards as in a picture.

    Parameters
    ----------
    positions : (n, 2) array
        Row and column; sensors with NaN are left out.
    edges : (n_edges, 2) array or None, default=None
        Pairs of sensors to be joined by a line.
    values : (n,) array or None, default=None
        Colour each sensor by a value.
    colours : (n, 3) array or None, default=None
        Colours of the sensors instead.

    Raises
    ------
    ValueError
        If the arrays do not match.
    """
    places = np.asarray(positions, dtype=np.float64)
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(f"plot_sensor_layout.positions must be (n, 2), got shape {places.shape}")
    given = values if colours is None else colours
    if given is not None and len(np.asarray(given)) != len(places):
        raise ValueError(
            f"plot_sensor_layout.{'values' if colours is None else 'colours'} must have an entry for each of the "
            f"{len(places)} sensors, got {len(np.asarray(given))}"
        )
    ax = axes_or_new(ax, (4.0, 4.0))
    shown = np.isfinite(places[:, 0])
    if edges is not None and len(pairs := np.asarray(edges)):
        pairs = pairs[np.all(shown[pairs], axis=1)]
        lines = LineCollection(places[pairs][:, :, ::-1], colors=ink(0.25), linewidths=0.6, zorder=0)
        ax.add_collection(lines)
    size = float(np.clip(6000.0 / max(int(shown.sum()), 1), 3.0, 60.0))
    drawn: dict[str, Any] = {"color": accent(0)} if given is None else {"c": np.asarray(given)[shown]}
    drawn |= {"cmap": SEQUENTIAL} if given is not None and colours is None else {}
    ax.scatter(places[shown, 1], places[shown, 0], s=size, linewidths=0, **drawn)
    ax.set_aspect("equal")
    ax.invert_yaxis()
    ax.set_axis_off()
    return ax
