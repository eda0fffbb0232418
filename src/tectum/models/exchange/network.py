"""`Network` as a graph of NIR: populations of current-driven neurons, projections with their delays."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum import parts
from tectum.core.events import SpikeTrain
from tectum.core.random import keys_of_rows
from tectum.models.exchange.export import NirExport, agreement, graph_of, jump, neurons, nir_package
from tectum.models.exchange.simulation import in_order, in_parts, run_graph
from tectum.models.kit import graph as kit, stimuli

DRIVE = "drive of "  # lines of currents into a population


class Cell(NamedTuple):
    """A kind of neuron in the words of NIR."""

    tau_ms: float | None  # so that an Euler step decays as the model does; None: no leak
    rest: float
    threshold: float
    reset: float
    keep_syn: float  # share of a current that is left after a step
    jump: float  # input for a step that moves the membrane as an input of 1 does in the model
    drive: float
    reasons: tuple[str, ...]


def export_network(net: Any, X: Any, spikes: Mapping[str, SpikeTrain] | None) -> NirExport:
    """The frozen network; see `Network.to_nir`."""
    nir, dt = nir_package(), float(net.dt)
    chosen = net.chosen_parts()
    lines, n_lines = _lines(net, chosen)
    readout, reasons = net._readout(), []
    names = {p.name: _node_name(p.name) for p in chosen.populations}
    nodes: dict[str, Any] = {"input": nir.Input({"input": np.array([n_lines])})}
    for p in chosen.populations:
        cell = _cell_of(p, dt)
        reasons += [f"{p.name}: {reason}" for reason in cell.reasons]
        first, last = net._spans()[p.name]
        nodes[names[p.name]] = _neurons(cell, p.n, net._state.raised[first:last], dt)
    edges, delays = [], {}
    for name, source, target, weights, steps in _projections(net, chosen, lines, n_lines):
        cell = _cell_of(next(p for p in chosen.populations if p.name == target), dt)
        nodes[name] = nir.Linear((cell.jump * weights).astype(np.float32))
        delays[name] = steps
        edges += [(names.get(source, "input"), name), (name, names[target])]
    nodes["output"] = nir.Output({"output": np.array([len(nodes[names[readout]].v_threshold)])})
    edges.append((names[readout], "output"))
    edges = _delayed(nir, nodes, edges, delays, dt)
    if not net.from_rest:
        reasons.append("each sample begins at rest")
    grade: Literal["exact", "approximate"] = "approximate" if reasons else "exact"
    graph = graph_of(nodes, edges, dt, grade)

    def shown(X: Any) -> NDArray[np.float32]:
        return network_input(net, X, spikes)

    if X is None and not spikes:
        return NirExport(graph, grade, tuple(reasons), dt, shown)
    entered, expected = shown(X), net.transform(X, spikes=spikes)
    found = in_parts(entered, lambda part: run_graph(graph, part, dt).sum(axis=1))
    shares = agreement(found, expected)
    if grade == "exact" and shares[1] < 1.0:
        grade, reasons = "approximate", ["potentials are rounded in another order"]
    return NirExport(graph, grade, tuple(reasons), dt, shown, *shares)


def network_input(net: Any, X: Any, spikes: Mapping[str, SpikeTrain] | None = None) -> NDArray[np.float32]:
    """What enters the graph of a network with samples: (n_samples, n_steps, n_lines)."""
    chosen = net.chosen_parts()
    samples = net._samples(stimuli.table_of(X, spikes))
    seen = net._stimulus(samples, keys_of_rows(samples), spikes)
    lines, n_lines = _lines(net, chosen)
    frame = int(net._graph.graph.circuit.frame)
    shown = np.zeros((len(samples), frame, n_lines), np.float32)
    for name, train in net._input_trains(seen):
        step = np.rint(np.asarray(train.time_ms) / net.dt).astype(int) - train.presentation * frame
        np.add.at(shown, (train.presentation, step, lines[name].start + train.neuron), 1.0)
    for name, (first, last) in net._spans().items():
        if DRIVE + name in lines:
            shown[:, :, lines[DRIVE + name]] = seen.drive[:, None, first:last]
    return shown


def _lines(net: Any, chosen: Any) -> tuple[dict[str, slice], int]:
    """Lines of the graph's input that each input of the network takes, and how many there are."""
    sizes = stimuli.sizes_of(chosen.inputs, net.n_features_in_)
    driven = {item.target for item in chosen.inputs if isinstance(item, parts.Currents)}
    sizes |= {DRIVE + p.name: p.n for p in chosen.populations if p.name in driven}
    ends = np.cumsum([0, *sizes.values()]).tolist()
    return {name: slice(*ends[k : k + 2]) for k, name in enumerate(sizes)}, ends[-1]


def _cell_of(p: parts.Population, dt: float) -> Cell:
    """The neurons of a population; ValueError if NIR has no word for them."""
    neuron, reasons = p.neuron, []
    if type(neuron) not in (parts.LIF, parts.CurrentLIF, parts.AdaptiveLIF):
        raise ValueError(
            f"Network.to_nir: population {p.name!r} must be of LIF(), CurrentLIF() or AdaptiveLIF() neurons, got "
            f"{neuron!r}; NIR has no word for conductances, recovery variables or equations of one's own"
        )
    if p.clock is not None:
        raise ValueError(f"Network.to_nir: population {p.name!r} must have no clock, got {p.clock!r}; NIR has none")
    by_jumps = isinstance(neuron, parts.AdaptiveLIF)
    if getattr(neuron, "refractory", 0.0) >= dt:
        reasons.append(f"no refractory period, of {neuron.refractory:g} ms in the model: NIR has none")
    if p.threshold is not None:
        reasons.append("thresholds stay where they are, in the model each spike raises them")
    if p.inhibition is not None:
        reasons.append("all neurons at their threshold fire in a step, in the model the one that exceeds it most")
    gain = 1.0 if neuron.tau_m is None else -np.expm1(-dt / neuron.tau_m)
    tau_syn = getattr(neuron, "tau_syn", None)
    return Cell(
        None if neuron.tau_m is None else dt / gain,
        getattr(neuron, "v_rest", 0.0),
        neuron.v_th,
        neuron.v_reset,
        0.0 if tau_syn is None else float(np.exp(-dt / tau_syn)),
        jump(neuron.tau_m, dt) if by_jumps else 1.0,
        getattr(neuron, "drive", 0.0),
        tuple(reasons),
    )


