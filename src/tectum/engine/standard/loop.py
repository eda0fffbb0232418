"""Time loop of the standard network: Poisson inputs, neurons with adaptive thresholds that inhibit each other, STDP.

Phases of a step, after the input spikes of the whole presentation have been drawn:

1. neurons whose refractory period is over return
2. membranes, driven by the inputs that fire in the step
3. these inputs depress their synapses by the traces of the neurons
4. of the neurons at their threshold the one that exceeds it most fires: it inhibits the others, its threshold rises,
   its synapses are potentiated by the traces of the inputs

After each presentation the weights of the neurons that fired are normalised, and adaptation recovers. Nothing else has
changed: traces begin at 0 with each presentation, so the weights of neurons that stay silent are as they were.

What is skipped, and changes no result: inputs without a rate are never asked, intervals are drawn in place of steps,
depression and normalisation touch only neurons that have fired, a refractory neuron is moved once, at its end.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.kernel import kernel
from tectum.core.random import block
from tectum.parts.adaptive_threshold import inhibited
from tectum.parts.neurons import jump, membrane, recovery, refract, refractory, reset, rest, threshold
from tectum.parts.norms import norm_factor
from tectum.parts.plasticity import depress, inputs_depress, potentiate, silence_counts
from tectum.parts.poisson import enough, mean_interval, rate_factor
from tectum.parts.traces import input_trace, neuron_trace

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
NEVER = np.float32(np.inf)  # threshold of a neuron that cannot fire
GROUP = 8  # rows of the weights that are added in one pass
SCAN = 64  # neurons whose thresholds are tested together
LEVELS = 2**16  # of an exponential number, from 16 random bits
PER_BLOCK = 8  # numbers from a block of random words
HALFWORD = np.uint32(0xFFFF)
SHIFT = np.uint32(16)
ATTEMPT = 2**20  # blocks of random words reserved for each time that a sample is shown
NOBODY = np.int32(-1)


class DiehlCookCircuit(NamedTuple):
    """Constants of the network (IN)."""

    encoder: Any  # PoissonStep
    retry: Any  # MoreInput
    neuron: Any  # AdaptiveLIFStep
    inhibition: Any  # LateralInhibition
    rule: Any  # PostPreStep, TargetStep
    norm: Any  # MeanNorm
    gain: Any  # float32 mV per unit of a weight
    levels: Any  # (LEVELS,) float32 quantiles of the exponential distribution
    seed: Any  # uint64


class DiehlCookState(NamedTuple):
    """What is learned (INOUT); membranes and traces start anew with each presentation."""

    weights: Any  # (n_inputs, n_units) float32
    theta: Any  # (n_units,) float32 mV, adaptation of the thresholds


class DiehlCookScratch(NamedTuple):
    """Room to work in; `table` holds the weights while the loop runs.

    Columns are padded to `n_columns`; two rows more hold zeros and a sum.
    """

    table: Any  # (n_inputs + 2, n_columns) float32
    v: Any  # (n_columns,) float32
    limit: Any  # (n_columns,) float32 potential from which a neuron fires
    raster: Any  # (n_steps, n_inputs) uint32 inputs that fire in a step
    n_fired: Any  # (n_steps,) int32
    group: Any  # (GROUP,) uint32 rows of the table that drive a step
    active: Any  # (n_inputs,) uint32 inputs with a rate
    open: Any  # (n_inputs,) uint32 those whose intervals have not reached the end yet
    interval: Any  # (n_inputs,) float32 mean interval in steps
    clock: Any  # (n_inputs,) int32 step of the last spike drawn
    words: Any  # (4, n_inputs) uint32 random words
    last_pre: Any  # (n_inputs,) int32 step of the last spike, -1 if none
    last_post: Any  # (n_units,) int32
    fired: Any  # (n_units,) int32 neurons that have fired in this presentation
    winner: Any  # (n_steps,) int32 neuron that fires in a step, or -1
    back: Any  # (n_steps,) int32 neuron that returns in a step, or -1


@kernel
def run(circuit, state, scratch, X, keys, counts, shown, learning):
    """Present samples one after another.

    IN `circuit`, `learning`, X (n_samples, n_inputs), values of the inputs from 0 to 1, and `keys` (n_samples,) of the
    random numbers of each sample. INOUT `state`, unchanged unless `learning`, and `scratch`, whatever it holds at the
    start. OUT (n_samples, n_units) `counts`, spikes of each neuron when the sample was last shown, and `shown`
    (n_samples,), how many times it was.
    """
    weights, table = state.weights, scratch.table
    n_inputs, n_units = weights.shape
    table[:] = ZERO
    for i in range(n_inputs):
        for j in range(n_units):
            table[i, j] = weights[i, j]
    for m in range(X.shape[0]):
        shown[m] = 0
        n_spikes = 0
        while shown[m] == 0 or not enough(circuit.retry, n_spikes, shown[m]):
            n_active = draw_input_spikes(circuit, X[m], keys[m], shown[m], scratch)
            n_spikes = show(circuit, state, scratch, n_active, counts[m], learning)
            shown[m] += 1
    if learning:
        for i in range(n_inputs):
            for j in range(n_units):
                weights[i, j] = table[i, j]


@kernel
def show(circuit, state, scratch, n_active, counts, learning):
    """Present the input spikes in `scratch` once; returns the number of spikes that answer them.

    IN `circuit`, `learning`, and of `scratch` the spikes and the `n_active` inputs that fire. INOUT `state`, unchanged
    unless `learning`, but for the weights, which are those of the table of `scratch`. OUT `counts` (n_units,).
    """
    theta, limit = state.theta, scratch.limit
    n_inputs, n_units = state.weights.shape
    limit[:] = NEVER
    for j in range(n_units):
        limit[j] = threshold(circuit.neuron, theta[j])
        counts[j] = 0
    n_spikes, n_different = present(circuit, theta, scratch, n_active, counts, learning)
    if learning:
        left = recovery(circuit.neuron, scratch.n_fired.shape[0])
        for f in range(n_different):
            normalise(circuit.norm, scratch.table, n_inputs, scratch.fired[f])
        for j in range(n_units):
            theta[j] *= left
    return n_spikes


@kernel
def draw_input_spikes(circuit, x, key, n_shown, scratch):
    """Inputs that fire in each step of a presentation; returns the number of inputs with a rate.

    IN `circuit`, x (n_inputs,), values from 0 to 1, `key` of the sample and `n_shown`, how many times it was shown
    before. OUT `raster`, `n_fired` and `active` of `scratch`, whose `open`, `interval`, `clock` and `words` are
    overwritten.
    """
    raster, n_fired, active, still, words = scratch.raster, scratch.n_fired, scratch.active, scratch.open, scratch.words
    interval, clock, levels = scratch.interval, scratch.clock, circuit.levels
    first, second, third, fourth = words[0], words[1], words[2], words[3]
    n_steps = n_fired.shape[0]
    furthest = np.float32(n_steps)
    boost = rate_factor(circuit.retry, n_shown)
    n_fired[:] = 0
    n_active = 0
    for i in range(x.shape[0]):
        if x[i] > ZERO:
            active[n_active] = still[n_active] = i
            interval[i] = mean_interval(circuit.encoder, x[i], boost)
            clock[i] = -1
            n_active += 1
    n_open, blocks = n_active, n_shown * ATTEMPT
    while n_open > 0:
        for a in range(n_open):
            w0, w1, w2, w3 = block(circuit.seed, key, blocks, still[a])
            first[a], second[a], third[a], fourth[a] = w0, w1, w2, w3
        blocks += 1
        n = 0
        for a in range(n_open):
            i = still[a]
            t, mean = clock[i], interval[i]
            for k in range(PER_BLOCK):
                word = words[k // 2, a]
                half = word >> SHIFT if k % 2 else word & HALFWORD
                t += 1 + np.int32(min(furthest, levels[half] * mean))
                if t >= n_steps:
                    break
                raster[t, n_fired[t]] = i
                n_fired[t] += 1
            clock[i] = t
            still[n] = i
            n += 1 if t < n_steps else 0
        n_open = n
    return n_active


@kernel
def present(circuit, theta, scratch, n_active, counts, learning):
    """The time loop of one presentation, phases 1 to 4; returns the spikes and the number of neurons that fired.

    IN `circuit`, `n_active`, `learning`. INOUT `theta` (n_units,), the adaptation, and `counts` (n_units,), the spikes.
    Of `scratch` IN the input spikes and `active`, INOUT `table` and `limit`, OUT `winner` and `fired`; the rest is
    overwritten.
    """
    neuron, rule, gain = circuit.neuron, circuit.rule, circuit.gain
    table, v, limit, back, winner = scratch.table, scratch.v, scratch.limit, scratch.back, scratch.winner
    fired, last_pre, last_post = scratch.fired, scratch.last_pre, scratch.last_post
    n_steps, n_columns = scratch.n_fired.shape[0], v.shape[0]
    group = scratch.group
    n_spikes = n_different = 0
    v[:] = rest(neuron)
    returning = reset(neuron, ZERO, ZERO)
    for _ in range(refractory(neuron)):
        returning = refract(neuron, returning)
    back[:] = NOBODY
    winner[:] = NOBODY
    last_pre[:] = -1
    last_post[:] = -1
    for step in range(n_steps):
        # 1. neurons whose refractory period is over
        if back[step] != NOBODY:
            v[back[step]] = returning
            limit[back[step]] = threshold(neuron, theta[back[step]])
        # 2. membranes
        rows, n = scratch.raster[step], scratch.n_fired[step]
        gather(table, rows, n, group)
        crossed = advance(neuron, gain, table, group, v, limit)
        # 3. depression
        if learning:
            for k in range(n):
                last_pre[rows[k]] = step
            if inputs_depress(rule):
                for f in range(n_different):
                    j = fired[f]
                    memory = neuron_trace(rule, step - last_post[j])
                    if memory > ZERO:
                        for k in range(n):
                            table[rows[k], j] = depress(rule, table[rows[k], j], memory)
        # 4. the winner
        if crossed:
            j = furthest_beyond(v, limit)
            winner[step] = j
            counts[j] += 1
            n_spikes += 1
            for k in range(n_columns):
                v[k] = inhibited(circuit.inhibition, v[k])
            limit[j] = NEVER
            if step + 1 + refractory(neuron) < n_steps:
                back[step + 1 + refractory(neuron)] = j
            if last_post[j] < 0:
                fired[n_different] = j
                n_different += 1
            last_post[j] = step
            if learning:
                theta[j] += jump(neuron, ZERO)
                potentiate_column(rule, scratch, n_active, step, j)
    return n_spikes, n_different


@kernel
def gather(table, rows, n, group):
    """The n rows of the table that drive a step as `GROUP` rows: some may be of zeros, one a sum of others."""
    silent, total = table.shape[0] - 2, table.shape[0] - 1
    left = n
    if n > GROUP:
        out = table[total]
        out[:] = ZERO
        while left >= GROUP:
            left -= GROUP
            r0, r1, r2, r3 = table[rows[left]], table[rows[left + 1]], table[rows[left + 2]], table[rows[left + 3]]
            r4, r5, r6, r7 = table[rows[left + 4]], table[rows[left + 5]], table[rows[left + 6]], table[rows[left + 7]]
            for j in range(out.shape[0]):
                out[j] += ((r0[j] + r1[j]) + (r2[j] + r3[j])) + ((r4[j] + r5[j]) + (r6[j] + r7[j]))
    for k in range(GROUP):
        group[k] = rows[k] if k < left else silent
    if left < n:
        group[left] = total


@kernel
def advance(neuron, gain, table, group, v, limit):
    """Membranes after a step that the rows of `group` drive; returns whether one is at its threshold."""
    r0, r1, r2, r3 = table[group[0]], table[group[1]], table[group[2]], table[group[3]]
    r4, r5, r6, r7 = table[group[4]], table[group[5]], table[group[6]], table[group[7]]
    crossed = False
    for j in range(v.shape[0]):
        total = ((r0[j] + r1[j]) + (r2[j] + r3[j])) + ((r4[j] + r5[j]) + (r6[j] + r7[j]))
        v[j] = membrane(neuron, v[j], gain * total)
        crossed |= v[j] >= limit[j]
    return crossed


@kernel
def furthest_beyond(v, limit):
    """Neuron whose potential exceeds its threshold most, the first of several."""
    best, most = 0, -ONE
    for start in range(0, v.shape[0], SCAN):
        some_v, some_limit = v[start : start + SCAN], limit[start : start + SCAN]
        crossed = False
        for k in range(some_v.shape[0]):
            crossed |= some_v[k] >= some_limit[k]
        if crossed:
            for k in range(some_v.shape[0]):
                if some_v[k] - some_limit[k] > most and some_v[k] >= some_limit[k]:
                    best, most = start + k, some_v[k] - some_limit[k]
    return best


@kernel
def potentiate_column(rule, scratch, n_active, step, j):
    """Phase 4, plasticity: weights of a neuron that fires change by the traces of its inputs."""
    table, last_pre, active = scratch.table, scratch.last_pre, scratch.active
    if silence_counts(rule):
        for i in range(last_pre.shape[0]):
            memory = input_trace(rule, step - last_pre[i]) if last_pre[i] >= 0 else ZERO
            table[i, j] = potentiate(rule, table[i, j], memory)
    else:
        for a in range(n_active):
            i = active[a]
            if last_pre[i] >= 0:
                table[i, j] = potentiate(rule, table[i, j], input_trace(rule, step - last_pre[i]))


@kernel
def normalise(norm, table, n_inputs, j):
    """Scale the weights of a neuron."""
    a = b = c = d = ZERO
    for k in range(n_inputs // 4):
        i = 4 * k
        a += table[i, j]
        b += table[i + 1, j]
        c += table[i + 2, j]
        d += table[i + 3, j]
    for i in range(n_inputs - n_inputs % 4, n_inputs):
        a += table[i, j]
    total = (a + b) + (c + d)
    if total > ZERO:
        factor = norm_factor(norm, total / np.float32(n_inputs), ZERO)
        for i in range(n_inputs):
            table[i, j] *= factor
