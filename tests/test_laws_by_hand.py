"""Laws whose models learn for long in plain Python, each at points that show a sign, a bound or a factor."""

import math

import numpy as np
import pytest

from tectum import parts
from tectum.parts.current_neuron import CurrentLIF
from tectum.parts.device_weights import CoarseResidualSTDP, stored
from tectum.parts.lateral import lateral_weight, near_weights
from tectum.parts.local_inhibition import excitability, stands
from tectum.parts.neurons import crosses_eased
from tectum.parts.norms import length_factor
from tectum.parts.sailnet import imprinted, relaxed
from tectum.parts.sheets import OUTLINES
from tectum.parts.steps import discretise
from tectum.parts.teaching import taught
from tectum.parts.topology import Grid, HexagonalGrid, HexagonalTorus, ToroidalGrid
from tectum.parts.traces import fading

ONE = np.float32(1.0)


def test_a_coarse_weight_is_the_state_below_or_above() -> None:
    synapse = parts.CoarseWeights(bits=2)  # states -1, 0, 1, 2
    assert [stored(synapse, 1.2, u, 0.0, -1.0, 2.0) for u in (0.0, 0.7, 0.9)] == pytest.approx([1.0, 1.0, 2.0])
    assert stored(synapse, 2.0, 0.9, 0.0, -1.0, 2.0) == 2.0
    assert stored(synapse, 0.5, 0.9, 0.0, 0.5, 0.5) == 0.5
    worn = parts.CoarseWeights(bits=2, noise=0.1, drift=0.25)
    assert stored(worn, 1.0, 0.0, 1.0, -1.0, 2.0) == pytest.approx(0.75 + 0.1 * 2.0)
    assert stored(worn, 1.0, 0.0, -1.0, -4.0, 2.0) == pytest.approx(0.75 * 0.0 - 0.1 * 4.0)


@pytest.mark.parametrize(("lowest", "distance"), [(None, 0.5), (-0.75, 0.75), (-9.0, 1.0)])
def test_states_of_learned_coarse_weights(lowest: float | None, distance: float) -> None:
    step = discretise(CoarseResidualSTDP(w_min=lowest, w_max=1.5, bits=2), 1.0)
    assert step.step == np.float32(distance)
    assert step.w_min == max(lowest or 0.0, -1.5)


def test_a_teacher_moves_weights_towards_its_spikes() -> None:
    step = discretise(parts.SupervisedSTDP(eta=0.1), 1.0)
    assert [taught(step, 0.5, error, 2.0) for error in (1.0, 0.0, -1.0)] == pytest.approx([0.7, 0.5, 0.3])


def test_a_current_neuron_leaks_or_adds_up() -> None:
    leaky, sum_of_all = (discretise(CurrentLIF(tau_m=tau, v_rest=0.5, drive=0.2), 2.0) for tau in (10.0, None))
    gain = 1.0 - math.exp(-0.2)
    assert (leaky.keep, leaky.gain, leaky.pull) == pytest.approx((1.0 - gain, gain, gain * 0.7))
    assert (sum_of_all.keep, sum_of_all.gain, sum_of_all.pull) == pytest.approx((1.0, 1.0, 0.2))


def test_local_inhibition_in_time_steps() -> None:
    short, long, given = (
        discretise(parts.LocalInhibition(quantum=1.0, signed=False, delay=delay, dt=dt, step=4.0, patience=5.0), 1.0)
        for delay, dt in ((0.2, None), (2.0, None), (2.0, 0.5))
    )
    assert [(step.n_delay, step.n_sub) for step in (short, long, given)] == [(5, 100), (20, 40), (4, 8)]
    assert [excitability(short, np.float32(n)) for n in (0.0, 5.0, 15.0)] == pytest.approx([1.0, 1.0, 1.2])
    assert [bool(stands(short, v, 1.0)) for v in (0.9, 1.0, 1.1)] == [False, False, True]


