"""Do all engines of the map circuit fire the same spikes?

One problem goes to each engine; its spikes are matched with those of the naive reference, neuron by neuron, within one
time step. Prints spike counts, agreement, the largest weight difference and CPU time; exits with 1 on a mismatch.

    python benchmarks/peers/compare_spikes.py --peers-python .venv-peers/bin/python

An engine is a function from a `Problem` to a `Result`, entered in `engines`; imports of its own belong inside it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
POPULATIONS = ("u", "inh", "v")
SETTLED = ("X", "a", "b", "W_vv")  # parameters of the lateral profile, already spent in K
C_FLAGS = ("-O3", "-march=native", "-ffast-math", "-std=c11")
# The order in which map_circuit.c reads its parameters.
C_PARAMETERS = (
    *("dt", "tau_u", "theta_u", "reset_u", "tau_h", "theta_h", "reset_h", "tau_v", "theta_v", "reset_v"),
    *("tau_r_e", "tau_f_e", "W_e", "tau_r_i", "tau_f_i", "W_i", "tau_r_h", "tau_f_h", "W_h"),
    *("tau_r_a", "tau_f_a", "g", "tau_r_l", "tau_f_l"),
    *("A_plus", "A_minus", "tau_plus", "tau_minus", "w_max", "pair_window"),
)


class Problem(NamedTuple):
    """What every engine gets. Arrays hold float32 values, so that no engine rounds its input."""

    D: int  # input dimensions
    n: int  # receptive fields per dimension
    shape: tuple[int, int]  # rows, columns of v
    currents: NDArray[np.float64]  # (n_presentations, n_u)
    w0: NDArray[np.float64]  # (n_u, n_v)
    K: NDArray[np.float64]  # (n_v, n_v), row = source
    params: dict[str, float]  # the names in C_PARAMETERS, and `presentation`, its duration in ms
    learn: bool

    @property
    def steps(self) -> int:
        """Steps per presentation."""
        return round(self.params["presentation"] / self.params["dt"])


class Result(NamedTuple):
    """What every engine returns."""

    spikes: dict[str, NDArray[np.int64]]  # for each of POPULATIONS (n_spikes, 2), rows (step, neuron)
    w: NDArray[np.float64]  # (n_u, n_v) after the run
    cpu_seconds: float  # of the time loop


Engine = Callable[[Problem], Result]


def reference() -> Any:
    """The module of naive models beside the tests."""
    sys.path.insert(0, str(HERE.parents[1] / "tests"))
    import reference as module

    return module


def make_problem(D: int, n: int, shape: tuple[int, int], n_presentations: int, learn: bool, seed: int) -> Problem:
    """Uniform random samples on an untrained map with the first, widest lateral profile."""
    models = reference()
    rng = np.random.default_rng(seed)
    untrained = models.ReferenceMap(D=D, n=n, shape=shape, seed=seed)
    samples = rng.uniform(0.25, 0.75, size=(n_presentations, D))
    currents = np.array([models.receptive_fields(sample, n) for sample in samples])
    params = {name: value for name, value in untrained.parameters._asdict().items() if name not in SETTLED}
    params |= {"dt": untrained.dt, "presentation": 120.0}
    currents, w0, K = (a.astype(np.float32).astype(np.float64) for a in (currents, untrained.w, untrained.K))
    return Problem(D, n, shape, currents, w0, K, params, learn)


def reference_spikes(problem: Problem) -> Result:
    """The naive float64 NumPy model of the tests."""
    constants = {k: v for k, v in problem.params.items() if k not in ("dt", "presentation")}
    model = reference().ReferenceMap(
        D=problem.D, n=problem.n, shape=problem.shape, dt=problem.params["dt"], w=problem.w0, **constants
    )
    model.K = problem.K
    start = time.process_time()
    runs = [model.run(current, problem.steps, learn=problem.learn) for current in problem.currents]
    cpu = time.process_time() - start
    spikes = {
        name: np.array([event for run in runs for event in run[k]], dtype=np.int64).reshape(-1, 2)
        for k, name in enumerate(POPULATIONS)
    }
    return Result(spikes, model.w, cpu)


def brian2_spikes(problem: Problem, python: str, device: str) -> Result:
    """Brian2 in its own environment, whose interpreter is ``python``."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "problem.npz"), Path(folder, "result.npz")
        content: dict[str, Any] = {name: getattr(problem, name) for name in ("currents", "w0", "K", "learn")}
        np.savez(question, **content | problem.params)
        script = str(HERE / "map_circuit_brian2.py")
        subprocess.run([python, script, question, answer, "--device", device], check=True, stdout=subprocess.DEVNULL)
        with np.load(answer) as result:
            spikes = {name: result[f"{name}_spikes"] for name in POPULATIONS}
            return Result(spikes, result["w"], float(result["cpu_seconds"]))


