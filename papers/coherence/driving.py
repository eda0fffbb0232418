"""The driving clips through three maps and one above them: does the upper map find the scenes by the rhythm?

    python papers/coherence/driving.py --features fire6.npz fire9.npz     archives with X and source, the clip by frame
    python papers/coherence/driving.py motion                             other questions: a script each, `QUESTIONS`

Two maps see one layer of a convolutional network each, a third the winners of the first one frame before. The upper
map hears their spikes with its clock in phase with theirs, half a cycle later, or with a period of its own. Clips come
in their natural order, once; scores are those of held-out frames.

AMI      adjusted mutual information of the upper map's winners with the clips
lower    the same for the map of the first layer
answers  share of held-out frames in which the upper map fires
spikes   of the upper map, per frame
units    neurons of the upper map that win any frame
"""

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
from continual import coded, split
from rich.console import Console
from rich.table import Table

from tectum import MapHierarchy, analysis, parts

QUESTIONS = {"motion": "driving_motion", "happenings": "driving_happenings"}  # first argument -> script beside this one
HALF_A_CYCLE = 12.5  # ms
CLOCKS: dict[str, dict[str, Any]] = {
    "in phase": {},
    "half a cycle later": {"later": HALF_A_CYCLE},
    "unlocked": {"clock": parts.PacingClock(period=21.5)},
}


def hierarchy(n_features: int, seed: int, later: float = 0.0, **upper: Any) -> MapHierarchy:
    """Maps of two layers and of what won before, under one that hears them all."""
    half = n_features // 2
    code = parts.Ranked(k=50)
    lower = [
        parts.Map("first", (parts.Features(0, half, code),)),
        parts.Map("second", (parts.Features(half, None, code),)),
        parts.Map("before", (parts.Winners("first", k=1),)),
    ]
    heard = tuple(parts.Spikes(m.name) for m in lower)
    phase = heard[0].delay + parts.PacingClock().lead + later
    return MapHierarchy([*lower, parts.Map("upper", heard, phase=phase, **upper)], random_state=seed)


def measure(learned: MapHierarchy, probes: Any, label: Any) -> dict[str, float]:
    """Scores of held-out frames."""
    scores = learned.scores(probes)
    winners = {name: np.where(s.max(axis=1) > 0.0, s.argmax(axis=1), -1) for name, s in scores.items()}
    answers = winners["upper"] >= 0
    return {
        "AMI": float(analysis.cluster_scores(label, winners["upper"])["ami"]),
        "lower": float(analysis.cluster_scores(label, winners["first"])["ami"]),
        "answers": float(answers.mean()),
        "spikes": float(learned.transform(probes, "upper").sum() / len(probes)),
        "units": float(len(np.unique(winners["upper"][answers]))),
    }


def main() -> int:
    """Print the table."""
    if sys.argv[1:] and sys.argv[1] in QUESTIONS:
        return int(importlib.import_module(QUESTIONS[sys.argv[1]]).main(sys.argv[2:]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, nargs=2, required=True, help=".npz files of two layers")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    layers = []
    for file in options.features:
        with np.load(file) as archive:
            layers.append(coded(archive["X"].astype(np.float32), parts.RandomProjection(), 0))
            source = archive["source"].astype(np.intp)
    codes = np.concatenate(layers, axis=1)
    training, probes = split(source)
    table = Table("clock of the upper map", "AMI", "lower", "answers", "spikes", "units")
    for name, clock in CLOCKS.items():
        runs = []
        for seed in range(options.seeds):
            learned = hierarchy(codes.shape[1], seed, **clock).partial_fit(codes[training])
            runs.append(measure(learned, codes[probes], source[probes]))
        columns = {key: np.array([run[key] for run in runs]) for key in runs[0]}
        table.add_row(name, *(f"{x.mean():.2f} ± {x.std():.2f}" for x in columns.values()))
    Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
