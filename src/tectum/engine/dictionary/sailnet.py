"""Time loop of a dictionary whose neurons decorrelate each other.

Phases of a step:

1. membranes, by spikes of the inputs in this step and of the neurons in the last one
2. neurons above their threshold fire, and start from rest

and after each presentation:

3. feed-forward weights of neurons that fired
4. inhibition between all pairs
5. thresholds
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.kernel import kernel
from tectum.engine.dictionary.loop import UNITS, add_rows, draw_input_spikes, keep_event, keep_input_events
from tectum.parts.representation import adapted_threshold
from tectum.parts.sailnet import decorrelated, imprinted, relaxed

ZERO = np.float32(0.0)
ONE = np.float32(1.0)


class SailnetState(NamedTuple):
    """State of a dictionary (INOUT); membranes start anew with each presentation."""

    weights: Any  # (n_units, n_inputs) float32
    theta: Any  # (n_units,) float32 thresholds
    silence: Any  # (n_units,) float32 presentations since a neuron fired
    recurrent: Any  # (n_units, n_units) float32 inhibition, symmetric, diagonal 0


@kernel
def run_sailnet(circuit, state, spikes, scratch, X, keys, rates, learning):
    """Present samples to neurons that decorrelate each other; arguments as in `run_softmax` of the loop beside."""
    competition, rule, weights, recurrent = circuit.competition, circuit.rule, state.weights, state.recurrent
    U, drive, inhibition, n, x = scratch.U, scratch.drive, scratch.share, scratch.norm, scratch.residual
    raster, n_fired = scratch.raster, scratch.n_fired
    n_units, n_inputs = weights.shape
    n_steps = n_fired.shape[0]
    for m in range(X.shape[0]):
        draw_input_spikes(circuit.encoder, X[m], circuit.seed, keys[m], scratch)
        keep_input_events(raster, n_fired, spikes, m)
        for j in range(n_units):
            U[j] = inhibition[j] = n[j] = ZERO
        for i in range(n_inputs):
            x[i] = ZERO
        for step in range(n_steps):
            # 1. membranes
            for k in range(n_fired[step]):
                x[raster[step, k]] += scratch.sign[raster[step, k]] / np.float32(n_steps)
            for j in range(n_units):
                drive[j] = ZERO
            add_rows(raster[step], n_fired[step], scratch.sign, scratch.by_input, drive)
            for j in range(n_units):
                U[j] = relaxed(competition, U[j], drive[j], inhibition[j])
                inhibition[j] = ZERO
            # 2. neurons fire
            for j in range(n_units):
                if U[j] > state.theta[j]:
                    U[j] = ZERO
                    n[j] += ONE
                    if spikes.first[m, j] < 0:
                        spikes.first[m, j] = step
                    keep_event(spikes.units, spikes.n_events, UNITS, m, step, j)
                    row = recurrent[j]
                    for k in range(n_units):
                        inhibition[k] += row[k]
        for j in range(n_units):
            spikes.counts[m, j] += np.int32(n[j])
        if learning:
            eta = np.float32(rates[m])
            # 3. feed-forward weights
            for j in range(n_units):
                state.silence[j] += ONE
                if n[j] > ZERO:
                    state.silence[j] = ZERO
                    w = weights[j]
                    for i in range(n_inputs):
                        w[i] = imprinted(rule, w[i], eta, x[i], n[j])
                        scratch.by_input[i, j] = w[i]
            # 4. inhibition
            for j in range(n_units):
                row, mine = recurrent[j], n[j]
                for k in range(n_units):
                    row[k] = decorrelated(rule, row[k], eta, mine, n[k])
                row[j] = ZERO
            # 5. thresholds; the spikes of a neuron stand for those of all
            for j in range(n_units):
                state.theta[j] = adapted_threshold(circuit.threshold, state.theta[j], n[j] * np.float32(n_units))
