"""Digits of MNIST from spikes: a convolutional layer with a linear read-out, and the labels of single neurons.

    python papers/tavanaei2018/classification.py                  both, 2 seeds: about 20 minutes on 2 cores
    python papers/tavanaei2018/classification.py layer --seeds 1
    python papers/tavanaei2018/classification.py labels --quick   on 6,000 images

All learning of the layer is without labels; the read-out is ridge regression on pooled spike counts. Parameters were
chosen on training images alone (50,000 and 10,000 of them), the test images are used once per seed. Published: 98.4 %
for a spiking convolutional network with an SVM (Kheradpisheh et al. 2018, Neural Networks 99:56-67).
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.linear_model import RidgeClassifier
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tectum import SpikingDictionary, datasets, image, parts

FIRST_SEED = 0
LAYERS = {5: 3.0, 9: 4.0}  # side of the patch -> neurons that represent a patch with ink
INKED = 0.6  # share of patches with ink, about: the others are zero and need no neuron
UNITS = 128
EXPECTED = {"layer": 0.986, "labels, 100 units": 0.82, "labels, 400 units": 0.87}


def contrast(patches: NDArray[Any]) -> NDArray[Any]:
    """Mean 0 and variance 1 for patches with ink; faint ones stay faint."""
    return image.normalise_contrast(patches, epsilon=0.05)


def layer(side: int, *, learned: bool, seed: int, n_jobs: int) -> image.Convolution:
    """Spike counts of each neuron, summed over cells of 12 x 12 places, 4 apart."""
    dictionary = SpikingDictionary(
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
    deviation = train.std(axis=0)
    scaler = StandardScaler(with_std=False).fit(train)
    scale = (deviation + 1e-3 * deviation.mean()).astype(np.float32)
    train, test = ((scaler.transform(part) / scale).astype(np.float32) for part in (train, test))
    readout = RidgeClassifier(alpha=1e-3 * len(train), solver="cholesky").fit(train, y)
    return {
        "accuracy": float(readout.score(test, y_test)),
        "training accuracy": float(readout.score(train, y)),
        "wall s": time.perf_counter() - started,
        "CPU s": time.process_time() - cpu,
    }


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


def main() -> None:
    """Run what was asked for, print it beside what is expected, and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", help="layer, labels, control; layer and labels by default")
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
    for name, rows in runs.items():
        for measure in rows[0]:
            values = [row[measure] for row in rows]
            aim = f"   expected >= {EXPECTED[name]}" if measure == "accuracy" and name in EXPECTED else ""
            print(f"{name:22s}{measure:20s}{np.mean(values):10.4f} ± {np.std(values):.4f}{aim}")
    path = arguments.output / f"classification_{'_'.join(what)}.json"
    path.write_text(json.dumps({"training images": n, "runs": runs}, indent=1))


if __name__ == "__main__":
    main()
