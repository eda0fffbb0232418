"""Orientation maps of a cortical sheet: preference, selectivity, hypercolumns, pinwheels, and ocular dominance.

A map is a complex number for each unit, ``z = s exp(2 i theta)``: its angle is twice the preferred orientation, its
size the selectivity. Where z is 0 all orientations meet, in a pinwheel. Ferrets, tree shrews and galagos have pi
pinwheels on the square of the spacing of columns (Kaschube et al. 2010, Science 330:1113).
"""

import math
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import OptimizeWarning, curve_fit

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]

TURN = 2.0 * math.pi
LEAST_SIDE = 8  # units of a map whose spectrum has a ring
PROMINENT = 3.0  # power at the top of a ring, over the median of all frequencies
RING = 1.5  # the ring reaches from its frequency over this to its frequency times this


class Hypercolumn(NamedTuple):
    """Spacing of the columns of a map, from the ring of its power spectrum."""

    wavelength: float  # units; NaN without a ring
    prominence: float  # mean power on the ring over that at all other frequencies
    frequency: Floats  # (n,) cycles per unit at which power was measured
    power: Floats  # (n,) mean power there


class Pinwheels(NamedTuple):
    """Points of a map at which all orientations meet."""

    positions: Floats  # (n, 2) row and column
    signs: NDArray[np.int64]  # (n,) 1: orientation turns with the angle around the point; -1: against it


def orientation_map(responses: ArrayLike, orientations: ArrayLike, shape: tuple[int, int]) -> Complex:
    """Preferred orientation and selectivity of each unit: the vector sum of its responses.

    ``z = sum_k R_k exp(2 i theta_k) / sum_k R_k`` (Swindale 1998, Biol Cybern 78:45), R_k the largest response at
    orientation theta_k. Then ``abs(z)`` is the selectivity, 0 to 1, also 1 - circular variance, and ``angle(z) / 2``
    the preference.

    Parameters
    ----------
    responses : array-like of shape (n_stimuli, n_units)
        Responses of at least 0 to gratings, drifting or of several phases and frequencies; `orientations` says
        which are of one orientation.
    orientations : array-like of shape (n_stimuli,)
        Orientation of each grating in radians. Distinct ones have to be spread evenly over pi.
    shape : (int, int)
        Rows and columns of the sheet.

    Returns
    -------
    ndarray of shape (rows, columns), complex128
        0 for a unit that never responds.

    Raises
    ------
    ValueError
        If shapes do not match, a response is negative or not finite, or there are fewer than three orientations.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum.analysis import orientation_map
    >>> theta = np.arange(4) * np.pi / 4
    >>> z = orientation_map([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0], [0.0, 1.0]], theta, (1, 2))
    >>> np.degrees(np.angle(z[0, 0]) / 2).round().item(), abs(z).round(3).tolist()
    (45.0, [[1.0, 0.0]])
    """
    R, theta = np.asarray(responses, np.float64), np.asarray(orientations, np.float64)
    if R.ndim != 2 or theta.shape != R.shape[:1] or R.shape[1] != math.prod(shape):
        raise ValueError(
            f"orientation_map.responses must have shape (n_stimuli, {math.prod(shape)}), a column per unit of {shape}, "
            f"and orientations (n_stimuli,), got {R.shape} and {theta.shape}; pass a row per grating"
        )
    if not (np.isfinite(R).all() and (R >= 0.0).all()):
        raise ValueError("orientation_map.responses must be finite and at least 0; pass rates, counts or their like")
    distinct, which = np.unique(np.round(theta % math.pi, 9), return_inverse=True)
    if len(distinct) < 3:
        raise ValueError(
            f"orientation_map.orientations must hold three orientations or more, got {len(distinct)}; show more"
        )
    strongest = np.zeros((len(distinct), R.shape[1]))
    np.maximum.at(strongest, which, R)
    total = strongest.sum(axis=0)
    z = np.exp(2j * distinct) @ strongest / np.where(total > 0.0, total, 1.0)
    return z.reshape(shape)


