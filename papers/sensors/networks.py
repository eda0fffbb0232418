"""Networks wired to sensors in an unknown order: fields in the true layout, and what a read-out makes of digits."""

import functools
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tectum import SensorLayout, WaveNetwork, analysis, parts

N_IMAGES, N_UNITS, N_MAPS, SIDE = 6000, 300, 10, 20.0
WAYS = ("found", "known", "random")
FLOORS = {"accuracy": 95.2, "compact": 0.9, "topography": 0.85}  # of the layout that is found


def measured(seed: int, ways: tuple[str, ...] = WAYS) -> dict[str, dict[str, float]]:
    """Each way to place the sensors: as they are, as their activity says, and at random."""
    raghavan = of_raghavan()
    X, rng = raghavan.digits(N_IMAGES), np.random.default_rng(seed)
    order = rng.permutation(784)
    X = X._replace(train=np.ascontiguousarray(X.train[:, order]), test=np.ascontiguousarray(X.test[:, order]))
    true = np.indices((28, 28)).reshape(2, -1).T[order] * (SIDE / 27.0)
    raw = raghavan.Ridge(1e-3, scale="range").score(X.train.copy(), X.y_train, X.test.copy(), X.y_test)
    found = {"raw pixels": {"accuracy": raw}}
    for way in ways:
        if way == "found":
            first = SensorLayout().fit(X.train).sheet(SIDE)
        else:
            first = parts.Sheet(positions=true if way == "known" else true[rng.permutation(784)])
        rule = parts.FieldHebb(n_maps=N_MAPS)
        network = WaveNetwork(
            (first, parts.Sheet(N_UNITS, 10.0)), image_rule=rule, response="excess", random_state=seed
        ).grow()
        alive, W = network.alive_[0], network.weights_[0]
        fields = analysis.tiling(W[:, alive], true[alive])
        topography = analysis.sheet_topography(
            analysis.field_centres(W[:, alive], true[alive]), network.sheet_positions_[1]
        )
        accuracy = raghavan.evaluate(network.fit(X.train), X, raghavan.Ridge(3e-4, per_image=True, scale="deviation"))
        found[way] = {
            "accuracy": accuracy,
            "compact": fields.compact,
            "coverage": fields.coverage,
            "topography": topography,
        }
        print(seed, way, found[way], flush=True)
    return found


@functools.cache
def of_raghavan() -> Any:
    """The digits and the read-out of the paper beside this one, whose module has the name of ours."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("raghavan_data", Path(__file__).parents[1] / "raghavan2020" / "data.py")
    module = module_from_spec(spec)
    sys.modules["raghavan_data"] = module
    spec.loader.exec_module(module)
    return module


def section(n_seeds: int) -> tuple[list[list[str]], list[tuple[str, float, float]]]:
    """Table and floors."""
    runs = [measured(seed) for seed in range(n_seeds)]
    names = ("accuracy", "compact", "coverage", "topography")
    rows = [["places of the sensors", *names]]
    for way in runs[0]:
        means = [np.mean([run[way].get(name, np.nan) for run in runs]) for name in names]
        rows.append([way, *("-" if np.isnan(value) else f"{value:.3g}" for value in means)])
    return rows, [(name, min(run["found"][name] for run in runs), least) for name, least in FLOORS.items()]
