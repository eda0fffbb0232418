"""Time loops of a sheet with travelling waves: alone, or driven by a plastic projection from the sheet below.

Phases of a step:

1. random input, new each time the hold is over
2. drive from the spikes of the sheet below in this step: competition, winners
3. membranes, with lateral input from the spikes of the step before; fatigue, with the same spikes
4. spikes and reset
5. learning of the projection

Which nodes fire changes little from step to step, so the sums over those that fire are kept and only the nodes that
start or stop are visited; the sums are integers, which add up to the same in any order.
"""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.bundle import bundle
from tectum.core.kernel import called_kernel, kernel
from tectum.core.normals import fill_close_normals, fill_normals
from tectum.engine.sheets.far_field import add_changes, add_event, interpolate, padded
from tectum.engine.sheets.projection import FIRED, REFRESH, compete, learn, narrow, refresh, rescue
from tectum.parts.neurons import adapt, crosses, held, membrane, noise as noise_of, opposed
from tectum.parts.waves import lateral_input

ZERO = np.float32(0.0)
ONE = np.uint32(1)
START = np.int32(1)
STOP = np.int32(-1)
UNDRIVEN = np.bool_(False)  # not a literal, for which all that is called would be compiled once more
GOES_ON = np.uint8(2)
SILENT = np.uint8(0)
NO_HIT = np.uint64(0)
PIECE = 8  # nodes among which spikes are looked for one by one, as many as there are bytes in a word
BLOCK = 256  # nodes of a line, after which there is a look for a spike; with blocks it is a row of the grid


@bundle
class SheetCircuit(NamedTuple):
    """Constants of a sheet (IN)."""

    neuron: Any  # DynamicThresholdStep or IzhikevichStep
    lateral: Any  # RingStep
    columns: Any  # int64 columns of a grid, 0: not a grid
    first: Any  # (n,) int64 where the neighbours of each node begin; empty for a grid
    last: Any  # (n,) int64 where they end
    near: Any  # uint32 neighbours within r_i, without the node itself; empty for a grid
    weight: Any  # (n,) int32 with how much each node excites its neighbours; empty: with 1
    disc: Any  # int16 by the offset on a grid: 1 for a neighbour; empty for other sheets
    inner: Any  # (n_radii, rows) int64 columns of a grid from a node's own on below a radius, by the offset in rows
    outer: Any  # the same up to as many r_o
    radius: Any  # (n,) int32 which of these radii each node has; empty if all nodes of a grid have the same, in `disc`;
    # None if that holds for all sheets of a network, so that there is less to compile
    far: Any  # int16 exp(-D / length) beyond r_o, in units of `unit`: (n, n), or by the offset on a grid; there at any
    # distance if nodes have radii of their own
    unit: Any  # float32
    blocks: Any  # BlockField, in place of `far` for the spikes of a large grid; None if no sheet of a network has one
    reset: Any  # (n,) float32 potential after a spike
    jump: Any  # (n,) float32 what a spike adds to the fatigue
    alive: Any  # (n,) bool
    levels: Any  # (LEVELS,) float32, for random numbers
    seed: Any  # uint64
    stream: Any  # uint64


@bundle
class SheetState(NamedTuple):
    """Activity of a sheet (INOUT)."""

    v: Any  # (n,) float32
    fatigue: Any  # (n,) float32 threshold, or recovery variable
    fired: Any  # (n,) uint8, 1 where the last step had a spike


@bundle
class SheetScratch(NamedTuple):
    """Room to work in; `begin` fills what must agree with the state."""

    n_near: Any  # (n,) int32 neighbours that fired, or their weights; empty if there are blocks
    far: Any  # (n,) int32 inhibition beyond r_o; empty if there are blocks
    nearby: Any  # uint32 with margins, sums of what `BlockField` says of it
    blocks: Any  # (n_blocks,) int32 sums over blocks
    change: Any  # (n_blocks,) int32 of the spikes shared out among blocks, in this step
    changed: Any  # (n_blocks,) int64 blocks that change
    lines: Any  # (2, columns) float32 rows of blocks, interpolated
    u: Any  # (columns or BLOCK,) float32 lateral input to a line of nodes
    hits: Any  # (columns or BLOCK,) uint8 which nodes of a line cross their threshold, filled up to whole words
    hit_words: Any  # uint64 the same bytes
    words: Any  # (WORDS, n_blocks) uint32
    noise: Any  # (n,) float32
    drive: Any  # (n,) float32
    before: Any  # (n,) uint32 nodes that fired in the step before
    starts: Any  # (n,) uint32 nodes that start to fire


