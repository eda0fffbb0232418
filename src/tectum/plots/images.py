"""Maps of images: what each neuron prefers, drawn at its place."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from tectum.plots.checks import check_codebook
from tectum.plots.layout import add_colour_bar, axes_or_new, draws_on_axes, finite_limits, format_map, tile

BYTES = 2.0  # colours above it are counted to 255; those of a codebook stray a little from those of the data


@draws_on_axes
def plot_codebook_images(
    codebook: npt.ArrayLike,
    shape: tuple[int, int],
    image_shape: tuple[int, int] | tuple[int, int, int],
    *,
    cmap: str = "gray",
    label: str = "codebook value",
    ax: Axes | None = None,
) -> Axes:
    """Draw what each neuron prefers as an image, at the neuron's place in the map.

    Parameters
    ----------
    codebook : (rows * cols, n_features) array
        One image per neuron, flattened; grey values of any range, or colours in [0, 1], or in [0, 255] if any is above
        2. NaN is left empty.
    shape : (rows, cols)
        Shape of the map.
    image_shape : (height, width) or (height, width, 3)
        Shape of one image in pixels; with 3 for red, green and blue.
    cmap : str, default="gray"
        Colour map of grey values; all images share one scale.
    label : str
        Label of the colour bar of grey values.

    Raises
    ------
    ValueError
        If the codebook does not fit ``shape`` or ``image_shape``.

    Examples
    --------
    >>> codebook = np.eye(16)
    >>> ax = plot_codebook_images(codebook, (4, 4), (4, 4))
    """
    values = check_codebook(codebook, shape, "plot_codebook_images.codebook")
    is_colour = len(image_shape) == 3 and image_shape[2] == 3
    if values.shape[1] != np.prod(image_shape) or not (is_colour or len(image_shape) == 2):
        raise ValueError(
            f"plot_codebook_images.image_shape must be (height, width) or (height, width, 3) with {values.shape[1]} "
            f"values in all, got {image_shape}; pass the shape of one sample before it was flattened."
        )
    rows, cols = shape
    height, width = image_shape[:2]
    gap = max(1, round(0.06 * max(height, width)))
    tiles = tile(values.reshape(rows, cols, height, width, -1), gap)
    pixel = 0.55 * gap / (width + gap), 0.55 * gap / (height + gap)
    if ax is None:
        scale = 4.6 / max(rows * height, cols * width)
        ax = axes_or_new(None, (max(cols * width * scale, 1.6) + 1.2, max(rows * height * scale, 1.0) + 0.6))
    format_map(ax, shape)
    extent = (pixel[0] - 0.5, cols - 0.5 + pixel[0], rows - 0.5 + pixel[1], pixel[1] - 0.5)
    if is_colour:
        full = 255.0 if np.nanmax(values, initial=0.0) > BYTES else 1.0
        ax.imshow(np.dstack([np.clip(np.nan_to_num(tiles) / full, 0, 1), np.isfinite(tiles[..., 0])]), extent=extent)
    else:
        norm = Normalize(*finite_limits(values))
        image = ax.imshow(np.ma.masked_invalid(tiles[..., 0]), cmap=cmap, norm=norm, extent=extent)
        add_colour_bar(ax, image, label, shape=shape)
    ax.set(xlim=(-0.5, cols - 0.5), ylim=(rows - 0.5, -0.5), aspect=(height + gap) / (width + gap))
    return ax
