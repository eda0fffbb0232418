"""Draw the figure of the guide to a piece of cortex into `_static`; about a minute of one core.

python docs/cortex_figures.py
"""

import copy

import numpy as np
from figures import save
from matplotlib.figure import Figure

from tectum import analysis, plots
from tectum.models.cortex import rearing

SIDE, SEED = 68, 10
N_TUNED = 5


def main() -> None:
    """One sheet through its development, and one with two eyes."""
    untrained = rearing.new_sheet(SIDE, SEED)
    dark = rearing.learn(
        copy.deepcopy(untrained), rearing.wave_views(untrained, rearing.WAVES, SEED), rearing.WAVE_RATE
    )
    light = rearing.see(copy.deepcopy(dark), rearing.sight_views(dark, rearing.SIGHTS, SEED))
    maps = {
        "untrained": rearing.map_of(untrained),
        "after waves": rearing.map_of(dark),
        "after photographs": (z := rearing.map_of(light)),
    }
    two_eyed = rearing.new_sheet(SIDE, SEED, eyes=2)
    rearing.learn(two_eyed, rearing.wave_views(two_eyed, 5000, SEED), rearing.WAVE_RATE)
    dominance, ring = rearing.dominance_of(two_eyed), analysis.hypercolumn(z)
    answers, orientation = rearing.responses(light)
    distinct = np.unique(orientation)
    curves = np.stack([answers[orientation == theta].max(axis=0) for theta in distinct], axis=1)
    order = np.argsort(np.abs(z).ravel())
    some = order[(np.linspace(0.5, 0.95, N_TUNED) * (len(order) - 1)).astype(int)]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(2, 3)
        for ax, (name, field) in zip(axes[0], maps.items(), strict=True):
            found = analysis.pinwheels(field)
            wheels = None if name == "untrained" else (found.positions, found.signs)
            plots.plot_orientation_map(field, pinwheels=wheels, ax=ax)
            ax.set_title(name, fontsize=10)
        plots.plot_orientation_tuning(distinct, curves[some], ax=axes[1, 0])
        axes[1, 0].set_title("tuning of five neurons", fontsize=10)
        plots.plot_map_spectrum(ring.frequency, ring.power, ring.wavelength, ax=axes[1, 1])
        plots.plot_ocular_dominance(dominance, ax=axes[1, 2])
        axes[1, 2].set_title("two eyes, each with waves of its own", fontsize=10)

    save("cortex", (10.0, 7.2), draw)


if __name__ == "__main__":
    main()
