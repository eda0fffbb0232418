"""Where sensors of unknown place lie, from their activity alone."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata

from tectum.analysis import sensor_embedding as embedding, sensor_graphs as graphs
from tectum.analysis._checks import check_table

Floats = NDArray[np.floating]
Whole = NDArray[np.intp]
Graphs = list[tuple[float, csr_matrix]]  # and the ridge of each, inf for plain correlations

RIDGES = (0.03, 0.1, 0.3, 1.0, 10.0)
MOST_SENSORS = 4096  # for which memory and time are bounded
FEW = 9  # sensors, up to which there is no graph to speak of
EVIDENCE = 20.0  # effective samples of a sensor that takes part in finding the layout
NEIGHBOURS = 4  # of a sensor in an array
SCATTERED = 6, 10  # neighbours by plain correlation, of sensors at random places
PLAIN = 0.94  # of the quality of an array that a layout by plain correlation has to exceed
AUDIBLE = 0.2  # of the usual correlation with the most similar sensors, below which a sensor is on its own
SAME = 1e-6  # deviation of an evened sensor, in contrasts, that may be rounding
LEAF = 1  # sensors that one with little evidence is hung on
BRIDGE = 0.3  # of the usual similarity of neighbours, that links between parts of one group reach
GAP = 3.0  # between groups, in distances of neighbours


class ActivityLayout(NamedTuple):
    """What `layout_from_activity` has found; lengths are in distances of neighbouring sensors."""

    positions: NDArray[np.float64]  # (n_sensors, 2), NaN where nothing is known
    groups: Whole  # (n_sensors,), -1 where nothing is known
    quality: float  # precision times (1 - residual) times (1 - crowding) times (1 - tearing)
    precision: float  # of the most similar neighbours, how much the nearest ones in the layout make up
    residual: float  # share of the variance of distances in the graph that the layout leaves unexplained
    crowding: float  # share of sensors with another one, unlike them, nearer than half the distance of neighbours
    tearing: float  # share of sensors that have one of the most similar ones more than four such distances away
    edges: Whole  # (n_edges, 2), pairs of sensors that the layout takes for neighbours
    ridges: tuple[float, ...]  # of the partial correlations, group by group; 0 where there are too few sensors


class Candidate(NamedTuple):
    """A layout of a group under one choice of graph."""

    ridge: float
    graph: csr_matrix
    places: Floats
    precision: float
    residual: float
    crowding: float
    tearing: float

    @property
    def quality(self) -> float:
        return self.precision * (1.0 - self.residual) * (1.0 - self.crowding) * (1.0 - self.tearing)

    @property
    def worth(self) -> float:
        """By which a layout is chosen: a tear is wider than what the sensors along it see; arrays come first."""
        return self.quality * np.sqrt(1.0 - self.tearing) * (1.0 if np.isfinite(self.ridge) else PLAIN)


def layout_from_activity(X: ArrayLike, *, ridges: Sequence[float] = RIDGES, split: bool = True) -> ActivityLayout:
    """Places of sensors such that those whose activities explain each other lie beside each other.

    Partial correlations tell true neighbours from sensors that merely do the same, as left and right sleeve do; with
    each ridge they give two graphs, of the three strongest neighbours and of those among the four strongest of which
    both think so. As many come from samples evened in brightness and contrast: where samples differ in these, a few
    make up the correlations as they are. Edges that shorten the way are cut, ways are measured along the edges and
    across the squares between them, and the layout is the one in the plane that keeps them, with the least stress
    (Kruskal). At random places neighbours are not one step apart: two graphs more join the sensors that are most
    correlated, with edges of length ``sqrt(-2 log r)``, as if correlations r fell with the distance as a Gaussian does.
    Of these layouts the one with the highest quality is returned; one by plain correlations must be better by a
    sixteenth, and tears count more.

    A sensor that is constant, not finite, or as good as independent of all others has no place. One that was active
    too seldom to tell its neighbours is put between the sensors that it is most correlated with. Where a
    few values make up the variance of one that is active as a rule, as an artefact does, all such sensors are laid out
    by their ranks. Groups of sensors that nothing joins are laid out one beside the other. A layout is known up to
    rotation, reflection and scale; rows of a regular array come to lie along the axes.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_sensors)
        Activity; at most 4,096 sensors.
    ridges : sequence of float, default=(0.03, 0.1, 0.3, 1.0, 10.0)
        Added to the diagonal of the correlation matrix before it is inverted. Those that suit noisier data, or fewer
        samples, are larger.
    split : bool, default=True
        Whether groups that nothing joins are laid out by themselves.

    Returns
    -------
    ActivityLayout
        Positions, groups and how well they agree with the data.

    Raises
    ------
    ValueError
        If X is not a table of numbers, has fewer than 3 samples or more than 4,096 sensors, or a ridge is not positive.

    References
    ----------
    Le Roux, Bengio, Lamblin, Joliveau & Kégl (2007). Learning the 2-D topology of images. NIPS 20.

    Tenenbaum, de Silva & Langford (2000). A global geometric framework for nonlinear dimensionality reduction.
    Science 290.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum.analysis import layout_from_activity
    >>> noise = np.random.default_rng(0).normal(size=(500, 12, 12))
    >>> smooth = noise[:, :-2, :-2] + noise[:, 1:-1, :-2] + noise[:, :-2, 1:-1] + noise[:, 1:-1, 1:-1]
    >>> found = layout_from_activity(smooth.reshape(500, -1))
    >>> found.positions.shape, found.quality > 0.8
    ((100, 2), True)
    """
    X, evidence = _ranked(_checked(X, ridges))
    places = np.full((X.shape[1], 2), np.nan)
    group = np.full(X.shape[1], -1, dtype=np.intp)
    enough = _enough(X)
    core = np.flatnonzero(evidence >= enough)
    if not len(core):
        return ActivityLayout(places, group, 0.0, 0.0, 0.0, 0.0, 0.0, np.empty((0, 2), np.intp), ())
    C = graphs.correlations(X[:, core])
    similar, candidates = _graphs(C, ridges)
    heard = _audible(C)
    among = np.ix_(heard, heard)
    parts = groups_of(similar[among], C[among]) if split else np.zeros(heard.sum(), np.intp)
    whole = heard.all() and not parts.any()
    core, C = core[heard], C if whole else C[among]
    found, edges, right = [], [], 0.0
    for part in range(parts.max() + 1):
        nodes = np.flatnonzero(parts == part)
        own_C = C if whole else C[np.ix_(nodes, nodes)]
        found_in = (similar, candidates) if whole else _graphs(own_C, ridges)
        best = lay_out(own_C, *_and_evened(*found_in, X[:, core[nodes]], ridges))
        own = embedding.upright(best.places, best.graph)
        own += [right - own[:, 0].min(), -own[:, 1].mean()]
        right = own[:, 0].max() + GAP
        places[core[nodes]], group[core[nodes]] = own, part
        found.append((len(nodes), best))
        edges.append(core[nodes][np.stack(best.graph.nonzero(), axis=1)])
    pairs = np.concatenate(edges)
    _place_others(X, core, np.flatnonzero((evidence > 0.0) & (evidence < enough)), pairs, places, group)
    count = np.array([n for n, _ in found])
    precision, residual, crowding, tearing = (
        float(np.average([getattr(best, name) for _, best in found], weights=count))
        for name in ("precision", "residual", "crowding", "tearing")
    )
    return ActivityLayout(
        places - np.nanmean(places, axis=0),
        group,
        float(np.average([best.quality for _, best in found], weights=count)),
        precision,
        residual,
        crowding,
        tearing,
        pairs[pairs[:, 0] < pairs[:, 1]],
        tuple(best.ridge for _, best in found),
    )


def precision_on(X: ArrayLike, positions: ArrayLike, ridges: Sequence[float] = RIDGES) -> float:
    """How similar the nearest sensors of a layout are in other activity, over the most similar ones.

    X (n_samples, n_sensors) is activity that the layout was not made from, `positions` (n_sensors, 2) are NaN for
    sensors without a place. At most 1; 0 if fewer than six sensors have a place and vary.
    """
    X, evidence = _ranked(_checked(X, ridges))
    places = np.asarray(positions, dtype=np.float64)
    known = np.flatnonzero((evidence >= _enough(X)) & np.isfinite(places).all(axis=1))
    if len(known) < NEIGHBOURS + 2:
        return 0.0
    X = X[:, known]
    similar = _and_evened(*_graphs(graphs.correlations(X), ridges), X, ridges)[0]
    return embedding.precision(places[known], similar, NEIGHBOURS)


def effective_samples(X: Floats) -> Floats:
    """Samples that say something of each sensor, 3 n / kurtosis: n if it is Gaussian, 3 m if m of n are not 0.

    0 for a sensor that is constant or not finite.
    """
    with np.errstate(all="ignore"):
        deviation = graphs.of_one_scale(X - X.mean(axis=0), axis=0)
        variance = np.square(deviation).mean(axis=0)
        kurtosis = (deviation**4).mean(axis=0) / np.square(variance)
        informative = 3.0 * len(X) / np.maximum(kurtosis, 3.0)
    return np.where(np.ptp(X, axis=0) > 0.0, np.nan_to_num(informative), 0.0)


def _enough(X: Floats) -> float:
    """Effective samples from which a sensor takes part in finding the layout."""
    return min(EVIDENCE, len(X) / 2.0)


def _ranked(X: Floats) -> tuple[Floats, Floats]:
    """X, and effective samples of each sensor; ranks in place of values where those of one tell much and these do not.

    Then all sensors that are active as a rule have ranks, as one with values is less like one with ranks. They get the
    usual spread of the others, as samples are evened over all sensors.
    """
    evidence = effective_samples(X)
    heavy = np.flatnonzero((evidence > 0.0) & (evidence < _enough(X)))
    if not (effective_samples(rankdata(X[:, heavy], axis=0)) >= len(X) / 2.0).any():
        return X, evidence
    ranks = rankdata(X, axis=0)
    told = effective_samples(ranks)
    steady = (evidence > 0.0) & (told >= len(X) / 2.0)
    spread = np.median(X[:, evidence >= _enough(X)].std(axis=0)) if (evidence >= _enough(X)).any() else 1.0
    ranks = ranks[:, steady] - ranks[:, steady].mean(axis=0)
    X, evidence = X.copy(), np.where(steady, told, evidence)
    X[:, steady] = spread * ranks / ranks.std(axis=0)
    return X, evidence


def groups_of(similar: Floats, C: Floats) -> Whole:
    """Groups of sensors that nothing joins: (n_sensors,), the largest first.

    Components of the mutual graph without shortcuts; those that strong similarities, or correlations C that are among
    the highest of both sensors, join along their border are one: as many as half the root of the sensors of the smaller
    one, and at least two.
    """
    n = len(similar)
    if n <= FEW:
        return np.zeros(n, np.intp)
    A = graphs.without_shortcuts(graphs.neighbour_graph(similar, NEIGHBOURS, mutual=True))
    of_node = connected_components(A, directed=False)[1]
    B = graphs.neighbour_graph(similar, NEIGHBOURS, mutual=False)
    i, j = B.nonzero()
    strong = similar[i, j] > BRIDGE * np.median(A.data)
    joined = graphs.neighbour_graph(C, SCATTERED[0], mutual=True).nonzero()
    i, j = of_node[np.append(i[strong], joined[0])], of_node[np.append(j[strong], joined[1])]
    count = np.bincount(of_node)
    links = csr_matrix((np.ones(len(i)), (i, j)), shape=(len(count), len(count))).tocoo()
    wide = links.data >= np.maximum(2.0, np.sqrt(np.minimum(count[links.row], count[links.col])) / 2.0)
    links = csr_matrix((links.data[wide], (links.row[wide], links.col[wide])), shape=links.shape)
    of_node = connected_components(links, directed=False)[1][of_node]
    count = np.bincount(of_node)
    small = count[of_node] <= FEW
    if small.any() and not small.all():  # too few for a layout of their own: with the sensor most like them
        inside, outside = np.flatnonzero(small), np.flatnonzero(~small)
        of_node[inside] = of_node[outside[similar[np.ix_(inside, outside)].argmax(axis=1)]]
    names, of_node, count = np.unique(of_node, return_inverse=True, return_counts=True)
    rank = np.empty(len(names), np.intp)
    rank[np.argsort(-count, kind="stable")] = np.arange(len(names))
    return rank[of_node]


def lay_out(C: Floats, similar: Floats, candidates: Graphs) -> Candidate:
    """The best layout of the sensors of a group, of those that its graphs give."""
    if len(C) <= FEW:
        return _few(C)
    best: Candidate | None = None
    for ridge, W in _pruned(candidates):
        W = graphs.joined(W, similar)
        scattered = not np.isfinite(ridge)
        found = embedding.embed_graph(W, embedding.lengths_of(W) if scattered else None)
        precise = embedding.precision(found.places, similar, NEIGHBOURS)
        crowded = embedding.crowding(found.places, W, similar if scattered else None)
        torn = embedding.tearing(found.places, W, similar, NEIGHBOURS)
        fit = Candidate(ridge, W, found.places, precise, found.residual, crowded, torn)
        best = fit if best is None or fit.worth > best.worth else best
    assert best is not None  # there is a ridge
    return best


def _pruned(candidates: Graphs) -> Iterator[tuple[float, csr_matrix]]:
    """Each graph without shortcuts, and once more without detours if it has any; those of plain correlations whole."""
    for ridge, W in candidates:
        if not np.isfinite(ridge):
            yield ridge, W
            continue
        yield ridge, (W := graphs.without_shortcuts(W))
        fewer = graphs.without_detours(W)
        if fewer.nnz < W.nnz:
            yield ridge, graphs.without_shortcuts(fewer)


def _graphs(C: Floats, ridges: Sequence[float]) -> tuple[Floats, Graphs]:
    """Mean of the partial correlations over the ridges, and the graphs of neighbours under each and by correlation."""
    similar, candidates = np.zeros_like(C), []
    for ridge in ridges:
        P = graphs.partial_correlations(C, ridge)
        similar += P / len(ridges)
        if len(C) > FEW:
            candidates.append((ridge, graphs.neighbour_graph(P, NEIGHBOURS - 1, mutual=False)))
            candidates.append((ridge, graphs.neighbour_graph(P, NEIGHBOURS, mutual=True)))
    if len(C) > FEW:
        plain = (graphs.neighbour_graph(C, min(k, len(C) - 1), mutual=False) for k in SCATTERED)
        candidates += [(np.inf, W) for W in plain]
    return similar, candidates


def _and_evened(similar: Floats, candidates: Graphs, X: Floats, ridges: Sequence[float]) -> tuple[Floats, Graphs]:
    """Similarities and graphs of X, and those of its samples evened in brightness and contrast.

    Of the similarities it is the mean, against which all layouts are measured alike.
    """
    even = graphs.evened(X)
    if X.shape[1] <= FEW or even.std(axis=0).min() < SAME:
        return similar, candidates
    others, more = _graphs(graphs.correlations(even), ridges)
    return (similar + others) / 2.0, candidates + more


def _few(C: Floats) -> Candidate:
    """Sensors too few for a graph: distances are those of their correlations."""
    n = len(C)
    A = csr_matrix(np.ones((n, n)) - np.eye(n))
    if n < 3:
        return Candidate(0.0, A, np.arange(2.0 * n).reshape(n, 2) * [0.5, 0.0], 0.0, 0.0, 0.0, 0.0)
    D = np.sqrt(np.maximum(2.0 - 2.0 * C, 0.0))
    places = embedding.classical(D, np.arange(n))
    return Candidate(0.0, A, places, 1.0, embedding.residual(D, places, np.arange(n)), 0.0, 0.0)


def _audible(C: Floats) -> NDArray[np.bool_]:
    """Sensors that are not as good as independent of all others, as those are that give nothing but noise."""
    if len(C) <= FEW:
        return np.ones(len(C), bool)
    strength = np.take_along_axis(C, graphs.strongest(C, NEIGHBOURS - 1), 1).mean(axis=1)
    return np.asarray(strength >= AUDIBLE * np.median(strength))


def _place_others(X: Floats, core: Whole, rare: Whole, pairs: Whole, places: Floats, group: Whole) -> None:
    """Hang sensors with little evidence on the ones that they are most correlated with; INOUT places, group.

    Distances in the graph with these sensors as leaves put them outside, where the sensors are that hardly ever see
    anything.
    """
    if not len(rare) or len(core) <= FEW:
        return
    Z = X - X.mean(axis=0)
    Z /= np.sqrt(np.square(Z).sum(axis=0)).clip(1e-300)
    known = np.concatenate([core, rare])
    C = Z[:, rare].T @ Z[:, core]
    n, near = len(known), np.argpartition(-C, LEAF, axis=1)[:, :LEAF]
    index = np.full(X.shape[1], -1)
    index[known] = np.arange(n)
    i = np.concatenate([index[pairs[:, 0]], np.repeat(np.arange(len(core), n), LEAF)])
    j = np.concatenate([index[pairs[:, 1]], near.ravel()])
    A = csr_matrix((np.ones(len(i)), (i, j)), shape=(n, n))
    A = A.maximum(A.T).tocsr()
    for part in range(group[core].max() + 1):
        inside = np.flatnonzero(group[core] == part)
        ways = embedding.ways_from(A, inside)
        hung = np.flatnonzero(np.isfinite(ways[0, len(core) :]) & (group[rare] < 0))
        if not len(hung) or len(inside) <= FEW:
            continue
        first = places[known[inside[ways[:, len(core) + hung].argmin(axis=0)]]]
        group[rare[hung]] = part
        places[rare[hung]] = embedding.against_landmarks(ways[:, len(core) + hung], first, places[known[inside]])


def _checked(X: ArrayLike, ridges: Sequence[float]) -> Floats:
    X = np.asarray(X)
    if X.ndim != 2 or X.shape[0] < 3 or not X.shape[1]:
        check_table("layout_from_activity.X", X, undefined_rows=True)
        raise ValueError(
            f"layout_from_activity.X must have 3 samples or more, got {len(X)}; rows are samples, columns are sensors"
        )
    if X.shape[1] > MOST_SENSORS:
        raise ValueError(
            f"layout_from_activity.X must have at most {MOST_SENSORS:,} sensors, got {X.shape[1]:,}; lay out a part of "
            "them, or pool sensors that are known to be neighbours"
        )
    if not len(ridges) or not all(np.isfinite(ridge) and ridge > 0.0 for ridge in ridges):
        raise ValueError(f"layout_from_activity.ridges must be positive numbers, got {ridges!r}; 0.1 is usual")
    return graphs.of_one_scale(X.astype(np.float64))
