"""The standard network in Brian2, in the order of operations of tectum.

Started by run.py with a problem (.npz, as standard_network.py writes it), the file for the result, the device and how
the model is written; answers as turns.py says.

`fast`: traces in the neurons, all images in one run. `usual`: as scripts for this network are written, with traces in
the synapses (event-driven equations in Brian2's terms) and one run of the network per image; what Brian2 does at the
begin of each run is counted, as a user waits for it.

Of the neurons at their threshold one fires, the furthest above it. Brian2 has no maximum over a group, so that a
function in the language of the device looks for it. Traces in the synapses cost exponential functions for each neuron
at each spike of an input. Weights are normalised in compiled code, too, not from Python.
"""

from __future__ import annotations

import sys
from typing import Any

import brian2 as b2
import numpy as np
from brian2_turns import choose, compiled
from network_brian2 import search
from turns import serve

PHASES = ["start", "groups", "thresholds", "synapses", "u_groups", "u_thresholds", "u_synapses", "u_resets", "end"]
LONG_AGO = -1_000_000  # steps; its trace is 0

UNITS = """
v : 1
theta : 1
excess : 1
most : 1 (shared)
total : 1
ready : 1
until : integer
x : 1
"""
DECAY = """
v = v * keep + pull
x *= fading
ready = int(t_in_timesteps > until)
"""
DRIVE = "v_post += ready_post * w"
DEPRESS = "w = clip(w - eta_minus * x_post, 0, w_max)"
POTENTIATE = "w = clip(w + eta_plus * exp(-(t_in_timesteps - last_pre) / tau_steps), 0, w_max)"
IN_SYNAPSES = """
w : 1
dpre/dt = -pre / (tau_steps * step) : 1 (event-driven)
dpost/dt = -post / (tau_steps * step) : 1 (event-driven)
"""
DEPRESS_IN_SYNAPSES = "pre = 1; w = clip(w - eta_minus * post, 0, w_max)"
POTENTIATE_IN_SYNAPSES = "post = 1; w = clip(w + eta_plus * pre, 0, w_max)"
RESET = "v = v_reset; until = t_in_timesteps + refractory; x = 1"
BLANK = "v = v_rest; until = -1; x = 0"


def build(problem: dict[str, Any], device: str, usual: bool) -> tuple[b2.Network, dict[str, Any]]:
    """The network, and its parts by name."""
    dt, n_steps = float(problem["dt"]) * b2.ms, int(problem["n_steps"])
    b2.defaultclock.dt = dt
    b2.seed(int(problem["seed"]))
    names = ("v_rest", "v_reset", "v_th", "theta_plus", "inhibition", "eta_plus", "eta_minus", "w_max", "mean", "left")
    constants: dict[str, Any] = {name: float(problem[name]) for name in names}
    keep = float(np.exp(-problem["dt"] / problem["tau_m"]))
    (n_inputs, n_units), learning = problem["W"].shape, bool(problem["learning"])
    constants |= {"keep": keep, "pull": constants["v_rest"] * (1.0 - keep), "long_ago": LONG_AGO}
    constants |= {
        "step": dt,
        "refractory": int(problem["refractory"]),
        "tau_steps": float(problem["tau"] / problem["dt"]),
    }
    constants["fading"] = float(np.exp(-problem["dt"] / problem["tau"]))
    chances = float(problem["chance"]) * problem["X"].astype(float)
    constants["chance"] = b2.TimedArray(chances, dt=n_steps * dt, name="chance")
    inputs = b2.NeuronGroup(
        n_inputs,
        "last : integer\np : 1",
        threshold="rand() < p",
        reset="last = t_in_timesteps",
        namespace=constants,
        name="inputs",
    )
    inputs.resetter["spike"].when = "thresholds"
    inputs.resetter["spike"].order = 1
    units = b2.NeuronGroup(
        n_units,
        UNITS,
        threshold="excess >= 0 and excess == most",
        reset=RESET + ("; theta += theta_plus" if learning else ""),
        namespace=constants,
        name="units",
    )
    units.thresholder["spike"].when = "u_thresholds"
    units.resetter["spike"].when = "u_resets"
    constants |= {"largest": search(units, device), "n_units": n_units}
    units.run_regularly(DECAY, when="groups")
    units.run_regularly("excess = ready * (v - v_th - theta + 1) - 1", when="u_groups", order=0)
    units.run_regularly("most = largest(n_units)", when="u_groups", order=1)
    inputs.last, units.until, units.v = LONG_AGO, -1, constants["v_rest"]
    units.theta = problem["theta"].astype(float)
    in_synapses = learning and usual
    depress, potentiate = (DEPRESS_IN_SYNAPSES, POTENTIATE_IN_SYNAPSES) if in_synapses else (DEPRESS, POTENTIATE)
    on_pre, on_post = (DRIVE + "\n" + depress, potentiate) if learning else (DRIVE, None)
    model = IN_SYNAPSES if in_synapses else "w : 1"
    forward = b2.Synapses(inputs, units, model, on_pre=on_pre, on_post=on_post, namespace=constants, name="forward")
    forward.connect()
    forward.w = problem["W"].astype(float).ravel()
    lateral = b2.Synapses(units, units, on_pre="v_post -= ready_post * inhibition", namespace=constants, name="lateral")
    lateral.connect(condition="i != j")
    lateral.pre.when = "u_synapses"
    if learning:
        forward.post.when = "u_synapses"
    each = {"dt": n_steps * dt, "when": "start"}
    if learning:  # also before the first image, where it changes nothing
        units.run_regularly("total = 0; theta *= left", order=0, **each)
        forward.run_regularly("total_post += w", order=1, **each)
        forward.run_regularly(f"w *= mean * {n_inputs} / total_post", order=2, **each)
    if in_synapses:
        forward.run_regularly("pre = 0; post = 0", order=2, **each)
    units.run_regularly(BLANK, order=3, **each)
    inputs.run_regularly("last = long_ago; p = chance(t, i)", order=3, **each)
    spikes = b2.SpikeMonitor(units)
    network = b2.Network(inputs, units, forward, lateral, spikes)
    network.schedule = PHASES
    return network, {"units": units, "forward": forward, "spikes": spikes, "duration": len(chances) * n_steps * dt}


def main() -> None:
    """Build, then present the images once a turn."""
    question, result, device, written = sys.argv[1:]
    problem = dict(np.load(question))
    choose(device)
    network, parts = build(problem, device, written == "usual")
    turn = compiled(network, parts["duration"], device, len(problem["X"]) if written == "usual" else 1)

    def work() -> dict[str, Any]:
        spent = turn()
        image = np.floor(np.asarray(parts["spikes"].t / b2.ms) / float(problem["dt"] * problem["n_steps"]) + 1e-9)
        counts = np.zeros((len(problem["X"]), len(problem["theta"])), np.int32)
        np.add.at(counts, (image.astype(int), np.asarray(parts["spikes"].i)), 1)
        W = np.array(parts["forward"].w[:]).reshape(problem["W"].shape)
        if problem["learning"]:  # after the last image, which no other follows
            W *= float(problem["mean"]) / W.mean(axis=0)
        np.savez(result, W=W, theta=np.array(parts["units"].theta[:]), counts=counts)
        return {"cpu_seconds": spent}

    serve(b2.__version__, work)


if __name__ == "__main__":
    main()
