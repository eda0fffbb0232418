"""Layers learned one after another, as a classifier: what learning, the code and depth contribute.

    python papers/tavanaei2018/depth.py mnist --train 5000 --test 2000
    python papers/tavanaei2018/depth.py FILE --train 10000 --test 5000 --layers 3     CIFAR-10, see `cifar10`
    python papers/tavanaei2018/depth.py mnist --codes                                 active neurons and accuracy

Patches are freed of their mean and contrast, whitened, and answered by a dictionary; spike counts of ON and OFF neurons
are summed over quadrants (of MNIST over 4 x 4 cells), their roots read out by ridge regression. The next layer takes
the roots of sums over 2 x 2 places as its image, and all layers are read out together. Beside learned ones stand
*untrained* ones (patches drawn at random), *random* ones (normal weights), both with the same spiking code, and
k-means with the triangle code of Coates, Ng & Lee (2011) with as many centres and with twice as many, since each
component has an ON and an OFF neuron. The penalty of the read-out is chosen on the last sixth of the training images;
the share of active neurons was chosen on the first 9,000 training images of CIFAR-10, everything else on the first
3,000 of them and the first 1,500 of the test images, which are left out here.
"""

import argparse
import io
import time
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import MiniBatchKMeans

from tectum import SpikingDictionary, datasets, image, parts

Floats = NDArray[np.float32]

SHARE = 0.05  # of the neurons that are active for a patch
STEPS = 20
PRESENTATIONS = 30_000
PATCHES = 40_000  # to learn from
KEPT = 200  # dimensions of whitened patches of a further layer
PENALTIES = 0.03, 0.1, 0.3, 1.0, 3.0, 10.0
BATCH = 250  # images
CHOSEN_ON = 1500  # first test images of CIFAR-10, on which constants were chosen


class Whitening(TransformerMixin, BaseEstimator):
    """Patches of mean 0 and like contrast, rotated to their principal components, all of like variance."""

    def __init__(self, epsilon: float = 0.1, kept: int | None = None, contrast: float = 0.04):
        self.epsilon, self.kept, self.contrast = epsilon, kept, contrast

    def fit(self, X: Floats, y: Any = None) -> Self:
        patches = image.normalise_contrast(X, epsilon=self.contrast)
        self.mean_ = patches.mean(axis=0)
        variance, axes = np.linalg.eigh(np.cov((patches - self.mean_).T))
        variance, axes = variance[::-1][: self.kept], axes[:, ::-1][:, : self.kept]
        floor = self.epsilon * (1.0 if self.kept is None else variance.mean())
        turn = axes / np.sqrt(np.maximum(variance, 0.0) + floor)
        self.turn_ = (turn if self.kept else turn @ axes.T).astype(np.float32)
        self.scale_ = 1.0 if self.kept is None else float(((patches - self.mean_) @ self.turn_).std())
        return self

    def transform(self, X: Floats) -> Floats:
        patches = image.normalise_contrast(X, epsilon=self.contrast)
        return ((patches - self.mean_) @ self.turn_ / self.scale_).astype(np.float32)


class OnOff(TransformerMixin, BaseEstimator):
    """Spike counts of a dictionary, those of ON neurons beside those of OFF neurons."""

    def __init__(self, dictionary: SpikingDictionary, of_noise: bool = False):
        self.dictionary, self.of_noise = dictionary, of_noise

    def fit(self, X: Floats, y: Any = None) -> Self:
        seen = np.random.default_rng(self.dictionary.random_state).normal(size=X.shape) if self.of_noise else X
        self.dictionary_ = self.dictionary.fit(seen).adapt_threshold(X[:2000])
        return self

    def transform(self, X: Floats) -> Floats:
        counts = self.dictionary_.transform(X)
        return np.hstack([np.maximum(counts, 0.0), np.maximum(-counts, 0.0)])


class Triangle(TransformerMixin, BaseEstimator):
    """How much nearer than the mean distance each centre of k-means is, or 0 (Coates, Ng & Lee 2011)."""

    def __init__(self, n: int, seed: int = 0):
        self.n, self.seed = n, seed

    def fit(self, X: Floats, y: Any = None) -> Self:
        found = MiniBatchKMeans(self.n, n_init=3, batch_size=4096, random_state=self.seed).fit(X)
        self.centres_ = found.cluster_centers_.astype(np.float32)
        return self

    def transform(self, X: Floats) -> Floats:
        squares = (X * X).sum(axis=1, keepdims=True) - 2.0 * X @ self.centres_.T + (self.centres_**2).sum(axis=1)
        distance = np.sqrt(np.maximum(squares, 0.0))
        return np.maximum(distance.mean(axis=1, keepdims=True) - distance, 0.0)


def cells(kind: str, n: int, seed: int, share: float = SHARE) -> Any:
    """The transformer of a row of the table."""
    if kind.startswith("k-means"):
        return Triangle(2 * n if kind.endswith("twice the cells") else n, seed)
    untrained = {} if kind == "learned" else {"rule": parts.ResidualSTDP(eta=0.0), "n_presentations": 3000}
    given: dict[str, Any] = {"n_presentations": PRESENTATIONS} | untrained
    encoder = parts.RegularSpikes(n_steps=STEPS)
    dictionary = SpikingDictionary(
        n, n_active=share * n, encoder=encoder, on_off=True, input_scale=3.0, random_state=seed, **given
    )
    return OnOff(dictionary, kind == "random")


