"""`SensorLayout`: where sensors lie, of which only the activity is known."""

import base64
import json
import re
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist, pdist
from sklearn.datasets import load_sample_image
from sklearn.utils.estimator_checks import parametrize_with_checks

import tectum
from tectum import SensorLayout, UncertainLayoutWarning
from tectum.analysis import (
    cells_of,
    layout_from_activity,
    pictures_of,
    sensor_embedding as embedding,
    sensor_layout,
)
from tectum.analysis.sensor_graphs import correlations, evened, neighbour_graph, without_detours
from tectum.cli.app import app


def glimpses(n, side, seed=0, name="flower.jpg"):
    """What a square camera sees of a photograph, (n, side * side)."""
    photograph = load_sample_image(name).mean(axis=2) / 255.0
    corners = np.random.default_rng(seed).integers(0, 400 - side, (n, 2))
    return np.array([photograph[r : r + side, c : c + side].ravel() for r, c in corners])


def places(side):
    return np.stack(np.mgrid[:side, :side], axis=-1).reshape(-1, 2).astype(float)


def agreement(found, true):
    """Correlation of the distances of all pairs that have a place."""
    known = np.isfinite(found[:, 0])
    return np.corrcoef(pdist(found[known]), pdist(true[known]))[0, 1]


@parametrize_with_checks([SensorLayout()])
def test_scikit_learn_compatible(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UncertainLayoutWarning)
        check(estimator)


@pytest.fixture(scope="module")
def camera():
    """A camera of 14 x 14 pixels in an unknown order; one in ten is dead, three are noise."""
    X, rng = glimpses(1000, 14), np.random.default_rng(1)
    order = rng.permutation(196)
    X = X[:, order]
    X[:, :20] = 0.3
    X[:, 20:23] = rng.normal(size=(1000, 3))
    return X, places(14)[order], SensorLayout(shape=(14, 14), ridges=(0.1, 1.0)).fit(X)


def test_the_layout_comes_back_whatever_the_order_and_dead_and_noisy_sensors_have_none(camera):
    _, true, layout = camera
    assert agreement(layout.positions_, true) > 0.98
    assert np.array_equal(np.flatnonzero(layout.groups_ < 0), np.arange(23))
    assert np.isnan(layout.positions_[:23]).all()
    assert layout.quality_ > 0.9
    steps = np.linalg.norm(np.diff(layout.positions_[layout.edges_], axis=1)[:, 0], axis=1)
    assert np.median(steps) == pytest.approx(1.0)


def test_pictures_are_restored_but_for_a_turn_and_a_reflection(camera):
    X, true, layout = camera
    pictures = layout.transform(X[:20])
    scene = np.zeros((20, 14, 14))
    scene[:, *true.astype(int).T] = X[:20]
    turned = [np.rot90(p, k, (1, 2)) for p in (pictures, pictures[:, ::-1]) for k in range(4)]
    living = np.zeros((14, 14), bool)
    living[tuple(true[23:].astype(int).T)] = True
    best = max(np.corrcoef(t[:, living].ravel(), scene[:, living].ravel())[0, 1] for t in turned)
    assert best > 0.95
    assert (pictures[:, 3:-3, 3:-3] != 0).all()  # holes show what is around them


def test_known_places_of_three_sensors_tell_which_way_is_up(camera):
    X, true, layout = camera
    known = np.where(np.arange(196)[:, None] % 60 == 30, true, np.nan)
    turned = SensorLayout(shape=(14, 14), ridges=(0.1,)).fit(X).align(known)
    ends = np.isfinite(turned.positions_[:, 0])
    assert all(np.corrcoef(turned.positions_[ends, k], true[ends, k])[0, 1] > 0.95 for k in (0, 1))
    with pytest.raises(ValueError, match="three sensors with a place, got 0"):
        layout.align(np.full((196, 2), np.nan))


def test_files_keep_the_layout_and_a_score_is_that_of_other_activity(camera, tmp_path):
    X, _, layout = camera
    layout.save(tmp_path / "layout")
    loaded = tectum.load(tmp_path / "layout")
    assert np.array_equal(loaded.positions_, layout.positions_, equal_nan=True)
    assert np.array_equal(loaded.transform(X[:3]), layout.transform(X[:3]))
    other = glimpses(1000, 14, seed=5)[:, np.random.default_rng(1).permutation(196)]
    assert layout.score(other) > 0.85
    shuffled = np.random.default_rng(0).permutation(196)
    assert layout.score(other[:, shuffled]) < 0.3


