"""A dictionary as arrays: built from its parts, run chunk by chunk."""

import functools
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tectum.core.events import SpikeTrain
from tectum.core.lanes import aligned, aligned_zeros
from tectum.core.random import uniform_array
from tectum.engine.dictionary.latency import LatencyScratch, run_latency
from tectum.engine.dictionary.local import LocalScratch, LocalState, run_local
from tectum.engine.dictionary.loop import (
    DictionaryCircuit,
    DictionaryScratch,
    DictionarySpikes,
    DictionaryState,
    prepare,
    run_explaining,
    run_softmax,
)
from tectum.engine.dictionary.sailnet import SailnetState, run_sailnet
from tectum.parts import contracts
from tectum.parts.device_weights import is_coarse
from tectum.parts.event_input import EventPatches
from tectum.parts.latency import LatencyRace, LatencyRaceStep
from tectum.parts.local_inhibition import LocalStep
from tectum.parts.representation import EvidenceStep, ExplainingStep
from tectum.parts.sailnet import DecorrelatingStep
from tectum.parts.start import MeanWeights, UniformWeights
from tectum.parts.steps import discretise

WEIGHT_STREAM = 0xFFFFFFFFFFFFFFFF  # presentation number under which initial weights are drawn
THRESHOLD_STREAM = 0xFFFFFFFFFFFFFFFE
SAMPLE_STREAM = 0xFFFFFFFFFFFFFFFD
FEEDBACK_STREAM = 0xFFFFFFFFFFFFFFFC


class DictionaryParts(NamedTuple):
    """What a dictionary is made of, apart from its size."""

    encoder: Any
    neuron: Any
    competition: Any
    threshold: Any
    rule: Any


State: TypeAlias = DictionaryState | LocalState | SailnetState


class Response(NamedTuple):
    """Spikes of the neurons to each sample."""

    counts: NDArray[np.int32]  # (n_samples, n_units)
    first: NDArray[np.int32]  # (n_samples, n_units) step of the first spike, -1 if silent


def build_circuit(parts: DictionaryParts, seed: int) -> DictionaryCircuit:
    """Constants of a dictionary, after a check that each part has its equations; kept, so read-only."""
    return _build_circuit(seed, *parts)


# Typed, and by part: named tuples of different types may be equal.
@functools.lru_cache(maxsize=8, typed=True)
def _build_circuit(seed: int, *in_order: Any) -> DictionaryCircuit:
    parts = DictionaryParts(*in_order)
    if isinstance(parts.competition, LatencyRace):
        return _build_race(parts, seed)
    neuron, competition, rule = (discretise(p, 1.0) for p in (parts.neuron, parts.competition, parts.rule))
    encoder = parts.encoder
    if isinstance(encoder, EventPatches):  # events are the spikes
        if is_coarse(rule):
            raise ValueError(
                f"SpikingDictionary.rule must be ResidualSTDP() with events, got {parts.rule!r}; hold the weights that "
                "it learns by on_device"
            )
        encoder = discretise(encoder, 1.0)
    else:
        contracts.check("SpikingDictionary.encoder", encoder)
    contracts.check("SpikingDictionary.threshold", parts.threshold)
    if isinstance(competition, ExplainingStep | LocalStep | DecorrelatingStep):
        kind = type(parts.competition).__name__
        contracts.check("SpikingDictionary.rule", rule, kind)
        if type(neuron) is not EvidenceStep:
            raise TypeError(
                f"SpikingDictionary.neuron must be left out with {kind}(), which says itself how a membrane "
                f"moves, got {parts.neuron!r}; use competition=SoftmaxInhibition()"
            )
    else:
        _check_learner(neuron, competition, rule, contracts.SOFTMAX)
    return DictionaryCircuit(encoder, neuron, competition, parts.threshold, rule, np.uint64(seed))


def _build_race(parts: DictionaryParts, seed: int) -> DictionaryCircuit:
    """The same for a temporal code, whose parts have time constants in ms."""
    encoder, neuron, race, rule = (
        discretise(part, parts.encoder.dt) for part in (parts.encoder, parts.neuron, parts.competition, parts.rule)
    )
    contracts.check("SpikingDictionary.threshold", parts.threshold)
    _check_learner(neuron, race, rule, contracts.LATENCIES)
    return DictionaryCircuit(encoder, neuron, race, parts.threshold, rule, np.uint64(seed))


def _check_learner(neuron: Any, competition: Any, rule: Any, case: str) -> None:
    contracts.check("SpikingDictionary.neuron", neuron, case)
    contracts.check("SpikingDictionary.competition", competition, case)
    contracts.check("SpikingDictionary.rule", rule, case)
    contracts.check_unshifted("SpikingDictionary.rule", rule)


