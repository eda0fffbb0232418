"""100 prototypes by `DiehlCook` or `SpikingSOM`.

Started by run.py with a problem, the file for the result and the name of the class; answers as turns.py says.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from turns import serve

import tectum


def main() -> None:
    """Compile, then learn the images once a turn."""
    question, result, kind = sys.argv[1:]
    given = dict(np.load(question))
    n_units, X = int(given["n_units"]), given["X"]

    def learned(X: Any) -> Any:
        if kind == "DiehlCook":
            return tectum.DiehlCook(n_neurons=n_units, random_state=0).fit(X)
        side = int(n_units**0.5)
        return tectum.SpikingSOM(shape=(side, side), n_presentations=len(X), random_state=0).fit(X)

    def winner(model: Any, X: Any) -> Any:
        return model.transform(X).argmax(axis=1) if kind == "DiehlCook" else model.predict(X)

    def work() -> dict[str, Any]:
        start = time.process_time()
        model = learned(X)
        spent = time.process_time() - start
        np.savez(result, winner=winner(model, X), unseen_winner=winner(model, given["unseen"]))
        return {"cpu_seconds": spent}

    learned(X[:20])
    serve(tectum.__version__, work)


if __name__ == "__main__":
    main()
