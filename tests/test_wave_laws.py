"""Equations of waves and of learning between sheets: closed forms, steps of any length, invariants."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tectum.engine.sheets import wires
from tectum.parts import (
    DynamicThresholdLIF,
    FieldHebb,
    FieldNeighbourhood,
    FixedNeighbourhood,
    KWinners,
    MeanNorm,
    RangeNorm,
    RingKernel,
    Sheet,
    SpikeCounts,
    WaveHebb,
    WinnerDrive,
)
from tectum.parts.field_learning import contrast_gain, is_seen, moved_weight, winner_rate
from tectum.parts.neurons import adapt, membrane, opposed, threshold
from tectum.parts.norms import needs_range, norm_factor, trim
from tectum.parts.spike_counts import relative_drive, spike_chance
from tectum.parts.steps import discretise
from tectum.parts.wave_learning import (
    KWinnersStep,
    excess,
    growth,
    raised_threshold,
    rank,
    reach,
    rescued_threshold,
    uptake,
)
from tectum.parts.waves import RingStep, lateral_input

f32 = np.float32
potentials = st.floats(-100.0, 100.0, width=32)


def after(law, p, x: float, *others, steps: int) -> float:
    x = f32(x)
    for _ in range(steps):
        x = law(p, x, *others)
    return float(x)


class TestNeuron:
    def test_path_under_a_constant_input(self):
        """v(t) = u tau (1 - exp(-t / tau)) from rest."""
        p = discretise(DynamicThresholdLIF(tau_m=2.0), 0.1)
        expected = 3.0 * 2.0 * (1.0 - math.exp(-5.0 / 2.0))
        assert after(membrane, p, 0.0, f32(3.0), steps=50) == pytest.approx(expected, rel=1e-5)

    def test_recovery_of_the_threshold(self):
        p = discretise(DynamicThresholdLIF(tau_th=60.0), 0.1)
        assert after(adapt, p, 10.0, f32(0.0), False, steps=600) == pytest.approx(1.0 + 9.0 / math.e, rel=1e-4)

    def test_climb_while_firing(self):
        p = discretise(DynamicThresholdLIF(theta_plus=9.0), 0.1)
        assert after(adapt, p, 1.0, f32(0.0), True, steps=10) == pytest.approx(10.0, rel=1e-6)

    @given(v=potentials, u=potentials)
    def test_two_halves_of_a_step(self, v, u):
        """Exact solutions do not depend on the step."""
        whole, half = (discretise(DynamicThresholdLIF(), dt) for dt in (0.1, 0.05))
        once, twice = after(membrane, whole, v, f32(u), steps=1), after(membrane, half, v, f32(u), steps=2)
        assert once == pytest.approx(twice, rel=1e-4, abs=1e-4)
        for fired in (False, True):
            once, twice = (after(adapt, p, v, f32(0.0), fired, steps=n) for p, n in ((whole, 1), (half, 2)))
            assert once == pytest.approx(twice, rel=1e-4, abs=1e-4)

    @given(theta=st.floats(1.0, 1000.0, width=32))
    def test_the_threshold_stays_above_its_rest(self, theta):
        p = discretise(DynamicThresholdLIF(), 0.1)
        assert 1.0 <= adapt(p, f32(theta), f32(0.0), False) <= f32(theta)
        assert adapt(p, f32(1.0), f32(0.0), False) == 1.0

    def test_fatigue_is_the_threshold(self):
        p = discretise(DynamicThresholdLIF(), 0.1)
        assert threshold(p, f32(3.5)) == 3.5
        assert opposed(p, f32(3.5)) == 0.0

    def test_noise_is_held_for_whole_steps(self):
        assert discretise(DynamicThresholdLIF(noise_ms=1.0), 0.1).hold == 10
        assert discretise(DynamicThresholdLIF(noise_ms=0.01), 0.1).hold == 1


class TestProfile:
    def test_input(self):
        assert lateral_input(RingStep(f32(16.0), f32(3.0)), f32(2.0), f32(0.5)) == pytest.approx(30.5)

    @pytest.mark.parametrize("part", [RingKernel(density=4.0), WinnerDrive(16.0, 3.0, density=4.0)])
    def test_strength_follows_density(self, part):
        assert part.strengths(4.0) == (16.0, 3.0)
        assert part.strengths(1.0) == (64.0, 12.0)
        assert part._replace(density=None).strengths(1.0) == (16.0, 3.0)


class TestCompetition:
    @pytest.mark.parametrize(
        ("k", "n", "winners"), [(1, 300, 1), (40, 400, 40), (0.1, 300, 30), (0.01, 50, 2), (9, 4, 4)]
    )
    def test_number(self, k, n, winners):
        assert KWinners(k).number(n) == winners

    def test_excess_and_rank(self):
        p = KWinnersStep(np.int64(1), np.int64(4), False)
        assert excess(p, f32(5.0), f32(2.0)) == 3.0
        assert excess(p, f32(1.0), f32(2.0)) == 0.0
        assert rank(p, f32(3.0), f32(3.0)) == 1.0
        assert rank(p, f32(1.5), f32(3.0)) == 2.0**-4
        assert rank(p._replace(power=np.int64(0)), f32(1.5), f32(3.0)) == 1.0


class TestLearning:
    def test_rules(self):
        by_excess, by_spikes = (discretise(WaveHebb(0.5, 0.2, post), 0.1) for post in ("excess", "spikes"))
        assert growth(by_excess, f32(4.0), f32(0.5), False) == pytest.approx(0.2)
        assert growth(by_excess, f32(0.0), f32(1.0), True) == 0.0
        assert growth(by_spikes, f32(4.0), f32(1.0), False) == 0.0
        assert growth(by_spikes, f32(0.0), f32(1.0), True) == pytest.approx(0.05)
        assert growth(by_spikes, f32(0.0), f32(0.5), True) == pytest.approx(0.025)
        for p in (by_excess, by_spikes):
            assert raised_threshold(p, f32(1.0), f32(4.0)) == pytest.approx(1.08)

    @pytest.mark.parametrize("post", ["excess", "spikes"])
    def test_rescue(self, post):
        """Units with fewer wins get a share of their largest input; those with as many keep their threshold."""
        p = discretise(WaveHebb(post=post, fewest=200.0, rescue=0.2), 1.0)
        assert rescued_threshold(p, f32(70.0), f32(199.0), f32(30.0)) == pytest.approx(6.0)
        assert rescued_threshold(p, f32(70.0), f32(200.0), f32(30.0)) == 70.0

    @given(mean=st.floats(0.0625, 100.0, width=32), span=st.floats(0.0625, 100.0, width=32))
    def test_normalisers_reach_their_aim(self, mean, span):
        assert f32(mean) * norm_factor(MeanNorm(2.5), f32(mean), f32(span)) == pytest.approx(2.5, rel=1e-5)
        assert f32(span) * norm_factor(RangeNorm(10.0), f32(mean), f32(span)) == pytest.approx(10.0, rel=1e-5)
        assert norm_factor(RangeNorm(10.0), f32(mean), f32(0.0)) == 1.0
        assert (needs_range(MeanNorm()), needs_range(RangeNorm())) == (False, True)


class TestNeighbourhood:
    def test_path_to_a_field(self):
        """R(t) = R_1 + (R_0 - R_1) exp(-t / tau) for a field that stays as it is."""
        p = discretise(FieldNeighbourhood(widest=0.9, tau=1000.0), 100.0)
        expected = 0.45 + (0.9 - 0.45) * math.exp(-2.0)
        assert after(reach, p, 0.9, f32(0.5), f32(300.0), steps=20) == pytest.approx(expected, rel=1e-5)

    @given(field=st.floats(f32(0.001).item(), 1.0, width=32))
    def test_between_nothing_and_the_widest(self, field):
        p = discretise(FieldNeighbourhood(), 100.0)
        assert 0.0 < after(reach, p, float(p.widest), f32(field), f32(300.0), steps=50) <= p.widest * (1.0 + 1e-6)

    def test_two_halves_of_a_period(self):
        whole, half = (discretise(FieldNeighbourhood(), period) for period in (100.0, 50.0))
        once, twice = (after(reach, p, 0.8, f32(0.3), f32(300.0), steps=n) for p, n in ((whole, 1), (half, 2)))
        assert once == pytest.approx(twice, rel=1e-6)

    def test_waves_keep_some_nodes(self):
        """The fewest nodes of n on a disc have sqrt(fewest / n) of its radius."""
        p = discretise(FieldNeighbourhood(fewest=5.0), 100.0)
        smallest = after(reach, p, 0.9, f32(0.001), f32(300.0), steps=5000)
        assert smallest == pytest.approx(math.sqrt(5.0 / 300.0), rel=1e-4)

    def test_units_that_have_not_learned_take_up_anything(self):
        p = discretise(FieldNeighbourhood(widest=0.8, tuned=0.1), 100.0)
        assert uptake(p, f32(0.8), f32(0.0)) == uptake(p, f32(1.0), f32(0.3)) == 1.0
        assert uptake(p, f32(0.4), f32(0.0)) == 0.25
        assert uptake(p, f32(0.4), f32(0.5)) == 0.625
        assert uptake(p, f32(0.4), f32(1.0)) == 1.0
        assert uptake(p._replace(share=f32(0.5)), f32(0.4), f32(0.5)) == 0.75
        assert uptake(p._replace(share=f32(1.0)), f32(0.2), f32(0.1)) == 1.0
        assert uptake(discretise(FixedNeighbourhood(), 100.0), f32(0.2), f32(0.0)) == 1.0

    def test_narrow_neighbourhoods_are_tuned_sharply(self):
        """A Gaussian of distance on the sheet below: half the reach, half the width."""
        p = discretise(FieldNeighbourhood(widest=1e6, tuned=0.5), 100.0)
        assert uptake(p, f32(0.25), f32(0.9)) == pytest.approx(0.9**4, rel=1e-6)
        assert uptake(p, f32(0.125), f32(0.9)) == pytest.approx(0.9**16, rel=1e-5)
        assert uptake(p, f32(0.125), f32(1.0)) == 1.0


def test_trimming_takes_a_share_of_the_growth():
    assert trim(MeanNorm(2.5, 0.7), f32(2.5), f32(0.1)) == pytest.approx(0.175)
    assert trim(MeanNorm(), f32(2.5), f32(0.1)) == 0.0
    assert trim(RangeNorm(), f32(2.5), f32(0.1)) == 0.0


class TestFields:
    """What units learn that share a grown field."""

    def test_a_patch_is_scaled_to_its_contrast(self):
        """1 / sqrt(0.09 + 0.4^2) = 2: a patch of contrast s has s / sqrt(s^2 + contrast^2) after it."""
        p = discretise(FieldHebb(contrast=0.4), 1.0)
        assert contrast_gain(p, f32(0.09)) == pytest.approx(2.0, rel=1e-6)
        assert contrast_gain(p, f32(0.0)) == pytest.approx(2.5, rel=1e-6)

    def test_faint_patches_are_not_learned(self):
        p = discretise(FieldHebb(contrast=0.5), 1.0)
        assert [bool(is_seen(p, f32(v))) for v in (0.0, 0.249, 0.25, 1.0)] == [False, False, True, True]

    def test_rate_of_a_winner(self):
        """The mean of its first four patches, then one that forgets."""
        p = discretise(FieldHebb(eta=0.25), 1.0)
        assert [float(winner_rate(p, n)) for n in (1, 2, 4, 5, 1000)] == [1.0, 0.5, 0.25, 0.25, 0.25]
        w = f32(9.0)
        for n, z in enumerate((1.0, 4.0, 7.0, 2.0), start=1):
            w = moved_weight(p, w, f32(z), winner_rate(p, n))
        assert w == pytest.approx(3.5)

    def test_thresholds_keep_their_sum(self):
        """A win raises the winner's by eta_c (1 - 1 / n_maps), and lowers those of its competitors together as much."""
        p = discretise(FieldHebb(n_maps=4, eta_c=0.1), 1.0)
        assert raised_threshold(p, f32(0.5), f32(0.75)) == pytest.approx(0.575)
        assert raised_threshold(p, f32(0.5), f32(-0.25)) == pytest.approx(0.475)


