"""Maps on hexagonal and toroidal grids: distances, wiring, measures, plots, files."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import PolyCollection
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

import tectum
from tectum import analysis, plots, report
from tectum.engine.maps import network
from tectum.engine.maps.loop import spread
from tectum.models.common.parameters import PUBLISHED
from tectum.parts import DifferenceOfGaussians, Grid, HexagonalGrid, HexagonalTorus, PlasticitySpread, ToroidalGrid
from tectum.parts.lateral import lateral_table, lateral_weight, near_weights
from tectum.parts.topology import TOPOLOGIES

GRIDS = [
    kind(*shape) for kind in TOPOLOGIES.values() for shape in ((6, 7), (4, 3), (1, 9), (8, 1), (2, 2))
]  # fmt: skip
named = pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: f"{grid.topology} {grid.rows}x{grid.columns}")


def distances(grid: Grid) -> np.ndarray:
    """Distances written from the geometry: the nearest of the images that surround a torus."""
    row, column = np.divmod(np.arange(grid.rows * grid.columns), grid.columns)
    at = np.stack([row, column], axis=1).astype(float)
    period = np.array(grid, float)
    if grid.topology.startswith("hexagonal"):
        at = np.stack([row * np.sqrt(3) / 2, column + 0.5 * (row % 2)], axis=1)
        period[0] *= np.sqrt(3) / 2
    if not grid.topology.endswith("toroidal"):
        return cdist(at, at)
    images = [at + period * (i, k) for i in (-1, 0, 1) for k in (-1, 0, 1)]
    return np.min([cdist(at, image) for image in images], axis=0)


@named
class TestGeometry:
    def test_distances(self, grid):
        assert_allclose(np.sqrt(analysis.map_grid.squared_distances(grid)), distances(grid), atol=1e-12)
        units = np.arange(grid.n_neurons)
        squared = grid.squared(units // grid.columns, units % grid.columns)
        assert_allclose(np.sqrt(squared), distances(grid)[0], atol=1e-12)

    def test_neighbours_are_at_distance_one(self, grid):
        neighbours = analysis.grid_neighbours(grid)
        beside = np.zeros((grid.n_neurons, grid.n_neurons), bool)
        unit, k = np.nonzero(neighbours >= 0)
        beside[unit, neighbours[unit, k]] = True
        assert_array_equal(beside, np.isclose(distances(grid), 1.0))

    def test_places_keep_distances(self, grid):
        places = analysis.grid_places(grid)
        if grid.wraps:  # chords of circles: short ways are true, long ones shorter
            assert (cdist(places, places) <= distances(grid) + 1e-9).all()
        else:
            assert_allclose(cdist(places, places), distances(grid), atol=1e-12)

    def test_sparse_wiring(self, grid):
        d = distances(grid)
        wanted = np.exp(-(d**2) / 2) * ((d <= 3) & (d > 0))
        assert_allclose(near_weights(PlasticitySpread(), grid).toarray(), wanted, atol=1e-7)

    def test_a_spike_reaches_the_neurons_by_their_distance(self, grid):
        """The kernel's window of the table is the row of the distance matrix."""
        parts = network.MapParts(
            **{name: PUBLISHED[name] for name in network.MapParts._fields if name != "dt"}, dt=0.05
        )
        profile = DifferenceOfGaussians()
        circuit = network.build_circuit(parts, 4, profile, grid, 2.0)
        d = distances(grid)
        for j in range(grid.n_neurons):
            state = network.rest_state(np.zeros((4, grid.n_neurons), np.float32))
            spread(circuit, state, network._spikes(1, state, 8), np.array([j]), 1, 0, 0)
            wanted = [lateral_weight(profile, one, 2.0) if one > 0 else 0.0 for one in d[j].tolist()]
            assert_allclose(state.s_lateral, wanted, atol=1e-6)


def test_six_neighbours_inside_a_hexagonal_map_and_everywhere_on_a_torus():
    assert (analysis.grid_neighbours(HexagonalGrid(5, 5)) >= 0).sum(axis=1).max() == 6
    assert (analysis.grid_neighbours(HexagonalTorus(6, 5)) >= 0).all()
    assert (analysis.grid_neighbours(ToroidalGrid(6, 5)) >= 0).all()


def test_rectangular_table_has_one_window():
    assert lateral_table(DifferenceOfGaussians(), Grid(4, 5), 2.0).shape == (7, 9)
    assert lateral_table(DifferenceOfGaussians(), HexagonalGrid(4, 5), 2.0).shape == (14, 9)


