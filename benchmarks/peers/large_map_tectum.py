"""A large map in tectum: 1,875 features of 16 fields onto 30 x 30 neurons, 27 million plastic synapses.

`SpikingSOM.rumbell2014(shape=(30, 30))` with dt 0.1 ms on uniform samples. Started by run.py with a problem (the number
of samples) and the file for the result; answers as turns.py says. The time is the difference between two calls of
`partial_fit`, so that what a call does once, publishing the codebook, is not counted.

This is the dearest use of a large map: features are independent, so all neurons get the same drive and fire in each
volley. Data with structure, for which NOTES.md has figures, make few of them fire. The oscillation of the published
constants held with these data.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
from turns import serve

import tectum
from tectum.parts import CircularGaussian

FEATURES, FIELDS, FEW = 1875, 16, 2


def main() -> None:
    """Compile, then learn the samples once a turn."""
    question, result = sys.argv[1:]
    with np.load(question) as problem:
        n_samples = int(problem["n_samples"])
    X = np.random.default_rng(0).random((FEW + n_samples, FEATURES))
    som = tectum.SpikingSOM.rumbell2014(
        shape=(30, 30), encoder=CircularGaussian(n_units=FIELDS), dt=0.1, random_state=0, input_range=(0.0, 1.0)
    )

    def seconds(X: Any) -> float:
        start = time.process_time()
        som.partial_fit(X)
        return time.process_time() - start

    seconds(X[:1])

    def work() -> dict[str, Any]:
        before = som.spike_counts_.copy()
        few = seconds(X[:FEW])
        spent = seconds(X) - few
        np.savez(result, spikes=(som.spike_counts_ - before) / (2 * FEW + n_samples))
        return {"cpu_seconds": spent}

    serve(tectum.__version__, work)


if __name__ == "__main__":
    main()
