"""Measures of sheets and waves: closed forms, invariances, and bad input."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tectum import analysis
from tectum.analysis import waves

GRID = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)


def gaussian_fields(centres: np.ndarray, sigma: float) -> np.ndarray:
    """Weights (n, 400) of mean 2.5 that fall off around each centre."""
    D2 = ((centres[:, None] - GRID[None]) ** 2).sum(axis=-1)
    W = np.exp(-D2 / (2.0 * sigma**2))
    return 2.5 * W / W.mean(axis=1, keepdims=True)


class TestFields:
    def test_uniform_field(self):
        W = np.full((3, 400), 2.5)
        np.testing.assert_allclose(analysis.field_centres(W, GRID), 9.5)
        np.testing.assert_allclose(analysis.field_radius(W, GRID), analysis.sheet_radius(GRID))
        np.testing.assert_allclose(analysis.compactness(W, GRID), 0.0, atol=1e-12)
        np.testing.assert_allclose(analysis.effective_inputs(W), 400.0)

    def test_one_node(self):
        W = 1000.0 * np.eye(400)[[0, 57]]
        np.testing.assert_allclose(analysis.field_centres(W, GRID), GRID[[0, 57]])
        np.testing.assert_allclose(analysis.field_radius(W, GRID), 0.0, atol=1e-6)
        np.testing.assert_allclose(analysis.compactness(W, GRID), 1.0)
        np.testing.assert_allclose(analysis.effective_inputs(W), 1.0)

    def test_two_nodes(self):
        W = np.zeros((1, 400))
        W[0, [0, 4]] = 1.0  # (0, 0) and (4, 0)
        assert analysis.field_radius(W, GRID)[0] == pytest.approx(2.0)

    def test_gaussian(self):
        """The radius in two dimensions is the root of 2 sigma."""
        W = gaussian_fields(np.array([[9.5, 9.5]]), 1.7)
        assert analysis.field_radius(W, GRID)[0] == pytest.approx(1.7 * np.sqrt(2.0), rel=1e-3)

    @settings(max_examples=30, deadline=None)
    @given(scale=st.floats(0.01, 100.0), shift=st.floats(-50.0, 50.0), gain=st.floats(0.01, 100.0))
    def test_units_do_not_matter(self, scale, shift, gain):
        W = gaussian_fields(GRID[[3, 210, 250]], 3.0)
        found = analysis.compactness(gain * W, scale * GRID + shift)
        np.testing.assert_allclose(found, analysis.compactness(W, GRID), atol=1e-9)

    def test_sheet_radius_of_a_square(self):
        """Uniform density on a square of side L: L over the root of 6."""
        places = np.random.default_rng(0).uniform(0.0, 20.0, (40_000, 2))
        assert analysis.sheet_radius(places) == pytest.approx(20.0 / np.sqrt(6.0), rel=0.01)


class TestTiling:
    def test_perfect(self):
        blocks = (GRID // 4).astype(int) @ [1, 5]
        W = 2.5 * 25.0 * (blocks[None] == np.arange(25)[:, None])
        found = analysis.tiling(W, GRID)
        assert found[:4] == (1.0, 1.0, 1.0, 0.0)
        assert found.spread == pytest.approx(np.sqrt(24.0 * 16.0 / (399.0)), rel=1e-6)

    def test_units_that_are_not_compact_do_not_count(self):
        W = np.concatenate([np.full((3, 400), 2.5), gaussian_fields(GRID[[0]], 1.0)])
        found = analysis.tiling(W, GRID)
        assert found.compact == 0.25
        assert 0.0 < found.coverage < 0.1

    def test_none(self):
        found = analysis.tiling(np.full((3, 400), 2.5), GRID)
        assert found[:2] == (0.0, 0.0)
        assert np.isnan(found[2:]).all()


class TestTopography:
    @settings(max_examples=20, deadline=None)
    @given(angle=st.floats(0.0, 6.3), mirror=st.sampled_from([-1.0, 1.0]), scale=st.floats(0.1, 10.0))
    def test_turned_and_mirrored(self, angle, mirror, scale):
        Y = np.random.default_rng(0).uniform(0.0, 10.0, (60, 2))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        m = scale * (Y * [1.0, mirror]) @ turn + 3.0
        assert analysis.sheet_topography(m, Y) == pytest.approx(1.0)
        assert analysis.affine_fit(m, Y) == pytest.approx(1.0)

    def test_no_order(self):
        rng = np.random.default_rng(0)
        m, Y = rng.uniform(0.0, 10.0, (2, 400, 2))
        assert abs(analysis.sheet_topography(m, Y)) < 0.05
        assert analysis.affine_fit(m, Y) < 0.03

    def test_a_fold_is_seen(self):
        Y = np.random.default_rng(0).uniform(-1.0, 1.0, (300, 2))
        folded = np.column_stack([np.abs(Y[:, 0]), Y[:, 1]])
        assert 0.4 < analysis.sheet_topography(folded, Y) < 0.8
        assert analysis.affine_fit(folded, Y) < 0.9

    def test_nothing_to_compare(self):
        assert np.isnan(analysis.sheet_topography(np.zeros((5, 2)), GRID[:5]))
        assert np.isnan(analysis.affine_fit(np.zeros((5, 2)), GRID[:5]))


def moving_disc(speed: float, radius: float, n_frames: int, from_frame: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Times in ms and nodes of a disc that crosses the grid from left to right, at 0.1 ms per frame."""
    times, nodes = [], []
    for frame in range(n_frames):
        centre = np.array([5.0 + speed * 0.1 * frame, 9.5])
        inside = np.flatnonzero(np.linalg.norm(GRID - centre, axis=1) <= radius)
        nodes.append(inside)
        times.append(np.full(len(inside), 0.1 * (frame + from_frame)))
    return np.concatenate(times), np.concatenate(nodes)


