"""`WaveNetwork`: scikit-learn's contract, exact continuation, bad input, and what its specification promises."""

import pickle
from copy import deepcopy
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

import tectum
from tectum import WaveNetwork, analysis
from tectum.analysis import waves
from tectum.parts import FixedNeighbourhood, KWinners, MeanNorm, RangeNorm, RingKernel, Sheet, WaveHebb, WavePhase

pytestmark = pytest.mark.compiled
few = settings(max_examples=6, deadline=None)
TINY = (Sheet((12, 14), 9.0), Sheet(40, 5.0), Sheet(20, 5.0))
PHASES = (WavePhase(6.0, 3.0, 7.0, 3.0, 3.9, 0.1), WavePhase(5.0, k=3.0), WavePhase(4.0))


def small(**changes: Any) -> WaveNetwork:
    """Three sheets whose schedule takes milliseconds."""
    return WaveNetwork(**({"layers": TINY, "phases": PHASES, "random_state": 0} | changes))


def images(n_images: int = 60, n_features: int = 168, seed: int = 0) -> np.ndarray:
    """Bars of neighbouring features, from 0 to 1."""
    rng = np.random.default_rng(seed)
    X = np.zeros((n_images, n_features))
    for row, start in zip(X, rng.integers(n_features, size=n_images), strict=True):
        row[start : start + n_features // 5] = rng.uniform(0.6, 1.0)
    return X


def bits(model: WaveNetwork) -> dict[str, bytes]:
    """All that learning goes on from."""
    return {name: array.tobytes() for name, array in model._get_state()[0].items()}


@parametrize_with_checks(
    [
        WaveNetwork(layers=(Sheet(), Sheet(12)), n_presentations=60),
        WaveNetwork(layers=(Sheet(), Sheet(12), Sheet(5)), response="excess", random_state=0),
        WaveNetwork(),
    ]
)
def test_scikit_learn(estimator, check):
    check(estimator)


class TestContinuation:
    """Growth is one sequence of steps, however it is cut."""

    @few
    @given(cuts=st.sets(st.integers(1, 199), max_size=5))
    def test_grow_in_any_pieces(self, cuts):
        """Across the borders of phases, and beyond the last."""
        whole = small().grow(20.0)
        cut = small()
        for steps in np.diff([0, *sorted(cuts), 200]):
            cut.grow(steps / 10.0)
        assert bits(cut) == bits(whole)
        assert cut.n_steps_grown_ == 200

    def test_a_step_that_is_a_difference_of_times(self):
        assert small().grow(0.3 - 0.2).n_steps_grown_ == 1

    def test_without_a_duration_the_schedule_is_completed(self):
        assert bits(small().grow()) == bits(small().grow(15.0)) == bits(small().grow(4.0).grow())
        complete = small().grow()
        assert complete.n_steps_grown_ == 150
        assert bits(complete.grow()) == bits(small().grow())

    @pytest.mark.parametrize("file", [False, True], ids=["pickle", "file"])
    @pytest.mark.parametrize("normaliser", [MeanNorm(), RangeNorm()])
    def test_a_copy_continues_like_the_original(self, tmp_path, file, normaliser):
        original = small(normaliser=normaliser).grow(13.0)
        if file:
            original.save(tmp_path / "network.tectum")
            copy = tectum.load(tmp_path / "network.tectum")
        else:
            copy = pickle.loads(pickle.dumps(original))
        assert bits(copy) == bits(original)
        np.testing.assert_array_equal(copy.transform(images()), original.transform(images()))
        assert bits(copy.grow(10.0)) == bits(original.grow(10.0))
        assert bits(copy.fit(images())) == bits(original.fit(images()))
        assert bits(copy.partial_fit(images(seed=1))) == bits(original.partial_fit(images(seed=1)))

    def test_images_in_any_chunks(self):
        X = images(700)
        whole = small().grow().partial_fit(X)
        cut = small().grow().partial_fit(X[:11]).partial_fit(X[11:600]).partial_fit(X[600:])
        assert bits(cut) == bits(whole)
        assert cut.n_presentations_seen_ == 700

    def test_fit_begins_at_the_grown_wiring(self):
        grown = small().grow()
        before = [W.copy() for W in grown.weights_]
        once = bits(grown.fit(images()))
        assert bits(grown.fit(images())) == once
        np.testing.assert_array_equal(grown.weights_[0], before[0])
        assert (grown.weights_[1] != before[1]).any()

    def test_same_seed_same_network(self):
        assert bits(small().grow()) == bits(small().grow()) == bits(clone(small().grow()).grow())
        assert bits(small().grow()) != bits(small(random_state=1).grow())

    def test_what_was_published_stays_as_it_was(self):
        model = small().grow(10.0)
        published = [*model.weights_, *model.thresholds_]
        before = [array.copy() for array in published]
        model.grow(10.0).fit(images())
        for array, kept in zip(published, before, strict=True):
            np.testing.assert_array_equal(array, kept)

    def test_read_only_arrays(self, tmp_path):
        model = small().grow(10.0)
        joblib.dump(model, tmp_path / "model")
        mapped = joblib.load(tmp_path / "model", mmap_mode="r")
        assert bits(mapped.grow(5.0).fit(images())) == bits(model.grow(5.0).fit(images()))


class TestInTurn:
    """Projections that grow one after another, each through the whole schedule of 15 ms."""

    def test_each_learns_alone(self):
        together, model = small().grow(15.0), small(order="in turn")
        before = small().grow(0.1).weights_[1]
        model.grow(15.0)
        np.testing.assert_array_equal(model.weights_[0], together.weights_[0])
        assert model._state.weights[1].growth.max() == 0.0
        first = model.weights_[0]
        model.grow()
        assert model.n_steps_grown_ == 300
        np.testing.assert_array_equal(model.weights_[0], first)
        assert np.abs(model.weights_[1] - before).max() > 0.1

    @few
    @given(cuts=st.sets(st.integers(1, 339), max_size=5))
    def test_in_any_pieces(self, cuts):
        whole, cut = small(order="in turn").grow(34.0), small(order="in turn")
        for steps in np.diff([0, *sorted(cuts), 340]):
            cut.grow(steps / 10.0)
        assert bits(cut) == bits(whole)

    def test_in_a_file(self, tmp_path):
        small(order="in turn").grow(13.0).save(tmp_path / "network.tectum")
        assert bits(tectum.load(tmp_path / "network.tectum").grow()) == bits(small(order="in turn").grow())

    def test_until_settled(self):
        phases, sheets = (WavePhase(500.0, k=3.0), WavePhase(1500.0)), (Sheet(60, 4.0), Sheet(20, 3.0), Sheet(8, 3.0))
        model = WaveNetwork(sheets, phases=phases, order="in turn", random_state=0).grow(until="settled", tolerance=9.0)
        assert model.schedule_ms == 4000.0
        assert model.n_steps_grown_ == 30_000
        np.testing.assert_array_equal(model.movements_ == 0.0, [[False, True]] * 2 + [[True, False]])


class TestSettled:
    """Growth until nothing moves: the same end however it is cut."""

    def test_looks(self):
        """Root mean square change of centre and radius over the radius of the sheet, every 1,000 ms."""
        model = small().grow(1000.0)
        assert model.movements_.shape == (1, 2)
        X = model.sheet_positions_[0]
        R = analysis.sheet_radius(X)

        def fields() -> np.ndarray:
            W = model.weights_[0]
            return np.column_stack([analysis.field_centres(W, X), analysis.field_radius(W, X)]) / R

        before = fields()
        model.grow(1000.0)
        expected = np.sqrt(((fields() - before) ** 2).sum(axis=1).mean())
        assert model.movements_[1, 0] == pytest.approx(expected, rel=1e-4)

    def test_ends_at_a_look_and_not_again(self):
        model = small().grow(9000.0, until="settled", tolerance=5.0)
        assert model.n_steps_grown_ == 30_000
        assert bits(small().grow(1234.5).grow(9000.0, until="settled", tolerance=5.0)) == bits(model)
        assert model.grow(until="settled", tolerance=5.0).n_steps_grown_ == 30_000

    def test_says_if_it_has_not(self):
        with pytest.warns(ConvergenceWarning, match="has not settled: movement none so far, tolerance 0.05"):
            small().grow(20.0, until="settled")

    def test_in_a_file(self, tmp_path):
        model = small().grow(1700.0)
        model.save(tmp_path / "network")
        copy = tectum.load(tmp_path / "network").grow(1000.0)
        assert bits(copy) == bits(model.grow(1000.0))
        np.testing.assert_array_equal(copy.movements_, model.movements_)

    @pytest.mark.parametrize(("options", "name"), [({"until": "soon"}, "until"), ({"tolerance": 0.0}, "tolerance")])
    def test_errors(self, options, name):
        with pytest.raises(ValueError, match=rf"WaveNetwork\.grow\.{name} must be"):
            small().grow(1.0, **options)


class TestDamage:
    def test_dead_for_good(self, tmp_path):
        model = small().grow().damage(0, np.arange(40)).damage(1, np.arange(40) == 3)
        model.save(tmp_path / "network")
        copy = tectum.load(tmp_path / "network")
        assert bits(copy.grow(20.0)) == bits(model.grow(20.0))
        assert [int((~alive).sum()) for alive in copy.alive_] == [40, 1, 0]
        spikes = copy.record(30.0).spikes
        assert spikes["layer_0"].neuron.min() >= 40
        assert 3 not in spikes["layer_1"].neuron

    def test_as_if_they_had_been_dead(self):
        alive = np.arange(168) >= 40
        sheet = TINY[0]._replace(alive=alive)
        born = small(layers=(sheet, *TINY[1:])).grow(20.0)
        killed = small().grow(0.1)
        np.testing.assert_array_equal(born.alive_[0], killed.damage(0, ~alive).alive_[0])

    @pytest.mark.parametrize("nodes", [[168], [-1], [0.5], np.ones(3, bool), np.arange(168)])
    def test_errors(self, nodes):
        with pytest.raises(ValueError, match=r"WaveNetwork\.damage\.nodes must"):
            small().grow(0.1).damage(0, nodes)


class TestArchitectures:
    def test_sizes(self):
        assert [sheet.shape for sheet in WaveNetwork.perceptron((90, 30, 20, 10)).layers] == [90, 30, 20, 10]
        model = WaveNetwork.autoencoder((90, 20, 90), random_state=0).grow(20.0)
        assert [W.shape for W in model.weights_] == [(20, 90), (90, 20)]
        assert model.receptive_fields_(2).shape == (90, 90)

    @pytest.mark.parametrize("sizes", [(90,), (90, 1), 90, (90.0, 20)])
    def test_no_sizes(self, sizes):
        with pytest.raises(ValueError, match=r"WaveNetwork\.perceptron\.sizes must be two whole numbers"):
            WaveNetwork.perceptron(sizes)

    @pytest.mark.parametrize("sizes", [(90, 20), (90, 20, 80), (20, 90, 20), (90, 20, 30, 20, 90)])
    def test_no_valley(self, sizes):
        with pytest.raises(ValueError, match=r"WaveNetwork\.autoencoder\.sizes must fall and then rise"):
            WaveNetwork.autoencoder(sizes)

    def test_pool_size_is_a_parameter(self):
        model = WaveNetwork.pooling(20, wave=3.0, random_state=0).fit(images(60, 144))
        assert model.weights_[0].shape == (20, 144)
        assert (model.first_kernel.r_i, model.first_kernel.r_o) == (3.0, 7.5)

    @pytest.mark.parametrize("outline", ["disc", "annulus", "L", "retina"])
    def test_outlines(self, outline):
        sheet = Sheet.inside(outline, 200, 12.0, random_state=0)
        assert sheet.n_nodes == 200
        assert 0.0 <= sheet.positions.min() < 1.0
        assert 11.0 < sheet.positions.max() <= 12.0
        model = small(layers=(sheet, Sheet(30))).grow(10.0)
        np.testing.assert_array_equal(model.sheet_positions_[0], sheet.positions)

    def test_no_outline(self):
        with pytest.raises(ValueError, match=r"outline must be one of disc, annulus, L, retina, got 'star'"):
            Sheet.inside("star", 10)

    def test_no_control(self):
        with pytest.raises(ValueError, match=r"control\.kind must be one of"):
            WaveNetwork.control("sham")


class TestRecord:
    def test_spikes_are_those_of_frozen_growth(self):
        model = small(rule=WaveHebb(0.0, 0.0, "spikes")).grow(15.0)
        recording = model.record(5.0)
        assert recording.duration_ms == 5.0
        assert set(recording.spikes) == {"layer_0", "layer_1", "layer_2"}
        for train, size in zip(recording.spikes.values(), (168, 40, 20), strict=True):
            assert train.n_neurons == size
            assert (np.diff(train.time_ms) >= 0.0).all()
        last = model.grow(5.0)._state.sheets[0].fired
        train = recording.spikes["layer_0"]
        np.testing.assert_array_equal(np.flatnonzero(last), train.neuron[np.rint(train.time_ms / 0.1) == 49])

    def test_nothing_changes(self):
        model = small().grow()
        before = bits(model)
        model.record(20.0)
        model.transform(images())
        assert bits(model) == before

    def test_no_noise_no_spikes(self):
        """Nothing lights up by itself, in no sheet."""
        silent = tectum.parts.DynamicThresholdLIF()
        recording = small(first_neuron=silent).grow().record(50.0)
        assert sum(map(len, recording.spikes.values())) == 0


class TestReceptiveFields:
    def test_composition(self):
        model = small().grow()
        lower, upper = model.receptive_fields_(1), model.receptive_fields_(2, 1)
        np.testing.assert_allclose(lower.sum(axis=1), 1.0)
        np.testing.assert_allclose(model.receptive_fields_(2), upper @ lower)
        np.testing.assert_allclose(lower, model.weights_[0] / (2.5 * 168), rtol=1e-4)

    def test_pooling_is_the_mean_over_the_field(self):
        model = small().grow()
        X = images()
        z = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
        np.testing.assert_allclose(model.transform(X, 1), z @ model.receptive_fields_(1).T, rtol=1e-6, atol=1e-12)
        assert model.transform(X).shape == (60, 20)
        assert model.get_feature_names_out()[0] == "wavenetwork0"

    @pytest.mark.parametrize("response", ["pooling", "excess"])
    def test_blank_images(self, response):
        model = small(response=response).fit(images())
        np.testing.assert_array_equal(model.transform(np.zeros((3, 168))), 0.0)
        np.testing.assert_allclose(model.transform(images())[:5], model.transform(images()[:5]), atol=1e-12)


class TestSheets:
    def test_any_geometry(self):
        places = np.random.default_rng(0).uniform(0.0, 10.0, (300, 2))
        places = places[~((places[:, 0] > 5.0) & (places[:, 1] > 5.0))]
        layers = (Sheet(positions=places), Sheet((6, 8)), Sheet((4, 5), jitter=0.5))
        model = small(layers=layers).grow()
        np.testing.assert_array_equal(model.sheet_positions_[0], places)
        assert np.ptp(model.sheet_positions_[1], axis=0).tolist() == pytest.approx([8.75, 6.25])
        assert (
            0.0
            < np.abs(
                model.sheet_positions_[2] - small(layers=(*layers[:2], Sheet((4, 5)))).grow(0.1).sheet_positions_[2]
            ).max()
            <= 0.5
        )

    def test_dead_nodes_never_fire(self):
        alive = np.random.default_rng(0).random(168) < 0.7
        model = small(layers=(TINY[0]._replace(alive=alive), *TINY[1:])).grow()
        fired = np.unique(model.record(50.0).spikes["layer_0"].neuron)
        assert len(fired)
        assert alive[fired].all()

    def test_damage_after_growth(self):
        model = small().grow()
        alive = np.arange(168) >= 40
        model.set_params(layers=(TINY[0]._replace(alive=alive), *TINY[1:])).grow(30.0)
        assert model.record(20.0).spikes["layer_0"].neuron.min() >= 40
        np.testing.assert_array_equal(model.sheet_positions_[0], small().grow(0.1).sheet_positions_[0])

    def test_sheets_in_a_file(self, tmp_path):
        places = np.random.default_rng(0).uniform(0.0, 10.0, (100, 2))
        model = small(layers=[Sheet(positions=places, alive=np.arange(100) > 3), Sheet(30)]).grow()
        model.save(tmp_path / "network")
        assert bits(tectum.load(tmp_path / "network").grow(5.0)) == bits(model.grow(5.0))

    def test_data_frame_after_growth(self):
        X = pd.DataFrame(images(), columns=[f"node {i}" for i in range(168)])
        model = small().grow().fit(X)
        assert model.feature_names_in_[3] == "node 3"
        assert model.transform(X).shape == (60, 20)


class TestErrors:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"layers": (Sheet(50),)}, r"WaveNetwork\.layers must be two sheets or more"),
            ({"layers": (50, 20)}, r"layers\[0\] must be a Sheet, got 50"),
            ({"layers": (Sheet(50), Sheet())}, r"layers\[1\]\.shape must be a number of nodes"),
            ({"layers": (Sheet(50, -1.0), Sheet(5))}, r"layers\[0\]\.side must be above 0"),
            ({"layers": (Sheet(50, alive=[True]), Sheet(5))}, r"layers\[0\]\.alive must have an entry per node"),
            ({"layers": (Sheet(50, alive=[False] * 50), Sheet(5))}, r"layers\[0\]\.alive must leave a node alive"),
            (
                {"layers": (Sheet(50, 3.0), Sheet(5))},
                r"phases\[0\]\.first_r_i must be below the extent of sheet 0 \(3\)",
            ),
            (
                {
                    "layers": (Sheet(50), Sheet(5, 2.0)),
                    "neighbourhood": FixedNeighbourhood(),
                    "kernel": RingKernel(r_i=2.5),
                },
                r"phases\[0\]\.r_i must be below the extent of sheet 1 \(2\), got 3\.0",
            ),
            ({"layers": (Sheet(positions=[1.0]), Sheet(5))}, r"positions must have shape \(n, 2\)"),
            ({"layers": (Sheet(9000), Sheet(5))}, r"9000 nodes"),
            ({"phases": ()}, r"WaveNetwork\.phases must be WavePhases"),
            ({"phases": (WavePhase(-1.0),)}, r"phases\[0\]\.duration must be above 0"),
            ({"kernel": RingKernel(r_i=0.0)}, r"WaveNetwork\.kernel\.r_i must be above 0"),
            ({"competition": KWinners(power=1.5)}, r"competition\.power must be a whole number"),
            ({"rule": WaveHebb(post="traces")}, r"rule\.post must be one of"),
        ],
    )
    def test_parameters(self, changes, message):
        with pytest.raises(ValueError, match=message):
            small(**changes).grow()

    def test_duration(self):
        with pytest.raises(ValueError, match=r"duration must be 0\.1 ms or more, got 0"):
            small().grow(0)

    def test_columns_of_a_grown_network(self):
        model = small().grow()
        with pytest.raises(ValueError, match=r"a column per node of the first sheet \(168\), got 100"):
            model.fit(images(10, 100))
        assert model.transform(images()).shape == (60, 20)

    def test_layers(self):
        with pytest.raises(NotFittedError):
            small().receptive_fields_(1)
        model = small().grow(1.0)
        with pytest.raises(ValueError, match=r"layer must be a whole number from 1 to 2, got 3"):
            model.transform(images(), 3)
        with pytest.raises(ValueError, match=r"source must be a sheet below layer 1, got 1"):
            model.receptive_fields_(1, 1)


