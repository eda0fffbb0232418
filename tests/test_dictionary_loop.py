"""The time loops of a dictionary: against the naive reference, compiled or not, and whatever the batch."""

import hashlib
import tracemalloc
from dataclasses import replace
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
import reference_dictionary as reference
from hypothesis import given, settings, strategies as st

from tectum.core.random import integers
from tectum.engine.dictionary import network
from tectum.engine.dictionary.loop import (
    DictionaryCircuit,
    DictionaryState,
    draw_input_spikes,
    prepare,
    run_explaining,
    run_softmax,
)
from tectum.models.common.parameters import EXPLAINING, LITERAL, LOCAL, REFERENCE
from tectum.parts import (
    AdaptiveThreshold,
    BernoulliSpikes,
    EventSTDP,
    EvidenceNeuron,
    ExplainingAway,
    LocalInhibition,
    LocalSTDP,
    RegularSpikes,
    ResidualSTDP,
    SoftmaxInhibition,
    TimeIntegratedSTDP,
    TraceSTDP,
)

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="minutes of plain Python; one test compares with the JIT off"
)
SEED = 11


class Run(NamedTuple):
    state: DictionaryState
    counts: np.ndarray  # (n_patches, n_units)
    first: np.ndarray  # (n_patches, n_units)


def circuit_of(chosen: dict[str, Any], **changes: Any) -> DictionaryCircuit:
    chosen = chosen | changes
    parts = network.DictionaryParts(**{name: chosen[name] for name in network.DictionaryParts._fields})
    return network.build_circuit(parts, SEED)


def explaining(
    quantum: float,
    most: int | None = None,
    w_min: float = 0.0,
    signed: bool = False,
    wait: float = 0.1,
    patience: float = 7.0,
    **changes: Any,
) -> DictionaryCircuit:
    parts = {
        "competition": ExplainingAway(quantum, most, signed, wait, patience),
        "rule": ResidualSTDP(w_min=w_min),
    }
    return circuit_of(EXPLAINING, **(parts | changes))


def start_from(weights: np.ndarray, theta: Any) -> DictionaryState:
    thresholds = np.broadcast_to(np.asarray(theta, np.float32), len(weights))
    return DictionaryState(weights.astype(np.float32), thresholds.copy(), np.zeros_like(thresholds))


def run_kernel(
    circuit: DictionaryCircuit, state: DictionaryState, X: np.ndarray, eta: Any = 0.0055, learning: bool = True
) -> Run:
    """Present `X`, numbered from 0; `state` is not changed."""
    run = run_softmax if isinstance(circuit.competition, SoftmaxInhibition) else run_explaining
    state = DictionaryState(*(array.copy() for array in state))
    spikes = network.empty_spikes(len(X), len(state.theta))
    scratch = network._scratch(circuit, state, learning)
    rates = np.broadcast_to(np.asarray(eta, np.float32), len(X)).copy()
    prepare(state, scratch)
    run(circuit, state, spikes, scratch, X.astype(np.float32), np.arange(len(X)).astype(np.uint64), rates, learning)
    return Run(state, spikes.counts, spikes.first)


def raster_of(circuit: DictionaryCircuit, X: np.ndarray) -> np.ndarray:
    """Input spikes (n_patches, n_steps, n_inputs), -1 for those of OFF inputs, as the loops draw them."""
    n_steps = circuit.encoder.n_steps
    state = start_from(np.zeros((1, X.shape[1])), 0.0)
    scratch = network._scratch(circuit, state, True)
    raster = np.zeros((len(X), n_steps, X.shape[1]), np.int64)
    for m, x in enumerate(X.astype(np.float32)):
        draw_input_spikes(circuit.encoder, x, circuit.seed, np.uint64(m), scratch)
        for step, n in enumerate(scratch.n_fired):
            fired = scratch.raster[step, :n]
            assert (np.diff(fired.astype(np.int64)) > 0).all()
            raster[m, step, fired] = scratch.sign[fired]
    return raster


def patches(n_patches: int, n_inputs: int, seed: int) -> np.ndarray:
    """Random mixtures of four patterns, with zeros among the values."""
    rng = np.random.default_rng(seed)
    patterns = rng.random((4, n_inputs)) * (rng.random((4, n_inputs)) < 0.6)
    return np.clip(patterns[rng.integers(4, size=n_patches)] + rng.normal(0.0, 0.1, (n_patches, n_inputs)), 0.0, 1.0)


