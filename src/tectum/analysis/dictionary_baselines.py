"""What a dictionary is measured against: k-means, sparse coding, principal and independent components.

Each function learns on training patches, codes test patches and reconstructs them, with as many components and as many
coefficients per patch as asked. Coefficients are exact and signed, except with k-means, whose code is one index: at
equal code length these codes carry more bits than spike counts do.
"""

import warnings
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import PCA, FastICA, MiniBatchDictionaryLearning
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from tectum.analysis._checks import check_patches
from tectum.analysis.reconstruction import Average, reconstruction_error
from tectum.analysis.sparse_baselines import PatchCode, lca_codes, pursued

Floats = NDArray[np.float64]

N_INIT = 5  # restarts of k-means
BATCH = 1024  # patches per batch of k-means

# Dictionary learning and FastICA, which take long, learn from at most so many training patches, drawn at random
MOST_PATCHES = 20_000

# L1 penalty of dictionary learning for patches of unit root mean square norm; the penalty follows their norm. From 0.1
# to 0.3 the error with one coefficient falls, and that with three rises.
PENALTY = 0.2

# Patches per step of dictionary learning; it passes so often through few patches that it takes as many steps
DICTIONARY_BATCH = 256

ICA_STEPS, ICA_TOLERANCE = 200, 1e-3  # most steps of FastICA, and the change of direction at which it stops earlier


class BaselineScore(NamedTuple):
    """Error of one method at one code length.

    Examples
    --------
    >>> BaselineScore("k-means", 16, 1.0, 0.1).rms
    0.1
    """

    method: str  # name of the method, from `BASELINES`
    n_components: int  # components it learned; PCA ends at the number of features, ICA at the rank of the patches
    active_units: float  # mean number of coefficients that differ from 0, per test patch
    rms: float  # `reconstruction_error` on the test patches, in their units


def kmeans_codes(
    X: ArrayLike, X_test: ArrayLike, n_components: int, *, n_active: Sequence[int] = (1,), random_state: Any = None
) -> dict[int, PatchCode]:
    """Replace each test patch by the nearest centre of k-means (Sculley 2010, mini-batches), a code of length 1.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Training patches.
    X_test : array-like of shape (n_test, n_features)
        Patches to reconstruct.
    n_components : int
        Number of centres.
    n_active : sequence of int, default=(1,)
        Accepted so that all methods are called alike; only code length 1 exists.
    random_state : int, RandomState or None, default=None
        Start of the centres and choice of the batches.

    Returns
    -------
    dict of int to PatchCode
        ``{1: ...}``, empty where ``n_active`` lacks 1.

    Raises
    ------
    ValueError
        If the arrays are not finite 2-D arrays with as many features, or there are fewer patches than components.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((60, 6))
    >>> kmeans_codes(X[:40], X[40:], 4, random_state=0)[1].reconstruction.shape
    (20, 6)
    """
    X, X_test, n_active = check_patches(X, X_test, n_components, n_active)
    if 1 not in n_active:
        return {}
    model = MiniBatchKMeans(n_components, n_init=N_INIT, batch_size=BATCH, random_state=random_state).fit(X)
    nearest = model.predict(X_test)
    return {1: PatchCode(np.eye(n_components)[nearest], model.cluster_centers_[nearest])}


