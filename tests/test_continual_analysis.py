"""Measures of continual learning, of clusterings and of representations: small cases by hand, and bad input."""

import numpy as np
import pytest

from tectum import analysis

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
WINNERS = np.array(
    [
        [-1, -1, -1, -1, -1, -1, -1, -1],  # nothing learned
        [3, 3, 3, 2, 3, 3, 3, 0],  # class 0 on neurons 2 and 3, class 1 mostly on its neurons; 3 : 3 goes to class 0
        [3, 3, 3, 3, 1, 1, 1, 1],  # one neuron each
        [3, 3, 3, 1, 1, 1, 1, 1],  # class 1 takes a probe of class 0
    ]
)
TIMES = np.array([0.0, 10.0, 20.0, 30.0])


class TestTerritories:
    def test_by_hand(self):
        found = analysis.territories(WINNERS, LABELS, 4)
        np.testing.assert_array_equal(found, [[-1, -1, -1, -1], [1, -1, 0, 0], [-1, 1, -1, 0], [-1, 1, -1, 0]])
        np.testing.assert_array_equal(analysis.units_per_class(found, 2), [[0, 0], [2, 1], [1, 1], [1, 1]])
        turnover = analysis.territory_turnover(found)
        assert np.isnan(turnover[0])
        np.testing.assert_allclose(turnover[1:], [2 / 3, 0.0])

    def test_accuracy(self):
        np.testing.assert_allclose(
            analysis.class_accuracy(WINNERS, LABELS, 4), [[0.0, 0.0], [1.0, 0.25], [1.0, 1.0], [0.75, 1.0]]
        )

    def test_accuracy_is_that_of_labels(self):
        """The same as labelling the neurons and asking for the share of right answers, probe by probe."""
        rng = np.random.default_rng(0)
        winners, labels = rng.integers(-1, 12, (5, 60)), np.arange(60) % 4
        found = analysis.class_accuracy(winners, labels, 12)
        for row, won in zip(found, winners, strict=True):
            units = analysis.label_units(won, labels, (3, 4))
            right = (units[won] == labels) & (won >= 0)
            np.testing.assert_allclose(row, [right[labels == c].mean() for c in range(4)])

    def test_dedicated(self):
        np.testing.assert_array_equal(
            analysis.dedicated_units(WINNERS, LABELS, 4), [[-1, -1], [-1, -1], [3, 1], [-1, -1]]
        )
        relaxed = analysis.dedicated_units(WINNERS, LABELS, 4, least_own=0.7, most_other=0.25)
        np.testing.assert_array_equal(relaxed[3], [3, 1])

    def test_class_without_probes(self):
        accuracy = analysis.class_accuracy([[0, 1]], [0, 2], 2)
        np.testing.assert_allclose(accuracy, [[1.0, np.nan, 1.0]])
        np.testing.assert_array_equal(analysis.dedicated_units([[0, 1]], [0, 2], 2), [[0, -1, 1]])


