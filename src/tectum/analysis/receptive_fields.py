"""How far sheets have organised themselves: receptive fields, how they tile the sheet below, and their topography.

Weights W have shape (n_post, n_pre), positions (n, 2). With P_ji = W_ji / sum_i W_ji the receptive field of a unit is
the distribution P_j over the nodes of the sheet below.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import Delaunay
from scipy.spatial.distance import pdist

from tectum.analysis._checks import check_positions, check_same_length, check_table

CUT = 0.1  # of a weight of mean 2.5, above which its node belongs to the support; the authors' own


class Tiling(NamedTuple):
    """How the receptive fields of compact units tile the sheet below.

    Examples
    --------
    >>> nodes = np.random.default_rng(0).random((30, 2))
    >>> tiling(np.ones((4, 30)), nodes).compact
    0.0
    """

    compact: float  # share of the units with a radius below half that of the sheet
    coverage: float  # share of the nodes below in the support of at least one of them
    overlap: float  # mean number of them over a node
    evenness: float  # its standard deviation over its mean
    spread: float  # standard deviation of their centres over that of the nodes


def field_centres(W: ArrayLike, positions: ArrayLike) -> NDArray[np.float64]:
    """Centres of receptive fields, ``m_j = sum_i P_ji X_i``.

    Parameters
    ----------
    W : array-like of shape (n_post, n_pre)
        Weights of 0 or more.
    positions : array-like of shape (n_pre, 2)

    Returns
    -------
    ndarray of shape (n_post, 2)
        In the unit of the positions.

    Raises
    ------
    ValueError
        If a weight is negative, a unit has none above 0, or the shapes do not match.

    Examples
    --------
    >>> field_centres([[1, 1, 0, 0]], [[0, 0], [0, 1], [1, 0], [1, 1]])
    array([[0. , 0.5]])
    """
    P, X = check_fields(W, positions)
    return P @ X


def field_radius(W: ArrayLike, positions: ArrayLike) -> NDArray[np.float64]:
    """Root mean square radius of receptive fields, ``r_j^2 = sum_i P_ji |X_i - m_j|^2``.

    Parameters
    ----------
    W, positions
        As in `field_centres`.

    Returns
    -------
    ndarray of shape (n_post,)

    Raises
    ------
    ValueError
        As `field_centres`.

    Examples
    --------
    >>> field_radius([[1, 1, 0, 0]], [[0, 0], [0, 1], [1, 0], [1, 1]])
    array([0.5])
    """
    P, X = check_fields(W, positions)
    X = X - X.mean(axis=0)
    return np.sqrt(np.maximum(P @ (X**2).sum(axis=1) - ((P @ X) ** 2).sum(axis=1), 0.0))


def sheet_radius(positions: ArrayLike) -> float:
    """Root mean square distance of nodes from their centre.

    Parameters
    ----------
    positions : array-like of shape (n, 2)

    Returns
    -------
    float

    Examples
    --------
    >>> round(sheet_radius([[0, 0], [0, 1], [1, 0], [1, 1]]), 3)
    0.707
    """
    X = check_positions("positions", positions)
    return float(np.sqrt(X.var(axis=0).sum()))


def compactness(W: ArrayLike, positions: ArrayLike) -> NDArray[np.float64]:
    """``1 - r_j^2 / R^2`` with the radii of the fields and of the sheet: 0 for a uniform field, 1 for a point.

    Parameters
    ----------
    W, positions
        As in `field_centres`.

    Returns
    -------
    ndarray of shape (n_post,)

    Raises
    ------
    ValueError
        As `field_centres`.

    Examples
    --------
    >>> nodes = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> compactness([[1, 0, 0, 0], [1, 1, 1, 1]], nodes)
    array([1., 0.])
    """
    return 1.0 - (field_radius(W, positions) / sheet_radius(positions)) ** 2


def effective_inputs(W: ArrayLike) -> NDArray[np.float64]:
    """Number of nodes that a receptive field amounts to, ``1 / sum_i P_ji^2``.

    Parameters
    ----------
    W : array-like of shape (n_post, n_pre)

    Returns
    -------
    ndarray of shape (n_post,)
        n_pre for a uniform field.

    Raises
    ------
    ValueError
        As `field_centres`.

    Examples
    --------
    >>> effective_inputs([[1, 0, 0, 0], [1, 1, 1, 1]])
    array([1., 4.])
    """
    return 1.0 / (_check_weights(W) ** 2).sum(axis=1)


def tiling(W: ArrayLike, positions: ArrayLike, *, cut: float = CUT) -> Tiling:
    """How the receptive fields of the compact units, those below half the radius of the sheet, tile it.

    Parameters
    ----------
    W, positions
        As in `field_centres`.
    cut : float, default=0.1
        Weight above which a node belongs to the support of a unit.

    Returns
    -------
    Tiling
        Overlap, evenness and spread are NaN without compact units.

    Raises
    ------
    ValueError
        As `field_centres`.

    Examples
    --------
    >>> nodes = np.random.default_rng(0).random((30, 2))
    >>> near = np.exp(-((nodes[:, None] - nodes[None]) ** 2).sum(axis=2) / 0.01)
    >>> round(tiling(near, nodes).coverage, 2)
    1.0
    """
    table, X = check_table("W", W), check_positions("positions", positions)
    compact = field_radius(table, X) < 0.5 * sheet_radius(X)
    if not compact.any():
        return Tiling(0.0, 0.0, float("nan"), float("nan"), float("nan"))
    over = (table[compact] > cut).sum(axis=0)
    centres = field_centres(table[compact], X)
    mean = float(over.mean())
    return Tiling(
        compact=float(compact.mean()),
        coverage=float((over > 0).mean()),
        overlap=mean,
        evenness=float(over.std() / mean) if mean > 0.0 else float("nan"),
        spread=float(np.sqrt(centres.var(axis=0).sum()) / sheet_radius(X)),
    )


def sheet_topography(centres: ArrayLike, positions: ArrayLike) -> float:
    """Correlation between distances of receptive fields and distances of their units, over all pairs of units.

    Turning or mirroring a map does not change it. A fold shows as 0.5 to 0.7. Before fields are compact it means
    little: tiny shifts of their centres correlate, too.

    Parameters
    ----------
    centres : array-like of shape (n, 2)
        From `field_centres`.
    positions : array-like of shape (n, 2)
        Of the units on their own sheet.

    Returns
    -------
    float
        1 for a map without distortion, 0 for no order; NaN if there is nothing to compare.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> places = np.random.default_rng(0).random((20, 2))
    >>> round(sheet_topography(2 * places, places), 2)
    1.0
    """
    m, Y = check_positions("centres", centres), check_positions("positions", positions)
    check_same_length(centres=m, positions=Y)
    distances = pdist(m), pdist(Y)
    if len(m) < 3 or min(np.ptp(d) for d in distances) == 0.0:
        return float("nan")
    return float(np.corrcoef(*distances)[0, 1])


def affine_fit(targets: ArrayLike, sources: ArrayLike) -> float:
    """Share of the variance of positions that an affine map from other positions explains (R^2).

    With the centres of receptive fields and the positions of their units it says how straight a map is; with the
    centres of waves below and above at the same times, how well the upper follow the lower.

    Parameters
    ----------
    targets, sources : array-like of shape (n, 2)

    Returns
    -------
    float
        At most 1; NaN if the targets do not vary.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> places = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> affine_fit([[2, 5], [2, 7], [4, 5], [4, 7]], places)
    1.0
    """
    m, Y = check_positions("targets", targets), check_positions("sources", sources)
    check_same_length(targets=m, sources=Y)
    total = ((m - m.mean(axis=0)) ** 2).sum()
    if total == 0.0:
        return float("nan")
    design = np.column_stack([Y, np.ones(len(Y))])
    rest = m - design @ np.linalg.lstsq(design, m, rcond=None)[0]
    return float(1.0 - (rest**2).sum() / total)


def fold_share(centres: ArrayLike, positions: ArrayLike) -> float:
    """Share of a map that is turned over against the rest: 0 without a fold, towards 1/2 without order.

    The positions of the units are joined to triangles (Delaunay). Between their units and the centres of their fields
    a triangle keeps its orientation where the map is straight, turned or mirrored as a whole; at a fold it changes.

    Parameters
    ----------
    centres, positions : array-like of shape (n, 2)
        As in `sheet_topography`; three units or more that are not on one line.

    Returns
    -------
    float
        Share of the triangles with the rarer orientation, in units of their area on the sheet of the units.

    Raises
    ------
    ValueError
        If the shapes do not match, or the units are on one line.

    Examples
    --------
    >>> places = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> fold_share(places, places)
    0.0
    """
    m, Y = check_positions("centres", centres), check_positions("positions", positions)
    check_same_length(centres=m, positions=Y)
    if len(Y) < 3 or np.linalg.matrix_rank(Y - Y.mean(axis=0), tol=1e-9 * max(1.0, float(np.ptp(Y)))) < 2:
        raise ValueError(
            f"positions must hold three units or more that are not on one line, got {len(Y)} of them; use "
            "sheet_topography instead"
        )
    triangles = Delaunay(Y).simplices
    area, image = _signed_area(Y[triangles]), _signed_area(m[triangles])
    kept = float(np.abs(area[area * image > 0.0]).sum() / np.abs(area).sum())
    turned = float(np.abs(area[area * image < 0.0]).sum() / np.abs(area).sum())
    return min(kept, turned)


def _check_weights(W: ArrayLike) -> NDArray[np.float64]:
    """Weights as shares of each unit's sum."""
    table = check_table("W", W)
    sums = table.sum(axis=1, keepdims=True)
    if table.min() < 0.0 or sums.min() <= 0.0:
        raise ValueError(
            f"W must hold weights of 0 or more, some above 0 in each row, got a minimum of {table.min():g} and a "
            f"smallest sum of {sums.min():g}; leave such units out"
        )
    return table / sums


def check_fields(W: ArrayLike, positions: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of the weights, and positions of the nodes they come from."""
    P, X = _check_weights(W), check_positions("positions", positions)
    if P.shape[1] != len(X):
        raise ValueError(
            f"W must have a column per position ({len(X)}), got {P.shape[1]}; pass the positions of the sheet below"
        )
    return P, X


def _signed_area(corners: NDArray[Any]) -> NDArray[np.float64]:
    """Areas of triangles (n, 3, 2), negative if clockwise."""
    a, b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return 0.5 * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
