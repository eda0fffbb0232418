"""Networks leave as graphs of NIR, and come back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import tectum
from tectum import parts
from tectum.models.exchange.export import agreement
from tectum.models.exchange.simulation import run_graph

nir = pytest.importorskip("nir", reason="needs the extra nir")
X = np.random.default_rng(0).random((12, 16)) * (np.random.default_rng(1).random((12, 16)) < 0.4)


def chain(*nodes: Any) -> Any:
    return nir.NIRGraph.from_list(*nodes)


def test_simulation_follows_the_equations() -> None:
    """A leaky neuron fires when the closed form says; what goes in a circle arrives a step later."""
    one = np.ones(1, np.float32)
    lif = nir.LIF(tau=0.01 * one, r=one, v_leak=0 * one, v_threshold=0.5 * one)
    out = run_graph(chain(nir.Linear(np.ones((1, 1), np.float32)), lif), np.ones((1, 400, 1)), 0.05)
    assert np.flatnonzero(out[0, :, 0])[0] * 0.05 == pytest.approx(10 * np.log(2), abs=0.15)
    nodes = {
        "input": nir.Input({"input": np.array([1])}),
        "sum": nir.I(r=1000 * one),
        "spike": nir.Threshold(0.5 * one),
        "back": nir.Linear(-np.ones((1, 1), np.float32)),
        "output": nir.Output({"output": np.array([1])}),
    }
    edges = [("input", "sum"), ("sum", "spike"), ("spike", "back"), ("back", "sum"), ("spike", "output")]
    steps = np.array([1, 0, 0, 1, 0, 0])[None, :, None]
    assert run_graph(nir.NIRGraph(nodes, edges), steps, 1.0)[0, :, 0].tolist() == [1, 0, 0, 1, 0, 0]
    with pytest.raises(ValueError, match="AvgPool2d"):
        run_graph(
            nir.NIRGraph({"input": nodes["input"], "x": nir.AvgPool2d(2, 2, 0)}, [], type_check=False), steps, 1.0
        )


def test_dictionary_goes_through_a_file(tmp_path: Path) -> None:
    model = tectum.SpikingDictionary(6, n_presentations=400, random_state=0).fit(X)
    export = model.to_nir(X)
    assert export.grade == "approximate"
    assert export.equal_winners == 1.0
    assert export.equal_spikes is not None
    assert export.equal_spikes >= 0.95
    assert {type(node).__name__ for node in export.graph.nodes.values()} == {
        "Input",
        "Affine",
        "Linear",
        "CubaLIF",
        "Output",
    }
    assert model.to_nir(X, substeps=8).equal_spikes < export.equal_spikes
    assert "equal winners" in str(export)
    counts = run_graph(export.graph, export.input_spikes(X), export.dt_ms).sum(axis=1)
    assert agreement(counts, model.transform(X)) == (export.equal_winners, export.equal_spikes)
    export.save(tmp_path / "a.nir")
    read = nir.read(str(tmp_path / "a.nir"))
    assert sorted(read.nodes) == sorted(export.graph.nodes)
    np.testing.assert_array_equal(read.nodes["explained"].weight, export.graph.nodes["explained"].weight)
    with pytest.raises(ValueError, match="softmax"):
        tectum.SpikingDictionary.quantiser(4, n_presentations=20).fit(X).to_nir()
    with pytest.raises(ValueError, match=r"output must be .* for to_nir, .* use set_params"):
        model.set_params(output="drive").to_nir()


def test_race_of_the_standard_network_is_that_of_the_model() -> None:
    """Potentials leak as in the model, whatever the threshold, and return from the refractory period as there."""
    digits = load_digits().data[:12] / 16.0
    export = tectum.DiehlCook(6, random_state=0).fit(digits).to_nir(digits)
    assert export.equal_winners == 1.0
    assert export.equal_spikes is not None
    assert export.equal_spikes >= 0.99  # .85 where what the clock takes away came back in the next step


def test_standard_network_fires_nearly_the_same() -> None:
    """The strongest of a step alone, and none in its refractory period."""
    net = tectum.DiehlCook(6, random_state=0).fit(X)
    export = net.to_nir(X)
    assert export.equal_winners is not None
    assert export.equal_spikes is not None
    assert export.equal_winners >= 0.8
    assert export.equal_spikes >= 0.65  # .35 without a race
    assert agreement(np.eye(3), np.eye(3)) == (1.0, 1.0)
    with pytest.raises(ValueError, match=r"DiehlCook\.to_nir\.substeps must be a whole number from 8 on, got 2"):
        net.to_nir(substeps=2)


def test_a_map_has_the_same_winner_or_its_neighbour() -> None:
    square = np.random.default_rng(2).random((40, 2))
    som = tectum.SpikingSOM((4, 4), n_presentations=800, random_state=0).fit(square)
    export = som.to_nir(square)
    assert export.equal_winners is not None
    assert export.equal_winners >= 0.9
    assert "100.0% of the winners are the map's or next to it" in str(export)
    with pytest.raises(ValueError, match=r"SpikingSOM\.to_nir: neuron must be LIF\(\), got Izhikevich"):
        som.set_params(neuron=parts.Izhikevich()).to_nir()
