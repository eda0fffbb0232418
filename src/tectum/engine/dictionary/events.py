"""Loop over events: a dictionary whose neurons see a sensor patch by patch, in the events' own time.

There are no steps and no presentations. Each patch has a membrane for each component, ``U_k = w_k.r``, where r is what
of the patch's events is yet to be explained: each event adds 1 to its input, a spike of neuron j takes ``quantum w_j``
away, and all of it falls by ``exp(-t / tau)``. Both are kept in units that grow by ``exp(t / tau)`` instead, so that
patches without events need no work; when the unit has grown far, all are written anew.

Phases of an event:

1. its patches: membranes of the components that it drives
2. competition: a neuron above the threshold fires and explains its part of the patch away
3. plasticity of that neuron
4. threshold
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.core.kernel import kernel, lane_kernel
from tectum.core.lanes import aligned_zeros
from tectum.core.maths import exp_negative_wide
from tectum.engine.dictionary.loop import inner_products, learn_residual
from tectum.parts.representation import adapted_threshold, excitability

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
FURTHEST = np.float32(16.0)  # time constants after which all is written in a new unit
MOST_SPIKES = 8  # of a patch at one event; a bound against run-away only
RECRUITED = np.float32(10.0)  # learning rate of a neuron that had been silent for long, over that of others
COUNT, FULL = range(2)  # of `EventSpikes.n`


class Sheet(NamedTuple):
    """What is going on in the patches (INOUT)."""

    U: Any  # (n_places, n_units) float32 membranes, in quanta, in the present unit
    residual: Any  # (n_places, n_inputs) float32 input not explained; (0, n_inputs) while nothing is learned
    origin: Any  # (1,) int64 us at which the unit is 1
    columns: Any  # (1,) int64 patches in a row


class EventSpikes(NamedTuple):
    """Where spikes go (OUT)."""

    t: Any  # (capacity,) int64 us
    place: Any  # (capacity,) int32 patch, row by row
    unit: Any  # (capacity,) int32
    n: Any  # (1,) int64


class EventScratch(NamedTuple):
    """Room to work in."""

    by_input: Any  # (n_inputs, n_units) float32 weights
    gram: Any  # (n_units, n_units) float32 inner products of frozen weights; known row by row
    known: Any  # (n_units,) uint8
    residual: Any  # (n_inputs,) float32 of one patch, in quanta
    rows: Any  # (n_inputs,) int32
    drive: Any  # (n_units,) float32
    excitable: Any  # (n_units,) float32
    flags: Any  # (n_columns,) bool, patches of a row in which a neuron exceeds the limit


@lane_kernel
def add_event(U, w, excitable, amount, limit):
    """Membranes of a patch (INOUT) after an event; returns whether one exceeds the limit."""
    crossed = False
    for j in range(U.shape[0]):
        U[j] += amount * w[j]
        crossed |= excitable[j] * U[j] > limit
    return crossed


@lane_kernel
def add_to_row(U, by_input, first, stride, amount, limit, crossed):
    """Membranes of neighbouring patches of a row (n_patches, n_units) (INOUT) after an event.

    It is input `first` of the first patch, and `stride` inputs further back for each next one. OUT `crossed`
    (n_patches,): which patches have a neuron that exceeds the limit. Returns whether any has.
    """
    found = False
    for c in range(U.shape[0]):
        above = False
        for j in range(U.shape[1]):
            U[c, j] += amount * by_input[first - c * stride, j]
            above |= U[c, j] > limit
        crossed[c] = above
        found |= above
    return found


@kernel
def most_excited(U, excitable, limit):
    """The neuron that exceeds the limit most, the first of equals; -1 if none does."""
    best, most = -1, limit
    for j in range(U.shape[0]):
        value = excitable[j] * U[j]
        if value > most:
            best, most = j, value
    return best


@kernel
def run_events(circuit, state, sheet, spikes, scratch, t, place_y, place_x, channel, rates, learning):
    """Take in events one after another; returns how many, fewer than all if there is no room for more spikes.

    IN `circuit`, `learning`, of each event (n_events,) the time in us, row, column and channel, and the learning rate.
    INOUT `state`, unchanged unless `learning`, `sheet` and `scratch`. OUT `spikes`.
    """
    size, stride, columns = circuit.encoder.size, circuit.encoder.stride, sheet.columns[0]
    U, residual, excitable = sheet.U, sheet.residual, scratch.excitable
    n_units, n_inputs = state.weights.shape
    rows = U.shape[0] // columns
    gain = ONE / circuit.competition.quantum
    theta = state.theta[0]
    fewest = MOST_SPIKES * (size // stride + 1) ** 2
    for e in range(t.shape[0]):
        if spikes.n[0] + fewest > spikes.t.shape[0]:
            if learning:
                state.theta[:] = theta
            return e
        age = np.float32(t[e] - sheet.origin[0]) / circuit.encoder.tau_us
        if age > FURTHEST:
            left = exp_negative_wide(age) if age < FURTHEST + ONE else ZERO
            fade(U, left)
            fade(residual, left)
            sheet.origin[0] = t[e]
            age = ZERO
        unit = ONE / exp_negative_wide(age)
        y, x = place_y[e], place_x[e]
        low, high = max(0, (x - size + stride) // stride), min(columns, x // stride + 1)
        limit = theta * unit
        for row in range(max(0, (y - size + stride) // stride), min(rows, y // stride + 1)):
            i = (channel[e] * size + y - row * stride) * size + x
            place = row * columns
            if not learning:
                # 1. membranes of a row of patches: nothing that one of them does matters to another
                near = U[place + low : place + high]
                if not add_to_row(near, scratch.by_input, i - low * stride, stride, gain * unit, limit, scratch.flags):
                    continue
            for column in range(low, high):
                place = row * columns + column
                if learning:
                    # 1. membranes
                    limit = theta * unit
                    residual[place, i - column * stride] += gain * unit
                    w = scratch.by_input[i - column * stride]
                    crossed = add_event(U[place], w, excitable, gain * unit, limit)
                else:
                    crossed = scratch.flags[column - low]
                n_fired = 0
                while crossed and n_fired < MOST_SPIKES:
                    # 2. competition
                    winner = most_excited(U[place], excitable, limit)
                    if winner < 0:
                        break
                    n_fired += 1
                    at = spikes.n[0]
                    spikes.t[at], spikes.place[at], spikes.unit[at] = t[e], place, winner
                    spikes.n[0] = at + 1
                    if learning:
                        # 3. plasticity
                        for k in range(n_inputs):
                            scratch.residual[k] = residual[place, k] / unit
                        eta = rates[e] if excitable[winner] == ONE else RECRUITED * rates[e]
                        w = state.weights[winner]
                        learn_residual(circuit.rule, w, scratch.by_input, winner, eta, ONE, scratch.residual)
                        for k in range(n_inputs):
                            residual[place, k] = scratch.residual[k] * unit
                        inner_products(scratch.residual, scratch.by_input, scratch.rows, scratch.drive)
                        for j in range(n_units):
                            U[place, j] = scratch.drive[j] * unit
                            state.silence[j] += ONE
                        state.silence[winner] = ZERO
                        for j in range(n_units):
                            excitable[j] = excitability(circuit.competition, state.silence[j] / np.float32(n_units))
                    else:
                        gram = scratch.gram[winner]
                        if scratch.known[winner] == 0:
                            inner_products(state.weights[winner], scratch.by_input, scratch.rows, gram)
                            scratch.known[winner] = 1
                        crossed = add_event(U[place], gram, excitable, -unit, limit)
                if learning:
                    # 4. threshold
                    theta = adapted_threshold(circuit.threshold, theta, n_fired)
    if learning:
        state.theta[:] = theta
    return t.shape[0]


@kernel
def fade(table, left):
    """Scale a table (INOUT)."""
    for row in table:
        for j in range(row.shape[0]):
            row[j] *= left


def new_sheet(n_inputs: int, n_units: int, grid: tuple[int, int], *, learning: bool) -> Sheet:
    """Patches at rest."""
    n_places = grid[0] * grid[1]
    return Sheet(
        aligned_zeros((n_places, n_units), np.float32),
        aligned_zeros((n_places if learning else 0, n_inputs), np.float32),
        np.zeros(1, np.int64),
        np.array([grid[1]], np.int64),
    )


def new_scratch(circuit: Any, state: Any, *, learning: bool) -> EventScratch:
    """Room to work in, with the weights by input."""
    n_units, n_inputs = state.weights.shape
    excitable = np.ones(n_units, np.float32)
    if learning:
        for j in range(n_units):
            excitable[j] = excitability(circuit.competition, state.silence[j] / np.float32(n_units))
    by_input = aligned_zeros((n_inputs, n_units), np.float32)
    by_input[:] = state.weights.T
    return EventScratch(
        by_input,
        aligned_zeros((n_units, n_units), np.float32),
        np.zeros(n_units, np.uint8),
        np.zeros(n_inputs, np.float32),
        np.zeros(n_inputs, np.int32),
        np.zeros(n_units, np.float32),
        excitable,
        np.zeros(n_inputs, np.bool_),
    )


def take_in(
    circuit: Any,
    state: Any,
    sheet: Sheet,
    scratch: EventScratch,
    events: NDArray[Any],
    rates: NDArray[np.float32],
    *,
    learning: bool,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Time in us, patch and neuron of the spikes to events (structured: t, x, y and p, 1 for ON).

    `state` changes if learning; `sheet` and `scratch` do in any case.
    """
    columns = [np.ascontiguousarray(events[name], np.int64) for name in "tyx"]
    columns.append(1 - np.minimum(events["p"].astype(np.int64), 1))
    done, found = 0, []
    while done < len(events):
        room = 4096 + 4 * (len(events) - done)
        kinds = {"t": np.int64, "place": np.int32, "unit": np.int32}
        spikes = EventSpikes(**{name: np.empty(room, kind) for name, kind in kinds.items()}, n=np.zeros(1, np.int64))
        t, y, x, channel = (column[done:] for column in columns)
        done += run_events(circuit, state, sheet, spikes, scratch, t, y, x, channel, rates[done:], learning)
        found.append([array[: spikes.n[0]].copy() for array in spikes[:3]])
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)
    times, places, units = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return times, places, units