class Layer:
    """One layer: pooled features for the read-out, and images for the layer above."""

    def __init__(self, kind: str, n: int, size: int, stride: int, grid: int, seed: int, *, first: bool, share: float):
        self.grid = grid
        self.convolution = image.Convolution(
            cells(kind, n, seed, share),
            size,
            stride=stride,
            preprocess=Whitening() if first else Whitening(kept=KEPT, contrast=0.1),
            max_patches=PATCHES,
            random_state=seed,
        )

    def __call__(self, images: Floats) -> tuple[Floats, Floats]:
        features, maps = [], []
        for begin in range(0, len(images), BATCH):
            found = self.convolution.transform(images[begin : begin + BATCH])
            pooled = image.pool_grid(found, self.grid, how="sum")
            features.append(np.sqrt(pooled.reshape(len(found), -1)))
            maps.append(np.sqrt(image.pool(found, 2, how="sum")))
        return np.concatenate(features), np.concatenate(maps)


def read_out(features: Floats, y: NDArray[np.int64], n_train: int) -> tuple[float, float]:
    """Accuracy on the images after the first `n_train`, and the penalty chosen on the last sixth of these."""
    n_fit = n_train - n_train // 6
    targets = 2.0 * np.eye(10)[y] - 1.0

    def fit(n: int, penalty: float) -> Any:
        mean, deviation = features[:n].mean(axis=0), features[:n].std(axis=0)
        X = (features - mean) / (deviation + 1e-2 * deviation.mean())
        gram = X[:n].T @ X[:n] + penalty * n * np.eye(X.shape[1], dtype=np.float32)
        weights = np.linalg.solve(gram, X[:n].T @ (targets[:n] - targets[:n].mean(axis=0)))
        return (X @ weights + targets[:n].mean(axis=0)).argmax(axis=1) == y

    tried = [fit(n_fit, penalty)[n_fit:n_train].mean() for penalty in PENALTIES]
    best = PENALTIES[int(np.argmax(tried))]
    return float(fit(n_train, best)[n_train:].mean()), best


def cifar10(file: Path, n_train: int, n_test: int) -> tuple[Floats, NDArray[np.int64]]:
    """Training and then test images, JPEG files in an archive: train_bytes, train_offsets, train_labels, test_..."""
    archive, images, labels = np.load(file), [], []
    for part, n in (("train", n_train), ("test", n_test)):
        data, offsets = archive[f"{part}_bytes"], archive[f"{part}_offsets"]
        first = CHOSEN_ON if part == "test" else 0
        files = (data[offsets[k] : offsets[k + 1]].tobytes() for k in range(first, first + n))
        images += [np.asarray(Image.open(io.BytesIO(one)), np.float32) / np.float32(255.0) for one in files]
        labels.append(archive[f"{part}_labels"][first : first + n].astype(np.int64))
    return np.stack(images), np.concatenate(labels)


def mnist(n_train: int, n_test: int) -> tuple[Floats, NDArray[np.int64]]:
    """The same of MNIST, with a border of two pixels."""
    found = [(datasets.load("mnist", subset=part), n) for part, n in (("train", n_train), ("test", n_test))]
    images = np.concatenate([part.data[:n].reshape(-1, 28, 28) for part, n in found]).astype(np.float32) / 255.0
    labels = np.concatenate([np.asarray(part.target[:n], np.int64) for part, n in found])
    return np.pad(images, ((0, 0), (2, 2), (2, 2)))[..., np.newaxis], labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="mnist, or an archive of CIFAR-10")
    parser.add_argument("--train", type=int, default=5000)
    parser.add_argument("--test", type=int, default=2000)
    parser.add_argument("--cells", type=int, default=128)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--share", type=float, default=SHARE, help="of the neurons that are active for a patch")
    parser.add_argument(
        "--codes", action="store_true", help="learned and untrained with other shares of active neurons"
    )
    given = parser.parse_args()
    is_mnist = given.data == "mnist"
    images, y = mnist(given.train, given.test) if is_mnist else cifar10(Path(given.data), given.train, given.test)
    grid = 4 if is_mnist else 2
    kinds = ("learned", "untrained", "random", "k-means", "k-means, twice the cells")
    rows = [(kind, given.share, given.layers if kind in ("learned", "untrained", "k-means") else 1) for kind in kinds]
    if given.codes:
        rows = [(kind, share, 1) for share in (0.01, 0.03, 0.1, 0.3, 0.5) for kind in ("learned", "untrained")]
    for seed in range(given.seeds):
        for kind, share, n_layers in rows:
            started, below, features, line = time.process_time(), images, [], f"| {seed} | {kind} | {share:g} |"
            for depth in range(n_layers):
                size, stride = ((6, 2), (3, 1), (2, 1))[min(depth, 2)]
                fine = grid if depth == 0 else 2
                n = given.cells if depth == 0 else 2 * given.cells
                layer = Layer(kind, n, size, stride, fine, seed, first=depth == 0, share=share)
                layer.convolution.fit(below[: given.train])
                found, below = layer(below)
                features.append(found)
                accuracy, penalty = read_out(np.hstack(features), y, given.train)
                line += f" {100 * accuracy:.2f} ({sum(f.shape[1] for f in features)} features, penalty {penalty:g}) |"
            print(line + f" {time.process_time() - started:.0f} s |", flush=True)


if __name__ == "__main__":
    main()
