"""`SpikingDictionary` as a graph of NIR: integrators that spikes explain away through a recurrent matrix."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.models.exchange.export import NirExport, agreement, graph_of, nir_package
from tectum.models.exchange.simulation import run_graph
from tectum.parts.event_input import EventPatches
from tectum.parts.input_spikes import RegularSpikes, fires
from tectum.parts.representation import ExplainingAway

STEPS = 1000  # of a presentation on a chip: so inhibition that comes a step late costs hardly anything
STEP_MS = 0.1  # then a presentation lasts 100 ms
EVENT_STEP_MS = 0.1
AT_ONCE = 16  # samples


def export_dictionary(model: Any, X: ArrayLike | None) -> NirExport:
    """The frozen dictionary; see `SpikingDictionary.to_nir`."""
    nir, chosen = nir_package(), model.chosen_parts()
    if not isinstance(chosen.competition, ExplainingAway):
        raise ValueError(
            f"SpikingDictionary.to_nir: competition must be ExplainingAway(), got {chosen.competition!r}; NIR has no "
            "word for a softmax or for an inhibition that falls with time, use the default competition"
        )
    by_events = isinstance(chosen.encoder, EventPatches)
    weights, dt = model.weights_.astype(np.float64), EVENT_STEP_MS if by_events else STEP_MS
    sign = [1.0] if not model.on_off_ else [1.0, -1.0]
    inputs = np.concatenate([s * weights for s in sign], axis=1)  # OFF inputs of their own
    units = np.concatenate([s * inputs for s in sign])  # and OFF neurons
    gram = units @ units.T / len(sign)
    n, one = len(units), np.ones(len(units), np.float32)
    scale = 1.0 if by_events else chosen.encoder.n_steps / STEPS
    nodes: dict[str, Any] = {
        "input": nir.Input({"input": np.array([units.shape[1]])}),
        "weights": nir.Linear((scale / model.quantum_ * units).astype(np.float32)),
        "explained": nir.Linear((-gram).astype(np.float32)),
        "output": nir.Output({"output": np.array([n])}),
    }
    if by_events:
        tau = 1e-3 * dt / (1.0 - np.exp(-dt / chosen.encoder.tau))
        onset, reasons = float(model.threshold_), ["one patch of the sensor: a chip holds one for each place"]
        nodes["membranes"] = nir.LI(tau=tau * one, r=(tau / (1e-3 * dt)) * one, v_leak=0.0 * one)
    else:
        onset = max(0.5, float(model.threshold_) * chosen.encoder.n_steps)
        nodes["membranes"] = nir.I(r=1e3 / dt * one)
        reasons = [f"{STEPS} steps of input spikes in place of {chosen.encoder.n_steps}, from the first on"]
    nodes["spikes"] = nir.Threshold(onset * one)
    edges = [("input", "weights"), ("weights", "membranes"), ("membranes", "spikes"), ("spikes", "explained")]
    edges += [("explained", "membranes"), ("spikes", "output")]
    if not by_events:  # who has fired once fires from one half on
        nodes["fired"] = nir.I(r=1e3 / dt * one)
        nodes["has_fired"] = nir.Threshold(0.5 * one)
        nodes["easier"] = nir.Scale((onset - 0.5) * one)
        edges += [("spikes", "fired"), ("fired", "has_fired"), ("has_fired", "easier"), ("easier", "spikes")]
    reasons += [
        "all neurons above their threshold fire in a step, in the model one after another",
        "what a spike explains is taken away a step later",
        "the diagonal of the recurrent matrix is the reset: give it to the neurons where a chip resets by subtraction",
        "plasticity, excitability and the moving threshold are left out: NIR has no word for them",
    ]
    graph = graph_of(nodes, edges, dt, "approximate")
    if X is None:
        return NirExport(graph, "approximate", tuple(reasons), dt)
    if by_events:
        raise ValueError("SpikingDictionary.to_nir: X must be None for a dictionary of events; the graph is one patch")
    found = np.concatenate(
        [
            run_graph(graph, _spikes_of(model, part), dt).sum(axis=1)
            for part in np.array_split(np.asarray(X, np.float64), max(1, -(-len(np.asarray(X)) // AT_ONCE)))
        ]
    )
    if model.on_off_:
        found = np.abs(found[:, : n // 2] - found[:, n // 2 :])
    return NirExport(graph, "approximate", tuple(reasons), dt, *agreement(found, np.abs(model.transform(X))))


def _spikes_of(model: Any, X: NDArray[Any]) -> NDArray[np.uint8]:
    """Regular spikes (n_samples, STEPS, n_inputs) of the rates of samples, OFF inputs after ON inputs."""
    rates = model._inputs(model._validate(X))
    if model.on_off_:
        rates = np.concatenate([np.maximum(rates, 0.0), np.maximum(-rates, 0.0)], axis=1)
    encoder = RegularSpikes(STEPS)
    steps = [fires(encoder, rates, step, np.float32(0.0)) for step in range(STEPS)]
    return np.stack(steps, axis=1).astype(np.uint8)
