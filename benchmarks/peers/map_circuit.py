"""Workload: the circuit of a map while it learns, 2 uniform features of 16 fields onto 10 x 10 neurons.

Steps of 0.05 ms, 120 ms a sample.

Score: spikes of u, Inh_u and v, and the largest difference of a weight from those that tectum has learned from the
same samples. `compare_spikes.py` compares spike by spike.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import som_speed
from compare_spikes import Problem, Result, tectum_spikes


@functools.cache
def problem(n_samples: int) -> Problem:
    """The problem of `som_speed.py`."""
    return som_speed.problem_of(2, n_samples, 0)


@functools.cache
def own(n_samples: int) -> Result:
    """What tectum learns."""
    return tectum_spikes(problem(n_samples), record=False, repeats=1)


def write(path: Path, n_samples: int) -> None:
    """The problem that an engine is given."""
    chosen = problem(n_samples)
    names = ("currents", "w0", "K", "learn", "D", "n", "shape")
    values: dict[str, Any] = {name: getattr(chosen, name) for name in names}
    np.savez(path, **values | chosen.params)


def score(path: Path, n_samples: int) -> dict[str, float]:
    """What an engine's result is worth."""
    with np.load(path) as result:
        counts = dict(zip(("u_spikes", "inh_spikes", "v_spikes"), result["counts"].tolist(), strict=True))
        return counts | {"weights_off": float(np.abs(result["w"] - own(n_samples).w).max())}
