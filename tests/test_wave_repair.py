"""Nodes that die or move: synapses that are cut, units that start anew, and moves told from activity."""

import numpy as np
import pytest

import tectum
from tectum import SensorLayout, WaveNetwork
from tectum.analysis.sensor_moves import moved_places
from tectum.parts import Sheet, WaveHebb, WavePhase

pytestmark = pytest.mark.compiled
GRID = np.stack(np.meshgrid(np.arange(12.0), np.arange(12.0)), axis=-1).reshape(-1, 2) + 0.5
PHASES = (WavePhase(10.0, 3.0, 7.0), WavePhase(10.0))


@pytest.fixture
def grown() -> WaveNetwork:
    return WaveNetwork((Sheet((12, 12), 12.0), Sheet(40, 5.0)), phases=PHASES, random_state=0).grow(5.0)


def test_cutting_leaves_no_weight_on_the_dead(grown):
    dead = GRID[:, 0] < 3.0
    grown.damage(0, dead, cut=True)
    W = grown.weights_[0]
    assert not W[:, dead].any()
    np.testing.assert_allclose(W.mean(axis=1), 2.5, rtol=1e-5)
    assert grown.alive_[0].sum() == (~dead).sum()


def test_units_that_lose_most_of_their_weight_start_anew(grown):
    dead = GRID[:, 0] < 3.0
    raw = grown._state.weights[0].raw
    raw[:, :10] = dead[:, None]  # ten units that see nothing else, ...
    raw[:, 10:20] = np.linspace(0.0, 1.0, 144)[:, None] * ~dead[:, None]  # ... ten that see nothing of it, ...
    upward = GRID[:, 1] * ~dead / GRID[~dead, 1].sum()
    raw[:, 20:30] = (4.0 * dead / dead.sum() + upward)[:, None]  # and ten that have 0.8 of their weight there
    W = grown.damage(0, dead, cut=True).weights_[0]
    alone = W[:10][:, ~dead]
    assert alone.min() > 0.5 * alone.max()
    kept = W[10:20] / W[10:20].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(kept, raw.T[10:20] / raw.T[10:20].sum(axis=1, keepdims=True), atol=1e-6)
    left = W[20:30] / W[20:30].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(left, np.tile(upward, (10, 1)), atol=1e-6)


def test_synapses_of_the_dead_fade_as_growth_goes_on(tmp_path):
    """To 1/e in each 1,000 ms, whether units fire or not; the mean of a unit stays, and a file goes on alike."""
    still = WaveHebb(eta=0.0, eta_c=0.0, post="spikes")
    network = WaveNetwork((Sheet((12, 12), 12.0), Sheet(40, 5.0)), phases=PHASES, rule=still, random_state=0).grow(5.0)
    dead = GRID[:, 0] < 3.0
    network._state.weights[0].raw[:, 0] = dead  # a unit that sees nothing else
    network.damage(0, dead).save(tmp_path / "network")
    before = network.receptive_fields_(1)
    network.grow(2000.0)
    on_dead, after = (table[1:, dead].sum(axis=1) for table in (before, network.receptive_fields_(1)))
    np.testing.assert_allclose(after / (1.0 - after), np.exp(-2.0) * on_dead / (1.0 - on_dead), rtol=1e-4)
    np.testing.assert_allclose(network.weights_[0][1:].mean(axis=1), 2.5, rtol=1e-4)
    assert np.isfinite(network.weights_[0]).all()
    pieces = tectum.load(tmp_path / "network").grow(700.0).grow(1300.0)
    np.testing.assert_array_equal(pieces.weights_[0], network.weights_[0])


def test_moved_nodes_are_elsewhere_after_loading_too(grown, tmp_path):
    places = np.full_like(GRID, np.nan)
    places[0] = (6.2, 6.3)
    grown.move(places)
    np.testing.assert_array_equal(grown.sheet_positions_[0][0], (6.2, 6.3))
    np.testing.assert_allclose(grown.sheet_positions_[0][1:], GRID[1:])
    before = WaveNetwork((Sheet((12, 12), 12.0), Sheet(40, 5.0)), phases=PHASES, random_state=0).grow(5.0).weights_[0]
    taken = grown.weights_[0][:, 0] / before[:, 78]  # from the node at (6.5, 6.5)
    np.testing.assert_allclose(taken, 1.0, atol=0.1)
    grown.save(tmp_path / "network")
    copy = tectum.load(tmp_path / "network").grow(3.0)
    np.testing.assert_array_equal(copy.weights_[0], grown.grow(3.0).weights_[0])


@pytest.mark.parametrize("places", [np.zeros((3, 2)), np.full((144, 2), np.inf), "here"])
def test_errors_of_move(grown, places):
    with pytest.raises(ValueError, match=r"positions must be|could not convert"):
        grown.move(places)


def test_repair_finds_the_dead_and_the_moved(grown):
    """Smooth random pictures; three sensors die and two corners change places."""
    draw = np.random.default_rng(0)
    true = GRID.copy()
    here, there = (np.all(GRID < 4.0, axis=1), np.all(GRID > 8.0, axis=1))
    true[here], true[there] = GRID[there], GRID[here]
    X = np.exp(-((true[None] - draw.uniform(-1.0, 13.0, (1500, 1, 2))) ** 2).sum(axis=2) / 4.0)
    X[:, 60:63] = 0.0
    grown.repair(X, duration=1.0)
    np.testing.assert_array_equal(np.flatnonzero(~grown.alive_[0]), [60, 61, 62])
    np.testing.assert_array_equal(grown.moved_, here | there)
    apart = np.linalg.norm(grown.sheet_positions_[0] - true, axis=1)[grown.moved_]
    assert apart.max() < 1.5
    layout = SensorLayout().fit(X)
    again = grown.repair(X, duration=0, layout=layout)
    assert not again.moved_.any()


def test_a_turned_and_scaled_layout_has_not_moved():
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert np.isnan(moved_places(3.0 * GRID @ turn + 5.0, GRID)).all()
    with pytest.raises(ValueError, match="must have the shape"):
        moved_places(GRID[:3], GRID)
    with pytest.raises(ValueError, match="8 sensors or more"):
        moved_places(GRID[:7], GRID[:7])
