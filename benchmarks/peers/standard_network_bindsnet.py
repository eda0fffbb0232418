"""The standard network in BindsNET: its ready-made `DiehlAndCook2015v2`, on the CPU.

Started by run.py with a problem (.npz, as standard_network.py writes it) and the file for the result; answers
as turns.py says.

What is not as in tectum: inhibition arrives a step later, of the neurons at their threshold one is drawn, and all are
reset. Work-around: `import bindsnet` asks for torchvision and an Atari emulator, which no network needs; here the
package's own __init__ is passed by, so that only what the network imports is imported.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import time
import types
from typing import Any

import numpy as np
import torch
from turns import serve


def models() -> Any:
    """The module bindsnet.models.models, without what it does not need."""
    package = types.ModuleType("bindsnet")
    package.__path__ = list(importlib.util.find_spec("bindsnet").submodule_search_locations)
    sys.modules["bindsnet"] = package
    importlib.import_module("bindsnet.network")  # first, since its modules and those of learning import each other
    return importlib.import_module("bindsnet.models.models")


def main() -> None:
    """Build, then present the images once a turn."""
    question, result = sys.argv[1:]
    problem = dict(np.load(question))
    torch.set_num_threads(1)
    torch.manual_seed(int(problem["seed"]))
    (n_inputs, n_units), n_steps = problem["W"].shape, int(problem["n_steps"])
    net = models().DiehlAndCook2015v2(
        n_inputs,
        n_units,
        inh=float(problem["inhibition"]),
        dt=float(problem["dt"]),
        nu=(float(problem["eta_minus"]), float(problem["eta_plus"])),
        norm=float(problem["mean"]) * n_inputs,
        theta_plus=float(problem["theta_plus"]),
    )
    net.train(bool(problem["learning"]))
    units, forward = net.layers["Y"], net.connections["X", "Y"]
    chances = torch.from_numpy(problem["X"] * float(problem["chance"]))

    def present(chances: Any) -> Any:
        with torch.no_grad():
            forward.w.copy_(torch.from_numpy(problem["W"]))
            units.theta.copy_(torch.from_numpy(problem["theta"]))
        counts = torch.zeros((len(chances), n_units), dtype=torch.int32)

        class Counter:
            """Adds up spikes; BindsNET's monitor keeps every step."""

            def __init__(self) -> None:
                self.image = 0

            def record(self) -> None:
                """Called in each step."""
                counts[self.image] += units.s[0].int()

            def reset_state_variables(self) -> None:
                """Called between images."""

        counter = net.monitors["counter"] = Counter()
        for counter.image, chance in enumerate(chances):
            spikes = torch.rand(n_steps, 1, n_inputs) < chance
            net.run(inputs={"X": spikes.byte()}, time=n_steps * float(problem["dt"]))
            net.reset_state_variables()
        return counts

    def work() -> dict[str, Any]:
        start = time.process_time()
        counts = present(chances)
        spent = time.process_time() - start
        np.savez(result, W=forward.w.detach().numpy(), theta=units.theta.numpy(), counts=counts.numpy())
        return {"cpu_seconds": spent}

    present(chances[:1])
    serve(importlib.metadata.version("bindsnet"), work)


if __name__ == "__main__":
    main()
