"""The equations: each against its closed form, for convergence with the time step, and for what it must never do.

Nothing here needs compiled code: with ``NUMBA_DISABLE_JIT=1`` the same tests see the equations as plain Python.
"""

import math

import numpy as np
import pytest
import reference
from hypothesis import given, settings, strategies as st

from tectum.core.kernel import kernel
from tectum.core.maths import exp_negative
from tectum.parts import (
    LIF,
    CircularGaussian,
    ConstantRadius,
    DecayingRadius,
    DifferenceOfGaussians,
    Grid,
    NearestNeighbourSTDP,
    NearExcitation,
    PlasticitySpread,
    Synapse,
)
from tectum.parts.lateral import lateral_table, lateral_weight, radius
from tectum.parts.neurons import crosses, crossing_delay, membrane
from tectum.parts.plasticity import depress, potentiate
from tectum.parts.steps import discretise
from tectum.parts.synapses import filter_current

ZERO, ONE = np.float32(0.0), np.float32(1.0)
DTS = (0.2, 0.1, 0.05, 0.025)  # ms


def order_of_convergence(errors: list[float]) -> float:
    """Slope of log error over log dt where dt is halved from one error to the next."""
    return float(np.mean(np.log2(np.array(errors[:-1]) / np.array(errors[1:]))))


@kernel
def steps_to_spike(p, I, most):
    """Steps until a neuron at rest fires under constant current; `most` if it does not."""
    v = ZERO
    for step in range(most):
        v = membrane(p, v, I)
        if crosses(p, v, ZERO):
            return step + 1
    return most


@kernel
def trace_of_membrane(p, I, v):
    """Membrane under currents I (n_steps,); OUT v (n_steps,)."""
    m = ZERO
    for step in range(I.shape[0]):
        m = membrane(p, m, I[step])
        v[step] = m


@kernel
def trace_of_synapse(p, w, y):
    """Current after a spike of weight w at step 0; OUT y (n_steps,)."""
    s, current = w, ZERO
    for step in range(y.shape[0]):
        s, current = filter_current(p, s, current)
        y[step] = current


class TestMembrane:
    @pytest.mark.parametrize("dt", DTS)
    @pytest.mark.parametrize("tau_m", [0.5, 1.0, 5.0])
    def test_constant_current_in_closed_form(self, dt, tau_m):
        I = np.full(round(20.0 / dt), 0.8, np.float32)
        v = np.zeros_like(I)
        trace_of_membrane(discretise(LIF(tau_m=tau_m), dt), I, v)
        t = dt * np.arange(1, len(I) + 1)
        np.testing.assert_allclose(v, 0.8 * (1.0 - np.exp(-t / tau_m)), rtol=2e-4)

    def test_varying_current_converges_with_dt(self):
        """tau dv/dt = -v + cos(omega t); the current is taken at the end of a step, so the order is one."""
        tau, omega, end = 5.0, 0.5, 10.0
        exact = (np.cos(omega * end) + omega * tau * np.sin(omega * end) - np.exp(-end / tau)) / (
            1 + (omega * tau) ** 2
        )
        errors = []
        for dt in DTS:
            t = dt * np.arange(1, round(end / dt) + 1)
            v = np.zeros(len(t), np.float32)
            trace_of_membrane(discretise(LIF(tau_m=tau), dt), np.cos(omega * t).astype(np.float32), v)
            errors.append(abs(v[-1] - exact))
        assert errors[-1] < 5e-3
        assert order_of_convergence(errors) == pytest.approx(1.0, abs=0.2)

    def test_time_of_the_spike_in_closed_form(self):
        tau, theta, I = 5.0, 0.5, 0.9
        exact = tau * math.log(I / (I - theta))
        late = [steps_to_spike(discretise(LIF(tau, theta), dt), np.float32(I), 10_000) * dt - exact for dt in DTS]
        assert all(-1e-4 <= delay <= dt + 1e-4 for delay, dt in zip(late, DTS, strict=True))

    @given(
        v=st.floats(-1, 1, width=32), I=st.floats(-2, 2, width=32), tau_m=st.floats(0.1, 20), dt=st.sampled_from(DTS)
    )
    @settings(deadline=None, max_examples=100)
    def test_stays_between_itself_and_its_current(self, v, I, tau_m, dt):
        after = membrane(discretise(LIF(tau_m=tau_m), dt), np.float32(v), np.float32(I))
        assert min(v, I) - 1e-6 <= after <= max(v, I) + 1e-6

    def test_threshold_is_exclusive(self):
        p = discretise(LIF(v_th=0.5, v_reset=-0.5), 0.1)
        assert not crosses(p, np.float32(0.5), ZERO)
        assert crosses(p, np.nextafter(np.float32(0.5), ONE), ZERO)
        assert not crosses(p, p.v_reset, ZERO)

    def test_no_spike_below_rheobase(self):
        p = discretise(LIF(tau_m=1.0, v_th=1.0, v_reset=0.0), 0.1)
        assert steps_to_spike(p, np.float32(0.999), 5000) == 5000
        assert steps_to_spike(p, np.float32(1.01), 5000) < 5000

    @pytest.mark.parametrize("dt", DTS)
    def test_share_of_the_step_before_the_crossing(self, dt):
        """Together with the whole steps it gives the time of the spike to second order."""
        tau, theta, I = 5.0, 0.5, np.float32(0.9)
        p = discretise(LIF(tau, theta), dt)
        n = steps_to_spike(p, I, 10_000)
        v = ZERO
        for _ in range(n):
            v = membrane(p, v, I)
        share = crossing_delay(p, v, I)
        exact = tau * math.log(I / (I - theta))
        assert 0.0 < share <= 1.0
        assert (n - 1 + share) * dt == pytest.approx(exact, abs=0.1 * dt**2 + 1e-4)


