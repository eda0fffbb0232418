"""Time loop of a graph of populations that exchange spikes with conduction delays.

A map is two of its populations, excitatory and inhibitory; any number of maps, and of projections between them, feed
each other in one call, feedback included. All are rows of the same tables, so that nothing is compiled anew when maps
are added. Each population advances by a chunk of time no longer than the shortest delay, and leaves its spikes in a
ring of lists, one per step, from which the others take them when they are due.

Phases of a step of a population:

1. arrivals: spikes of other populations and of the input, and pulses of the clock, raise conductances and leave traces
2. membranes, with these conductances
3. spikes: reset, threshold, plasticity of the synapses of the neurons that fired
4. decay of conductances, refractoriness and thresholds

At the end of a frame neurons that learned in it are counted as used, and their weights get nearer to their length.
"""

import math

import numpy as np

from tectum.core.kernel import kernel
from tectum.core.normals import fill_normals
from tectum.core.random import normal
from tectum.engine.graph.input import begin_input, input_onset, recall, remember
from tectum.engine.graph.records import (
    AIM,
    ARRIVALS,
    CHANNEL,
    CLOCK_STREAM,
    DELAY,
    FOLLOWED,
    FROM_INPUT,
    INHIBITORY,
    JITTER,
    KAPPA,
    KIND,
    N_PRE,
    NEVER,
    PERIOD,
    PHASE,
    PLASTIC,
    PULSE,
    SOURCE,
    SPARSE,
    TARGET,
    UNIFORM,
    VOLLEY_DELAY,
    WEIGHTS,
)
from tectum.engine.graph.recruitment import ease
from tectum.parts.conductance import ConductanceStep, ThresholdStep
from tectum.parts.coupling import ClockStep, follow
from tectum.parts.map_learning import ArrivalSTDPStep, NoveltyStep, UseStep, late, plasticity
from tectum.parts.neurons import adapt, conduct
from tectum.parts.plasticity import bind

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
TURN = 2.0 * math.pi


@kernel
def neuron_of(circuit, pop):
    """Constants of the neurons of a population."""
    row = circuit.neurons[pop]
    return ConductanceStep(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10])


@kernel
def strike(circuit, state, p, i, step):
    """A spike of presynaptic neuron i arrives through a SPARSE or PLASTIC projection; INOUT state."""
    row = circuit.projections[p]
    first = circuit.first[row[TARGET]]
    n = circuit.first[row[TARGET] + 1] - first
    g = state.g_inh if row[CHANNEL] == INHIBITORY else state.g_exc
    if row[KIND] == SPARSE:
        for k in range(circuit.row_start[row[WEIGHTS] + i], circuit.row_start[row[WEIGHTS] + i + 1]):
            g[first + circuit.column[k]] += circuit.fixed[k]
    else:
        n_pre, at, gain = row[N_PRE], row[WEIGHTS] + i, circuit.gains[p]
        state.arrived[row[ARRIVALS] + i] = step
        for j in range(n):
            g[first + j] += gain * state.weights[at + j * n_pre]


@kernel
def arrive(circuit, state, scratch, p, step):
    """Phase 1 for one projection."""
    row = circuit.projections[p]
    spikes, n_fired = scratch.spikes, 0
    if row[FROM_INPUT]:
        k = state.due[row[SOURCE], step % state.due.shape[1]]
        while k >= 0:
            spikes[n_fired] = state.onset[k]
            n_fired += 1
            k = state.after[k]
    elif step >= row[DELAY]:
        place = (step - row[DELAY]) % state.n_fired.shape[1]
        spikes = state.fired[place, circuit.first[row[SOURCE]] : circuit.first[row[SOURCE] + 1]]
        n_fired = state.n_fired[row[SOURCE], place]
    if n_fired == 0:
        return
    if row[KIND] == UNIFORM:
        first, last = circuit.first[row[TARGET]], circuit.first[row[TARGET] + 1]
        g = state.g_inh[first:last] if row[CHANNEL] == INHIBITORY else state.g_exc[first:last]
        total = circuit.gains[p] * np.float32(n_fired)
        for j in range(g.shape[0]):
            g[j] += total
    else:
        for f in range(n_fired):
            strike(circuit, state, p, spikes[f], step)