@pytest.fixture(scope="module")
def young() -> WaveNetwork:
    """The default parts after 8,000 ms, most of the work of growing; copies of it go on."""
    return WaveNetwork.topographic(random_state=0).grow(8000.0)


@pytest.mark.science
class TestSpecification:
    """What the specification measured, on the sheets it measured."""

    def test_authors_rule_tiles_the_sheet_without_order(self):
        model = WaveNetwork.authors(random_state=0).grow()
        X, Y = model.sheet_positions_
        tiles = analysis.tiling(model.weights_[0], X)
        assert tiles.compact >= 0.97
        assert tiles.coverage > 0.98
        assert tiles.evenness < 0.5
        assert analysis.field_radius(model.weights_[0], X).mean() < 3.0
        assert abs(analysis.sheet_topography(analysis.field_centres(model.weights_[0], X), Y)) < 0.05

    def test_waves_of_the_authors(self):
        """A compact bump that wanders at about 1 per ms and holds some 8 % of the nodes."""
        model = WaveNetwork.authors(random_state=1).grow(1.0)
        train = model.record(1000.0).spikes["layer_0"]
        found = waves.wave_statistics(train.time_ms, train.neuron, model.sheet_positions_[0], 1000.0, link=2.0)
        assert 0.5 < found.active < 0.85
        assert 100.0 < found.size < 140.0
        assert 2.7 < found.radius < 3.4
        assert 0.9 < found.speed < 1.3
        assert found.single > 0.95
        assert found.reached == 1.0

    def test_large_waves_make_a_straight_map(self):
        model = WaveNetwork.scheduled(random_state=0).grow(3000.0)
        X, Y = model.sheet_positions_
        assert analysis.affine_fit(analysis.field_centres(model.weights_[0], X), Y) > 0.9
        self.is_a_map(model.grow())

    def test_topographic_growth(self, young):
        self.is_a_map(deepcopy(young).grow())

    def is_a_map(self, model):
        X, Y = model.sheet_positions_
        W = model.weights_[0]
        assert analysis.compactness(W, X).mean() > 0.75
        assert analysis.tiling(W, X).coverage > 0.98
        assert analysis.sheet_topography(analysis.field_centres(W, X), Y) > 0.7

    def test_neighbourhoods_that_follow_the_fields(self):
        """Three sheets: compact fields without a fold, also across two projections.

        With this seed a sixth of the last units would look at two places without `uptake`.
        """
        model = WaveNetwork.perceptron(random_state=2).grow()
        for layer, W in enumerate(model.weights_):
            X, Y = model.sheet_positions_[layer : layer + 2]
            assert analysis.tiling(W, X).compact >= 0.95
            assert analysis.sheet_topography(analysis.field_centres(W, X), Y) > 0.85
        X = model.sheet_positions_[0]
        assert (analysis.field_radius(model.receptive_fields_(2), X) < 0.5 * analysis.sheet_radius(X)).mean() > 0.75

    @pytest.mark.parametrize(("kind", "across"), [("shuffled", 20), ("no waves", 30), ("no plasticity", 30)])
    def test_controls_do_not_organise(self, kind, across):
        """On smaller sheets than the default, as dense as these."""
        sheets = (Sheet(across**2, across / 2), Sheet(3 * across**2 // 16, across / 4))
        model = WaveNetwork.control(kind, sheets, random_state=0).grow(4000.0)
        X, W = model.sheet_positions_[0], model.weights_[0]
        assert np.abs(analysis.compactness(W, X)).max() < 0.05
        if kind != "no plasticity":
            assert np.abs(W - WaveNetwork.control(kind, sheets, random_state=0).grow(0.1).weights_[0]).max() > 1.0
            assert len(model.record(10.0).spikes["layer_1"]) > 0

    def test_damage_is_repaired(self, young):
        """No weight is left on dead nodes, and the live ones stay covered."""
        model = deepcopy(young)
        X = model.sheet_positions_[0]
        dead = np.linalg.norm(X - [14.0, 6.0], axis=1) < 3.0
        model.damage(0, dead).grow(5000.0)
        shares = model.receptive_fields_(1)
        assert (shares[:, dead].sum(axis=1) > 0.05).mean() < 0.05
        assert analysis.tiling(model.weights_[0][:, ~dead], X[~dead]).coverage > 0.98
