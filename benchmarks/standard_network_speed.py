"""How fast is the standard network, and how near to hand-written C?

784 Poisson inputs, n neurons with adaptive thresholds, lateral inhibition, trace STDP, weight normalisation; 350 steps
of 1 ms an image, input spikes drawn inside. tectum and C (c/diehl_cook.c, the same random numbers and shortcuts) take
turns on one core; times are CPU times of the time loop, medians over the rounds, without compilation. Both start from
the same network, which has learned from some images before. Beside the time stand the spikes per image and the accuracy
of the network that the engine has ended with, on images it has not seen, by labels from those it has.

    python benchmarks/standard_network_speed.py
    python benchmarks/standard_network_speed.py --compilers gcc clang "python -m ziglang cc" --json speed.json

The images are MNIST where TECTUM_DATA has it, else the digits of scikit-learn, scaled up to 28 x 28. Without a compiler
C is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from destinations import file_to_write
from numpy.typing import NDArray
from peers.standard_network import Images, images_of

from tectum import analysis
from tectum.engine.standard import network
from tectum.engine.standard.loop import DiehlCookCircuit, DiehlCookState
from tectum.models.common.parameters import DIEHL_COOK
from tectum.parts import TargetSTDP
from tectum.parts.adaptive_threshold import recovery

HERE = Path(__file__).resolve().parent
C_FLAGS = ("-O3", "-march=native", "-std=c11")
N_UNSEEN = 1000


class Outcome(NamedTuple):
    """What an engine returns."""

    cpu_seconds: float
    state: DiehlCookState
    counts: NDArray[np.int32]  # (n_images, n_units)


def circuit_of(**changes: Any) -> DiehlCookCircuit:
    """The network with its default parts."""
    parts = DIEHL_COOK | changes
    return network.build_circuit(1.0, 1.0, 0, *(parts[name] for name in network.DiehlCookParts._fields))


def copy(state: DiehlCookState) -> DiehlCookState:
    """A state of its own."""
    return DiehlCookState(*(array.copy() for array in state))


def tectum(circuit: DiehlCookCircuit, start: DiehlCookState, X: NDArray, first_key: int, learning: bool) -> Outcome:
    """This package."""
    state = copy(start)
    scratch = network._scratch(circuit, state)
    keys = np.arange(first_key, first_key + len(X)).astype(np.uint64)
    begin = time.process_time()
    response = network._run(circuit, state, scratch, X, keys, learning=learning)
    return Outcome(time.process_time() - begin, state, response.counts)


def in_c(
    program: Path, circuit: DiehlCookCircuit, start: DiehlCookState, X: NDArray, first_key: int, learning: bool
) -> Outcome:
    """diehl_cook.c on the same network, images and random numbers."""
    (n_inputs, n_units), neuron, rule, retry = start.weights.shape, circuit.neuron, circuit.rule, circuit.retry
    n_steps = int(circuit.encoder.n_steps)
    values = (neuron.keep, neuron.pull, neuron.v_rest, neuron.v_reset, neuron.v_th, neuron.theta_plus)
    values += (recovery(neuron, n_steps), circuit.inhibition.strength, rule.eta_plus, rule.eta_minus, rule.w_max)
    values += (circuit.norm.mean, circuit.gain, retry.step)
    memory = [np.append(getattr(rule, name, ()), np.float32(0.0)) for name in ("memory_plus", "memory_minus")]
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "problem"), Path(folder, "result")
        with question.open("wb") as file:
            np.array([n_inputs, n_units, n_steps, len(X), learning, first_key], np.int32).tofile(file)
            np.array([circuit.seed], np.uint64).tofile(file)
            np.array(values, np.float32).tofile(file)
            np.array([circuit.encoder.chance], np.float64).tofile(file)
            lengths = [len(table) for table in memory]
            np.array([neuron.refractory, retry.fewest, retry.times, *lengths], np.int32).tofile(file)
            for array in (*memory, circuit.levels, X, *start):
                np.asarray(array, np.float32).tofile(file)
        answer_line = subprocess.run(
            [program, question, answer], check=True, capture_output=True, text=True
        ).stdout.split()
        with answer.open("rb") as file:
            weights = np.fromfile(file, np.float32, n_inputs * n_units).reshape(n_inputs, n_units)
            theta = np.fromfile(file, np.float32, n_units)
            counts = np.fromfile(file, np.int32).reshape(len(X), n_units)
    return Outcome(float(answer_line[0]), DiehlCookState(weights, theta), counts)


def accuracy(circuit: DiehlCookCircuit, state: DiehlCookState, labelled: Images, unseen: Images) -> float:
    """Share of unseen images that the neurons name, by labels from others."""
    seen, new = (
        network.respond(circuit, state, part.X, np.arange(len(part.X)).astype(np.uint64), 1).counts
        for part in (labelled, unseen)
    )
    classes, unit_classes = analysis.label_responders(seen, labelled.y)
    return float(np.mean(classes[analysis.vote_of_responders(new, unit_classes, len(classes))] == unseen.y))


def build(compilers: list[str], folder: Path) -> dict[str, Path]:
    """Programs by compiler; those that are not there are left out."""
    programs = {}
    for k, compiler in enumerate(compilers):
        command = shlex.split(compiler)
        if not shutil.which(command[0]):
            print(f"C is left out: no compiler {compiler!r}")
            continue
        program = folder / f"diehl_cook_{k}"
        subprocess.run([*command, *C_FLAGS, "-o", program, HERE / "c" / "diehl_cook.c", "-lm"], check=True)
        programs[f"C, {compiler}"] = program
    return programs


def compare(n_units: int, images: Images, options: argparse.Namespace, programs: dict[str, Path]) -> list[dict]:
    """Engines in turn, learning and frozen; with the other rule, which C lacks, tectum alone."""
    n_before, n_timed = options.before, options.images
    parts = images.part(0, n_before), images.part(n_before, n_before + n_timed), images.part(n_before + n_timed, None)
    before, timed, unseen = parts
    rows = []
    for rule, circuit in (("common", circuit_of()), ("target", circuit_of(rule=TargetSTDP()))):
        start = network.initial_state(784, n_units, circuit.norm.mean, 0)
        network.learn(circuit, start, before.X, 0)
        for learning in (True, False):
            ask = (circuit, start, timed.X, n_before, learning)
            chosen: dict[str, Any] = {"tectum": lambda ask=ask: tectum(*ask)}
            if rule == "common":
                chosen |= {
                    name: lambda ask=ask, program=program: in_c(program, *ask) for name, program in programs.items()
                }
            turns = [{name: run() for name, run in chosen.items()} for _ in range(options.rounds)]
            for name in chosen:
                own = np.array([turn["tectum"].cpu_seconds for turn in turns])
                seconds, last = np.array([turn[name].cpu_seconds for turn in turns]), turns[-1][name]
                rows.append(
                    {
                        "neurons": n_units,
                        "rule": rule,
                        "mode": "learning" if learning else "frozen",
                        "engine": name,
                        "us_per_image": 1e6 * float(np.median(seconds)) / n_timed,
                        "tectum_in_units_of_it": float(np.median(own / seconds)),
                        "spikes_per_image": float(last.counts.sum() / n_timed),
                        "images_answered_alike": float((last.counts == turns[-1]["tectum"].counts).all(axis=1).mean()),
                        "accuracy": accuracy(circuit, last.state, timed, unseen),
                    }
                )
    return rows


def threads(images: Images, rounds: int) -> dict[str, Any]:
    """Wall time of a frozen pass on one thread and on two, in turn, and whether the responses are equal."""
    circuit = circuit_of()
    state = network.initial_state(784, 400, circuit.norm.mean, 0)
    network.learn(circuit, state, images.X[:2000], 0)
    keys = np.arange(len(images.X)).astype(np.uint64)
    taken: dict[int, list[float]] = {1: [], 2: []}
    counts = {}
    for _ in range(rounds):
        for n_jobs in taken:
            begin = time.perf_counter()
            counts[n_jobs] = network.respond(circuit, state, images.X, keys, n_jobs).counts
            taken[n_jobs].append(time.perf_counter() - begin)
    one, two = (float(np.median(seconds)) for seconds in taken.values())
    return {"one": one, "two": two, "gain": one / two, "equal": bool((counts[1] == counts[2]).all())}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--neurons", type=int, nargs="+", default=[100, 400, 1600])
    parser.add_argument("--before", type=int, default=5000, help="images to learn from before those that are timed")
    parser.add_argument("--images", type=int, default=2000, help="that are timed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compilers", nargs="*", default=[os.environ.get("CC", "gcc"), "clang"])
    parser.add_argument("--json", type=file_to_write, help="file to write the figures to")
    options = parser.parse_args()
    if min(options.before, options.images, options.rounds) < 1:
        parser.error("--before, --images and --rounds must be at least 1")
    name, images = images_of(options.before + options.images + N_UNSEEN)
    found: dict[str, Any] = {"data": name, "threads": threads(images, options.rounds)}
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        programs = build(options.compilers, Path(folder))
        found["engines"] = [row for n in options.neurons for row in compare(n, images, options, programs)]
    print(f"\n{name}, {options.before} images before, {options.images} timed, medians of {options.rounds}; CPU times")
    print(
        "neurons  rule    mode      engine                         us/image  tectum/it  spikes/image  alike  accuracy"
    )
    for r in found["engines"]:
        print(
            f"{r['neurons']:7d}  {r['rule']:8s}{r['mode']:10s}{r['engine']:28s}{r['us_per_image']:11.1f}"
            f"{r['tectum_in_units_of_it']:11.2f}{r['spikes_per_image']:14.2f}{r['images_answered_alike']:7.3f}"
            f"{r['accuracy']:10.3f}"
        )
    t = found["threads"]
    same = "equal to the bit" if t["equal"] else "DIFFERENT"
    print(f"frozen pass: 1 thread {t['one']:.3f} s, 2 threads {t['two']:.3f} s (x {t['gain']:.2f}), responses {same}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