def grid_of(encoder: Any, shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the patches of a sensor (height, width)."""
    rows, columns = ((side - encoder.size) // encoder.stride + 1 for side in shape)
    return rows, columns


def traces(
    encoder: Any, events: NDArray[Any], shape: tuple[int, int], draws: NDArray[np.float64]
) -> NDArray[np.float32]:
    """What events have left in patches: (n, 2 size^2), each just after an event, drawn by a number from 0 to 1.

    Patches are those around these events, so that the edge of the sensor may cut them off.
    """
    found = np.zeros((len(draws), 2, encoder.size, encoder.size), np.float32)
    for trace, last in zip(found, (draws * len(events)).astype(int), strict=True):
        t, middle = events["t"][last], encoder.size // 2
        first = np.searchsorted(events["t"], t - 1e3 * 8.0 * encoder.tau)
        recent = events[first : last + 1]
        place = [recent[axis] - events[axis][last] + middle for axis in "yx"]
        inside = (np.minimum(*place) >= 0) & (np.maximum(*place) < encoder.size)
        fresh = np.exp((recent["t"][inside] - t) / (1e3 * encoder.tau))
        channel = 1 - np.minimum(recent["p"][inside], 1)
        np.add.at(trace, (channel, place[0][inside], place[1][inside]), fresh.astype(np.float32))
    return found.reshape(len(found), -1)
