"""`Network` from a graph of NIR: neurons, what of matrices and delays lies between them, and their constants."""

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum import parts
from tectum.files import MOST_EXPANSION, reading
from tectum.models.exchange.export import nir_package
from tectum.models.exchange.simulation import in_order

NEURONS, WIRES = ("LIF", "CubaLIF", "IF"), ("Linear", "Affine", "Scale", "Delay")
MOST_KINDS = 64  # kinds of neurons of a node, each a population
DT_MS = 1.0  # where a graph does not say


class Path(NamedTuple):
    """What lies between two nodes of neurons."""

    source: str
    target: str
    weights: NDArray[np.float64]  # (n_target, n_source)
    bias: NDArray[np.float64]  # (n_target,)
    delay: int  # steps, with that of an edge that closes a circle


class Kind(NamedTuple):
    """Neurons of a node that are alike."""

    name: str
    where: NDArray[np.intp]  # which
    neuron: parts.CurrentLIF
    raised: NDArray[np.float32]  # of their thresholds


def network_from_graph(cls: Any, source: Any, dt_ms: float | None, **parameters: Any) -> Any:
    """See `Network.from_nir`."""
    if isinstance(source, (str, os.PathLike)):
        with reading(source, "a graph of NIR", "write it again, or pass a nir.NIRGraph"):
            return network_from_graph(cls, _read(source), dt_ms, **parameters)
    graph = source
    dt = dt_ms or float((getattr(graph, "metadata", None) or {}).get("dt_ms", DT_MS))
    _check(graph)
    nodes = {name: node for name, node in graph.nodes.items() if type(node).__name__ in NEURONS}
    into = [a for a, b in graph.edges if type(graph.nodes[b]).__name__ == "Output"]
    if len(into) != 1 or into[0] not in nodes:
        raise ValueError(
            f"Network.from_nir: the output must be the spikes of one node of neurons, got {into}; connect it to one of "
            f"{', '.join(nodes)}"
        )
    paths = [*_paths(graph, dt)]
    kinds = {
        name: _kinds(name, node, _sum([p.bias for p in paths if p.target == name]), dt) for name, node in nodes.items()
    }
    shift = _shifts(paths, nodes)
    populations = [parts.Population(k.name, len(k.where), k.neuron) for of in kinds.values() for k in of]
    wires: dict[tuple[str, str], tuple[parts.Projection, NDArray[np.float32]]] = {}
    for p in paths:
        steps = p.delay + shift[p.target] - shift.get(p.source, 0)
        steps = max(steps, 1) if p.source in nodes else steps
        for post in kinds[p.target]:
            for pre in kinds.get(p.source, [None]):
                weights = p.weights[post.where] if pre is None else p.weights[np.ix_(post.where, pre.where)]
                scaled = (_gain(nodes[p.target], dt)[post.where, None] * weights).astype(np.float32)
                key = ("input" if pre is None else pre.name, post.name)
                if key in wires and wires[key][0].delay != steps * dt:
                    raise ValueError(
                        f"Network.from_nir: all ways from {p.source!r} to {p.target!r} must be of one delay, got "
                        f"{wires[key][0].delay:g} and {steps * dt:g} ms; put a node of neurons between"
                    )
                before = wires[key][1] if key in wires else 0.0
                wires[key] = parts.Projection(*key, parts.Learned(low=0.0, high=0.0), steps * dt), before + scaled
    if len(kinds[into[0]]) > 1:
        relay = _relay(kinds[into[0]], dt)
        populations.append(relay[0])
        wires |= relay[1]
    n_inputs = int(
        next(iter(next(n for n in graph.nodes.values() if type(n).__name__ == "Input").output_type.values()))[0]
    )
    net = cls(
        populations,
        [wire for wire, _ in wires.values()],
        [parts.Trains("input", n_inputs)],
        dt=dt,
        readout="readout" if len(kinds[into[0]]) > 1 else kinds[into[0]][0].name,
        **parameters,
    )
    return _filled(net, {key: weights for key, (_, weights) in wires.items()}, kinds)


