"""Networks leave as graphs of NIR, and come back."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
    assert export.equal_winners is not None
    assert export.equal_winners >= 0.75
    assert "equal winners" in str(export)
    export.save(tmp_path / "a.nir")
    read = nir.read(str(tmp_path / "a.nir"))
    assert sorted(read.nodes) == sorted(export.graph.nodes)
    np.testing.assert_array_equal(read.nodes["explained"].weight, export.graph.nodes["explained"].weight)
    with pytest.raises(ValueError, match="softmax"):
        tectum.SpikingDictionary.quantiser(4, n_presentations=20).fit(X).to_nir()


def test_standard_network_fires_nearly_the_same() -> None:
    """Where few neurons cross in the same step, and none is refractory, nearly all winners are the same."""
    net = tectum.DiehlCook(6, neuron=parts.AdaptiveLIF(refractory=0.0), random_state=0).fit(X).set_params(dt=0.2)
    export = net.to_nir(X)
    assert export.equal_winners is not None
    assert export.equal_winners >= 0.8
    assert agreement(np.eye(3), np.eye(3)) == (1.0, 1.0)
