"""Images in a wave network: fields of grown weights, learning inside them, and responses in several threads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.core.random import key_of_row
from tectum.core.threads import in_threads
from tectum.engine.sheets import fields as field_loop, readout as readout_loop
from tectum.engine.sheets.fields import FieldEntries, Fields, FieldState
from tectum.engine.sheets.loop import SpikeEvents
from tectum.engine.sheets.network import after_spike, neuron_step
from tectum.engine.sheets.projection import ProjectionState
from tectum.parts import contracts
from tectum.parts.field_learning import FieldHebb
from tectum.parts.neurons import fresh, rest
from tectum.parts.spike_counts import SpikeCounts
from tectum.parts.steps import discretise
from tectum.parts.waves import step_of

Floats = NDArray[np.float32]


def fields_of(shares: NDArray[np.float64], edge: float) -> Fields:
    """Fields from the share (n_fields, n_nodes) of each node in them, cut where it is below `edge` of the largest."""
    inside = shares >= edge * shares.max(axis=1, keepdims=True)
    kept = np.where(inside, shares, 0.0)
    kept /= kept.sum(axis=1, keepdims=True)
    first = np.concatenate([[0], np.cumsum(inside.sum(axis=1))]).astype(np.int64)
    return Fields(first, np.nonzero(inside)[1].astype(np.uint32), kept[inside].astype(np.float32))


def unlearned(fields: Fields, n_maps: int) -> FieldState:
    """Units that have seen nothing."""
    n_fields = len(fields.first) - 1
    return FieldState(
        w=np.zeros((len(fields.node), n_maps), np.float32),
        c=np.zeros((n_fields, n_maps), np.float32),
        wins=np.zeros((n_fields, n_maps), np.int64),
    )


def learn_in_fields(
    rule: FieldHebb, fields: Fields, state: FieldState, X: Floats, seed: np.uint64, shown: int
) -> FieldState:
    """The state after images X (n_images, n_nodes), shares of the largest input, in their order."""
    step = discretise(rule, 1.0)
    contracts.check("WaveNetwork.image_rule", step, "FieldHebb")
    state = FieldState(*(array.copy() for array in state))
    z, x = _room(fields, state)
    field_loop.learn_in_fields(step, fields, state, X, seed, np.uint64(shown), z, x)
    return state


def respond_in_fields(rule: FieldHebb, fields: Fields, state: FieldState, X: Floats, n_jobs: int | None) -> Floats:
    """Response (n_images, n_fields * n_maps) of the units of all fields."""
    step, entries = discretise(rule, 1.0), _by_node(fields, state, X.shape[1])
    n_fields, n_maps = state.c.shape
    out = np.empty((len(X), state.c.size), np.float32)

    def respond(part: slice) -> None:
        mean, square = np.zeros((2, n_fields), np.float32)
        x = np.zeros((n_fields, n_maps), np.float32)
        field_loop.respond_in_fields(step, entries, X[part], mean, square, x, out[part])

    list(in_threads(respond, len(X), n_jobs))
    return out


def _by_node(fields: Fields, state: FieldState, n_nodes: int) -> FieldEntries:
    order = np.argsort(fields.node, kind="stable")
    relative = (state.w - state.w.mean(axis=1, keepdims=True)) * np.sqrt(fields.share)[:, np.newaxis]
    return FieldEntries(
        first=np.searchsorted(fields.node[order], np.arange(n_nodes + 1)).astype(np.int64),
        field=np.repeat(np.arange(len(fields.first) - 1), np.diff(fields.first))[order],
        share=fields.share[order],
        contrast=relative[order],
        total=np.add.reduceat(relative, fields.first[:-1], axis=0),
    )


def preferred_patches(fields: Fields, state: FieldState, n_nodes: int) -> Floats:
    """What each unit (n_fields * n_maps, n_nodes) of a field prefers, 0 outside it.

    Deviations of nodes from the mean of the patch, in units of its standard deviation.
    """
    n_fields, n_maps = state.c.shape
    out = np.zeros((n_fields, n_maps, n_nodes), np.float32)
    owner = np.repeat(np.arange(n_fields), np.diff(fields.first))
    out[owner, :, fields.node] = state.w / np.sqrt(np.maximum(fields.share, np.float32(1e-12)))[:, np.newaxis]
    return out.reshape(-1, n_nodes)


def sheet_counts(
    part: SpikeCounts,
    neuron: Any,
    projections: Sequence[ProjectionState],
    X: Floats,
    seed: np.uint64,
    n_jobs: int | None,
) -> list[Floats]:
    """Spikes (n_images, n_nodes) on each sheet, from the first on, for images X, shares of the largest input."""
    step, membrane_step = discretise(part, step_of(neuron)), neuron_step(neuron, 1)
    contracts.check("WaveNetwork.response", step, "SpikeCounts")
    sheets = [_readout_sheet(weights, membrane_step, seed, k) for k, weights in enumerate(projections, 1)]
    counts = [np.empty((len(X), n), np.float32) for n in (X.shape[1], *(len(weights.c) for weights in projections))]

    def count(part: slice) -> None:
        sizes = [X.shape[1], *(len(sheet.reset) for sheet in sheets)]
        spikes = [_events(step.n_steps, n) for n in sizes]
        rooms = [_sheet_room(n) for n in sizes[1:]]
        for m in range(*part.indices(len(X))):
            readout_loop.fire_for_image(step, X[m], seed, key_of_row(X[m]), spikes[0])
            counts[0][m] = np.bincount(spikes[0].neuron[: spikes[0].first[-1]], minlength=X.shape[1])
            for k, (sheet, room) in enumerate(zip(sheets, rooms, strict=True), 1):
                readout_loop.fire_for_spikes(step, membrane_step, sheet, room, spikes[k - 1], spikes[k], counts[k][m])

    list(in_threads(count, len(X), n_jobs))
    return counts


def steps_shown(part: SpikeCounts, neuron: Any) -> int:
    """Time steps for which an image is shown."""
    return int(discretise(part, step_of(neuron)).n_steps)


def _readout_sheet(weights: ProjectionState, neuron: Any, seed: np.uint64, layer: int) -> readout_loop.ReadoutSheet:
    potential, added = after_spike(neuron, seed, layer, len(weights.c))
    first = np.float32(rest(neuron)), np.float32(fresh(neuron))
    return readout_loop.ReadoutSheet(weights.raw.copy(), weights.factor.copy(), potential, added, *first)


def _events(n_steps: int, n: int) -> SpikeEvents:
    return SpikeEvents(np.zeros(n_steps + 1, np.int64), np.empty(n_steps * n, np.uint32))


def _sheet_room(n: int) -> readout_loop.ReadoutScratch:
    x, v, fatigue = np.zeros((3, n), np.float32)
    return readout_loop.ReadoutScratch(x, v, fatigue, np.zeros(n, np.bool_))


def _room(fields: Fields, state: FieldState) -> tuple[Floats, Floats]:
    return np.zeros(np.diff(fields.first).max(), np.float32), np.zeros(state.c.shape[1], np.float32)
