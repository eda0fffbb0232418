"""Workload: two networks of the guide (docs/guide/network.md) as `Network` has them, for other simulators.

`balanced` is the network of excitation and inhibition, `stacked` the two layers with feedback, which learn. Neurons
have no noise, and each presentation meets the network as the one before has left it. A problem is plain data:
constants, the rows of all synapses, delays in steps, and the spikes of the input. Score: spikes by population, and the
largest difference of a weight from those that tectum has learned from the same presentations. `network_spikes.py`
compares spike by spike.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import tectum
from tectum.core.random import keys_of_rows
from tectum.core.records import pick
from tectum.engine.graph import network as engine
from tectum.engine.graph.records import (
    EVENTS,
    INHIBITORY,
    MARKED,
    PLASTIC,
    SPARSE,
    UNIFORM,
    GraphOutput,
    GraphState,
    Stimulus,
)
from tectum.engine.graph.tables import targets_of
from tectum.parts import (
    All,
    ArrivalSTDP,
    ByDistance,
    ConductanceLIF,
    Latencies,
    LateralInhibition,
    Learned,
    LengthNorm,
    NearExcitation,
    Population,
    Projection,
    Rates,
    Sparse,
)


class Case(NamedTuple):
    """A network that has seen one sample, and what it is shown from rest."""

    net: tectum.Network
    X: NDArray[np.float64]  # (n_presentations, n_features)
    learning: bool

    @property
    def circuit(self) -> Any:
        """Constants of the network."""
        return self.net._graph.graph.circuit

    def state(self) -> GraphState:
        """The network at rest, with weights of its own."""
        return engine.copy_of(engine.at_rest(self.circuit, self.net._state))

    def stimulus(self) -> Stimulus:
        """What the presentations bring; the same as in `record`."""
        return self.net._stimulus(np.asarray(self.X, np.float32), keys_of_rows(self.X), None)

    def run(self, state: GraphState, stimulus: Stimulus, n_events: int = 0) -> GraphOutput:
        """All presentations; changes the state."""
        return engine.run(self.circuit, state, stimulus, 0, learning=self.learning, n_events=n_events)

    def weights(self, state: GraphState) -> NDArray[np.float32]:
        """Learned weights (n_post, n_pre)."""
        return self.net._weights_of(state, "lower", "upper") if self.learning else np.zeros((0, 0), np.float32)


def balanced(n_presentations: int, times: int = 1) -> Case:
    """Excitation and inhibition: 200 and 50 neurons, or more by a factor, and weights smaller by its square root."""
    less = times**-0.5  # fluctuations of the input stay the same
    E = Population("E", 200 * times, ConductanceLIF(drive=8.0, noise=0.0))
    I = Population("I", 50 * times, ConductanceLIF(tau_m=8.0, refractory=1.0, drive=8.0, noise=0.0))
    wires = [
        Projection("input", "E", Sparse(0.15 * less, density=0.2)),
        Projection("E", "E", Sparse(0.05 * less, density=0.1), delay=1.5),
        Projection("E", "I", Sparse(0.1 * less, density=0.1), delay=1.5),
        Projection("I", "E", Sparse(0.3 * less, density=0.2), delay=1.0, inhibitory=True),
        Projection("I", "I", Sparse(0.3 * less, density=0.2), delay=1.0, inhibitory=True),
    ]
    X = np.random.default_rng(0).uniform(size=(n_presentations, 100 * times))
    net = tectum.Network(
        [E, I],
        wires,
        [Rates(rate=40.0)],
        presentation=500.0,
        dt=0.1,
        from_rest=False,
        input_range=(0.0, 1.0),
        random_state=0,
    )
    return Case(net.fit(X[:1]), X, learning=False)


def stacked(n_presentations: int, sides: tuple[int, int] = (8, 4)) -> Case:
    """Two layers with feedback, on grids of these sides; the weights between them are learned."""
    below, above = sides
    cell = ConductanceLIF(drive=6.0, noise=0.0)
    lower = Population("lower", below**2, cell, shape=(below, below))
    upper = Population(
        "upper",
        above**2,
        cell,
        shape=(above, above),
        rule=ArrivalSTDP(eta=0.2, w_max=1.0),
        norm=LengthNorm(2.0),
        inhibition=LateralInhibition(8.0),
    )
    inhibition = Population("inhibition", 8, ConductanceLIF(tau_m=8.0, refractory=1.0, drive=8.0, noise=0.0))
    wires = [
        Projection("input", "lower", ByDistance(NearExcitation(W=2.5, radius=0.6)), delay=0.0),
        Projection("lower", "lower", ByDistance(NearExcitation(W=0.1, radius=1.0)), delay=1.0),
        Projection("lower", "upper", Learned(high=0.3 * 8.0 / below), delay=2.0),
        Projection("upper", "lower", ByDistance(NearExcitation(W=0.2, radius=0.7)), delay=4.0),
        Projection("lower", "inhibition", All(0.15 * (8.0 / below) ** 2), delay=1.0),
        Projection("inhibition", "lower", All(0.1), delay=1.0, inhibitory=True),
        Projection("inhibition", "upper", All(0.1), delay=1.0, inhibitory=True),
    ]
    grid = np.linspace(-1.0, 1.0, below)
    bumps = np.exp(-((grid[:, None] - grid[None, :]) ** 2) / 0.1)
    X = np.einsum("ai,bj->abij", bumps, bumps).reshape(below**2, below**2)  # a spot at each place
    order = np.random.default_rng(0).permutation(below**2) if below > 8 else np.arange(below**2)
    net = tectum.Network(
        [lower, upper, inhibition],
        wires,
        [Latencies(latest=15.0)],
        presentation=60.0,
        dt=0.2,
        from_rest=False,
        input_range=(0.0, 1.0),
        readout="upper",
        random_state=0,
    )
    return Case(net.fit(X[:1]), X[np.resize(order, n_presentations)], learning=True)


SIZES: dict[str, dict[str, Any]] = {
    "guide": {},
    "small": {"balanced": {"times": 2}, "stacked": {"sides": (14, 10)}},
    "large": {"balanced": {"times": 5}, "stacked": {"sides": (28, 20)}},
    "huge": {"balanced": {"times": 20}, "stacked": {"sides": (56, 40)}},
}


@functools.cache
def case(name: str, size: str, n_steps: int) -> Case:
    """A network of the guide's size or larger, and presentations of so many steps together."""
    make = {"balanced": balanced, "stacked": stacked}[name]
    frame = {"balanced": 5000, "stacked": 300}[name]
    return make(-(-n_steps // frame), **SIZES[size].get(name, {}))


def problem_of(chosen: Case) -> dict[str, Any]:
    """Arrays of a problem; `network` is JSON with constants, and where in the arrays everything is."""
    circuit, names = chosen.circuit, [p.name for p in chosen.net.populations]
    arrays: dict[str, Any] = {}
    populations = []
    for k, name in enumerate(names):
        row = {"name": name, "n": int(circuit.first[k + 1] - circuit.first[k])}
        row |= {field: float(value) for field, value in pick(circuit.neurons, k)._asdict().items()}
        row["strength"] = float(pick(circuit.inhibitions, k).strength) if circuit.single[k] else None
        populations.append(row)
    projections = []
    for p in range(len(circuit.projections.kind)):
        row = pick(circuit.projections, p)
        target = populations[row.target]
        about = {"source": "input" if row.origin == EVENTS else names[row.source], "target": target["name"]}
        about |= {"delay": int(row.delay), "channel": "g_inh" if row.channel == INHIBITORY else "g_exc"}
        about |= {"kind": {UNIFORM: "uniform", SPARSE: "sparse", MARKED: "sparse", PLASTIC: "learned"}[int(row.kind)]}
        about["n_pre"] = int(row.n_pre)
        if row.kind == UNIFORM:
            about["weight"] = float(row.gain)
        elif row.kind == MARKED:
            i, j = targets_of(circuit.marks[row.weights :], int(row.n_pre), target["n"])
            arrays[f"i_{p}"], arrays[f"j_{p}"], arrays[f"w_{p}"] = i, j, np.full(len(i), row.gain, np.float32)
        elif row.kind == SPARSE:
            begins = circuit.row_start[row.weights : row.weights + row.n_pre + 1]
            part = slice(begins[0], begins[-1])
            arrays[f"i_{p}"] = np.repeat(np.arange(row.n_pre), np.diff(begins))
            arrays[f"j_{p}"], arrays[f"w_{p}"] = circuit.column[part], circuit.fixed[part]
        else:
            rule, norm = pick(circuit.rules, row.target), pick(circuit.norms, p)
            arrays["W"], arrays["memory"] = chosen.weights(chosen.state()), rule.memory_plus
            about |= {name: float(getattr(rule, name)) for name in ("eta", "w_max", "beta")}
            about |= {"length": float(norm.length), "pace": float(norm.pace)}
        projections.append(about)
    train = dict(chosen.net._input_trains(chosen.stimulus()))["input"]
    step = np.rint(train.time_ms / circuit.dt).astype(np.int64)
    about = {"populations": populations, "projections": projections, "dt": circuit.dt, "frame": int(circuit.frame)}
    about |= {"n_inputs": train.n_neurons, "n_steps": int(circuit.frame) * len(chosen.X)}
    return arrays | {"network": json.dumps(about), "input_step": step, "input_neuron": train.neuron}


def write(path: Path, n_steps: int, name: str, size: str) -> None:
    """The problem that an engine is given when speed is measured."""
    np.savez(path, name=name, size=size, n_steps=n_steps, **problem_of(case(name, size, n_steps)))


@functools.cache
def own(name: str, size: str, n_steps: int) -> dict[str, Any]:
    """What tectum makes of a problem: spikes (n_spikes, 2) of each population, rows (step, neuron), and weights."""
    chosen = case(name, size, n_steps)
    state, capacity = chosen.state(), 0
    while (out := chosen.run(state, chosen.stimulus(), capacity)).n_events[0] > capacity:
        state, capacity = chosen.state(), int(out.n_events[0])
    events = out.events[np.lexsort((out.events[:, 1], out.events[:, 0]))]
    first = chosen.circuit.first
    spikes = {}
    for k, p in enumerate(chosen.net.populations):
        here = events[(first[k] <= events[:, 1]) & (events[:, 1] < first[k + 1])]
        spikes[p.name] = here - [0, first[k]]
    return {"spikes": spikes, "W": chosen.weights(state)}


def score(path: Path, n_steps: int, name: str, size: str) -> dict[str, Any]:
    """What an engine's result is worth."""
    chosen, mine = case(name, size, n_steps), own(name, size, n_steps)
    with np.load(path) as result:
        seconds = 1e-3 * chosen.circuit.dt * chosen.circuit.frame * len(chosen.X)
        sizes = {p.name: p.n for p in chosen.net.populations}
        total = sum(sizes.values())
        values = {"rate": float(result["counts"].sum() / total / seconds)}
        values["rate_of_tectum"] = sum(map(len, mine["spikes"].values())) / total / seconds
        if chosen.learning:
            values["weights_off"] = float(np.abs(result["W"] - mine["W"]).max())
    return values
