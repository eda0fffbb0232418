"""How many synapses a spike of a graph passes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.engine.graph.records import MARKED, SPARSE, GraphCircuit
from tectum.engine.graph.tables import words_of


def targets_of(circuit: GraphCircuit, origin: int, source: int, n: int) -> NDArray[np.int64]:
    """Synapses (n,) that a spike of each neuron of a source passes: a population or an input, by its kind `origin`.

    Inhibition of all others at once counts a synapse for each of them.
    """
    table, total = circuit.projections, np.zeros(n, np.int64)
    for p in np.flatnonzero((table.origin == origin) & (table.source == source)):
        target, first = int(table.target[p]), int(table.weights[p])
        n_post = int(circuit.first[target + 1] - circuit.first[target])
        if table.kind[p] == SPARSE:
            total += np.diff(circuit.row_start[first : first + n + 1])
        elif table.kind[p] == MARKED:
            total += _bits(circuit.marks[first : first + n * words_of(n_post)].reshape(n, -1))
        else:
            total += n_post
    return total


def _bits(words: NDArray[Any]) -> NDArray[np.int64]:
    return np.bitwise_count(words).sum(axis=1).astype(np.int64)
