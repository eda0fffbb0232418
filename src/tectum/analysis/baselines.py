"""What a map is measured against: Kohonen's self-organising map."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from sklearn.utils import check_random_state

from tectum.analysis._checks import check_shape, check_table
from tectum.analysis.map_grid import grid_positions

FIRST_RATE, LAST_RATE = 0.5, 0.02
LAST_RADIUS = 0.5
"""Radius in grid units at the end: neighbours then move a seventh as far as the winner."""


def kohonen_codebook(
    X: ArrayLike, shape: tuple[int, int], n_steps: int, random_state: Any = None
) -> NDArray[np.float64]:
    """Codebook of a Kohonen map, learned online from samples drawn at random.

    ``w_j <- w_j + rate exp(-d_j^2 / (2 radius^2)) (x - w_j)`` with d_j the distance on the grid from neuron j to the
    nearest codebook row (Kohonen 1982). The rate falls from 0.5 to 0.02, the radius from half the longer side of the
    map to 0.5, both exponentially.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Scale the features first where they should count alike.
    shape : tuple of int
        (rows, cols).
    n_steps : int
        Number of samples drawn, with replacement.
    random_state : int, RandomState or None, default=None
        Initial codebook and order of the samples.

    Returns
    -------
    ndarray of shape (rows*cols, n_features)
        In the units of ``X``; rows start as samples drawn at random.

    Raises
    ------
    ValueError
        If ``X`` is not a finite 2-D array or ``n_steps`` not a positive integer.

    References
    ----------
    T. Kohonen, "Self-organized formation of topologically correct feature maps", Biological Cybernetics 43:59-69, 1982.
    """
    X = check_table("X", X)
    if not isinstance(n_steps, (int, np.integer)) or n_steps < 1:
        raise ValueError(f"n_steps must be a positive integer, got {n_steps!r}; 10,000 suit a map of 100 neurons")
    positions = grid_positions(shape)
    squared = cdist(positions, positions, "sqeuclidean")
    rng = check_random_state(random_state)
    codebook = X[rng.randint(len(X), size=len(positions))]
    order = rng.randint(len(X), size=n_steps)
    share = np.linspace(0.0, 1.0, n_steps)
    first_radius = max(LAST_RADIUS, max(check_shape(shape)) / 2)
    rates = FIRST_RATE * (LAST_RATE / FIRST_RATE) ** share
    widths = 2.0 * (first_radius * (LAST_RADIUS / first_radius) ** share) ** 2
    for sample, rate, width in zip(order, rates, widths, strict=True):
        towards = X[sample] - codebook
        winner = np.einsum("jd,jd->j", towards, towards).argmin()
        codebook += rate * np.exp(-squared[winner] / width)[:, np.newaxis] * towards
    return codebook
