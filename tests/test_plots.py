"""Every plot draws what it is given, labels it, and survives the edges: one class, many classes, NaN, thin maps."""

import subprocess
import sys
from itertools import combinations

import matplotlib
import numpy as np
import pytest
from drawing import clean, draw_anew, draw_into_given_axes  # noqa: F401  each test takes `clean`
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from tectum import plots

SHAPE = (4, 5)
RNG = np.random.default_rng(0)
GRID = RNG.random(SHAPE)
HOLES = np.where(GRID < 0.3, np.nan, GRID)
CLASSES = np.arange(20).reshape(SHAPE) % 3
CODEBOOK = RNG.random((20, 12))
TIMES = np.sort(RNG.random(50)) * 100
NEURONS = RNG.integers(0, 10, 50)
DISTANCES = np.arange(6.0)
SCENES = np.repeat([0, 1, -1, 2, 0], 10)
CURVES = RNG.random((12, 3))

SINGLE = {
    "u_matrix": lambda **o: plots.plot_u_matrix(GRID, **o),
    "u_matrix_holes": lambda **o: plots.plot_u_matrix(HOLES, **o),
    "u_matrix_constant": lambda **o: plots.plot_u_matrix(np.full(SHAPE, 3.0), **o),
    "u_matrix_nothing": lambda **o: plots.plot_u_matrix(np.full(SHAPE, np.nan), **o),
    "u_matrix_row": lambda **o: plots.plot_u_matrix(np.arange(20)[None], **o),
    "u_matrix_column": lambda **o: plots.plot_u_matrix(np.arange(20)[:, None], **o),
    "u_matrix_single": lambda **o: plots.plot_u_matrix([[1.0]], **o),
    "hit_map": lambda **o: plots.plot_hit_map(CLASSES, **o),
    "hit_map_empty": lambda **o: plots.plot_hit_map(np.zeros(SHAPE), **o),
    "hit_map_large": lambda **o: plots.plot_hit_map(np.arange(40 * 40).reshape(40, 40), **o),
    "label_map": lambda **o: plots.plot_label_map(CLASSES, target_names=["a", "b", "c"], hits=CLASSES, **o),
    "label_map_one": lambda **o: plots.plot_label_map(np.zeros(SHAPE), **o),
    "label_map_none": lambda **o: plots.plot_label_map(np.full(SHAPE, -1), **o),
    "label_map_nan": lambda **o: plots.plot_label_map(np.where(CLASSES > 0, CLASSES, np.nan), **o),
    "label_map_30": lambda **o: plots.plot_label_map(np.arange(30).reshape(5, 6), **o),
    "label_map_100": lambda **o: plots.plot_label_map(np.arange(100).reshape(10, 10), **o),
    "label_map_large": lambda **o: plots.plot_label_map(np.arange(1600).reshape(40, 40) % 5, **o),
    "clusters": lambda **o: plots.plot_clusters(CLASSES - 1, **o),
    "clusters_30": lambda **o: plots.plot_clusters(np.arange(30)[None], **o),
    "clusters_none": lambda **o: plots.plot_clusters(np.full(SHAPE, -1), **o),
    "images": lambda **o: plots.plot_codebook_images(CODEBOOK, SHAPE, (3, 4), **o),
    "images_colour": lambda **o: plots.plot_codebook_images(CODEBOOK * 1.5, SHAPE, (2, 2, 3), **o),
    "images_row": lambda **o: plots.plot_codebook_images(CODEBOOK, (1, 20), (3, 4), **o),
    "images_nan": lambda **o: plots.plot_codebook_images(
        np.where(CODEBOOK < 0.2, np.nan, CODEBOOK), SHAPE, (3, 4), **o
    ),
    "lattice": lambda **o: plots.plot_lattice(CODEBOOK, SHAPE, data=RNG.random((30, 2)), **o),
    "lattice_row": lambda **o: plots.plot_lattice(CODEBOOK * [1, 1000, *[1] * 10], (1, 20), **o),
    "lattice_nan": lambda **o: plots.plot_lattice(np.where(CODEBOOK < 0.1, np.nan, CODEBOOK), SHAPE, **o),
    "lattice_point": lambda **o: plots.plot_lattice([[1.0, 2.0]], (1, 1), **o),
    "quality": lambda **o: plots.plot_quality_curve(TIMES, {"a_b": TIMES, "c": np.where(TIMES > 5, 1, np.nan)}, **o),
    "quality_point": lambda **o: plots.plot_quality_curve([0], {"error": [np.nan]}, **o),
    "raster": lambda **o: plots.plot_raster(TIMES, NEURONS, n_neurons=10, order=np.arange(9)[::-1], **o),
    "raster_silent": lambda **o: plots.plot_raster([], [], n_neurons=3, **o),
    "latency": lambda **o: plots.plot_latency(DISTANCES, [np.nan, 2, 3, 4, 5, 6], **o),
    "latency_silent": lambda **o: plots.plot_latency(DISTANCES, np.full(6, np.nan), **o),
    "bubble": lambda **o: plots.plot_bubble(DISTANCES, [1, 0.9, 0.5, 0.1, 0, 0], [0, 1, 2, 3, np.nan, np.nan], **o),
    "bubble_point": lambda **o: plots.plot_bubble([0], [0], [np.nan], **o),
    "first_spike_map": lambda **o: plots.plot_first_spike_map(HOLES, **o),
    "first_spike_map_silent": lambda **o: plots.plot_first_spike_map(np.full(SHAPE, np.nan), **o),
    "stdp": lambda **o: plots.plot_stdp_window(DISTANCES - 2.5, [-1, -2, -3, 3, 2, 1], **o),
    "stdp_one_sided": lambda **o: plots.plot_stdp_window(DISTANCES, DISTANCES, **o),
    "lateral": lambda **o: plots.plot_lateral_profile(DISTANCES, 1 - DISTANCES, **o),
    "lateral_many": lambda **o: plots.plot_lateral_profile(DISTANCES, [DISTANCES, -DISTANCES], labels=["a", "b"], **o),
    "fields": lambda **o: plots.plot_receptive_fields(DISTANCES, RNG.random((6, 16)), **o),
    "fields_one": lambda **o: plots.plot_receptive_fields(DISTANCES, RNG.random((6, 1)), **o),
    "embedding": lambda **o: plots.plot_embedding(CODEBOOK, labels=CLASSES.ravel(), title="PCA", **o),
    "embedding_plain": lambda **o: plots.plot_embedding(np.where(CODEBOOK < 0.1, np.nan, CODEBOOK), **o),
    "embedding_30": lambda **o: plots.plot_embedding(RNG.random((99, 2)), labels=np.arange(99) % 31 - 1, **o),
    "embedding_empty": lambda **o: plots.plot_embedding(np.empty((0, 2)), **o),
    "winners": lambda **o: plots.plot_winner_time_line(TIMES, NEURONS, n_units=10, **o),
    "winners_scenes": lambda **o: plots.plot_winner_time_line(
        TIMES, NEURONS - 1, n_units=10, scenes=SCENES, scene_names=["a", "b", "c"], order=np.arange(10)[::-1], **o
    ),
    "winners_one": lambda **o: plots.plot_winner_time_line([1.0], [-1], n_units=4, scenes=[0], **o),
    "class_curves": lambda **o: plots.plot_class_curves(
        np.arange(12), CURVES, segments=[(0, 4), (4, 8), (8, 11)], adopted=[2.0, 5.5, np.nan], **o
    ),
    "class_curves_nan": lambda **o: plots.plot_class_curves(
        np.arange(12), np.where(CURVES < 0.3, np.nan, CURVES), target_names=["a", "b", "c"], **o
    ),
    "class_curves_one": lambda **o: plots.plot_class_curves([3.0], [[0.5]], segments=[(3.0, 3.0)], adopted=[3.0], **o),
    "map_spectrum": lambda **o: plots.plot_map_spectrum(DISTANCES, DISTANCES, 2.0, **o),
    "map_spectrum_flat": lambda **o: plots.plot_map_spectrum(DISTANCES, DISTANCES, np.nan, **o),
    "information": lambda **o: plots.plot_information(DISTANCES, {"receiver": DISTANCES - 0.1}, **o),
    "information_levels": lambda **o: plots.plot_information(
        DISTANCES,
        {"sender 1": DISTANCES, "sender 2": np.where(DISTANCES > 4, np.nan, 5 - DISTANCES)},
        errors={"sender 1": 0.1 * DISTANCES},
        levels={"unlocked": 1.4, "no rhythm": 2.8},
        **o,
    ),
    "phases": lambda **o: plots.plot_phase_histogram(TIMES, mean_phase=1.0, **o),
    "phases_none": lambda **o: plots.plot_phase_histogram([], n_bins=1, **o),
}

