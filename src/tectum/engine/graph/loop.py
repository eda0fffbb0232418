"""Time loop of a graph of populations that exchange spikes with conduction delays.

A map is two of its populations, excitatory and inhibitory; any number of maps, and of projections between them, feed
each other in one call, feedback included. All are rows of the same tables, so that nothing is compiled anew when
populations are added. Each population advances by a chunk of time no longer than the shortest delay, and leaves its
spikes in a ring of lists, one per step, from which the others take them when they are due.

Phases of a step of a population:

1. arrivals: spikes of other populations and of the input, and pulses of the clock, raise conductances, leave traces,
   and depress the synapses of neurons that have fired
2. membranes, with these conductances
3. spikes: reset, threshold, inhibition of the others, plasticity of the synapses of the neurons that fired
4. decay of conductances, refractoriness and thresholds

At the end of a frame neurons that learned in it are counted as used, their weights are normalised, and adaptation that
does not move in every step recovers.
"""

import math

import numpy as np

from tectum.core.kernel import called_kernel, kernel
from tectum.core.random import normal
from tectum.core.records import pick
from tectum.engine.graph.input import begin_input, input_onset, recall, remember
from tectum.engine.graph.neurons import decay, fire, move, recover, settle
from tectum.engine.graph.records import CLOCK_STREAM, EVENTS, INHIBITORY, NEVER, RANKED, SPARSE, UNIFORM, VOLLEY_DELAY
from tectum.engine.graph.recruitment import ease
from tectum.parts.coupling import ClockStep, follow
from tectum.parts.neurons import rest
from tectum.parts.plasticity import depress, inputs_depress
from tectum.parts.traces import neuron_trace

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
TURN = 2.0 * math.pi


@kernel
def strike(circuit, state, row, i, step, learning):
    """A spike of presynaptic neuron i arrives through a SPARSE or PLASTIC projection; INOUT state."""
    first = circuit.first[row.target]
    n = circuit.first[row.target + 1] - first
    g = state.g_inh if row.channel == INHIBITORY else state.g_exc
    if row.kind == SPARSE:
        start, stop = circuit.row_start[row.weights + i], circuit.row_start[row.weights + i + 1]
        targets, fixed, hit = circuit.column[start:stop], circuit.fixed[start:stop], g[first : first + n]
        for k in range(stop - start):
            hit[np.uint64(targets[k])] += fixed[k]
    else:
        at = row.weights + i
        state.arrived[row.arrivals + i] = step
        for j in range(n):
            g[first + j] += row.gain * state.weights[at + j * row.n_pre]
        if learning and inputs_depress(circuit.rules) and circuit.plastic[row.target]:
            rule = pick(circuit.rules, row.target)
            for j in range(n):
                x = neuron_trace(rule, step - state.last[first + j])
                if x > ZERO:
                    place = at + j * row.n_pre
                    state.weights[place] = depress(rule, state.weights[place], x)


@called_kernel
def arrive(circuit, state, stimulus, scratch, p, step, frame, learning):
    """Phase 1 for one projection."""
    row = pick(circuit.projections, p)
    spikes, n_fired = scratch.spikes, 0
    if row.origin == RANKED:
        k = state.due[row.source, step % state.due.shape[1]]
        while k >= 0:
            spikes[n_fired] = state.onset[k]
            n_fired += 1
            k = state.after[k]
    elif row.origin == EVENTS:
        start = stimulus.start[frame, row.source]
        sent = step % circuit.frame - row.delay
        if sent >= 0:
            spikes = stimulus.events[start[sent] : start[sent + 1]]
            n_fired = spikes.shape[0]
    elif step >= row.delay:
        place = (step - row.delay) % state.n_fired.shape[1]
        spikes = state.fired[place, circuit.first[row.source] : circuit.first[row.source + 1]]
        n_fired = state.n_fired[row.source, place]
    if n_fired == 0:
        return
    if row.kind == UNIFORM:
        first, last = circuit.first[row.target], circuit.first[row.target + 1]
        g = state.g_inh[first:last] if row.channel == INHIBITORY else state.g_exc[first:last]
        total = row.gain * np.float32(n_fired)
        for j in range(g.shape[0]):
            g[j] += total
    else:
        for f in range(n_fired):
            strike(circuit, state, row, spikes[f], step, learning)


