"""Draw the comparison with other simulators into `_static`, for light and dark pages.

It shows what benchmarks/peers/results.json holds.

python docs/peers_figure.py
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figures import save
from matplotlib.figure import Figure

RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "peers" / "results.json"
SHOWN = {
    "standard-100": "standard network,\n100 neurons, learning",
    "standard-400": "standard network,\n400 neurons, learning",
    "standard-1600": "standard network,\n1600 neurons, learning",
    "encoding-400": "standard network,\n400 neurons, frozen",
    "event-stdp": "event-based STDP",
    "map-circuit": "map circuit",
    "waves-64": "wave sheet 64 × 64,\n0.1 ms",
    "waves-64-1ms": "wave sheet 64 × 64,\n1 ms",
}
ENGINES = ("Brian2 C++", "Brian2 Cython", "Brian2 Cython, usual", "NEST", "NEST, normalised", "ngc-learn", "BindsNET")
MARKERS = "osXD^vP"
ALIASES = {"ngc-learn, packed": "ngc-learn"}


def comparison(workloads: dict[str, Any]) -> Callable[[Figure], None]:
    """CPU time of each engine in units of that of tectum; bars are the range over rounds, ticks what was promised."""
    shown = [name for name in SHOWN if name in workloads]

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        for k, name in enumerate(shown):
            for engine, row in workloads[name]["engines"].items():
                label = ALIASES.get(engine, engine)
                if label not in ENGINES or "absent" in row:
                    continue
                index = ENGINES.index(label)
                y = k + 0.1 * (index - 0.5 * (len(ENGINES) - 1))
                ax.plot((row["least"], row["most"]), (y, y), color=f"C{index}", linewidth=1.5)
                ax.plot(row["times_tectum"], y, MARKERS[index], color=f"C{index}", markersize=6)
                if row["target"]:
                    ax.plot(row["target"], y, "|", color=f"C{index}", markersize=9)
        for index, engine in enumerate(ENGINES):
            ax.plot([], [], MARKERS[index], color=f"C{index}", label=engine)
        ax.plot([], [], "|", color="0.5", markersize=9, label="promised, at least")
        ax.axvline(1.0, color="0.5", linewidth=1.0)
        ax.set_xscale("log")
        ax.set(xlim=(0.8, None), xlabel="CPU time in units of that of tectum", yticks=range(len(shown)))
        ax.set_yticklabels([SHOWN[name] for name in shown])
        ax.set_ylim(len(shown) - 0.5, -0.5)
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    return draw


def main() -> None:
    """Draw the figure."""
    found = json.loads(RESULTS.read_text())["workloads"]
    save("peers", (7.2, 0.7 + 0.62 * sum(name in found for name in SHOWN)), comparison(found))


if __name__ == "__main__":
    main()
