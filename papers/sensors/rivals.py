"""Other ways to lay sensors out: what a user would try, each given the sensors that vary."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.manifold import MDS, TSNE, Isomap

from tectum.analysis import kohonen_codebook

Floats = NDArray[np.float64]
NEIGHBOURS = (4, 5, 8)  # of Isomap; the one with the least residual is taken
# The next three were chosen on 3,000 digits and 500 natural patches of seed 100: the best mean agreement of powers 1
# and 3, perplexities 30, 100 and 200, neighbours 8, 15 and 50.
POWER, PERPLEXITY, UMAP_NEIGHBOURS = 3.0, 30.0, 8
MAP = (30, 30)  # Kohonen map of the sensors
STEPS = 40_000


def correlation_distances(X: Floats) -> Floats:
    """sqrt(2 - 2 r), 0 on the diagonal."""
    D = np.sqrt(np.maximum(2.0 - 2.0 * np.corrcoef(X.T), 0.0))
    np.fill_diagonal(D, 0.0)
    return D


def at_random(X: Floats, seed: int) -> Floats:
    """Places that know nothing."""
    return np.random.default_rng(seed).random((X.shape[1], 2))


def isomap(X: Floats, seed: int) -> Floats:
    """Geodesics along plain correlations (Le Roux et al. 2007 use the same distances)."""
    D, found = correlation_distances(X), []
    for k in NEIGHBOURS:
        fit = Isomap(n_neighbors=k, metric="precomputed").fit(D)
        Y = fit.embedding_
        found.append((1.0 - np.corrcoef(fit.dist_matrix_.ravel(), cdist(Y, Y).ravel())[0, 1] ** 2, Y))
    return min(found, key=lambda pair: pair[0])[1]


def mds(X: Floats, seed: int) -> Floats:
    """Metric scaling of the distances to a power, the least stress of SMACOF."""
    fit = MDS(dissimilarity="precomputed", n_init=1, max_iter=60, random_state=seed, normalized_stress=False)
    return fit.fit_transform(correlation_distances(X) ** POWER)


def tsne(X: Floats, seed: int) -> Floats:
    """t-SNE of the distances."""
    fit = TSNE(metric="precomputed", init="random", perplexity=PERPLEXITY, max_iter=500, random_state=seed)
    return fit.fit_transform(correlation_distances(X))


def kohonen(X: Floats, seed: int) -> Floats:
    """The winner of each sensor on a Kohonen map of the sensors, whose features are their correlations."""
    C = np.corrcoef(X.T)
    codebook = kohonen_codebook(C, MAP, STEPS, seed)
    return np.stack(np.divmod(cdist(C, codebook).argmin(axis=1), MAP[1]), axis=1).astype(np.float64)


def umap(X: Floats, seed: int) -> Floats:
    """UMAP of the distances, if umap-learn is installed."""
    from umap import UMAP

    return UMAP(metric="precomputed", random_state=seed, n_neighbors=UMAP_NEIGHBOURS).fit_transform(
        correlation_distances(X)
    )


RIVALS: dict[str, Callable[[Floats, int], Floats]] = {
    "random": at_random,
    "Isomap": isomap,
    "MDS": mds,
    "t-SNE": tsne,
    "Kohonen map": kohonen,
    "UMAP": umap,
}
