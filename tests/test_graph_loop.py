"""The time loop of graphs of populations: spike for spike against the naive reference, compiled or not, however cut."""

import hashlib
import math
from itertools import pairwise
from typing import Any

import numba
import numpy as np
import pytest
import reference_graph as reference
from hypothesis import given, settings, strategies as st
from scipy.sparse import csr_array

from tectum.core.normals import normal_array
from tectum.core.random import normal
from tectum.engine.graph import network
from tectum.engine.graph.loop import run_graph
from tectum.engine.graph.records import CLOCK_STREAM, INPUT_STREAM
from tectum.engine.graph.recruitment import recruit
from tectum.parts.conductance import ConductanceLIF, SpikeThreshold
from tectum.parts.coupling import AdaptiveClock, PacingClock, follow
from tectum.parts.lateral import PlasticitySpread, near_weights
from tectum.parts.map_learning import (
    ArrivalSTDP,
    NoveltyGate,
    UseDependentRate,
    late,
    plasticity,
)
from tectum.parts.neurons import adapt, conduct
from tectum.parts.norms import LengthNorm
from tectum.parts.plasticity import bind
from tectum.parts.steps import discretise
from tectum.parts.topology import Grid
from tectum.parts.traces import fading

interpreted = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="minutes of plain Python; one test compares with the JIT off"
)
SEED = np.uint64(7)
f32 = np.float32

E = ConductanceLIF(drive=16.0)
I = ConductanceLIF(tau_m=8.0, refractory=1.0, tau_inh=4.0, drive=8.0)
N_E, N_I, N_U, N_IN, K = 25, 8, 16, 30, 10
SHAPES = ((N_E, N_IN), (N_U, N_E), (N_U, N_U))
Case = tuple[list[network.Population], list[network.Projection], list[network.Input]]


def loop(e: int, i: int, weight: float = 0.1) -> list[network.Projection]:
    """Excitation that recruits inhibition, as in every map."""
    return [
        network.Projection(e, i, uniform=weight),
        network.Projection(i, e, uniform=0.11, inhibitory=True),
        network.Projection(i, i, uniform=0.08, inhibitory=True),
    ]


def norm(length: float, pace: float) -> LengthNorm:
    return LengthNorm(length, pace)


def sparse(n_pre: int, n_post: int, weight: float, key: int) -> csr_array:
    """Half of the synapses, at random."""
    W = np.random.default_rng(key).uniform(-weight, weight, (n_pre, n_post))
    return csr_array(np.maximum(W, 0.0).astype(np.float32))


def two_maps() -> Case:
    """A map with a ranked input and one above it that feeds back and hears its own last winners.

    Everything learns, the upper clock adapts.
    """
    gate = NoveltyGate(factor=4.0, recruited=0.1, drop=1.5)
    lower = network.Population(
        N_E,
        E,
        SpikeThreshold(0.6, -2.0, 400.0),
        rule=ArrivalSTDP(0.1, 0.3, 0.4, 5.0),
        use=UseDependentRate(3.0, 0.05),
        gate=gate,
        columns=5,
        spread=near_weights(PlasticitySpread(), Grid(5, 5)),
    )
    upper = network.Population(
        N_U, E._replace(noise=1.0), rule=ArrivalSTDP(), gate=gate._replace(factor=2.0), columns=4
    )
    populations = [
        lower,
        network.Population(N_I, I, clock=PacingClock(), phase=3.3),
        upper,
        network.Population(N_I, I, clock=AdaptiveClock(kappa=0.3), phase=15.0, followed=0),
    ]
    first, second, third = (network.initial_weights(*shape, 0.0, 0.12, SEED, k) for k, shape in enumerate(SHAPES))
    projections = [
        network.Projection(2, 0, delay=5.0, fixed=sparse(N_U, N_E, 0.05, 1)),  # feedback
        *loop(0, 1),
        network.Projection(0, 0, fixed=sparse(N_E, N_E, 0.04, 2)),  # lateral
        network.Projection(0, 0, from_input=True, plastic=first, norm=norm(0.7, 0.1)),
        *loop(2, 3, 0.3),
        network.Projection(0, 2, delay=2.0, plastic=second, gain=0.8, norm=norm(0.5, 0.05)),
        network.Projection(1, 2, from_input=True, plastic=third),
    ]
    seen = network.Input(N_IN, K, 1, onset=2.0, t_enc=18.0)
    before = network.Input(N_U, 4, 1, onset=10.0, t_enc=8.0, winners=2, keep=0.3)
    return populations, projections, [seen, before]


