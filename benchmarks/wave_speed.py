"""How fast do waves run on a sheet, beside the same network in Brian2, and what does the time grow with?

The first sheet of Raghavan, Lin & Thomson (2020) on a grid of 4 nodes per unit area, in steps of 0.1 ms as published
and of 1 ms, and that of its precursor (Raghavan & Thomson 2019, neurons of Izhikevich, 1 ms). The waves that each
engine makes are printed beside its time; noise differs, so they agree in statistics. Times are CPU times of one core,
medians over the rounds, without compilation and, for Brian2, without making the synapses.

    python benchmarks/wave_speed.py
    python benchmarks/wave_speed.py --peers-python .venv-peers/bin/python --json speed.json

Brian2 needs its own environment (peers/requirements.txt); else it is left out. It holds a synapse for each pair of
nodes, 6 GB for 128 x 128, so that it takes part with 64 x 64 alone.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from destinations import file_to_write
from numpy.typing import NDArray

from tectum import analysis
from tectum.engine.sheets import network, wires as sheet_wires
from tectum.engine.sheets.loop import SpikeEvents
from tectum.parts import DynamicThresholdLIF, Izhikevich, RingKernel, Sheet
from tectum.parts.steps import discretise

HERE = Path(__file__).resolve().parent
SPACING = 0.5
NETWORKS: dict[str, tuple[Any, RingKernel]] = {
    "0.1 ms": (DynamicThresholdLIF(noise=3.0), RingKernel()),
    "1 ms": (DynamicThresholdLIF(noise=3.0, step_ms=1.0), RingKernel()),
    "precursor": (Izhikevich(noise=3.0), RingKernel(r_o=6.0, a_i=5.0, a_o=2.0)),
}
BESIDE_BRIAN2 = ("0.1 ms", "1 ms")
SIDES = (32, 96, 128, 192, 256)
SEED = np.uint64(0)
FEW = 100  # steps before those that are timed
DEVICES = ("cpp_standalone", "cython")


def build(name: str, side: int) -> tuple[sheet_wires.Geometry, network.Stack]:
    """A sheet of `side` x `side` nodes."""
    geometry = sheet_wires.lay_out(Sheet((side, side), side * SPACING), 0.0, SEED, 0)
    return geometry, network.build_stack([geometry], [network.LayerParts(*NETWORKS[name])], 1.0, SEED)


def tectum(name: str, side: int, n_steps: int, describe: bool = True) -> dict[str, Any]:
    """This package: microseconds per step, then the spikes and the waves of another run, if wanted."""
    geometry, stack = build(name, side)
    state = network.StackState((network.at_rest(NETWORKS[name][0], 0, side**2),), ())
    network.run(stack, state, 0, FEW)
    again = network.copy_of(state)
    start = time.process_time()
    network.run(stack, state, FEW, n_steps)
    spent = time.process_time() - start
    if not describe:
        return {"us_per_step": 1e6 * spent / n_steps}
    steps, nodes = [], []

    def keep(layer: int, first_step: int, spikes: SpikeEvents) -> None:
        counts = np.diff(spikes.first)
        steps.append(np.repeat(first_step - FEW + np.arange(len(counts)), counts))
        nodes.append(spikes.neuron[: spikes.first[-1]].astype(np.int64))

    network.run(stack, again, FEW, n_steps, keep=keep)
    return {"us_per_step": 1e6 * spent / n_steps} | described(
        name, np.concatenate(steps), np.concatenate(nodes), geometry, n_steps
    )


def problem_of(name: str, side: int, n_steps: int) -> dict[str, Any]:
    """What the script of Brian2 is given for the same sheet."""
    _, stack = build(name, side)
    part, kernel = NETWORKS[name]
    neuron = discretise(part, part.step_ms)._asdict()
    problem = {name: float(neuron[name]) for name in ("fading", "gain", "climb", "recovery", "v_th", "noise")}
    problem |= {name: value for name, value in kernel._asdict().items() if value is not None}
    problem |= {"dt": part.step_ms, "hold": int(neuron["hold"]), "rows": side, "columns": side, "spacing": SPACING}
    problem |= {"cutoff": 2.0 * side * SPACING, "reset": stack.sheets[0].reset.tolist(), "seed": 0}
    problem |= {"n_few": FEW, "n_steps": FEW + n_steps}
    return problem


def in_brian2(name: str, python: str, device: str, side: int, n_steps: int) -> dict[str, Any]:
    """Brian2 on the same sheet."""
    geometry, _ = build(name, side)
    problem = problem_of(name, side, n_steps)
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "problem.json"), Path(folder, "result.npz")
        question.write_text(json.dumps(problem))
        script = HERE / "peers" / "wave_sheet_brian2.py"
        subprocess.run([python, script, question, answer, "--device", device], check=True, stdout=subprocess.DEVNULL)
        with np.load(answer) as result:
            spent = float(result["all_cpu_seconds"] - result["few_cpu_seconds"])
            late = result["all_step"] >= FEW
            step, node = result["all_step"][late] - FEW, result["all_node"][late]
    return {"us_per_step": 1e6 * spent / n_steps} | described(name, step, node, geometry, n_steps)


def described(
    name: str, step: NDArray[np.int64], node: NDArray[np.int64], geometry: sheet_wires.Geometry, n_steps: int
) -> dict[str, float]:
    """Spikes per step, and the waves."""
    step_ms, link = NETWORKS[name][0].step_ms, NETWORKS[name][1].r_i
    events = step * step_ms, node, geometry.positions, n_steps * step_ms
    waves = analysis.wave_statistics(*events, link=link, frame_ms=step_ms)
    return {"spikes_per_step": len(step) / n_steps} | {
        name: float(getattr(waves, name)) for name in ("active", "size", "radius", "single", "speed")
    }


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--peer-steps", type=int, default=1000, help="of Brian2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers-python", help="interpreter that has Brian2")
    parser.add_argument("--json", type=file_to_write, help="file to write the figures to")
    options = parser.parse_args()
    if min(options.steps, options.peer_steps, options.rounds) < 1:
        parser.error("--steps, --peer-steps and --rounds must be at least 1")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    turns: dict[str, list[dict[str, Any]]] = {}
    for _ in range(options.rounds):
        for name in NETWORKS:
            turns.setdefault(f"tectum {name} 64 x 64", []).append(tectum(name, 64, options.steps))
            for device in DEVICES if options.peers_python and name in BESIDE_BRIAN2 else ():
                found = in_brian2(name, options.peers_python, device, 64, options.peer_steps)
                turns.setdefault(f"Brian2 {device} {name} 64 x 64", []).append(found)
    if not options.peers_python:
        print("Brian2 is left out: name an interpreter that has it with --peers-python")
    for name in NETWORKS:
        for side in SIDES:
            last = options.rounds - 1
            rows = [tectum(name, side, options.steps // 5, turn == last) for turn in range(options.rounds)]
            turns[f"tectum {name} {side} x {side}"] = rows
    found = {}
    for label, rows in turns.items():
        name = next(name for name in NETWORKS if f" {name} " in label)
        own = np.array([turn["us_per_step"] for turn in turns[f"tectum {name} 64 x 64"]])
        times = np.array([row["us_per_step"] for row in rows])
        found[label] = rows[-1] | {
            "us_per_step": float(np.median(times)),
            "times_tectum_64": float(np.median(times / own)),
            "biological_time": 1e3 * NETWORKS[name][0].step_ms / float(np.median(times)),
        }
    columns = "us/step  x 64 x 64  x biology  spikes/step  active   size  radius  single  speed"
    print(f"{'engine, step and sheet':36s}{columns}")
    for label, row in found.items():
        print(
            f"{label:34s}{row['us_per_step']:9.1f}{row['times_tectum_64']:11.2f}{row['biological_time']:11.2f}"
            f"{row['spikes_per_step']:13.1f}{row['active']:8.2f}{row['size']:7.0f}{row['radius']:8.2f}"
            f"{row['single']:8.2f}{row['speed']:7.2f}"
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
