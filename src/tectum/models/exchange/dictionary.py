"""`SpikingDictionary` as a graph of NIR: integrators that spikes explain away through a recurrent matrix."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.models.exchange.export import NirExport, agreement, check_substeps, comparator, graph_of, nir_package
from tectum.models.exchange.simulation import in_parts, run_graph
from tectum.parts.event_input import EventPatches
from tectum.parts.input_spikes import RegularSpikes, fires, is_random
from tectum.parts.representation import ExplainingAway

SUBSTEPS = 256  # of the race in each step of the model
STEP_MS = 2.0  # of the model, then a presentation lasts 100 ms
EVENT_STEP_MS = 0.1
RAMP = 1.5  # quanta by which the clock lowers all membranes in each step; who exceeds its threshold by more is in a tie
SHUT = 64.0  # quanta by which membranes are lowered while evidence comes in
CLOCKS = 3  # inputs after those of the sample: the clock, and what shuts and opens all neurons once


def export_dictionary(model: Any, X: ArrayLike | None, substeps: int = SUBSTEPS) -> NirExport:
    """The frozen dictionary; see `SpikingDictionary.to_nir`."""
    nir, chosen = nir_package(), model.chosen_parts()
    if not isinstance(chosen.competition, ExplainingAway):
        raise ValueError(
            f"SpikingDictionary.to_nir: competition must be ExplainingAway(), got {chosen.competition!r}; NIR has no "
            "word for a softmax or for an inhibition that falls with time, use the default competition"
        )
    if model.output == "drive":
        raise ValueError(
            "SpikingDictionary.output must be 'counts' or 'first_spike' for to_nir, whose neurons inhibit each other, "
            "got 'drive'; use set_params(output='counts')"
        )
    check_substeps("SpikingDictionary.to_nir", substeps)
    by_events = isinstance(chosen.encoder, EventPatches)
    if by_events and X is not None:
        raise ValueError("SpikingDictionary.to_nir: X must be None for a dictionary of events; the graph is one patch")
    sign = [1.0] if not model.on_off_ else [1.0, -1.0]
    inputs = np.concatenate([s * model.weights_.astype(np.float64) for s in sign], axis=1)  # OFF inputs of their own
    units = np.concatenate([s * inputs for s in sign])  # and OFF neurons
    gram, n = units @ units.T / len(sign), len(units)
    drive, bias = units / model.quantum_, np.zeros(n)
    edges = [("input", "weights"), ("weights", "neurons"), ("neurons", "explained"), ("explained", "neurons")]
    nodes = {"explained": nir.Linear((-gram).astype(np.float32)), "output": nir.Output({"output": np.array([n])})}
    if by_events:
        dt = EVENT_STEP_MS
        nodes["neurons"] = comparator(n, dt, chosen.encoder.tau, float(model.threshold_))
        first = (
            "one patch of the sensor, a chip holds one for each place; all neurons above their threshold fire at once"
        )
    else:
        dt, n_steps = STEP_MS / substeps, chosen.encoder.n_steps
        onset = max(0.5, float(model.threshold_) * n_steps)
        # the clock lowers all membranes, which rise again: the strongest is at its threshold first
        drive = np.concatenate([drive, np.broadcast_to([-RAMP, -SHUT, SHUT], (n, CLOCKS))], axis=1)
        bias += RAMP / substeps
        nodes["neurons"] = comparator(n, dt, np.inf, onset)
        # who has fired once fires from one half on
        nodes["first"] = comparator(n, dt, 0.0, 0.5)
        nodes["fired"] = comparator(n, dt, np.inf, 0.5)
        nodes["no_longer"] = nir.Linear(-np.eye(n, dtype=np.float32))
        nodes["easier"] = nir.Linear(((onset - 0.5) * np.eye(n)).astype(np.float32))
        edges += [("neurons", "first"), ("first", "fired"), ("fired", "no_longer"), ("no_longer", "first")]
        edges += [("first", "easier"), ("easier", "neurons")]
        first = (
            f"each of the {n_steps} steps of the model is a race of {substeps}, which a clock starts: neurons less "
            f"than {RAMP / substeps:g} quanta apart, or more than {RAMP:g} above their thresholds, fire together"
        )
    nodes["input"] = nir.Input({"input": np.array([drive.shape[1]])})
    nodes["weights"] = nir.Affine(drive.astype(np.float32), bias.astype(np.float32))
    reasons = [
        first,
        "what a spike explains is taken away a step later",
        "the diagonal of the recurrent matrix is the reset: give it to the neurons where a chip resets by subtraction",
        "plasticity, excitability and the moving threshold are left out: NIR has no word for them",
    ]
    if not by_events and is_random(chosen.encoder):
        reasons.append("input spikes are regular, in the model random")
    if chosen.competition.most:
        reasons.append(f"more than {chosen.competition.most} neurons may represent a sample")
    graph = graph_of(nodes, [*edges, ("neurons", "output")], dt, "approximate")

    def shown(X: ArrayLike) -> NDArray[np.uint8]:
        if by_events:
            raise ValueError("NirExport.input_spikes: the graph of a dictionary of events is one patch; send it events")
        return input_spikes(model, X, substeps)

    if X is None:
        return NirExport(graph, "approximate", tuple(reasons), dt, shown)
    found = in_parts(np.asarray(X, np.float64), lambda part: run_graph(graph, shown(part), dt).sum(axis=1))
    if model.on_off_:
        found = np.abs(found[:, : n // 2] - found[:, n // 2 :])
    return NirExport(graph, "approximate", tuple(reasons), dt, shown, *agreement(found, np.abs(model.transform(X))))


def input_spikes(model: Any, X: ArrayLike, substeps: int = SUBSTEPS) -> NDArray[np.uint8]:
    """What enters the graph of a dictionary: spikes (n_samples, n_steps substeps, n_inputs + 3) of its encoder, all in
    the first substep of a step, OFF inputs after ON inputs, and last the clock and what shuts and opens the neurons.
    """
    rates, chosen = model._inputs(model._validate(X)), model.chosen_parts()
    if model.on_off_:
        rates = np.concatenate([np.maximum(rates, 0.0), np.maximum(-rates, 0.0)], axis=1)
    n_steps = chosen.encoder.n_steps
    encoder = RegularSpikes(n_steps) if is_random(chosen.encoder) else chosen.encoder
    spikes = np.zeros((len(rates), n_steps * substeps, rates.shape[1] + CLOCKS), np.uint8)
    for step in range(n_steps):
        spikes[:, step * substeps, :-CLOCKS] = fires(encoder, rates, step, np.float32(0.0))
    first = int(np.ceil(chosen.competition.wait * n_steps))
    spikes[:, ::substeps, -3] = 1
    spikes[:, 0, -2] = 1
    spikes[:, first * substeps : first * substeps + 1, -1] = 1
    return spikes
