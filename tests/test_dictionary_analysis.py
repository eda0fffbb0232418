"""Analysis of dictionaries against hand-computed values, invariances, synthetic Gabor functions and known structure."""

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_sample_images
from sklearn.decomposition import PCA

from tectum import analysis
from tectum.analysis import dictionary_baselines

IMAGE = (12, 12)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


class TestReconstruction:
    X = np.array([[0.0, 0.0], [3.0, 4.0]])
    X_HAT = np.array([[1.0, -1.0], [3.0, 4.0]])

    def test_by_hand(self):
        assert analysis.reconstruction_error(self.X, self.X_HAT) == pytest.approx(0.5)
        assert analysis.reconstruction_error(self.X, self.X_HAT, average="global") == pytest.approx(math.sqrt(0.5))

    def test_exact_reconstruction_has_no_error(self):
        assert analysis.reconstruction_error(self.X, self.X) == 0

    @given(st.integers(0, 2**31 - 1), st.floats(0.01, 100))
    @settings(deadline=None, max_examples=25)
    def test_scales_with_the_patches_and_global_is_never_smaller(self, seed, scale):
        X, X_hat = np.random.default_rng(seed).normal(size=(2, 6, 5))
        patch = analysis.reconstruction_error(X, X_hat)
        assert analysis.reconstruction_error(scale * X, scale * X_hat) == pytest.approx(scale * patch)
        assert analysis.reconstruction_error(X, X_hat, average="global") >= patch * (1 - 1e-12)

    def test_correlation_by_hand_leaves_constant_rows_out(self):
        X = [[0.0, 1.0, 2.0], [0.0, 1.0, 2.0], [5.0, 5.0, 5.0], [1.0, 2.0, 3.0]]
        X_hat = [[1.0, 3.0, 5.0], [2.0, 0.0, 1.0], [1.0, 2.0, 3.0], [0.3, 0.3, 0.3]]
        assert analysis.reconstruction_correlation(X, X_hat) == pytest.approx((1.0 - 0.5) / 2)

    def test_correlation_does_not_see_gain_and_offset(self, rng):
        X, X_hat = rng.normal(size=(2, 8, 20))
        r = analysis.reconstruction_correlation(X, X_hat)
        assert analysis.reconstruction_correlation(3 * X + 5, 0.1 * X_hat - 2) == pytest.approx(r)
        assert r == pytest.approx(np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(X, X_hat, strict=True)]))

    def test_correlation_is_nan_where_nothing_varies(self):
        assert math.isnan(analysis.reconstruction_correlation(np.ones((3, 4)), np.eye(3, 4)))
        rounded = 0.1 + np.array([[0.0, 1e-17, 2e-17]])
        assert math.isnan(analysis.reconstruction_correlation(rounded, [[1.0, 2.0, 3.0]]))

    def test_trivial_errors_by_hand(self):
        errors = analysis.trivial_errors([[1.0, 3.0], [2.0, 2.0]], reference=[[0.0, 2.0], [2.0, 2.0]])
        assert errors == {
            "all_zero": pytest.approx((math.sqrt(5) + 2) / 2),
            "mean_patch": pytest.approx((math.sqrt((0 + 1) / 2) + math.sqrt((1 + 0) / 2)) / 2),
            "per_patch_mean": pytest.approx(0.5),
        }

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: analysis.reconstruction_error([[1.0]], [[1.0, 2.0]]), r"X_hat must have the shape of X, \(1, 1\)"),
            (lambda: analysis.reconstruction_error([[np.nan]], [[1.0]]), "X must be finite"),
            (lambda: analysis.reconstruction_error([[1.0]], [[1.0]], average="mean"), "average must be 'patch' or"),
            (lambda: analysis.reconstruction_correlation([1.0], [1.0]), "X must be a non-empty 2-D array"),
            (lambda: analysis.trivial_errors([[1.0]], reference=[[1.0, 2.0]]), "reference must have the 1 features"),
            (lambda: analysis.trivial_errors([[1.0]], reference=[[1.0]], average="x"), "average must be"),
        ],
    )
    def test_errors(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


class TestSparsity:
    C = np.array([[2, 0, 2, 0], [0, 0, 0, 0], [1, 0, 0, 0]])

    def test_counts_by_hand(self):
        assert analysis.active_units(self.C) == 1
        assert analysis.silent_share(self.C) == pytest.approx(1 / 3)
        assert analysis.dead_units(self.C) == 2

    def test_perplexity_by_hand(self):
        p, q = 3 / 5, 2 / 5
        expected = math.exp(-p * math.log(p) - q * math.log(q))
        assert analysis.usage_perplexity(self.C) == pytest.approx(expected)
        assert analysis.usage_perplexity(np.eye(7)) == pytest.approx(7)
        assert analysis.usage_perplexity([[0, 3], [0, 5]]) == 1

    def test_treves_rolls_by_hand(self):
        assert analysis.treves_rolls(self.C) == pytest.approx((2 / 4 + 1 / 4) / 2)
        unit_0 = (3 / 3) ** 2 / (5 / 3)
        assert analysis.treves_rolls(self.C, axis="lifetime") == pytest.approx((unit_0 + 1 / 3) / 2)

    @pytest.mark.parametrize(("k", "n"), [(1, 10), (3, 10), (10, 10)])
    def test_k_equal_rates_of_n(self, k, n):
        rates = np.zeros((1, n))
        rates[0, :k] = 4.0
        assert analysis.treves_rolls(rates) == pytest.approx(k / n)
        assert analysis.treves_rolls(rates.T, axis="lifetime") == pytest.approx(k / n)

    @given(st.integers(0, 2**31 - 1), st.floats(1e-200, 1e200))
    @settings(deadline=None, max_examples=25)
    def test_treves_rolls_is_one_over_one_plus_squared_variation_in_any_unit(self, seed, unit):
        rates = np.random.default_rng(seed).random((1, 9))
        expected = 1 / (1 + (rates.std() / rates.mean()) ** 2)
        assert analysis.treves_rolls(rates * unit) == pytest.approx(expected)

    def test_no_spikes(self):
        silent = np.zeros((4, 3))
        assert analysis.active_units(silent) == 0
        assert analysis.silent_share(silent) == 1
        assert analysis.dead_units(silent) == 3
        undefined = [
            analysis.usage_perplexity(silent),
            analysis.treves_rolls(silent),
            analysis.treves_rolls(silent, axis="lifetime"),
            analysis.component_correlation(silent),
        ]
        assert np.isnan(undefined).all()

    def test_correlation_by_hand_leaves_constant_units_out(self):
        C = np.array([[0, 4, 1, 0], [1, 2, 1, 0], [2, 0, 1, 3]])  # r: -1, 3/sqrt(12), -3/sqrt(12)
        assert analysis.component_correlation(C) == pytest.approx((1 + 2 * 3 / math.sqrt(12)) / 3)

    def test_units_that_take_turns(self):
        assert analysis.component_correlation(np.eye(6)) == pytest.approx(1 / 5)

    def test_independent_units_hardly_correlate(self, rng):
        assert analysis.component_correlation(rng.poisson(1.0, (20_000, 5))) < 0.02

    def test_order_of_units_and_samples_does_not_matter(self, rng):
        C = rng.poisson(0.5, (30, 8))
        mixed = C[rng.permutation(30)][:, rng.permutation(8)]
        for measure in (
            analysis.active_units,
            analysis.silent_share,
            analysis.dead_units,
            analysis.usage_perplexity,
            analysis.treves_rolls,
            analysis.component_correlation,
        ):
            assert measure(mixed) == pytest.approx(measure(C))

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: analysis.active_units([[-1.0]]), "C must hold counts of 0 or more, got -1; for signed"),
            (lambda: analysis.silent_share([1.0]), "C must be a non-empty 2-D array"),
            (lambda: analysis.dead_units(np.zeros((0, 3))), "C must be a non-empty 2-D array"),
            (lambda: analysis.usage_perplexity([[np.inf]]), "C must be finite"),
            (lambda: analysis.treves_rolls([[1.0]], axis="unit"), "axis must be 'population' or 'lifetime'"),
            (lambda: analysis.component_correlation([[np.nan]]), "C must be finite"),
        ],
    )
    def test_errors(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


def gabor(shape, *, orientation, frequency, phase, sigma_x, sigma_y, centre, amplitude=1.0, offset=0.0):
    """The printed formula, pixel by pixel."""
    image = np.empty(shape)
    across = (math.cos(orientation + math.pi / 2), math.sin(orientation + math.pi / 2))  # to the right, upwards
    along = (math.cos(orientation), math.sin(orientation))
    for row, column in np.ndindex(shape):
        right, up = column - centre[1], centre[0] - row
        u, v = across[0] * right + across[1] * up, along[0] * right + along[1] * up
        envelope = math.exp(-(u**2) / (2 * sigma_x**2) - v**2 / (2 * sigma_y**2))
        image[row, column] = offset + amplitude * envelope * math.cos(2 * math.pi * frequency * u + phase)
    return image


def drawn_gabors(rng, n):
    """``n`` parameter sets well inside a 12 x 12 image."""
    ranges = {
        "orientation": (0.0, 3.1),
        "frequency": (0.1, 0.33),
        "phase": (-3.1, 3.1),
        "sigma_x": (1.3, 3.0),
        "sigma_y": (1.3, 4.0),
        "amplitude": (0.1, 5.0),
        "offset": (-1.0, 1.0),
    }
    for _ in range(n):
        drawn = {name: rng.uniform(low, high) for name, (low, high) in ranges.items()}
        yield drawn | {"centre": rng.uniform(3.5, 7.5, 2)}


class TestGabors:
    def test_recovers_the_parameters(self, rng):
        truth = list(drawn_gabors(rng, 40))
        fit = analysis.fit_gabors([gabor(IMAGE, **one).ravel() for one in truth], IMAGE)
        assert fit.r2.min() > 0.999
        exact = fit.r2 > 1 - 1e-9
        assert exact.mean() > 0.9
        for name in ("orientation", "frequency", "sigma_x", "sigma_y", "centre", "amplitude", "offset"):
            expected = np.array([one[name] for one in truth])
            assert_allclose(getattr(fit, name)[exact], expected[exact], atol=1e-3, err_msg=name)
        turn = fit.phase - [one["phase"] for one in truth]
        assert_allclose(np.cos(turn[exact]), 1, atol=1e-5)
        assert ((fit.orientation >= 0) & (fit.orientation < np.pi)).all()
        assert ((fit.phase >= -np.pi) & (fit.phase < np.pi)).all()

    def test_orientation_is_that_of_the_stripes_as_seen(self):
        wave = np.tile(np.cos(2 * np.pi * np.arange(16) / 5), (16, 1))
        falling = np.cos(2 * np.pi * 0.2 * (np.arange(16)[:, None] - np.arange(16)))  # stripes along the diagonal
        images = [wave.T, wave, falling[:, ::-1], falling]
        fit = analysis.fit_gabors([image.ravel() for image in images], (16, 16))
        expected = np.deg2rad([0, 90, 45, 135])
        assert_allclose(np.cos(2 * (fit.orientation - expected)), 1, atol=1e-3)
        assert_allclose(fit.frequency, [0.2, 0.2, 0.2 * math.sqrt(2), 0.2 * math.sqrt(2)], atol=5e-3)

    def test_r2_does_not_depend_on_gain_sign_and_offset(self, rng):
        images = np.array([gabor(IMAGE, **one).ravel() for one in drawn_gabors(rng, 4)])
        images += 0.3 * images.std(axis=1, keepdims=True) * rng.normal(size=images.shape)
        fit, scaled = analysis.fit_gabors(images, IMAGE), analysis.fit_gabors(-1e3 * images + 50, IMAGE)
        assert_allclose(scaled.r2, fit.r2, atol=1e-6)
        assert_allclose(scaled.frequency, fit.frequency, atol=1e-3)
        assert_allclose(scaled.amplitude, 1e3 * fit.amplitude, rtol=1e-3)

    def test_r2_is_the_variance_explained(self, rng):
        image = gabor(IMAGE, **next(drawn_gabors(rng, 1)))
        image += 0.2 * image.std() * rng.normal(size=IMAGE)
        fit = analysis.fit_gabors(image.reshape(1, -1), IMAGE)
        one = {name: values[0] for name, values in fit._asdict().items() if name != "r2"}
        rest = image - gabor(IMAGE, **one)
        assert fit.r2[0] == pytest.approx(1 - np.square(rest).sum() / np.square(image - image.mean()).sum(), abs=1e-9)

    def test_images_that_are_not_square(self, rng):
        parameters = next(drawn_gabors(rng, 1)) | {"centre": (5.0, 10.0)}
        fit = analysis.fit_gabors(gabor((10, 18), **parameters).reshape(1, -1), (10, 18))
        assert fit.r2[0] > 0.999
        assert_allclose(fit.centre[0], parameters["centre"], atol=0.01)

    def test_noise_fits_worse(self, rng):
        gabors = np.array([gabor(IMAGE, **one).ravel() for one in drawn_gabors(rng, 20)])
        gabors += 0.4 * gabors.std(axis=1, keepdims=True) * rng.normal(size=gabors.shape)
        assert np.median(analysis.fit_gabors(gabors, IMAGE).r2) > 0.75
        assert np.median(analysis.fit_gabors(rng.normal(size=gabors.shape), IMAGE).r2) < 0.25

    def test_raw_patches_of_a_photograph_fit_worse_than_what_is_learned_from_them(self, rng):
        photograph = load_sample_images().images[0].mean(axis=2)
        row, column = rng.integers(0, np.subtract(photograph.shape, 12), (3000, 2)).T
        span = np.arange(12)
        patches = photograph[row[:, None, None] + span[:, None], column[:, None, None] + span].reshape(3000, -1)
        patches -= patches.mean(axis=1, keepdims=True)
        patches = patches[np.argsort(patches.std(axis=1))[-1500:]]
        learned = PCA(12).fit(patches).components_
        control = rng.permutation(patches)[:20]
        r2 = [np.median(analysis.fit_gabors(images, IMAGE).r2) for images in (control, learned)]
        assert r2[0] < r2[1] - 0.1

    def test_a_constant_component_has_no_fit(self):
        fit = analysis.fit_gabors(np.vstack([np.full(144, 0.1), np.zeros(144), np.arange(144)]), IMAGE)
        assert np.isnan(fit.r2[:2]).all()
        assert np.isnan(fit.centre[:2]).all()
        assert np.isfinite(fit.r2[2])
        assert analysis.gabor_share(fit.r2) <= 1 / 3

    def test_one_pixel(self):
        image = np.zeros(144)
        image[40] = 1.0
        assert analysis.fit_gabors(image[None], IMAGE).r2[0] > 0.5

    def test_share_by_hand(self):
        assert analysis.gabor_share([0.6, 0.61, np.nan, 0.9]) == 0.5
        assert analysis.gabor_share([0.6, 0.61, np.nan, 0.9], threshold=0.5) == 0.75

    def test_bins_are_centred_on_horizontal_and_vertical(self):
        angles = np.deg2rad([0, 11, 179, 169, 90, 80, 101, 45, -45, np.nan])
        assert_array_equal(analysis.orientation_histogram(angles), [4, 0, 1, 0, 3, 0, 1, 0])
        assert_array_equal(analysis.orientation_histogram(angles, n_bins=1), [9])
        assert_array_equal(analysis.orientation_histogram([np.nan], n_bins=3), [0, 0, 0])

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: analysis.fit_gabors(np.ones((2, 144)), (12, 11)), "with 144 pixels in all, got"),
            (lambda: analysis.fit_gabors(np.ones((2, 9)), (3, 3)), "each 4 or more"),
            (lambda: analysis.fit_gabors(np.ones((2, 144)), (12.0, 12.0)), "image_shape must be"),
            (lambda: analysis.fit_gabors(np.ones(144), IMAGE), "components must be a non-empty 2-D array"),
            (lambda: analysis.gabor_share([]), "r2 must be a 1-D array"),
            (lambda: analysis.orientation_histogram([[0.0]]), "orientation must be a 1-D array"),
            (lambda: analysis.orientation_histogram([0.0], n_bins=0), "n_bins must be a positive integer"),
        ],
    )
    def test_errors(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.fixture(scope="module")
def mixtures():
    """600 patches, each the weighted sum of 2 of 6 patterns, and 200 more."""
    rng = np.random.default_rng(5)
    patterns = np.linalg.qr(rng.normal(size=(16, 6)))[0].T
    code = np.zeros((800, 6))
    for row in code:
        row[rng.choice(6, 2, replace=False)] = rng.uniform(1, 2, 2) * rng.choice([-1, 1], 2)
    patches = code @ patterns
    return patches[:600], patches[600:]


class TestBaselines:
    def test_the_locally_competitive_algorithm_finds_the_components(self):
        """Pairs of hidden components make the patches; each is found to a cosine of 0.98."""
        rng = np.random.default_rng(3)
        hidden = rng.normal(size=(8, 20))
        hidden /= np.linalg.norm(hidden, axis=1, keepdims=True)
        X = rng.uniform(1.0, 2.0, (2000, 2, 1)) * hidden[rng.permuted(np.tile(np.arange(8), (2000, 1)), axis=1)[:, :2]]
        found = analysis.lca_dictionary(X.sum(axis=1), 8, random_state=0)
        assert (np.abs(found @ hidden.T).max(axis=0) > 0.98).all()

    @pytest.mark.parametrize("method", dictionary_baselines.BASELINES)
    def test_codes_have_the_length_asked_for_and_give_the_reconstruction(self, method, mixtures):
        X, X_test = mixtures
        codes = dictionary_baselines.BASELINES[method](X, X_test, 6, n_active=(1, 2), random_state=0)
        assert list(codes) == {"k-means": [1], "sparse coding": [1, 2], "LCA": [1, 2]}.get(method, [1, 2, 6])
        for k, (code, reconstruction) in codes.items():
            assert code.shape == (200, 6)
            assert reconstruction.shape == X_test.shape
            assert np.count_nonzero(code, axis=1).max() <= k
            components_and_mean = np.column_stack([code, np.ones(200)])
            fitted = components_and_mean @ np.linalg.lstsq(components_and_mean, reconstruction)[0]
            np.testing.assert_allclose(fitted, reconstruction, atol=1e-6)
            zero = np.broadcast_to(X.mean(axis=0), X_test.shape)
            assert analysis.reconstruction_error(X_test, reconstruction) < analysis.reconstruction_error(X_test, zero)

    def test_sparse_coding_is_the_best_code_of_sparse_mixtures(self, mixtures):
        scores = analysis.score_baselines(*mixtures, 6, n_active=(2,), methods=("sparse coding", "PCA", "ICA"))
        rms = {score.method: score.rms for score in scores if score.active_units <= 2}
        assert rms["sparse coding"] < 0.9 * rms["PCA"]

    def test_all_components_span_the_patches(self, mixtures):
        X, X_test = mixtures
        for codes in (analysis.pca_codes, analysis.ica_codes):
            dense = codes(X, X_test, 6, n_active=(1,), random_state=0)[6].reconstruction
            assert_allclose(dense, X_test, atol=1e-6)

    @pytest.mark.parametrize("n_features", [16, 64, 144])
    def test_independent_components_end_at_the_rank_of_the_patches(self, n_features, rng):
        """More of them were NaN, or said nothing; 80 patches of rank 40, and 30 that have rank 29 around their mean."""
        patches = rng.normal(size=(80, 40)) @ rng.normal(size=(40, n_features))
        for X, rank in ((patches, min(40, n_features)), (patches[:30], min(29, n_features))):
            codes = analysis.ica_codes(X, X, len(X), n_active=(1, 2, 4), random_state=0)
            assert list(codes) == [1, 2, 4, rank]
            assert_allclose(codes[rank].reconstruction, X, atol=1e-6)
            nothing = analysis.reconstruction_error(X, np.broadcast_to(X.mean(axis=0), X.shape))
            assert all(analysis.reconstruction_error(X, codes[k].reconstruction) < nothing for k in (1, 2, 4))

    def test_more_coefficients_lower_the_error(self, mixtures):
        for method in ("sparse coding", "PCA"):
            scores = analysis.score_baselines(*mixtures, 6, n_active=(3, 1, 2), methods=(method,))
            assert [score.active_units for score in scores] == sorted(score.active_units for score in scores)
            assert np.all(np.diff([score.rms for score in scores]) <= 1e-12)

    def test_largest_coefficients_of_orthogonal_components_are_the_best_ones(self, mixtures):
        X, X_test = mixtures
        codes = analysis.pca_codes(X, X_test, 6, n_active=(2,))
        dense, kept = codes[6].code, codes[2].code
        lost = np.sqrt(np.sort(dense**2, axis=1)[:, :-2].sum(axis=1) / 16)
        assert_allclose(np.sqrt(np.square(X_test - codes[2].reconstruction).mean(axis=1)), lost, atol=1e-6)
        assert_allclose(kept[kept != 0], dense[kept != 0])

    def test_centres_reconstruct_their_own_clusters(self, rng):
        centres = 10 * rng.normal(size=(4, 9))
        X = np.repeat(centres, 50, axis=0) + 0.01 * rng.normal(size=(200, 9))
        code, reconstruction = analysis.kmeans_codes(X, X, 4, random_state=0)[1]
        assert_array_equal(code.sum(axis=0), [50] * 4)
        assert analysis.reconstruction_error(X, reconstruction) < 0.02

    def test_scores_are_repeatable_and_name_the_methods(self, mixtures):
        scores = analysis.score_baselines(*mixtures, 20, n_active=(1, 2), random_state=1)
        assert scores == analysis.score_baselines(*mixtures, 20, n_active=(1, 2), random_state=1)
        found = [(score.method, score.n_components) for score in scores]
        expected = {"k-means": (20, 1), "sparse coding": (20, 2), "PCA": (16, 3), "ICA": (6, 3)}
        assert found == [(name, n) for name, (n, count) in expected.items() for _ in range(count)]

    def test_learning_is_bounded_by_a_random_part_of_the_patches(self, mixtures, monkeypatch):
        X, X_test = mixtures
        monkeypatch.setattr(dictionary_baselines, "MOST_PATCHES", 300)
        part = analysis.ica_codes(X, X_test, 6, random_state=0)
        again = analysis.ica_codes(X, X_test, 6, random_state=0)
        other = analysis.ica_codes(X, X_test, 6, random_state=1)
        assert_array_equal(part[1].code, again[1].code)
        assert np.any(part[1].code != other[1].code)

    def test_a_blank_patch_needs_no_coefficient(self, mixtures):
        X, _ = mixtures
        codes = analysis.dictionary_codes(X, np.zeros((2, 16)), 6, n_active=(2,), random_state=0)
        assert_array_equal(codes[2].code, 0)
        assert_array_equal(codes[2].reconstruction, 0)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda X: analysis.kmeans_codes(X, X[:, :3], 4), "X_test must have the 16 features of X, got 3"),
            (lambda X: analysis.pca_codes(X, X, 601), "n_components must be an integer from 1 to the 600"),
            (lambda X: analysis.ica_codes(X, X, 0), "n_components must be"),
            (lambda X: analysis.ica_codes(X[[0] * 8], X, 4), "X must hold patches that differ, got the same"),
            (lambda X: analysis.dictionary_codes(X, X, 4, n_active=()), "n_active must hold positive integers"),
            (lambda X: analysis.pca_codes(X, X, 4, n_active=(0.5,)), "n_active must hold positive integers"),
            (lambda X: analysis.score_baselines(X, X, 4, methods=("SOM",)), r"methods must be among .* got \['SOM'\]"),
        ],
    )
    def test_errors(self, call, message, mixtures):
        with pytest.raises(ValueError, match=message):
            call(mixtures[0])
