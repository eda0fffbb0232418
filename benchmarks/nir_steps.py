"""Why are some winners of a dictionary's NIR graph not the model's: by its circuit, or by the steps of its input?

    python benchmarks/nir_steps.py                    # MNIST 10 x 10, 64 components: about a CPU minute

A graph of NIR has 1,000 steps where the model has 50, fires neurons in parallel, and inhibits a step later. Here the
same learned dictionary, quanta and thresholds scaled, and its graph are run with other numbers of steps, so that input
and circuit are seen by themselves. Needs the extra ``nir``.
"""

import argparse
import copy
import time

import numpy as np
from numpy.typing import NDArray

from tectum import SpikingDictionary, datasets, image, parts
from tectum.models.exchange import dictionary as exchange
from tectum.models.exchange.export import agreement
from tectum.models.exchange.simulation import run_graph

MORE = 10_000  # steps, with which one step of delay is a ten-thousandth of a presentation


def of_model(model: SpikingDictionary, X: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Spike counts of the model with another number of steps, of which each weighs less."""
    finer, factor = copy.deepcopy(model), steps / model.chosen_parts().encoder.n_steps
    finer.quantum_ *= factor
    finer._state = finer._state._replace(theta=finer._state.theta / np.float32(factor))
    return np.abs(finer.set_params(encoder=parts.RegularSpikes(n_steps=steps)).transform(X))


def of_graph(model: SpikingDictionary, X: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Spike counts of the graph with this number of steps."""
    exchange.STEPS = steps
    graph = exchange.export_dictionary(model, None).graph
    batches = np.array_split(X, -(-len(X) // exchange.AT_ONCE))
    spikes = (run_graph(graph, exchange._spikes_of(model, part), exchange.STEP_MS) for part in batches)
    return np.concatenate([fired.sum(axis=1) for fired in spikes])


def main() -> None:
    """Print the share of equal winners and of equal spikes of three comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=int, default=400, help="not learned from")
    parser.add_argument("--active", type=float, nargs="+", default=[2.0, 4.0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    given = parser.parse_args()
    images = datasets.load("mnist", subset="train").data[:600].reshape(-1, 28, 28) / 255.0
    patches = image.extract_patches(images, 10, max_patches=20_000, random_state=5)
    patches = patches.reshape(len(patches), -1)
    patches = patches[patches.any(axis=1)]
    X, unseen = patches[: -given.patches], patches[-given.patches :]
    for active in given.active:
        for seed in given.seeds:
            started = time.process_time()
            model = SpikingDictionary(64, n_active=active, n_presentations=15_000, random_state=seed).fit(X[:15_000])
            own = np.abs(model.transform(unseen))
            fine, finest = (of_model(model, unseen, steps) for steps in (1000, MORE))
            graph = of_graph(model, unseen, 1000)
            rows = {
                "as exported: graph of 1,000 steps, model of 50": (graph, own),
                "steps of the input: model of 1,000, model of 50": (fine, own),
                "the circuit: graph and model of 1,000": (graph, fine),
                f"the circuit: graph and model of {MORE:,}": (of_graph(model, unseen, MORE), finest),
            }
            print(f"{active:g} active, seed {seed}, {time.process_time() - started:.0f} CPU s")
            for name, pair in rows.items():
                print("  {:50s}{:7.2%} equal winners {:7.2%} equal spikes".format(name, *agreement(*pair)))


if __name__ == "__main__":
    main()
