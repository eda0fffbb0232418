"""Random mixtures of features before the code of a map, and where its neurons start."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tectum
from tectum import SpikingSOM, analysis, parts
from tectum.models.common.map_start import start_points
from tectum.models.common.scaling import FeatureScaling
from tectum.models.common.wiring import direct, followed, from_rings, mixing_of, n_rings, onto_rings

RNG = np.random.default_rng(0)
RING = parts.CircularGaussian(n_units=4, first=None)
SEED = np.uint64(5)


def unit_scaling(n: int) -> FeatureScaling:
    return FeatureScaling(np.zeros(n), np.ones(n))


class TestNumbers:
    @pytest.mark.parametrize(("n_features", "n_mixtures"), [(2, 8), (9, 36), (40, 128), (300, 300), (35_000, 512)])
    def test_mixtures_follow_the_features(self, n_features, n_mixtures):
        assert parts.RandomMixtures().sized_for(n_features).n_mixtures == n_mixtures

    def test_few_synapses_where_features_are_many(self):
        assert parts.RandomMixtures().sized_for(784).n_synapses == 784
        assert parts.RandomMixtures().sized_for(5000).n_synapses == 16
        assert parts.RandomMixtures(n_synapses=9).sized_for(4).n_synapses == 4

    def test_given_numbers_are_kept(self):
        assert parts.RandomMixtures(3, 2).sized_for(784)[:2] == (3, 2)


class TestMixing:
    @pytest.mark.parametrize("wiring", [parts.RandomMixtures(), parts.RandomMixtures(24, n_synapses=2)], ids=repr)
    def test_mixtures_are_products_less_their_mean(self, wiring):
        X = RNG.random((50, 6))
        mixing = mixing_of(wiring, X, SEED)
        if len(mixing.place):
            G = np.zeros((6, 24))
            rows = np.repeat(np.arange(6), np.diff(mixing.place))
            G[rows, mixing.mixture] = mixing.entries
            assert set(np.unique(G)) == {-1.0, 0.0, 1.0}
            assert (np.count_nonzero(G, axis=0) == 2).all()
        else:
            G = mixing.entries.reshape(6, 24).astype(float)
            assert_allclose(G @ G.T, np.eye(6), atol=1e-6)  # rows of a rotation: distances are kept
        assert_allclose(mixing.project(X), (X - mixing.centre) @ G, atol=1e-5)

    def test_a_ring_holds_its_share(self):
        X = RNG.gamma(0.5, 0.1, (4000, 5))
        mixing = mixing_of(parts.RandomMixtures(share=0.9), X, SEED)
        Z = mixing.project(X)
        assert_allclose((mixing.low > Z).mean(axis=0), 0.05, atol=0.005)
        assert_allclose((mixing.high < Z).mean(axis=0), 0.05, atol=0.005)

    def test_directions_of_noise_are_left_out_where_they_make_up_most(self):
        """Six strong directions in noise of 150 features: mixtures hold these and hardly anything else."""
        rng = np.random.default_rng(0)
        strong = np.linalg.qr(rng.normal(size=(150, 6)))[0]
        X = 0.5 + 0.05 * (2.0 * rng.normal(size=(600, 6)) @ strong.T + rng.normal(size=(600, 150)))
        G = mixing_of(parts.RandomMixtures(), X, SEED).entries.reshape(150, 150).astype(float)
        assert np.linalg.matrix_rank(G, tol=1e-4) == 6
        assert np.linalg.svd(strong.T @ G, compute_uv=False).min() > 0.9

    @pytest.mark.parametrize(
        ("n_samples", "n_features", "strength"),
        [(600, 128, 2.0), (149, 150, 2.0), (600, 150, 8.0), (600, 150, 0.0)],
        ids=["few features", "few samples", "little noise", "nothing else"],
    )
    def test_otherwise_all_directions_are_mixed(self, n_samples, n_features, strength):
        rng = np.random.default_rng(1)
        X = strength * rng.normal(size=(n_samples, 6)) @ np.linalg.qr(rng.normal(size=(n_features, 6)))[0].T
        X = 0.5 + 0.05 * (X + rng.normal(size=(n_samples, n_features)))
        G = mixing_of(parts.RandomMixtures(), X, SEED).entries.reshape(n_features, -1).astype(float)
        assert_allclose(G @ G.T, np.eye(n_features), atol=1e-5)

    def test_groups_in_many_features_of_noise_are_told_apart(self):
        """Three of 200 features tell three groups; maps that mixed all of them had .86 to .89 right (three seeds)."""
        rng = np.random.default_rng(0)
        y = rng.integers(0, 3, 600)
        X = rng.normal(size=(600, 200))
        X[:, :3] += 7.0 * np.eye(3)[y]
        som = SpikingSOM((5, 5), n_presentations=1500, random_state=0).fit(X[:400])
        labels = analysis.label_units(som.predict(X[:400]), y[:400], som.grid_)
        assert analysis.label_accuracy(som.predict(X[400:]), y[400:], labels) > 0.95

    def test_few_samples_have_a_margin(self):
        mixing = mixing_of(parts.RandomMixtures(), np.full((1, 4), 0.5), SEED)
        assert_allclose(mixing.low, -mixing.high, atol=1e-6)
        assert_allclose(mixing.high, 1.25 * np.sqrt(4 / 16 / 12), rtol=0.9)  # a rotation's columns differ in length

    def test_no_sample_depends_on_its_batch(self):
        X = RNG.random((9, 70))
        mixing = mixing_of(parts.RandomMixtures(), X, SEED)
        assert_array_equal(mixing.project(X), np.concatenate([mixing.project(x[None]) for x in X]))

    @pytest.mark.parametrize(("n_features", "within"), [(3, 1e-5), (60, 1e-4)])
    def test_features_come_back(self, n_features, within):
        X = 0.5 + 0.1 * RNG.standard_normal((200, 3)) @ RNG.standard_normal((3, n_features)) / np.sqrt(n_features)
        wiring = parts.RandomMixtures(share=1.0) if n_features < 10 else parts.RandomMixtures(20, share=1.0)
        mixing, scaling = mixing_of(wiring, X, SEED), unit_scaling(n_features)
        again = from_rings(onto_rings(X, scaling, mixing, RING), scaling, mixing, RING)
        assert np.abs(again - X).max() < max(within, 0.02 * np.abs(X - X.mean(axis=0)).max() * (n_features > 20))

    def test_direct_wiring_is_the_range(self):
        X = np.array([[0.0, 0.5], [1.0, 2.0]])
        places = onto_rings(X, unit_scaling(2), direct(), RING)
        assert_allclose(places, [[0.25, 0.5], [0.75, 0.75]])
        assert n_rings(unit_scaling(2), direct()) == 2


class TestFollowing:
    def test_ends_find_their_quantile(self):
        """A stream three times as wide as it began: the share beyond the ends returns to what it was."""
        X = RNG.normal(0.5, 0.1, (500, 4))
        wiring = parts.RandomMixtures(share=0.98, pace=0.01)
        mixing, scaling = mixing_of(wiring, X, SEED), unit_scaling(4)
        wide = RNG.normal(0.5, 0.3, (6000, 4))
        _, followed_by = followed(wide, scaling, mixing, RING, wiring)
        z = followed_by.project(RNG.normal(0.5, 0.3, (4000, 4)))
        beyond = ((z < followed_by.low) | (z > followed_by.high)).mean()
        assert beyond == pytest.approx(0.02, abs=0.01)

    def test_pieces_of_a_stream_are_the_stream(self):
        X = RNG.random((40, 3))
        wiring, scaling = parts.RandomMixtures(), unit_scaling(3)
        mixing = mixing_of(wiring, X[:10], SEED)
        whole, end = followed(X, scaling, mixing, RING, wiring)
        first, between = followed(X[:13], scaling, mixing, RING, wiring)
        second, end_of_two = followed(X[13:], scaling, between, RING, wiring)
        assert_array_equal(np.concatenate([first, second]), whole)
        assert_array_equal(end_of_two.high, end.high)

    def test_nothing_known_moves_nothing(self):
        wiring, scaling = parts.RandomMixtures(), unit_scaling(3)
        mixing = mixing_of(wiring, RNG.random((10, 3)), SEED)
        places, after = followed(np.full((2, 3), np.nan), scaling, mixing, RING, wiring)
        assert np.isnan(places).all()
        assert_array_equal(after.low, mixing.low)


class TestStart:
    def test_plane_lies_along_the_components(self):
        """The longer side of the map along the wider direction, 1.5 standard deviations to either side."""
        P = 0.5 + RNG.standard_normal((3000, 2)) * [0.01, 0.05]
        points = start_points(parts.PlaneStart(), P, parts.Grid(3, 9), SEED).reshape(3, 9, 2)
        assert_allclose(np.abs(points[1, -1] - points[1, 0]), [0.0, 0.15], atol=0.006)
        assert_allclose(np.abs(points[2, 4] - points[0, 4]), [0.03, 0.0], atol=0.006)

    @pytest.mark.parametrize("seed", range(5))
    def test_sides_lie_along_those_of_a_square_in_any_mixtures(self, seed):
        """Components of a square point anywhere, the more so in mixtures that stretch it; its sides do not."""
        X, seed = np.random.default_rng(seed).random((1000, 2)), np.uint64(seed)
        scaling, encoder = unit_scaling(2), parts.CircularGaussian(n_units=4, low=0.0, high=1.0)
        mixing = mixing_of(parts.RandomMixtures(), X, seed)
        rings = start_points(parts.PlaneStart(), onto_rings(X, scaling, mixing, encoder), parts.Grid(6, 6), seed)
        points = from_rings(rings, scaling, mixing, encoder)
        along = np.abs(np.corrcoef(points.T, np.indices((6, 6)).reshape(2, -1))[:2, 2:])
        assert_allclose(np.sort(along, axis=1), [[0.0, 1.0], [0.0, 1.0]], atol=0.2)
        assert sorted(along.argmax(axis=1)) == [0, 1]

    def test_features_without_mixtures_are_equal_only_by_chance_of_the_samples(self):
        """Two features of variances 4 and 1: the longer side of the map lies along the first, nothing is turned."""
        P = np.random.default_rng(0).normal(size=(1000, 2)) * [2.0, 1.0]
        points = start_points(parts.PlaneStart(), P, parts.Grid(3, 5), SEED, mixed=False).reshape(3, 5, 2)
        along = points[1, -1] - points[1, 0]
        assert abs(along[0]) > 20.0 * abs(along[1])

    def test_samples(self):
        P = RNG.random((5, 3))
        points = start_points(parts.SampleStart(), P, parts.Grid(4, 4), SEED)
        assert all((point == P).all(axis=1).any() for point in points)

    @pytest.mark.parametrize(
        "P", [RNG.random((1, 3)), np.full((5, 3), 0.5), RNG.random((5, 1))], ids=["1", "same", "line"]
    )
    def test_no_plane_no_points(self, P):
        assert start_points(parts.PlaneStart(), P, parts.Grid(2, 2), SEED) is None

    def test_weights_prefer_their_points(self):
        X = RNG.random((300, 2))
        som = SpikingSOM(n_presentations=1, start=parts.PlaneStart(jitter=0.0), random_state=0).fit(X)
        assert analysis.neighbourhood_correlation(som.codebook_, (10, 10)) > 0.9


@pytest.mark.science
class TestWhatItIsFor:
    """On digits, of which a third never varies much: without mixtures most neurons never win."""

    def test_map_of_digits(self):
        X = tectum.datasets.load("digits").data
        som = SpikingSOM(n_presentations=4000, random_state=7, n_snapshots=0).fit(X)
        times = som.spike_times(X)
        assert len(np.unique(som.predict(X))) >= 95
        assert analysis.topographic_error(analysis.spike_winners(times, k=2), (10, 10)) < 0.06
        assert analysis.neighbourhood_correlation(som.codebook_, (10, 10)) > 0.45

    def test_scale_follows_a_stream(self):
        """Classes of iris one after another: without moving ends the last two share their neurons."""
        data = tectum.datasets.load("iris")
        rng, accuracy = np.random.default_rng(3), []
        for pace in (0.0, 0.002):
            som = SpikingSOM.continuous(wiring=parts.RandomMixtures(pace=pace), random_state=3)
            for k in range(3):
                som.partial_fit(data.data[rng.choice(np.flatnonzero(data.target == k), 1500)])
            accuracy.append(analysis.class_accuracy(som.predict(data.data)[None], data.target, 100).mean())
        assert accuracy[1] > accuracy[0] + 0.05
