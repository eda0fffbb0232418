"""Loops as plain Python against the naive references, in runs short enough for it; the compiled ones run for longer."""

import numba
import numpy as np
import pytest
import reference_waves
import test_dictionary_loop
import test_graph_loop
import test_map_loop
import test_sheet_loop
from test_sheet_loop import INITIAL_A, LOWER, RULE_A, RULE_B, UPPER_A, UPPER_B

from tectum.engine.sheets import network
from tectum.parts import FieldNeighbourhood, KWinners, MeanNorm, RangeNorm, RingKernel, Sheet, WaveWeights

pytestmark = pytest.mark.skipif(not numba.config.DISABLE_JIT, reason="the compiled loops are compared in longer runs")

SMALL = [Sheet(150, 6.0), Sheet(40, 3.0)]
SHEETS: dict[str, test_sheet_loop.Case] = {
    "grid": ([Sheet((12, 13), 6.0)], [(LOWER[0], RingKernel(2.2, 3.1))], {}, INITIAL_A),
    "rule A": (SMALL, [LOWER, UPPER_A], RULE_A | {"competition": KWinners(4)}, INITIAL_A._replace(c=10.0)),
    "rule A, range": (SMALL, [LOWER, UPPER_A], RULE_A | {"normaliser": RangeNorm()}, INITIAL_A._replace(c=10.0)),
    "rule B": (SMALL, [LOWER, UPPER_B], RULE_B, WaveWeights()),
    "rule B, neighbourhoods": (
        [SMALL[0], Sheet((6, 7), 3.5)],
        [LOWER, UPPER_B],
        RULE_B | {"normaliser": MeanNorm(trim=0.7), "neighbourhood": FieldNeighbourhood(0.5, 100.0)},
        WaveWeights(),
    ),
}


@pytest.mark.parametrize("name", SHEETS)
def test_sheets(name: str) -> None:
    case, n_steps = SHEETS[name], 50 if "range" in name else 80
    stack, state, geometries = test_sheet_loop.build(case)
    layers = test_sheet_loop.reference_layers(case, stack, state, geometries)
    expected = reference_waves.run(layers, test_sheet_loop.noise_of(stack.sheets[0], n_steps))
    ours = test_sheet_loop.rasters(stack, state, 0, n_steps)
    for found, wanted in zip(ours, expected, strict=True):
        assert wanted.sum() > 30
        np.testing.assert_array_equal(found, wanted)
    for weights, layer in zip(state.weights, layers[1:], strict=True):
        np.testing.assert_allclose(network.dense_weights(weights), layer.W, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(weights.c, layer.c, rtol=3e-3)
        np.testing.assert_allclose(weights.square, (layer.W**2).sum(axis=1), rtol=1e-3)
        assert np.abs(layer.W - 2.5).max() > 0.5


@pytest.mark.parametrize("learn", [False, True])
@pytest.mark.parametrize("skip", [False, True])
def test_map(learn: bool, skip: bool) -> None:
    currents, weights = test_map_loop.samples(2, 1, 0)
    ours = test_map_loop.run_kernel(currents, weights, input_ms=25.0, learn=learn, skip=skip)
    spikes, w = test_map_loop.run_reference(2, currents, weights, learn=learn, input_ms=25.0)
    for population, expected in zip(ours.spikes, spikes, strict=True):
        np.testing.assert_array_equal(population, expected)
    assert min(len(population) for population in spikes) > 5
    np.testing.assert_allclose(ours.state.weights, w, atol=1e-5)


@pytest.mark.parametrize("name", test_graph_loop.CASES)
def test_graphs(name: str) -> None:
    test_graph_loop.check_against_reference(test_graph_loop.CASES[name](), 2, fewest=5, cycles=2)


class TestSoftmax(test_dictionary_loop.TestSoftmaxAgainstReference):
    """The same runs."""


class TestExplaining(test_dictionary_loop.TestExplainingAgainstReference):
    """The same runs."""


class TestPairs(test_dictionary_loop.TestOtherRules):
    """The same runs."""