def neighbour_differences(z: ArrayLike, *, wraps: bool = True) -> Floats:
    """Difference of preferred orientation between units side by side, in degrees; the median tells how smooth a map is.

    Without order the median is 45; on random maps with a thin ring of wavelength L it tends to 73.5 / L as L grows, as
    the gradient of the phase of a Gaussian field is the ratio of a normal to a Rayleigh variable.

    Parameters
    ----------
    z : array-like of shape (rows, columns), complex
        From `orientation_map`.
    wraps : bool, default=True
        Whether the last row and column are followed by the first.

    Returns
    -------
    ndarray of shape (n_pairs,)
        From 0 to 90; pairs with a unit that prefers nothing are left out.

    Raises
    ------
    ValueError
        If z is not a map.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum.analysis import neighbour_differences
    >>> z = np.exp(2j * np.radians([[0.0, 10.0], [0.0, 10.0]]))
    >>> neighbour_differences(z, wraps=False).round(6).tolist()
    [0.0, 0.0, 10.0, 10.0]
    """
    field = _check_map("neighbour_differences", z, least=2)
    pairs = [_beside(field, axis, wraps) * np.conj(_here(field, axis, wraps)) for axis in (0, 1)]
    product = np.concatenate([p.ravel() for p in pairs])
    return np.degrees(np.abs(np.angle(product[product != 0.0]))) / 2.0


def hypercolumn(z: ArrayLike, *, wraps: bool = True) -> Hypercolumn:
    """Spacing of columns: the inverse of the frequency of the ring in the power spectrum of a map.

    The mean power at each frequency is fitted by a Gaussian ring on a quadratic, as for the maps of GCAL (Stevens, Law,
    Antolik & Bednar 2013, J Neurosci 33:15747).

    Parameters
    ----------
    z : array-like of shape (rows, columns), complex or real
        From `orientation_map`, or of real numbers such as ocular dominance.
    wraps : bool, default=True
        Whether the last row and column are followed by the first; if not, a Hann window goes on the map.

    Returns
    -------
    Hypercolumn
        The wavelength is NaN if there is no ring: power only falls from the lowest frequency on, or no frequency stands
        out.

    Raises
    ------
    ValueError
        If z is not a map of 8 x 8 units or more.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum.analysis import hypercolumn
    >>> z = np.exp(2j * np.pi * np.arange(48) / 8.0) * np.ones((48, 1))
    >>> round(hypercolumn(z).wavelength, 2)
    8.0
    """
    field = _check_map("hypercolumn", z, least=LEAST_SIDE)
    field = field - field.mean()
    if not wraps:
        field = field * np.hanning(field.shape[0])[:, np.newaxis] * np.hanning(field.shape[1])
    power = np.abs(np.fft.fft2(field)) ** 2
    k = np.hypot(np.fft.fftfreq(field.shape[0])[:, np.newaxis], np.fft.fftfreq(field.shape[1]))
    width = 1.0 / max(field.shape)
    ring = np.rint(k / width).astype(int)
    n = min(field.shape) // 2
    count = np.bincount(ring.ravel())[1 : n + 1]
    mean = np.bincount(ring.ravel(), power.ravel())[1 : n + 1] / count
    weight = (power + 1e-9 * power.mean()).ravel()  # frequencies of a bin count by their power
    f = (np.bincount(ring.ravel(), k.ravel() * weight) / np.bincount(ring.ravel(), weight))[1 : n + 1]
    peak = _ring_frequency(f, mean, count)
    if math.isnan(peak):
        return Hypercolumn(math.nan, math.nan, f, mean)
    on = (k > peak / RING) & (k < peak * RING)
    off = ~on & (k > 0.0)
    rest = power[off].mean() if off.any() else 0.0
    return Hypercolumn(1.0 / peak, float(power[on].mean() / rest) if rest > 0.0 else math.inf, f, mean)


