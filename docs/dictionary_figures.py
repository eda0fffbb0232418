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
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import NearestCentroid

from tectum import SpikingDictionary, SpikingReadout, parts, plots
from tectum.report.dictionary.spikes import total_change

WEIGHTS = (0.1, 0.5, 0.9)
STEPS_SHOWN = (5, 10, 20, 50)
TRAINED = 1200  # digits
SEEN = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 12_000)  # digits that a read-out has been taught


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
    restored = []
    for last in STEPS_SHOWN:
        counts = np.bincount(units.neuron[step < last], minlength=units.n_neurons)
        restored.append(dictionary.inverse_transform(counts[None] * (n_steps / last))[0])

    def draw(figure: Figure) -> None:
        grid = figure.add_gridspec(1, 2, width_ratios=(1.1, 1.6))
        left = figure.add_subplot(grid[0])
        left.scatter(step, row, marker="|", s=90, c=[f"C{r % 10}" for r in row])
        left.set(xlabel="step", ylabel="neuron", yticks=range(len(active)))
        left.set_yticklabels([str(j) for j in active])
        left.invert_yaxis()
        left.set_title("Spikes, by order of the first")
        images = grid[1].subgridspec(1, len(restored) + 1).subplots()
        titles = ["input", *(f"{last} steps" for last in STEPS_SHOWN)]
        for ax, image, title in zip(images, [digit, *restored], titles, strict=True):
            ax.imshow(image.reshape(8, 8), cmap="gray", vmin=0.0, vmax=1.0)
            ax.set_title(title, fontsize=8)
            ax.set_axis_off()

    return draw


def readout(codes: NDArray[np.float32], y: NDArray[np.int64]) -> Callable[[Figure], None]:
    """What the neurons of a read-out answer to ten digits, before and after learning, and how accuracy grows."""
    train, test = slice(TRAINED), slice(TRAINED, None)
    shown = [int(np.flatnonzero(y[test] == digit)[0]) for digit in range(10)]
    order = np.concatenate([np.random.default_rng(lap).permutation(TRAINED) for lap in range(10)])
    net = SpikingReadout(input_range=(0.0, codes[train].max(axis=0) + 1e-9), random_state=0)
    accuracy, recordings = [], []
    for first, last in zip((0, *SEEN), SEEN, strict=False):
        net.partial_fit(codes[order[first:last]], y[order[first:last]], classes=np.arange(10))
        accuracy.append(net.score(codes[test], y[test]))
        if last in (SEEN[2], SEEN[-1]):
            recordings.append((last, net.record(codes[test][shown])))
    rivals = {"ridge regression": RidgeClassifier(alpha=10.0), "nearest class mean": NearestCentroid()}
    reached = {name: rival.fit(codes[train], y[train]).score(codes[test], y[test]) for name, rival in rivals.items()}

    def draw(figure: Figure) -> None:
        first, second, third = figure.subplots(1, 3, width_ratios=(1.0, 1.0, 1.15))
        for ax, (n, recording) in zip((first, second), recordings, strict=True):
            units, step_ms = recording.spikes["units"], recording.presentation_ms / 20
            right = units.neuron == units.presentation
            place = units.presentation + (units.time_ms % recording.presentation_ms) / step_ms / 20
            for mask, colour in ((right, "C0"), (~right, "C1")):
                ax.scatter(place[mask], units.neuron[mask], marker="|", s=60, c=colour)
            for edge in range(1, 10):
                ax.axvline(edge, color="0.5", alpha=0.3, linewidth=0.6)
            ax.set(xlim=(0, 10), ylim=(9.6, -0.6), xticks=np.arange(10) + 0.5, yticks=range(10), xlabel="digit shown")
            ax.set_xticklabels([str(digit) for digit in range(10)])
            ax.set_title(f"after {n:,} digits")
        first.set_ylabel("neuron of class")
        third.plot(SEEN, accuracy, "o-", label="spiking read-out", markersize=4)
        for k, (name, value) in enumerate(reached.items()):
            third.axhline(value, linestyle=("--", ":")[k], color="0.5", label=name)
        third.set(xscale="log", xlabel="digits taught", ylabel="accuracy, held out", ylim=(0.0, 1.02))
        third.legend(loc="lower right", fontsize=8)

    return draw


def main() -> None:
    """Learn the digits of scikit-learn and draw everything."""
    matplotlib.use("agg")
    X, y = load_digits(return_X_y=True)
    X = X / 16.0
    encoder = parts.RegularSpikes()
    default = SpikingDictionary(64, n_active=4, encoder=encoder, n_presentations=40_000, random_state=0).fit(X)
    reference = SpikingDictionary.reference(64, n_presentations=40_000, random_state=0).fit(X)
    literal = SpikingDictionary.literal(64, n_presentations=40_000, random_state=0).fit(X)
    save("dictionary_windows", (9.0, 2.6), windows())
    learned = {"explaining away": default, "reference": reference, "literal": literal}
    save("dictionary_components", (9.0, 3.0), components(learned))
    save("dictionary_coding", (8.4, 2.4), coding(default, X[5]))
    layer = SpikingDictionary(64, n_active=6, n_presentations=20_000, random_state=0).fit(X[:TRAINED])
    save("dictionary_readout", (9.0, 2.9), readout(layer.transform(X), y))


if __name__ == "__main__":
    main()
