"""Images: patches, filters, and layers that apply one transformer to every patch."""

from tectum.image.convolution import Convolution, pool, pool_grid
from tectum.image.filters import (
    difference_of_gaussians,
    high_contrast,
    join_on_off,
    normalise_contrast,
    split_on_off,
    whiten,
)
from tectum.image.patches import extract_patches, patch_grid, reconstruct_images

__all__ = [
    "Convolution",
    "difference_of_gaussians",
    "extract_patches",
    "high_contrast",
    "join_on_off",
    "normalise_contrast",
    "patch_grid",
    "pool",
    "pool_grid",
    "reconstruct_images",
    "split_on_off",
    "whiten",
]