class TestSpikeCounts:
    @pytest.mark.parametrize(("dt", "n_steps"), [(0.1, 100), (0.5, 20), (50.0, 1)])
    def test_steps_of_an_image(self, dt, n_steps):
        assert discretise(SpikeCounts(duration=10.0), dt).n_steps == n_steps

    def test_chance_and_drive(self):
        p = discretise(SpikeCounts(rate=2.0, gain=0.2), 0.1)
        assert spike_chance(p, f32(0.5)) == pytest.approx(0.1)  # of 2 spikes per ms, half of them, in 0.1 ms
        assert relative_drive(p, f32(5.0), f32(3.0)) == pytest.approx(0.4)
        assert relative_drive(p, f32(3.0), f32(5.0)) == 0.0


def test_places_of_the_nodes_of_a_grid():
    """Middles of square cells, moved by up to half of the jitter times their spacing."""
    uniform = np.array([[0.5, 0.5], [0.0, 1.0], [0.75, 0.25], [0.5, 0.5], [0.5, 0.5], [1.0, 0.5]], np.float32)
    regular = np.array([[1, 1], [3, 1], [5, 1], [1, 3], [3, 3], [5, 3]], float)
    moved = np.array([[0, 0], [-0.4, 0.4], [0.2, -0.2], [0, 0], [0, 0], [0.4, 0]])
    np.testing.assert_allclose(Sheet((2, 3), side=6.0).places(uniform), regular)
    np.testing.assert_allclose(Sheet((2, 3), side=6.0, jitter=0.4).places(uniform), regular + moved, atol=1e-6)


def test_density_of_a_sheet():
    """Nodes per unit area; of given positions, from the distances of near neighbours."""
    seed = np.uint64(0)
    assert wires.lay_out(Sheet((4, 8), 8.0), 8.0, seed, 0).density == pytest.approx(1.0)
    assert wires.lay_out(Sheet(50, 5.0), 5.0, seed, 0).density == pytest.approx(2.0)
    positions = np.random.default_rng(0).uniform(0.0, 10.0, (400, 2))
    assert wires.lay_out(Sheet(positions=positions), 10.0, seed, 0).density == pytest.approx(4.0, rel=0.15)
