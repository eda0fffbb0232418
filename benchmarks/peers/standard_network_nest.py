"""The standard network in NEST, with what NEST has ready-made.

Started by run.py with a problem (.npz, as standard_network.py writes it), the file for the result and a way to
normalise the weights, `unnormalised` or `normalised`; answers as turns.py says.

What is not as in tectum: any number of neurons fires in a step, inhibition arrives a step later, thresholds rise after
each image instead of with each spike, inputs are Poisson, so that one may fire twice in a step. No model resets itself
between images and no synapse normalises itself: membranes, thresholds and, with `normalised`, weights are set from
Python after each image. That takes most of the time, so that both ways are measured.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np
from turns import cpu_seconds, serve

nest: Any = importlib.import_module("nest")  # after turns, which keeps its banner from the answers


def build(problem: dict[str, Any]) -> dict[str, Any]:
    """Populations, the plastic projection and the recorder."""
    dt, (n_inputs, n_units) = float(problem["dt"]), problem["W"].shape
    nest.ResetKernel()
    nest.verbosity = nest.VerbosityLevel.ERROR
    nest.SetKernelStatus({"resolution": dt, "rng_seed": int(problem["seed"]) + 1, "local_num_threads": 1})
    sources = nest.Create("poisson_generator", n_inputs)
    inputs = nest.Create("parrot_neuron", n_inputs)
    v_rest = float(problem["v_rest"])
    neuron = {"tau_m": float(problem["tau_m"]), "E_L": v_rest, "V_m": v_rest, "V_reset": float(problem["v_reset"])}
    neuron |= {"t_ref": float(problem["refractory"]) * dt, "tau_minus": float(problem["tau"])}
    units = nest.Create("iaf_psc_delta", n_units, neuron)
    recorder = nest.Create("spike_recorder")
    nest.Connect(sources, inputs, "one_to_one", {"delay": dt})
    synapse: dict[str, Any] = {"synapse_model": "static_synapse"}
    if problem["learning"]:
        eta_plus, w_max = float(problem["eta_plus"]), float(problem["w_max"])
        synapse = {"synapse_model": "stdp_nn_symm_synapse", "lambda": eta_plus / w_max, "Wmax": w_max}
        synapse |= {"alpha": float(problem["eta_minus"]) / eta_plus, "mu_plus": 0.0, "mu_minus": 0.0}
        synapse |= {"tau_plus": float(problem["tau"])}
    synapse |= {"weight": problem["W"].T.astype(float), "delay": dt}
    nest.Connect(inputs, units, "all_to_all", synapse)
    inhibition = {"weight": -float(problem["inhibition"]), "delay": dt}
    nest.Connect(units, units, {"rule": "all_to_all", "allow_autapses": False}, inhibition)
    nest.Connect(units, recorder)
    forward = nest.GetConnections(inputs, units)
    # Order of the connections, to read and write their weights as a matrix.
    pre = np.array(forward.get("source")) - inputs[0].global_id
    post = np.array(forward.get("target")) - units[0].global_id
    return {"sources": sources, "units": units, "recorder": recorder, "forward": forward, "pre": pre, "post": post}


def main() -> None:
    """Build, then present the images once a turn.

    Setting all weights takes long, so that turns go on from the weights that the one before has left; the result is
    that of the first.
    """
    question, result, way = sys.argv[1:]
    problem = dict(np.load(question))
    dt, n_steps, learning = float(problem["dt"]), int(problem["n_steps"]), bool(problem["learning"])
    rates = 1e3 / dt * float(problem["chance"]) * problem["X"].astype(float)

    net = build(problem)
    W, scored = problem["W"].astype(float), False
    nest.Simulate(dt)

    def weights() -> Any:
        W[net["pre"], net["post"]] = net["forward"].get("weight")
        return W

    def work() -> dict[str, Any]:
        nonlocal W, scored
        theta = problem["theta"].astype(float)
        counts = np.zeros((len(rates), len(theta)), np.int32)
        start = cpu_seconds()
        for image, rate in enumerate(rates):
            net["sources"].set(rate=rate)
            net["units"].set(V_m=float(problem["v_rest"]), V_th=float(problem["v_th"]) + theta)
            net["recorder"].n_events = 0
            nest.Simulate(n_steps * dt)
            fired = net["recorder"].events["senders"] - net["units"][0].global_id
            counts[image] = np.bincount(fired, minlength=len(theta))
            if learning:
                theta = (theta + float(problem["theta_plus"]) * counts[image]) * float(problem["left"])
                if way == "normalised":
                    W = weights() * float(problem["mean"]) / weights().mean(axis=0)
                    net["forward"].set(weight=W[net["pre"], net["post"]])
        spent = cpu_seconds() - start
        if not scored:
            W = weights()
            if learning and way != "normalised":
                W = W * float(problem["mean"]) / W.mean(axis=0)
            np.savez(result, W=W, theta=theta, counts=counts)
            scored = True
        return {"cpu_seconds": spent}

    serve(nest.__version__, work)


if __name__ == "__main__":
    main()
