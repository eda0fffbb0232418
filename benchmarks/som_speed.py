"""How fast does the map circuit learn, beside the same circuit in C and in Brian2?

One problem per number of features goes to each engine, learning on. In every round the engines take turns on one core,
so that a busy machine slows all of them; the ratios are medians over the rounds. Each row shows the time and the score:
spike counts, and the spikes without a partner within one time step in the naive reference.

    python benchmarks/som_speed.py
    python benchmarks/som_speed.py --peers-python .venv-peers/bin/python --json speed.json

C needs a compiler, Brian2 an environment of its own (peers/README.md); without them they are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
from typing import Any, NamedTuple

import numba
import numpy as np
from destinations import file_to_write
from numpy.typing import NDArray
from peers.compare_spikes import Engine, Problem, Score, engines, make_problem, score

from tectum import datasets
from tectum.models.common.scaling import scaling_of
from tectum.models.common.wiring import direct, onto_rings
from tectum.parts import CircularGaussian

SHAPE = (10, 10)
DT = 0.05  # ms
BRIAN2 = ("brian2-cpp", "brian2-cython")
# What the package promises of CPU times: engine, engine it is divided by, bound of the ratio.
TARGETS = (
    ("tectum", "C", "at most", 1.3),
    ("brian2-cpp", "tectum", "at least", 20.0),
    ("brian2-cython", "tectum", "at least", 300.0),
)


class Case(NamedTuple):
    """A data set, and what of it is presented."""

    dataset: str
    share: float  # of the presentations asked for: large inputs cost more
    n_units: int | None  # receptive fields per feature; None: chosen by the encoder


CASES = {2: Case("square", 1.0, 16), 4: Case("iris", 1.0, 16), 784: Case("digits", 0.2, None)}


def samples_of(case: Case, n_presentations: int, seed: int) -> NDArray[np.float64]:
    """Random samples of the data set; digits are enlarged to 28 x 28 pixels."""
    X = datasets.load(case.dataset).data
    X = X[np.random.default_rng(seed).integers(len(X), size=n_presentations)]
    if case.dataset == "digits":
        from scipy.ndimage import zoom

        X = zoom(X.reshape(-1, 8, 8), (1, 3.5, 3.5), order=1).reshape(len(X), -1)
    return X


def problem_of(n_features: int, n_presentations: int, seed: int) -> Problem:
    """The samples of a case on the ring, as `SpikingSOM.rumbell2014` scales them, for an untrained map."""
    case = CASES[n_features]
    X = samples_of(case, max(1, round(case.share * n_presentations)), seed)
    low, high = (0.25, 0.75) if n_features <= 3 else (0.10, 0.90)
    encoder = CircularGaussian(n_units=case.n_units, low=low, high=high).sized_for(n_features)
    limits = (X.min(), X.max()) if case.dataset == "digits" else None
    ring = onto_rings(X, scaling_of(X, limits, n_features, "som_speed"), direct(), encoder)
    return make_problem(ring, len(encoder.centres()), SHAPE, learn=True, seed=seed, dt=DT)


def chosen_engines(peers_python: str | None, compiler: str) -> dict[str, Engine]:
    """The engines that this machine has, tectum first."""
    available = engines(peers_python or "", compiler)
    names = ["tectum", "tectum-stepping"]
    if shutil.which(compiler):
        names.append("C")
    else:
        print(f"C is left out: no compiler {compiler!r}; name one with --compiler")
    if peers_python:
        names += BRIAN2
    else:
        print("Brian2 is left out: name an interpreter that has it with --peers-python (peers/README.md)")
    return {name: available[name] for name in names}


def cpu_times(problem: Problem, chosen: dict[str, Engine], rounds: int, peer_rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each engine in each round; Brian2 takes part in the first `peer_rounds`."""
    times: dict[str, list[float]] = {name: [] for name in chosen}
    for turn in range(rounds):
        for name, engine in chosen.items():
            if turn < peer_rounds or name not in BRIAN2:
                times[name].append(engine(problem, record=False).cpu_seconds)
    return times