class TestWaves:
    def test_a_disc_that_moves(self):
        times, nodes = moving_disc(0.8, 3.5, 100)
        again, others = moving_disc(0.8, 3.5, 50, from_frame=200)
        found = waves.wave_statistics(
            np.concatenate([times, again]), np.concatenate([nodes, others]), GRID, 50.0, link=1.5
        )
        assert found.active == pytest.approx(150 / 500)
        assert found.size == pytest.approx(np.pi * 3.5**2, rel=0.1)
        assert found.radius == pytest.approx(np.sqrt(0.8) * 3.5, rel=0.1)
        assert found.speed == pytest.approx(0.8, rel=0.1)
        assert found.single == 1.0
        assert found.rate == pytest.approx(40.0)
        assert found.duration == pytest.approx(7.5)
        assert 0.2 < found.reached < 0.5

    def test_two_discs_are_two_clusters(self):
        nodes = np.flatnonzero(np.linalg.norm(GRID[:, None] - [[4.0, 4.0], [15.0, 15.0]], axis=-1).min(axis=1) <= 3.0)
        times = np.repeat(np.arange(30) * 0.1, len(nodes))
        found = waves.wave_statistics(times, np.tile(nodes, 30), GRID, 3.0, link=1.5)
        assert found.single == pytest.approx(0.5)
        assert found.speed == 0.0

    def test_silence(self):
        found = waves.wave_statistics([], np.array([], int), GRID, 10.0)
        assert (found.active, found.rate, found.reached) == (0.0, 0.0, 0.0)
        assert np.isnan([found.size, found.radius, found.single, found.speed, found.duration]).all()

    def test_order_of_spikes_does_not_matter(self):
        times, nodes = moving_disc(0.8, 3.5, 60)
        order = np.random.default_rng(0).permutation(len(times))
        one = waves.wave_statistics(times, nodes, GRID, 6.0, link=1.5)
        assert waves.wave_statistics(times[order], nodes[order], GRID, 6.0, link=1.5) == pytest.approx(one)

    def test_centres(self):
        times, nodes = moving_disc(1.0, 3.5, 60)
        centres = waves.wave_centres(times, nodes, GRID, 10.0)
        assert centres.shape == (10, 2)
        np.testing.assert_allclose(centres[:6, 0], 5.0 + np.arange(6), atol=0.5)
        assert np.isnan(centres[6:]).all()

    def test_causality(self):
        below = np.array([0, 0, 0, 40, 40, 40, 5, 0])
        above = np.array([0, 0, 12, 12, 12, 0, 12, 0])
        found = waves.wave_causality(below, above)
        assert found.given_active == pytest.approx(2 / 3)
        assert found.given_silent == pytest.approx(1 / 4)

    def test_frames(self):
        np.testing.assert_array_equal(waves.spikes_per_frame([0.0, 0.3, 0.30000000000000004], 0.5), [1, 0, 0, 2, 0])