def pinwheels(z: ArrayLike, *, wraps: bool = True) -> Pinwheels:
    """Pinwheels of a map: loops around four units along which the preferred orientation makes half a turn.

    Each is placed where both parts of z, interpolated between the four, are 0.

    Parameters
    ----------
    z, wraps
        As in `neighbour_differences`.

    Returns
    -------
    Pinwheels
        On a map that wraps there are as many of either sign.

    Raises
    ------
    ValueError
        If z is not a map.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum.analysis import pinwheels
    >>> y, x = np.mgrid[:6, :6] - 2.4
    >>> found = pinwheels(x + 1j * y, wraps=False)
    >>> found.positions.round(2).tolist(), found.signs.tolist()
    ([[2.4, 2.4]], [1])
    """
    field = _check_map("pinwheels", z, least=2)
    low, right = (_beside(field, axis, wraps) for axis in (0, 1))
    a = _here(_here(field, 0, wraps), 1, wraps)
    b = _here(right, 0, wraps)  # one column on
    c = _beside(right, 0, wraps)  # and one row on
    d = _here(low, 1, wraps)
    turn = sum(np.angle(to * np.conj(start)) for start, to in ((a, b), (b, c), (c, d), (d, a)))
    winding = np.rint(turn / TURN).astype(np.int64)
    row, column = np.nonzero(winding)
    corners = np.stack([corner[row, column] for corner in (a, b, c, d)], axis=1)
    places = np.stack([row, column], axis=1) + _zero_inside(corners)
    return Pinwheels(places % field.shape if wraps else places, winding[row, column])


def pinwheel_density(z: ArrayLike, *, wraps: bool = True) -> float:
    """Pinwheels per squared column spacing; pi in cortex, and in expectation for random maps with a thin ring.

    Parameters
    ----------
    z, wraps
        As in `neighbour_differences`.

    Returns
    -------
    float
        NaN without a ring, see `hypercolumn`.

    Raises
    ------
    ValueError
        If z is not a map of 8 x 8 units or more.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum.analysis import pinwheel_density
    >>> phase = 2 * np.pi * (np.arange(48) + 0.5) / 8
    >>> round(pinwheel_density(np.sin(phase) + 1j * np.sin(phase)[:, None]), 2)  # four zeros in each square
    4.0
    """
    field = _check_map("pinwheel_density", z, least=LEAST_SIDE)
    area = field.size if wraps else (field.shape[0] - 1) * (field.shape[1] - 1)
    return len(pinwheels(field, wraps=wraps).signs) * hypercolumn(field, wraps=wraps).wavelength ** 2 / area


def map_similarity(first: ArrayLike, second: ArrayLike) -> float:
    """How alike two maps of the same units are: 1 if all preferences agree, 0 if they are unrelated.

    ``1 - 4 / (n pi) sum |theta - theta'|``, differences up to pi / 2; the stability index of Stevens et al. (2013).

    Parameters
    ----------
    first, second : array-like of shape (rows, columns), complex
        From `orientation_map`.

    Returns
    -------
    float
        From -1 to 1.

    Raises
    ------
    ValueError
        If they are not maps of one shape.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum.analysis import map_similarity
    >>> z = np.exp(2j * np.linspace(0, np.pi, 16)).reshape(4, 4)
    >>> map_similarity(z, z), round(map_similarity(z, -z), 6)
    (1.0, -1.0)
    """
    a, b = (_check_map("map_similarity", z, least=1) for z in (first, second))
    if a.shape != b.shape:
        raise ValueError(f"map_similarity needs two maps of one shape, got {a.shape} and {b.shape}")
    return 1.0 - 2.0 / math.pi * float(np.abs(np.angle(a * np.conj(b))).mean())


def ocular_dominance(left: ArrayLike, right: ArrayLike) -> Floats:
    """Share by which the right eye drives a unit more than the left: ``(R - L) / (R + L)``.

    Parameters
    ----------
    left, right : array-like of one shape
        Weights or responses of at least 0 by eye.

    Returns
    -------
    ndarray
        From -1, left alone, to 1, right alone; 0 where neither does anything.

    Raises
    ------
    ValueError
        If shapes differ or a number is negative.

    Examples
    --------
    >>> from tectum.analysis import ocular_dominance
    >>> ocular_dominance([1.0, 0.0, 2.0], [1.0, 3.0, 0.0]).tolist()
    [0.0, 1.0, -1.0]
    """
    L, R = np.asarray(left, np.float64), np.asarray(right, np.float64)
    if L.shape != R.shape or not ((L >= 0.0).all() and (R >= 0.0).all()):
        raise ValueError(
            f"ocular_dominance needs arrays of one shape with numbers of at least 0, got shapes {L.shape} and {R.shape}"
        )
    total = L + R
    return (R - L) / np.where(total > 0.0, total, 1.0)


