"""Plots of sheets draw what they are given, label it, and survive the edges."""

import numpy as np
import pytest
from drawing import clean, draw_anew, draw_into_given_axes  # noqa: F401  each test takes `clean`
from matplotlib.axes import Axes

from tectum import plots

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 4, (120, 2))
Y = RNG.uniform(0, 2, (30, 2))
ANNULUS = X[np.abs(np.linalg.norm(X - 2, axis=1) - 1.5) < 0.5]
TIME = np.sort(RNG.uniform(0, 50, 400))
NODE = RNG.integers(0, 120, 400)
FIELDS = np.exp(-np.square(X[None] - 2 * Y[:, None]).sum(axis=2))
CENTRES = FIELDS @ X / FIELDS.sum(axis=1, keepdims=True)
EMPTY = (np.zeros(0), np.zeros(0, dtype=int))

SINGLE = {
    "wave": lambda **o: plots.plot_wave(TIME, NODE, X, 20.0, **o),
    "wave_lit": lambda **o: plots.plot_wave(TIME, NODE, X, 20.0, silent=False, **o),
    "wave_silent": lambda **o: plots.plot_wave(*EMPTY, ANNULUS, 20.0, **o),
    "space_time": lambda **o: plots.plot_space_time(TIME, NODE, X, 50.0, **o),
    "space_time_silent": lambda **o: plots.plot_space_time(*EMPTY, X, 50.0, axis=1, **o),
    "fields": lambda **o: plots.plot_sheet_fields(FIELDS, X, **o),
    "fields_some": lambda **o: plots.plot_sheet_fields(FIELDS, X, units=[3, 1], n_cols=9, **o),
    "fields_annulus": lambda **o: plots.plot_sheet_fields(np.ones((5, len(ANNULUS))), ANNULUS, **o),
    "fields_dead": lambda **o: plots.plot_sheet_fields(np.zeros((1, 120)), X, **o),
    "growth": lambda **o: plots.plot_field_growth([FIELDS[:3] ** k for k in range(4)], X, [0, 100, 2000, 3000], **o),
    "growth_named": lambda **o: plots.plot_field_growth(FIELDS[None, :1], X, [0], names=["one"], **o),
    "sizes": lambda **o: plots.plot_field_sizes(RNG.uniform(1, 2, 30), 3.0, before=np.full(30, 3.0), **o),
    "sizes_one": lambda **o: plots.plot_field_sizes([5.0], 3.0, **o),
    "coverage": lambda **o: plots.plot_coverage((FIELDS > 0.3).sum(axis=0), X, **o),
    "coverage_none": lambda **o: plots.plot_coverage(np.zeros(len(ANNULUS)), ANNULUS, **o),
    "net": lambda **o: plots.plot_net(CENTRES, Y, sheet=X, **o),
    "net_alone": lambda **o: plots.plot_net(Y, Y, neighbours=[], **o),
    "net_line": lambda **o: plots.plot_net([[0, 0], [1, 1], [2, 2]], [[0, 0], [1, 0], [2, 0]], **o),
    "net_two": lambda **o: plots.plot_net([[0, 0], [1, 1]], [[0, 0], [1, 0]], **o),
    "curves": lambda **o: plots.plot_growth(
        [0, 1000, 3000], {"a": [0, 0.5, 0.9], "b": [np.nan, -0.2, 0.3]}, phases_ms=[1000], ylabel="compactness", **o
    ),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", SINGLE)
def test_draws_in_a_new_figure_without_clipped_text(name, theme, caplog):
    assert isinstance(draw_anew(SINGLE[name], theme), Axes)
    assert not caplog.records


@pytest.mark.parametrize("name", SINGLE)
def test_draws_into_the_given_axes_only(name):
    draw_into_given_axes(SINGLE[name])


def test_snapshots_have_the_first_sheet_at_the_bottom():
    axes = plots.plot_wave_snapshots([(TIME, NODE), EMPTY], [X, Y], [5.0, 10.0, 15.0], names=["below", "above"])
    assert axes.shape == (2, 3)
    assert [row[0].get_ylabel() for row in axes] == ["above", "below"]
    assert [ax.get_title(loc="center") for ax in axes[0]] == ["5 ms", "10 ms", "15 ms"]


def lit(ax):
    """Colours (n, 4) of the nodes that have fired."""
    dots = ax.collections[-1]
    dots.update_scalarmappable()
    return dots.get_facecolors()


def test_a_wave_shows_who_has_just_fired_and_how_long_ago():
    ax = plots.plot_wave([1.0, 4.0, 4.9, 9.0], [0, 1, 2, 3], X[:5], 5.0)
    np.testing.assert_allclose(ax.collections[-1].get_offsets(), X[[1, 2]])  # the latest on top
    np.testing.assert_allclose(ax.collections[-1].get_array(), [1.0, 0.1])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_new_stands_out_from_the_page(theme):
    with plots.style(theme):
        ax = plots.plot_wave([3.2, 5.0], [0, 1], X[:2], 5.0)
        ax.figure.canvas.draw()
        brightness = lit(ax)[:, :3].sum(axis=1)
    assert (brightness[1] > brightness[0]) == (theme == "dark")


def test_fields_are_drawn_where_the_nodes_are():
    nodes = np.array([[x, y] for y in range(10) for x in range(10)], dtype=float)
    field = np.zeros((1, 100))
    field[0, 99] = 1.0  # upper right
    image = plots.plot_sheet_fields(field, nodes).images[0].get_array()
    row, column = np.argwhere(image == 1.0).mean(axis=0) / image.shape
    assert row < 0.15
    assert column > 0.85


def test_nothing_is_drawn_outside_a_sheet():
    ring = np.stack([np.cos(t := np.linspace(0, 6.28, 200)), np.sin(t)], axis=1)
    image = plots.plot_sheet_fields(np.ones((1, 200)), ring).images[0].get_array()
    middle = np.array(image.shape) // 2
    assert image.mask[middle[0], middle[1]]
    assert not image.mask.all()


def test_coverage_leaves_bare_nodes_empty():
    counts = np.where(X[:, 0] < 2, 0, 5)
    ax = plots.plot_coverage(counts, X)
    assert len(ax.collections[0].get_offsets()) == (counts == 0).sum()
    assert ax.images[0].get_array().mask.any()


def test_neighbours_of_a_grid_and_of_points_on_a_line():
    grid = np.array([[x, y] for y in range(4) for x in range(5)]) + 1e-4 * RNG.uniform(size=(20, 2))
    pairs = plots.sheet_neighbours(grid)
    lengths = np.linalg.norm(grid[pairs[:, 0]] - grid[pairs[:, 1]], axis=1)
    assert (lengths < 2.6).all()
    assert (lengths < 1.01).sum() == 4 * 4 + 5 * 3
    line = plots.sheet_neighbours([[0, 0], [2, 0], [1, 0]])
    assert sorted(map(sorted, line.tolist())) == [[0, 2], [1, 2]]


def test_colours_tell_places_apart():
    corners = plots.position_colours([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5]])
    assert corners.min() >= 0
    assert corners.max() <= 1
    apart = np.linalg.norm(corners[:, None] - corners, axis=2) + np.eye(5)
    assert apart.min() > 0.2
    assert plots.position_colours([[1, 1]]).shape == (1, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.plot_wave(TIME, NODE[:3], X, 1.0), "plot_wave.neuron must have shape"),
        (lambda: plots.plot_wave(TIME, NODE, X[:9], 1.0), "plot_wave.neuron must lie in 0 ... 8"),
        (lambda: plots.plot_wave_snapshots([], [], [1.0]), "plot_wave_snapshots.spikes must hold"),
        (lambda: plots.plot_space_time(TIME, NODE, X[:, 0], 50.0), "plot_space_time.positions must have shape"),
        (lambda: plots.plot_sheet_fields(FIELDS, Y), "a column per position"),
        (lambda: plots.plot_sheet_fields(FIELDS, X, units=[99]), "plot_sheet_fields.units must lie in"),
        (lambda: plots.plot_field_growth(FIELDS, X, [0]), "plot_field_growth.fields must have shape"),
        (lambda: plots.plot_coverage([1, 2], X), "plot_coverage.counts must have shape"),
        (lambda: plots.plot_net(CENTRES[:4], Y), "plot_net.centres must have a row per unit"),
        (lambda: plots.plot_growth([0], {}), "plot_growth.values must hold"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
