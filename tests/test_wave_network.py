"""`WaveNetwork`: scikit-learn's contract, exact continuation, bad input, and what its specification promises."""

import pickle
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import tectum
from tectum import WaveNetwork
from tectum.analysis import waves
from tectum.datasets import load
from tectum.engine import sheet_network as network
from tectum.engine.sheet_loop import SpikeEvents, run_driven
from tectum.parts import KWinners, MeanNorm, RangeNorm, RingKernel, Sheet, WaveHebb, WavePhase

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
        assert cut.n_images_seen_ == 700

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


@pytest.mark.science
class TestSpecification:
    """What the specification measured, on the sheets it measured."""

    def test_authors_rule_tiles_the_sheet_without_order(self):
        model = WaveNetwork.authors(random_state=0).grow()
        X, Y = model.sheet_positions_
        tiles = waves.tiling(model.weights_[0], X)
        assert tiles.compact >= 0.97
        assert tiles.coverage > 0.98
        assert tiles.evenness < 0.5
        assert waves.field_radius(model.weights_[0], X).mean() < 3.0
        assert abs(waves.sheet_topography(waves.field_centres(model.weights_[0], X), Y)) < 0.05

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
        model = WaveNetwork.topographic(random_state=0).grow(3000.0)
        X, Y = model.sheet_positions_
        assert waves.affine_fit(waves.field_centres(model.weights_[0], X), Y) > 0.9

    def test_topographic_growth(self):
        model = WaveNetwork.topographic(random_state=0).grow()
        X, Y = model.sheet_positions_
        W = model.weights_[0]
        assert waves.compactness(W, X).mean() > 0.75
        assert waves.tiling(W, X).coverage > 0.98
        assert waves.sheet_topography(waves.field_centres(W, X), Y) > 0.7

    def test_without_waves_nothing_becomes_compact(self):
        """The same numbers of spikes in the same steps, of nodes drawn at random."""
        model = WaveNetwork.topographic(random_state=0).grow(0.1)
        stack = model._build(model._chosen(), 5)
        weights = network.copy_of(model._state).weights
        upper = network.at_rest(stack.sheets[1])
        scratch, room = network._sheet_scratch(300), network._projection_scratch(300)
        rng = np.random.default_rng(0)

        def shuffle_and_drive(layer: int, start: int, spikes: SpikeEvents) -> None:
            counts = np.diff(spikes.first)
            shuffled = [np.sort(rng.choice(1600, n, replace=False)) for n in counts]
            below = SpikeEvents(spikes.first, np.concatenate(shuffled).astype(np.uint32))
            own = SpikeEvents(np.zeros(len(counts) + 1, np.int64), np.zeros(300 * len(counts), np.uint32))
            run_driven(stack.sheets[1], upper, scratch, stack.projections[0], weights[0], room, below, start, own, True)

        alone = network.Stack(stack.sheets[:1], (), ())
        state = network.StackState((network.at_rest(stack.sheets[0]),), ())
        network.run(alone, state, 0, 60_000, keep=shuffle_and_drive)
        W = network.dense_weights(weights[0])
        assert np.abs(W - model.weights_[0]).max() > 1.0
        assert np.abs(waves.compactness(W, model.sheet_positions_[0])).max() < 0.05

    def test_images(self, data_folder):
        """Units that learned from digits are read out better than the same units before: 87 and 93 % of 10,000."""
        data = load("mnist")
        X, y = data.data / 255.0, data.target
        scores = []
        for n_presentations in (1, 40_000):
            layers = (Sheet((28, 28)), Sheet(300))
            model = WaveNetwork(layers, response="excess", n_presentations=n_presentations, random_state=0)
            model.fit(X[:20_000])
            reader = make_pipeline(StandardScaler(), RidgeClassifier(10.0)).fit(model.transform(X[:20_000]), y[:20_000])
            scores.append(reader.score(model.transform(X[-10_000:]), y[-10_000:]))
        assert scores[0] < 0.89
        assert scores[1] > 0.91
