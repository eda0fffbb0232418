"""100 prototypes by `KMeans` or `MiniBatchKMeans`.

Started by run.py with a problem, the file for the result, the name of the class and, where it is not the default, how
often it may see the images; answers as turns.py says.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import sklearn
import sklearn.cluster
from turns import serve


def main() -> None:
    """Learn the images once a turn."""
    question, result, kind, *passes = sys.argv[1:]
    given, limit = dict(np.load(question)), {"max_iter": int(passes[0])} if passes else {}

    def work() -> dict[str, Any]:
        model = getattr(sklearn.cluster, kind)(int(given["n_units"]), n_init=1, random_state=0, **limit)
        start = time.process_time()
        model.fit(given["X"])
        spent = time.process_time() - start
        np.savez(result, winner=model.predict(given["X"]), unseen_winner=model.predict(given["unseen"]))
        return {"cpu_seconds": spent}

    work()
    serve(sklearn.__version__, work)


if __name__ == "__main__":
    main()
