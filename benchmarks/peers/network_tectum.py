"""Networks of network.py in tectum: `Network` at the level of its time loop.

Started by run.py with a problem and the file for the result; answers as turns.py says.
"""

from __future__ import annotations

import itertools
import sys
import time
from typing import Any

import network
import numpy as np
from turns import serve

import tectum


def main() -> None:
    """Compile, then run from rest once a turn."""
    question, result = sys.argv[1:]
    with np.load(question) as given:
        name, size, n_steps = str(given["name"]), str(given["size"]), int(given["n_steps"])
    case = network.case(name, size, n_steps)
    stimulus = case.stimulus()

    def work() -> dict[str, Any]:
        state = case.state()
        start = time.process_time()
        out = case.run(state, stimulus)
        spent = time.process_time() - start
        counts = [int(out.counts[:, a:b].sum()) for a, b in itertools.pairwise(case.circuit.first)]
        np.savez(result, counts=counts, W=case.weights(state))
        return {"cpu_seconds": spent}

    work()
    serve(tectum.__version__, work)


if __name__ == "__main__":
    main()
