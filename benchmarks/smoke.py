"""Is a kernel grossly slower than it was, beside a twin in the same run?

CPU time of each time loop over that of its twin: the same circuit in C (map_circuit.c, event_stdp.c), without a
compiler the naive NumPy model of the tests, which is also the twin of the sheet loop. Both take turns, so that a slow
or busy machine slows both. Exits with 1 if a median ratio is more than 2.5 times the recorded one, which leaves room
for other processors and compilers.

    python benchmarks/smoke.py
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import dictionary_speed
import numpy as np
import som_speed
import wave_speed
from peers.compare_spikes import engines, reference
from threadpoolctl import threadpool_limits

from tectum.engine.sheets import network as sheet_network

BOUND = 2.5  # times the recorded ratio


class Pair(NamedTuple):
    """A kernel and its twin: CPU seconds of each for the same amount of work."""

    kernel: Callable[[], float]
    twin: Callable[[], float]
    recorded: float  # ratio


def map_loop(compiler: str | None) -> Pair:
    """Iris on the published circuit, learning."""
    problem = som_speed.problem_of(4, 100, seed=0)
    known = engines("", compiler or "")
    if compiler:
        kernel, twin = (lambda name=name: known[name](problem, record=False, repeats=1) for name in ("tectum", "C"))
        return Pair(lambda: kernel().cpu_seconds, lambda: twin().cpu_seconds, recorded=0.63)
    few = problem._replace(currents=problem.currents[:2])
    return Pair(
        lambda: known["tectum"](problem, record=False, repeats=1).cpu_seconds / len(problem.currents),
        lambda: known["reference"](few).cpu_seconds / len(few.currents),
        recorded=0.0014,
    )


def dictionary_loop(compiler: str | None, folder: str) -> Pair:
    """The published rule on patches of strokes, learning."""
    X = dictionary_speed.strokes(2000, seed=0)
    if compiler:
        program = dictionary_speed.compiled_c(compiler, folder)
        return Pair(
            lambda: dictionary_speed.tectum(X).cpu_seconds,
            lambda: dictionary_speed.in_c(program, X).cpu_seconds,
            recorded=1.0,
        )
    reference()  # makes the models of the tests importable
    import reference_dictionary

    few = X[:20]
    raster = np.random.default_rng(0).uniform(size=(len(few), dictionary_speed.STEPS, few.shape[1])) < few[:, None]
    W = dictionary_speed.start_weights(X, dictionary_speed.UNITS).T
    theta = np.full(dictionary_speed.UNITS, 0.15)
    return Pair(
        lambda: dictionary_speed.tectum(X).cpu_seconds / len(X),
        lambda: cpu_seconds(lambda: reference_dictionary.run(W, theta, raster)) / len(few),
        recorded=0.008,
    )


def sheet_loop() -> Pair:
    """Waves on a sheet of 32 x 32 nodes."""
    reference()
    import reference_waves

    name, side, n_steps, n_few = "0.1 ms", 32, 4000, 100
    geometry, stack = wave_speed.build(name, side)
    neuron, ring = (part() for part in (reference_waves.Neuron, reference_waves.Ring))
    noise = np.random.default_rng(0).normal(size=(n_few, side**2))

    def kernel() -> float:
        state = sheet_network.StackState((sheet_network.at_rest(wave_speed.NETWORKS[name][0], 0, side**2),), ())
        sheet_network.run(stack, state, 0, wave_speed.FEW)
        return cpu_seconds(lambda: sheet_network.run(stack, state, wave_speed.FEW, n_steps)) / n_steps

    def twin() -> float:
        sheet = reference_waves.Layer(geometry.positions, neuron, ring, stack.sheets[0].reset)
        return cpu_seconds(lambda: reference_waves.run([sheet], noise)) / n_few

    return Pair(kernel, twin, recorded=0.062)


def cpu_seconds(run: Callable[[], Any]) -> float:
    """CPU time of a function."""
    start = time.process_time()
    run()
    return time.process_time() - start


def main() -> int:
    """Measure, print a line for each kernel, and tell whether all are within the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--bound", type=float, default=BOUND, help="times the recorded ratio")
    parser.add_argument("--compiler", default=os.environ.get("CC", "cc"), help='"": none, the twins are in NumPy')
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    compiler = options.compiler if options.compiler and shutil.which(options.compiler) else None
    passed = True
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        pairs = {
            "map loop": map_loop(compiler),
            "dictionary loop": dictionary_loop(compiler, folder),
            "sheet loop": sheet_loop(),
        }
        print(f"CPU time over that of a twin {'in C' if compiler else 'in NumPy'}; the sheet loop's is in NumPy")
        for name, pair in pairs.items():
            pair.kernel()  # compiles
            ratios = [pair.kernel() / pair.twin() for _ in range(options.rounds)]
            ratio, most = float(np.median(ratios)), options.bound * pair.recorded
            passed &= ratio <= most
            print(
                f"{name:16s}{ratio:9.4f} ({min(ratios):.4f} to {max(ratios):.4f}), recorded {pair.recorded:g}, "
                f"at most {most:.4g}: {'ok' if ratio <= most else 'TOO SLOW'}",
                flush=True,
            )
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
