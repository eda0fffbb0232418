"""Where the neurons of a map are before learning."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from tectum.core.random import integers
from tectum.parts.start import PlaneStart, SampleStart
from tectum.parts.topology import Grid

START_STREAM = 0x7374617274  # "start": tells the draws of a start from the other draws of a model
MOST_SAMPLES = 5_000  # from which the plane is found


def start_points(start: Any, P: NDArray[np.float64], grid: Grid, seed: np.uint64) -> NDArray[np.float64] | None:
    """Points (n_neurons, n_rings) that the neurons prefer, for samples P (n_samples, n_rings) on the rings.

    None for a random start, and for samples that span no plane.
    """
    P = P[~np.isnan(P).any(axis=1)]
    if isinstance(start, SampleStart) and len(P):
        first = np.uint64(START_STREAM << 20)
        return P[[integers(seed, first + np.uint64(j), len(P)) for j in range(grid.n_neurons)]]
    if not isinstance(start, PlaneStart) or min(P.shape) < 2 or not np.ptp(P, axis=0).any():
        return None
    rows = np.linspace(0, len(P) - 1, min(len(P), MOST_SAMPLES)).astype(int)
    plane = PCA(n_components=2, random_state=int(seed % np.uint64(2**32))).fit(P[rows])
    along = np.stack(np.divmod(np.arange(grid.n_neurons), grid.columns), axis=1)
    along = 2.0 * along / np.maximum(1, np.array(grid) - 1) - (np.array(grid) > 1)  # from -1 to 1
    if grid.columns > grid.rows:  # the first component along the longer side
        along = along[:, ::-1]
    offsets = start.span * np.sqrt(plane.explained_variance_) * along
    return np.clip(plane.mean_ + offsets @ plane.components_, P.min(axis=0), P.max(axis=0))
