"""Measures that see a broken map, on maps of known answer; and the warning of `fit`."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits, load_iris

import tectum
from tectum import BrokenMapWarning, SpikingSOM, analysis, parts
from tectum.models.common.map_diagnosis import order_of

SHAPE = (10, 10)
RNG = np.random.default_rng(0)
GRID = analysis.grid_positions(SHAPE).astype(float)
FOLDED = np.stack([GRID[:, 0], np.abs(GRID[:, 1] - 4.0)], axis=1)  # a crease along column 4
MANY = GRID @ np.linalg.qr(RNG.normal(size=(40, 40)))[0][:2]  # the plane in 40 dimensions
RANDOM = RNG.random((100, 40))


def latency(*groups: list[int]) -> np.ndarray:
    """First spikes at 10 ms of the neurons of a group, one sample each; the first of a group leads by 0.01 ms."""
    times = np.full((len(groups), 100), np.nan)
    for k, group in enumerate(groups):
        times[k, group] = 10.0
        times[k, group[0]] -= 0.01
    return times


class TestTurnedShare:
    @pytest.mark.parametrize("nodes", [GRID, MANY, 3 * GRID[:, ::-1] + 1], ids=["plane", "40 dimensions", "mirrored"])
    def test_perfect_grid(self, nodes):
        assert analysis.turned_share(nodes, SHAPE) == 0.0

    def test_crease(self):
        """Ten rows turn at the crease, of 2 x 80 places."""
        assert analysis.turned_share(FOLDED, SHAPE) == 10 / 160

    def test_random(self):
        assert analysis.turned_share(RANDOM, SHAPE) > 0.95
        assert 0.55 < analysis.turned_share(RANDOM[:, :2], SHAPE) < 0.85

    @pytest.mark.parametrize("kind", [parts.HexagonalGrid, parts.ToroidalGrid, parts.HexagonalTorus])
    def test_other_grids(self, kind):
        grid = kind(10, 10)
        nodes = analysis.grid_places(grid)
        assert analysis.turned_share(nodes, grid) == 0.0
        assert analysis.turned_share(RNG.permutation(nodes), grid) > 0.5

    def test_chain_and_undefined(self):
        assert analysis.turned_share([[0.0], [1.0], [0.5], [2.0]], (1, 4)) == 1.0
        assert np.isnan(analysis.turned_share([[0.0], [1.0]], (1, 2)))
        holes = GRID.copy()
        holes[55] = np.nan
        assert analysis.turned_share(holes, SHAPE) == 0.0


class TestNeighbourVariation:
    def test_by_hand(self):
        assert analysis.neighbour_variation(GRID, SHAPE) == 0.0
        assert analysis.neighbour_variation(MANY, SHAPE) == pytest.approx(0.0, abs=1e-12)
        assert analysis.neighbour_variation([[0.0], [1.0], [4.0]], (1, 3)) == pytest.approx(0.5)
        assert np.isnan(analysis.neighbour_variation(np.ones((4, 1)), (2, 2)))

    def test_scale_does_not_matter(self):
        assert_allclose(analysis.neighbour_variation(7 * RANDOM, SHAPE), analysis.neighbour_variation(RANDOM, SHAPE))


class TestGlobalOrder:
    def test_known_maps(self):
        assert analysis.neighbourhood_correlation(MANY, SHAPE) > 0.999
        assert abs(analysis.neighbourhood_correlation(RANDOM, SHAPE)) < 0.1
        assert 0.5 < analysis.neighbourhood_correlation(FOLDED, SHAPE) < 0.8


class TestWinningShare:
    def test_known_maps(self):
        assert analysis.winning_share(np.arange(100), SHAPE) == pytest.approx(1 / (1 - 0.99**100))
        assert analysis.winning_share(np.zeros(500, int), SHAPE) < 0.011
        dealt = RNG.integers(0, 100, (50, 200))
        assert np.mean([analysis.winning_share(one, SHAPE) for one in dealt]) == pytest.approx(1.0, abs=0.01)

    def test_silence(self):
        assert np.isnan(analysis.winning_share([-1, -1], SHAPE))
        assert analysis.winning_share([-1, 3], SHAPE) == pytest.approx(1.0)


class TestCommonVolley:
    def test_bubble_and_volley(self):
        assert analysis.common_volley(latency([44, 43, 45, 34, 54]), SHAPE) == 0.0
        assert analysis.common_volley(latency([44, 46, 99, 0]), SHAPE) == 3.0
        assert analysis.common_volley(latency([44, 46], [3, 4]), SHAPE) == 0.5
        assert analysis.common_volley(latency([44, 46, 99]), SHAPE, reach=2.0) == 1.0

    def test_later_spikes_and_silence(self):
        times = latency([44, 99], [0])
        times[0, 99] = 10.2
        times[1] = np.nan
        assert analysis.common_volley(times, SHAPE) == 0.0
        assert np.isnan(analysis.common_volley(times[1:], SHAPE))

    def test_torus(self):
        corners = latency([0, 9, 90, 99])
        assert analysis.common_volley(corners, SHAPE) == 3.0
        assert analysis.common_volley(corners, parts.ToroidalGrid(10, 10)) == 0.0


class TestVarianceExplained:
    def test_known_features(self):
        winners = np.repeat(np.arange(10), 30)
        X = np.stack([winners, winners + RNG.normal(size=300), RNG.normal(size=300), np.ones(300)], axis=1)
        explained, partly, nothing, constant = analysis.variance_explained(X, winners)
        assert explained == 1.0
        assert partly == pytest.approx(1 - 1 / X[:, 1].var(), abs=0.05)
        assert abs(nothing) < 0.06
        assert np.isnan(constant)

    def test_missing_values_and_silence_are_left_out(self):
        winners = np.repeat(np.arange(10), 30)
        X = np.stack([winners, RNG.normal(size=300)], axis=1).astype(float)
        X[::7, 0] = np.nan
        winners[::11] = -1
        explained, nothing = analysis.variance_explained(X, winners)
        assert explained == pytest.approx(1.0)
        kept = winners >= 0
        assert nothing == pytest.approx(analysis.variance_explained(X[kept, 1:], winners[kept])[0])


class TestOrder:
    def test_good_map(self):
        assert order_of(latency(*([k] for k in range(100))), MANY, parts.Grid(10, 10), 1.15).broken == []

    @pytest.mark.parametrize(
        ("groups", "nodes", "message"),
        [
            ([[44], [45], [46]] * 40, MANY, "only 3 of 100 neurons win any of 120 samples"),
            ([[k, *range(k % 7, 100, 7)] for k in range(100)], MANY, "far from the winner fire in the same 0.1 ms"),
            ([[k] for k in range(100)], RANDOM, "the net turns back at"),
        ],
        ids=["few winners", "common volley", "crumpled"],
    )
    def test_broken_maps(self, groups, nodes, message):
        (warning,) = order_of(latency(*groups), nodes, parts.Grid(10, 10), 1.15).broken
        assert message in warning
        assert ";" in warning  # and a remedy


def square() -> np.ndarray:
    return np.random.default_rng(0).random((600, 2))


@pytest.mark.science
@pytest.mark.parametrize(
    "data", [square, lambda: load_iris().data, lambda: load_digits().data], ids=["square", "iris", "digits"]
)
def test_good_maps_are_not_called_broken(data):
    X = data()
    with warnings.catch_warnings():
        warnings.simplefilter("error", BrokenMapWarning)
        som = SpikingSOM(n_presentations=4000, random_state=0).fit(X)
    found = som.diagnose(X[:300])
    assert found.winning_share > 0.5
    assert found.common_volley < 2.5
    assert "neurons that never win" in str(found)
    if data is square:  # some seeds fold; a few triangles are seen in the plane, many also in the distances
        folded = found.fold_share > 0.02
        assert folded or found.rank_correlation > 0.9
        assert folded == any("turned round" in warning for warning in found.warnings)


def test_a_map_without_order_is_called_broken():
    """Neurons without competition all fire together."""
    X = square()
    som = SpikingSOM((6, 6), n_presentations=2000, random_state=0, lateral=parts.DifferenceOfGaussians(W=0.0))
    with pytest.warns(BrokenMapWarning, match="SpikingSOM.fit: the map is broken") as caught:
        som.fit(X)
    assert caught[0].filename == __file__
    assert tectum.BrokenMapWarning is BrokenMapWarning
    assert any("neurons win" in warning or "0.1 ms" in warning for warning in som.diagnose(X[:100]).warnings)


def test_short_trainings_are_not_judged():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SpikingSOM((6, 6), n_presentations=100, random_state=0, lateral=parts.DifferenceOfGaussians(W=0.0)).fit(
            square()
        )


def test_idle_features_are_named():
    X = np.column_stack([square(), np.zeros(600)])
    X[:2, 2] = 1.0  # varies in two samples
    som = SpikingSOM((6, 6), n_presentations=1000, random_state=0).fit(X)
    table = X.copy()
    table[:, 2] = np.random.default_rng(1).random(600) < 0.5  # explained by nothing that the map has learned
    found = som.diagnose(table)
    assert found.n_features == 3
    assert 0 not in found.idle_features
    assert 1 not in found.idle_features
