"""Time loop of a dictionary with a temporal code: single spikes of the inputs, a race, plasticity by latencies.

Phases of a step:

1. membranes and synaptic currents, from the currents of the step before
2. spikes of the neurons
3. inhibition of all others
4. plasticity at the spikes of the neurons
5. spikes of the inputs: currents, then plasticity at the spikes of the inputs
6. reset of the neurons that fired

Nothing happens before the first input spike, so the loop begins there; it ends when no neuron can fire any more.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.kernel import kernel
from tectum.engine.dictionary.loop import INPUT, UNITS, keep_event
from tectum.parts.event_plasticity import NEVER, memory, pair
from tectum.parts.latency import faded, inhibition, silenced
from tectum.parts.neurons import membrane, refract, refractory, reset, rest
from tectum.parts.representation import adapted_threshold

ZERO = np.float32(0.0)


class LatencyScratch(NamedTuple):
    """Room to work in; only `by_input` matters at the start."""

    by_input: Any  # (n_inputs, n_units) float32 weights, read along its rows by input spikes
    n_at: Any  # (n_steps + 1,) int64 for sorting
    order: Any  # (n_inputs,) int64 inputs in the order of their spikes
    last_pre: Any  # (n_inputs,) int64 step of the last spike
    last_post: Any  # (n_units,) int64
    v: Any  # (n_units,) float32 membranes
    s: Any  # (n_units,) float32 currents from the inputs
    l: Any  # (n_units,) float32 lateral currents
    limit: Any  # (n_units,) float32 thresholds as potentials
    winners: Any  # (n_units,) int64 that fire in a step
    active: Any  # (n_units,) int64 that have fired in the presentation


@kernel
def sort_spikes(steps, n_at, order):
    """Inputs in the order of their spikes, those of one step by index; returns how many fire.

    IN `steps` (n_inputs,), the step of the spike of each input, below 0 for none. OUT `n_at` (n_steps + 1,), room to
    work in, and `order` (n_inputs,), undefined beyond the inputs that fire.
    """
    n_at[:] = 0
    for i in range(steps.shape[0]):
        if steps[i] >= 0:
            n_at[steps[i] + 1] += 1
    for step in range(1, n_at.shape[0]):
        n_at[step] += n_at[step - 1]
    for i in range(steps.shape[0]):
        if steps[i] >= 0:
            order[n_at[steps[i]]] = i
            n_at[steps[i]] += 1
    return n_at[n_at.shape[0] - 1]


@kernel
def advance(circuit, scratch, step, n_active):
    """Membranes and currents after one step; returns whether a neuron exceeds its threshold."""
    neuron, race = circuit.neuron, circuit.competition
    v, s, l, limit, last_post = scratch.v, scratch.s, scratch.l, scratch.limit, scratch.last_post
    crossed = False
    if n_active == 0:  # no inhibition yet, nobody refractory
        for j in range(v.shape[0]):
            v[j] = membrane(neuron, v[j], s[j])
            s[j] = faded(neuron, s[j])
            crossed |= v[j] > limit[j]
        return crossed
    for j in range(v.shape[0]):
        now = membrane(neuron, v[j], s[j] + l[j])
        v[j] = now if step - last_post[j] >= refractory(neuron) else refract(neuron, v[j])
        s[j] = faded(neuron, s[j])
        l[j] = faded(race, l[j])
        crossed |= v[j] > limit[j]
    return crossed


@kernel
def can_fire(scratch):
    """Whether a neuron can still fire without further input: its membrane follows a current that only falls."""
    possible = False
    for j in range(scratch.v.shape[0]):
        possible |= max(scratch.v[j], scratch.s[j]) > scratch.limit[j]
    return possible


@kernel
def learn_at(rule, weights, by_input, i, j, eta, lag_pre, lag_post):
    """Change the weight from input `i` to neuron `j`."""
    w = pair(rule, weights[j, i], eta, lag_pre, lag_post)
    weights[j, i] = w
    by_input[i, j] = w


@kernel
def run_latency(circuit, state, spikes, scratch, X, keys, rates, learning):
    """Present samples to neurons that race to fire first.

    IN `circuit`, `learning`, `rates` (n_samples,), the learning rate of each presentation, and X (n_samples, n_inputs),
    the step of the spike of each input, below 0 for none; `keys` (n_samples,) hold the number of each presentation
    while learning, on which the inhibition depends. INOUT `scratch`, and `state`, unchanged unless `learning`, with
    thresholds in units of the number of inputs. OUT `spikes`.
    """
    rule, race, weights, by_input = circuit.rule, circuit.competition, state.weights, scratch.by_input
    v, s, l, limit, order = scratch.v, scratch.s, scratch.l, scratch.limit, scratch.order
    last_pre, last_post, winners, active = scratch.last_pre, scratch.last_post, scratch.winners, scratch.active
    n_units, n_inputs = weights.shape
    n_steps = circuit.encoder.n_steps
    for m in range(X.shape[0]):
        v[:] = rest(circuit.neuron)
        s[:] = ZERO
        l[:] = ZERO
        last_pre[:] = -NEVER
        last_post[:] = -NEVER
        for j in range(n_units):
            limit[j] = state.theta[j] * np.float32(n_inputs)
        strength = inhibition(race, keys[m]) if learning else race.strongest
        n_spikes = sort_spikes(X[m], scratch.n_at, order)
        n_sent = n_active = 0
        for step in range(X[m, order[0]] if n_spikes else n_steps, n_steps):
            # 1. membranes and synaptic currents
            crossed = advance(circuit, scratch, step, n_active)
            n_winners = 0
            if crossed:
                # 2. spikes of the neurons
                for j in range(n_units):
                    if v[j] > limit[j]:
                        winners[n_winners] = j
                        n_winners += 1
                        last_post[j] = step
                        spikes.counts[m, j] += 1
                        if spikes.first[m, j] < 0:
                            spikes.first[m, j] = step
                            active[n_active] = j
                            n_active += 1
                        keep_event(spikes.units, spikes.n_events, UNITS, m, step, j)
                # 3. inhibition of all others
                for j in range(n_units):
                    others = n_winners - (1 if last_post[j] == step else 0)
                    l[j] = silenced(race, l[j], strength, limit[j], np.float32(others))
                # 4. plasticity at the spikes of the neurons
                if learning:
                    for k in range(n_winners):
                        for i in range(n_inputs):
                            learn_at(rule, weights, by_input, i, winners[k], rates[m], step - last_pre[i], 0)
            # 5. spikes of the inputs
            while n_sent < n_spikes and X[m, order[n_sent]] == step:
                i = order[n_sent]
                n_sent += 1
                last_pre[i] = step
                keep_event(spikes.inputs, spikes.n_events, INPUT, m, step, i)
                row = by_input[i]
                for j in range(n_units):
                    s[j] += row[j]
                if learning:
                    for k in range(n_active):
                        lag = step - last_post[active[k]]
                        if 0 < lag < memory(rule):
                            learn_at(rule, weights, by_input, i, active[k], rates[m], 0, lag)
            # 6. reset
            for k in range(n_winners):
                v[winners[k]] = reset(circuit.neuron, ZERO, ZERO)
            if n_sent == n_spikes and not can_fire(scratch):
                break
        if learning:
            for j in range(n_units):
                state.theta[j] = adapted_threshold(circuit.threshold, state.theta[j], n_active)
