"""Sheets: two-dimensional layers on which waves travel, and where their nodes are."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.core.random import seed_from
from tectum.core.ranges import Positive, Share

QUASI_RANDOM = 1.3247179572447460 ** np.array([-1.0, -2.0])  # steps of the R2 sequence (Roberts 2018)

# Density relative to the highest at places (x, y) from -1 to 1.
OUTLINES: dict[str, Callable[..., Any]] = {
    "disc": lambda x, y: np.hypot(x, y) < 1.0,
    "annulus": lambda x, y: (np.hypot(x, y) < 1.0) & (np.hypot(x, y) > 0.45),
    "L": lambda x, y: (x < 0.0) | (y < 0.0),
    "retina": lambda x, y: (np.hypot(x, y) < 1.0) * (np.hypot(x - 0.5, y) > 0.15) * (1.0 - 0.5 * np.hypot(x, y)),
}


class Sheet(NamedTuple):
    """Nodes on a square with open borders, at random places, on a regular grid or where you put them.

    Sheets lie on top of each other; the distance between them has no meaning, and each has its own unit of length.

    Examples
    --------
    >>> Sheet(1600, side=20.0).side
    20.0
    """

    shape: Any = None  # number of nodes at random places, or (rows, columns) of a grid; None: a node per feature
    side: Positive | None = None  # length of the longer side; None: 20 for the first sheet, 10 for the others
    jitter: Share = 0.0  # uniform displacement of the nodes of a grid, as a share of their spacing
    positions: Any = None  # (n, 2) places of the nodes, in place of a shape
    alive: Any = None  # (n,) False for nodes that never fire; None: all live
    born: Any = None  # (n,) ms of growth at which nodes are born, before which they do not fire; None: from the start
    even: bool = False  # a number of nodes is spread evenly from a random place on, in place of at random

    @classmethod
    def inside(
        cls, outline: str, n_nodes: int, side: float = 20.0, random_state: Any = None, *, even: bool = False
    ) -> "Sheet":
        """Nodes inside an outline.

        Parameters
        ----------
        outline : {"disc", "annulus", "L", "retina"}
            A disc; one with a hole of 0.45 of its radius; a square without its upper right quarter; a disc whose
            density falls to a half at its rim, with a hole where the nerve leaves.
        n_nodes : int
            Two or more.
        side : float, default=20.0
            Diameter, or length of the longer side.
        random_state : int, RandomState, Generator or None, default=None
        even : bool, default=False
            Whether they are spread evenly, as with `Sheet.even`, in place of at random.

        Returns
        -------
        Sheet

        Raises
        ------
        ValueError
            If there is no such outline.
        """
        if outline not in OUTLINES:
            raise ValueError(f"Sheet.inside.outline must be one of {', '.join(OUTLINES)}, got {outline!r}")
        draw = np.random.default_rng(seed_from(random_state))
        found, start, n_tried = np.zeros((0, 2)), draw.uniform(size=2), np.arange(4 * n_nodes)[:, None]
        while len(found) < n_nodes:
            places = draw.uniform(-1.0, 1.0, (4 * n_nodes, 2))
            if even:
                places = 2.0 * ((start + n_tried * QUASI_RANDOM) % 1.0) - 1.0
                n_tried = n_tried + len(n_tried)
            found = np.concatenate([found, places[draw.random(len(places)) < OUTLINES[outline](*places.T)]])
        return cls(positions=0.5 * side * (1.0 + found[:n_nodes]))

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
            if self.even:
                uniform = (uniform[0] + np.arange(len(uniform))[:, None] * QUASI_RANDOM) % 1.0
            return side * uniform.astype(np.float64)
        row, column = np.divmod(np.arange(self.n_nodes or 0), self.shape[1])
        cell = np.stack([column, row], axis=1) + 0.5 + self.jitter * (uniform - 0.5)
        return side / max(self.shape) * cell

    def living(self) -> NDArray[np.bool_]:
        """Whether each node (n,) lives."""
        if self.alive is None:
            return np.ones(self.n_nodes or 0, dtype=bool)
        return np.asarray(self.alive, dtype=bool)
