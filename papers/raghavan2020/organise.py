"""How sheets wire themselves by waves: what the specification expects beside what is measured.

    python papers/raghavan2020/organise.py                    everything: 4 seeds
    python papers/raghavan2020/organise.py --quick            1 seed
    python papers/raghavan2020/organise.py stack controls     some sections; see --help
    python papers/raghavan2020/organise.py --seeds 8 --jobs 4 -o FOLDER

Prints tables of means and standard deviations over the seeds, and writes them as JSON and Markdown to this folder's
`results`, or to the folder given with --output. The exit status is 1 if a value is not as aimed at.

"Trial" is what a trial simulation gave before this implementation, with waves that shrink over six phases or, where
the section says so, with the rule of the authors' code; "-" where there was none. The tables of Raghavan, Lin &
Thomson (2020) itself could not be consulted: no number here is quoted as one of the paper's.
"""

import argparse
import json
import operator
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from rich.console import Console
from rich.table import Table
from sklearn.exceptions import ConvergenceWarning

from tectum import WaveNetwork, analysis, datasets
from tectum.models.waves.parameters import even_sheet
from tectum.parts import Sheet

CONSOLE = Console(width=150)
Row = dict[str, float]
Rows = dict[str, Row]  # by what was measured on

DEAD = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)  # shares of dead nodes
NOISE = (1.0, 3.0, 6.0, 12.0, 24.0)  # standard deviations of the random input
WAVES = (1.5, 2.0, 2.5, 3.0, 3.5)  # radii of excitation
PER_CELL = 3.0  # units
EMPTY = 0.05  # share of cells without a centre that is asked for, or that of a grid of fields as large if it is more
N_DIGITS = 1000
DISCS = ((5.0, 5.0, 2.5), (14.0, 6.0, 2.5), (10.0, 15.0, 2.5))  # x, y, radius: 15 % of the first sheet


class Aim(NamedTuple):
    """What is expected of a mean over the seeds."""

    sign: str
    bound: float

    def holds(self, value: float) -> bool:
        """Whether a value is as expected."""
        return {">=": operator.ge, "<=": operator.le}[self.sign](value, self.bound)


class Expectation(NamedTuple):
    """What a measure was in the trial simulation, and what is aimed at."""

    trial: str = "-"
    aim: Aim | None = None


def least(bound: float, trial: str = "-") -> Expectation:
    """A measure that must not fall below a bound."""
    return Expectation(trial, Aim(">=", bound))


def most(bound: float, trial: str = "-") -> Expectation:
    """A measure that must not rise above a bound."""
    return Expectation(trial, Aim("<=", bound))


def measure(W: np.ndarray, X: np.ndarray, Y: np.ndarray) -> Row:
    """Receptive fields on a sheet at X of units at Y."""
    tiles, centres = analysis.tiling(W, X), analysis.field_centres(W, X)
    return {
        "compact": tiles.compact,
        "radius": float(analysis.field_radius(W, X).mean()),
        "compactness": float(analysis.compactness(W, X).mean()),
        "coverage": tiles.coverage,
        "evenness": tiles.evenness,
        "spread": tiles.spread,
        "topography": analysis.sheet_topography(centres, Y),
        "affine R2": analysis.affine_fit(centres, Y),
        "folded": analysis.fold_share(centres, Y),
    }


def measure_living(net: WaveNetwork, layer: int = 1) -> Row:
    """The same of a sheet and the one below, without dead nodes."""
    return measure(*living(net, layer))


