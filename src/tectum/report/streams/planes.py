"""Frames in the plane: what is near to what, before a map and after it."""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum import analysis

N_COMPONENTS = 50  # principal components that t-SNE starts from
APART = 20  # kept frames on either side that are no neighbours of a frame


class Plane(NamedTuple):
    """Frames in the plane."""

    pca: NDArray[np.float64]  # (n, 2)
    tsne: NDArray[np.float64]  # (n, 2)
    dimension: float  # participation ratio
    neighbours: float  # share of frames whose nearest one, not near in time, is of the same clip; NaN without labels


def plane_of(X: NDArray[Any], labels: NDArray[np.intp] | None, random_state: int | None) -> Plane:
    """Frames in the plane; only the direction of a frame counts, as for the maps."""
    components, dimension = principal_components(X, N_COMPONENTS)
    near = math.nan
    if labels is not None and len(X) >= 2 * APART + 2:
        near = analysis.neighbour_agreement(components, labels, exclude=APART)
    tsne = analysis.project_tsne(components, random_state=random_state)
    return Plane(components[:, :2], tsne, dimension, near)


def principal_components(X: NDArray[Any], n: int) -> tuple[NDArray[np.float64], float]:
    """Coordinates (n_samples, n) of samples of length 1, and their participation ratio, from products of samples.

    Samples are fewer than features here, so that their products take less memory than a decomposition of X.
    """
    products = np.zeros((len(X), len(X)))
    squares = np.zeros(len(X))
    for first in range(0, X.shape[1], 4096):
        part = X[:, first : first + 4096].astype(np.float64)
        products += part @ part.T
        squares += (part**2).sum(axis=1)
    lengths = np.sqrt(np.maximum(squares, 1e-24))
    products /= np.outer(lengths, lengths)
    products -= products.mean(axis=0) + products.mean(axis=1)[:, None] - products.mean()
    values, vectors = np.linalg.eigh(products)
    values = np.maximum(values[::-1], 0.0)
    coordinates = np.zeros((len(X), max(2, n)))
    kept = min(n, len(X))
    coordinates[:, :kept] = vectors[:, ::-1][:, :kept] * np.sqrt(values[:kept])
    total = float(values.sum())
    return coordinates, total**2 / float((values**2).sum()) if total > 0 else math.nan
