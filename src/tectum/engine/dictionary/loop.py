"""Time loops of a dictionary: input spikes, representation neurons that compete, plasticity at their spikes.

Phases of a step:

1. spikes of the inputs
2. membranes of the neurons
3. competition: a softmax with thresholds, or spikes that explain the input away
4. plasticity of the neurons that fired
5. threshold: in the softmax after each step, else after each presentation

Weights are held twice, by neuron for plasticity and by input for the drive, since each is read along its rows.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.kernel import kernel
from tectum.core.maths import sum_in_lanes
from tectum.core.random import block, uniform
from tectum.parts.device_weights import is_coarse, written
from tectum.parts.event_plasticity import NEVER, memory, pair, unexplained
from tectum.parts.input_spikes import fires, is_random
from tectum.parts.neurons import refractory, rest
from tectum.parts.norms import length_factor
from tectum.parts.representation import adapted_threshold, delayed, evidence, excitability, softmax_share

ZERO = np.float32(0.0)
HALF = np.float32(0.5)
ONE = np.float32(1.0)
MOST_SPIKES = 64  # of a neuron population in one step of explaining away; a bound against run-away only
FAR = np.float32(1e30)
DRAWS = 8  # numbers of 16 bits in a block of random words, hence steps that are drawn at a time
HALFWORD = np.uint64(0xFFFF)
BIT = np.uint32(1)
WRITING = 2**20  # steps from here on are those of random numbers for writing weights
NO_WORD = np.uint64(0)
RESOLUTION = np.float32(2.0**-16)
# Index of each population in DictionarySpikes.n_events
INPUT, UNITS = range(2)


class DictionaryCircuit(NamedTuple):
    """Constants of a dictionary (IN)."""

    encoder: Any  # RegularSpikes or BernoulliSpikes
    neuron: Any  # EvidenceStep
    competition: Any  # SoftmaxInhibition or ExplainingStep
    threshold: Any  # AdaptiveThreshold
    rule: Any  # a rule with `pair`, or ResidualStep
    seed: Any  # uint64


class DictionaryState(NamedTuple):
    """State of a dictionary (INOUT); membranes start anew with each presentation."""

    weights: Any  # (n_units, n_inputs) float32
    theta: Any  # (n_units,) float32 thresholds
    silence: Any  # (n_units,) float32 presentations in which only others fired, if spikes explain the input away


class DictionarySpikes(NamedTuple):
    """Where spikes go (OUT). Recording stops when the event arrays are full; empty ones record nothing."""

    counts: Any  # (n_samples, n_units) int32 spikes, those of OFF neurons negative
    first: Any  # (n_samples, n_units) int32 step of the first spike, -1 if silent
    inputs: Any  # (capacity, 3) int32 presentation, step, input
    units: Any  # (capacity, 3) int32 presentation, step, neuron
    n_events: Any  # (2,) int64


class DictionaryScratch(NamedTuple):
    """Room to work in; only `by_input` and `known` matter at the start, and are filled by `prepare`.

    While input spikes are drawn, `last_pre` lists the inputs that have a rate and `residual` their rates.
    """

    by_input: Any  # (n_inputs, n_units) float32 weights
    gram: Any  # (n_units, n_units) float32 inner products, for frozen explaining away; else (0, 0)
    known: Any  # (n_units,) uint8, 1 where the row of `gram` is filled: those of neurons that have fired
    raster: Any  # (n_steps, n_inputs) uint32 inputs that fire in a step
    n_fired: Any  # (n_steps,) int64
    sign: Any  # (n_inputs,) float32 +1 ON, -1 OFF
    residual: Any  # (n_inputs,) float32 input not explained
    last_pre: Any  # (n_inputs,) int32 step of the last spike
    last_post: Any  # (n_units,) int32
    norm: Any  # (n_units,) float32 squared norm of the weights, or excitability
    drive: Any  # (n_units,) float32
    U: Any  # (n_units,) float32 membranes
    share: Any  # (n_units,) float32 of the softmax, or the limit of the membrane
    winners: Any  # (n_units,) int64


@kernel
def prepare(state, scratch):
    """Fill the weights by input and the norms of `scratch` (OUT) from `state` (IN); the Gram matrix is not known
    yet.
    """
    weights, by_input = state.weights, scratch.by_input
    n_units, n_inputs = weights.shape
    for j in range(n_units):
        for i in range(n_inputs):
            by_input[i, j] = weights[j, i]
        scratch.norm[j] = squared_norm(weights[j])
    scratch.known[:] = 0


@kernel
def squared_norm(w):
    """Sum of the squares of w, in four sums so that they need not wait for each other."""
    n = w.shape[0]
    a = b = c = d = ZERO
    for k in range(n // 4):
        i = 4 * k
        a += w[i] * w[i]
        b += w[i + 1] * w[i + 1]
        c += w[i + 2] * w[i + 2]
        d += w[i + 3] * w[i + 3]
    for i in range(n - n % 4, n):
        a += w[i] * w[i]
    return (a + b) + (c + d)


@kernel
def largest(x):
    """Maximum of x, in four runs as in `squared_norm`."""
    n = x.shape[0]
    a = b = c = d = x[0]
    for k in range(n // 4):
        i = 4 * k
        a = max(a, x[i])
        b = max(b, x[i + 1])
        c = max(c, x[i + 2])
        d = max(d, x[i + 3])
    for i in range(n - n % 4, n):
        a = max(a, x[i])
    return max(max(a, b), max(c, d))


@kernel
def position(x, value):
    """First index at which x has a value."""
    for j in range(x.shape[0]):
        if x[j] == value:
            return j
    return 0


@kernel
def add_rows(rows, n, factor, table, out):
    """Add to `out` the rows of `table` that the first n of `rows` name, times their factors, four at a time."""
    for q in range(n // 4):
        k = 4 * q
        i0, i1, i2, i3 = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
        f0, f1, f2, f3 = factor[i0], factor[i1], factor[i2], factor[i3]
        r0, r1, r2, r3 = table[i0], table[i1], table[i2], table[i3]
        for j in range(out.shape[0]):
            out[j] += (f0 * r0[j] + f1 * r1[j]) + (f2 * r2[j] + f3 * r3[j])
    for k in range(n - n % 4, n):
        f0 = factor[rows[k]]
        r0 = table[rows[k]]
        for j in range(out.shape[0]):
            out[j] += f0 * r0[j]


@kernel
def inner_products(w, by_input, rows, out):
    """Inner product of w (n_inputs,) with the weights of each neuron, into `out` (n_units,); `rows` is scratch."""
    n = 0
    for i in range(w.shape[0]):
        rows[n] = i
        n += 1 if w[i] != ZERO else 0
    for j in range(out.shape[0]):
        out[j] = ZERO
    add_rows(rows, n, w, by_input, out)


@kernel
def draw_input_spikes(encoder, x, seed, key, scratch):
    """Inputs that fire in each step of a presentation, in ascending order.

    IN `encoder`, a part with `fires`; x (n_inputs,), rates in spikes per step, below 0 for an OFF channel; `seed` of
    the model and `key` of the presentation or of the content of the sample. OUT `raster`, `n_fired` and `sign` of
    `scratch`, whose `last_pre` and `residual` are overwritten.
    """
    raster, n_fired, active, rate = scratch.raster, scratch.n_fired, scratch.last_pre, scratch.residual
    n_steps = n_fired.shape[0]
    n_active = 0
    for i in range(x.shape[0]):
        scratch.sign[i] = ONE if x[i] > ZERO else -ONE
        active[n_active] = i
        rate[n_active] = abs(x[i])
        n_active += 1 if x[i] != ZERO else 0
    for start in range(0, n_steps, DRAWS):
        fired = raster[start]  # as bits, one per step, until they are spelled out below
        for a in range(n_active):
            fired[a] = draw_block(encoder, rate[a], seed, key, start, active[a])
        for k in range(min(DRAWS, n_steps - start) - 1, -1, -1):
            n = 0
            for a in range(n_active):
                bit = (fired[a] >> np.uint32(k)) & BIT
                raster[start + k, n] = active[a]
                n += int(bit)
            n_fired[start + k] = n


@kernel
def draw_block(encoder, rate, seed, key, start, i):
    """Whether input i fires in the `DRAWS` steps from `start`, as the bits of a number."""
    words = (NO_WORD, NO_WORD, NO_WORD, NO_WORD)
    if is_random(encoder):
        words = block(seed, key, start // DRAWS, i + 1)  # the block of neuron 0 has chosen the sample
    bits = np.uint32(0)
    for k in range(DRAWS):
        halfword = np.int32((words[k // 2] >> np.uint64(16 * (k % 2))) & HALFWORD)
        u = np.float32(halfword) * RESOLUTION
        bits |= np.uint32((1 if fires(encoder, rate, start + k, u) else 0) << k)
    return bits


@kernel
def keep_event(events, n_events, population, presentation, step, neuron):
    """Record a spike if there is room."""
    n = n_events[population]
    if n < events.shape[0]:
        events[n, 0] = presentation
        events[n, 1] = step
        events[n, 2] = neuron
    n_events[population] = n + 1


@kernel
def keep_input_events(raster, n_fired, spikes, presentation):
    """Record the input spikes of a presentation, or only count them if there is no room at all."""
    for step in range(n_fired.shape[0]):
        if spikes.inputs.shape[0] == 0:
            spikes.n_events[INPUT] += n_fired[step]
        else:
            for k in range(n_fired[step]):
                keep_event(spikes.inputs, spikes.n_events, INPUT, presentation, step, raster[step, k])


@kernel
def learn_pairs(rule, w, by_input, j, eta, step, lag_post, last_pre):
    """Change all weights of neuron `j`; returns their squared norm."""
    for i in range(w.shape[0]):
        w[i] = pair(rule, w[i], eta, step - last_pre[i], lag_post)
    for i in range(w.shape[0]):
        by_input[i, j] = w[i]
    return squared_norm(w)


@kernel
def run_softmax(circuit, state, spikes, scratch, X, keys, rates, learning):
    """Present samples to neurons that compete through a softmax.

    IN `circuit`, `learning`, X (n_samples, n_inputs), rates of the inputs in spikes per step, `keys` (n_samples,) of
    the random numbers of each sample, and `rates` (n_samples,), the learning rate of each presentation. INOUT `state`,
    unchanged unless `learning`, and `scratch`, prepared. OUT `spikes`.
    """
    neuron, rule = circuit.neuron, circuit.rule
    U, drive, norm, share, winners = scratch.U, scratch.drive, scratch.norm, scratch.share, scratch.winners
    last_pre, last_post, raster, n_fired = scratch.last_pre, scratch.last_post, scratch.raster, scratch.n_fired
    by_input, theta = scratch.by_input, state.theta
    n_units = theta.shape[0]
    for m in range(X.shape[0]):
        U[:] = rest(neuron)
        # 1. spikes of the inputs
        draw_input_spikes(circuit.encoder, X[m], circuit.seed, keys[m], scratch)
        last_pre[:] = -NEVER
        last_post[:] = -NEVER
        keep_input_events(raster, n_fired, spikes, m)
        for step in range(n_fired.shape[0]):
            for k in range(n_fired[step]):
                last_pre[raster[step, k]] = step
            # 2. membranes
            for j in range(n_units):
                drive[j] = ZERO
            source = step - 1 if delayed(neuron) else step
            if source >= 0:
                add_rows(raster[source], n_fired[source], scratch.sign, by_input, drive)
            for j in range(n_units):
                U[j] = evidence(neuron, U[j], drive[j], norm[j])
            if refractory(neuron) > 0:
                for j in range(n_units):
                    if step - last_post[j] <= refractory(neuron):
                        U[j] = rest(neuron)
            # 3. competition
            n_winners = compete(circuit.competition, U, share, theta, winners)
            for k in range(n_winners):
                j = winners[k]
                last_post[j] = step
                spikes.counts[m, j] += 1
                if spikes.first[m, j] < 0:
                    spikes.first[m, j] = step
                keep_event(spikes.units, spikes.n_events, UNITS, m, step, j)
            if learning:
                # 4. plasticity
                if memory(rule) == 1:
                    for k in range(n_winners):
                        j = winners[k]
                        norm[j] = learn_pairs(rule, state.weights[j], by_input, j, rates[m], step, 0, last_pre)
                else:
                    for j in range(n_units):
                        lag = step - last_post[j]
                        if lag < memory(rule):
                            norm[j] = learn_pairs(rule, state.weights[j], by_input, j, rates[m], step, lag, last_pre)
                # 5. thresholds
                for j in range(n_units):
                    theta[j] = adapted_threshold(circuit.threshold, theta[j], n_winners)


@kernel
def compete(competition, U, share, theta, winners):
    """Neurons whose share of the softmax exceeds their threshold, into `winners`; returns their number."""
    n_units = U.shape[0]
    highest = largest(U)
    for j in range(n_units):
        share[j] = softmax_share(competition, highest - U[j])
    whole = sum_in_lanes(share)
    if competition.strict:
        winners[0] = best = position(U, highest)
        return 1 if share[best] > theta[best] * whole else 0
    n_winners = 0
    for j in range(n_units):
        n_winners += 1 if share[j] > theta[j] * whole else 0
    j = 0
    for k in range(n_winners):
        while not share[j] > theta[j] * whole:
            j += 1
        winners[k] = j
        j += 1
    return n_winners


@kernel
def run_explaining(circuit, state, spikes, scratch, X, keys, rates, learning):
    """Present samples to neurons whose spikes explain the input away; arguments as in `run_softmax`.

    Membranes and residuals count in quanta, the input that one spike explains. With signed spikes each component has
    an ON and an OFF neuron, whose membranes are opposite and thus one number; counts are those of ON less those of OFF,
    and events name OFF neurons after all ON neurons.
    """
    U, limit, winners, drive = scratch.U, scratch.share, scratch.winners, scratch.drive
    residual, raster, n_fired, by_input = scratch.residual, scratch.raster, scratch.n_fired, scratch.by_input
    n_units, n_inputs = state.weights.shape
    n_steps = n_fired.shape[0]
    silence, excitable = state.silence, scratch.norm
    gain, signed = ONE / circuit.competition.quantum, circuit.competition.signed
    first_step = circuit.competition.wait * np.float32(n_steps)
    for m in range(X.shape[0]):
        # 1. spikes of the inputs
        draw_input_spikes(circuit.encoder, X[m], circuit.seed, keys[m], scratch)
        keep_input_events(raster, n_fired, spikes, m)
        onset = max(HALF, state.theta[0] * np.float32(n_steps))
        for j in range(n_units):
            U[j] = ZERO
            limit[j] = onset
            excitable[j] = excitability(circuit.competition, silence[j] / np.float32(n_units)) if learning else ONE
        for i in range(n_inputs):
            residual[i] = ZERO
        n_active = n_written = 0
        for step in range(n_steps):
            # 2. membranes
            for k in range(n_fired[step]):
                i = raster[step, k]
                residual[i] += gain * scratch.sign[i]
            for j in range(n_units):
                drive[j] = ZERO
            add_rows(raster[step], n_fired[step], scratch.sign, by_input, drive)
            for j in range(n_units):
                U[j] += gain * drive[j]
            for _ in range(MOST_SPIKES if step >= first_step else 0):
                # 3. competition: the neuron furthest above its limit fires and explains the input away
                crossed = False
                for j in range(n_units):
                    drive[j] = excitable[j] * (abs(U[j]) if signed else U[j]) - limit[j]
                    crossed |= drive[j] > ZERO
                if not crossed:
                    break
                winner = position(drive, largest(drive))
                polarity = ONE if U[winner] > ZERO else -ONE
                if spikes.first[m, winner] < 0:
                    limit[winner] = HALF
                    winners[n_active] = winner
                    n_active += 1
                    spikes.first[m, winner] = step
                    if n_active == circuit.competition.most:
                        for j in range(n_units):
                            limit[j] = FAR
                        for k in range(n_active):
                            limit[winners[k]] = HALF
                spikes.counts[m, winner] += np.int32(polarity)
                neuron = winner if polarity > ZERO else n_units + winner
                keep_event(spikes.units, spikes.n_events, UNITS, m, step, neuron)
                if learning:
                    # 4. plasticity
                    w, eta = state.weights[winner], rates[m]
                    if excitable[winner] == ONE:  # else one spike counts as much as a presentation full of them
                        eta /= np.float32(n_steps)
                    excitable[winner] = ONE
                    learn_residual(circuit.rule, w, by_input, winner, eta, polarity, residual)
                    if is_coarse(circuit.rule):
                        write(circuit.rule, w, by_input, winner, circuit.seed, keys[m], n_written)
                        n_written += 1
                    inner_products(w, by_input, scratch.last_pre, drive)
                    for j in range(n_units):
                        U[j] -= polarity * drive[j]
                else:
                    row = scratch.gram[winner]
                    if scratch.known[winner] == 0:
                        inner_products(state.weights[winner], by_input, scratch.last_pre, row)
                        scratch.known[winner] = 1
                    for j in range(n_units):
                        U[j] -= polarity * row[j]
        if learning:
            # 5. threshold
            for j in range(n_units):
                state.theta[j] = adapted_threshold(circuit.threshold, state.theta[j], n_active)
                silence[j] += ONE if n_active > 0 else ZERO
            for k in range(n_active):
                silence[winners[k]] = ZERO


@kernel
def write(rule, w, by_input, j, seed, key, n):
    """Write the weights w of neuron `j` into synapses of few states, at the n-th spike of a presentation."""
    for i in range(w.shape[0]):
        w[i] = written(rule, w[i], uniform(seed, key, WRITING + n, i))
        by_input[i, j] = w[i]


@kernel
def learn_residual(rule, w, by_input, j, eta, polarity, residual):
    """The spike of neuron `j` is taken from the residual, which its weights w then follow; they keep length 1.

    For the OFF neuron (polarity -1) weights and residual count with the opposite sign.
    """
    for i in range(w.shape[0]):
        residual[i] -= polarity * w[i]
        w[i] = unexplained(rule, w[i], eta, polarity * residual[i])
    scale = length_factor(rule, squared_norm(w))
    for i in range(w.shape[0]):
        w[i] = w[i] * scale
        by_input[i, j] = w[i]