def test_a_decorrelating_neuron_relaxes_and_its_weights_rest_at_the_mean() -> None:
    step = discretise(parts.DecorrelatingInhibition(tau_steps=4.0), 1.0)
    assert relaxed(step, 1.0, 5.0, 1.0) == pytest.approx(1.75)
    assert discretise(parts.DecorrelatingInhibition(tau_steps=0.5), 1.0).pace == 1.0
    rule = discretise(parts.DecorrelatingSTDP(rate=0.1), 1.0)
    assert imprinted(rule, 0.5, 0.1, 2.0, ONE * 2.0) == pytest.approx(0.5 + 0.2 / 1.4)
    assert imprinted(rule, 0.5, 0.1, 1.0, ONE * 2.0) == pytest.approx(0.5)


def test_traces_end_at_a_millionth_or_with_their_window() -> None:
    trace = fading(10.0, 1.0)
    assert len(trace) == 139
    assert trace[[0, 10]] == pytest.approx([1.0, math.exp(-1.0)])
    assert len(fading(10.0, 1.0, window=20.0)) == 21
    step = discretise(parts.LatencySTDP(tau_pre=2.0, tau_post=5.0, floor=0.1), 0.5)
    assert (step.window, step.memory) == (10, 24)


def test_thresholds_are_met_and_weights_of_nothing_stay() -> None:
    neuron = parts.LIF(v_th=1.0, v_reset=0.0)
    fires = [bool(crosses_eased(neuron, np.float32(v), np.float32(0.0), np.float32(0.25))) for v in (0.7, 0.75, 0.8)]
    assert fires == [False, True, True]
    assert [length_factor(parts.LengthNorm(), np.float32(square)) for square in (0.0, 4.0)] == [0.0, 0.5]
    held = [discretise(parts.Izhikevich(noise_ms=ms), 1.0).hold for ms in (0.2, 5.0)]
    assert held == [1, 5]


def test_a_retina_is_dense_in_the_middle_and_blind_at_one_place() -> None:
    x, y = np.array([[0.0, 0.0, 0.5, 0.9], [0.0, 0.5, 0.0, 0.9]])
    np.testing.assert_allclose(OUTLINES["retina"](x, y), [1.0, 0.75, 0.0, 0.0])


@pytest.mark.parametrize("even", [False, True])
def test_a_sheet_fills_its_outline(even: bool) -> None:
    places = parts.Sheet.inside("disc", 400, 4.0, 0, even=even).positions
    assert places.shape == (400, 2)
    assert (np.hypot(*(places - 2.0).T) < 2.0).all()
    assert np.allclose(places.mean(axis=0), 2.0, atol=0.2)
    assert (np.hypot(*(places - 2.0).T) > 1.0).mean() == pytest.approx(0.75, abs=0.06)


@pytest.mark.parametrize("grid", [Grid(3, 4), ToroidalGrid(4, 5), HexagonalGrid(4, 3), HexagonalTorus(4, 4)])
@pytest.mark.parametrize("radius", [0.6, 2.0])
def test_near_weights_are_those_of_all_pairs(grid: Grid, radius: float) -> None:
    profile = parts.NearExcitation(radius=radius)
    period = np.array([grid.rows * math.sqrt(0.75) if grid.hexagonal else grid.rows, grid.columns])
    around = [-1, 0, 1] if grid.wraps else [0]
    shifts = np.array([(i, j) for i in around for j in around]) * period
    X = grid.positions()
    if grid.hexagonal:
        X = np.stack([X[:, 0] * math.sqrt(0.75), X[:, 1] + 0.5 * (X[:, 0] % 2)], axis=1)
    d = np.linalg.norm(X[:, None, None] - X[None, :, None] + shifts, axis=-1).min(axis=-1)
    expected = [[lateral_weight(profile, x, radius) if x > 0.0 else 0.0 for x in row] for row in d]
    np.testing.assert_allclose(near_weights(profile, grid).toarray(), expected, atol=1e-7)
