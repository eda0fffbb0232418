"""How much of the input a code keeps: errors of reconstructions, and of the predictors any code has to beat.

One row is one patch of an image, flattened. Where input was split into ON and OFF channels, pass rows joined again
(ON minus OFF), so that the numbers are those of the signal.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.analysis._checks import check_table

Average = Literal["patch", "global"]

# A row whose range is below this share of its largest absolute value counts as constant: rounding, no structure
VARIES = 1e-12


def reconstruction_error(X: ArrayLike, X_hat: ArrayLike, *, average: Average = "patch") -> float:
    """Root mean square difference between patches and their reconstructions.

    ``"patch"``: ``mean_m sqrt(mean_i (x_mi - x^_mi)^2)``, the mean error of a patch; ``"global"``:
    ``sqrt(mean_mi (x_mi - x^_mi)^2)``, never smaller. A silent patch counts with the reconstruction it is given.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Patches.
    X_hat : array-like of shape (n_samples, n_features)
        Their reconstructions, in the units of ``X``.
    average : {"patch", "global"}, default="patch"
        Mean over the errors of patches, or root of the mean over patches and pixels.

    Returns
    -------
    float
        In the units of ``X``.

    Raises
    ------
    ValueError
        If the arrays are not finite 2-D arrays of one shape, or ``average`` is unknown.

    References
    ----------
    A. Fois, B. Girau, "Enhanced representation learning with temporal coding in sparsely spiking neural networks",
    Frontiers in Computational Neuroscience 17:1250908, 2023 (the mean error of a patch).

    Examples
    --------
    >>> round(reconstruction_error([[0.0, 1.0]], [[0.0, 0.5]]), 3)
    0.354
    """
    X, X_hat = _check_pair(X, X_hat)
    _check_average(average)
    squared = np.square(X - X_hat).mean(axis=1)
    return float(np.sqrt(squared).mean() if average == "patch" else np.sqrt(squared.mean()))


def reconstruction_correlation(X: ArrayLike, X_hat: ArrayLike) -> float:
    """Mean Pearson correlation of patches with their reconstructions: blind to gain and offset of each patch.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Patches.
    X_hat : array-like of shape (n_samples, n_features)
        Their reconstructions.

    Returns
    -------
    float
        Over the patches where both the patch and its reconstruction vary; NaN when there is none.

    Raises
    ------
    ValueError
        If the arrays are not finite 2-D arrays of one shape.

    Examples
    --------
    >>> round(reconstruction_correlation([[0.0, 1.0], [1.0, 0.0]], [[0.1, 0.8], [0.9, 0.2]]), 3)
    1.0
    """
    X, X_hat = _check_pair(X, X_hat)
    both = _varies(X) & _varies(X_hat)
    if not both.any():
        return float("nan")
    a, b = (table[both] - table[both].mean(axis=1, keepdims=True) for table in (X, X_hat))
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.mean(np.einsum("mi,mi->m", a, b) / norms))


def trivial_errors(X: ArrayLike, *, reference: ArrayLike, average: Average = "patch") -> dict[str, float]:
    """Errors of predictors without a code: print them beside every reconstruction error.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Patches to predict.
    reference : array-like of shape (n_reference, n_features)
        Training patches, which give the mean patch.
    average : {"patch", "global"}, default="patch"
        As in `reconstruction_error`.

    Returns
    -------
    dict
        ``all_zero``: predict 0 everywhere; ``mean_patch``: predict the mean of ``reference`` for every patch;
        ``per_patch_mean``: predict the patch's own mean everywhere, one real number per patch. In the units of ``X``.

    Raises
    ------
    ValueError
        If the arrays are not finite 2-D arrays with as many features, or ``average`` is unknown.

    Examples
    --------
    >>> {name: round(float(error), 2) for name, error in trivial_errors([[0, 1]], reference=[[0, 0], [1, 1]]).items()}
    {'all_zero': 0.71, 'mean_patch': 0.5, 'per_patch_mean': 0.5}
    """
    X, reference = check_table("X", X), check_table("reference", reference)
    if X.shape[1] != reference.shape[1]:
        raise ValueError(
            f"reference must have the {X.shape[1]} features of X, got {reference.shape[1]}; pass training patches of "
            "the same size"
        )
    predictions = {
        "all_zero": np.zeros(1),
        "mean_patch": reference.mean(axis=0),
        "per_patch_mean": X.mean(axis=1, keepdims=True),
    }
    return {
        name: reconstruction_error(X, np.broadcast_to(prediction, X.shape), average=average)
        for name, prediction in predictions.items()
    }


def _varies(table: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows are not constant."""
    return np.ptp(table, axis=1) > VARIES * np.abs(table).max(axis=1)


def _check_pair(X: ArrayLike, X_hat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both arrays as finite tables of one shape."""
    X, X_hat = check_table("X", X), check_table("X_hat", X_hat)
    if X.shape != X_hat.shape:
        raise ValueError(
            f"X_hat must have the shape of X, {X.shape}, got {X_hat.shape}; pass one reconstruction per patch"
        )
    return X, X_hat


def _check_average(average: str) -> None:
    """Raise unless ``average`` names a way to average."""
    if average not in ("patch", "global"):
        raise ValueError(f"average must be 'patch' or 'global', got {average!r}; 'patch' takes the mean over patches")
