"""Do all engines of the map circuit fire the same spikes?

One problem goes to each engine; its spikes are matched with those of the naive reference, neuron by neuron, within one
time step. Prints spike counts, agreement, the largest weight difference and CPU time; exits with 1 on a mismatch.

    python benchmarks/peers/compare_spikes.py --peers-python .venv-peers/bin/python

An engine is a function from a `Problem` to a `Result`, entered in `engines`; imports of its own belong inside it. With
``record=False``, for timing, it returns no spikes.
"""

from __future__ import annotations

import argparse
import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
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


class Score(NamedTuple):
    """Agreement of an engine with the reference."""

    counts: list[int]  # spikes of u, Inh_u and v
    exact: int  # spikes at the very step of the reference
    near: int  # spikes at most one step away
    alone: int  # spikes without a partner, on either side
    weight_error: float  # largest difference of a weight


Engine = Callable[..., Result]


def reference() -> Any:
    """The module of naive models beside the tests."""
    sys.path.insert(0, str(HERE.parents[1] / "tests"))
    import reference as module

    return module


def make_problem(
    samples: NDArray[np.float64], n: int, shape: tuple[int, int], learn: bool, seed: int, dt: float = 0.05
) -> Problem:
    """Samples (n_presentations, D), scaled onto the ring, for an untrained map with the first, widest lateral profile.

    Parameters
    ----------
    samples : ndarray of shape (n_presentations, D)
        Positions on the ring of each dimension, in [0, 1).
    n : int
        Receptive fields per dimension.
    shape : tuple of (int, int)
        Rows and columns of v.
    learn : bool
        Whether STDP runs; otherwise the weights are frozen.
    seed : int
        Of the initial weights.
    dt : float, default=0.05
        Time step in ms.

    Returns
    -------
    Problem
    """
    models = reference()
    untrained = models.ReferenceMap(D=samples.shape[1], n=n, shape=shape, dt=dt, seed=seed)
    currents = np.array([models.receptive_fields(sample, n) for sample in samples])
    params = {name: value for name, value in untrained.parameters._asdict().items() if name not in SETTLED}
    params |= {"dt": dt, "presentation": 120.0}
    currents, w0, K = (a.astype(np.float32).astype(np.float64) for a in (currents, untrained.w, untrained.K))
    return Problem(samples.shape[1], n, shape, currents, w0, K, params, learn)


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


def tectum_spikes(problem: Problem, skip: bool = True, record: bool = True, repeats: int = 3) -> Result:
    """The time loop of this package with the parts of the published circuit.

    ``skip`` tells whether it skips silent stretches. The CPU time is the median of ``repeats`` runs that record no
    spikes, after one more that compiles.
    """
    from tectum.engine.maps import network
    from tectum.engine.maps.loop import run_map
    from tectum.models.common.parameters import PUBLISHED
    from tectum.parts import Grid

    currents, w0, K = (a.astype(np.float32) for a in (problem.currents, problem.w0, problem.K))
    chosen = {name: PUBLISHED[name] for name in network.MapParts._fields if name != "dt"}
    parts = network.MapParts(**chosen, dt=problem.params["dt"])
    grid = Grid(*problem.shape)
    down, right = (np.abs(np.arange(1 - n, n)) for n in grid)
    by_offset = K[0].reshape(grid)[np.ix_(down, right)]  # of the first neuron, and the same for all
    circuit = network.build_circuit(parts, len(w0), PUBLISHED["lateral"], grid, X=1.0)._replace(K=by_offset)
    blank = np.zeros(len(w0), np.float32)

    def run(capacity: int) -> tuple[Any, NDArray[np.float32], float]:
        state = network.rest_state(w0.copy())
        spikes, scratch = network._spikes(len(currents), state, capacity), network._scratch(state)
        start = time.process_time()
        run_map(circuit, state, spikes, scratch, currents, blank, problem.steps, 0, problem.learn, False, skip)
        return spikes, state.weights, time.process_time() - start

    runs = [run(capacity=0) for _ in range(repeats + 1)]
    cpu = float(np.median([seconds for _, _, seconds in runs[1:]]))
    spikes, w, _ = run(capacity=runs[0][0].counts.max()) if record else runs[0]
    kept = (events[:n] for events, n in zip((spikes.u, spikes.h, spikes.v), spikes.n_events, strict=True))
    return Result(dict(zip(POPULATIONS, kept, strict=True)), w.astype(np.float64), cpu)


