"""Draw the figures of the guide to wave networks into `_static`, for light and dark pages; about a minute.

python docs/wave_figures.py
"""

from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from figures import FOLDER, save
from matplotlib.figure import Figure

from tectum import WaveNetwork, plots
from tectum.analysis import waves
from tectum.report import Look, follow_growth
from tectum.report.render import with_fewer_digits
from tectum.report.wave_film import spread_units

STAGES = (0, 6, 14, 24)


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


def growth(looks: list[Look], network: WaveNetwork) -> Callable[[Figure], None]:
    """The net of the second sheet on the first, and fields of three units, at some times of growth."""
    lower, upper = network.sheet_positions_
    units = spread_units(upper, 3)[::4]
    shown = [looks[k] for k in STAGES]

    def draw(figure: Figure) -> None:
        above, below = figure.subfigures(2, 1, height_ratios=(1.0, 2.9))
        for ax, look in zip(above.subplots(1, len(shown)), shown, strict=True):
            plots.plot_net(waves.field_centres(look.weights[0], lower), upper, sheet=lower, ax=ax)
            ax.set_title(f"{look.time_ms / 1000.0:.1f} s", fontweight="normal", loc="center")
        fields = np.stack([look.weights[0][units] for look in shown])
        ax = below.subplots()
        plots.plot_field_growth(fields, lower, [look.time_ms for look in shown], ax=ax)
        ax.set(xticks=[], yticks=[])

    return draw


def order(networks: dict[str, WaveNetwork]) -> Callable[[Figure], None]:
    """Units, centres of their fields and coverage, for both configurations."""

    def draw(figure: Figure) -> None:
        for row, (name, network) in zip(figure.subplots(len(networks), 3), networks.items(), strict=True):
            (lower, upper), W = network.sheet_positions_, network.weights_[0]
            compact = waves.field_radius(W, lower) < 0.5 * waves.sheet_radius(lower)
            plots.plot_net(upper, upper, sheet=upper, neighbours=[], ax=row[0])
            plots.plot_net(waves.field_centres(W, lower), upper, sheet=lower, ax=row[1])
            plots.plot_coverage((W[compact] > waves.CUT).sum(axis=0), lower, ax=row[2])
            row[0].set_ylabel(name)
        for ax, title in zip(figure.axes, ("units", "centres of their fields", "fields over each node"), strict=False):
            ax.set_title(title, fontweight="normal")

    return draw


def main() -> None:
    """Grow a network by each rule and draw everything."""
    matplotlib.use("agg")
    ordered: Any = WaveNetwork.topographic(random_state=2)
    looks = follow_growth(ordered)
    authors = WaveNetwork.authors(random_state=0).grow()
    save("wave_snapshots", (8.4, 3.0), snapshots(ordered))
    save("wave_growth", (6.4, 6.6), growth(looks, ordered))
    save("wave_order", (8.4, 5.2), order({"topographic": ordered, "authors": authors}))
    for path in FOLDER.glob("wave_*.svg"):
        path.write_bytes(with_fewer_digits(path.read_bytes()))


if __name__ == "__main__":
    main()
