"""Recruitment in a graph: thresholds of silent populations fall until a neuron fires."""

import math

import numpy as np

from tectum.engine.graph_records import ARRIVALS, KIND, N_PRE, PLASTIC, WEIGHTS
from tectum.engine.kernel import kernel

ZERO = np.float32(0.0)
HALF = np.float32(0.5)
ONE = np.float32(1.0)


@kernel
def ease(circuit, state, scratch, learning):
    """In populations silent for a cycle thresholds fall until a neuron fires; INOUT state, scratch.

    While learning those of the least used neurons, of equally used ones those nearest to the best match, so that what
    is new is not learned by neurons that know something else, and finds its place beside what is like it; in frozen
    passes those of all, so that the nearest answers.
    """
    for pop in range(circuit.first.shape[0] - 1):
        if circuit.gates[pop, 0] > ONE and state.silent[pop]:
            first, last = circuit.first[pop], circuit.first[pop + 1]
            use, eased, drop = state.use[first:last], state.eased[first:last], circuit.gates[pop, 4]
            if learning:
                recruited = circuit.gates[pop, 3]
                wanted = np.int64(recruited if recruited >= ONE else math.ceil(recruited * np.float32(last - first)))
                recruit(use, best_match(circuit, state, scratch, pop), circuit.columns[pop], wanted, drop, eased)
            else:
                for j in range(use.shape[0]):
                    eased[j] += drop
        state.silent[pop] = 1


@kernel
def best_match(circuit, state, scratch, pop):
    """The used neuron that the spikes of the last cycle drive most; the middle of the map if none has been used."""
    first, last = circuit.first[pop], circuit.first[pop + 1]
    columns = circuit.columns[pop]
    drive = scratch.noise[: last - first]
    drive[:] = ZERO
    since = state.clock[0] - circuit.cycle
    for p in range(circuit.first_in[pop], circuit.first_in[pop + 1]):
        row = circuit.projections[p]
        if row[KIND] == PLASTIC:
            n_pre, n = row[N_PRE], 0
            for i in range(n_pre):
                scratch.arrivals[n] = i
                n += 1 if state.arrived[row[ARRIVALS] + i] >= since else 0
            for j in range(last - first):
                if state.use[first + j] > ZERO:
                    weights = state.weights[row[WEIGHTS] + j * n_pre : row[WEIGHTS] + (j + 1) * n_pre]
                    total = ZERO
                    for k in range(n):
                        total += weights[scratch.arrivals[k]]
                    drive[j] += circuit.gains[p] * total
    best, highest = ((last - first) // columns // 2) * columns + columns // 2, ZERO
    for j in range(last - first):
        if drive[j] > highest:
            best, highest = j, drive[j]
    return best


@kernel
def recruit(use, best, columns, wanted, drop, eased):
    """Lower the thresholds of the least used neurons, of equally used ones those nearest to the best match.

    IN use (n,), best, columns, wanted (number of neurons), drop; INOUT eased (n,). Those of equal use and distance
    come in their order. Time grows with n alone: bounds of use and distance are found by halving.
    """
    n = use.shape[0]
    wanted = min(wanted, n)
    low, high = ZERO, ZERO
    for j in range(n):
        high = max(high, use[j])
    while low < high:  # to the smallest use that `wanted` neurons do not exceed
        middle, below, above = HALF * (low + high), ZERO, high
        if middle >= high:  # rounded up, between neighbouring numbers
            middle = low
        n_below = 0
        for j in range(n):
            is_below = use[j] <= middle
            n_below += is_below
            below = max(below, use[j] if is_below else ZERO)
            above = min(above, high if is_below else use[j])
        if n_below >= wanted:
            high = below
        else:
            low = above
    left = wanted
    for j in range(n):
        left -= use[j] < high
    nearest, furthest = 0, (n // columns) ** 2 + columns**2
    while nearest < furthest:  # the same for the squared distance of those with just that use
        middle = (nearest + furthest) // 2
        if n_within(use, high, best, columns, middle) >= left:
            furthest = middle
        else:
            nearest = middle + 1
    left -= n_within(use, high, best, columns, furthest - 1)
    for j in range(n):
        if use[j] < high:
            eased[j] += drop
        elif use[j] == high:
            down, right = j // columns - best // columns, j % columns - best % columns
            far = down * down + right * right
            if far < furthest or (far == furthest and left > 0):
                eased[j] += drop
                left -= far == furthest


@kernel
def n_within(use, level, best, columns, squared):
    """Number of neurons with a use of `level` up to a squared distance from the best match; IN use (n,)."""
    n = 0
    for row in range(use.shape[0] // columns):
        down = row - best // columns
        for column in range(columns):
            right = column - best % columns
            n += (use[row * columns + column] == level) & (down * down + right * right <= squared)
    return n
