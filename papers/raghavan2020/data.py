"""Digits of MNIST at the nodes of a sheet, hand-made and shuffled fields to compare with, and the linear read-out."""

import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from tectum import WaveNetwork, datasets
from tectum.engine.sheets import weights as sheet_weights

Floats = NDArray[np.float32]

IMAGE_SIDE = 28
BLOCK = 5000  # images at a time in products that need float64


class Digits(NamedTuple):
    """Images (n, 784) from 0 to 1 and their labels."""

    train: Floats
    y_train: NDArray[np.int64]
    test: Floats
    y_test: NDArray[np.int64]


def digits(n_train: int = 60_000, *, validation: bool = False) -> Digits:
    """Training images and all test images; with `validation` the last 10,000 training images take their place."""
    train, test = (datasets.load("mnist", subset=part) for part in ("train", "test"))
    X, X_test = ((part.data / np.float32(255.0)).astype(np.float32) for part in (train, test))
    y, y_test = (np.asarray(part.target, np.int64) for part in (train, test))
    if validation:
        X, X_test, y, y_test = X[:-10_000], X[-10_000:], y[:-10_000], y[-10_000:]
    return Digits(X[:n_train], y[:n_train], X_test, y_test)


def at_nodes(images: Floats, positions: NDArray[np.float64], side: float) -> Floats:
    """Intensities (n, n_nodes) of the pixels under the nodes of a sheet that an image covers."""
    cell = np.minimum((positions * (IMAGE_SIDE / side)).astype(int), IMAGE_SIDE - 1)
    return images[:, cell[:, 1] * IMAGE_SIDE + cell[:, 0]]


def shuffled(W: Floats, seed: int) -> Floats:
    """The weights of each unit on other nodes, drawn for each unit."""
    return np.random.default_rng(seed).permuted(W, axis=1)


def discs(positions: NDArray[np.float64], side: float, radius: float, rows: int) -> Floats:
    """Hand-made fields: equal weights within a radius around centres on a square grid."""
    centres = (np.stack(np.meshgrid(*[np.arange(rows)] * 2), -1).reshape(-1, 2) + 0.5) * side / rows
    return (np.linalg.norm(centres[:, np.newaxis] - positions, axis=2) < radius).astype(np.float32)


def rewired(network: WaveNetwork, W: Floats) -> WaveNetwork:
    """A copy of a network of two sheets with other weights; waves never make these, so nothing public sets them."""
    other = copy.deepcopy(network)
    weights = (sheet_weights.weights_from(W, np.zeros(len(W))),)
    other._state = other._state._replace(weights=weights)
    other._grown = weights
    return other._publish()


class Ridge(NamedTuple):
    """Ridge regression on the labels as -1 and 1."""

    alpha: float  # added to the squares of each feature
    per_image: bool = False  # alpha counts per training image
    scale: str = "none"  # "none", "deviation", or "range" with a tanh

    def score(self, train: Floats, y: NDArray, test: Floats, y_test: NDArray) -> float:
        """Percentage of test images that are classified correctly; changes `train` and `test`."""
        self._scaled(train, test)
        mean = train.mean(axis=0, dtype=np.float64).astype(np.float32)
        for part in (train, test):
            part -= mean
        targets = np.where(np.arange(10) == y[:, np.newaxis], 1.0, -1.0)
        gram = sum(self._product(train[k : k + BLOCK], train[k : k + BLOCK]) for k in range(0, len(train), BLOCK))
        gram[np.diag_indices_from(gram)] += self.alpha * (len(train) if self.per_image else 1.0)
        weights = cho_solve(cho_factor(gram, overwrite_a=True), train.T @ (targets - targets.mean(axis=0)))
        found = (test @ weights + targets.mean(axis=0)).argmax(axis=1)
        return 100.0 * float((found == y_test).mean())

    @staticmethod
    def _product(left: Floats, right: Floats) -> NDArray[np.float64]:
        return (left.T @ right).astype(np.float64)

    def _scaled(self, train: Floats, test: Floats) -> None:
        """Scale both as the training images say."""
        if self.scale == "deviation":
            spread = train.std(axis=0)
            spread += np.float32(1e-3) * spread.mean()
            for part in (train, test):
                part /= spread
        elif self.scale == "range":
            low = train.min(axis=0)
            span = np.maximum(train.max(axis=0) - low, np.float32(1e-12))
            for part in (train, test):
                np.tanh((part - low) / span, out=part)


def evaluate(network: Any, X: Digits, readout: Ridge) -> float:
    """Accuracy of a read-out of what a network makes of all images."""
    train, test = (np.asarray(network.transform(part), np.float32) for part in (X.train, X.test))
    return readout.score(train, X.y_train, test, X.y_test)
