"""How fast does event-based STDP learn, beside the same rule in C and in ngc-learn, and what does the time go with?

The vector quantiser `SpikingDictionary.reference`: 10 x 10 patches, 64 neurons, 50 steps, stochastic input, learning
on. tectum and C take turns on one core; times are CPU times, medians over the rounds, without compilation. The score
beside them is the RMS distance of unseen patches from the nearest of the components that the engine has learned.

    python benchmarks/dictionary_speed.py
    python benchmarks/dictionary_speed.py --peers-python .venv-ngclearn/bin/python --json speed.json

C needs a compiler, ngc-learn its own environment (peers/requirements-ngclearn.txt); else they are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from destinations import file_to_write
from numpy.typing import NDArray

from tectum.engine.dictionary import network
from tectum.engine.dictionary.loop import DictionaryCircuit, DictionaryState
from tectum.models.common.parameters import EXPLAINING, REFERENCE
from tectum.parts import BernoulliSpikes, ExplainingAway, ResidualSTDP

HERE = Path(__file__).resolve().parent
SIDE, UNITS, STEPS = 10, 64, 50
C_FLAGS = ("-O3", "-march=native", "-ffast-math", "-std=c11")


class Outcome(NamedTuple):
    """What an engine returns."""

    cpu_seconds: float
    weights: NDArray[np.float32]  # (n_units, n_inputs)
    spikes: float  # of the neurons, per patch


def strokes(n_patches: int, seed: int) -> NDArray[np.float32]:
    """Patches (n_patches, SIDE ** 2) of two blurred strokes each, in [0, 1]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    angle, centre = rng.uniform(0.0, np.pi, (n_patches, 2, 1, 1)), rng.uniform(2.0, 8.0, (2, n_patches, 2, 1, 1))
    distance = (x - centre[0]) * np.sin(angle) - (y - centre[1]) * np.cos(angle)
    ink = np.exp(-(distance**2) / 1.5).sum(axis=1).clip(0.0, 1.0)
    return np.where(ink < 0.02, 0.0, ink).reshape(n_patches, -1).astype(np.float32)


def circuit_of(preset: dict[str, Any], **changes: Any) -> DictionaryCircuit:
    """The circuit of a preset."""
    chosen = preset | changes
    parts = network.DictionaryParts(**{name: chosen[name] for name in network.DictionaryParts._fields})
    return network.build_circuit(parts, 0)


def start_weights(X: NDArray[np.float32], n_units: int) -> NDArray[np.float32]:
    """The mean patch with some noise."""
    noise = np.random.default_rng(0).uniform(-0.2, 0.2, (n_units, X.shape[1]))
    return np.clip(X.mean(axis=0) + noise, 0.01, 1.0).astype(np.float32)


def tectum(X: NDArray[np.float32], n_units: int = UNITS, n_steps: int = STEPS, learning: bool = True) -> Outcome:
    """This package, by the published rule."""
    circuit = circuit_of(REFERENCE, encoder=BernoulliSpikes(n_steps))
    theta = np.full(n_units, REFERENCE["threshold"].start, np.float32)
    return timed(
        circuit,
        DictionaryState(start_weights(X, n_units), theta, np.zeros_like(theta)),
        X,
        REFERENCE["rule"].eta,
        learning,
    )


def explaining(X: NDArray[np.float32], n_units: int = UNITS, learning: bool = True) -> Outcome:
    """This package, by its default rule."""
    quantum = 2.0 * float(np.linalg.norm(X, axis=1).mean())
    circuit = circuit_of(EXPLAINING, competition=ExplainingAway(quantum), rule=ResidualSTDP(w_min=0.0))
    weights = network.unit_length(X[:n_units], 0.0)
    theta = np.full(n_units, EXPLAINING["threshold"].start, np.float32)
    return timed(circuit, DictionaryState(weights, theta, np.zeros_like(theta)), X, EXPLAINING["rule"].eta, learning)


def timed(
    circuit: DictionaryCircuit, state: DictionaryState, X: NDArray[np.float32], eta: float, learning: bool
) -> Outcome:
    """Present all patches once, after one that compiles."""
    rates = np.full(len(X), eta, np.float32)
    keys = np.zeros(len(X), np.uint64)

    def present(X: NDArray[np.float32], state: DictionaryState) -> Any:
        if learning:
            return network.learn(circuit, state, X, 0, rates[: len(X)])
        return network.respond(circuit, state, X, keys[: len(X)])

    present(X[:1], DictionaryState(*(a.copy() for a in state)))
    start = time.process_time()
    response = present(X, state)
    return Outcome(time.process_time() - start, state.weights, response.counts.sum() / len(X))


def compiled_c(compiler: str, folder: str | Path) -> Path:
    """event_stdp.c compiled."""
    program = Path(folder, "event_stdp")
    subprocess.run([compiler, *C_FLAGS, "-o", program, HERE / "event_stdp.c", "-lm"], check=True)
    return program


def in_c(program: Path, X: NDArray[np.float32]) -> Outcome:
    """event_stdp.c on the same patches and initial weights."""
    rule, threshold, neuron = (REFERENCE[name] for name in ("rule", "threshold", "neuron"))
    values = (neuron.R, rule.decay, rule.eta, rule.w_min, threshold.rate, threshold.minimum, threshold.start)
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "problem"), Path(folder, "result")
        with question.open("wb") as file:
            np.array([X.shape[1], UNITS, STEPS, len(X)], np.int32).tofile(file)
            np.array([circuit_of(REFERENCE).seed], np.uint64).tofile(file)
            for part in (values, X, start_weights(X, UNITS)):
                np.asarray(part, np.float32).tofile(file)
        answer_line = subprocess.run(
            [program, question, answer], check=True, capture_output=True, text=True
        ).stdout.split()
        weights = np.fromfile(answer, np.float32).reshape(UNITS, -1)
    return Outcome(float(answer_line[0]), weights, int(answer_line[2]) / len(X))


