"""What the components of images look like: fits of Gabor functions, and the orientations they cover.

Images have row 0 at the top. Orientations are those of the stripes, in radians, counter-clockwise from horizontal as
the image is seen: 0 for horizontal stripes, pi/2 for vertical ones. Join ON and OFF channels (ON minus OFF) first.
"""

from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from tectum.analysis._checks import check_table

Floats = NDArray[np.float64]

# Amplitudes of the cosine and the sine, and the offset: given the rest, they follow from linear least squares
N_LINEAR = 3

PADDED = 64  # side of the zero-padded image whose spectrum gives the starting frequencies

# Starting widths of the envelope, as multiples of the width that the energy of the image suggests
WIDTHS = (0.6, 1.0, 1.6)

N_PEAKS, N_STARTS = 3, 3  # peaks of the spectrum tried as starting frequencies, and starts refined of all combinations
MAX_EVALUATIONS = 80  # evaluations per refined start; few fits need more, and those gain nothing visible
GOOD_ENOUGH = 0.999  # R2 beyond which no further start is refined


class GaborFit(NamedTuple):
    """Best-fitting Gabor function of each component.

    ``offset + amplitude exp(-u^2 / (2 sigma_x^2) - v^2 / (2 sigma_y^2)) cos(2 pi frequency u + phase)`` (Jones &
    Palmer 1987), with u the distance from the centre across the stripes and v along them. u points from the stripes'
    orientation a quarter turn counter-clockwise: upwards for horizontal stripes, left for vertical ones.

    Examples
    --------
    >>> x, y = np.meshgrid(np.linspace(-2, 2, 8), np.linspace(-2, 2, 8))
    >>> gabor = np.exp(-(x**2) - y**2) * np.cos(3 * x)
    >>> fit_gabors(gabor.reshape(1, -1), (8, 8)).frequency.shape
    (1,)
    """

    r2: Floats  # (n_components,) share of the variance over pixels that the fit explains
    orientation: Floats  # (n_components,) radians in [0, pi), of the stripes, counter-clockwise from horizontal
    frequency: Floats  # (n_components,) cycles per pixel
    phase: Floats  # (n_components,) radians in [-pi, pi); 0 peaks at the centre, pi/2 falls there along u
    sigma_x: Floats  # (n_components,) pixels, standard deviation of the envelope across the stripes
    sigma_y: Floats  # (n_components,) pixels, standard deviation of the envelope along the stripes
    centre: Floats  # (n_components, 2) row and column of the envelope's centre, pixels from the middle of pixel (0, 0)
    amplitude: Floats  # (n_components,) in units of the component
    offset: Floats  # (n_components,) in units of the component


