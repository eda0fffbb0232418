"""A large map in tectum: 1,875 features of 16 fields onto 30 x 30 neurons, 27 million plastic synapses, dt 0.1 ms.

Started by run.py with a problem (the number of samples), the file for the result and the state of the map; answers as
turns.py says. The time is the difference between two calls of `partial_fit`, so that what a call does once, copying the
weights and publishing the codebook, is not counted; and user time, as the pages of the copies take the system 0.02 to
0.25 s in the one or in the other.

`published`: `SpikingSOM.rumbell2014`, untrained, on uniform samples. This is the dearest use of a large map: features
are independent, so all neurons get the same drive and fire in each volley. The oscillation of the published constants
held with these data.

`recommended`: the recommended parts after 400 of 600 presentations of data with structure, sines of two hidden numbers,
which make few neurons fire. Each turn goes on from there. So many inputs in so coarse steps need a weaker inhibition.
Features are wired as in `published`: the default makes 512 mixtures of them, and has 7 million synapses.
"""

from __future__ import annotations

import copy
import resource
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from turns import serve

import tectum
from tectum.parts import CircularGaussian, DelayedInhibition, DirectWiring

FEATURES, FIELDS, FEW = 1875, 16, 2
N_BEFORE, N_PRESENTATIONS = 400, 600
COMMON: dict[str, Any] = {"shape": (30, 30), "dt": 0.1, "random_state": 0, "input_range": (0.0, 1.0)}


def structured(n_samples: int) -> NDArray[np.float64]:
    """Features from 0 to 1 that are sines of two hidden numbers."""
    rng = np.random.default_rng(0)
    waves, phases = 3.0 * rng.standard_normal((2, FEATURES)), 2.0 * np.pi * rng.random(FEATURES)
    return 0.5 + 0.5 * np.sin(rng.random((n_samples, 2)) @ waves + phases)


def published(n_samples: int) -> tuple[tectum.SpikingSOM, NDArray[np.float64]]:
    """The map of the paper, before all samples but one, and samples."""
    X = np.random.default_rng(0).random((n_samples, FEATURES))
    return tectum.SpikingSOM.rumbell2014(encoder=CircularGaussian(n_units=FIELDS), **COMMON).partial_fit(X[:1]), X


def recommended(n_samples: int) -> tuple[tectum.SpikingSOM, NDArray[np.float64]]:
    """A trained map with the recommended parts, and samples."""
    X = structured(N_BEFORE + n_samples)
    encoder = CircularGaussian(n_units=FIELDS, sigma=0.53, first=None, low=0.15, high=0.85)
    inhibition = DelayedInhibition(W_inhibition=3.7)
    chosen: dict[str, Any] = {"encoder": encoder, "inhibition": inhibition, "wiring": DirectWiring()}
    som = tectum.SpikingSOM(n_presentations=N_PRESENTATIONS, **chosen, **COMMON)
    return som.partial_fit(X[:N_BEFORE]), X[N_BEFORE:]


def main() -> None:
    """Compile, then learn the samples once a turn."""
    question, result, state = sys.argv[1:]
    with np.load(question) as problem:
        n_samples = int(problem["n_samples"])
    start, X = {"published": published, "recommended": recommended}[state](FEW + n_samples)

    def seconds(som: tectum.SpikingSOM, X: Any) -> float:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
        som.partial_fit(X)
        return resource.getrusage(resource.RUSAGE_SELF).ru_utime - before

    def work() -> dict[str, Any]:
        som = copy.deepcopy(start)
        few = seconds(som, X[:FEW])
        spent = seconds(som, X) - few
        np.savez(result, spikes=(som.spike_counts_ - start.spike_counts_) / (2 * FEW + n_samples))
        return {"cpu_seconds": spent}

    serve(tectum.__version__, work)


if __name__ == "__main__":
    main()
