"""A graph of populations as arrays: built from populations, projections and inputs, and run frame by frame."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tectum.core.events import SpikeTrain
from tectum.core.normals import normal_levels, words_for
from tectum.core.random import fill_uniform
from tectum.core.records import pick, stack
from tectum.engine.graph.loop import put_to_rest, run_graph
from tectum.engine.graph.records import (
    MARKED,
    NEVER,
    PLASTIC,
    SPARSE,
    VOLLEY_DELAY,
    GraphCircuit,
    GraphOutput,
    GraphScratch,
    GraphState,
    Stimulus,
)
from tectum.engine.graph.tables import (
    Input,
    Population,
    Projection,
    check_parts,
    clock_of,
    in_order,
    inputs_of,
    kind_of,
    mark,
    projections_of,
    roles_of,
    table_of,
)
from tectum.parts.adaptive_threshold import LateralInhibition
from tectum.parts.conductance import SpikeThreshold
from tectum.parts.map_learning import ArrivalSTDP
from tectum.parts.neurons import fresh, rest as resting_potential
from tectum.parts.norms import LengthNorm
from tectum.parts.steps import discretise

WEIGHT_STREAM = 2**42  # what random numbers are for: initial weights, by projection
MOST_DELAY = 2**20  # steps, for which the spikes of each population are kept
NO_THRESHOLDS = np.zeros(0, np.float32)


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
    event_inputs: Sequence[int] = (),
    dt: float = 0.2,
    chunk: float = 1.0,
    cycle: float = 25.0,
    cycles: int = 4,
    owner: str = "MapHierarchy",
) -> Graph:
    """Tables of a graph and its state at rest; times in ms, frames of `cycles` cycles.

    Chunks are no longer than the shortest delay, with which clocks see the spikes that they follow included.
    `event_inputs` are the sizes of inputs whose spikes come at given times. `owner` is whose parts they are, for
    messages: TypeError if a part does not fulfil its contract, or parts of one role have more types than the loop has
    room for, ValueError if a delay is longer than spikes are kept.
    """
    if (longest := max((p.delay for p in projections), default=0.0)) > MOST_DELAY * dt:
        raise ValueError(
            f"{owner}: delays of projections must be at most {MOST_DELAY * dt:g} ms with dt = {dt:g} ms, got "
            f"{longest:g} ms; use a shorter one, or a longer dt"
        )
    limits = [p.delay for p in projections if not (p.from_input or p.from_events)]
    limits += [VOLLEY_DELAY for p in populations if p.followed >= 0]
    chunk = min(chunk, *limits) if limits else chunk
    first = np.concatenate([[0], np.cumsum([p.n for p in populations])]).astype(np.int64)
    ordered = [projections[k] for k in in_order(projections)]
    table, n_arrivals = projections_of(ordered, populations, inputs, event_inputs, dt)
    sparse = [p.fixed for p in ordered if p.fixed is not None and kind_of(p) == SPARSE]
    marks = [mark(p.fixed) for p in ordered if p.fixed is not None and kind_of(p) == MARKED]
    weights = [p.plastic.ravel() for p in ordered if p.plastic is not None]
    lengths = [np.diff(matrix.indptr) for matrix in sparse]
    spread = [csr_array((p.n, p.n), dtype=np.float32) if p.spread is None else p.spread for p in populations]
    roles = roles_of(populations, dt, owner)
    check_parts(populations, ordered, dt, owner)
    rules = [p.rule for p in populations]
    norms = [p.norm for p in ordered]
    circuit = GraphCircuit(
        first=first,
        columns=np.array([p.columns or p.n for p in populations], np.int64),
        **roles._asdict(),
        thresholds=table_of([p.threshold for p in populations], SpikeThreshold(), dt, f"{owner}.threshold"),
        moved=np.array([p.threshold is not None for p in populations]),
        rules=table_of(rules, ArrivalSTDP(), dt, f"{owner}.rule"),
        plastic=np.array([rule is not None for rule in rules]),
        uses=stack([discretise(p.use, dt) for p in populations]),
        gates=stack([discretise(p.gate, cycle * cycles) for p in populations]),
        norms=table_of(norms, LengthNorm(), dt, f"{owner}.norm"),
        normed=np.array([norm is not None for norm in norms], bool),
        inhibitions=table_of([p.inhibition for p in populations], LateralInhibition(), dt, f"{owner}.inhibition"),
        single=np.array([p.inhibition is not None for p in populations]),
        clocks=stack([clock_of(p, dt) for p in populations]),
        projections=table,
        by_source=np.array([kind_of(p) == PLASTIC and populations[p.target].spread is None for p in ordered], bool),
        first_in=np.searchsorted(table.target, np.arange(len(populations) + 1)).astype(np.int64),
        row_start=np.concatenate([[0], np.cumsum(np.concatenate(lengths or [[]]))]).astype(np.int64),
        column=np.concatenate([matrix.indices for matrix in sparse] or [[]]).astype(np.int32),
        fixed=np.concatenate([matrix.data for matrix in sparse] or [[]]).astype(np.float32),
        marks=np.concatenate(marks) if marks else np.zeros(0, np.uint64),
        near_start=np.concatenate([[0], np.cumsum(np.concatenate([np.diff(m.indptr) for m in spread]))]).astype(
            np.int64
        ),
        near=np.concatenate([m.indices for m in spread]).astype(np.int32),
        shares=np.concatenate([m.data for m in spread]).astype(np.float32),
        inputs=inputs_of(inputs),
        input_first=np.concatenate([[0], np.cumsum([i.k for i in inputs])]).astype(np.int64),
        levels=normal_levels(),
        dt=float(dt),
        chunk=round(chunk / dt),
        cycle=round(cycle / dt),
        frame=round(cycle / dt) * cycles,
    )
    learned = np.concatenate(weights, dtype=np.float32) if weights else np.zeros(0, np.float32)
    return Graph(circuit, rest(circuit, learned, n_arrivals), [p.n for p in populations])


def rest(circuit: GraphCircuit, weights: NDArray[np.float32], n_arrivals: int) -> GraphState:
    """State at rest of a graph that has not fired, around the given weights."""
    n, n_pops, n_inputs = int(circuit.first[-1]), len(circuit.first) - 1, len(circuit.inputs.clock)
    longest = max(int(circuit.projections.delay.max(initial=0)), round(VOLLEY_DELAY / circuit.dt))
    ring = longest + 2 * circuit.chunk
    cycle = int(np.ceil(circuit.inputs.period.max(initial=1.0) / circuit.dt)) + 2 * circuit.chunk + 2
    neurons = [pick((circuit.neurons, circuit.others)[role], pop) for pop, role in enumerate(circuit.role)]
    sizes = np.diff(circuit.first)
    adaptation = [0.0 if moved else fresh(p) for p, moved in zip(neurons, circuit.moved, strict=True)]
    return GraphState(
        v=np.repeat([resting_potential(p) for p in neurons], sizes).astype(np.float32),
        g_exc=np.zeros(n, np.float32),
        g_inh=np.zeros(n, np.float32),
        resting=np.zeros(n, np.float32),
        raised=np.repeat(adaptation, sizes).astype(np.float32),
        eased=np.zeros(n, np.float32),
        use=np.zeros(n, np.float32),
        latency=np.full(n, -1.0, np.float32),
        weights=weights,
        arrived=np.full(n_arrivals, NEVER, np.int64),
        last=np.full(n, NEVER, np.int64),
        n_fired=np.zeros((n_pops, ring), np.int64),
        fired=np.zeros((ring, n), np.int32),
        pulse=np.zeros(n, np.int64),
        cycle=np.full(n, -1, np.int64),
        phase=circuit.clocks.phase.copy(),
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


def scratch_for(circuit: GraphCircuit, n_weights: int) -> GraphScratch:
    """Work space of a graph with so many learned weights."""
    n_most, n_pops = int(np.diff(circuit.first).max()), len(circuit.first) - 1
    n_pre = int(circuit.projections.n_pre.max(initial=1))
    flag_words = np.zeros(-(-n_most // 8), np.uint64)
    return GraphScratch(
        words=words_for(n_most),
        noise=np.zeros(n_most, np.float32),
        nothing=np.zeros(n_most, np.float32),
        driven=np.zeros(n_pops, bool),
        flags=flag_words.view(np.uint8),
        flag_words=flag_words,
        by_source=np.zeros(n_weights if circuit.by_source.any() else 0, np.float32),
        spikes=np.zeros(max(1, int(circuit.input_first[-1])), np.int32),
        trace=np.zeros(n_pre, np.float32),
        arrivals=np.zeros(n_pre, np.int64),
        learned=np.zeros(int(circuit.first[-1]), np.float32),
        novelty=np.ones(n_pops, np.float32),
        winner=np.full(n_pops, -1, np.int64),
        owner=np.full(n_pops, -1, np.int64),
    )


def stimulus_of(
    circuit: GraphCircuit,
    ranked: NDArray[np.int32],
    *,
    drive: NDArray[np.float32] | None = None,
    start: NDArray[np.int64] | None = None,
    events: NDArray[np.int32] | None = None,
) -> Stimulus:
    """What frames bring, see `Stimulus`."""
    return Stimulus(
        ranked,
        np.zeros((1, int(circuit.first[-1])), np.float32) if drive is None else drive,
        np.zeros((1 + len(ranked), 0, 1), np.int64) if start is None else start,
        np.zeros(0, np.int32) if events is None else events,
    )


def run(
    circuit: GraphCircuit,
    state: GraphState,
    stimulus: Stimulus | NDArray[np.int32],
    seeds: Any,
    *,
    learning: bool,
    drive: NDArray[np.float32] | None = None,
    from_rest: bool = False,
    raised: NDArray[np.float32] = NO_THRESHOLDS,
    n_events: int = 0,
    field: bool = False,
    potentials: bool = False,
    match: bool = False,
) -> GraphOutput:
    """Present frames; changes `state`.

    Parameters
    ----------
    stimulus : Stimulus or ndarray of shape (n_frames, n_ranked), int32
        What the frames bring, or of it only the neurons of inputs that fire by rank, strongest first.
    seeds : uint64 or ndarray of shape (n_frames,)
        Of the random numbers of the run, or of each frame.
    drive : ndarray of shape (n_frames or 1, n_neurons), float32, or None
        Input in mV beyond that of the neurons, if not part of the stimulus.
    from_rest : bool
        Whether each frame meets a graph at rest, with the thresholds `raised` if given.
    field, potentials : bool
        Whether mean inhibitory conductances and potentials are kept, once per ms.
    match : bool
        Whether it is kept how well the first cycle of each frame fits what each neuron has learned.
    """
    if not isinstance(stimulus, Stimulus):
        stimulus = stimulus_of(circuit, stimulus, drive=drive)
    n_frames, n, n_pops = len(stimulus.ranked), int(circuit.first[-1]), len(circuit.first) - 1
    n_times = round(n_frames * circuit.frame * circuit.dt)
    out = GraphOutput(
        np.zeros((n_frames, n), np.int32),
        np.full((n_frames, n), -1.0, np.float32),
        np.zeros((n_events, 2), np.int64),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.zeros((n_times if field else 0, n_pops), np.float32),
        np.zeros((n_times if potentials else 0, n), np.float32),
        np.zeros((n_frames if match else 0, n), np.float32),
    )
    seeds = np.atleast_1d(np.asarray(seeds, np.uint64))
    scratch = scratch_for(circuit, len(state.weights))
    circuit = _as_built(circuit)
    run_graph(circuit, circuit.others, state, out, scratch, stimulus, seeds, learning, from_rest, raised)
    return out


def respond(
    circuit: GraphCircuit,
    learned: GraphState,
    stimulus: Stimulus | NDArray[np.int32],
    seeds: NDArray[np.uint64],
    match: bool = False,
) -> GraphOutput:
    """Response to each frame from rest, with frozen weights; `seeds` (n_frames,) for its noise; `match` as of `run`."""
    state = at_rest(circuit, learned)
    return run(
        circuit, state, stimulus, seeds, learning=False, from_rest=True, raised=learned.raised.copy(), match=match
    )


def record(
    circuit: GraphCircuit, learned: GraphState, stimulus: Stimulus | NDArray[np.int32], seeds: Any, **options: Any
) -> tuple[GraphOutput, list[SpikeTrain]]:
    """All spikes of each population from rest, with frozen weights; `options` as of `run`."""
    if not isinstance(stimulus, Stimulus):
        stimulus = stimulus_of(circuit, stimulus)
    state, room = at_rest(circuit, learned), 4096 * (1 + len(stimulus.ranked))
    out = run(circuit, copy_of(state), stimulus, seeds, learning=False, n_events=room, **options)
    if out.n_events[0] > room:
        out = run(circuit, state, stimulus, seeds, learning=False, n_events=int(out.n_events[0]), **options)
    events = out.events[: out.n_events[0]]
    step, neuron = events[np.lexsort((events[:, 1], events[:, 0]))].T
    trains = []
    for first, last in pairwise(circuit.first.tolist()):
        here = (first <= neuron) & (neuron < last)
        fired = step[here]
        trains.append(SpikeTrain(fired * circuit.dt, neuron[here] - first, fired // circuit.frame, last - first))
    return out, trains


def _as_built(circuit: GraphCircuit) -> GraphCircuit:
    """A circuit from a pickle or a memory map with arrays of the kinds that kernels have been compiled for."""
    return _writable(circuit._replace(levels=np.zeros(0, np.float32)))._replace(levels=normal_levels())


def _writable(value: Any) -> Any:
    if isinstance(value, tuple):
        return type(value)(*map(_writable, value))
    return np.require(value, requirements=["W"]) if isinstance(value, np.ndarray) else value


def copy_of(state: GraphState) -> GraphState:
    """A state that can change without the given one."""
    return GraphState(*(array.copy() for array in state))


def at_rest(circuit: GraphCircuit, learned: GraphState) -> GraphState:
    """A graph at rest with what another one has learned; weights are shared, as frozen passes leave them alone."""
    state = copy_of(learned._replace(weights=learned.weights[:0]))._replace(
        weights=np.require(learned.weights, requirements=["C", "W"])
    )
    put_to_rest(circuit, circuit.others, state)
    return state


def initial_weights(n_post: int, n_pre: int, low: float, high: float, seed: np.uint64, k: int) -> NDArray[np.float32]:
    """Weights (n_post, n_pre) of projection k, uniform between two bounds."""
    weights = np.empty((n_post, n_pre), np.float32)
    for j in range(n_post):
        fill_uniform(seed, np.uint64(WEIGHT_STREAM + k), j, weights[j])
    weights *= np.float32(high - low)
    weights += np.float32(low)
    return weights
