"""How evenly fields tile a sheet: closed forms, rivals, and networks without a map that fail every measure."""

from types import SimpleNamespace

import numpy as np
import pytest

from tectum import analysis
from tectum.analysis import tilings
from tectum.core.events import SpikeTrain
from tectum.models.waves.diagnosis import diagnose_waves

NODES = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2) + 0.5
EVEN = tilings.grid_centres(100, NODES)


def test_a_grid_is_as_good_as_a_grid():
    found = tilings.evenness(tilings.round_fields(EVEN, NODES, 2.0), NODES, EVEN)
    assert found.empty == found.empty_grid == 0.0
    assert found.rank == pytest.approx(found.rank_grid)
    assert found.loss == pytest.approx(found.loss_grid)
    assert found.loss < min(found.loss_random, found.loss_placed)
    assert found.folded == 0.0
    assert found.size_spread < 0.1


def test_clumps_are_seen():
    """Fields that still cover the sheet in order, drawn together in strings."""
    drawn = EVEN.copy()
    drawn[:, 0] = 2.5 + 5.0 * np.floor(drawn[:, 0] / 5.0) + 0.1 * (drawn[:, 0] % 5.0)
    W = tilings.round_fields(drawn, NODES, 2.0)
    found, order = tilings.evenness(W, NODES, EVEN), analysis.sheet_topography(analysis.field_centres(W, NODES), EVEN)
    assert order > 0.95
    assert found.empty > 0.4
    assert found.rank < 0.7 * found.rank_grid
    assert found.loss > 1.1 * found.loss_grid


@pytest.mark.parametrize("kind", ["random weights", "nodes of each unit shuffled"])
def test_networks_without_a_map_fail_every_measure(kind):
    draw = np.random.default_rng(0)
    W = 2.5 + 0.14 * draw.standard_normal((100, 400))
    if kind != "random weights":
        W = draw.permuted(tilings.round_fields(EVEN, NODES, 2.0), axis=1)
    found = tilings.evenness(W, NODES, EVEN)
    assert found.empty == found.loss == 1.0
    assert found.rank == 0.0
    assert np.isnan([found.eccentricity, found.size_spread, found.folded]).all()


def test_shape_of_fields():
    D = NODES - 10.0
    round_one, long_one = (np.exp(-(D[:, 0] ** 2) / (2 * s**2) - D[:, 1] ** 2 / 2.0) for s in (1.0, 2.0))
    turned = np.exp(-((D @ [0.6, 0.8]) ** 2) / 8.0 - (D @ [0.8, -0.6]) ** 2 / 2.0)
    found = tilings.field_eccentricity([round_one, long_one, turned], NODES)
    np.testing.assert_allclose(found, [0.0, np.sqrt(0.75), np.sqrt(0.75)], atol=0.01)


def test_rank_and_loss_of_known_fields():
    blocks = (NODES // 5).astype(int) @ [1, 4] == np.arange(16)[:, None]
    assert tilings.effective_rank(np.repeat(blocks, 3, axis=0)) == pytest.approx(16.0)
    ramp = np.sin(NODES[:, :1] * np.arange(1, 4) / 7.0).T
    pooled = np.repeat([[ramp[k][row].mean() for row in blocks] for k in range(3)], 1, axis=0) @ blocks
    left = ((ramp - pooled) ** 2).sum(axis=1) / ((ramp - ramp.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    assert tilings.reconstruction_loss(blocks, ramp) == pytest.approx(left.mean(), rel=0.02)


def test_holes_do_not_count():
    ring = NODES[np.hypot(*(NODES - 10.0).T) > 5.0]
    even = tilings.grid_centres(100, ring)
    assert abs(len(even) - 100) <= 8
    assert np.hypot(*(even - 10.0).T).min() > 3.5
    assert tilings.empty_cells(ring, ring) == 0.0
    assert tilings.empty_cells(np.zeros((0, 2)), ring) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tilings.empty_cells(EVEN, NODES, cells=0), "cells must be 1 or more"),
        (lambda: tilings.grid_centres(0, NODES), "n must be 1 or more"),
        (lambda: tilings.round_fields(EVEN, NODES, 0.0), "radius must be above 0"),
        (lambda: tilings.reconstruction_loss(np.ones((2, 400)), np.ones((3, 40))), "a column per node"),
        (lambda: tilings.reconstruction_loss(np.ones((2, 400)), np.ones((3, 400))), "must vary"),
        (lambda: tilings.evenness(np.ones((2, 400)), NODES, EVEN), "a row per unit"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_diagnosis_tells_a_fold():
    """A map whose left half is laid over the right one, beside the same map in order."""
    units = EVEN - EVEN.min(axis=0)
    folded = EVEN.copy()
    folded[:, 0] = np.where(EVEN[:, 0] < 10.0, 20.0 - EVEN[:, 0], EVEN[:, 0]) * 0.9
    trains = dict.fromkeys(("layer_0", "layer_1"), SpikeTrain(np.zeros(400), np.arange(400), np.zeros(400, int), 400))
    recording = SimpleNamespace(duration_ms=1000.0, spikes=trains)
    for centres, expected in ((EVEN, False), (folded, True)):
        W = tilings.round_fields(centres, NODES, 2.0)
        fields = np.column_stack([centres, np.full(len(centres), 0.2)])
        found = diagnose_waves(recording, [W], [fields], [np.ones(400, bool), np.ones(100, bool)], [NODES, units])
        assert (found.values["folded"][0] > 0.2) == expected
        assert any("has a fold" in text for text in found.warnings) == expected
