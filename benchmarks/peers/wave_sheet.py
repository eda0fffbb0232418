"""Workload: travelling waves on a sheet of 64 x 64 nodes, in steps of 0.1 ms and of 1 ms.

The sheet of `wave_speed.py`; noise differs, so that engines agree in statistics, and there may be one or two waves at a
time. Score: spikes per step, and size, radius and speed of the waves.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import wave_speed

SHOWN = ("spikes_per_step", "size", "radius", "speed")


def write(path: Path, n_steps: int, name: str, side: int) -> None:
    """The problem that an engine is given: steps from rest, of which the score leaves out the first hundred."""
    problem = wave_speed.problem_of(name, side, n_steps - wave_speed.FEW)
    np.savez(path, problem=json.dumps(problem), name=name, side=side)


def score(path: Path, n_steps: int, name: str, side: int) -> dict[str, Any]:
    """What an engine's result is worth."""
    with np.load(path) as result:
        late = result["step"] >= wave_speed.FEW
        events = result["step"][late] - wave_speed.FEW, result["node"][late]
    geometry, _ = wave_speed.build(name, side)
    found = wave_speed.described(name, *events, geometry, n_steps - wave_speed.FEW)
    return {key: found[key] for key in SHOWN}