def dictionary_codes(
    X: ArrayLike,
    X_test: ArrayLike,
    n_components: int,
    *,
    n_active: Sequence[int] = (1, 2, 3),
    random_state: Any = None,
) -> dict[int, PatchCode]:
    """Sparse coding: an online-learned dictionary (Mairal et al. 2009), test patches by orthogonal matching pursuit.

    Parameters
    ----------
    X, X_test, n_components
        As in `kmeans_codes`; at most 20,000 training patches, drawn at random and not centred here, are used.
    n_active : sequence of int, default=(1, 2, 3)
        Numbers of signed real coefficients per patch; those above the number of features or atoms are left out.
    random_state : int, RandomState or None, default=None
        Choice and order of the patches, and start of the dictionary.

    Returns
    -------
    dict of int to PatchCode
        By number of coefficients; a patch that fewer describe exactly uses fewer.

    Raises
    ------
    ValueError
        As `kmeans_codes`.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((60, 6))
    >>> sorted(dictionary_codes(X[:40], X[40:], 4, n_active=(1, 2), random_state=0))
    [1, 2]
    """
    X, X_test, n_active = check_patches(X, X_test, n_components, n_active)
    rng = check_random_state(random_state)
    X = _drawn(X, rng)
    norm = np.sqrt(np.square(X).sum(axis=1).mean())
    model = MiniBatchDictionaryLearning(
        n_components,
        alpha=PENALTY * norm,
        max_iter=ceil(MOST_PATCHES / len(X)),
        tol=0.0,
        max_no_improvement=None,
        batch_size=DICTIONARY_BATCH,
        fit_algorithm="cd",
        random_state=rng,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # later steps make up for a rough code of one batch
        model.fit(X)
    return pursued(X_test, model.components_, n_active)


def pca_codes(
    X: ArrayLike,
    X_test: ArrayLike,
    n_components: int,
    *,
    n_active: Sequence[int] = (1, 2, 3),
    random_state: Any = None,
) -> dict[int, PatchCode]:
    """Principal components around the mean patch: the largest coefficients, and all of them.

    The mean patch comes on top of the components and of the code length.

    Parameters
    ----------
    X, X_test
        As in `kmeans_codes`.
    n_components : int
        Number of components; no more than n_features exist.
    n_active : sequence of int, default=(1, 2, 3)
        Numbers of coefficients kept, the largest in absolute value; those above the number of components are left out.
    random_state : int, RandomState or None, default=None
        Used by the solver for large problems only.

    Returns
    -------
    dict of int to PatchCode
        By number of coefficients, the last entry with all components (dense).

    Raises
    ------
    ValueError
        As `kmeans_codes`.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((60, 6))
    >>> pca_codes(X[:40], X[40:], 4, n_active=(2,))[2].code.shape
    (20, 4)
    """
    X, X_test, n_active = check_patches(X, X_test, n_components, n_active)
    model = PCA(min(n_components, X.shape[1]), random_state=random_state).fit(X)
    return _truncated(model.transform(X_test), model.components_, model.mean_, n_active)


def ica_codes(
    X: ArrayLike,
    X_test: ArrayLike,
    n_components: int,
    *,
    n_active: Sequence[int] = (1, 2, 3),
    random_state: Any = None,
) -> dict[int, PatchCode]:
    """Independent components (FastICA, Hyvarinen 1999) around the mean patch, coded as in `pca_codes`.

    Components are scaled to unit norm, so that the largest coefficients are those that contribute most. They are not
    orthogonal: coefficients that are kept are not fitted again after the others are dropped.

    Parameters
    ----------
    X, X_test, n_components, n_active
        As in `pca_codes`; at most 20,000 training patches, drawn at random, are used. No more components are learned
        than there are directions in which these patches differ.
    random_state : int, RandomState or None, default=None
        Choice of the patches and start of the components.

    Returns
    -------
    dict of int to PatchCode
        By number of coefficients, the last entry with all components (dense), as good as all principal components.

    Raises
    ------
    ValueError
        As `kmeans_codes`, or if all patches are the same.

    Examples
    --------
    >>> X = np.random.default_rng(0).laplace(size=(200, 6))
    >>> ica_codes(X[:150], X[150:], 4, n_active=(2,), random_state=0)[2].code.shape
    (50, 4)
    """
    X, X_test, n_active = check_patches(X, X_test, n_components, n_active)
    rng = check_random_state(random_state)
    drawn = _drawn(X, rng)
    rounding = np.linalg.norm(drawn) * max(drawn.shape) * np.finfo(float).eps
    directions = int(np.linalg.matrix_rank(drawn - drawn.mean(axis=0), rounding))  # more would be divided by 0
    if not directions:
        raise ValueError("X must hold patches that differ, got the same patch throughout; leave out ICA")
    model = FastICA(
        min(n_components, directions),
        whiten="unit-variance",
        max_iter=ICA_STEPS,
        tol=ICA_TOLERANCE,
        random_state=rng,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of steps is a limit by design
        model.fit(drawn)
    norms = np.linalg.norm(model.mixing_, axis=0)
    return _truncated(model.transform(X_test) * norms, (model.mixing_ / norms).T, model.mean_, n_active)


# Methods by the names that `score_baselines` takes and returns
BASELINES: dict[str, Callable[..., dict[int, PatchCode]]] = {
    "k-means": kmeans_codes,
    "sparse coding": dictionary_codes,
    "LCA": lca_codes,
    "PCA": pca_codes,
    "ICA": ica_codes,
}


def score_baselines(
    X: ArrayLike,
    X_test: ArrayLike,
    n_components: int,
    *,
    n_active: Sequence[int] = (1, 2, 3),
    methods: Sequence[str] = ("k-means", "sparse coding", "PCA", "ICA"),
    average: Average = "patch",
    random_state: int | None = 0,
) -> list[BaselineScore]:
    """Reconstruction errors of several methods with equally many components, at several code lengths.

    Parameters
    ----------
    X, X_test, n_components
        As in `kmeans_codes`.
    n_active : sequence of int, default=(1, 2, 3)
        Code lengths; k-means has length 1 only, PCA and ICA report all their components as well.
    methods : sequence of str, default=("k-means", "sparse coding", "PCA", "ICA")
        Names from `BASELINES`.
    average : {"patch", "global"}, default="patch"
        As in `reconstruction_error`.
    random_state : int or None, default=0
        Given to every method.

    Returns
    -------
    list of BaselineScore
        In the order of ``methods``, then of the code length.

    Raises
    ------
    ValueError
        If a method is unknown, or the patches and numbers are not as the methods need them.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((60, 6))
    >>> [score.method for score in score_baselines(X[:40], X[40:], 4, n_active=(1,), methods=("k-means", "PCA"))]
    ['k-means', 'PCA', 'PCA']
    """
    unknown = sorted(set(methods) - set(BASELINES))
    if unknown:
        raise ValueError(f"methods must be among {sorted(BASELINES)}, got {unknown}; leave out what is not there")
    scores = []
    for method in methods:
        codes = BASELINES[method](X, X_test, n_components, n_active=n_active, random_state=random_state)
        for code, reconstruction in codes.values():
            active = float(np.count_nonzero(code, axis=1).mean())
            error = reconstruction_error(X_test, reconstruction, average=average)
            scores.append(BaselineScore(method, code.shape[1], active, error))
    return scores


def _truncated(coefficients: Floats, components: Floats, mean: Floats, n_active: list[int]) -> dict[int, PatchCode]:
    """Codes of the largest coefficients (n_test, n_components), and of all, on unit-norm ``components``."""
    n = len(components)
    order = np.argsort(-np.abs(coefficients), axis=1, kind="stable")
    codes = {}
    for k in [*(k for k in n_active if k < n), n]:
        code = np.zeros_like(coefficients)
        kept = order[:, :k]
        np.put_along_axis(code, kept, np.take_along_axis(coefficients, kept, axis=1), axis=1)
        codes[k] = PatchCode(code, mean + code @ components)
    return codes


def _drawn(X: Floats, rng: np.random.RandomState) -> Floats:
    """``X``, or ``MOST_PATCHES`` of its rows."""
    return X if len(X) <= MOST_PATCHES else X[rng.choice(len(X), MOST_PATCHES, replace=False)]
