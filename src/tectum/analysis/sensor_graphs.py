"""Which sensors lie beside each other: graphs of neighbours from activity, freed of edges that fold the layout."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.sparse import csr_matrix, diags_array, identity
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh

Floats = NDArray[np.floating]
Bools = NDArray[np.bool_]

MODES = 12  # of the graph, in which edges that shorten the way stand out
TOO_LONG = 3.0  # times the median length of the edges of a sensor: such an edge is cut
MOST_ROUND = 8  # edges of a way round a missing one
FLAT = 0.1  # of the mean contrast, below which samples count less
FAINT = 1e-3  # least weight of an edge
ROUNDS = 8  # of cutting, at most


def of_one_scale(X: Floats, axis: int | None = None) -> Floats:
    """X times the power of two that puts its largest finite value below 1, so that fourth powers are numbers."""
    return np.ldexp(X, -np.frexp(np.abs(X).max(axis=axis, initial=0.0, where=np.isfinite(X)))[1])


def correlations(X: Floats) -> Floats:
    """Pearson correlations of the columns of X (n_samples, n_sensors), none of which is constant."""
    Z = of_one_scale(X - X.mean(axis=0), axis=0)
    Z /= np.sqrt((Z * Z).sum(axis=0))
    return Z.T @ Z


def evened(X: Floats) -> Floats:
    """Samples without the mean of all sensors, at one contrast: d / (sd + FLAT mean sd), the sd over the sensors.

    d is the deviation of a sensor from its mean, less its regression on the mean of all. Where samples differ in
    brightness and contrast, as patches of sky and of roofs do, a few make up the correlations, and all sensors have the
    brightness in common. Sensors that are silent as a rule have little in common with the mean, and stay silent:
    subtracting the mean itself made neighbours of all that were dark.
    """
    X = X - X.mean(axis=0)
    mean = X.mean(axis=1)
    mean /= max(float(np.linalg.norm(mean)), 1e-300)
    deviation = X - np.outer(mean, mean @ X)
    contrast = np.sqrt(np.square(deviation).mean(axis=1, keepdims=True))
    least = max(FLAT * float(contrast.mean()), 1e-9 * float(np.abs(X).max()), 1e-300)
    return np.asarray(deviation / (contrast + least))


def partial_correlations(C: Floats, ridge: float) -> Floats:
    """Correlations of pairs given all other sensors, 0 on the diagonal.

    -p_ij / sqrt(p_ii p_jj) of the inverse p of the correlation matrix, to whose diagonal the ridge is added.
    """
    P = C.copy()
    P[np.diag_indices_from(P)] += ridge
    P, _ = dpotri(dpotrf(P.T, overwrite_a=True)[0], overwrite_c=True)
    P = np.triu(P) + np.triu(P, 1).T
    root = np.sqrt(np.diag(P))
    P /= -root[:, None]
    P /= root
    np.fill_diagonal(P, 0.0)
    return P


def strongest(S: Floats, k: int) -> NDArray[np.intp]:
    """The k sensors most similar to each, in no order."""
    S = S.copy()
    np.fill_diagonal(S, -np.inf)
    return np.argpartition(S, -k, axis=1)[:, -k:]


def neighbour_graph(S: Floats, k: int, *, mutual: bool) -> csr_matrix:
    """Each sensor joined to its k most similar ones, if mutual only where that is so for both.

    Weights are the similarities, at least FAINT.
    """
    n = len(S)
    rows, cols = np.repeat(np.arange(n), k), strongest(S, k).ravel()
    W = csr_matrix((np.maximum(S[rows, cols], FAINT), (rows, cols)), shape=(n, n))
    return W.minimum(W.T).tocsr() if mutual else W.maximum(W.T).tocsr()


def largest_component(A: csr_matrix) -> Bools:
    """Which nodes are in the largest component of a graph."""
    of_node = connected_components(A, directed=False)[1]
    return np.asarray(of_node == np.bincount(of_node).argmax())


def joined(W: csr_matrix, S: Floats) -> csr_matrix:
    """A graph in one piece: each smaller component is joined to the rest by its strongest similarity."""
    while True:
        n, of_node = connected_components(W, directed=False)
        if n == 1:
            return W
        inside = np.flatnonzero(of_node == np.bincount(of_node).argmin())
        outside = np.flatnonzero(of_node != of_node[inside[0]])
        i, j = np.unravel_index(S[np.ix_(inside, outside)].argmax(), (len(inside), len(outside)))
        i, j = inside[i], outside[j]
        weight = max(float(S[i, j]), FAINT)
        W = W + csr_matrix(([weight, weight], ([i, j], [j, i])), shape=W.shape)


def spectral_places(W: csr_matrix) -> Floats:
    """Places of the nodes of a connected graph, such that squared distances are times that a walker needs.

    Eigenvectors of D^-1/2 W D^-1/2 over sqrt(1 - eigenvalue), W the weights: the part of the commute time that the
    slowest modes carry. Many ways lead from a node to its neighbours and few to the far end of an edge that is wrong,
    which is why the walker takes long to cross it.
    """
    degree = np.asarray(W.sum(axis=1)).ravel()
    root = diags_array(1.0 / np.sqrt(degree))
    laplacian = identity(len(degree)) - root @ W @ root
    start = np.cos(np.arange(len(degree)))  # any vector, always the same
    gaps, modes = eigsh(laplacian.tocsc(), k=min(MODES + 1, len(degree) - 1), sigma=-1e-3, v0=start)
    order = np.argsort(gaps)[1:]
    return modes[:, order] / np.sqrt(degree)[:, None] / np.sqrt(np.maximum(gaps[order], 1e-9))


def without_shortcuts(W: csr_matrix) -> csr_matrix:
    """A graph without edges that lead far away, as seen from the slow modes of its largest component."""
    for _ in range(ROUNDS):
        nodes = np.flatnonzero(largest_component(W))
        if len(nodes) < 2 * MODES:
            break
        part = W[nodes][:, nodes].tocoo()
        places = spectral_places(part.tocsr())
        length = np.linalg.norm(places[part.row] - places[part.col], axis=1)
        typical = _medians(length, part.row, len(nodes))
        most = np.maximum(np.maximum(typical[part.row], typical[part.col]), np.median(length) / 2.0)
        far = length > TOO_LONG * most
        if not far.any():
            break
        ends = nodes[part.row[far]], nodes[part.col[far]]
        W = (W - csr_matrix((part.data[far], ends), shape=W.shape)).tocsr()
        W.eliminate_zeros()
    return W


def without_detours(W: csr_matrix) -> csr_matrix:
    """A graph without edges in whose place the shortest way is long.

    In an array, a way round a missing edge takes three edges, and a few more round a hole. One wrong edge, which the
    slow modes may not show, folds a whole layout.
    """
    near = [set(W.indices[W.indptr[i] : W.indptr[i + 1]].tolist()) for i in range(W.shape[0])]
    ends = [(i, j) for i in range(len(near)) for j in near[i] if i < j and not _round_about(near, i, j)]
    if not ends:
        return W
    i, j = np.array(ends).T
    cut = csr_matrix((np.ones(2 * len(i)), (np.r_[i, j], np.r_[j, i])), shape=W.shape)
    W = (W - W.multiply(cut)).tocsr()
    W.eliminate_zeros()
    return W


def _round_about(near: list[set[int]], start: int, end: int) -> bool:
    """Whether a short way leads from one end of an edge to the other without it; searched from both."""
    seen = {start}, {end}
    fronts = [near[start] - {end}, near[end] - {start}]
    for step in range(MOST_ROUND - 1):
        if fronts[0] & fronts[1] or fronts[0] & seen[1] or fronts[1] & seen[0]:
            return True
        k = step % 2
        seen[k].update(fronts[k])
        fronts[k] = set().union(*(near[node] for node in fronts[k])) - seen[k]
    return bool(fronts[0] & fronts[1])


def _medians(values: Floats, group: NDArray[Any], n_groups: int) -> Floats:
    """Median of the values of each group, none of which is empty."""
    order = np.lexsort((values, group))
    count = np.bincount(group, minlength=n_groups)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    values = values[order]
    return (values[first + (count - 1) // 2] + values[first + count // 2]) / 2.0
