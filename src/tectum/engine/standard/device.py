"""The time loop of the standard network on a CUDA device: a block of threads for each sample, or for each replica.

The same laws in the same phases. A thread has every n-th neuron to itself and adds up its input in the order in which
the CPU does, so that sums have the same bits. Input spikes are drawn by a thread for each input, then listed step by
step in the order of the CPU. Frozen, a block answers a sample; learning, it takes one replica through all samples,
with weights and a seed of its own.

Only the logarithm of `mean_interval` is another than that of the CPU; it may differ in the last bit of a float64.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import cuda
from numba.core import types
from numpy.typing import NDArray

from tectum.core.device import DeviceKernel, device_function, most_blocks, room_on_device, to_device, to_host
from tectum.core.kernel import kernel
from tectum.core.random import block
from tectum.engine.standard.loop import (
    ATTEMPT,
    GROUP,
    HALFWORD,
    NEVER,
    ONE,
    PER_BLOCK,
    SHIFT,
    ZERO,
    DiehlCookCircuit,
    DiehlCookState,
    normalise,
)
from tectum.parts.adaptive_threshold import inhibited
from tectum.parts.neurons import jump, membrane, recovery, refract, refractory, reset, rest, threshold
from tectum.parts.plasticity import depress, inputs_depress, potentiate, silence_counts
from tectum.parts.poisson import enough, mean_interval, rate_factor
from tectum.parts.traces import input_trace, neuron_trace

LEAST_THREADS = 32  # of a block; always a power of two
MOST_THREADS = 256
MOST_BLOCKS = 512  # at a time
BYTES_OF_THREAD = 8  # shared with its block, by `furthest_beyond`
UNDRAWN = np.uint16(0)


class Replicas(NamedTuple):
    """What is learned (INOUT), for each replica; frozen passes have one, which stays as it is."""

    weights: Any  # (n_replicas, n_inputs, n_units) float32
    theta: Any  # (n_replicas, n_units) float32 mV
    seeds: Any  # (n_replicas,) uint64


class Presentations(NamedTuple):
    """What is shown (IN) and what comes of it (OUT)."""

    X: Any  # (n_samples, n_inputs) float32 values of the inputs, from 0 to 1
    order: Any  # (n_replicas, n_presentations) int64 samples in the order in which a replica sees them
    keys: Any  # (n_presentations,) uint64 keys of the random numbers
    counts: Any  # (n_replicas, n_presentations, n_units) int32 spikes of each neuron when it was last shown
    shown: Any  # (n_replicas, n_presentations) int32 times that it was shown


class DeviceRoom(NamedTuple):
    """Room to work in, for each block."""

    v: Any  # (n_blocks, n_units) float32
    limit: Any  # (n_blocks, n_units) float32 potential from which a neuron fires
    raster: Any  # (n_blocks, n_steps, n_inputs) int32 inputs that fire in a step
    n_fired: Any  # (n_blocks, n_steps) int32
    drawn: Any  # (n_blocks, n_inputs, n_steps) uint16 number of the random block that a spike was drawn from, 0: none
    last_pre: Any  # (n_blocks, n_inputs) int32 step of the last spike, -1 if none
    last_post: Any  # (n_blocks, n_units) int32
    fired: Any  # (n_blocks, n_units) int32 neurons that have fired in this presentation


def run(circuit, replicas, presentations, room, left, learning):
    """Present samples, or take replicas through them; the kernel `RUN`.

    IN `circuit`, whose seed is not used, `left`, the share of the adaptation that is left after a presentation, and
    `learning`. INOUT `replicas`, and `room`, whatever it holds at the start. IN and OUT `presentations`.
    """
    thread, n_threads, own = cuda.threadIdx.x, cuda.blockDim.x, cuda.blockIdx.x
    # Size 0 is the memory that the launch asks for. The simulator may give arrays of a fixed size to one thread alone.
    excess = cuda.shared.array(0, types.float32)[:n_threads]
    which = cuda.shared.array(0, types.int32)[n_threads:]
    n_presentations, (n_inputs, n_units) = presentations.order.shape[1], replicas.weights.shape[1:]
    fired, limit = room.fired[own], room.limit[own]
    n_tasks = replicas.seeds.shape[0] if learning else n_presentations
    for task in range(own, n_tasks, cuda.gridDim.x):
        replica = task if learning else 0
        table, theta, seed = replicas.weights[replica], replicas.theta[replica], replicas.seeds[replica]
        for m in range(0 if learning else task, n_presentations if learning else task + 1):
            x, counts = presentations.X[presentations.order[replica, m]], presentations.counts[replica, m]
            n_shown = n_spikes = 0
            while n_shown == 0 or not enough(circuit.retry, n_spikes, n_shown):
                draw_input_spikes(circuit, seed, x, presentations.keys[m], n_shown, room)
                for j in range(thread, n_units, n_threads):
                    limit[j] = threshold(circuit.neuron, theta[j])
                    counts[j] = 0
                n_spikes, n_different = present(circuit, table, theta, counts, room, excess, which, learning)
                if learning:
                    for f in range(thread, n_different, n_threads):
                        normalise(circuit.norm, table, n_inputs, fired[f])
                    for j in range(thread, n_units, n_threads):
                        theta[j] *= left
                n_shown += 1
                cuda.syncthreads()
            if thread == 0:
                presentations.shown[replica, m] = n_shown


@device_function
def draw_input_spikes(circuit, seed, x, key, n_shown, room):
    """Inputs that fire in each step of a presentation, in the order of the CPU."""
    thread, n_threads, own = cuda.threadIdx.x, cuda.blockDim.x, cuda.blockIdx.x
    raster, n_fired, drawn = room.raster[own], room.n_fired[own], room.drawn[own]
    n_inputs, n_steps = drawn.shape
    for i in range(n_inputs):
        if x[i] > ZERO:
            for step in range(thread, n_steps, n_threads):
                drawn[i, step] = UNDRAWN
    cuda.syncthreads()
    boost = rate_factor(circuit.retry, n_shown)
    for i in range(thread, n_inputs, n_threads):
        if x[i] > ZERO:
            draw_intervals(circuit.levels, mean_interval(circuit.encoder, x[i], boost), seed, key, n_shown, i, drawn[i])
    cuda.syncthreads()
    for step in range(thread, n_steps, n_threads):
        n = 0
        for i in range(n_inputs):
            if x[i] > ZERO and drawn[i, step] != UNDRAWN:
                n += 1
        n_fired[step] = n
        found, turn = 0, 0
        while found < n:
            turn += 1
            for i in range(n_inputs):
                if x[i] > ZERO and drawn[i, step] == turn:
                    raster[step, found] = i
                    found += 1
    cuda.syncthreads()


@kernel
def draw_intervals(levels, mean, seed, key, n_shown, i, drawn):
    """Mark the steps in which an input fires by the number of the block of random words, from 1."""
    n_steps = drawn.shape[0]
    furthest = np.float32(n_steps)
    t, turn = -1, 0
    while t < n_steps:
        w0, w1, w2, w3 = block(seed, key, n_shown * ATTEMPT + turn, i)
        turn += 1
        for k in range(PER_BLOCK):
            word = np.uint32(w0 if k < 2 else w1 if k < 4 else w2 if k < 6 else w3)
            half = word >> SHIFT if k % 2 else word & HALFWORD
            t += 1 + int(min(furthest, levels[half] * mean))
            if t >= n_steps:
                break
            drawn[t] = turn


@device_function
def present(circuit, table, theta, counts, room, excess, which, learning):
    """The time loop of one presentation; returns the spikes and the number of neurons that fired."""
    thread, n_threads, own = cuda.threadIdx.x, cuda.blockDim.x, cuda.blockIdx.x
    neuron, rule = circuit.neuron, circuit.rule
    v, limit, raster, n_fired = room.v[own], room.limit[own], room.raster[own], room.n_fired[own]
    last_pre, last_post, fired = room.last_pre[own], room.last_post[own], room.fired[own]
    n_units, n_steps = v.shape[0], n_fired.shape[0]
    returning = reset(neuron, ZERO, ZERO)
    for _ in range(refractory(neuron)):
        returning = refract(neuron, returning)
    for j in range(thread, n_units, n_threads):
        v[j] = rest(neuron)
        last_post[j] = -1
    for i in range(thread, last_pre.shape[0], n_threads):
        last_pre[i] = -1
    n_spikes = n_different = 0
    for step in range(n_steps):
        rows, n, crossed = raster[step], n_fired[step], False
        for j in range(thread, n_units, n_threads):
            # 1. neurons whose refractory period is over
            if limit[j] == NEVER and step == last_post[j] + 1 + refractory(neuron):
                v[j] = returning
                limit[j] = threshold(neuron, theta[j])
            # 2. membranes
            v[j] = membrane(neuron, v[j], circuit.gain * drive(table, rows, n, j))
            crossed |= v[j] >= limit[j]
        crossed = cuda.syncthreads_or(np.int32(crossed)) != 0
        # 3. depression
        if learning:
            for k in range(thread, n, n_threads):
                last_pre[rows[k]] = step
                if inputs_depress(rule):
                    for f in range(n_different):
                        j = fired[f]
                        memory = neuron_trace(rule, step - last_post[j])
                        if memory > ZERO:
                            table[rows[k], j] = depress(rule, table[rows[k], j], memory)
            cuda.syncthreads()
        # 4. the winner
        if crossed:
            winner = furthest_beyond(v, limit, excess, which)
            fired_before = last_post[winner] >= 0
            cuda.syncthreads()
            for j in range(thread, n_units, n_threads):
                v[j] = inhibited(circuit.inhibition, v[j])
            if thread == winner % n_threads:
                counts[winner] += 1
                limit[winner] = NEVER
                last_post[winner] = step
                if learning:
                    theta[winner] += jump(neuron, ZERO)
                if not fired_before:
                    fired[n_different] = winner
            if learning:
                potentiate_column(rule, table, last_pre, step, winner)
            n_spikes += 1
            n_different += 0 if fired_before else 1
            cuda.syncthreads()
    return n_spikes, n_different


@kernel
def drive(table, rows, n, j):
    """Weights through which n inputs drive neuron j, added in the order of `gather` and `advance` on the CPU."""
    total, left = ZERO, n
    if n > GROUP:
        while left >= GROUP:
            left -= GROUP
            total += eight(table, rows, left, GROUP, ZERO, j)
    return eight(table, rows, 0, left, total, j)


@kernel
def eight(table, rows, start, n, last, j):
    """n <= 8 weights of neuron j and a last number behind them, added in pairs."""
    w0 = at(table, rows, start, 0, n, last, j)
    w1 = at(table, rows, start, 1, n, last, j)
    w2 = at(table, rows, start, 2, n, last, j)
    w3 = at(table, rows, start, 3, n, last, j)
    w4 = at(table, rows, start, 4, n, last, j)
    w5 = at(table, rows, start, 5, n, last, j)
    w6 = at(table, rows, start, 6, n, last, j)
    w7 = at(table, rows, start, 7, n, last, j)
    return ((w0 + w1) + (w2 + w3)) + ((w4 + w5) + (w6 + w7))


@kernel
def at(table, rows, start, k, n, last, j):
    """The k-th number of `eight`."""
    if k < n:
        return table[rows[start + k], j]
    return last if k == n else ZERO


@device_function
def furthest_beyond(v, limit, excess, which):
    """Neuron whose potential exceeds its threshold most, the first of several; the same in all threads of a block."""
    thread, n_threads, n_units = cuda.threadIdx.x, cuda.blockDim.x, v.shape[0]
    best, most = n_units, -ONE
    for j in range(thread, n_units, n_threads):
        if v[j] >= limit[j] and v[j] - limit[j] > most:
            best, most = j, v[j] - limit[j]
    excess[thread], which[thread] = most, best
    cuda.syncthreads()
    half = n_threads // 2
    while half > 0:
        if thread < half:
            other = thread + half
            beyond = excess[other] > excess[thread]
            if beyond or (excess[other] == excess[thread] and which[other] < which[thread]):
                excess[thread], which[thread] = excess[other], which[other]
        cuda.syncthreads()
        half //= 2
    return which[0]


@device_function
def potentiate_column(rule, table, last_pre, step, j):
    """Phase 4, plasticity: weights of a neuron that fires change by the traces of its inputs."""
    for i in range(cuda.threadIdx.x, last_pre.shape[0], cuda.blockDim.x):
        if last_pre[i] >= 0:
            table[i, j] = potentiate(rule, table[i, j], input_trace(rule, step - last_pre[i]))
        elif silence_counts(rule):
            table[i, j] = potentiate(rule, table[i, j], ZERO)


RUN = DeviceKernel(run)


def respond(
    circuit: DiehlCookCircuit, state: DiehlCookState, X: NDArray[np.float32], keys: NDArray[np.uint64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Spikes (n_samples, n_units) and times shown (n_samples,) with frozen weights."""
    replicas = Replicas(state.weights[np.newaxis], state.theta[np.newaxis], np.array([circuit.seed], np.uint64))
    counts, shown, _ = _launch(circuit, replicas, X, np.arange(len(X))[np.newaxis], keys, learning=False)
    return counts[0], shown[0]


