"""Error of the dictionary over the spikes of its inputs, and what a patch costs.

    python papers/tavanaei2018/costs.py [--seeds 2] [--presentations 20000] [-o FOLDER]

The shorter a presentation in steps, the fewer spikes inputs and neurons send, and the coarser their counts. For each
length: error over that of the default (50 steps) at the same mean number of active units (logarithms interpolated
between dictionaries of 1.5, 2 and 3 units), and operations per patch as `SpikingDictionary.operations` counts them.
"""

import argparse
from pathlib import Path

import data
import numpy as np

from tectum import SpikingDictionary, analysis, parts

STEPS = 5, 10, 15, 25, 50, 100
LENGTHS = 1.5, 2, 3
SIZES = {"MNIST 5x5": 64, "MNIST 10x10": 100, "whitened 12x12": 64}
TESTED = 2000


def curve(name: str, seed: int, presentations: int) -> dict[int, np.ndarray]:
    """By number of steps: active units, error, input spikes, synaptic events and updates of three dictionaries."""
    patches = data.load(name, seed, n_train=30_000)
    X = patches.test[:TESTED]
    found = {}
    for n_steps in STEPS:
        rows = []
        for k in LENGTHS:
            model = SpikingDictionary(
                SIZES[name],
                n_active=k,
                encoder=parts.RegularSpikes(n_steps=n_steps),
                n_presentations=presentations,
                input_scale=patches.scale,
                random_state=seed,
            ).fit(patches.train)
            cost = model.operations(X)
            costs = cost.input_spikes, cost.synaptic_events, cost.neuron_updates
            rows.append([model.sparsity(X).active_units, model.reconstruction_error(X), *costs])
        found[n_steps] = np.array(rows)
    return found


def compared(found: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """By number of steps: error over that of 50 steps at two active units of these, and the costs there."""
    reference = found[50]
    at = np.log(reference[1, 0])
    rows = {}
    for n_steps, rows_of in found.items():
        active, *values = np.log(rows_of.T)
        rows[n_steps] = np.exp([np.interp(at, active, of) for of in values])
        rows[n_steps][0] /= reference[1, 1]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=11)
    parser.add_argument("--presentations", type=int, default=20_000)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    lines = [
        "| patches, components | steps | error over 50 steps | input spikes | synaptic events | over dense | updates |",
        "|---|" + "---:|" * 6,
    ]
    for name, n in SIZES.items():
        seeds = range(given.first_seed, given.first_seed + given.seeds)
        runs = [compared(curve(name, seed, given.presentations)) for seed in seeds]
        n_inputs = int(name.rsplit("x", 1)[1]) ** 2
        dense = analysis.dense_operations(n_inputs, n).synaptic_events
        for n_steps in STEPS:
            error, inputs, events, updates = np.mean([run[n_steps] for run in runs], axis=0)
            spread = np.std([run[n_steps][0] for run in runs])
            cells = f"{error:.3f} ± {spread:.3f} | {inputs:.0f} | {events:.0f} | {events / dense:.1f} | {updates:.0f}"
            lines.append(f"| {name}, {n} | {n_steps} | {cells} |")
            print(lines[-1], flush=True)
    (given.output / "costs.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
