"""The equations of a dictionary: each against spikes worked out by hand, and for what it must never do.

Nothing here but the last class needs compiled code: with ``NUMBA_DISABLE_JIT=1`` the same tests see the equations as
plain Python.
"""

import math
from typing import NamedTuple

import numpy as np
import pytest
import reference_dictionary as reference
from hypothesis import given, settings, strategies as st

from tectum import SpikingDictionary
from tectum.core.maths import exp_negative_wide
from tectum.core.random import uniform_array
from tectum.engine.dictionary import network
from tectum.models.common.parameters import EXPLAINING, LITERAL, QUANTISER, REFERENCE
from tectum.parts import (
    LIF,
    AdaptiveThreshold,
    BernoulliSpikes,
    DecayingRate,
    EventSTDP,
    EvidenceNeuron,
    ExplainingAway,
    MeanWeights,
    RegularSpikes,
    ResidualSTDP,
    SampleWeights,
    SoftmaxInhibition,
    TimeIntegratedSTDP,
    TraceSTDP,
    UniformWeights,
)
from tectum.parts.event_plasticity import NEVER, memory, pair, unexplained
from tectum.parts.input_spikes import fires, is_random
from tectum.parts.plasticity import learning_rate
from tectum.parts.representation import adapted_threshold, evidence, excitability, softmax_share
from tectum.parts.steps import discretise

ONE = np.float32(1.0)
many = settings(deadline=None, max_examples=200)
PAIRED = (EventSTDP(), EventSTDP(window=3, A_minus=0.25), TraceSTDP(), TimeIntegratedSTDP())


def change(rule: NamedTuple, w: float, lag_pre: int, lag_post: int = 0, eta: float = 1e-3) -> float:
    """Change of a weight by one pair, per learning rate."""
    w32 = np.float32(w)
    return (float(pair(rule, w32, np.float32(eta), lag_pre, lag_post)) - float(w32)) / eta


class TestEventSTDP:
    @pytest.mark.parametrize(("lag_pre", "bracket"), [(0, 0.899), (1, -0.101), (NEVER, -0.101)])
    def test_bracket(self, lag_pre, bracket):
        """w = 0.1, lambda = 0.01: 1 - 1.01 w where the input fires in the same step, else -1.01 w."""
        assert change(EventSTDP(), 0.1, lag_pre) == pytest.approx(bracket, abs=2e-5)

    @pytest.mark.parametrize("window", [1, 3])
    def test_window(self, window):
        signs = [np.sign(change(EventSTDP(window=window), 0.5, lag)) for lag in (0, 1, 2, 3, 4, NEVER, NEVER + 49)]
        assert signs == [1.0 if lag < window else -1.0 for lag in (0, 1, 2, 3, 4, NEVER, NEVER)]

    def test_factors(self):
        rule = EventSTDP(A_plus=2.0, A_minus=0.25)
        assert change(rule, 0.1, 0) == pytest.approx(2.0 * 0.899, abs=2e-5)
        assert change(rule, 0.1, 1) == pytest.approx(-0.25 * 0.101, abs=2e-5)

    @pytest.mark.parametrize("decay", [0.0, 0.01, 0.25])
    def test_balance_of_both_lines(self, decay):
        """For p spikes per step the mean change is 0 at w = p / (1 + lambda)."""
        p, rule = 0.3, EventSTDP(decay=decay)
        w = p / (1.0 + decay)
        assert p * change(rule, w, 0) + (1.0 - p) * change(rule, w, 1) == pytest.approx(0.0, abs=1e-4)

    @many
    @given(w=st.floats(0.0, 1.0), lag=st.integers(0, 5), eta=st.floats(0.0, 0.9), window=st.integers(1, 4))
    def test_equals_the_reference(self, w, lag, eta, window):
        expected = reference.learned(np.array([w]), np.array([lag < window]), eta, reference.Parameters(clip=(0.0, 1)))
        rule = EventSTDP(window=window)
        assert pair(rule, np.float32(w), np.float32(eta), lag, 0) == pytest.approx(expected[0], abs=1e-6)

    def test_only_the_step_of_the_spike(self):
        assert memory(EventSTDP(window=3)) == 1


