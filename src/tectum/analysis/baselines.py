"""What a map is measured against: Kohonen's self-organising map, and rules for streams, as rate models.

A *rule* says how far each neuron moves towards a sample. ``gains = rule(squared)``, with the squared distances on the
grid (n_units, n_units), starts it; ``gains(share, costs)`` are then the shares of the way to a sample that the neurons
go (n_units,), with the share of the updates that are done (0 to 1) and the squared distances ``costs`` (n_units,)
of the sample to the codebook.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from tectum.analysis._checks import check_count, check_indices, check_shape, check_table
from tectum.analysis.map_grid import squared_distances

Gains = Callable[[float, NDArray[np.float64]], NDArray[np.float64]]
Rule = Callable[[NDArray[np.float64]], Gains]


def kohonen_codebook(
    X: ArrayLike,
    shape: tuple[int, int],
    n_steps: int,
    random_state: Any = None,
    *,
    rates: tuple[float, float] = (0.5, 0.02),
    last_radius: float = 0.5,
) -> NDArray[np.float64]:
    """Codebook of a Kohonen map, learned online from samples drawn at random.

    ``w_j <- w_j + rate exp(-d_j^2 / (2 radius^2)) (x - w_j)`` with d_j the distance on the grid from neuron j to the
    nearest codebook row (Kohonen 1982). Rate and radius fall exponentially, the radius from half the longer side of the
    map.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Scale the features first where they should count alike.
    shape : tuple of int
        (rows, cols).
    n_steps : int
        Number of samples drawn, with replacement.
    random_state : int, RandomState or None, default=None
        Initial codebook and order of the samples.
    rates : tuple of float, default=(0.5, 0.02)
        At the start and at the end.
    last_radius : float, default=0.5
        Radius at the end, in units of the grid: at 0.5 neighbours move a seventh as far as the winner.

    Returns
    -------
    ndarray of shape (rows*cols, n_features)
        In the units of ``X``; rows start as samples drawn at random.

    Raises
    ------
    ValueError
        If ``X`` is not a finite 2-D array or ``n_steps`` not a positive integer.

    References
    ----------
    T. Kohonen, "Self-organized formation of topologically correct feature maps", Biological Cybernetics 43:59-69, 1982.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> kohonen_codebook(X, (4, 4), 1000, random_state=0).shape
    (16, 2)
    """
    X = check_table("X", X)
    if not isinstance(n_steps, (int, np.integer)) or n_steps < 1:
        raise ValueError(f"n_steps must be a positive integer, got {n_steps!r}; 10,000 suit a map of 100 neurons")
    squared = squared_distances(shape)
    rng = check_random_state(random_state)
    codebook = X[rng.randint(len(X), size=len(squared))]
    order = rng.randint(len(X), size=n_steps)
    share = np.linspace(0.0, 1.0, n_steps)
    first_radius = max(last_radius, max(check_shape(shape)) / 2)
    rate_of = rates[0] * (rates[1] / rates[0]) ** share
    widths = 2.0 * (first_radius * (last_radius / first_radius) ** share) ** 2
    for sample, rate, width in zip(order, rate_of, widths, strict=True):
        towards = X[sample] - codebook
        winner = np.einsum("jd,jd->j", towards, towards).argmin()
        codebook += rate * np.exp(-squared[winner] / width)[:, np.newaxis] * towards
    return codebook


def online_codebooks(
    X: ArrayLike,
    shape: tuple[int, int],
    rule: Rule,
    *,
    n_updates: int = 2,
    times: ArrayLike | None = None,
    random_state: Any = None,
) -> NDArray[np.float64]:
    """Codebooks of a map that learns a stream in its order, once through.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Samples in the order of the stream.
    shape : tuple of int
        (rows, cols).
    rule : callable
        `constant_rule`, `annealed_rule`, `metaplastic_rule`, `conscience_rule` or `dynamic_rule`, called with their
        parameters, or one of your own, see the module.
    n_updates : int, default=2
        Updates in a row with each sample.
    times : array-like of int, optional
        Numbers of samples after which the codebook is kept, rising; the end by default.
    random_state : int, RandomState or None, default=None
        Draws the samples that the codebook starts from, of the whole stream.

    Returns
    -------
    ndarray of shape (n_times, rows*cols, n_features)

    Raises
    ------
    ValueError
        If ``X`` is not a finite 2-D array, or ``times`` are outside the stream.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> online_codebooks(X, (3, 3), constant_rule(), times=[50, 100, 200], random_state=0).shape
    (3, 9, 2)
    """
    X = check_table("X", X)
    n_updates = check_count("n_updates", n_updates)
    kept = [len(X)] if times is None else check_indices("times", times, len(X) + 1).tolist()
    squared = squared_distances(shape)
    codebook = X[check_random_state(random_state).randint(len(X), size=len(squared))]
    gains = rule(squared)
    snapshots = {0: codebook.copy()}
    for k, x in enumerate(np.repeat(X[: max(kept, default=0)], n_updates, axis=0), start=1):
        towards = x - codebook
        costs = np.einsum("jd,jd->j", towards, towards)
        codebook += gains((k - 1) / (len(X) * n_updates), costs)[:, np.newaxis] * towards
        if k % n_updates == 0 and k // n_updates in kept:
            snapshots[k // n_updates] = codebook.copy()
    return np.stack([snapshots[time] for time in kept])


def constant_rule(*, rate: float = 0.05, radius: float = 1.2) -> Rule:
    """Constant rate and radius: Kohonen's rule without a schedule.

    Parameters
    ----------
    rate : float, default=0.05
        Share of the way to the sample that the winner goes.
    radius : float, default=1.2
        Standard deviation of the Gaussian neighbourhood, in units of the grid.

    Returns
    -------
    callable
        Rule for `online_codebooks`.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> online_codebooks(X, (3, 3), constant_rule(rate=0.1), random_state=0).shape
    (1, 9, 2)
    """

    def start(squared: NDArray[Any]) -> Gains:
        reach = rate * np.exp(-squared / (2.0 * radius**2))
        return lambda share, costs: reach[costs.argmin()]

    return start


def annealed_rule(*, rates: tuple[float, float] = (0.3, 0.02), radii: tuple[float, float] = (3.0, 0.5)) -> Rule:
    """Rate and radius that fall exponentially over the stream.

    Parameters
    ----------
    rates : tuple of float, default=(0.3, 0.02)
        At the start and at the end.
    radii : tuple of float, default=(3.0, 0.5)
        Of the Gaussian neighbourhood at the start and at the end, in units of the grid.

    Returns
    -------
    callable
        Rule for `online_codebooks`.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> online_codebooks(X, (3, 3), annealed_rule(), random_state=0).shape
    (1, 9, 2)
    """

    def start(squared: NDArray[Any]) -> Gains:
        def gains(share: float, costs: NDArray[Any]) -> NDArray[Any]:
            rate, radius = (first * (last / first) ** share for first, last in (rates, radii))
            return rate * np.exp(-squared[costs.argmin()] / (2.0 * radius**2))

        return gains

    return start


def metaplastic_rule(*, rate: float = 0.2, uses: float = 20.0, decay: float = 1e-4, radius: float = 1.2) -> Rule:
    """Rate that falls with a neuron's own use, ``rate / (1 + n / uses) h`` with ``n <- (1 - decay) n + h``.

    Parameters
    ----------
    rate : float, default=0.2
        Rate of a neuron that was never used.
    uses : float, default=20.0
        Use at which the rate has halved.
    decay : float, default=1e-4
        Share of the use that is forgotten per update.
    radius : float, default=1.2
        Standard deviation of the Gaussian neighbourhood h, in units of the grid.

    Returns
    -------
    callable
        Rule for `online_codebooks`.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> online_codebooks(X, (3, 3), metaplastic_rule(), random_state=0).shape
    (1, 9, 2)
    """

    def start(squared: NDArray[Any]) -> Gains:
        neighbourhoods, used = np.exp(-squared / (2.0 * radius**2)), np.zeros(len(squared))

        def gains(share: float, costs: NDArray[Any]) -> NDArray[Any]:
            h = neighbourhoods[costs.argmin()]
            moves = rate / (1.0 + used / uses) * h
            used[:] = (1.0 - decay) * used + h
            return moves

        return gains

    return start


def conscience_rule(*, rate: float = 0.05, radius: float = 1.2, tau: float = 200.0, strength: float = 3.0) -> Rule:
    """Constant rule in which neurons that won often step back (DeSieno 1988).

    The winner has the least ``|x - w_i|^2 - strength (1 / n_units - p_i)``, with p_i the running share of wins.

    Parameters
    ----------
    rate, radius : float
        As in `constant_rule`.
    tau : float, default=200.0
        Time constant of the share of wins, in updates.
    strength : float, default=3.0
        Squared distance by which a neuron with all the wins is held back; the others by their shares of it.

    Returns
    -------
    callable
        Rule for `online_codebooks`.

    References
    ----------
    D. DeSieno, "Adding a conscience to competitive learning", IEEE International Conference on Neural Networks 1988.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> online_codebooks(X, (3, 3), conscience_rule(), random_state=0).shape
    (1, 9, 2)
    """

    def start(squared: NDArray[Any]) -> Gains:
        reach = rate * np.exp(-squared / (2.0 * radius**2))
        wins = np.full(len(squared), 1.0 / len(squared))

        def gains(share: float, costs: NDArray[Any]) -> NDArray[Any]:
            winner = (costs + strength * wins).argmin()
            wins[:] *= 1.0 - 1.0 / tau
            wins[winner] += 1.0 / tau
            return reach[winner]

        return gains

    return start


def dynamic_rule(*, rate: float = 0.1, elasticity: float = 1.0) -> Rule:
    """Neighbourhood and rate that follow the distance to the sample: DSOM (Rougier & Boniface 2011).

    ``dw_i = rate |x - w_i| exp(-|p_i - p_win|^2 / (elasticity^2 |x - w_win|^2)) (x - w_i)``, with distances on the
    grid as shares of its diagonal.

    Parameters
    ----------
    rate : float, default=0.1
    elasticity : float, default=1.0
        Larger values tie neighbours together more tightly.

    Returns
    -------
    callable
        Rule for `online_codebooks`.

    Notes
    -----
    Distances of samples count as they are, in units in which 1 is large; scale the samples.

    References
    ----------
    N. P. Rougier, Y. Boniface, "Dynamic self-organising map", Neurocomputing 74:1840-1847, 2011.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> online_codebooks(X, (3, 3), dynamic_rule(), random_state=0).shape
    (1, 9, 2)
    """

    def start(squared: NDArray[Any]) -> Gains:
        on_grid = squared / max(squared.max(), 1.0)

        def gains(share: float, costs: NDArray[Any]) -> NDArray[Any]:
            winner = costs.argmin()
            width = max(elasticity**2 * costs[winner], np.finfo(float).tiny)
            return rate * np.sqrt(costs) * np.exp(-on_grid[winner] / width)

        return gains

    return start