@kernel
def keep_time(circuit, state, pop, step, seed):
    """Phase 1, pulses of the clock of a population; at the end of its cycle an adaptive one is moved."""
    row = circuit.clocks[pop]
    period, followed = row[PERIOD], np.int64(row[FOLLOWED])
    if followed >= 0 and step * circuit.dt >= state.phase[pop] + state.turn[pop] * period:
        cosine, sine = state.volley[pop, 0], state.volley[pop, 1]
        if cosine != 0.0 or sine != 0.0:
            before = TURN * state.phase[pop] / period
            after = follow(ClockStep(row[KAPPA], row[AIM]), before, math.atan2(sine, cosine))
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
    pulse = np.float32(row[PULSE])
    first = circuit.first[pop]
    for j in range(first, circuit.first[pop + 1]):
        if step >= state.pulse[j]:
            if state.cycle[j] >= 0:
                state.g_exc[j] += pulse
            state.cycle[j] += 1
            at = state.phase[pop] + state.cycle[j] * period
            at += row[JITTER] * normal(seed, np.uint64(CLOCK_STREAM + pop), state.cycle[j], j - first)
            state.pulse[j] = max(np.int64(round(at / circuit.dt)), step + 1 if state.cycle[j] > 0 else step)


@kernel
def learn(circuit, state, scratch, pop, j, step):
    """Phase 3, plasticity of the synapses of neuron j of a population that has fired; INOUT state, scratch.

    Neurons around it learn with it, each as slowly as its own use makes it, whatever that of neuron j does.
    """
    rule = circuit.rules[pop]
    law, use = ArrivalSTDPStep(rule[1], rule[2]), UseStep(circuit.uses[pop, 0], circuit.uses[pop, 1])
    first = circuit.first[pop]
    near, last = circuit.near_start[first + j], circuit.near_start[first + j + 1]
    eta = rule[0] * plasticity(use, state.use[first + j]) * scratch.novelty[pop]
    memory = circuit.memory[pop]
    for p in range(circuit.first_in[pop], circuit.first_in[pop + 1]):
        row = circuit.projections[p]
        if row[KIND] == PLASTIC:
            n_pre = row[N_PRE]
            arrived = state.arrived[row[ARRIVALS] : row[ARRIVALS] + n_pre]
            trace = scratch.trace[:n_pre]
            for i in range(n_pre):
                lag = step - arrived[i]
                trace[i] = memory[lag] if lag < memory.shape[0] else ZERO
            weights = state.weights[row[WEIGHTS] + j * n_pre : row[WEIGHTS] + (j + 1) * n_pre]
            for i in range(n_pre):
                weights[i] = bind(law, weights[i], trace[i], eta)
            for k in range(near, last):
                m = circuit.near[k]
                weights = state.weights[row[WEIGHTS] + m * n_pre : row[WEIGHTS] + (m + 1) * n_pre]
                rate = rule[0] * plasticity(use, state.use[first + m]) * circuit.shares[k]
                for i in range(n_pre):
                    weights[i] = bind(law, weights[i], trace[i], rate)
    scratch.learned[first + j] = max(scratch.learned[first + j], ONE)
    for k in range(near, last):
        m = first + circuit.near[k]
        scratch.learned[m] = max(scratch.learned[m], circuit.shares[k])


