"""`SpikingSOM` as a graph of NIR: the race of the output neurons to the first spike."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.analysis import topographic_error
from tectum.engine.maps import network
from tectum.models.exchange.export import NirExport, check_substeps, graph_of, neurons, nir_package
from tectum.models.exchange.simulation import in_parts, run_graph
from tectum.parts.neurons import LIF

SUBSTEPS = 40  # in each step of the model: first spikes of neighbours are often a microsecond apart
AFTER = 0.5  # ms that a simulation goes on after the latest first spike


def export_map(model: Any, X: ArrayLike | None, substeps: int = SUBSTEPS) -> NirExport:
    """The frozen map; see `SpikingSOM.to_nir`."""
    nir, chosen = nir_package(), model.chosen_parts()
    if type(chosen.neuron) is not LIF:
        raise ValueError(
            f"SpikingSOM.to_nir: neuron must be LIF(), got {chosen.neuron!r}; NIR has no word for the equations of "
            "others"
        )
    check_substeps("SpikingSOM.to_nir", substeps)
    dt, neuron, synapse = float(model.dt) / substeps, chosen.neuron, chosen.projection.synapse
    weights = model._state.weights.T.astype(np.float64)  # by output neuron
    n, m = weights.shape
    drive = chosen.projection.drive / m * float(model._state.gain[0]) * weights

    def share(tau_ms: float) -> float:
        return float(1.0 - np.exp(-dt / tau_ms))  # that an Euler step of `dt` moves, with dt / share for tau

    nodes = {
        "input": nir.Input({"input": np.array([m])}),
        "weights": nir.Linear(drive.astype(np.float32)),
        "rise": neurons("LI", n, tau=1e-3 * dt / share(synapse.tau_r), r=1.0 / share(synapse.tau_r), v_leak=0.0),
        "neurons": neurons(
            "CubaLIF",
            n,
            tau_syn=1e-3 * dt / share(synapse.tau_f),
            tau_mem=1e-3 * dt / share(neuron.tau_m),
            r=1.0,
            v_leak=0.0,
            v_threshold=neuron.v_th,
            v_reset=neuron.v_reset,
            w_in=1.0,
        ),
        "output": nir.Output({"output": np.array([n])}),
    }
    edges = [("input", "weights"), ("weights", "rise"), ("rise", "neurons"), ("neurons", "output")]
    reasons: tuple[str, ...] = (
        "the first neuron to fire is the winner; what comes later is not that of the map, whose lateral synapses are "
        "left out: they act after the first spike",
        "input spikes are given: the ring code and the oscillation of the input layer are left out",
        f"spikes are at the ends of steps of {dt:g} ms, in the model within them",
        "plasticity is left out: NIR has no word for it",
    )
    graph = graph_of(nodes, edges, dt, "approximate")

    def shown(X: ArrayLike) -> NDArray[np.uint8]:
        return input_spikes(model, X, substeps)

    if X is None:
        return NirExport(graph, "approximate", reasons, dt, shown)
    expected, samples = model.spike_times(X), model._samples(X)
    found = in_parts(samples, lambda part: _winners(run_graph(graph, shown(part), dt)))
    silent = np.isnan(expected).all(axis=1)
    winners = np.where(silent, -1, np.nan_to_num(expected, nan=np.inf).argmin(axis=1))
    equal = found == winners
    others = np.column_stack([found, winners])[~equal & (found >= 0) & (winners >= 0)]
    adjacent = (1.0 - topographic_error(others, model.grid_)) * len(others) if len(others) else 0.0
    near = (np.count_nonzero(equal) + adjacent) / len(equal)
    reasons += (f"{near:.1%} of the winners are the map's or next to it on the grid",)
    return NirExport(graph, "approximate", reasons, dt, shown, float(equal.mean()))


def _winners(fired: NDArray[Any]) -> NDArray[np.int64]:
    """The first neuron to fire in each sample, -1 for none; fired (n_samples, n_steps, n_neurons)."""
    has_fired = np.asarray(fired).max(axis=2) > 0
    first = fired[np.arange(len(fired)), has_fired.argmax(axis=1)]
    return np.where(has_fired.max(axis=1), first.argmax(axis=1), -1)


def input_spikes(model: Any, X: ArrayLike, substeps: int = SUBSTEPS) -> NDArray[np.uint8]:
    """What enters the graph of a map: spikes (n_samples, n_steps substeps, n_inputs) of its input layer, for as long as
    the slowest first spike of the output layer takes.
    """
    samples, expected = model._samples(X), model.spike_times(X)
    dt = float(model.dt)
    slowest = np.nan_to_num(expected, nan=np.inf).min(axis=1)
    n_steps = round((slowest[np.isfinite(slowest)].max(initial=0.0) + AFTER) / dt)
    spikes = np.zeros((len(samples), n_steps * substeps, model._state.weights.shape[0]), np.uint8)
    map_parts, circuit = model._build()
    for k, current in enumerate(model._currents(samples)):
        trains, _ = network.record(circuit, model._state, current[None], map_parts, n_steps * dt, 0)
        step = np.rint(trains["u"].time_ms / dt).astype(int)
        spikes[k, np.minimum(step, n_steps - 1) * substeps, trains["u"].neuron] = 1
    return spikes
