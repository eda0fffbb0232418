"""Does growth before sight pay? Networks wired by waves, by a grid and by random fields, then learning from images.

    python papers/raghavan2020/sight.py              # digits and CIFAR-10 (grey), 2 seeds, two minutes
    python papers/raghavan2020/sight.py mnist --seeds 1

Five units in each of 300 fields learn from n images (`FieldHebb`), and a linear read-out from what they make of the
same n. Fields of the grid are round, of the mean radius of the grown ones; random fields have the nodes of the
grown ones anywhere. Printed: accuracy by n, and the n at which 90 % of the accuracy with the most images is reached.
CIFAR-10 is read from the folder TECTUM_DATA, if it is there.
"""

import argparse
import copy
import os
from pathlib import Path

import numpy as np
from data import Digits, Ridge, digits, evaluate, rewired, shuffled

from tectum import WaveNetwork, analysis, parts
from tectum.analysis import tilings
from tectum.parts import Sheet

SIZES = (100, 300, 1000, 3000, 6000)
N_TEST, N_UNITS, N_MAPS, SHARE = 3000, 300, 5, 0.9
READOUT = Ridge(1e-2, per_image=True, scale="deviation")


def cifar(n_train: int) -> Digits:
    """Grey pictures of CIFAR-10, from 0 to 1."""
    import cv2

    path = Path(os.environ.get("TECTUM_DATA", "data")).expanduser() / "cifar10" / "cifar10_jpeg.npz"
    sets = []
    with np.load(path) as kept:
        for part, n in (("train", n_train), ("test", N_TEST)):
            data, offsets = kept[f"{part}_bytes"], kept[f"{part}_offsets"]
            found = [cv2.imdecode(data[offsets[k] : offsets[k + 1]], cv2.IMREAD_GRAYSCALE).ravel() for k in range(n)]
            labels = np.asarray(kept[f"{part}_labels"][:n], np.int64)
            sets += [(np.array(found) / 255.0).astype(np.float32), labels]
    return Digits(*sets)


def curves(images: Digits, seed: int) -> dict[str, list[float]]:
    """Accuracy by the number of images, for each way to wire the fields."""
    side = round(images.train.shape[1] ** 0.5)
    rule = {"image_rule": parts.FieldHebb(n_maps=N_MAPS), "response": "excess", "random_state": seed}
    grown = WaveNetwork((Sheet((side, side)), Sheet(N_UNITS, even=True)), **rule).grow()
    X, W = grown.sheet_positions_[0], grown.weights_[0]
    radius = float(analysis.field_radius(W, X).mean())
    even = tilings.round_fields(tilings.grid_centres(N_UNITS, X), X, radius)
    ways = {"waves": grown, "grid": rewired(grown, even), "random fields": rewired(grown, shuffled(W, seed))}
    found: dict[str, list[float]] = {"pixels": []}
    for n in SIZES:
        some = images._replace(train=images.train[:n], y_train=images.y_train[:n])
        found["pixels"].append(READOUT.score(some.train.copy(), some.y_train, some.test.copy(), some.y_test))
        for name, network in ways.items():
            learned = copy.deepcopy(network).fit(some.train)
            found.setdefault(name, []).append(evaluate(learned, some, READOUT))
    return found


def samples_to(accuracies: list[float]) -> float:
    """Images at which a share of the last accuracy is reached, between sizes by their logarithm."""
    goal, logs = SHARE * accuracies[-1], np.log(SIZES)
    k = next(k for k, accuracy in enumerate(accuracies) if accuracy >= goal)
    if k == 0:
        return SIZES[0]
    step = (goal - accuracies[k - 1]) / (accuracies[k] - accuracies[k - 1])
    return float(np.exp(logs[k - 1] + step * (logs[k] - logs[k - 1])))


def main() -> None:
    """Print a table for each set of images."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", choices=["mnist", "cifar", []], default=[])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    for name in options.sets or ("mnist", "cifar"):
        try:
            images = digits(SIZES[-1]) if name == "mnist" else cifar(SIZES[-1])
        except (FileNotFoundError, ImportError) as error:
            print(f"{name}: left out ({error})")
            continue
        images = images._replace(test=images.test[:N_TEST], y_test=images.y_test[:N_TEST])
        runs = [curves(images, options.first + seed) for seed in range(options.seeds)]
        print(f"{name}: accuracy with {', '.join(map(str, SIZES))} images; images to {SHARE:.0%} of the last")
        for way in runs[0]:
            accuracies = np.mean([run[way] for run in runs], axis=0)
            shown = "  ".join(f"{accuracy:5.1f}" for accuracy in accuracies)
            print(f"{way:14s} {shown}   {np.mean([samples_to(run[way]) for run in runs]):6.0f}", flush=True)


if __name__ == "__main__":
    main()
