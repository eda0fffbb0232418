"""`Network` leaves as a graph of NIR and comes back from a file, with the same spikes."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tectum
from tectum.core.events import SpikeTrain
from tectum.models.exchange.network import network_input
from tectum.models.exchange.simulation import run_graph
from tectum.parts import (
    All,
    ConductanceLIF,
    CurrentLIF,
    LateralInhibition,
    Learned,
    OneToOne,
    Population,
    Projection,
    Sparse,
    Trains,
)

nir = pytest.importorskip("nir", reason="needs the extra nir")
pytestmark = pytest.mark.compiled
STEPS = 40


def spikes_of(n: int, n_samples: int = 4) -> dict[str, SpikeTrain]:
    dense = np.random.default_rng(3).random((n_samples, STEPS, n)) < 0.15
    sample, step, neuron = np.nonzero(dense)
    return {"input": SpikeTrain(1.0 * (sample * STEPS + step), neuron, sample, n)}


def circuit(*cells: CurrentLIF, **second: Any) -> tectum.Network:
    """Two populations with feedback, and delays of several lengths."""
    A, B = Population("A", 9, cells[0]), Population("B", 4, cells[-1], **second)
    wires = [
        Projection("input", "A", Learned(high=1.2), delay=2.0),
        Projection("A", "B", Sparse(0.6, density=0.5), delay=3.0),
        Projection("B", "A", All(0.3), delay=1.0, inhibitory=True),
        Projection("A", "A", Sparse(0.2, density=0.4), delay=2.0),
        Projection("B", "B", OneToOne(0.1), delay=1.0),
    ]
    net = tectum.Network([A, B], wires, [Trains("input", 6)], presentation=1.0 * STEPS, readout="A", random_state=0)
    return net.partial_fit(None, spikes=spikes_of(6, 1))


@pytest.mark.parametrize(
    "cells",
    [
        (CurrentLIF(5.0, v_th=0.5, v_reset=-0.2), CurrentLIF(8.0, v_rest=0.1, v_th=0.6, tau_syn=3.0)),
        (CurrentLIF(None, v_th=2.3), CurrentLIF(5.0, v_th=0.4, drive=0.1)),
    ],
)
def test_a_network_comes_back_from_a_file_with_the_same_spikes(cells: tuple, tmp_path: Path) -> None:
    net, given = circuit(*cells), spikes_of(6)
    export = net.to_nir(spikes=given)
    assert (export.grade, export.equal_winners, export.equal_spikes) == ("exact", 1.0, 1.0)
    export.save(tmp_path / "net.nir")
    back = tectum.Network.from_nir(tmp_path / "net.nir", presentation=1.0 * STEPS)
    before, after = (model.record(None, spikes=given).spikes for model in (net, back))
    assert len(before["A"]) > 20
    assert len(before["B"]) > 5
    for name in "AB":
        np.testing.assert_array_equal(after[name].time_ms, before[name].time_ms)
        np.testing.assert_array_equal(after[name].neuron, before[name].neuron)


def test_a_graph_of_others_becomes_a_network(tmp_path: Path) -> None:
    """Thresholds, biases and scales of each neuron; layers without delays fire a step later from node to node."""
    rng, one = np.random.default_rng(0), np.ones(5)
    nodes = {
        "input": nir.Input({"input": np.array([3])}),
        "a": nir.Affine(rng.random((5, 3)), 0.1 * np.arange(5)),
        "first": nir.LIF(tau=0.01 * one, r=2 * one, v_leak=0 * one, v_threshold=0.2 + 0.1 * np.arange(5)),
        "b": nir.Linear(rng.random((5, 5))),
        "scale": nir.Scale(0.5 + 0.1 * np.arange(5)),
        "second": nir.IF(r=1000 * one, v_threshold=1.7 * one),
        "output": nir.Output({"output": np.array([5])}),
    }
    chain = [*nodes]
    graph = nir.NIRGraph(nodes, list(pairwise(chain)))
    net = tectum.Network.from_nir(graph, dt_ms=1.0, presentation=1.0 * STEPS)
    given = spikes_of(3)
    shown = network_input(net, None, given)
    expected = run_graph(graph, shown, 1.0)
    found = np.zeros_like(expected)
    train = net.record(None, spikes=given).spikes["second"]
    found[train.presentation, np.rint(train.time_ms).astype(int) - STEPS * train.presentation, train.neuron] = 1.0
    assert expected.sum() > 50
    np.testing.assert_array_equal(found[:, 1:], expected[:, :-1])


def test_what_cannot_be_said_is_refused_with_the_reason() -> None:
    odd = nir.NIRGraph(
        {
            "input": nir.Input({"input": np.array([1, 4, 4])}),
            "pool": nir.AvgPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
            "flat": nir.Flatten({"input": np.array([1, 2, 2])}, 0, -1),
            "output": nir.Output({"output": np.array([4])}),
        },
        [("input", "pool"), ("pool", "flat"), ("flat", "output")],
        type_check=False,
    )
    with pytest.raises(ValueError, match=r"'pool' \(AvgPool2d\), 'flat' \(Flatten\)"):
        tectum.Network.from_nir(odd)
    cell = CurrentLIF(5.0, v_th=0.5)
    net = circuit(cell)
    with pytest.raises(ValueError, match="'A' must be of LIF"):
        net.set_params(populations=[Population("A", 9, ConductanceLIF()), Population("B", 4, cell)]).to_nir()
    loser = circuit(cell).set_params(
        populations=[Population("A", 9, cell), Population("B", 4, cell, inhibition=LateralInhibition(0.3))]
    )
    assert "in the model the one that exceeds it most" in str(loser.to_nir())
