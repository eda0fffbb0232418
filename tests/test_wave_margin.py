"""Waves that go over the border: nodes of the margin, growth in pieces, files."""

import numpy as np
from scipy.spatial.distance import cdist

import tectum
from tectum.engine.sheets import wires
from tectum.parts import CellDivision, Sheet, WavePhase

PHASES = (WavePhase(4.0, 3.0, 7.0, first_gain=0.5, margin=1.5), WavePhase(8.0, margin=1.0))
SEED = np.uint64(3)


def test_a_grid_goes_on():
    geometry = wires.with_margin(wires.lay_out(Sheet((6, 9), 9.0), 20.0, SEED, 0), 2.0)
    assert geometry.wide.columns == 13
    assert len(geometry.wide.positions) == 13 * 10
    np.testing.assert_allclose(geometry.wide.positions[geometry.inner], geometry.positions)
    assert (np.ptp(geometry.wide.positions, axis=0) == [12.0, 9.0]).all()


def test_outlines_and_holes_are_lined():
    geometry = wires.lay_out(Sheet.inside("annulus", 600, 20.0, 0), 20.0, SEED, 0)
    assert wires.with_margin(geometry, 0.0) is geometry
    wide = wires.with_margin(geometry, 2.0).wide.positions
    added, radius = wide[600:], np.hypot(*(wide[600:] - 10.0).T)
    assert cdist(added, wide[:600]).min(axis=1).max() < 2.0
    assert (radius < 4.5).sum() > 20
    assert (radius > 10.0).sum() > 100


def test_evenly_spread_nodes_keep_apart():
    even, random = (wires.lay_out(Sheet(200, 10.0, even=e), 10.0, SEED, 0).positions for e in (True, False))
    nearest = [np.sort(cdist(X, X), axis=1)[:, 1].min() for X in (even, random)]
    assert nearest[0] > 0.4 > 4.0 * nearest[1]
    assert even.min() >= 0.0
    assert even.max() < 10.0


def test_named_networks_let_waves_go_over_the_border():
    """Those whose tiling is even, by the radius of their small waves, on sheets whose nodes lie evenly or by area."""
    for network in (tectum.WaveNetwork.continuous(), tectum.WaveNetwork.budding(), tectum.WaveNetwork.topographic()):
        assert {phase.margin for phase in network.phases} == {2.0}
        assert network.layers[0].columns == 40
    growing = tectum.WaveNetwork.growing(random_state=0)
    assert {phase.margin for phase in growing.phases} == {2.0}
    assert growing.first_kernel.by_area


def test_waves_do_not_gather_where_cells_are_dense():
    """With excitation by area nodes fire alike, though some have twice the neighbours of others."""
    cells, _ = CellDivision().sheets(0)
    X = np.asarray(cells.positions)
    inner, near = ((X > 2.0) & (X < 18.0)).all(axis=1), (cdist(X, X) < 2.0).sum(axis=1)
    spread, related = [], []
    for by_area in (False, True):
        profile = tectum.WaveNetwork.topographic().first_kernel._replace(by_area=by_area)
        network = tectum.WaveNetwork([cells._replace(born=None), Sheet(9)], first_kernel=profile, random_state=0)
        network.set_params(phases=(WavePhase(margin=2.0),)).grow(1.0)
        rate = np.bincount(network.record(4000.0).spikes["layer_0"].neuron, minlength=len(X))[inner]
        spread.append(rate.std() / rate.mean())
        related.append(np.corrcoef(rate, near[inner])[0, 1])
    assert spread[1] < 0.75 * spread[0]
    assert related[1] < related[0] - 0.15


def test_growth_in_pieces_and_through_a_file(tmp_path):
    """Over the change of the margin between two phases."""

    def small() -> tectum.WaveNetwork:
        return tectum.WaveNetwork([Sheet((8, 8), 4.0), Sheet(12, 3.0)], phases=PHASES, random_state=0)

    whole, pieces = small().grow(12.0), small().grow(3.0)
    pieces.grow(1.0).save(tmp_path / "net.tectum")
    pieces = tectum.load(tmp_path / "net.tectum").grow(5.0)
    assert pieces.record(5.0).spikes["layer_0"].neuron.max(initial=0) < 64
    np.testing.assert_array_equal(pieces.grow(3.0).weights_[0], whole.weights_[0])
    assert whole.weights_[0].std() > 0.15  # 0.14 at first


def test_files_of_before_keep_the_places_of_their_units():
    """They do not say that units are spread evenly."""
    network = tectum.WaveNetwork(random_state=0, phases=(WavePhase(1.0),)).grow(0.1)
    arrays, header = network._get_state()
    again = tectum.WaveNetwork._from_state(arrays, header)
    np.testing.assert_array_equal(again.sheet_positions_[1], network.sheet_positions_[1])
    del arrays["even"]
    before = tectum.WaveNetwork._from_state(arrays, header)
    assert before.layers == (Sheet(), Sheet(300))
    assert not np.allclose(before.sheet_positions_[1], network.sheet_positions_[1])
