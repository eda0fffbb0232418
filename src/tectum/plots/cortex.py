"""Maps of visual cortex as papers draw them: orientations, pinwheels, tuning, spectrum, ocular dominance."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import hsv_to_rgb
from numpy.typing import NDArray

from tectum.plots.layout import axes_or_new, draws_on_axes
from tectum.plots.style import accent, ink


@draws_on_axes
def plot_orientation_map(
    z: npt.ArrayLike,
    *,
    pinwheels: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    key: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """Draw an orientation map: the hue of a neuron is its preferred orientation, it is dark where it prefers none.

    Parameters
    ----------
    z : (rows, columns) array, complex
        Selectivity and twice the preferred orientation, as of `tectum.analysis.orientation_map`.
    pinwheels : ((n, 2) array, (n,) array) or None, default=None
        Positions and signs of pinwheels: white dots where orientation turns with the angle, black ones against it.
    key : bool, default=True
        Whether bars below the map tell the colours.

    Raises
    ------
    ValueError
        If z is not a map.
    """
    field = np.asarray(z, np.complex128)
    if field.ndim != 2:
        raise ValueError(f"plot_orientation_map.z must be a map (rows, columns), got shape {field.shape}")
    ax = axes_or_new(ax, (4.0, 4.3))
    strong = np.quantile(np.abs(field), 0.9) or 1.0
    ax.imshow(_colours(np.angle(field) / 2.0, np.clip(np.abs(field) / strong, 0.0, 1.0)), interpolation="nearest")
    if pinwheels is not None:
        places, signs = np.asarray(pinwheels[0], np.float64).reshape(-1, 2), np.asarray(pinwheels[1])
        for sign, colour, edge in ((1, "white", "black"), (-1, "black", "white")):
            at = places[signs == sign]
            ax.plot(at[:, 1], at[:, 0], "o", color=colour, markeredgecolor=edge, markersize=3.6, markeredgewidth=0.5)
    ax.set_xlim(-0.5, field.shape[1] - 0.5)
    ax.set_ylim(field.shape[0] - 0.5, -0.5)
    ax.set_axis_off()
    if key:
        _draw_key(ax, field.shape)
    return ax


@draws_on_axes
def plot_ocular_dominance(dominance: npt.ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw which eye drives each neuron: black for the left one, white for the right one.

    Parameters
    ----------
    dominance : (rows, columns) array
        From -1 to 1, as of `tectum.analysis.ocular_dominance`.

    Raises
    ------
    ValueError
        If it is not a map.
    """
    shown = np.asarray(dominance, np.float64)
    if shown.ndim != 2:
        raise ValueError(f"plot_ocular_dominance.dominance must be a map (rows, columns), got shape {shown.shape}")
    ax = axes_or_new(ax, (4.0, 4.0))
    ax.imshow(shown, cmap="gray", vmin=-1.0, vmax=1.0, interpolation="nearest")
    ax.set_axis_off()
    return ax


@draws_on_axes
def plot_orientation_tuning(orientations: npt.ArrayLike, responses: npt.ArrayLike, *, ax: Axes | None = None) -> Axes:
    """Draw tuning curves around a circle, each over its largest value; orientations repeat after half a turn.

    Parameters
    ----------
    orientations : (n_orientations,) array
        In radians, from 0 to pi.
    responses : (n_neurons, n_orientations) array

    Raises
    ------
    ValueError
        If the arrays do not match.
    """
    theta, R = np.asarray(orientations, np.float64), np.asarray(responses, np.float64)
    if R.ndim != 2 or theta.shape != R.shape[1:]:
        raise ValueError(
            f"plot_orientation_tuning.responses must have a column per orientation ({theta.size}), got {R.shape}"
        )
    ax = axes_or_new(ax, (3.0, 3.0))
    around = np.concatenate([theta, theta + math.pi, theta[:1] + 2.0 * math.pi])
    for row in R:
        curve = np.concatenate([row, row, row[:1]]) / (row.max() or 1.0)
        z = (row * np.exp(2j * theta)).sum()
        colour = _colours(np.angle(z) / 2.0, 1.0)
        ax.fill(curve * np.cos(around), curve * np.sin(around), color=colour, alpha=0.25, linewidth=0)
        ax.plot(curve * np.cos(around), curve * np.sin(around), color=colour, linewidth=1.2)
    ax.plot(np.cos(np.linspace(0, 7, 200)), np.sin(np.linspace(0, 7, 200)), color=ink(0.25), linewidth=0.6)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


@draws_on_axes
def plot_map_spectrum(
    frequency: npt.ArrayLike, power: npt.ArrayLike, wavelength: float, *, ax: Axes | None = None
) -> Axes:
    """Draw the power of a map by frequency, and where the wavelength of its columns lies.

    Parameters
    ----------
    frequency, power : (n,) array
        As of `tectum.analysis.hypercolumn`.
    wavelength : float
        In neurons; NaN for none.

    Raises
    ------
    ValueError
        If the arrays do not match.
    """
    f, p = np.asarray(frequency, np.float64), np.asarray(power, np.float64)
    if f.ndim != 1 or f.shape != p.shape:
        raise ValueError(f"plot_map_spectrum needs two arrays of one length, got shapes {f.shape} and {p.shape}")
    ax = axes_or_new(ax, (4.0, 3.0))
    ax.plot(f, p / p.max(), color=accent(0))
    if math.isfinite(wavelength):
        ax.axvline(1.0 / wavelength, color=accent(1), linestyle="--", linewidth=1.0)
        ax.annotate(f" {wavelength:.1f} neurons", (1.0 / wavelength, 0.95), color=accent(1), fontsize=9)
    ax.set_xlabel("cycles per neuron")
    ax.set_ylabel("power")
    ax.set_ylim(0.0, 1.05)
    return ax


def _colours(orientation: Any, value: Any) -> NDArray[np.float64]:
    """Hues of orientations in radians, the darker the smaller the value."""
    hue = np.asarray(orientation, np.float64) / math.pi % 1.0
    colours: NDArray[np.float64] = hsv_to_rgb(
        np.stack([hue, np.full_like(hue, 0.85), 0.25 + 0.75 * np.broadcast_to(value, hue.shape)], axis=-1)
    )
    return colours


def _draw_key(ax: Axes, shape: tuple[int, ...]) -> None:
    """Bars of eight orientations in their colours, below the map."""
    size, n = 0.035 * shape[0], 8
    y = shape[0] - 0.5 + 2.2 * size
    for k in range(n):
        theta = k * math.pi / n
        x = (k + 0.5) * shape[1] / n - 0.5
        dx, dy = size * math.cos(theta), size * math.sin(theta)
        ax.plot([x - dx, x + dx], [y + dy, y - dy], color=_colours(theta, 1.0), linewidth=3.0, clip_on=False)
    ax.set_ylim(y + 1.6 * size, -0.5)
