"""Sheets and the projections between them as arrays: built from their parts, run sheet by sheet and chunk by chunk."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.core.lanes import aligned, aligned_zeros
from tectum.core.normals import normal_array, normal_levels, words_for
from tectum.core.random import uniform_array
from tectum.engine.sheets.far_field import LARGEST, NO_BLOCKS, ROW, build_blocks
from tectum.engine.sheets.loop import (
    BLOCK,
    PIECE,
    SheetCircuit,
    SheetScratch,
    SheetState,
    SpikeEvents,
    run_driven,
    run_sheet,
)
from tectum.engine.sheets.projection import (
    REFRESH,
    ProjectionCircuit,
    ProjectionState,
    learn_images,
    new_reach,
)
from tectum.engine.sheets.weights import projection_scratch, tiled, untile
from tectum.engine.sheets.wires import (
    FEWEST_BY_OFFSET,
    UNIT_AREA,
    UNWIRED,
    Geometry,
    Neighbourhood,
    disc_radius,
    rewire,
    wire,
    wire_by_reach,
    wire_grid,
)
from tectum.parts import contracts
from tectum.parts.neurons import fresh, jump, refractory, reset, rest
from tectum.parts.steps import discretise
from tectum.parts.wave_learning import FixedNeighbourhood, KWinners, KWinnersStep
from tectum.parts.waves import RingKernel, RingStep, step_of

# What random numbers are for; the layer is added.
NOISE_STREAM = 0xFFFFFFFFFFFF0000
RESET_STREAM = 0xFFFFFFFFFFFE0000
SHUFFLE_STREAM = 0xFFFFFFFFFFFA0000

CHUNK = 500  # steps by which a sheet is ahead of the one above
MOST_EVENTS = 16_000_000  # spikes of a sheet that can be kept in a chunk, ...
FEWEST_STEPS = 16  # ... if not shorter than this: nearly all of the room stays untouched


class LayerParts(NamedTuple):
    """The parts of a sheet; those of its projection are None for the first."""

    neuron: Any
    kernel: RingKernel
    competition: KWinners | None = None
    drive: Any = None
    rule: Any = None
    normaliser: Any = None
    neighbourhood: Any = FixedNeighbourhood()


class Stack(NamedTuple):
    """A network as constants."""

    sheets: tuple[SheetCircuit, ...]
    projections: tuple[ProjectionCircuit, ...]  # one fewer
    neighbourhoods: tuple[Neighbourhood | None, ...]  # of the units of each projection
    inner: NDArray[np.int64] | None = None  # numbers of the nodes of the first sheet that lie within its border
    shuffled: tuple[bool, ...] = ()  # whether each projection sees as many nodes drawn at random


class StackState(NamedTuple):
    """The state of a network."""

    sheets: tuple[SheetState, ...]
    weights: tuple[ProjectionState, ...]


def build_stack(
    geometries: Sequence[Geometry], parts: Sequence[LayerParts], mean_weight: float, seed: np.uint64
) -> Stack:
    """Constants of a network, after a check that each part has its equations."""
    sheets: list[SheetCircuit] = []
    projections, neighbourhoods = [], []
    for layer, (geometry, chosen) in enumerate(zip(geometries, parts, strict=True)):
        free = not isinstance(chosen.neighbourhood, FixedNeighbourhood)
        if free and len(geometry.positions) < FEWEST_BY_OFFSET:
            geometry = geometry._replace(columns=0)
        sheets.append(_build_sheet(geometry.wide or geometry, chosen, seed, layer, free))
        if layer > 0:
            n_pre = len(geometries[layer - 1].positions)
            evenness, step_ms = mean_weight * math.sqrt(n_pre), step_of(chosen.neuron)
            projections.append(_build_projection(geometry, chosen, evenness, step_ms))
            neighbourhoods.append(_neighbourhood(geometry, chosen) if free else None)
    shuffled = tuple(chosen.competition is not None and chosen.competition.shuffled for chosen in parts[1:])
    sheets = [circuit._replace(**unused(sheets)) for circuit in sheets]
    return Stack(tuple(sheets), tuple(projections), tuple(neighbourhoods), geometries[0].inner, shuffled)


def unused(sheets: Sequence[SheetCircuit]) -> dict[str, None]:
    """Fields that no sheet of a network uses, as None; all its sheets have the same types, and are compiled once."""
    used = {"radius": [len(c.radius) for c in sheets], "blocks": [c.blocks.size for c in sheets]}
    return {name: None for name, sizes in used.items() if not any(sizes)}


def _neighbourhood(geometry: Geometry, parts: LayerParts) -> Neighbourhood:
    step = _neighbourhood_step(parts)
    n = len(geometry.positions)
    widest, size = float(parts.neighbourhood.widest), disc_radius(geometry)
    near = [np.zeros(0, np.uint32)] * n
    return Neighbourhood(step, widest, geometry.positions, size, parts.kernel, np.full(n, UNWIRED), near, {})


def _neighbourhood_step(parts: LayerParts) -> Any:
    return discretise(parts.neighbourhood, REFRESH * step_of(parts.neuron))


def _build_sheet(geometry: Geometry, parts: LayerParts, seed: np.uint64, layer: int, free: bool) -> SheetCircuit:
    neuron = neuron_step(parts.neuron, layer)
    n = len(geometry.positions)
    a_i, a_o = parts.kernel.strengths(geometry.density)
    columns = geometry.columns
    of_sheet = wire_grid if columns else wire
    wires = (wire_by_reach if free else of_sheet)(geometry, parts.kernel)
    blocks = NO_BLOCKS
    if columns and not free and parts.kernel.extent is None:
        spacing = geometry.density**-0.5
        rows, profile = n // columns, parts.kernel
        blocks = build_blocks(rows, columns, spacing, profile.r_o, profile.length, wires.disc)
    potential, added = after_spike(neuron, seed, layer, n)
    return SheetCircuit(
        neuron=neuron,
        lateral=RingStep(np.float32(a_i / UNIT_AREA if wires.weight.size else a_i), np.float32(a_o)),
        columns=np.int64(columns),
        **wires._asdict(),
        blocks=blocks,
        reset=potential,
        jump=added,
        alive=geometry.alive,
        levels=normal_levels(),
        seed=np.uint64(seed),
        stream=np.uint64(NOISE_STREAM + layer),
    )


def _build_projection(geometry: Geometry, parts: LayerParts, evenness: float, dt: float) -> ProjectionCircuit:
    """Constants of a projection; `dt` is 1 for learning per image."""
    assert parts.competition is not None
    competition = KWinnersStep(
        k=np.int64(parts.competition.number(len(geometry.positions))),
        power=np.int64(parts.competition.power),
        normed=bool(parts.competition.normed),
    )
    rule, neighbourhood = discretise(parts.rule, dt), _neighbourhood_step(parts)
    contracts.check("WaveNetwork.rule", rule)
    contracts.check("WaveNetwork.normaliser", parts.normaliser)
    contracts.check("WaveNetwork.neighbourhood", neighbourhood)
    return ProjectionCircuit(
        competition=competition,
        drive=RingStep(*(np.float32(a) for a in parts.drive.strengths(geometry.density))),
        relative=bool(parts.drive.relative),
        rule=rule,
        normaliser=parts.normaliser,
        neighbourhood=neighbourhood,
        evenness=np.float32(evenness),
    )


def neuron_step(part: Any, layer: int) -> Any:
    """Constants of the neurons of a sheet for one step, after a check that they can run on one."""
    step, where = discretise(part, step_of(part)), f"WaveNetwork.{'neuron' if layer else 'first_neuron'}"
    contracts.check(where, step)
    if refractory(step) > 0:
        raise ValueError(f"{where}.refractory must be 0, got {refractory(step)} steps; nodes of a sheet tire instead")
    return step


def after_spike(neuron: Any, seed: np.uint64, layer: int, n: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Potentials to which the neurons (n,) of a sheet are reset, and what a spike adds to their fatigue."""
    normal, uniform = (
        normal_array(seed, RESET_STREAM + layer, 0, n),
        uniform_array(int(seed), RESET_STREAM + layer, 1, n),
    )
    # the equations hold for arrays, element by element
    resets, jumps = reset(neuron, normal, uniform), jump(neuron, uniform)  # type: ignore[arg-type]
    return np.full(n, resets, np.float32), np.full(n, jumps, np.float32)


