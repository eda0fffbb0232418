"""Figures of networks that waves wire: one name per figure, all by default.

    python papers/raghavan2020/figures.py
    python papers/raghavan2020/figures.py waves nets -o FOLDER

waves          activity on three sheets over time
fields         receptive fields before, during and after growth
tiling         sizes of the fields, and how many lie over each node
nets           order: where neighbouring units look, by kind of network and outline of the sheets
autoencoder    where a sheet looks across one to four projections
images         what units learn inside their fields, and reconstructions (see images.py)

Each is written as PNG to this folder's `results`, or to the folder given with --output; `organise.py` and `images.py`
give the numbers that belong to them.
"""

import argparse
from pathlib import Path

import images
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from tectum import WaveNetwork, analysis, plots, report
from tectum.parts import Sheet

SEED = 0
SUPPORT = 0.1  # weight above which a node belongs to a field
DURATION = 400.0  # ms of a recording
MOMENTS = (20.0, 60.0, 100.0, 140.0, 180.0, 220.0)


def waves(folder: Path) -> None:
    """Snapshots of the waves on three grown sheets, and their travels along one axis."""
    network = WaveNetwork.perceptron(random_state=SEED).grow()
    recorded = network.record(DURATION).spikes
    spikes = [(train.time_ms, train.neuron) for train in (recorded[f"layer_{k}"] for k in range(3))]
    figure = Figure((11.0, 9.0), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.7, 1.0))
    names = [f"sheet {k + 1}" for k in range(3)]
    plots.plot_wave_snapshots(spikes, network.sheet_positions_, MOMENTS, names=names, figure=above)
    for k, ax in enumerate(below.subplots(1, 3)):
        plots.plot_space_time(*spikes[k], network.sheet_positions_[k], DURATION, ax=ax)
        ax.set_title(names[k])
    save(figure, folder / "waves.png")


def fields(folder: Path) -> None:
    """Receptive fields of a few units while they grow."""
    network = WaveNetwork(random_state=SEED)
    looks = report.follow_growth(network, n_snapshots=8)
    units = np.linspace(0, len(network.weights_[0]) - 1, 8).astype(int)
    figure = Figure((10.0, 9.0), layout="constrained")
    plots.plot_field_growth(
        [look.weights[0][units] for look in looks],
        network.sheet_positions_[0],
        [look.time_ms for look in looks],
        names=[f"unit {unit}" for unit in units],
        ax=figure.subplots(),
    )
    save(figure, folder / "fields_growing.png")


def tiling(folder: Path) -> None:
    """Sizes of the fields before and after growth, and coverage, of the default and the authors' rule."""
    figure = Figure((9.5, 7.5), layout="constrained")
    for row, (title, network) in zip(figure.subplots(2, 2), configurations(), strict=True):
        X, before = network.sheet_positions_[0], np.ones_like(network.weights_[0])
        W = network.grow().weights_[0]
        radii = analysis.field_radius(W, X)
        plots.plot_field_sizes(radii, analysis.sheet_radius(X), before=analysis.field_radius(before, X), ax=row[0])
        plots.plot_coverage((W[radii < analysis.sheet_radius(X) / 2] > SUPPORT).sum(axis=0), X, ax=row[1])
        row[1].set_title(title, loc="right")
    save(figure, folder / "tiling.png")


def configurations() -> list[tuple[str, WaveNetwork]]:
    """The default and the authors' rule, hardly grown."""
    made = {"neighbourhoods follow the fields": WaveNetwork, "rule of the authors' code": WaveNetwork.authors}
    return [(title, make(random_state=SEED).grow(0.1)) for title, make in made.items()]


def nets(folder: Path) -> None:
    """Order of the fields, before growth, under both rules and on sheets of other outlines."""
    made = {
        "before growth": (WaveNetwork(random_state=SEED), 0.1),
        "neighbourhoods follow the fields": (WaveNetwork(random_state=SEED), None),
        "rule of the authors' code": (WaveNetwork.authors(random_state=SEED), None),
    }
    for outline, above in (("L", "L"), ("annulus", "annulus"), ("retina", "disc")):
        sheets = [Sheet.inside(*of, even=True) for of in ((outline, 1200, 20.0, SEED), (above, 300, 10.0, SEED + 100))]
        made[outline] = (WaveNetwork(sheets, random_state=SEED), None)
    figure = Figure((11.0, 7.6), layout="constrained")
    for ax, (title, (network, duration)) in zip(figure.subplots(2, 3).flat, made.items(), strict=True):
        network.grow(duration)
        draw_net(network, 1, ax, title)
    save(figure, folder / "nets.png")


def autoencoder(folder: Path) -> None:
    """Where units of each sheet of an autoencoder look on the first."""
    network = WaveNetwork.autoencoder(random_state=SEED).grow()
    figure = Figure((13.0, 3.6), layout="constrained")
    for layer, ax in enumerate(figure.subplots(1, 4), start=1):
        draw_net(network, layer, ax, f"sheet {layer + 1} on sheet 1")
    save(figure, folder / "autoencoder.png")


def draw_net(network: WaveNetwork, layer: int, ax: matplotlib.axes.Axes, title: str) -> None:
    """The net of a sheet on the first, with its topography."""
    lower, upper = network.sheet_positions_[0], network.sheet_positions_[layer]
    centres = analysis.field_centres(network.receptive_fields_(layer), lower)
    plots.plot_net(centres, upper, sheet=lower, ax=ax)
    ax.set_title(f"{title}\ntopography {analysis.sheet_topography(centres, upper):.2f}")


def images_(folder: Path) -> None:
    """The figures of images.py."""
    X = images.digits(60_000, validation=False)
    save(images.field_figure(images.grown(SEED).fit(X.train)), folder / "fields.png")
    save(images.reconstruction_figure(images.reconstructions(X, SEED)), folder / "reconstructions.png")


def save(figure: Figure, path: Path) -> None:
    """Write a figure and say so."""
    figure.savefig(path, dpi=130)
    print(path)


FIGURES = {
    "waves": waves,
    "fields": fields,
    "tiling": tiling,
    "nets": nets,
    "autoencoder": autoencoder,
    "images": images_,
}


def main() -> None:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="FIGURE", help=", ".join(FIGURES))
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    unknown = set(options.names) - set(FIGURES)
    if unknown:
        parser.error(f"unknown figure {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    matplotlib.use("Agg")
    options.output.mkdir(parents=True, exist_ok=True)
    with plots.style("light", transparent=False):
        for name in options.names or FIGURES:
            FIGURES[name](options.output)


if __name__ == "__main__":
    main()