class TestTraceSTDP:
    RULE = TraceSTDP(A_plus=0.5, A_minus=0.25, target=0.3, tau=10.0, w_min=0.0, w_max=1.0)

    @pytest.mark.parametrize(
        ("lag_pre", "lag_post", "expected"),
        [
            (5, 0, 0.5 * 0.6 * (math.exp(-0.5) - 0.3)),  # input 5 steps before the neuron
            (12, 0, 0.5 * 0.6 * (math.exp(-1.2) - 0.3)),  # almost at the target
            (30, 0, 0.5 * 0.6 * (math.exp(-3.0) - 0.3)),  # too early: depression
            (NEVER, 0, 0.5 * 0.6 * -0.3),
            (0, 5, -0.25 * 0.4 * math.exp(-0.5)),  # input 5 steps after
            (0, 0, 0.5 * 0.6 * 0.7 - 0.25 * 0.4),  # both lines, from one weight
            (3, 5, 0.0),  # nobody fires
            (0, NEVER, 0.0),
        ],
    )
    def test_pairs(self, lag_pre, lag_post, expected):
        assert change(self.RULE, 0.4, lag_pre, lag_post) == pytest.approx(expected, abs=6e-5)

    def test_bounds(self):
        assert pair(TraceSTDP(), np.float32(0.01), np.float32(9.0), NEVER, 0) == np.float32(0.01)
        assert pair(TraceSTDP(), np.float32(0.98), np.float32(900.0), 1, 0) == np.float32(0.99)

    def test_memory_spans_five_time_constants(self):
        assert memory(TraceSTDP()) == 34
        assert math.exp(-memory(TraceSTDP()) / TraceSTDP().tau) < 0.01


class TestTimeIntegratedSTDP:
    RULE = TimeIntegratedSTDP(timing=1.25, absence=0.75)

    @pytest.mark.parametrize(
        ("lag_pre", "lag_post", "expected"),
        [
            (0, 0, 2.0 * 1.25 * 0.6),  # together: 1 / (1/2)
            (1, 0, 1.25 * 0.6 / 1.5),  # the input one step before
            (4, 0, 1.25 * 0.6 / 4.5),
            (0, 1, -2.0 * 1.25 * 0.6 * math.exp(-1.0)),  # one step after: 1 / (1/2 - 1)
            (0, 3, -1.25 * 0.6 * math.exp(-3.0) / 2.5),
            (3, 2, 1.25 * 0.6 * math.exp(-2.0) / 1.5),  # goes on after the spike, fading
            (NEVER, 0, -0.75 * 0.4),
            (NEVER + 7, 2, -0.75 * 0.4 * math.exp(-2.0)),
        ],
    )
    def test_pairs(self, lag_pre, lag_post, expected):
        assert change(self.RULE, 0.4, lag_pre, lag_post) == pytest.approx(expected, abs=6e-5)

    def test_one_spike_alone(self):
        """The changes of the steps after a spike add up to 1 / (1 - 1/e) times the first."""
        sums = sum(change(self.RULE, 0.4, lag, lag) for lag in range(memory(self.RULE)))
        assert sums / change(self.RULE, 0.4, 0, 0) == pytest.approx(1.0 / (1.0 - math.exp(-1.0)), rel=1e-3)
        assert change(self.RULE, 0.4, 0, memory(self.RULE)) == pytest.approx(0.0, abs=1e-4)


class TestResidualSTDP:
    @pytest.mark.parametrize(
        ("w", "residual", "expected"), [(0.4, 0.5, 0.45), (0.4, -0.5, 0.35), (0.4, -9.0, 0.0), (0.4, 0.0, 0.4)]
    )
    def test_follows_the_residual(self, w, residual, expected):
        p = discretise(ResidualSTDP(w_min=0.0), 1.0)
        assert unexplained(p, np.float32(w), np.float32(0.1), np.float32(residual)) == pytest.approx(expected)

    def test_bound_of_signed_weights(self):
        p = discretise(ResidualSTDP(w_min=-1.0), 1.0)
        assert unexplained(p, np.float32(0.1), ONE, np.float32(-0.5)) == pytest.approx(-0.4)
        assert unexplained(p, np.float32(0.1), ONE, np.float32(-5.0)) == -1.0