@called_kernel
def keep_time(circuit, state, pop, step, seed):
    """Phase 1, pulses of the clock of a population; at the end of its cycle an adaptive one is moved."""
    clock = pick(circuit.clocks, pop)
    period, followed = clock.period, clock.followed
    if followed >= 0 and step * circuit.dt >= state.phase[pop] + state.turn[pop] * period:
        cosine, sine = state.volley[pop, 0], state.volley[pop, 1]
        if cosine != 0.0 or sine != 0.0:
            before = TURN * state.phase[pop] / period
            after = follow(ClockStep(clock.kappa, clock.aim), before, math.atan2(sine, cosine))
            state.phase[pop] += (after - before) * period / TURN
        state.volley[pop, 0] = 0.0
        state.volley[pop, 1] = 0.0
        state.turn[pop] += 1
    if followed >= 0:
        seen = step - np.int64(round(VOLLEY_DELAY / circuit.dt))
        n = state.n_fired[followed, seen % state.n_fired.shape[1]] if seen >= 0 else 0
        angle = TURN * (seen * circuit.dt) / period
        state.volley[pop, 0] += n * math.cos(angle)
        state.volley[pop, 1] += n * math.sin(angle)
    pulse = np.float32(clock.pulse)
    first = circuit.first[pop]
    for j in range(first, circuit.first[pop + 1]):
        if step >= state.pulse[j]:
            if state.cycle[j] >= 0:
                state.g_exc[j] += pulse
            state.cycle[j] += 1
            at = state.phase[pop] + state.cycle[j] * period
            at += clock.jitter * normal(seed, np.uint64(CLOCK_STREAM + pop), state.cycle[j], j - first)
            state.pulse[j] = max(np.int64(round(at / circuit.dt)), step + 1 if state.cycle[j] > 0 else step)


@kernel
def advance_neurons(circuit, state, out, scratch, drive, neuron, pop, step, frame, seed, learning):
    """Phases 2 to 4 for a population of one role."""
    any_fired = move(circuit, state, scratch, drive, neuron, pop, step, seed)
    n_fired = 0
    if any_fired:
        n_fired = fire(circuit, state, out, scratch, neuron, pop, step, frame, learning)
    state.n_fired[pop, step % state.n_fired.shape[1]] = n_fired
    decay(circuit, state, neuron, pop)


@kernel
def advance(circuit, others, state, stimulus, out, scratch, pop, step, frame, seed, learning):
    """One step of a population; IN others, the table of the second type of neurons, or None."""
    # 1. arrivals
    for p in range(circuit.first_in[pop], circuit.first_in[pop + 1]):
        arrive(circuit, state, stimulus, scratch, p, step, frame, learning)
    if circuit.clocks.period[pop] > 0.0:
        keep_time(circuit, state, pop, step, seed)
    # 2. to 4.
    drive = stimulus.drive[frame if stimulus.drive.shape[0] > 1 else 0]
    if others is None:
        neuron = pick(circuit.neurons, pop)
        advance_neurons(circuit, state, out, scratch, drive, neuron, pop, step, frame, seed, learning)
    else:
        if circuit.role[pop] == 0:
            neuron = pick(circuit.neurons, pop)
            advance_neurons(circuit, state, out, scratch, drive, neuron, pop, step, frame, seed, learning)
        else:
            other = pick(others, pop)
            advance_neurons(circuit, state, out, scratch, drive, other, pop, step, frame, seed, learning)


@kernel
def recover_all(circuit, others, state):
    """End of a frame, for all populations."""
    for pop in range(circuit.first.shape[0] - 1):
        if others is None:
            recover(circuit, state, pick(circuit.neurons, pop), pop)
        else:
            if circuit.role[pop] == 0:
                recover(circuit, state, pick(circuit.neurons, pop), pop)
            else:
                recover(circuit, state, pick(others, pop), pop)


