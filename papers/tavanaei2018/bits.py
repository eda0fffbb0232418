"""Error of dictionaries on synapses of few states, with noise and drift; the exit status is 1 if a floor fails.

    python papers/tavanaei2018/bits.py [--seeds 3] [--presentations 20000] [--only "MNIST 5x5"] [-o FILE]

Weights are learned in full precision and then held by `parts.CoarseWeights`, or learned on such synapses from the first
spike on (`parts.CoarseResidualSTDP`, whose states reach to the largest weight of full precision). Cells are the error
over that of full precision, mean over the seeds, and in brackets the active units.
"""

import argparse
from pathlib import Path

import data
import numpy as np

from tectum import SpikingDictionary, parts

SIZES = {"MNIST 5x5": 64, "MNIST 10x10": 100, "whitened 12x12": 64}
KINDS = {"default": SpikingDictionary, "local": SpikingDictionary.local}
SYNAPSES = {
    "8 bits": parts.CoarseWeights(8),
    "6 bits": parts.CoarseWeights(6),
    "4 bits": parts.CoarseWeights(4),
    "3 bits": parts.CoarseWeights(3),
    "8 bits, noise 5 %": parts.CoarseWeights(8, noise=0.05),
    "8 bits, drift 10 %": parts.CoarseWeights(8, drift=0.1),
}
LEARNED = "8 bits", "6 bits", "4 bits", "3 bits"  # the first of them; told, not held to a floor
FLOORS = {"8 bits": 1.02, "6 bits": 1.05, "4 bits": 1.2}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=11)
    parser.add_argument("--presentations", type=int, default=20_000)
    parser.add_argument("--only", choices=SIZES)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    lines = ["| patches | dictionary | full | " + " | ".join(SYNAPSES) + " |", "|---" * 2 + "|---:" * 7 + "|"]
    failed = []
    for name, n in SIZES.items():
        if given.only not in (None, name):
            continue
        kinds = (*KINDS, "default, learned so")
        found: dict[str, list[list[tuple[float, float]]]] = {kind: [] for kind in kinds}
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            patches = data.load(name, seed, n_train=30_000)
            X = patches.test[:2000]
            for kind, make in KINDS.items():
                chosen = {"random_state": seed, "input_scale": patches.scale, "n_presentations": given.presentations}
                model = make(n, n_active=2, **chosen).fit(patches.train)
                held = [model, *(model.on_device(part, random_state=seed) for part in SYNAPSES.values())]
                errors = [m.reconstruction_error(X) for m in held]
                found[kind].append(list(zip(errors, [m.sparsity(X).active_units for m in held], strict=True)))
                if kind == "default":
                    largest = float(np.abs(model.weights_).max())
                    for case in LEARNED:
                        rule = parts.CoarseResidualSTDP(w_max=largest, bits=SYNAPSES[case].bits)
                        held[1 + LEARNED.index(case)] = make(n, n_active=2, rule=rule, **chosen).fit(patches.train)
                    held = held[: 1 + len(LEARNED)]
                    errors = [m.reconstruction_error(X) for m in held]
                    active = [m.sparsity(X).active_units for m in held]
                    found["default, learned so"].append(list(zip(errors, active, strict=True)))
        for kind, rows in found.items():
            table = np.array(rows)
            ratio = (table[:, 1:, 0] / table[:, :1, 0]).mean(axis=0)
            active = table[:, :, 1].mean(axis=0)
            cells = [f"{r:.3f} ({a:.2f})" for r, a in zip(ratio, active[1:], strict=True)]
            full = f"{table[:, 0, 0].mean():.4f} ({active[0]:.2f})"
            lines.append(f"| {name}, {n} | {kind} | {full} | " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
            measured = dict(zip(SYNAPSES, ratio, strict=False))
            if kind in KINDS:
                failed += [
                    f"{name}, {kind}, {case}: {measured[case]:.3f}" for case in FLOORS if measured[case] > FLOORS[case]
                ]
    print("\n".join(lines))
    (given.output / "bits.md").write_text("\n".join(lines) + "\n")
    for miss in failed:
        print(f"FAIL {miss}, at most {FLOORS[miss.rsplit(', ', 1)[1].split(':')[0]]}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