class TestInvariants:
    @many
    @given(
        rule=st.sampled_from(PAIRED),
        w=st.floats(0.0, 1.0, width=32),
        eta=st.floats(0.0, 100.0),
        lag_pre=st.one_of(st.integers(0, 60), st.just(NEVER)),
        lag_post=st.integers(0, 40),
    )
    def test_weights_stay_within_bounds(self, rule, w, eta, lag_pre, lag_post):
        inside = np.clip(np.float32(w), np.float32(rule.w_min), np.float32(rule.w_max))
        after = pair(rule, inside, np.float32(eta), lag_pre, lag_post)
        assert np.float32(rule.w_min) <= after <= np.float32(rule.w_max)

    @many
    @given(w=st.floats(0.0, 1.0), eta=st.floats(0.0, 1.0), spikes=st.lists(st.booleans(), max_size=30))
    def test_event_weights_need_no_bounds(self, w, eta, spikes):
        """Both lines are weight dependent: from [0, 1] and with eta <= 1 / (1 + lambda) no weight leaves it."""
        rule, value = EventSTDP(w_min=-1.0, w_max=4.0), np.float32(w)
        for spike in spikes:
            value = np.float32(pair(rule, value, np.float32(eta / 1.01), 0 if spike else 1, 0))
            assert -1e-6 <= value <= 1.0 + 1e-6

    @pytest.mark.parametrize("rule", PAIRED, ids=str)
    def test_no_rate_no_change(self, rule):
        for lag_pre in (0, 1, 40, NEVER):
            for lag_post in range(memory(rule)):
                assert pair(rule, np.float32(0.5), np.float32(0.0), lag_pre, lag_post) == np.float32(0.5)


class TestThreshold:
    @pytest.mark.parametrize(("n_spikes", "expected"), [(0, 0.148), (1, 0.15), (3, 0.154)])
    def test_spikes_of_a_step(self, n_spikes, expected):
        assert adapted_threshold(AdaptiveThreshold(), np.float32(0.15), n_spikes) == pytest.approx(expected, abs=1e-7)

    def test_target(self):
        part = AdaptiveThreshold(target=2.5, rate=0.01)
        assert adapted_threshold(part, np.float32(0.2), 2) == pytest.approx(0.195, abs=1e-7)

    def test_floor(self):
        assert adapted_threshold(AdaptiveThreshold(), np.float32(0.026), 0) == np.float32(0.025)
        assert adapted_threshold(AdaptiveThreshold(), np.float32(0.001), 1) == np.float32(0.025)
        assert adapted_threshold(AdaptiveThreshold(minimum=0.0), np.float32(0.001), 0) == 0.0

    @pytest.mark.parametrize(("silence", "expected"), [(0.0, 1.0), (7.0, 1.0), (14.0, 1.1), (77.0, 2.0)])
    def test_excitability_after_silence(self, silence, expected):
        part = discretise(ExplainingAway(quantum=1.0, patience=7.0), 1.0)
        assert excitability(part, np.float32(silence)) == pytest.approx(expected, abs=1e-6)

    def test_initial(self):
        even = network.initial_thresholds(AdaptiveThreshold(), 5, np.uint64(0))
        np.testing.assert_array_equal(even, np.full(5, 0.15, np.float32))
        spread = network.initial_thresholds(LITERAL["threshold"], 1000, np.uint64(0))
        assert 0.145 <= spread.min() < 0.15
        assert 0.25 < spread.max() <= 0.255
        assert spread.mean() == pytest.approx(0.2, abs=0.005)


