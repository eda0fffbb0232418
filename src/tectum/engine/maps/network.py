"""A map as arrays: built from its parts, run chunk by chunk."""

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tectum.core.events import SpikeTrain
from tectum.core.random import fill_uniform
from tectum.engine.maps.loop import (
    NEVER,
    MapCircuit,
    MapScratch,
    MapSpikes,
    MapState,
    run_map,
    silent_response,
)
from tectum.engine.maps.synapses import BLOCK, COLUMN, MapHistory
from tectum.parts import contracts
from tectum.parts.lateral import lateral_table
from tectum.parts.neurons import LIF, LIFStep, rest
from tectum.parts.oscillation import DelayedInhibition
from tectum.parts.plasticity import NearestNeighbourSTDP
from tectum.parts.protocol import Protocol
from tectum.parts.steps import discretise
from tectum.parts.synapses import PlasticProjection, Synapse, SynapseStep
from tectum.parts.topology import Grid

LONGEST_JUMP_MS = 60.0
LARGE = 2**21  # bytes of weights that a second-level cache no longer holds: rows learn when they are used
HISTORY = 128  # portions of spikes of v that are remembered there
EDGE = np.float32(0.04)  # of the inputs: width of the edge of the tuning with which a neuron begins
WEIGHT_STREAM = 0xFFFFFFFFFFFFFFFF  # presentation number under which initial weights are drawn


class MapParts(NamedTuple):
    """What a map is made of, apart from its size and lateral weights."""

    input_neuron: LIF
    neuron: LIF
    inhibition: DelayedInhibition
    projection: PlasticProjection
    lateral_synapse: Synapse
    rule: NearestNeighbourSTDP
    protocol: Protocol
    dt: float


def build_circuit(parts: MapParts, n_inputs: int, profile: NamedTuple, grid: Grid, X: float) -> MapCircuit:
    """Constants of a map with `n_inputs` neurons in u and a lateral profile of radius X; kept, so read-only."""
    return _build_circuit(n_inputs, profile, grid, X, *parts)


# Typed, and by part: tuples of different types may be equal.
@functools.lru_cache(maxsize=8, typed=True)
def _build_circuit(n_inputs: int, profile: NamedTuple, grid: Grid, X: float, *in_order: Any) -> MapCircuit:
    parts = MapParts(*in_order)
    dt, inhibition = parts.dt, parts.inhibition
    u, v, drive, lateral_synapse, rule = steps_of(parts, profile)
    # Only linear neurons and synapses can jump; a table of one row forbids it.
    linear = type(u) is type(v) is LIFStep and type(drive) is type(lateral_synapse) is SynapseStep
    silent = np.empty((round(LONGEST_JUMP_MS / dt) if linear else 1, 11), np.float32)
    silent_response(drive, lateral_synapse, v, silent)
    return MapCircuit(
        u=u,
        h=discretise(inhibition.neuron, dt),
        v=v,
        excitation=discretise(inhibition.excitation, dt),
        inhibition=discretise(inhibition.inhibition, dt),
        feedback=discretise(inhibition.feedback, dt),
        drive=drive,
        lateral=lateral_synapse,
        rule=rule,
        g=np.float32(parts.projection.drive / n_inputs),
        recovery=discretise(parts.projection, dt),
        W_e=np.float32(inhibition.W_excitation / n_inputs),
        W_i=np.float32(inhibition.W_inhibition / n_inputs),
        W_h=np.float32(inhibition.W_feedback),
        K=lateral_table(profile, grid, X),
        silent=silent,
    )


def steps_of(parts: MapParts, profile: NamedTuple) -> tuple[Any, Any, Any, Any, Any]:
    """Constants of one step of both neurons, both synapses and the rule, after a check that each has its equations."""
    u, v = discretise(parts.input_neuron, parts.dt), discretise(parts.neuron, parts.dt)
    drive, lateral = discretise(parts.projection.synapse, parts.dt), discretise(parts.lateral_synapse, parts.dt)
    rule = discretise(parts.rule, parts.dt)
    contracts.check("SpikingSOM.input_neuron", u)
    contracts.check("SpikingSOM.neuron", v)
    contracts.check("SpikingSOM.projection.synapse", drive)
    contracts.check("SpikingSOM.lateral_synapse", lateral)
    contracts.check("SpikingSOM.lateral", profile)
    contracts.check("SpikingSOM.rule", rule)
    return u, v, drive, lateral, rule