def living(net: WaveNetwork, layer: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights between the living nodes of a sheet and the one below, and the places of both."""
    pre, post = net.alive_[layer - 1], net.alive_[layer]
    W = net.weights_[layer - 1][np.ix_(post, pre)]
    return W, net.sheet_positions_[layer - 1][pre], net.sheet_positions_[layer][post]


def tiles(net: WaveNetwork, layer: int = 1) -> Row:
    """Cells without a centre, beside those of a grid of fields as large, and rank over that of this grid."""
    found = evenness_of(*living(net, layer), None)
    return {name: found[name] for name in ("empty cells", "empty cells, grid", "rank / grid")}


def single(net: WaveNetwork, layer: int = 1) -> float:
    """Share of the units that still listen to fewer than five nodes."""
    W = net.weights_[layer - 1][net.alive_[layer]]
    return float((analysis.effective_inputs(W) < 5.0).mean())


def measure_stack(net: WaveNetwork) -> Rows:
    """Each projection, and all of them as one."""
    rows = {f"L{k}-L{k + 1}": measure_living(net, k) for k in range(1, len(net.weights_) + 1)}
    if len(net.weights_) > 1:
        top, fields = len(net.weights_), net.receptive_fields_(len(net.weights_))
        whole = measure(2.5 * fields * fields.shape[1], net.sheet_positions_[0], net.sheet_positions_[top])
        rows[f"L1-L{top + 1}"] = {name: whole[name] for name in ("compact", "radius", "topography", "affine R2")}
    return rows


def measure_waves(net: WaveNetwork, duration: float = 2000.0) -> Rows:
    """Waves on each sheet, of 30 nodes at a time on the first and 1 % on the others, and how the upper follow."""
    spikes = net.record(duration).spikes
    rows: Rows = {}
    centres, counts, floors = [], [], []
    for layer, X in enumerate(net.sheet_positions_):
        train, n = spikes[f"layer_{layer}"], len(X)
        floor = 30 if layer == 0 else max(3, n // 100)
        events, step = (train.time_ms, train.neuron, X, duration), net.step_ms
        found = analysis.wave_statistics(*events, least=floor, frame_ms=step)
        centres.append(analysis.wave_centres(*events, least=floor, frame_ms=step))
        counts.append(analysis.spikes_per_frame(train.time_ms, duration, frame_ms=step))
        floors.append(floor)
        rows[f"waves on L{layer + 1}"] = {"active": found.active, "size / n": found.size / n, "speed": found.speed}
        if layer:
            causes = analysis.wave_causality(counts[-2], counts[-1], least=(floors[-2], floor))
            rows[f"waves on L{layer + 1}"] |= {
                "tracking R2": analysis.wave_tracking(centres[-2], centres[-1]),
                "P(post / pre)": causes.given_active,
                "P(post / silence)": causes.given_silent,
            }
    return rows


def stack(seed: int) -> Rows:
    """1600-300-100 nodes, neighbourhoods that follow the fields, one phase of large waves (the default)."""
    net = WaveNetwork.perceptron(random_state=seed).grow()
    return measure_stack(net) | measure_waves(net)


def evenness_of(W: np.ndarray, X: np.ndarray, Y: np.ndarray, images: np.ndarray | None) -> Row:
    """How even the tiling of a sheet at X by units at Y is, beside a grid and random places of fields as large."""
    found = analysis.tilings.evenness(W, X, Y, images)
    centres, radii = analysis.field_centres(W, X), analysis.field_radius(W, X)
    compact = radii < 0.5 * analysis.receptive_fields.sheet_radius(X)
    radius = float(radii[compact].mean() if compact.any() else radii.mean())
    grid = analysis.tilings.round_fields(analysis.tilings.grid_centres(len(Y), X), X, radius)
    cells = max(2, round((len(Y) / PER_CELL) ** 0.5))  # as many units for each as 300 have in a grid of 10 x 10
    return {
        "compact": analysis.tiling(W, X).compact,
        "topography": analysis.sheet_topography(centres, Y),
        "empty cells": analysis.tilings.empty_cells(centres, X, cells=cells) if found.rank else 1.0,
        "empty cells, grid": analysis.tilings.empty_cells(analysis.field_centres(grid, X), X, cells=cells),
        "rank": found.rank,
        "rank / grid": found.rank / found.rank_grid,
        "lost": found.loss,
        "lost, grid": found.loss_grid,
        "lost, random places": found.loss_random,
        "lost, round fields at the same centres": found.loss_placed,
        "eccentricity": found.eccentricity,
        "spread of sizes": found.size_spread,
        "folded": found.folded,
    }


def tiling(seed: int) -> Rows:
    """Evenness of the tiling: 784-300 nodes after 5 to 60 s, 1600-300-100 after 30 and 60 s, 784-300 with units at
    random places, and controls; `lost` is the share of the variance of digits (MNIST, test) lost in reconstruction."""
    images = datasets.load("mnist", subset="test").data[:N_DIGITS] / 255.0
    rows: Rows = {}

    def add(name: str, net: WaveNetwork, layer: int = 1, below: int = 0, W: np.ndarray | None = None) -> None:
        X, Y = net.sheet_positions_[below], net.sheet_positions_[layer]
        fields = net.receptive_fields_(layer, below) if W is None else W
        weights = 2.5 * len(X) * fields / fields.sum(axis=1, keepdims=True)
        cell = np.minimum((X * 1.4).astype(int), 27)
        rows[name] = evenness_of(weights, X, Y, images[:, cell[:, 1] * 28 + cell[:, 0]] if below == 0 else None)

    net = WaveNetwork([Sheet((28, 28)), even_sheet(300)], random_state=seed)
    for before, end in pairwise((0, 5, 15, 30, 60)):
        add(f"784-300, {end} s", net.grow(1000.0 * (end - before)))
    shuffled = np.random.default_rng(seed).permuted(net.weights_[0], axis=1)
    add("shuffled weights", net, W=shuffled)
    add("units at random", WaveNetwork([Sheet((28, 28)), Sheet(300)], random_state=seed).grow())
    add("shuffled spikes", WaveNetwork.control("shuffled", net.layers, random_state=seed).grow(5000.0))
    deep = WaveNetwork.perceptron(random_state=seed)
    for end in (30, 60):
        deep.grow(30_000.0)
        for name, layer, below in (("L1-L2", 1, 0), ("L2-L3", 2, 1), ("L1-L3", 2, 0)):
            add(f"{name}, {end} s", deep, layer, below)
    return rows


def continuous(seed: int) -> Rows:
    """1600-300 nodes, waves of one size throughout, 75,000 ms. The trial is of waves small from the start."""
    net = WaveNetwork.continuous(random_state=seed).grow()
    return {"L1-L2": measure_living(net) | tiles(net)}


def growing(seed: int) -> Rows:
    """Two sheets that grow from one cell while waves of one size wire them, up to 7,000 ms, when the last unit has been
    born, to 15,000 ms, when fields have spread and units begin to compete as in the default, and to 45,000 ms."""
    net, rows = WaveNetwork.growing(random_state=seed), {}
    for end, more in ((7000, 7000.0), (15_000, 8000.0), (45_000, 30_000.0)):
        rows[f"{end:,} ms"] = measure_living(net.grow(more)) | {"single": single(net)} | tiles(net)
    nodes = {f"L{layer + 1}": float(alive.sum()) for layer, alive in enumerate(net.alive_)}
    return rows | {"nodes": nodes} | measure_waves(net)


def scheduled(seed: int) -> Rows:
    """1600-300-100 nodes, waves and neighbourhoods that shrink over six phases."""
    sheets = (Sheet(1600, 20.0), Sheet(300, 10.0), Sheet(100, 10.0))
    return measure_stack(WaveNetwork.scheduled(sheets, random_state=seed).grow())


def authors(seed: int) -> Rows:
    """1600-300 nodes, the rule of the authors' code: fields without order."""
    net = WaveNetwork.authors(random_state=seed).grow()
    return measure_stack(net) | measure_waves(net)


def budding(seed: int) -> Rows:
    """1600-300-100 and 1600-300-100-300-1600 nodes, units that start with a single synapse from the node at their own
    place, waves of one size, 45,000 ms."""
    stack = WaveNetwork.budding(random_state=seed).grow()
    deep = WaveNetwork.budding((1600, 300, 100, 300, 1600), random_state=seed).grow()
    rows = measure_stack(stack) | measure_waves(stack) | {f"deep {k}": row for k, row in measure_stack(deep).items()}
    for layer in (1, 2):
        rows[f"L{layer}-L{layer + 1}"] |= {"single": single(stack, layer)} | tiles(stack, layer)
    rows["deep L3-L4"]["single"], rows["deep L4-L5"]["single"] = single(deep, 3), single(deep, 4)
    return rows


def precursor(seed: int) -> Rows:
    """3200-400 nodes, the neurons and the rule of the code of the precursor, 100,000 ms; `small`: units with less than
    200 weights above the authors' cut."""
    net = WaveNetwork.precursor(random_state=seed).grow()
    rows = measure_stack(net) | measure_waves(net)
    rows["L1-L2"]["small"] = float(((net.weights_[0] > analysis.receptive_fields.CUT).sum(axis=1) < 200).mean())
    return {name: row for name, row in rows.items() if name != "waves on L2"}


def autoencoder(seed: int) -> Rows:
    """1600-300-100-300-1600 nodes, until the wiring has settled; the trial is of two seeds."""
    net = WaveNetwork.autoencoder(random_state=seed).grow(until="settled")
    return measure_stack(net)


def outlines(seed: int) -> Rows:
    """1200-300 nodes, spread evenly on sheets of the same outline, 300 units on a disc for the retina, for 30 and 60 s,
    and on a square; `empty, too many`: cells without a centre beyond 0.05, or beyond those of a grid of fields as large
    if it leaves more. `folded` does not know holes. The trial is of one seed on a square."""
    rows = {}
    for outline, upper in (("annulus", "annulus"), ("L", "L"), ("retina", "disc")):
        lower = Sheet.inside(outline, 1200, 20.0, seed, even=True)
        above = Sheet.inside(upper, 300, 10.0, seed + 100, even=True)
        net = WaveNetwork([lower, above], random_state=seed)
        for name in (outline, f"{outline}, 60 s"):
            row = measure_living(net.grow(30_000.0)) | tiles(net)
            rows[name] = row | {"empty, too many": row["empty cells"] - max(EMPTY, row["empty cells, grid"])}
        net = WaveNetwork([lower, even_sheet(300, 10.0)], random_state=seed).grow()
        rows[f"{outline} on a square"] = measure_living(net)
    return rows


def controls(seed: int) -> Rows:
    """1600-300 nodes for 8,000 ms, with and without what should make them organise themselves."""
    rows = {"default": measure_living(WaveNetwork.topographic(random_state=seed).grow(8000.0))}
    for kind in ("shuffled", "no waves", "no plasticity"):
        rows[kind] = measure_living(WaveNetwork.control(kind, random_state=seed).grow(8000.0))
    kept = ("compact", "radius", "compactness")
    return {name: {key: row[key] for key in kept} for name, row in rows.items()}


def damage(seed: int) -> Rows:
    """Three discs of the first sheet die after growth; growth goes on. `on dead nodes`: units with more than 5 % of
    their weight there."""
    net = WaveNetwork.topographic(random_state=seed).grow()
    X = net.sheet_positions_[0]
    dead = np.any([np.hypot(X[:, 0] - x, X[:, 1] - y) < r for x, y, r in DISCS], axis=0)
    net.damage(0, dead)
    rows = {}
    for label, duration in (("at once", None), ("after 5,000 ms", 5000.0), ("after 20,000 ms", 15000.0)):
        if duration is not None:
            net.grow(duration)
        lost = net.receptive_fields_(1)[:, dead].sum(axis=1)
        row = measure_living(net)
        kept = ("compact", "coverage", "topography")
        rows[label] = {"on dead nodes": float((lost > 0.05).mean())} | {key: row[key] for key in kept}
    return rows


def dead(seed: int) -> Rows:
    """Robustness to a share of nodes of both sheets that are dead from the start."""
    rows = {}
    for share in DEAD:
        rng = np.random.default_rng(seed)
        sheets = [Sheet(n, side, alive=rng.random(n) >= share) for n, side in ((1600, 20.0), (300, 10.0))]
        rows[f"{share:.0%} dead"] = measure_living(WaveNetwork(sheets, random_state=seed).grow())
    return rows


def noise(seed: int) -> Rows:
    """Robustness to the noise that lights up the waves, 6 by default."""
    rows = {}
    for sd in NOISE:
        net = WaveNetwork.topographic(random_state=seed)
        net.set_params(first_neuron=net.first_neuron._replace(noise=sd)).grow()
        rows[f"noise {sd:g}"] = measure_living(net) | {"active": measure_waves(net)["waves on L1"]["active"]}
    return rows


def pooling(seed: int) -> Rows:
    """Size of the pools by the size of the waves: 1600-300 nodes."""
    rows = {}
    for radius in WAVES:
        lower = Sheet(1600, 20.0)
        net = WaveNetwork.pooling(layers=(lower, Sheet(300)), wave=radius, random_state=seed).grow()
        rows[f"waves of {radius:g}"] = measure_living(net)
    sizes = [row["radius"] for row in rows.values()]
    return rows | {"radius of fields by waves": {"r": float(np.corrcoef(WAVES, sizes)[0, 1])}}


def settled(seed: int) -> Rows:
    """Growth that ends when the wiring has settled: when, how much has moved by then, and in 5,000 ms more."""
    net = WaveNetwork.perceptron(random_state=seed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        net.grow(until="settled")
    ended, before = net.n_steps_grown_ / 10.0, measure_living(net)
    after = measure_living(net.grow(5000.0))
    change = max(abs(after[key] - before[key]) for key in ("compact", "topography"))
    return {"1600-300-100": {"ms": ended, "warnings": float(len(caught)), "change after": change}}


SECTIONS: dict[Callable[[int], Rows], dict[str, dict[str, Expectation]]] = {
    stack: {
        "L1-L2": {
            "compact": least(0.95, "0.85 ± 0.08"),
            "radius": Expectation("3.49 ± 0.23"),
            "compactness": Expectation("0.81 ± 0.02"),
            "coverage": least(0.98, "1.00"),
            "topography": least(0.85, "0.89 ± 0.06"),
            "affine R2": Expectation("0.91 ± 0.05"),
        },
        "L2-L3": {
            "compact": least(0.95, "0.84 ± 0.07"),
            "radius": Expectation("1.78 ± 0.10"),
            "compactness": Expectation("0.80 ± 0.02"),
            "coverage": least(0.98, "1.00"),
            "topography": least(0.8, "0.80 ± 0.09"),
            "affine R2": Expectation("0.84 ± 0.08"),
        },
        "L1-L3": {
            "compact": least(0.5, "0.00-0.19"),
            "radius": Expectation("4.65 ± 0.27"),
            "topography": least(0.79, "0.79 ± 0.08"),
            "affine R2": Expectation("0.83 ± 0.08"),
        },
        "waves on L2": {"tracking R2": least(0.85, "0.91 ± 0.06"), "P(post / pre)": least(0.95, "1.00")},
        "waves on L3": {"tracking R2": least(0.8, "0.85 ± 0.08"), "P(post / pre)": least(0.95, "1.00")},
    },
    tiling: {
        name: {
            "compact": least(0.98),
            "topography": least(0.88),
            "empty cells": most(0.05, trial),
            "rank / grid": least(0.9),
            "lost": most(0.24),
        }
        for name, trial in (("784-300, 30 s", "0.39"), ("784-300, 60 s", "-"), ("L1-L2, 60 s", "-"))
    }
    | {
        "L2-L3, 60 s": {
            "compact": least(0.98),
            "topography": least(0.88),
            "empty cells": most(0.05),
            "rank / grid": least(0.9),
        },
        "L1-L3, 60 s": {"compact": least(0.95)},
    }
    | {
        name: {
            "compact": most(0.0),
            "empty cells": least(1.0),
            "rank / grid": most(0.0),
            "lost": least(1.0),
        }
        for name in ("shuffled weights", "shuffled spikes")
    },
    continuous: {
        "L1-L2": {"compact": least(0.95), "coverage": least(0.98), "topography": least(0.85, "0.72, 0.67")},
    },
    growing: {
        f"{end} ms": {"compact": least(0.95), "coverage": least(0.98), "topography": least(0.9)}
        | ({} if end == "7,000" else {"single": most(0.05)})
        | ({"empty cells": most(0.05), "rank / grid": least(0.9)} if end == "45,000" else {})
        for end in ("7,000", "15,000", "45,000")
    }
    | {"waves on L2": {"tracking R2": least(0.9), "P(post / pre)": least(0.95)}},
    scheduled: {
        "L1-L2": {"compact": least(0.75, "0.85 ± 0.08"), "topography": least(0.8, "0.89 ± 0.06")},
        "L2-L3": {"compact": least(0.7, "0.84 ± 0.07"), "topography": least(0.7, "0.80 ± 0.09")},
        "L1-L3": {"compact": Expectation("0.00-0.19"), "topography": least(0.7, "0.79 ± 0.08")},
    },
    authors: {
        "L1-L2": {
            "compact": least(0.95, "0.99"),
            "radius": most(3.0, "2.7"),
            "coverage": least(0.98, "1.00"),
            "topography": most(0.05, "0.00 ± 0.02"),
        },
        "waves on L1": {"active": Expectation("0.63-0.68"), "speed": Expectation("1.00-1.07")},
    },
    budding: {
        "L1-L2": {"compact": least(0.95), "coverage": least(0.98), "topography": least(0.9), "single": most(0.05)},
        "L2-L3": {"compact": least(0.95), "coverage": least(0.98), "topography": least(0.9), "single": most(0.05)},
        "L1-L3": {"compact": least(0.5), "topography": least(0.79)},
        "waves on L3": {"tracking R2": least(0.8), "P(post / pre)": least(0.9)},
        "deep L3-L4": {"compact": least(0.9, "0.77-0.95"), "topography": least(0.75, "0.68, 0.87")},
        "deep L4-L5": {"compact": least(0.9, "0.77-0.95"), "topography": least(0.75, "0.79, 0.93")},
        "deep L1-L5": {"radius": most(5.9, "5.9")},
    },
    precursor: {
        "L1-L2": {
            "compact": least(0.9, "0.97"),
            "small": least(0.9, "0.90"),
            "coverage": least(0.95, "0.98"),
            "topography": most(0.05),
        },
        "waves on L1": {"active": Expectation("0.91"), "speed": Expectation("0.3-0.5")},
    },
    autoencoder: {
        "L1-L2": {"compact": least(0.9, "0.77-0.95"), "topography": least(0.8, "0.84, 0.94")},
        "L2-L3": {"compact": least(0.9, "0.77-0.95"), "topography": least(0.75, "0.81, 0.88")},
        "L3-L4": {"compact": least(0.9, "0.77-0.95"), "topography": least(0.75, "0.68, 0.87")},
        "L4-L5": {"compact": least(0.9, "0.77-0.95"), "topography": least(0.75, "0.79, 0.93")},
        "L1-L5": {"radius": most(5.9, "5.9")},
    },
    outlines: {
        "annulus": {"compact": least(0.9, "0.68"), "coverage": least(0.98, "1.00"), "topography": least(0.85, "0.59")},
        "L": {"compact": least(0.9, "0.89"), "coverage": least(0.98, "1.00"), "topography": least(0.85, "0.77")},
        "retina": {"compact": least(0.9), "coverage": least(0.98), "topography": least(0.85)},
    }
    | {
        f"{outline}, 60 s": {"compact": least(0.95), "topography": least(0.85), "empty, too many": most(0.0)}
        for outline in ("annulus", "L", "retina")
    },
    controls: {
        "default": {"compactness": least(0.7)},
        "shuffled": {"compactness": most(0.05, "0.00"), "compact": most(0.0, "0.00")},
        "no waves": {"compactness": most(0.05), "compact": most(0.0)},
        "no plasticity": {"compactness": most(0.05), "compact": most(0.0)},
    },
    damage: {
        "at once": {"on dead nodes": Expectation("0.85"), "compact": Expectation("0.91")},
        "after 5,000 ms": {"on dead nodes": most(0.02, "0.00"), "coverage": least(0.98, "1.00")},
        "after 20,000 ms": {"compact": least(0.82, "0.72"), "topography": least(0.8, "0.92")},
    },
    dead: {f"{share:.0%} dead": {"compact": least(0.8)} for share in DEAD if share <= 0.2},
    noise: {f"noise {sd:g}": {"compact": least(0.8)} for sd in NOISE if 3.0 <= sd <= 12.0},
    pooling: {"radius of fields by waves": {"r": least(0.9)}},
    settled: {"1600-300-100": {"warnings": most(0.0), "change after": most(0.1)}},
}
NAMED = {section.__name__: section for section in SECTIONS}


def mean_and_spread(values: list[float]) -> str:
    """Mean over the seeds and, if there are several, their standard deviation."""
    shown = f"{np.mean(values):.3g}" if abs(np.mean(values)) >= 100 else f"{np.mean(values):.2f}"
    return shown + (f" ± {np.std(values):.2f}" if len(values) > 1 else "")


def table_of(results: list[Rows], expected: dict[str, dict[str, Expectation]]) -> tuple[list[list[str]], list[str]]:
    """Rows of cells, one per measure, and what is not as aimed at."""
    cells, missed = [], []
    for on, row in results[0].items():
        for name in row:
            values = [rows[on][name] for rows in results]
            trial, aim = expected.get(on, {}).get(name, Expectation())
            wanted = f"{aim.sign} {aim.bound:g}" if aim else ""
            verdict = "" if aim is None else "pass" if aim.holds(float(np.mean(values))) else "FAIL"
            cells.append([on, name, trial, mean_and_spread(values), wanted, verdict])
            if verdict == "FAIL":
                missed.append(f"{on}: {name} {mean_and_spread(values)}, aim {wanted}")
    return cells, missed


def run(name: str, seeds: range, jobs: int, output: Path) -> list[str]:
    """One section: print and write its table, return what was missed."""
    section, start = NAMED[name], time.perf_counter()
    results = Parallel(n_jobs=jobs)(delayed(section)(seed) for seed in seeds)
    spent = f"{len(seeds)} seed(s), {time.perf_counter() - start:.0f} s"
    cells, missed = table_of(results, SECTIONS[section])
    columns = ["on", "measure", "trial", "measured", "aim", ""]
    what = " ".join((section.__doc__ or "").split())
    table = Table(*columns, title=f"{name}: {what}", title_justify="left")
    for row in cells:
        table.add_row(*row)
    CONSOLE.print(table, *missed, f"{name}: {spent}, {len(missed)} not as aimed at\n", sep="\n")
    text = [f"## {name}", "", f"{what} {spent}.", "", "| " + " | ".join(columns) + " |", "|---|---|---|---|---|---|"]
    text += ["| " + " | ".join(row) + " |" for row in cells]
    text += ["", "As aimed at." if not missed else "Not as aimed at:", "", *(f"- {line}" for line in missed), ""]
    (output / f"organise_{name}.md").write_text("\n".join(text))
    stored = {"seeds": list(seeds), "results": results, "missed": missed}
    (output / f"organise_{name}.json").write_text(json.dumps(stored, indent=1))
    return missed


def main() -> int:
    """Run the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(NAMED))
    parser.add_argument("--seeds", type=int, default=4, help="number of seeds, 4 by default")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--quick", action="store_true", help="1 seed")
    parser.add_argument("--jobs", type=int, default=1, help="seeds that run at the same time")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    unknown = set(options.sections) - set(NAMED)
    if unknown:
        parser.error(f"unknown section {', '.join(sorted(unknown))}; there are {', '.join(NAMED)}")
    options.output.mkdir(parents=True, exist_ok=True)
    seeds = range(options.first, options.first + (1 if options.quick else options.seeds))
    missed = [run(name, seeds, options.jobs, options.output) for name in options.sections or NAMED]
    return 1 if any(missed) else 0


if __name__ == "__main__":
    raise SystemExit(main())