class TestEvidence:
    @pytest.mark.parametrize(
        ("tau_steps", "beta", "expected"),
        [
            (0.0, 1.0, 5.0 * (0.9 - 0.3)),
            (0.0, 0.0, 5.0 * 0.9),
            (0.0, 0.5, 5.0 * (0.9 - 0.15)),
            (math.inf, 1.0, 2.0 + 5.0 * (0.9 - 0.3)),
            (4.0, 1.0, 2.0 * math.exp(-0.25) + 5.0 * (0.9 - 0.3)),
        ],
    )
    def test_one_step(self, tau_steps, beta, expected):
        """U = 2, drive 0.9, squared norm 0.6."""
        p = discretise(EvidenceNeuron(R=5.0, beta=beta, tau_steps=tau_steps), 1.0)
        assert evidence(p, np.float32(2.0), np.float32(0.9), np.float32(0.6)) == pytest.approx(expected, rel=1e-6)

    def test_leak_approaches_a_geometric_sum(self):
        p = discretise(EvidenceNeuron(R=1.0, tau_steps=3.0), 1.0)
        U = np.float32(0.0)
        for _ in range(100):
            U = np.float32(evidence(p, U, np.float32(0.5), np.float32(0.0)))
        assert pytest.approx(0.5 / -math.expm1(-1.0 / 3.0), rel=1e-5) == U

    def test_is_minus_the_distance_to_the_weights(self):
        """Up to what all neurons share, w.s - |w|^2 / 2 = -|s - w|^2 / 2."""
        rng = np.random.default_rng(0)
        W, s = rng.random((6, 20)), rng.random(20) < 0.4
        p = discretise(EvidenceNeuron(R=1.0, tau_steps=0.0), 1.0)
        U = [evidence(p, np.float32(0.0), np.float32(w @ s), np.float32(w @ w)) for w in W]
        expected = -0.5 * ((s - W) ** 2).sum(axis=1)
        np.testing.assert_allclose(np.array(U) - U[0], expected - expected[0], atol=1e-5)


class TestExponential:
    def test_relative_error(self):
        x = np.linspace(0.0, 17.0, 6801, dtype=np.float32)
        values = np.array([exp_negative_wide(one) for one in x], dtype=np.float64)
        assert np.abs(values / np.exp(-x.astype(np.float64)) - 1.0).max() < 5e-5
        near = x <= 4.0
        assert np.abs(values[near] / np.exp(-x[near].astype(np.float64)) - 1.0).max() < 1e-5
        assert (np.diff(values) < 0.0).all()
        assert values[0] == 1.0

    def test_stays_where_it_ends(self):
        furthest = exp_negative_wide(np.float32(17.0))
        assert all(exp_negative_wide(np.float32(x)) == furthest for x in (17.1, 100.0, 2.0**20, 1e30))
        assert furthest < 5e-8

    def test_share_of_the_softmax(self):
        U = np.random.default_rng(1).normal(0.0, 4.0, 50).astype(np.float32)
        for competition in (SoftmaxInhibition(), SoftmaxInhibition(strict=True)):
            share = np.array([softmax_share(competition, U.max() - one) for one in U], np.float64)
            np.testing.assert_allclose(share / share.sum(), reference.softmax(U.astype(np.float64)), atol=2e-6)


