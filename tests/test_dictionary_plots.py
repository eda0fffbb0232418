"""Plots of dictionaries draw what they are given, label it, and survive the edges."""

import numpy as np
import pytest
from drawing import clean, draw_anew, draw_into_given_axes  # noqa: F401  each test takes `clean`
from matplotlib.axes import Axes

from tectum import plots
from tectum.analysis import BaselineScore

RNG = np.random.default_rng(0)
COMPONENTS = RNG.normal(size=(10, 12))
IMAGES = RNG.random((5, 3, 4))
CODE = RNG.poisson(0.3, (50, 12))
SEEN = np.arange(6) * 1000
ERROR = 1 / (1 + np.arange(6))
LAG = np.linspace(-5, 5, 21)
WEIGHTS = np.array([0.1, 0.5, 0.9])
CHANGES = np.where(LAG >= 0, 1 - WEIGHTS[:, None], -WEIGHTS[:, None])
SCORES = [BaselineScore("PCA", 16, float(k), 1 / k) for k in (8, 1, 2)] + [BaselineScore("k-means", 16, 1.0, 0.8)]
BASELINES = {"all_zero": 1.5, "mean_patch": 1.2, "per_patch_mean": 0.9, "k-means": 0.4}
HOLES = np.where(COMPONENTS < -1, np.nan, COMPONENTS)

MOSAICS = {
    "components": lambda **o: plots.plot_components(COMPONENTS, (3, 4), **o),
    "components_symmetric": lambda **o: plots.plot_components(COMPONENTS, (4, 3), symmetric=True, n_cols=3, **o),
    "components_order": lambda **o: plots.plot_components(COMPONENTS, (3, 4), order=[9, 0, 3], **o),
    "components_one": lambda **o: plots.plot_components(COMPONENTS[:1], (3, 4), **o),
    "components_row": lambda **o: plots.plot_components(COMPONENTS, (3, 4), n_cols=99, **o),
    "components_column": lambda **o: plots.plot_components(COMPONENTS, (3, 4), n_cols=1, **o),
    "components_holes": lambda **o: plots.plot_components(HOLES, (3, 4), **o),
    "components_constant": lambda **o: plots.plot_components(np.zeros((4, 12)), (3, 4), symmetric=True, **o),
    "reconstructions": lambda **o: plots.plot_reconstructions(IMAGES, {"a": IMAGES, "long " * 9: IMAGES * 2}, **o),
    "reconstructions_none": lambda **o: plots.plot_reconstructions(IMAGES[:1], {}, symmetric=True, **o),
}
CURVES = {
    "sparsity": lambda **o: plots.plot_sparsity(CODE, **o),
    "sparsity_silent": lambda **o: plots.plot_sparsity(np.zeros((3, 4)), **o),
    "sparsity_many": lambda **o: plots.plot_sparsity(RNG.poisson(1.0, (200, 300)), **o),
    "sparsity_wide": lambda **o: plots.plot_sparsity(np.tri(200), **o),
    "error": lambda **o: plots.plot_error_curve(SEEN, ERROR, **o),
    "error_baselines": lambda **o: plots.plot_error_curve(SEEN, np.where(SEEN == 0, np.nan, ERROR), BASELINES, **o),
    "error_point": lambda **o: plots.plot_error_curve([0], [np.nan], {}, **o),
    "orientations": lambda **o: plots.plot_orientations(RNG.random(50) * np.pi, **o),
    "orientations_nan": lambda **o: plots.plot_orientations([np.nan], n_bins=1, **o),
    "orientations_fine": lambda **o: plots.plot_orientations(RNG.random(500) * 7 - 3, n_bins=30, **o),
    "window": lambda **o: plots.plot_event_window(LAG, CHANGES, WEIGHTS, **o),
    "window_one": lambda **o: plots.plot_event_window(LAG[::-1], CHANGES[:1], [0.123456789], **o),
    "comparison": lambda **o: plots.plot_comparison(SCORES, BASELINES, **o),
    "comparison_point": lambda **o: plots.plot_comparison(SCORES[-1:], **o),
    "comparison_many": lambda **o: plots.plot_comparison(
        [BaselineScore(f"method number {k}", 1, 1.0 + 0.1 * k, 0.1 * k) for k in range(12)], **o
    ),
}
ALL = MOSAICS | CURVES


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ALL)
def test_draws_in_a_new_figure_without_clipped_text(name, theme, caplog):
    assert isinstance(draw_anew(ALL[name], theme), Axes)
    assert not caplog.records


@pytest.mark.parametrize("name", CURVES)
def test_curves_have_labelled_axes(name):
    ax = CURVES[name]()
    assert ax.get_xlabel()
    assert ax.get_ylabel()


@pytest.mark.parametrize("name", ALL)
def test_draws_into_the_given_axes_only(name):
    draw_into_given_axes(ALL[name])