@bundle
class SpikeEvents(NamedTuple):
    """Spikes of a sheet during a chunk of steps, by step and then in ascending order."""

    first: Any  # (n_steps + 1,) int64 where the spikes of each step begin
    neuron: Any  # (n_steps * n,) uint32


@kernel
def add_near(circuit, radius, total, i, strength):
    """Add `strength` to a sum per node for the neighbours of node i; `radius` is that of the circuit."""
    if circuit.columns > 0:
        if radius is not None and radius.shape[0] > 0:
            add_disc(circuit.inner[radius[i]], circuit.columns, total, i, strength)
            return
        add_stamp(circuit.disc, circuit.columns, total, i, strength)
        return
    near = circuit.near[circuit.first[i] : circuit.last[i]]
    for k in range(near.shape[0]):
        total[near[k]] += strength


@kernel
def add_far(circuit, radius, total, i, strength):
    """Add the far part of the profile of node i, times `strength`, to a sum per node; `radius` as in `add_near`."""
    if circuit.columns > 0:
        if radius is not None and radius.shape[0] > 0:
            add_beyond(circuit.far, circuit.outer[radius[i]], circuit.columns, total, i, strength)
            return
        add_stamp(circuit.far, circuit.columns, total, i, strength)
        return
    row = circuit.far[i]
    for j in range(row.shape[0]):
        total[j] += strength * row[j]


@kernel
def add_stamp(stamp, columns, total, i, strength):
    """Add a function of the offset from node i of a grid, times `strength`, as far as the grid goes."""
    rows = total.shape[0] // columns
    reach_rows, reach_columns = stamp.shape[0] // 2, stamp.shape[1] // 2
    row, column = i // columns, i % columns
    left, right = max(0, column - reach_columns), min(columns, column + reach_columns + 1)
    for r in range(max(0, row - reach_rows), min(rows, row + reach_rows + 1)):
        source = stamp[r - row + reach_rows][left - column + reach_columns : right - column + reach_columns]
        target = total[r * columns + left : r * columns + right]
        for j in range(target.shape[0]):
            target[j] += strength * source[j]


@kernel
def add_disc(width, columns, total, i, strength):
    """Add `strength` around node i of a grid but not to it, in as many columns as `width` has by the offset in rows."""
    rows, row, column = total.shape[0] // columns, i // columns, i % columns
    own, reach = total[i], 0
    while reach < width.shape[0] and width[reach] > 0:
        reach += 1
    for r in range(max(0, row - reach + 1), min(rows, row + reach)):
        within = width[abs(r - row)]
        target = total[r * columns + max(0, column - within + 1) : r * columns + min(columns, column + within)]
        for j in range(target.shape[0]):
            target[j] += strength
    total[i] = own


