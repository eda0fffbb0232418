"""Analysis functions against closed forms, naive references, scikit-learn, and degenerate inputs."""

import math

import numpy as np
import pytest
import sklearn.manifold
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris

from tectum import analysis
from tectum.analysis import map_quality
from tectum.analysis._checks import rank_correlation

SHAPE = (6, 5)


@pytest.fixture
def lattice():
    """A codebook that is its own grid, one unit apart."""
    return analysis.grid_positions(SHAPE).astype(float)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def rotated(points, angle=0.6):
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return points @ turn.T * 3.7 + (11.0, -4.0)


def naive_topographic_product(codebook, shape):
    """The printed formula with plain products; ties in one space ordered by the other."""
    positions = analysis.grid_positions(shape)
    n = len(codebook)
    total = 0.0
    for j in range(n):
        others = [i for i in range(n) if i != j]
        d_in = {i: math.dist(codebook[j], codebook[i]) for i in others}
        d_out = {i: math.dist(positions[j], positions[i]) for i in others}
        by_out = sorted(others, key=lambda i: (d_out[i], d_in[i]))
        by_in = sorted(others, key=lambda i: (d_in[i], d_out[i]))
        product = 1.0
        for k, (a, b) in enumerate(zip(by_out, by_in, strict=True), start=1):
            product *= d_in[a] / d_in[b] * d_out[a] / d_out[b]
            total += math.log(product ** (1 / (2 * k)))
    return total / (n * (n - 1))


def naive_trustworthiness(X, positions, k, rng):
    """The printed formula with every tie broken at random."""
    n = len(X)

    def ranks(points):
        distances = np.linalg.norm(points[:, None] - points[None], axis=2)
        np.fill_diagonal(distances, -1)  # rank 0 is the sample itself
        return np.lexsort((rng.random((n, n)), distances), axis=1).argsort(axis=1)

    in_data, on_map = ranks(X), ranks(positions)
    false_neighbours = (on_map >= 1) & (on_map <= k) & (in_data > k)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * (in_data - k)[false_neighbours].sum()


class TestWinnersAndErrors:
    def test_grid_positions_are_row_major(self):
        assert_array_equal(analysis.grid_positions((2, 3)), [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]])

    def test_matches_brute_force(self, rng):
        X, codebook = rng.normal(size=(40, 3)), rng.normal(size=(9, 3))
        distances = np.linalg.norm(X[:, None] - codebook[None], axis=2)
        assert_array_equal(analysis.best_matching_units(X, codebook, k=4), np.argsort(distances, axis=1)[:, :4])
        assert_allclose(analysis.quantization_error(X, codebook), distances.min(axis=1).mean())

    def test_chunks_do_not_change_the_result(self, rng, monkeypatch):
        X, codebook = rng.normal(size=(50, 3)), rng.normal(size=(9, 3))
        whole = analysis.best_matching_units(X, codebook), analysis.quantization_error(X, codebook)
        monkeypatch.setattr(map_quality, "MAX_DISTANCES", 70)  # 7 samples at a time
        assert_array_equal(analysis.best_matching_units(X, codebook), whole[0])
        assert_allclose(analysis.quantization_error(X, codebook), whole[1])

    def test_undefined_rows_win_nothing(self):
        codebook = [[np.nan, 0.0], [0.0, 0.0], [np.nan, np.nan], [2.0, 0.0]]
        assert_array_equal(analysis.best_matching_units([[0.1, 0.0]], codebook, k=3), [[1, 3, -1]])
        assert_allclose(analysis.quantization_error([[0.1, 0.0]], codebook), 0.1)

    def test_no_defined_row(self):
        codebook = np.full((4, 2), np.nan)
        assert_array_equal(analysis.best_matching_units([[0.0, 0.0]], codebook), [[-1, -1]])
        assert math.isnan(analysis.quantization_error([[0.0, 0.0]], codebook))

    def test_duplicates_go_to_the_lower_index(self):
        X = np.full((3, 2), 1e6 + 0.1)
        assert_array_equal(analysis.best_matching_units(X, np.vstack([X, X])), [[0, 1]] * 3)

    def test_perfect_lattice_has_no_error(self, lattice):
        winners = analysis.best_matching_units(lattice, lattice)
        assert_array_equal(winners[:, 0], np.arange(30))
        assert analysis.quantization_error(lattice, lattice) == 0
        assert analysis.topographic_error(winners, SHAPE) == 0
        assert analysis.topographic_error(winners, SHAPE, neighbourhood=4) == 0

    def test_shuffled_lattice_keeps_quantization_and_loses_topology(self, lattice, rng):
        shuffled = rng.permutation(lattice)
        assert analysis.quantization_error(lattice, shuffled) == 0
        assert analysis.topographic_error(analysis.best_matching_units(lattice, shuffled), SHAPE) > 0.6

    @pytest.mark.parametrize(
        ("pair", "eight", "four"),
        [
            ([0, 1], 0, 0),
            ([0, 6], 0, 1),
            ([4, 5], 1, 1),
            ([0, 2], 1, 1),
            ([3, 3], 1, 1),
            ([0, -1], 1, 1),
            ([-1, -1], 1, 1),
        ],
    )
    def test_neighbourhoods(self, pair, eight, four):
        assert analysis.topographic_error([pair], SHAPE) == eight
        assert analysis.topographic_error([pair], SHAPE, neighbourhood=4) == four

    def test_one_unit_has_no_second_winner(self):
        winners = analysis.best_matching_units([[0.0], [1.0]], [[0.5]])
        assert_array_equal(winners, [[0, -1], [0, -1]])
        assert analysis.topographic_error(winners, (1, 1)) == 1


