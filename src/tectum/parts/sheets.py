"""Sheets: two-dimensional layers on which waves travel, and where their nodes are."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Sheet(NamedTuple):
    """Nodes on a square with open borders, at random places, on a regular grid or where you put them.

    Sheets lie on top of each other; the distance between them has no meaning, and each has its own unit of length.
    """

    shape: Any = None  # number of nodes at random places, or (rows, columns) of a grid; None: a node per feature
    side: float | None = None  # length of the longer side; None: 20 for the first sheet, 10 for the others
    jitter: float = 0.0  # uniform displacement of the nodes of a grid, as a share of their spacing
    positions: Any = None  # (n, 2) places of the nodes, in place of a shape
    alive: Any = None  # (n,) False for nodes that never fire; None: all live

    @property
    def n_nodes(self) -> int | None:
        """Number of nodes; None if it is that of the features."""
        if self.positions is not None:
            return len(self.positions)
        return None if self.shape is None else int(np.prod(self.shape))

    @property
    def columns(self) -> int:
        """Columns of a regular grid, numbered row by row; 0 for nodes elsewhere."""
        regular = self.positions is None and self.jitter == 0.0 and np.ndim(self.shape) == 1
        return int(self.shape[1]) if regular else 0

    def places(self, uniform: NDArray[np.float32]) -> NDArray[np.float64]:
        """Positions (n, 2) of the nodes as (x, y), from random numbers (n, 2) in [0, 1).

        Nodes of a grid are in the middle of square cells.
        """
        if self.positions is not None:
            return np.asarray(self.positions, dtype=np.float64)
        side = self.side or 1.0
        if np.ndim(self.shape) == 0:
            return side * uniform.astype(np.float64)
        row, column = np.divmod(np.arange(self.n_nodes or 0), self.shape[1])
        cell = np.stack([column, row], axis=1) + 0.5 + self.jitter * (uniform - 0.5)
        return side / max(self.shape) * cell

    def living(self) -> NDArray[np.bool_]:
        """Whether each node (n,) lives."""
        if self.alive is None:
            return np.ones(self.n_nodes or 0, dtype=bool)
        return np.asarray(self.alive, dtype=bool)
