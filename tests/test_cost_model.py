"""The cost model: its benchmark runs and goes on where it ended, and no time grows with the square of a size."""

import importlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tectum
from tectum.parts.encoding import CircularGaussian

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def cost_model(monkeypatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("cost_model")


def test_quick_option_measures_and_goes_on(cost_model, tmp_path, monkeypatch):
    command = ["--quick", "--only", "standard_units", "samples", "--output", str(tmp_path)]
    monkeypatch.setattr(cost_model, "QUICK", 1)
    rows = cost_model.main(command)
    assert set(rows) == {"standard_units", "samples"}
    assert all(row["us"] > 0.0 for section in rows.values() for row in section.values())
    assert json.loads((tmp_path / "cost_model.json").read_text())["sections"] == rows
    assert "| standard units: DiehlCook |" in (tmp_path / "cost_model.md").read_text()
    monkeypatch.setattr(cost_model, "MEASURES", {})  # nothing is measured twice
    assert cost_model.main(command) == rows


def test_slopes_mark_what_is_quadratic(cost_model):
    tables = importlib.import_module("cost_tables")
    sizes = (10, 100, 1000, 10_000)
    for power, steep in ((1.0, False), (2.0, True)):
        rows = {f"a: {n}": {"curve": "a", "x": n, "us": 3.0 * n**power} for n in sizes}
        slope = tables.slopes("inputs", rows)["a"]
        assert slope.time == pytest.approx(power)
        assert slope.steep == steep


def test_prices_are_those_that_made_the_times(cost_model):
    tables = importlib.import_module("cost_tables")
    rows = {
        f"{n}, {m}": {
            "measure": "map",
            "n_inputs": n,
            "n_units": m,
            "events": n * m,
            "us": 0.5 * (n + m) + 2e-3 * n * m,
        }
        for n in (100, 1000, 10_000)
        for m in (16, 100)
    }
    known = tables.prices({"sections": {"inputs": rows}}, "map")
    assert known.values == pytest.approx({"neuron": 0.5, "event": 2e-3})
    assert known.error < 1e-9


def cpu_seconds(call: Any) -> float:
    """The least of three runs, after one that compiles."""
    call()
    spent = []
    for _ in range(3):
        start = time.process_time()
        call()
        spent.append(time.process_time() - start)
    return min(spent)


@pytest.mark.compiled
class TestNothingIsQuadratic:
    """Sixteen times the size may take 16 times as long and some more, not 256 times."""

    MOST = 64.0

    def test_recruitment_in_a_large_map(self):
        """Silent frames, in which the least used neurons are looked for in each cycle."""

        def silence(side: int) -> Any:
            maps = [tectum.parts.Map("map", (tectum.parts.Features(code=tectum.parts.Ranked(k=5)),), (side, side))]
            hierarchy = tectum.MapHierarchy(maps, random_state=0)
            return lambda: hierarchy.partial_fit(np.zeros((2, 10)))

        assert cpu_seconds(silence(100)) < self.MOST * cpu_seconds(silence(25))

    def test_one_sample_through_a_large_dictionary(self):
        """Inner products are taken of neurons that fire, not of all."""
        X = np.random.default_rng(0).random((200, 20))

        def frozen(n_components: int) -> Any:
            dictionary = tectum.SpikingDictionary(n_components, n_presentations=10, random_state=0).fit(X)
            return lambda: dictionary.transform(X[:1])

        assert cpu_seconds(frozen(6400)) < self.MOST * cpu_seconds(frozen(400))


def test_decoding_in_parts_gives_the_same_bits(monkeypatch):
    weights = np.random.default_rng(0).random((40, 30), np.float32)
    code = CircularGaussian(n_units=4, first=None)
    whole = code.decode(weights)
    monkeypatch.setattr("tectum.parts.encoding.DECODED", 1)
    np.testing.assert_array_equal(code.decode(weights), whole)
