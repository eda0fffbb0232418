"""The sheet of wave_sheet_brian2.py; started by run.py with a problem, the file for the result and the device.

Answers as turns.py says.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import brian2 as b2
import numpy as np
from brian2_turns import choose, compiled
from turns import serve
from wave_sheet_brian2 import build


def main() -> None:
    """Build, then let the waves run from rest once a turn."""
    question, result, device = sys.argv[1:]
    with np.load(question) as given:
        problem: dict[str, Any] = json.loads(str(given["problem"]))
    choose(device)
    network, spikes, dt = build(problem)
    turn = compiled(network, problem["n_steps"] * dt, device)

    def work() -> dict[str, Any]:
        spent = turn()
        np.savez(result, step=np.rint(spikes.t / dt).astype(int), node=np.array(spikes.i))
        return {"cpu_seconds": spent}

    serve(b2.__version__, work)


if __name__ == "__main__":
    main()