def assert_same(ours: Run, expected: reference.Result) -> None:
    np.testing.assert_array_equal(ours.counts, expected.counts)
    np.testing.assert_array_equal(ours.first, expected.first_spike)
    np.testing.assert_allclose(ours.state.weights, expected.W.T, atol=1e-5)
    np.testing.assert_allclose(ours.state.theta, expected.theta, atol=1e-6)


# Float32 decides a step otherwise than float64 where a share of the softmax comes within about 1e-5 of a threshold,
# after which learning parts. In the runs below none comes that close.
SOFTMAX = {
    "ref": (REFERENCE, reference.REF, {}),
    "literal": (LITERAL, reference.LITERAL, {}),
    "strict": (REFERENCE, replace(reference.REF, strict=True), {"competition": SoftmaxInhibition(strict=True)}),
    "integrating": (
        REFERENCE,
        replace(reference.REF, a_m=1.0),
        {"neuron": EvidenceNeuron()},
    ),
    "leaky": (
        REFERENCE,
        replace(reference.REF, a_m=reference.leak_factor(5.0), refractory_steps=2),
        {"neuron": EvidenceNeuron(tau_steps=5.0, refractory=2)},
    ),
    "window": (REFERENCE, replace(reference.REF, window=3), {"rule": EventSTDP(w_min=0.01, window=3)}),
    "factors": (
        REFERENCE,
        replace(reference.REF, A_plus=0.5, A_minus=0.25, lambda_=0.0, q=2.0, b=0.01),
        {
            "rule": EventSTDP(w_min=0.01, A_plus=0.5, A_minus=0.25, decay=0.0),
            "threshold": AdaptiveThreshold(target=2.0, rate=0.01),
        },
    ),
}


class TestSoftmaxAgainstReference:
    @pytest.mark.parametrize("learn", [False, True], ids=["frozen", "learning"])
    @pytest.mark.parametrize("encoder", [BernoulliSpikes(), RegularSpikes(30)], ids=["Bernoulli", "regular"])
    @pytest.mark.parametrize("name", SOFTMAX)
    def test_same_spikes_and_weights(self, name, encoder, learn):
        chosen, p, changes = SOFTMAX[name]
        circuit = circuit_of(chosen, **(changes | {"encoder": encoder}))
        X = patches(16, 14, 1)
        rng = np.random.default_rng(2)
        state = start_from(rng.uniform(0.025, 0.8, (7, 14)), 0.2 + rng.uniform(-0.055, 0.055, 7))
        eta = reference.learning_rates(len(X), 0.02)
        ours = run_kernel(circuit, state, X, eta, learn)
        expected = reference.run(
            state.weights.T, state.theta, raster_of(circuit, X) > 0, p, learn, eta=eta.astype(np.float32)
        )
        assert expected.counts.sum() > 100
        assert_same(ours, expected)
        if not learn:
            np.testing.assert_array_equal(ours.state.weights, state.weights)
            np.testing.assert_array_equal(ours.state.theta, state.theta)

    def test_blank_patches(self):
        circuit = circuit_of(REFERENCE)
        X = patches(6, 14, 3)
        X[[1, 4]] = 0.0
        state = start_from(np.random.default_rng(4).uniform(0.025, 0.8, (7, 14)), 0.15)
        expected = reference.run(state.weights.T, state.theta, raster_of(circuit, X) > 0)
        assert_same(run_kernel(circuit, state, X), expected)


EXPLAINED = {
    "graded": ({"quantum": 1.5}, 1.0),
    "most": ({"quantum": 1.5, "most": 2}, 1.0),
    "one": ({"quantum": 1.5, "most": 1}, 0.5),
    "small quantum": ({"quantum": 0.3}, 0.5),  # several spikes in a step
    "bound": ({"quantum": 1.5, "w_min": 0.05}, 5.0),
    "signed input": ({"quantum": 1.5, "w_min": -1.0}, 1.0),
    "ON and OFF neurons": ({"quantum": 0.6, "w_min": -1.0, "signed": True}, 0.1),
    "ON and OFF, most": ({"quantum": 1.5, "w_min": -1.0, "signed": True, "most": 2}, 0.1),
    "impatient": ({"quantum": 1.5, "most": 1, "wait": 0.2, "patience": 0.2}, 0.1),
}
MOVING = AdaptiveThreshold(start=0.1, rate=0.002, target=2.0, minimum=0.02)


