"""What is done to images and patches before they are learned: whitening, contrast, ON and OFF channels."""

import math
import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import dctn, idctn
from scipy.ndimage import gaussian_filter

from tectum.image.patches import as_images, floating


def whiten(images: ArrayLike, *, f0: float = 0.4, power: float = 4.0, per_image: bool = True) -> NDArray[np.floating]:
    """Images with a flat spectrum up to about ``f0``: the filter ``f exp(-(f / f0)^power)``.

    The amplitude of natural images falls as ``1 / f``; the first factor undoes that and the second one removes the
    highest frequencies, where noise and the corners of the square lattice would dominate (Olshausen & Field 1997).
    Deviation: images are continued by their mirror image instead of periodically, so that no false edges appear at
    their borders.

    Parameters
    ----------
    images : array-like of shape (n_images, height, width) or (n_images, height, width, channels)
        Channels are filtered one by one.
    f0 : float, default=0.4
        Cut-off in cycles per pixel; published are 200 cycles in 512 pixels, 0.39.
    power : float, default=4.0
        Steepness of the cut-off, no unit.
    per_image : bool, default=True
        Give each image unit variance; False scales all by one factor, which keeps their contrasts.

    Returns
    -------
    ndarray of the shape of ``images``
        Mean 0 and variance 1; constant images become 0. Floating types are kept, others become float64.

    Raises
    ------
    ValueError
        If ``images`` is not a finite array of images, or ``f0`` or ``power`` not positive.

    References
    ----------
    Olshausen & Field (1997). Sparse coding with an overcomplete basis set: a strategy employed by V1? Vision Research
    37(23), 3311-3325. doi:10.1016/S0042-6989(97)00169-7

    Examples
    --------
    >>> whiten(np.random.default_rng(0).random((1, 32, 32))).shape
    (1, 32, 32)
    """
    stack = _finite_images(images, "whiten.images")
    _check_positive(f0, "whiten.f0")
    _check_positive(power, "whiten.power")
    height, width = stack.shape[1:3]
    # Element k of a cosine transform over N pixels has k half-periods in them.
    f = np.hypot(*np.meshgrid(np.arange(height) / (2 * height), np.arange(width) / (2 * width), indexing="ij"))
    response = (f * np.exp(-((f / f0) ** power)))[..., np.newaxis]
    white = np.empty(stack.shape, floating(stack.dtype))
    squares = np.empty(len(stack))
    for m, image in enumerate(stack):
        # Less the first pixel, which the filter ignores: constant images then give zeros instead of rounding errors.
        filtered = idctn(dctn(image.astype(np.float64) - image[0, 0], axes=(0, 1)) * response, axes=(0, 1))
        squares[m] = np.mean(filtered**2)
        white[m] = filtered / _non_zero(math.sqrt(squares[m])) if per_image else filtered
    if not per_image:
        white /= _non_zero(math.sqrt(squares.mean()))
    return white if np.ndim(images) == 4 else white[..., 0]


def difference_of_gaussians(
    images: ArrayLike, *, sigma_centre: float = 1.0, sigma_surround: float = 2.0
) -> NDArray[np.floating]:
    """Each pixel's neighbourhood less its wider surround, as retinal ganglion cells see it (Rodieck 1965).

    Parameters
    ----------
    images : array-like of shape (n_images, height, width) or (n_images, height, width, channels)
        Channels are filtered one by one.
    sigma_centre, sigma_surround : float, default=1.0 and 2.0
        Standard deviations of the two Gaussians in pixels, both of area 1; images are continued by their mirror image.

    Returns
    -------
    ndarray of the shape of ``images``
        Floating types are kept, others become float64.

    Raises
    ------
    ValueError
        If ``images`` is not a finite array of images, or the surround not wider than the centre.

    Examples
    --------
    >>> difference_of_gaussians(np.random.default_rng(0).random((2, 16, 16))).shape
    (2, 16, 16)
    """
    stack = _finite_images(images, "difference_of_gaussians.images")
    _check_positive(sigma_centre, "difference_of_gaussians.sigma_centre")
    _check_positive(sigma_surround, "difference_of_gaussians.sigma_surround")
    if sigma_surround <= sigma_centre:
        raise ValueError(
            f"difference_of_gaussians.sigma_surround must be above sigma_centre = {sigma_centre!r}, got "
            f"{sigma_surround!r}; use about twice the centre"
        )
    contrast = np.empty(stack.shape, floating(stack.dtype))
    for m, image in enumerate(stack):
        centre, surround = (
            gaussian_filter(image.astype(np.float64), sigma, axes=(0, 1)) for sigma in (sigma_centre, sigma_surround)
        )
        contrast[m] = centre - surround
    return contrast if np.ndim(images) == 4 else contrast[..., 0]