class TestInputSpikes:
    @staticmethod
    def train(encoder: NamedTuple, rates: np.ndarray, seed: int = 0) -> np.ndarray:
        """Raster (n_steps, n_inputs) by the law alone."""
        raster = np.zeros((encoder.n_steps, len(rates)), dtype=bool)
        for step in range(encoder.n_steps):
            u = uniform_array(seed, 0, step, len(rates))
            raster[step] = [fires(encoder, np.float32(x), step, one) for x, one in zip(rates, u, strict=True)]
        return raster

    def test_regular_spikes_tell_the_number(self):
        rates = np.arange(51) / 50.0
        np.testing.assert_array_equal(self.train(RegularSpikes(), rates).sum(axis=0), np.arange(51))
        rates = np.random.default_rng(2).random(200)
        difference = self.train(RegularSpikes(), rates).sum(axis=0) - 50 * rates
        assert np.abs(difference).max() <= 0.5 + 1e-4

    def test_regular_spikes_come_at_equal_intervals(self):
        for period in (2, 4, 8):
            steps = np.flatnonzero(self.train(RegularSpikes(), np.array([1.0 / period])))
            assert steps[0] == period // 2 - 1  # half an interval has passed at the onset
            assert set(np.diff(steps)) == {period}
        intervals = np.diff(np.flatnonzero(self.train(RegularSpikes(n_steps=500), np.array([0.3]))))
        assert set(intervals) == {3, 4}

    @pytest.mark.parametrize(("phase", "first"), [(0.0, 3), (0.5, 1), (0.75, 0), (1.0, 3)])
    def test_phase(self, phase, first):
        assert np.flatnonzero(self.train(RegularSpikes(phase=phase), np.array([0.25])))[0] == first

    @pytest.mark.parametrize("encoder", [RegularSpikes(), BernoulliSpikes()], ids=["regular", "Bernoulli"])
    def test_rates_of_none_and_one(self, encoder):
        raster = self.train(encoder, np.array([0.0, 1.0]))
        assert not raster[:, 0].any()
        assert raster[:, 1].all()

    def test_bernoulli_spikes(self):
        rates = np.repeat([0.1, 0.5, 0.9], 1000)
        counts = self.train(BernoulliSpikes(), rates, seed=3).sum(axis=0).reshape(3, -1)
        np.testing.assert_allclose(counts.mean(axis=1) / 50, [0.1, 0.5, 0.9], atol=0.005)
        np.testing.assert_allclose(counts.var(axis=1) / 50, [0.09, 0.25, 0.09], rtol=0.15)

    def test_only_one_kind_is_random(self):
        assert is_random(BernoulliSpikes())
        assert not is_random(RegularSpikes())


