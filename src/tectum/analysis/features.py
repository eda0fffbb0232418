"""Two-dimensional views of data or codebooks, as coordinates to plot."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from tectum.analysis._checks import check_table


def project_pca(X: ArrayLike, *, n_components: int = 2) -> NDArray[np.float64]:
    """Coordinates on the first principal components.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    n_components : int, default=2

    Returns
    -------
    ndarray of shape (n_samples, n_components)
        In the units of ``X``, centred. Components beyond min(n_samples, n_features) are 0, so that one feature or one
        sample can be plotted as well.

    Raises
    ------
    ValueError
        If ``X`` is not a finite 2-D array or ``n_components`` not a positive integer.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((40, 5))
    >>> project_pca(X).shape
    (40, 2)
    """
    X = check_table("X", X)
    if not isinstance(n_components, (int, np.integer)) or n_components < 1:
        raise ValueError(f"n_components must be a positive integer, got {n_components!r}; 2 suits a scatter plot")
    coordinates = np.zeros((len(X), n_components))
    if np.ptp(X, axis=0).any():
        known = min(n_components, *X.shape)
        coordinates[:, :known] = PCA(known, random_state=0).fit_transform(X)
    return coordinates


def project_tsne(X: ArrayLike, *, random_state: int | None = 0, perplexity: float | None = None) -> NDArray[np.float64]:
    """Two-dimensional t-SNE coordinates, started from the principal components (van der Maaten & Hinton 2008).

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    random_state : int or None, default=0
    perplexity : float or None, default=None
        Effective number of neighbours, below n_samples; None takes 30, or a third of the other samples where that is
        less.

    Returns
    -------
    ndarray of shape (n_samples, 2)
        Neighbourhoods are meaningful; distances between groups and sizes of groups are not. Zeros where all samples
        agree.

    Raises
    ------
    ValueError
        If ``X`` is not a finite 2-D array or ``perplexity`` is not in (0, n_samples).

    Examples
    --------
    >>> X = np.random.default_rng(0).random((20, 5))
    >>> project_tsne(X, perplexity=5).shape
    (20, 2)
    """
    X = check_table("X", X)
    if perplexity is not None and not 0 < perplexity < len(X):
        raise ValueError(
            f"perplexity must be above 0 and below n_samples = {len(X)}, got {perplexity!r}; None chooses a safe value"
        )
    start = project_pca(X)
    spread = start[:, 0].std()
    if spread == 0:
        return start
    if perplexity is None:
        perplexity = min(30.0, max(1.0, (len(X) - 1) / 3))
    start *= 1e-4 / spread  # small beside the final map, as t-SNE's early exaggeration expects
    return TSNE(init=start, random_state=random_state, perplexity=perplexity).fit_transform(X).astype(np.float64)
