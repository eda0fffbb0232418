"""The standard network as arrays: built from its parts, run chunk by chunk."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import NDArray

from tectum.core.events import SpikeTrain
from tectum.core.lanes import aligned_zeros
from tectum.core.random import uniform_array
from tectum.engine.standard.loop import (
    GROUP,
    LEVELS,
    DiehlCookCircuit,
    DiehlCookScratch,
    DiehlCookState,
    draw_input_spikes,
    run,
    show,
)
from tectum.parts import contracts
from tectum.parts.poisson import MoreInput
from tectum.parts.steps import discretise

WEIGHT_STREAM = 0xFFFFFFFFFFFFFFFF  # presentation number under which initial weights are drawn
LANES = 16  # columns of the table are padded to an odd multiple of this, so that rows begin in different cache sets


class DiehlCookParts(NamedTuple):
    """What a network is made of, apart from its size."""

    encoder: Any
    retry: Any
    neuron: Any
    inhibition: Any
    rule: Any
    norm: Any


class Response(NamedTuple):
    """Answers to samples."""

    counts: NDArray[np.int32]  # (n_samples, n_units) spikes of each neuron when the sample was last shown
    shown: NDArray[np.int32]  # (n_samples,) times that it was shown


# Typed, and by part: named tuples of different types may be equal.
@functools.lru_cache(maxsize=8, typed=True)
def build_circuit(gain: float, dt: float, seed: int, *in_order: Any) -> DiehlCookCircuit:
    """Constants of a network whose parts are given in the order of `DiehlCookParts`; kept, so read-only. TypeError
    if a part lacks one of its equations.
    """
    parts = DiehlCookParts(*in_order)
    encoder, neuron, rule = (discretise(part, dt) for part in (parts.encoder, parts.neuron, parts.rule))
    for name, part in parts._replace(encoder=encoder, neuron=neuron, rule=rule)._asdict().items():
        contracts.check(f"DiehlCook.{name}", part)
    contracts.check_unshifted("DiehlCook.rule", rule)
    levels, whole = exponential_levels(), (np.float32(gain), np.uint64(seed))
    return DiehlCookCircuit(
        encoder, parts.retry, neuron, parts.inhibition, rule, parts.norm, whole[0], levels, whole[1]
    )


@functools.cache
def exponential_levels() -> NDArray[np.float32]:
    """Quantiles (LEVELS,) of the exponential distribution of mean 1."""
    levels = -np.log((np.arange(LEVELS) + 0.5) / LEVELS)
    levels = levels.astype(np.float32)
    levels.flags.writeable = False
    return levels


def initial_state(n_inputs: int, n_units: int, mean: float, seed: int) -> DiehlCookState:
    """Weights from the uniform distribution, each neuron's with the given mean, and thresholds at rest."""
    weights, total = np.empty((n_inputs, n_units), np.float32), np.zeros(n_units)
    least = 0.01  # as in the authors' published code, so that none is 0
    for i in range(n_inputs):
        weights[i] = uniform_array(seed, WEIGHT_STREAM, i, n_units)
        total += weights[i].astype(np.float64) + least
    factor = mean / (total / n_inputs)
    for row in weights:
        row[:] = (row.astype(np.float64) + least) * factor
    return DiehlCookState(weights, np.zeros(n_units, np.float32))


def learn(circuit: DiehlCookCircuit, state: DiehlCookState, X: NDArray[np.float32], first_key: int) -> Response:
    """Present samples one after another with learning on; changes `state`.

    Samples are numbered from `first_key`, under which their random numbers are drawn.
    """
    keys = _keys_from(first_key, len(X))
    return _run(circuit, state, _scratch(circuit, state), X, keys, learning=True)


