"""Workload: event-based STDP on 10 x 10 patches of two strokes, 64 neurons, 50 steps, learning.

tectum runs the published rule (`SpikingDictionary.reference`), ngc-learn the parts and constants of its exhibit. Score:
spikes per patch, and the root mean square distance of 1,000 unseen patches from the nearest component (at the start
0.368), which follows the number of patches too, and that is smaller for the slower engine.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import dictionary_speed


def write(path: Path, n_patches: int) -> None:
    """The problem that an engine is given."""
    X = dictionary_speed.strokes(max(n_patches, dictionary_speed.UNITS), seed=0)
    np.savez(path, X=X[:n_patches], n_units=dictionary_speed.UNITS, n_steps=dictionary_speed.STEPS)


def score(path: Path, n_patches: int) -> dict[str, float]:
    """What an engine's result is worth."""
    with np.load(path) as result:
        unseen = dictionary_speed.strokes(1000, seed=1)
        return {"spikes_per_patch": float(result["spikes"]), "error": dictionary_speed.error(result["W"], unseen)}
