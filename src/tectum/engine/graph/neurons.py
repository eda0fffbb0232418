"""Phases 2 to 4 of a step of a population of a graph, and what happens to it at the end of a frame."""

import numpy as np

from tectum.core.kernel import called_kernel, kernel, lane_kernel
from tectum.core.maths import sum_in_lanes
from tectum.core.records import pick
from tectum.engine.graph.arrivals import copy_row
from tectum.engine.graph.records import CROSSED, FREE, PLASTIC
from tectum.parts.adaptive_threshold import inhibited
from tectum.parts.map_learning import late, plasticity
from tectum.parts.neurons import (
    adapt,
    adapts,
    conduct,
    crosses_eased,
    excitation_left,
    fresh,
    inhibition_left,
    jump,
    opposed,
    recovery,
    refract,
    refractory,
    reset,
    threshold,
)
from tectum.parts.norms import weight_factor
from tectum.parts.plasticity import bind, bounded, learning_rate
from tectum.parts.traces import input_trace

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
INFINITE = np.float32(np.inf)
ANY_CROSSED = np.uint64(0x0202020202020202)  # CROSSED in each byte of a word
NO_FLAGS, NO_FLAG = np.uint64(0), np.uint8(0)


@called_kernel
def learn(circuit, state, scratch, pop, j, step):
    """Phase 3, plasticity of the synapses of neuron j of a population that has fired; INOUT state, scratch.

    Neurons around it learn with it, each as slowly as its own use makes it, whatever that of neuron j does.
    """
    rule, use = pick(circuit.rules, pop), pick(circuit.uses, pop)
    first, last_neuron = circuit.first[pop], circuit.first[pop + 1]
    near, last = circuit.near_start[first + j], circuit.near_start[first + j + 1]
    eta = learning_rate(rule) * plasticity(use, state.use[first + j]) * scratch.novelty[pop]
    for p in range(circuit.first_in[pop], circuit.first_in[pop + 1]):
        row = pick(circuit.projections, p)
        if row.kind == PLASTIC:
            n_pre = row.n_pre
            arrived = state.arrived[row.arrivals : row.arrivals + n_pre]
            trace = scratch.trace[:n_pre]
            for i in range(n_pre):
                trace[i] = input_trace(rule, step - arrived[i])
            weights = state.weights[row.weights + j * n_pre : row.weights + (j + 1) * n_pre]
            for i in range(n_pre):
                weights[i] = bind(rule, weights[i], trace[i], eta)
            if circuit.by_source[p]:
                copy_row(row, weights, scratch.by_source, last_neuron - first, j)
            for k in range(near, last):
                m = circuit.near[k]
                weights = state.weights[row.weights + m * n_pre : row.weights + (m + 1) * n_pre]
                rate = learning_rate(rule) * plasticity(use, state.use[first + m]) * circuit.shares[k]
                for i in range(n_pre):
                    weights[i] = bind(rule, weights[i], trace[i], rate)
    scratch.learned[first + j] = max(scratch.learned[first + j], ONE)
    for k in range(near, last):
        m = first + circuit.near[k]
        scratch.learned[m] = max(scratch.learned[m], circuit.shares[k])


@called_kernel
def note(circuit, state, out, scratch, pop, j, step, frame, learns, early):
    """Phase 3, what is kept of a spike of neuron j; the first that it learns from says whether the winner is late.

    IN early, the share of the step by which it came before the step's end.
    """
    at = circuit.first[pop] + j
    n = out.n_events[0]
    if n < out.events.shape[0]:
        out.events[n, 0] = step + out.offset[0]
        out.events[n, 1] = at
    out.n_events[0] = n + 1
    state.silent[pop] = 0
    out.counts[frame, at] += 1
    if out.latency[frame, at] < ZERO:
        latency = np.float32((step % circuit.frame - early) * circuit.dt)
        out.latency[frame, at] = latency
        gate = pick(circuit.gates, pop)
        if learns and gate.factor > ONE and scratch.novelty[pop] == ZERO:  # the first spike of the frame
            if state.latency[at] < ZERO:  # nothing to compare with yet
                state.latency[at] = latency
            scratch.novelty[pop] = gate.factor if latency > state.latency[at] else ONE
            state.latency[at] = late(gate, state.latency[at], latency)


@kernel
def raises(circuit, state, neuron, pop):
    """Whether neurons of a population have an adaptation other than 0, or may get one."""
    if circuit.moved[pop] or adapts(neuron) or fresh(neuron) != ZERO or jump(neuron, ZERO) != ZERO:
        return True
    raised = False
    for j in range(circuit.first[pop], circuit.first[pop + 1]):
        raised |= state.raised[j] != ZERO
    return raised


@lane_kernel
def move(neuron, v, g_exc, g_inh, resting, raised, eased, drive, xi, flags):
    """Phase 2: membranes of a population, and decay of conductances and refractoriness.

    Returns whether a neuron is at its threshold. IN raised, eased, drive, xi; INOUT v, g_exc, g_inh, resting, all
    (n,) float32; OUT flags (n,) uint8.
    """
    any_fired = False
    for j in range(v.shape[0]):
        free = resting[j] <= ZERO
        moved = conduct(neuron, v[j], drive[j] - opposed(neuron, raised[j]), g_exc[j], g_inh[j], xi[j])
        v[j] = moved if free else refract(neuron, v[j])
        crossed = free & crosses_eased(neuron, v[j], raised[j], eased[j])
        any_fired |= crossed
        flags[j] = np.uint8(free) * FREE + np.uint8(crossed) * CROSSED
        g_exc[j] *= excitation_left(neuron)
        g_inh[j] *= inhibition_left(neuron)
        resting[j] = ZERO if free else resting[j] - ONE
    return any_fired


