"""`DiehlCook` as a graph of NIR: LIF neurons with their adapted thresholds, and lateral inhibition."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.core.random import keys_of_rows
from tectum.engine.standard import network
from tectum.models.exchange.export import (
    NirExport,
    agreement,
    check_substeps,
    comparator,
    graph_of,
    jump,
    lif,
    nir_package,
)
from tectum.models.exchange.simulation import in_parts, run_graph
from tectum.parts.adaptive_threshold import AdaptiveLIF, LateralInhibition

SUBSTEPS = 128  # of the race in each step of the model
RAMP = 4.0  # mV by which the clock lowers all potentials in each step
FORCE = 1e3  # mV that keep a neuron from firing, and twice make it fire
CLOCKS = 3  # inputs after the features: what lowers potentials, what raises them, and what ends refractory periods
RUN = 4  # substep in which the inputs of a step and the clock fire: refractory periods have ended, in any simulator


def export_standard(model: Any, X: ArrayLike | None, substeps: int = SUBSTEPS) -> NirExport:
    """The frozen network; see `DiehlCook.to_nir`."""
    nir, chosen = nir_package(), model.chosen_parts()
    neuron, inhibition = chosen.neuron, chosen.inhibition
    if type(neuron) is not AdaptiveLIF or type(inhibition) is not LateralInhibition:
        raise ValueError(
            "DiehlCook.to_nir: neuron must be AdaptiveLIF() and inhibition LateralInhibition(), got "
            f"{neuron!r} and {inhibition!r}; NIR has no word for the equations of others"
        )
    check_substeps("DiehlCook.to_nir", substeps)
    n, m = model.weights_.shape
    dt = float(model.dt) / substeps
    by_one, keep = jump(neuron.tau_m, dt), np.exp(-dt / neuron.tau_m)
    # The race comes late in the step, by when input has leaked that in the model has not: it is larger by as much. What
    # the clock takes away is back with the last substep, leak included, of potentials that end at the threshold; they
    # are as far below it, in each substep, as if nothing leaked, whatever their thresholds.
    n_raised = substeps - RUN - 1
    left = keep**n_raised
    lowered = RAMP + (model.thresholds_ - neuron.v_rest) * (1.0 - left) / left
    raised = lowered * left * (1.0 - keep) / (1.0 - left)
    drive = np.column_stack([model.gain_ * model.weights_ / left, -lowered, raised, np.zeros(n)])
    n_refractory = round(neuron.refractory / float(model.dt))
    returning = (neuron.v_rest - neuron.v_reset) * (1.0 - np.exp(-n_refractory * float(model.dt) / neuron.tau_m))
    each, others = np.eye(n), 1.0 - np.eye(n)
    restart = np.zeros((n, m + CLOCKS))
    restart[:, -1] = 1.0
    waited = n_refractory + 1  # restarts until a neuron that has fired is back

    def matrix(weights: NDArray[Any]) -> Any:
        return nir.Linear(weights.astype(np.float32))

    nodes = {
        "input": nir.Input({"input": np.array([m + CLOCKS])}),
        "weights": matrix(by_one * drive),
        "neurons": lif(
            n,
            tau_ms=neuron.tau_m,
            dt_ms=dt,
            v_th=np.nextafter(np.float32(model.thresholds_ - neuron.v_reset), np.float32(-np.inf)),
            v_reset=returning,  # of the second, unheard spike
            v_rest=neuron.v_rest - neuron.v_reset,
        ),
        "fired": comparator(n, dt, 0.0, 0.5),  # but not by force
        # what a spike takes away has decayed for a step when it arrives
        "lateral": matrix(-by_one * keep * inhibition.strength * others),
        "refractory": matrix(-by_one * keep * FORCE * each),
        "tired": comparator(n, dt, np.inf, 0.5),
        "restarts": matrix(restart),
        "restarts_tired": matrix(each),
        "counts": comparator(n, dt, 0.0, 1.5),
        "back": comparator(n, dt, np.inf, waited - 0.5),
        "no_longer_tired": matrix(-each),
        "from_none": matrix(-float(waited) * each),
        "reset": matrix(2.0 * by_one * FORCE * each),  # a spike that nobody hears
        "unheard": matrix(-each),
        "output": nir.Output({"output": np.array([n])}),
    }
    edges = [("input", "weights"), ("input", "restarts"), ("weights", "neurons"), ("restarts", "counts")]
    edges += [("neurons", "fired"), ("fired", "output"), ("counts", "back")]
    edges += [("fired", "lateral"), ("lateral", "neurons"), ("fired", "refractory"), ("refractory", "neurons")]
    edges += [("fired", "tired"), ("tired", "restarts_tired"), ("restarts_tired", "counts")]
    edges += [("back", "no_longer_tired"), ("no_longer_tired", "tired"), ("back", "from_none"), ("from_none", "back")]
    edges += [("back", "reset"), ("reset", "neurons"), ("back", "unheard"), ("unheard", "fired")]
    reasons = (
        "potentials count from the reset; thresholds are those that adaptation has reached, and stay",
        f"each step of the model is a race of {substeps}, which a clock starts: neurons less than "
        f"{RAMP / n_raised:.2g} mV apart, or more than {RAMP:g} above their thresholds, fire together",
        f"{neuron.refractory:g} ms after its spike a neuron is made to fire, which resets it, and nobody hears it",
        "input spikes are given: NIR has no Poisson neurons, and shows no sample again with more input",
        "plasticity, norm and adaptation are left out: NIR has no word for them",
    )
    graph = graph_of(nodes, edges, dt, "approximate")

    def shown(X: ArrayLike) -> NDArray[np.uint8]:
        return input_spikes(model, X, substeps)[0]

    if X is None:
        return NirExport(graph, "approximate", reasons, dt, shown)
    spikes, expected = input_spikes(model, X, 1)
    found = in_parts(spikes, lambda part: run_graph(graph, _in_substeps(part, substeps), dt).sum(axis=1))
    return NirExport(graph, "approximate", reasons, dt, shown, *agreement(found, expected))


def input_spikes(model: Any, X: ArrayLike, substeps: int = SUBSTEPS) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """What enters the graph of a DiehlCook, spikes (n_samples, n_steps substeps, n_features + 3) of samples as they
    were last shown, the clocks last, and the counts that they bring; without the clocks for one substep.
    """
    samples = model._samples(X)
    trains = network.record(model._build(), model._state, model._inputs(samples), keys_of_rows(samples), model.dt)
    shape = len(samples), int(model._build().encoder.n_steps), samples.shape[1]
    dense = np.zeros(shape, np.uint8)
    train = trains["inputs"]
    step = np.rint(train.time_ms / model.dt).astype(int) - train.presentation * shape[1]
    dense[train.presentation, step, train.neuron] = 1
    counts = np.zeros((shape[0], len(model.weights_)), np.float32)
    np.add.at(counts, (trains["units"].presentation, trains["units"].neuron), 1.0)
    return dense if substeps == 1 else _in_substeps(dense, substeps), counts


def _in_substeps(dense: NDArray[np.uint8], substeps: int) -> NDArray[np.uint8]:
    """Spikes with those of the clocks: first what ends refractory periods, then, once that is over, a race."""
    n_samples, n_steps, n_features = dense.shape
    spikes = np.zeros((n_samples, n_steps * substeps, n_features + CLOCKS), np.uint8)
    spikes[:, RUN::substeps, :n_features] = dense
    spikes[:, RUN::substeps, -3] = 1
    for substep in range(RUN + 1, substeps):
        spikes[:, substep::substeps, -2] = 1
    spikes[:, ::substeps, -1] = 1
    return spikes
