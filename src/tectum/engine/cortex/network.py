"""Cortical sheets in the form that runs: wiring of local fields, volleys, and runs of the race."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.engine.cortex.race import Room, SheetState, SheetWiring, Volleys, run_race
from tectum.parts.lateral import PlasticitySpread, lateral_weight
from tectum.parts.steps import discretise

Floats = NDArray[np.float32]

STEP_MS = 0.1  # of the rule's memory
FORGOTTEN = 2.5  # radii of the spread, beyond which nothing learns
NOTHING = np.empty((0, 0), np.float32)


def offsets(radius: float, shape: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows and columns (n, 2) to the neurons within a radius on a torus, each once, and their distances (n,)."""
    reach = [min(math.floor(radius), (n - 1) // 2) for n in shape]
    grid = np.stack(np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij"), axis=-1).reshape(-1, 2)
    distance = np.hypot(*grid.T)
    return grid[distance <= radius].astype(np.int64), distance[distance <= radius]


def field_inputs(centres: NDArray[np.float64], radius: float, side: int, n_channels: int) -> list[NDArray[np.int32]]:
    """Inputs that each neuron may hear: those of all channels within a radius of its centre on a toroidal retina."""
    places = np.stack(np.divmod(np.arange(side**2), side), axis=1)
    heard = []
    for centre in centres:
        away = np.abs((places - centre + side / 2) % side - side / 2)
        near = np.flatnonzero(np.hypot(*away.T) <= radius)
        heard.append((near + side**2 * np.arange(n_channels)[:, np.newaxis]).ravel().astype(np.int32))
    return heard


def wire(
    heard: list[NDArray[np.int32]], n_inputs: int, columns: int, rule: Any, norm: Any, threshold: Any
) -> SheetWiring:
    """The wiring of a sheet of neurons that hear these inputs; nobody inhibits another one, and all learn alone."""
    first = np.concatenate([[0], np.cumsum([len(row) for row in heard])]).astype(np.int64)
    pre = np.concatenate(heard)
    synapse = np.argsort(pre, kind="stable").astype(np.int64)
    owner = np.repeat(np.arange(len(heard), dtype=np.int32), np.diff(first))
    return SheetWiring(
        columns=np.int64(columns),
        first=first,
        pre=pre,
        start=np.searchsorted(pre[synapse], np.arange(n_inputs + 1)).astype(np.int64),
        target=owner[synapse],
        synapse=synapse,
        inhibits=np.zeros((1, 2), np.int64),
        learns=np.zeros((1, 2), np.int64),
        share=np.ones(1, np.float32),
        rule=discretise(rule, STEP_MS),
        norm=discretise(norm, STEP_MS),
        threshold=type(threshold)(*map(np.float32, threshold)),
        dt=np.float32(STEP_MS),
    )


def with_lateral(wiring: SheetWiring, spread: PlasticitySpread, inhibition: float) -> SheetWiring:
    """The same with another spread of plasticity and reach of inhibition."""
    columns = int(wiring.columns)
    shape = ((len(wiring.first) - 1) // columns, columns)
    learns, distance = offsets(FORGOTTEN * spread.radius, shape)
    share = np.array([lateral_weight(spread, d, spread.radius) for d in distance.tolist()], np.float32)
    return wiring._replace(learns=learns, share=share, inhibits=offsets(inhibition, shape)[0])


def volleys_of(strength: Floats, share: float, duration: float) -> Volleys:
    """A spike of each of the strongest inputs of each row, the strongest first, evenly over the duration in ms.

    Of `strength` (n_volleys, n_inputs) the share that fires is the same in each row; inputs at 0 stay silent.
    """
    k = max(1, round(share * strength.shape[1]))
    order = np.argsort(-strength, axis=1, kind="stable")[:, :k]
    fires = np.take_along_axis(strength, order, axis=1) > 0.0
    times = np.broadcast_to(np.arange(k, dtype=np.float32) * np.float32(duration / k), fires.shape)
    first = np.concatenate([[0], np.cumsum(fires.sum(axis=1))]).astype(np.int64)
    return Volleys(first, order[fires].astype(np.int32), np.ascontiguousarray(times[fires]))


def run(wiring: SheetWiring, state: SheetState, volleys: Volleys, *, learning: bool, timed: bool = False) -> Floats:
    """Present volleys; `state` changes if `learning`. If timed, first spikes (n_volleys, n_neurons), -1: none."""
    n_neurons, n_inputs = len(state.theta), len(wiring.start) - 1
    room = Room(
        v=np.zeros(n_neurons, np.float32),
        inhibited=np.zeros(n_neurons, np.uint8),
        reached=np.zeros(n_neurons, np.int32),
        x=np.zeros(n_inputs, np.float32),
    )
    fired = np.empty((len(volleys.first) - 1, n_neurons), np.float32) if timed else NOTHING
    run_race(wiring, state, volleys, room, np.bool_(learning), fired)
    return fired