class TestExplainingAgainstReference:
    @pytest.mark.parametrize("learn", [False, True], ids=["frozen", "learning"])
    @pytest.mark.parametrize("encoder", [BernoulliSpikes(), RegularSpikes()], ids=["Bernoulli", "regular"])
    @pytest.mark.parametrize("name", EXPLAINED)
    def test_same_spikes_and_weights(self, name, encoder, learn):
        fields, eta = EXPLAINED[name]
        circuit = explaining(**fields, encoder=encoder, threshold=MOVING)
        X = patches(30, 14, 5)
        lowest = fields.get("w_min", 0.0)
        if lowest < 0.0:
            X *= np.where(np.random.default_rng(6).random(X.shape) < 0.4, -1.0, 1.0)
        weights = network.unit_length(np.random.default_rng(7).uniform(lowest, 1.0, (8, 14)).astype(np.float32), lowest)
        state = start_from(weights, 0.04)
        p = reference.ExplainingParameters(
            *(fields["quantum"], fields.get("most"), lowest, MOVING.rate, MOVING.target, MOVING.minimum),
            signed=fields.get("signed", False),
            wait=fields.get("wait", 0.1),
            patience=fields.get("patience", 7.0),
        )
        rates = eta * np.linspace(1.0, 0.1, len(X)).astype(np.float32)
        ours = run_kernel(circuit, state, X, rates, learn)
        expected = reference.run_explaining(
            state.weights.T, float(state.theta[0]), raster_of(circuit, X), p, learn, eta=rates
        )
        assert np.abs(expected.counts).sum() > 100
        assert (expected.counts < 0).any() == fields.get("signed", False)
        assert_same(ours, expected)
        if name == "small quantum":
            assert expected.n_winners.max() > 1
        if "most" in fields:
            assert (ours.first >= 0).sum(axis=1).max() == fields["most"]
        if learn:
            np.testing.assert_allclose(np.linalg.norm(ours.state.weights, axis=1), 1.0, atol=1e-6)
            assert (ours.state.weights != state.weights).any()
        else:
            np.testing.assert_array_equal(ours.state.weights, state.weights)

    def test_orthogonal_components_count_their_parts(self):
        """Spikes tell the coefficients to half a spike: c_j = w_j.x n_steps / quantum, where that reaches the onset."""
        coefficients = np.array([[0.9, 0.5, 0.0, 0.02], [0.06, 0.0, 1.0, 0.3]])
        state = start_from(np.eye(4), 0.05)  # the first spike needs 2.5
        run = run_kernel(explaining(1.0), state, coefficients, learning=False)
        np.testing.assert_array_equal(run.counts, [[45, 25, 0, 0], [3, 0, 50, 15]])

    def test_no_spike_below_one_half(self):
        """However low the threshold: a spike would take the sum further from the input."""
        state = start_from(np.full((1, 9), 1.0 / 3.0), 0.0001)
        X = np.zeros((2, 9))
        X[:, 0] = [0.02, 0.04]  # one and two spikes, a third each
        np.testing.assert_array_equal(run_kernel(explaining(1.0), state, X, learning=False).counts, [[0], [1]])

    def test_what_is_explained_away_drives_no_other(self):
        """The second component has cosine 0.8 with the input, but nothing is left for it once the first has fired."""
        weights = np.array([[1.0, 0.0], [0.8, 0.6]])
        both = run_kernel(explaining(1.0), start_from(weights, 0.01), np.array([[1.0, 0.0]]), learning=False)
        np.testing.assert_array_equal(both.counts, [[50, 0]])
        alone = run_kernel(explaining(1.0), start_from(weights[1:], 0.01), np.array([[1.0, 0.0]]), learning=False)
        np.testing.assert_array_equal(alone.counts, [[40]])

    def test_blank_patches(self):
        state = start_from(np.eye(3), 0.05)
        run = run_kernel(explaining(1.0, threshold=MOVING), state, np.zeros((5, 3)))
        assert run.counts.sum() == 0
        np.testing.assert_array_equal(run.state.weights, state.weights)
        np.testing.assert_allclose(run.state.theta, 0.05 - 5 * 0.002 * 2.0, atol=1e-7)