def _check_map(name: str, z: ArrayLike, *, least: int) -> Complex:
    found: Complex = np.asarray(z, np.complex128)
    if found.ndim != 2 or min(found.shape) < least or not np.isfinite(found).all():
        raise ValueError(
            f"{name} needs a map (rows, columns) of {least} x {least} finite numbers or more, got shape {found.shape}; "
            "pass what orientation_map gives"
        )
    return found


def _here(z: Complex, axis: int, wraps: bool) -> Complex:
    """Units that have one behind them along an axis."""
    return z if wraps else np.take(z, np.arange(z.shape[axis] - 1), axis=axis)


def _beside(z: Complex, axis: int, wraps: bool) -> Complex:
    """The units behind those of `_here`."""
    return np.roll(z, -1, axis=axis) if wraps else np.take(z, np.arange(1, z.shape[axis]), axis=axis)


def _zero_inside(corners: Complex) -> Floats:
    """Row and column (n, 2), from 0 to 1, where the bilinear function of each four corners (n, 4) is 0.

    Newton's method from the middle: four steps are more than enough, and a point that leaves the square stays at its
    edge.
    """
    a, b, c, d = corners.T
    row, column = np.full((2, len(a)), 0.5)
    for _ in range(4):
        value = a * (1 - row) * (1 - column) + b * (1 - row) * column + c * row * column + d * row * (1 - column)
        down = (d - a) * (1 - column) + (c - b) * column
        right = (b - a) * (1 - row) + (c - d) * row
        area = down.real * right.imag - down.imag * right.real
        area = np.where(area == 0.0, 1.0, area)
        row = np.clip(row - (value.real * right.imag - value.imag * right.real) / area, 0.0, 1.0)
        column = np.clip(column - (down.real * value.imag - down.imag * value.real) / area, 0.0, 1.0)
    return np.stack([row, column], axis=1)


def _ring_frequency(f: Floats, power: Floats, count: NDArray[np.int64]) -> float:
    """Frequency of the ring: the middle of a Gaussian that is fitted on a quadratic; NaN if power has no peak.

    Each of the mean powers counts by the number of frequencies it is the mean of.
    """
    smooth = np.convolve(count * power, np.ones(3), "same") / np.convolve(count, np.ones(3), "same")
    rises = np.flatnonzero((smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:])) + 1
    if not len(rises):
        return math.nan
    top = int(rises[smooth[rises].argmax()])  # low frequencies are few, and one of them may stand out by chance
    if smooth[top] < PROMINENT * np.median(power):
        return math.nan

    strong = power > 0.02 * power.max()
    if strong.sum() <= 3:  # too thin for a fit
        return float(np.average(f[strong], weights=power[strong]))

    def ring(k: Floats, height: float, centre: float, width: float, *background: float) -> Floats:
        return height * np.exp(-((k - centre) ** 2) / (2.0 * width**2)) + np.polyval(background, k)

    step = float(np.diff(f).mean())
    start = [1.0, f[top], step, 0.0, 0.0, 0.0]
    low = [0.0, 0.0, 0.5 * step, -np.inf, -np.inf, -np.inf]  # a ring is not thinner than what is resolved
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OptimizeWarning)  # a ring of one frequency has no width to be sure of
        try:
            found, _ = curve_fit(
                ring, f, power / smooth[top], start, 1.0 / np.sqrt(count), bounds=(low, np.inf), max_nfev=4000
            )
        except RuntimeError:
            return float(f[top])
    centre = float(found[1])
    return centre if found[0] > 0.0 and abs(centre - f[top]) < 3.0 * step else float(f[top])
