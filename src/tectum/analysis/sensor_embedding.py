"""From a graph of neighbouring sensors to places in the plane."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, eigh
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from tectum.analysis.sensor_graphs import strongest

Floats = NDArray[np.floating]
Whole = NDArray[np.intp]

MOST_LANDMARKS = 1024  # sensors from which all distances are measured
STRESS_STEPS = 15
TORN = 4.0  # edges between two similar sensors, beyond which the layout has torn them apart
MOST_ALIKE = 1.0 - 1e-6  # correlation, from which two sensors are as good as at one place
ALIKE = 0.5  # of the usual similarity of the most similar sensors, from which two belong together


class Embedded(NamedTuple):
    """Places of the nodes of a graph, and the share of the variance of distances that they leave unexplained."""

    places: Floats
    residual: float


def embed_graph(A: csr_matrix, length: csr_matrix | None = None) -> Embedded:
    """Places in the plane that keep the distances within a connected graph, whose edges have a length or are 1 long."""
    n = A.shape[0]
    landmarks = np.unique(np.linspace(0, n - 1, min(n, MOST_LANDMARKS)).astype(np.intp))
    D = ways_from(A, landmarks) if length is None else dijkstra(length, directed=False, indices=landmarks)
    places = classical(D, landmarks)
    places[landmarks] = least_stress(D[:, landmarks], places[landmarks])
    if len(landmarks) < n:
        others = np.setdiff1d(np.arange(n), landmarks)
        places[others] = against_landmarks(D[:, others], places[others], places[landmarks])
    return Embedded(places, residual(D, places, landmarks))


def lengths_of(W: csr_matrix) -> csr_matrix:
    """Lengths of edges, 1 at the median, if correlations W fall with the distance as a Gaussian does."""
    long = W.copy()
    long.data = np.sqrt(-2.0 * np.log(np.minimum(W.data, MOST_ALIKE)))
    long.data /= np.median(long.data)
    return long


def ways_from(A: csr_matrix, nodes: Whole) -> Floats:
    """Lengths of the shortest ways from some nodes to all, along edges and diagonals: (n_some, n_nodes)."""
    return dijkstra(with_diagonals(A), directed=False, indices=nodes)


def with_diagonals(A: csr_matrix) -> csr_matrix:
    """A graph with edges of length 1, and of length sqrt(2) across its squares.

    Two nodes with two neighbours in common are the ends of a diagonal. Ways along the edges of a square lattice are up
    to 1.41 times as long as the straight one, with diagonals up to 1.08 times.
    """
    A = (A > 0).astype(np.float64)
    across = (A @ A).tocsr()
    across.setdiag(0.0)
    across.data = np.where(across.data > 1.5, np.sqrt(2.0), 0.0)
    across.eliminate_zeros()
    return (A + across - across.multiply(A)).tocsr()


def classical(D: Floats, landmarks: Whole) -> Floats:
    """Classical scaling to the plane of the distances (n_landmarks, n_nodes) from landmarks.

    De Silva & Tenenbaum (2004), Sparse multidimensional scaling using landmark points.
    """
    squared = np.square(D)
    mean = squared[:, landmarks].mean(axis=0)
    B = (mean + mean[:, None] - squared[:, landmarks] - mean.mean()) / 2.0
    values, vectors = eigh(B, subset_by_index=[len(B) - 2, len(B) - 1])
    values = np.maximum(values, 1e-12 * max(float(values.max()), 1e-300))
    return (mean[:, None] - squared).T @ (vectors / np.sqrt(values)) / 2.0


def least_stress(D: Floats, places: Floats) -> Floats:
    """Places with less stress, sum of (|x_i - x_j| - d_ij)^2 / d_ij^2, by majorisation (SMACOF).

    De Leeuw (1977); Gansner, Koren & North (2004), Graph drawing by stress majorization, eq. 4, with weights d^-2.
    """
    W = 1.0 / np.square(np.maximum(D, 1e-9))
    np.fill_diagonal(W, 0.0)
    V = np.diag(W.sum(axis=1)) - W
    factor = cho_factor(V + W.mean(), overwrite_a=True, check_finite=False)  # the mean fixes the centre
    W *= D
    for _ in range(STRESS_STEPS):
        d = cdist(places, places)
        np.fill_diagonal(d, 1.0)
        B = W / np.maximum(d, 1e-9)
        places = cho_solve(factor, B.sum(axis=1)[:, None] * places - B @ places, check_finite=False)
    return places


def against_landmarks(D: Floats, places: Floats, fixed: Floats) -> Floats:
    """Places of nodes with less stress, given their distances D (n_landmarks, n_nodes) from landmarks that stay."""
    goal = D.T
    weight = 1.0 / np.square(np.maximum(goal, 1e-9))
    total = weight.sum(axis=1, keepdims=True)
    for _ in range(STRESS_STEPS):
        pull = weight * goal / np.maximum(cdist(places, fixed), 1e-9)
        places = (weight @ fixed + pull.sum(axis=1)[:, None] * places - pull @ fixed) / total
    return places


def residual(D: Floats, places: Floats, landmarks: Whole) -> float:
    """Share of the variance of distances (n_landmarks, n_nodes) that the layout leaves unexplained.

    Tenenbaum, de Silva & Langford (2000): 1 - r^2.
    """
    d = cdist(places[landmarks], places)
    if np.ptp(D) < 1e-12 or np.ptp(d) < 1e-12:
        return 1.0
    return 1.0 - float(np.corrcoef(D.ravel(), d.ravel())[0, 1]) ** 2


def precision(places: Floats, similar: Floats, k: int) -> float:
    """Similarity of the k nearest of each sensor, over that of the k most similar ones; 1 where they are the same.

    Where a layout is folded, the nearest are those of both sheets, and only every second one is similar.
    """
    near = cKDTree(places).query(places, k + 1)[1][:, 1:]
    got = np.take_along_axis(similar, near, 1).clip(0.0).sum(axis=1)
    best = np.take_along_axis(similar, strongest(similar, k), 1).clip(0.0).sum(axis=1)
    return float((got / np.maximum(best, 1e-12)).mean())


def crowding(places: Floats, A: csr_matrix, similar: Floats | None = None) -> float:
    """Share of the sensors that have another one nearer than half an edge: about half where a layout is folded.

    Sensors at random places are crowded, too, but alike: with `similar` those count whose nearest is not.
    """
    i, j = A.nonzero()
    typical = np.median(np.linalg.norm(places[i] - places[j], axis=1))
    distance, near = cKDTree(places).query(places, 2)
    crowded = distance[:, 1] < typical / 2.0
    if similar is not None:
        usual = np.median(similar[i, j])
        crowded &= similar[np.arange(len(places)), near[:, 1]] < ALIKE * usual
    return float(crowded.mean())


def tearing(places: Floats, A: csr_matrix, similar: Floats, k: int) -> float:
    """Share of the sensors that have one of their k most similar ones far away, as along a cut through the layout.

    `precision` does not see a cut: in a strip of sensors, too, the nearest are among the most similar.
    """
    i, j = A.nonzero()
    typical = np.median(np.linalg.norm(places[i] - places[j], axis=1))
    near = strongest(similar, k)
    alike = np.take_along_axis(similar, near, 1)
    far = np.linalg.norm(places[:, None] - places[near], axis=2) > TORN * typical
    return float((far & (alike >= ALIKE * np.median(alike))).any(axis=1).mean())


def upright(places: Floats, A: csr_matrix) -> Floats:
    """Places turned such that most edges lie along the axes, the longer side is the second axis, edges are 1 long."""
    i, j = A.nonzero()
    way = places[j] - places[i]
    length = np.hypot(*way.T)
    if not len(length):
        return places
    middle = float(np.median(length)) or 1.0
    four = np.exp(4j * np.arctan2(way[:, 1], way[:, 0]))[length < 1.5 * middle].sum()
    angle = np.angle(four) / 4.0
    turned = (places - places.mean(axis=0)) @ np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )
    if np.ptp(turned[:, 0]) > np.ptp(turned[:, 1]):
        turned = turned[:, ::-1]
    return turned / middle
