"""How long does a network of sheets grow, and how much memory does it take?

CPU time of one core per step of 0.1 ms while waves are large and after, for networks of three sizes, without
compilation; the least of the rounds, as others disturb; and the time that 30,000 ms of growth take at that rate. With
--other, a folder with the package as it was, both take turns, and the weights that come out are compared bit by bit.

    python benchmarks/growth_speed.py
    python benchmarks/growth_speed.py --other ../old/src --rounds 3
    python benchmarks/growth_speed.py --whole "64 x 64, 32 x 32"      # all of growth, not extrapolated: minutes
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from tectum import WaveNetwork
from tectum.parts import Sheet, WavePhase

NETWORKS = {
    "28 x 28, 300": ((28, 28), 300),
    "64 x 64, 32 x 32": ((64, 64), (32, 32)),
    "128 x 128, 64 x 64": ((128, 128), (64, 64)),
}
LARGE_MS, FEW_MS = 300.0, 20.0  # large waves are over sooner than by default; before what is timed
SPANS_MS = {"large waves": (20.0, 120.0), "after": (600.0, 700.0), "later": (1500.0, 1600.0)}
WHOLE_MS, LARGE_OF_WHOLE_MS = 30_000.0, 3000.0
PROBE = "--probe"


def grown(name: str) -> dict[str, Any]:
    """Microseconds per step in each span, megabytes, and a hash of the weights."""
    lower, upper = NETWORKS[name]
    net = WaveNetwork([Sheet(lower), Sheet(upper, even=np.ndim(upper) == 0)], random_state=0)
    large, after = net.chosen_parts().phases
    net.set_params(phases=(WavePhase(**large._asdict() | {"duration": LARGE_MS}), after))
    found: dict[str, Any] = {}
    spans = SPANS_MS if name != "128 x 128, 64 x 64" else dict(list(SPANS_MS.items())[:2])
    for span, (begin, end) in spans.items():
        net.grow(begin - (net.n_steps_grown_ * net.step_ms if hasattr(net, "n_steps_grown_") else 0.0))
        start = time.process_time()
        net.grow(end - begin)
        found[span] = 1e6 * (time.process_time() - start) / ((end - begin) / net.step_ms)
    rest = found.get("later", found["after"])
    steps = LARGE_OF_WHOLE_MS / net.step_ms, (WHOLE_MS - LARGE_OF_WHOLE_MS) / net.step_ms
    found["30 s of growth, s"] = 1e-6 * (steps[0] * found["large waves"] + steps[1] * rest)
    found["MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    found["weights"] = hashlib.sha256(net.weights_[0].tobytes()).hexdigest()[:12]
    return found


def whole(name: str) -> None:
    """All of growth."""
    lower, upper = NETWORKS[name]
    net = WaveNetwork([Sheet(lower), Sheet(upper, even=np.ndim(upper) == 0)], random_state=0).grow(FEW_MS)
    start = time.process_time()
    net.grow(WHOLE_MS - FEW_MS)
    print(f"{name}: {time.process_time() - start:.0f} CPU s for 30 s of growth")


def in_turn(package: str | None, name: str) -> dict[str, Any]:
    """The same in a process of its own, with a package from elsewhere."""
    environment = os.environ | ({"PYTHONPATH": package} if package else {})
    call = [sys.executable, __file__, PROBE, name]
    return json.loads(subprocess.run(call, env=environment, check=True, stdout=subprocess.PIPE).stdout)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", type=Path, help="folder with another package to take turns with")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--whole", choices=NETWORKS)
    parser.add_argument(PROBE, choices=NETWORKS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if options.other and not (options.other / "tectum").is_dir():
        parser.error(f"--other must be a folder with the package tectum, got {options.other}")
    if options.probe:
        print(json.dumps(grown(options.probe)))
    elif options.whole:
        whole(options.whole)
    else:
        packages = {"this": None} | ({"other": str(options.other.resolve())} if options.other else {})
        for name in options.networks:
            turns = [{kind: in_turn(path, name) for kind, path in packages.items()} for _ in range(options.rounds)]
            least = {kind: _least([turn[kind] for turn in turns]) for kind in packages}
            for kind, row in least.items():
                shown = "  ".join(f"{key} {value:.0f}" for key, value in row.items() if key != "weights")
                print(f"{name:20s} {kind:6s} {shown}  weights {row['weights']}", flush=True)
            if "other" in least:
                ratios = {key: least["other"][key] / least["this"][key] for key in least["this"] if key != "weights"}
                print(f"{name:20s} ratio  " + "  ".join(f"{key} {value:.2f}" for key, value in ratios.items()))


def _least(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The least of each number."""
    return {key: min(row[key] for row in rows) for key in rows[0]}


if __name__ == "__main__":
    main()
