"""Draw the figures of the guide to dictionaries into `_static`, for light and dark pages; about half a minute.

python docs/dictionary_figures.py
"""

from collections.abc import Callable

import matplotlib
import numpy as np
from figures import save
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from tectum import SpikingDictionary, parts, plots
from tectum.report.dictionary.spikes import total_change

WEIGHTS = (0.1, 0.5, 0.9)
STEPS_SHOWN = (5, 10, 20, 50)


def windows() -> Callable[[Figure], None]:
    """Windows of the three rules that act under a softmax."""
    rules = {
        "Event-based STDP": (parts.EventSTDP(), np.arange(-6, 7)),
        "Trace STDP": (parts.TraceSTDP(), np.arange(-20, 21)),
        "Time-integrated STDP": (parts.TimeIntegratedSTDP(), np.arange(-6, 7)),
    }

    def draw(figure: Figure) -> None:
        for ax, (title, (rule, lags)) in zip(figure.subplots(1, 3), rules.items(), strict=True):
            changes = np.array([[total_change(rule, w, lag) for lag in lags.tolist()] for w in WEIGHTS])
            plots.plot_event_window(lags, changes, WEIGHTS, xlabel=r"$t_\mathrm{post} - t_\mathrm{pre}$ (steps)", ax=ax)
            ax.set_title(title)
            if title != "Time-integrated STDP":
                ax.get_legend().remove()
            if title != "Event-based STDP":
                ax.set_ylabel("")

    return draw


def components(learned: dict[str, SpikingDictionary]) -> Callable[[Figure], None]:
    """Components of each dictionary, most used first."""

    def draw(figure: Figure) -> None:
        for ax, (title, dictionary) in zip(figure.subplots(1, len(learned)), learned.items(), strict=True):
            order = np.argsort(-dictionary.spike_counts_)
            plots.plot_components(dictionary.components_, (8, 8), order=order, n_cols=8, ax=ax)
            ax.set_title(title)

    return draw


def coding(dictionary: SpikingDictionary, digit: NDArray[np.float64]) -> Callable[[Figure], None]:
    """Spikes of the neurons to one digit, and what they tell after some steps."""
    recording = dictionary.record(digit[None])
    units = recording.spikes["units"]
    n_steps = dictionary.encoder.n_steps
    step = np.round(units.time_ms * n_steps / recording.presentation_ms).astype(int)
    active = list(dict.fromkeys(units.neuron.tolist()))
    row = np.array([active.index(j) for j in units.neuron])
    told = []
    for last in STEPS_SHOWN:
        counts = np.bincount(units.neuron[step < last], minlength=units.n_neurons)
        told.append(dictionary.inverse_transform(counts[None] * (n_steps / last))[0])

    def draw(figure: Figure) -> None:
        grid = figure.add_gridspec(1, 2, width_ratios=(1.1, 1.6))
        left = figure.add_subplot(grid[0])
        left.scatter(step, row, marker="|", s=90, c=[f"C{r % 10}" for r in row])
        left.set(xlabel="step", ylabel="neuron", yticks=range(len(active)))
        left.set_yticklabels([str(j) for j in active])
        left.invert_yaxis()
        left.set_title("Spikes, by order of the first")
        images = grid[1].subgridspec(1, len(told) + 1).subplots()
        titles = ["input", *(f"{last} steps" for last in STEPS_SHOWN)]
        for ax, image, title in zip(images, [digit, *told], titles, strict=True):
            ax.imshow(image.reshape(8, 8), cmap="gray", vmin=0.0, vmax=1.0)
            ax.set_title(title, fontsize=8)
            ax.set_axis_off()

    return draw


def main() -> None:
    """Learn the digits of scikit-learn and draw everything."""
    matplotlib.use("agg")
    X = load_digits().data / 16.0
    encoder = parts.RegularSpikes()
    default = SpikingDictionary(64, n_active=4, encoder=encoder, n_presentations=40_000, random_state=0).fit(X)
    reference = SpikingDictionary.reference(64, n_presentations=40_000, random_state=0).fit(X)
    literal = SpikingDictionary.literal(64, n_presentations=40_000, random_state=0).fit(X)
    save("dictionary_windows", (9.0, 2.6), windows())
    learned = {"explaining away": default, "reference": reference, "literal": literal}
    save("dictionary_components", (9.0, 3.0), components(learned))
    save("dictionary_coding", (8.4, 2.4), coding(default, X[5]))


if __name__ == "__main__":
    main()
