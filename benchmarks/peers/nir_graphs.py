"""Does a network that leaves through a NIR file win the same way in another simulator?

    python benchmarks/peers/nir_graphs.py               # MNIST, in Norse; exit code 1 if a floor is missed

Norse stands in the environment `.venv-peers-norse` (requirements-norse.txt), or that which --python names. Winners of
`transform`, of the NumPy simulation of the graph, and of Norse are compared on digits that were not learned from: of a
`Network` whose neurons inhibit each other by spikes that take a step, the export of which is exact, and of `DiehlCook`,
in which only the strongest neuron of a step fires, which NIR cannot say.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import tectum
from tectum import datasets, parts
from tectum.models.exchange.export import NirExport, agreement
from tectum.models.exchange.network import network_input
from tectum.models.exchange.simulation import run_graph
from tectum.models.exchange.standard import input_spikes

HERE = Path(__file__).resolve().parent
FLOOR = 0.99  # of the winners in Norse that are those of the graph in NumPy, and of an exact export those of the model


def main() -> int:
    """Print the agreements; 1 if Norse differs from what the graph says, or from a model whose export is exact."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, default=HERE.parents[1] / ".venv-peers-norse" / "bin" / "python")
    parser.add_argument("--digits", type=int, default=3000, help="to learn from")
    parser.add_argument("--test", type=int, default=200)
    parser.add_argument("--dt", type=float, default=1.0, help="ms, of the frozen DiehlCook")
    parser.add_argument("--model", type=Path, help="a fitted DiehlCook in place of one that is fitted here")
    parser.add_argument("--only", choices=["Network", "DiehlCook"], help="leave the other out")
    given = parser.parse_args()
    mnist = datasets.load("mnist")
    seen, unseen = mnist.data[: given.digits], mnist.data[-given.test :]
    missed = False
    if given.only != "DiehlCook":
        net = spiking_network().fit(seen)
        missed |= compare("Network", net.to_nir(), network_input(net, unseen), net.transform(unseen), given.python)
    if given.only != "Network":
        net = tectum.load(given.model) if given.model else tectum.DiehlCook(100, random_state=0).fit(seen)
        net.set_params(dt=given.dt)
        missed |= compare("DiehlCook", net.to_nir(), *input_spikes(net, unseen), given.python)
    return int(missed)


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


def compare(name: str, export: NirExport, spikes: np.ndarray, counts: np.ndarray, python: Path) -> bool:
    """Print agreements with what the model fires; whether a floor is missed."""
    here = run_graph(export.graph, spikes, export.dt_ms).sum(axis=1)
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / file) for file in ("graph.nir", "spikes.npz", "counts.npy")]
        export.save(files[0])
        np.savez(files[1], spikes=spikes, dt_ms=export.dt_ms)
        subprocess.run([str(python), str(HERE / "nir_norse.py"), *files], check=True)
        norse = np.load(files[2])
    spikes_a_digit = [f"{table.sum(axis=1).mean():.1f}" for table in (counts, norse)]
    print(f"{name}: {export.grade}; spikes a digit: model {spikes_a_digit[0]}, Norse {spikes_a_digit[1]}")
    found = {}
    for label, (a, b) in {
        "Norse and the graph in NumPy": (norse, here),
        "the graph in NumPy and the model": (here, counts),
        "Norse and the model": (norse, counts),
    }.items():
        found[label], alike = agreement(a, b)
        print(f"  {label:34s} equal winners {found[label]:.3f}, equal spikes {alike:.3f}", flush=True)
    asked = found["Norse and the model" if export.grade == "exact" else "Norse and the graph in NumPy"]
    return asked < FLOOR


if __name__ == "__main__":
    sys.exit(main())
