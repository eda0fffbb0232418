"""Grid search over an estimator without labels, by its own score on held-out samples, on any backend of joblib.

Each fit is sequential; fits are independent, so they run side by side. `parallel_config` says where: processes of this
machine (loky), threads, or a Dask cluster; the results are the same.

    python examples/grid_search.py
    python examples/grid_search.py --backend threading --jobs 4
    python examples/grid_search.py --backend dask        # on a cluster of two processes; needs tectum[dask]
"""

import argparse
from contextlib import ExitStack

import joblib
from sklearn.model_selection import GridSearchCV, KFold

import tectum

RADII = (0.8, 1.0, 1.25)


def search(n_presentations: int = 600) -> GridSearchCV:
    """The search on Iris, fitted; which maps are finest is seen on flowers they have not learned."""
    som = tectum.SpikingSOM(shape=(6, 6), n_presentations=n_presentations, random_state=0)
    grid = {"radius__end": RADII, "dt": [0.025, 0.05]}  # the other constants of the radius stay as recommended
    return GridSearchCV(som, grid, cv=KFold(3, shuffle=True, random_state=0)).fit(tectum.datasets.load("iris").data)


def main() -> None:
    """Search on the backend asked for, and print the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", default="loky", help="of joblib: loky, threading, multiprocessing, dask")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.backend == "dask":
            from distributed import Client

            stack.enter_context(Client(n_workers=options.jobs, threads_per_worker=1, dashboard_address=None))
        stack.enter_context(joblib.parallel_config(options.backend, n_jobs=options.jobs))
        found = search()
    for parameters, score in zip(found.cv_results_["params"], found.cv_results_["mean_test_score"], strict=True):
        print(f"radius.end {parameters['radius__end']:4.2f}  dt {parameters['dt']:.3f}  score {score:.3f}")
    print(f"best: radius.end {found.best_params_['radius__end']:.2f}, dt {found.best_params_['dt']:.3f}")


if __name__ == "__main__":
    main()