LOCALLY = {
    "late": ({"quantum": 1.0}, 1.0, {"delay": 2.0, "dt": 0.5}),
    "soon": ({"quantum": 0.6, "patience": 0.2}, 0.3, {"delay": 0.5, "dt": 0.25}),
    "ON and OFF": ({"quantum": 0.6, "w_min": -1.0, "signed": True}, 0.3, {"delay": 2.0, "dt": 0.5}),
    "alike": ({"quantum": 0.6, "w_min": -1.0, "signed": True}, 0.3, {"delay": 0.5, "dt": 0.25}),
}


class TestLocalAgainstReference:
    @pytest.mark.parametrize("learn", [False, True], ids=["frozen", "learning"])
    @pytest.mark.parametrize("name", LOCALLY)
    def test_same_spikes_and_weights(self, name, learn):
        fields, eta, times = LOCALLY[name]
        lowest, signed = fields.get("w_min", 0.0), fields.get("signed", False)
        patience = fields.get("patience", 7.0)
        competition = LocalInhibition(fields["quantum"], signed, patience=patience, **times)
        rule = LocalSTDP(eta_recurrent=0.5, w_min=lowest)
        circuit = circuit_of(LOCAL, competition=competition, rule=rule, threshold=MOVING)
        X = patches(30, 14, 5)
        if signed:
            X *= np.where(np.random.default_rng(6).random(X.shape) < 0.4, -1.0, 1.0)
        rng = np.random.default_rng(7)
        weights, feedback = (
            network.unit_length(rng.uniform(lowest, 1.0, (8, 14)).astype(np.float32), lowest) for _ in range(2)
        )
        if name == "alike":
            X = np.abs(X) * rng.choice([-1.0, 1.0], (30, 1))
            weights = network.unit_length(1.0 + 0.5 * weights, lowest)
            feedback = weights.copy()
        state = network.with_synapses(start_from(weights, 0.04), feedback)
        p = reference.LocalParameters(
            *(fields["quantum"], None, lowest, MOVING.rate, MOVING.target, MOVING.minimum),
            **{"signed": signed, "patience": patience, "eta_recurrent": 0.5},
            n_delay=round(times["delay"] / times["dt"]),
            n_sub=round(3.0 / times["dt"]),
        )
        rates = eta * np.linspace(1.0, 0.1, len(X)).astype(np.float32)
        expected, recurrent, back = reference.run_local(
            state.weights.T,
            state.recurrent,
            state.feedback,
            float(state.theta[0]),
            raster_of(circuit, X),
            p,
            learn,
            eta=rates,
        )
        ours = network._copy(state)
        spikes = network.empty_spikes(len(X), 8)
        network._run(circuit, ours, spikes, X.astype(np.float32), np.arange(30, dtype=np.uint64), rates, learning=learn)
        assert np.abs(expected.counts).sum() > 100
        assert_same(Run(ours, spikes.counts, spikes.first), expected)
        assert spikes.n_events[1] > expected.n_winners.sum()  # some first spikes are taken back
        np.testing.assert_allclose(ours.recurrent, recurrent, atol=2e-5)
        np.testing.assert_allclose(ours.feedback, back, atol=1e-5)

    def test_the_first_of_two_alike_silences_the_other(self):
        """Both cross within the delay; the later one takes its spike back, so one component tells the input."""
        weights = np.array([[1.0, 0.0], [0.96, 0.28]], np.float32)
        state = network.with_synapses(start_from(weights, 0.1), weights.copy())
        circuit = circuit_of(LOCAL, competition=LocalInhibition(1.0, False, delay=1.0), rule=LocalSTDP(w_min=0.0))
        response = network.respond(circuit, state, np.array([[0.5, 0.0]], np.float32), np.zeros(1, np.uint64))
        np.testing.assert_array_equal(response.counts, [[25, 0]])
        np.testing.assert_array_equal(response.first[:, 1], [-1])

    def test_of_many_alike_and_their_negatives_the_first_fires_alone(self):
        """They cross at once and are taken back one after the other, before what they have lifted fires."""
        angle = np.linspace(0.0, 0.5, 16)
        weights = np.column_stack([np.cos(angle), np.sin(angle)])
        weights[1::2] *= -1.0
        state = network.with_synapses(start_from(weights, 0.1), weights.astype(np.float32))
        circuit = circuit_of(LOCAL, competition=LocalInhibition(1.0, True, delay=1.0), rule=LocalSTDP(w_min=-1.0))
        X, keys = np.array([[0.5, 0.0]], np.float32), np.zeros(1, np.uint64)
        np.testing.assert_array_equal(network.respond(circuit, state, X, keys).counts, [[25] + 15 * [0]])
        assert len(network.record(circuit, state, X, keys, 3.0)["units"].time_ms) < 100


