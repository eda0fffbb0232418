"""Does a network that leaves through a NIR file win the same way in another simulator?

    python benchmarks/peers/nir_graphs.py               # MNIST, in Norse; exit code 1 if a floor is missed

Norse stands in the environment `.venv-peers-norse` (requirements-norse.txt), or that which --python names. Winners of
`transform`, of the NumPy simulation of the graph, and of Norse are compared on digits, or patches of 10 x 10 pixels,
that were not learned from: of a `Network` whose neurons inhibit each other by spikes that take a step, the export of
which is exact, and of `SpikingDictionary` and `DiehlCook`, in which the strongest neuron of a step fires first.
"""

import argparse
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

import tectum
from tectum import datasets, image, parts
from tectum.models.exchange.export import NirExport, agreement
from tectum.models.exchange.simulation import run_graph

NAME = "nir"
GRAPH, MODEL = "Norse and the graph in NumPy", "Norse and the model"  # pairs that are compared
HERE = Path(__file__).resolve().parent
MOST_BYTES = 6e8  # of input spikes at a time
FLOOR = 0.99  # of the winners in Norse that are those of the graph in NumPy
FLOORS = {"Network": 0.99, "SpikingDictionary": 0.99, "DiehlCook": 0.95}  # and of those in Norse that are the model's


def main() -> int:
    """Print the agreements; 1 if Norse differs from what the graph says, or too much from the model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, default=HERE.parents[1] / ".venv-peers-norse" / "bin" / "python")
    parser.add_argument("--digits", type=int, default=3000, help="to learn from")
    parser.add_argument("--test", type=int, default=200)
    parser.add_argument("--model", type=Path, help="a fitted DiehlCook in place of one that is fitted here")
    parser.add_argument("--only", choices=FLOORS, nargs="+", default=list(FLOORS))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rows = agreements(given.python, given.only, given.digits, given.test, given.seed, given.model)
    return int(any(misses(name, row) for name, row in rows.items()))


def agreements(
    python: Path,
    names: Iterable[str] = tuple(FLOORS),
    n_digits: int = 3000,
    n_test: int = 200,
    seed: int = 0,
    path: Path | None = None,
) -> dict[str, Any]:
    """How often the graph in NumPy, the graph in Norse, and the model have the same winner and spikes, by model."""
    mnist = datasets.load("mnist")
    seen, unseen = mnist.data[:n_digits], mnist.data[-n_test:]
    rows = {}
    for name in names:
        X = unseen
        if name == "Network":
            model = spiking_network().set_params(random_state=seed).fit(seen)
        elif name == "SpikingDictionary":
            patches, X = (patches_of(digits, seed) for digits in (seen, unseen))
            model = tectum.SpikingDictionary(64, n_active=3, n_presentations=15_000, random_state=seed).fit(patches)
        else:
            model = tectum.load(path) if path else tectum.DiehlCook(100, random_state=seed).fit(seen)
        rows[name] = compare(name, model.to_nir(), X, np.abs(model.transform(X)), python)
    return rows


def misses(name: str, row: dict[str, Any]) -> bool:
    """Whether the winners of a model differ too often."""
    return row[GRAPH][0] < FLOOR or row[MODEL][0] < FLOORS[name]


def spiking_network() -> tectum.Network:
    """A hundred neurons with adapted thresholds that inhibit each other by spikes, a step later."""
    units = parts.Population(
        "units", 100, parts.AdaptiveLIF(refractory=0.0), rule=parts.PostPreSTDP(), norm=parts.MeanNorm(mean=0.1)
    )
    wires = [
        parts.Projection("input", "units", parts.Learned(mean=0.1, gain=None), delay=0.0),
        parts.Projection("units", "units", parts.Sparse(120.0, density=1.0), delay=1.0, inhibitory=True),
    ]
    return tectum.Network([units], wires, [parts.Rates("input")], random_state=0)


def patches_of(digits: np.ndarray, seed: int) -> np.ndarray:
    """Five patches a digit that are not blank."""
    images = digits.reshape(-1, 28, 28) / 255.0
    patches = image.extract_patches(images, 10, max_patches=10 * len(images), random_state=seed)
    patches = patches.reshape(len(patches), -1)
    return patches[patches.any(axis=1)][: 5 * len(images)]


def compare(name: str, export: NirExport, X: np.ndarray, counts: np.ndarray, python: Path) -> dict[str, Any]:
    """Shares of equal winners and of equal spikes, which are printed too."""
    found: list[np.ndarray] = []
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / file) for file in ("graph.nir", "spikes.npz", "counts.npy")]
        export.save(files[0])
        n_parts = math.ceil(len(X) * export.input_spikes(X[:1]).nbytes / MOST_BYTES)
        for part in np.array_split(X, n_parts):
            spikes = export.input_spikes(part)
            np.savez(files[1], spikes=spikes, dt_ms=export.dt_ms)
            subprocess.run([str(python), str(HERE / "nir_norse.py"), *files], check=True)
            found.append(np.stack([run_graph(export.graph, spikes, export.dt_ms).sum(axis=1), np.load(files[2])]))
    here, norse = np.concatenate(found, axis=1)
    spikes_a_digit = [f"{table.sum(axis=1).mean():.1f}" for table in (counts, norse)]
    print(f"{name}: {export.grade}; spikes a digit: model {spikes_a_digit[0]}, Norse {spikes_a_digit[1]}")
    row: dict[str, Any] = {"grade": export.grade}
    for label, (a, b) in {
        GRAPH: (norse, here),
        "the graph in NumPy and the model": (here, counts),
        MODEL: (norse, counts),
    }.items():
        row[label] = winners, alike = agreement(a, b)
        print(f"  {label:34s} equal winners {winners:.3f}, equal spikes {alike:.3f}", flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