@kernel
def note(circuit, state, out, scratch, pop, j, step, frame, learns):
    """Phase 3, what is kept of a spike of neuron j of a population; whether it is late matters if it learns from it."""
    at = circuit.first[pop] + j
    n = out.n_events[0]
    if n < out.events.shape[0]:
        out.events[n, 0] = step
        out.events[n, 1] = at
    out.n_events[0] = n + 1
    state.silent[pop] = 0
    out.counts[frame, at] += 1
    if out.latency[frame, at] < ZERO:
        latency = np.float32((step % circuit.frame) * circuit.dt)
        out.latency[frame, at] = latency
        row = circuit.gates[pop]
        if learns and row[0] > ONE and scratch.novelty[pop] == ZERO:  # the first spike of the frame
            if state.latency[at] < ZERO:  # nothing to compare with yet
                state.latency[at] = latency
            scratch.novelty[pop] = row[0] if latency > state.latency[at] else ONE
            gate = NoveltyStep(row[0], row[1], row[2], row[3], row[4])
            state.latency[at] = late(gate, state.latency[at], latency)


@kernel
def advance(circuit, state, out, scratch, drive, pop, step, frame, seed, learning):
    """One step of a population; IN drive (n_neurons,) of the frame, mV, beyond that of the neurons."""
    first, last = circuit.first[pop], circuit.first[pop + 1]
    # 1. arrivals
    for p in range(circuit.first_in[pop], circuit.first_in[pop + 1]):
        arrive(circuit, state, scratch, p, step)
    if circuit.clocks[pop, PERIOD] > 0.0:
        keep_time(circuit, state, pop, step, seed)

    # 2. membranes
    neuron = neuron_of(circuit, pop)
    n = last - first
    noise = scratch.noise[:n]
    if neuron.noise > ZERO:
        fill_normals(circuit.levels, seed, np.uint64(pop), step, neuron.noise, scratch.words, noise)
    else:
        noise[:] = ZERO
    v, resting = state.v[first:last], state.resting[first:last]
    raised, eased = state.raised[first:last], state.eased[first:last]
    g_exc, g_inh, D = state.g_exc[first:last], state.g_inh[first:last], drive[first:last]
    any_fired = False
    for j in range(n):
        free = conduct(neuron, v[j], D[j], g_exc[j], g_inh[j], noise[j])
        v[j] = free if resting[j] <= ZERO else v[j]
        any_fired |= (resting[j] <= ZERO) & (v[j] >= neuron.v_th + raised[j] - eased[j])
    place = step % state.n_fired.shape[1]

    # 3. spikes
    n_fired = 0
    if any_fired:
        spikes = state.fired[place, first:last]
        learns_alone = circuit.near_start[last] == circuit.near_start[first]
        is_first, winner, highest = state.silent[pop] == 1, -1, ZERO
        for j in range(n):
            threshold = neuron.v_th + raised[j] - eased[j]
            if resting[j] <= ZERO and v[j] >= threshold:
                spikes[n_fired] = j
                n_fired += 1
                if winner < 0 or v[j] - threshold > highest:
                    winner, highest = j, v[j] - threshold
        for f in range(n_fired):
            j = spikes[f]
            v[j] = neuron.v_reset
            resting[j] = neuron.refractory + ONE
            raised[j] += circuit.thresholds[pop, 0]
            learns = learning and (learns_alone or (is_first and j == winner))
            note(circuit, state, out, scratch, pop, j, step, frame, learns)
            if learns and circuit.rules[pop, 0] > ZERO:
                learn(circuit, state, scratch, pop, j, step)
        eased[:] = ZERO
    state.n_fired[pop, place] = n_fired

    # 4. decay
    adaptation = ThresholdStep(circuit.thresholds[pop, 0], circuit.thresholds[pop, 1], circuit.thresholds[pop, 2])
    for j in range(n):
        g_exc[j] *= neuron.keep_exc
        g_inh[j] *= neuron.keep_inh
        resting[j] = resting[j] - ONE if resting[j] > ZERO else ZERO
        raised[j] = adapt(adaptation, raised[j], v[j], False)