def normalise_contrast(patches: ArrayLike, *, epsilon: float = 0.1) -> NDArray[np.floating]:
    """Patches less their mean, divided by their standard deviation plus ``epsilon``.

    Parameters
    ----------
    patches : array-like of shape (n_patches, n_pixels)
    epsilon : float, default=0.1
        In units of the pixels; keeps patches that are all but flat from becoming noise. The default suits images of
        unit variance or with pixels from 0 to 1.

    Returns
    -------
    ndarray of shape (n_patches, n_pixels)
        Floating types are kept, others become float64.

    Raises
    ------
    ValueError
        If ``patches`` is not a table, or ``epsilon`` not positive.

    Examples
    --------
    >>> normalise_contrast([[0.0, 1.0]]).round(2)
    array([[-0.83,  0.83]])
    """
    table = _as_table(patches, "normalise_contrast.patches")
    _check_positive(epsilon, "normalise_contrast.epsilon")
    centred = table - table.mean(axis=1, keepdims=True)
    centred /= table.std(axis=1, keepdims=True) + table.dtype.type(epsilon)
    return centred


def high_contrast(patches: ArrayLike, *, drop: float = 0.4) -> NDArray[np.bool_]:
    """Which patches remain when those of the lowest contrast are dropped: ``patches[high_contrast(patches)]``.

    Parameters
    ----------
    patches : array-like of shape (n_patches, n_pixels)
        Before `normalise_contrast`.
    drop : float, default=0.4
        Share of the patches to drop, from 0 up to but without 1.

    Returns
    -------
    ndarray of shape (n_patches,), bool
        False for the ``floor(drop * n_patches)`` patches of the smallest standard deviation, the first of equals.

    Raises
    ------
    ValueError
        If ``patches`` is not a table, or ``drop`` out of range.

    Examples
    --------
    >>> patches = np.outer([0.1, 1.0, 2.0], np.arange(4.0))
    >>> high_contrast(patches)
    array([False,  True,  True])
    """
    table = _as_table(patches, "high_contrast.patches")
    if not isinstance(drop, numbers.Real) or not 0 <= float(drop) < 1:
        raise ValueError(f"high_contrast.drop must be a share in [0, 1), got {drop!r}; 0.4 drops two in five")
    kept = np.ones(len(table), dtype=bool)
    kept[np.argsort(table.std(axis=1), kind="stable")[: math.floor(drop * len(table))]] = False
    return kept


def split_on_off(X: ArrayLike, *, scale: float = 3.0) -> NDArray[np.floating]:
    """Signed values as two channels in [0, 1], as a retina sends them: above zero ON, below zero OFF.

    ``ON = clip(x / scale, 0, 1)`` and ``OFF = clip(-x / scale, 0, 1)``.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    scale : float, default=3.0
        The value that becomes 1, in units of ``X``; 3 standard deviations after `normalise_contrast`.

    Returns
    -------
    ndarray of shape (n_samples, 2 * n_features)
        All ON channels, then all OFF channels. Floating types are kept, others become float64.

    Raises
    ------
    ValueError
        If ``X`` is not a table, or ``scale`` not positive.

    Examples
    --------
    >>> split_on_off([[1.5, -0.6]])
    array([[0.5, 0. , 0. , 0.2]])
    """
    table = _as_table(X, "split_on_off.X")
    _check_positive(scale, "split_on_off.scale")
    share = table / table.dtype.type(scale)
    return np.hstack([np.clip(share, 0, 1), np.clip(-share, 0, 1)])


def join_on_off(Z: ArrayLike, *, scale: float = 3.0) -> NDArray[np.floating]:
    """Signed values from ON and OFF channels, ``scale (ON - OFF)``: the inverse of `split_on_off` up to its clipping.

    Parameters
    ----------
    Z : array-like of shape (n_samples, 2 * n_features)
        All ON channels, then all OFF channels.
    scale : float, default=3.0
        As in `split_on_off`.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        Floating types are kept, others become float64.

    Raises
    ------
    ValueError
        If ``Z`` is not a table with an even number of columns, or ``scale`` not positive.

    Examples
    --------
    >>> join_on_off(split_on_off([[1.5, -0.6]]))
    array([[ 1.5, -0.6]])
    """
    table = _as_table(Z, "join_on_off.Z")
    _check_positive(scale, "join_on_off.scale")
    if table.shape[1] % 2:
        raise ValueError(
            f"join_on_off.Z must have an ON and an OFF column per feature, got {table.shape[1]} columns; "
            "pass what split_on_off returns"
        )
    on, off = np.split(table, 2, axis=1)
    return table.dtype.type(scale) * (on - off)


def _finite_images(images: ArrayLike, name: str) -> NDArray[Any]:
    stack = as_images(images, name)
    if not np.isfinite(stack).all():
        raise ValueError(f"{name} must be finite, got NaN or infinite pixels; drop or repair those images first")
    return stack


def _as_table(values: ArrayLike, name: str) -> NDArray[np.floating]:
    table = np.asarray(values)
    if table.ndim != 2 or table.shape[1] == 0 or table.dtype.kind not in "buif":
        raise ValueError(
            f"{name} must be a numerical table, one row per patch, got dtype {table.dtype} and shape {table.shape}; "
            f"use {name.rpartition('.')[2]}.reshape(1, -1) for a single row"
        )
    return table.astype(floating(table.dtype), copy=False)


def _check_positive(value: Any, name: str) -> None:
    if not isinstance(value, numbers.Real) or not 0 < float(value) < math.inf:
        raise ValueError(f"{name} must be a positive number, got {value!r}; leave it out to use the default")


def _non_zero(deviation: float) -> float:
    """What to divide by, so that zeros stay zeros."""
    return deviation or 1.0
