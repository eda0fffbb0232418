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
BY_CHANCE = 4.0  # twice the standard deviation of the log ratio of equal variances, for one Gaussian sample or mixture


def start_points(
    start: Any, P: NDArray[np.float64], grid: Grid, seed: np.uint64, mixed: bool = True
) -> NDArray[np.float64] | None:
    """Points (n_neurons, n_rings) that the neurons prefer, for samples P (n_samples, n_rings) on the rings.

    Rings hold random mixtures of the features (`mixed`), or the features themselves.

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
    axes = _turned(plane, P[rows], mixed) @ (np.sqrt(plane.explained_variance_)[:, np.newaxis] * plane.components_)
    return np.clip(plane.mean_ + start.span * along @ axes, P.min(axis=0), P.max(axis=0))


def _turned(plane: PCA, P: NDArray[np.float64], mixed: bool) -> NDArray[np.float64]:
    """Axes (2, 2) for a map among the two components: these themselves, if their variances differ.

    If they differ by no more than chance, that of the samples P (n_samples, n_rings) and of random mixtures on the
    rings if there are any, as on a square, the components point anywhere. Then the axes are those along which fourth
    moments are least, so that a rectangular map fits: for scores z = z_1 + i z_2 of unit variance the sum of both
    moments at an angle a is 3/4 E|z|^4 + 1/4 Re(E[z^4] exp(-4ia)).
    """
    first, second = plane.explained_variance_
    drawn = P.shape if mixed else P.shape[:1]
    if first > second * np.exp(BY_CHANCE * np.sqrt(np.reciprocal(drawn, dtype=float).sum())):
        return np.eye(2)
    z = plane.transform(P) / np.sqrt([first, second]) @ [1.0, 1.0j]
    angle = np.angle(-np.mean(z**4)) / 4.0
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
