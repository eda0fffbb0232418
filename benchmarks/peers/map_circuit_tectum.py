"""The map circuit in tectum; started by run.py with a problem and the file for the result, answers as turns.py says."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from compare_spikes import POPULATIONS, Problem, tectum_spikes
from turns import serve

import tectum


def main() -> None:
    """Compile, then learn the samples once a turn."""
    question, result = sys.argv[1:]
    given = dict(np.load(question))
    arrays = {name: given.pop(name) for name in ("currents", "w0", "K")}
    sizes = {"D": int(given.pop("D")), "n": int(given.pop("n")), "shape": tuple(given.pop("shape").tolist())}
    problem = Problem(**sizes, **arrays, learn=bool(given.pop("learn")), params={k: float(v) for k, v in given.items()})
    spikes = tectum_spikes(problem, repeats=1).spikes
    counts = [len(spikes[name]) for name in POPULATIONS]

    def work() -> dict[str, Any]:
        outcome = tectum_spikes(problem, record=False, repeats=1)
        np.savez(result, w=outcome.w, counts=counts)
        return {"cpu_seconds": outcome.cpu_seconds}

    serve(tectum.__version__, work)


if __name__ == "__main__":
    main()
