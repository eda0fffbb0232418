"""Layers learned one after another, as a classifier: what learning, the code and depth contribute.

    python papers/tavanaei2018/depth.py mnist --train 5000 --test 2000
    python papers/tavanaei2018/depth.py FILE --train 10000 --test 5000 --layers 3     CIFAR-10, see `cifar10`
    python papers/tavanaei2018/depth.py mnist --codes                                 active neurons and accuracy
    python papers/tavanaei2018/depth.py FILE --train 50000 --test 8500 --cells 400 --drive --stride 1 --grid 4

Patches are freed of their mean and contrast, whitened, and answered by a dictionary; spike counts of ON and OFF neurons
are summed over quadrants (of MNIST over 4 x 4 cells; `--grid` says otherwise), their roots read out by ridge
regression. The next layer takes the roots of sums over 2 x 2 places as its image, and all layers are read out together.
Beside learned ones stand *untrained* ones (patches drawn at random), *random* ones (normal weights), both with the same
spiking code, and k-means with the triangle code of Coates, Ng & Lee (2011) with as many centres and with twice as many,
since each component has an ON and an OFF neuron. With `--drive` the neurons do not inhibit each other, and give what
their drives exceed the threshold by, the soft threshold of Coates & Ng (2011); then centres of k-means of length 1 have
that code too. The penalty of the read-out is chosen on the last sixth of the training images; the share of active
neurons was chosen on the first 9,000 training images of CIFAR-10, that of drives above the threshold on the first
15,000, everything else on the first 3,000 of them and the first 1,500 of the test images, which are left out here.
"""

import argparse
import io
import time
from pathlib import Path
from typing import Any, Self

import numpy as np
from numba import njit
from numpy.typing import NDArray
from PIL import Image
from scipy.linalg import cho_factor, cho_solve
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils import gen_batches

from tectum import SpikingDictionary, datasets, image, parts

Floats = NDArray[np.float32]

SHARE = 0.05  # of the neurons that are active for a patch
ABOVE = 0.4  # of the drives that exceed the threshold
STEPS = 20
PRESENTATIONS = 30_000
PATCHES = 40_000  # to learn from
KEPT = 200  # dimensions of whitened patches of a further layer
PENALTIES = 0.03, 0.1, 0.3, 1.0, 3.0, 10.0
DENSE_PENALTIES = 0.003, 0.01, 0.03, 0.1, 0.3, 1.0  # of more features, from all places
BATCH = 250  # images
FEW = 8  # images whose dense codes are held at a time
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


class Signed(TransformerMixin, BaseEstimator):
    """Spike counts of a dictionary or, without inhibition, drives above a threshold; those of OFF neurons negative."""

    def __init__(self, dictionary: SpikingDictionary, of_noise: bool = False, drive: bool = False):
        self.dictionary, self.of_noise, self.drive = dictionary, of_noise, drive

    def fit(self, X: Floats, y: Any = None) -> Self:
        seen = np.random.default_rng(self.dictionary.random_state).normal(size=X.shape) if self.of_noise else X
        self.dictionary_ = self.dictionary.fit(seen)
        if self.drive:
            self.dictionary_.set_params(output="drive", n_active=ABOVE * self.dictionary.n_components)
        self.dictionary_.adapt_threshold(X[:2000])
        return self

    def transform(self, X: Floats) -> Floats:
        return self.dictionary_.transform(X)


class OnOff(Signed):
    """The same, ON neurons beside OFF neurons."""

    def transform(self, X: Floats) -> Floats:
        counts = super().transform(X)
        return np.hstack([np.maximum(counts, 0.0), np.maximum(-counts, 0.0)])


class SoftThreshold(TransformerMixin, BaseEstimator):
    """What the products with centres of k-means, of length 1, exceed a threshold by, with the sign of the product."""

    def __init__(self, n: int, seed: int = 0):
        self.n, self.seed = n, seed

    def fit(self, X: Floats, y: Any = None) -> Self:
        centres = Triangle(self.n, self.seed).fit(X).centres_
        self.components_ = centres / np.linalg.norm(centres, axis=1, keepdims=True)
        self.threshold_ = np.float32(np.quantile(np.abs(X[:2000] @ self.components_.T), 1.0 - ABOVE))
        return self

    def transform(self, X: Floats) -> Floats:
        drive = X @ self.components_.T
        return np.copysign(np.maximum(np.abs(drive) - self.threshold_, np.float32(0.0)), drive)


