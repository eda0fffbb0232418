"""Data sets, and how a map is scored: by its winners alone, so that spiking and other maps are measured in one way."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import MinMaxScaler

from tectum import SpikingSOM, analysis, datasets

SHAPE = (10, 10)
N_UNITS = SHAPE[0] * SHAPE[1]
TEST_FOLD = 1 / 3
N_IMAGES, N_TEST_IMAGES = 5000, 2000  # of MNIST

Floats = NDArray[np.float64]
Winners = NDArray[np.intp]


class Split(NamedTuple):
    """Samples to learn from and samples held out; labels serve the evaluation only."""

    X: Floats  # (n_train, n_features), scaled to 0..1
    y: NDArray[np.intp]  # (n_train,)
    X_test: Floats  # (n_test, n_features)
    y_test: NDArray[np.intp]  # (n_test,)


def square(seed: int) -> tuple[Floats, Floats]:
    """Training and test points, uniform on the unit square."""
    points = np.random.default_rng(10_000 + seed).random((2000, 2))
    return points[:1000], points[1000:]


def split(name: str, seed: int) -> Split:
    """Two thirds for training, features scaled to the training range; of MNIST 5,000 and 2,000 images."""
    draw = np.random.default_rng(seed)
    if name == "square":
        X, X_test = square(seed)
        return Split(X, np.zeros(len(X), int), X_test, np.zeros(len(X_test), int))
    if name == "mnist":
        parts = []
        for subset, n in (("train", N_IMAGES), ("test", N_TEST_IMAGES)):
            data = datasets.load("mnist", subset=subset)
            chosen = draw.permutation(len(data.data))[:n]
            parts += [np.asarray(data.data[chosen], float) / np.max(data.data), np.asarray(data.target[chosen])]
        return Split(*parts)
    data = datasets.load(name)
    order = draw.permutation(len(data.data))
    n_train = len(order) - round(len(order) * TEST_FOLD)
    train, test = order[:n_train], order[n_train:]
    if name == "digits":
        return Split(data.data[train] / 16, data.target[train], data.data[test] / 16, data.target[test])
    scale = MinMaxScaler().fit(data.data[train])
    return Split(
        scale.transform(data.data[train]), data.target[train], scale.transform(data.data[test]), data.target[test]
    )


def nearest(X: Floats, codebook: Floats) -> Winners:
    """Nearest row of the codebook."""
    return analysis.best_matching_units(X, codebook, k=1)[:, 0]


def accuracy(train: Winners, y: NDArray[Any], test: Winners, y_test: NDArray[Any], shape: Any = SHAPE) -> float:
    """Held-out accuracy of the majority labels of the training winners."""
    return analysis.label_accuracy(test, y_test, analysis.label_units(train, y, shape))


def means_won(X: Floats, winners: Winners, n_units: int = N_UNITS) -> Floats:
    """Mean of the samples that each neuron won (n_units, n_features); NaN where it won none."""
    means = np.full((n_units, X.shape[1]), np.nan)
    for unit in np.unique(winners[winners >= 0]):
        means[unit] = X[winners == unit].mean(axis=0)
    return means


def score(data: Split, train: Winners, first_two: Winners, shape: Any = SHAPE) -> dict[str, float]:
    """Scores of a map from its winners of the training samples and its first two of those held out (n_test, 2).

    QE is the distance from a held-out sample to the mean of the training samples that its winner won (of the nearest
    neuron on the grid that won any); rho the rank correlation of the distances between these means and on the grid.
    """
    means = means_won(data.X, train, shape[0] * shape[1])
    stand_in = analysis.label_units(train, train, shape)  # each neuron itself, or the nearest that won
    answered = first_two[:, 0] >= 0
    distance = data.X_test[answered] - means[stand_in[first_two[answered, 0]]]
    scores = {"accuracy": accuracy(train, data.y, first_two[:, 0], data.y_test, shape)} if data.y.any() else {}
    return scores | {
        "QE": float(np.linalg.norm(distance, axis=1).mean()),
        "TE": analysis.topographic_error(first_two, shape),
        "rho": analysis.neighbourhood_correlation(means, shape),
        "winners": float(len(np.unique(train[train >= 0]))),
    }


def score_spikes(som: SpikingSOM, data: Split, seen: Split | None = None) -> dict[str, float]:
    """Scores of a spiking map, whose winners are the first neurons to fire.

    `seen` are the samples as the map sees them where they differ from those of `data`. The common volley is the
    number of neurons away from the winner that fire before it can inhibit them.
    """
    seen = seen or data
    times = som.spike_times(seen.X_test)
    scores = score(data, analysis.first_winner(som.spike_times(seen.X)), analysis.spike_winners(times), som.grid_)
    return scores | {"common volley": analysis.common_volley(times, som.grid_)}


def score_codebook(codebook: Floats, data: Split, seen: Split | None = None) -> dict[str, float]:
    """Scores of a map without spikes, whose winner is the nearest row of the codebook."""
    seen = seen or data
    return score(data, nearest(seen.X, codebook), analysis.best_matching_units(seen.X_test, codebook))