def rest_state(weights: NDArray[np.float32], gain: float = 1.0, rests: tuple[float, float] = (0.0, 0.0)) -> MapState:
    """State of a map at rest that has never fired, around the given weights (n_u, n_v), copied if read-only.

    `rests` are the potentials at rest of the neurons of u and of v.
    """
    weights = np.require(weights, requirements=["C", "W"])
    n_u, n_v = weights.shape
    zeros = [np.zeros(n_v, np.float32) for _ in range(4)]
    return MapState(
        m_u=np.full(n_u, rests[0], np.float32),
        last_u=np.full(n_u, NEVER, np.int64),
        inhibition=np.zeros(7, np.float32),
        s_drive=zeros[0],
        y_drive=zeros[1],
        s_lateral=zeros[2],
        y_lateral=zeros[3],
        m_v=np.full(n_v, rests[1], np.float32),
        last_v=np.full(n_v, NEVER, np.int64),
        weights=weights,
        gain=np.full(1, gain, np.float32),
        clock=np.zeros(1, np.int64),
    )


def initial_weights(projection: PlasticProjection, n_u: int, n_v: int, seed: np.uint64) -> NDArray[np.float32]:
    """Weights (n_u, n_v) drawn uniformly between the projection's bounds, the same for a given seed and place."""
    weights = np.empty((n_u, n_v), np.float32)
    for k in range(n_u):
        fill_uniform(seed, np.uint64(WEIGHT_STREAM), k, weights[k])
    low, high = np.float32(projection.w_low), np.float32(projection.w_high)
    weights *= high - low
    weights += low
    return weights


def prefer(
    currents: NDArray[np.float32], drawn: NDArray[np.float32], projection: PlasticProjection, start: Any, top: float
) -> NDArray[np.float32]:
    """Weights (n_u, n_v) of neurons that answer to the given currents (n_v, n_u) first: near `top` for the share
    `start.share` of its inputs that fire first, near 0 for the others, within the noise of those that were `drawn`.

    All neurons get the same sum of weights, so that none is more excitable than others.
    """
    low, high = np.float32(projection.w_low), np.float32(projection.w_high)
    middle = (low + high) / np.float32(2.0)
    noise = (drawn - middle) / max(high - middle, np.float32(1e-6))  # from -1 to 1
    rank = np.empty(currents.shape, np.float32)
    order = np.argsort(-currents, axis=1, kind="stable")
    np.put_along_axis(rank, order, np.linspace(0.0, 1.0, currents.shape[1], dtype=np.float32)[np.newaxis], axis=1)
    tuning = expit((np.float32(start.share) - rank.T) / EDGE)
    return np.ascontiguousarray(np.float32(top) * tuning * (np.float32(1.0) + np.float32(start.jitter) * noise))


