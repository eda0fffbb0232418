"""Patches, filters and convolutions against small cases by hand, round trips, and what bounds their memory."""

import itertools
import pickle
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA, MiniBatchDictionaryLearning
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tectum import image
from tectum.image import Convolution, convolution, extract_patches, patch_grid, pool, pool_grid, reconstruct_images

few = settings(max_examples=60, deadline=None)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture(scope="module")
def digits():
    return load_digits().images / 16.0


class Negative(TransformerMixin, BaseEstimator):
    """Learns nothing; two components: the sum of a patch and its first pixel, negative."""

    def fit(self, X, y=None):
        self.seen_ = X.copy()
        return self

    def partial_fit(self, X, y=None):
        self.seen_ = np.vstack([self.seen_, X]) if hasattr(self, "seen_") else X.copy()
        return self

    def transform(self, X):
        return -np.column_stack([X.sum(axis=1), X[:, 0]])


class Same(Negative):
    """Each pixel is a component."""

    def transform(self, X):
        return X

    def inverse_transform(self, Z):
        return Z


def dictionary() -> MiniBatchDictionaryLearning:
    return MiniBatchDictionaryLearning(6, max_iter=5, transform_algorithm="threshold", random_state=0)


def f_inverse_images(rng: np.random.Generator, n: int, side: int) -> np.ndarray:
    """Periodic images whose amplitude spectrum is 1/f with random phases."""
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij"))
    f[0, 0] = np.inf
    return np.fft.ifft2(np.fft.fft2(rng.normal(size=(n, side, side))) / f).real


