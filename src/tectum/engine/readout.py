"""A layer of neurons that are taught, one for each class.

Phases of a step:

1. membranes, by the inputs that fire in the step; traces of these inputs
2. neurons at their threshold of 1 fire and keep what is beyond it
3. the teacher fires for the neuron of the class
4. weights of neurons of which 2 and 3 disagree

Traces and membranes start anew with each presentation. Nothing is done for inputs that are silent.
"""

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.core.events import SpikeTrain
from tectum.core.kernel import kernel
from tectum.core.lanes import aligned, aligned_zeros
from tectum.engine.dictionary.loop import (
    UNITS,
    DictionarySpikes,
    add_rows,
    draw_input_spikes,
    keep_event,
    keep_input_events,
)
from tectum.engine.dictionary.network import Response, empty_spikes
from tectum.parts import contracts
from tectum.parts.input_spikes import RegularSpikes, fires
from tectum.parts.steps import discretise
from tectum.parts.teaching import taught
from tectum.parts.traces import input_trace

ZERO = np.float32(0.0)
ONE = np.float32(1.0)


class ReadoutCircuit(NamedTuple):
    """Constants of the layer (IN)."""

    encoder: Any  # RegularSpikes or BernoulliSpikes
    teacher: Any  # RegularSpikes, as long as a presentation
    rule: Any  # SupervisedStep
    gain: Any  # float32, what a spike adds to a membrane through a weight of 1
    seed: Any  # uint64


class ReadoutState(NamedTuple):
    """What is learned (INOUT)."""

    weights: Any  # (n_inputs, n_units) float32


class ReadoutScratch(NamedTuple):
    """Room to work in; `residual` and `last_pre` are overwritten while input spikes are drawn."""

    raster: Any  # (n_steps, n_inputs) uint32 inputs that fire in a step
    n_fired: Any  # (n_steps,) int64
    sign: Any  # (n_inputs,) float32, 1
    residual: Any  # (n_inputs,) float32
    last_pre: Any  # (n_inputs,) int32 step of the last spike, -1 if none
    trace: Any  # (n_inputs,) float32 trace at the last spike
    fired: Any  # (n_inputs,) int32 inputs that have fired
    v: Any  # (n_units,) float32 membranes
    drive: Any  # (n_units,) float32
    error: Any  # (n_units,) float32 spike of the teacher less that of the neuron
    wrong: Any  # (n_units,) int32 neurons with an error


@kernel
def run_readout(circuit, state, spikes, scratch, X, labels, keys, learning):
    """Present samples one after another.

    IN `circuit`, X (n_samples, n_inputs), rates from 0 to 1, `labels` (n_samples,), the neurons that the teacher asks
    to fire, `keys` (n_samples,) of the random numbers, `learning`. INOUT `state`, unchanged unless `learning`, and
    `scratch`. OUT `spikes`.
    """
    weights, raster, n_fired, v, drive = state.weights, scratch.raster, scratch.n_fired, scratch.v, scratch.drive
    n_steps, n_units = n_fired.shape[0], v.shape[0]
    asked = circuit.rule.target / np.float32(n_steps)
    for m in range(X.shape[0]):
        draw_input_spikes(circuit.encoder, X[m], circuit.seed, keys[m], scratch)
        keep_input_events(raster, n_fired, spikes, m)
        v[:] = ZERO
        scratch.last_pre[:] = -1
        n_different = 0
        for step in range(n_steps):
            # 1. membranes and traces
            drive[:] = ZERO
            add_rows(raster[step], n_fired[step], scratch.sign, weights, drive)
            for j in range(n_units):
                v[j] += circuit.gain * drive[j]
            if learning:
                n_different = remember(circuit.rule, scratch, step, n_different)
            # 2. spikes
            n_wrong = 0
            for j in range(n_units):
                scratch.error[j] = ZERO
                if v[j] >= ONE:
                    v[j] -= ONE
                    scratch.error[j] = -ONE
                    spikes.counts[m, j] += 1
                    if spikes.first[m, j] < 0:
                        spikes.first[m, j] = step
                    keep_event(spikes.units, spikes.n_events, UNITS, m, step, j)
            if learning:
                # 3. the teacher
                if fires(circuit.teacher, asked, step, ZERO):
                    scratch.error[labels[m]] += ONE
                # 4. weights
                for j in range(n_units):
                    scratch.wrong[n_wrong] = j
                    n_wrong += 1 if scratch.error[j] != ZERO else 0
                if n_wrong > 0:
                    teach(circuit.rule, weights, scratch, step, n_different, n_wrong)