def learn(
    circuit: DiehlCookCircuit,
    states: list[DiehlCookState],
    seeds: NDArray[np.uint64],
    X: NDArray[np.float32],
    order: NDArray[np.intp],
    keys: NDArray[np.uint64],
) -> list[tuple[DiehlCookState, NDArray[np.int32], NDArray[np.int32]]]:
    """State of each replica after learning, spikes (n_presentations, n_units), and times shown (n_presentations,)."""
    replicas = Replicas(np.stack([s.weights for s in states]), np.stack([s.theta for s in states]), seeds)
    counts, shown, learned = _launch(circuit, replicas, X, order, keys, learning=True)
    weights, theta = to_host(learned.weights), to_host(learned.theta)
    return [(DiehlCookState(weights[r].copy(), theta[r].copy()), counts[r], shown[r]) for r in range(len(states))]


def _launch(
    circuit: DiehlCookCircuit,
    replicas: Replicas,
    X: NDArray[np.float32],
    order: NDArray[np.intp],
    keys: NDArray[np.uint64],
    *,
    learning: bool,
) -> tuple[NDArray[np.int32], NDArray[np.int32], Replicas]:
    n_inputs, n_units = replicas.weights.shape[1:]
    n_steps, n_presentations = int(circuit.encoder.n_steps), order.shape[1]
    shape = (len(replicas.seeds) if learning else 1, n_presentations)
    bytes_of_block = n_steps * (6 * n_inputs + 4) + 4 * (n_inputs + 4 * n_units)
    n_blocks = most_blocks(bytes_of_block, min(MOST_BLOCKS, shape[0] if learning else n_presentations))
    n_threads = LEAST_THREADS
    while n_threads < min(n_units, MOST_THREADS):
        n_threads *= 2
    room = room_for(n_blocks, n_steps, n_inputs, n_units)
    presentations = Presentations(
        X=to_device(X),
        order=to_device(order),
        keys=to_device(keys),
        counts=room_on_device(np.int32, *shape, n_units),
        shown=room_on_device(np.int32, *shape),
    )
    learned, left = to_device(replicas), recovery(circuit.neuron, n_steps)
    shared_bytes = BYTES_OF_THREAD * n_threads
    RUN.launch(n_blocks, n_threads, shared_bytes, to_device(circuit), learned, presentations, room, left, learning)
    return to_host(presentations.counts), to_host(presentations.shown), learned


def room_for(n_blocks: int, n_steps: int, n_inputs: int, n_units: int) -> DeviceRoom:
    """Room for so many blocks."""
    return DeviceRoom(
        v=room_on_device(np.float32, n_blocks, n_units),
        limit=room_on_device(np.float32, n_blocks, n_units),
        raster=room_on_device(np.int32, n_blocks, n_steps, n_inputs),
        n_fired=room_on_device(np.int32, n_blocks, n_steps),
        drawn=room_on_device(np.uint16, n_blocks, n_inputs, n_steps),
        last_pre=room_on_device(np.int32, n_blocks, n_inputs),
        last_post=room_on_device(np.int32, n_blocks, n_units),
        fired=room_on_device(np.int32, n_blocks, n_units),
    )