class TestStart:
    X = np.random.default_rng(3).random((50, 12)).astype(np.float32)

    def test_weights_by_part(self):
        seed = np.uint64(5)
        uniform = network.initial_weights(UniformWeights(0.1, 0.3), self.X, 40, seed)
        assert 0.1 <= uniform.min() < 0.12
        assert 0.28 < uniform.max() < 0.3
        mean = network.initial_weights(MeanWeights(spread=0.1), self.X, 40, seed)
        np.testing.assert_allclose(mean, np.broadcast_to(self.X.mean(axis=0), mean.shape), atol=0.1)
        assert network.initial_weights(MeanWeights(spread=1.0), self.X, 40, seed).min() == np.float32(0.01)
        exact = network.initial_weights(SampleWeights(noise=0.0), self.X, 40, seed)
        assert len({row.tobytes() for row in exact} & {row.tobytes() for row in self.X}) == 40

    def test_samples_that_are_zero_are_not_chosen(self):
        X = np.vstack([np.zeros((50, 12), np.float32), self.X[:2]])
        weights = network.initial_weights(SampleWeights(noise=0.0), X, 5, np.uint64(0))
        assert {row.tobytes() for row in weights} == {row.tobytes() for row in X[-2:]}  # both, repeated

    @pytest.mark.parametrize("initial", [UniformWeights(), MeanWeights(), SampleWeights()], ids=str)
    def test_same_seed_same_weights(self, initial):
        one, again, other = (network.initial_weights(initial, self.X, 6, np.uint64(seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, again)
        assert (one != other).any()
        assert one.dtype == np.float32
        assert one.shape == (6, 12)

    def test_unit_length(self):
        W = network.unit_length(np.array([[3.0, -4.0], [-1.0, -2.0]], np.float32), 0.0)
        np.testing.assert_array_equal(W, [[1.0, 0.0], [0.0, 0.0]])
        np.testing.assert_allclose(network.unit_length(np.array([[3.0, -4.0]], np.float32), -9.0), [[0.6, -0.8]])

    def test_rate_falls(self):
        schedule = DecayingRate(hold=0.5, end=0.05)
        expected = reference.learning_rates(200, 1.0)
        np.testing.assert_allclose([schedule.factor(m / 200) for m in range(200)], expected, atol=1e-12)
        assert schedule.factor(7.0) == 0.05
        assert DecayingRate(hold=1.0, end=1.0).factor(3.0) == 1.0


AWAY = {"competition": ExplainingAway(quantum=1.0)}


class Strange(NamedTuple):
    """A part without equations."""

    eta: float = 1.0
    w_min: float = 0.0


class TestUnknownParts:
    @pytest.mark.parametrize(
        ("law", "arguments"),
        [
            (pair, (0.5, 0.1, 0, 0)),
            (memory, ()),
            (unexplained, (0.5, 0.1, 0.2)),
            (fires, (0.5, 0, 0.1)),
            (is_random, ()),
            (evidence, (0.0, 0.5, 0.1)),
            (softmax_share, (0.5,)),
            (adapted_threshold, (0.1, 1)),
            (excitability, (0.5,)),
        ],
        ids=str,
    )
    def test_laws_name_what_is_missing(self, law, arguments):
        message = rf"{law.__name__}: the first argument must be of a type with an equation \(.*\), got Strange; add one"
        with pytest.raises(TypeError, match=message):
            law(Strange(), *arguments)

    @pytest.mark.parametrize(
        ("chosen", "changes", "message"),
        [
            (REFERENCE, {"rule": Strange()}, r"rule, got Strange: it lacks the law potentiate.* pair\("),
            (REFERENCE, {"rule": ResidualSTDP()}, "rule, got ResidualStep: it lacks the law potentiate"),
            (
                QUANTISER,
                {"neuron": Strange()},
                r"neuron, got Strange: it lacks the law membrane\(p, v, I\) and the field v_",
            ),
            (
                QUANTISER,
                {"encoder": Strange()},
                "input, got Strange: it lacks the law is_random.* and the law fires",
            ),
            (QUANTISER, {"threshold": Strange()}, "threshold, got Strange: it lacks the law adapted_threshold"),
            (QUANTISER, {"competition": Strange()}, "competition, got Strange: it lacks the law softmax_share"),
            (EXPLAINING, AWAY | {"rule": Strange()}, "residual rule, got Strange: it lacks the law unexplained"),
            (EXPLAINING, AWAY | {"rule": EventSTDP()}, "residual rule, got EventSTDP: it lacks the law unexplained"),
            (EXPLAINING, AWAY | {"neuron": LIF()}, "neuron must be left out with ExplainingAway"),
        ],
        ids=str,
    )
    def test_networks_are_not_built_of_them(self, chosen, changes, message):
        parts = network.DictionaryParts(**{name: (chosen | changes)[name] for name in network.DictionaryParts._fields})
        with pytest.raises(TypeError, match=message):
            network.build_circuit(parts, 0)


class Homeostatic(NamedTuple):
    """A rule of one's own: towards 1 or 0 by a share of the way, the same in both directions."""

    eta: float = 0.02
    reach: int = 3


@memory.of(Homeostatic)
def _(p):
    """The step of the spike, and two after it."""
    return 3


@pair.of(Homeostatic)
def _(p, w, eta, lag_pre, lag_post):
    """w <- w + eta (recent - w)."""
    return w + eta * (ONE - w) if lag_pre < p.reach else w - eta * w


@learning_rate.of(Homeostatic)
def _(p):
    """eta."""
    return p.eta


@pytest.mark.compiled
class TestRuleOfOnesOwn:
    def test_in_a_dictionary(self):
        """Inputs that fire in every step end at 1, those that never do at 0."""
        X = np.repeat(np.eye(2), 4, axis=1)
        own = SpikingDictionary.quantiser(2, rule=Homeostatic(), n_presentations=200, random_state=0).fit(X)
        assert sorted(own.components_.round(2).tolist()) == sorted(X.tolist())
        assert (own.spike_counts_ > 0).all()
        assert own.transform(X).any(axis=1).all()

    def test_pairs_by_hand(self):
        """A lone neuron fires in each step; inputs at rates 1 and 0 move by eta three times a step at most."""
        X = np.array([[1.0, 0.0]])
        own = SpikingDictionary.quantiser(
            1,
            rule=Homeostatic(eta=0.5),
            n_presentations=1,
            encoder=RegularSpikes(n_steps=2),
            initial=MeanWeights(spread=0.0),
            random_state=0,
        ).fit(X)
        np.testing.assert_allclose(own.weights_, [[1.0, 0.0025]], rtol=1e-6)
