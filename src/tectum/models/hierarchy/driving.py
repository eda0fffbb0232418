"""The maps that watch a drive."""

import math
from typing import Any

from tectum.parts import Features, Map, Ranked, SourceNorm, Spikes, Winners

# Strict, so that neurons are many, and few features each: chosen by time's direction on two clips, seeds 5 and 6.
MOTION: dict[str, Any] = {"shape": (16, 16), "norm": SourceNorm(drive=4.5)}
MOTION_CODE = Ranked(k=30)


def driving_maps(shape: tuple[int, ...], n_motion: int = 0) -> list[Map]:
    """A map of the whole picture, one of its upper and one of its lower half, one of motion, and one that hears them,
    for features of shape (rows, columns, channels), rows first, that `n_motion` features of motion follow. Without the
    two halves if they have a single row, without the map of motion if there are no such features.
    """
    rows = shape[0]
    stop = math.prod(shape) if n_motion else None
    middle = max(1, rows // 2) * shape[1] * shape[2]
    maps = [Map("scene", (Features(stop=stop),), shape=(20, 20))]
    if rows > 1:
        maps += [
            Map("far", (Features(0, middle),), shape=(10, 10)),
            Map("near", (Features(middle, stop),), shape=(10, 10)),
        ]
    if stop is not None:
        maps.append(Map("motion", (Features(stop, stop + n_motion, MOTION_CODE),), **MOTION))
    upper = tuple(Spikes(m.name) for m in maps)
    return [*maps, Map("top", (*upper, Winners("top", share=0.3)), shape=(10, 10))]
