"""How a map grows: where its new neurons come, and what they begin with."""

import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.engine.maps.loop import MapState
from tectum.models.common import parameters
from tectum.parts.encoding import CircularGaussian
from tectum.parts.growth import GrowingGrid
from tectum.parts.topology import Grid

OF_NEURONS = ("s_drive", "y_drive", "s_lateral", "y_lateral", "m_v", "last_v")  # of a MapState, beside the weights


class Insertion(NamedTuple):
    """A row or a column of new neurons, each between two that were there."""

    grid: Grid  # with them
    ends: Any  # (n_new, 2) the neurons on both sides
    order: Any  # (n_neurons,) neurons in their places; the first new one is the number of those that were there

    def widen(self, values: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
        """Values of all neurons, along the last axis, from those of the old and of the new ones."""
        return np.ascontiguousarray(np.concatenate([values, new.astype(values.dtype)], axis=-1)[..., self.order])

    def widen_state(self, state: MapState, currents: NDArray[np.float32]) -> MapState:
        """The state with new neurons, which answer to the given currents (n_new, n_u) first.

        They have the weights of their ends, sorted and averaged, the strongest from the inputs that fire first: those
        of the plane's tuning would be less excitable than what has learned, and a mean of weights, which is blunt, too.
        """
        profile = np.sort(state.weights[:, self.ends], axis=0).mean(axis=2)
        order = np.argsort(currents.T, axis=0, kind="stable")
        weights = np.empty_like(profile)
        np.put_along_axis(weights, order, profile, axis=0)
        left = self.ends[:, 0]
        others = {name: self.widen(getattr(state, name), getattr(state, name)[left]) for name in OF_NEURONS}
        return state._replace(weights=self.widen(state.weights, weights), **others)


def check_growth(growth: GrowingGrid | None, topology: str) -> None:
    """Check the fields of the part, and that the map has borders and straight rows."""
    if growth is None:
        return
    parameters.check_part("SpikingSOM.growth", growth)
    if topology != "rectangular":
        raise ValueError(
            f"SpikingSOM.growth must be None on a {topology} map, got {growth!r}; use topology='rectangular'"
        )


def check_grid(shape: Any, topology: str, grid: Grid, growth: GrowingGrid | None) -> None:
    """Check that a map that learns on still is to have the shape and the topology that it has, or has grown from."""
    has_grown = growth is not None and all(start <= now for start, now in zip(shape, grid, strict=True))
    if topology != grid.topology or not (has_grown or tuple(shape) == tuple(grid)):
        raise ValueError(
            f"SpikingSOM.shape must stay {tuple(grid)} ({grid.topology}) while learning goes on, got {tuple(shape)} "
            f"({topology}); set it to that, or call fit with warm_start=False to begin anew"
        )


def until_growth(growth: GrowingGrid | None, seen: int) -> int:
    """Presentations until the map may grow."""
    return sys.maxsize if growth is None else growth.interval - seen % growth.interval


def grown(
    growth: GrowingGrid | None,
    seen: int,
    state: MapState,
    grid: Grid,
    encoder: CircularGaussian,
    snapshots: list[tuple[int, NDArray[np.float32]]],
) -> dict[str, Any]:
    """Attributes of a map that gets a row or a column after `seen` presentations, earlier snapshots too; else none."""
    new = None if growth is None or seen % growth.interval else insertion(state.weights, grid, growth)
    if new is None:
        return {}
    points = encoder.decode(state.weights)[new.ends].mean(axis=1)
    return {
        "_state": new.widen_state(state, encoder.encode(points)),
        "grid_": new.grid,
        "_snapshots": [(at, new.widen(kept.T, kept[new.ends].mean(axis=1).T).T) for at, kept in snapshots],
    }


def insertion(weights: NDArray[np.float32], grid: Grid, most: GrowingGrid) -> Insertion | None:
    """Where a map grows next, from its weights (n_u, n_v); None once it is full.

    Of the paths across the columns and across the rows the one with the larger mean difference is taken.
    """
    neurons = np.arange(grid.n_neurons).reshape(grid)
    found = []
    if grid.columns < most.columns:
        found.append((*_path(weights, neurons), neurons, False))
    if grid.rows < most.rows:
        found.append((*_path(weights, neurons.T), neurons.T, True))
    if not found:
        return None
    _, path, lines, turned = max(found, key=lambda one: one[0])
    n = np.arange(len(lines))
    ends = np.stack([lines[n, path], lines[n, path + 1]], axis=1)
    order = np.stack([np.insert(lines[i], path[i] + 1, grid.n_neurons + i) for i in n])
    order = order.T if turned else order
    return Insertion(type(grid)(*order.shape), ends, order.ravel())


def _path(weights: NDArray[np.float32], lines: NDArray[np.intp]) -> tuple[float, NDArray[np.intp]]:
    """The mean difference along the path of the largest, and where it passes each line: after which neuron.

    From line to line a pair gets the largest sum of a path that leads to it (dynamic programming).
    """
    columns = weights.T[lines].astype(np.float64)
    apart = ((columns[:, 1:] - columns[:, :-1]) ** 2).sum(axis=2)
    total, came = apart[0], []
    for line in apart[1:]:
        padded = np.pad(total, 1, constant_values=-np.inf)
        before = np.stack([padded[:-2], padded[1:-1], padded[2:]])
        came.append(np.arange(len(line)) + before.argmax(axis=0) - 1)
        total = line + before.max(axis=0)
    path = [int(total.argmax())]
    for back in reversed(came):
        path.append(int(back[path[-1]]))
    return float(total.max()) / len(lines), np.array(path[::-1])