def initial_weights(
    initial: Any, X: NDArray[np.float32], n_units: int, seed: np.uint64, stream: int = WEIGHT_STREAM
) -> NDArray[np.float32]:
    """Weights (n_units, n_inputs) before learning, the same for a given seed and data; `stream` tells noise apart."""
    weights = np.empty((n_units, X.shape[1]), np.float32)
    for j in range(n_units):
        weights[j] = uniform_array(int(seed), stream, j, X.shape[1])
    if isinstance(initial, UniformWeights):
        weights *= initial.high - initial.low
        weights += initial.low
        return weights
    weights *= 2.0
    weights -= 1.0
    mean = X.mean(axis=0)
    if isinstance(initial, MeanWeights):
        weights *= initial.spread
        weights += mean
        return np.clip(weights, 0.01, 1.0, out=weights)
    candidates = np.flatnonzero(X.any(axis=1))
    order = np.argsort(uniform_array(int(seed), SAMPLE_STREAM, 0, len(candidates)), kind="stable")
    weights *= initial.noise * np.abs(X).max()
    for row, m in zip(weights, candidates[np.resize(order, n_units)], strict=True):
        row += (1.0 - initial.share) * mean + initial.share * X[m]
    return weights


def unit_length(weights: NDArray[np.float32], lowest: float) -> NDArray[np.float32]:
    """Weights not below `lowest`, each row scaled to length 1."""
    weights = np.maximum(weights, np.float32(lowest))
    for row in weights:
        length = np.sqrt((row * row).sum())
        row /= length if length > 0.0 else np.float32(1.0)
    return weights


def with_synapses(state: DictionaryState, feedback: NDArray[np.float32]) -> LocalState:
    """A state with the other synapses of a dictionary that learns its inhibition.

    Recurrent weights are what one replay of each neuron makes of 0, given feedback weights (n_units, n_inputs).
    """
    recurrent = (feedback.astype(np.float64) @ state.weights.T.astype(np.float64)).astype(np.float32)
    np.fill_diagonal(recurrent, 0.0)
    return LocalState(*state, recurrent, feedback)


def initial_thresholds(threshold: Any, n_units: int, seed: np.uint64) -> NDArray[np.float32]:
    """Thresholds (n_units,) before learning."""
    jitter = 2.0 * uniform_array(int(seed), THRESHOLD_STREAM, 0, n_units) - 1.0
    return (threshold.start + threshold.jitter * jitter).astype(np.float32)


def learn(
    circuit: DictionaryCircuit,
    state: State,
    X: NDArray[np.float32],
    first_key: int,
    rates: NDArray[np.float32],
) -> Response:
    """Present samples one after another with learning on; changes `state`.

    Samples are numbered from `first_key`, under which their random numbers are drawn.
    """
    spikes = empty_spikes(len(X), len(state.theta))
    keys = np.arange(first_key, first_key + len(X)).astype(np.uint64)
    _run(circuit, state, spikes, X, keys, rates, learning=True)
    return Response(spikes.counts, spikes.first)


def respond(circuit: DictionaryCircuit, state: State, X: NDArray[np.float32], keys: NDArray[np.uint64]) -> Response:
    """Response to each sample with frozen weights; it depends on the sample and its key alone."""
    spikes = empty_spikes(len(X), len(state.theta))
    _run(circuit, _copy(state), spikes, X, keys, np.zeros(len(X), np.float32), learning=False)
    return Response(spikes.counts, spikes.first)


def record(
    circuit: DictionaryCircuit,
    state: State,
    X: NDArray[np.float32],
    keys: NDArray[np.uint64],
    step_ms: float,
) -> dict[str, SpikeTrain]:
    """All spikes of inputs and units with frozen weights, one presentation after another."""
    n_steps, n_units = circuit.encoder.n_steps, len(state.theta)
    room = (0, 0)
    for _ in range(2):  # the first pass counts the events
        spikes = empty_spikes(len(X), n_units, room)
        _run(circuit, _copy(state), spikes, X, keys, np.zeros(len(X), np.float32), learning=False)
        room = tuple(spikes.n_events)
    local = isinstance(circuit.competition, LocalStep)
    n_neurons = 2 * n_units if local or getattr(circuit.competition, "signed", False) else n_units
    populations = {"inputs": (spikes.inputs, X.shape[1]), "units": (spikes.units, n_neurons)}
    trains = {}
    for name, (events, size) in populations.items():
        presentation, step, neuron = events.astype(np.int64).T
        steps = step / circuit.competition.n_sub if local and name == "units" else step
        trains[name] = SpikeTrain((presentation * n_steps + steps) * step_ms, neuron, presentation, size)
    return trains