MULTIPLE = {
    "planes": (3, lambda **o: plots.plot_component_planes(GRID[None] * np.ones((3, 1, 1)), **o)),
    "planes_many": (5, lambda **o: plots.plot_component_planes(RNG.random((9, 3, 3)), max_planes=5, **o)),
    "planes_row": (3, lambda **o: plots.plot_component_planes(RNG.random((3, 1, 20)), feature_names=["x"] * 3, **o)),
    "planes_one": (1, lambda **o: plots.plot_component_planes(HOLES[None], **o)),
    "unfolding": (6, lambda **o: plots.plot_unfolding(RNG.random((9, 20, 2)), SHAPE, np.arange(9), **o)),
    "unfolding_one": (1, lambda **o: plots.plot_unfolding(CODEBOOK[None], SHAPE, [1000], data=CODEBOOK, **o)),
    "oscillation": (2, lambda **o: oscillation(**o)),
    "oscillation_trace": (3, lambda **o: oscillation(drive=np.arange(10), inhibition=(TIMES, TIMES), **o)),
    "oscillation_silent": (
        2,
        lambda **o: plots.plot_oscillation_raster([], [], [], [], [], n_u=4, n_v=4, t_range=(0, 9), **o),
    ),
    "map_rasters": (
        2,
        lambda **o: plots.plot_map_rasters(
            {"L1": (TIMES, NEURONS), "U": (TIMES, NEURONS)},
            [10, 12],
            t_range=(0, 100),
            cycles_ms=np.arange(0, 125, 25),
            pulses_ms={"U": np.arange(4, 125, 25)},
            **o,
        ),
    ),
    "map_rasters_silent": (1, lambda **o: plots.plot_map_rasters({"L": ([], [])}, [4], t_range=(0, 9), **o)),
}


