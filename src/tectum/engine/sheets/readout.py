"""Images as spikes through a frozen network without lateral connections, projection by projection."""

from typing import Any, NamedTuple

import numpy as np

from tectum.core.kernel import kernel
from tectum.core.random import uniform
from tectum.engine.sheets.projection import add_rows
from tectum.parts.neurons import adapt, crosses, membrane, opposed
from tectum.parts.spike_counts import relative_drive, spike_chance

ZERO = np.float32(0.0)


class ReadoutSheet(NamedTuple):
    """A sheet that is driven (IN)."""

    raw: Any  # (n_pre, n_post) float32, as in ProjectionState
    factor: Any  # (n_post,) float32
    reset: Any  # (n_post,) float32 potential after a spike
    jump: Any  # (n_post,) float32 what a spike adds to the fatigue
    rest: Any  # float32 potential before an image
    fresh: Any  # float32 fatigue before an image


class ReadoutScratch(NamedTuple):
    """Room to work in, of (n_post,) each; `v`, `fatigue` and `fired` are set to rest."""

    x: Any  # float32
    v: Any  # float32
    fatigue: Any  # float32
    fired: Any  # bool


@kernel
def fire_for_image(p, image, seed, key, spikes):
    """Spikes of the first sheet, OUT with room for all nodes in all steps. IN `image` (n_nodes,), shares of the
    largest input, and the keys `seed` of the model and `key` of the image.
    """
    n = 0
    for s in range(spikes.first.shape[0] - 1):
        for i in range(image.shape[0]):
            if image[i] > ZERO and uniform(seed, key, s, i) < spike_chance(p, image[i]):
                spikes.neuron[n] = i
                n += 1
        spikes.first[s + 1] = n


@kernel
def fire_for_spikes(p, neuron, sheet, room, below, spikes, counts):
    """Spikes of a sheet above another; phases as in `run_driven`, without competition, waves and noise.

    IN p, `neuron` with the parameters for one step, `sheet`, and the spikes `below`. INOUT `room`. OUT `spikes`, and
    `counts` (n_post,) of each unit.
    """
    x, v, fatigue, fired = room.x, room.v, room.fatigue, room.fired
    n_units = x.shape[0]
    for j in range(n_units):
        v[j], fatigue[j], fired[j], counts[j] = sheet.rest, sheet.fresh, False, ZERO
    n = 0
    for s in range(spikes.first.shape[0] - 1):
        # 2. drive
        add_rows(below.neuron[below.first[s] : below.first[s + 1]], sheet.raw, x)
        mean = ZERO
        for j in range(n_units):
            x[j] *= sheet.factor[j]
            mean += x[j]
        mean /= np.float32(n_units)
        # 3. membranes and fatigue, 4. spikes
        for j in range(n_units):
            v[j] = membrane(neuron, v[j], relative_drive(p, x[j], mean) - opposed(neuron, fatigue[j]))
            fatigue[j] = adapt(neuron, fatigue[j], v[j], fired[j])
            fired[j] = crosses(neuron, v[j], fatigue[j])
            if fired[j]:
                v[j] = sheet.reset[j]
                fatigue[j] += sheet.jump[j]
                counts[j] += np.float32(1.0)
                spikes.neuron[n] = j
                n += 1
        spikes.first[s + 1] = n
