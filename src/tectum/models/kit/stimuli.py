"""From samples to what a network is shown: spikes at given times, and currents."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum import parts
from tectum.core.events import SpikeTrain
from tectum.engine.graph import network
from tectum.engine.graph.records import EVENTS, Stimulus
from tectum.engine.standard.network import poisson_raster
from tectum.models.common.nested import unknown_name

NOTHING = np.zeros((0, 3), np.int64)  # in flight


def features_of(item: Any, n_features: int) -> slice:
    """Features that an input takes; ValueError if there are none, or not so many."""
    stop = n_features if item.stop is None else item.stop
    if not item.start < stop <= n_features:
        raise ValueError(
            f"Network.inputs[{item.name!r}] must lie within the {n_features} features of X, got start = {item.start}, "
            f"stop = {item.stop}; change them"
        )
    return slice(item.start, stop)


def sizes_of(inputs: Sequence[Any], n_features: int) -> dict[str, int]:
    """Numbers of neurons of the inputs whose spikes come at given times, by name."""
    sizes = {}
    for item in inputs:
        if isinstance(item, parts.Trains):
            sizes[item.name] = item.n
        elif not isinstance(item, parts.Currents):
            part = features_of(item, n_features)
            sizes[item.name] = part.stop - part.start
    return sizes


def check(
    circuit: Any,
    populations: Sequence[parts.Population],
    inputs: Sequence[Any],
    shape: tuple[int, ...],
    trains: Mapping[str, SpikeTrain],
) -> None:
    """Raise ValueError if samples and spikes do not fit the inputs: before any of them is learned."""
    names = [item.name for item in inputs if isinstance(item, parts.Trains)]
    for name in trains:
        if name not in names:
            raise ValueError(
                unknown_name("Network: spikes must be of inputs that are Trains, there is no", name, names)
            )
    n_samples, n_features = shape
    sizes = {p.name: p.n for p in populations}
    for item in inputs:
        if isinstance(item, parts.Trains):
            _given(item, trains, n_samples, circuit.frame, circuit.dt)
        elif isinstance(item, parts.Currents):
            _currents_of(item, n_features, sizes[item.target])


def stimulus(
    circuit: Any,
    populations: Sequence[parts.Population],
    inputs: Sequence[Any],
    X: NDArray[np.float32],
    keys: NDArray[np.uint64],
    seed: np.uint64,
    trains: Mapping[str, SpikeTrain],
    in_flight: NDArray[np.int64],
) -> Stimulus:
    """What samples X (n_samples, n_features), from 0 to 1, bring; `keys` (n_samples,) are those of their random
    numbers.

    `trains` are the spikes of the inputs that are `Trains`, with presentations numbered from 0, and `in_flight`
    (n_spikes, 3) spikes of the presentation before that have not arrived, see `still_in_flight`.
    """
    n_samples, n_steps, dt = len(X), circuit.frame, circuit.dt
    drive = np.zeros((n_samples, int(circuit.first[-1])), np.float32)
    begins: list[NDArray[np.int64]] = []
    events: list[NDArray[np.int32]] = []
    n_before = 0
    for number, item in enumerate(inputs):
        if isinstance(item, parts.Currents):
            pop = [p.name for p in populations].index(item.target)
            values = X[:, _currents_of(item, X.shape[1], populations[pop].n)]
            drive[:, circuit.first[pop] : circuit.first[pop + 1]] += np.float32(item.gain) * values
            continue
        if isinstance(item, parts.Trains):
            sample, step, neuron = _given(item, trains, n_samples, n_steps, dt)
        elif isinstance(item, parts.Latencies):
            sample, step, neuron = _latencies(item, X[:, features_of(item, X.shape[1])], n_steps, dt)
        else:
            encoder = parts.PoissonSpikes(item.rate, n_steps * dt)
            values = np.ascontiguousarray(X[:, features_of(item, X.shape[1])])
            sample, step, neuron = poisson_raster(encoder, dt, int(seed) ^ number, values, keys)
        _, before, source = in_flight[in_flight[:, 0] == len(begins)].T
        step = np.concatenate([before, n_steps * (1 + sample) + step])  # since the presentation before began
        neuron = np.concatenate([source, neuron])
        order = np.argsort(step, kind="stable")
        counts = np.bincount(step, minlength=(1 + n_samples) * n_steps)
        ends = np.concatenate([[0], np.cumsum(counts)]) + n_before
        begins.append(np.lib.stride_tricks.sliding_window_view(ends, n_steps + 1)[::n_steps])
        events.append(neuron[order].astype(np.int32))
        n_before += len(order)
    return network.stimulus_of(
        circuit,
        np.zeros((n_samples, 0), np.int32),
        drive=drive,
        start=np.ascontiguousarray(np.stack(begins, axis=1)) if begins else None,
        events=np.concatenate(events) if events else None,
    )


def still_in_flight(circuit: Any, seen: Stimulus) -> NDArray[np.int64]:
    """Input spikes of the last sample that arrive after it, if the network is not put to rest; (n_spikes, 3) int64.

    Rows are the number of the input among those whose spikes come at given times, the step of the presentation, and the
    neuron.
    """
    delays = circuit.projections.delay[circuit.projections.origin == EVENTS]
    rows = [NOTHING]
    for k, begins in enumerate(seen.start[-1]):
        step = np.repeat(np.arange(circuit.frame), np.diff(begins))
        neuron = seen.events[begins[0] : begins[-1]].astype(np.int64)
        late = step >= circuit.frame - delays.max(initial=0)
        rows.append(np.column_stack([np.full(late.sum(), k), step[late], neuron[late]]))
    return np.concatenate(rows)


def table_of(X: Any, spikes: Mapping[str, SpikeTrain] | None) -> Any:
    """X, or in its place a column of zeros with a row for each presentation of the spikes."""
    if X is not None:
        return X
    if not spikes:
        raise ValueError("Network: X must be a table of samples, got None without spikes; pass X, spikes, or both")
    for name, train in spikes.items():
        _check_train(name, train)
    last = max((int(train.presentation.max(initial=-1)) for train in spikes.values()), default=-1)
    return np.zeros((last + 1, 1))


def _check_train(name: str, train: Any) -> None:
    if not isinstance(train, SpikeTrain) or len({len(train.time_ms), len(train.neuron), len(train.presentation)}) > 1:
        raise ValueError(
            f"Network: spikes[{name!r}] must be a SpikeTrain whose time_ms, neuron and presentation are equally "
            f"long, got {train!r:.200}; pass tectum.SpikeTrain(time_ms, neuron, presentation, n_neurons)"
        )


def some_of(spikes: Mapping[str, SpikeTrain] | None, part: NDArray[np.int64], ms: float) -> dict[str, SpikeTrain]:
    """The spikes of consecutive presentations of so many ms, as of a recording that begins with them."""
    chosen = {}
    for name, train in (spikes or {}).items():
        time, presentation = np.asarray(train.time_ms), np.asarray(train.presentation)
        here = (presentation >= part[0]) & (presentation <= part[-1])
        begin = int(part[0])
        chosen[name] = SpikeTrain(
            time[here] - begin * ms, np.asarray(train.neuron)[here], presentation[here] - begin, train.n_neurons
        )
    return chosen


Spikes = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]  # sample, step and neuron of each


def _currents_of(item: parts.Currents, n_features: int, n: int) -> slice:
    """Features that drive the n neurons of a population, one each."""
    part = features_of(item, n_features)
    if part.stop - part.start != n:
        raise ValueError(
            f"Network.inputs[{item.name!r}] must have a feature for each of the {n} neurons of {item.target!r}, got "
            f"{part.stop - part.start}; change start and stop, or n"
        )
    return part


def _latencies(item: parts.Latencies, values: NDArray[np.float32], n_steps: int, dt: float) -> Spikes:
    """Single spikes: t = earliest + (1 - x) (latest - earliest)."""
    sample, neuron = np.nonzero(values > 0.0)
    late = 1.0 - values[sample, neuron].astype(np.float64)
    step = np.rint((item.earliest + late * (item.latest - item.earliest)) / dt).astype(np.int64)
    kept = step < n_steps
    return sample[kept], step[kept], neuron[kept]


def _given(item: parts.Trains, trains: Mapping[str, SpikeTrain], n_samples: int, n_steps: int, dt: float) -> Spikes:
    """Spikes of a train, after a check that they fit."""
    train = trains.get(item.name)
    if train is None:
        raise ValueError(
            f"Network: spikes must hold a SpikeTrain for the input {item.name!r}, got {sorted(trains)}; pass "
            f"spikes={{{item.name!r}: train}}"
        )
    _check_train(item.name, train)
    sample, neuron = (np.asarray(x, np.int64) for x in (train.presentation, train.neuron))
    step = np.floor(np.asarray(train.time_ms, float) / dt + 1e-9).astype(np.int64) - sample * n_steps
    for name, values, most in (
        ("presentation", sample, n_samples),
        ("neuron", neuron, item.n),
        ("time_ms", step, n_steps),
    ):
        if len(values) and not (values.min() >= 0 and values.max() < most):
            raise ValueError(
                f"Network: spikes[{item.name!r}].{name} must lie within its {most} "
                f"{'steps of the presentation' if name == 'time_ms' else name + 's'}, got values from {values.min()} "
                f"to {values.max()}; times count from the start of the recording"
            )
    return sample, step, neuron
