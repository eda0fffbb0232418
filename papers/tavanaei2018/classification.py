"""Digits from spikes: a convolutional layer with a linear read-out, labels of single neurons, a spiking read-out.

    python papers/tavanaei2018/classification.py                  the first two, 2 seeds: about 20 minutes on 2 cores
    python papers/tavanaei2018/classification.py layer --seeds 1
    python papers/tavanaei2018/classification.py labels --quick   on 6,000 images
    python papers/tavanaei2018/classification.py readout --seeds 3 --quick

All learning of the layer is without labels; the read-out is ridge regression on pooled spike counts. Parameters were
chosen on training images alone (50,000 and 10,000 of them), the test images are used once per seed. Published: 98.4 %
for a spiking convolutional network with an SVM (Kheradpisheh et al. 2018, Neural Networks 99:56-67).

`readout` sets `SpikingReadout` beside other readers of the same spike counts and beside k-means with the triangle code.
Its constants were chosen on seeds 100 and 101, which split the training images, and a layer of 64 neurons.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from depth import Triangle
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tectum import SpikingDictionary, SpikingReadout, datasets, image, parts

FIRST_SEED = 0
LAYERS = {5: 3.0, 9: 4.0}  # side of the patch -> neurons that represent a patch with ink
INKED = 0.6  # share of patches with ink, about: the others are zero and need no neuron
UNITS = 128
TESTED = 2000  # test images of the read-outs
EXPECTED = {"layer": 0.986, "labels, 100 units": 0.82, "labels, 400 units": 0.87}
EXPECTED |= {"read-out, digits": 0.94, "read-out, whole images": 0.865, "read-out, patches": 0.965}


def contrast(patches: NDArray[Any]) -> NDArray[Any]:
    """Mean 0 and variance 1 for patches with ink; faint ones stay faint."""
    return image.normalise_contrast(patches, epsilon=0.05)


def layer(side: int, *, learned: bool, seed: int, n_jobs: int, cells: Any = None) -> image.Convolution:
    """Spike counts of each neuron, or responses of other `cells`, summed over 12 x 12 places, 4 apart."""
    dictionary = cells or SpikingDictionary(
        UNITS,
        n_active=INKED * LAYERS[side],
        encoder=parts.RegularSpikes(n_steps=10),
        competition=parts.ExplainingAway(signed=False),  # what is pooled must not cancel
        rule=None if learned else parts.ResidualSTDP(eta=0.0),
        input_scale=3.0,
        on_off=True,
        n_presentations=100_000,
        random_state=seed,
    )
    return image.Convolution(
        dictionary,
        side,
        pool=12,
        pool_stride=4,
        how="sum",
        flatten=True,
        preprocess=FunctionTransformer(contrast),
        max_patches=100_000,
        random_state=seed,
        verbose=True,
        n_jobs=n_jobs,
    )


def digits(n: int) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """`n` training images and as many labels, then all test images and labels; pixels from 0 to 1."""
    train, test = (datasets.load("mnist", subset=part) for part in ("train", "test"))
    images = [(part.data.reshape(-1, 28, 28) / part.data.max()).astype(np.float32) for part in (train, test)]
    labels = [np.asarray(part.target, dtype=np.int64) for part in (train, test)]
    return images[0][:n], labels[0][:n], images[1], labels[1]


def classify(n: int, seed: int, n_jobs: int, learned: bool = True) -> dict[str, float]:
    """Accuracy of ridge regression on the square roots of pooled counts of the layers."""
    X, y, X_test, y_test = digits(n)
    features: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    started, cpu = time.perf_counter(), time.process_time()
    for side in LAYERS:
        padded, padded_test = (np.pad(images, ((0, 0), *[(side // 2, side // 2)] * 2)) for images in (X, X_test))
        convolution = layer(side, learned=learned, seed=seed, n_jobs=n_jobs).fit(padded)
        features.append((np.sqrt(convolution.transform(padded)), np.sqrt(convolution.transform(padded_test))))
    train, test = (np.hstack([pair[k] for pair in features]) for k in (0, 1))
    accuracy, training_accuracy = ridge(train, y, test, y_test)
    return {
        "accuracy": accuracy,
        "training accuracy": training_accuracy,
        "wall s": time.perf_counter() - started,
        "CPU s": time.process_time() - cpu,
    }


def ridge(train: NDArray[Any], y: NDArray[Any], test: NDArray[Any], y_test: NDArray[Any]) -> tuple[float, float]:
    """Accuracy of ridge regression on the test and on the training samples."""
    deviation = train.std(axis=0)
    scaler = StandardScaler(with_std=False).fit(train)
    scale = (deviation + 1e-3 * deviation.mean()).astype(np.float32)
    train, test = ((scaler.transform(part) / scale).astype(np.float32) for part in (train, test))
    reader = RidgeClassifier(alpha=1e-3 * len(train), solver="cholesky").fit(train, y)
    return float(reader.score(test, y_test)), float(reader.score(train, y))


def winners(counts: NDArray[Any]) -> NDArray[np.int64]:
    """Neuron with the most spikes of each sample."""
    return counts.argmax(axis=1)


def label_accuracy(won: NDArray[Any], y: NDArray[Any], won_test: NDArray[Any], y_test: NDArray[Any], n: int) -> float:
    """Accuracy if each unit stands for the class for which it won most often in training."""
    votes = np.zeros((n, 10))
    np.add.at(votes, (won, y), 1)
    return float((votes.argmax(axis=1)[won_test] == y_test).mean())


def labels(n: int, n_units: int, seed: int, n_jobs: int) -> dict[str, float]:
    """A single layer that sees whole images, its units labelled on training images, beside k-means."""
    X, y, X_test, y_test = digits(n)
    X, X_test = X.reshape(len(X), -1), X_test.reshape(len(X_test), -1)
    cpu = time.process_time()
    quantiser = SpikingDictionary.quantiser(n_units, n_presentations=2 * len(X), random_state=seed, n_jobs=n_jobs)
    won, won_test = (winners(quantiser.transform(part)) for part in (quantiser.fit(X) and X, X_test))
    seconds = time.process_time() - cpu
    cpu = time.process_time()
    kmeans = MiniBatchKMeans(n_units, n_init=3, random_state=seed).fit(X)
    return {
        "accuracy": label_accuracy(won, y, won_test, y_test, n_units),
        "k-means": label_accuracy(kmeans.predict(X), y, kmeans.predict(X_test), y_test, n_units),
        "CPU s": seconds,
        "k-means CPU s": time.process_time() - cpu,
    }


Codes = tuple[NDArray[Any], NDArray[Any]]  # of training and test samples


def codes_of(what: str, n: int, seed: int, n_jobs: int) -> tuple[Codes, Codes, Codes]:
    """Spike counts, responses of k-means with as many centres, and labels."""
    if what == "digits":
        X, y = load_digits(return_X_y=True)
        X, X_test, y, y_test = train_test_split(X / 16.0, y, test_size=1 / 3, random_state=seed, stratify=y)
        cells = SpikingDictionary(64, n_active=6, n_presentations=20_000, random_state=seed, n_jobs=n_jobs)
        coders: list[Any] = [cells, Triangle(64, seed)]
    else:
        X, y, X_test, y_test = digits(n)
        X_test, y_test = X_test[:TESTED], y_test[:TESTED]
        if what == "whole images":
            X, X_test = X.reshape(len(X), -1), X_test.reshape(len(X_test), -1)
            cells = SpikingDictionary(100, n_active=8, n_presentations=20_000, random_state=seed, n_jobs=n_jobs)
            coders = [cells, Triangle(100, seed)]
        else:
            X, X_test = (np.pad(images, ((0, 0), (2, 2), (2, 2))) for images in (X, X_test))
            made = [None, Triangle(UNITS, seed)]
            coders = [layer(5, learned=True, seed=seed, n_jobs=n_jobs, cells=cells) for cells in made]
    spikes, triangle = ((coder.fit(X).transform(X), coder.transform(X_test)) for coder in coders)
    return spikes, triangle, (y, y_test)


def readouts(what: str, n: int, seed: int, n_jobs: int) -> dict[str, float]:
    """Accuracy of readers of spike counts; of ridge and logistic regression on their roots, as above."""
    (train, test), triangle, (y, y_test) = codes_of(what, n, seed, n_jobs)
    cpu, reader = time.process_time(), SpikingReadout(random_state=seed, n_jobs=n_jobs)
    reader.fit(train, y)
    seconds = time.process_time() - cpu
    roots, roots_test = np.sqrt(train), np.sqrt(test)
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500)).fit(roots, y)
    shuffled = clone(reader).fit(train, np.random.default_rng(seed).permutation(y))
    cost, spikes = reader.operations(test[:200]), reader.transform(test)
    return {
        "accuracy": float(reader.score(test, y_test)),
        "ridge": ridge(roots, y, roots_test, y_test)[0],
        "logistic regression": float(linear.score(roots_test, y_test)),
        "class means": float(NearestCentroid().fit(roots, y).score(roots_test, y_test)),
        "shuffled labels": float(shuffled.score(test, y_test)),
        "triangle, ridge": ridge(triangle[0], y, triangle[1], y_test)[0],
        "spikes in": cost.input_spikes,
        "spikes out": float(spikes.sum(axis=1).mean()),
        "synaptic events": cost.synaptic_events,
        "CPU s to learn": seconds,
    }


def main() -> None:
    """Run what was asked for, print it beside what is expected, and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help="layer, labels, control, readout; the first two by default")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--quick", action="store_true", help="6,000 training images")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    n = 6_000 if arguments.quick else 60_000
    runs = {}
    what = arguments.what or ["layer", "labels"]
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.seeds)
    if "layer" in what:
        runs["layer"] = [classify(n, seed, arguments.jobs) for seed in seeds]
    if "control" in what:
        runs["layer, not learned"] = [classify(n, seed, arguments.jobs, learned=False) for seed in seeds]
    if "labels" in what:
        for n_units in (100, 400):
            runs[f"labels, {n_units} units"] = [labels(n, n_units, seed, arguments.jobs) for seed in seeds]
    if "readout" in what:
        for name in ("digits", "whole images", "patches"):
            runs[f"read-out, {name}"] = [readouts(name, n, seed, arguments.jobs) for seed in seeds]
    for name, rows in runs.items():
        for measure in rows[0]:
            values = [row[measure] for row in rows]
            aim = f"   expected >= {EXPECTED[name]}" if measure == "accuracy" and name in EXPECTED else ""
            print(f"{name:24s}{measure:20s}{np.mean(values):10.4f} ± {np.std(values):.4f}{aim}")
    path = arguments.output / f"classification_{'_'.join(what)}.json"
    path.write_text(json.dumps({"training images": n, "runs": runs}, indent=1))


if __name__ == "__main__":
    main()