@kernel
def add_beyond(stamp, width, columns, total, i, strength):
    """The same as `add_stamp`, but for as many columns around the node as `width` has by the offset in rows."""
    rows, row, column = total.shape[0] // columns, i // columns, i % columns
    for r in range(rows):
        within = width[abs(r - row)]
        left = max(0, column - within + 1)
        right = min(columns, max(left, column + within))
        source = stamp[r - row + stamp.shape[0] // 2][columns - 1 - column :]
        target = total[r * columns : (r + 1) * columns]
        for j in range(left):
            target[j] += strength * source[j]
        for j in range(right, columns):
            target[j] += strength * source[j]


@called_kernel
def count_spike(circuit, blocks, scratch, i, strength):
    """Add the profile of node i, times `strength`, to the sums over the nodes that fire; blocks await their changes.

    `blocks` is that of the circuit, here and below: handed over by itself, what None leaves out is not compiled.
    """
    if blocks is not None and blocks.size > 0:
        columns = np.uint64(circuit.columns)
        row = np.uint64(i) // columns
        column = np.int64(np.uint64(i) - row * columns)
        add_event(blocks, scratch.nearby, scratch.change, np.int64(row), column, strength)
        return
    weight = np.int32(strength * circuit.weight[i]) if circuit.weight.shape[0] > 0 else strength
    add_near(circuit, circuit.radius, scratch.n_near, i, weight)
    add_far(circuit, circuit.radius, scratch.far, i, strength)


@called_kernel
def sum_lateral(circuit, blocks, scratch, b, u):
    """Lateral input to line b of the nodes, from the sums over the nodes that fire; lines in their order."""
    n, lateral = u.shape[0], circuit.lateral
    if blocks is not None and blocks.size > 0:
        place = padded(blocks, b, 0)
        nearby, shift = scratch.nearby[place : place + n], blocks.shift
        above, below, share = interpolate(blocks, scratch.blocks, b, scratch.lines)
        within = np.uint32((ONE << shift) - ONE)
        for j in range(n):
            hole = np.float32(np.int32(nearby[j] & within)) * blocks.hole_unit
            beyond = above[j] + share * (below[j] - above[j]) - hole
            u[j] = lateral_input(lateral, np.float32(np.int32(nearby[j] >> shift)), beyond)
        return
    first = b * BLOCK
    near, far = scratch.n_near[first : first + n], scratch.far[first : first + n]
    for j in range(n):
        u[j] = lateral_input(lateral, np.float32(near[j]), np.float32(far[j]) * circuit.unit)


@called_kernel
def begin(circuit, blocks, state, scratch):
    """Sums over the nodes that fired in the step before; returns their number."""
    scratch.n_near[:] = 0
    scratch.far[:] = 0
    scratch.nearby[:] = 0
    scratch.blocks[:] = 0
    scratch.change[:] = 0
    n = 0
    for i in range(state.fired.shape[0]):
        if state.fired[i] == FIRED:
            scratch.before[n] = i
            count_spike(circuit, blocks, scratch, scratch.before[n], START)
            n += 1
    if blocks is not None:
        add_changes(blocks, scratch.change, scratch.changed, scratch.blocks)
    return n


@called_kernel
def new_noise(circuit, blocks, scratch, step):
    """The random input held since the last multiple of the hold."""
    neuron, seed, stream, noise = circuit.neuron, circuit.seed, circuit.stream, scratch.noise
    draw = np.uint64(step // held(neuron))
    if blocks is not None and blocks.size > 0:
        fill_close_normals(seed, stream, draw, noise_of(neuron), noise)
        return
    fill_normals(circuit.levels, seed, stream, draw, noise_of(neuron), scratch.words, noise)


@kernel
def advance_nodes(neuron, v, fatigue, fired, u, noise, hits):
    """Phase 3 for a line of nodes: which of them cross their thresholds, and whether one does."""
    hit = False
    for j in range(v.shape[0]):
        v[j] = membrane(neuron, v[j], u[j] + noise[j] - opposed(neuron, fatigue[j]))
        fatigue[j] = adapt(neuron, fatigue[j], v[j], fired[j] != SILENT)
        hits[j] = crosses(neuron, v[j], fatigue[j])
        hit |= hits[j] != 0
    return hit


@kernel
def find_spikes(scratch, alive, first, now, n):
    """Write the nodes of a line that fire, which begins with node `first`, to `now` from place n; returns the end."""
    hits, words, place, whole = scratch.hits, scratch.hit_words, np.uint64(n), alive.shape[0] // PIECE
    for w in range(whole):
        if words[w] != NO_HIT:
            for j in range(PIECE):
                now[place] = first + w * PIECE + j
                place += np.uint64(hits[w * PIECE + j] & alive[w * PIECE + j])
    for j in range(whole * PIECE, alive.shape[0]):
        now[place] = first + j
        place += np.uint64(hits[j] & alive[j])
    return np.int64(place)


@called_kernel
def advance_sheet(circuit, state, scratch, driven, n_before, now):
    """Phases 3 and 4; writes the nodes that fire to `now` and `scratch.before`, returns their number."""
    v, fatigue, fired = state.v, state.fatigue, state.fired
    n_nodes, line = v.shape[0], scratch.u.shape[0]
    n = 0
    for b in range((n_nodes + line - 1) // line):
        part = slice(b * line, min(b * line + line, n_nodes))
        u = scratch.u[: part.stop - part.start]
        sum_lateral(circuit, circuit.blocks, scratch, b, u)
        if driven:
            drive = scratch.drive[part]
            for j in range(u.shape[0]):
                u[j] += drive[j]
        if advance_nodes(circuit.neuron, v[part], fatigue[part], fired[part], u, scratch.noise[part], scratch.hits):
            n = find_spikes(scratch, circuit.alive[part], part.start, now, n)
    reset_and_count(circuit, circuit.blocks, state, scratch, n_before, now[:n])
    return n


@called_kernel
def reset_and_count(circuit, blocks, state, scratch, n_before, now):
    """Phase 4 for the nodes that fire, and the sums over them; lists are filled without a branch."""
    v, fatigue, fired, before, starts = state.v, state.fatigue, state.fired, scratch.before, scratch.starts
    n_starts = n_stops = np.uint64(0)
    for k in range(now.shape[0]):
        j = now[k]
        v[j] = circuit.reset[j]
        fatigue[j] += circuit.jump[j]
        starts[n_starts] = j
        n_starts += np.uint64(fired[j] == SILENT)
        fired[j] = GOES_ON
    for k in range(n_before):
        j = before[k]
        before[n_stops] = j
        n_stops += np.uint64(fired[j] == FIRED)
    for k in range(n_starts):
        count_spike(circuit, blocks, scratch, starts[k], START)
    for k in range(n_stops):
        count_spike(circuit, blocks, scratch, before[k], STOP)
        fired[before[k]] = SILENT
    if blocks is not None:
        add_changes(blocks, scratch.change, scratch.changed, scratch.blocks)
    for k in range(now.shape[0]):
        fired[now[k]] = FIRED
        before[k] = now[k]


@kernel
def run_sheet(circuit, state, scratch, first_step, spikes):
    """Advance a sheet on which nothing acts but its own noise. IN `circuit` and `first_step`, on whose number random
    input depends; INOUT `state` and `scratch`; OUT `spikes`.
    """
    n_before = begin(circuit, circuit.blocks, state, scratch)
    for s in range(spikes.first.shape[0] - 1):
        # 1. random input
        if s == 0 or (first_step + s) % held(circuit.neuron) == 0:
            new_noise(circuit, circuit.blocks, scratch, first_step + s)
        # 3., 4. membranes, fatigue, spikes
        n_before = advance_sheet(circuit, state, scratch, UNDRIVEN, n_before, spikes.neuron[spikes.first[s] :])
        spikes.first[s + 1] = spikes.first[s] + n_before


@kernel
def run_driven(circuit, state, scratch, projection, weights, room, below, first_step, spikes, learning):
    """Advance a sheet driven by the spikes of the one below.

    Arguments are those of `run_sheet`, and IN `projection`, `learning`, and `below`, the spikes of the sheet below in
    the same steps; INOUT `room`, and `weights`, unchanged unless `learning`.
    """
    noisy = noise_of(circuit.neuron) > ZERO
    narrow(weights, room)
    n_before = begin(circuit, circuit.blocks, state, scratch)
    for s in range(spikes.first.shape[0] - 1):
        # 1. random input
        if noisy and (s == 0 or (first_step + s) % held(circuit.neuron) == 0):
            new_noise(circuit, circuit.blocks, scratch, first_step + s)
        # 2. drive
        active = below.neuron[below.first[s] : below.first[s + 1]]
        driven = active.shape[0] > 0
        if driven:
            compete(projection.competition, projection.evenness, weights, room, active, circuit.alive)
            drive_sheet(circuit, projection, room, scratch.drive)
        # 3., 4. membranes, fatigue, spikes
        n_before = advance_sheet(circuit, state, scratch, driven, n_before, spikes.neuron[spikes.first[s] :])
        spikes.first[s + 1] = spikes.first[s] + n_before
        # 5. learning
        if learning:
            if driven:
                learn(projection, weights, room, active, state.fired)
            if (first_step + s + 1) % REFRESH == 0:
                refresh(projection.normaliser, weights, room)
                rescue(projection.rule, weights)


@called_kernel
def drive_sheet(circuit, projection, room, drive):
    """What the winners add to the membranes around them; phase 2."""
    drive[:] = ZERO
    strength = projection.drive
    for m in range(drive.shape[0]):
        share = room.spare[m] if projection.relative else room.y[m]
        if share > ZERO:
            inner, outer = strength.a_i * share, -strength.a_o * share * circuit.unit
            drive[m] += inner
            add_near(circuit, circuit.radius, drive, m, inner)
            if outer < ZERO:
                add_far(circuit, circuit.radius, drive, m, outer)
