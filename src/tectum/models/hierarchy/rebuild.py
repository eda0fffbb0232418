"""A hierarchy that is built anew around what it has learned: with more neurons, or with other phases."""

import math
from typing import Any

import numpy as np

from tectum.engine.graph.records import GraphState
from tectum.models.hierarchy.graph import MapGraph
from tectum.parts import Map

LEARNED = ("raised", "use", "latency")  # fields of the state with an entry for each neuron


def carried(old: MapGraph, state: GraphState, new: MapGraph, first: GraphState) -> GraphState:
    """The state of the new graph at rest, `first`, with what the old one has learned.

    Maps of the new graph are those of the old one, with as many neurons or more; the latter come behind.
    """
    found = GraphState(*(array.copy() for array in first))
    was, now = old.graph.circuit, new.graph.circuit
    for pop in range(len(was.first) - 1):
        begin, n = int(was.first[pop]), int(was.first[pop + 1] - was.first[pop])
        for field in LEARNED:
            there = int(now.first[pop])
            getattr(found, field)[there : there + n] = getattr(state, field)[begin : begin + n]
    for k, rows in enumerate(old.incoming):
        n = math.prod(old.maps[k].shape)
        for before, after in zip(rows, new.incoming[k], strict=True):
            source = _block(was, state.weights, before, n)
            target = _block(now, found.weights, after, math.prod(new.maps[k].shape))
            target[:n, : source.shape[1]] = source
    return found


def _block(circuit: Any, weights: np.ndarray, row: int, n: int) -> np.ndarray:
    """Weights (n, n_pre) of a plastic projection, a view."""
    begin, n_pre = int(circuit.projections.weights[row]), int(circuit.projections.n_pre[row])
    return weights[begin : begin + n * n_pre].reshape(n, n_pre)


def rows_wanted(m: Map, n_used: int, reserve: float) -> int:
    """Rows of a map that leave the share `reserve` of its neurons unused, as many as it has or more; at least a tenth
    more if it has too few.
    """
    rows, columns = m.shape
    if (rows * columns - n_used) >= reserve * rows * columns:
        return rows
    return max(math.ceil(1.1 * rows), math.ceil(n_used / (1.0 - reserve) / columns))
