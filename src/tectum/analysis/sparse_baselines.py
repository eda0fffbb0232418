"""A dictionary learned with the locally competitive algorithm, the strongest baseline for sparse codes of images."""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import sparse_encode
from sklearn.utils import check_random_state

from tectum.analysis._checks import check_patches

Floats = NDArray[np.float64]

STEPS, BATCH = 400, 128  # of learning
SETTLING = 40  # steps of an analogue neuron
PACE = 0.1  # of a membrane, per step: dt / tau
PENALTY = 0.15  # threshold of the analogue neurons for patches of unit root mean square norm
ETA = 0.05  # learning rate of a component, over the mean square of its coefficient
REST = 0.05  # of the mean over all components, added to that of each so that rare ones do not move too far


class PatchCode(NamedTuple):
    """Codes of test patches and what they stand for.

    Examples
    --------
    >>> PatchCode(np.eye(2), np.eye(2)).code.shape
    (2, 2)
    """

    code: Floats  # (n_test, n_components) coefficients, 0 where a component is not used
    reconstruction: Floats  # (n_test, n_features) in the units of the patches


def lca_dictionary(X: ArrayLike, n_components: int, *, random_state: Any = None) -> Floats:
    """Components learned with the locally competitive algorithm (Rozell, Johnson, Baraniuk & Olshausen 2008).

    Membranes settle by ``tau du/dt = D x - u - (D D' - 1) a`` with soft thresholds ``a = T(u)``, then components follow
    ``a' (x - a D)``, each at a rate over the mean square of its own coefficient, and keep length 1 (Olshausen & Field
    1996).

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Training patches, not centred here.
    n_components : int
        Number of components.
    random_state : int, RandomState or None, default=None
        Start of the components and choice of the patches.

    Returns
    -------
    ndarray of shape (n_components, n_features)
        Components of length 1.

    Raises
    ------
    ValueError
        If X is not a finite 2-D array, or has fewer patches than components.

    Examples
    --------
    >>> patches = np.random.default_rng(0).normal(size=(200, 16))
    >>> lca_dictionary(patches, 8, random_state=0).shape
    (8, 16)
    """
    X, _, _ = check_patches(X, X, n_components, (1,))
    rng = check_random_state(random_state)
    norm = _length(X)
    D = _start(X, n_components, rng)
    for step in range(STEPS):
        x = X[rng.randint(len(X), size=BATCH)]
        drive, inhibition = x @ D.T, D @ D.T - np.eye(n_components)
        u = a = np.zeros_like(drive)
        for _ in range(SETTLING):
            u = u + PACE * (drive - u - a @ inhibition)
            a = np.sign(u) * np.maximum(np.abs(u) - PENALTY * norm, 0.0)
        used = np.square(a).mean(axis=0)
        eta = ETA * min(1.0, 2.0 * (1.0 - step / STEPS))
        D = _unit(D + eta * (a.T @ (x - a @ D)) / BATCH / (used[:, None] + REST * used.mean() + 1e-30))
    return D


def lca_codes(
    X: ArrayLike,
    X_test: ArrayLike,
    n_components: int,
    *,
    n_active: Sequence[int] = (1, 2, 3),
    random_state: Any = None,
) -> dict[int, PatchCode]:
    """Sparse coding with the dictionary of `lca_dictionary`, test patches by orthogonal matching pursuit.

    Parameters
    ----------
    X, X_test, n_components, n_active
        As in `dictionary_codes`.
    random_state : int, RandomState or None, default=None
        As in `lca_dictionary`.

    Returns
    -------
    dict of int to PatchCode
        By number of coefficients.

    Raises
    ------
    ValueError
        As `kmeans_codes`.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((60, 6))
    >>> sorted(lca_codes(X[:40], X[40:], 4, n_active=(1, 2), random_state=0))
    [1, 2]
    """
    X, X_test, n_active = check_patches(X, X_test, n_components, n_active)
    D = lca_dictionary(X, n_components, random_state=random_state)
    return pursued(X_test, D, n_active)


def pursued(X: Floats, D: Floats, n_active: Sequence[int]) -> dict[int, PatchCode]:
    """Codes of patches by orthogonal matching pursuit, with each number of components that there are."""
    codes = {}
    for k in (k for k in n_active if k <= min(D.shape)):
        with warnings.catch_warnings():  # fewer describe a patch exactly
            warnings.filterwarnings("ignore", "Orthogonal matching pursuit ended prematurely", RuntimeWarning)
            code = sparse_encode(X, D, algorithm="omp", n_nonzero_coefs=k)
        codes[k] = PatchCode(code, code @ D)
    return codes


def _length(X: Floats) -> float:
    """Root mean square length of patches."""
    return float(np.sqrt(np.square(X).sum(axis=1).mean()))


def _start(X: Floats, n_components: int, rng: np.random.RandomState) -> Floats:
    """Patches drawn at random with noise, of length 1."""
    noise = 0.05 * _length(X) / np.sqrt(X.shape[1])
    drawn = X[rng.choice(len(X), n_components, replace=False)]
    return _unit(drawn + noise * rng.standard_normal(drawn.shape))


def _unit(D: Floats) -> Floats:
    return D / np.maximum(np.linalg.norm(D, axis=1, keepdims=True), 1e-30)