def test_two_cameras_are_two_groups():
    X = np.concatenate([glimpses(800, 10), glimpses(800, 8, seed=1, name="china.jpg")], axis=1)
    found = layout_from_activity(X, ridges=(0.1,))
    assert np.array_equal(found.groups, np.repeat([0, 1], [100, 64]))
    assert agreement(found.positions[:100], places(10)) > 0.97
    assert not len(found.edges[found.groups[found.edges[:, 0]] != found.groups[found.edges[:, 1]]])
    assert layout_from_activity(X, ridges=(0.1,), split=False).groups.max() == 0


def test_a_mirrored_scene_is_not_folded():
    """The correlation of a pixel with its mirror image is higher than with all but its nearest neighbours."""
    X = glimpses(1500, 14).reshape(-1, 14, 14)
    X = X + 0.3 * X[:, :, ::-1] + np.random.default_rng(0).normal(0, 0.005, X.shape)
    assert np.corrcoef(X[:, 7, 2], X[:, 7, 11])[0, 1] > np.corrcoef(X[:, 7, 2], X[:, 7, 5])[0, 1]
    found = layout_from_activity(X.reshape(len(X), -1), ridges=(0.1, 0.3))
    assert agreement(found.positions, places(14)) > 0.95


@pytest.mark.parametrize("seed", [0, 2])
def test_500_patches_of_bright_sky_and_dark_roofs_are_enough(seed):
    found = layout_from_activity(glimpses(500, 12, seed=seed, name="china.jpg"))
    assert agreement(found.positions, places(12)) > 0.97


def test_brightness_and_contrast_of_samples_are_evened_and_silent_sensors_stay_silent():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2000, 9, 9))
    scene = sum(noise[:, i : i + 8, j : j + 8] for i in (0, 1) for j in (0, 1)).reshape(2000, 64)
    flickering = np.exp(0.7 * rng.normal(size=(2000, 1))) * scene + rng.normal(size=(2000, 1))
    above = np.triu_indices(64, 1)
    wanted = correlations(evened(scene))[above]
    assert np.corrcoef(correlations(flickering)[above], wanted)[0, 1] < 0.95
    assert np.corrcoef(correlations(evened(flickering))[above], wanted)[0, 1] > 0.99
    assert np.array_equal(evened(np.ones((5, 3))), np.zeros((5, 3)))
    scene = np.hstack([np.maximum(scene, 0.0), np.zeros((2000, 2))])
    scene[:3, 64], scene[3:6, 65] = 1.0, 1.0  # active in 3 of 2,000 samples each
    assert abs(correlations(evened(scene))[64, 65]) < 0.05


def test_an_edge_that_folds_the_layout_is_cut_unless_a_short_way_leads_round_it():
    lattice = -cdist(places(8), places(8))
    W = neighbour_graph(np.exp(lattice), 4, mutual=True)
    assert without_detours(W).nnz == W.nnz
    wrong = csr_matrix(([0.5, 0.5], ([0, 63], [63, 0])), shape=W.shape)
    assert without_detours(W + wrong)[0, 63] == 0.0
    assert without_detours(W + wrong).nnz == W.nnz
    across = csr_matrix(([0.5, 0.5], ([0, 16], [16, 0])), shape=W.shape)
    assert without_detours(W + across)[0, 16] == 0.5


def test_a_layout_that_tears_neighbours_apart_is_told_from_one_that_does_not():
    true = places(10).astype(float)
    near = cdist(true, true)
    similar, W = np.exp(-near), csr_matrix(near == 1.0).astype(float)
    torn = true + np.where(true[:, [1]] > 4.5, [0.0, 9.0], 0.0)  # the right half lies elsewhere
    assert embedding.tearing(true, W, similar, 4) == 0.0
    assert embedding.tearing(torn, W, similar, 4) == pytest.approx(0.2)  # two columns of ten
    assert embedding.precision(torn, similar, 4) > 0.9


@pytest.mark.parametrize(("scale", "ring"), [(6.0, False), (2.0, False), (6.0, True)], ids=["narrow", "wide", "ring"])
def test_sensors_at_random_places_are_laid_out(scale, ring):
    """Of which graphs of neighbours in an array make torn layouts, with agreements of .3 to .8."""
    generator = np.random.default_rng(31)
    true, wave = generator.uniform(-0.5, 0.5, (400, 2)), generator.normal(0.0, scale, (60, 2))
    radius = np.linalg.norm(true, axis=1)
    true = true[(radius < 0.5) & (radius > 0.3)] if ring else true[:150]
    phase, height = generator.uniform(0.0, 2.0 * np.pi, (1500, 60)), generator.normal(0.0, 0.125, (1500, 60))
    X = np.einsum("mk,mnk->mn", height, np.cos((true @ wave.T)[None] + phase[:, None]))
    layout = SensorLayout().fit(X + generator.normal(0.0, 0.05, X.shape))
    assert agreement(layout.positions_, true) > 0.95
    shares = [layout.residual_, layout.crowding_, layout.tearing_]
    assert layout.quality_ == pytest.approx(layout.precision_ * np.prod(1.0 - np.array(shares)))
    assert layout.quality_ > 0.85


