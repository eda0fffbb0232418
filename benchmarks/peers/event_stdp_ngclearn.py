"""Event-based STDP in ngc-learn: Bernoulli inputs, one plastic cable, a winner-take-all layer.

    python benchmarks/peers/event_stdp_ngclearn.py problem.npz result.npz
    python benchmarks/peers/event_stdp_ngclearn.py problem.npz result.npz --turns packed  # started by run.py

The problem holds `X` (n_patches, n_inputs), `n_units` and `n_steps`; constants are those of ngc-museum's exhibit.
The result holds the learned `W` (n_units, n_inputs) and CPU seconds per patch under two ways to call the same program,
one after the other on the same weights:
`cpu_exhibit` packs the time steps before each patch, as the exhibit does, `cpu_packed` once for all.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"

import numpy as np

DT = 3.0  # ms
WARM_UP = 10  # patches before the clock starts


def build(n_inputs: int, n_units: int) -> tuple[Any, Any, Any, Any]:
    """Encoder, plastic cable, reset and one learning step."""
    from jax import random
    from ngclearn import Context, JointProcess, MethodProcess
    from ngclearn.components.input_encoders.bernoulliCell import BernoulliCell
    from ngclearn.components.neurons.spiking.WTASCell import WTASCell
    from ngclearn.components.other.expKernel import ExpKernel
    from ngclearn.components.synapses.hebbian.eventSTDPSynapse import EventSTDPSynapse
    from ngclearn.utils.distribution_generator import DistributionGenerator

    keys = random.split(random.PRNGKey(0), 4)
    with Context("event_stdp"):
        inputs = BernoulliCell("inputs", n_units=n_inputs, key=keys[0])
        kernel = ExpKernel("kernel", n_units=n_inputs, tau_w=0.5, nu=4.0, dt=DT, key=keys[1])
        cable = EventSTDPSynapse(
            "cable",
            shape=(n_inputs, n_units),
            eta=0.0055,
            lmbda=0.01,
            w_bound=1.0,
            presyn_win_len=3.0,
            weight_init=DistributionGenerator.uniform(0.025, 0.8),
            key=keys[2],
        )
        units = WTASCell(
            "units",
            n_units=n_units,
            tau_m=100.0,
            resist_m=1.0,
            thr_base=0.2,
            thr_gain=0.002,
            refract_time=5.0,
            thr_jitter=0.055,
            key=keys[3],
        )
        inputs.outputs >> kernel.inputs
        kernel.epsp >> cable.inputs
        cable.outputs >> units.j
        inputs.tols >> cable.pre_tols
        units.s >> cable.postSpike
        advance, reset = MethodProcess(name="advance"), MethodProcess(name="reset")
        for part in (cable, inputs, kernel, units):
            advance = advance >> part.advance_state
            reset = reset >> part.reset
        step = JointProcess(name="step") >> advance >> (MethodProcess(name="evolve") >> cable.evolve)
        advance.watch(units.s)
    return inputs, cable, reset, step


def main() -> None:
    """Read a problem, learn it once under each way to call, write the result."""
    parser = argparse.ArgumentParser(description="Event-based STDP in ngc-learn.")
    parser.add_argument("problem", type=Path, help=".npz with X, n_units and n_steps")
    parser.add_argument("result", type=Path, help=".npz to write")
    parser.add_argument("--turns", choices=("exhibit", "packed"), help="learn so once a turn, as turns.py says")
    options = parser.parse_args()
    with np.load(options.problem) as problem:
        X, n_units, n_steps = problem["X"].astype(np.float32), int(problem["n_units"]), int(problem["n_steps"])
    result = options.result.resolve()
    os.chdir(tempfile.mkdtemp())  # ngc-learn writes its logs where it is started

    import jax
    from jax import numpy as jnp
    from ngcsimlib.global_state import stateManager

    inputs, cable, reset, step = build(X.shape[1], n_units)

    def packed() -> Any:
        return jnp.array(step.pack_rows(n_steps, t=lambda i: i, dt=DT))

    def present(x: Any, steps: Any) -> float:
        reset.run()
        inputs.inputs.set(x[None])
        stateManager.state, watched = step.scan(packed() if steps is None else steps)
        return float(jax.block_until_ready(watched[0]).sum())

    data, once = jnp.asarray(X), packed()
    if options.turns:
        from turns import serve

        start_weights, steps = cable.weights.get(), None if options.turns == "exhibit" else once

        def work(X: Any = X) -> dict[str, Any]:
            cable.weights.set(start_weights)
            start = time.process_time()
            spikes = sum(present(jnp.asarray(x), steps) for x in X)
            spent = time.process_time() - start
            np.savez(result, W=np.asarray(cable.weights.get()).T, spikes=spikes / len(X))
            return {"cpu_seconds": spent}

        work(X[:WARM_UP])
        serve(importlib.metadata.version("ngclearn"), work)
        return
    cpu, spikes = {}, 0.0
    for name, steps in (("exhibit", None), ("packed", once)):
        for x in data[:WARM_UP]:
            present(x, steps)
        start = time.process_time()
        spikes = sum(present(x, steps) for x in data)
        cpu[f"cpu_{name}"] = (time.process_time() - start) / len(X)
    np.savez(result, W=np.asarray(cable.weights.get()).T, spikes=spikes / len(X), **cpu)
    print(f"jax {jax.__version__}, Python {sys.version.split()[0]}", cpu)


if __name__ == "__main__":
    main()
