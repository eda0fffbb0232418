"""What `cost_model.py` measures: a function per model, which returns times, spikes and synaptic events of a sample."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import tectum
from tectum import parts
from tectum.engine.maps import network as map_network
from tectum.engine.sheets import network as sheet_network, weights as sheet_weights, wires as sheet_wires
from tectum.models.waves import parameters as wave_parameters

SEED = np.uint64(0)
FEW = 2  # samples of a short call
MOST = 400  # of a long one
Row = dict[str, float]


def samples(n: int, n_features: int, share: float = 1.0) -> NDArray[np.float32]:
    """Random samples (n, n_features), of which a share of the features is active, from 0.5 to 1."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 1.0, (n, n_features)).astype(np.float32)
    if share < 1.0:
        X *= rng.uniform(size=X.shape) < share
        X[np.arange(n), rng.integers(n_features, size=n)] = 1.0
    return X


def cpu_seconds(run: Callable[[], Any], rounds: int = 1) -> float:
    """CPU time of a function, the least of some rounds."""
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        spent.append(time.process_time() - start)
    return min(spent)


def per_sample(call: Callable[[NDArray], Any], X: NDArray, budget: float) -> Row:
    """CPU microseconds per sample and per call; `budget` is about the CPU seconds of a long call, of which there are
    three if they are short; without one a single sample is shown, and the time of the call is that of the sample.
    """
    if budget == 0.0:
        return {"us": 1e6 * cpu_seconds(lambda: call(X[:1])), "us_call": 0.0, "samples": 1}
    first = cpu_seconds(lambda: call(X[:FEW]))
    again = cpu_seconds(lambda: call(X[: 2 * FEW]))
    rate = max(again - first, 0.25 * again, 1e-6) / FEW
    n = int(np.clip(budget / rate, 4 * FEW, len(X)))
    rounds = 3 if rate * n < 3.0 * budget else 1
    short = cpu_seconds(lambda: call(X[:FEW]), rounds)
    long = cpu_seconds(lambda: call(X[:n]), rounds)
    us = 1e6 * max(long - short, 0.0) / (n - FEW)
    return {"us": us, "us_call": max(0.0, 1e6 * short - FEW * us), "samples": n}


def many(X_bytes: float) -> int:
    """Samples that are at hand: fewer if they are large."""
    return int(np.clip(2e8 / X_bytes, 4 * FEW, MOST))


def first_of(X: NDArray, budget: float) -> NDArray:
    """Samples that are shown before those that are timed."""
    return X[: 2 * FEW if budget else 1]


