"""Loops as plain Python against the naive references, in runs short enough for it; the compiled ones run for longer."""

import numba
import numpy as np
import pytest
import reference_waves
import test_dictionary_loop
import test_graph_loop
import test_map_loop
import test_network
import test_sheet_loop
from test_sheet_loop import INITIAL_A, LOWER, RULE_A, RULE_B, UPPER_A, UPPER_B

from tectum.engine.maps.loop import MapScratch
from tectum.engine.maps.synapses import COLUMN, learn_columns
from tectum.engine.sheets import weights as weights_of
from tectum.parts import (
    FieldNeighbourhood,
    KWinners,
    Learned,
    MeanNorm,
    NearestNeighbourSTDP,
    OneToOne,
    Population,
    PostPreSTDP,
    Projection,
    RangeNorm,
    RingKernel,
    Sheet,
    WaveWeights,
)
from tectum.parts.steps import discretise

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
        np.testing.assert_allclose(weights_of.dense_weights(weights), layer.W, rtol=1e-3, atol=1e-5)
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


class TestNetworks(test_network.TestByHand):
    """The same networks."""

    def test_a_spike_of_an_input_depresses_by_the_traces_of_neurons(self):
        """Neuron k of three fires at 2 + k ms, the input that all learn from at 9: w <- w - eta exp(-lag / 20)."""
        rule = PostPreSTDP(eta_plus=0.0, eta_minus=0.1)
        net = test_network.tectum.Network(
            [
                Population("before", 2, test_network.CELL, rule=rule),
                Population("a", 3, test_network.CELL, rule=rule),
            ],
            [
                Projection("in", "a", OneToOne(3.0), delay=0.0),
                Projection("late", "a", Learned(low=0.5, high=0.5, gain=6.0), delay=0.0),
            ],
            [test_network.Trains("in", 3), test_network.Trains("late", 1)],
            presentation=20.0,
            dt=1.0,
        )
        times = test_network.train(2.0, 3.0, 4.0, neurons=[0, 1, 2], n=3)
        net.fit(None, spikes={"in": times, "late": test_network.train(9.0)})
        assert net.spike_counts_["a"].tolist() == [2, 2, 2]
        expected = 0.5 - 0.1 * np.exp(-np.array([7.0, 6.0, 5.0]) / 20.0)
        np.testing.assert_allclose(net.weights("late", "a")[:, 0], expected, rtol=1e-5)


def test_inhibition_over_blocks() -> None:
    test_sheet_loop.test_inhibition_over_blocks((5, 20))


def test_columns_of_more_inputs_than_are_taken_together() -> None:
    """w + A_plus exp(-w) x for inputs that fired 20 ms before the neuron or earlier, else w (1 - A_minus x)."""
    rng, part = np.random.default_rng(0), NearestNeighbourSTDP(A_plus=0.1, A_minus=0.2, shift=20.0)
    n, clock, fired = 2 * COLUMN + 5, 100, np.array([2, 0])
    weights, last = rng.random((n, 3)).astype(np.float32), clock - rng.integers(0, 130, n)
    room = np.zeros(COLUMN, np.float32)
    scratch = MapScratch(fading=None, fired=None, memory=room, column=room.copy(), rows=None, history=None)
    expected, lag = weights.astype(float), clock - last - 20.0
    for j in fired:
        w, x = expected[:, j], np.where(lag > 120, 0.0, (1 - 1 / part.tau_plus) ** np.abs(lag))
        raised = np.minimum(w + 0.1 * np.exp(-w) * x, part.w_max)
        expected[:, j] = np.where(lag >= 0, raised, w * (1 - 0.2 * (1 - 1 / part.tau_minus) ** -np.minimum(lag, 0)))
    learn_columns(discretise(part, 1.0), weights, last, clock, fired, 2, scratch)
    np.testing.assert_allclose(weights, expected, rtol=1e-5)
    assert (lag < 0).sum() > 10
