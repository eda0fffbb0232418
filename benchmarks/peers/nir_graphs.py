"""Does a network that leaves through a NIR file win the same way in another simulator?

    python benchmarks/peers/nir_graphs.py               # DiehlCook on MNIST, in Norse; exit code 1 below 99 %

Norse stands in the environment `.venv-peers-norse` (requirements-norse.txt), or that which --python names. Winners of
`transform`, of the NumPy simulation of the graph, and of Norse are compared on digits that were not learned from.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import tectum
from tectum import datasets
from tectum.models.exchange.export import agreement
from tectum.models.exchange.simulation import run_graph
from tectum.models.exchange.standard import input_spikes

HERE = Path(__file__).resolve().parent
FLOOR = 0.99  # of the winners in Norse that are those of the graph in NumPy


def main() -> int:
    """Print the three agreements; 1 if Norse differs from what the graph says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, default=HERE.parents[1] / ".venv-peers-norse" / "bin" / "python")
    parser.add_argument("--digits", type=int, default=3000, help="to learn from")
    parser.add_argument("--test", type=int, default=200)
    parser.add_argument("--dt", type=float, default=1.0, help="ms, of the frozen network")
    parser.add_argument("--model", type=Path, help="a fitted DiehlCook in place of one that is fitted here")
    given = parser.parse_args()
    mnist = datasets.load("mnist")
    unseen = mnist.data[-given.test :]
    if given.model:
        net = tectum.load(given.model)
    else:
        net = tectum.DiehlCook(100, random_state=0).fit(mnist.data[: given.digits])
    net.set_params(dt=given.dt)
    export = net.to_nir()
    spikes, counts = input_spikes(net, unseen)
    here = run_graph(export.graph, spikes, export.dt_ms).sum(axis=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        export.save(folder / "graph.nir")
        np.savez(folder / "spikes.npz", spikes=spikes, dt_ms=export.dt_ms)
        files = [str(folder / file) for file in ("graph.nir", "spikes.npz", "counts.npy")]
        subprocess.run([str(given.python), str(HERE / "nir_norse.py"), *files], check=True)
        norse = np.load(folder / "counts.npy")
    pairs = {
        "Norse and the graph in NumPy": (norse, here),
        "the graph in NumPy and the model": (here, counts),
        "Norse and the model": (norse, counts),
    }
    for label, (a, b) in pairs.items():
        winners, alike = agreement(a, b)
        print(f"{label:34s} equal winners {winners:.3f}, equal spikes {alike:.3f}")
    print(f"spikes a digit: model {counts.sum(axis=1).mean():.1f}, Norse {norse.sum(axis=1).mean():.1f}")
    return 0 if agreement(norse, here)[0] >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
