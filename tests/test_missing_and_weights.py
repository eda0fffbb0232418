"""Samples with missing values, and samples that weigh differently, in a map."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.metrics.pairwise import nan_euclidean_distances

import tectum
from tectum import SpikingSOM, analysis, parts, report
from tectum.models.common.weights import copies, lottery

pytestmark = pytest.mark.compiled
RNG = np.random.default_rng(0)
X = RNG.random((40, 3))
HOLES = np.where(RNG.random(X.shape) < 0.3, np.nan, X)
HOLES[0] = np.nan


def small(**changes) -> SpikingSOM:
    return SpikingSOM(**({"shape": (4, 4), "n_presentations": 60, "random_state": 0} | changes))


@pytest.fixture(scope="module")
def som() -> SpikingSOM:
    return small(n_presentations=300).fit(HOLES)


class TestMissing:
    def test_silent_feature_does_not_fire(self):
        som = small(wiring=parts.DirectWiring()).fit(HOLES)
        row = np.array([[0.4, np.nan, 0.6]])
        units = som.encoder_.n_units
        silent = np.arange(units, 2 * units)
        assert not som.currents(row)[0, silent].any()
        fired = np.unique(som.record(row).spikes["u"].neuron)
        assert len(fired) > 0
        assert not np.isin(silent, fired).any()

    def test_others_make_up_for_it(self, som):
        """Volleys come as often, and the map answers, however little is known."""
        whole = som.record(X[:4], input_ms=200.0).spikes["h"].n_neurons
        assert whole == 1
        for known in ([0], [0, 1]):
            rows = np.full((4, 3), np.nan)
            rows[:, known] = X[:4, known]
            assert (som.predict(rows) >= 0).all()

    def test_nothing_known_is_silence(self, som):
        assert som.predict(HOLES[:1])[0] == -1
        assert np.isnan(som.inverse_transform(som.transform(HOLES[:1]))).all()

    def test_samples_do_not_depend_on_their_batch(self, som):
        together = som.spike_times(HOLES)
        assert_array_equal(together, np.concatenate([som.spike_times(row[None]) for row in HOLES]))

    def test_range_is_that_of_the_known_values(self, som):
        assert_array_equal(som._scaling.lowest, np.nanmin(HOLES, axis=0))
        assert_array_equal(som._scaling.highest, np.nanmax(HOLES, axis=0))

    def test_a_feature_never_known_is_left_out(self):
        never = HOLES.copy()
        never[:, 1] = np.nan
        fitted = small().fit(never)
        assert fitted._scaling.varies.tolist() == [True, False, True]
        assert np.isfinite(fitted.codebook_).all()

    def test_stream_and_file_go_on_to_the_last_bit(self, tmp_path):
        whole, cut = (small().partial_fit(HOLES[:7]) for _ in range(2))
        cut.save(tmp_path / "map.tectum")
        more = tectum.load(tmp_path / "map.tectum").partial_fit(HOLES[7:20]).partial_fit(HOLES[20:])
        assert_array_equal(more.weights_, whole.partial_fit(HOLES[7:]).weights_)

    def test_a_mixture_is_as_if_missing_features_were_at_their_mean(self, som):
        row, filled = np.array([[0.4, np.nan, 0.6]]), np.array([[0.4, 0.0, 0.6]])
        centre = som._mixing.centre
        filled[0, 1] = som._scaling.lowest[1] + centre[1] * (som._scaling.highest - som._scaling.lowest)[1]
        assert_allclose(som.currents(row), som.currents(filled), rtol=1e-5)

    def test_errors_are_those_of_what_is_known(self, som):
        wanted = np.nanmean(nan_euclidean_distances(HOLES[1:], som.codebook_).min(axis=1))
        assert som.quantization_error(HOLES) == pytest.approx(wanted)
        assert 0.0 <= som.topographic_error(HOLES) <= 1.0
        assert analysis.best_matching_units([[np.nan, 2.0], [np.nan, np.nan]], [[9, 1], [0, 3], [5, 2]]).tolist() == [
            [2, 0],
            [-1, -1],
        ]
        assert np.isnan(analysis.quantization_error([[np.nan]], [[0.0]]))

    def test_missing_values_do_not_change_complete_data(self):
        complete = small().fit(X)
        assert_array_equal(complete.spike_times(X), complete.spike_times(np.vstack([X, HOLES]))[: len(X)])

    @pytest.mark.usefixtures("one_theme")
    def test_report(self, som, tmp_path):
        assert report.write_report(tmp_path / "page.html", som, HOLES).stat().st_size > 10_000

    def test_infinity_is_refused(self):
        with pytest.raises(ValueError, match="infinity"):
            small().fit(np.where(np.isnan(HOLES), np.inf, HOLES))


class TestWeights:
    WHOLE = np.arange(40) % 4  # 0 to 3

    def test_whole_weights_repeat_rows_to_the_last_bit(self):
        weighed = small().fit(X, sample_weight=self.WHOLE)
        order = np.random.default_rng(1).permutation(self.WHOLE.sum())
        repeated = small().fit(np.repeat(X, self.WHOLE, axis=0)[order], sample_weight=None)
        assert_array_equal(weighed.weights_, repeated.weights_)
        assert_array_equal(weighed.codebook_, repeated.codebook_)

    def test_scale_of_weights_does_not_matter(self):
        assert_array_equal(
            small().fit(X, sample_weight=self.WHOLE).weights_, small().fit(X, sample_weight=0.25 * self.WHOLE).weights_
        )

    def test_weight_zero_is_never_drawn(self):
        far = np.vstack([X, [[9.0, 9.0, 9.0]]])
        fitted = small().fit(far, sample_weight=np.append(np.ones(40), 0.0))
        assert fitted._scaling.highest.max() <= 1.0
        assert_array_equal(fitted.weights_, small().fit(X, sample_weight=None).weights_)

    def test_drawn_in_proportion(self):
        weights = np.array([0.0, 1.0, 0.5, 3.5])
        draw = lottery(np.uint64(3), X[:4], weights)
        counts = np.bincount([draw(m) for m in range(4000)], minlength=4)
        assert counts[0] == 0
        assert_allclose(counts / 4000, weights / 5.0, atol=0.03)

    def test_uniform_is_the_default(self):
        assert_array_equal(small().fit(X).weights_, small().fit(X, sample_weight="uniform").weights_)

    def test_sparse_tables_and_missing_values(self):
        weights = np.linspace(0, 2, 40)
        assert_array_equal(
            small().fit(sparse.csr_array(X), sample_weight=weights).weights_, small().fit(X, None, weights).weights_
        )
        small().fit(HOLES, sample_weight=weights)

    def test_interrupted_fit_goes_on(self):
        whole = small().fit(X, sample_weight=self.WHOLE)
        part = small()
        begun = part._learn

        def interrupted(samples):
            if part._seen > 20:
                raise KeyboardInterrupt
            begun(samples)

        part._learn = interrupted
        with pytest.raises(KeyboardInterrupt):
            part.fit(X, sample_weight=self.WHOLE)
        del part._learn
        part.set_params(warm_start=True).fit(X, sample_weight=self.WHOLE)
        assert_array_equal(part.weights_, whole.weights_)

    def test_partial_fit_presents_as_often(self):
        weights = np.tile([0.0, 2.0, 1.0, 0.5], 10)
        fitted = small().partial_fit(X, sample_weight=weights)
        assert 30 <= fitted.n_presentations_seen_ <= 40
        whole = small().partial_fit(X, sample_weight=self.WHOLE)
        scaling = whole._scaling
        same = small(input_range=(scaling.lowest, scaling.highest)).partial_fit(np.repeat(X, self.WHOLE, axis=0))
        assert_array_equal(whole.weights_, same.weights_)

    def test_weighed_stream_in_pieces_and_files(self, tmp_path):
        weights = np.random.default_rng(2).random(40) * 2
        whole, cut = (small().partial_fit(X[:11], sample_weight=weights[:11]) for _ in range(2))
        cut.save(tmp_path / "map.tectum")
        cut = tectum.load(tmp_path / "map.tectum")
        for part in (slice(11, 20), slice(20, 40)):
            cut.partial_fit(X[part], sample_weight=weights[part])
        whole.partial_fit(X[11:], sample_weight=weights[11:])
        assert_array_equal(cut.weights_, whole.weights_)

    def test_copies_are_right_on_average(self):
        assert copies(np.uint64(0), np.full(4000, 1.25), 0).mean() == pytest.approx(1.25, abs=0.03)
        assert set(copies(np.uint64(0), np.array([0.0, 1.0, 3.0]), 5)) == {0, 1, 3}

    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            (np.zeros(40), r"SpikingSOM.fit: sample_weight must not be zero for every sample, got 0 for all 40"),
            (-np.ones(40), r"a finite number of 0 or more per sample, 40 in all, got shape \(40,\), values from -1.0"),
            (np.ones(39), r"40 in all, got shape \(39,\)"),
            (np.full(40, np.nan), "finite number"),
        ],
    )
    def test_doors(self, weights, message):
        with pytest.raises(ValueError, match=message):
            small().fit(X, sample_weight=weights)
