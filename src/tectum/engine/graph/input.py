"""Inputs of a graph: when their spikes are due, and who fires where the last winners of a map do."""

import numpy as np

from tectum.core.kernel import called_kernel, kernel
from tectum.core.random import normal
from tectum.core.records import pick
from tectum.engine.graph.records import INPUT_STREAM

ZERO = np.float32(0.0)


@called_kernel
def begin_input(circuit, state, ranked, frame, s, step, seed):
    """Schedule the spikes of an input for the cycle that begins at `step`; IN ranked (n_frames, n_ranked) int32."""
    first, last = circuit.input_first[s], circuit.input_first[s + 1]
    source = pick(circuit.inputs, s)
    due = state.due[s]
    due[:] = -1
    length = np.int64(round(source.period / circuit.dt))
    for k in range(first, last):
        i = ranked[frame, k]
        state.onset[k] = i
        if i >= 0:
            at = source.t_enc * (k - first) / (last - first)
            at += source.jitter * normal(seed, np.uint64(INPUT_STREAM + s), state.began[s], k - first)
            place = (step + min(max(np.int64(round(at / circuit.dt)), 0), length - 2)) % due.shape[0]
            state.after[k] = due[place]
            due[place] = k
    state.began[s] += 1


@kernel
def input_onset(circuit, state, s):
    """Step at which the next cycle of an input begins."""
    start = state.phase[circuit.inputs.clock[s]] + circuit.inputs.onset[s]
    return np.int64(round((start + state.began[s] * circuit.inputs.period[s]) / circuit.dt))


@called_kernel
def recall(circuit, state, row):
    """Start of a frame: the winners of the frames before, strongest first; OUT row (n_ranked,) where they belong."""
    for s in range(circuit.inputs.clock.shape[0]):
        pop = circuit.inputs.winners[s]
        if pop >= 0:
            recent = state.recent[s, circuit.first[pop] : circuit.first[pop + 1]]
            for k in range(circuit.input_first[s], circuit.input_first[s + 1]):
                best, highest = -1, ZERO
                for j in range(recent.shape[0]):
                    taken = False
                    for before in range(circuit.input_first[s], k):
                        taken |= row[before] == j
                    if recent[j] > highest and not taken:
                        best, highest = j, recent[j]
                row[k] = best


@called_kernel
def remember(circuit, state, out, frame):
    """End of a frame: scores of the neurons whose winners fire in the next; INOUT state.

    The score of a neuron is the number of its spikes less the share of the frame that had passed before the first.
    """
    length = np.float32(circuit.frame * circuit.dt)
    for s in range(circuit.inputs.clock.shape[0]):
        pop = circuit.inputs.winners[s]
        if pop >= 0:
            for j in range(circuit.first[pop], circuit.first[pop + 1]):
                n = out.counts[frame, j]
                score = np.float32(n) - out.latency[frame, j] / length if n > 0 else ZERO
                state.recent[s, j] = circuit.inputs.keep[s] * state.recent[s, j] + score