def _neurons(cell: Cell, n: int, raised: NDArray[Any], dt: float) -> Any:
    """The node of a population; potentials count from the reset, which some simulators take for 0."""
    threshold = np.full(n, cell.threshold - cell.reset) + raised
    if cell.tau_ms is None:
        if cell.keep_syn or cell.drive:
            raise ValueError(
                "Network.to_nir: neurons without a leak must have neither tau_syn nor drive, got a CurrentLIF of "
                "tau_m = None with one of them; NIR has no such node, give them a long tau_m"
            )
        return neurons("IF", n, np.float64, r=1e3 / dt, v_threshold=threshold, v_reset=0.0)
    rest, tau = cell.rest + cell.drive - cell.reset, 1e-3 * cell.tau_ms
    leaky = {"r": 1.0, "v_leak": rest, "v_threshold": threshold, "v_reset": 0.0}
    if cell.keep_syn:
        tau_syn = 1e-3 * dt / (1.0 - cell.keep_syn)
        return neurons("CubaLIF", n, np.float64, tau_syn=tau_syn, tau_mem=tau, w_in=1e3 * tau_syn / dt, **leaky)
    return neurons("LIF", n, np.float64, tau=tau, **leaky)


Wires = tuple[str, str, str, NDArray[Any], int]  # name, source, target, weights (n_target, n_source), steps of delay


def _projections(net: Any, chosen: Any, lines: dict[str, slice], n_lines: int) -> Iterator[Wires]:
    """All that connects nodes, inputs through all lines of the graph's input."""
    by_name, dt = {p.name: p for p in chosen.populations}, float(net.dt)
    sizes = stimuli.sizes_of(chosen.inputs, net.n_features_in_)
    for k, p in enumerate(chosen.projections):
        post = by_name[p.target]
        pre = by_name.get(p.source) or parts.Population(p.source, sizes[p.source])
        if isinstance(p.wiring, parts.Learned):
            gain = kit.PIXELS / pre.n if p.wiring.gain is None else p.wiring.gain
            weights = np.float32(gain) * net.weights(p.source, p.target)
        else:
            weights = kit.matrix_of(p, pre, post, k, net._seed)
        weights = -weights if p.inhibitory else weights
        if p.source in lines:
            weights = _through(weights, lines[p.source], n_lines)
        yield f"{_node_name(p.source)}_to_{_node_name(p.target)}_{k}", p.source, p.target, weights, round(p.delay / dt)
    for p in chosen.populations:
        if DRIVE + p.name in lines:
            if getattr(p.neuron, "tau_syn", None):
                raise ValueError(
                    f"Network.to_nir: population {p.name!r} must have no tau_syn to take Currents, got {p.neuron!r}; "
                    "the currents of NIR all pass the synapses"
                )
            yield (
                f"drive_to_{_node_name(p.name)}",
                DRIVE + p.name,
                p.name,
                _through(np.eye(p.n, dtype=np.float32), lines[DRIVE + p.name], n_lines),
                0,
            )
        if p.inhibition is not None:
            if not isinstance(p.inhibition, parts.LateralInhibition):
                raise ValueError(
                    f"Network.to_nir: population {p.name!r} must have LateralInhibition() or none, got "
                    f"{p.inhibition!r}; NIR has no word for the equations of others"
                )
            lateral = -p.inhibition.strength * float(np.exp(-dt / p.neuron.tau_m)) * (1.0 - np.eye(p.n))
            yield f"lateral_of_{_node_name(p.name)}", p.name, p.name, lateral, 1


def _delayed(
    nir: Any, nodes: dict[str, Any], edges: list[tuple[str, str]], delays: dict[str, int], dt: float
) -> list[tuple[str, str]]:
    """Edges with nodes for delays, which are added; an edge that closes a circle is a step late by itself."""
    _, late = in_order(nir.NIRGraph(nodes, edges, type_check=False))
    found = []
    for a, b in edges:
        steps = delays.get(a, 0) - ((a, b) in late or any(edge[1] == a and edge in late for edge in edges))
        if a not in delays or steps == 0:
            found.append((a, b))
            continue
        n = len(nodes[a].weight)
        nodes[f"{a}_delay"] = nir.Delay(np.full(n, 1e-3 * dt * steps))
        found += [(a, f"{a}_delay"), (f"{a}_delay", b)]
    return found


def _through(weights: NDArray[Any], where: slice, n_lines: int) -> NDArray[np.float32]:
    """Weights from some of the lines."""
    found = np.zeros((len(weights), n_lines), np.float32)
    found[:, where] = weights
    return found


def _node_name(name: str) -> str:
    """A name that simulators can give to a module."""
    safe = "".join(letter if letter.isalnum() else "_" for letter in name)
    return f"{safe}_" if safe in ("input", "output") else safe