def entrained() -> Case:
    """The inhibition of the upper map has no clock: spikes of two lower maps entrain it, later than they excite it."""
    populations = [
        network.Population(N_E, E._replace(drive=20.0)),
        network.Population(N_I, I, clock=PacingClock()),
        network.Population(N_E, E._replace(drive=20.0)),
        network.Population(N_I, I, clock=PacingClock(period=21.5), phase=12.5),
        network.Population(N_U, E._replace(drive=14.5)),
        network.Population(N_I, I),
    ]
    projections = [*loop(0, 1), *loop(2, 3), *loop(4, 5)]
    for source in (0, 2):
        projections.append(network.Projection(source, 4, delay=2.0, fixed=sparse(N_E, N_U, 0.1, source)))
        projections.append(network.Projection(source, 5, delay=8.0, uniform=0.05))
    return populations, projections, []


def many() -> Case:
    """More neurons than a word marks; projections of one weight, of some of the pairs or all, and one that learns."""
    n = 70
    wired = csr_array(np.where(np.random.default_rng(8).random((N_U, n)) < 0.4, 0.06, 0.0).astype(np.float32))
    populations = [
        network.Population(N_U, E._replace(drive=20.0)),
        network.Population(n, E._replace(noise=0.0, drive=12.0), rule=ArrivalSTDP()),
        network.Population(N_I, I, clock=PacingClock()),
    ]
    projections = [
        network.Projection(0, 1, delay=2.0, fixed=wired),
        network.Projection(0, 1, delay=1.0, plastic=network.initial_weights(n, N_U, 0.0, 0.1, SEED, 0)),
        network.Projection(1, 1, delay=3.0, fixed=csr_array(np.full((n, n), 0.004, np.float32)), inhibitory=True),
        *loop(0, 2),
    ]
    return populations, projections, []


CASES = {"two maps": two_maps, "entrained": entrained, "many": many}