@pytest.mark.parametrize("kind", TOPOLOGIES.values(), ids=TOPOLOGIES)
class TestMeasures:
    def test_a_perfect_map(self, kind):
        """The grid itself as codebook, on a torus bent to circles."""
        grid = kind(8, 8)
        nodes = analysis.grid_places(grid)
        assert analysis.neighbourhood_correlation(nodes, grid) > 0.95
        assert analysis.topographic_error(analysis.best_matching_units(nodes, nodes), grid) == 0.0
        u = analysis.u_matrix(nodes, grid)
        assert u.shape == (8, 8)
        assert_allclose(u, u[0, 0], rtol=0.03)

    def test_pairs(self, kind):
        grid = kind(6, 6)
        hexagonal, wraps = grid.hexagonal, grid.wraps

        def wrong(first, second):
            return analysis.topographic_error([[first, second]], grid) == 1.0

        assert not wrong(0, 1)
        assert wrong(0, 0)
        assert wrong(0, 2)
        assert wrong(0, 7) == hexagonal  # below and right of an even row
        assert not wrong(7, 14 if hexagonal else 12)
        assert wrong(0, 5) != wraps
        assert wrong(0, 30) != wraps

    def test_centroid(self, kind):
        """Two neurons on both sides of the seam of a torus have their centroid there."""
        grid = kind(6, 6)
        latency = np.full((1, 36), np.nan)
        latency[0, [12, 13, 17]] = 1.0  # columns 0, 1 and 5 of row 2
        assert analysis.centroid_winner(latency, grid)[0] == (12 if grid.wraps else 14)

    def test_labels_go_to_the_nearest(self, kind):
        grid = kind(1, 6)
        labels = analysis.label_units([0, 3], ["a", "b"], grid)
        assert labels[5] == ("a" if grid.wraps else "b")

    def test_bubble(self, kind):
        grid = kind(6, 6)
        profile = analysis.bubble_profile([0.0, 1.0], [0, 5], [0, 0], grid)
        reached = profile["probability"] > 0
        assert profile["distance"][reached].tolist() == [0, 1 if grid.wraps else 5]

    def test_regions_are_connected(self, kind):
        """A cluster reaches across the seam of a torus, without which it is in two pieces."""
        grid = kind(2, 9)
        values = np.tile([0.0, 0, 0, 5, 5, 5, 0, 0, 0], 2)[:, None] + np.linspace(0, 0.1, 18)[:, None]
        clusters = analysis.cluster_units(values, grid, n_clusters=2)
        assert (clusters[0] == clusters[8]) == grid.wraps

    def test_kohonen_map(self, kind):
        angle = np.random.default_rng(0).random((400, 2)) * 2 * np.pi
        X = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
        codebook = analysis.kohonen_codebook(X, kind(6, 6), 3000, 0)
        error = analysis.topographic_error(analysis.best_matching_units(X, codebook), kind(6, 6))
        assert error < (0.25 if kind(6, 6).wraps else 0.6)


def test_neighbourhood_must_suit_the_grid():
    with pytest.raises(ValueError, match="neighbourhood must be 6 on a hexagonal grid"):
        analysis.topographic_error([[0, 1]], HexagonalGrid(2, 2), neighbourhood=8)


@pytest.fixture(scope="module", params=TOPOLOGIES)
def fitted(request):
    X = np.random.default_rng(0).random((60, 2))
    return tectum.SpikingSOM((6, 5), topology=request.param, n_presentations=300, random_state=0).fit(X), X


class TestSpikingSOM:
    def test_kinds(self, fitted):
        som, X = fitted
        assert type(som.grid_) is TOPOLOGIES[som.topology]
        assert som.grid_ == (6, 5)
        assert 0.0 <= som.topographic_error(X) <= 1.0
        assert 0.0 <= som.topographic_error(X, winners="spikes") <= 1.0

    def test_file(self, fitted, tmp_path):
        som, X = fitted
        som.save(tmp_path / "map.tectum")
        again = tectum.load(tmp_path / "map.tectum")
        assert type(again.grid_) is type(som.grid_)
        assert_array_equal(again.spike_times(X), som.spike_times(X))
        assert_array_equal(again.partial_fit(X).weights_, tectum.load(tmp_path / "map.tectum").partial_fit(X).weights_)

    def test_topologies_differ_and_none_is_rectangular(self, fitted):
        som, X = fitted
        plain = tectum.SpikingSOM((6, 5), n_presentations=300, random_state=0).fit(X)
        assert (som.topology == "rectangular") == np.array_equal(plain.weights_, som.weights_)

    @pytest.mark.usefixtures("undrawn")
    def test_report(self, fitted, tmp_path):
        som, X = fitted
        page = tmp_path / "page.html"
        report.write_report(page, som, X, baselines=False)
        assert ("hexagonal" in page.read_text()) == som.grid_.hexagonal

    def test_changed_topology_waits_for_the_next_fit(self, fitted):
        som, X = fitted
        before = som.topographic_error(X)
        changed = tectum.SpikingSOM(**som.get_params(deep=False)).fit(X)
        changed.set_params(topology="hexagonal")
        assert changed.topographic_error(X) == before