def fit_gabors(components: ArrayLike, image_shape: tuple[int, int]) -> GaborFit:
    """Fit a two-dimensional Gabor function to each component, by least squares from several starts.

    The starts combine peaks of the component's spectrum with several widths around the centre of its energy; the best
    three are refined (Levenberg-Marquardt). Centre, widths and frequency stay within the image: centre inside it,
    widths from 0.5 pixel to its longer side, frequency from an eighth of a cycle per longer side to 0.5 cycles per
    pixel. R2 does not depend on gain, sign or offset of a component. A fit takes about 30 ms.

    Parameters
    ----------
    components : array-like of shape (n_components, height*width)
        One flattened image per row, signed or not.
    image_shape : tuple of int
        (height, width) in pixels, each 4 or more. A Gabor function has nine free numbers: below about 8 x 8 pixels it
        fits nearly anything, so always fit a control too, such as raw patches.

    Returns
    -------
    GaborFit
        Arrays with one entry per component; NaN throughout for a constant component.

    Raises
    ------
    ValueError
        If ``components`` is not a finite 2-D array whose rows have the shape ``image_shape``.

    References
    ----------
    J. P. Jones, L. A. Palmer, "An evaluation of the two-dimensional Gabor filter model of simple receptive fields in
    cat striate cortex", Journal of Neurophysiology 58:1233-1258, 1987.

    Examples
    --------
    >>> x, y = np.meshgrid(np.linspace(-2, 2, 8), np.linspace(-2, 2, 8))
    >>> gabor = np.exp(-(x**2) - y**2) * np.cos(3 * x)
    >>> bool(fit_gabors(gabor.reshape(1, -1), (8, 8)).r2[0] > 0.95)
    True
    """
    table = check_table("components", components)
    sides = np.asarray(image_shape)
    if sides.shape != (2,) or sides.dtype.kind not in "iu" or sides.min() < 4 or sides.prod() != table.shape[1]:
        raise ValueError(
            f"image_shape must be (height, width), each 4 or more, with {table.shape[1]} pixels in all, got "
            f"{image_shape!r}; pass the shape of one component, ON and OFF channels joined"
        )
    height, width = (int(side) for side in sides)
    space = _Space(height, width)
    rows = np.array([_fit(space, component.reshape(height, width)) for component in table])
    r2, orientation, frequency, phase, sigma_x, sigma_y, row, column, amplitude, offset = rows.T
    centre = np.stack([row, column], axis=1)
    return GaborFit(r2, orientation, frequency, phase, sigma_x, sigma_y, centre, amplitude, offset)


def gabor_share(r2: ArrayLike, threshold: float = 0.6) -> float:
    """Share of components that a Gabor function fits well.

    Parameters
    ----------
    r2 : array-like of shape (n_components,)
        From `fit_gabors`; NaN (a constant component) counts as not fitted.
    threshold : float, default=0.6
        R2 to exceed.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If ``r2`` is not a 1-D array with at least one entry.

    Examples
    --------
    >>> gabor_share([0.9, 0.2])
    0.5
    """
    values = _check_vector("r2", r2)
    return float(np.mean(values > threshold))


def orientation_histogram(orientation: ArrayLike, n_bins: int = 8) -> NDArray[np.intp]:
    """Number of components per orientation.

    Parameters
    ----------
    orientation : array-like of shape (n_components,)
        Radians, taken modulo pi; NaN is left out.
    n_bins : int, default=8
        Bin k is centred on ``k pi / n_bins``, so that horizontal and vertical stripes lie in the middle of theirs.

    Returns
    -------
    ndarray of int, shape (n_bins,)

    Raises
    ------
    ValueError
        If ``orientation`` is not a 1-D array with at least one entry, or ``n_bins`` not a positive integer.

    Examples
    --------
    >>> orientation_histogram([0.0, 0.1, 1.6], n_bins=4)
    array([2, 0, 1, 0])
    """
    angles = _check_vector("orientation", orientation)
    if not isinstance(n_bins, (int, np.integer)) or n_bins < 1:
        raise ValueError(f"n_bins must be a positive integer, got {n_bins!r}; 8 gives bins of 22.5 degrees")
    steps = np.floor(angles[np.isfinite(angles)] * n_bins / np.pi + 0.5).astype(np.intp)
    return np.bincount(steps % n_bins, minlength=n_bins)


