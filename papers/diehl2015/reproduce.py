"""Classify MNIST with the standard network after one pass over the training images, beside k-means.

    python papers/diehl2015/reproduce.py                      100 and 400 neurons, 3 seeds, both rules
    python papers/diehl2015/reproduce.py --quick              100 neurons, 10,000 images, 1 seed
    python papers/diehl2015/reproduce.py --neurons 400 --seeds 1 --rules target -o FOLDER

60,000 images to learn from and to label neurons with, 10,000 for the test. Prints measured beside expected values and
writes them as JSON and Markdown, with the weights of the first seed as a picture, to this folder's `results`, or the
folder given with --output. The exit status is 1 if a value is not as expected.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from tectum import DiehlCook, analysis, datasets, plots
from tectum.parts import PostPreSTDP, TargetSTDP

RULES: dict[str, Any] = {"common": PostPreSTDP(), "target": TargetSTDP()}
PUBLISHED = {100: 0.82, 400: 0.87}  # as quoted from the paper by number of neurons
N_TRAIN, IMAGE_SHAPE = 60_000, (28, 28)
Images = tuple[NDArray, NDArray, NDArray, NDArray]  # training images and labels, test images and labels


def load(n_train: int) -> Images:
    """MNIST, raw intensities."""
    train, test = datasets.load("mnist", subset="train"), datasets.load("mnist", subset="test")
    return train.data[:n_train], train.target[:n_train], test.data, test.target


def spiking(rule: str, n_neurons: int, seed: int, n_train: int) -> tuple[dict[str, float], NDArray]:
    """Figures of a network, and its weights."""
    X, y, unseen, truth = load(n_train)
    DiehlCook(n_neurons, rule=RULES[rule]).fit(X[:1])  # compiles
    start = time.process_time()
    net = DiehlCook(n_neurons, rule=RULES[rule], random_state=seed).fit(X)
    learning = time.process_time() - start
    responses, new = net.transform(X), net.transform(unseen)
    classes, unit_classes = analysis.label_responders(responses, y)
    vote = analysis.vote_of_responders(new, unit_classes, len(classes))
    return {
        "accuracy": float(np.mean(classes[vote] == truth)),
        "accuracy, graded votes": float(np.mean(analysis.vote_labels(responses, y, new) == truth)),
        "spikes per image": float(new.sum(axis=1).mean()),
        "neurons per image": analysis.active_units(new),
        "silent images": analysis.silent_share(new),
        "dead neurons": int((unit_classes < 0).sum()),
        "showings per image": net.n_shown_ / net.n_presentations_seen_,
        "lowest threshold, mV": float(net.thresholds_.min()),
        "highest threshold, mV": float(net.thresholds_.max()),
        "learning, CPU ms per image": 1e3 * learning / len(X),
    }, net.weights_


def kmeans(n_clusters: int, seed: int, n_train: int) -> tuple[dict[str, float], NDArray]:
    """The same labels for the clusters of k-means."""
    X, y, unseen, truth = load(n_train)
    start = time.process_time()
    fitted = KMeans(n_clusters, n_init=1, random_state=seed).fit(X)
    learning = time.process_time() - start
    one_hot = np.eye(n_clusters, dtype=np.float32)
    classes, unit_classes = analysis.label_responders(one_hot[fitted.labels_], y)
    vote = analysis.vote_of_responders(one_hot[fitted.predict(unseen)], unit_classes, len(classes))
    return {
        "accuracy": float(np.mean(classes[vote] == truth)),
        "learning, CPU ms per image": 1e3 * learning / len(X),
    }, fitted.cluster_centers_


def summarise(runs: list[dict[str, float]]) -> dict[str, list[float]]:
    """Values of each measure, by seed."""
    return {measure: [run[measure] for run in runs] for measure in runs[0]}


def cell(values: list[float]) -> str:
    """Mean and standard deviation over seeds."""
    digits = 4 if max(values) < 1.0 else 2
    spread = f" ± {np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{np.mean(values):.{digits}f}{spread}"


def table(found: dict[str, dict[str, list[float]]], expected: dict[str, float]) -> list[str]:
    """Lines of a Markdown table, one block per method."""
    lines = ["| method | measure | expected | measured | |", "|---|---|---:|---:|---|"]
    for name, measures in found.items():
        for measure, values in measures.items():
            least = expected.get(name) if measure == "accuracy" else None
            verdict = "" if least is None else "pass" if np.mean(values) >= least else "FAIL"
            wanted = "" if least is None else f"at least {least}"
            lines.append(f"| {name} | {measure} | {wanted} | {cell(values)} | {verdict} |")
    return lines


def picture(weights: NDArray, path: Path) -> None:
    """Weights of the first hundred neurons as images."""
    axes = plots.plot_components(weights[:100], IMAGE_SHAPE)
    axes.figure.savefig(path, dpi=100)
    plt.close(axes.figure)


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurons", type=int, nargs="+", default=[100, 400])
    parser.add_argument("--rules", nargs="+", choices=RULES, default=list(RULES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=N_TRAIN, help="training images")
    parser.add_argument("--quick", action="store_true", help="100 neurons, 10,000 images, 1 seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    if options.quick:
        options.neurons, options.images, options.seeds = [100], 10_000, 1
    matplotlib.use("Agg")
    options.output.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[str, list[float]]] = {}
    expected: dict[str, float] = {}
    for n in options.neurons:
        methods: dict[str, Callable[[int], Any]] = {
            f"{n} neurons, {rule} rule": lambda seed, rule=rule, n=n: spiking(rule, n, seed, options.images)
            for rule in options.rules
        }
        for name in methods:
            if n in PUBLISHED and options.images == N_TRAIN:
                expected[name] = PUBLISHED[n]
        methods[f"{n} clusters, k-means"] = lambda seed, n=n: kmeans(n, seed, options.images)
        for name, method in methods.items():
            runs = Parallel(n_jobs=options.jobs)(delayed(method)(seed) for seed in range(options.seeds))
            found[name] = summarise([run for run, _ in runs])
            print("\n".join(table({name: found[name]}, expected)[2:]), flush=True)
            picture(runs[0][1], options.output / f"{name.replace(', ', '_').replace(' ', '_')}.png")
    (options.output / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.output / "results.md").write_text("\n".join(table(found, expected)) + "\n")
    missed = [name for name, least in expected.items() if np.mean(found[name]["accuracy"]) < least]
    print(f"missed: {', '.join(missed)}" if missed else "all as expected")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
