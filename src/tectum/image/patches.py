"""Patches of images: cut out, drawn at random, put together again."""

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from tectum.core.random import seed_from

Pair = tuple[int, int]

CHUNK = 4096  # patches copied at a time, so that drawing holds little more than its result


def extract_patches(
    images: ArrayLike,
    size: int | Pair,
    *,
    stride: int | Pair = 1,
    max_patches: int | None = None,
    random_state: Any = None,
) -> NDArray[Any]:
    """Patches of images, one flattened patch per row.

    Parameters
    ----------
    images : array-like of shape (n_images, height, width) or (n_images, height, width, channels)
    size : int or (int, int)
        Height and width of a patch in pixels.
    stride : int or (int, int), default=1
        Pixels from one patch to the next, down and to the right.
    max_patches : int or None, default=None
        How many patches to draw at random, without replacement, over all images; they come in random order. Needs the
        memory of these patches only. None takes every patch, in the order of the images, row by row.
    random_state : int, RandomState, Generator or None, default=None
        For the draw.

    Returns
    -------
    ndarray of shape (n_patches, height * width * channels)
        Copies in the type of ``images``; the pixels of a patch row by row, the channels of a pixel side by side.

    Raises
    ------
    ValueError
        If ``images`` is not such an array, or a patch does not fit into an image.

    Examples
    --------
    >>> extract_patches(np.random.default_rng(0).random((2, 16, 16)), 4, stride=4).shape
    (32, 16)
    """
    images = as_images(images, "extract_patches.images")
    size, step = check_pair(size, "extract_patches.size"), check_pair(stride, "extract_patches.stride")
    grid = grid_of(images.shape[1:], size, step, "extract_patches.size")
    windows = windows_of(images, size, step)
    n_all = len(images) * math.prod(grid)
    if max_patches is None:
        patches = np.empty(windows.shape, images.dtype)
        patches[...] = windows
        return patches.reshape(n_all, -1)
    if not isinstance(max_patches, numbers.Integral) or max_patches < 1:
        raise ValueError(
            f"extract_patches.max_patches must be a positive integer or None, got {max_patches!r}; None takes all"
        )
    drawn = generator_from(random_state).choice(n_all, size=min(int(max_patches), n_all), replace=False)
    patches = np.empty((len(drawn), *windows.shape[3:]), images.dtype)
    for start in range(0, len(drawn), CHUNK):
        part = slice(start, start + CHUNK)
        patches[part] = windows[np.unravel_index(drawn[part], windows.shape[:3])]
    return patches.reshape(len(drawn), -1)


def patch_grid(image_shape: Sequence[int], size: int | Pair, stride: int | Pair = 1) -> Pair:
    """How many patches an image has, downwards and to the right.

    Parameters
    ----------
    image_shape : (height, width) or (height, width, channels)
    size, stride : int or (int, int)
        As in `extract_patches`.

    Returns
    -------
    (rows, cols)

    Raises
    ------
    ValueError
        If a patch does not fit into the image.

    Examples
    --------
    >>> patch_grid((16, 20), 4, stride=2)
    (7, 9)
    """
    sides = check_image_shape(image_shape, "patch_grid.image_shape")
    return grid_of(
        sides, check_pair(size, "patch_grid.size"), check_pair(stride, "patch_grid.stride"), "patch_grid.size"
    )


def reconstruct_images(
    patches: ArrayLike,
    image_shape: Sequence[int],
    size: int | Pair,
    *,
    stride: int | Pair = 1,
    n_images: int | None = None,
) -> NDArray[np.floating]:
    """Images from all their patches: each pixel is the mean over the patches that cover it.

    The exact inverse of `extract_patches` for pixels that some patch covers; the others are 0.

    Parameters
    ----------
    patches : array-like of shape (n_images * rows * cols, height * width * channels)
        Every patch of every image, in the order of `extract_patches`.
    image_shape : (height, width) or (height, width, channels)
        Shape of one image.
    size, stride : int or (int, int)
        As in `extract_patches`.
    n_images : int or None, default=None
        Number of images, if it is to be checked; None infers it.

    Returns
    -------
    ndarray of shape (n_images, height, width) or (n_images, height, width, channels)
        In the type of ``patches`` where that is floating, else float64.

    Raises
    ------
    ValueError
        If the patches do not fit ``size`` and ``image_shape``, or are not those of whole images.

    Examples
    --------
    >>> images = np.random.default_rng(0).random((2, 8, 8))
    >>> bool(np.allclose(reconstruct_images(extract_patches(images, 4), (8, 8), 4), images))
    True
    """
    shape = check_image_shape(image_shape, "reconstruct_images.image_shape")
    size, step = check_pair(size, "reconstruct_images.size"), check_pair(stride, "reconstruct_images.stride")
    grid = grid_of(shape, size, step, "reconstruct_images.size")
    table = np.asarray(patches)
    n_pixels, n_each = math.prod(size) * shape[2], math.prod(grid)
    if table.ndim != 2 or table.shape[1] != n_pixels:
        raise ValueError(
            f"reconstruct_images.patches must have shape (n_patches, {n_pixels}) for patches of {size} pixels with "
            f"{shape[2]} channel(s), got {table.shape}; pass the size and image_shape they were cut with"
        )
    expected = len(table) // n_each if n_images is None else n_images
    if len(table) != expected * n_each or not expected:
        wanted = "a multiple of" if n_images is None else f"{n_images} times"
        raise ValueError(
            f"reconstruct_images.patches must be all patches of each image, {wanted} {grid[0]} * {grid[1]}, got "
            f"{len(table)}; a part drawn with max_patches cannot be put together"
        )
    dtype = floating(table.dtype)
    images = np.zeros((expected, *shape), dtype)
    blend(images, np.zeros((*shape[:2], 1), dtype), table.reshape(expected, *grid, *size, shape[2]), step)
    return images if len(image_shape) == 3 else images[..., 0]