class TestTopographicProduct:
    @pytest.mark.parametrize("shape", [(1, 2), (1, 9), (2, 2), (6, 5)])
    def test_perfect_lattice(self, shape):
        nodes = rotated(analysis.grid_positions(shape))
        assert_allclose(analysis.topographic_product(nodes, shape), 0, atol=1e-12)

    @pytest.mark.parametrize("seed", range(3))
    def test_matches_the_printed_formula(self, seed):
        codebook = np.random.default_rng(seed).normal(size=(12, 3))
        assert_allclose(analysis.topographic_product(codebook, (4, 3)), naive_topographic_product(codebook, (4, 3)))

    def test_sign_shows_the_dimension(self, rng):
        snake = np.array([[r, c if r % 2 == 0 else 7 - c] for r in range(8) for c in range(8)], dtype=float)
        sheet_on_line = np.sort(rng.random(64))[:, None]
        assert analysis.topographic_product(snake, (1, 64)) < -0.01
        assert analysis.topographic_product(sheet_on_line, (8, 8)) > 0.01

    def test_invariant_to_motion_and_scale(self, rng):
        codebook = rng.normal(size=(30, 2))
        assert_allclose(
            analysis.topographic_product(rotated(codebook), SHAPE), analysis.topographic_product(codebook, SHAPE)
        )

    def test_disorder_in_the_right_dimension_is_not_seen(self, lattice, rng):
        assert abs(analysis.topographic_product(rng.permutation(lattice), SHAPE)) < 0.01

    def test_duplicates_stay_finite(self, lattice):
        lattice[7] = lattice[8]
        lattice[20] = lattice[21] + 1e-15
        assert abs(analysis.topographic_product(lattice, SHAPE)) < 0.1

    def test_undefined_without_distinct_nodes(self, lattice):
        assert math.isnan(analysis.topographic_product(np.ones((30, 2)), SHAPE))
        assert math.isnan(analysis.topographic_product([[1.0]], (1, 1)))
        lattice[1:] = np.nan
        assert math.isnan(analysis.topographic_product(lattice, SHAPE))

    def test_undefined_rows_are_left_out(self, lattice):
        lattice[[3, 17]] = np.nan
        assert_allclose(analysis.topographic_product(lattice, SHAPE), 0, atol=1e-12)


