"""The time loop of a map: against the naive reference, skipping or not, compiled or not, and within its memory."""

import hashlib
import tracemalloc
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
import reference

import tectum
from tectum.core.events import SpikeTrain
from tectum.engine.maps import network
from tectum.engine.maps.loop import MapSpikes, MapState, run_map
from tectum.models.common.parameters import PUBLISHED, RECOMMENDED
from tectum.parts import DifferenceOfGaussians, Grid, NearestNeighbourSTDP

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="minutes of plain Python; one test compares with the JIT off"
)
DT = 0.05  # ms
X = 3.0  # radius, grid units


class Run(NamedTuple):
    spikes: list[np.ndarray]  # of u, h and v: (n_spikes, 2) steps and neurons
    state: MapState
    out: MapSpikes


def map_parts(dt: float = DT, **changes: Any) -> network.MapParts:
    chosen = PUBLISHED | changes
    return network.MapParts(**{name: chosen[name] for name in network.MapParts._fields if name != "dt"}, dt=dt)


def samples(D: int, n_presentations: int, seed: int, n: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Currents (n_presentations, D*n) of random points, and random initial weights (D*n, 100), float32."""
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.88, 1.32, (D * n, 100)).astype(np.float32)
    points = rng.uniform(0.25, 0.75, (n_presentations, D))
    return np.array([reference.receptive_fields(point, n) for point in points]), weights


def run_kernel(
    currents: np.ndarray,
    weights: np.ndarray,
    parts: network.MapParts | None = None,
    *,
    input_ms: float = 120.0,
    blank_ms: float = 0.0,
    learn: bool = True,
    skip: bool = True,
    capacity: int = 200_000,
    shape: tuple[int, int] = (10, 10),
    profile: NamedTuple = PUBLISHED["lateral"],
    radius: float = X,
    remembered: int = 0,
) -> Run:
    """Rows learn when they are used, from at most `remembered` steps at a time, or columns at once if it is 0."""
    parts = parts or map_parts()
    n_u = currents.shape[1]
    circuit = network.build_circuit(parts, n_u, profile, Grid(*shape), radius)
    state = network.rest_state(weights.copy())
    out = network._spikes(len(currents), state, capacity)
    n_input, n_blank = round(input_ms / parts.dt), round(blank_ms / parts.dt)
    blank = np.zeros(n_u, np.float32)
    scratch = network._scratch(state)._replace(history=network._history(*weights.shape, remembered))
    run_map(circuit, state, out, scratch, currents.astype(np.float32), blank, n_input, n_blank, learn, False, skip)
    events = zip((out.u, out.h, out.v), out.n_events, strict=True)
    return Run([kept[:n] for kept, n in events], state, out)


def run_reference(
    D: int, currents: np.ndarray, weights: np.ndarray, *, learn: bool, input_ms: float = 120.0, blank_ms: float = 0.0
) -> tuple[list[np.ndarray], np.ndarray]:
    """Spikes of u, h and v, and the weights at the end."""
    model = reference.ReferenceMap(D=D, dt=DT, w=weights, X=X)
    spikes: list[list[tuple[int, int]]] = [[], [], []]
    for row in currents:
        for I, ms in ((row, input_ms), (0.0, blank_ms)):
            for kept, new in zip(spikes, model.run(I, round(ms / DT), learn), strict=True):
                kept += new
    return [np.array(kept).reshape(-1, 2) for kept in spikes], model.w


def shifted(first: np.ndarray, second: np.ndarray) -> int:
    """Number of spikes that moved by one step between two trains; fails if one moved further, or is missing."""
    order = [np.lexsort((train[:, 0], train[:, 1])) for train in (first, second)]
    one, other = first[order[0]], second[order[1]]
    np.testing.assert_array_equal(one[:, 1], other[:, 1])  # each neuron fires as often
    moved = np.abs(one[:, 0] - other[:, 0])
    assert moved.max(initial=0) <= 1
    return int(moved.sum())


class TestAgainstReference:
    # Float32 moves about one spike in a few thousand by a step, after which learning maps part. In these runs
    # no spike comes that close to the threshold.
    @pytest.mark.parametrize("skip", [False, True], ids=["stepping", "skipping"])
    @pytest.mark.parametrize("learn", [False, True], ids=["frozen", "learning"])
    @pytest.mark.parametrize(("D", "seed"), [(2, 0), (2, 1), (2, 2), (4, 1)])
    def test_same_spikes_and_weights(self, D, seed, learn, skip):
        currents, weights = samples(D, 10, seed)
        ours = run_kernel(currents, weights, learn=learn, skip=skip)
        spikes, w = run_reference(D, currents, weights, learn=learn)
        for population, expected in zip(ours.spikes, spikes, strict=True):
            np.testing.assert_array_equal(population, expected)
        assert min(len(population) for population in spikes) > 100
        np.testing.assert_allclose(ours.state.weights, w, atol=1e-5)
        if not learn:
            np.testing.assert_array_equal(ours.state.weights, weights)

    def test_spikes_of_frozen_maps_move_by_a_step_at_most(self):
        moved = total = 0
        for seed in range(4):
            currents, weights = samples(4, 5, seed)
            ours = run_kernel(currents, weights, learn=False, skip=False)
            spikes, _ = run_reference(4, currents, weights, learn=False)
            moved += sum(shifted(*trains) for trains in zip(ours.spikes, spikes, strict=True))
            total += sum(map(len, spikes))
        assert moved <= total / 1000

    def test_blanks_between_presentations(self):
        currents, weights = samples(2, 5, 3)
        ours = run_kernel(currents, weights, blank_ms=60.0)
        spikes, w = run_reference(2, currents, weights, learn=True, blank_ms=60.0)
        for population, expected in zip(ours.spikes, spikes, strict=True):
            np.testing.assert_array_equal(population, expected)
        np.testing.assert_allclose(ours.state.weights, w, atol=1e-5)
        assert ours.state.clock[0] == 5 * round(180.0 / DT)


class TestSkipping:
    @pytest.mark.parametrize("D", [2, 4, 9])
    @pytest.mark.parametrize("chosen", [PUBLISHED, RECOMMENDED], ids=["published", "recommended"])
    def test_frozen_maps_fire_the_same(self, chosen, D, record_property):
        rng = np.random.default_rng(D)
        encoder = chosen["encoder"].sized_for(D)
        points = encoder.low + rng.uniform(size=(20, D)) * (encoder.high - encoder.low)
        currents = encoder.encode(points)
        weights = rng.uniform(0.88, 1.32, (currents.shape[1], 100)).astype(np.float32)
        parts = network.MapParts(**{name: chosen[name] for name in network.MapParts._fields if name != "dt"}, dt=DT)
        disturbed = moved = total = 0
        for row in currents:  # each from rest: once an inhibitory spike has moved by rounding, all that follow it do
            stepping, skipping = (
                run_kernel(row[None], weights, parts, learn=False, profile=chosen["lateral"], skip=skip)
                for skip in (False, True)
            )
            moved_here = sum(shifted(*trains) for trains in zip(stepping.spikes, skipping.spikes, strict=True))
            disturbed += moved_here > 0
            moved += moved_here
            total += sum(map(len, stepping.spikes))
        record_property("moved_by_one_step", f"{moved} of {total}, in {disturbed} of {len(currents)} presentations")
        print(f"{moved} of {total} spikes moved by one step, in {disturbed} of {len(currents)} presentations")
        assert disturbed <= len(currents) / 10

    def test_a_learning_map_stays_the_same(self):
        """300 presentations: a spike that moves by a step may change who wins, but not what the map becomes."""
        currents, weights = samples(2, 300, 0)
        stepping = run_kernel(currents, weights, skip=False)
        skipping = run_kernel(currents, weights, skip=True)
        np.testing.assert_allclose(stepping.out.counts, skipping.out.counts, rtol=0.02)
        difference = np.abs(stepping.state.weights - skipping.state.weights)
        assert np.median(difference) < 0.02

    def test_rest_is_rest(self):
        """Without input nothing ever happens, and the clock runs on."""
        silent = run_kernel(np.zeros((3, 32)), samples(2, 1, 0)[1])
        assert silent.out.counts.tolist() == [0, 0, 0]
        assert silent.state.clock[0] == 3 * round(120.0 / DT)
        assert (silent.state.m_u == 0.0).all()

    def test_membranes_after_a_jump_are_those_of_stepping(self):
        currents, weights = samples(2, 1, 5)
        runs = [
            run_kernel(currents, weights, input_ms=31.0, blank_ms=45.0, learn=False, skip=skip)
            for skip in (False, True)
        ]
        for one, other in zip(runs[0].state, runs[1].state, strict=True):
            np.testing.assert_allclose(one, other, atol=2e-5)


def replay(rule: NearestNeighbourSTDP, weights: np.ndarray, run: Run) -> np.ndarray:
    """The rule as printed, pair by pair over spikes that are known, in float64."""
    w = weights.astype(np.float64)
    last_u: dict[int, int] = {}
    last_v: dict[int, int] = {}

    def pair(i: int, j: int, lag: float) -> None:
        """Spike of v minus spike of u, in ms."""
        if abs(lag - rule.shift) > rule.window + 1e-9:
            return
        if lag - rule.shift >= -1e-9:
            w[i, j] += rule.A_plus * np.exp(-w[i, j]) * (1 - 1 / rule.tau_plus) ** (lag - rule.shift)
            w[i, j] = min(w[i, j], rule.w_max)
        else:
            w[i, j] -= rule.A_minus * w[i, j] * (1 - 1 / rule.tau_minus) ** (rule.shift - lag)

    in_u, _, in_v = run.spikes
    events = [(step, 0, neuron) for step, neuron in in_u] + [(step, 1, neuron) for step, neuron in in_v]
    for step, is_v, neuron in sorted(events):
        if is_v:
            for i, earlier in last_u.items():
                pair(i, neuron, (step - earlier) * DT)
            last_v[neuron] = step
        else:
            for j, earlier in last_v.items():
                pair(neuron, j, (earlier - step) * DT)
            last_u[neuron] = step
    return w


class TestRule:
    @pytest.mark.parametrize(
        "rule",
        [
            NearestNeighbourSTDP(),
            NearestNeighbourSTDP(shift=0.6),
            NearestNeighbourSTDP(shift=0.6, A_minus=0.006),
            NearestNeighbourSTDP(shift=2.0, window=30.0),
            NearestNeighbourSTDP(shift=2.0, window=1.0),  # pairs too late by more than the window do not count
            NearestNeighbourSTDP(A_plus=0.5),  # reaches the bound
        ],
        ids=lambda rule: f"shift {rule.shift}, window {rule.window}, {rule.A_plus}, {rule.A_minus}",
    )
    def test_weights_follow_from_the_spikes(self, rule):
        currents, weights = samples(2, 2, 4)
        run = run_kernel(currents, weights[:, :20], map_parts(rule=rule), shape=(4, 5))
        assert len(run.spikes[2]) > 20
        np.testing.assert_allclose(run.state.weights, replay(rule, weights[:, :20], run), atol=1e-5)

    def test_weights_stay_within_bounds(self):
        rule = NearestNeighbourSTDP(A_plus=2.0, A_minus=1.0)
        currents, weights = samples(2, 10, 6)
        run = run_kernel(currents, weights, map_parts(rule=rule))
        assert run.state.weights.min() >= 0.0
        assert run.state.weights.max() <= rule.w_max * (1.0 + 1e-6)

    def test_drive_recovers_from_silence(self):
        """A presentation without an answer raises the gain by a tenth, others lower it by a fortieth to 1."""
        currents, weights = samples(2, 6, 0)
        currents[[1, 4]] = 0.0
        parts = map_parts(projection=PUBLISHED["projection"]._replace(recovery=0.1))
        expected = (1.1 * (1.0 - 0.025) ** 2) * 1.1 * (1.0 - 0.025)
        assert run_kernel(currents, weights, parts).state.gain[0] == pytest.approx(expected)
        assert run_kernel(currents[[0, 1, 0, 0, 0, 0, 0]], weights, parts).state.gain[0] == 1.0
        assert run_kernel(np.zeros((100, 32), np.float32), weights, parts).state.gain[0] == 10.0
        assert run_kernel(currents, weights, parts, learn=False).state.gain[0] == 1.0
        assert run_kernel(currents, weights).state.gain[0] == 1.0

    def test_no_rule_no_change(self):
        currents, weights = samples(2, 2, 0)
        run = run_kernel(currents, weights, map_parts(rule=NearestNeighbourSTDP(A_plus=0.0, A_minus=0.0)))
        np.testing.assert_array_equal(run.state.weights, weights)


class TestRowsThatLearnWhenUsed:
    """As from columns that are changed at once, to the last bit; test_open_parts.py has a rule of one's own."""

    # 9 and 20 neurons are few and many to learn from in one go; 30 inputs do not make whole groups.
    @pytest.mark.parametrize("remembered", [1, 3, 1000])
    @pytest.mark.parametrize(("n_u", "shape"), [(32, (3, 3)), (30, (4, 5)), (32, (10, 10))])
    @pytest.mark.parametrize(
        "rule",
        [
            NearestNeighbourSTDP(),
            NearestNeighbourSTDP(shift=0.6),
            NearestNeighbourSTDP(shift=2.0, window=1.0),
            NearestNeighbourSTDP(A_plus=2.0, A_minus=1.0, shift=0.6),  # reaches both bounds
        ],
        ids=lambda rule: f"shift {rule.shift}, window {rule.window}, {rule.A_plus}, {rule.A_minus}",
    )
    def test_same_state(self, rule, n_u, shape, remembered):
        currents, weights = samples(2, 6, 7)
        currents, weights = currents[:, :n_u].copy(), weights[:n_u, : shape[0] * shape[1]].copy()
        currents[:, -1] = 0.0  # never fires
        parts = map_parts(rule=rule)
        now, later = (
            run_kernel(currents, weights, parts, shape=shape, blank_ms=7.0, remembered=n) for n in (0, remembered)
        )
        for one, other in zip(now.state, later.state, strict=True):
            np.testing.assert_array_equal(one, other)
        for one, other in zip(now.spikes, later.spikes, strict=True):
            np.testing.assert_array_equal(one, other)
        assert len(now.spikes[2]) > 20
        assert (now.state.weights != weights).any()
        if rule.A_minus == 1.0 and rule.A_plus == 2.0:
            assert now.state.weights.min() < 0.01
            assert now.state.weights.max() == pytest.approx(rule.w_max)

    def test_chunks_and_files_do_not_matter(self, monkeypatch, tmp_path):
        """In pieces of any length, and saved between them, as in one, with large maps and small ones alike."""
        points = np.random.default_rng(5).random((12, 3))

        def fresh() -> tectum.SpikingSOM:
            return tectum.SpikingSOM((5, 5), dt=0.1, random_state=3).partial_fit(points[:4])

        at_once = fresh().partial_fit(points[4:])
        monkeypatch.setattr(network, "LARGE", 0)
        whole = fresh().partial_fit(points[4:])
        pieces = fresh().partial_fit(points[4:5]).partial_fit(points[5:6])
        pieces.save(tmp_path / "map.tectum")
        pieces = tectum.load(tmp_path / "map.tectum").partial_fit(points[6:])
        for som in (whole, pieces):
            np.testing.assert_array_equal(som.weights_, at_once.weights_)
            np.testing.assert_array_equal(som.spike_counts_, at_once.spike_counts_)
        assert at_once.spike_counts_[2] > 50


class TestSpikes:
    def test_events_beyond_the_capacity_are_counted_only(self):
        currents, weights = samples(2, 2, 0)
        whole = run_kernel(currents, weights)
        cut = run_kernel(currents, weights, capacity=50)
        np.testing.assert_array_equal(cut.out.counts, whole.out.counts)
        assert cut.out.n_events.tolist() == [50, min(50, len(whole.spikes[1])), 50]
        for some, everything in zip(cut.spikes, whole.spikes, strict=True):
            np.testing.assert_array_equal(some, everything[: len(some)])
        nothing = run_kernel(currents, weights, capacity=0)
        np.testing.assert_array_equal(nothing.out.counts, whole.out.counts)
        np.testing.assert_array_equal(nothing.state.weights, whole.state.weights)

    def test_first_spikes_are_those_of_the_events(self):
        currents, weights = samples(2, 4, 1)
        run = run_kernel(currents, weights, learn=False)
        n_steps = round(120.0 / DT)
        expected = np.full((4, 100), np.inf)
        for step, neuron in run.spikes[2]:
            m, since_onset = divmod(step, n_steps)
            expected[m, neuron] = min(expected[m, neuron], since_onset)
        silent = run.out.first_v < 0.0
        np.testing.assert_array_equal(silent, np.isinf(expected))
        share = (run.out.first_v - expected)[~silent]  # of the step before the crossing
        assert (share > 0.0).all()
        assert (share <= 1.0).all()

    def test_record_is_the_same_run(self):
        currents, weights = samples(2, 3, 2)
        parts = map_parts()
        circuit = network.build_circuit(parts, 32, DifferenceOfGaussians(), Grid(10, 10), X)
        learned = network.rest_state(weights)
        trains, traces = network.record(circuit, learned, currents.astype(np.float32), parts, 120.0, 10)
        run = run_kernel(currents, weights, learn=False)
        for name, population in zip("uhv", run.spikes, strict=True):
            train: SpikeTrain = trains[name]
            assert shifted(np.stack([np.rint(train.time_ms / DT).astype(int), train.neuron], axis=1), population) == 0
            np.testing.assert_array_equal(train.presentation, population[:, 0] // round(120.0 / DT))
        assert {name: len(trace) for name, trace in traces.items()} == {"time_ms": 720, "m_h": 720, "y_h": 720}
        assert traces["y_h"].max() > 1.0

    def test_record_has_room_for_large_inputs(self):
        """20,000 inputs fire more often than 64 times per long step on average."""
        parts = map_parts(dt=0.2)
        circuit = network.build_circuit(parts, 20_000, DifferenceOfGaussians(), Grid(1, 2), X)
        learned = network.rest_state(np.full((20_000, 2), 1.1, np.float32))
        trains, _ = network.record(circuit, learned, np.full((1, 20_000), 0.95, np.float32), parts, 900.0, 0)
        assert len(trains["u"]) > 20 * 20_000


class TestCircuit:
    def test_kept_circuits_tell_types_apart(self):
        """Named tuples are equal where their values are, whatever their type."""

        class Profile(NamedTuple):
            W: float = 0.15
            a: float = 3.0
            b: float = 3.0
            growth: float = 0.0
            reference: float = 8.0

        assert Profile() == DifferenceOfGaussians()
        network.build_circuit(map_parts(), 32, DifferenceOfGaussians(), Grid(2, 2), X)
        with pytest.raises(TypeError, match="got Profile"):
            network.build_circuit(map_parts(), 32, Profile(), Grid(2, 2), X)

    def test_initial_weights_depend_on_seed_and_place_only(self):
        projection = PUBLISHED["projection"]
        few = network.initial_weights(projection, 3, 5, np.uint64(1))
        many = network.initial_weights(projection, 30, 5, np.uint64(1))
        np.testing.assert_array_equal(few, many[:3])
        assert (few != network.initial_weights(projection, 3, 5, np.uint64(2))).all()
        assert projection.w_low <= many.min() < many.max() < projection.w_high


def test_learning_allocates_nothing_per_step():
    """Besides the first spikes of each presentation, memory does not grow with the time that is simulated."""
    peaks = []
    for n_presentations in (5, 50):
        currents, weights = samples(2, n_presentations, 0)
        circuit = network.build_circuit(map_parts(), 32, DifferenceOfGaussians(), Grid(10, 10), X)
        state = network.rest_state(weights)
        currents = currents.astype(np.float32)
        network.learn(circuit, state, currents[:1], map_parts())
        tracemalloc.start()
        network.learn(circuit, state, currents, map_parts())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 45 * 100 * 4 + 20_000
    assert peaks[1] < 200_000


def short_runs() -> list[Any]:
    """Spikes and a digest of the whole state after presentations of 60 ms to a small map, stepping and skipping."""
    found: list[Any] = []
    currents, weights = samples(2, 3, 8, n=8)
    currents[1] = 0.0
    projection = PUBLISHED["projection"]._replace(recovery=0.1)
    parts = map_parts(0.1, rule=NearestNeighbourSTDP(shift=0.6), projection=projection)
    settings = {"shape": (5, 4), "input_ms": 60.0, "blank_ms": 5.0, "capacity": 2000}
    for skip, remembered in ((False, 0), (True, 0), (True, 4)):
        run = run_kernel(currents, weights[:, :20], parts, skip=skip, remembered=remembered, **settings)
        digest = hashlib.sha256(b"".join(array.tobytes() for array in (*run.state, run.out.first_v))).hexdigest()
        assert min(len(population) for population in run.spikes) > 0
        found += [[population.tolist() for population in run.spikes], digest]
    return found
