"""Draw the figures of the guide to sensors of unknown place into `_static`; about half a minute.

python docs/sensor_figures.py
"""

from figures import save
from matplotlib.figure import Figure

from tectum import SensorLayout, plots
from tectum.cli.wire import digit_stream, glimpses

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


if __name__ == "__main__":
    main()
