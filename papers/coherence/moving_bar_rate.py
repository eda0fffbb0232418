"""Rate models with memory on a bump that moves on a ring: what a spiking map with context has to meet.

    python papers/coherence/moving_bar_rate.py                3 seeds, about a minute
    python papers/coherence/moving_bar_rate.py --seeds 1

Prints the measured values with those expected in brackets. The exit status is 1 if one is far off.
"""

import argparse

import numpy as np
from rich.console import Console
from rich.table import Table
from ring import ring_stream, scores

from tectum.analysis import (
    DelayTaps,
    LeakyInput,
    MergeMap,
    PlainMap,
    RecurrentMap,
    TemporalKohonenMap,
    fit_temporal_map,
    temporal_winners,
)

SHAPE = (8, 8)
TRAINING, TESTING = 20_000, 5_000
FAR = np.array([0.05, 0.06, *[0.15] * 7]), np.array([0.0, 0.0, *[0.15] * 7])
"""What counts as far off, by column: more than a difference, plus a share of the value expected."""

# model, then expected: direction, AMI, spread of the place 0, 1, ... 6 steps ago
EXPECTED = {
    "SOM": (PlainMap(), [0.49, 0.83, 0.00, 1.01, 2.03, 3.21, 4.93, 4.77, 3.46]),
    "leaky input, a 0.5": (LeakyInput(0.5), [0.98, 0.91, 0.24, 0.25, 0.48, 0.67, 1.05, 1.54, 1.93]),
    "TKM, a 0.5": (TemporalKohonenMap(0.5), [0.71, 0.85, 0.36, 0.38, 1.07, 1.80, 2.69, 3.58, 3.03]),
    "RSOM, a 0.3": (RecurrentMap(0.3), [0.99, 0.85, 0.37, 0.23, 0.40, 0.54, 0.62, 0.82, 1.19]),
    "MSOM, a 0.3, b 0.5": (MergeMap(0.3, 0.5), [1.00, 0.995, 0.00, 0.00, 0.4, 0.9, 1.4, 1.9, 2.3]),
    "MSOM, a 0.5, b 0.5": (MergeMap(0.5, 0.5), [1.00, 0.995, 0.00, 0.00, 0.4, 0.9, 1.4, 1.9, 2.3]),
    "delay taps x(t), x(t-2)": (DelayTaps((0, 2)), [1.00, 0.95, 0.06, 0.11, 0.06, 0.51, 1.02, 1.56, 2.07]),
}


def measure(model, seed: int) -> list[float]:
    """Scores of one map, learned, labelled and tested on streams of their own."""
    learned = fit_temporal_map(ring_stream(TRAINING, 3 * seed).X, SHAPE, model, random_state=seed)
    labelling, test = (ring_stream(TESTING, 3 * seed + k) for k in (1, 2))
    return scores(SHAPE, labelling, temporal_winners(learned, labelling.X), test, temporal_winners(learned, test.X))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    columns = ["direction", "AMI", *(f"lag {lag}" for lag in range(7))]
    table = Table("model", *columns, title=f"mean of {arguments.seeds} seeds (expected)")
    failed = []
    for name, (model, values) in EXPECTED.items():
        expected = np.array(values)
        found = np.mean([measure(model, seed) for seed in range(arguments.seeds)], axis=0)
        table.add_row(name, *(f"{f:.2f} ({e:.2f})" for f, e in zip(found, expected, strict=True)))
        far = np.abs(found - expected) > FAR[0] + FAR[1] * expected
        failed += [f"{name}: {column}" for column, off in zip(columns, far, strict=True) if off]
    console = Console(width=180)
    console.print(table)
    console.print("far off: " + ", ".join(failed) if failed else "all as expected")
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