class TestSynapse:
    """tau_r = 0.2, tau_f = 1 in closed form: w tau_r/(tau_f - tau_r) (exp(-t/tau_f) - exp(-t/tau_r))."""

    @staticmethod
    def current(synapse: Synapse, dt: float, end: float, w: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
        """Times and current of a spike at time 0."""
        y = np.zeros(round(end / dt), np.float32)
        trace_of_synapse(discretise(synapse, dt), np.float32(w), y)
        return dt * np.arange(1, len(y) + 1), y

    def test_converges_to_the_closed_form(self):
        r, f = 0.4, 2.0
        errors = []
        for dt in DTS:
            t, y = self.current(Synapse(r, f), dt, 10.0)
            errors.append(np.abs(y - 1.5 * r / (f - r) * (np.exp(-t / f) - np.exp(-t / r))).max())
        assert errors[-1] < 0.02
        assert order_of_convergence(errors) == pytest.approx(1.0, abs=0.2)

    @pytest.mark.parametrize("synapse", [Synapse(), Synapse(0.4, 2.0), Synapse(1.0, 5.0), Synapse(0.5, 0.5)], ids=str)
    def test_area_is_weight_times_rise(self, synapse):
        areas = [dt * self.current(synapse, dt, 60.0)[1].sum(dtype=np.float64) for dt in DTS]
        exact = 1.5 * synapse.tau_r
        # stepping sums the decaying s at the start of each step: a geometric series, exact for each dt
        series = [1.5 * dt / -math.expm1(-dt / synapse.tau_r) for dt in DTS]
        np.testing.assert_allclose(areas, series, rtol=1e-3)
        assert order_of_convergence([abs(area - exact) for area in areas]) == pytest.approx(1.0, abs=0.2)

    @given(s=st.floats(-9, 9, width=32), y=st.floats(-9, 9, width=32), r=st.floats(0.05, 5), f=st.floats(0.05, 9))
    @settings(deadline=None, max_examples=100)
    def test_stays_between_its_states(self, s, y, r, f):
        after_s, after_y = filter_current(discretise(Synapse(r, f), 0.05), np.float32(s), np.float32(y))
        assert min(s, y) - 1e-5 <= after_y <= max(s, y) + 1e-5
        assert abs(after_s) <= abs(s)
        assert after_s * s >= 0.0

    def test_rest_is_rest(self):
        assert filter_current(discretise(Synapse(), 0.1), ZERO, ZERO) == (0.0, 0.0)


class TestExponential:
    def test_relative_error(self):
        x = np.linspace(0.0, 4.0, 4001, dtype=np.float32)
        values = np.array([exp_negative(one) for one in x], dtype=np.float64)
        assert np.abs(values / np.exp(-x.astype(np.float64)) - 1.0).max() < 1e-5
        few = x <= 2.2
        assert np.abs(values[few] / np.exp(-x[few].astype(np.float64)) - 1.0).max() < 2e-6
        assert (np.diff(values) < 0.0).all()
        assert values[0] == 1.0

    def test_keeps_float32(self):
        assert type(exp_negative(np.float32(1.0))) in (np.float32, float)  # a kernel returns Python's float
        assert np.float32(exp_negative(np.float32(1.0))) == exp_negative(np.float32(1.0))


def change_of_pair(rule: NearestNeighbourSTDP, w: float, lag_steps: int, dt: float) -> float:
    """Change of a weight by one pair, spike of v minus spike of u in steps, through the laws and the memory tables."""
    p = discretise(rule, dt)
    shifted = lag_steps - int(p.shift)
    table = p.memory_plus if shifted >= 0 else p.memory_minus
    if abs(shifted) >= len(table):
        return 0.0
    return float((potentiate if shifted >= 0 else depress)(p, np.float32(w), table[abs(shifted)])) - w


class TestSTDP:
    @pytest.mark.parametrize("shift", [0.0, 0.6])
    @pytest.mark.parametrize("w", [0.1, 1.1, 2.0])
    def test_window_is_the_printed_equation(self, w, shift):
        rule, dt = NearestNeighbourSTDP(shift=shift), 0.1
        for steps in range(-1250, 1251):
            lag = steps * dt
            if lag >= shift - 1e-9:
                expected = 0.0048 * math.exp(-w) * (1.0 - 1.0 / 11.0) ** (lag - shift)
            else:
                expected = -0.0165 * w * (1.0 - 1.0 / 10.0) ** (shift - lag)
            if abs(lag - shift) > 120.0 + 1e-9:
                expected = 0.0
            assert change_of_pair(rule, w, steps, dt) == pytest.approx(expected, abs=3e-7)

    @pytest.mark.parametrize("shift", [0.0, 0.6])
    def test_window_does_not_depend_on_dt(self, shift):
        rule = NearestNeighbourSTDP(shift=shift)
        for lag in (-20.0, -1.0, 0.0, 0.4, 0.6, 1.0, 20.0):
            changes = [change_of_pair(rule, 1.1, round(lag / dt), dt) for dt in DTS]
            np.testing.assert_allclose(changes, changes[-1], atol=3e-7)

    def test_memories_fade_from_one(self):
        p = discretise(NearestNeighbourSTDP(), 0.1)
        for memory, tau in ((p.memory_plus, 11.0), (p.memory_minus, 10.0)):
            assert memory[0] == 1.0
            assert (np.diff(memory) < 0.0).all()
            assert len(memory) == 1201
            assert memory[10] == pytest.approx(1.0 - 1.0 / tau, rel=1e-6)  # after 1 ms

    @given(
        w=st.floats(0, 2.2000000476837158, width=32),
        A_plus=st.floats(0, 10),
        A_minus=st.floats(0, 1),
        memory=st.floats(0, 1, width=32),
    )
    @settings(deadline=None, max_examples=100)
    def test_weights_stay_within_bounds(self, w, A_plus, A_minus, memory):
        p = discretise(NearestNeighbourSTDP(A_plus=A_plus, A_minus=A_minus), 0.1)
        w, memory = np.float32(w), np.float32(memory)
        assert w <= potentiate(p, w, memory) <= p.w_max
        assert 0.0 <= depress(p, w, memory) <= w

    def test_soft_bounds_meet_where_predicted(self):
        """An input that leads by 1 ms with a period of 39 ms settles where potentiation and depression cancel."""
        p = discretise(NearestNeighbourSTDP(), 0.1)
        w = np.float32(1.1)
        for _ in range(20_000):
            w = np.float32(depress(p, w, p.memory_minus[380]))
            w = np.float32(potentiate(p, w, p.memory_plus[10]))
        balance = 0.0165 * 0.9**38 / (0.0048 * (1.0 - 1.0 / 11.0))
        assert math.exp(-w) / w == pytest.approx(balance, rel=0.01)
        assert 1.9 < w < 2.1


class TestLateralProfile:
    @pytest.mark.parametrize("kind", [NearExcitation, PlasticitySpread])
    def test_gaussian_up_to_three_radii(self, kind):
        p = kind(W=0.5)
        assert [lateral_weight(p, d, 2.0) for d in (0.0, 2.0, 6.0)] == pytest.approx(
            [0.5, 0.5 * math.exp(-0.5), 0.5 * math.exp(-4.5)]
        )
        assert lateral_weight(p, 6.01, 2.0) == 0.0

    @pytest.mark.parametrize("X", [1.0, 3.0, 8.0])
    @pytest.mark.parametrize("growth", [0.0, 2.0])
    def test_closed_form(self, X, growth):
        p = DifferenceOfGaussians(W=0.2, a=2.0, b=1.5, growth=growth, reference=4.0)
        for d in (0.0, 1.0, math.sqrt(2.0), 5.0):
            near, around = math.exp(-(d**2) / (2 * X**2)), math.exp(-(d**2) / (2 * (1.5 * X) ** 2))
            expected = 0.2 * (4.0 / X) ** growth * (3.0 * near - 2.0 * around)
            assert lateral_weight(p, d, X) == pytest.approx(expected, rel=1e-12)

    def test_peak(self):
        assert lateral_weight(DifferenceOfGaussians(), 0.0, 8.0) == pytest.approx(0.15)
        assert lateral_weight(DifferenceOfGaussians(), 0.0, 2.0) == pytest.approx(0.15)

    @pytest.mark.parametrize("X", [1.5, 3.0, 8.0])
    def test_zero_crossing(self, X):
        """K = 0 at d = X sqrt(2 ln((1+a)/a) / (1 - 1/b^2)), which is 0.80 X for a = b = 3."""
        p = DifferenceOfGaussians()
        crossing = X * math.sqrt(2.0 * math.log(4.0 / 3.0) / (1.0 - 1.0 / 9.0))
        assert crossing == pytest.approx(0.80 * X, rel=0.01)
        assert lateral_weight(p, crossing, X) == pytest.approx(0.0, abs=1e-12)
        assert lateral_weight(p, 0.99 * crossing, X) > 0.0 > lateral_weight(p, 1.01 * crossing, X)

    def test_growth_keeps_the_area(self):
        """growth = 2: integral of K(d) 2 pi d over the plane does not depend on the radius."""
        d = np.linspace(0.0, 200.0, 40_001)
        p = DifferenceOfGaussians(b=3.0, growth=2.0)
        areas = [np.trapezoid([lateral_weight(p, one, X) * one for one in d.tolist()], d) for X in (2.0, 4.0, 8.0)]
        np.testing.assert_allclose(areas, areas[0], rtol=1e-4)

    def test_infinite_width_is_uniform_inhibition(self):
        p = DifferenceOfGaussians(a=3.0, b=math.inf)
        assert lateral_weight(p, 1000.0, 2.0) == pytest.approx(-0.15 * 3.0)

    def test_table_of_offsets(self):
        """Each neuron's weights are a window of it."""
        rows, columns = 4, 5
        K = lateral_table(DifferenceOfGaussians(), Grid(rows, columns), 3.0)
        assert K.dtype == np.float32
        assert K.shape == (7, 9)
        assert K[rows - 1, columns - 1] == 0.0
        windows = [
            K[rows - 1 - row : 2 * rows - 1 - row, columns - 1 - column : 2 * columns - 1 - column].ravel()
            for row in range(rows)
            for column in range(columns)
        ]
        np.testing.assert_allclose(windows, reference.lateral_profile((rows, columns), X=3.0), atol=1e-7)


class TestRadius:
    DECAY = DecayingRadius(start=8.0, end=1.5, half=0.6, n=2.0, updates=20)

    @pytest.mark.parametrize("progress", [0.0, 0.5, 1.0, 3.0])
    def test_constant(self, progress):
        assert radius(ConstantRadius(2.5), progress) == 2.5

    def test_schedule_is_the_printed_equation(self):
        for stretch in range(20):
            t = stretch / 20
            expected = reference.radius(t, 8.0, 1.5, 2.0, 0.6)
            assert radius(self.DECAY, t) == pytest.approx(expected, rel=1e-12)
            assert radius(self.DECAY, t + 0.049) == radius(self.DECAY, t)

    @pytest.mark.parametrize("n", [1.0, 2.0, 5.0])
    def test_half_power_point(self, n):
        """At t = T the radius has lost 1/sqrt2 of the way: half of it, squared."""
        p = DecayingRadius(start=8.0, end=2.0, half=0.5, n=n, updates=20)
        assert ((8.0 - radius(p, 0.5)) / 6.0) ** 2 == pytest.approx(0.5, rel=1e-9)

    def test_falls_and_stays(self):
        values = [radius(self.DECAY, progress) for progress in np.linspace(0.0, 2.0, 400)]
        assert values[0] == 8.0
        assert (np.diff(values) <= 0.0).all()
        assert min(values) > 1.5
        assert radius(self.DECAY, 1.0) == radius(self.DECAY, 7.0) == radius(self.DECAY, 0.95)

    @given(planned=st.integers(1, 30_000), updates=st.integers(1, 200))
    @settings(deadline=None, max_examples=200)
    def test_changes_at_the_presentation_that_whole_numbers_give(self, planned, updates):
        """Rounding of seen / planned must not move a change to the next presentation."""
        p = DecayingRadius(start=8.0, end=1.0, half=0.4, updates=updates)
        for stretch in range(1, updates):
            first = -(-stretch * planned // updates)
            reached = first * updates // planned  # more than `stretch` where there are more updates than presentations
            assert radius(p, first / planned) == radius(p, min(reached, updates - 1) / updates)


class TestGrid:
    def test_row_major(self):
        assert Grid(2, 3).positions().tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
        assert Grid(2, 3).n_neurons == 6


class TestPopulationCode:
    def test_centres(self):
        np.testing.assert_allclose(CircularGaussian().centres(), np.linspace(0.05, 0.95, 16))
        even = CircularGaussian(n_units=8, first=None).centres()
        np.testing.assert_allclose(np.diff(even), 1.0 / 8.0)
        assert even[0] + 1.0 - even[-1] == pytest.approx(1.0 / 8.0)  # even across the seam of the ring
        with pytest.raises(ValueError, match=r"n_units must be a number here; choose one with sized_for"):
            CircularGaussian(n_units=None).centres()

    def test_currents_are_the_printed_equation(self):
        x = np.random.default_rng(0).uniform(0.0, 1.0, (50, 3))
        currents = CircularGaussian().encode(x)
        expected = np.array([reference.receptive_fields(row) for row in x])
        np.testing.assert_allclose(currents, expected, rtol=1e-6)
        assert currents.dtype == np.float32
        assert currents.shape == (50, 48)
        assert currents.min() >= math.exp(-0.25 / (2 * 0.36)) - 1e-6
        assert currents.max() <= 1.0

    def test_ends_of_the_ring_are_one_point(self):
        code = CircularGaussian()
        np.testing.assert_allclose(code.encode(np.array([[0.0]])), code.encode(np.array([[1.0]])))

    @given(
        position=st.floats(0.0, 1.0, exclude_max=True),
        n_units=st.integers(3, 40),
        sigma=st.floats(0.15, 0.6),
    )
    @settings(deadline=None, max_examples=100)
    def test_decodes_what_it_encodes(self, position, n_units, sigma):
        """Weights that copy the currents of a point prefer that point; exact but for the number of units."""
        code = CircularGaussian(n_units=n_units, first=None, sigma=sigma)
        weights = code.encode(np.array([[position, 0.3]])).T
        found = code.decode(weights)[0]
        distance = np.abs(found - [position, 0.3])
        assert np.minimum(distance, 1.0 - distance).max() < 1.0 / n_units**2
        assert (found >= 0.0).all()
        assert (found < 1.0).all()

    def test_decode_is_the_circular_mean(self):
        w = np.random.default_rng(1).uniform(0.0, 2.2, (48, 20)).astype(np.float32)
        np.testing.assert_allclose(CircularGaussian().decode(w), reference.decode(w.astype(float), 16, 3), atol=1e-12)

    def test_decode_without_weights(self):
        assert np.isnan(CircularGaussian().decode(np.zeros((32, 2), np.float32))).all()

    def test_units_that_the_input_size_allows(self):
        sizes = [1, 4, 32, 100, 784, 5000, 60_000]
        units = [CircularGaussian(n_units=None).sized_for(n_features).n_units for n_features in sizes]
        assert units == sorted(units, reverse=True)
        assert units[0] == 32
        assert units[-1] == 4
        # four units per feature, or an input layer of one size; a presentation costs as much as it has neurons
        assert all(n == 4 or n * n_features <= 4096 for n, n_features in zip(units, sizes, strict=True))
        assert [CircularGaussian(n_units=16).sized_for(n_features).n_units for n_features in sizes] == [16] * 7
