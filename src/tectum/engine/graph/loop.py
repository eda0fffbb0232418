"""Time loop of a graph of populations that exchange spikes with conduction delays.

A map is two of its populations, excitatory and inhibitory; any number of maps, and of projections between them, feed
each other in one call, feedback included. All are rows of the same tables, so that nothing is compiled anew when
populations are added. Each population advances by a chunk of time no longer than the shortest delay, and leaves its
spikes in a ring of lists, one per step, from which the others take them when they are due.

Phases of a step of a population:

1. arrivals: spikes of other populations and of the input, and pulses of the clock, raise conductances, leave traces,
   and depress the synapses of neurons that have fired
2. membranes, with these conductances, which then decay, as refractoriness does
3. spikes: reset, threshold, inhibition of the others, plasticity of the synapses of the neurons that fired
4. decay of thresholds

At the end of a frame neurons that learned in it are counted as used, their weights are normalised, and adaptation that
does not move in every step recovers.
"""

import math

import numpy as np

from tectum.core.kernel import called_kernel, kernel
from tectum.core.normals import fill_normals
from tectum.core.random import normal
from tectum.core.records import pick
from tectum.engine.graph.arrivals import arrive, copy_weights
from tectum.engine.graph.input import begin_input, input_onset, recall, remember
from tectum.engine.graph.neurons import fire, move, raises, recover, relax, settle
from tectum.engine.graph.records import CLOCK_STREAM, NEVER, VOLLEY_DELAY
from tectum.engine.graph.recruitment import ease, match
from tectum.parts.coupling import ClockStep, follow
from tectum.parts.neurons import held, noise as noise_of, rest

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
TURN = 2.0 * math.pi


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


