"""Where the neurons of a map are, and how far apart.

A grid is a tuple (rows, columns) and numbers its neurons row by row; its type says which neurons are neighbours.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Grid(NamedTuple):
    """Rectangular lattice of neurons with open borders, numbered row by row.

    Examples
    --------
    >>> Grid(2, 3).positions().shape
    (6, 2)
    """

    rows: int = 10
    columns: int = 10

    @property
    def topology(self) -> str:
        """Name of the topology, a key of `TOPOLOGIES`."""
        return "rectangular"

    @property
    def hexagonal(self) -> bool:
        """Whether odd rows are shifted right by half a column, so that each neuron has six neighbours at distance 1."""
        return "hexagonal" in self.topology

    @property
    def wraps(self) -> bool:
        """Whether the first row follows the last, and the first column the last: a torus without borders."""
        return "toroidal" in self.topology

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return self.rows * self.columns

    def positions(self) -> NDArray[np.float64]:
        """Row and column of each neuron, shape (n_neurons, 2).

        Examples
        --------
        >>> Grid(1, 2).positions()
        array([[0., 0.],
               [0., 1.]])
        """
        row, column = np.divmod(np.arange(self.n_neurons), self.columns)
        return np.stack([row, column], axis=1).astype(np.float64)

    def squared(self, down: Any, right: Any, odd: Any = 0) -> NDArray[np.float64]:
        """Squared distance of the neurons so many rows and columns away from one in an even or an odd row.

        On a hexagonal lattice rows are sqrt(3)/2 apart; on a torus the shorter way counts. Exact: sums of quarters.
        """
        down, right = np.asarray(down), np.asarray(right, np.float64)
        if self.hexagonal:
            right = right + 0.5 * (down % 2) * (1 - 2 * np.asarray(odd))
        down, right = np.abs(down), np.abs(right)
        if self.wraps:
            down, right = np.minimum(down, self.rows - down), np.minimum(right, self.columns - right)
        return (0.75 if self.hexagonal else 1.0) * down**2 + right**2


class HexagonalGrid(Grid):
    """Hexagonal lattice with open borders: each neuron has six neighbours, all equally near.

    Examples
    --------
    >>> HexagonalGrid(2, 3).positions().shape
    (6, 2)
    """

    @property
    def topology(self) -> str:
        """``"hexagonal"``."""
        return "hexagonal"


class ToroidalGrid(Grid):
    """Rectangular lattice without borders.

    Examples
    --------
    >>> ToroidalGrid(2, 3).positions().shape
    (6, 2)
    """

    @property
    def topology(self) -> str:
        """``"toroidal"``."""
        return "toroidal"


class HexagonalTorus(Grid):
    """Hexagonal lattice without borders; the number of rows is even, so that they fit.

    Examples
    --------
    >>> HexagonalTorus(2, 4).positions().shape
    (8, 2)
    """

    @property
    def topology(self) -> str:
        """``"hexagonal-toroidal"``."""
        return "hexagonal-toroidal"


TOPOLOGIES: dict[str, type[Grid]] = {
    kind().topology: kind for kind in (Grid, HexagonalGrid, ToroidalGrid, HexagonalTorus)
}