def brightest(ax):
    """Place (column, row) of the brightest image of a mosaic."""
    image = ax.images[0]
    left, right, bottom, top = image.get_extent()
    pixels = image.get_array().filled(-np.inf)
    row, column = np.argwhere(pixels == pixels.max()).mean(axis=0) + 0.5
    return (
        left + column / pixels.shape[1] * (right - left),
        top + row / pixels.shape[0] * (bottom - top),
    )


def test_components_follow_the_order_row_by_row():
    components = np.zeros((6, 12))
    components[5] = 1.0
    assert brightest(plots.plot_components(components, (3, 4), n_cols=3)) == pytest.approx((2, 1))
    ax = plots.plot_components(components, (3, 4), n_cols=3, order=[0, 5, 1, 2])
    assert brightest(ax) == pytest.approx((1, 0))


def test_symmetric_scale_has_zero_in_the_middle():
    image = plots.plot_components(np.full((4, 12), -0.5), (3, 4), symmetric=True).images[0]
    assert (image.norm.vmin, image.norm.vmax) == (-0.5, 0.5)


def test_reconstructions_are_named_rows_on_the_scale_of_the_originals():
    images = np.zeros((2, 3, 3))
    images[1] = 2.0
    ax = plots.plot_reconstructions(images, {"half": images / 2, "double": images * 2})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["original", "half", "double"]
    assert ax.images[0].norm.vmax == 2.0
    assert brightest(ax) == pytest.approx((1, 2))


def test_sparsity_shows_the_share_of_samples_with_each_number():
    ax = plots.plot_sparsity([[1, 0, 0], [2, 5, 0], [0, 0, 3], [0, 0, 0]])
    bars = {round(bar.get_x() + bar.get_width() / 2, 6): bar.get_height() for bar in ax.patches}
    assert bars == {0: 0.25, 1: 0.5, 2: 0.25}
    assert "mean 1" in {text.get_text() for text in ax.texts}


def test_wide_bars_still_hold_all_samples():
    ax = plots.plot_sparsity(np.tri(200))
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(1)
    assert len(ax.patches) <= 31


def test_orientations_are_counted_around_each_bin():
    ax = plots.plot_orientations(np.deg2rad([0, 179, -1, 90, 45]), n_bins=4)
    assert [bar.get_height() for bar in ax.patches] == [3, 1, 1, 0]


def test_methods_are_lines_over_sorted_code_lengths():
    ax = plots.plot_comparison(SCORES, {"all_zero": 1.5})
    assert ax.get_xscale() == "log"
    lines = {line.get_label(): line for line in ax.lines}
    assert list(lines) == ["PCA", "k-means", "all zero"]
    assert list(lines["PCA"].get_xdata()) == [1, 2, 8]
    assert list(lines["PCA"].get_ydata()) == [1, 0.5, 0.125]


def test_event_window_sorts_the_lags():
    line = plots.plot_event_window([1.0, -1.0], [[0.5, -0.5]], [0.2]).lines[0]
    assert list(line.get_xdata()) == [-1, 1]
    assert list(line.get_ydata()) == [-0.5, 0.5]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.plot_components(COMPONENTS, (3, 3)), r"plot_components\.components must have shape"),
        (lambda: plots.plot_components(COMPONENTS[0], (3, 4)), r"plot_components\.components must have shape"),
        (lambda: plots.plot_components(COMPONENTS, (3, 4), order=[10]), r"order must lie in 0 \.\.\. 9"),
        (lambda: plots.plot_components(COMPONENTS, (3, 4), order=[]), "order must name at least one"),
        (lambda: plots.plot_components(COMPONENTS, (3, 4), n_cols=0), "n_cols must be 1 or more"),
        (lambda: plots.plot_reconstructions(COMPONENTS, {}), r"originals must have shape \(n_shown, height, width\)"),
        (lambda: plots.plot_reconstructions(IMAGES, {"a": IMAGES[1:]}), r"reconstructions\['a'\] must have the shape"),
        (lambda: plots.plot_sparsity([1, 2]), r"plot_sparsity\.C must have shape"),
        (lambda: plots.plot_sparsity(np.zeros((0, 4))), "at least one sample"),
        (lambda: plots.plot_error_curve([1], [1, 2]), r"error must have shape \(1,\)"),
        (lambda: plots.plot_orientations([[0.0]]), "orientation must have shape"),
        (lambda: plots.plot_orientations([0.0], n_bins=0), "n_bins must be 1 or more"),
        (lambda: plots.plot_event_window(LAG, CHANGES.T, WEIGHTS), r"here \(3, 21\), and not be empty, got \(21, 3\)"),
        (lambda: plots.plot_comparison([]), "at least one score"),
        (lambda: plots.plot_comparison([BaselineScore("silent", 1, 0.0, 1.0)]), "above 0, got 0 or NaN for 'silent'"),
    ],
)
def test_errors_name_the_argument_and_the_way_out(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