class Triangle(TransformerMixin, BaseEstimator):
    """How much nearer than the mean distance each centre of k-means is, or 0 (Coates, Ng & Lee 2011)."""

    def __init__(self, n: int, seed: int = 0):
        self.n, self.seed = n, seed

    def fit(self, X: Floats, y: Any = None) -> Self:
        found = MiniBatchKMeans(self.n, n_init=3, batch_size=4096, random_state=self.seed).fit(X)
        self.centres_ = found.cluster_centers_.astype(np.float32)
        return self

    def transform(self, X: Floats) -> Floats:
        distance = X @ (-2.0 * self.centres_.T)
        distance += (X * X).sum(axis=1, keepdims=True)
        distance += (self.centres_**2).sum(axis=1)
        np.sqrt(np.maximum(distance, 0.0, out=distance), out=distance)
        nearer = np.subtract(distance.mean(axis=1, keepdims=True), distance, out=distance)
        return np.maximum(nearer, 0.0, out=nearer)


@njit
def add_up(codes: Floats, grid: int, sums: Floats) -> None:
    """Add codes (n_images, rows, cols, n) over a grid of cells; sums (n_images, grid, grid, 2 n) of ON, OFF neurons."""
    n_images, rows, cols, n = codes.shape
    for m in range(n_images):
        for row in range(rows):
            for col in range(cols):
                code, cell = codes[m, row, col], sums[m, row * grid // rows, col * grid // cols]
                on, off = cell[:n], cell[n:]
                for j in range(n):
                    on[j] += max(code[j], np.float32(0.0))
                    off[j] += max(-code[j], np.float32(0.0))


def cells(kind: str, n: int, seed: int, share: float = SHARE, drive: bool = False) -> Any:
    """The transformer of a row of the table."""
    if kind == "k-means, soft threshold":
        return SoftThreshold(n, seed)
    if kind.startswith("k-means"):
        return Triangle(2 * n if kind.endswith("twice the cells") else n, seed)
    untrained = {} if kind == "learned" else {"rule": parts.ResidualSTDP(eta=0.0), "n_presentations": 3000}
    given: dict[str, Any] = {"n_presentations": PRESENTATIONS} | untrained
    encoder = parts.RegularSpikes(n_steps=STEPS)
    dictionary = SpikingDictionary(
        n, n_active=share * n, encoder=encoder, on_off=True, input_scale=3.0, random_state=seed, **given
    )
    return (Signed if drive else OnOff)(dictionary, kind == "random", drive)


class Layer:
    """One layer: pooled features for the read-out, and images for the layer above."""

    def __init__(
        self, kind: str, n: int, size: int, stride: int, grid: int, seed: int, *, first: bool, share: float, drive: bool
    ):
        self.grid = grid
        self.convolution = image.Convolution(
            cells(kind, n, seed, share, drive),
            size,
            stride=stride,
            preprocess=Whitening() if first else Whitening(kept=KEPT, contrast=0.1),
            max_patches=PATCHES,
            random_state=seed,
        )

    def pooled(self, images: Floats) -> Floats:
        """Features for the read-out alone, of many cells at many places."""
        taken = self.convolution
        whitening, coder = taken.preprocess_, taken.estimator_
        rows, cols = image.patch_grid(images.shape[1:], taken.size, stride=taken.stride)
        signed = isinstance(coder, Signed | SoftThreshold)
        n = taken.n_components_
        features = np.zeros((len(images), self.grid, self.grid, 2 * n if signed else n), np.float32)
        for begin in range(0, len(images), FEW):
            some = slice(begin, begin + FEW)
            patches = image.extract_patches(images[some], taken.size, stride=taken.stride)
            codes = coder.transform(whitening.transform(patches)).reshape(-1, rows, cols, n)
            if signed:
                add_up(codes, self.grid, features[some])
            else:
                features[some] = image.pool_grid(codes, self.grid, how="sum")
        return np.sqrt(features, out=features).reshape(len(images), -1)

    def __call__(self, images: Floats) -> tuple[Floats, Floats]:
        features, maps = [], []
        for begin in range(0, len(images), BATCH):
            found = self.convolution.transform(images[begin : begin + BATCH])
            pooled = image.pool_grid(found, self.grid, how="sum")
            features.append(np.sqrt(pooled.reshape(len(found), -1)))
            maps.append(np.sqrt(image.pool(found, 2, how="sum")))
        return np.concatenate(features), np.concatenate(maps)


def read_out(
    features: Floats, y: NDArray[np.int64], n_train: int, penalties: tuple[float, ...] = PENALTIES
) -> tuple[float, float]:
    """Accuracy on the images after the first `n_train`, and the penalty chosen on the last sixth of these.

    Features are standardised in place.
    """
    n_fit = n_train - n_train // 6
    targets = (2.0 * np.eye(10)[y] - 1.0).astype(np.float32)
    columns = list(gen_batches(features.shape[1], 512))  # no second table of them all
    deviation = np.concatenate([features[:n_train, some].std(axis=0) for some in columns])
    features -= features[:n_train].mean(axis=0)
    features /= deviation + 1e-2 * deviation.mean()
    parts = [(features[rows], targets[rows]) for rows in (slice(n_fit), slice(n_fit, n_train))]
    moments = [(len(X), X.sum(axis=0), T.sum(axis=0), X.T @ X, X.T @ T) for X, T in parts]

    def right(moments: Any, penalty: float, asked: slice) -> float:
        n, x, t, gram, products = moments
        system = gram - np.outer(x, x / n)
        system.flat[:: len(system) + 1] += penalty * n
        weights = cho_solve(cho_factor(system, overwrite_a=True), products - np.outer(x, t / n))
        return float((((features[asked] - x / n) @ weights + t / n).argmax(axis=1) == y[asked]).mean())

    tried = [right(moments[0], penalty, slice(n_fit, n_train)) for penalty in penalties]
    best = penalties[int(np.argmax(tried))]
    both = [a + b for a, b in zip(*moments, strict=True)]
    del moments
    return right(both, best, slice(n_train, None)), best


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
    parser.add_argument("--stride", type=int, help="of the first layer, 2 unless given")
    parser.add_argument("--grid", type=int, help="cells along each side over which the first layer is summed")
    parser.add_argument("--drive", action="store_true", help="drives above a threshold for spikes, in one layer")
    parser.add_argument("--rows", help="names of rows, separated by semicolons, if not all")
    parser.add_argument(
        "--codes", action="store_true", help="learned and untrained with other shares of active neurons"
    )
    given = parser.parse_args()
    is_mnist = given.data == "mnist"
    images, y = mnist(given.train, given.test) if is_mnist else cifar10(Path(given.data), given.train, given.test)
    grid = given.grid or (4 if is_mnist else 2)
    kinds = ("learned", "untrained", "random", "k-means", "k-means, twice the cells")
    if given.drive:
        kinds = (*kinds[:3], "k-means, soft threshold", *kinds[3:])
    kinds = tuple(given.rows.split(";")) if given.rows else kinds
    rows = [(kind, given.share, given.layers if kind in ("learned", "untrained", "k-means") else 1) for kind in kinds]
    if given.codes:
        rows = [(kind, share, 1) for share in (0.01, 0.03, 0.1, 0.3, 0.5) for kind in ("learned", "untrained")]
    for seed in range(given.seeds):
        for kind, share, n_layers in rows:
            started, below, features, line = time.process_time(), images, [], f"| {seed} | {kind} | {share:g} |"
            for depth in range(1 if given.drive else n_layers):
                size, stride = ((6, 2), (3, 1), (2, 1))[min(depth, 2)]
                fine = grid if depth == 0 else 2
                n = given.cells if depth == 0 else 2 * given.cells
                stride = given.stride or stride if depth == 0 else stride
                wanted = {"first": depth == 0, "share": share, "drive": given.drive}
                layer = Layer(kind, n, size, stride, fine, seed, **wanted)
                layer.convolution.fit(below[: given.train])
                if given.drive:
                    features = [layer.pooled(below)]
                    accuracy, penalty = read_out(features[0], y, given.train, DENSE_PENALTIES)
                else:
                    found, below = layer(below)
                    features.append(found)
                    accuracy, penalty = read_out(np.hstack(features), y, given.train)
                line += f" {100 * accuracy:.2f} ({sum(f.shape[1] for f in features)} features, penalty {penalty:g}) |"
            print(line + f" {time.process_time() - started:.0f} s |", flush=True)


if __name__ == "__main__":
    main()
