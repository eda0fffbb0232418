"""From features to the rings of a map's code, and back, for `DirectWiring` and `RandomMixtures`."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve
from scipy.sparse import csr_array

from tectum.engine.projection import FEATURES_AT_ONCE, project_dense, project_sparse
from tectum.models.common.scaling import FeatureScaling
from tectum.parts.encoding import CircularGaussian
from tectum.parts.wiring import FEWEST, RandomMixtures

RIDGE = 1e-3  # of the mean square of a mixture: how little a decoder follows the noise of few samples
FLOOR = 1e-9
UNIFORM = 1.0 / 12.0  # variance of a feature that may lie anywhere in its range
LEAST_AXES = 4  # directions of samples, of which a code has enough distinct times
BY_CHANCE = 2.02  # deviations that the largest eigenvalue of noise exceeds in 1 of 100 cases (Tracy & Widom, real)
MARGIN = 2.5  # standard deviations of such features that a single sample adds to either end


class Mixing(NamedTuple):
    """Random mixtures of the features that vary, scaled to their range; without entries each feature has its own ring.

    Mixture k of a sample x is ``(x @ G)[k] - mean[k]``, and its ring holds those from ``low[k]`` to ``high[k]``. The
    rows of G are kept as those of a sparse matrix, or all in one piece if nothing in them is 0.
    """

    place: NDArray[np.int64]  # (n_used + 1,) where the entries of each feature begin; empty if G is dense
    mixture: NDArray[np.int32]  # (n_entries,) their columns; empty if G is dense
    entries: NDArray[np.float32]  # (n_entries,)
    centre: NDArray[np.float64]  # (n_used,) mean of the features
    mean: NDArray[np.float64]  # (n_mixtures,) mean of the mixtures
    low: NDArray[np.float64]  # (n_mixtures,)
    high: NDArray[np.float64]  # (n_mixtures,)
    decoder: NDArray[np.float32]  # (n_mixtures, n_used): features less their mean, from mixtures less theirs

    def project(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mixtures (n_samples, n_mixtures) of features X (n_samples, n_used), less their means.

        A missing value adds nothing; mixtures of a sample of which no value is known are NaN.
        """
        missing = np.isnan(X)
        if missing.any():
            X = np.where(missing & ~missing.all(axis=1, keepdims=True), self.centre, X)
        rows = np.ascontiguousarray(X, np.float32)
        mixed = np.empty((len(rows), len(self.mean)), np.float32)
        if len(self.place):
            project_sparse(rows, self.place, self.mixture, self.entries, mixed)
        else:
            project_dense(rows, self.entries.reshape(-1, len(self.mean)), FEATURES_AT_ONCE, mixed)
        return mixed - self.mean


def direct() -> Mixing:
    """The wiring in which each feature has its own ring."""
    floats, singles = np.zeros(0), np.zeros(0, np.float32)
    return Mixing(
        np.zeros(0, np.int64), np.zeros(0, np.int32), singles, floats, floats, floats, floats, singles.reshape(0, 0)
    )


def mixing_of(wiring: Any, X: NDArray[np.float64], seed: np.uint64) -> Mixing:
    """The wiring drawn for features X (n_samples, n_used), scaled to 0..1, whose mean and spread it takes.

    The ends of the rings lie where the samples end, but for the share that lies beyond; so that a stream may begin with
    few, they have a margin that shrinks with their number.
    """
    if not isinstance(wiring, RandomMixtures):
        return direct()
    X = X[~np.isnan(X).all(axis=1)]
    n_samples, n_used = X.shape
    wiring = wiring.sized_for(n_used)
    centre = (np.nansum(X, axis=0) + 0.5) / (np.sum(~np.isnan(X), axis=0) + 1)
    X = np.where(np.isnan(X), centre, X)
    G = _entries(wiring, n_used, np.random.default_rng(int(seed)))
    if wiring.n_synapses == n_used > FEWEST and n_samples >= n_used:
        G = _without_noise(G, X)
    sparse = csr_array(G)
    entries = (sparse.data if sparse.nnz < G.size else G.ravel()).astype(np.float32)
    place, mixture = (sparse.indptr, sparse.indices) if sparse.nnz < G.size else (np.zeros(0), np.zeros(0))
    zeros, none = np.zeros(G.shape[1]), np.zeros((0, 0), np.float32)
    unscaled = Mixing(place.astype(np.int64), mixture.astype(np.int32), entries, centre, centre @ G, zeros, zeros, none)
    Z = unscaled.project(X)
    tail = (1.0 - wiring.share) / 2.0
    margin = MARGIN * np.sqrt(UNIFORM * (G**2).sum(axis=0)) / (n_samples + 1)
    low, high = np.quantile(Z, [tail, 1.0 - tail], axis=0) if n_samples else (margin * 0.0, margin * 0.0)
    return unscaled._replace(low=low - margin, high=high + margin, decoder=_decoder(G, X, Z, centre))


