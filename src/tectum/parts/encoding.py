"""Population code of a vector: the current that each input neuron receives, and its inverse."""

from typing import Annotated, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tectum.core.ranges import Below, Count, Range, Share

DECODED = 2**22  # weights held as float64 at a time


class CircularGaussian(NamedTuple):
    """Each input dimension is a ring of neurons with Gaussian receptive fields; defaults of the specification.

    Fois & Girau (2023) state the shape. The ring is the reason why features are scaled into `low` to `high`:
    its two ends are the same point.

    Examples
    --------
    >>> CircularGaussian()
    CircularGaussian(n_units=16, sigma=0.6, first=0.05, last=0.95, low=0.25, high=0.75, most=1024)
    """

    n_units: Annotated[int, Range(least=2, whole=True)] | None = 16  # per feature; None: by their number
    sigma: Annotated[float, Range(above=0, most=1e3)] = 0.6  # width of a receptive field, in turns of the ring
    first: Annotated[Share, Below("last")] | None = 0.05  # first centre; None: evenly around the ring
    last: Share = 0.95  # centre of the last one
    low: Annotated[Share, Below("high")] = 0.25  # where the smallest value of a feature lies on the ring
    high: Share = 0.75  # where the largest one lies
    most: Count = 1024  # units of all features together, if their number is not given

    def centres(self) -> NDArray[np.float64]:
        """Centres of the receptive fields on the ring, shape (n_units,)."""
        if self.n_units is None:
            raise ValueError("CircularGaussian.n_units must be a number here; choose one with sized_for(n_features)")
        if self.first is None:
            return (np.arange(self.n_units) + 0.5) / self.n_units
        return np.linspace(self.first, self.last, self.n_units)

    def sized_for(self, n_features: int) -> Self:
        """This code with a number of units: the given one, else 32 per feature, fewer where that were more than `most`.

        With `n_units=None` the input layer has at most `most` neurons or 4 per feature, whichever is more. The cost of
        a presentation is proportional to their number, and maps with more of them were measured to organise worse.
        """
        if self.n_units is not None:
            return self
        return self._replace(n_units=max(4, min(32, self.most // n_features)))

    def encode(self, scaled: NDArray[np.float64]) -> NDArray[np.float32]:
        """Input currents ``I_k = exp(-delta_k^2 / (2 sigma^2))``, delta the distance to the centre along the ring.

        Parameters
        ----------
        scaled : ndarray of shape (n_samples, n_features)
            Features on the ring, from `low` to `high`; NaN for one that is not known, whose currents are NaN.

        Returns
        -------
        ndarray of shape (n_samples, n_features * n_units), float32
            Currents; the units of a feature stand together.
        """
        delta = np.abs(scaled[:, :, None] - self.centres())
        delta = np.minimum(delta, 1.0 - delta)
        currents = np.exp(-(delta**2) / (2.0 * self.sigma**2)).astype(np.float32)
        return currents.reshape(len(scaled), -1)

    def decode(self, weights: NDArray[np.float32]) -> NDArray[np.float64]:
        """Preferred point of each neuron on the ring: the circular mean of the centres, weighted by its synapses.

        Parameters
        ----------
        weights : ndarray of shape (n_features * n_units, n_neurons)

        Returns
        -------
        ndarray of shape (n_neurons, n_features)
            Positions in [0, 1); NaN where a neuron has no weight at all.
        """
        centres = self.centres()
        w, turn = weights.reshape(-1, len(centres), weights.shape[1]), np.exp(2j * np.pi * centres)
        found = np.empty((w.shape[2], w.shape[0]))
        at_once = max(1, DECODED // w[0].size)
        for first in range(0, len(w), at_once):
            part = slice(first, first + at_once)
            vector = np.einsum("dkj,k->jd", w[part].astype(np.float64), turn)
            position = np.angle(vector) / (2.0 * np.pi) % 1.0 % 1.0  # a tiny negative angle gives 1 at first
            found[:, part] = np.where(np.abs(vector) > 0.0, position, np.nan)
        return found