def learn(
    circuit: MapCircuit, state: MapState, currents: NDArray[np.float32], parts: MapParts
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Present samples one after another with learning on; changes `state`. Returns the numbers of spikes of u, of
    the inhibitory neuron and of v, (3,), and the presentations that each neuron of v won, (n_v,). Currents are NaN
    where a sample has no value for an input.
    """
    n_input, n_blank = _steps(parts.protocol.input_ms, parts), _steps(parts.protocol.blank_ms, parts)
    counts, scratch, blank = np.zeros(3, np.int64), _scratch(state), np.zeros_like(state.m_u)
    wins = np.zeros(len(state.m_v), np.int64)
    for driven, I in _driven(circuit, currents):
        spikes = _spikes(len(I), state, capacity=0)
        run_map(driven, state, spikes, scratch, I, blank, n_input, n_blank, True, False, True)
        counts += spikes.counts
        first = spikes.first_v
        first[first < 0.0] = np.inf
        wins += np.bincount(first.argmin(axis=1)[np.isfinite(first.min(axis=1))], minlength=len(wins))
    return counts, wins


def _driven(circuit: MapCircuit, currents: NDArray[np.float32]) -> Iterator[tuple[MapCircuit, NDArray[np.float32]]]:
    """Presentations that follow each other and lack as many inputs: these get no current, and the spikes of the others
    count for more, so that v and the inhibitory neuron are driven as by all.
    """
    n_known = np.count_nonzero(~np.isnan(currents), axis=1)
    for stretch in np.split(np.arange(len(currents)), np.flatnonzero(np.diff(n_known)) + 1):
        n_u, n = currents.shape[1], max(1, n_known[stretch[0]]) if len(stretch) else 1
        if n == n_u:
            yield circuit, currents[stretch[0] : stretch[-1] + 1]
            continue
        stronger = {name: getattr(circuit, name) * np.float32(n_u / n) for name in ("g", "W_e", "W_i")}
        yield circuit._replace(**stronger), np.nan_to_num(currents[stretch])


def respond(
    circuit: MapCircuit, learned: MapState, currents: NDArray[np.float32], parts: MapParts
) -> NDArray[np.float64]:
    """First spike of each neuron of v to each sample (n_samples, n_v), with frozen weights and from rest: ms since
    the onset of the sample, NaN for neurons that stay silent.
    """
    state = rest_state(learned.weights, learned.gain[0], (rest(circuit.u), rest(circuit.v)))
    n_input, scratch, blank = _steps(parts.protocol.test_ms, parts), _scratch(state), np.zeros_like(state.m_u)
    first = [np.zeros((0, len(state.m_v)), np.float32)]
    for driven, I in _driven(circuit, currents):
        spikes = _spikes(len(I), state, capacity=0)
        run_map(driven, state, spikes, scratch, I, blank, n_input, 0, False, True, True)
        first.append(spikes.first_v)
    steps = np.concatenate(first).astype(np.float64)
    return np.where(steps < 0.0, np.nan, steps * parts.dt)


def record(
    circuit: MapCircuit,
    learned: MapState,
    currents: NDArray[np.float32],
    parts: MapParts,
    presentation_ms: float,
    trace_every: int,
) -> tuple[dict[str, SpikeTrain], dict[str, NDArray[np.float64]]]:
    """All spikes while samples follow each other without a pause, with frozen weights, starting from rest.

    `trace_every` steps, if not 0, lie between two values of the traces ``m_h`` (membrane of the inhibitory neuron) and
    ``y_h`` (inhibition of u).
    """
    state = rest_state(learned.weights, learned.gain[0], (rest(circuit.u), rest(circuit.v)))
    scratch, blank = _scratch(state), np.zeros_like(state.m_u)
    n_steps = _steps(presentation_ms, parts)
    stretch = trace_every or n_steps
    events: dict[str, list[NDArray[np.int64]]] = {"u": [], "h": [], "v": []}
    trace: list[tuple[float, float, float]] = []
    for driven, I in ((driven, one) for driven, some in _driven(circuit, currents) for one in some[:, np.newaxis]):
        for start in range(0, n_steps, stretch):
            length = min(stretch, n_steps - start)
            # A volley per cycle of 40 ms is the rule; there is room for one every 10 ms.
            volleys = 4 + length * parts.dt / 10.0
            spikes = _spikes(1, state, capacity=length * 64 + round(volleys * (len(state.m_u) + len(state.m_v))))
            run_map(driven, state, spikes, scratch, I, blank, length, 0, False, False, True)
            if (spikes.counts != spikes.n_events).any():
                raise RuntimeError("the recording ran over: the map fires without end; see diagnose() for remedies")
            for name, kept, n in zip(events, (spikes.u, spikes.h, spikes.v), spikes.n_events, strict=True):
                events[name].append(kept[:n])
            if trace_every:
                trace.append((state.clock[0] * parts.dt, state.inhibition[0], state.inhibition[6]))
    sizes = {"u": len(state.m_u), "h": 1, "v": len(state.m_v)}
    trains = {name: _spike_train(np.concatenate(kept), n_steps, parts.dt, sizes[name]) for name, kept in events.items()}
    columns = np.array(trace, dtype=np.float64).reshape(-1, 3).T
    return trains, dict(zip(("time_ms", "m_h", "y_h"), columns, strict=True)) if trace_every else {}


def _spike_train(events: NDArray[np.int64], n_steps: int, dt: float, n_neurons: int) -> SpikeTrain:
    return SpikeTrain(
        time_ms=np.multiply(events[:, 0], dt, dtype=np.float64),
        neuron=events[:, 1].copy(),
        presentation=events[:, 0] // n_steps,
        n_neurons=n_neurons,
    )


def _steps(duration_ms: float, parts: MapParts) -> int:
    return round(duration_ms / parts.dt)


def _spikes(n_presentations: int, state: MapState, capacity: int) -> MapSpikes:
    def events() -> Any:
        return np.zeros((capacity, 2), np.int64)

    first_v = np.full((n_presentations, len(state.m_v)), -1.0, np.float32)
    return MapSpikes(first_v, np.zeros(3, np.int64), events(), events(), events(), np.zeros(3, np.int64))


def _scratch(state: MapState) -> MapScratch:
    n_u, n_v = state.weights.shape
    return MapScratch(
        fading=np.zeros(n_v, np.float32),
        fired=np.zeros(max(n_u, n_v), np.int64),
        memory=np.zeros(max(COLUMN, n_v), np.float32),
        column=np.zeros(max(COLUMN, n_v), np.float32),
        rows=np.zeros(2 * BLOCK, np.int64),
        history=_history(n_u, n_v, HISTORY if state.weights.nbytes > LARGE else 0),
    )


def _history(n_u: int, n_v: int, n_portions: int) -> MapHistory:
    return MapHistory(
        step=np.zeros(n_portions * n_v, np.int64),
        neuron=np.zeros(n_portions * n_v, np.uint32),
        start=np.zeros(n_portions + 1, np.int64),
        many=np.zeros(n_portions, np.bool_),
        fired=np.zeros((n_portions, n_v), np.bool_),
        n_portions=np.zeros(1, np.int64),
        learned=np.zeros(n_u, np.int64),
    )
