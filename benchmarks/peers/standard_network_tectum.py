"""The standard network in tectum: `DiehlCook` at the level of its time loop.

Started by run.py with a problem (.npz, as standard_network.py writes it) and the file for the result; answers
as turns.py says.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from turns import serve

import tectum
from tectum.engine.standard import network
from tectum.engine.standard.loop import DiehlCookState
from tectum.models.common.parameters import DIEHL_COOK
from tectum.parts import MoreInput


def main() -> None:
    """Compile, then present the images once a turn."""
    question, result = sys.argv[1:]
    problem = dict(np.load(question))
    parts = DIEHL_COOK | {"retry": MoreInput(times=1)}
    circuit = network.build_circuit(
        1.0, 1.0, int(problem["seed"]), *(parts[name] for name in network.DiehlCookParts._fields)
    )
    first_key = int(problem["first_key"])

    def present(X: Any) -> tuple[DiehlCookState, network.Response]:
        state = DiehlCookState(problem["W"].copy(), problem["theta"].copy())
        if problem["learning"]:
            return state, network.learn(circuit, state, X, first_key)
        return state, network.respond(circuit, state, X, np.arange(len(X), dtype=np.uint64), 1)

    def work() -> dict[str, Any]:
        start = time.process_time()
        state, response = present(problem["X"])
        spent = time.process_time() - start
        np.savez(result, W=state.weights, theta=state.theta, counts=response.counts)
        return {"cpu_seconds": spent}

    present(problem["X"][:1])
    serve(tectum.__version__, work)


if __name__ == "__main__":
    main()