def c_spikes(problem: Problem, compiler: str, repeats: int = 5) -> Result:
    """map_circuit.c, compiled here; the CPU time is the median of ``repeats`` runs that record no spikes."""
    with tempfile.TemporaryDirectory() as folder:
        program, question, answer = (Path(folder, name) for name in ("map_circuit", "problem", "result"))
        source = HERE.parent / "map_circuit.c"
        subprocess.run([compiler, *C_FLAGS, "-o", program, source, "-lm"], check=True)
        write_c_problem(question, problem)
        subprocess.run([program, question, "-o", answer], check=True, stdout=subprocess.DEVNULL)
        timed = subprocess.run([program, question, "-r", str(repeats)], check=True, capture_output=True, text=True)
        seconds = [float(line.split()[1]) for line in timed.stdout.splitlines() if line.startswith("cpu_seconds")]
        return Result(*read_c_result(answer, problem.w0.shape), float(np.median(seconds)))


def write_c_problem(path: Path, problem: Problem) -> None:
    """Write the binary problem file of map_circuit.c."""
    sizes = (*problem.w0.shape, len(problem.currents), problem.steps, problem.learn)
    params = [problem.params[name] for name in C_PARAMETERS]
    with path.open("wb") as file:
        np.array(sizes, dtype=np.int32).tofile(file)
        for values in (params, problem.currents, problem.w0, problem.K):
            np.asarray(values, dtype=np.float32).tofile(file)


def read_c_result(path: Path, shape: tuple[int, int]) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.float64]]:
    """Spikes per population and weights from the result file of map_circuit.c."""
    with path.open("rb") as file:
        counts = np.fromfile(file, np.int32, 3)
        spikes = {
            name: np.fromfile(file, np.int32, 2 * count).reshape(-1, 2).astype(np.int64)
            for name, count in zip(POPULATIONS, counts, strict=True)
        }
        return spikes, np.fromfile(file, np.float32).reshape(shape).astype(np.float64)


def engines(peers_python: str, compiler: str) -> dict[str, Engine]:
    """Every engine by name; the first is the one the others are compared with."""
    return {
        "reference": reference_spikes,
        "C": partial(c_spikes, compiler=compiler),
        "brian2-numpy": partial(brian2_spikes, python=peers_python, device="numpy"),
        "brian2-cython": partial(brian2_spikes, python=peers_python, device="cython"),
        "brian2-cpp": partial(brian2_spikes, python=peers_python, device="cpp_standalone"),
    }


def matched(a: NDArray[np.int64], b: NDArray[np.int64], tolerance: int) -> int:
    """Number of spikes of ``a`` with a partner of their own in ``b``, same neuron, at most ``tolerance`` steps away."""
    count = 0
    for neuron in np.union1d(a[:, 1], b[:, 1]):
        left, right = (np.sort(x[x[:, 1] == neuron, 0]) for x in (a, b))
        i = j = 0
        while i < len(left) and j < len(right):
            lag = right[j] - left[i]
            if abs(lag) <= tolerance:
                count, i, j = count + 1, i + 1, j + 1
            elif lag > 0:
                i += 1
            else:
                j += 1
    return count


def report(name: str, result: Result, truth: Result, n_steps: int) -> bool:
    """Print one line of the table; whether every spike has its partner within one step."""
    totals = [len(result.spikes[p]) for p in POPULATIONS]
    pairs = [(result.spikes[p], truth.spikes[p]) for p in POPULATIONS]
    exact = sum(matched(a, b, 0) for a, b in pairs)
    near = [matched(a, b, 1) for a, b in pairs]
    alone = sum(len(a) + len(b) - 2 * m for (a, b), m in zip(pairs, near, strict=True))
    print(
        f"{name:15s}{totals[0]:8d}{totals[1]:6d}{totals[2]:8d}{exact:9d}{sum(near):9d}{alone:8d}"
        f"{np.abs(result.w - truth.w).max():11.1e}{1e6 * result.cpu_seconds / n_steps:13.3f}",
        flush=True,
    )
    return alone == 0


def main() -> int:
    """Run the engines on one problem and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter that has Brian2")
    parser.add_argument("--compiler", default=os.environ.get("CC", "gcc"))
    parser.add_argument("--engines", nargs="+", help="only these, beside the reference")
    parser.add_argument("--dimensions", type=int, default=2)
    parser.add_argument("--fields", type=int, default=16, help="receptive fields per dimension")
    parser.add_argument("--shape", type=int, nargs=2, default=(10, 10))
    parser.add_argument("--presentations", type=int, default=5)
    parser.add_argument("--learn", action="store_true", help="STDP on; default: frozen weights")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    available = engines(options.peers_python, options.compiler)
    chosen = options.engines or list(available)
    if unknown := set(chosen) - set(available):
        parser.error(f"--engines must be among {', '.join(available)}; got {', '.join(sorted(unknown))}")
    shape = (options.shape[0], options.shape[1])
    problem = make_problem(
        options.dimensions, options.fields, shape, options.presentations, options.learn, options.seed
    )
    n_steps = len(problem.currents) * problem.steps
    print(f"{n_steps} steps, {problem.w0.shape[0]} u, {shape[0]} x {shape[1]} v, learn={problem.learn}")
    print("engine                u   inh       v    exact  +-1 step  alone   max |dw|  CPU us/step")
    truth = available["reference"](problem)
    agree = report("reference", truth, truth, n_steps)
    for name in chosen:
        if name != "reference":
            agree &= report(name, available[name](problem), truth, n_steps)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
