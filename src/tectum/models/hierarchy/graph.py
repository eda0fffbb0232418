"""From the description of a hierarchy, maps and their sources, to the populations and projections that run."""

import math
import numbers
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum import parts
from tectum.core.memory import check_room
from tectum.engine.graph import network
from tectum.engine.graph.features import FeatureCoder, n_inputs
from tectum.models.common import parameters
from tectum.models.common.nested import up_to_date
from tectum.parts import contracts
from tectum.parts.lateral import lateral_weight, near_weights
from tectum.parts.norms import LengthNorm
from tectum.parts.topology import TOPOLOGIES

PER_NEURON = 1000  # bytes, at least: the state, the spikes of the last steps, lateral weights
MOST_DELAY = 2**20  # frames of a delay line, 11 hours at 25 per second
SOURCES = (parts.Features, parts.Spikes, parts.Winners)

# What the maps of a MapHierarchy are made of where they do not say: those that see features, ...
LOWER: dict[str, Any] = {
    "neuron": parts.ConductanceLIF(drive=2.0, noise=0.5),
    "inhibition": parts.MapInhibition(),
    "lateral": parts.NearExcitation(),
    "threshold": parts.SpikeThreshold(),
    "rule": parts.ArrivalSTDP(eta=0.2, w_max=8.0, beta=1.0, tau_pre=12.0),
    "use": parts.UseDependentRate(n_0=1.0),
    "spread": parts.PlasticitySpread(W=0.0),
    "gate": parts.NoveltyGate(),
    "norm": parts.SourceNorm(drive=5.5),
}
# ... and those that hear other maps, whose spikes come in one volley per cycle.
UPPER: dict[str, Any] = LOWER | {
    "rule": parts.ArrivalSTDP(eta=0.2, w_max=2.5, beta=1.0, tau_pre=6.0),
    "norm": parts.SourceNorm(drive=5.0),
}


def default_parts(sources: Any, clock: Any) -> dict[str, Any]:
    """What a map is made of where it does not say."""
    sees = any(isinstance(source, parts.Features) for source in sources)
    return (LOWER if sees else UPPER) | {"clock": parts.PacingClock() if clock is None else clock}


class View(NamedTuple):
    """An input that codes a stretch of the features."""

    part: slice
    coder: FeatureCoder
    delay: int  # frames
    delay_ms: float = 0.0


class MapGraph(NamedTuple):
    """A hierarchy in the form that runs."""

    maps: list[parts.Map]
    graph: network.Graph
    views: list[View | None]  # by input; None where winners fire
    incoming: list[list[int]]  # row of `circuit.projections` of each source of each map


def default_maps(n_features: int) -> list[parts.Map]:
    """Two maps that each see half of the features, and one that hears both; with one feature a single map."""
    if n_features < 2:
        return [parts.Map("lower")]
    half = n_features // 2
    return [
        parts.Map("lower_0", (parts.Features(0, half),)),
        parts.Map("lower_1", (parts.Features(half),)),
        parts.Map("upper", (parts.Spikes("lower_0"), parts.Spikes("lower_1"))),
    ]


def resolved(maps: Any, clock: Any, n_features: int) -> list[parts.Map]:
    """The maps with all their parts, levels and phases; ValueError, with the name of the map, if the description is
    not one of a graph.
    """
    maps = default_maps(n_features) if maps is None else list(maps)
    if not maps or any(not isinstance(m, parts.Map) for m in maps):
        raise ValueError(
            f"MapHierarchy.maps must be a list of parts.Map, one or more, got {maps!r}; use parts.Map(...)"
        )
    for m in maps:
        parameters.check_part(f"MapHierarchy.maps[{m.name!r}]", m)
    names = [m.name for m in maps]
    if len({*names}) < len(names):
        raise ValueError(f"MapHierarchy.maps must have different names, got {names}; give each a name of its own")
    for name in names:
        if not (name and name.isprintable()):
            raise ValueError(f"a name in MapHierarchy.maps must be a text in one line, got {name!r}; name the map so")
    found: list[parts.Map] = []
    for m in maps:
        _check_sources(m, names, n_features)
        default = default_parts(m.sources, clock)
        filled = {name: up_to_date(getattr(m, name), default[name]) for name in default}
        for name, part in filled.items():
            parameters.check_part(f"MapHierarchy.maps[{m.name!r}].{name}", part)
        for name in ("lateral", "spread"):
            contracts.LATERAL.check(f"MapHierarchy.maps[{m.name!r}].{name}", filled[name], (lateral_weight,))
        if not 0.0 <= getattr(filled["spread"], "W", 1.0) <= 1.0:
            raise ValueError(
                f"MapHierarchy.maps[{m.name!r}].spread.W must be a share of the learning rate, from 0 to 1, "
                f"got {filled['spread'].W!r}; 0: each neuron learns alone"
            )
        where = f"MapHierarchy.maps[{m.name!r}]"
        parameters.check_topology(f"{where}.topology", m.topology)
        parameters.check_shape(m.shape, f"{where}.shape", m.topology)
        levels = {other.name: other.level or 0 for other in found}
        below = [levels[s.of] for s in m.sources if isinstance(s, parts.Spikes) and s.of in levels]
        level = max(below, default=-1) + 1 if m.level is None else m.level
        m = m._replace(level=level, shape=grid_of(m), **filled)
        found.append(m._replace(phase=_phase(m) if m.phase is None else m.phase))
    share = sizes(found, n_features)[1] // sum(math.prod(m.shape) for m in found)
    for m in found:
        where = f"MapHierarchy.maps[{m.name!r}].shape"
        check_room(where, m.shape, math.prod(m.shape), lambda n: n * (PER_NEURON + 8 * share))
    return found


