"""Volleys of single spikes that meet a cortical sheet: neurons race to fire first, each within its neighbourhood.

Phases of an input spike:

1. the neurons that hear the input add its weight
2. of those at their threshold the one furthest beyond it fires, and inhibits all around it for the rest of the volley;
   then the next one, until none is left
3. at its spike, the neurons around it learn from the spikes that have arrived

At the end of a volley thresholds adapt. Between spikes nothing happens, so the loop goes from spike to spike.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.bundle import bundle
from tectum.core.kernel import called_kernel, kernel
from tectum.parts.norms import length_factor
from tectum.parts.plasticity import bind, learning_rate
from tectum.parts.representation import adapted_threshold
from tectum.parts.traces import input_trace

ZERO = np.float32(0.0)
NONE = np.int64(0)
ONCE = np.int64(1)
NEVER = np.float32(-1.0)
FREE = np.uint8(0)
INHIBITED = np.uint8(1)
FIRED = np.uint8(2)


@bundle
class SheetWiring(NamedTuple):
    """Constants of a sheet (IN)."""

    columns: Any  # int64, of a grid without borders
    first: Any  # (n_neurons + 1,) int64, where the synapses of each neuron begin
    pre: Any  # (n_synapses,) int32, input of each synapse
    start: Any  # (n_inputs + 1,) int64, where the synapses of each input begin in the next two
    target: Any  # (n_synapses,) int32, neuron
    synapse: Any  # (n_synapses,) int64, number of the synapse
    inhibits: Any  # (n, 2) int64, rows and columns from a neuron to those it inhibits, itself included
    learns: Any  # (n, 2) int64, from the neuron that fires to those that learn
    share: Any  # (n,) float32, of the learning rate
    rule: Any  # ArrivalSTDPStep
    norm: Any  # LengthStep
    threshold: Any  # AdaptiveThreshold
    dt: Any  # float32, ms of a step of the rule


@bundle
class SheetState(NamedTuple):
    """What is learned (INOUT)."""

    weights: Any  # (n_synapses,) float32
    theta: Any  # (n_neurons,) float32


@bundle
class Volleys(NamedTuple):
    """Spikes of the inputs (IN), by volley and in the order of their times."""

    first: Any  # (n_volleys + 1,) int64
    input: Any  # (n_spikes,) int32
    time: Any  # (n_spikes,) float32, ms from the start of the volley


@bundle
class Room(NamedTuple):
    """Room to work in."""

    v: Any  # (n_neurons,) float32
    inhibited: Any  # (n_neurons,) uint8: FREE, INHIBITED or FIRED
    reached: Any  # (n_neurons,) int32, neurons at their threshold
    x: Any  # (n_inputs,) float32, trace of each input


@called_kernel
def learn_around(wiring, state, volleys, room, begin, end, winner):
    """Phase 3: the neurons around a winner learn from the spikes from `begin` on that arrived before `end`."""
    rule, weights, x, columns = wiring.rule, state.weights, room.x, wiring.columns
    rows = (wiring.first.shape[0] - 1) // columns
    now = volleys.time[end - 1]
    for s in range(begin, end):
        x[volleys.input[s]] = input_trace(rule, np.int64((now - volleys.time[s]) / wiring.dt))
    for n in range(wiring.share.shape[0]):
        row = (winner // columns + wiring.learns[n, 0]) % rows
        j = row * columns + (winner % columns + wiring.learns[n, 1]) % columns
        eta, square = learning_rate(rule) * wiring.share[n], ZERO
        for k in range(wiring.first[j], wiring.first[j + 1]):
            w = bind(rule, weights[k], x[wiring.pre[k]], eta)
            weights[k] = w
            square += w * w
        factor = length_factor(wiring.norm, square)
        for k in range(wiring.first[j], wiring.first[j + 1]):
            weights[k] *= factor
    for s in range(begin, end):
        x[volleys.input[s]] = ZERO


@kernel
def add_spike(wiring, state, room, i):
    """Phase 1; returns how many neurons are at their threshold and not inhibited, into `room.reached`."""
    v, n = room.v, NONE
    for k in range(wiring.start[i], wiring.start[i + 1]):
        j = wiring.target[k]
        v[j] += state.weights[wiring.synapse[k]]
        room.reached[n] = j
        n += ONCE if (room.inhibited[j] == FREE) & (v[j] >= state.theta[j]) else NONE
    return n


@kernel
def next_winner(state, room, n):
    """Phase 2: of n neurons in `room.reached` the one furthest beyond its threshold, -1 if all are inhibited."""
    winner, most = NONE - ONCE, NEVER
    for k in range(n):
        j = room.reached[k]
        beyond = room.v[j] - state.theta[j]
        if room.inhibited[j] == FREE and beyond > most:
            winner, most = np.int64(j), beyond
    return winner


@kernel
def inhibit_around(wiring, room, winner):
    """Phase 2: neurons around the one that has fired will not fire in this volley."""
    columns = wiring.columns
    rows = (wiring.first.shape[0] - 1) // columns
    for n in range(wiring.inhibits.shape[0]):
        row = (winner // columns + wiring.inhibits[n, 0]) % rows
        room.inhibited[row * columns + (winner % columns + wiring.inhibits[n, 1]) % columns] = INHIBITED


@kernel
def run_race(wiring, state, volleys, room, learning, fired):
    """Present volleys; IN `wiring`, `volleys`, `learning`; INOUT `state`, unchanged unless `learning`, and `room`.

    OUT `fired` (n_volleys, n_neurons) float32, time of the spike of each neuron, -1 for those that stay silent; with no
    rows nothing is written.
    """
    room.x[:] = ZERO
    for m in range(volleys.first.shape[0] - 1):
        room.v[:] = ZERO
        room.inhibited[:] = FREE
        begin = volleys.first[m]
        if m < fired.shape[0]:
            fired[m, :] = NEVER
        for s in range(begin, volleys.first[m + 1]):
            # 1. the neurons that hear the input
            n = add_spike(wiring, state, room, volleys.input[s])
            winner = next_winner(state, room, n)
            while winner >= NONE:
                # 2. a spike, and inhibition
                inhibit_around(wiring, room, winner)
                room.inhibited[winner] = FIRED
                if m < fired.shape[0]:
                    fired[m, winner] = volleys.time[s]
                # 3. learning
                if learning:
                    learn_around(wiring, state, volleys, room, begin, s + 1, winner)
                winner = next_winner(state, room, n)
        if learning:
            for j in range(state.theta.shape[0]):
                n_spikes = ONCE if room.inhibited[j] == FIRED else NONE
                state.theta[j] = adapted_threshold(wiring.threshold, state.theta[j], n_spikes)
