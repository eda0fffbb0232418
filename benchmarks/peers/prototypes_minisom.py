"""100 prototypes by MiniSom; started by run.py with a problem and the file for the result, answers as turns.py says."""

from __future__ import annotations

import importlib.metadata
import sys
import time
from typing import Any

import numpy as np
from minisom import MiniSom
from turns import serve


def main() -> None:
    """Learn the images once a turn, one by one in their order."""
    question, result = sys.argv[1:]
    given = dict(np.load(question))
    side, X = int(int(given["n_units"]) ** 0.5), given["X"].astype(float)

    def winners(som: Any, X: Any) -> Any:
        return np.array([np.ravel_multi_index(som.winner(x), (side, side)) for x in X])

    def learned(X: Any) -> Any:
        som = MiniSom(side, side, X.shape[1], sigma=3.0, learning_rate=0.5, random_seed=0)
        som.train(X, len(X))
        return som

    def work() -> dict[str, Any]:
        start = time.process_time()
        som = learned(X)
        spent = time.process_time() - start
        np.savez(result, winner=winners(som, X), unseen_winner=winners(som, given["unseen"]))
        return {"cpu_seconds": spent}

    learned(X[:20])
    serve(importlib.metadata.version("minisom"), work)


if __name__ == "__main__":
    main()
