"""An ensemble of maps that differ in their seed alone, fitted side by side: some seeds leave a fold in the map.

python examples/seed_ensemble.py
python examples/seed_ensemble.py --seeds 10 --backend threading --jobs 4
"""

import argparse

import joblib
import numpy as np
from sklearn.base import clone

import tectum


def fitted(model: tectum.SpikingSOM, X: np.ndarray, seed: int) -> tectum.SpikingSOM:
    """A copy of the model with a seed of its own, fitted."""
    return clone(model).set_params(random_state=seed).fit(X)


def ensemble(n_seeds: int, n_presentations: int = 1500) -> list[tectum.SpikingSOM]:
    """Maps of the unit square."""
    X = tectum.datasets.load("square").data
    model = tectum.SpikingSOM(shape=(8, 8), n_presentations=n_presentations)
    return joblib.Parallel()(joblib.delayed(fitted)(model, X, seed) for seed in range(n_seeds))


def main() -> None:
    """Fit the ensemble on the backend asked for, and print the errors of each map."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--backend", default="loky", help="of joblib: loky, threading, multiprocessing")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with joblib.parallel_config(options.backend, n_jobs=options.jobs):
        maps = ensemble(options.seeds)
    X = tectum.datasets.load("square").data
    errors = np.array([(som.quantization_error(X), som.topographic_error(X)) for som in maps])
    for seed, (quantization, topographic) in enumerate(errors):
        print(f"seed {seed}: quantization error {quantization:.3f}, topographic error {topographic:.3f}")
    print("all:    quantization error {:.3f}, topographic error {:.3f}".format(*errors.mean(axis=0)))
    print(f"straightest map: seed {errors[:, 1].argmin()}")


if __name__ == "__main__":
    main()
