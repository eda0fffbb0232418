"""Event-based STDP in tectum; started by run.py with a problem and a file for the result, answers as turns.py says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from turns import serve

import tectum

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import dictionary_speed


def main() -> None:
    """Compile, then learn the patches once a turn."""
    question, result = sys.argv[1:]
    with np.load(question) as problem:
        X, n_units, n_steps = problem["X"], int(problem["n_units"]), int(problem["n_steps"])

    def work() -> dict[str, Any]:
        outcome = dictionary_speed.tectum(X, n_units, n_steps)
        np.savez(result, W=outcome.weights, spikes=outcome.spikes)
        return {"cpu_seconds": outcome.cpu_seconds}

    work()
    serve(tectum.__version__, work)


if __name__ == "__main__":
    main()