def at_rest(part: Any, layer: int, n: int) -> SheetState:
    """A sheet of n neurons in which nothing has fired yet."""
    neuron = neuron_step(part, layer)
    v, tired, fired = (aligned_zeros(n, dtype) for dtype in (np.float32, np.float32, np.uint8))
    v[:], tired[:] = rest(neuron), fresh(neuron)
    return SheetState(v, tired, fired)


def with_living(stack: Stack, geometries: Sequence[Geometry]) -> Stack:
    """The same network with other nodes alive; those of a margin live on."""
    alive = [geometry.alive for geometry in geometries]
    if stack.inner is not None:
        wide = stack.sheets[0].alive.copy()
        wide[stack.inner] = alive[0]
        alive[0] = wide
    pairs = zip(stack.sheets, alive, strict=True)
    return stack._replace(sheets=tuple(circuit._replace(alive=here) for circuit, here in pairs))


def copy_of(state: StackState) -> StackState:
    """A state that a kernel may touch."""
    return StackState(
        tuple(SheetState(*(aligned(array) for array in sheet)) for sheet in state.sheets),
        tuple(ProjectionState(*(array.copy() for array in weights)) for weights in state.weights),
    )


def run(
    stack: Stack,
    state: StackState,
    first_step: int,
    n_steps: int,
    *,
    learning: bool = True,
    turn: int | None = None,
    keep: Callable[[int, int, SpikeEvents], None] | None = None,
) -> None:
    """Advance a network by some steps; changes `state`.

    All sheets learn at the same time and nothing flows down, so one after the other is advanced by a chunk of steps.
    Cutting a run into several gives the same bits. `turn` is the number of the one projection that learns; the sheets
    above it are left out. `keep` is called with the number of a sheet, the first step of a
    chunk and the spikes in it.
    """
    sizes = [len(sheet.reset) for sheet in stack.sheets]
    chunk = min(CHUNK, max(FEWEST_STEPS, MOST_EVENTS // max(sizes)), n_steps)
    grown = [weights._replace(raw=tiled(weights.raw)) for weights in state.weights]
    spikes = [SpikeEvents(np.zeros(chunk + 1, np.int64), np.empty(chunk * n, np.uint32)) for n in sizes]
    sheet_rooms = [_sheet_scratch(circuit) for circuit in stack.sheets]
    rooms = [projection_scratch(n) for n in sizes]
    start, end = first_step, first_step + n_steps
    while start < end:
        steps = min(chunk, end - start, REFRESH - start % REFRESH)
        below: SpikeEvents | None = None
        for layer, circuit in enumerate(stack.sheets if turn is None else stack.sheets[: turn + 2]):
            now = SpikeEvents(spikes[layer].first[: steps + 1], spikes[layer].neuron)
            sheet = state.sheets[layer]
            if below is None:
                run_sheet(circuit, sheet, sheet_rooms[layer], start, now)
                now = now if stack.inner is None else _within(now, stack.inner, sizes[0])
            else:
                projection, weights = stack.projections[layer - 1], grown[layer - 1]
                learns = learning and turn in (None, layer - 1)
                renew = learns and start % REFRESH == 0
                circuit, projection = _follow(circuit, projection, stack.neighbourhoods[layer - 1], weights, renew)
                room = sheet_rooms[layer]
                if stack.shuffled[layer - 1]:
                    below = _shuffle(below, weights.raw.shape[1], stack.sheets[layer].seed, layer, start)
                run_driven(circuit, sheet, room, projection, weights, rooms[layer], below, start, now, learns)
            below = now
            if keep is not None:
                keep(layer, start, now)
        start += steps
    for weights, tiles in zip(state.weights, grown if learning else (), strict=False):
        untile(tiles.raw, weights.raw)


def _within(spikes: SpikeEvents, inner: NDArray[np.int64], n_nodes: int) -> SpikeEvents:
    """Spikes of some of the nodes, numbered among these."""
    number = np.full(n_nodes, -1)
    number[inner] = np.arange(len(inner))
    nodes = number[spikes.neuron[: spikes.first[-1]]]
    kept = nodes >= 0
    return SpikeEvents(np.append(0, np.cumsum(kept))[spikes.first], nodes[kept].astype(np.uint32))


def _shuffle(spikes: SpikeEvents, n_nodes: int, seed: np.uint64, layer: int, start: int) -> SpikeEvents:
    """As many spikes in each step, of nodes drawn at random."""
    nodes = np.empty(spikes.first[-1], np.uint32)
    for s, (first, last) in enumerate(pairwise(spikes.first)):
        if last > first:
            drawn = uniform_array(int(seed), SHUFFLE_STREAM + layer, start + s, n_nodes)
            nodes[first:last] = np.sort(np.argsort(drawn, kind="stable")[: last - first])
    return SpikeEvents(spikes.first, nodes)


def _follow(
    circuit: SheetCircuit,
    projection: ProjectionCircuit,
    neighbourhood: Neighbourhood | None,
    weights: ProjectionState,
    renew: bool,
) -> tuple[SheetCircuit, ProjectionCircuit]:
    """Neighbourhoods of the size that the state says, or that its weights say, and as many winners."""
    if neighbourhood is None:
        return circuit, projection
    if not weights.reach.all():
        new_reach(neighbourhood.step._replace(rate=np.float32(1.0)), weights)
    elif renew:
        new_reach(neighbourhood.step, weights)
    circuit = rewire(circuit, neighbourhood, weights.reach)
    k = int(projection.competition.k)
    fewer = k * float(weights.reach.mean(dtype=np.float64)) / neighbourhood.widest
    competition = projection.competition._replace(k=np.int64(min(k, max(2, round(fewer)))))
    return circuit, projection._replace(competition=competition)


def learn_from_images(
    geometry: Geometry,
    parts: LayerParts,
    mean_weight: float,
    weights: ProjectionState,
    active: NDArray[np.bool_],
    shown: int,
) -> None:
    """Present images (n_images, n_pre) of active nodes to the units of one projection; changes `weights`."""
    projection = _build_projection(geometry, parts, mean_weight * math.sqrt(active.shape[1]), 1.0)
    first = np.concatenate([[0], np.cumsum(active.sum(axis=1))]).astype(np.int64)
    neuron = np.nonzero(active)[1].astype(np.uint32)
    room = projection_scratch(len(weights.c))
    learned = weights._replace(raw=tiled(weights.raw))
    learn_images(projection, learned, room, first, neuron, geometry.alive, shown)
    untile(learned.raw, weights.raw)


def _sheet_scratch(circuit: SheetCircuit) -> SheetScratch:
    n, blocks = len(circuit.reset), NO_BLOCKS if circuit.blocks is None else circuit.blocks
    columns = int(circuit.columns) if blocks.size else 0
    n_sums = (n // columns + 2 * int(blocks.margin)) * int(blocks.stride) if columns else 0
    n_blocks = int(blocks.rows * blocks.width)
    hits = aligned_zeros(-(-(columns or BLOCK) // PIECE) * PIECE, np.uint8)
    row = ROW * (2 + int(blocks.columns * blocks.size) // ROW) + LARGEST
    return SheetScratch(
        n_near=aligned_zeros(0 if columns else n, np.int32),
        far=aligned_zeros(0 if columns else n, np.int32),
        nearby=aligned_zeros(n_sums, np.uint32),
        blocks=aligned_zeros(n_blocks, np.int32),
        change=np.zeros(n_blocks, np.int32),
        changed=np.zeros(n_blocks, np.int64),
        lines=aligned_zeros(2 * ROW * -(-row // ROW), np.float32).reshape(2, -1),
        u=aligned_zeros(columns or BLOCK, np.float32),
        hits=hits,
        hit_words=hits.view(np.uint64),
        words=words_for(n),
        noise=aligned_zeros(n, np.float32),
        drive=aligned_zeros(n, np.float32),
        before=np.zeros(n, np.uint32),
        starts=np.zeros(n, np.uint32),
    )
