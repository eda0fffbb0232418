"""The default map beside a Kohonen map, k-means and maps that have learned nothing; and what its wiring does."""

import time
import warnings
from functools import cache
from typing import Any

import numpy as np
from scores import N_UNITS, SHAPE, Floats, Split, nearest, score_codebook, score_spikes, split
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from tectum import SpikingSOM, analysis, parts
from tectum.models.common.parameters import DIRECT

DATA = ("iris", "wisconsin", "wine", "digits", "square", "mnist")
N_PRESENTATIONS = 20_000  # the default for 100 samples or more
FEW = 6_000  # presentations of the tables of images
NO_LEARNING = parts.NearestNeighbourSTDP(A_plus=0.0, A_minus=0.0)
N_SHOWN = (2000, 1000)  # samples to learn from and held out, in the ablation

# A Kohonen map is tuned for each set: the last radius and the rates of least QE on seeds 100 to 102, see `tuned`.
LAST_RADII = (0.5, 0.7, 1.0)
RATES = ((0.5, 0.02), (0.5, 0.1), (0.1, 0.01))
KOHONEN = {name: {"last_radius": 0.5, "rates": (0.5, 0.02 if name == "square" else 0.1)} for name in DATA}


@cache
def compile_map() -> None:
    """Compile, so that no measured map does."""
    learn(np.random.default_rng(0).random((9, 2)), 2, 0)


def learn(X: Floats, n_presentations: int, seed: int, **others: Any) -> SpikingSOM:
    """A map that has learned, whether or not it is a good one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        som = SpikingSOM(SHAPE, n_presentations=n_presentations, random_state=seed, n_snapshots=0, **others)
        return som.fit(X)


def untrained(X: Floats, seed: int, **others: Any) -> SpikingSOM:
    """The map before learning, with the radius that it would end with."""
    return learn(X, 1, seed, rule=NO_LEARNING, **others)


def timed(function: Any, *args: Any, **others: Any) -> tuple[Any, dict[str, float]]:
    """What a function returns, and the seconds of the processor that it took."""
    start = time.process_time()
    result = function(*args, **others)
    return result, {"CPU s": time.process_time() - start}


def tuned(name: str, n_presentations: int, seed: int) -> dict[str, dict[str, float]]:
    """Scores of Kohonen maps with all last radii and rates that are tried."""
    data = split(name, seed)
    scores = {}
    for radius in LAST_RADII:
        for rates in RATES:
            codebook = analysis.kohonen_codebook(data.X, SHAPE, n_presentations, seed, rates=rates, last_radius=radius)
            scores[f"radius {radius}, rate {rates[0]} to {rates[1]}"] = score_codebook(codebook, data)
    return scores


def compared(name: str, n_presentations: int, seed: int) -> dict[str, dict[str, float]]:
    """Scores of all methods on one split of a data set, with as many presentations each."""
    compile_map()
    data = split(name, seed)
    som, cost = timed(learn, data.X, n_presentations, seed)
    rows = {
        "untrained": score_spikes(untrained(data.X, seed), data),
        "untrained, random start": score_spikes(untrained(data.X, seed, start=parts.RandomStart()), data),
        "tectum": score_spikes(som, data) | cost,
    }
    direct, cost = timed(learn, data.X, n_presentations, seed, **DIRECT)
    rows["direct wiring (0.1)"] = score_spikes(direct, data) | cost
    codebook, cost = timed(analysis.kohonen_codebook, data.X, SHAPE, n_presentations, seed, **KOHONEN[name])
    rows["Kohonen"] = kohonen = score_codebook(codebook, data) | cost
    code = Split(som.currents(data.X).astype(float), data.y, som.currents(data.X_test).astype(float), data.y_test)
    codebook, cost = timed(analysis.kohonen_codebook, code.X, SHAPE, n_presentations, seed, **KOHONEN[name])
    rows["Kohonen, same code"] = score_codebook(codebook, data, code) | cost
    n_centres = min(N_UNITS, len(np.unique(data.X, axis=0)) - 1)
    centres, cost = timed(KMeans(n_centres, n_init=1, random_state=seed).fit, data.X)
    rows["k-means"] = centred(data, centres.cluster_centers_) | cost
    for row in rows.values():
        row["QE / Kohonen"] = row["QE"] / kohonen["QE"]
        if "rho" in row:
            row["rho / Kohonen"] = row["rho"] / kohonen["rho"]
    return rows


def centred(data: Split, centres: Floats) -> dict[str, float]:
    """Scores of centres without neighbours, each labelled by the majority of the samples that are nearest to it."""
    train, test = nearest(data.X, centres), nearest(data.X_test, centres)
    used = np.unique(train)
    centres, train, test = centres[used], np.searchsorted(used, train), nearest(data.X_test, centres[used])
    votes = np.zeros((len(centres), data.y.max() + 1))
    np.add.at(votes, (train, data.y), 1)
    scores = {"accuracy": float((votes.argmax(axis=1)[test] == data.y_test).mean())} if data.y.any() else {}
    return scores | {"QE": analysis.quantization_error(data.X_test, centres), "winners": float(len(centres))}


CHANGES: dict[str, dict[str, Any]] = {
    "default: 512 mixtures": {},
    "direct": {"wiring": parts.DirectWiring()},
    "direct, random start": {"wiring": parts.DirectWiring(), "start": parts.RandomStart()},
    "direct, standardised": {"wiring": parts.DirectWiring()},
    "direct, 24 components": {"wiring": parts.DirectWiring()},
    "direct, 24 whitened": {"wiring": parts.DirectWiring()},
    "64 mixtures": {"wiring": parts.RandomMixtures(64)},
    "128 mixtures": {"wiring": parts.RandomMixtures(128)},
    "256 mixtures": {"wiring": parts.RandomMixtures(256)},
    "256 of 4 synapses": {"wiring": parts.RandomMixtures(256, 4)},
    "256 of 16 synapses": {"wiring": parts.RandomMixtures(256, 16)},
    "random start": {"start": parts.RandomStart()},
    "sample start": {"start": parts.SampleStart()},
    "rings fixed": {"wiring": parts.RandomMixtures(pace=0.0)},
    "constant radius 1.5": {"radius": parts.ConstantRadius(1.5)},
    "two volleys": {"protocol": parts.Protocol(input_ms=80.0)},
    "one volley": {"protocol": parts.Protocol(input_ms=40.0)},
}
# Changes that give each ring a feature which was made by other means.
FEATURES: dict[str, Any] = {
    "direct, standardised": StandardScaler(),
    "direct, 24 components": PCA(24, random_state=0),
    "direct, 24 whitened": PCA(24, whiten=True, random_state=0),
}


def ablated(name: str, n_presentations: int, change: str, seed: int) -> dict[str, float]:
    """Scores of the default map with one change of wiring, start, radius or protocol, or on other features."""
    compile_map()
    data, others = split(name, seed), CHANGES[change]
    data = Split(*(array[:n] for array, n in zip(data, np.repeat(N_SHOWN, 2), strict=True)))
    seen = data
    if change in FEATURES:
        made = clone(FEATURES[change]).fit(data.X)
        seen = data._replace(X=made.transform(data.X), X_test=made.transform(data.X_test))
        reach = 2.5 * seen.X.std(axis=0).max()  # as far as the rings of mixtures
        others = others | {"input_range": (-reach, reach)}
    som, cost = timed(learn, seen.X, n_presentations, seed, **others)
    return score_spikes(som, data, seen) | {"inputs": float(len(som.weights_))} | cost
