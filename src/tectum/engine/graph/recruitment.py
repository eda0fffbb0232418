"""Recruitment in a graph: thresholds of silent populations fall until a neuron fires."""

import math

import numpy as np

from tectum.core.kernel import called_kernel, kernel
from tectum.core.records import pick
from tectum.engine.graph.records import PLASTIC
from tectum.parts.map_learning import tolerated

ZERO = np.float32(0.0)
HALF = np.float32(0.5)
ONE = np.float32(1.0)
INFINITE = np.float32(np.inf)


@called_kernel
def ease(circuit, state, scratch, learning):
    """In populations silent for a cycle thresholds fall until a neuron fires; INOUT state, scratch.

    While learning those of the least used neurons, so that what is new is not learned by neurons that know something
    else; in frozen passes those of all, so that the nearest answers.
    """
    for pop in range(circuit.first.shape[0] - 1):
        if learning and state.silent[pop] == 0 and circuit.gates.mismatch[pop] < INFINITE:
            question(circuit, state, scratch, pop)
        if circuit.gates.factor[pop] > ONE and state.silent[pop]:
            first, last = circuit.first[pop], circuit.first[pop + 1]
            use, eased, drop = state.use[first:last], state.eased[first:last], circuit.gates.drop[pop]
            if learning:
                recruited = circuit.gates.recruited[pop]
                wanted = np.int64(recruited if recruited >= ONE else math.ceil(recruited * np.float32(last - first)))
                later = scratch.noise[: last - first]
                sum_drive(circuit, state, scratch, pop, later)
                if circuit.near_start[last] > circuit.near_start[first]:
                    for j in range(later.shape[0]):
                        later[j] = -later[j]
                else:
                    measure_from_best_match(use, later, circuit.columns[pop])
                recruit(use, later, wanted, drop, eased)
            else:
                for j in range(use.shape[0]):
                    eased[j] += drop
        state.silent[pop] = 1


@called_kernel
def match(circuit, state, out, scratch, frame):
    """What the first cycle of a frame brings to each used neuron; OUT out.match, INOUT scratch.

    0 for those that have not been used. If the frame is new, no neuron has fired and learned yet; else one may have, a
    little.
    """
    for pop in range(circuit.first.shape[0] - 1 if frame < out.match.shape[0] else 0):
        first, last = circuit.first[pop], circuit.first[pop + 1]
        if circuit.gates.factor[pop] > ONE:
            drive = scratch.noise[: last - first]
            sum_drive(circuit, state, scratch, pop, drive)
            for j in range(drive.shape[0]):
                if state.use[first + j] > HALF:
                    out.match[frame, first + j] = drive[j]


@kernel
def question(circuit, state, scratch, pop):
    """End of a cycle in which a population has fired: a winner that hears too little is reset; INOUT state, scratch.

    All neurons that have learned are held until the frame ends, and the population counts as silent. Nothing is done
    in the last cycle of a frame, or if no neuron is left.
    """
    first, last, winner = circuit.first[pop], circuit.first[pop + 1], scratch.winner[pop]
    left, n_free = circuit.frame - state.clock[0] % circuit.frame, 0
    for j in range(first, last):
        n_free += state.use[j] < HALF
    if left == circuit.frame or n_free == 0 or winner < 0 or state.use[first + winner] < HALF:
        return
    free = np.float32(n_free) / np.float32(last - first)
    heard = cosine(circuit, state, scratch, pop, winner)
    if ONE - heard > tolerated(pick(circuit.gates, pop), state.use[first + winner], free):
        for j in range(first, last):
            if state.use[j] >= HALF:
                state.resting[j] = np.float32(left)
        scratch.novelty[pop] = circuit.gates.factor[pop]
        scratch.owner[pop] = -1
        state.silent[pop] = 1


