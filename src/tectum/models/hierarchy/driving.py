"""The maps that watch a drive."""

import math
from typing import Any

from tectum.parts import (
    ArrivalSTDP,
    ConductanceLIF,
    Features,
    Map,
    NearExcitation,
    NoveltyGate,
    RandomProjection,
    SourceNorm,
)

MOTION_SHAPE = COLOURS_SHAPE = (16, 16)
# A short volley of many inputs, all of which have arrived when the first neuron fires; neurons that remember all of it,
# race with little noise, and take no neighbours along; and a gate that gives scenes that vary little neurons, too.
CODE = RandomProjection(k=128, t_enc=6.0, jitter=0.2)
DETAILED: dict[str, Any] = {
    "neuron": ConductanceLIF(drive=2.0, noise=0.1),
    "lateral": NearExcitation(W=0.0),
    "rule": ArrivalSTDP(eta=0.2, w_max=8.0, beta=1.0, tau_pre=30.0),
    "norm": SourceNorm(drive=3.4),
    "gate": NoveltyGate(mismatch=0.18),
}
# Of pictures from which the usual one was subtracted no two are alike: neurons fire at less, and tolerate more.
TOLERANT = DETAILED | {
    "rule": ArrivalSTDP(eta=0.2, w_max=10.0, beta=1.0, tau_pre=30.0),
    "norm": SourceNorm(drive=4.5),
    "gate": NoveltyGate(mismatch=0.3),
}


def driving_maps(shape: tuple[int, ...], n_motion: int = 0, n_colours: int = 0) -> list[Map]:
    """A map of the whole picture, one of its upper and one of its lower half, one of motion and one of colours, for
    features of shape (rows, columns, channels), rows first, that `n_motion` features of motion and `n_colours` of small
    pictures follow. Without the two halves if they have a single row, without a map of what there is not.

    No map receives their spikes: one that did knew less than each of them (`papers/coherence/driving.py`).
    """
    rows = shape[0]
    stop = math.prod(shape) if n_motion or n_colours else None
    middle = max(1, rows // 2) * shape[1] * shape[2]
    maps = [Map("scene", (Features(stop=stop, code=CODE),), shape=(20, 20), **DETAILED)]
    if rows > 1:
        maps += [
            Map("far", (Features(0, middle, CODE),), shape=(10, 10), **DETAILED),
            Map("near", (Features(middle, stop, CODE),), shape=(10, 10), **DETAILED),
        ]
    if stop is not None and n_motion:
        maps.append(Map("motion", (Features(stop, stop + n_motion, CODE),), shape=MOTION_SHAPE, **DETAILED))
    if stop is not None and n_colours:
        first = stop + n_motion
        maps.append(Map("colours", (Features(first, first + n_colours, CODE),), shape=COLOURS_SHAPE, **TOLERANT))
    return maps