def learn_replicas(
    circuit: DiehlCookCircuit,
    states: list[DiehlCookState],
    seeds: NDArray[np.uint64],
    X: NDArray[np.float32],
    order: NDArray[np.intp],
    first_key: int,
) -> list[tuple[DiehlCookState, Response]]:
    """What `learn` makes of each state, on a CUDA device; the states stay as they are.

    Each replica has a seed of its own in place of that of the circuit, and sees the samples in the order
    (n_replicas, n_presentations) given for it.
    """
    from tectum.engine.standard import device as diehl_cook_device

    keys = _keys_from(first_key, order.shape[1])
    found = diehl_cook_device.learn(circuit, states, seeds, X, order, keys)
    return [(state, Response(counts, shown)) for state, counts, shown in found]


def respond(
    circuit: DiehlCookCircuit,
    state: DiehlCookState,
    X: NDArray[np.float32],
    keys: NDArray[np.uint64],
    n_jobs: int | None,
    engine: str = "cpu",
) -> Response:
    """Response to each sample with frozen weights; it depends on the sample and its key alone."""
    if engine == "cuda":
        from tectum.engine.standard import device as diehl_cook_device

        return Response(*diehl_cook_device.respond(circuit, state, X, keys))
    n_parts = min(effective_n_jobs(n_jobs), max(1, len(X)))
    ends = np.linspace(0, len(X), n_parts + 1).astype(int)
    parts = [slice(*ends[k : k + 2]) for k in range(n_parts)]
    found = Parallel(n_jobs=n_parts, prefer="threads")(
        delayed(_run)(circuit, state, _scratch(circuit, state), X[part], keys[part], learning=False) for part in parts
    )
    return Response(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))


def record(
    circuit: DiehlCookCircuit, state: DiehlCookState, X: NDArray[np.float32], keys: NDArray[np.uint64], dt: float
) -> dict[str, SpikeTrain]:
    """All spikes of inputs and neurons with frozen weights, of each sample when it was last shown."""
    scratch, n_steps = _scratch(circuit, state), int(circuit.encoder.n_steps)
    spikes: dict[str, list[NDArray[Any]]] = {"inputs": [], "units": []}
    for m in range(len(X)):
        _run(circuit, state, scratch, X[m : m + 1], keys[m : m + 1], learning=False)
        fired = [np.sort(scratch.raster[step, : scratch.n_fired[step]]) for step in range(n_steps)]
        step = np.repeat(np.arange(n_steps), scratch.n_fired)
        spikes["inputs"].append(np.stack([np.full(len(step), m), step, np.concatenate(fired)], axis=1))
        step = np.flatnonzero(scratch.winner >= 0)
        spikes["units"].append(np.stack([np.full(len(step), m), step, scratch.winner[step]], axis=1))
    sizes = {"inputs": len(state.weights), "units": len(state.theta)}
    trains = {}
    for name, found in spikes.items():
        presentation, step, neuron = np.concatenate(found).astype(np.int64).T
        trains[name] = SpikeTrain((presentation * n_steps + step) * dt, neuron, presentation, sizes[name])
    return trains


def show_events(
    circuit: DiehlCookCircuit,
    state: DiehlCookState,
    recordings: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]],
    *,
    learning: bool,
) -> Iterator[NDArray[np.int32]]:
    """Present recordings, each a presentation as long as it is; yields the spike counts (n_units,) of each.

    A recording is the step and the input of each of its spikes; several of an input in a step are one. `state`
    changes if learning.
    """
    n_inputs, n_units = state.weights.shape
    scratch = _scratch(circuit, state)
    scratch.table[:n_inputs, :n_units] = state.weights
    for step, source in recordings:
        spikes = np.unique(step * n_inputs + source)
        step, source = spikes // n_inputs, spikes % n_inputs
        n_steps = int(step[-1]) + 1
        per_step = np.bincount(step, minlength=n_steps)
        raster = np.zeros((n_steps, int(per_step.max())), np.uint32)
        raster[step, np.arange(len(step)) - np.repeat(np.cumsum(per_step) - per_step, per_step)] = source
        active = np.unique(source)
        scratch.active[: len(active)] = active
        given = scratch._replace(
            raster=raster,
            n_fired=per_step.astype(np.int32),
            winner=np.zeros(n_steps, np.int32),
            back=np.zeros(n_steps, np.int32),
        )
        counts = np.zeros(n_units, np.int32)
        show(circuit, state, given, len(active), counts, learning)
        if learning:
            state.weights[:] = scratch.table[:n_inputs, :n_units]
        yield counts


