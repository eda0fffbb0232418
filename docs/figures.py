"""Draw the figures of the guide into `_static`: one SVG for light and one for dark pages each, about half a minute.

python docs/figures.py
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tectum import SpikingSOM, analysis, datasets, plots
from tectum.models.common.parameters import PUBLISHED, RECOMMENDED
from tectum.parts.lateral import lateral_weight, radius
from tectum.parts.neurons import LIFStep, membrane
from tectum.parts.plasticity import STDPStep, depress, potentiate
from tectum.parts.steps import discretise
from tectum.parts.synapses import SynapseStep, filter_current

FOLDER = Path(__file__).parent / "_static"
VECTOR: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "tectum", "figure.constrained_layout.use": True}
SAMPLE = np.array([[0.3, 0.7]])
SHOWN_MS = 130.0
DT = 0.025


def save(name: str, size: tuple[float, float], draw: Callable[[Figure], None]) -> None:
    """Draw a figure once for each theme."""
    for theme in ("light", "dark"):
        with plots.style(theme), rc_context(VECTOR):
            figure = Figure(figsize=size)
            draw(figure)
            figure.savefig(FOLDER / f"{name}_{theme}.svg", metadata={"Date": None})


def code(som: SpikingSOM, recording: Any, drive: NDArray[np.float32]) -> Callable[[Figure], None]:
    """Receptive fields of one feature, and when each unit fires in a volley."""
    encoder = som.encoder_
    u = recording.spikes["u"]
    second = analysis.volleys(u.time_ms) == 1
    time = u.time_ms[second] - u.time_ms[second].min()
    latency = analysis.first_spike_latency(time, u.neuron[second], np.zeros_like(u.neuron[second]), u.n_neurons, 1)

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        ring = np.linspace(0.0, 1.0, 201)
        some = slice(1, encoder.n_units, 6)
        plots.plot_receptive_fields(
            ring, encoder.encode(ring[:, None])[:, some], xlabel="place on the ring (turns)", ax=left
        )
        left.axvspan(encoder.low, encoder.high, color="0.5", alpha=0.14, linewidth=0)
        left.text((encoder.low + encoder.high) / 2, 1.0, "data", ha="center", va="bottom", fontsize=8)
        left.set_title(f"Every sixth of {encoder.n_units} units")
        plots.plot_latency(drive, latency[0], ylabel="time in the volley (ms)", ax=right)
        right.set_title("The strongest fire first")

    return draw


def oscillation(recording: Any, drive: NDArray[np.float32]) -> Callable[[Figure], None]:
    """Three cycles of the whole circuit."""
    u, h, v = (recording.spikes[name] for name in "uhv")

    def draw(figure: Figure) -> None:
        plots.plot_oscillation_raster(
            u.time_ms,
            u.neuron,
            h.time_ms,
            v.time_ms,
            v.neuron,
            n_u=u.n_neurons,
            n_v=v.n_neurons,
            t_range=(0.0, SHOWN_MS),
            drive=drive,
            inhibition=(recording.traces["time_ms"], recording.traces["y_h"]),
            figure=figure,
        )

    return draw


def bubble(som: SpikingSOM, X: NDArray[np.float64]) -> Callable[[Figure], None]:
    """First spikes of the map for one sample, and who fires with the winner."""
    grid = som.spike_times(SAMPLE).reshape(som.shape)
    v = som.record(X[:60]).spikes["v"]
    profile = analysis.bubble_profile(v.time_ms, v.neuron, analysis.volleys(v.time_ms, v.presentation), som.shape)
    near = profile["distance"] <= 9
    distance, probability, latency = (profile[name][near] for name in ("distance", "probability", "extra_latency_ms"))
    latency = np.where(probability < 0.01, np.nan, latency)  # of a few stray spikes

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        plots.plot_first_spike_map(grid, ax=left)
        left.set_title("One sample")
        plots.plot_bubble(distance, probability, latency, ax=right)
        right.set_title("All cycles of 60 samples")

    return draw


def profiles() -> Callable[[Figure], None]:
    """Lateral profiles at the start and the end of the training, as published and as recommended."""
    distance = np.linspace(0.0, 9.0, 181)

    def draw(figure: Figure) -> None:
        panels = zip(figure.subplots(1, 2), (PUBLISHED, RECOMMENDED), ("Published", "Recommended"), strict=True)
        for ax, chosen, title in panels:
            radii = [radius(chosen["radius"], progress) for progress in (0.0, 0.5, 1.0)]
            weights = [[lateral_weight(chosen["lateral"], d, X) for d in distance.tolist()] for X in radii]
            labels = [f"radius {X:.1f}" for X in radii]
            plots.plot_lateral_profile(distance, np.array(weights), labels=labels, ax=ax)
            ax.legend(loc="lower left" if title == "Published" else "upper right")
            ax.set_title(title)
        ax.set_ylim(top=7.5)  # room for the legend

    return draw


def windows() -> Callable[[Figure], None]:
    """Change of a weight of 1 by a pair of spikes, and how the effect of an input spike builds up in the map."""
    rules = {"published": PUBLISHED["rule"], "recommended": RECOMMENDED["rule"]}
    lags = np.arange(-60, 121)
    projection, neuron = RECOMMENDED["projection"].synapse, RECOMMENDED["neuron"]
    membrane_after = spike_response(discretise(projection, DT), discretise(neuron, DT), 121)

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for name, rule in rules.items():
            step = discretise(rule, DT)
            left.plot(lags * DT, [pair_change(step, lag) for lag in lags.tolist()], label=name)
        left.axhline(0.0, color="0.5", linewidth=0.8, zorder=0.5)
        left.axvline(0.0, color="0.5", linewidth=0.8, zorder=0.5)
        left.set(xlabel=r"$t_\mathrm{post} - t_\mathrm{pre}$ (ms)", ylabel="change of a weight of 1")
        left.legend(loc="center right")
        left.set_title("The window, shifted")
        right.plot(np.arange(121) * DT, membrane_after / membrane_after.max())
        right.axvline(rules["recommended"].shift, color="0.5", linewidth=0.8, linestyle="--")
        right.set(xlabel="time after an input spike (ms)", ylabel="its effect in v (share of peak)", ylim=(0.0, None))
        right.set_title("An effect needs time")

    return draw


def pair_change(step: STDPStep, lag: int) -> float:
    """Change of a weight of 1 by a pair of spikes `lag` steps apart."""
    late = lag - int(step.shift)
    if late >= 0:
        return float(potentiate(step, 1.0, step.memory_plus[late])) - 1.0
    return float(depress(step, 1.0, step.memory_minus[-late])) - 1.0


def spike_response(synapse: SynapseStep, neuron: LIFStep, n_steps: int) -> NDArray[np.float64]:
    """Membrane after one presynaptic spike, step by step."""
    s, y, v, response = 1.0, 0.0, 0.0, []
    for _ in range(n_steps):
        response.append(v)
        s, y = filter_current(synapse, s, y)
        v = membrane(neuron, v, y)
    return np.array(response)


def unfolding(som: SpikingSOM) -> Callable[[Figure], None]:
    """The codebook of the square at several times, from the start on."""

    def draw(figure: Figure) -> None:
        plots.plot_unfolding(som.snapshots_, som.shape, som.snapshot_presentations_, max_panels=5, figure=figure)

    return draw


def main() -> None:
    """Train one map of the unit square and draw everything."""
    matplotlib.use("agg")
    FOLDER.mkdir(exist_ok=True)
    X = datasets.load("square").data
    som = SpikingSOM(n_presentations=20_000, input_range=(0.0, 1.0), random_state=0).fit(X)
    recording = som.record(SAMPLE, input_ms=SHOWN_MS, trace_ms=0.25)
    drive = som.currents(SAMPLE)[0]
    save("code", (7.2, 2.9), code(som, recording, drive))
    save("oscillation", (7.2, 4.8), oscillation(recording, drive))
    save("bubble", (7.2, 3.1), bubble(som, X))
    save("profiles", (7.2, 2.7), profiles())
    save("windows", (7.2, 2.7), windows())
    save("unfolding", (7.6, 2.3), unfolding(som))


if __name__ == "__main__":
    main()