class TestOtherRules:
    """Rules with a memory, pair by pair over the spikes of the run, in float64."""

    @pytest.mark.parametrize(
        "rule",
        [TraceSTDP(A_plus=0.05, A_minus=0.02), TimeIntegratedSTDP(), EventSTDP(window=2)],
        ids=["trace", "time integrated", "event"],
    )
    def test_weights_follow_from_the_spikes(self, rule):
        circuit = circuit_of(REFERENCE, rule=rule, encoder=BernoulliSpikes(20))
        X = patches(5, 10, 8) * 0.3
        weights = np.random.default_rng(9).uniform(0.2, 0.8, (4, 10))
        state = start_from(weights, 0.2)
        raster = raster_of(circuit, X) > 0
        w = state.weights.astype(np.float64)
        for m in range(len(X)):
            before = run_kernel(circuit, state, X[:m], rule.eta).state
            run = self.events(circuit, before, X, m, rule.eta)
            for step in range(20):
                for j in np.flatnonzero(run[: step + 1].any(axis=0)):
                    lag_post = step - np.flatnonzero(run[: step + 1, j])[-1]
                    for i in range(10):
                        fired = np.flatnonzero(raster[m, : step + 1, i])
                        w[j, i] = self.changed(rule, w[j, i], step - fired[-1] if fired.size else None, lag_post)
        ours = run_kernel(circuit, state, X, rule.eta)
        assert ours.counts.sum() > 20
        np.testing.assert_allclose(ours.state.weights, w, atol=1e-5)
        assert np.abs(w - state.weights).max() > 0.05

    @staticmethod
    def events(circuit: DictionaryCircuit, state: DictionaryState, X: np.ndarray, m: int, eta: float) -> np.ndarray:
        """Spikes (n_steps, n_units) of the units in presentation `m`, learning, from the state before it."""
        state = DictionaryState(*(array.copy() for array in state))
        spikes = network.empty_spikes(1, len(state.theta), (0, 1000))
        scratch = network._scratch(circuit, state, True)
        prepare(state, scratch)
        keys, rates = np.array([m], np.uint64), np.array([eta], np.float32)
        run_softmax(circuit, state, spikes, scratch, X[m : m + 1].astype(np.float32), keys, rates, True)
        fired = np.zeros((circuit.encoder.n_steps, len(state.theta)), dtype=bool)
        for _, step, j in spikes.units[: spikes.n_events[1]]:
            fired[step, j] = True
        return fired

    @staticmethod
    def changed(rule: Any, w: float, lag_pre: int | None, lag_post: int) -> float:
        """The rule as printed; None for an input that has not fired."""
        change = 0.0
        if isinstance(rule, EventSTDP):
            if lag_post == 0:
                recent = lag_pre is not None and lag_pre < rule.window
                change = (1.0 if recent else 0.0) - 1.01 * w
        elif isinstance(rule, TraceSTDP):
            x_pre = 0.0 if lag_pre is None else np.exp(-lag_pre / rule.tau)
            if lag_post == 0:
                change = rule.A_plus * (1.0 - w) * (x_pre - rule.target)
            if lag_pre == 0:
                change -= rule.A_minus * w * np.exp(-lag_post / rule.tau)
        elif lag_pre is None:
            change = -rule.absence * np.exp(-lag_post) * w
        else:
            change = rule.timing * np.exp(-lag_post) * (1.0 - w) / (0.5 - (lag_post - lag_pre))
        return float(np.clip(w + rule.eta * change, rule.w_min, rule.w_max))