def blend(images: NDArray[Any], counts: NDArray[Any], patches: NDArray[Any], stride: Pair) -> None:
    """Take patches (n, rows, cols, height, width, channels) into the mean of what covers each pixel.

    images (n, ..., channels) and counts (..., 1) are INOUT, and the first patch lies in their corner. As a running
    mean, so that patches that agree give their value to the last bit.
    """
    rows, cols, height, width = patches.shape[1:5]
    down, right = stride
    for y in range(height):
        for x in range(width):
            place = np.s_[y : y + (rows - 1) * down + 1 : down, x : x + (cols - 1) * right + 1 : right]
            counts[place] += 1
            mean = images[:, *place]
            mean += (patches[:, :, :, y, x] - mean) / counts[place]


def windows_of(images: NDArray[Any], size: Pair, stride: Pair) -> NDArray[Any]:
    """Read-only view (n_images, rows, cols, height, width, channels) of the patches of images with channels."""
    windows = sliding_window_view(images, size, axis=(1, 2))[:, :: stride[0], :: stride[1]]
    return np.moveaxis(windows, 3, -1)


def as_images(images: ArrayLike, name: str) -> NDArray[Any]:
    """``images`` as a non-empty numerical array (n_images, height, width, channels); ValueError naming ``name``."""
    try:
        array = np.asarray(images)
    except ValueError:
        raise ValueError(f"{name} must have one shape, got images of different shapes; crop or resize them") from None
    if array.ndim not in (3, 4) or 0 in array.shape:
        remedy = "pass image[None] for a single image" if array.ndim == 2 else "stack images of one shape"
        raise ValueError(
            f"{name} must be a non-empty array (n_images, height, width) or (n_images, height, width, channels), "
            f"got shape {array.shape}; {remedy}"
        )
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name} must hold real numbers, got dtype {array.dtype}; convert with .astype(float)")
    return array if array.ndim == 4 else array[..., np.newaxis]


def generator_from(random_state: Any) -> np.random.Generator:
    """A generator from what scikit-learn accepts as `random_state`; a Generator is used itself."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    return np.random.default_rng(int(seed_from(random_state)))


def check_pair(value: Any, name: str) -> Pair:
    """``value`` as two positive ints, a single one counting for both; ValueError naming ``name``."""
    pair = (value, value) if isinstance(value, numbers.Integral) else value
    if not isinstance(pair, Sequence | np.ndarray) or len(pair) != 2 or not all(map(_is_positive, pair)):
        raise ValueError(f"{name} must be a positive integer or two of them (down, right), got {value!r}; e.g. 5")
    return int(pair[0]), int(pair[1])


def check_image_shape(image_shape: Any, name: str) -> tuple[int, int, int]:
    """``image_shape`` as (height, width, channels); ValueError naming ``name``."""
    is_shape = isinstance(image_shape, Sequence | np.ndarray) and len(image_shape) in (2, 3)
    if not is_shape or not all(map(_is_positive, image_shape)):
        raise ValueError(
            f"{name} must be (height, width) or (height, width, channels), got {image_shape!r}; pass images.shape[1:]"
        )
    height, width, channels = (*map(int, image_shape), 1)[:3]
    return height, width, channels


def grid_of(image_shape: Sequence[int], size: Pair, stride: Pair, name: str) -> Pair:
    """Rows and columns of patches, from checked arguments; ValueError naming ``name`` where none fits."""
    if size[0] > image_shape[0] or size[1] > image_shape[1]:
        raise ValueError(
            f"{name} must be at most the {image_shape[0]} x {image_shape[1]} pixels of an image, got {size}; "
            "use smaller patches, and pass a single image as image[None]"
        )
    return (image_shape[0] - size[0]) // stride[0] + 1, (image_shape[1] - size[1]) // stride[1] + 1


def floating(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """``dtype`` if it is a floating type, else float64."""
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def _is_positive(number: Any) -> bool:
    return isinstance(number, numbers.Integral) and int(number) > 0
