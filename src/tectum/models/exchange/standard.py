"""`DiehlCook` as a graph of NIR: LIF neurons with their adapted thresholds, and lateral inhibition."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.core.random import keys_of_rows
from tectum.engine.standard import network
from tectum.models.exchange.export import NirExport, agreement, graph_of, jump, lif, nir_package
from tectum.models.exchange.simulation import run_graph
from tectum.parts.adaptive_threshold import AdaptiveLIF, LateralInhibition

MOST_AT_ONCE = 64  # samples


def export_standard(model: Any, X: ArrayLike | None) -> NirExport:
    """The frozen network; see `DiehlCook.to_nir`."""
    nir, chosen = nir_package(), model.chosen_parts()
    neuron, inhibition = chosen.neuron, chosen.inhibition
    if type(neuron) is not AdaptiveLIF or type(inhibition) is not LateralInhibition:
        raise ValueError(
            "DiehlCook.to_nir: neuron must be AdaptiveLIF() and inhibition LateralInhibition(), got "
            f"{neuron!r} and {inhibition!r}; NIR has no word for the equations of others"
        )
    n, dt = len(model.weights_), float(model.dt)
    by_one = jump(neuron.tau_m, dt)
    weight = (by_one * model.gain_ * model.weights_).astype(np.float32)
    keep = np.exp(-dt / neuron.tau_m)  # what a spike takes away has decayed for a step when it arrives
    lateral = -by_one * inhibition.strength * keep * (1.0 - np.eye(n))
    nodes = {
        "input": nir.Input({"input": np.array([weight.shape[1]])}),
        "weights": nir.Linear(weight),
        "neurons": lif(
            n,
            tau_ms=neuron.tau_m,
            dt_ms=dt,
            v_th=np.nextafter(np.float32(model.thresholds_ - neuron.v_reset), np.float32(-np.inf)),
            v_reset=0.0,
            v_rest=neuron.v_rest - neuron.v_reset,
        ),
        "lateral": nir.Linear(lateral.astype(np.float32)),
        "output": nir.Output({"output": np.array([n])}),
    }
    edges = [("input", "weights"), ("weights", "neurons"), ("neurons", "lateral"), ("lateral", "neurons")]
    reasons = (
        "potentials count from the reset; thresholds are those that adaptation has reached, and stay",
        f"no refractory period, of {neuron.refractory:g} ms in the model: NIR has none",
        "all neurons at their threshold fire in a step, in the model the one that exceeds it most",
        "input spikes are given: NIR has no Poisson neurons, and shows no sample again with more input",
        "plasticity, norm and adaptation are left out: NIR has no word for them",
    )
    graph = graph_of(nodes, [*edges, ("neurons", "output")], dt, "approximate")
    if X is None:
        return NirExport(graph, "approximate", reasons, dt)
    spikes, expected = input_spikes(model, X)
    found = np.concatenate(
        [
            run_graph(graph, part, dt).sum(axis=1)
            for part in np.array_split(spikes, max(1, -(-len(spikes) // MOST_AT_ONCE)))
        ]
    )
    return NirExport(graph, "approximate", reasons, dt, *agreement(found, expected))


def input_spikes(model: Any, X: ArrayLike) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Input spikes (n_samples, n_steps, n_features) of samples as they were last shown, and the counts they bring."""
    samples = model._samples(X)
    trains = network.record(model._build(), model._state, model._inputs(samples), keys_of_rows(samples), model.dt)
    shape = len(samples), int(model._build().encoder.n_steps), samples.shape[1]
    dense = np.zeros(shape, np.uint8)
    train = trains["inputs"]
    step = np.rint(train.time_ms / model.dt).astype(int) - train.presentation * shape[1]
    dense[train.presentation, step, train.neuron] = 1
    counts = np.zeros((shape[0], len(model.weights_)), np.float32)
    np.add.at(counts, (trains["units"].presentation, trains["units"].neuron), 1.0)
    return dense, counts