def power_spectrum(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in cycles per pixel and mean power of square images; a Hann window keeps borders from leaking."""
    side = images.shape[1]
    window = np.hanning(side + 2)[1:-1]
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij"))
    return f, np.mean(np.abs(np.fft.fft2(images * np.outer(window, window))) ** 2, axis=0)


def spectral_slope(images: np.ndarray, low: float, high: float) -> float:
    """Exponent of the power as a function of frequency, within a band in cycles per pixel."""
    f, power = power_spectrum(images)
    rings = [(f >= a) & (f < b) for a, b in itertools.pairwise(np.geomspace(low, high, 9))]
    mean_power = [np.log(power[ring].mean()) for ring in rings]
    return np.polyfit([np.log(f[ring].mean()) for ring in rings], mean_power, 1)[0]


@st.composite
def cuts(draw: Any) -> tuple[np.ndarray, tuple[int, int], tuple[int, int]]:
    """Images, and a size and stride of patches that fit."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7), st.integers(1, 3)))
    size = draw(st.tuples(st.integers(1, shape[1]), st.integers(1, shape[2])))
    stride = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    values = st.floats(-1e3, 1e3, width=32)
    return draw(arrays(dtype, shape, elements=values)), size, stride


class TestPatches:
    def test_by_hand(self):
        picture = np.arange(12).reshape(1, 3, 4)
        assert_array_equal(
            extract_patches(picture, (2, 3)),
            [[0, 1, 2, 4, 5, 6], [1, 2, 3, 5, 6, 7], [4, 5, 6, 8, 9, 10], [5, 6, 7, 9, 10, 11]],
        )
        assert_array_equal(
            extract_patches(picture, 2, stride=(1, 2)), [[0, 1, 4, 5], [2, 3, 6, 7], [4, 5, 8, 9], [6, 7, 10, 11]]
        )
        colours = np.stack([picture, 100 + picture], axis=-1)
        assert_array_equal(extract_patches(colours, (1, 2), stride=4), [[0, 100, 1, 101]])
        assert patch_grid((3, 4), (2, 3)) == (2, 2)
        assert patch_grid((28, 30, 3), 5, (5, 3)) == (5, 9)

    @few
    @given(cuts())
    def test_in_the_order_of_plain_loops(self, cut):
        images, (height, width), (down, right) = cut
        rows, cols = patch_grid(images.shape[1:], (height, width), (down, right))
        expected = [
            picture[y * down : y * down + height, x * right : x * right + width].ravel()
            for picture in images
            for y in range(rows)
            for x in range(cols)
        ]
        patches = extract_patches(images, (height, width), stride=(down, right))
        assert_array_equal(patches, expected)
        assert patches.dtype == images.dtype

    @few
    @given(cuts())
    def test_putting_together_is_the_exact_inverse(self, cut):
        images, size, stride = cut
        covered = np.zeros(images.shape, bool)
        for y in range(patch_grid(images.shape[1:], size, stride)[0]):
            for x in range(patch_grid(images.shape[1:], size, stride)[1]):
                covered[:, y * stride[0] :, x * stride[1] :][:, : size[0], : size[1]] = True
        again = reconstruct_images(extract_patches(images, size, stride=stride), images.shape[1:], size, stride=stride)
        assert_array_equal(again, np.where(covered, images, 0))
        assert again.dtype == images.dtype

    def test_overlaps_are_averaged(self):
        again = reconstruct_images([[0, 2], [6, 8], [4, 3]], (1, 4), (1, 2), n_images=1)
        assert_array_equal(again, [[[0, 4, 6, 3]]])

    def test_patches_are_copies(self, rng):
        images = rng.random((2, 4, 4))
        extract_patches(images, 4)[:] = -1
        assert images.min() >= 0

    def test_drawing_is_without_replacement_and_repeatable(self):
        images = np.arange(2 * 5 * 6).reshape(2, 5, 6)
        everything = extract_patches(images, 3)
        drawn = extract_patches(images, 3, max_patches=15, random_state=1)
        rows = {tuple(patch) for patch in drawn}
        assert len(rows) == 15
        assert rows <= {tuple(patch) for patch in everything}
        assert_array_equal(drawn, extract_patches(images, 3, max_patches=15, random_state=1))
        assert not np.array_equal(drawn, extract_patches(images, 3, max_patches=15, random_state=2))
        shuffled = extract_patches(images, 3, max_patches=1000, random_state=1)
        assert_array_equal(shuffled[np.argsort(shuffled[:, 0])], everything)
        assert not np.array_equal(shuffled, everything)

    def test_drawing_reaches_all_places_alike(self):
        images = np.arange(20 * 30).reshape(1, 20, 30)
        counts = np.zeros(600)
        for seed in range(400):
            counts[extract_patches(images, 1, max_patches=30, random_state=seed).ravel()] += 1
        assert counts.sum() == 12_000
        assert ((counts - 20) ** 2 / 19).mean() == pytest.approx(1.0, abs=0.25)  # binomial; sd of this mean is 0.06

    def test_drawing_needs_the_memory_of_what_is_drawn(self):
        images = np.zeros((50, 200, 200), np.uint8)  # all patches would take 500 MB
        tracemalloc.start()
        patches = extract_patches(images, 16, max_patches=2000, random_state=0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * patches.nbytes

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: extract_patches(np.zeros((28, 28)), 5), r"image\[None\]"),
            (lambda: extract_patches([np.zeros((4, 4)), np.zeros((5, 4))], 2), "different shapes"),
            (lambda: extract_patches(np.zeros((1, 4, 4), complex), 2), "real numbers"),
            (lambda: extract_patches(np.zeros((1, 4, 4)), 5), r"size must be at most the 4 x 4 pixels"),
            (lambda: extract_patches(np.zeros((1, 4, 4)), 0), "size must be a positive integer"),
            (lambda: extract_patches(np.zeros((1, 4, 4)), 2.0), "size must be a positive integer"),
            (lambda: extract_patches(np.zeros((1, 4, 4)), 2, stride=(1, 1, 1)), "stride must be a positive integer"),
            (lambda: extract_patches(np.zeros((1, 4, 4)), 2, max_patches=0), "max_patches must be a positive"),
            (lambda: extract_patches(np.zeros((1, 4, 4)), 2, max_patches=3, random_state="a"), "random_state must be"),
            (lambda: patch_grid((4,), 2), "image_shape must be"),
            (lambda: reconstruct_images(np.zeros((9, 5)), (4, 4), 2), r"shape \(n_patches, 4\)"),
            (lambda: reconstruct_images(np.zeros((8, 4)), (4, 4), 2), "max_patches cannot be put together"),
            (lambda: reconstruct_images(np.zeros((9, 4)), (4, 4), 2, n_images=2), "2 times 3 [*] 3, got 9"),
            (lambda: reconstruct_images(np.zeros((0, 4)), (4, 4), 2), "got 0"),
        ],
    )
    def test_errors_say_what_to_do(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


class TestFilters:
    def test_whitening_flattens_the_spectrum(self, rng):
        images = f_inverse_images(rng, 8, 128)
        assert spectral_slope(images, 0.03, 0.2) == pytest.approx(-2.0, abs=0.15)
        assert spectral_slope(image.whiten(images), 0.03, 0.2) == pytest.approx(0.0, abs=0.15)
        f, power = power_spectrum(image.whiten(images, f0=0.2))
        assert power[f > 0.4].mean() < 1e-6 * power.mean()

    def test_whitening_a_wave_scales_it(self):
        """A cosine that its mirror image continues is an eigenfunction of the filter."""
        x = np.arange(64)
        waves = np.cos(2 * np.pi * np.array([4, 16])[:, np.newaxis] / 64 * (x + 0.5))
        both = np.tile(waves[0] + waves[1], (1, 64, 1)) + 7.0
        f = np.array([4, 16]) / 64
        gain = f * np.exp(-((f / 0.4) ** 4))
        expected = np.tile(gain @ waves, (1, 64, 1))
        assert_allclose(image.whiten(both), expected / expected.std(), atol=1e-12)

    def test_whitened_variance(self, rng):
        images = f_inverse_images(rng, 3, 32) * np.array([1.0, 2.0, 5.0])[:, np.newaxis, np.newaxis] + 3
        alike = image.whiten(images)
        assert_allclose(alike.std(axis=(1, 2)), 1)
        assert_allclose(alike.mean(axis=(1, 2)), 0, atol=1e-12)
        together = image.whiten(images, per_image=False)
        assert together.std() == pytest.approx(1)
        ratio = together.std(axis=(1, 2)) / image.whiten(images[:, ::-1], per_image=False).std(axis=(1, 2))
        assert_allclose(ratio, 1)
        assert np.ptp(together.std(axis=(1, 2))) > 1

    def test_constant_images_become_zero(self):
        flat = np.full((2, 9, 7, 3), 0.1)
        assert_array_equal(image.whiten(flat), 0)
        assert_array_equal(image.whiten(flat, per_image=False), 0)
        assert_allclose(image.difference_of_gaussians(flat), 0, atol=1e-15)

    @pytest.mark.parametrize("apply", [image.whiten, image.difference_of_gaussians])
    def test_shapes_types_and_channels(self, apply, rng):
        colours = rng.random((2, 11, 8, 3)).astype(np.float32)
        filtered = apply(colours)
        assert filtered.shape == colours.shape
        assert filtered.dtype == np.float32
        assert apply((colours * 255).astype(np.uint8)[..., 0]).dtype == np.float64
        grey = apply(colours[..., 1])
        assert grey.shape == (2, 11, 8)
        scale = filtered[0, ..., 1] / grey[0]
        assert_allclose(scale, scale.mean(), rtol=1e-2)

    def test_difference_of_gaussians_of_a_point(self):
        point = np.zeros((1, 41, 41))
        point[0, 20, 20] = 1
        field = image.difference_of_gaussians(point, sigma_centre=1.5, sigma_surround=3.0)[0]
        assert field.sum() == pytest.approx(0, abs=1e-9)
        assert field[20, 20] == pytest.approx((1 / 1.5**2 - 1 / 3.0**2) / (2 * np.pi), rel=0.01)
        assert_allclose(field, field.T, atol=1e-15)

    def test_contrast(self, rng):
        patches = rng.normal(3.0, [[0.01], [1.0], [5.0]], (3, 50))
        normal = image.normalise_contrast(patches, epsilon=0.1)
        assert_allclose(normal.mean(axis=1), 0, atol=1e-12)
        assert_allclose(normal.std(axis=1), patches.std(axis=1) / (patches.std(axis=1) + 0.1))
        assert_array_equal(image.normalise_contrast(np.full((1, 4), 7)), 0)

    def test_low_contrast_is_dropped(self):
        patches = np.outer([3, 1, 5, 2, 4], [1.0, -1.0])
        assert_array_equal(image.high_contrast(patches, drop=0.4), [True, False, True, False, True])
        assert image.high_contrast(patches, drop=0).all()
        assert image.high_contrast(np.zeros((10, 3)), drop=0.25).sum() == 8

    def test_on_off_by_hand(self):
        split = image.split_on_off([[3.0, -1.5, 9.0, 0.0]])
        assert_array_equal(split, [[1, 0, 1, 0, 0, 0.5, 0, 0]])
        assert_array_equal(image.join_on_off(split), [[3, -1.5, 3, 0]])

    @few
    @given(arrays(np.float64, (3, 4), elements=st.floats(-9, 9)), st.floats(0.5, 5))
    def test_on_off_round_trip(self, X, scale):
        split = image.split_on_off(X, scale=scale)
        assert 0 <= split.min() <= split.max() <= 1
        assert not (split[:, :4] * split[:, 4:]).any()
        assert_allclose(image.join_on_off(split, scale=scale), np.clip(X, -scale, scale), rtol=1e-14, atol=1e-300)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: image.whiten(np.zeros((4, 4))), r"image\[None\]"),
            (lambda: image.whiten(np.full((1, 4, 4), np.nan)), "whiten.images must be finite"),
            (lambda: image.whiten(np.zeros((1, 4, 4)), f0=0), "whiten.f0 must be a positive"),
            (lambda: image.whiten(np.zeros((1, 4, 4)), power=np.nan), "whiten.power must be a positive"),
            (lambda: image.difference_of_gaussians(np.zeros((1, 4, 4)), sigma_centre=2.0), "above sigma_centre"),
            (lambda: image.normalise_contrast([1.0, 2.0]), "reshape"),
            (lambda: image.normalise_contrast([[1.0, 2.0]], epsilon=0), "epsilon must be a positive"),
            (lambda: image.high_contrast([[1.0, 2.0]], drop=1.0), r"drop must be a share in \[0, 1\)"),
            (lambda: image.split_on_off([[1.0]], scale=-1), "scale must be a positive"),
            (lambda: image.split_on_off([["a"]]), "numerical table"),
            (lambda: image.join_on_off([[1.0, 0.0, 1.0]]), "an ON and an OFF column"),
        ],
    )
    def test_errors_say_what_to_do(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


class TestPooling:
    MAPS = np.arange(15.0).reshape(1, 3, 5, 1)

    def test_by_hand(self):
        assert_array_equal(pool(self.MAPS, 2)[0, ..., 0], [[6, 8, 9], [11, 13, 14]])
        assert_array_equal(pool(self.MAPS, (3, 2), how="sum")[0, ..., 0], [[33, 45, 27]])
        assert_array_equal(pool(self.MAPS, (2, 4), how="mean")[0, ..., 0], [[4, 6.5], [11.5, 14]])
        assert_array_equal(pool_grid(self.MAPS, (2, 2))[0, ..., 0], [[1, 4], [11, 14]])
        assert_array_equal(pool_grid(self.MAPS, 1, how="mean")[0, ..., 0], [[7]])
        assert_array_equal(pool(self.MAPS, 99)[0, ..., 0], [[14]])

    def test_channels_and_images_are_kept_apart(self, rng):
        maps = rng.random((3, 7, 6, 4))
        for how in ("max", "sum", "mean"):
            single = pool(maps[1:2, ..., 2:3], 2, how=how)
            assert_allclose(pool(maps, 2, how=how)[1:2, ..., 2:3], single, rtol=1e-15)

    def test_types(self):
        counts = np.full((1, 20, 20, 1), 200, np.uint8)
        assert pool(counts, 20, how="sum")[0, 0, 0, 0] == 80_000
        assert pool(counts, 20, how="mean")[0, 0, 0, 0] == 200
        assert pool(counts, 2).dtype == np.uint8
        assert pool(counts.astype(np.float32), 2, how="mean").dtype == np.float32

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: pool(np.zeros((3, 4, 4)), 2), "add a missing axis"),
            (lambda: pool(np.zeros((3, 4, 4, 1)), 0), "pool.size must be"),
            (lambda: pool(np.zeros((3, 4, 4, 1)), 2, how="min"), 'pool.how must be "max"'),
            (lambda: pool_grid(np.zeros((3, 2, 4, 1)), (3, 3)), "cells must be at most the 2 x 4"),
        ],
    )
    def test_errors_say_what_to_do(self, call, message):
        with pytest.raises(ValueError, match=message):
            call()


