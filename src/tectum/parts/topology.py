"""Where the neurons of a map are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Grid(NamedTuple):
    """Rectangular lattice of neurons with open borders, numbered row by row."""

    rows: int = 10
    columns: int = 10

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.rows * self.columns

    def positions(self) -> NDArray[np.float64]:
        """Row and column of each neuron, shape (n_neurons, 2)."""
        row, column = np.divmod(np.arange(self.n_neurons), self.columns)
        return np.stack([row, column], axis=1).astype(np.float64)
