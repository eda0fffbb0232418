"""How evenly receptive fields tile the sheet below, beside a plain grid of fields of the same size and random ones.

Coverage and topography do not see it: fields in clumps and strings cover a sheet and keep its order, and yet many say
the same. All measures are of the compact units alone, those with a radius below half that of the sheet; where there
are none, as in a network without a map, they are at their worst, or NaN where there is nothing to measure.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from tectum.analysis._checks import check_positions, check_table
from tectum.analysis.receptive_fields import (
    check_fields,
    field_centres,
    field_radius,
    fold_share,
    sheet_radius,
)

Floats = NDArray[np.float64]

CELLS = 10  # along the side of the square that is searched for cells without a centre
RIDGE = 1e-3  # of the mean square of a field
BISECTIONS = 24
COSINES = 64  # of which a smooth picture is the sum


class Evenness(NamedTuple):
    """How even a tiling is, beside grids of fields of the same mean radius and of as many at random places."""

    empty: float  # share of the cells of the sheet in which no field has its centre
    empty_grid: float
    rank: float  # effective rank of the fields
    rank_grid: float
    loss: float  # share of the variance of pictures that a reconstruction from the fields loses
    loss_grid: float
    loss_random: float
    loss_placed: float  # with round fields at the centres of the fields: what their places alone cost
    eccentricity: float  # mean of the fields; 0: round
    size_spread: float  # standard deviation of their radii over the mean
    folded: float  # share of the map that is turned over


def empty_cells(centres: ArrayLike, positions: ArrayLike, *, cells: int = CELLS) -> float:
    """Share of the cells of a square grid over a sheet in which no receptive field has its centre.

    Cells without nodes, such as in holes, do not count. Fields that are large compared with the sheet have no centre
    near its border, not even on a grid: see `Evenness.empty_grid`.

    Parameters
    ----------
    centres : array-like of shape (n_units, 2)
        From `field_centres`; may be empty.
    positions : array-like of shape (n_nodes, 2)
        Nodes of the sheet.
    cells : int, default=10
        Cells along a side.

    Returns
    -------
    float
        0 if there is a centre in each cell, 1 if there are no centres.

    Raises
    ------
    ValueError
        If the shapes do not match, or there is no cell.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum.analysis import tilings
    >>> nodes = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    >>> tilings.empty_cells(nodes[nodes[:, 0] < 10], nodes)
    0.5
    """
    X, m = check_positions("positions", positions), np.asarray(centres, dtype=np.float64).reshape(-1, 2)
    if cells < 1:
        raise ValueError(f"cells must be 1 or more, got {cells!r}; 10 is usual")
    low, extent = X.min(axis=0), np.ptp(X, axis=0).max()

    def cell_of(places: Floats) -> NDArray[np.int64]:
        index = np.clip((places - low) / (extent or 1.0) * cells, 0, cells - 1).astype(np.int64)
        return index[:, 0] * cells + index[:, 1]

    there = np.unique(cell_of(X))
    return float(np.mean(~np.isin(there, cell_of(m))))


def effective_rank(W: ArrayLike) -> float:
    """How many fields of different shape or place the fields amount to: participation ratio of their singular values.

    ``(sum_k s_k^2)^2 / sum_k s_k^4``, s the singular values of the fields as shares of each unit's weight.

    Parameters
    ----------
    W : array-like of shape (n_units, n_nodes)
        Weights of 0 or more, some above 0 in each row.

    Returns
    -------
    float
        From 1, if all are alike, to the number of units, if none overlap.

    Raises
    ------
    ValueError
        If a weight is negative or a unit has none.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum.analysis import tilings
    >>> tilings.effective_rank(np.repeat(np.eye(4), 3, axis=0))
    4.0
    """
    P = check_fields(W, np.zeros((np.shape(W)[-1], 2)))[0]
    gram = P @ P.T if len(P) <= P.shape[1] else P.T @ P
    return float(round(np.trace(gram) ** 2 / (gram**2).sum(), 9))


def reconstruction_loss(W: ArrayLike, images: ArrayLike) -> float:
    """Share of the variance of images that is lost in the means over receptive fields.

    Images are standardised, pooled, ``y = P x``, and reconstructed as the shortest image with these means but for a
    ridge of a thousandth of the mean square of a field, ``P^T (P P^T + lambda I)^-1 y``.

    Parameters
    ----------
    W : array-like of shape (n_units, n_nodes)
        As in `effective_rank`.
    images : array-like of shape (n_images, n_nodes)
        Values at the nodes; see `smooth_images` if there are none.

    Returns
    -------
    float
        0 if all comes back, 1 if nothing does.

    Raises
    ------
    ValueError
        If the shapes do not match, or all images are constant.
    """
    P = check_fields(W, np.zeros((np.shape(W)[-1], 2)))[0]
    X = check_table("images", images)
    if X.shape[1] != P.shape[1]:
        raise ValueError(f"images must have a column per node ({P.shape[1]}), got {X.shape[1]}; sample them there")
    X = X - X.mean(axis=1, keepdims=True)
    spread = X.std(axis=1, keepdims=True)
    if not (spread > 0.0).any():
        raise ValueError("images must vary over their nodes, got constant ones; pass others")
    X /= np.where(spread > 0.0, spread, 1.0)
    gram = P @ P.T
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    back = np.linalg.solve(gram, P @ X.T).T @ P
    return float(((X - back) ** 2).sum() / (X**2).sum())


def field_eccentricity(W: ArrayLike, positions: ArrayLike) -> Floats:
    """Eccentricity of receptive fields, ``sqrt(1 - b^2 / a^2)`` with the axes of their second moments.

    Parameters
    ----------
    W, positions
        As in `field_centres`.

    Returns
    -------
    ndarray of shape (n_units,)
        0 for a round field, towards 1 for a line.

    Raises
    ------
    ValueError
        As `field_centres`.
    """
    P, X = check_fields(W, positions)
    X = X - X.mean(axis=0)
    m = P @ X
    xx, yy = (P @ X**2 - m**2).T
    xy = P @ (X[:, 0] * X[:, 1]) - m[:, 0] * m[:, 1]
    mean, half = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    largest = mean + half
    return np.sqrt(np.clip(2.0 * half / np.where(largest > 0.0, largest, 1.0), 0.0, 1.0))


def grid_centres(n: int, positions: ArrayLike) -> Floats:
    """Places on a square lattice inside a sheet, also one with holes, as near to a number as a lattice comes.

    Parameters
    ----------
    n : int
        Number of places, 1 or more.
    positions : array-like of shape (n_nodes, 2)

    Returns
    -------
    ndarray of shape (about n, 2)

    Raises
    ------
    ValueError
        If the number is below 1.
    """
    X = check_positions("positions", positions)
    if n < 1:
        raise ValueError(f"n must be 1 or more, got {n!r}; pass the number of units")
    low, high, tree = X.min(axis=0), X.max(axis=0), cKDTree(X)
    near = np.median(tree.query(X, min(2, len(X)))[0].reshape(len(X), -1)[:, -1])
    extent = high - low + near  # nodes stand in the middle of their cells
    best = X.mean(axis=0, keepdims=True)
    for spacing in np.sqrt(extent.prod() / n) * np.linspace(0.4, 1.2, 61):
        for more in (-1, 0, 1):  # rows, so that any number is near
            counts = np.maximum(1, np.rint(extent / spacing).astype(int) + np.array([0, more]))
            axes = [a - 0.5 * near + (np.arange(k) + 0.5) * e / k for a, k, e in zip(low, counts, extent, strict=True)]
            found = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
            found = found[tree.query(found)[0] < max(0.5 * spacing, near)]
            best = found if abs(len(found) - n) < abs(len(best) - n) else best
    return best


def round_fields(centres: ArrayLike, positions: ArrayLike, radius: float) -> Floats:
    """Gaussian fields of one width around given places, cut at the border of the sheet, with a given mean radius.

    Parameters
    ----------
    centres : array-like of shape (n_units, 2)
    positions : array-like of shape (n_nodes, 2)
    radius : float
        Mean of their root mean square radii.

    Returns
    -------
    ndarray of shape (n_units, n_nodes)
        Rows add up to 1.

    Raises
    ------
    ValueError
        If the shapes do not match or the radius is not above 0.
    """
    X, m = check_positions("positions", positions), check_positions("centres", centres)
    if not radius > 0.0:
        raise ValueError(f"radius must be above 0, got {radius!r}; pass the mean of field_radius")
    D2 = cdist(m, X, "sqeuclidean")
    D2 -= D2.min(axis=1, keepdims=True)
    low, high = 1e-3 * radius, 1e3 * radius
    for _ in range(BISECTIONS):
        width = np.sqrt(low * high)
        P = np.exp(-D2 / (2.0 * width**2))
        low, high = (width, high) if field_radius(P, X).mean() < radius else (low, width)
    shares: Floats = P / P.sum(axis=1, keepdims=True)
    return shares


def smooth_images(positions: ArrayLike, n_images: int = 100, *, random_state: int = 0) -> Floats:
    """Pictures with the spectrum of natural images, amplitude over frequency, at the nodes of a sheet.

    Parameters
    ----------
    positions : array-like of shape (n_nodes, 2)
    n_images : int, default=100
    random_state : int, default=0

    Returns
    -------
    ndarray of shape (n_images, n_nodes)
        Sums of cosines of 1/2 to 8 periods over the extent of the sheet.

    Raises
    ------
    ValueError
        If the shape is wrong.
    """
    X = check_positions("positions", positions)
    X = (X - X.min(axis=0)) / (np.ptp(X, axis=0).max() or 1.0)
    draw = np.random.default_rng(random_state)
    frequency = 0.5 * 16.0 ** draw.random((n_images, COSINES))  # even over octaves: power 1 / f^2 in two dimensions
    angle, phase = draw.uniform(0.0, 2.0 * np.pi, (2, n_images, COSINES))
    along = 2.0 * np.pi * frequency
    images = np.empty((n_images, len(X)))
    for k in range(n_images):
        x = np.outer(along[k] * np.cos(angle[k]), X[:, 0]) + np.outer(along[k] * np.sin(angle[k]), X[:, 1])
        images[k] = np.cos(x + phase[k, :, np.newaxis]).sum(axis=0)
    return images


def evenness(
    W: ArrayLike, positions: ArrayLike, units: ArrayLike, images: ArrayLike | None = None, *, random_state: int = 0
) -> Evenness:
    """How evenly the compact units tile the sheet below, beside a grid and random places of fields as large.

    Parameters
    ----------
    W, positions
        As in `field_centres`.
    units : array-like of shape (n_units, 2)
        Places of the units on their own sheet.
    images : array-like of shape (n_images, n_nodes) or None, default=None
        Pictures that are reconstructed; None is `smooth_images`.
    random_state : int, default=0
        Of the random places, and of smooth images.

    Returns
    -------
    Evenness
        Without three compact units all cells are empty, the rank is 0, all variance is lost, and the rest is NaN.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> import numpy as np
    >>> from tectum.analysis import tilings
    >>> nodes = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    >>> centres = tilings.grid_centres(49, nodes)
    >>> found = tilings.evenness(tilings.round_fields(centres, nodes, 2.5), nodes, centres)
    >>> bool(abs(found.rank / found.rank_grid - 1.0) < 0.01)
    True
    """
    table, X, Y = check_table("W", W), check_positions("positions", positions), check_positions("units", units)
    radii = field_radius(table, X)
    if len(Y) != len(table):
        raise ValueError(f"units must have a row per unit of W ({len(table)}), got {len(Y)}; pass those of its sheet")
    compact = radii < 0.5 * sheet_radius(X)
    shown = smooth_images(X, random_state=random_state) if images is None else images
    n, radius = len(table), float(radii[compact].mean()) if compact.any() else float(radii.mean())
    draw = np.random.default_rng(random_state)
    anywhere = X[draw.choice(len(X), n, replace=len(X) < n)]
    grid, random = (round_fields(places, X, radius) for places in (grid_centres(n, X), anywhere))
    rivals: dict[str, Any] = {
        "empty_grid": empty_cells(field_centres(grid, X), X),
        "rank_grid": effective_rank(grid),
        "loss_grid": reconstruction_loss(grid, shown),
        "loss_random": reconstruction_loss(random, shown),
    }
    if compact.sum() < 3:
        names = ("loss_placed", "eccentricity", "size_spread", "folded")
        return Evenness(empty=1.0, rank=0.0, loss=1.0, **rivals, **dict.fromkeys(names, float("nan")))
    fields = table[compact]
    centres = field_centres(fields, X)
    return Evenness(
        empty=empty_cells(centres, X),
        rank=effective_rank(fields),
        loss=reconstruction_loss(fields, shown),
        loss_placed=reconstruction_loss(round_fields(centres, X, radius), shown),
        eccentricity=float(field_eccentricity(fields, X).mean()),
        size_spread=float(radii[compact].std() / radius),
        folded=_folded(centres, Y[compact]),
        **rivals,
    )


def _folded(centres: Floats, units: Floats) -> float:
    """Share of a map that is turned over; NaN for units on one line."""
    spread = np.linalg.svd(units - units.mean(axis=0), compute_uv=False)
    return fold_share(centres, units) if spread[1] > 1e-6 * spread[0] else float("nan")