def _phase(m: parts.Map) -> float:
    delays = [s.delay for s in m.sources if isinstance(s, parts.Spikes)]
    lead = getattr(m.clock, "lead", 0.0)
    return (m.level or 0) * (max(delays, default=0.0) + lead)


def _check_sources(m: parts.Map, names: list[str], n_features: int) -> None:
    where = f"MapHierarchy.maps[{m.name!r}].sources"
    if not m.sources or any(not isinstance(s, SOURCES) for s in m.sources):
        raise ValueError(f"{where} must hold one or more of Features, Spikes and Winners, got {m.sources!r}")
    for k, s in enumerate(m.sources):
        parameters.check_part(f"{where}[{k}]", s)
        if isinstance(s, parts.Features):
            stop = n_features if s.stop is None else s.stop
            whole = isinstance(s.start, numbers.Integral) and isinstance(stop, numbers.Integral)
            if not (whole and 0 <= s.start < stop <= n_features):
                raise ValueError(
                    f"{where} must lie within the {n_features} features of X, got Features({s.start}, {s.stop}); "
                    "change start and stop"
                )
            if not 0 <= s.delay <= MOST_DELAY or s.delay != int(s.delay):
                raise ValueError(f"{where} must have a delay of whole frames, 0 to {MOST_DELAY}, got {s.delay!r}")
            if s.delay_ms and s.delay:
                raise ValueError(
                    f"{where} must have a delay_ms or a delay in frames, got delay_ms={s.delay_ms!r}, "
                    f"delay={s.delay!r}; leave one out"
                )
        elif s.of not in names:
            raise ValueError(f"{where} must name a map, got {s.of!r}; there are: {', '.join(names)}")


