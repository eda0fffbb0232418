"""Images: patches, filters, and layers that apply one transformer to every patch."""

import types

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

__all__ = sorted(name for name, it in globals().items() if name[0] != "_" and not isinstance(it, types.ModuleType))
