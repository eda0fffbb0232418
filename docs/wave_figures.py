"""Draw the figures of the guide to wave networks into `_static`, for light and dark pages; about a minute.

python docs/wave_figures.py
"""

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from figures import FOLDER, save
from matplotlib.figure import Figure

from tectum import WaveNetwork, analysis, plots
from tectum.report import Snapshot, follow_growth
from tectum.report.render import with_fewer_digits
from tectum.report.waves.film import spread_units

STAGES = (0, 6, 14, 24)
DIVISION = (1000.0, 2000.0, 3500.0, 45_000.0)  # ms


def snapshots(network: WaveNetwork) -> Callable[[Figure], None]:
    """Waves on both sheets after growth."""
    recording = network.record(200.0)
    trains = [recording.spikes[f"layer_{k}"] for k in (0, 1)]
    spikes = [(train.time_ms, train.neuron) for train in trains]

    def draw(figure: Figure) -> None:
        moments = np.arange(100.0, 121.0, 4.0)
        names = ["first sheet", "second sheet"]
        plots.plot_wave_snapshots(spikes, network.sheet_positions_, moments, names=names, silent=False, figure=figure)

    return draw


def growth(snapshots: list[Snapshot], network: WaveNetwork) -> Callable[[Figure], None]:
    """The net of the second sheet on the first, and fields of three units, at some times of growth."""
    lower, upper = network.sheet_positions_
    units = spread_units(upper, 3)[::4]
    shown = [snapshots[k] for k in STAGES]

    def draw(figure: Figure) -> None:
        above, below = figure.subfigures(2, 1, height_ratios=(1.0, 2.9))
        for ax, snapshot in zip(above.subplots(1, len(shown)), shown, strict=True):
            plots.plot_net(analysis.field_centres(snapshot.weights[0], lower), upper, sheet=lower, ax=ax)
            ax.set_title(f"{snapshot.time_ms / 1000.0:.1f} s", fontweight="normal", loc="center")
        fields = np.stack([snapshot.weights[0][units] for snapshot in shown])
        ax = below.subplots()
        plots.plot_field_growth(fields, lower, [snapshot.time_ms for snapshot in shown], ax=ax)
        ax.set(xticks=[], yticks=[])

    return draw


def division() -> Callable[[Figure], None]:
    """A sheet that grows from one cell: cells and a wave on them, units that bud, the net of those that are there."""
    network, stages = WaveNetwork.growing(random_state=0), []
    for time in DIVISION:
        network.grow(time - sum(stage[0] for stage in stages[-1:]))
        train = network.record(60.0).spikes["layer_0"]
        busiest = np.bincount(np.rint(train.time_ms / network.step_ms).astype(int), minlength=600).argmax()
        wave = np.unique(train.neuron[np.abs(train.time_ms / network.step_ms - busiest) < 0.5])
        alive, W = network.alive_[1], network.weights_[0].copy()
        stages.append((time, network.alive_[0], wave, alive, W))
    lower, upper = network.sheet_positions_

    def draw(figure: Figure) -> None:
        rows = figure.subplots(2, len(stages))
        for above, below, (time, cells, wave, units, W) in zip(*rows, stages, strict=True):
            above.scatter(*lower[cells].T, s=3.0, color="0.6", linewidths=0)
            above.scatter(*lower[wave].T, s=9.0, color="#d0472f", linewidths=0)
            above.set_title(f"{time / 1000.0:g} s: {cells.sum():,} cells, {units.sum()} units", fontweight="normal")
            for ax in (above, below):
                ax.set(xlim=(-0.2, 20.2), ylim=(-0.2, 20.2), xticks=[], yticks=[], aspect="equal")
                ax.spines[:].set_visible(False)
            if units.any():
                plots.plot_net(analysis.field_centres(W[units], lower), upper[units], sheet=lower[cells], ax=below)

    return draw


def order(networks: dict[str, WaveNetwork]) -> Callable[[Figure], None]:
    """Units, centres of their fields and coverage, for both configurations."""

    def draw(figure: Figure) -> None:
        for row, (name, network) in zip(figure.subplots(len(networks), 3), networks.items(), strict=True):
            (lower, upper), W = network.sheet_positions_, network.weights_[0]
            compact = analysis.field_radius(W, lower) < 0.5 * analysis.sheet_radius(lower)
            plots.plot_net(upper, upper, sheet=upper, neighbours=[], ax=row[0])
            plots.plot_net(analysis.field_centres(W, lower), upper, sheet=lower, ax=row[1])
            plots.plot_coverage((W[compact] > analysis.receptive_fields.CUT).sum(axis=0), lower, ax=row[2])
            row[0].set_ylabel(name)
        for ax, title in zip(figure.axes, ("units", "centres of their fields", "fields over each node"), strict=False):
            ax.set_title(title, fontweight="normal")

    return draw


def main() -> None:
    """Grow a network by each rule and draw everything."""
    matplotlib.use("agg")
    ordered: Any = WaveNetwork.topographic(random_state=2)
    course = follow_growth(ordered)
    authors = WaveNetwork.authors(random_state=0).grow()
    save("wave_snapshots", (8.4, 3.0), snapshots(ordered))
    save("wave_growth", (6.4, 6.6), growth(course, ordered))
    save("wave_division", (8.4, 4.5), division())
    save("wave_order", (8.4, 5.2), order({"topographic": ordered, "authors": authors}))
    for path in FOLDER.glob("wave_*.svg"):
        path.write_bytes(with_fewer_digits(path.read_bytes()))


if __name__ == "__main__":
    main()
