"""Draw the curves of the cost model into `_static`, for light and dark pages.

They show what benchmarks/cost_model.json holds.

python docs/cost_model_figures.py
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figures import save
from matplotlib.axes import Axes
from matplotlib.figure import Figure

RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "cost_model.json"
MARKERS = "os^vDP"
SIZES = {
    "map_inputs": "SpikingSOM, 100 units",
    "map_units": "SpikingSOM, 1,000 inputs",
    "dictionary_inputs": "SpikingDictionary, 100 units",
    "dictionary_units": "SpikingDictionary, 1,000 inputs",
    "standard_inputs": "DiehlCook, 100 units",
    "standard_units": "DiehlCook, 1,000 inputs",
    "hierarchy_features": "MapHierarchy, 100 units",
    "hierarchy_units": "MapHierarchy, 1,000 features",
}
OTHERS = {
    "sheets": "Waves on a sheet, one step",
    "projections": "Growing WaveNetwork, one step",
    "silence": "A step in which nothing fires",
    "spikes": "Time follows events",
}
STREAM = ("SpikingSOM", "SpikingDictionary", "MapHierarchy", "DiehlCook")


def curves_of(rows: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Rows of each curve."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.values():
        if "failed" not in row:
            found.setdefault(row["curve"], []).append(row)
    return found


def draw_curves(ax: Axes, section: str, found: dict[str, Any], title: str, ylabel: str) -> None:
    """Time over size on logarithmic axes; dashes are frozen passes, the grey line is proportional."""
    scale = 1.0 if section in ("sheets", "projections", "silence") else 1e-3
    for k, (name, points) in enumerate(curves_of(found["sections"][section]).items()):
        x = [p["events"] if section == "spikes" else p["x"] for p in points]
        per_step = [p["steps"] if section == "silence" else 1.0 for p in points]
        y = [scale * p["us"] / n for p, n in zip(points, per_step, strict=True)]
        ax.plot(
            x,
            y,
            color=f"C{k}",
            marker=MARKERS[k],
            markersize=4,
            label=name.partition(",")[0] if section == "spikes" else name,
        )
        if "us_frozen" in points[0] and section != "spikes":
            ax.plot(x, [scale * p["us_frozen"] for p in points], "--", color=f"C{k}", linewidth=1.0)
        if k == 0:
            ax.plot((x[-1] / 30.0, x[-1]), (0.4 * y[-1] / 30.0, 0.4 * y[-1]), color="0.5", linewidth=1.0)
    ax.set(xscale="log", yscale="log", xlabel=found["xlabels"][section], ylabel=ylabel)
    ax.set_title(title)
    if section == "silence":
        ax.set_ylim(bottom=ax.get_ylim()[0] / 100.0)  # room for the names
    if len(curves_of(found["sections"][section])) > 1:
        ax.legend(fontsize=7)


def by_size(found: dict[str, Any]) -> Callable[[Figure], None]:
    """Inputs to the left, units to the right, a model per row."""

    def draw(figure: Figure) -> None:
        for ax, (section, title) in zip(figure.subplots(4, 2).flat, SIZES.items(), strict=True):
            draw_curves(ax, section, found, title, "ms per sample")

    return draw


def by_activity(found: dict[str, Any]) -> Callable[[Figure], None]:
    """Sheets, projections, silence and spikes."""

    def draw(figure: Figure) -> None:
        for ax, (section, title) in zip(figure.subplots(2, 2).flat, OTHERS.items(), strict=True):
            draw_curves(ax, section, found, title, "ms per sample" if section == "spikes" else "µs per step")

    return draw


def by_samples(found: dict[str, Any]) -> Callable[[Figure], None]:
    """Time and memory of one call over the number of samples."""
    lines = curves_of(found["sections"]["samples"])

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for k, name in enumerate(STREAM):
            x = [p["x"] for p in lines[name]]
            marks = {"color": f"C{k}", "marker": MARKERS[k], "markersize": 4, "label": name}
            left.plot(x, [1e-6 * p["us"] for p in lines[name]], **marks)
            grown = [max(0.0, p["mb"] - p["mb_before"] - p["data_mb"]) for p in lines[name]]
            right.plot(x, grown, **marks)
        left.set(xscale="log", yscale="log", xlabel="samples", ylabel="CPU s")
        left.set_title("Time is proportional")
        right.set(xscale="log", xlabel="samples", ylabel="MB, beyond the samples", ylim=(-1.0, 40.0))
        right.set_title("Memory is not")
        left.legend(fontsize=7)

    return draw


def main() -> None:
    """Draw the figures."""
    found = json.loads(RESULTS.read_text())
    save("cost_sizes", (7.2, 9.6), by_size(found))
    save("cost_activity", (7.2, 5.4), by_activity(found))
    save("cost_samples", (7.2, 2.8), by_samples(found))


if __name__ == "__main__":
    main()
