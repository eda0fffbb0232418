"""What the page of a map says of a neuron or of a sample when somebody points at it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tectum.plots.layout import cell_centres
from tectum.report.maps.study import Study
from tectum.report.render import Tips

MOST_NAMED = 8  # samples named of a neuron
MOST_CLASSES = 4


def neuron_tips(som: Any, study: Study, ax: Axes) -> Tips:
    """For every cell of a map: its neuron, and what it won."""
    row, column = np.divmod(np.arange(len(study.codebook)), som.grid_[1])
    texts = [_neuron(study, k, int(row[k]), int(column[k])) for k in range(len(row))]
    return Tips(ax, cell_centres(row, column, som.grid_.topology), texts)


def sample_tips(study: Study, samples: NDArray[np.intp], points: NDArray[np.float64], ax: Axes) -> Tips:
    """For every sample of a scatter: its class, its winner, when that fired and how many neurons did."""
    return Tips(ax, points, [_sample(study, int(k)) for k in samples])


def _neuron(study: Study, neuron: int, row: int, column: int) -> str:
    won = np.flatnonzero(study.winners == neuron)
    lines = [f"neuron {neuron} (row {row}, column {column}): {_count(len(won), 'sample')}"]
    if study.labels is not None and len(won):
        counts = np.bincount(study.labels[won], minlength=len(study.target_names))
        most = [k for k in np.argsort(-counts, kind="stable") if counts[k]]
        more = f", {len(most) - MOST_CLASSES} more" if len(most) > MOST_CLASSES else ""
        lines.append(", ".join(f"{study.target_names[k]} {counts[k]}" for k in most[:MOST_CLASSES]) + more)
    if len(won) and len(study.X) == study.n_given:  # else their numbers are those of a random subset
        lines.append("no. " + ", ".join(map(str, won[:MOST_NAMED])) + ", …" * (len(won) > MOST_NAMED))
    return "\n".join(lines)


def _sample(study: Study, k: int) -> str:
    head = f"sample {k}" if len(study.X) == study.n_given else "sample"
    if study.labels is not None:
        head += f": {study.target_names[study.labels[k]]}"
    if study.winners[k] < 0:
        return f"{head}\nno neuron fires"
    first = np.nanmin(study.latency[k])
    fired = _count(int(np.isfinite(study.latency[k]).sum()), "neuron")
    return f"{head}\nneuron {study.winners[k]} wins at {first:.1f} ms; {fired} fired"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"
