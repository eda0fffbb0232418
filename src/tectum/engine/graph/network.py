"""A graph of populations as arrays: built from populations, projections and inputs, and run frame by frame."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tectum.core.normals import normal_levels, words_for
from tectum.core.random import fill_uniform
from tectum.engine.graph.loop import put_to_rest, run_graph
from tectum.engine.graph.records import (
    EXCITATORY,
    INHIBITORY,
    NEVER,
    PLASTIC,
    SPARSE,
    UNIFORM,
    VOLLEY_DELAY,
    GraphCircuit,
    GraphOutput,
    GraphScratch,
    GraphState,
)
from tectum.parts.conductance import ConductanceLIF, SpikeThreshold
from tectum.parts.coupling import AdaptiveClock, PacingClock
from tectum.parts.map_learning import ArrivalSTDP, NoveltyGate, UseDependentRate
from tectum.parts.steps import discretise
from tectum.parts.traces import fading

WEIGHT_STREAM = 2**42  # what random numbers are for: initial weights, by projection
MEMORY_TIMES = 8.0  # time constants after which an arrival is forgotten


class Population(NamedTuple):
    """Neurons of one kind, with a clock if they are paced, and what their synapses learn with."""

    n: int
    neuron: ConductanceLIF
    threshold: SpikeThreshold = SpikeThreshold()
    clock: PacingClock | AdaptiveClock | None = None
    phase: float = 0.0  # ms, of the clock
    followed: int = -1  # population whose volley an AdaptiveClock follows
    rule: ArrivalSTDP | None = None
    use: UseDependentRate = UseDependentRate(n_0=np.inf)
    gate: NoveltyGate = NoveltyGate(factor=1.0)
    columns: int | None = None  # of the grid on which the neurons stand; None: one row
    spread: csr_array | None = None  # (n, n), share of its learning rate with which one learns with another


class Projection(NamedTuple):
    """Synapses from a population, or an input, to a population; exactly one of the three kinds of weights is given."""

    source: int
    target: int
    delay: float = 1.0  # ms, at least the chunk; inputs have none
    inhibitory: bool = False
    from_input: bool = False
    uniform: float | None = None  # one weight for all pairs
    fixed: csr_array | None = None  # (n_pre, n_post)
    plastic: NDArray[np.float32] | None = None  # (n_post, n_pre), initial weights
    gain: float = 1.0  # conductance per unit of plastic weight
    length: float = 0.0  # of a row, that the weights of a neuron move towards
    pace: float = 0.0  # how fast


class Input(NamedTuple):
    """Neurons that fire once in each cycle, in an order given for each frame or that of the last winners of a map."""

    n: int
    k: int  # most that fire in a cycle
    clock: int  # population whose clock it follows
    period: float = 25.0  # ms
    onset: float = 0.0  # ms after the pulses of that clock
    t_enc: float = 20.0  # ms, length of the code
    jitter: float = 0.5  # ms
    winners: int = -1  # population of that map
    keep: float = 0.0  # share that is left of the winners before


class Graph(NamedTuple):
    """A circuit, its first state, and where things are."""

    circuit: GraphCircuit
    first: GraphState
    sizes: list[int]


def build(
    populations: list[Population],
    projections: list[Projection],
    inputs: list[Input],
    *,
    dt: float = 0.2,
    chunk: float = 1.0,
    cycle: float = 25.0,
    cycles: int = 4,
) -> Graph:
    """Tables of a graph and its state at rest; times in ms, frames of `cycles` cycles.

    Chunks are no longer than the shortest delay, with which clocks see the spikes that they follow included.
    """
    limits = [p.delay for p in projections if not p.from_input] + [VOLLEY_DELAY for p in populations if p.followed >= 0]
    chunk = min(chunk, *limits) if limits else chunk
    first = np.concatenate([[0], np.cumsum([p.n for p in populations])]).astype(np.int64)
    order = in_order(projections)
    table, sparse, weights, n_arrivals, n_rows, n_weights = [], [], [], 0, 0, 0
    for k in order:
        p = projections[k]
        n_pre = inputs[p.source].n if p.from_input else populations[p.source].n
        kind = UNIFORM if p.uniform is not None else SPARSE if p.fixed is not None else PLASTIC
        at = {UNIFORM: 0, SPARSE: n_rows, PLASTIC: n_weights}[kind]
        channel = INHIBITORY if p.inhibitory else EXCITATORY
        table.append([p.source, p.from_input, p.target, kind, channel, round(p.delay / dt), at, n_arrivals, n_pre])
        if p.fixed is not None:
            sparse.append(p.fixed)
            n_rows += n_pre
        if p.plastic is not None:
            weights.append(p.plastic.ravel())
            n_weights += p.plastic.size
            n_arrivals += n_pre
    targets = np.array([projections[k].target for k in order], np.int64)
    lengths = [np.diff(matrix.indptr) for matrix in sparse]
    spread = [csr_array((p.n, p.n), dtype=np.float32) if p.spread is None else p.spread for p in populations]
    n_clock = np.concatenate([[0], np.cumsum([i.k for i in inputs])]).astype(np.int64)
    circuit = GraphCircuit(
        first=first,
        columns=np.array([p.columns or p.n for p in populations], np.int64),
        neurons=np.array([discretise(p.neuron, dt) for p in populations], np.float32),
        thresholds=np.array([discretise(p.threshold, dt) for p in populations], np.float32),
        clocks=np.array([_clock_row(p, dt) for p in populations], np.float64),
        rules=np.array(
            [(p.rule.eta, *discretise(p.rule, dt)) if p.rule else (0.0, 0.0, 0.0) for p in populations], np.float32
        ),
        uses=np.array([discretise(p.use, dt) for p in populations], np.float32),
        gates=np.array([discretise(p.gate, cycle * cycles) for p in populations], np.float32),
        memory=_memories(populations, dt),
        projections=np.array(table, np.int64).reshape(-1, 9),
        first_in=np.searchsorted(targets, np.arange(len(populations) + 1)).astype(np.int64),
        gains=np.array(
            [p.gain if p.uniform is None else p.uniform for p in (projections[k] for k in order)], np.float32
        ),
        lengths=np.array([projections[k].length for k in order], np.float32),
        paces=np.array([projections[k].pace for k in order], np.float32),
        row_start=np.concatenate([[0], np.cumsum(np.concatenate(lengths or [[]]))]).astype(np.int64),
        column=np.concatenate([matrix.indices for matrix in sparse] or [[]]).astype(np.int32),
        fixed=np.concatenate([matrix.data for matrix in sparse] or [[]]).astype(np.float32),
        near_start=np.concatenate([[0], np.cumsum(np.concatenate([np.diff(m.indptr) for m in spread]))]).astype(
            np.int64
        ),
        near=np.concatenate([m.indices for m in spread]).astype(np.int32),
        shares=np.concatenate([m.data for m in spread]).astype(np.float32),
        input_first=n_clock,
        input_times=np.array([(i.period, i.onset, i.t_enc, i.jitter) for i in inputs], np.float64).reshape(-1, 4),
        input_clock=np.array([i.clock for i in inputs], np.int64),
        input_winners=np.array([i.winners for i in inputs], np.int64),
        keeps=np.array([i.keep for i in inputs], np.float32),
        levels=normal_levels(),
        dt=float(dt),
        chunk=round(chunk / dt),
        cycle=round(cycle / dt),
        frame=round(cycle / dt) * cycles,
    )
    learned = np.concatenate(weights, dtype=np.float32) if weights else np.zeros(0, np.float32)
    return Graph(circuit, rest(circuit, learned, n_arrivals), [p.n for p in populations])


def in_order(projections: list[Projection]) -> list[int]:
    """Numbers of projections as they stand in the table of a circuit: by target."""
    return sorted(range(len(projections)), key=lambda k: projections[k].target)


def _clock_row(p: Population, dt: float) -> tuple[float, ...]:
    if p.clock is None:
        return (0.0, 0.0, 0.0, 0.0, 0.0, -1.0, p.phase)
    step = discretise(p.clock, dt) if isinstance(p.clock, AdaptiveClock) else (0.0, 0.0)
    return (p.clock.period, p.clock.jitter, p.clock.pulse, *step, float(p.followed), p.phase)


def _memories(populations: list[Population], dt: float) -> NDArray[np.float32]:
    rules = [p.rule or ArrivalSTDP() for p in populations]
    longest = max(r.tau_pre for r in rules) * MEMORY_TIMES
    return np.stack([fading(r.tau_pre, dt, longest) for r in rules])


def rest(circuit: GraphCircuit, weights: NDArray[np.float32], n_arrivals: int) -> GraphState:
    """State at rest, around the given weights."""
    n, n_pops, n_inputs = circuit.first[-1], len(circuit.first) - 1, len(circuit.input_clock)
    longest = int(circuit.projections[:, 5].max(initial=round(VOLLEY_DELAY / circuit.dt)))
    ring = longest + 2 * circuit.chunk
    cycle = int(np.ceil(circuit.input_times[:, 0].max(initial=1.0) / circuit.dt)) + 2 * circuit.chunk + 2
    sizes = np.diff(circuit.first)
    return GraphState(
        v=np.repeat(circuit.neurons[:, 1], sizes),
        g_exc=np.zeros(n, np.float32),
        g_inh=np.zeros(n, np.float32),
        resting=np.zeros(n, np.float32),
        raised=np.zeros(n, np.float32),
        eased=np.zeros(n, np.float32),
        use=np.zeros(n, np.float32),
        latency=np.full(n, -1.0, np.float32),
        weights=weights,
        arrived=np.full(n_arrivals, NEVER, np.int64),
        n_fired=np.zeros((n_pops, ring), np.int64),
        fired=np.zeros((ring, n), np.int32),
        pulse=np.zeros(n, np.int64),
        cycle=np.full(n, -1, np.int64),
        phase=circuit.clocks[:, 6].copy(),
        turn=np.zeros(n_pops, np.int64),
        volley=np.zeros((n_pops, 2)),
        recent=np.zeros((n_inputs, n), np.float32),
        began=np.zeros(n_inputs, np.int64),
        due=np.full((n_inputs, cycle), -1, np.int32),
        after=np.full(circuit.input_first[-1], -1, np.int32),
        onset=np.full(circuit.input_first[-1], -1, np.int32),
        silent=np.ones(n_pops, np.int64),
        clock=np.zeros(1, np.int64),
    )


def scratch_for(circuit: GraphCircuit) -> GraphScratch:
    """Work space of a graph."""
    n_most = int(np.diff(circuit.first).max())
    n_pre = int(circuit.projections[:, 8].max(initial=1))
    n_pops = len(circuit.first) - 1
    return GraphScratch(
        words_for(n_most),
        np.zeros(n_most, np.float32),
        np.zeros(max(1, int(circuit.input_first[-1])), np.int32),
        np.zeros(n_pre, np.float32),
        np.zeros(n_pre, np.int64),
        np.zeros(int(circuit.first[-1]), np.float32),
        np.ones(n_pops, np.float32),
    )


def output_for(circuit: GraphCircuit, n_frames: int, *, n_events: int = 0, n_times: int = 0) -> GraphOutput:
    """Room for what happens in some frames."""
    n, n_pops = int(circuit.first[-1]), len(circuit.first) - 1
    return GraphOutput(
        np.zeros((n_frames, n), np.int32),
        np.full((n_frames, n), -1.0, np.float32),
        np.zeros((n_events, 2), np.int64),
        np.zeros(1, np.int64),
        np.zeros((n_times, n_pops), np.float32),
    )


def run(
    circuit: GraphCircuit,
    state: GraphState,
    ranked: NDArray[np.int32],
    seed: np.uint64,
    *,
    drive: NDArray[np.float32] | None = None,
    learning: bool,
    n_events: int = 0,
    field: bool = False,
) -> GraphOutput:
    """Present frames; changes `state`.

    Parameters
    ----------
    ranked : ndarray of shape (n_frames, n_ranked), int32
        Neurons of the inputs that fire in each frame, input after input, strongest first; -1 where fewer fire.
    drive : ndarray of shape (n_frames, n_neurons), float32, or None
        Input in mV beyond that of the neurons.
    """
    n_frames = len(ranked)
    if drive is None:
        drive = np.zeros((1, int(circuit.first[-1])), np.float32)
    n_times = round(n_frames * circuit.frame * circuit.dt) if field else 0
    out = output_for(circuit, n_frames, n_events=n_events, n_times=n_times)
    run_graph(_as_built(circuit), state, out, scratch_for(circuit), ranked, drive, seed, learning)
    return out


def respond(
    circuit: GraphCircuit, learned: GraphState, ranked: NDArray[np.int32], seeds: NDArray[np.uint64]
) -> GraphOutput:
    """Response to each frame from rest, with frozen weights; `seeds` (n_frames,) for its noise."""
    circuit, drive = _as_built(circuit), np.zeros((1, int(circuit.first[-1])), np.float32)
    state, out, scratch = at_rest(circuit, learned), output_for(circuit, len(ranked)), scratch_for(circuit)
    raised = learned.raised.copy()
    for m in range(len(ranked)):
        one = out._replace(counts=out.counts[m : m + 1], latency=out.latency[m : m + 1])
        put_to_rest(circuit, state, raised)
        run_graph(circuit, state, one, scratch, ranked[m : m + 1].copy(), drive, seeds[m], False)
    return out


def _as_built(circuit: GraphCircuit) -> GraphCircuit:
    """A circuit from a pickle or a memory map with arrays of the kinds that kernels have been compiled for."""
    circuit = circuit._replace(levels=np.zeros(0, np.float32))
    arrays = {name: np.require(a, requirements=["W"]) for name, a in circuit._asdict().items() if np.ndim(a)}
    return circuit._replace(**arrays | {"levels": normal_levels()})


def copy_of(state: GraphState) -> GraphState:
    """A state that can change without the given one."""
    return GraphState(*(array.copy() for array in state))


def at_rest(circuit: GraphCircuit, learned: GraphState) -> GraphState:
    """A graph at rest with what another one has learned; weights are shared, as frozen passes leave them alone."""
    state = copy_of(learned._replace(weights=learned.weights[:0]))._replace(
        weights=np.require(learned.weights, requirements=["C", "W"])
    )
    put_to_rest(circuit, state, learned.raised.copy())
    return state


def initial_weights(n_post: int, n_pre: int, low: float, high: float, seed: np.uint64, k: int) -> NDArray[np.float32]:
    """Weights (n_post, n_pre) of projection k, uniform between two bounds."""
    weights = np.empty((n_post, n_pre), np.float32)
    for j in range(n_post):
        fill_uniform(seed, np.uint64(WEIGHT_STREAM + k), j, weights[j])
    weights *= np.float32(high - low)
    weights += np.float32(low)
    return weights