def shown(case: Case, n_frames: int) -> tuple[Any, Any]:
    """Neurons of the inputs by rank, and further input in mV; one frame in four without any."""
    populations, _, inputs = case
    rng = np.random.default_rng(5)
    rows = [np.concatenate([rng.permutation(x.n)[: x.k] for x in inputs] or [[]]) for _ in range(n_frames)]
    ranked = np.array(rows, np.int32)
    ranked[:, K // 2 : K // 2 + 1] = -1
    ranked[1::4] = -1
    drive = rng.uniform(0.0, 3.0, (n_frames, sum(p.n for p in populations))).astype(np.float32)
    drive[1::4] = -4.0
    return ranked, drive


def raster(events: Any, n_steps: int, n: int) -> Any:
    fired = np.zeros((n_steps, n), bool)
    fired[events[:, 0], events[:, 1]] = True
    return fired


def run(case: Case, n_frames: int, *, learning: bool = True, cuts: tuple[int, ...] = (), **options: Any) -> tuple:
    """Raster, mean inhibitory conductances, and the graph with its state after the run."""
    graph = network.build(*case, **options)
    ranked, drive = shown(case, n_frames)
    outputs = []
    for part in np.split(np.arange(n_frames), cuts):
        outputs.append(
            network.run(
                graph.circuit,
                graph.first,
                ranked[part],
                SEED,
                drive=drive[part],
                learning=learning,
                n_events=10**6,
                field=True,
            )
        )
    events = np.concatenate([out.events[: out.n_events[0]] for out in outputs])
    fired = raster(events, n_frames * graph.circuit.frame, int(graph.circuit.first[-1]))
    return fired, np.concatenate([out.field for out in outputs]), graph


def naive(case: Case, n_frames: int, **options: Any) -> tuple[Any, reference.Graph]:
    """Raster and state of the reference after the same run."""
    populations, projections, inputs = case

    def clock_of(p: network.Population) -> reference.Clock | None:
        if p.clock is None:
            return None
        followed = {"followed": p.followed} if isinstance(p.clock, AdaptiveClock) else {}
        return reference.Clock(p.phase, **p.clock._asdict(), **followed)

    ours = [
        reference.Population(
            p.n,
            reference.Neuron(*p.neuron),
            reference.Threshold(*p.threshold),
            clock_of(p),
            reference.Rule(*p.rule) if p.rule else None,
            *p.use,
            gate=reference.Gate(*p.gate[:5]) if p.gate.factor > 1.0 else None,
            columns=p.columns,
            spread=None if p.spread is None else p.spread.toarray(),
        )
        for p in populations
    ]

    def matrix(p: network.Projection) -> Any:
        if p.uniform is not None:
            return np.full((populations[p.target].n, populations[p.source].n), p.uniform)
        return p.plastic if p.fixed is None else p.fixed.toarray().T

    synapses = [
        reference.Projection(
            p.source,
            p.target,
            matrix(p),
            p.delay,
            p.inhibitory,
            p.from_input,
            p.plastic is not None,
            p.gain,
            *(p.norm or (0.0, 0.0)),
        )
        for p in projections
    ]
    draws = reference.Draws(
        noise=lambda pop, step, n: normal_array(SEED, pop, step, n).astype(float),
        tick=lambda pop, cycle, j: float(normal(SEED, np.uint64(CLOCK_STREAM + pop), cycle, j)),
        code=lambda s, cycle, rank: float(normal(SEED, np.uint64(INPUT_STREAM + s), cycle, rank)),
    )
    graph = reference.Graph(ours, synapses, [reference.Input(*x) for x in inputs], draws, **options)
    graph.run(*shown(case, n_frames), learning=True)
    return np.concatenate([np.array(fired) for fired in graph.fired], axis=1), graph


@interpreted
@pytest.mark.parametrize("name", CASES)
def test_kernel_equals_the_reference(name):
    """Spike for spike over 600 ms; membranes, thresholds, use, weights and phases to the precision of float32."""
    check_against_reference(CASES[name](), 6, fewest=20)


def check_against_reference(case: Case, n_frames: int, *, fewest: int, **options: Any) -> None:
    expected, theirs = naive(case, n_frames, **options)
    fired, _, graph = run(case, n_frames, **options)
    first = graph.circuit.first
    per_population = [int(fired[:, a:b].sum()) for a, b in pairwise(first.tolist())]
    assert min(per_population) > fewest, per_population
    different = np.flatnonzero((fired != expected).any(axis=1))
    assert not len(different), f"first difference in step {different[0]} of {len(fired)}"
    state = graph.first
    for name, values in (("v", theirs.v), ("raised", theirs.raised), ("eased", theirs.eased), ("use", theirs.use)):
        np.testing.assert_allclose(getattr(state, name), np.concatenate(values), rtol=1e-4, atol=1e-3, err_msg=name)
    np.testing.assert_allclose(state.latency, np.nan_to_num(np.concatenate(theirs.late_after), nan=-1.0), 1e-4, 1e-6)
    np.testing.assert_allclose(state.phase, theirs.phase, rtol=1e-9)
    order = sorted(range(len(case[1])), key=lambda k: case[1][k].target)
    learned = [theirs.W[k].ravel() for k in order if case[1][k].plastic is not None]
    if learned:
        np.testing.assert_allclose(state.weights, np.concatenate(learned), rtol=2e-3, atol=1e-5)


@interpreted
class TestCutting:
    @pytest.mark.parametrize("name", CASES)
    @pytest.mark.parametrize("chunk", [0.2, 0.6])
    def test_chunks_change_nothing(self, name, chunk):
        """Chunks of 1 ms, the shortest delay, against shorter ones, which divide neither cycle nor frame."""
        (fired, field, graph), (others, other_field, other) = (run(CASES[name](), 6, chunk=c) for c in (1.0, chunk))
        np.testing.assert_array_equal(fired, others)
        np.testing.assert_array_equal(field, other_field)
        np.testing.assert_array_equal(graph.first.weights, other.first.weights)

    @pytest.mark.parametrize("name", CASES)
    def test_calls_change_nothing(self, name):
        (fired, field, graph), (others, other_field, other) = (run(CASES[name](), 6, cuts=c) for c in ((), (1, 4)))
        np.testing.assert_array_equal(fired, others)
        np.testing.assert_array_equal(field, other_field)
        for name, array in graph.first._asdict().items():
            np.testing.assert_array_equal(array, getattr(other.first, name), err_msg=name)

    def test_frozen_runs_leave_the_weights(self):
        graph = run(two_maps(), 2, learning=False)[2]
        np.testing.assert_array_equal(graph.first.weights, network.build(*two_maps()).first.weights)


def test_a_late_winner_learns_faster():
    """By the factor of the gate if its first spike comes after the quantile of those before; else at the usual rate.

    The quantile is where 9 latencies in 10 come before it: it moves by 0.02 of a frame of 25 ms times 0.9 or -0.1.
    """
    neuron, gate = E._replace(drive=30.0, refractory=200.0), NoveltyGate(factor=4.0)
    populations = [
        network.Population(1, neuron, rule=ArrivalSTDP(eta=0.1, w_max=0.3), gate=gate),
        network.Population(1, I, clock=PacingClock(jitter=0.0)),
    ]
    projections = [network.Projection(0, 0, from_input=True, plastic=np.full((1, 1), 0.1, np.float32))]
    change, latency, moved = {}, 0.0, {}
    for before in (-1.0, 24.0, 0.5, "own"):
        graph = network.build(populations, projections, [network.Input(1, 1, 1, jitter=0.0)], cycles=1)
        graph.first.latency[0] = quantile = latency if before == "own" else before
        out = network.run(graph.circuit, graph.first, np.zeros((1, 1), np.int32), SEED, learning=True)
        assert out.counts[0, 0] == 1
        latency = out.latency[0, 0]
        assert 1.0 < latency < 23.0
        change[before] = float(graph.first.weights[0]) - 0.1
        moved[before] = graph.first.latency[0] - (latency if before == -1.0 else quantile)
    assert abs(change["own"]) > 1e-4
    assert change[0.5] == pytest.approx(4.0 * change["own"], rel=1e-3)
    assert change[-1.0] == change[24.0] == change["own"]  # the first of all, an early one, one at the quantile
    expected = {-1.0: -0.05, 24.0: -0.05, 0.5: 0.45, "own": -0.05}
    assert moved == pytest.approx(expected, abs=1e-5)


@interpreted
@pytest.mark.compiled
def test_more_maps_compile_nothing():
    run(two_maps(), 1)
    before = len(run_graph.cached.signatures)
    run(entrained(), 1)
    populations, projections, inputs = two_maps()
    more = [p._replace(source=p.source + 4, target=p.target + 4) for p in projections if not p.from_input]
    follower = populations[3]._replace(followed=4)
    run(([*populations, *populations[:3], follower], projections + more, inputs), 1)
    assert len(run_graph.cached.signatures) == before


@settings(deadline=None)  # the first example compiles
@given(st.data())
def test_the_least_used_are_recruited(data):
    """Against sorting; uses and what they are ordered by are equal, far apart or neighbouring numbers."""
    n = data.draw(st.integers(1, 36))
    levels = np.array([0.0, 1e-30, 1.0, np.nextafter(np.float32(1.0), np.float32(2.0)), 2.5], np.float32)
    use, later = (levels[data.draw(st.lists(st.integers(0, len(levels) - 1), min_size=n, max_size=n))] for _ in "ab")
    later = later if data.draw(st.booleans()) else -later
    wanted = data.draw(st.integers(0, n + 2))
    expected = np.zeros(n, np.float32)
    expected[np.lexsort((later, use))[:wanted]] = 0.5
    eased = np.zeros(n, np.float32)
    recruit(use, later, wanted, np.float32(0.5), eased)
    np.testing.assert_array_equal(eased, expected)


def test_weights_stay_in_bounds():
    """However strongly a source is pulled towards a length that its weights cannot have."""
    populations, projections, inputs = two_maps()
    pulled = [p._replace(norm=norm(20.0, 0.5)) if p.plastic is not None else p for p in projections]
    n_frames = 1 if numba.config.DISABLE_JIT else 12
    graph = run((populations, pulled, inputs), n_frames)[2]
    weights = graph.first.weights[: N_E * N_IN]
    assert weights.min() >= 0.0
    assert weights.max() <= f32(0.3)
    assert numba.config.DISABLE_JIT or (weights == f32(0.3)).any()


@interpreted
def test_a_clock_that_follows_finds_its_lead():
    """From anywhere the adaptive clock comes to the same phase, as long after the volley below as its lead says."""
    populations, projections, inputs = two_maps()
    found = []
    for phase in (2.0, 9.0, 16.0, 23.0):
        moved = [*populations[:3], populations[3]._replace(phase=phase)]
        graph = run((moved, projections, inputs), 12)[2]
        found.append(graph.first.phase[3])
    turns = np.exp(2j * np.pi * np.array(found) / 25.0)
    assert abs(turns.mean()) > 0.99


class TestLaws:
    def test_path_under_constant_conductances(self):
        """v goes to the mean of the reversal potentials weighted by conductances, with tau_m / (1 + g_exc + g_inh)."""
        neuron = ConductanceLIF(noise=0.0, drive=0.0)
        g_exc, g_inh, D = 0.4, 0.6, 5.0
        goal = (neuron.v_rest + D + g_exc * neuron.E_exc + g_inh * neuron.E_inh) / (1.0 + g_exc + g_inh)
        expected = goal + (neuron.v_rest - goal) * math.exp(-8.0 * (1.0 + g_exc + g_inh) / neuron.tau_m)
        errors = []
        for dt in (0.2, 0.1, 0.05):
            p, v = discretise(neuron, dt), f32(neuron.v_rest)
            for _ in range(round(8.0 / dt)):
                v = conduct(p, v, f32(D), f32(g_exc), f32(g_inh), f32(0.0))
            errors.append(abs(float(v) - expected))
        assert errors[0] < 0.3
        assert 1.8 < errors[0] / errors[1] < 2.2
        assert 1.8 < errors[1] / errors[2] < 2.2

    def test_noise_of_the_free_membrane(self):
        """The standard deviation does not depend on the step."""
        draws = np.random.default_rng(0).standard_normal(40_000)
        for dt in (0.2, 1.0):
            p = discretise(ConductanceLIF(noise=2.0, drive=0.0), dt)
            v, path = f32(-70.0), []
            for xi in draws:
                v = conduct(p, v, f32(0.0), f32(0.0), f32(0.0), p.noise * f32(xi))
                path.append(v)
            assert np.std(path[200:]) == pytest.approx(2.0, rel=0.1)

    @given(st.floats(-5.0, 20.0, width=32))
    def test_two_halves_of_the_relaxation_of_a_threshold(self, a):
        whole, half = (discretise(SpikeThreshold(0.6, -2.0, 400.0), dt) for dt in (1.0, 0.5))
        once = adapt(half, f32(a), f32(0.0), False)
        twice = adapt(half, once, f32(0.0), False)
        assert adapt(whole, f32(a), f32(0.0), False) == pytest.approx(twice, rel=1e-5, abs=1e-5)

    @given(w=st.floats(0.0, 1.0), x=st.floats(0.0, 1.0), eta=st.floats(0.0, 0.7))
    def test_weights_stay_between_0_and_the_largest(self, w, x, eta):
        p = discretise(ArrivalSTDP(), 0.2)
        after = bind(p, f32(w) * p.w_max, f32(x), f32(eta))
        assert 0.0 <= after <= p.w_max * f32(1.000001)

    @pytest.mark.parametrize("x", [0.0, 0.3, 1.0])
    def test_fixed_point_of_a_weight(self, x):
        """w_max x / (x + beta)."""
        rule = ArrivalSTDP()
        p, w = discretise(rule, 0.2), f32(0.1)
        for _ in range(2000):
            w = bind(p, w, f32(x), f32(rule.eta))
        assert w == pytest.approx(rule.w_max * x / (x + rule.beta), rel=1e-4, abs=1e-6)

    def test_memory_of_an_arrival(self):
        """1 when it comes, 1/e after tau_pre, whatever the step."""
        for dt in (0.2, 0.1):
            table = fading(6.0, dt, 48.0)
            assert table[0] == 1.0
            assert table[round(6.0 / dt)] == pytest.approx(1.0 / math.e, rel=1e-6)
            assert (np.diff(table) < 0.0).all()

    def test_rate_halves_with_use(self):
        p = discretise(UseDependentRate(n_0=20.0), 0.2)
        assert [plasticity(p, f32(n)) for n in (0, 20, 60)] == pytest.approx([1.0, 0.5, 0.25])
        assert plasticity(discretise(UseDependentRate(n_0=np.inf), 0.2), f32(1e6)) == 1.0

    def test_quantile_of_latencies(self):
        """Nine latencies in ten come before the estimate, and its pace is a share of the frame."""
        p, q = discretise(NoveltyGate(), 100.0), f32(100.0)
        assert late(p, q, f32(10.0)) == pytest.approx(100.0 - 0.02 * 100.0 * 0.1)
        path = []
        for latency in np.random.default_rng(0).exponential(10.0, 6000):
            q = late(p, q, f32(latency))
            path.append(q)
        assert np.mean(path[2000:]) == pytest.approx(10.0 * math.log(10.0), rel=0.1)

    @pytest.mark.parametrize("ahead", [-3.0, -1.0, 0.5, 2.5])
    def test_phases_come_together(self, ahead):
        p = discretise(AdaptiveClock(kappa=0.2), 0.2)
        phase = 1.0 + p.aim + ahead
        for _ in range(200):
            phase = follow(p, phase, 1.0)
        assert math.remainder(phase - 1.0 - p.aim, 2.0 * math.pi) == pytest.approx(0.0, abs=1e-6)

    def test_clocks_come_together_as_the_differential_equation_says(self):
        """tan(theta / 2) decays with exp(-kappa n), for small kappa."""
        p = discretise(AdaptiveClock(kappa=0.01), 0.2)
        phase = p.aim - 2.0
        for _ in range(100):
            phase = follow(p, phase, 0.0)
        expected = 2.0 * math.atan(math.tan(1.0) * math.exp(-1.0))
        assert p.aim - phase == pytest.approx(expected, rel=0.01)


def short_runs() -> list[Any]:
    """Spikes of each population and a digest of the state after two frames of every kind of graph."""
    found = []
    for make in CASES.values():
        fired, _, graph = run(make(), 1, cycles=2)
        digest = hashlib.sha256(b"".join(array.tobytes() for array in graph.first)).hexdigest()
        counts = [int(fired[:, a:b].sum()) for a, b in pairwise(graph.circuit.first.tolist())]
        assert min(counts) > 0
        found.append([counts, digest])
    return found