class _Space:
    """Pixels of one image shape, and the map from unbounded numbers to parameters within their bounds.

    Parameters of the envelope and carrier are (x, y, angle, frequency, sigma_x, sigma_y); x counts columns, y rows
    upwards, and angle is the direction of u.
    """

    def __init__(self, height: int, width: int) -> None:
        side = max(height, width)
        self.height, self.width = height, width
        self.x = np.tile(np.arange(width, dtype=np.float64), height)
        self.y = np.repeat(np.arange(height - 1, -1, -1, dtype=np.float64), width)
        self.low = np.array([-0.5, -0.5, -np.inf, 0.125 / side, 0.5, 0.5])
        self.high = np.array([width - 0.5, height - 0.5, np.inf, 0.5, side, side])
        self.bounded = np.isfinite(self.low)

    def inside(self, free: Floats) -> tuple[Floats, Floats]:
        """Parameters (6,) of unbounded numbers, and their derivatives."""
        inside, slope = free.copy(), np.ones(6)
        b = self.bounded
        low, span = self.low[b], self.high[b] - self.low[b]
        share = 0.5 * (1.0 + np.tanh(0.5 * free[b]))
        inside[b], slope[b] = low + span * share, span * share * (1.0 - share)
        return inside, slope

    def unbounded(self, parameters: Floats) -> Floats:
        """Unbounded numbers of parameters (6,), which are first moved off their bounds."""
        free = parameters.copy()
        b = self.bounded
        share = (parameters[b] - self.low[b]) / (self.high[b] - self.low[b])
        share = np.clip(share, 0.02, 0.98)
        free[b] = np.log(share / (1.0 - share))
        return free

    def waves(self, parameters: Floats) -> tuple[Floats, ...]:
        """Envelope, cosine, sine, u and v of ``parameters`` (..., 6), each of shape (..., n_pixels)."""
        x0, y0, angle, frequency, sigma_x, sigma_y = (parameters[..., k, None] for k in range(6))
        dx, dy = self.x - x0, self.y - y0
        u = dx * np.cos(angle) + dy * np.sin(angle)
        v = dy * np.cos(angle) - dx * np.sin(angle)
        envelope = np.exp(-0.5 * ((u / sigma_x) ** 2 + (v / sigma_y) ** 2))
        cycle = 2.0 * np.pi * frequency * u
        return envelope, np.cos(cycle), np.sin(cycle), u, v

    def basis(self, parameters: Floats) -> Floats:
        """Enveloped cosine and sine, and ones: (..., n_pixels, 3)."""
        envelope, cosine, sine, _, _ = self.waves(parameters)
        return np.stack([envelope * cosine, envelope * sine, np.ones_like(envelope)], axis=-1)

    def residual(self, free: Floats, target: Floats) -> Floats:
        """Fit minus ``target`` (n_pixels,); ``free`` (9,) holds the linear coefficients and the unbounded numbers."""
        return self.basis(self.inside(free[N_LINEAR:])[0]) @ free[:N_LINEAR] - target

    def slopes(self, free: Floats, target: Floats) -> Floats:
        """Derivatives of `residual` by ``free``, (n_pixels, 9)."""
        a, b, _ = free[:N_LINEAR]
        parameters, chain = self.inside(free[N_LINEAR:])
        _, _, angle, frequency, sigma_x, sigma_y = parameters
        envelope, cosine, sine, u, v = self.waves(parameters)
        wave = envelope * (a * cosine + b * sine)
        turned = 2.0 * np.pi * envelope * (b * cosine - a * sine)
        by_u, by_v = -u / sigma_x**2 * wave + frequency * turned, -v / sigma_y**2 * wave
        columns = [
            -np.cos(angle) * by_u + np.sin(angle) * by_v,
            -np.sin(angle) * by_u - np.cos(angle) * by_v,
            v * by_u - u * by_v,
            u * turned,
            u**2 / sigma_x**3 * wave,
            v**2 / sigma_y**3 * wave,
        ]
        linear = [envelope * cosine, envelope * sine, np.ones_like(u)]
        return np.stack([*linear, *(d * c for d, c in zip(columns, chain, strict=True))], axis=1)


