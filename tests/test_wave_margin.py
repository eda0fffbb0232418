"""Waves that go over the border: nodes of the margin, growth in pieces, files."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import tectum
from tectum.engine.sheets import wires
from tectum.parts import CellDivision, RingKernel, Sheet, WavePhase

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


@pytest.mark.parametrize("outline", ["annulus", "L", "disc"])
def test_nodes_are_as_dense_at_the_border_as_inside(outline):
    """Sheet and margin together, where the sheet ends: by area and by neighbours, so that waves do not keep away."""
    geometry = wires.lay_out(Sheet.inside(outline, 1200, 20.0, 0, even=True), 20.0, SEED, 0)
    X, wide = geometry.positions, wires.with_margin(geometry, 4.0).wide
    alone = (cdist(X, X) < 2.0).sum(axis=1)
    rim, inside = alone < 0.8 * alone.max(), alone > 0.9 * alone.max()
    area, near = wires.areas(wide)[: len(X)], (cdist(X, wide.positions) < 2.0).sum(axis=1)
    assert abs(area[rim].mean() / area[inside].mean() - 1.0) < 0.07
    assert abs(near[rim].mean() / near[inside].mean() - 1.0) < 0.06


def test_thickness_is_the_radius_of_the_largest_disc_inside():
    for outline, truth in (("annulus", 2.75), ("L", 5.86), ("retina", 6.75), ("disc", 10.0)):
        for even in (True, False):
            geometry = wires.lay_out(Sheet.inside(outline, 1200, 20.0, 0, even=even), 20.0, SEED, 0)
            assert abs(wires.thickness(geometry.positions, geometry.density) - truth) < 0.7


def test_a_stray_node_makes_no_sheet_narrow():
    places = np.random.default_rng(0).uniform(0.0, 20.0, (400, 2))
    chosen = [
        tectum.WaveNetwork([Sheet(positions=X), Sheet(9)]).chosen_parts() for X in (places, [*places, (1e6, 1e6)])
    ]
    assert chosen[0].first_kernel == chosen[1].first_kernel


@pytest.mark.parametrize("make", [tectum.WaveNetwork, tectum.WaveNetwork.topographic])
def test_waves_fit_a_narrow_outline(make):
    """Small waves of half the thickness, large ones for twice as long, and a margin of a diameter; else the default."""

    def parts_for(sheet: Sheet, **others: RingKernel) -> dict[str, object]:
        chosen = make([sheet, Sheet(9)], **others).chosen_parts()
        return {name: chosen[name] for name in ("first_kernel", "phases")}

    square = make([Sheet((40, 40)), Sheet(9)]).chosen_parts()
    as_ever = parts_for(Sheet((40, 40)))
    for outline, radius in (("annulus", 1.45), ("L", 2.0), ("retina", 2.0)):
        chosen = make([Sheet.inside(outline, 1200, 20.0, 0, even=True), Sheet(9)]).chosen_parts()
        large, small = chosen.phases
        assert abs(chosen.first_kernel.r_i - radius) < 0.1
        assert large.first_r_i == square.phases[0].first_r_i
        assert (large.duration, small.duration) == (6000.0, 24_000.0)
        assert small.margin == large.margin == 2.0 * chosen.first_kernel.r_i
    places = np.random.default_rng(0).uniform(0.0, 20.0, (400, 2))
    for sheet in (Sheet.inside("disc", 1200), Sheet(positions=places), Sheet(400), Sheet((40, 20)), Sheet()):
        assert parts_for(sheet) == as_ever
    few = make([Sheet.inside("annulus", 300, 20.0, 0, even=True), Sheet(9)]).chosen_parts()
    assert few.first_kernel.r_i == 2.0  # smaller waves would be of fewer than 25 nodes
    assert parts_for(Sheet.inside("annulus", 1200, 20.0, 0), first_kernel=square.first_kernel) == as_ever


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