def _read(path: str | os.PathLike[str]) -> Any:
    """The graph in a file, whose arrays are no larger than the file can hold."""
    nir = nir_package()
    import h5py  # nir needs it

    bound = MOST_EXPANSION * os.stat(path).st_size

    def check(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.nbytes > bound:
            raise ValueError(f"{name} announces {item.nbytes} bytes, more than the file can hold")

    with h5py.File(path, "r") as file:
        file.visititems(check)
    return nir.read(os.fspath(path))


def _check(graph: Any) -> None:
    """Raise ValueError for nodes that are not known, all in one message."""
    known = (*NEURONS, *WIRES, "Input", "Output")
    unknown = [
        f"{name!r} ({type(node).__name__})" for name, node in graph.nodes.items() if type(node).__name__ not in known
    ]
    if unknown:
        raise ValueError(
            f"Network.from_nir: nodes must be of {', '.join(known)}, got {', '.join(unknown)}; replace these, a "
            "convolution by its matrix"
        )
    n = {kind: sum(type(node).__name__ == kind for node in graph.nodes.values()) for kind in ("Input", "Output")}
    if n != {"Input": 1, "Output": 1}:
        raise ValueError(f"Network.from_nir: a graph must have one Input and one Output, got {n}; join them")


def _paths(graph: Any, dt: float) -> Iterator[Path]:
    """Ways through matrices and delays, from the input and each node of neurons to the next ones."""
    _, late = in_order(graph)
    for name, node in graph.nodes.items():
        kind = type(node).__name__
        if kind in NEURONS or kind == "Input":
            n = int(np.prod(next(iter(node.output_type.values()))))
            yield from _onward(graph, late, dt, name, name, np.eye(n), np.zeros(n), 0, ())


def _onward(
    graph: Any,
    late: Any,
    dt: float,
    source: str,
    at: str,
    weights: NDArray[Any],
    bias: NDArray[Any],
    delay: int,
    passed: tuple[str, ...],
) -> Iterator[Path]:
    for a, b in graph.edges:
        if a != at or type(graph.nodes[b]).__name__ == "Output":
            continue
        steps = delay + ((a, b) in late)
        if type(graph.nodes[b]).__name__ in NEURONS:
            yield Path(source, b, weights, bias, steps)
            continue
        if b in passed:
            raise ValueError(
                f"Network.from_nir: {b!r} must not lie in a circle without neurons; put a node of neurons in it"
            )
        node, kind = graph.nodes[b], type(graph.nodes[b]).__name__
        if kind == "Delay":
            late_by = np.unique(np.rint(1e3 * np.asarray(node.delay) / dt).astype(int))
            if len(late_by) > 1:
                raise ValueError(
                    f"Network.from_nir: the delays of {b!r} must be the same, got {late_by[0] * dt:g} to "
                    f"{late_by[-1] * dt:g} ms; use a node for each"
                )
            yield from _onward(graph, late, dt, source, b, weights, bias, steps + int(late_by[0]), (*passed, b))
            continue
        matrix = np.diag(np.ravel(node.scale)) if kind == "Scale" else np.asarray(node.weight, np.float64)
        added = np.asarray(node.bias, np.float64) if kind == "Affine" else 0.0
        yield from _onward(graph, late, dt, source, b, matrix @ weights, matrix @ bias + added, steps, (*passed, b))


def _gain(node: Any, dt: float) -> NDArray[np.float64]:
    """Input of `CurrentLIF` that stands for an input of 1 for an Euler step."""
    kind = type(node).__name__
    if kind == "IF":
        return 1e-3 * dt * np.asarray(node.r, np.float64)
    r = np.asarray(node.r, np.float64)
    return r if kind == "LIF" else r * np.asarray(node.w_in) * 1e-3 * dt / np.asarray(node.tau_syn, np.float64)


def _kinds(name: str, node: Any, bias: NDArray[np.float64], dt: float) -> list[Kind]:
    """Neurons of a node, sorted into those that are alike; thresholds may differ."""
    kind, shape = type(node).__name__, np.asarray(node.v_threshold).shape
    zero = np.zeros(shape)
    tau = zero if kind == "IF" else np.asarray(node.tau if kind == "LIF" else node.tau_mem, np.float64)
    tau_syn = np.asarray(node.tau_syn, np.float64) if kind == "CubaLIF" else zero
    rest = zero if kind == "IF" else np.asarray(node.v_leak, np.float64)
    reset = np.asarray(node.v_reset, np.float64) if getattr(node, "v_reset", None) is not None else zero
    steady = (
        np.asarray(node.w_in) if kind == "CubaLIF" else 1.0
    )  # currents that do not change pass a synapse as they are
    drive = bias * (1e-3 * dt if kind == "IF" else 1.0) * np.asarray(node.r, np.float64) * steady
    table = np.stack([np.broadcast_to(x, shape) for x in (tau, tau_syn, rest, reset, drive)], axis=1)
    rows, which = np.unique(table, axis=0, return_inverse=True)
    if len(rows) > MOST_KINDS:
        raise ValueError(
            f"Network.from_nir: neurons of {name!r} must be of at most {MOST_KINDS} kinds by time constants, resting "
            f"and reset potentials and biases, got {len(rows)}; thresholds may differ, fold biases into them"
        )
    found = []
    for k, (tau_s, syn_s, v_rest, v_reset, constant) in enumerate(rows.tolist()):
        where = np.flatnonzero(which.ravel() == k)
        thresholds = np.asarray(node.v_threshold, np.float64)[where]
        low = float(thresholds.min())
        cell = parts.CurrentLIF(
            None if kind == "IF" else _euler(name, tau_s, dt),
            v_rest=v_rest,
            v_th=low,
            v_reset=v_reset,
            tau_syn=_euler(name, syn_s, dt) if kind == "CubaLIF" else None,
            drive=constant,
        )
        found.append(
            Kind(name if len(rows) == 1 else f"{name}_{k}", where, cell, (thresholds - low).astype(np.float32))
        )
    return found


def _euler(name: str, tau_s: float, dt: float) -> float:
    """Time constant in ms whose exact solution decays as an Euler step."""
    if 1e3 * tau_s <= dt:
        raise ValueError(
            f"Network.from_nir: time constants of {name!r} must be longer than a step of {dt:g} ms, got "
            f"{1e3 * tau_s:g} ms; pass a shorter dt_ms"
        )
    return float(-dt / np.log1p(-dt / (1e3 * tau_s)))


def _shifts(paths: list[Path], nodes: dict[str, Any]) -> dict[str, int]:
    """Steps by which all spikes of a node come later than in the graph, where they reach others at once."""
    shift = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for p in paths:
            if p.source in nodes and p.delay == 0:
                shift[p.target] = max(shift[p.target], shift[p.source] + 1)
    return shift


def _relay(of: list[Kind], dt: float) -> tuple[parts.Population, dict[Any, Any]]:
    """Neurons that repeat the spikes of several populations, a step later, in the order of the node."""
    n = sum(len(kind.where) for kind in of)
    cell = parts.CurrentLIF(None, v_th=0.5)
    wires = {}
    for kind in of:
        wire = parts.Projection(kind.name, "readout", parts.Learned(low=0.0, high=0.0), dt)
        wires[kind.name, "readout"] = wire, np.eye(n, dtype=np.float32)[:, kind.where]
    return parts.Population("readout", n, cell), wires


def _filled(net: Any, weights: dict[tuple[str, str], NDArray[Any]], kinds: dict[str, list[Kind]]) -> Any:
    """The network with the weights and thresholds of the graph."""
    net._begin(np.zeros((1, 1)), going_on=False, fitting=True)
    for (source, target), table in weights.items():
        net._weights_of(net._state, source, target)[:] = table
    for kind in (kind for of in kinds.values() for kind in of):
        first, last = net._spans()[kind.name]
        net._state.raised[first:last] = kind.raised
    return net


def _sum(biases: list[NDArray[np.float64]]) -> Any:
    return sum(biases) if biases else 0.0
