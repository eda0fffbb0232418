"""Draw the figures of the guide to coherence into `_static`, for light and dark pages, from results of the drawings.

python papers/coherence/reproduce.py -o RESULTS
python papers/coherence/attention.py -o RESULTS
python docs/coherence_figures.py RESULTS

Figures of which there are no results stay as they are.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from figures import save
from matplotlib.figure import Figure

from tectum.plots.style import accent, ink

EXPERIMENTS = Path(__file__).parents[1] / "papers" / "coherence"


def main() -> None:
    """Draw those that the guide shows."""
    sys.path.insert(0, str(EXPERIMENTS))
    import drawings

    matplotlib.use("agg")
    stored = drawings.load(Path(sys.argv[1]))
    if "attention" in stored:
        save("coherence_attention", (8.4, 2.9), lambda figure: attention(figure, stored["attention"]))

    def drawing(function: drawings.Drawn) -> Callable[[Figure], None]:
        return lambda figure: function(figure, stored)

    for name in ("offsets", "delays", "conjunctions", "rasters", "budget"):
        needed, size, function = drawings.FIGURES[name]
        if needed <= stored.keys():
            save(f"coherence_{name}", size, drawing(function))


def attention(figure: Figure, found: Any) -> None:
    """Agreement of the upper map with either stream, by phases; a dot for each seed."""
    panels = figure.subplots(1, len(found), sharex=True, sharey=True, squeeze=False)[0]
    for ax, (title, conditions) in zip(panels, found.items(), strict=True):
        for row, runs in enumerate(conditions.values()):
            for k, name in enumerate(("with A", "with B")):
                values = np.array(runs)[:, k]
                y = np.full(len(values), row + 0.14 - 0.28 * (k == 0))
                ax.scatter(values, y, s=9, color=accent(k), alpha=0.35, linewidths=0)
                ax.scatter([values.mean()], y[:1], s=42, color=accent(k), label=name if row == 0 else None, zorder=3)
        ax.axvline(0.0, color=ink(0.4), linewidth=0.8)
        ax.set(title=title, xlabel="AMI of the winner", yticks=range(len(conditions)), yticklabels=list(conditions))
    panels[0].invert_yaxis()
    panels[min(1, len(panels) - 1)].legend(loc="center right")


if __name__ == "__main__":
    main()