def test_noise_is_told_to_be_noise():
    with pytest.warns(UncertainLayoutWarning, match="does not reveal where the sensors are"):
        layout = SensorLayout(ridges=(1.0,)).fit(np.random.default_rng(0).normal(size=(200, 100)))
    assert layout.quality_ < 0.6


@pytest.mark.parametrize("scale", [1e-300, 1e-95, 1e95, 1e300])
def test_the_unit_of_activity_does_not_matter(scale):
    X = glimpses(300, 8)
    expected = layout_from_activity(X)
    found = layout_from_activity(X * scale)
    np.testing.assert_allclose(found.positions, expected.positions, atol=1e-6)
    assert found.quality == pytest.approx(expected.quality)
    if 1e-100 < scale < 1e100:  # what the class lets in
        assert SensorLayout().fit(X * scale).carrying_ == pytest.approx(SensorLayout().fit(X).carrying_)


def test_gains_of_sensors_do_not_matter():
    X = glimpses(300, 8)
    gains = 10.0 ** np.random.default_rng(0).uniform(-90, 90, 64)
    assert agreement(layout_from_activity(X * gains).positions, places(8)) > 0.95


@pytest.mark.parametrize("n_hit", [1, 32, 48, 64])
def test_an_artefact_of_one_sample_moves_no_sensor(n_hit):
    X = glimpses(400, 8)
    X[5, np.random.default_rng(0).permutation(64)[:n_hit]] = 1e6
    layout = SensorLayout().fit(X)
    assert agreement(layout.positions_, places(8)) > 0.98
    assert layout.score(glimpses(400, 8, seed=1)) > 0.9


def test_values_with_heavy_tails_are_laid_out_by_their_ranks():
    X = glimpses(400, 8)
    layout = SensorLayout().fit(np.exp(8.0 * (X - X.mean(axis=0)) / X.std(axis=0)))
    assert agreement(layout.positions_, places(8)) > 0.98


def test_a_sensor_that_is_seldom_active_keeps_its_values():
    X = np.zeros((200, 30))
    X[np.arange(200), np.arange(200) % 30] = np.random.default_rng(0).random(200)
    kept, evidence = sensor_layout._ranked(X)
    assert kept is X
    assert np.array_equal(evidence, sensor_layout.effective_samples(X))


def test_few_samples_fit_a_layout_that_is_wrong_and_are_told():
    """Fewer samples than sensors have partial correlations that any layout can keep."""
    X = glimpses(6, 12)
    with pytest.warns(UncertainLayoutWarning, match="6 samples are too few to tell where 144 sensors are"):
        layout = SensorLayout().fit(X)
    assert agreement(layout.positions_, places(12)) < 0.5
    assert SensorLayout().fit(glimpses(300, 12)).uncertainty() == ""


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((50, 20)), "only 0 of 20 sensors have a place, as 20 are constant"),
        (np.eye(50)[:, :20], "only 0 of 20 sensors have a place, as 0 are constant, and hardly a sample says anything"),
    ],
)
def test_sensors_without_a_place_are_told(X, message):
    with pytest.warns(UncertainLayoutWarning, match=message):
        SensorLayout().fit(X)


def test_cells_and_pictures_of_few_sensors():
    cells, shape = cells_of([[0.0, 0.1], [0.2, 1.1], [np.nan, np.nan], [1.0, 0.9]])
    assert shape == (2, 2)
    assert cells.tolist() == [0, 1, -1, 3]
    pictures = pictures_of([[1.0, 2.0, 9.0, 6.0]], cells, shape)
    assert pictures.tolist() == [[[1.0, 2.0], [3.0, 6.0]]]
    assert SensorLayout(split=False).fit(np.random.default_rng(0).normal(size=(5, 1))).positions_.tolist() == [[0, 0]]
    assert not np.isfinite(layout_from_activity(np.zeros((5, 4))).positions).any()


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        (np.zeros((2, 5)), {}, "must have 3 samples or more, got 2"),
        (np.zeros((3, 5000)), {}, "at most 4,096 sensors, got 5,000"),
        (np.zeros((3, 5)), {"ridges": (0.1, 0.0)}, "ridges must be positive numbers"),
    ],
)
def test_wrong_input_is_met_at_the_door(X, options, message):
    with pytest.raises(ValueError, match=message):
        layout_from_activity(X, **options)
    with pytest.raises(ValueError, match=r"SensorLayout\.shape must have a cell for each of the 20 sensors"):
        SensorLayout(shape=(3, 3)).fit(np.random.default_rng(0).normal(size=(50, 20)))


