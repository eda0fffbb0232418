"""Self-organising maps with a memory of the last inputs, as rate models to measure spiking maps with context against.

All learn online, in the order of the stream, with a rate and a radius that fall as in `annealed_rule`. A map is made
by `fit_temporal_map` and read by `temporal_winners`; both take the samples of a stream in their order.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from tectum.analysis._checks import check_count, check_indices, check_same_length, check_table
from tectum.analysis.baselines import annealed_rule
from tectum.analysis.map_grid import squared_distances


class PlainMap(NamedTuple):
    """No memory: Kohonen's map of the present input.

    Examples
    --------
    >>> PlainMap()
    PlainMap()
    """


class LeakyInput(NamedTuple):
    """Map of a running mean of the input, ``z <- (1 - a) z + a x``.

    Examples
    --------
    >>> LeakyInput(0.5).a
    0.5
    """

    a: float = 0.5  # share of the present input


class DelayTaps(NamedTuple):
    """Map of the present input side by side with earlier ones.

    Examples
    --------
    >>> DelayTaps((0, 1, 2)).lags
    (0, 1, 2)
    """

    lags: tuple[int, ...] = (0, 2)  # steps before the present


class TemporalKohonenMap(NamedTuple):
    """``V_i <- a V_i - |x - w_i|^2 / 2``, the largest V wins, weights move towards x (Chappell & Taylor 1993).

    Examples
    --------
    >>> TemporalKohonenMap(0.5).a
    0.5
    """

    a: float = 0.5  # share of V that is kept


class RecurrentMap(NamedTuple):
    """``y_i <- (1 - a) y_i + a (x - w_i)``, the shortest y wins, weights move by y (Varsta et al. 2001).

    Examples
    --------
    >>> RecurrentMap(0.5).a
    0.5
    """

    a: float = 0.3  # share of the present difference


class MergeMap(NamedTuple):
    """Distance to the input and to a context, which merges what the last winner preferred (Strickert & Hammer 2005).

    ``d_i = (1 - a) |x - w_i|^2 + a |c_i - C|^2`` with ``C = (1 - b) w_win + b c_win`` of the last winner; w and c move
    towards x and C.

    Examples
    --------
    >>> MergeMap(0.5, 0.5).b
    0.5
    """

    a: float = 0.4  # share of the context in the distance
    b: float = 0.5  # share of the older past in the context


TemporalModel = PlainMap | LeakyInput | DelayTaps | TemporalKohonenMap | RecurrentMap | MergeMap


class TemporalMap(NamedTuple):
    """A map that `fit_temporal_map` made.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((50, 2))
    >>> fit_temporal_map(X, (2, 2), RecurrentMap(0.5), random_state=0).model
    RecurrentMap(a=0.5)
    """

    model: TemporalModel
    codebook: NDArray[np.float64]  # (n_units, n_features), or more columns with delay taps
    context: NDArray[np.float64]  # (n_units, n_features), used by `MergeMap` only


def fit_temporal_map(
    X: ArrayLike, shape: tuple[int, int], model: TemporalModel, random_state: Any = None
) -> TemporalMap:
    """Learn a map with memory from a stream, once through.

    Parameters
    ----------
    X : array-like of shape (n_steps, n_features)
        Samples in the order of the stream.
    shape : tuple of int
        (rows, cols).
    model : PlainMap, LeakyInput, DelayTaps, TemporalKohonenMap, RecurrentMap or MergeMap
        Kind of memory and its parameters.
    random_state : int, RandomState or None, default=None
        Draws the samples that the codebook starts from.

    Returns
    -------
    TemporalMap

    Raises
    ------
    ValueError
        If ``X`` is not a finite 2-D array.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((100, 2))
    >>> fit_temporal_map(X, (3, 3), LeakyInput(0.5), random_state=0).codebook.shape
    (9, 2)
    """
    inputs = _remember(check_table("X", X), model)
    squared = squared_distances(shape)
    codebook = inputs[check_random_state(random_state).randint(len(inputs), size=len(squared))]
    learned = TemporalMap(model, codebook, np.zeros_like(codebook) + inputs.mean(axis=0))
    gains = annealed_rule()(squared)
    steps = _Steps(learned)
    for k, x in enumerate(inputs):
        costs, towards = steps.respond(x)
        steps.learn(gains(k / len(inputs), costs), towards)
    return learned


def temporal_winners(learned: TemporalMap, X: ArrayLike) -> NDArray[np.intp]:
    """Winners of a map with memory over a stream, without learning.

    Parameters
    ----------
    learned : TemporalMap
    X : array-like of shape (n_steps, n_features)
        Samples in the order of the stream, which starts without a past.

    Returns
    -------
    ndarray of int, shape (n_steps,)

    Raises
    ------
    ValueError
        If ``X`` is not a finite 2-D array.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((100, 2))
    >>> learned = fit_temporal_map(X, (3, 3), PlainMap(), random_state=0)
    >>> temporal_winners(learned, X[:5]).shape
    (5,)
    """
    steps = _Steps(learned)
    return np.array([steps.respond(x)[0].argmin() for x in _remember(check_table("X", X), learned.model)])


def temporal_quantization(
    winners: ArrayLike, positions: ArrayLike, n_positions: int, *, lags: ArrayLike = range(7)
) -> NDArray[np.float64]:
    """What a winner says of the past: spread of the stimulus some steps before, on a ring of places (Voegtlin 2002).

    Parameters
    ----------
    winners : array-like of int, shape (n_steps,)
        Winner at each step; -1 (no neuron fired) is left out.
    positions : array-like of shape (n_steps,)
        Place of the stimulus at each step, in units of the spacing of the places.
    n_positions : int
        Places on the ring.
    lags : array-like of int, default=0 to 6
        Steps between stimulus and winner.

    Returns
    -------
    ndarray of shape (n_lags,)
        Circular standard deviation in places, mean over neurons weighted by how often they win: 0 where the winner
        says all.

    Raises
    ------
    ValueError
        If the lengths differ or a lag is negative.

    References
    ----------
    T. Voegtlin, "Recursive self-organizing maps", Neural Networks 15:979-991, 2002.

    Examples
    --------
    >>> temporal_quantization([0, 0, 1, 1], [0, 0, 3, 3], n_positions=8, lags=[0, 1])
    array([0.        , 1.17650346])
    """
    winners = check_indices("winners", winners, np.iinfo(np.intp).max, start=-1)
    phasors = np.exp(2j * np.pi * np.asarray(positions, dtype=np.float64) / check_count("n_positions", n_positions))
    check_same_length(winners=winners, positions=phasors)
    spreads = []
    for lag in check_indices("lags", list(np.ravel(lags)), max(len(winners), 1)):
        later, earlier = winners[lag:], phasors[: len(phasors) - lag]
        later, earlier = later[later >= 0], earlier[later >= 0]
        wins = np.bincount(later)
        sums = np.bincount(later, earlier.real) + 1j * np.bincount(later, earlier.imag)
        used = wins > 0
        length = np.clip(np.abs(sums[used]) / wins[used], np.finfo(float).tiny, 1.0)
        spreads.append(np.average(np.sqrt(-2.0 * np.log(length)), weights=wins[used]) if used.any() else np.nan)
    return np.array(spreads) * n_positions / (2.0 * np.pi)


def _remember(X: NDArray[Any], model: TemporalModel) -> NDArray[np.float64]:
    """What the map sees of the stream (n_steps, n_inputs): the input, its running mean, or earlier ones beside it."""
    if isinstance(model, DelayTaps):
        steps = np.arange(len(X))
        return np.concatenate([X[np.maximum(steps - lag, 0)] for lag in model.lags], axis=1)
    if isinstance(model, LeakyInput):
        means = X.copy()
        for k in range(1, len(X)):
            means[k] = (1.0 - model.a) * means[k - 1] + model.a * X[k]
        return means
    return X


class _Steps:
    """The memory of a map while it goes through a stream."""

    def __init__(self, learned: TemporalMap) -> None:
        self.model, self.codebook, self.contexts = learned
        self.activity = np.zeros(len(self.codebook))  # V of `TemporalKohonenMap`
        self.differences = np.zeros_like(self.codebook)  # y of `RecurrentMap`
        self.context = self.contexts.mean(axis=0)  # C of `MergeMap`
        self.merged = np.zeros_like(self.contexts)  # C - c of `MergeMap`

    def respond(self, x: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Cost of each neuron (n_units,), of which the least wins, and where its weights would move (n_units, n)."""
        model, towards = self.model, x - self.codebook
        if isinstance(model, RecurrentMap):
            self.differences *= 1.0 - model.a
            self.differences += model.a * towards
            return _square(self.differences), self.differences
        costs = _square(towards)
        if isinstance(model, TemporalKohonenMap):
            self.activity = model.a * self.activity - 0.5 * costs
            return -self.activity, towards
        if isinstance(model, MergeMap):
            self.merged = self.context - self.contexts
            costs = (1.0 - model.a) * costs + model.a * _square(self.merged)
            winner = costs.argmin()
            self.context = (1.0 - model.b) * self.codebook[winner] + model.b * self.contexts[winner]
        return costs, towards

    def learn(self, gains: NDArray[Any], towards: NDArray[Any]) -> None:
        """Move weights, and contexts, by their gains (n_units,)."""
        self.codebook += gains[:, np.newaxis] * towards
        if isinstance(self.model, MergeMap):
            self.contexts += gains[:, np.newaxis] * self.merged


def _square(vectors: NDArray[Any]) -> NDArray[np.float64]:
    return np.einsum("jd,jd->j", vectors, vectors)
