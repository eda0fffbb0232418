"""Weights of samples: how often one is presented."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.core.random import integers, keys_of_rows

FINE = 2**32  # steps between 0 and 1
COPIES = np.uint64(0xFFFFFFFFFFFFFFFE)  # presentation number under which the copies of a sample are drawn


def checked_weights(given: Any, X: NDArray[Any], owner: str) -> NDArray[np.float64]:
    """Weights (n_samples,), all 1 for None; ValueError unless they are numbers of 0 or more, one per sample."""
    weights = np.ones(len(X)) if given is None else np.asarray(given, np.float64)
    if weights.shape != (len(X),) or not np.isfinite(weights).all() or (weights < 0.0).any():
        values = "" if weights.size == 0 else f", values from {weights.min()} to {weights.max()}"
        raise ValueError(
            f"{owner}: sample_weight must hold a finite number of 0 or more per sample, {len(X)} in all, "
            f"got shape {weights.shape}{values}; leave it out to weigh all alike"
        )
    if not weights.any():
        raise ValueError(
            f"{owner}: sample_weight must not be zero for every sample, got 0 for all {len(X)}; leave it out"
        )
    return weights


def lottery(seed: np.uint64, X: NDArray[Any], weights: NDArray[np.float64]) -> Callable[[int], Any]:
    """What gives the sample of presentation m, in proportion to the weights.

    Samples are put in an order that depends on their values alone, so that a sample of weight 2 is drawn in the same
    presentations as two copies of it.
    """
    order = np.argsort(keys_of_rows(X), kind="stable")
    order = order[weights[order] > 0.0]
    upto = np.cumsum(weights[order])

    def draw(m: int) -> Any:
        share = integers(seed, np.uint64(m), FINE) / FINE
        return order[min(np.searchsorted(upto, share * upto[-1], side="right"), len(order) - 1)]

    return draw


def distinct(X: NDArray[Any]) -> NDArray[Any]:
    """Each sample once, in an order that depends on their values alone, for what is derived from data."""
    return X[np.unique(keys_of_rows(X), return_index=True)[1]]


def copies(seed: np.uint64, weights: NDArray[np.float64], before: int) -> NDArray[np.intp]:
    """How often each sample of a stream is presented: its weight, rounded up or down at random, (n_samples,).

    `before` samples of the stream came earlier.
    """
    chance = [integers(seed ^ COPIES, np.uint64(before + k), FINE) / FINE for k in range(len(weights))]
    return np.floor(weights + np.asarray(chance)).astype(np.intp)
