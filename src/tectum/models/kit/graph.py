"""From the description of a network, populations and what connects them, to the graph that runs."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tectum import parts
from tectum.core.random import uniform_array
from tectum.core.ranges import check_ranges
from tectum.engine.graph import network
from tectum.engine.standard.network import initial_state
from tectum.models.common.nested import unknown_name
from tectum.parts import contracts
from tectum.parts.lateral import lateral_weight

PIXELS = 784  # inputs for which the constants of Diehl & Cook (2015) were made
WIRING_STREAM = 2**43  # what random numbers are for: who is wired to whom, by projection
INPUTS = (parts.Rates, parts.Latencies, parts.Currents, parts.Trains)
WIRINGS = (parts.All, parts.OneToOne, parts.Sparse, parts.ByDistance, parts.Learned)
SMALLEST = 1e-6  # weights by distance below this share of the largest are left out


class NetworkGraph(NamedTuple):
    """A network in the form that runs."""

    graph: network.Graph
    rows: dict[tuple[str, str], int]  # row of `circuit.projections` by source and target


def check_description(populations: Sequence[Any], projections: Sequence[Any], inputs: Sequence[Any]) -> None:
    """Check that names are unique and known, that parts are parts, and that their constants are in range; ValueError
    names the population, projection or input.
    """
    kinds = (("populations", populations, parts.Population), ("projections", projections, parts.Projection))
    for what, items, kind in (*kinds, ("inputs", inputs, INPUTS)):
        for k, item in enumerate(items):
            if not isinstance(item, kind):
                raise ValueError(
                    f"Network.{what}[{k}] must be one of {_names(kind)} of tectum.parts, got {item!r}; use one of them"
                )
            check_ranges(f"Network.{what}[{getattr(item, 'name', k)!r}]", item)
    if not populations:
        raise ValueError("Network.populations must hold one parts.Population or more, got none; add one")
    names = [item.name for item in (*populations, *inputs)]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"Network: names must differ, got {twice[0]!r} twice; give each population and input its own")
    targets = [p.name for p in populations]
    for p in projections:
        where = f"Network.projections[{p.source!r} to {p.target!r}]"
        if p.source not in names:
            raise ValueError(unknown_name(f"{where}.source: there is no population or input", p.source, names))
        if p.target not in targets:
            raise ValueError(unknown_name(f"{where}.target: there is no population", p.target, targets))
        if not isinstance(p.wiring, WIRINGS):
            raise ValueError(f"{where}.wiring must be one of {_names(WIRINGS)} of tectum.parts, got {p.wiring!r}")
    for item in inputs:
        if isinstance(item, parts.Currents) and item.target not in targets:
            raise ValueError(
                unknown_name(f"Network.inputs[{item.name!r}].target: there is no population", item.target, targets)
            )
    for p in populations:
        if p.shape is not None and (hasattr(p.shape, "_fields") or math.prod(p.shape) != p.n):
            raise ValueError(
                f"Network.populations[{p.name!r}].shape must be (rows, columns) of {p.n} neurons in all, got "
                f"{p.shape}; change shape or n"
            )


def _names(kinds: Any) -> str:
    return ", ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))


def build(
    populations: Sequence[parts.Population],
    projections: Sequence[parts.Projection],
    sizes: dict[str, int],
    seed: np.uint64,
    *,
    dt: float,
    presentation: float,
) -> NetworkGraph:
    """The graph of a network; `sizes` are the numbers of neurons of the inputs whose spikes come at given times.

    TypeError if a part does not fulfil its contract, ValueError if a wiring does not fit its populations.
    """
    by_name = {p.name: k for k, p in enumerate(populations)}
    events = {name: k for k, name in enumerate(sizes)}
    synapses = []
    for k, p in enumerate(projections):
        if p.source in by_name and p.delay < dt:
            raise ValueError(
                f"Network.projections[{p.source!r} to {p.target!r}].delay must be {dt} ms, a step, or more, got "
                f"{p.delay!r}; spikes take time"
            )
        pre, post = (
            populations[by_name[n]] if n in by_name else parts.Population(n, sizes[n]) for n in (p.source, p.target)
        )
        wiring = _wire(p, pre, post, k, seed)
        norm = post.norm if isinstance(p.wiring, parts.Learned) else None
        place = by_name[p.source] if p.source in by_name else events[p.source]
        synapses.append(
            network.Projection(
                place,
                by_name[p.target],
                p.delay,
                inhibitory=p.inhibitory,
                from_events=p.source in events,
                norm=norm,
                **wiring,
            )
        )
    graph = network.build(
        [_population(p) for p in populations],
        synapses,
        [],
        event_inputs=list(sizes.values()),
        dt=dt,
        chunk=presentation,
        cycle=presentation,
        cycles=1,
        owner="Network",
    )
    rows = {(projections[k].source, projections[k].target): row for row, k in enumerate(network.in_order(synapses))}
    return NetworkGraph(graph, rows)


def _population(p: parts.Population) -> network.Population:
    return network.Population(
        p.n,
        p.neuron,
        p.threshold,
        clock=p.clock,
        phase=p.phase,
        rule=p.rule,
        use=p.use,
        inhibition=p.inhibition,
        name=p.name,
    )


def _wire(
    p: parts.Projection, pre: parts.Population, post: parts.Population, k: int, seed: np.uint64
) -> dict[str, Any]:
    """Weights of projection k, by the kind of its wiring."""
    wiring = p.wiring
    if isinstance(wiring, parts.All):
        return {"uniform": wiring.weight}
    if isinstance(wiring, parts.Learned):
        gain = PIXELS / pre.n if wiring.gain is None else wiring.gain
        return {"plastic": _initial(wiring, pre.n, post.n, k, seed), "gain": gain}
    if isinstance(wiring, parts.OneToOne):
        if pre.n != post.n:
            raise ValueError(
                f"Network.projections[{p.source!r} to {p.target!r}].wiring: OneToOne needs as many neurons on both "
                f"sides, got {pre.n} and {post.n}; use another wiring"
            )
        matrix = wiring.weight * np.eye(pre.n)
    elif isinstance(wiring, parts.Sparse):
        draws = uniform_array(int(seed), WIRING_STREAM + k, 0, pre.n * post.n).reshape(pre.n, post.n)
        matrix = np.where(draws < wiring.density, wiring.weight, 0.0)
    else:
        matrix = _by_distance(wiring, p, pre, post)
    if pre.name == post.name and not isinstance(wiring, parts.OneToOne):
        np.fill_diagonal(matrix, 0.0)
    return {"fixed": csr_array(matrix.astype(np.float32))}


def matrix_of(
    p: parts.Projection, pre: parts.Population, post: parts.Population, k: int, seed: np.uint64
) -> NDArray[np.float32]:
    """Weights (n_post, n_pre) of projection k before learning, with its gain."""
    found = _wire(p, pre, post, k, seed)
    if "uniform" in found:
        return np.full((post.n, pre.n), found["uniform"], np.float32)
    return found["fixed"].toarray().T if "fixed" in found else np.float32(found["gain"]) * found["plastic"]


def _initial(wiring: parts.Learned, n_pre: int, n_post: int, k: int, seed: np.uint64) -> NDArray[np.float32]:
    """Weights (n_post, n_pre) before learning."""
    if wiring.mean is not None:
        return np.ascontiguousarray(initial_state(n_pre, n_post, wiring.mean, int(seed) ^ k).weights.T)
    if not wiring.low <= wiring.high:
        raise ValueError(f"Learned.low must be at most high = {wiring.high!r}, got {wiring.low!r}; change one of them")
    return network.initial_weights(n_post, n_pre, wiring.low, wiring.high, seed, k)


def _by_distance(
    wiring: parts.ByDistance, p: parts.Projection, pre: parts.Population, post: parts.Population
) -> NDArray[np.float64]:
    """Weights (n_pre, n_post) by distance in grid units of the source."""
    contracts.LATERAL.check(f"Network: profile from {p.source!r} to {p.target!r}", wiring.profile, (lateral_weight,))
    radius = wiring.radius if wiring.radius is not None else getattr(wiring.profile, "radius", None)
    if radius is None:
        raise ValueError(
            f"Network.projections[{p.source!r} to {p.target!r}].wiring.radius must be given, as "
            f"{type(wiring.profile).__name__} has no radius of its own, got None"
        )
    scale = np.array(pre.shape or (1, pre.n), float)
    places = [(_places(x.shape or (1, x.n)) * scale)[:, None] for x in (pre, post)]
    distance = np.hypot(*np.moveaxis(places[0] - places[1].transpose(1, 0, 2), 2, 0)).round(9)
    apart, where = np.unique(distance, return_inverse=True)
    weights = np.array([lateral_weight(wiring.profile, d, radius) for d in apart.tolist()])
    weights[np.abs(weights) < SMALLEST * np.abs(weights).max()] = 0.0
    return weights[where].reshape(distance.shape)


def _places(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Places (n, 2) of neurons in the unit square, row by row."""
    rows, columns = ((np.arange(n) + 0.5) / n for n in shape)
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)
