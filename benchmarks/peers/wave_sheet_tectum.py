"""Waves on a sheet in tectum; started by run.py with a problem and a file for the result, answers as turns.py says."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from turns import serve

import tectum
from tectum.engine.sheets import network

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import wave_speed


def main() -> None:
    """Compile, then let the waves run from rest once a turn."""
    question, result = sys.argv[1:]
    with np.load(question) as given:
        name, side, n_steps = str(given["name"]), int(given["side"]), json.loads(str(given["problem"]))["n_steps"]
    _, stack = wave_speed.build(name, side)

    def run(n_steps: int, keep: Any = None) -> float:
        state = network.StackState((network.at_rest(wave_speed.NETWORKS[name][0], 0, side**2),), ())
        start = time.process_time()
        network.run(stack, state, 0, n_steps, **({"keep": keep} if keep else {}))
        return time.process_time() - start

    steps, nodes = [], []

    def keep(layer: int, first_step: int, spikes: Any) -> None:
        counts = np.diff(spikes.first)
        steps.append(np.repeat(first_step + np.arange(len(counts)), counts))
        nodes.append(spikes.neuron[: spikes.first[-1]].astype(np.int64))

    run(wave_speed.FEW)
    run(n_steps, keep)
    np.savez(result, step=np.concatenate(steps), node=np.concatenate(nodes))

    def work() -> dict[str, Any]:
        return {"cpu_seconds": run(n_steps)}

    serve(tectum.__version__, work)


if __name__ == "__main__":
    main()
