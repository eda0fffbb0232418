"""Sheets that grow from one cell: where and when cells are born, and networks that wire themselves meanwhile."""

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist

import tectum
from tectum import WaveNetwork, analysis
from tectum.parts import CellDivision, FixedNeighbourhood, Sheet, WavePhase, WaveWeights

FEW = CellDivision(side=8.0, upper_side=4.0, age=8, round_ms=5.0)


def growing(**changes: Any) -> WaveNetwork:
    return WaveNetwork.growing(FEW, random_state=3, **changes)


@pytest.fixture(scope="module")
def sheets():
    return CellDivision().sheets(0)


class TestDivision:
    """As in the code of Raghavan & Thomson (2019)."""

    def test_begins_with_one_cell_in_the_middle(self, sheets):
        cells, _ = sheets
        np.testing.assert_array_equal(cells.positions[0], [10.0, 10.0])
        assert (cells.born == 0.0).sum() == 1
        assert (np.diff(cells.born) >= 0.0).all()
        assert set(cells.born % 100.0) == {0.0}

    def test_daughters_settle_near_an_older_cell_where_there_is_room(self, sheets):
        cells, _ = sheets
        distance = cdist(cells.positions, cells.positions)
        for i in range(1, len(distance)):
            older = cells.born[:i] < cells.born[i]
            assert ((distance[i, :i][older] >= 1.0) & (distance[i, :i][older] <= 2.0)).any()
            assert (distance[i, :i] < 1.0).sum() < 11
        assert cells.positions.min() >= 0.0
        assert cells.positions.max() <= 20.0

    def test_the_sheet_is_filled(self, sheets):
        """The specification has 2.5 to 3.5 nodes per unit area, which the edges of the sheet exceed."""
        cells, _ = sheets
        assert 2.5 < len(cells.positions) / 400.0 < 3.6
        hole = cdist(np.random.default_rng(0).uniform(0.0, 20.0, (500, 2)), cells.positions).min(axis=1)
        assert hole.max() < 1.3

    def test_units_bud_from_cells_of_age_and_keep_apart(self, sheets):
        cells, units = sheets
        below = cdist(2.0 * units.positions, cells.positions)
        np.testing.assert_allclose(below.min(axis=1), 0.0, atol=1e-12)
        mother = below.argmin(axis=1)
        assert (units.born >= cells.born[mother] + 2500.0).all()
        assert pdist(2.0 * units.positions).min() >= 1.0

    def test_same_seed_same_sheets(self):
        for one, other in zip(FEW.sheets(1), FEW.sheets(1), strict=True):
            np.testing.assert_array_equal(one.positions, other.positions)
        assert not np.array_equal(FEW.sheets(1)[0].positions, FEW.sheets(2)[0].positions)

    def test_limits(self):
        """Where cells divide but once, only the youngest can; without budding there is no upper sheet."""
        cells, _ = CellDivision(divisions=1, age=30, most=100, crowd=100).sheets(0)
        assert np.bincount((cells.born / 100.0).astype(int))[:5].max() == 1
        with pytest.raises(ValueError, match=r"two cells and two units, got \d+ and 0; make side or chance larger"):
            CellDivision(chance=0.0).sheets(0)

    @pytest.mark.parametrize(
        ("part", "message"),
        [
            (CellDivision(chance=2.0), r"division\.chance must be at most 1, got 2\.0"),
            (CellDivision(nearest=3.0), r"division\.nearest must be below furthest = 2\.0, got 3\.0"),
            (CellDivision(age=2.5), r"division\.age must be a whole number, got 2\.5"),
            (7, r"division must be a part, got 7"),
        ],
    )
    def test_errors(self, part, message):
        with pytest.raises(ValueError, match=r"WaveNetwork\.growing\." + message):
            WaveNetwork.growing(part)