@kernel
def observe(circuit, state, out, pop, row):
    """Mean inhibitory conductance of a population and potentials of its neurons, into row `row`; OUT out."""
    first, last = circuit.first[pop], circuit.first[pop + 1]
    if row < out.field.shape[0]:
        total = ZERO
        for j in range(first, last):
            total += state.g_inh[j]
        out.field[row, pop] = total / np.float32(last - first)
    if row < out.potentials.shape[0]:
        for j in range(first, last):
            out.potentials[row, j] = state.v[j]


@kernel
def run_graph(circuit, state, out, scratch, stimulus, seeds, learning, from_rest, raised):
    """Present frames one after another.

    IN circuit, stimulus, seeds (n_frames or 1,) uint64, learning, from_rest (whether each frame meets a graph at rest),
    raised (n_neurons,) thresholds that it has then, or (0,) to keep them; INOUT state, scratch, stimulus.ranked; OUT
    out.
    """
    n_pops = circuit.first.shape[0] - 1
    every = np.int64(round(1.0 / circuit.dt))
    begin = np.int64(0) if from_rest else state.clock[0]
    for frame in range(stimulus.ranked.shape[0]):
        seed = seeds[frame if seeds.shape[0] > 1 else 0]
        if from_rest:
            put_to_rest(circuit, circuit.others, state)
            out.offset[0] = frame * circuit.frame
            for j in range(raised.shape[0]):
                state.raised[j] = raised[j]
        recall(circuit, state, stimulus.ranked[frame])
        scratch.learned[:] = ZERO
        scratch.novelty[:] = ONE
        for pop in range(n_pops):
            if circuit.gates.factor[pop] > ONE:
                scratch.novelty[pop] = ZERO
        end = state.clock[0] + circuit.frame
        while state.clock[0] < end:
            start = state.clock[0]
            stop = min(start + circuit.chunk, start - start % circuit.cycle + circuit.cycle)
            for s in range(circuit.inputs.clock.shape[0]):
                if input_onset(circuit, state, s) <= start:
                    begin_input(circuit, state, stimulus.ranked, frame, s, start, seed)
                stop = min(stop, max(input_onset(circuit, state, s), start + 1))
            for pop in range(n_pops):
                for step in range(start, stop):
                    advance(circuit, circuit.others, state, stimulus, out, scratch, pop, step, frame, seed, learning)
                    if step % every == 0:
                        observe(circuit, state, out, pop, (step + out.offset[0] - begin) // every)
            for s in range(circuit.inputs.clock.shape[0]):
                for step in range(start, stop):
                    state.due[s, step % state.due.shape[1]] = -1
            state.clock[0] = stop
            if stop % circuit.cycle == 0:
                ease(circuit, state, scratch, learning)
        remember(circuit, state, out, frame)
        if learning:
            for pop in range(n_pops):
                settle(circuit, state, scratch, pop)
            recover_all(circuit, circuit.others, state)


@kernel
def put_to_rest(circuit, others, state):
    """A graph in which nothing has fired, with thresholds as learned; IN circuit, others; INOUT state."""
    for pop in range(circuit.first.shape[0] - 1):
        v = rest(pick(circuit.neurons, pop))
        if others is not None:  # noqa: SIM102  pruned by itself when it is None
            if circuit.role[pop] == 1:
                v = rest(pick(others, pop))
        for j in range(circuit.first[pop], circuit.first[pop + 1]):
            state.v[j] = v
        state.phase[pop] = circuit.clocks.phase[pop]
    for values in (state.g_exc, state.g_inh, state.resting, state.eased):
        values[:] = ZERO
    state.arrived[:] = NEVER
    state.last[:] = NEVER
    state.n_fired[:] = 0
    state.pulse[:] = 0
    state.cycle[:] = -1
    state.turn[:] = 0
    state.volley[:] = 0.0
    state.recent[:] = ZERO
    state.began[:] = 0
    state.due[:] = -1
    state.silent[:] = 1
    state.clock[0] = 0
