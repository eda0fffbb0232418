"""How a map grows or moves its neurons: where new ones come, and what they begin with."""

import math
import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.engine.maps.loop import MapState
from tectum.models.common import parameters
from tectum.parts.encoding import CircularGaussian
from tectum.parts.growth import GrowingGrid, MovingGrid
from tectum.parts.topology import Grid

OF_NEURONS = ("s_drive", "y_drive", "s_lateral", "y_lateral", "m_v", "last_v")  # of a MapState, beside the weights


Growth = GrowingGrid | MovingGrid | None


class Insertion(NamedTuple):
    """A row or a column of new neurons, each between two that were there; others may go."""

    grid: Grid  # with them
    ends: Any  # (n_new, 2) the neurons on both sides
    order: Any  # (n_neurons,) those that stay and the new ones, in their places; the first new one has the next number

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


def check_growth(growth: Growth, topology: str) -> None:
    """Check the fields of the part, and that the map has borders and straight rows."""
    if growth is None:
        return
    parameters.check_part("SpikingSOM.growth", growth)
    if topology != "rectangular":
        raise ValueError(
            f"SpikingSOM.growth must be None on a {topology} map, got {growth!r}; use topology='rectangular'"
        )


def check_grid(shape: Any, topology: str, grid: Grid, growth: Growth) -> None:
    """Check that a map that learns on still is to have the shape and the topology that it has, or has grown from."""
    has_grown = isinstance(growth, GrowingGrid) and all(start <= now for start, now in zip(shape, grid, strict=True))
    if topology != grid.topology or not (has_grown or tuple(shape) == tuple(grid)):
        raise ValueError(
            f"SpikingSOM.shape must stay {tuple(grid)} ({grid.topology}) while learning goes on, got {tuple(shape)} "
            f"({topology}); set it to that, or call fit with warm_start=False to begin anew"
        )


def until_growth(growth: Growth, seen: int, n_neurons: int) -> int:
    """Presentations until the map may change."""
    return sys.maxsize if growth is None else (every := _interval(growth, n_neurons)) - seen % every


def _interval(growth: GrowingGrid | MovingGrid, n_neurons: int) -> int:
    return growth.interval if isinstance(growth, GrowingGrid) else math.ceil(growth.per_neuron * n_neurons)


def grown(
    growth: Growth,
    seen: int,
    state: MapState,
    wins: NDArray[np.int64],
    grid: Grid,
    encoder: CircularGaussian,
    snapshots: list[tuple[int, NDArray[np.float32]]],
) -> dict[str, Any]:
    """Attributes of a map that changes after `seen` presentations, earlier snapshots too; none before its time.

    Wins (n_neurons,) are those since the last time, and are counted anew. Neurons do not move on less than half of the
    wins that an interval has, as where they are counted only since a file was read or the part was set.
    """
    if growth is None or seen % (every := _interval(growth, grid.n_neurons)):
        return {}
    if isinstance(growth, MovingGrid) and 2 * wins.sum() < every:
        return {}
    new = insertion(state.weights, grid, growth) if isinstance(growth, GrowingGrid) else moved(wins, grid, growth)
    if new is None:
        return {"recent_wins_": np.zeros_like(wins)}
    points = encoder.decode(state.weights)[new.ends].mean(axis=1)
    return {
        "_state": new.widen_state(state, encoder.encode(points)),
        "recent_wins_": np.zeros(new.grid.n_neurons, np.int64),
        "grid_": new.grid,
        "_snapshots": [(at, new.widen(kept.T, kept[new.ends].mean(axis=1).T).T) for at, kept in snapshots],
    }


def insertion(weights: NDArray[np.float32], grid: Grid, most: GrowingGrid) -> Insertion | None:
    """Where a map grows next, from its weights (n_u, n_v); None once it is full.

    Of the paths across the columns and across the rows the one with the larger mean difference is taken.
    """
    found = []
    for turned, full in ((False, grid.columns >= most.columns), (True, grid.rows >= most.rows)):
        if not full:
            lines = _lines(grid, turned)
            columns = weights.T[lines].astype(np.float64)
            mean, path = _path(((columns[:, 1:] - columns[:, :-1]) ** 2).sum(axis=2))
            found.append((mean, lines, path, turned))
    if not found:
        return None
    _, lines, path, turned = max(found, key=lambda one: one[0])
    return _inserted(lines, path, grid, turned)


def moved(wins: NDArray[np.int64], grid: Grid, rule: MovingGrid) -> Insertion | None:
    """Which neurons move where, from the presentations that each has won; None if all may stay.

    Of the paths across the columns and across the rows those are taken whose wins differ more.
    """
    found, fair = [], wins.mean()
    for turned, length in ((False, grid.columns), (True, grid.rows)):
        if fair == 0.0 or length < 3:
            continue
        lines = _lines(grid, turned)
        lost, out = _path(-wins[lines])
        left = np.stack([np.delete(line, place) for line, place in zip(lines, out, strict=True)])
        won, path = _path((wins[left][:, 1:] + wins[left][:, :-1]) / 2.0)
        if -lost <= rule.idle * fair and won >= rule.surplus * fair:
            found.append((won + lost, left, path, turned))
    if not found:
        return None
    _, left, path, turned = max(found, key=lambda one: one[0])
    return _inserted(left, path, grid, turned)


def _lines(grid: Grid, turned: bool) -> NDArray[np.intp]:
    """Neurons row by row, or column by column."""
    neurons = np.arange(grid.n_neurons).reshape(grid)
    return neurons.T if turned else neurons


def _inserted(lines: NDArray[np.intp], path: NDArray[np.intp], grid: Grid, turned: bool) -> Insertion:
    """A new neuron in each line, after the one at the place that the path says."""
    n = np.arange(len(lines))
    ends = np.stack([lines[n, path], lines[n, path + 1]], axis=1)
    order = np.stack([np.insert(lines[i], path[i] + 1, grid.n_neurons + i) for i in n])
    order = order.T if turned else order
    return Insertion(type(grid)(*order.shape), ends, order.ravel())


def _path(values: NDArray[Any]) -> tuple[float, NDArray[np.intp]]:
    """The largest mean of values (n_lines, n_places) along a path through all lines, and its place in each.

    From line to line a place gets the largest sum of a path that leads to it (dynamic programming).
    """
    total, came = values[0].astype(np.float64), []
    for line in values[1:]:
        padded = np.pad(total, 1, constant_values=-np.inf)
        before = np.stack([padded[:-2], padded[1:-1], padded[2:]])
        came.append(np.arange(len(line)) + before.argmax(axis=0) - 1)
        total = line + before.max(axis=0)
    path = [int(total.argmax())]
    for back in reversed(came):
        path.append(int(back[path[-1]]))
    return float(total.max()) / len(values), np.array(path[::-1])