@kernel
def cosine(circuit, state, scratch, pop, j):
    """Cosine between the weights of neuron j of a population and what has arrived in the last cycle.

    Of several sources the mean, weighted by the conductance that each brings at best.
    """
    heard, most = ZERO, ZERO
    since = state.clock[0] - circuit.cycle
    for p in range(circuit.first_in[pop], circuit.first_in[pop + 1]):
        row = pick(circuit.projections, p)
        if row.kind == PLASTIC:
            weights = state.weights[row.weights + j * row.n_pre : row.weights + (j + 1) * row.n_pre]
            total, squares, n = ZERO, ZERO, 0
            for i in range(row.n_pre):
                squares += weights[i] * weights[i]
                if state.arrived[row.arrivals + i] >= since:
                    total += weights[i]
                    n += 1
            heard += row.gain * total
            most += row.gain * np.float32(math.sqrt(squares * np.float32(n)))
    return heard / most if most > ZERO else ONE


@called_kernel
def sum_drive(circuit, state, scratch, pop, drive):
    """What spikes of the last cycle bring to each neuron by plastic synapses; OUT drive (n,), INOUT scratch."""
    drive[:] = ZERO
    since = state.clock[0] - circuit.cycle
    for p in range(circuit.first_in[pop], circuit.first_in[pop + 1]):
        row = pick(circuit.projections, p)
        if row.kind == PLASTIC:
            n_pre, n = row.n_pre, 0
            for i in range(n_pre):
                scratch.arrivals[n] = i
                n += 1 if state.arrived[row.arrivals + i] >= since else 0
            for j in range(drive.shape[0]):
                weights = state.weights[row.weights + j * n_pre : row.weights + (j + 1) * n_pre]
                total = ZERO
                for k in range(n):
                    total += weights[scratch.arrivals[k]]
                drive[j] += row.gain * total


@kernel
def measure_from_best_match(use, drive, columns):
    """In place of drives, squared distances on the grid to the used neuron with the strongest; INOUT drive (n,).

    If none has been used, to the middle of the map. So what is new finds its place beside what is like it, though
    neurons that have never learned hear nothing of that.
    """
    best, highest = (use.shape[0] // columns // 2) * columns + columns // 2, ZERO
    for j in range(use.shape[0]):
        if use[j] > ZERO and drive[j] > highest:
            best, highest = j, drive[j]
    for j in range(use.shape[0]):
        down, right = j // columns - best // columns, j % columns - best % columns
        drive[j] = np.float32(down * down + right * right)


@kernel
def recruit(use, later, wanted, drop, eased):
    """Lower the thresholds of the least used neurons, of equally used ones those that come first.

    IN use (n,), wanted (number of neurons), drop; INOUT later (n,), what they are ordered by, eased (n,). If that is
    equal, too, they come in their order.
    """
    wanted = min(wanted, use.shape[0])
    if wanted < 1:
        return
    most, last = smallest_bound(use, wanted), later[0]
    for j in range(use.shape[0]):
        last = max(last, later[j])
    for j in range(use.shape[0]):
        if use[j] < most:
            eased[j] += drop
            wanted -= 1
        later[j] = later[j] if use[j] == most else last + ONE
    bound = smallest_bound(later, wanted)
    for j in range(use.shape[0]):
        if later[j] < bound:
            eased[j] += drop
            wanted -= 1
    for j in range(use.shape[0]):
        if later[j] == bound and use[j] == most and wanted > 0:
            eased[j] += drop
            wanted -= 1


@called_kernel
def smallest_bound(x, wanted):
    """The smallest number that `wanted` of x (n,), at least 1, do not exceed; by halving, so that time grows with n."""
    low, high = x[0], x[0]
    for j in range(x.shape[0]):
        low, high = min(low, x[j]), max(high, x[j])
    while low < high:
        middle, below, above = HALF * (low + high), low, high
        if middle >= high:  # rounded up, between neighbouring numbers
            middle = low
        n_below = 0
        for j in range(x.shape[0]):
            is_below = x[j] <= middle
            n_below += is_below
            below = max(below, x[j] if is_below else low)
            above = min(above, high if is_below else x[j])
        if n_below >= wanted:
            high = below
        else:
            low = above
    return high
