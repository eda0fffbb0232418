"""Maps that grow or move neurons: which ones, what new ones begin with, and that a stream goes on to the last bit."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

import tectum
from tectum import SpikingSOM
from tectum.models.common.map_growth import insertion, moved
from tectum.parts import Grid, GrowingGrid, MovingGrid, NearestNeighbourSTDP

NO_LEARNING = NearestNeighbourSTDP(A_plus=0.0, A_minus=0.0)
X = load_iris().data[np.random.default_rng(0).integers(150, size=200)]


def growing(**changes: Any) -> SpikingSOM:
    """A map of 3 x 4 that gets two rows and a column in 150 presentations."""
    settings = {"growth": GrowingGrid(5, 5, interval=50), "random_state": 0, "n_snapshots": 3}
    return SpikingSOM.continuous((3, 4), **settings | changes)


class TestPlaces:
    """`insertion` follows the path along which neighbours differ most."""

    def test_path_of_largest_differences(self) -> None:
        steps = np.array([[1.0, 1.0, 9.0], [1.0, 9.0, 1.0], [9.0, 1.0, 1.0]])  # of a row of four neurons
        weights = np.hstack([np.zeros((3, 1)), np.cumsum(steps, axis=1)]).reshape(1, 12).astype(np.float32)
        new = insertion(weights, Grid(3, 4), GrowingGrid(3, 5))
        assert new.grid == Grid(3, 5)
        np.testing.assert_array_equal(new.ends, [[2, 3], [5, 6], [8, 9]])
        np.testing.assert_array_equal(new.order.reshape(3, 5), [[0, 1, 2, 12, 3], [4, 5, 13, 6, 7], [8, 14, 9, 10, 11]])

    def test_no_step_aside_by_more_than_one(self) -> None:
        far = np.array([[9.0, 1.0, 1.0], [1.0, 1.0, 8.0]])  # the two largest are two places apart
        weights = np.hstack([np.zeros((2, 1)), np.cumsum(far, axis=1)]).reshape(1, 8).astype(np.float32)
        new = insertion(weights, Grid(2, 4), GrowingGrid(2, 5))
        np.testing.assert_array_equal(new.ends, [[0, 1], [4, 5]])

    def test_rows_where_rows_differ_more(self) -> None:
        weights = np.repeat([[0.0, 1.0, 5.0]], 3, axis=1).astype(np.float32) + np.tile([0.0, 0.1, 0.2], 3)
        new = insertion(weights.astype(np.float32), Grid(3, 3), GrowingGrid(5, 5))
        assert new.grid == Grid(4, 3)
        np.testing.assert_array_equal(new.ends, [[3, 6], [4, 7], [5, 8]])
        np.testing.assert_array_equal(new.order, [0, 1, 2, 3, 4, 5, 9, 10, 11, 6, 7, 8])

    def test_full(self) -> None:
        assert insertion(np.zeros((2, 9), np.float32), Grid(3, 3), GrowingGrid(3, 3)) is None


class TestMoves:
    """`moved` takes out the path that wins least, and puts one in where most is won."""

    def test_idle_column_goes_and_the_busiest_gets_one_beside_it(self) -> None:
        wins = np.array([[0, 10, 10, 20, 30], [10, 0, 10, 20, 30], [0, 10, 10, 20, 30]])
        new = moved(wins.ravel(), Grid(3, 5), MovingGrid())
        assert new.grid == Grid(3, 5)
        np.testing.assert_array_equal(new.ends, [[3, 4], [8, 9], [13, 14]])
        np.testing.assert_array_equal(
            new.order.reshape(3, 5), [[1, 2, 3, 15, 4], [5, 7, 8, 16, 9], [11, 12, 13, 17, 14]]
        )

    def test_rows_where_they_differ_more(self) -> None:
        wins = np.array([[0, 0, 0], [1, 1, 1], [1, 0, 1], [20, 22, 20], [20, 20, 20]])
        new = moved(wins.ravel(), Grid(5, 3), MovingGrid())
        assert new.grid == Grid(5, 3)
        np.testing.assert_array_equal(new.ends, [[9, 12], [10, 13], [11, 14]])
        assert set(range(3)).isdisjoint(new.order)

    @pytest.mark.parametrize(
        "wins",
        [
            np.full((4, 4), 7),  # all win alike
            np.tile([1, 10, 10, 12], (4, 1)),  # a column that still wins
            np.tile([0, 10, 10, 10], (4, 1)),  # none has won that much more than the others
            np.zeros((4, 4), int),
        ],
    )
    def test_all_stay(self, wins: np.ndarray) -> None:
        assert moved(wins.ravel(), Grid(4, 4), MovingGrid()) is None

    def test_lines_too_short_to_lose_one(self) -> None:
        assert moved(np.array([0, 30] * 4), Grid(4, 2), MovingGrid()) is None


@pytest.mark.compiled
class TestMovingMap:
    """`SpikingSOM(growth=MovingGrid())` follows what changes."""

    moving = MovingGrid(per_neuron=3.0, surplus=1.5)

    def test_neurons_follow_a_distribution_that_shrinks(self) -> None:
        draw = np.random.default_rng(0)
        square, right = draw.random((1500, 2)), draw.random((900, 2)) * [0.4, 1.0] + [0.6, 0.0]
        shares = {}
        for growth in (None, self.moving):
            som = SpikingSOM.continuous((6, 6), growth=growth, input_range=(0.0, 1.0), random_state=0)
            som.partial_fit(square).partial_fit(right)
            shares[growth] = (som.codebook_[:, 0] > 0.5).mean()
            assert som.topographic_error(right) < 0.1
        assert shares[self.moving] > shares[None] + 0.1
        assert som.grid_ == Grid(6, 6)

    def test_stream_in_one_call_or_many_and_over_a_file(self, tmp_path: Path) -> None:
        stream = np.concatenate([X, X[X[:, 2] > 3.0], X[X[:, 2] > 3.0]])
        start = SpikingSOM.continuous((5, 5), growth=self.moving, random_state=0).partial_fit(stream[:20])
        start.save(tmp_path / "start.tectum")
        whole = tectum.load(tmp_path / "start.tectum").partial_fit(stream[20:])
        still = tectum.load(tmp_path / "start.tectum").set_params(growth=None).partial_fit(stream[20:])
        assert (whole.weights_ != still.weights_).any()  # some have moved
        for cut in (40, 75, 170):
            part = tectum.load(tmp_path / "start.tectum").partial_fit(stream[20:cut])
            part.save(tmp_path / "map.tectum")
            again = tectum.load(tmp_path / "map.tectum").partial_fit(stream[cut:])
            np.testing.assert_array_equal(again.weights_, whole.weights_)
            np.testing.assert_array_equal(again.recent_wins_, whole.recent_wins_)

    def test_too_few_wins_to_tell_who_is_idle(self) -> None:
        """A map without counts, as from a file of an older version, learns its interval to the end and a whole one."""
        start = SpikingSOM.continuous((4, 4), random_state=0).partial_fit(X[:94])
        start.recent_wins_ = np.zeros(16, np.int64)
        moving, still = (copy.deepcopy(start).set_params(growth=growth) for growth in (MovingGrid(), None))
        for som in (moving, still):
            som.partial_fit(X[94:96])
        np.testing.assert_array_equal(moving.weights_, still.weights_)
        assert moving.recent_wins_.sum() == still.recent_wins_.sum()

    def test_wins_are_those_of_the_frozen_map(self) -> None:
        som = SpikingSOM((4, 4), random_state=0, rule=NO_LEARNING, n_presentations=1).fit(X)
        before = som.recent_wins_
        som.partial_fit(X)
        winners = np.bincount(som.predict(X), minlength=16)
        assert (som.recent_wins_ - before).sum() == len(X)
        assert np.abs(som.recent_wins_ - before - winners).sum() < 0.2 * len(X)

    def test_refused_on_other_grids_and_out_of_range(self) -> None:
        with pytest.raises(ValueError, match=r"SpikingSOM\.growth must be None on a hexagonal map"):
            SpikingSOM((4, 4), topology="hexagonal", growth=self.moving).fit(X)
        with pytest.raises(ValueError, match=r"SpikingSOM\.growth\.surplus must be"):
            SpikingSOM((4, 4), growth=MovingGrid(surplus=0.5)).fit(X)


@pytest.mark.compiled
class TestGrowth:
    """`SpikingSOM(growth=...)`."""

    def test_grows_at_its_intervals_until_it_is_full(self) -> None:
        som, sizes = growing(), []
        for start in range(0, 200, 25):
            sizes.append(som.partial_fit(X[start : start + 25]).grid_.n_neurons)
        assert sizes[:3] == [12, 15, 15]  # it grows after 50, 100 and 150 presentations
        assert som.grid_ == Grid(5, 5)
        assert som.shape == (3, 4)
        assert som.codebook_.shape == (25, 4)
        assert som.transform(X[:3]).shape == (3, 25)

    def test_new_neurons_are_as_excitable_as_their_ends_and_between_them(self) -> None:
        som = growing().partial_fit(X[:49])
        before = som.weights_.copy()
        new = insertion(before, som.grid_, som.growth)
        points = som.encoder_.decode(before)[new.ends]
        state = new.widen_state(som._state, som.encoder_.encode(points.mean(axis=1)))
        fresh = state.weights[:, np.argsort(new.order)[12:]]
        np.testing.assert_allclose(fresh.sum(axis=0), before[:, new.ends].sum(axis=0).mean(axis=1), rtol=1e-5)
        np.testing.assert_array_equal(state.weights[:, np.argsort(new.order)[:12]], before)
        gone = np.abs(som.encoder_.decode(fresh) - points.mean(axis=1)).mean()
        assert gone < 0.5 * np.abs(points[:, 0] - points[:, 1]).mean()

    def test_stream_in_one_call_or_many_and_over_a_file(self, tmp_path: Path) -> None:
        whole = growing().partial_fit(X[:20]).partial_fit(X[20:])  # the first call sets the range
        for cut in (30, 50, 51, 120):
            part = growing().partial_fit(X[:20]).partial_fit(X[20:cut])
            part.save(tmp_path / "map.tectum")
            again = tectum.load(tmp_path / "map.tectum")
            assert again.grid_ == part.grid_
            assert again.growth == part.growth
            again.partial_fit(X[cut:])
            np.testing.assert_array_equal(again.weights_, whole.weights_)
            assert again.grid_ == whole.grid_

    def test_fit_and_its_snapshots(self) -> None:
        som = growing(n_presentations=160).fit(X)
        assert som.snapshots_.shape == (3, 25, 4)
        assert clone(som).fit(X).grid_ == som.grid_
        np.testing.assert_array_equal(clone(som).fit(X).weights_, som.weights_)

    def test_full_map_is_the_map_without_growth(self) -> None:
        full = growing(growth=GrowingGrid(3, 4, interval=50)).partial_fit(X)
        np.testing.assert_array_equal(full.weights_, growing(growth=None).partial_fit(X).weights_)

    def test_refused_on_other_grids(self) -> None:
        with pytest.raises(ValueError, match=r"SpikingSOM\.growth must be None on a toroidal map, .*; use topology="):
            growing(topology="toroidal").fit(X)
        with pytest.raises(ValueError, match=r"SpikingSOM\.growth\.interval must be"):
            growing(growth=GrowingGrid(interval=0)).fit(X)