class TestInputSpikes:
    @pytest.mark.parametrize("phase", [0.0, 0.25, 0.5])
    def test_regular_spikes_are_those_of_the_reference(self, phase):
        X = np.arange(257)[None] / 256.0
        raster = raster_of(circuit_of(REFERENCE, encoder=RegularSpikes(64, phase)), X)
        np.testing.assert_array_equal(raster[0] > 0, reference.regular_spikes(X[0], 64, phase))

    def test_bernoulli_spikes(self):
        x = np.array([0.0, 0.05, 0.5, 0.95, 1.0])
        raster = raster_of(circuit_of(REFERENCE), np.broadcast_to(x, (400, 5)))
        assert not raster[:, :, 0].any()
        assert raster[:, :, 4].all()
        np.testing.assert_allclose(raster.mean(axis=(0, 1)), x, atol=0.01)
        np.testing.assert_allclose(raster[:, :, 2].mean(axis=0), 0.5, atol=0.1)  # in each step
        half = raster[:, :, 2].reshape(-1) - 0.5
        assert abs(4.0 * np.mean(half[1:] * half[:-1])) < 0.03
        assert len({patch.tobytes() for patch in raster}) == 400

    def test_spikes_do_not_tell_which_sample_was_drawn(self):
        """The sample and the spikes of its presentation are drawn under one number, from other random words."""
        drawn = [integers(np.uint64(SEED), np.uint64(m), 1000) for m in range(600)]
        raster = raster_of(circuit_of(REFERENCE), np.full((600, 3), 0.5)).reshape(600, -1)
        correlations = [np.corrcoef(drawn, spikes)[0, 1] for spikes in raster.T]
        assert np.abs(correlations).max() < 0.2

    def test_negative_values_are_spikes_of_off_inputs(self):
        X = np.array([[0.5, -0.5, 0.0, -1.0]])
        raster = raster_of(explaining(1.0), X)
        np.testing.assert_array_equal(raster[0].sum(axis=0), [25, -25, 0, -50])


@pytest.fixture(scope="module", params=["softmax", "explaining"])
def case(request) -> tuple[DictionaryCircuit, DictionaryState, np.ndarray, np.ndarray]:
    """A layer with stochastic input spikes, and twelve samples with their keys."""
    X = patches(12, 14, 10).astype(np.float32)
    weights = np.random.default_rng(11).random((6, 14)).astype(np.float32)
    keys = np.random.default_rng(12).integers(2**63, size=12).astype(np.uint64)
    if request.param == "softmax":
        return circuit_of(REFERENCE), start_from(weights, 0.2), X, keys
    state = start_from(network.unit_length(weights, 0.0), 0.03)
    return explaining(1.5, encoder=BernoulliSpikes()), state, X, keys