class TestTrustworthiness:
    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 10_000), n=st.integers(4, 30), k=st.integers(1, 8))
    def test_equals_scikit_learn_without_ties(self, seed, n, k):
        rng = np.random.default_rng(seed)
        X, positions = rng.normal(size=(n, 4)), rng.normal(size=(n, 2))
        k = min(k, (n - 1) // 2)
        expected = sklearn.manifold.trustworthiness(X, positions, n_neighbors=k)
        assert_allclose(analysis.trustworthiness(X, positions, n_neighbors=k), expected)
        expected = sklearn.manifold.trustworthiness(positions, X, n_neighbors=k)
        assert_allclose(analysis.continuity(X, positions, n_neighbors=k), expected)

    def test_ties_give_the_mean_over_all_orders(self, rng):
        X, positions = rng.integers(0, 3, size=(14, 3)), rng.integers(0, 3, size=(14, 2))
        samples = [naive_trustworthiness(X, positions, 4, rng) for _ in range(1000)]
        error = np.std(samples) / math.sqrt(len(samples))
        assert abs(analysis.trustworthiness(X, positions, n_neighbors=4) - np.mean(samples)) < 4 * error

    def test_order_of_samples_does_not_matter(self, rng):
        X = load_iris().data
        positions = np.rint(X[:, 2:])
        order = rng.permutation(len(X))
        for measure in (analysis.trustworthiness, analysis.continuity):
            assert_allclose(measure(X[order], positions[order]), measure(X, positions), rtol=1e-12)

    def test_faithful_and_random_positions(self, rng):
        X = rng.normal(size=(60, 2))
        for measure in (analysis.trustworthiness, analysis.continuity):
            assert measure(X, rotated(X)) == 1
            assert measure(X, rng.permutation(X)) < 0.7

    def test_false_neighbours_and_tears_are_told_apart(self, rng):
        angle = np.sort(rng.uniform(0, 2 * np.pi, 80))
        ring = np.column_stack([np.cos(angle), np.sin(angle)])
        folded, opened = ring[:, :1], angle[:, None]
        assert analysis.trustworthiness(ring, folded) < analysis.continuity(ring, folded)
        assert analysis.continuity(ring, opened) < analysis.trustworthiness(ring, opened)

    def test_constant_positions_are_chance(self, rng):
        assert_allclose(analysis.trustworthiness(rng.normal(size=(200, 3)), np.zeros((200, 2))), 0.5, atol=0.02)


class TestNeighbourDistances:
    def test_lattice(self, lattice):
        pairs = np.linalg.norm(lattice[:, None] - lattice[None], axis=2)[np.triu_indices(30, 1)]
        assert_allclose(analysis.neighbourhood_correlation(lattice, SHAPE), 1)
        # rounding splits the equal node distances, not the equal grid distances
        assert_allclose(analysis.neighbourhood_correlation(rotated(lattice), SHAPE), 1, atol=5e-3)
        assert_allclose(analysis.neighbour_distance_ratio(lattice, SHAPE), 1 / pairs.mean())
        assert_allclose(analysis.u_matrix(lattice, SHAPE), np.ones(SHAPE))

    def test_random_codebook_is_no_map(self, rng):
        codebook = rng.normal(size=(400, 2))
        assert abs(analysis.neighbourhood_correlation(codebook, (20, 20))) < 0.05
        assert_allclose(analysis.neighbour_distance_ratio(codebook, (20, 20)), 1, atol=0.08)

    def test_constant_codebook(self):
        codebook = np.ones((30, 2))
        assert math.isnan(analysis.neighbourhood_correlation(codebook, SHAPE))
        assert math.isnan(analysis.neighbour_distance_ratio(codebook, SHAPE))
        assert_array_equal(analysis.u_matrix(codebook, SHAPE), np.zeros(SHAPE))

    def test_one_unit(self):
        assert math.isnan(analysis.neighbourhood_correlation([[1.0]], (1, 1)))
        assert math.isnan(analysis.neighbour_distance_ratio([[1.0]], (1, 1)))
        assert_array_equal(analysis.u_matrix([[1.0]], (1, 1)), [[np.nan]])

    def test_u_matrix_by_hand(self):
        assert_allclose(analysis.u_matrix([[0.0], [1.0], [3.0], [np.nan]], (2, 2)), [[2, 1], [3, np.nan]])
        assert_allclose(analysis.u_matrix([[0.0], [1.0], [5.0]], (1, 3)), [[1, 2.5, 4]])

    def test_undefined_rows_are_left_out(self, lattice):
        lattice[12] = np.nan
        assert_allclose(analysis.neighbourhood_correlation(lattice, SHAPE), 1)
        assert analysis.neighbour_distance_ratio(lattice, SHAPE) < 0.5
        u = analysis.u_matrix(lattice, SHAPE)
        assert np.isnan(u.ravel()[12])
        assert_allclose(np.delete(u.ravel(), 12), 1)

    def test_pictures(self):
        assert_array_equal(analysis.hit_map([0, 5, 5, -1], (2, 3)), [[1, 0, 0], [0, 0, 2]])
        assert_array_equal(analysis.hit_map([], (2, 2)), np.zeros((2, 2)))
        planes = analysis.component_planes(np.arange(12.0).reshape(6, 2), (2, 3))
        assert_array_equal(planes[1], [[1, 3, 5], [7, 9, 11]])


class TestClusters:
    @pytest.mark.parametrize(
        "names", [["a", "bb"], [3, 7], [True, False], [0.5, 1.5], np.array(["x", "y"], dtype=object)]
    )
    def test_labels_of_any_dtype(self, names):
        names = np.asarray(names)
        labels = names[[0, 0, 1, 1, 1]]
        units = analysis.label_units([0, 0, 0, 5, -1], labels, (1, 6))
        assert_array_equal(units, names[[0, 0, 0, 1, 1, 1]])
        assert units.dtype == np.array(names.tolist()).dtype  # texts among objects are texts
        assert analysis.label_accuracy([0, 2, 0, 4, -1], labels, units) == pytest.approx(3 / 5)

    def test_nearest_on_the_grid_not_in_the_index(self):
        units = analysis.label_units([0, 8], ["far", "near"], (3, 3))
        assert units.reshape(3, 3)[2, 1] == "near"
        assert units.reshape(3, 3)[0, 1] == "far"

    def test_one_sample_labels_the_whole_map(self):
        assert_array_equal(analysis.label_units([2], ["only"], (2, 2)), ["only"] * 4)

    def test_silent_map(self):
        with pytest.raises(ValueError, match="at least one sample"):
            analysis.label_units([-1, -1], [0, 1], (2, 2))

    def test_perfect_scores(self):
        scores = analysis.cluster_scores(["a", "a", "b", "b"], [5, 5, 2, 2])
        assert scores == pytest.approx({"ari": 1, "ami": 1, "homogeneity": 1, "purity": 1, "n_units": 2})

    def test_purity_alone_is_bought_with_units(self):
        scores = analysis.cluster_scores([0, 0, 1, 1] * 10, np.arange(40))
        assert scores["purity"] == 1
        assert scores["n_units"] == 40
        assert scores["ari"] == pytest.approx(0, abs=1e-12)

    def test_silent_samples_count_as_wrong(self):
        scores = analysis.cluster_scores([0, 0, 1, 1], [3, 3, 3, -1])
        assert scores["purity"] == 0.5
        assert scores["n_units"] == 1
        assert analysis.cluster_scores([0, 1], [-1, -1])["purity"] == 0

    def test_constant_prediction(self):
        scores = analysis.cluster_scores([0, 1, 2, 2], [4, 4, 4, 4])
        assert scores == pytest.approx({"ari": 0, "ami": 0, "homogeneity": 0, "purity": 0.5, "n_units": 1})

    @pytest.mark.parametrize("n_clusters", [None, 3])
    def test_separated_regions_are_found(self, rng, n_clusters):
        region = np.repeat([0, 1, 2], 12)  # two rows of a 6 x 6 map each
        codebook = np.eye(3)[region] + rng.normal(scale=0.05, size=(36, 3))
        clusters = analysis.cluster_units(codebook, (6, 6), n_clusters=n_clusters)
        assert analysis.cluster_scores(region, clusters)["ari"] == 1

    def test_clusters_are_connected_on_the_grid(self):
        codebook = np.array([0.0, 0.0, 9.0, 9.0, 0.1, 0.1])[:, None]  # equal ends, separate regions
        clusters = analysis.cluster_units(codebook, (1, 6), n_clusters=3)
        assert len({clusters[0], clusters[2], clusters[4]}) == 3

    def test_undefined_units_have_no_cluster(self, lattice):
        lattice[[0, 29]] = np.nan
        clusters = analysis.cluster_units(lattice, SHAPE)
        assert_array_equal(np.flatnonzero(clusters == -1), [0, 29])
        assert_array_equal(analysis.cluster_units(np.full((4, 2), np.nan), (2, 2)), [-1] * 4)

    def test_undefined_units_may_part_the_map(self):
        codebook = np.array([0.0, 0.1, np.nan, 5.0, 5.1])[:, None]
        clusters = analysis.cluster_units(codebook, (1, 5))
        assert clusters[0] == clusters[1] != clusters[3] == clusters[4]
        assert_array_equal(analysis.cluster_units([[0.0], [np.nan], [1.0]], (1, 3), n_clusters=2) == -1, [0, 1, 0])

    def test_neurons_weigh_as_much_as_they_win(self):
        codebook = np.array([0.0, 1.0, 3.0, 3.2, 3.4, 3.6, 3.8, 4.0])[:, None]  # two steady scenes, a varied one
        hits = [400, 400, 10, 10, 10, 10, 10, 10]
        alike = analysis.cluster_units(codebook, (1, 8), n_clusters=3)
        assert alike[0] == alike[1]
        for connected in (True, False):
            weighed = analysis.cluster_units(codebook, (1, 8), n_clusters=3, hits=hits, connected=connected)
            assert analysis.cluster_scores([0, 1, 2, 2, 2, 2, 2, 2], weighed)["ari"] == 1
        equal = analysis.cluster_units(codebook, (1, 8), n_clusters=3, hits=np.ones(8))
        assert analysis.cluster_scores(alike, equal)["ari"] == 1

    def test_equal_rows_are_one_cluster_however_much_they_win(self):
        clusters = analysis.cluster_units([[0], [0], [1], [2]], (2, 2), n_clusters=3, hits=[200, 200, 50, 50])
        assert clusters[0] == clusters[1]
        assert {*clusters} == {0, 1, 2}

    def test_clusters_apart_on_the_grid(self):
        codebook = np.array([0.0, 9.0, 0.1, 9.1])[:, None]
        clusters = analysis.cluster_units(codebook, (1, 4), n_clusters=2, connected=False)
        assert clusters[0] == clusters[2] != clusters[1] == clusters[3]

    @pytest.mark.parametrize("codebook", [np.ones((6, 2)), np.arange(2.0)[:, None], [[1.0]]])
    def test_nothing_to_choose_from(self, codebook):
        assert_array_equal(analysis.cluster_units(codebook, (1, len(codebook))), np.zeros(len(codebook)))


class TestProjections:
    def test_pca_keeps_planar_distances(self, rng):
        plane = rng.normal(size=(20, 2))
        X = plane @ np.linalg.qr(rng.normal(size=(5, 5)))[0][:2] + 3
        found = analysis.project_pca(X)
        assert_allclose(np.linalg.norm(found[:, None] - found, axis=2), np.linalg.norm(plane[:, None] - plane, axis=2))

    @pytest.mark.parametrize("X", [np.ones((1, 3)), np.ones((4, 1)), np.ones((6, 3)), np.arange(5.0)[:, None]])
    @pytest.mark.parametrize("project", [analysis.project_pca, analysis.project_tsne])
    def test_degenerate_data(self, X, project):
        found = project(X)
        assert found.shape == (len(X), 2)
        assert np.isfinite(found).all()

    @pytest.mark.parametrize("n", [2, 3, 5])
    def test_tsne_of_few_samples(self, n, rng):
        assert np.isfinite(analysis.project_tsne(rng.normal(size=(n, 3)))).all()

    def test_tsne_separates_groups_and_repeats(self, rng):
        X = np.concatenate([rng.normal(size=(20, 5)), rng.normal(loc=20, size=(20, 5))])
        found = analysis.project_tsne(X)
        gap = np.linalg.norm(found[:20].mean(0) - found[20:].mean(0))
        assert gap > 2 * found[:20].std()
        assert_array_equal(analysis.project_tsne(X), found)


class TestSpikes:
    def test_volleys(self):
        assert_array_equal(analysis.volleys([0, 1, 2, 40, 41, 51, 62]), [0, 0, 0, 1, 1, 1, 2])
        assert_array_equal(analysis.volleys([0, 1, 3], gap_ms=1), [0, 0, 1])
        assert_array_equal(analysis.volleys([]), [])
        assert_array_equal(analysis.volleys([5.0]), [0])

    def test_volleys_end_with_their_presentation(self):
        assert_array_equal(analysis.volleys([50, 51, 2, 3, 4], [0, 0, 1, 1, 2]), [0, 0, 1, 1, 2])

    def test_oscillation_of_a_regular_train(self):
        time = np.add.outer(40.0 * np.arange(6), [3.0, 3.5]).ravel()  # two inhibitory spikes per cycle
        assert analysis.oscillation(time) == pytest.approx(
            {"period_ms": 40, "jitter_ms": 0, "frequency_hz": 25, "n_cycles": 5}
        )

    def test_jitter_is_the_sample_deviation(self):
        found = analysis.oscillation([0.0, 39.0, 80.0])
        assert found["period_ms"] == 40
        assert found["jitter_ms"] == pytest.approx(math.sqrt(2))

    @pytest.mark.parametrize("time", [[], [3.0], [3.0, 3.1]])
    def test_no_complete_cycle(self, time):
        found = analysis.oscillation(time)
        assert found["n_cycles"] == 0
        assert math.isnan(found["period_ms"])
        assert math.isnan(found["frequency_hz"])

    def test_first_spike_latency(self):
        found = analysis.first_spike_latency(
            [5, 7, 8, 103, 104], [1, 0, 1, 2, 2], [0, 0, 0, 2, 2], 3, 3, onset_ms=[0, 50, 100]
        )
        n = np.nan
        assert_array_equal(found, [[7, 5, n], [n, n, n], [n, n, 3]])
        assert np.isnan(analysis.first_spike_latency([], [], [], 2, 1)).all()

    def test_first_spike_latency_ignores_order(self, rng):
        time, neuron, presentation = rng.random(99), rng.integers(0, 8, 99), rng.integers(0, 4, 99)
        order = rng.permutation(99)
        expected = analysis.first_spike_latency(time, neuron, presentation, 8, 4)
        assert_array_equal(
            analysis.first_spike_latency(time[order], neuron[order], presentation[order], 8, 4), expected
        )

    def test_latency_rank_correlation(self, rng):
        drive = rng.random((5, 20))
        latency = 5 * np.log(50 / (drive + 0.1))
        latency[:, 3] = np.nan
        latency[4] = np.nan
        assert analysis.latency_rank_correlation(latency, drive) == pytest.approx(-1)
        assert analysis.latency_rank_correlation(latency[0], -drive[0]) == pytest.approx(1)
        assert math.isnan(analysis.latency_rank_correlation(np.full(3, np.nan), [1, 2, 3]))
        assert math.isnan(analysis.latency_rank_correlation([1, 2, 3], [1, 1, 1]))

    def test_bubble_of_a_travelling_front(self):
        """Neurons within distance 2 fire 0.1 ms later per unit of distance, twice around different centres."""
        positions = analysis.grid_positions((7, 7))
        spikes = []
        for volley, centre in enumerate([24, 0]):
            away = np.linalg.norm(positions - positions[centre], axis=1)
            spikes += [(40 * volley + 0.1 * round(d), j, volley) for j, d in enumerate(away) if round(d) <= 2]
        time, neuron, _ = np.array(sorted(spikes)).T
        found = analysis.bubble_profile(time, neuron.astype(int), analysis.volleys(time), (7, 7))
        assert_array_equal(found["distance"], np.arange(9))
        assert_array_equal(found["probability"], [1, 1, 1, 0, 0, 0, 0, 0, 0])
        assert_allclose(found["extra_latency_ms"], [0, 0.1, 0.2] + [np.nan] * 6, atol=1e-9)

    def test_bubble_counts_silent_neurons_and_first_spikes_only(self):
        found = analysis.bubble_profile([0.0, 0.3, 0.9, 9.0], [0, 1, 1, 2], [0, 0, 0, 1], (1, 3))
        assert_allclose(found["probability"], [1, 0.5, 0])  # neuron 1 is at distance 1 twice and fires once
        assert_allclose(found["extra_latency_ms"], [0, 0.3, np.nan])

    def test_bubble_without_spikes(self):
        assert np.isnan(analysis.bubble_profile([], [], [], (2, 2))["probability"]).all()

    def test_winners(self):
        n = np.nan
        latency = [[3, 1, n, 2], [n, n, n, n], [n, n, 4, n], [2, 2, 2, 2]]
        assert_array_equal(analysis.first_winner(latency), [1, -1, 2, 0])
        assert_array_equal(analysis.spike_winners(latency), [[1, 3], [-1, -1], [2, -1], [0, 1]])
        assert_array_equal(analysis.spike_winners([[1.0]], k=2), [[0, -1]])

    def test_centroid_winner(self):
        latency = np.full((4, 25), np.nan)
        latency[0, [6, 8, 16, 18]] = 3.0  # corners of a square around neuron 12, which is silent
        latency[1, [12, 13]] = [7.0, 9.0]  # the late spike hardly counts
        latency[2, 24] = 1e4  # late but alone
        assert_array_equal(analysis.centroid_winner(latency, (5, 5)), [12, 12, 24, -1])
        assert_array_equal(analysis.centroid_winner(latency + 50, (5, 5)), [12, 12, 24, -1])
        assert_array_equal(analysis.centroid_winner(latency[3:], (5, 5)), [-1])

    def test_short_tau_is_the_first_winner(self, rng):
        latency = rng.random((50, 12))
        assert_array_equal(analysis.centroid_winner(latency, (3, 4), tau_ms=1e-4), analysis.first_winner(latency))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: analysis.grid_positions((3, 0)), r"shape must be two positive integers .* got \(3, 0\)"),
        (lambda: analysis.best_matching_units([[0.0]], [[0.0, 1.0]]), "X must have the 2 features"),
        (lambda: analysis.best_matching_units([0.0], [[0.0]]), "X must be a non-empty 2-D array"),
        (lambda: analysis.best_matching_units([[np.inf]], [[0.0]]), "X must be finite"),
        (lambda: analysis.best_matching_units([[0.0]], [[np.inf]]), "codebook must be finite"),
        (lambda: analysis.best_matching_units([[0.0]], [[0.0]], k=0), "k must be a positive integer"),
        (lambda: analysis.topographic_error([0, 1], (2, 2)), "winners must be a 2-D array"),
        (lambda: analysis.topographic_error([[0, 1, 2]], (2, 2)), r"winners must have shape \(n_samples, 2\)"),
        (lambda: analysis.topographic_error(np.zeros((0, 2), int), (2, 2)), "at least one sample"),
        (lambda: analysis.topographic_error([[0, 4]], (2, 2)), "winners must lie between -1 and 3, got 0 to 4"),
        (lambda: analysis.topographic_error([[0, 1]], (2, 2), neighbourhood=6), "neighbourhood must be 4 or 8"),
        (lambda: analysis.topographic_product([[0.0]] * 3, (2, 2)), r"codebook must have rows\*cols = 4 rows"),
        (lambda: analysis.trustworthiness([[0.0]] * 4, [[0.0]] * 4, n_neighbors=2), "n_neighbors must be an integer"),
        (lambda: analysis.continuity([[0.0]], [[0.0]]), "n_neighbors must be an integer"),
        (lambda: analysis.trustworthiness([[0.0]] * 9, [[0.0]] * 8), "X, positions must have the same length"),
        (lambda: analysis.hit_map([0.5], (2, 2)), "winners must hold integers, got dtype float64"),
        (lambda: analysis.label_units([0, 1], ["a"], (2, 2)), "winners, labels must have the same length"),
        (lambda: analysis.label_accuracy([9], ["a"], ["a"]), "winners must lie between -1 and 0"),
        (lambda: analysis.cluster_scores([], []), "labels_true must be a non-empty 1-D array"),
        (lambda: analysis.cluster_scores([1], ["a"]), "labels_pred must hold integers"),
        (lambda: analysis.cluster_units([[0.0]] * 4, (2, 2), n_clusters=5), "n_clusters must be None or an integer"),
        (lambda: analysis.cluster_units([[0.0]] * 4, (2, 2), hits=[1, 2]), "hits must be a number of samples"),
        (lambda: analysis.cluster_units([[0.0]] * 4, (2, 2), hits=[1, -1, 0, 2]), "hits must be a number of samples"),
        (lambda: analysis.cluster_units([[0.0]] * 4, (2, 2), hits=[1, np.inf, 0, 2]), "hits must be a number of samp"),
        (lambda: analysis.project_pca([[0.0]], n_components=0), "n_components must be a positive integer"),
        (lambda: analysis.project_tsne([[0.0]] * 3, perplexity=3), "perplexity must be above 0 and below"),
        (lambda: analysis.volleys([2.0, 1.0]), "time_ms must be sorted, got a step of -1 ms"),
        (lambda: analysis.volleys([1.0], gap_ms=-1), "gap_ms must be 0 or more"),
        (lambda: analysis.oscillation([np.nan]), "time_ms_inhibitory must be a 1-D array of finite times"),
        (lambda: analysis.first_spike_latency([1.0], [3], [0], 3, 1), "neuron must lie between 0 and 2"),
        (
            lambda: analysis.first_spike_latency([1.0], [0], [0], 3, 1, onset_ms=[0, 1]),
            "onset_ms must be one number or 1",
        ),
        (lambda: analysis.latency_rank_correlation([1, 2], [1, 2, 3]), "drive must have the shape of latency"),
        (lambda: analysis.first_winner([1.0, 2.0]), "latency must be a .* table"),
        (lambda: analysis.centroid_winner([[1.0, 2.0]], (2, 2)), r"latency must have rows\*cols = 4 columns"),
        (lambda: analysis.centroid_winner([[1.0]], (1, 1), tau_ms=0), "tau_ms must be positive"),
    ],
)
def test_errors_name_the_parameter(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_all_that_respond_vote():
    responses = np.array([[1.0, 0.2, 0.0], [0.9, 0.0, 0.0], [0.0, 0.3, 1.0]])
    labels = np.array(["a", "a", "b"])
    new = np.array([[0.1, 1.0, 0.2], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    # neuron 1 is two fifths for a, three fifths for b: votes 0.1 + 0.4 against 0.6 + 0.2
    assert analysis.vote_labels(responses, labels, new).tolist() == ["b", "a", "a"]
    with pytest.raises(ValueError, match="must match"):
        analysis.vote_labels(responses, labels[:2], new)


def test_rank_correlation_of_two_values():
    assert rank_correlation(np.array([1.0, 2.0]), np.array([3.0, 5.0])) == pytest.approx(1.0)
    assert math.isnan(rank_correlation(np.array([1.0]), np.array([3.0])))
