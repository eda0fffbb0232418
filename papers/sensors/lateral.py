"""Without an embedding: lateral synapses learned from spikes alone, waves on that graph, fields learned from the waves.

Each digit makes pixels spike with the probability of their intensity, three times. Lateral synapses learn by one of two
rules, both local: *pairs*, where a synapse grows when both ends spike in a presentation and falls when only its target
does, so that it becomes the probability of a spike of its source given one of its target; and *surprise*, where what
the other synapses predict is taken off first (delta rule, no negative weights), so that it becomes partial. Sensors are
neighbours if each has the other among its four strongest synapses. A wave begins at a random sensor and reaches the 40
that are fewest synapses away; 300 units compete for the waves, and the winner's field moves towards the wave.
"""

from collections.abc import Callable

import numpy as np
from data import mnist
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order
from scipy.spatial.distance import cdist

from tectum import analysis
from tectum.analysis.sensor_graphs import joined, neighbour_graph

Floats = NDArray[np.floating]
N_IMAGES, REPEATS, BATCH, ETA = 6000, 3, 50, 2e-3
N_UNITS, N_WAVES, REACH, LEARN, CONSCIENCE = 300, 20_000, 40, 0.05, 0.3
FLOORS = {"pairs": 0.5, "surprise": 0.5}  # share of compact fields in the true layout


def spikes(X: Floats, rng: np.random.Generator) -> NDArray[np.float32]:
    """Presentations in which sensors spike or not."""
    shown = X[rng.permutation(np.repeat(np.arange(len(X)), REPEATS))]
    return (rng.random(shown.shape) < shown).astype(np.float32)


def pairs(S: Floats) -> Floats:
    """Pre- and postsynaptic spikes in the same presentation strengthen, postsynaptic ones alone weaken."""
    W = np.zeros((S.shape[1],) * 2, np.float32)  # (post, pre)
    for k in range(0, len(S), BATCH):
        s = S[k : k + BATCH]
        W += ETA * (s.T @ s - s.sum(axis=0)[:, None] * W)
    return np.sqrt(W * W.T)


def surprise(S: Floats) -> Floats:
    """The same for what the other synapses have not predicted; weights are not negative."""
    W = np.zeros((S.shape[1],) * 2, np.float32)
    for k in range(0, len(S), BATCH):
        s = S[k : k + BATCH]
        W += ETA * (s - s @ W.T).T @ s
        np.fill_diagonal(W, 0.0)
        np.maximum(W, 0.0, out=W)
    return np.sqrt(W * W.T)


def fields(A: csr_matrix, rng: np.random.Generator) -> Floats:
    """Fields of units that compete for waves on a graph."""
    n = A.shape[0]
    W = rng.random((N_UNITS, n)) / n
    wins = np.zeros(N_UNITS)
    for _ in range(N_WAVES):
        reached = breadth_first_order(A, rng.integers(n), directed=False, return_predecessors=False)[:REACH]
        winner = int((W[:, reached].sum(axis=1) - CONSCIENCE * wins).argmax())
        wins *= 1.0 - 1.0 / N_UNITS
        wins[winner] += 1.0
        W[winner] *= 1.0 - LEARN
        W[winner, reached] += LEARN / len(reached)
    return W


def measured(seed: int) -> dict[str, dict[str, float]]:
    """Neighbours that are right, and fields in the true layout, for each way to have a graph."""
    rng = np.random.default_rng(seed)
    sensors = mnist(N_IMAGES, rng)
    live = (sensors.X > 0.5).sum(axis=0) >= 20
    X, true = sensors.X[:, live], sensors.true[live]
    S, near = spikes(X, rng), -cdist(true, true)
    similar: dict[str, Callable[[], Floats]] = {
        "true neighbours": lambda: near + 0.01 * rng.random(near.shape),
        "pairs": lambda: pairs(S),
        "surprise": lambda: surprise(S),
        "random": lambda: rng.random(near.shape),
    }
    found = {}
    for name, make in similar.items():
        similarity = make()
        A = joined(neighbour_graph(similarity, 4, mutual=True), similarity)
        right = float((near[A.nonzero()] > -1.5).mean())
        W = fields(A, rng)
        tiling = analysis.tiling(W, true)
        found[name] = {"right edges": right, "compact": tiling.compact}
        print(seed, name, found[name], flush=True)
    return found


def section(n_seeds: int) -> tuple[list[list[str]], list[tuple[str, float, float]]]:
    """Table and floors."""
    runs = [measured(seed) for seed in range(n_seeds)]
    names = list(runs[0]["pairs"])
    rows = [["graph", *names]]
    rows += [[way, *(f"{np.mean([run[way][name] for run in runs]):.3g}" for name in names)] for way in runs[0]]
    return rows, [(way, min(run[way]["compact"] for run in runs), least) for way, least in FLOORS.items()]
