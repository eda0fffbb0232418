"""Does Brian2 fire the spikes of `Network`, in two networks of the guide?

    python benchmarks/peers/network_spikes.py --peers-python .venv-peers/bin/python

Both get the same synapses, delays and input spikes (network.py). Prints spikes of each population, those at the very
step in both, those in one only, the first step at which they part, and the largest difference of a learned weight;
exits with 1 if in float32 a spike or a bit of a weight differs. In float64 Brian2 rounds otherwise, so that
in a long run a spike may come a step later, and a recurrent network goes its own way from there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import network
import numpy as np

HERE = Path(__file__).resolve().parent
STEPS = {"balanced": 50_000, "stacked": 19_200}  # 5 s, and 64 presentations of 60 ms
SOME = 5000  # steps by which those who are in a hurry know


def brian2(name: str, n_steps: int, python: str, device: str, precision: str) -> dict[str, Any]:
    """What Brian2 makes of a problem, in the form of `network.own`."""
    with tempfile.TemporaryDirectory() as folder:
        question, answer = Path(folder, "problem.npz"), Path(folder, "result.npz")
        np.savez(question, **network.problem_of(network.case(name, "guide", n_steps)))
        command = [Path(python).absolute(), HERE / "network_brian2.py", question, answer, device, "record", precision]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=os.environ | {"PYTHONPATH": ""})
        with np.load(answer) as result:
            spikes = {
                key.removeprefix("spikes_"): result[key].reshape(-1, 2) for key in result if key.startswith("spikes_")
            }
            return {"spikes": spikes, "W": result["W"] if "W" in result else np.zeros((0, 0))}


def compare(name: str, n_steps: int, python: str, device: str, precision: str) -> bool:
    """Print a line for each population; whether all is the same."""
    mine = network.own(name, "guide", n_steps)
    other = brian2(name, n_steps, python, device, precision)
    off = float(np.abs(mine["W"] - other["W"]).max(initial=0.0))
    same = off == 0.0
    for population, events in mine["spikes"].items():
        a, b = ({tuple(event) for event in x.tolist()} for x in (events, other["spikes"][population]))
        same &= a == b
        parted = min((step for step, _ in a ^ b), default=None)
        about = f"{device} {precision}"
        print(
            f"{name:10s}{about:24s}{population:12s}{len(a):8d}{len(b):8d}{len(a & b):8d}{len(a ^ b):8d}"
            f"{'never' if parted is None else parted:>9}{off:10.1e}",
            flush=True,
        )
    return same


def main() -> int:
    """Compare what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter that has Brian2")
    parser.add_argument("--device", default="numpy", choices=("numpy", "cython", "cpp_standalone"))
    parser.add_argument("--precision", nargs="+", default=["float32", "float64"], choices=("float32", "float64"))
    parser.add_argument("--networks", nargs="+", default=list(STEPS), choices=list(STEPS))
    parser.add_argument("--quick", action="store_true", help=f"{SOME} steps only")
    options = parser.parse_args()
    same = True
    print("network   Brian2                  population    tectum  Brian2    both     one   parted  max |dw|")
    for name in options.networks:
        for precision in options.precision:
            n_steps = SOME if options.quick else STEPS[name]
            found = compare(name, n_steps, options.peers_python, options.device, precision)
            same &= found or precision != "float32"
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
