"""The standard network in ngc-learn (JAX, on the CPU), of the parts that its exhibit of Diehl & Cook is made of.

Started by run.py with a problem (.npz, as standard_network.py writes it) and the file for the result; answers
as turns.py says.

What is not as in tectum: inhibition arrives a step later, of the neurons at their threshold one is drawn, all are reset
and their thresholds rise, membranes are solved by Euler's method. The steps of a presentation are packed once for all,
and one call scans them, the fastest way that the library has.
"""

from __future__ import annotations

import importlib.metadata
import os
import sys
import tempfile
import time
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"

import numpy as np
from turns import serve


def build(problem: dict[str, Any]) -> tuple[Any, Any, Any, Any, Any]:
    """Inputs, neurons, plastic cable, reset and one step."""
    import jax
    from jax import numpy as jnp
    from ngclearn import Context, JointProcess, MethodProcess
    from ngclearn.components.input_encoders.bernoulliCell import BernoulliCell
    from ngclearn.components.neurons.spiking.LIFCell import LIFCell
    from ngclearn.components.other.varTrace import VarTrace
    from ngclearn.components.synapses.denseSynapse import DenseSynapse
    from ngclearn.components.synapses.hebbian.traceSTDPSynapse import TraceSTDPSynapse
    from ngcsimlib.operations import Summation

    (n_inputs, n_units), dt, tau_m = problem["W"].shape, float(problem["dt"]), float(problem["tau_m"])
    keys = jax.random.split(jax.random.PRNGKey(int(problem["seed"])), 4)
    inhibition = -float(problem["inhibition"]) * (1.0 - jnp.eye(n_units))
    learning = bool(problem["learning"])
    with Context("standard_network"):
        inputs = BernoulliCell("inputs", n_units=n_inputs, key=keys[0])
        cable = TraceSTDPSynapse(
            "cable",
            shape=(n_inputs, n_units),
            A_plus=float(problem["eta_plus"]),
            A_minus=float(problem["eta_minus"]),
            w_bound=float(problem["w_max"]),
            weight_init=lambda shape, key: jnp.asarray(problem["W"]),
            key=keys[1],
        )
        lateral = DenseSynapse(
            "lateral", shape=(n_units, n_units), weight_init=lambda shape, key: inhibition, key=keys[2]
        )
        units = LIFCell(
            "units",
            n_units=n_units,
            tau_m=tau_m,
            resist_m=tau_m / dt,
            thr=float(problem["v_th"]),
            v_rest=float(problem["v_rest"]),
            v_reset=float(problem["v_reset"]),
            tau_theta=float(problem["tau_theta"]) if learning else 0.0,
            theta_plus=float(problem["theta_plus"]),
            refract_time=float(problem["refractory"]) * dt,
            one_spike=True,
            key=keys[3],
        )
        traces = [
            VarTrace(name, n_units=n, tau_tr=float(problem["tau"]), a_delta=0.0)
            for name, n in (("trace_in", n_inputs), ("trace_out", n_units))
        ]
        inputs.outputs >> cable.inputs
        units.s >> lateral.inputs
        Summation(cable.outputs, lateral.outputs) >> units.j
        inputs.outputs >> traces[0].inputs
        units.s >> traces[1].inputs
        inputs.outputs >> cable.preSpike
        units.s >> cable.postSpike
        traces[0].trace >> cable.preTrace
        traces[1].trace >> cable.postTrace
        advance, reset = MethodProcess(name="advance"), MethodProcess(name="reset")
        for part in (inputs, cable, lateral, units, *traces):
            advance = advance >> part.advance_state
            reset = reset >> part.reset
        step = JointProcess(name="step") >> advance
        if learning:
            step = step >> (MethodProcess(name="evolve") >> cable.evolve)
        advance.watch(units.s)
    return inputs, units, cable, reset, step


def main() -> None:
    """Build, then present the images once a turn."""
    question, result = sys.argv[1:]
    problem = dict(np.load(question))
    os.chdir(tempfile.mkdtemp())  # ngc-learn writes its logs where it is started

    import jax
    from jax import numpy as jnp
    from ngcsimlib.global_state import stateManager

    inputs, units, cable, reset, step = build(problem)
    steps = jnp.array(step.pack_rows(int(problem["n_steps"]), t=lambda i: i, dt=float(problem["dt"])))
    chances = problem["X"] * float(problem["chance"])

    @jax.jit
    def normalised(W: Any) -> Any:
        return W * float(problem["mean"]) / W.mean(axis=0)

    def present(chances: Any) -> Any:
        cable.weights.set(jnp.asarray(problem["W"]))
        units.thr_theta.set(jnp.asarray(problem["theta"])[None])
        counts = []
        for chance in chances:
            reset.run()
            inputs.inputs.set(jnp.asarray(chance[None]))
            stateManager.state, watched = step.scan(steps)
            counts.append(np.asarray(watched[0]).sum(axis=(0, 1)))
            if problem["learning"]:
                cable.weights.set(normalised(cable.weights.get()))
        return np.array(counts)

    def work() -> dict[str, Any]:
        start = time.process_time()
        counts = present(chances)
        spent = time.process_time() - start
        np.savez(result, W=cable.weights.get(), theta=units.thr_theta.get()[0], counts=counts)
        return {"cpu_seconds": spent}

    present(chances[:2])
    serve(importlib.metadata.version("ngclearn"), work)


if __name__ == "__main__":
    main()