@kernel
def settle(circuit, state, scratch, pop):
    """End of a frame: neurons that learned are used, and their weights get nearer to their length."""
    first, last = circuit.first[pop], circuit.first[pop + 1]
    for j in range(first, last):
        state.use[j] = circuit.uses[pop, 1] * state.use[j] + scratch.learned[j]
    for p in range(circuit.first_in[pop], circuit.first_in[pop + 1]):
        row, pace = circuit.projections[p], circuit.paces[p]
        if row[KIND] == PLASTIC and pace > ZERO:
            n_pre = row[N_PRE]
            for j in range(last - first):
                if scratch.learned[first + j] > ZERO:
                    weights = state.weights[row[WEIGHTS] + j * n_pre : row[WEIGHTS] + (j + 1) * n_pre]
                    square = ZERO
                    for i in range(n_pre):
                        square += weights[i] * weights[i]
                    if square > ZERO:
                        scale = ONE + pace * (circuit.lengths[p] / np.float32(math.sqrt(square)) - ONE)
                        for i in range(n_pre):
                            weights[i] = min(weights[i] * scale, circuit.rules[pop, 1])


@kernel
def run_graph(circuit, state, out, scratch, ranked, drive, seed, learning):
    """Present frames one after another.

    IN circuit, drive (n_frames or 1, n_neurons) float32 mV, seed uint64, learning; INOUT state, scratch, ranked
    (n_frames, n_ranked) int32 neurons of the inputs, strongest first and -1 where fewer fire; OUT out.
    """
    n_pops = circuit.first.shape[0] - 1
    begin, every = state.clock[0], np.int64(round(1.0 / circuit.dt))
    for frame in range(ranked.shape[0]):
        D = drive[frame if drive.shape[0] > 1 else 0]
        recall(circuit, state, ranked[frame])
        scratch.learned[:] = ZERO
        scratch.novelty[:] = ONE
        for pop in range(n_pops):
            if circuit.gates[pop, 0] > ONE:
                scratch.novelty[pop] = ZERO
        end = state.clock[0] + circuit.frame
        while state.clock[0] < end:
            start = state.clock[0]
            stop = min(start + circuit.chunk, start - start % circuit.cycle + circuit.cycle)
            for s in range(circuit.input_clock.shape[0]):
                if input_onset(circuit, state, s) <= start:
                    begin_input(circuit, state, ranked, frame, s, start, seed)
                stop = min(stop, max(input_onset(circuit, state, s), start + 1))
            for pop in range(n_pops):
                for step in range(start, stop):
                    advance(circuit, state, out, scratch, D, pop, step, frame, seed, learning)
                    if step % every == 0 and (step - begin) // every < out.field.shape[0]:
                        first, last, total = circuit.first[pop], circuit.first[pop + 1], ZERO
                        for j in range(first, last):
                            total += state.g_inh[j]
                        out.field[(step - begin) // every, pop] = total / np.float32(last - first)
            for s in range(circuit.input_clock.shape[0]):
                for step in range(start, stop):
                    state.due[s, step % state.due.shape[1]] = -1
            state.clock[0] = stop
            if stop % circuit.cycle == 0:
                ease(circuit, state, scratch, learning)
        remember(circuit, state, out, frame)
        if learning:
            for pop in range(n_pops):
                settle(circuit, state, scratch, pop)


@kernel
def put_to_rest(circuit, state, raised):
    """A graph in which nothing has fired, with thresholds as learned; IN raised (n_neurons,); INOUT state."""
    for pop in range(circuit.first.shape[0] - 1):
        for j in range(circuit.first[pop], circuit.first[pop + 1]):
            state.v[j] = circuit.neurons[pop, 1]
        state.phase[pop] = circuit.clocks[pop, PHASE]
    for j in range(raised.shape[0]):
        state.raised[j] = raised[j]
    for values in (state.g_exc, state.g_inh, state.resting, state.eased):
        values[:] = ZERO
    state.arrived[:] = NEVER
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