class TestOverTime:
    ACCURACY = np.array([[0.1, 0.0, 0.0], [0.9, 0.2, 0.0], [1.0, 0.2, 0.0], [0.7, 0.8, 0.0], [0.6, 1.0, 0.0]])

    def test_adoption(self):
        """Class 2 is never adopted; what was right before the exposure does not count."""
        found = analysis.adoption_time(10.0 * np.arange(5), self.ACCURACY, [0.0, 25.0, 0.0])
        np.testing.assert_allclose(found, [10.0, 15.0, np.nan])
        early = analysis.adoption_time(10.0 * np.arange(5), self.ACCURACY, [15.0, 25.0, 0.0])
        assert early[0] == 5.0

    def test_dedication(self):
        dedicated = analysis.dedicated_units(WINNERS[:3], LABELS, 4) >= 0
        np.testing.assert_allclose(analysis.adoption_time(TIMES[:3], dedicated, [5.0, 15.0]), [15.0, 5.0])

    def test_forgetting(self):
        np.testing.assert_allclose(analysis.accuracy_forgetting(self.ACCURACY), [0.4, 0.0, 0.0])

    def test_forgetting_of_quality(self):
        distances = np.array([[4.0, 6.0, 9.0, 9.0], [1.0, 3.0, 8.0, 8.0], [2.0, 5.0, 1.0, 2.0]])
        quality = analysis.class_quantization(distances, [0, 0, 1, 1])
        np.testing.assert_allclose(quality, [[5.0, 9.0], [2.0, 8.0], [3.5, 1.5]])
        np.testing.assert_allclose(analysis.quantization_forgetting(quality, [1, 2]), [1.5, 0.0])

    def test_transfer(self):
        found = analysis.transfer(self.ACCURACY[:, :2], [0, 2], [2, 4])
        assert found.backward == pytest.approx(-0.4)
        assert found.forward == pytest.approx(0.2)
        alone = analysis.transfer(self.ACCURACY[:, :1], [0], [4])
        assert np.isnan(alone).all()

    def test_stability(self):
        rng = np.random.default_rng(0)
        codebook = rng.random((30, 4))
        turned = codebook @ np.linalg.qr(rng.normal(size=(4, 4)))[0] * 3.0 + 1.0
        assert analysis.topography_stability(codebook, turned) == pytest.approx(1.0)
        assert abs(analysis.topography_stability(codebook, rng.random((30, 4)))) < 0.2
        holes = np.where(np.arange(30)[:, None] == 3, np.nan, codebook)
        assert analysis.topography_stability(holes, turned) == pytest.approx(1.0)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: analysis.territories(WINNERS, LABELS, 3), "winners must lie"),
            (lambda: analysis.territories(WINNERS[0], LABELS, 4), "winners must be a 2-D"),
            (lambda: analysis.class_accuracy(WINNERS, LABELS[:-1], 4), "labels must have"),
            (lambda: analysis.adoption_time([0.0, 1.0], [[0.0], [1.0]], [0.0, 1.0]), "times must rise"),
            (lambda: analysis.adoption_time([1.0, 1.0], [[0.0], [1.0]], [0.0]), "times must rise"),
            (lambda: analysis.quantization_forgetting([[0.0], [1.0]], [2]), "segment_ends must lie"),
            (lambda: analysis.transfer([[0.0, 1.0]], [0], [0, 0]), "segment_starts must have"),
            (lambda: analysis.topography_stability(np.zeros((3, 2)), np.zeros((4, 2))), "same length"),
        ],
    )
    def test_bad_input(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


class TestClusters:
    def test_curve(self):
        """Four blocks of a map that answer two classes: two regions agree best with the classes, all neurons less."""
        rng = np.random.default_rng(0)
        codebook = np.repeat([0.0, 10.0], 8)[:, None] + rng.normal(0.0, 0.1, (16, 2))
        winners = np.tile(np.arange(16), 20)
        curve = analysis.cluster_curve(winners, winners // 8, codebook, (4, 4))
        assert list(curve) == list(range(2, 17))
        assert curve[2]["ami"] == pytest.approx(1.0)
        assert curve[16]["ami"] < curve[4]["ami"] < 1.0
        assert curve[16]["purity"] == 1.0
        assert curve[16] == analysis.cluster_scores(winners // 8, winners)
        few = analysis.cluster_curve(np.append(winners, -1), np.append(winners // 8, 0), codebook, (4, 4), cuts=[2, 5])
        assert list(few) == [2, 5]
        assert few[2]["ami"] < 1.0


class TestSimilarity:
    def test_participation(self):
        axes = np.repeat(np.eye(5), 2, axis=0) * np.tile([1.0, -1.0], 5)[:, None]
        assert analysis.participation_ratio(axes) == pytest.approx(5.0)
        assert analysis.participation_ratio(axes @ np.ones((5, 40))) == pytest.approx(1.0)
        assert analysis.participation_ratio(axes @ np.eye(5, 40) + 7.0) == pytest.approx(5.0)
        assert np.isnan(analysis.participation_ratio(np.ones((4, 3))))

    def test_representations(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(40, 6))
        assert analysis.representational_similarity(X, 3.0 * X[:, ::-1] + 1.0) == pytest.approx(1.0)
        assert abs(analysis.representational_similarity(X, rng.normal(size=(40, 9)))) < 0.2
        assert analysis.representational_similarity(X, -2.0 * X, metric="cosine") == pytest.approx(1.0)

    def test_neighbours_in_time_do_not_count(self):
        """A slow drift, classes by blocks: with its neighbours in time left out, a sample has none of its class."""
        drift, classes = np.arange(100.0)[:, None], np.arange(100) // 5
        assert analysis.neighbour_agreement(drift, classes, exclude=0) > 0.8
        assert analysis.neighbour_agreement(drift, classes, exclude=5) == 0.0
        assert analysis.neighbour_agreement(drift % 10, np.arange(100) % 10, exclude=5) == 1.0

    def test_bad_input(self):
        with pytest.raises(ValueError, match="samples"):
            analysis.neighbour_agreement(np.zeros((41, 2)), np.zeros(41))
        with pytest.raises(ValueError, match="same length"):
            analysis.representational_similarity(np.zeros((4, 2)), np.zeros((5, 2)))
