"""Recruitment in a graph: thresholds of silent populations fall until a neuron fires."""

import math

import numpy as np

from tectum.engine.graph_records import ARRIVALS, KIND, N_PRE, PLASTIC, WEIGHTS
from tectum.engine.kernel import kernel

ZERO = np.float32(0.0)
ONE = np.float32(1.0)


@kernel
def ease(circuit, state, learning):
    """In populations silent for a cycle thresholds fall until a neuron fires; INOUT state.

    While learning those of the least used neurons, of equally used ones those nearest to the best match, so that what
    is new is not learned by neurons that know something else, and finds its place beside what is like it; in frozen
    passes those of all, so that the nearest answers.
    """
    for pop in range(circuit.first.shape[0] - 1):
        if circuit.gates[pop, 0] > ONE and state.silent[pop]:
            first, last = circuit.first[pop], circuit.first[pop + 1]
            use, eased, drop = state.use[first:last], state.eased[first:last], circuit.gates[pop, 4]
            if learning:
                best, columns = best_match(circuit, state, pop), circuit.columns[pop]
                recruited = circuit.gates[pop, 3]
                wanted = np.int64(recruited if recruited >= ONE else math.ceil(recruited * np.float32(last - first)))
                for j in range(use.shape[0]):
                    if n_before(use, best, columns, j) < wanted:
                        eased[j] += drop
            else:
                for j in range(use.shape[0]):
                    eased[j] += drop
        state.silent[pop] = 1


@kernel
def best_match(circuit, state, pop):
    """The used neuron that the spikes of the last cycle drive most; the middle of the map if none has been used."""
    first, last = circuit.first[pop], circuit.first[pop + 1]
    columns = circuit.columns[pop]
    best, highest = ((last - first) // columns // 2) * columns + columns // 2, ZERO
    since = state.clock[0] - circuit.cycle
    for j in range(last - first):
        if state.use[first + j] > ZERO:
            drive = ZERO
            for p in range(circuit.first_in[pop], circuit.first_in[pop + 1]):
                row = circuit.projections[p]
                if row[KIND] == PLASTIC:
                    n_pre = row[N_PRE]
                    arrived = state.arrived[row[ARRIVALS] : row[ARRIVALS] + n_pre]
                    weights = state.weights[row[WEIGHTS] + j * n_pre : row[WEIGHTS] + (j + 1) * n_pre]
                    total = ZERO
                    for i in range(n_pre):
                        total += weights[i] if arrived[i] >= since else ZERO
                    drive += circuit.gains[p] * total
            if drive > highest:
                best, highest = j, drive
    return best


@kernel
def n_before(use, best, columns, j):
    """Number of neurons recruited before j: used less, or as much and nearer to the best match; IN use (n,)."""
    down, right = j // columns - best // columns, j % columns - best % columns
    far = down * down + right * right
    n = 0
    for other in range(use.shape[0]):
        down, right = other // columns - best // columns, other % columns - best % columns
        distance = down * down + right * right
        n += use[other] < use[j] or (use[other] == use[j] and (distance < far or (distance == far and other < j)))
    return n
