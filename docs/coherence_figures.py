"""Draw the figures of the guide to coherence into `_static`, for light and dark pages, from results of the drawings.

python papers/coherence/reproduce.py -o RESULTS
python docs/coherence_figures.py RESULTS
"""

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib
from figures import save
from matplotlib.figure import Figure

EXPERIMENTS = Path(__file__).parents[1] / "papers" / "coherence"


def main() -> None:
    """Draw those that the guide shows."""
    sys.path.insert(0, str(EXPERIMENTS))
    import drawings

    matplotlib.use("agg")
    stored = drawings.load(Path(sys.argv[1]))

    def drawing(function: drawings.Drawn) -> Callable[[Figure], None]:
        return lambda figure: function(figure, stored)

    for name in ("offsets", "delays", "conjunctions", "rasters", "budget"):
        _, size, function = drawings.FIGURES[name]
        save(f"coherence_{name}", size, drawing(function))


if __name__ == "__main__":
    main()
