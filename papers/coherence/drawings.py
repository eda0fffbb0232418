"""Figures of the reproduction, from the results that `reproduce.py` has written; rasters are simulated anew."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import experiments as run
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tectum import plots

HALF = run.PERIOD / 2.0
Stored = dict[str, dict[str, dict[str, list[float]]]]  # by section, condition and measure, one value per seed


def load(folder: Path) -> Stored:
    """Results of all sections in a folder."""
    return {file.stem: json.loads(file.read_text())["results"] for file in sorted(folder.glob("*.json"))}


def draw(folder: Path) -> None:
    """Draw every figure whose results are there."""
    matplotlib.use("agg")
    stored = load(folder)
    for name, (needed, size, function) in FIGURES.items():
        if needed <= stored.keys():
            with plots.style("light", transparent=False):
                figure = Figure(size, layout="constrained")
                function(figure, stored)
                figure.savefig(folder / f"coherence_{name}.png", dpi=130)


def curve(ax: Axes, x: Any, rows: list[list[float]], label: str, colour: Any) -> None:
    """Means over the seeds, with their standard deviations as a band."""
    values = np.array(rows)
    mean, spread = values.mean(axis=1), values.std(axis=1)
    ax.plot(x, mean, marker="o", markersize=4, color=colour, label=label)
    ax.fill_between(x, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0)


def bars(ax: Axes, rows: dict[str, dict[str, list[float]]], measures: dict[str, str]) -> None:
    """Horizontal bars of some measures for each condition, from above."""
    colours = plots.class_colours(len(measures))
    height = 0.8 / len(measures)
    for k, (measure, label) in enumerate(measures.items()):
        mean = [np.mean(row[measure]) for row in rows.values()]
        spread = [np.std(row[measure]) for row in rows.values()]
        y = np.arange(len(rows)) + (k - (len(measures) - 1) / 2.0) * height
        ax.barh(y, mean, height, xerr=spread, color=colours[k], label=label, error_kw={"linewidth": 0.8})
    ax.set_yticks(np.arange(len(rows)), list(rows))
    ax.invert_yaxis()


def offsets(figure: Figure, stored: Stored) -> None:
    """Information and two measures of coherence against the phase of the receiver."""
    rows = {key: row for key, row in stored["transmission"].items() if key[0].isdigit() and "both" not in key}
    x = [float(key.split()[0]) for key in rows] + [run.PERIOD]
    around = [*rows.values(), rows["0 ms"]]  # a whole cycle later is no later
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.6, 1.0))
    colours = plots.class_colours(4)
    curve(above, x, [row["MI"] for row in around], "information", colours[0])
    above.axvline(run.DELAY, color="0.5", linewidth=0.8, linestyle=":")
    above.annotate("delay", (run.DELAY, 0.0), xytext=(3, 2), textcoords="offset points", fontsize=8, color="0.5")
    above.set(ylabel="transmitted (bit)", ylim=(0.0, None))
    curve(below, x, [row["PLV"] for row in around], "phase locking", colours[1])
    curve(below, x, [row["coherence"] for row in around], "coherence at 40 Hz", colours[2])
    curve(below, x, [row["PPC"] for row in around], "spikes' phase consistency", colours[3])
    below.set(xlabel="receiver after sender (ms)", ylim=(0.0, 1.08))
    below.legend(loc="lower left", fontsize=8)


def delays(figure: Figure, stored: Stored) -> None:
    """Information about the sender that entrains the receiver and about the other, by the delay of entrainment."""
    rows = stored["entrainment"]
    x = sorted(
        {float(key.split(", ")[1].split()[0]) for key in rows if key.startswith("1 entrains, ") and ";" not in key}
    )
    ax = figure.subplots()
    colours = plots.class_colours(2)
    for k, (label, pairs) in enumerate(
        {"sender that entrains": (("1", "1"), ("2", "2")), "other sender": (("1", "2"), ("2", "1"))}.items()
    ):
        values = [[v for e, m in pairs for v in rows[f"{e} entrains, {d:g} ms"][f"MI {m}"]] for d in x]
        curve(ax, x, values, label, colours[k])
    ax.set(xlabel="inhibition excited later than the map by (ms)", ylabel="transmitted (bit)", ylim=(0.0, None))
    ax.legend()


def senders(figure: Figure, stored: Stored) -> None:
    """Two senders to one receiver."""
    ax = figure.subplots()
    bars(ax, stored["selection"], {"MI 1": "sender 1", "MI 2": "sender 2"})
    ax.set(xlabel="transmitted (bit)")
    ax.legend()


def learned(figure: Figure, stored: Stored) -> None:
    """What the upper map tells of pairs after learning, and whether its winners depend on x and on y."""
    rows = {key: row for key, row in stored["conjunctions"].items() if "AMI y" in row and "specified" not in key}
    left, right = figure.subplots(1, 2, sharey=True)
    bars(left, rows, {"MI": "x and y"})
    left.axvline(4.0, color="0.5", linewidth=0.8, linestyle=":")
    left.set(xlabel="information about the pair (bit of 4)")
    bars(right, rows, {"AMI x": "x, seen by L1", "AMI y": "y, seen by L2"})
    right.set(xlabel="agreement of the winner (AMI)")
    right.invert_yaxis()
    right.legend(loc="center", bbox_to_anchor=(0.66, 0.27), fontsize=8)  # where bars are short


def budget(figure: Figure, stored: Stored) -> None:
    """Bits against spikes, of a rhythmic receiver and of one under tonic inhibition."""
    ax = figure.subplots()
    for k, (start, label) in enumerate({"rhythm": "paced inhibition", "tonic": "tonic inhibition"}.items()):
        rows = [row for key, row in stored["budget"].items() if key.startswith(start)]
        rate, bits = (np.array([row[m] for row in rows]) for m in ("Hz", "MI"))
        colour = plots.class_colours(2)[k]
        ax.errorbar(rate.mean(1), bits.mean(1), bits.std(1), color=colour, marker="os"[k], markersize=4, label=label)
    ax.set(xlabel="receiver's rate (spikes/s)", ylabel="transmitted (bit)", xscale="log", ylim=(0.0, None))
    ax.set_xticks([0.1, 0.3, 1.0, 3.0], ["0.1", "0.3", "1", "3"])
    ax.legend()


def rasters(figure: Figure, stored: Stored | None = None) -> None:
    """Four cycles of both lower maps and of the upper one, after learning, in phase and with L2 in anti-phase."""
    panels = figure.subplots(3, 2, sharex=True, sharey="row")
    for column, (title, condition) in enumerate(
        {"in phase": run.Conjunction(), "L2 in anti-phase": run.Conjunction(HALF)}.items()
    ):
        presented, start = four_cycles(condition)
        for m, name in enumerate(("L1", "L2", "U")):
            ax = panels[m, column]
            n = run.N_U if m == 2 else run.N_E
            time, neuron = presented.time_ms[m] - start, presented.neuron[m]
            shown = (time >= 0.0) & (time < 4 * run.PERIOD)
            field = presented.field[m][int(start) : int(start) + int(4 * run.PERIOD) + 1]
            plots.plot_raster(time[shown], neuron[shown], n_neurons=n, colour=plots.class_colours(3)[m], ax=ax)
            ax.fill_between(np.arange(len(field)), field / presented.field[m].max() * n, color="0.5", alpha=0.25, lw=0)
            ax.set(xlabel="time (ms)" if m == 2 else "", ylabel=name if column == 0 else "", xlim=(0.0, 4 * run.PERIOD))
        panels[0, column].set_title(title)


def four_cycles(condition: run.Conjunction) -> tuple[run.Presented, float]:
    """What happens after learning, and the time in ms when the answer to the fourth pair begins."""
    rng = np.random.default_rng(0)
    lower, graph = run.learner(condition, 0)
    n = int(graph.circuit.first[-1])
    run.present(graph, pairs(rng.integers(4, size=(2, 1280)), lower, n), 0, learning=True)
    return run.present(graph, pairs(np.array([[0, 3, 1, 2, 0], [1, 0, 3, 2, 1]]), lower, n), 1), 3 * run.FRAME_MS + 10.0


def pairs(stimuli: NDArray[np.intp], lower: list[run.Sender], n: int) -> NDArray[np.float32]:
    """Input of pairs (2, n_frames)."""
    return run.stimulus_drive(stimuli, 2, lower, n)


Drawn = Callable[[Figure, Stored], None]
FIGURES: dict[str, tuple[set[str], tuple[float, float], Drawn]] = {
    "offsets": ({"transmission"}, (5.6, 4.4), offsets),
    "delays": ({"entrainment"}, (5.0, 3.2), delays),
    "senders": ({"selection"}, (5.6, 3.6), senders),
    "conjunctions": ({"conjunctions"}, (7.2, 3.8), learned),
    "budget": ({"budget"}, (5.0, 3.2), budget),
    "rasters": ({"conjunctions"}, (8.0, 5.0), rasters),
}