def _run(
    circuit: DictionaryCircuit,
    state: State,
    spikes: DictionarySpikes,
    X: NDArray[np.float32],
    keys: NDArray[np.uint64],
    rates: NDArray[np.float32],
    *,
    learning: bool,
) -> None:
    X = np.ascontiguousarray(X)
    if isinstance(circuit.competition, LatencyRaceStep):
        run_latency(circuit, state, spikes, _race_scratch(circuit, state), X, keys, rates, learning)
        return
    if isinstance(circuit.competition, LocalStep):
        run_local(circuit, state, spikes, _local_scratch(circuit, state), X, keys, rates, learning)
        return
    run = run_explaining if isinstance(circuit.competition, ExplainingStep) else run_softmax
    if isinstance(circuit.competition, DecorrelatingStep):
        run = run_sailnet
    scratch = _scratch(circuit, state, learning)
    prepare(state, scratch)
    run(circuit, state, spikes, scratch, X, keys, rates, learning)


def _copy(state: State) -> State:
    """State that a kernel may touch; those of a loaded or memory-mapped model may be read-only."""
    return type(state)(*(aligned(array).reshape(array.shape) for array in state))


def empty_spikes(n_samples: int, n_units: int, room: tuple[int, ...] = (0, 0)) -> DictionarySpikes:
    """Where spikes go, with room for so many events of inputs and of units."""
    return DictionarySpikes(
        counts=np.zeros((n_samples, n_units), np.int32),
        first=np.full((n_samples, n_units), -1, np.int32),
        inputs=np.zeros((room[0], 3), np.int32),
        units=np.zeros((room[1], 3), np.int32),
        n_events=np.zeros(2, np.int64),
    )


def _scratch(circuit: DictionaryCircuit, state: State, learning: bool) -> DictionaryScratch:
    n_units, n_inputs = state.weights.shape
    n_gram = n_units if not learning and isinstance(circuit.competition, ExplainingStep) else 0
    n_steps = circuit.encoder.n_steps

    def floats(*shape: int) -> NDArray[np.float32]:
        return aligned_zeros(shape, np.float32)

    return DictionaryScratch(
        by_input=floats(n_inputs, n_units),
        gram=floats(n_gram, n_gram),
        known=aligned_zeros(n_units, np.uint8),
        raster=aligned_zeros((n_steps, n_inputs), np.uint32),
        n_fired=aligned_zeros(n_steps, np.int64),
        sign=floats(n_inputs),
        residual=floats(n_inputs),
        last_pre=aligned_zeros(n_inputs, np.int32),
        last_post=aligned_zeros(n_units, np.int32),
        norm=floats(n_units),
        drive=floats(n_units),
        U=floats(n_units),
        share=floats(n_units),
        winners=aligned_zeros(n_units, np.int64),
    )


def _local_scratch(circuit: DictionaryCircuit, state: State) -> LocalScratch:
    n_units, n_inputs = state.weights.shape
    n_steps, n_delay = circuit.encoder.n_steps, int(circuit.competition.n_delay)
    by_input = aligned_zeros((n_inputs, n_units), np.float32)
    by_input[:] = state.weights.T
    of_units = ("drive", "U", "limit", "excitable", "boosted", "spoken")
    return LocalScratch(
        by_input=by_input,
        raster=aligned_zeros((n_steps, n_inputs), np.uint32),
        n_fired=aligned_zeros(n_steps, np.int64),
        last_pre=aligned_zeros(n_inputs, np.int32),
        sent=np.zeros((2 * n_units * (n_delay + 1), 2), np.int64),  # a neuron sends two spikes in a time step at most
        **{name: aligned_zeros(n_inputs, np.float32) for name in ("sign", "residual")},
        **{name: aligned_zeros(n_units, np.float32) for name in of_units},
    )


def _race_scratch(circuit: DictionaryCircuit, state: State) -> LatencyScratch:
    n_units, n_inputs = state.weights.shape
    floats = {name: np.zeros(n_units, np.float32) for name in ("v", "s", "l", "limit")}
    return LatencyScratch(
        by_input=np.ascontiguousarray(state.weights.T),
        n_at=np.zeros(circuit.encoder.n_steps + 1, np.int64),
        order=np.zeros(n_inputs, np.int64),
        last_pre=np.zeros(n_inputs, np.int64),
        last_post=np.zeros(n_units, np.int64),
        winners=np.zeros(n_units, np.int64),
        active=np.zeros(n_units, np.int64),
        **floats,
    )