def _entries(wiring: RandomMixtures, n_used: int, draw: np.random.Generator) -> NDArray[np.float64]:
    """G (n_used, n_mixtures): rows of a random rotation, or random signs of a few features in each column."""
    n, s = wiring.n_mixtures or 1, wiring.n_synapses or 1  # given by `sized_for`
    if s >= n_used:
        rotation: Any = np.linalg.qr(np.asarray(draw.standard_normal((max(n_used, n),) * 2)))[0]
        return rotation[:n_used, :n]
    G = np.zeros((n_used, n))
    for column in G.T:
        column[draw.choice(n_used, s, replace=False)] = draw.choice([-1.0, 1.0], s)
    return G


def _without_noise(G: NDArray[np.float64], X: NDArray[np.float64]) -> NDArray[np.float64]:
    """G (n_used, n_mixtures), without the directions of samples X that do not rise above noise if those make up most.

    In mixtures of hundreds of features that are mostly noise the others go under: all neurons answer nearly alike, and
    fire together. Noise reaches the largest eigenvalue that its covariance has by chance (Johnstone 2001), at a level
    that is known from the median one (Gavish & Donoho 2014, eqs. 4 to 6).
    """
    eigenvalues, axes = np.linalg.eigh(np.cov(X, rowvar=False))
    n, p = np.sqrt(X.shape)
    beta = (p / n) ** 2
    known = np.sqrt(2.0 * (beta + 1.0) + 8.0 * beta / (beta + 1.0 + np.sqrt(beta**2 + 14.0 * beta + 1.0)))
    unknown = 0.56 * beta**3 - 0.95 * beta**2 + 1.82 * beta + 1.43  # thresholds if the level is known, and if not
    level = np.median(eigenvalues) * (unknown / known) ** 2
    noise = eigenvalues <= level * (n + p) / n**2 * (n + p + BY_CHANCE * np.cbrt(1.0 / n + 1.0 / p))
    if noise.all() or eigenvalues[noise].sum() <= eigenvalues[~noise].sum():
        return G
    noise[-LEAST_AXES:] = False
    return np.asarray(axes[:, ~noise] @ (axes[:, ~noise].T @ G))


def _decoder(
    G: NDArray[np.float64], X: NDArray[np.float64], Z: NDArray[np.float64], centre: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Features from mixtures: the least change of the pseudo-inverse of G that fits the samples.

    Of as many mixtures as features or more, the pseudo-inverse is exact.
    """
    floor = FLOOR * (G**2).sum(axis=0).mean() * np.eye(G.shape[1])
    decoder = solve(G.T @ G + floor, G.T, assume_a="pos")
    if G.shape[1] < G.shape[0]:
        squares = Z.T @ Z
        missed = Z.T @ X - np.outer(Z.sum(axis=0), centre) - squares @ decoder
        decoder += solve(
            squares + RIDGE * np.trace(squares) / len(squares) * np.eye(len(squares)), missed, assume_a="pos"
        )
    return decoder.astype(np.float32)


def n_rings(scaling: FeatureScaling, mixing: Mixing) -> int:
    """Number of rings of the code."""
    return len(mixing.mean) or int(scaling.varies.sum())


def onto_rings(
    X: NDArray[np.float64], scaling: FeatureScaling, mixing: Mixing, encoder: CircularGaussian
) -> NDArray[np.float64]:
    """Places of samples X (n_samples, n_features) on the rings, between `encoder.low` and `encoder.high`."""
    share = scaling.unit(X)
    if len(mixing.mean):
        share = (mixing.project(share) - mixing.low) / (mixing.high - mixing.low)
    return encoder.low + np.clip(share, 0.0, 1.0) * (encoder.high - encoder.low)


def followed(
    X: NDArray[np.float64], scaling: FeatureScaling, mixing: Mixing, encoder: CircularGaussian, wiring: Any
) -> tuple[NDArray[np.float64], Mixing]:
    """As `onto_rings` for samples of a stream, which move the ends of the rings one after another.

    Each end follows its quantile: it moves outwards with every sample beyond it, and inwards by far smaller steps
    (Robbins & Monro 1951). Where the stream leaves the
    range in which it began, the rings stretch, and what the neurons prefer stretches with them.
    """
    if not len(mixing.mean) or not wiring.pace:
        return onto_rings(X, scaling, mixing, encoder), mixing
    Z, places = mixing.project(scaling.unit(X)), np.empty((len(X), len(mixing.mean)))
    low, high, beyond = mixing.low.copy(), mixing.high.copy(), (1.0 - wiring.share) / 2.0
    for m, z in enumerate(Z):
        step = wiring.pace * (high - low) if not np.isnan(z[0]) else np.zeros(1)
        low -= step * ((z < low) - beyond)
        high += step * ((z > high) - beyond)
        places[m] = np.clip((z - low) / (high - low), 0.0, 1.0)
    return encoder.low + places * (encoder.high - encoder.low), mixing._replace(low=low, high=high)


def from_rings(
    position: NDArray[np.float64], scaling: FeatureScaling, mixing: Mixing, encoder: CircularGaussian
) -> NDArray[np.float64]:
    """Points in units of the input, shape (n, n_features), for places (n, n_rings) on the rings."""
    share = (position - encoder.low) / (encoder.high - encoder.low)
    if len(mixing.mean):
        share = mixing.centre + (mixing.low + share * (mixing.high - mixing.low)) @ mixing.decoder
    return scaling.from_unit(share)