class TestConvolution:
    def test_by_hand(self):
        picture = np.arange(12.0).reshape(1, 3, 4)
        maps = Convolution(Negative(), 2).fit_transform(picture)
        assert_array_equal(maps[0, ..., 0], [[-10, -14, -18], [-26, -30, -34]])
        assert_array_equal(maps[0, ..., 1], [[0, -1, -2], [-4, -5, -6]])
        assert maps.dtype == np.float32
        pooled = Convolution(Negative(), 2, pool=2).fit_transform(picture)
        assert_array_equal(pooled[0, ..., 0], [[-10, -18]])
        quadrants = Convolution(Negative(), 2, pool_grid=(2, 1), how="sum").fit_transform(picture)
        assert_array_equal(quadrants[0, ..., 0], [[-42], [-90]])
        assert_array_equal(
            Convolution(Negative(), 2, stride=2, flatten=True).fit_transform(picture), [[-10, 0, -18, -2]]
        )

    @pytest.mark.parametrize("estimator", [dictionary(), MiniBatchKMeans(5, n_init=1, random_state=0), PCA(4)])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_batches_threads_and_neighbours_change_no_bit(self, estimator, dtype, digits):
        images = digits[:40].astype(dtype)
        layer = Convolution(estimator, 3, pool=2, how="mean", max_patches=500, random_state=0).fit(images)
        expected = layer.transform(images)
        for changes in ({"batch_size": 1}, {"batch_size": 7}, {"batch_size": 7, "n_jobs": 2}, {"n_jobs": -1}):
            assert_array_equal(layer.set_params(**changes).transform(images), expected)
        assert_array_equal(layer.transform(images[5:9]), expected[5:9])

    def test_equals_the_estimator_on_all_patches(self, digits):
        layer = Convolution(PCA(6), 3, stride=2, max_patches=500, random_state=0).fit(digits)
        alone = clone(layer.estimator).fit(extract_patches(digits, 3, stride=2, max_patches=500, random_state=0))
        assert_array_equal(layer.estimator_.components_, alone.components_)
        codes = alone.transform(extract_patches(digits[:9], 3, stride=2))
        assert_allclose(layer.transform(digits[:9]).reshape(codes.shape), codes, atol=1e-6)
        decoded = reconstruct_images(alone.inverse_transform(codes), (8, 8), 3, stride=2)
        assert_allclose(layer.reconstruct(digits[:9]), decoded, atol=1e-6)

    def test_large_images_are_taken_in_bands(self, rng, monkeypatch):
        images = rng.random((2, 13, 11, 2)).astype(np.float32)
        layer = Convolution(Same(), (3, 2), stride=(2, 1), pool=2, how="sum").fit(images)
        maps, shown = layer.transform(images), layer.reconstruct(images)
        monkeypatch.setattr(convolution, "BAND_VALUES", 1)
        assert_array_equal(layer.transform(images), maps)
        assert_array_equal(layer.reconstruct(images), shown)
        assert_array_equal(shown, images)

    def test_memory_does_not_grow_with_the_patches(self, monkeypatch):
        monkeypatch.setattr(convolution, "BAND_VALUES", 2**14)
        images = np.zeros((20, 100, 100), np.uint8)  # all patches as floats would take 166 MB
        layer = Convolution(Negative(), 12, max_patches=100, pool=4, random_state=0).fit(images)
        tracemalloc.start()
        layer.transform(images)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3e6

    def test_fit_sees_no_more_than_max_patches(self, digits):
        assert len(Convolution(Negative(), 3, max_patches=77).fit(digits).estimator_.seen_) == 77
        everything = Convolution(Negative(), 3, max_patches=None).fit(digits[:5]).estimator_.seen_
        assert_array_equal(everything, extract_patches(digits[:5], 3))

    def test_partial_fit_draws_anew_and_continues(self, digits):
        layer = Convolution(Negative(), 3, max_patches=10, random_state=0)
        layer.partial_fit(digits[:50]).partial_fit(digits[:50])
        first, second = np.split(layer.estimator_.seen_, 2)
        assert not np.array_equal(first, second)
        again = Convolution(Negative(), 3, max_patches=10, random_state=0).fit(digits[:50])
        assert_array_equal(again.estimator_.seen_, first)
        again = pickle.loads(pickle.dumps(again)).partial_fit(digits[:50])
        assert_array_equal(again.estimator_.seen_, layer.estimator_.seen_)
        assert not hasattr(Convolution(PCA(2), 3), "partial_fit")

    def test_preprocessing(self, digits):
        on_off = make_pipeline(
            StandardScaler(), FunctionTransformer(image.split_on_off, inverse_func=image.join_on_off)
        )
        layer = Convolution(Same(), 4, preprocess=on_off, max_patches=1000, random_state=0).fit(digits[:50])
        assert layer.n_components_ == 32
        assert not hasattr(on_off[0], "mean_")  # a copy was fitted
        clipped = np.abs(digits[:50] - layer.reconstruct(digits[:50]))
        assert np.median(clipped) < 1e-6
        plain = Convolution(Same(), 4, preprocess=image.normalise_contrast).fit(digits[:5])
        expected = image.normalise_contrast(extract_patches(digits[:5], 4))
        assert_allclose(plain.transform(digits[:5]).reshape(expected.shape), expected, atol=1e-6)
        with pytest.raises(TypeError, match=r"Convolution.preprocess must have inverse_transform"):
            plain.reconstruct(digits[:5])

    def test_tables_start_a_pipeline_and_layers_stack(self):
        X, y = load_digits(return_X_y=True)
        X, y = X[:400] / 16, y[:400]
        model = make_pipeline(
            Convolution(dictionary(), 3, image_shape=(8, 8), max_patches=2000, random_state=0),
            Convolution(PCA(8), 3, pool_grid=2, flatten=True, max_patches=2000, random_state=0),
            LogisticRegression(max_iter=500),
        ).fit(X, y)
        assert model.n_features_in_ == 64
        assert model[1].n_channels_ == 6
        assert model[:2].transform(X[:3]).shape == (3, 32)
        assert model.score(X, y) > 0.8

    def test_tables_and_images_agree(self, digits):
        layer = Convolution(PCA(6), 3, image_shape=(8, 8), max_patches=500, random_state=0)
        table = digits[:30].reshape(30, -1)
        maps = layer.fit(table).transform(table)
        assert layer.n_features_in_ == 64
        assert_array_equal(layer.transform(digits[:30]), maps)
        assert layer.reconstruct(table).shape == (30, 64)
        assert layer.reconstruct(digits[:30]).shape == (30, 8, 8)
        assert not hasattr(layer.fit(digits[:30]), "n_features_in_")

    def test_other_sizes_can_be_transformed(self, digits, rng):
        layer = Convolution(dictionary(), 3, pool_grid=2, max_patches=500, random_state=0).fit(digits)
        assert layer.transform(rng.random((2, 20, 13))).shape == (2, 2, 2, 6)

    def test_scikit_learns_contract(self, digits):
        layer = Convolution(dictionary(), 3)
        layer.set_params(estimator__n_components=4, pool=2)
        copy = clone(layer)
        assert copy.get_params()["estimator__n_components"] == 4
        with pytest.raises(NotFittedError):
            copy.transform(digits)
        assert copy.fit(digits[:20]).transform(digits[:2]).shape == (2, 3, 3, 4)
        assert not hasattr(copy.estimator, "components_")
        assert_array_equal(pickle.loads(pickle.dumps(copy)).transform(digits[:2]), copy.transform(digits[:2]))

    def test_progress_is_shown(self, digits, capsys):
        Convolution(Negative(), 3, verbose=True, batch_size=3, n_jobs=2).fit_transform(digits[:7])
        assert "7/7" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("changes", "images", "message"),
        [
            ({}, np.zeros((8, 8)), r"image\[None\] for a single image, or set image_shape"),
            ({}, np.zeros((2, 2, 8)), "Convolution.size must be at most the 2 x 8"),
            ({}, np.full((2, 8, 8), np.nan), "contains NaN"),
            ({"size": (3, 0)}, np.zeros((2, 8, 8)), "Convolution.size must be a positive integer"),
            ({"stride": (1, 2, 3)}, np.zeros((2, 8, 8)), "Convolution.stride must be"),
            ({"pool": 0}, np.zeros((2, 8, 8)), "Convolution.pool must be"),
            ({"pool": 2, "pool_grid": 2}, np.zeros((2, 8, 8)), "leave one of them out"),
            ({"pool_grid": 7}, np.zeros((2, 8, 8)), "Convolution.pool_grid must be at most the 6 x 6"),
            ({"how": "min"}, np.zeros((2, 8, 8)), "'how' parameter of Convolution"),
            ({"estimator": 3}, np.zeros((2, 8, 8)), "'estimator' parameter of Convolution"),
            ({"image_shape": (7, 8)}, np.zeros((2, 64)), "got .7, 8. for 64 columns"),
            ({"image_shape": (64,)}, np.zeros((2, 64)), "Convolution.image_shape must be"),
        ],
    )
    def test_errors_say_what_to_do(self, changes, images, message):
        with pytest.raises(ValueError, match=message):
            Convolution(Negative(), 3).set_params(**changes).fit(images)

    def test_after_a_fit_that_fails_it_is_as_it_was(self, digits):
        table = digits[:50].reshape(50, -1)
        layer = Convolution(PCA(4), 3, image_shape=(8, 8), random_state=0).fit(table)
        before = layer.transform(table)
        for wrong in (table[:, :32], table[:, :32].reshape(50, 4, 8)[:, :2]):
            with pytest.raises(ValueError, match="Convolution"):
                layer.fit(wrong)
            assert layer.n_features_in_ == 64
            np.testing.assert_array_equal(layer.transform(table), before)

    def test_channels_must_stay(self, rng):
        layer = Convolution(Negative(), 3).fit(rng.random((2, 8, 8, 3)))
        with pytest.raises(ValueError, match=r"must have 3 channel\(s\) as those learned from, got 1"):
            layer.transform(rng.random((2, 8, 8)))

    def test_what_cannot_be_inverted_says_so(self, digits):
        layer = Convolution(Negative(), 3).fit(digits)
        with pytest.raises(TypeError, match=r"Convolution\.estimator must have inverse_transform"):
            layer.reconstruct(digits)
        with pytest.raises(AttributeError):
            Convolution(PCA(2), 3).partial_fit(digits)


def test_cells_that_overlap() -> None:
    maps = np.arange(7.0).reshape(1, 7, 1, 1)
    np.testing.assert_array_equal(image.pool(maps, (3, 1), stride=(2, 1), how="sum").ravel(), [3, 9, 15])
    np.testing.assert_array_equal(image.pool(maps, (4, 1), stride=(2, 1), how="sum").ravel(), [6, 14, 15])
    with pytest.raises(ValueError, match=r"pool\.stride"):
        image.pool(maps, 2, stride=0)
