"""Measures of orientation maps: maps of known density, closed forms, and a map without order."""

import numpy as np
import pytest

from tectum import analysis


def ring_map(side, wavelength, seed, width=0.05):
    """A random map whose power lies on a ring: pi pinwheels on the square of its wavelength, in expectation."""
    draw, f = np.random.default_rng(seed), np.fft.fftfreq(side)
    ring = np.exp(-((np.hypot(f[:, np.newaxis], f) * wavelength - 1.0) ** 2) / (2.0 * width**2))
    return np.fft.ifft2(ring * (draw.standard_normal((side, side)) + 1j * draw.standard_normal((side, side))))


def test_maps_of_known_density():
    phase = 2.0 * np.pi * (np.arange(48) + 0.3) / 8.0
    plane, lattice = np.exp(1j * phase) * np.ones((48, 1)), np.sin(phase) + 1j * np.sin(phase)[:, np.newaxis]
    assert analysis.pinwheel_density(plane) == 0.0
    assert analysis.pinwheel_density(lattice) == pytest.approx(4.0, abs=0.02)
    random = [ring_map(64, 8.0, seed) for seed in range(12)]
    assert np.mean([analysis.pinwheel_density(z) for z in random]) == pytest.approx(np.pi, abs=0.1)
    assert np.mean([analysis.hypercolumn(z).wavelength for z in random]) == pytest.approx(8.0, rel=0.02)
    wide = [analysis.pinwheel_density(ring_map(64, 8.0, seed, width=0.3)) for seed in range(12)]
    assert np.mean(wide) > 3.4  # density is pi <k^2> / <k>^2


def test_pinwheels_of_a_torus_come_in_pairs_and_lie_at_zeros():
    z = ring_map(64, 16.0, 0)
    found = analysis.pinwheels(z)
    assert found.signs.sum() == 0
    phase = 2.0 * np.pi * (np.arange(32) + 0.3) / 16.0
    found = analysis.pinwheels(np.sin(phase) + 1j * np.sin(phase)[:, np.newaxis])
    np.testing.assert_allclose((found.positions + 0.3) % 8.0 % 7.9, 0.0, atol=0.1)
    turned = analysis.pinwheels(np.roll(z, (5, 9), (0, 1)))  # no matter where the seam is
    assert len(turned.signs) == len(analysis.pinwheels(z).signs)
    assert len(analysis.pinwheels(z, wraps=False).signs) < len(turned.signs)


def test_gradient_of_a_random_map():
    medians = [np.median(analysis.neighbour_differences(ring_map(120, 30.0, seed))) for seed in range(8)]
    assert np.mean(medians) == pytest.approx(73.5 / 30.0, rel=0.05)


def test_a_map_without_order_fails():
    draw = np.random.default_rng(0)
    z = draw.standard_normal((48, 48)) + 1j * draw.standard_normal((48, 48))
    assert np.median(analysis.neighbour_differences(z)) == pytest.approx(45.0, abs=1.5)
    assert np.isnan(analysis.pinwheel_density(z))
    assert abs(analysis.map_similarity(z, ring_map(48, 8.0, 0))) < 0.05
    shuffled = draw.permutation(ring_map(48, 8.0, 0).ravel()).reshape(48, 48)
    assert np.isnan(analysis.hypercolumn(shuffled).wavelength)


def test_tuning_curves():
    theta = np.repeat(np.arange(8) * np.pi / 8, 2)
    preferred = np.array([0.3, 2.0])
    curves = 1.0 + 0.6 * np.cos(2.0 * (theta[:, np.newaxis] - preferred))
    curves[1::2] *= 0.2  # the other phase counts for nothing
    z = analysis.orientation_map(curves, theta, (1, 2))
    np.testing.assert_allclose(np.angle(z[0]) / 2.0 % np.pi, preferred)
    np.testing.assert_allclose(np.abs(z), 0.3)
    assert analysis.orientation_map(np.zeros((3, 1)), np.arange(3.0), (1, 1)) == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: analysis.orientation_map([[1.0]], [0.0], (1, 2)), "a column per unit"),
        (lambda: analysis.orientation_map(-np.ones((3, 1)), np.arange(3.0), (1, 1)), "at least 0"),
        (lambda: analysis.orientation_map(np.ones((2, 1)), [0.0, 1.0], (1, 1)), "three orientations"),
        (lambda: analysis.pinwheels(np.ones(4)), "needs a map"),
        (lambda: analysis.hypercolumn(np.ones((4, 4))), "8 x 8"),
        (lambda: analysis.map_similarity(np.ones((2, 2)), np.ones((2, 3))), "one shape"),
        (lambda: analysis.ocular_dominance([1.0], [-1.0]), "at least 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_units_that_prefer_nothing_have_no_difference():
    z = np.exp(2j * np.radians([[0.0, 10.0, 0.0]])) * [[1.0, 1.0, 0.0]] * np.ones((2, 1))
    np.testing.assert_allclose(analysis.neighbour_differences(z, wraps=False), [0.0, 0.0, 10.0, 10.0], atol=1e-9)