def build(maps: list[parts.Map], n_features: int, seed: np.uint64, *, dt: float, cycles: int) -> MapGraph:
    """The graph of populations of a hierarchy; map m is populations 2 m (the map) and 2 m + 1 (its inhibition)."""
    place = {m.name: 2 * k for k, m in enumerate(maps)}
    populations: list[network.Population] = []
    projections: list[network.Projection] = []
    inputs: list[network.Input] = []
    views: list[View | None] = []
    plastic: list[tuple[int, int]] = []
    periods = [m.clock.period for m in maps if hasattr(m.clock, "period")]
    period = periods[0] if periods else parts.PacingClock().period
    for k, m in enumerate(maps):
        populations += _populations(m, place)
        projections += _local(m, 2 * k)
        whole = sum(s.share for s in m.sources)
        for s in m.sources:
            k_most = s.code.k if isinstance(s, parts.Features) else s.k
            length, gain = math.sqrt(k_most), m.norm.drive * s.share / whole / k_most
            if isinstance(s, parts.Spikes):
                n_pre, source, from_input, delay = math.prod(maps[place[s.of] // 2].shape), place[s.of], False, s.delay
                if isinstance(m.clock, parts.Entrainment):
                    later = s.delay + m.clock.later
                    projections.append(network.Projection(source, 2 * k + 1, later, uniform=m.clock.weight))
            else:
                view = _view(s, n_features, seed, len(inputs))
                n_pre = math.prod(maps[place[s.of] // 2].shape) if view is None else view.coder.n_inputs
                source, from_input, delay = len(inputs), True, 0.0
                winners = -1 if view is not None else place[s.of]
                inputs.append(_input(s, n_pre, 2 * k + 1, period, winners))
                views.append(view)
            plastic.append((k, len(projections)))
            start = network.initial_weights(
                math.prod(m.shape), n_pre, 0.0, length * math.sqrt(3.0 / n_pre), seed, len(plastic)
            )
            projections.append(
                network.Projection(
                    source,
                    2 * k,
                    delay,
                    from_input=from_input,
                    plastic=start,
                    gain=gain,
                    norm=LengthNorm(length, m.norm.pace) if m.norm.pace > 0.0 else None,
                )
            )
    delays = [p.delay for p in projections if not p.from_input]
    chunk = max(1, round(min(delays) / dt)) * dt
    graph = network.build(populations, projections, inputs, dt=dt, chunk=chunk, cycle=period, cycles=cycles)
    row = {old: new for new, old in enumerate(network.in_order(projections))}
    incoming = [[row[p] for j, p in plastic if j == k] for k in range(len(maps))]
    return MapGraph(maps, graph, views, incoming)


def sizes(maps: list[parts.Map], n_features: int) -> tuple[int, int]:
    """Number of neurons and of plastic weights of maps with all their parts."""
    n = {m.name: math.prod(m.shape) for m in maps}

    def n_pre(s: Any) -> int:
        stop = n_features if getattr(s, "stop", None) is None else s.stop
        return n_inputs(s.code, stop - s.start) if isinstance(s, parts.Features) else n[s.of]

    n_weights = sum(n[m.name] * n_pre(s) for m in maps for s in m.sources)
    return sum(n[m.name] + m.inhibition.n for m in maps), n_weights


def grid_of(m: parts.Map) -> parts.Grid:
    """The grid on which its neurons stand."""
    return TOPOLOGIES[m.topology](*m.shape)


def _populations(m: parts.Map, place: dict[str, int]) -> list[network.Population]:
    n = math.prod(m.shape)
    heard = [s for s in m.sources if isinstance(s, parts.Spikes)]
    paced, followed = None if isinstance(m.clock, parts.Entrainment) else m.clock, -1
    if heard and isinstance(paced, parts.AdaptiveClock):
        followed, paced = place[heard[0].of], paced._replace(lead=paced.lead + heard[0].delay)
    spread = near_weights(m.spread, grid_of(m))
    return [
        network.Population(
            n,
            m.neuron,
            m.threshold,
            rule=m.rule,
            use=m.use,
            gate=m.gate,
            columns=m.shape[1],
            spread=spread,
            name=m.name,
        ),
        network.Population(
            m.inhibition.n,
            m.inhibition.neuron,
            None,
            clock=paced,
            phase=m.phase or 0.0,
            followed=followed,
            name=f"inhibition of {m.name}",
        ),
    ]


def _local(m: parts.Map, first: int) -> list[network.Projection]:
    """Excitation and inhibition within a map."""
    loop, E, I = m.inhibition, first, first + 1
    return [
        network.Projection(E, I, loop.delay, uniform=loop.excitation),
        network.Projection(I, E, loop.delay, inhibitory=True, uniform=loop.inhibition),
        network.Projection(I, I, loop.delay, inhibitory=True, uniform=loop.mutual),
        network.Projection(E, E, loop.delay, fixed=near_weights(m.lateral, grid_of(m))),
    ]


def _view(s: Any, n_features: int, seed: np.uint64, number: int) -> View | None:
    if isinstance(s, parts.Winners):
        return None
    part = slice(s.start, n_features if s.stop is None else s.stop)
    return View(part, FeatureCoder(s.code, int(seed) ^ number, part.stop - part.start), int(s.delay), float(s.delay_ms))


def _input(s: Any, n: int, clock: int, period: float, winners: int) -> network.Input:
    code = s if winners >= 0 else s.code
    k = min(code.k, n)
    keep = s.keep if winners >= 0 else 0.0
    return network.Input(n, k, clock, period, s.onset, code.t_enc, code.jitter, winners, keep)


def levels_of(maps: list[parts.Map]) -> list[list[int]]:
    """Numbers of the maps of each level, from below."""
    found = sorted({m.level for m in maps if m.level is not None})
    return [[k for k, m in enumerate(maps) if m.level == level] for level in found]


def over_sources(graph: MapGraph, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each map (n_frames, n_maps) the highest of values (n_frames, n_inputs) over the features that it sees, or
    those of the maps that it hears; 0 for maps that the features do not reach.
    """
    circuit, names = graph.graph.circuit, [m.name for m in graph.maps]
    found = np.zeros((len(values), len(names)))
    for _ in names:  # as often as there are maps, so that values pass through all levels
        for k, m in enumerate(graph.maps):
            for row, source in zip(graph.incoming[k], m.sources, strict=True):
                if isinstance(source, parts.Features):
                    found[:, k] = np.maximum(found[:, k], values[:, circuit.projections.source[row]])
                elif isinstance(source, parts.Spikes):
                    found[:, k] = np.maximum(found[:, k], found[:, names.index(source.of)])
    return found


def learning_only(circuit: Any, maps: list[int] | None) -> Any:
    """The circuit with plasticity in some maps only; None is all."""
    if maps is None:
        return circuit
    learners = np.zeros(len(circuit.plastic), bool)
    learners[[2 * k for k in maps]] = True
    factor = np.where(learners, circuit.gates.factor, 1.0).astype(np.float32)
    return circuit._replace(
        plastic=circuit.plastic & learners,
        gates=circuit.gates._replace(factor=factor),
        normed=circuit.normed & learners[circuit.projections.target],
    )


def scores(counts: NDArray[np.int32], latency: NDArray[np.float32], frame_ms: float) -> NDArray[np.float64]:
    """Score of each neuron (n_frames, n): its spikes less the share of the frame before the first; 0 if silent."""
    return np.where(counts > 0, counts - latency.astype(np.float64) / frame_ms, 0.0)