@kernel
def remember(rule, scratch, step, n_different):
    """Phase 1, traces of the inputs that fire; returns the number of inputs that have fired."""
    for k in range(scratch.n_fired[step]):
        i = scratch.raster[step, k]
        last = scratch.last_pre[i]
        if last < 0:
            scratch.fired[n_different] = i
            n_different += 1
            scratch.trace[i] = ONE
        else:
            scratch.trace[i] = ONE + scratch.trace[i] * input_trace(rule, step - last)
        scratch.last_pre[i] = step
    return n_different


@kernel
def teach(rule, weights, scratch, step, n_different, n_wrong):
    """Phase 4, weights of inputs that have fired to neurons with an error."""
    for a in range(n_different):
        i = scratch.fired[a]
        x = scratch.trace[i] * input_trace(rule, step - scratch.last_pre[i])
        for k in range(n_wrong):
            j = scratch.wrong[k]
            weights[i, j] = taught(rule, weights[i, j], scratch.error[j], x)


# Typed, and by part: named tuples of different types may be equal.
@functools.lru_cache(maxsize=8, typed=True)
def build_circuit(encoder: Any, rule: Any, gain: float, seed: int) -> ReadoutCircuit:
    """Constants of a layer, after a check that each part has its equations; kept, so read-only."""
    step = discretise(rule, 1.0)
    contracts.check("SpikingReadout.encoder", encoder)
    contracts.check("SpikingReadout.rule", step)
    teacher = RegularSpikes(n_steps=encoder.n_steps)
    return ReadoutCircuit(encoder, teacher, step, np.float32(gain), np.uint64(seed))


def learn(
    circuit: ReadoutCircuit, state: ReadoutState, X: NDArray[np.float32], labels: NDArray[np.int64], first_key: int
) -> Response:
    """Present samples with their labels one after another; changes `state`.

    Samples are numbered from `first_key`, under which their random numbers are drawn.
    """
    spikes = empty_spikes(len(X), state.weights.shape[1])
    keys = np.arange(first_key, first_key + len(X)).astype(np.uint64)
    run_readout(circuit, state, spikes, _scratch(circuit, state), np.ascontiguousarray(X), labels, keys, True)
    return Response(spikes.counts, spikes.first)


def respond(circuit: ReadoutCircuit, state: ReadoutState, X: NDArray[np.float32], keys: NDArray[np.uint64]) -> Response:
    """Response to each sample with frozen weights; it depends on the sample and its key alone."""
    spikes = empty_spikes(len(X), state.weights.shape[1])
    _run_frozen(circuit, state, spikes, X, keys)
    return Response(spikes.counts, spikes.first)


def record(
    circuit: ReadoutCircuit, state: ReadoutState, X: NDArray[np.float32], keys: NDArray[np.uint64], step_ms: float
) -> dict[str, SpikeTrain]:
    """All spikes of inputs and neurons with frozen weights, one presentation after another."""
    n_inputs, n_units = state.weights.shape
    room = (0, 0)
    for _ in range(2):  # the first pass counts the events
        spikes = empty_spikes(len(X), n_units, room)
        _run_frozen(circuit, state, spikes, X, keys)
        room = tuple(spikes.n_events)
    trains = {}
    for name, events, size in (("inputs", spikes.inputs, n_inputs), ("units", spikes.units, n_units)):
        presentation, step, neuron = events.astype(np.int64).T
        time_ms = (presentation * circuit.encoder.n_steps + step) * step_ms
        trains[name] = SpikeTrain(time_ms, neuron, presentation, size)
    return trains


def _run_frozen(
    circuit: ReadoutCircuit,
    state: ReadoutState,
    spikes: DictionarySpikes,
    X: NDArray[np.float32],
    keys: NDArray[np.uint64],
) -> None:
    state = ReadoutState(aligned(state.weights).reshape(state.weights.shape))  # that of a loaded model is read-only
    labels = np.zeros(len(X), np.int64)
    run_readout(circuit, state, spikes, _scratch(circuit, state), np.ascontiguousarray(X), labels, keys, False)


def _scratch(circuit: ReadoutCircuit, state: ReadoutState) -> ReadoutScratch:
    (n_inputs, n_units), n_steps = state.weights.shape, circuit.encoder.n_steps
    return ReadoutScratch(
        raster=aligned_zeros((n_steps, n_inputs), np.uint32),
        n_fired=aligned_zeros(n_steps, np.int64),
        sign=aligned_zeros(n_inputs, np.float32),
        residual=aligned_zeros(n_inputs, np.float32),
        last_pre=aligned_zeros(n_inputs, np.int32),
        trace=aligned_zeros(n_inputs, np.float32),
        fired=aligned_zeros(n_inputs, np.int32),
        v=aligned_zeros(n_units, np.float32),
        drive=aligned_zeros(n_units, np.float32),
        error=aligned_zeros(n_units, np.float32),
        wrong=aligned_zeros(n_units, np.int32),
    )