def of_map(
    n_inputs: int = 1000,
    n_units: int = 100,
    input_ms: float = 120.0,
    budget: float = 0.5,
    frozen: bool = True,
) -> Row:
    """`SpikingSOM`, four inputs per feature, a constant radius; untrained, when most neurons of the map fire."""
    side = math.isqrt(n_units)
    som = tectum.SpikingSOM(
        (side, n_units // side),
        encoder=parts.CircularGaussian(n_units=4, first=None),
        radius=parts.ConstantRadius(3.0),
        protocol=parts.Protocol(input_ms=input_ms),
        inhibition=parts.DelayedInhibition(W_inhibition=3.9),
        input_range=(0.0, 1.0),
        n_snapshots=0,
        random_state=0,
    )
    X = samples(many(8 * n_inputs / 4), n_inputs // 4).astype(np.float64)
    som.partial_fit(first_of(X, budget))
    seen, counts = som.n_presentations_seen_, som.spike_counts_.copy()
    row = per_sample(som.partial_fit, X, budget)
    spikes = (som.spike_counts_ - counts) / (som.n_presentations_seen_ - seen)
    row |= {"spikes": float(spikes[0] + spikes[2]), "steps": input_ms / som.dt, "bytes": som.weights_.nbytes}
    row["events"] = float(spikes[0] * n_units + spikes[2] * (n_inputs + n_units))
    return row | ({"us_frozen": per_sample(som.transform, X, budget)["us"]} if frozen else {})


def of_silent_map(n_inputs: int = 1000, n_units: int = 100, budget: float = 0.5) -> Row:
    """A map without input: what a step costs in which nothing fires, most of them skipped."""
    chosen = tectum.models.common.parameters.RECOMMENDED
    map_parts = map_network.MapParts(**{name: chosen[name] for name in map_network.MapParts._fields[:-1]}, dt=0.025)
    side = math.isqrt(n_units)
    circuit = map_network.build_circuit(map_parts, n_inputs, chosen["lateral"], parts.Grid(side, side), 3.0)
    state = map_network.rest_state(map_network.initial_weights(chosen["projection"], n_inputs, n_units, SEED))
    silence = np.zeros((MOST, n_inputs), np.float32)
    row = per_sample(lambda I: map_network.learn(circuit, state, I, map_parts), silence, budget)
    return row | {"steps": 4800.0}


def of_hierarchy(
    n_features: int = 1000,
    n_units: int = 100,
    code: str = "ranked",
    k: int = 50,
    share: float = 1.0,
    budget: float = 0.5,
    frozen: bool = True,
    silent: bool = False,
) -> Row:
    """`MapHierarchy` of one map that sees ranked or projected features."""
    side = math.isqrt(n_units)
    seen_by = parts.Ranked(k=k) if code == "ranked" else parts.RandomProjection(k=k)
    maps = [parts.Map("map", (parts.Features(code=seen_by),), (side, n_units // side))]
    hierarchy = tectum.MapHierarchy(maps, random_state=0)
    X = samples(many(4 * n_features), n_features, share)
    if silent:
        X[:] = 0.0
    hierarchy.partial_fit(first_of(X, budget))
    seen, counts = hierarchy.n_presentations_seen_, hierarchy.spike_counts_.copy()
    row = per_sample(hierarchy.partial_fit, X, budget)
    spikes = float(hierarchy.spike_counts_[0] - counts[0]) / (hierarchy.n_presentations_seen_ - seen)
    weights = hierarchy.weights("map")
    arrivals = 0.0 if silent else hierarchy.cycles * min(k, float((hierarchy.codes(X[:20]) > 0.0).sum(axis=1).mean()))
    row |= {"spikes": arrivals + spikes, "steps": hierarchy.cycles * 25.0 / hierarchy.dt, "bytes": weights.nbytes}
    row["events"] = arrivals * n_units + spikes * weights.shape[1]
    return row | ({"us_frozen": per_sample(hierarchy.transform, X, budget)["us"]} if frozen else {})


def of_dictionary(
    n_inputs: int = 1000,
    n_units: int = 100,
    share: float = 1.0,
    quantum: float | None = None,
    budget: float = 0.5,
    frozen: bool = True,
    silent: bool = False,
) -> Row:
    """`SpikingDictionary` by its default rule, after some samples, when its weights have become those of the data.

    The smaller the quantum that a spike explains, the more spikes.
    """
    competition = parts.ExplainingAway(quantum=quantum)
    dictionary = tectum.SpikingDictionary(n_units, competition=competition, input_scale=1.0, random_state=0)
    X = np.float32(0.2) * samples(many(8 * n_inputs), n_inputs, share)
    dictionary.partial_fit(first_of(X, budget))
    spent = 0.0
    while budget and dictionary.n_presentations_seen_ < 4 * n_units and spent < 60.0 * budget:
        spent += cpu_seconds(lambda: dictionary.partial_fit(X[:32]))
    if silent:
        X[:] = 0.0
    seen, counts = dictionary.n_presentations_seen_, dictionary.spike_counts_.sum()
    row = per_sample(dictionary.partial_fit, X, budget)
    spikes = float(dictionary.spike_counts_.sum() - counts) / (dictionary.n_presentations_seen_ - seen)
    arrivals = 50.0 * float(X.sum(axis=1).mean())
    row |= {"spikes": arrivals + spikes, "steps": 50.0, "bytes": dictionary.weights_.nbytes}
    # A spike of a neuron that learns takes its new weights that are not 0 through those of all others.
    row["events"] = arrivals * n_units + spikes * float(np.count_nonzero(dictionary.weights_))
    return row | ({"us_frozen": per_sample(dictionary.transform, X, budget)["us"]} if frozen else {})


def of_standard(
    n_inputs: int = 1000,
    n_units: int = 100,
    share: float = 1.0,
    rate: float = 63.75,
    budget: float = 0.5,
    frozen: bool = True,
    silent: bool = False,
) -> Row:
    """`DiehlCook` by its default rule."""
    encoder = parts.PoissonSpikes(rate=rate)
    net = tectum.DiehlCook(n_units, encoder=encoder, input_range=(0.0, 1.0), random_state=0)
    X = samples(many(8 * n_inputs), n_inputs, share)
    if share < 1.0:
        net.set_params(gain=784.0 / (share * n_inputs))
    if silent:
        X[:] = 0.0
    net.partial_fit(first_of(X, budget))
    seen, shown, counts = net.n_presentations_seen_, net.n_shown_, net.spike_counts_.sum()
    row = per_sample(net.partial_fit, X, budget)
    n = net.n_presentations_seen_ - seen
    spikes, shown = float(net.spike_counts_.sum() - counts) / n, (net.n_shown_ - shown) / n
    arrivals = shown * 0.35 * rate * float(X.sum(axis=1).mean())
    row |= {"spikes": arrivals + spikes, "steps": 350.0 * shown, "bytes": net.weights_.nbytes}
    row["events"] = arrivals * n_units + spikes * n_inputs * share
    return row | ({"us_frozen": per_sample(net.transform, X, budget)["us"]} if frozen else {})


def of_sheet(side: int = 64, noise: float = 3.0, step_ms: float = 1.0, budget: float = 0.5) -> Row:
    """Waves on a grid of `side` x `side` nodes, 4 per unit area; a sample is a step."""
    neuron = parts.DynamicThresholdLIF(noise=noise, step_ms=step_ms)
    geometry = sheet_wires.lay_out(parts.Sheet((side, side), side * 0.5), 0.0, SEED, 0)
    stack = sheet_network.build_stack([geometry], [sheet_network.LayerParts(neuron, parts.RingKernel())], 1.0, SEED)
    state = sheet_network.StackState((sheet_network.at_rest(neuron, 0, side**2),), ())
    done, spikes = 0, 0

    def count(layer: int, first: int, events: Any) -> None:
        nonlocal spikes
        spikes += int(events.first[-1])

    def advance(steps: Any) -> None:
        nonlocal done
        sheet_network.run(stack, state, done, len(steps), keep=count)
        done += len(steps)

    advance(range(min(100, max(2, 3_000_000 // side**2))))
    done_before, spikes = done, 0
    row = per_sample(advance, np.empty(20_000), budget)
    bytes_ = sum(a.nbytes for a in (*stack.sheets[0], *state.sheets[0]) if isinstance(a, np.ndarray))
    return row | {"spikes": spikes / (done - done_before), "steps": 1.0, "bytes": bytes_, "events": float(side**2)}


def of_projection(side: int = 64, n_units: int = 100, budget: float = 0.5) -> Row:
    """A grid of `side` x `side` nodes whose waves wire a grid of units, by the default of `WaveNetwork`.

    A sample is a step of growth.
    """
    chosen, other = wave_parameters.TOPOGRAPHIC, math.isqrt(n_units)
    sheets = [(parts.Sheet((side, side)), side * 0.5), (parts.Sheet((other, n_units // other)), 10.0)]
    geometries = [sheet_wires.lay_out(sheet, length, SEED, k) for k, (sheet, length) in enumerate(sheets)]
    of_layers = wave_parameters.parts_of_phase(chosen, chosen["phases"][0], 2)
    stack = sheet_network.build_stack(geometries, of_layers, chosen["initial"].mean, SEED)
    weights = sheet_weights.initial_weights(chosen["initial"], *geometries, SEED, 1)
    resting = (
        sheet_network.at_rest(layer.neuron, k, len(g.positions))
        for k, (layer, g) in enumerate(zip(of_layers, geometries, strict=True))
    )
    state = sheet_network.StackState(tuple(resting), (weights,))
    done = 0

    def advance(steps: Any) -> None:
        nonlocal done
        sheet_network.run(stack, state, done, len(steps))
        done += len(steps)

    advance(range(20))
    row = per_sample(advance, np.empty(2000), budget)
    return row | {"steps": 1.0, "bytes": weights.raw.nbytes, "events": float(side**2 + n_units)}


def of_growth(side: int = 64, n_units: int = 100) -> Row:
    """The first two steps of growth of a `WaveNetwork` with the same sheets; the second in a call of its own."""
    other = math.isqrt(n_units)
    layers = [parts.Sheet((side, side), side * 0.5), parts.Sheet((other, n_units // other))]
    network = tectum.WaveNetwork(layers, random_state=0)
    network.grow(network.step_ms)
    row = {"us": 1e6 * cpu_seconds(lambda: network.grow(network.step_ms))}
    return row | {"steps": 1.0, "bytes": network.weights_[0].nbytes}


def of_stream(model: str = "map", n: int = 64) -> Row:
    """One call of `partial_fit` with n samples; peak memory is that without the samples themselves."""
    n_features = 64
    maps = [parts.Map("map", (parts.Features(code=parts.Ranked(k=20)),))]
    estimator: Any = {
        "SpikingSOM": lambda: tectum.SpikingSOM(input_range=(0.0, 1.0), n_snapshots=0, random_state=0),
        "SpikingDictionary": lambda: tectum.SpikingDictionary(input_scale=1.0, random_state=0),
        "MapHierarchy": lambda: tectum.MapHierarchy(maps, random_state=0),
        "DiehlCook": lambda: tectum.DiehlCook(input_range=(0.0, 1.0), random_state=0),
    }[model]()
    X = samples(64, n_features).astype(np.float64)
    estimator.partial_fit(X[:32])
    X = np.resize(X, (n, n_features))
    return {"us": 1e6 * cpu_seconds(lambda: estimator.partial_fit(X)), "data_mb": X.nbytes / 2**20}


def of_machine(mb: float = 1.0, budget: float = 0.2) -> Row:
    """What the machine itself takes to add 1 to an array: a sample is a pass over it, an event a number in it."""
    numbers = np.zeros(int(mb * 2**18), np.float32)
    row = per_sample(lambda passes: [np.add(numbers, 1.0, out=numbers) for _ in passes], np.empty(100_000), budget)
    return row | {"steps": 1.0, "bytes": numbers.nbytes, "events": float(numbers.size)}


MEASURES: dict[str, Callable[..., Row]] = {
    "map": of_map,
    "silent map": of_silent_map,
    "hierarchy": of_hierarchy,
    "dictionary": of_dictionary,
    "standard": of_standard,
    "sheet": of_sheet,
    "projection": of_projection,
    "growth": of_growth,
    "stream": of_stream,
    "machine": of_machine,
}
