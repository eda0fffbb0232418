"""The standard network: its equations, and its time loop against the naive reference, compiled or not."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
import reference_diehl_cook as reference
from hypothesis import given, settings, strategies as st

import tectum
from tectum.engine.standard import network
from tectum.engine.standard.loop import DiehlCookCircuit, DiehlCookScratch, DiehlCookState, draw_input_spikes
from tectum.models.common.parameters import DIEHL_COOK
from tectum.parts import AdaptiveLIF, LateralInhibition, MoreInput, PoissonSpikes, PostPreSTDP, TargetSTDP
from tectum.parts.adaptive_threshold import inhibited
from tectum.parts.neurons import jump, membrane, recovery, threshold
from tectum.parts.plasticity import depress, inputs_depress, potentiate, silence_counts
from tectum.parts.poisson import enough, mean_interval, rate_factor
from tectum.parts.steps import discretise
from tectum.parts.traces import input_trace, neuron_trace

SEED = 7
SOURCE = Path(tectum.__file__).parents[1]
many = settings(deadline=None, max_examples=100)
slow_without_compiler = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="minutes of plain Python")


def circuit_of(gain: float = 1.0, dt: float = 1.0, **changes: Any) -> DiehlCookCircuit:
    parts = DIEHL_COOK | changes
    return network.build_circuit(gain, dt, SEED, *(parts[name] for name in network.DiehlCookParts._fields))


class TestNeuron:
    @pytest.mark.parametrize("dt", [0.1, 0.5, 1.0])
    def test_decay_to_rest_is_exact(self, dt):
        """v(t) = v_rest + (v0 - v_rest) exp(-t / tau_m), whatever the step."""
        p, v = discretise(AdaptiveLIF(), dt), np.float32(-20.0)
        for _ in range(round(50.0 / dt)):
            v = membrane(p, v, np.float32(0.0))
        assert v == pytest.approx(-65.0 + 45.0 * np.exp(-0.5), abs=2e-3)

    def test_a_regular_drive_converges_as_steps_are_halved(self):
        """Jumps of 0.1 mV per ms end at v_rest + 10 mV (1 - e^-1) after 100 ms; the error is of first order in dt."""
        errors = []
        for dt in (2.0, 1.0, 0.5):
            p, v = discretise(AdaptiveLIF(), dt), np.float32(-65.0)
            for _ in range(round(100.0 / dt)):
                v = membrane(p, v, np.float32(0.1 * dt))
            errors.append(abs(float(v) + 65.0 - 10.0 * (1.0 - np.exp(-1.0))))
        assert errors[1] == pytest.approx(errors[0] / 2, rel=0.05)
        assert errors[2] == pytest.approx(errors[0] / 4, rel=0.05)

    def test_rest_is_a_fixed_point(self):
        p = discretise(AdaptiveLIF(), 1.0)
        assert membrane(p, p.v_rest, np.float32(0.0)) == pytest.approx(-65.0, abs=1e-5)

    def test_threshold(self):
        p = discretise(AdaptiveLIF(), 1.0)
        theta = jump(p, 0.5) + jump(p, 0.5)
        assert theta == pytest.approx(0.1)
        assert threshold(p, theta) == pytest.approx(-51.9)

    @pytest.mark.parametrize("dt", [0.5, 1.0])
    def test_recovery(self, dt):
        """exp(-t / tau_theta): a third is left after one time constant, in one stretch or in two."""
        p = discretise(AdaptiveLIF(tau_theta=1000.0), dt)
        assert recovery(p, round(1000.0 / dt)) == pytest.approx(np.exp(-1.0), rel=1e-6)
        halves = recovery(p, round(400.0 / dt)) * recovery(p, round(600.0 / dt))
        assert halves == pytest.approx(np.exp(-1.0), rel=1e-6)

    def test_inhibition(self):
        assert inhibited(LateralInhibition(17.5), np.float32(-60.0)) == pytest.approx(-77.5)


class TestRules:
    def test_common_rule(self):
        p = discretise(PostPreSTDP(), 1.0)
        assert potentiate(p, np.float32(0.3), p.memory_plus[0]) == pytest.approx(0.31)
        assert potentiate(p, np.float32(0.3), p.memory_plus[20]) == pytest.approx(0.3 + 0.01 * np.exp(-1.0))
        assert depress(p, np.float32(0.3), p.memory_minus[20]) == pytest.approx(0.3 - 1e-4 * np.exp(-1.0))

    @pytest.mark.parametrize(
        "part", [PostPreSTDP(tau_pre=10.0), TargetSTDP(tau_pre=10.0)], ids=lambda p: type(p).__name__
    )
    def test_traces_do_not_depend_on_the_step(self, part):
        """The trace after a given time is the same if steps are halved; beyond the table it is 0."""
        coarse, fine = discretise(part, 1.0), discretise(part, 0.5)
        n = len(coarse.memory_plus)
        np.testing.assert_allclose(coarse.memory_plus, fine.memory_plus[::2][:n], rtol=1e-6)
        assert input_trace(coarse, 0) == 1.0
        assert input_trace(coarse, n) == input_trace(coarse, -1) == input_trace(fine, 2 * n) == 0.0

    def test_target_rule(self):
        """Nothing at the target, w_max is where it ends for traces above it, 0 for those below."""
        p = discretise(TargetSTDP(x_target=0.4, eta_plus=0.5), 1.0)
        assert potentiate(p, np.float32(0.3), np.float32(0.4)) == pytest.approx(0.3)
        assert potentiate(p, np.float32(0.3), np.float32(1.0)) == pytest.approx(0.3 + 0.5 * 0.6 * 0.7)
        high = low = np.float32(0.5)
        for _ in range(60):
            high, low = potentiate(p, high, np.float32(1.0)), potentiate(p, low, np.float32(0.0))
        assert high == pytest.approx(1.0, abs=1e-4)
        assert low == 0.0

    @many
    @given(
        lags=st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=60),
        start=st.floats(0.0, 1.0, width=32),
        part=st.sampled_from([PostPreSTDP(0.3, 0.2), TargetSTDP(0.9)]),
    )
    def test_weights_stay_in_their_bounds(self, lags, start, part):
        p, w = discretise(part, 1.0), np.float32(start)
        for grows, lag in lags:
            x = (input_trace if grows else neuron_trace)(p, lag)
            w = (potentiate if grows else depress)(p, w, x)
            assert 0.0 <= w <= 1.0

    @pytest.mark.parametrize("part", [PostPreSTDP(), TargetSTDP()], ids=lambda p: type(p).__name__)
    def test_what_the_loop_may_skip(self, part):
        p, w = discretise(part, 1.0), np.float32(0.3)
        assert bool(silence_counts(p)) == (potentiate(p, w, np.float32(0.0)) != w)
        assert bool(inputs_depress(p)) == (depress(p, w, np.float32(1.0)) != w)


class TestInputSpikes:
    @many
    @given(x=st.floats(0.01, 1.0), boost=st.floats(1.0, 4.0), k=st.integers(0, 40))
    def test_intervals_are_geometric(self, x, boost, k):
        """P(interval > k steps) = (1 - p)^k: an exponential number E passes k steps if E > -k log(1 - p)."""
        p = 0.06375 * x * boost
        mean = mean_interval(discretise(PoissonSpikes(), 1.0), np.float32(x), np.float32(boost))
        assert np.exp(-k / float(mean)) == pytest.approx((1.0 - p) ** k, rel=1e-4)

    def test_levels(self):
        levels = network.exponential_levels().astype(np.float64)
        assert levels.mean() == pytest.approx(1.0, abs=1e-4)
        assert levels.var() == pytest.approx(1.0, abs=2e-3)

    def test_more_input(self):
        assert [bool(enough(MoreInput(), n, 1)) for n in (0, 4, 5)] == [False, False, True]
        assert enough(MoreInput(times=3), 0, 3)
        assert [float(rate_factor(MoreInput(), n)) for n in range(3)] == [1.0, 1.5, 2.0]

    @slow_without_compiler
    @pytest.mark.parametrize("dt", [0.5, 1.0])
    def test_rates(self, dt):
        """Counts have the mean and variance of n_steps independent draws; halves of a train do not correlate."""
        circuit, n = circuit_of(dt=dt), 1000
        x = np.array([0.0, 0.02, 0.3, 1.0], np.float32)
        counts = np.zeros((n, 2, len(x)))
        scratch = room_for(circuit, len(x))
        for m in range(n):
            raster = raster_of(circuit, x, m, 0, scratch)
            counts[m] = raster.reshape(2, -1, len(x)).sum(axis=1)
        p, n_steps = 0.06375 * dt * x.astype(float), round(350.0 / dt)
        total = counts.sum(axis=1)
        sd = np.sqrt(n_steps * p * (1.0 - p))
        assert (np.abs(total.mean(axis=0) - n_steps * p) <= 4.5 * sd / np.sqrt(n) + n_steps * 2.0**-17).all()
        assert total.std(axis=0)[1:] == pytest.approx(sd[1:], rel=0.1)
        for i in range(1, len(x)):
            assert abs(np.corrcoef(counts[:, 0, i], counts[:, 1, i])[0, 1]) < 4.5 / np.sqrt(n)

    def test_a_sample_shown_again_has_other_spikes(self):
        """Also at the same rates: nothing is gained from the same spikes a second time."""
        circuit, x = circuit_of(retry=MoreInput(step=0.0)), np.full(30, 0.5, np.float32)
        first, second, third = (raster_of(circuit, x, 3, n_shown) for n_shown in range(3))
        np.testing.assert_array_equal(raster_of(circuit, x, 3, 0), first)
        for one, other in ((first, second), (second, third), (first, third)):
            assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 4.5 / np.sqrt(one.size)

    def test_spikes_of_an_input_do_not_depend_on_the_others(self):
        circuit, x = circuit_of(), np.linspace(0.1, 1.0, 12, dtype=np.float32)
        whole = raster_of(circuit, x, 3, 0)
        alone = raster_of(circuit, np.where(np.arange(12) == 5, x, 0.0).astype(np.float32), 3, 0)
        np.testing.assert_array_equal(alone[:, 5], whole[:, 5])
        assert alone.sum() == whole[:, 5].sum() > 0
        assert (raster_of(circuit, x, 3, 1) != whole).any()
        assert (raster_of(circuit, x, 4, 0) != whole).any()


def room_for(circuit: DiehlCookCircuit, n_inputs: int) -> DiehlCookScratch:
    """Room to draw input spikes in."""
    state = DiehlCookState(np.zeros((n_inputs, 1), np.float32), np.zeros(1, np.float32))
    return network._scratch(circuit, state)


def raster_of(
    circuit: DiehlCookCircuit, x: np.ndarray, key: int, n_shown: int, scratch: DiehlCookScratch | None = None
) -> np.ndarray:
    """Input spikes (n_steps, n_inputs) as the loop draws them."""
    scratch = room_for(circuit, len(x)) if scratch is None else scratch
    n_active = draw_input_spikes(circuit, x, np.uint64(key), n_shown, scratch)
    np.testing.assert_array_equal(scratch.active[:n_active], np.flatnonzero(x))
    raster = np.zeros((len(scratch.n_fired), len(x)), np.int64)
    drawn = np.arange(len(x)) < scratch.n_fired[:, None]
    np.add.at(raster, (np.repeat(np.arange(len(raster)), scratch.n_fired), scratch.raster[drawn]), 1)
    assert raster.max() <= 1
    return raster.astype(bool)


def samples(n: int, n_inputs: int, seed: int = 0) -> np.ndarray:
    """Noisy patterns with many zeros; the last one is faint."""
    rng = np.random.default_rng(seed)
    patterns = rng.random((4, n_inputs)) * (rng.random((4, n_inputs)) < 0.4)
    X = np.clip(patterns[rng.integers(4, size=n)] + 0.05 * rng.normal(size=(n, n_inputs)), 0.0, 1.0)
    X[-1] *= 0.1
    return X.astype(np.float32)


class Case(NamedTuple):
    """Parts, constants of the reference, size."""

    parts: dict[str, Any]
    constants: dict[str, Any]
    n_inputs: int = 60
    n_units: int = 21
    gain: float = 8.0
    dt: float = 1.0


CASES = {
    "common": Case({}, {}),
    "target": Case({"rule": TargetSTDP(x_target=0.2)}, {"rule": "target", "x_target": 0.2}),
    "soft inhibition": Case({"inhibition": LateralInhibition(3.0)}, {"inhibition": 3.0}),
    "no refractory period": Case({"neuron": AdaptiveLIF(refractory=0.0)}, {"refractory": 0.0}),
    "strong depression": Case({"rule": PostPreSTDP(eta_minus=0.02)}, {"eta_minus": 0.02}),
    "many spikes at once": Case(
        {"encoder": PoissonSpikes(rate=400.0, duration=80.0)}, {"fewest": 5}, n_inputs=90, n_units=7, gain=2.0
    ),
    "half steps": Case({"encoder": PoissonSpikes(duration=100.0)}, {}, dt=0.5),
    "forgetful": Case(
        {"neuron": AdaptiveLIF(theta_plus=1.0, tau_theta=2e3)},
        {"theta_plus": 1.0, "tau_theta": 2e3, "recovers_each_step": False},
    ),
}


class TestLoop:
    @pytest.mark.parametrize("name", CASES)
    @pytest.mark.parametrize("learning", [True, False], ids=["learning", "frozen"])
    def test_spikes_and_weights_are_those_of_the_reference(self, name, learning):
        case = CASES[name]
        circuit = circuit_of(case.gain, case.dt, **case.parts)
        X = samples(12, case.n_inputs)
        state = network.initial_state(case.n_inputs, case.n_units, 0.1, SEED)
        p = reference.Parameters(gain=case.gain, dt=case.dt, **case.constants)
        expected = reference.run(
            p, state.weights, state.theta, lambda m, k: raster_of(circuit, X[m], m, k), len(X), learning
        )
        scratch = network._scratch(circuit, state)
        spikes, shown = [], []
        for m in range(len(X)):
            keys = np.array([m], np.uint64)
            shown += network._run(circuit, state, scratch, X[m : m + 1], keys, learning=learning).shown.tolist()
            steps = np.flatnonzero(scratch.winner >= 0)
            spikes.append(list(zip(steps.tolist(), scratch.winner[steps].tolist(), strict=True)))
        assert sum(map(len, spikes)) > 40
        assert spikes == expected.spikes
        assert shown == expected.shown
        assert max(shown) > 1
        np.testing.assert_allclose(state.weights, expected.W, atol=2e-5)
        np.testing.assert_allclose(state.theta, expected.theta, rtol=1e-4, atol=1e-5)

    def test_weights_of_neurons_that_fire_keep_their_mean(self):
        circuit, state = circuit_of(8.0), network.initial_state(60, 21, 0.1, SEED)
        counts = network.learn(circuit, state, samples(40, 60), 0).counts
        assert 2 < counts.any(axis=0).sum() < 21
        np.testing.assert_allclose(state.weights.mean(axis=0), 0.1, rtol=1e-5)
        assert state.weights.min() >= 0.0

    def test_a_blank_sample_changes_nothing_but_adaptation(self):
        circuit, state = circuit_of(8.0), network.initial_state(60, 21, 0.1, SEED)
        before = state.weights.copy()
        state.theta[:] = 3.0
        response = network.learn(circuit, state, np.zeros((1, 60), np.float32), 0)
        np.testing.assert_array_equal(state.weights, before)
        np.testing.assert_allclose(state.theta, 3.0 * np.exp(-10 * 350.0 / 1e7), rtol=1e-6)
        assert response.shown.tolist() == [10]
        assert not response.counts.any()

    @pytest.mark.parametrize("n_units", [1, 15, 16, 17, 64, 65, 130])
    def test_any_number_of_neurons(self, n_units):
        """Padding of the table never fires, and the last neuron does if its weights are the largest."""
        circuit, state = circuit_of(8.0), network.initial_state(60, n_units, 0.1, SEED)
        state.weights[:, -1] *= 2.0
        counts = network.learn(circuit, state, samples(5, 60), 0).counts
        assert counts.any(axis=0)[-1]
        assert np.isfinite(state.weights).all()

    def test_parts_without_equations(self):
        class Strange(NamedTuple):
            x: float = 0.0

        for name in network.DiehlCookParts._fields:
            with pytest.raises(TypeError, match="got Strange"):
                circuit_of(**{name: Strange()})


def short_runs() -> str:
    """Hash of what little networks learn and answer, by both rules."""
    sums = hashlib.sha256()
    for rule in (PostPreSTDP(), TargetSTDP()):
        circuit = circuit_of(9.0, rule=rule, encoder=PoissonSpikes(duration=40.0), retry=MoreInput(times=3))
        state = network.initial_state(20, 5, 0.1, SEED)
        X = samples(4, 20)
        for array in (*network.learn(circuit, state, X, 0), *state):
            sums.update(array.tobytes())
        sums.update(network.respond(circuit, state, X, np.arange(4).astype(np.uint64), 1).counts.tobytes())
    return sums.hexdigest()


def test_reference_by_hand():
    """One neuron, one input of weight 0.5 that fires in each step: it reaches 13 mV in step 29."""
    p = replace(reference.Parameters(), refractory=0.0, mean_weight=0.5)
    raster = np.ones((40, 1), bool)
    found = reference.run(replace(p, fewest=0), np.array([[0.5]]), np.zeros(1), lambda m, k: raster, 1, learning=False)
    # v - v_rest = 0.5 (1 - q^n) / (1 - q), q = exp(-0.01), n = step + 1
    n = int(np.ceil(np.log(1.0 - 26.0 * (1.0 - np.exp(-0.01))) / -0.01))
    assert found.spikes[0][0] == (n - 1, 0)
