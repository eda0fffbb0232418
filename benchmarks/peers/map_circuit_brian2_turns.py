"""The map circuit of map_circuit_brian2.py; started by run.py with a problem, the file for the result and the device.

Answers as turns.py says. Spikes are counted, not recorded.
"""

from __future__ import annotations

import sys
from typing import Any

import brian2 as b2
import numpy as np
from brian2_turns import choose, compiled
from map_circuit_brian2 import PARAMETERS, PHASES, build_populations, build_synapses, constants
from turns import serve


def main() -> None:
    """Build, then learn the samples once a turn."""
    question, result, device = sys.argv[1:]
    problem = dict(np.load(question))
    params = {name: float(problem[name]) for name in PARAMETERS}
    choose(device)
    b2.defaultclock.dt = params["dt"] * b2.ms
    namespace: dict[str, Any] = constants(params)
    namespace["currents"] = b2.TimedArray(problem["currents"], dt=params["presentation"] * b2.ms, name="currents")
    populations = build_populations(*problem["w0"].shape, namespace)
    projections = build_synapses(*populations, problem["w0"], problem["K"], namespace, bool(problem["learn"]))
    monitors = [b2.SpikeMonitor(group, record=False) for group in populations]
    network = b2.Network(*populations, *projections, *monitors)
    network.schedule = PHASES
    turn = compiled(network, len(problem["currents"]) * params["presentation"] * b2.ms, device)

    def work() -> dict[str, Any]:
        spent = turn()
        counts = [int(np.sum(monitor.count[:])) for monitor in monitors]
        np.savez(result, w=np.array(projections[0].w[:]).reshape(problem["w0"].shape), counts=counts)
        return {"cpu_seconds": spent}

    serve(b2.__version__, work)


if __name__ == "__main__":
    main()