def brian2_spikes(problem: Problem, python: str, device: str, record: bool = True) -> Result:
    """Brian2 in its own environment, whose interpreter is ``python``."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "problem.npz"), Path(folder, "result.npz")
        content: dict[str, Any] = {name: getattr(problem, name) for name in ("currents", "w0", "K", "learn")}
        np.savez(question, **content | problem.params)
        command = [python, str(HERE / "map_circuit_brian2.py"), str(question), str(answer), "--device", device]
        subprocess.run(command + ["--no-record"] * (not record), check=True, stdout=subprocess.DEVNULL)
        with np.load(answer) as result:
            spikes = {name: result[f"{name}_spikes"] for name in POPULATIONS}
            return Result(spikes, result["w"], float(result["cpu_seconds"]))


@functools.cache
def compiled_c(compiler: str) -> Path:
    """map_circuit.c compiled, once per process."""
    folder = tempfile.mkdtemp(prefix="map_circuit_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program = Path(folder, "map_circuit")
    subprocess.run([compiler, *C_FLAGS, "-o", program, HERE.parent / "map_circuit.c", "-lm"], check=True)
    return program


def c_spikes(problem: Problem, compiler: str, record: bool = True, repeats: int = 3) -> Result:
    """map_circuit.c; the CPU time is the median of ``repeats`` runs that record no spikes."""
    program = compiled_c(compiler)
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "problem"), Path(folder, "result")
        write_c_problem(question, problem)
        timed = subprocess.run([program, question, "-r", str(repeats)], check=True, capture_output=True, text=True)
        seconds = [float(line.split()[1]) for line in timed.stdout.splitlines() if line.startswith("cpu_seconds")]
        subprocess.run([program, question, "-o", answer], check=True, stdout=subprocess.DEVNULL)
        spikes, w = read_c_result(answer, problem.w0.shape)
        silent = {name: np.empty((0, 2), np.int64) for name in POPULATIONS}
        return Result(spikes if record else silent, w, float(np.median(seconds)))


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
    brian2 = functools.partial(brian2_spikes, python=peers_python)
    return {
        "reference": reference_spikes,
        "tectum": tectum_spikes,
        "tectum-stepping": functools.partial(tectum_spikes, skip=False),
        "C": functools.partial(c_spikes, compiler=compiler),
        "brian2-numpy": functools.partial(brian2, device="numpy"),
        "brian2-cython": functools.partial(brian2, device="cython"),
        "brian2-cpp": functools.partial(brian2, device="cpp_standalone"),
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


def score(result: Result, truth: Result) -> Score:
    """Compare the spikes and weights of an engine with those of another."""
    pairs = [(result.spikes[p], truth.spikes[p]) for p in POPULATIONS]
    near = [matched(a, b, 1) for a, b in pairs]
    return Score(
        counts=[len(a) for a, _ in pairs],
        exact=sum(matched(a, b, 0) for a, b in pairs),
        near=sum(near),
        alone=sum(len(a) + len(b) - 2 * m for (a, b), m in zip(pairs, near, strict=True)),
        weight_error=float(np.abs(result.w - truth.w).max()),
    )


def report(name: str, result: Result, truth: Result, n_steps: int) -> bool:
    """Print one line of the table; whether every spike has its partner within one step."""
    u, inh, v = (found := score(result, truth)).counts
    print(
        f"{name:15s}{u:8d}{inh:6d}{v:8d}{found.exact:9d}{found.near:9d}{found.alone:8d}"
        f"{found.weight_error:11.1e}{1e6 * result.cpu_seconds / n_steps:13.3f}",
        flush=True,
    )
    return found.alone == 0


def main() -> int:
    """Run the engines on one problem and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter that has Brian2")
    parser.add_argument("--compiler", default=os.environ.get("CC", "cc"))
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
    rng = np.random.default_rng(options.seed)
    samples = rng.uniform(0.25, 0.75, size=(options.presentations, options.dimensions))
    problem = make_problem(samples, options.fields, shape, options.learn, options.seed)
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