@called_kernel
def advance(circuit, neuron, state, stimulus, out, scratch, pop, start, stop, frame, seed, learning):
    """Steps from start to stop of a population whose neurons are like `neuron`."""
    first, last = circuit.first[pop], circuit.first[pop + 1]
    n, ring = last - first, state.n_fired.shape[1]
    nothing, noise = scratch.nothing[:n], noise_of(neuron)
    v, resting, flags = state.v[first:last], state.resting[first:last], scratch.flags[:n]
    g_exc, g_inh = state.g_exc[first:last], state.g_inh[first:last]
    raised = state.raised[first:last] if raises(circuit, state, neuron, pop) else nothing
    eased = state.eased[first:last] if circuit.gates.factor[pop] > ONE else nothing
    drive = stimulus.drive[frame if stimulus.drive.shape[0] > 1 else 0, first:last] if scratch.driven[pop] else nothing
    xi = scratch.noise[:n] if noise > ZERO else nothing
    for step in range(start, stop):
        # 1. arrivals
        for p in range(circuit.first_in[pop], circuit.first_in[pop + 1]):
            arrive(circuit, state, stimulus, scratch, p, step, frame, learning)
        if circuit.clocks.period[pop] > 0.0:
            keep_time(circuit, state, pop, step, seed)
        # 2. membranes; conductances and refractoriness decay
        if noise > ZERO:
            fill_normals(circuit.levels, seed, np.uint64(pop), step // held(neuron), noise, scratch.words, xi)
        n_fired = 0
        if move(neuron, v, g_exc, g_inh, resting, raised, eased, drive, xi, flags):
            # 3. spikes
            n_fired = fire(circuit, state, out, scratch, neuron, pop, step, frame, learning)
        state.n_fired[pop, step % ring] = n_fired
        # 4. thresholds
        relax(circuit, state, neuron, pop)
        observe(circuit, state, out, pop, step)


@kernel
def is_driven(circuit, stimulus, pop, frame):
    """Whether a population has input in a frame beyond that of its neurons."""
    drive, driven = stimulus.drive[frame if stimulus.drive.shape[0] > 1 else 0], False
    for j in range(circuit.first[pop], circuit.first[pop + 1]):
        driven |= drive[j] != ZERO
    return driven


@called_kernel
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


@called_kernel
def observe(circuit, state, out, pop, step):
    """Once per ms, mean inhibitory conductance of a population and potentials of its neurons; OUT out."""
    most = max(out.field.shape[0], out.potentials.shape[0])
    if most == 0:
        return
    every = np.int64(round(1.0 / circuit.dt))
    if step % every != 0:
        return
    first, last, row = circuit.first[pop], circuit.first[pop + 1], (step + out.offset[0] - out.begin[0]) // every
    if row < out.field.shape[0]:
        total = ZERO
        for j in range(first, last):
            total += state.g_inh[j]
        out.field[row, pop] = total / np.float32(last - first)
    if row < out.potentials.shape[0]:
        for j in range(first, last):
            out.potentials[row, j] = state.v[j]


@kernel
def run_graph(circuit, others, state, out, scratch, stimulus, seeds, learning, from_rest, raised):
    """Present frames one after another.

    IN circuit, others (its table of the second type of neurons, or None), stimulus, seeds (n_frames or 1,) uint64,
    learning, from_rest (whether each frame meets a graph at rest), raised (n_neurons,) thresholds that it has then, or
    (0,) to keep them; INOUT state, scratch, stimulus.ranked; OUT out.
    """
    n_pops = circuit.first.shape[0] - 1
    out.begin[0] = np.int64(0) if from_rest else state.clock[0]
    copy_weights(circuit, state, scratch)
    for frame in range(stimulus.ranked.shape[0]):
        seed = seeds[frame if seeds.shape[0] > 1 else 0]
        if from_rest:
            rest_in_kernels(circuit, others, state)
            out.offset[0] = frame * circuit.frame
            for j in range(raised.shape[0]):
                state.raised[j] = raised[j]
        recall(circuit, state, stimulus.ranked[frame])
        scratch.learned[:] = ZERO
        scratch.novelty[:] = ONE
        scratch.owner[:] = -1
        for pop in range(n_pops):
            if circuit.gates.factor[pop] > ONE:
                scratch.novelty[pop] = ZERO
            scratch.driven[pop] = is_driven(circuit, stimulus, pop, frame)
        end = state.clock[0] + circuit.frame
        while state.clock[0] < end:
            start = state.clock[0]
            stop = min(start + circuit.chunk, start - start % circuit.cycle + circuit.cycle)
            for s in range(circuit.inputs.clock.shape[0]):
                if input_onset(circuit, state, s) <= start:
                    begin_input(circuit, state, stimulus.ranked, frame, s, start, seed)
                stop = min(stop, max(input_onset(circuit, state, s), start + 1))
            for pop in range(n_pops):
                if others is None:
                    neuron = pick(circuit.neurons, pop)
                    advance(circuit, neuron, state, stimulus, out, scratch, pop, start, stop, frame, seed, learning)
                else:
                    if circuit.role[pop] == 0:
                        neuron = pick(circuit.neurons, pop)
                        advance(circuit, neuron, state, stimulus, out, scratch, pop, start, stop, frame, seed, learning)
                    else:
                        other = pick(others, pop)
                        advance(circuit, other, state, stimulus, out, scratch, pop, start, stop, frame, seed, learning)
            for s in range(circuit.inputs.clock.shape[0]):
                for step in range(start, stop):
                    state.due[s, step % state.due.shape[1]] = -1
            state.clock[0] = stop
            if stop % circuit.cycle == 0:
                if stop == end - circuit.frame + circuit.cycle:
                    match(circuit, state, out, scratch, frame)
                ease(circuit, state, scratch, learning)
        remember(circuit, state, out, frame)
        if learning:
            for pop in range(n_pops):
                settle(circuit, state, scratch, pop)
            recover_all(circuit, others, state)


def put_to_rest(circuit, others, state):
    """A graph in which nothing has fired, with thresholds as learned; IN circuit, others; INOUT state.

    Python runs it as it is, since to compile it takes longer than a million runs.
    """
    for pop in range(circuit.first.shape[0] - 1):
        v = rest(pick(circuit.neurons, pop))
        if others is not None:  # noqa: SIM102  pruned by itself when it is None
            if circuit.role[pop] == 1:
                v = rest(pick(others, pop))
        state.v[circuit.first[pop] : circuit.first[pop + 1]] = v
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


rest_in_kernels = called_kernel(put_to_rest)
