"""The problem that peers of the map circuit are given (benchmarks/peers)."""

from pathlib import Path

import numpy as np
import pytest


@pytest.mark.parametrize("learn", [False, True])
def test_map_circuit_fires_the_spikes_of_the_reference(monkeypatch, learn):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "benchmarks" / "peers"))
    import compare_spikes

    samples = np.random.default_rng(0).random((2, 2))
    problem = compare_spikes.make_problem(samples, 8, (4, 5), learn=learn, seed=0)
    truth = compare_spikes.reference_spikes(problem)
    found = compare_spikes.score(compare_spikes.tectum_spikes(problem, repeats=1), truth)
    assert min(found.counts) > 0
    assert found.alone == 0
    assert found.weight_error < 1e-5
