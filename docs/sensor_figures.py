"""Draw the figures of the guide to sensors of unknown place into `_static`; about a minute.

python docs/sensor_figures.py
"""

import numpy as np
from figures import save
from matplotlib.figure import Figure

from tectum import SensorLayout, WaveNetwork, analysis, plots
from tectum.cli.wire import digit_stream, glimpses
from tectum.parts import Sheet

SHOWN = {"digits": (130, 1210), "photograph": (420, 2210)}  # samples


def main() -> None:
    """Both demonstrations, before and after."""
    made = {}
    for name, stream in (("digits", digit_stream), ("photograph", glimpses)):
        activity = stream(0).scrambled(0)
        made[name] = activity, SensorLayout().fit(activity.X).align(activity.true)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(2, 5)
        for row, (name, (activity, layout)) in zip(axes, made.items(), strict=True):
            side = round(activity.X.shape[1] ** 0.5)
            some = activity.X[list(SHOWN[name])]
            pictures = [*some.reshape(-1, side, side), *layout.transform(some)]
            for k, (place, picture) in enumerate(zip((0, 3, 1, 4), pictures, strict=True)):
                row[place].imshow(picture, cmap="gray", vmin=0.0, vmax=1.0)
                row[place].set_axis_off()
                row[place].set_title("as it comes" if k < 2 else "restored", fontsize=9)
            plots.plot_sensor_layout(layout.positions_, layout.edges_, ax=row[2])
            row[2].set_rasterization_zorder(10)  # thousands of dots and lines
            row[2].set_title("the layout", fontsize=9)

    save("sensors", (10.0, 4.4), draw)
    repair()


def repair() -> None:
    """Two discs of sensors change places: where units look before, then, and after repair."""
    network = WaveNetwork((Sheet((28, 28)), Sheet(300, even=True)), random_state=70).grow()
    known, upper = network.sheet_positions_
    true = known.copy()
    for x, away in ((6.0, 8.0), (14.0, -8.0)):
        true[np.hypot(*(known - (x, 10.0)).T) < 3.0, 0] += away
    moved = np.any(true != known, axis=1)
    shown = [("before", known, network.weights_[0]), ("two discs have changed places", true, network.weights_[0])]
    shown.append(("repaired, 15 s later", true, network.move(true).grow(15_000.0).weights_[0]))

    def draw(figure: Figure) -> None:
        for ax, (title, places, weights) in zip(figure.subplots(1, 3), shown, strict=True):
            plots.plot_net(analysis.field_centres(weights, places), upper, sheet=places, ax=ax)
            ax.plot(*places[moved].T, ".", ms=2.0, color="tab:orange", zorder=0)
            ax.set_title(title, fontsize=9, fontweight="normal", loc="center")

    save("sensor_repair", (10.0, 3.5), draw)


if __name__ == "__main__":
    main()