@pytest.mark.compiled
class TestGrowth:
    def test_a_unit_begins_with_the_synapse_of_its_mother(self):
        net = growing().grow(0.1)
        W, cells, units = net.weights_[0], *net.layers
        assert ((W > 0.0).sum(axis=1) == 1).all()
        np.testing.assert_allclose(W.mean(axis=1), 2.5, rtol=1e-6)
        np.testing.assert_allclose(cells.positions[W.argmax(axis=1)], 2.0 * units.positions, atol=1e-12)

    def test_single_synapses_between_sheets_that_did_not_grow(self):
        """From the node below the place of a unit, whatever the units of length."""
        net = WaveNetwork((Sheet((9, 9), 27.0), Sheet((3, 3), 5.0)), initial=WaveWeights(single=True)).grow(0.1)
        rows, columns = np.divmod(net.weights_[0].argmax(axis=1), 9)
        np.testing.assert_array_equal(rows.reshape(3, 3), [[1] * 3, [4] * 3, [7] * 3])
        np.testing.assert_array_equal(columns.reshape(3, 3), [[1, 4, 7]] * 3)

    def test_budding_stack(self):
        """Each step compact and in order, also where sheets become larger."""
        net = WaveNetwork.budding((1600, 300, 100, 300), random_state=0).grow(6000.0)
        for k, W in enumerate(net.weights_):
            X, Y = net.sheet_positions_[k : k + 2]
            assert analysis.tiling(W, X).compact > 0.9
            assert analysis.sheet_topography(analysis.field_centres(W, X), Y) > 0.75

    def test_a_phase_sets_thresholds_match_and_tuning(self):
        """Those of budding units, once their fields have spread; what a phase leaves out stays as it was."""
        net = WaveNetwork.budding((64, 16), random_state=0)
        first, then = net.phases
        net.set_params(phases=(first._replace(duration=2.0), then._replace(duration=2.0))).grow(2.0)
        assert (net.thresholds_[0] > 0.0).all()
        assert (net.grow(1.0).thresholds_[0] == 0.0).all()
        with pytest.raises(ValueError, match="with a share belong to a FieldNeighbourhood, got FixedNeighbourhood"):
            WaveNetwork.topographic(
                [Sheet(64), Sheet(16)], phases=(WavePhase(2.0, share=0.5),), neighbourhood=FixedNeighbourhood()
            ).grow(1.0)

    def test_nobody_fires_before_its_birth(self):
        net = growing()
        born = [sheet.born for sheet in net.layers]
        fired_late = np.zeros(len(born[0]), dtype=bool)
        for _ in range(40):
            net.grow(5.0)
            now = net.n_steps_grown_ * net.step_ms
            for layer in (0, 1):
                np.testing.assert_array_equal(net.alive_[layer], born[layer] <= now)
                fired = net.record(20.0).spikes[f"layer_{layer}"].neuron
                assert (born[layer][fired] <= now).all()
                if layer == 0:
                    fired_late[fired] = True
        assert fired_late[born[0] > 0.0].mean() > 0.9

    @pytest.mark.parametrize("cut", [0.1, 33.3, 50.0, 61.7])
    def test_in_pieces_and_from_a_file(self, tmp_path, cut):
        """Births included, at any place of a cut."""
        whole, pieces = growing().grow(90.0), growing().grow(cut)
        pieces.save(tmp_path / "grown.tectum")
        pieces = tectum.load(tmp_path / "grown.tectum").grow(90.0 - cut)
        for one, other in zip(whole.weights_ + whole.alive_, pieces.weights_ + pieces.alive_, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_the_dead_are_not_born_again(self):
        net = growing().grow(10.0)
        late = np.flatnonzero(net.layers[0].born > 10.0)
        net.damage(0, late).grow(60.0)
        assert not net.alive_[0][late].any()
        assert net.alive_[0].any()

    @pytest.mark.parametrize("born", [[0.0], np.full(12, -1.0), np.full(12, np.nan)])
    def test_times_of_birth(self, born):
        with pytest.raises(ValueError, match=r"layers\[0\]\.born must have a time of 0 ms or more per node \(12\)"):
            WaveNetwork((Sheet(12, born=born), Sheet(5))).grow(1.0)

    @pytest.mark.parametrize("seed", [0, 1])
    def test_wires_itself_in_order(self, seed):
        """With waves of one size and no schedule, soon after the last unit has been born."""
        net = WaveNetwork.growing(random_state=seed).grow(12_000.0)
        assert net.alive_[0].all()
        assert net.alive_[1].all()
        W, X, Y = net.weights_[0], *net.sheet_positions_
        tiles = analysis.tiling(W, X)
        assert tiles.compact > 0.95
        assert tiles.coverage > 0.98
        assert analysis.sheet_topography(analysis.field_centres(W, X), Y) > 0.9
        assert analysis.effective_inputs(W).min() > 5.0