def oscillation(**options):
    inhibited = [20.0, 60.0]
    return plots.plot_oscillation_raster(
        TIMES, NEURONS, inhibited, TIMES, NEURONS, n_u=10, n_v=10, t_range=(0, 100), **options
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", SINGLE)
def test_draws_labelled_axes_in_a_new_figure(name, theme, caplog):
    ax = draw_anew(SINGLE[name], theme)
    assert isinstance(ax, Axes)
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    attached = [*ax.child_axes, *ax.figure.axes]
    assert all(child.get_xlabel() or child.get_ylabel() for child in attached), "a colour bar has no label"
    assert not caplog.records


@pytest.mark.parametrize("name", SINGLE)
def test_draws_into_the_given_axes_only(name):
    draw_into_given_axes(SINGLE[name])


@pytest.mark.parametrize("name", MULTIPLE)
def test_draws_labelled_panels(name, caplog):
    n, draw = MULTIPLE[name]
    axes = draw_anew(draw, "light")
    assert axes.shape == (n,)
    assert axes[0].get_ylabel()
    assert axes[-1].get_xlabel()
    assert not caplog.records


@pytest.mark.parametrize("name", MULTIPLE)
def test_draws_panels_into_a_subfigure(name):
    figure = Figure(layout="constrained")
    left, right = figure.subfigures(1, 2)
    axes = MULTIPLE[name][1](figure=left)
    figure.canvas.draw()
    assert all(ax.figure is left for ax in axes)
    assert right.axes == []
    assert plt.get_fignums() == []


def test_raster_puts_the_ordered_neurons_on_rows():
    ax = plots.plot_raster([1.0, 2.0, 3.0], [0, 1, 2], n_neurons=3, order=[2, 0])
    middles = [segment[:, 1].mean() for segment in ax.collections[0].get_segments()]
    times = [segment[0, 0] for segment in ax.collections[0].get_segments()]
    assert dict(zip(times, middles, strict=True)) == {1.0: 1.0, 3.0: 0.0}


def test_strongest_drive_is_the_first_row_of_the_oscillation_raster():
    axes = plots.plot_oscillation_raster([5.0], [1], [], [], [], n_u=3, n_v=1, t_range=(0, 9), drive=[0.1, 0.9, 0.5])
    (segment,) = next(c for c in axes[0].collections if len(c.get_segments())).get_segments()
    assert segment[:, 1].mean() == 0


def test_codebook_images_lie_on_their_neurons():
    codebook = np.zeros((6, 4))
    codebook[5] = 1.0
    image = plots.plot_codebook_images(codebook, (2, 3), (2, 2)).images[0]
    left, right, bottom, top = image.get_extent()
    pixels = image.get_array()
    row, col = np.argwhere(pixels.filled(0) == 1).mean(axis=0) + 0.5
    assert left + col / pixels.shape[1] * (right - left) == pytest.approx(2, abs=0.05)
    assert top + row / pixels.shape[0] * (bottom - top) == pytest.approx(1, abs=0.05)


def test_colours_counted_to_255_are_drawn_like_those_up_to_1():
    colours = np.random.default_rng(0).random((4, 12))
    drawn = [plots.plot_codebook_images(c, (2, 2), (2, 2, 3)).images[0].get_array() for c in (colours, 255 * colours)]
    np.testing.assert_allclose(drawn[0], drawn[1])


def test_unfolding_shows_the_first_and_the_last_snapshot():
    axes = plots.plot_unfolding(np.zeros((30, 4, 2)), (2, 2), np.arange(30) * 1000, max_panels=3)
    assert [ax.get_title().split("\n")[0] for ax in axes] == ["0", "14\u2009000", "29\u2009000"]


def test_many_classes_have_no_legend_and_some_are_named_in_their_cells():
    assert plots.plot_label_map(np.arange(100).reshape(10, 10)).get_legend() is None
    named = plots.plot_label_map(np.arange(30).reshape(5, 6), target_names=[f"class {k}" for k in range(30)])
    assert len(named.get_legend().get_texts()) == 30
    assert {text.get_text() for text in named.texts} == {str(k) for k in range(30)}


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.plot_u_matrix(np.zeros(4)), r"plot_u_matrix\.u must be a grid .* got shape \(4,\); reshape"),
        (lambda: plots.plot_hit_map(np.zeros((0, 4))), r"plot_hit_map\.hits"),
        (lambda: plots.plot_component_planes(GRID), r"planes must have shape \(n_features, rows, cols\)"),
        (lambda: plots.plot_component_planes(GRID[None], feature_names=["a", "b"]), "feature_names must hold 1"),
        (lambda: plots.plot_label_map(CLASSES, target_names=["a"]), "target_names must name every class"),
        (lambda: plots.plot_label_map(CLASSES, hits=np.ones((2, 2))), "hits must have the shape of the labels"),
        (lambda: plots.plot_label_map(CLASSES + 0.5), "whole numbers"),
        (lambda: plots.plot_codebook_images(CODEBOOK, (3, 3), (3, 4)), "one row per neuron of the 3 x 3 map"),
        (lambda: plots.plot_codebook_images(CODEBOOK, SHAPE, (5, 5)), "image_shape must be"),
        (lambda: plots.plot_lattice(CODEBOOK[:, :1], SHAPE), "or more columns"),
        (lambda: plots.plot_unfolding(np.zeros((0, 20, 2)), SHAPE, []), "snapshots must have shape"),
        (lambda: plots.plot_unfolding(CODEBOOK[None], SHAPE, [1, 2]), "times must have shape"),
        (lambda: plots.plot_quality_curve([1], {}), "at least one measure"),
        (lambda: plots.plot_quality_curve([1], {"a": [1, 2]}), r"values\['a'\] must have shape \(1,\)"),
        (lambda: plots.plot_raster([1.0], [3], n_neurons=3), r"neuron must lie in 0 \.\.\. 2"),
        (lambda: plots.plot_latency([1.0], [1.0, 2.0]), "latency must have shape"),
        (lambda: plots.plot_lateral_profile([1.0], [1.0, 2.0]), "weight must have shape"),
        (lambda: plots.plot_lateral_profile([1.0], [1.0], labels=["a", "b"]), "labels must hold 1"),
        (lambda: plots.plot_receptive_fields([1.0], np.zeros((2, 3))), "one row per value"),
        (lambda: plots.plot_embedding(CODEBOOK, labels=["a"] * 20), "return_inverse"),
        (lambda: plots.plot_embedding(CODEBOOK, labels=[0, 1]), "labels must have shape"),
        (lambda: plots.plot_winner_time_line([0.0, 1.0], [0], n_units=2), r"winners must have shape \(2,\)"),
        (lambda: plots.plot_winner_time_line([0.0], [2], n_units=2), r"winners must lie in 0 \.\.\. 1"),
        (lambda: plots.plot_class_curves([0.0], CURVES), r"values must have a row per time \(1\)"),
        (
            lambda: plots.plot_class_curves(np.arange(12), CURVES, segments=[(0, 1)]),
            r"segments must have shape \(3, 2\)",
        ),
        (lambda: plots.plot_information([0.0], {}), "at least one curve"),
        (lambda: plots.plot_phase_histogram([0.0], n_bins=0), "n_bins must be 1 or more"),
        (lambda: plots.plot_map_rasters({"L": ([], [])}, [4, 4], t_range=(0, 1)), "2 sizes of 1 maps"),
        (lambda: plots.class_colours(-1), "class_colours.n must be 0 or more"),
        (lambda: plots.style("blue").__enter__(), "theme must be 'light' or 'dark', got 'blue'"),
    ],
)
def test_errors_name_the_argument_and_the_way_out(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_style_is_undone_and_leaves_the_background_empty(tmp_path):
    before = matplotlib.rcParams.copy()
    with plots.style("dark"):
        ax = plots.plot_hit_map(CLASSES)
        ax.figure.savefig(tmp_path / "hits.png")
    assert matplotlib.rcParams == before
    assert plt.imread(tmp_path / "hits.png")[0, 0, 3] == 0
    with plots.style("dark", transparent=False):
        assert ax.xaxis.label.get_color() == matplotlib.rcParams["axes.labelcolor"]
        assert matplotlib.rcParams["figure.facecolor"] == "#14171c"


def test_importing_plots_neither_imports_pyplot_nor_changes_settings():
    # Reading the setting "backend" imports pyplot by itself.
    code = (
        "import sys, matplotlib; from matplotlib import rcParams; "
        "before = {key: rcParams[key] for key in rcParams if key != 'backend'}; import tectum.plots; "
        "assert 'matplotlib.pyplot' not in sys.modules; assert all(rcParams[key] == before[key] for key in before)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_class_colours_are_repeatable_and_lighter_on_dark_pages():
    light = plots.class_colours(40)
    assert light[:3] == plots.class_colours(3)
    assert len(set(light)) == 32
    with plots.style("dark"):
        dark = plots.class_colours(8)
    assert np.mean(dark) > np.mean(light[:8])
    assert plots.class_colours(0) == []


# Linear RGB as seen with severity 1.0, from the supplement of Machado, Oliveira & Fernandes 2009,
# doi 10.1109/TVCG.2009.113; its authors call the tritan case an approximation.
VISION = {
    "normal": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colour, vision):
    """CIELAB coordinates of ``colour`` as a colour-blind observer sees it."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(vision) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.maximum(to_xyz @ seen / (0.9505, 1.0, 1.089), 1e-6))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_eight_classes_differ_for_colour_blind_readers(theme, vision):
    with plots.style(theme):
        seen = [lab(colour, VISION[vision]) for colour in plots.class_colours(8)]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 17