class TestErrors:
    def test_weights(self):
        with pytest.raises(ValueError, match=r"W must hold weights of 0 or more"):
            analysis.field_radius(-np.ones((2, 400)), GRID)
        with pytest.raises(ValueError, match=r"W must hold weights of 0 or more"):
            analysis.effective_inputs(np.zeros((2, 400)))
        with pytest.raises(ValueError, match=r"a column per position \(400\), got 3"):
            analysis.field_centres(np.ones((2, 3)), GRID)

    def test_positions(self):
        with pytest.raises(ValueError, match=r"positions must have 2 columns, got 3"):
            analysis.sheet_radius(np.ones((4, 3)))
        with pytest.raises(ValueError, match=r"must have the same length"):
            analysis.sheet_topography(GRID, GRID[:5])

    def test_times(self):
        with pytest.raises(ValueError, match=r"time_ms must lie between 0 and duration_ms"):
            waves.spikes_per_frame([5.0], 5.0)
        with pytest.raises(ValueError, match=r"neuron must lie between 0 and 399"):
            waves.wave_statistics([0.0], [400], GRID, 5.0)


class TestFolds:
    """Units at the corners and in the middle of a square: four triangles of the same area."""

    UNITS = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0], [1.0, 1.0]])

    @pytest.mark.parametrize("image", [np.eye(2), -np.eye(2), np.diag([1.0, -3.0]), np.array([[0.0, 1.0], [1.0, 0.5]])])
    def test_straight_turned_mirrored_or_sheared(self, image):
        assert analysis.fold_share(self.UNITS @ image + 7.0, self.UNITS) == 0.0

    def test_one_triangle_turned_over(self):
        """The middle has moved across the lower edge."""
        m = self.UNITS.copy()
        m[4] = [1.0, -1.0]
        assert analysis.fold_share(m, self.UNITS) == pytest.approx(0.25)

    def test_folded_in_half(self):
        Y = GRID
        m = np.column_stack([np.abs(Y[:, 0] - 9.0), Y[:, 1]])
        assert analysis.fold_share(m, Y) == pytest.approx(9.0 / 19.0)

    def test_no_order(self):
        rng = np.random.default_rng(0)
        assert analysis.fold_share(rng.random((900, 2)), rng.random((900, 2))) > 0.4

    def test_one_line(self):
        with pytest.raises(ValueError, match="not on one line"):
            analysis.fold_share(GRID[:5], GRID[:5])


class TestMovement:
    PATH = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [np.nan, np.nan], [4.0, 4.0], [3.0, 3.0], [3.0, 3.0]])

    def test_directions(self):
        """East, north, then after a silence south-west; a wave that stands still has no direction."""
        np.testing.assert_allclose(waves.wave_directions(self.PATH), [0.0, np.pi / 2.0, -0.75 * np.pi])

    def test_tracking(self):
        above = self.PATH @ np.array([[0.0, 2.0], [-2.0, 0.0]]) + 1.0
        assert waves.wave_tracking(self.PATH, above) == pytest.approx(1.0)
        above[1] = np.nan
        assert waves.wave_tracking(self.PATH, above) == pytest.approx(1.0)

    def test_half_is_tracked(self):
        """x is read without error and y not at all: what is left is the share of the variance of x."""
        square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        above = np.column_stack([square[:, 0], np.zeros(4)])
        assert waves.wave_tracking(square, above) == pytest.approx(0.5)

    def test_too_few(self):
        assert np.isnan(waves.wave_tracking(self.PATH[:4], self.PATH[:4]))
        with pytest.raises(ValueError, match=r"below must have shape \(n, 2\)"):
            waves.wave_tracking(np.zeros(4), np.zeros((4, 2)))