def in_ngclearn(python: str, X: NDArray[np.float32]) -> dict[str, Any]:
    """CPU seconds per patch under both ways to call, weights and spikes of ngc-learn."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "problem.npz"), Path(folder, "result.npz")
        np.savez(question, X=X, n_units=UNITS, n_steps=STEPS)
        script = HERE / "peers" / "event_stdp_ngclearn.py"
        subprocess.run([python, script, question, answer], check=True, stdout=subprocess.DEVNULL)
        with np.load(answer) as result:
            return dict(result)


def error(weights: NDArray, X: NDArray) -> float:
    """Root mean square distance of patches from the nearest component."""
    components = (1.0 + REFERENCE["rule"].decay) * weights
    squared = (X**2).sum(1)[:, None] - 2.0 * X @ components.T + (components**2).sum(1)
    return float(np.sqrt(squared.min(axis=1).mean() / X.shape[1]))


def median_us(run: Callable[[], Outcome], n_patches: int, rounds: int) -> float:
    """Microseconds per patch."""
    return 1e6 * float(np.median([run().cpu_seconds for _ in range(rounds)])) / n_patches


def compare(X: NDArray[np.float32], unseen: NDArray[np.float32], options: argparse.Namespace) -> dict[str, Any]:
    """Engines in turn on the same patches."""
    chosen: dict[str, Callable[[], Outcome]] = {"tectum": lambda: tectum(X)}
    with tempfile.TemporaryDirectory() as folder:
        if shutil.which(options.compiler):
            program = compiled_c(options.compiler, folder)
            chosen["C"] = lambda: in_c(program, X)
        else:
            print(f"C is left out: no compiler {options.compiler!r}; name one with --compiler")
        turns = [{name: run() for name, run in chosen.items()} for _ in range(options.rounds)]
    rows = {}
    for name in chosen:
        seconds = np.array([turn[name].cpu_seconds for turn in turns]) / len(X)
        own = np.array([turn["tectum"].cpu_seconds for turn in turns]) / len(X)
        last = turns[-1][name]
        rows[name] = row(float(np.median(seconds)), float(np.median(seconds / own)), last.spikes, last.weights, unseen)
    if options.peers_python:
        found = in_ngclearn(options.peers_python, X[: options.peer_patches])
        own = 1e-6 * rows["tectum"]["us_per_patch"]
        for name in ("exhibit", "packed"):
            seconds = float(found[f"cpu_{name}"])
            rows[f"ngc-learn, {name}"] = row(seconds, seconds / own, float(found["spikes"]), found["W"], unseen)
    else:
        print("ngc-learn is left out: name an interpreter that has it with --peers-python")
    return rows


def row(seconds: float, ratio: float, spikes: float, weights: NDArray, unseen: NDArray) -> dict[str, float]:
    """One line of the table."""
    return {
        "us_per_patch": 1e6 * seconds,
        "patches_per_second": 1.0 / seconds,
        "times_tectum": ratio,
        "spikes_per_patch": spikes,
        "error": error(weights, unseen),
    }


def scaling(X: NDArray[np.float32], rounds: int) -> dict[str, dict[str, float]]:
    """Microseconds per patch while learning, against the intensity of the input, neurons and steps; then by rule."""

    def us(run: Callable[[], Outcome]) -> float:
        return median_us(run, len(X), rounds)

    return {
        "intensity": {str(f): us(lambda f=f: tectum(np.float32(f) * X)) for f in (0.25, 0.5, 1.0)},
        "neurons": {str(n): us(lambda n=n: tectum(X, n_units=n)) for n in (16, 32, 64, 128, 256)},
        "steps": {str(n): us(lambda n=n: tectum(X, n_steps=n)) for n in (25, 50, 100)},
        "mode": {
            "published rule, learning": us(lambda: tectum(X)),
            "published rule, frozen": us(lambda: tectum(X, learning=False)),
            "default rule, learning": us(lambda: explaining(X)),
            "default rule, frozen": us(lambda: explaining(X, learning=False)),
        },
    }


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=int, default=5000)
    parser.add_argument(
        "--peer-patches", type=int, default=1000, help="that ngc-learn is given, under each way to call"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers-python", help="interpreter that has ngc-learn")
    parser.add_argument("--compiler", default=os.environ.get("CC", "gcc"))
    parser.add_argument("--json", type=file_to_write, help="file to write the figures to")
    options = parser.parse_args()
    if options.patches < UNITS or min(options.peer_patches, options.rounds) < 1:
        parser.error(f"--patches must be at least {UNITS}, --peer-patches and --rounds at least 1")
    X, unseen = strokes(options.patches, seed=0), strokes(1000, seed=1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    found = {"engines": compare(X, unseen, options), "scaling": scaling(X, options.rounds)}
    print(
        f"\n{SIDE} x {SIDE} patches, mean {X.mean():.2f}; {UNITS} neurons, {STEPS} steps, {len(X)} patches, learning on"
    )
    print("engine                us/patch  patches/CPU s  x tectum  spikes/patch    error")
    print(f"{'initial weights':62s}{error(start_weights(X, UNITS), unseen):15.4f}")
    for name, r in found["engines"].items():
        print(
            f"{name:20s}{r['us_per_patch']:10.1f}{r['patches_per_second']:15.0f}{r['times_tectum']:10.2f}"
            f"{r['spikes_per_patch']:14.1f}{r['error']:9.4f}"
        )
    for name, values in found["scaling"].items():
        print(f"us/patch by {name}: " + ", ".join(f"{key}: {value:.1f}" for key, value in values.items()))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
