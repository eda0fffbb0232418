"""Phase 1 of a step of a population of a graph: spikes of other populations and of inputs arrive."""

import numpy as np

from tectum.core.kernel import called_kernel, kernel
from tectum.core.lanes import BLOCK, MARKED as WORD, add_block, add_marked
from tectum.core.records import pick
from tectum.engine.graph.records import EVENTS, INHIBITORY, MARKED, RANKED, SPARSE, UNIFORM
from tectum.parts.plasticity import depress, inputs_depress
from tectum.parts.traces import neuron_trace

ZERO = np.float32(0.0)


@called_kernel
def strike(circuit, state, scratch, p, g, i, step, learning):
    """A spike of presynaptic neuron i arrives through PLASTIC projection p; INOUT state, scratch, g, a conductance."""
    row = pick(circuit.projections, p)
    first = circuit.first[row.target]
    n, n_pre, gain, at = circuit.first[row.target + 1] - first, row.n_pre, row.gain, row.weights + i
    state.arrived[row.arrivals + i] = step
    done = 0
    if circuit.by_source[p]:
        done = n - n % BLOCK
        for block in range(n // BLOCK):
            add_block(g, first + block * BLOCK, scratch.by_source, row.weights + (block * n_pre + i) * BLOCK, gain)
    for j in range(done, n):
        g[first + j] += gain * state.weights[at + j * n_pre]
    if learning and inputs_depress(circuit.rules) and circuit.plastic[row.target]:
        rule = pick(circuit.rules, row.target)
        for j in range(n):
            x = neuron_trace(rule, step - state.last[first + j])
            if x > ZERO:
                weight = depress(rule, state.weights[at + j * n_pre], x)
                state.weights[at + j * n_pre] = weight
                if circuit.by_source[p] and j < done:
                    scratch.by_source[row.weights + (j // BLOCK * n_pre + i) * BLOCK + j % BLOCK] = weight


@kernel
def copy_row(row, weights, by_source, n, j):
    """Copy the weights (n_pre,) of neuron j of n to where those from one source stand together, `BLOCK` by `BLOCK`.

    Arrivals read them block by block, and a neuron that has learned changes a number in each line of one block. Neurons
    beyond the last whole block have no copy. OUT by_source.
    """
    if j < n - n % BLOCK:
        at = row.weights + j // BLOCK * BLOCK * weights.shape[0] + j % BLOCK
        for i in range(weights.shape[0]):
            by_source[at + i * BLOCK] = weights[i]


@called_kernel
def copy_weights(circuit, state, scratch):
    """Copies of all weights that have one; OUT scratch."""
    for p in range(circuit.by_source.shape[0]):
        if circuit.by_source[p]:
            row = pick(circuit.projections, p)
            n = circuit.first[row.target + 1] - circuit.first[row.target]
            for j in range(n):
                at = row.weights + j * row.n_pre
                copy_row(row, state.weights[at : at + row.n_pre], scratch.by_source, n, j)


@called_kernel
def arrive(circuit, state, stimulus, scratch, p, step, frame, learning):
    """Spikes that are due through one projection; INOUT state, scratch."""
    row = pick(circuit.projections, p)
    spikes, n_fired = scratch.spikes, 0
    if row.origin == RANKED:
        k = state.due[row.source, step % state.due.shape[1]]
        while k >= 0:
            spikes[n_fired] = state.onset[k]
            n_fired += 1
            k = state.after[k]
    elif row.origin == EVENTS:
        sent, shown = step % circuit.frame - row.delay, frame + 1
        if sent < 0 and step >= row.delay:  # in the frame before, in which the graph was not at rest
            sent, shown = sent + circuit.frame, frame
        if sent >= 0:
            start = stimulus.start[shown, row.source]
            spikes = stimulus.events[start[sent] : start[sent + 1]]
            n_fired = spikes.shape[0]
    elif step >= row.delay:
        place = (step - row.delay) % state.n_fired.shape[1]
        spikes = state.fired[place, circuit.first[row.source] : circuit.first[row.source + 1]]
        n_fired = state.n_fired[row.source, place]
    if n_fired == 0:
        return
    first, last = circuit.first[row.target], circuit.first[row.target + 1]
    g = state.g_inh if row.channel == INHIBITORY else state.g_exc
    if row.kind == UNIFORM:
        total = row.gain * np.float32(n_fired)
        for j in range(first, last):
            g[j] += total
    elif row.kind == MARKED:
        n_words = (last - first + WORD - 1) // WORD
        for word in range(n_words):
            j = first + min(word * WORD, last - first - WORD)
            add_marked(g, j, circuit.marks, row.weights + word, n_words, spikes, n_fired, row.gain)
    elif row.kind == SPARSE:
        hit = g[first:last]
        for f in range(n_fired):
            start, stop = circuit.row_start[row.weights + spikes[f]], circuit.row_start[row.weights + spikes[f] + 1]
            targets, fixed = circuit.column[start:stop], circuit.fixed[start:stop]
            for k in range(stop - start):
                hit[np.uint64(targets[k])] += fixed[k]
    else:
        for f in range(n_fired):
            strike(circuit, state, scratch, p, g, spikes[f], step, learning)