def test_a_file_without_topology_is_rectangular(tmp_path):
    X = np.random.default_rng(0).random((20, 2))
    som = tectum.SpikingSOM((3, 3), n_presentations=20, random_state=0).fit(X)
    arrays, header = som._get_state()
    del header["topology"], header["params"]["topology"]
    assert type(tectum.SpikingSOM._from_state(arrays, header).grid_) is Grid


def test_doors():
    X = np.random.default_rng(0).random((20, 2))
    with pytest.raises(ValueError, match="'topology' parameter of SpikingSOM must be a str among"):
        tectum.SpikingSOM(topology="cube").fit(X)
    with pytest.raises(ValueError, match=r"SpikingSOM.shape must have an even number of rows on a hexagonal torus"):
        tectum.SpikingSOM((5, 5), topology="hexagonal-toroidal").fit(X)
    with pytest.raises(ValueError, match="topology must be one of rectangular, hexagonal"):
        plots.plot_u_matrix(np.zeros((2, 2)), topology="cube")


class TestPlots:
    """Hexagons for hexagonal maps; every cell is where its neuron is."""

    def test_cells(self):
        u = np.arange(12.0).reshape(3, 4)
        u[1, 2] = np.nan
        ax = plots.plot_u_matrix(u, topology="hexagonal")
        (cells,) = (c for c in ax.collections if isinstance(c, PolyCollection))
        centres = np.array([path.vertices[:6].mean(axis=0) for path in cells.get_paths()])
        places = analysis.grid_places(HexagonalGrid(3, 4))[np.isfinite(u.ravel())]
        assert_allclose(centres, places[:, ::-1], atol=1e-12)
        assert len(cells.get_array()) == 11
        plt.close("all")

    def test_lines_join_neighbours_inside_the_sheet_only(self):
        grid = HexagonalGrid(4, 3)
        nodes = analysis.grid_places(grid)
        ax = plots.plot_lattice(nodes, grid, topology="hexagonal-toroidal")
        lengths = [np.linalg.norm(np.diff(line.get_xydata(), axis=0), axis=1) for line in ax.lines]
        assert_allclose(np.concatenate(lengths), 1.0)
        n_pairs = (analysis.grid_neighbours(grid) >= 0).sum() // 2
        assert sum(map(len, lengths)) == n_pairs
        plt.close("all")

    def test_borders_of_clusters_lie_between_cells(self):
        clusters = np.array([[0, 0, 1], [0, 1, 1], [0, 0, 1]])
        ax = plots.plot_clusters(clusters, topology="hexagonal")
        segments = np.concatenate([c.get_segments() for c in ax.collections if hasattr(c, "get_segments")])
        assert_allclose(np.linalg.norm(np.diff(segments, axis=1), axis=2), 1 / np.sqrt(3))
        beside = analysis.grid_neighbours(HexagonalGrid(3, 3))
        flat = clusters.ravel()
        assert len(segments) == sum((flat[beside[:, k]] != flat)[beside[:, k] >= 0].sum() for k in range(6)) // 2
        plt.close("all")

    @pytest.mark.parametrize("topology", TOPOLOGIES)
    def test_all_plots_of_maps(self, topology):
        rng = np.random.default_rng(0)
        hits = rng.integers(0, 5, (4, 5))
        plots.plot_hit_map(hits, topology=topology)
        plots.plot_component_planes(rng.random((2, 4, 5)), topology=topology)
        plots.plot_label_map(rng.integers(-1, 3, (4, 5)), hits=hits, topology=topology)
        plots.plot_first_spike_map(rng.random((4, 5)), topology=topology)
        plots.plot_unfolding(rng.random((2, 20, 2)), (4, 5), [0, 1], topology=topology)
        plt.gcf().canvas.draw()
        plt.close("all")