def test_a_network_is_wired_to_the_layout(camera):
    X, _, layout = camera
    network = tectum.WaveNetwork.from_activity(X, (20,), layout=layout, duration=10.0, random_state=0)
    assert np.array_equal(network.alive_[0], layout.groups_ >= 0)
    assert network.n_steps_grown_ == 100
    assert network.transform(X[:2]).shape == (2, 20)
    nodes = network.sheet_positions_[0][23:]  # moved apart a little
    assert np.corrcoef(pdist(nodes), pdist(layout.positions_[23:]))[0, 1] > 0.999
    with pytest.raises(ValueError, match="two sensors or more must have a place, got 0 of 4"):
        tectum.WaveNetwork.from_activity(np.zeros((5, 4)), (20,))


def test_the_command_wires_a_table_and_the_page_shows_the_picture_coming_back(tmp_path, undrawn, capsys):
    X = glimpses(300, 10)
    np.save(tmp_path / "camera.npy", X)
    paths = [str(tmp_path / name) for name in ("camera.npy", "net", "page.html", "layout")]
    options = ["--layers", "20", "--duration", "20", "--scramble"]
    with pytest.raises(SystemExit) as end:
        app(["--json", "wire", paths[0], "-o", paths[1], "--report", paths[2], "--layout", paths[3], *options])
    assert end.value.code == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["sensors"], result["placed"]) == (100, 100)
    layout, network = tectum.load(paths[3]), tectum.load(paths[1])
    order = np.random.default_rng(0).permutation(100)
    assert agreement(layout.positions_, places(10)[order]) > 0.95
    assert np.allclose(network.sheet_positions_[0], layout.sheet().positions)
    page = (tmp_path / "page.html").read_text()
    film = json.loads(re.search(r'id="data-layout">(.*?)</script>', page, re.DOTALL)[1])
    assert film["stages"][0]["name"] == "in the order given"
    assert film["stages"][-1]["name"] == "restored"
    assert len(base64.b64decode(film["frames"])) == 100 * film["n_frames"]
    assert "Agreement with the true places" in page


def test_sensors_that_hardly_tell_anything_are_not_wired_and_nodes_keep_apart():
    rng = np.random.default_rng(0)
    places = np.indices((12, 12)).reshape(2, -1).T.astype(float)
    middles = rng.uniform(0, 11, size=(1500, 2))
    X = np.exp(-np.square(middles[:, None] - places).sum(axis=2) / 4.0)
    X[:, 40] = 0.0
    X[:5, 40] = 1.0  # active in 5 of 1,500 samples
    layout = SensorLayout().fit(X)
    assert layout.carrying_[40] == pytest.approx(5.0, rel=0.01)
    layout.positions_[70] = layout.positions_[71]  # two in one place
    sheet = layout.sheet()
    assert sheet.alive is not None
    assert np.flatnonzero(~sheet.alive).tolist() == [40]
    nearest = np.sort(np.hypot(*(sheet.positions[:, None] - sheet.positions[sheet.alive]).T), axis=0)[1]
    assert nearest[sheet.alive].min() > 0.5 * np.median(nearest[sheet.alive])


def test_a_layout_stays_as_it_was_if_another_fails_or_parameters_are_changed(tmp_path):
    X = glimpses(200, 6)
    layout = SensorLayout(shape=(6, 6)).fit(X)
    before = dict(vars(layout))
    with pytest.raises(ValueError, match="shape"):
        layout.fit(glimpses(200, 7))  # 49 sensors and 36 cells
    assert all(value is before[key] for key, value in vars(layout).items())
    layout.set_params(shape=(4, 9))
    for refused in (lambda: layout.save(tmp_path / "layout"), lambda: layout.transform(X)):
        with pytest.raises(ValueError, match=r"shape must stay \(6, 6\), got \(4, 9\); set them back, or call fit"):
            refused()
    layout.set_params(shape=(6, 6)).save(tmp_path / "layout")
    np.testing.assert_array_equal(tectum.load(tmp_path / "layout").transform(X), layout.transform(X))