class TestResponses:
    @settings(max_examples=15, deadline=None)
    @given(order=st.permutations(range(12)), size=st.integers(1, 12))
    def test_batch_and_order_do_not_matter(self, case, order, size):
        circuit, state, X, keys = case
        chosen = order[:size]
        whole = network.respond(circuit, state, X, keys)
        part = network.respond(circuit, state, X[chosen], keys[chosen])
        np.testing.assert_array_equal(part.counts, whole.counts[chosen])
        np.testing.assert_array_equal(part.first, whole.first[chosen])

    def test_record_is_the_same_run(self, case):
        circuit, state, X, keys = case
        trains = network.record(circuit, state, X, keys, 3.0)
        response = network.respond(circuit, state, X, keys)
        units, inputs = trains["units"], trains["inputs"]
        counts = np.zeros_like(response.counts)
        np.add.at(counts, (units.presentation, units.neuron), 1)
        np.testing.assert_array_equal(counts, response.counts)
        for train in (units, inputs):
            assert (np.diff(train.time_ms) >= 0.0).all()
            np.testing.assert_array_equal(train.presentation, train.time_ms // 150.0)
        assert (units.n_neurons, inputs.n_neurons) == (6, 14)
        step = np.rint(units.time_ms / 3.0).astype(int) % 50
        for m, j in zip(*np.nonzero(counts), strict=True):
            assert step[(units.presentation == m) & (units.neuron == j)][0] == response.first[m, j]

    def test_recorded_inputs_lead_to_the_recorded_spikes(self, case):
        """From the raster of inputs alone the reference finds the spikes of the units."""
        circuit, state, X, keys = case
        train = network.record(circuit, state, X, keys, 3.0)["inputs"]
        raster = np.zeros((12, 50, 14))
        raster[train.presentation, np.rint(train.time_ms / 3.0).astype(int) % 50, train.neuron] = 1.0
        if isinstance(circuit.competition, SoftmaxInhibition):
            expected = reference.run(state.weights.T, state.theta, raster > 0, learn=False)
        else:
            p = reference.ExplainingParameters(quantum=1.5)
            expected = reference.run_explaining(state.weights.T, float(state.theta[0]), raster, p, learn=False)
        np.testing.assert_array_equal(network.respond(circuit, state, X, keys).counts, expected.counts)

    def test_the_state_is_not_changed(self, case):
        circuit, state, X, keys = case
        frozen = DictionaryState(*(array.copy() for array in state))
        for array in frozen:
            array.flags.writeable = False
        network.respond(circuit, frozen, X, keys)
        network.record(circuit, frozen, X, keys, 3.0)
        for one, other in zip(frozen, state, strict=True):
            np.testing.assert_array_equal(one, other)


class ResidualNamesake(NamedTuple):
    """The fields of `ResidualSTDP`, but no equations."""

    eta: float = 0.1
    w_min: float = 0.0


def test_kept_circuits_tell_types_apart():
    """Named tuples are equal where their values are, whatever their type."""
    assert ResidualNamesake() == ResidualSTDP(w_min=0.0)
    explaining(1.0)
    with pytest.raises(TypeError, match="got ResidualNamesake"):
        explaining(1.0, rule=ResidualNamesake())


class TestLearning:
    @pytest.mark.parametrize("chosen", ["softmax", "explaining"])
    @pytest.mark.parametrize("cut", [1, 7, 19])
    def test_in_chunks(self, chosen, cut):
        X = patches(20, 14, 13).astype(np.float32)
        weights = np.random.default_rng(14).random((6, 14)).astype(np.float32)
        circuit = circuit_of(REFERENCE) if chosen == "softmax" else explaining(1.5, encoder=BernoulliSpikes())
        weights = weights if chosen == "softmax" else network.unit_length(weights, 0.0)
        whole, parts = (start_from(weights, 0.1) for _ in range(2))
        rates = np.full(20, 0.02, np.float32)
        counts = network.learn(circuit, whole, X, 0, rates).counts
        first = network.learn(circuit, parts, X[:cut], 0, rates[:cut]).counts
        second = network.learn(circuit, parts, X[cut:], cut, rates[cut:]).counts
        np.testing.assert_array_equal(np.concatenate([first, second]), counts)
        for one, other in zip(whole, parts, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_allocates_nothing_per_step(self):
        peaks = []
        for n_steps in (10, 1000):
            circuit = circuit_of(REFERENCE, encoder=BernoulliSpikes(n_steps))
            state = start_from(np.random.default_rng(15).random((6, 14)), 0.2)
            X = patches(50, 14, 16).astype(np.float32)
            network.learn(circuit, state, X[:1], 0, np.zeros(1, np.float32))
            measured = []
            for _ in range(3):  # something else may allocate in between
                tracemalloc.start()
                network.learn(circuit, state, X, 0, np.zeros(50, np.float32))
                measured.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
            peaks.append(min(measured))
        assert peaks[1] - peaks[0] < 990 * (14 * 4 + 8) + 5_000  # the raster of one presentation


def short_runs() -> list[Any]:
    """Counts and a digest of the state after a few presentations to small layers of every kind."""
    found: list[Any] = []
    X = patches(3, 9, 17)
    weights = np.random.default_rng(18).random((5, 9)).astype(np.float32)
    unit = network.unit_length(weights, 0.0)
    fast = EvidenceNeuron(tau_steps=4.0, refractory=1, delayed=True)
    cases = [
        (circuit_of(REFERENCE, encoder=BernoulliSpikes(12)), weights, 0.02),
        (circuit_of(REFERENCE, encoder=RegularSpikes(12), neuron=fast), weights, 0.02),
        (circuit_of(REFERENCE, encoder=BernoulliSpikes(12), competition=SoftmaxInhibition(True)), weights, 0.02),
        (circuit_of(REFERENCE, encoder=BernoulliSpikes(12), rule=TraceSTDP()), weights, 1.0),
        (circuit_of(REFERENCE, encoder=BernoulliSpikes(12), rule=TimeIntegratedSTDP()), weights, 0.05),
        (explaining(0.7, encoder=RegularSpikes(20)), unit, 1.0),
        (explaining(0.7, 2, encoder=BernoulliSpikes(20)), unit, 1.0),
    ]
    for circuit, start, eta in cases:
        for learning in (True, False):
            run = run_kernel(circuit, start_from(start, 0.1), X, eta, learning)
            digest = hashlib.sha256(b"".join(array.tobytes() for array in (*run.state, run.first))).hexdigest()
            assert run.counts.sum() > 0
            found.append([run.counts.tolist(), digest])
    return found