def ratio(times: dict[str, list[float]], name: str, other: str) -> tuple[float, float, float]:
    """Median, smallest and largest ratio of the CPU times of two engines in the same round."""
    ratios = [a / b for a, b in zip(times[name], times[other], strict=False)]
    return float(np.median(ratios)), min(ratios), max(ratios)


def measure(problem: Problem, chosen: dict[str, Engine], rounds: int, peer_rounds: int) -> dict[str, Any]:
    """Times and scores of all engines on one problem."""
    n_presentations = len(problem.currents)
    truth = engines("", "")["reference"](problem)
    scores: dict[str, Score] = {name: score(engine(problem), truth) for name, engine in chosen.items()}
    times = cpu_times(problem, chosen, rounds, peer_rounds)
    rows = {
        name: {
            "us_per_step": 1e6 * float(np.median(times[name])) / (n_presentations * problem.steps),
            "presentations_per_second": n_presentations / float(np.median(times[name])),
            "times_tectum": ratio(times, name, "tectum"),
            **scores[name]._asdict(),
            "cpu_seconds": times[name],
        }
        for name in chosen
    }
    targets = {
        f"{name} / {other}": {"ratio": ratio(times, name, other)[0], "wanted": wanted, "bound": bound}
        for name, other, wanted, bound in TARGETS
        if name in chosen and other in chosen
    }
    return {"n_u": len(problem.w0), "n_presentations": n_presentations, "engines": rows, "targets": targets}


def show(n_features: int, result: dict[str, Any]) -> None:
    """Print the table of one problem."""
    size = f"{result['n_u']} u, {SHAPE[0]} x {SHAPE[1]} v, dt {DT} ms, {result['n_presentations']} presentations"
    print(f"\n{n_features} features ({CASES[n_features].dataset}): {size} of 120 ms, learning on")
    print("engine           us/step  present./s   x tectum (range)            u    inh       v  alone  max |dw|")
    for name, row in result["engines"].items():
        middle, low, high = row["times_tectum"]
        u, inh, v = row["counts"]
        print(
            f"{name:15s}{row['us_per_step']:9.4f}{row['presentations_per_second']:12.1f}"
            f"{middle:11.2f} {f'({low:.2f}-{high:.2f})':17s}"
            f"{u:7d}{inh:7d}{v:8d}{row['alone']:7d}{row['weight_error']:10.1e}"
        )
    for name, target in result["targets"].items():
        reached, bound = target["ratio"], target["bound"]
        met = reached <= bound if target["wanted"] == "at most" else reached >= bound
        print(f"{name}: {reached:.2f}, wanted {target['wanted']} {bound:g}: {'met' if met else 'MISSED'}", flush=True)


def pin() -> int | None:
    """Keep this process and its children on one core; its number, or None where that is not possible."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def main() -> None:
    """Measure the cases asked for and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=int, nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--presentations", type=int, default=100, help="of 120 ms; a fifth of them at 784 features")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peer-rounds", type=int, default=3, help="rounds in which Brian2 takes part")
    parser.add_argument("--peers-python", help="interpreter that has Brian2")
    parser.add_argument("--compiler", default=os.environ.get("CC", "cc"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=file_to_write, help="file to write the figures to")
    options = parser.parse_args()
    if min(options.presentations, options.rounds, options.peer_rounds) < 1:
        parser.error("--presentations, --rounds and --peer-rounds must be at least 1")
    core = pin()
    print(f"CPU time of one thread, {'not pinned' if core is None else f'core {core}'}")
    chosen = chosen_engines(options.peers_python, options.compiler)
    results = {}
    for n_features in options.features:
        problem = problem_of(n_features, options.presentations, options.seed)
        results[n_features] = measure(problem, chosen, options.rounds, options.peer_rounds)
        show(n_features, results[n_features])
    if options.json:
        machine = {
            "processor": platform.processor() or platform.machine(),
            "core": core,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
        }
        options.json.write_text(json.dumps({"machine": machine, "dt": DT, "features": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