@kernel
def find_spikes(flags, words, spikes):
    """Phase 3: neurons at their threshold, into `spikes`; returns their number. IN flags, words, the same memory."""
    n, n_fired = spikes.shape[0], 0
    for word in range((n + 7) // 8):
        if words[word] & ANY_CROSSED != NO_FLAGS:
            for j in range(8 * word, min(8 * word + 8, n)):
                spikes[np.uint64(n_fired)] = j
                n_fired += 1 if (flags[np.uint64(j)] & CROSSED) != NO_FLAG else 0
    return n_fired


@kernel
def find_winner(neuron, v, raised, eased, spikes):
    """Phase 3: of the neurons that fire the one furthest beyond its threshold, the first if there are several."""
    winner, highest = -1, ZERO
    for f in range(spikes.shape[0]):
        j = spikes[f]
        beyond = v[j] - (threshold(neuron, raised[j]) - eased[j])
        if winner < 0 or beyond > highest:
            winner, highest = j, beyond
    return winner


@called_kernel
def fire(circuit, state, out, scratch, neuron, pop, step, frame, learning):
    """Phase 3: spikes of a population in which a neuron is at its threshold; returns their number."""
    first, last = circuit.first[pop], circuit.first[pop + 1]
    v, flags = state.v[first:last], scratch.flags[: last - first]
    spikes = state.fired[step % state.n_fired.shape[1], first:last]
    learns_alone = circuit.near_start[last] == circuit.near_start[first]
    is_first = state.silent[pop] == 1
    n_fired = find_spikes(flags, scratch.flag_words, spikes)
    winner = find_winner(neuron, v, state.raised[first:last], state.eased[first:last], spikes[:n_fired])
    if is_first:
        scratch.winner[pop] = winner
        if scratch.owner[pop] < 0 and circuit.gates.mismatch[pop] < INFINITE:
            scratch.owner[pop] = winner
    if circuit.single[pop]:
        spikes[0] = winner
        n_fired = 1
        inhibition = pick(circuit.inhibitions, pop)
        for j in range(last - first):
            v[j] = inhibited(inhibition, v[j]) if (flags[j] & FREE) != NO_FLAG else v[j]
    for f in range(n_fired):
        j = spikes[f]
        at = first + j
        early = 0.0
        if circuit.gates.mismatch[pop] < INFINITE:  # neurons that are as good are many: who was first within a step?
            beyond = v[j] - (threshold(neuron, state.raised[at]) - state.eased[at])
            early = max(0.0, 1.0 - 1.0 / (1.0 + beyond))
        v[j] = reset(neuron, ZERO, ZERO)
        state.resting[at] = refractory(neuron)
        state.last[at] = step
        if circuit.moved[pop]:
            state.raised[at] += jump(pick(circuit.thresholds, pop), ZERO)
        elif adapts(neuron) or learning:  # what outlasts a frame is frozen with the weights
            state.raised[at] += jump(neuron, ZERO)
        if circuit.gates.mismatch[pop] < INFINITE:
            learns = learning and is_first and j == winner and j == scratch.owner[pop]
        else:
            learns = learning and (learns_alone or (is_first and j == winner))
        note(circuit, state, out, scratch, pop, j, step, frame, learns, early)
        if learns and circuit.plastic[pop]:
            learn(circuit, state, scratch, pop, j, step)
    if circuit.gates.factor[pop] > ONE:
        state.eased[first:last] = ZERO
    return n_fired


@called_kernel
def relax(circuit, state, neuron, pop):
    """Phase 4: thresholds of a population."""
    first, last = circuit.first[pop], circuit.first[pop + 1]
    if circuit.moved[pop]:
        part = pick(circuit.thresholds, pop)
        for j in range(first, last):
            state.raised[j] = adapt(part, state.raised[j], state.v[j], False)
    elif adapts(neuron):
        for j in range(first, last):
            state.raised[j] = adapt(neuron, state.raised[j], state.v[j], state.resting[j] > ZERO)


@called_kernel
def scale_weights(circuit, state, scratch, row, p, pop, j):
    """The weights of neuron j of a population through projection p are normalised; INOUT state, scratch."""
    norm, rule, n_pre = pick(circuit.norms, p), pick(circuit.rules, pop), row.n_pre
    weights = state.weights[row.weights + j * n_pre : row.weights + (j + 1) * n_pre]
    square = ZERO
    for i in range(n_pre):
        square += weights[i] * weights[i]
    scale = weight_factor(norm, sum_in_lanes(weights) / np.float32(n_pre), square)
    for i in range(n_pre):
        weights[i] = bounded(rule, weights[i] * scale)
    if circuit.by_source[p]:
        copy_row(row, weights, scratch.by_source, circuit.first[pop + 1] - circuit.first[pop], j)


@called_kernel
def settle(circuit, state, scratch, pop):
    """End of a frame: neurons that learned are used, and their weights are normalised."""
    first, last, use = circuit.first[pop], circuit.first[pop + 1], pick(circuit.uses, pop)
    for j in range(first, last):
        state.use[j] = use.keep * state.use[j] + scratch.learned[j]
    for p in range(circuit.first_in[pop], circuit.first_in[pop + 1]):
        row = pick(circuit.projections, p)
        if row.kind == PLASTIC and circuit.normed[p]:
            for j in range(last - first):
                if scratch.learned[first + j] > ZERO:
                    scale_weights(circuit, state, scratch, row, p, pop, j)


@kernel
def recover(circuit, state, neuron, pop):
    """End of a frame: adaptation that does not move in every step."""
    if not circuit.moved[pop] and not adapts(neuron):
        left = recovery(neuron, circuit.frame)
        for j in range(circuit.first[pop], circuit.first[pop + 1]):
            state.raised[j] *= left
