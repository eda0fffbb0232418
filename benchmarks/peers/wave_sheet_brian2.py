"""A sheet of neurons with dynamic thresholds and travelling waves in Brian2, in the order of operations of tectum.

Run in the peers' own environment (README.md)::

    python wave_sheet_brian2.py PROBLEM.json RESULT.npz --device cpp_standalone

The problem holds the fields that `run` reads; the result holds the steps and nodes of all spikes and the CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np

DEVICES = ("cython", "cpp_standalone")
STATE = """
v : 1
theta : 1
eta : 1
u : 1
H : 1
resting : 1
x : 1
y : 1
"""
# Exact solutions over a step; u and H are those of the step before.
STEP = """
v = v * fading + (u + eta) * gain
theta = H * (theta + climb) + (1 - H) * (v_th + (theta - v_th) * recovery)
u = 0
H = 0
"""
DISTANCE = "sqrt((x_pre - x_post)**2 + (y_pre - y_post)**2)"


def cpu_seconds() -> float:
    """Of this process and its children."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def build(problem: dict[str, Any]) -> tuple[b2.Network, b2.SpikeMonitor, b2.Quantity]:
    """The network, the recorder of its spikes and its time step."""
    dt, n, spacing = problem["dt"] * b2.ms, problem["rows"] * problem["columns"], problem["spacing"]
    b2.defaultclock.dt = dt
    b2.seed(problem["seed"])
    constants = {name: problem[name] for name in ("fading", "gain", "climb", "recovery", "v_th", "noise", "r_i", "r_o")}
    constants |= {name: problem[name] for name in ("a_i", "a_o", "length")}
    nodes = b2.NeuronGroup(
        n, STATE, threshold="v >= theta", reset="v = resting; H = 1", namespace=constants, method="euler"
    )
    nodes.theta = problem["v_th"]
    nodes.resting = problem["reset"]
    nodes.x = spacing * (np.arange(n) % problem["columns"])
    nodes.y = spacing * (np.arange(n) // problem["columns"])
    nodes.run_regularly("eta = noise * randn()", dt=problem["hold"] * dt, when="start")
    nodes.run_regularly(STEP, dt=dt, when="groups")
    near = b2.Synapses(nodes, nodes, on_pre="u_post += a_i", namespace=constants)
    near.connect(condition=f"i != j and {DISTANCE} < r_i")
    far = b2.Synapses(nodes, nodes, "w : 1", on_pre="u_post -= w", namespace=constants)
    far.connect(condition=f"{DISTANCE} > r_o and {DISTANCE} < cutoff", namespace={"cutoff": problem["cutoff"]})
    far.w = f"a_o * exp(-{DISTANCE} / length)"
    spikes = b2.SpikeMonitor(nodes)
    network = b2.Network(nodes, near, far, spikes)
    network.schedule = ["start", "groups", "thresholds", "synapses", "resets", "end"]
    return network, spikes, dt


def run(problem: dict[str, Any], n_steps: int) -> dict[str, Any]:
    """Spikes, and CPU seconds of the time loop and of what precedes it."""
    network, spikes, dt = build(problem)
    start = cpu_seconds()
    network.run(n_steps * dt)
    if problem["device"] == "cpp_standalone":
        b2.device.build(directory=tempfile.mkdtemp(prefix="wave_sheet_"), compile=True, run=False)
        start = cpu_seconds()
        b2.device.run(b2.device.project_dir, with_output=False, run_args=[])
    spent = cpu_seconds() - start
    return {"cpu_seconds": spent, "step": np.rint(spikes.t / dt).astype(int), "node": np.array(spikes.i)}


def main() -> None:
    """Run the steps asked for once, and a few of them, so that what comes before the first can be taken off."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problem", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--device", choices=DEVICES, default="cython")
    options = parser.parse_args()
    problem = json.loads(options.problem.read_text()) | {"device": options.device}
    b2.prefs.codegen.target = "cython"
    b2.prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-march=native", "-ffast-math", "-std=c++11"]
    found = {}
    for label, n_steps in (("few", problem["n_few"]), ("all", problem["n_steps"])):
        if options.device == "cpp_standalone":
            b2.device.reinit()
            b2.set_device("cpp_standalone", build_on_run=False)
            b2.device.activate(build_on_run=False)
        b2.start_scope()
        found |= {f"{label}_{name}": value for name, value in run(problem, n_steps).items()}
    np.savez(options.result, **found)


if __name__ == "__main__":
    main()
