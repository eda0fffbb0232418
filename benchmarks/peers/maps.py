"""How long do self-organising maps learn, and how well do they quantise then? tectum beside MiniSom and fastersom.

Half of Iris (4 features), of scikit-learn's digits (64) and of 10,000 images of MNIST (784) is learned, the other half
held out. tectum and MiniSom are given as many presentations; fastersom, a batch map in PyTorch, its ten epochs. MiniSom
starts on the plane of two components, its radius falls from a fifth of the side to a third of that, its rate from 0.5
(its own schedule; of a tenth, a fifth and three tenths of the side a fifth had the least QE on digits with seed 100).
CPU seconds of `fit`, after a short one that compiles, one thread; engines take turns. QE is the mean distance from a
held-out sample to the mean of the samples that its winner won in training, over that of a Kohonen map of 20,000
presentations (`tectum.analysis.kohonen_codebook`).

    python benchmarks/peers/maps.py --peers-python .venv-peers-maps/bin/python

That environment needs minisom and fastersom (with PyTorch); without it tectum stands alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

ENGINES = {"tectum": (1000, 4000, 20_000), "MiniSom": (1000, 4000, 20_000), "fastersom": (0,)}  # presentations
PEERS = ("MiniSom", "fastersom")


def fitted(engine: str, X: Any, side: int, n: int, seed: int) -> Any:
    """Winners of samples as a function, of a map that has learned."""
    if engine == "tectum":
        from tectum import SpikingSOM

        return SpikingSOM((side, side), n_presentations=n, n_snapshots=0, random_state=seed).fit(X).predict
    if engine == "MiniSom":
        from minisom import MiniSom

        som = MiniSom(side, side, X.shape[1], sigma=side / 5.0, learning_rate=0.5, random_seed=seed)
        som.pca_weights_init(X)
        som.train_random(X, n)
        return lambda X: np.array([np.ravel_multi_index(som.winner(x), (side, side)) for x in X])
    import torch
    from fastersom import SOM

    torch.set_num_threads(1)
    som = SOM(side, side, random_state=seed, device="cpu").fit(X.astype(np.float32))

    def winners(X: Any) -> Any:
        found = np.asarray(som.predict(X.astype(np.float32)))
        return found if found.ndim == 1 else np.ravel_multi_index(tuple(found.T), (side, side))

    return winners


def serve(engine: str, question: str, result: str) -> None:
    """One turn: CPU seconds, and winners of the training samples and of those held out."""
    given = np.load(question)
    X, side, n, seed = given["X"], int(given["side"]), int(given["n"]), int(given["seed"])
    fitted(engine, X[:40], side, 20, seed)
    start = time.process_time()
    winners = fitted(engine, X, side, n, seed)
    spent = time.process_time() - start
    np.savez(result, train=winners(X), test=winners(given["X_test"]), spent=spent)


def data(seed: int) -> dict[str, Any]:
    """Training and held-out halves by name, features scaled together to 0 to 1."""
    from sklearn.datasets import load_digits, load_iris
    from sklearn.model_selection import train_test_split

    from tectum import datasets

    iris = load_iris().data
    sets = {"Iris, 4": (iris - iris.min(0)) / np.ptp(iris, axis=0), "digits, 64": load_digits().data / 16.0}
    try:
        sets["MNIST, 784"] = datasets.load("mnist").data[:10_000] / 255.0
    except (OSError, RuntimeError) as error:
        print(f"MNIST is left out: {error}", file=sys.stderr)
    return {name: train_test_split(X, test_size=0.5, random_state=seed) for name, X in sets.items()}


def error(X: Any, X_test: Any, train: Any, test: Any) -> float:
    """Mean distance from held-out samples to the mean of what their winner, or the nearest that won, has won."""
    units = np.unique(train)
    means = np.array([X[train == unit].mean(axis=0) for unit in units])
    place = np.searchsorted(units, test).clip(0, len(units) - 1)
    known = units[place] == test
    return float(np.linalg.norm(X_test[known] - means[place[known]], axis=1).mean())


def main() -> None:
    """Run all engines in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", help="Python of an environment with minisom and fastersom")
    parser.add_argument("--sides", type=int, nargs="+", default=[10, 30])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(*given.serve)
        return

    from tectum import analysis

    rows: dict[tuple[str, int, str, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        question, result = f"{folder}/question.npz", f"{folder}/result.npz"
        for seed in range(given.seeds):
            for name, (X, X_test) in data(seed).items():
                for side in given.sides:
                    codebook = analysis.kohonen_codebook(X, (side, side), 20_000, seed, rates=(0.5, 0.1))
                    won = [analysis.best_matching_units(part, codebook, k=1)[:, 0] for part in (X, X_test)]
                    aim = error(X, X_test, *won)
                    for engine, amounts in ENGINES.items():
                        python = given.peers_python if engine in PEERS else sys.executable
                        for n in amounts if python else ():
                            np.savez(question, X=X, X_test=X_test, side=side, n=n, seed=seed)
                            command = [python, __file__, "--serve", engine, question, result]
                            subprocess.run(command, check=True)
                            with np.load(result) as found:
                                score = error(X, X_test, found["train"], found["test"]) / aim
                                rows.setdefault((name, side, engine, n), []).append((float(found["spent"]), score))
    print("| data | map | engine | presentations | CPU s | presentations per CPU s | QE / Kohonen |")
    print("|---|---|---|---:|---:|---:|---:|")
    for (name, side, engine, n), values in rows.items():
        spent, score = np.median(values, axis=0)
        speed = f"{n / spent:,.0f}" if n else "–"
        print(f"| {name} | {side} x {side} | {engine} | {n or '10 epochs'} | {spent:.2f} | {speed} | {score:.2f} |")


if __name__ == "__main__":
    main()