def poisson_raster(
    encoder: Any, dt: float, seed: int, X: NDArray[np.float32], keys: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Sample, step and neuron of the input spikes of a presentation of each sample, in the order of their drawing."""
    step = discretise(encoder, dt)
    circuit = DiehlCookCircuit(
        step, MoreInput(), None, None, None, None, np.float32(1.0), exponential_levels(), np.uint64(seed)
    )
    n_inputs, n_steps, none = X.shape[1], int(step.n_steps), np.zeros(0, np.float32)
    scratch = DiehlCookScratch(**dict.fromkeys(DiehlCookScratch._fields, none))._replace(
        raster=np.zeros((n_steps, n_inputs), np.uint32),
        n_fired=np.zeros(n_steps, np.int32),
        active=np.zeros(n_inputs, np.uint32),
        open=np.zeros(n_inputs, np.uint32),
        interval=np.zeros(n_inputs, np.float32),
        clock=np.zeros(n_inputs, np.int32),
        words=np.zeros((4, n_inputs), np.uint32),
    )
    found: list[list[NDArray[np.int64]]] = []
    for m, (x, key) in enumerate(zip(X, keys, strict=True)):
        draw_input_spikes(circuit, x, key, 0, scratch)
        steps = np.repeat(np.arange(n_steps), scratch.n_fired)
        neurons = [scratch.raster[s, :n] for s, n in enumerate(scratch.n_fired) if n]
        found.append(
            [np.full(len(steps), m), steps, np.concatenate([*neurons, np.zeros(0, np.uint32)]).astype(np.int64)]
        )
    sample, when, neuron = (np.concatenate(column) for column in zip(*found, strict=True))
    return sample, when, neuron


def _keys_from(first: int, n: int) -> NDArray[np.uint64]:
    """Keys of the random numbers of n samples in the order in which they are learned from."""
    return np.arange(first, first + n).astype(np.uint64)


def _run(
    circuit: DiehlCookCircuit,
    state: DiehlCookState,
    scratch: DiehlCookScratch,
    X: NDArray[np.float32],
    keys: NDArray[np.uint64],
    *,
    learning: bool,
) -> Response:
    if not learning:  # arrays of a loaded or memory-mapped model may be read-only, which would be another type
        state = DiehlCookState(*(np.require(array, requirements=["C", "W"]) for array in state))
    counts, shown = np.zeros((len(X), len(state.theta)), np.int32), np.zeros(len(X), np.int32)
    run(circuit, state, scratch, np.require(X, np.float32, ["C", "W"]), keys, counts, shown, learning)
    return Response(counts, shown)


def _scratch(circuit: DiehlCookCircuit, state: DiehlCookState) -> DiehlCookScratch:
    (n_inputs, n_units), n_steps = state.weights.shape, int(circuit.encoder.n_steps)
    n_columns = LANES * (-(-n_units // LANES) | 1)

    def zeros(kind: Any, *shape: int) -> NDArray[Any]:
        return aligned_zeros(shape, kind)

    return DiehlCookScratch(
        table=zeros(np.float32, n_inputs + 2, n_columns),
        v=zeros(np.float32, n_columns),
        limit=zeros(np.float32, n_columns),
        raster=zeros(np.uint32, n_steps, n_inputs),
        n_fired=zeros(np.int32, n_steps),
        group=zeros(np.uint32, GROUP),
        active=zeros(np.uint32, n_inputs),
        open=zeros(np.uint32, n_inputs),
        interval=zeros(np.float32, n_inputs),
        clock=zeros(np.int32, n_inputs),
        words=zeros(np.uint32, 4, n_inputs),
        last_pre=zeros(np.int32, n_inputs),
        last_post=zeros(np.int32, n_units),
        fired=zeros(np.int32, n_units),
        winner=zeros(np.int32, n_steps),
        back=zeros(np.int32, n_steps),
    )