def _fit(space: _Space, image: Floats) -> Floats:
    """Fields of `GaborFit` for one image (height, width), the centre as two numbers: (10,)."""
    mean, norm = image.mean(), np.linalg.norm(image - image.mean())
    if norm <= 1e-12 * np.abs(image).max() * np.sqrt(image.size) or norm == 0.0:
        return np.full(10, np.nan)
    target = (image.ravel() - mean) / norm
    best: Any = None
    for start in _starts(space, target):
        found = least_squares(
            space.residual, start, jac=space.slopes, method="lm", max_nfev=MAX_EVALUATIONS, args=(target,)
        )
        if best is None or found.cost < best.cost:
            best = found
        if 2.0 * best.cost < 1.0 - GOOD_ENOUGH:
            break
    a, b, offset = best.x[:N_LINEAR]
    x, y, angle, frequency, sigma_x, sigma_y = space.inside(best.x[N_LINEAR:])[0]
    orientation = (angle - np.pi / 2) % np.pi % np.pi  # the second where rounding makes the first pi
    phase = np.arctan2(-b, a)
    if np.cos(angle - orientation - np.pi / 2) < 0:
        phase = -phase  # u of the fit points against u of the report
    phase = (phase + np.pi) % (2.0 * np.pi) - np.pi
    r2, row = 1.0 - 2.0 * best.cost, space.height - 1 - y
    amplitude = norm * np.hypot(a, b)
    return np.array([r2, orientation, frequency, phase, sigma_x, sigma_y, row, x, amplitude, mean + norm * offset])


def _starts(space: _Space, target: Floats) -> list[Floats]:
    """The ``N_STARTS`` best of all starts, best first: each (9,) as `_Space.residual` takes them."""
    energy = target**2 / np.sum(target**2)
    x0, y0 = energy @ space.x, energy @ space.y
    spread = np.sqrt(0.5 * (energy @ ((space.x - x0) ** 2 + (space.y - y0) ** 2)))
    peak = np.argmax(energy)
    starts = np.array(
        [
            (x, y, angle, frequency, across * spread, along * spread)
            for (angle, frequency), across, along, (x, y) in product(
                _spectral_peaks(space, target), WIDTHS, WIDTHS, ((x0, y0), (space.x[peak], space.y[peak]))
            )
        ]
    )
    free = np.array([space.unbounded(start) for start in starts])
    basis = space.basis(np.array([space.inside(row)[0] for row in free]))
    gram = np.einsum("spa,spb->sab", basis, basis) + 1e-9 * np.eye(N_LINEAR)
    shares = np.einsum("spa,p->sa", basis, target)
    linear = np.linalg.solve(gram, shares[..., None])[..., 0]
    explained = np.einsum("sa,sa->s", linear, shares)
    order = np.argsort(-explained, kind="stable")[:N_STARTS]
    return [np.concatenate([linear[k], free[k]]) for k in order]


def _spectral_peaks(space: _Space, target: Floats) -> list[tuple[float, float]]:
    """Angle and frequency (cycles per pixel) of the ``N_PEAKS`` highest separate peaks of the spectrum."""
    side = max(PADDED, 2 * max(space.height, space.width))
    image = target.reshape(space.height, space.width)[::-1]  # rows upwards, as y
    spectrum = np.abs(np.fft.rfft2(image, (side, side)))
    fy, fx = np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij")
    frequency = np.hypot(fx, fy)
    spectrum[(frequency < space.low[3]) | (frequency > space.high[3])] = 0.0
    apart = 0.75 / max(space.height, space.width)
    peaks = []
    for _ in range(N_PEAKS):
        k = np.unravel_index(np.argmax(spectrum), spectrum.shape)
        peaks.append((float(np.arctan2(fy[k], fx[k])), float(frequency[k])))
        for sign in (1.0, -1.0):  # a frequency and its opposite are one wave
            spectrum[np.hypot(fx - sign * fx[k], fy - sign * fy[k]) < apart] = 0.0
    return peaks


def _check_vector(name: str, values: ArrayLike) -> Floats:
    """``values`` as a non-empty 1-D float array; NaN is allowed."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1 or vector.size == 0:
        raise ValueError(
            f"{name} must be a 1-D array with one value per component, got shape {vector.shape}; pass the field "
            f"{name} of fit_gabors"
        )
    return vector
