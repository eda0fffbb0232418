"""The problem that peers of the map circuit are given (benchmarks/peers)."""

import json
from pathlib import Path

import numpy as np
import pytest

PEERS = Path(__file__).resolve().parents[1] / "benchmarks" / "peers"
PYTHON = PEERS.parents[1] / ".venv-peers" / "bin" / "python"


@pytest.mark.parametrize("learn", [False, True])
def test_map_circuit_fires_the_spikes_of_the_reference(monkeypatch, learn):
    monkeypatch.syspath_prepend(str(PEERS))
    import compare_spikes

    samples = np.random.default_rng(0).random((2, 2))
    problem = compare_spikes.make_problem(samples, 8, (4, 5), learn=learn, seed=0)
    truth = compare_spikes.reference_spikes(problem)
    found = compare_spikes.score(compare_spikes.tectum_spikes(problem, repeats=1), truth)
    assert min(found.counts) > 0
    assert found.alone == 0
    assert found.weight_error < 1e-5


@pytest.mark.parametrize(("name", "n_steps"), [("balanced", 1000), ("stacked", 600)])
def test_networks_of_the_guide_are_handed_over_whole(monkeypatch, name, n_steps):
    monkeypatch.syspath_prepend(str(PEERS))
    import network

    chosen = network.case(name, "guide", n_steps)
    problem = network.problem_of(chosen)
    about = json.loads(problem["network"])
    assert {p["name"] for p in about["populations"]} == set(network.own(name, "guide", n_steps)["spikes"])
    assert len(about["projections"]) == len(chosen.net.projections)
    n_synapses = sum(len(problem[f"w_{k}"]) for k, p in enumerate(about["projections"]) if p["kind"] == "sparse")
    marked = np.unpackbits(np.ascontiguousarray(chosen.circuit.marks).view(np.uint8)).sum()  # wirings of one weight
    assert n_synapses == chosen.circuit.row_start[-1] + marked > 0
    assert len(problem["input_step"]) > 0
    assert all(len(spikes) > 0 for spikes in network.own(name, "guide", n_steps)["spikes"].values())


@pytest.mark.skipif(not PYTHON.exists(), reason="Brian2 has an environment of its own, .venv-peers: make peers")
@pytest.mark.parametrize(("name", "n_steps"), [("balanced", 5000), ("stacked", 1200)])
def test_brian2_fires_the_spikes_of_the_network(monkeypatch, name, n_steps):
    monkeypatch.syspath_prepend(str(PEERS))
    import network_spikes

    assert network_spikes.compare(name, n_steps, str(PYTHON), "numpy", "float32")
