"""The film of a layout coming about: activity in the order of the sensors, which fly to their places.

Arrays are base64: a byte for each sensor in each frame, 16-bit places as shares of the longer side of the picture.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes

from tectum.analysis import layout_from_activity
from tectum.report.content import Film, packed

MOST_BYTES = 300_000  # of frames, before base64 adds a third
MOST_FRAMES = 96
FEWER = (16, 4)  # parts of the samples from which a layout is shown on the way
EARLY_RIDGES = (0.3, 10.0)  # of these layouts
DARK, BRIGHT = 1.0, 99.0  # percentiles of activity that become black and white


def layout_film(layout: Any, X: NDArray[Any]) -> Film:
    """Samples as they come, and as the sensors move from the order they are given in to their places."""
    placed = np.flatnonzero(layout.cells_ >= 0)
    rows, cols = layout.picture_shape_
    final = layout.positions_[placed]
    in_cells = np.stack(np.divmod(layout.cells_[placed], cols), axis=1).astype(np.float64)
    stages = [("in the order given", _in_order(layout.n_features_in_, (rows, cols))[placed])]
    for part in FEWER:
        few = X[:: max(1, part)]
        if len(few) >= 20:
            found = layout_from_activity(few, ridges=EARLY_RIDGES, split=False).positions[placed]
            stages.append((f"from {len(few):,} samples", _onto(found, final, in_cells)))
    stages.append((f"from all {len(X):,} samples", _onto(final, final, in_cells)))
    stages.append(("restored", in_cells))
    shown = X[: max(1, min(MOST_FRAMES, len(X), MOST_BYTES // X.shape[1]))]
    return Film(
        "layout",
        "The picture comes back",
        "Left: activity as it comes, a cell for each sensor in the order of the columns, which is all that is known. "
        "Right: the same activity, each sensor where the layout from some of the samples has it, from all of them, and "
        "at last in a cell of its own. The layout is known up to a turn and a reflection. Sensors without a place are "
        "left out on the right.",
        "layout",
        {
            "n": layout.n_features_in_,
            "rows": rows,
            "cols": cols,
            "side": _side(layout.n_features_in_, (rows, cols)),
            "placed": packed(placed.astype("<u2")),
            "stages": [{"name": name, "places": packed(_shares(P, (rows, cols)))} for name, P in stages],
            "frames": packed(grey(shown)),
            "n_frames": len(shown),
        },
    )


def grey(X: NDArray[Any]) -> NDArray[np.uint8]:
    """Activity as bytes, black at its first percentile and white at its 99th."""
    low, high = np.percentile(X, DARK), np.percentile(X, BRIGHT)
    low, high = (X.min(), X.max()) if high <= low else (low, high)
    return np.round(255.0 * np.clip((X - low) / max(float(high - low), 1e-12), 0.0, 1.0)).astype(np.uint8)


def _side(n: int, shape: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of a picture of n cells, of about this shape."""
    rows = max(1, round(np.sqrt(n * shape[0] / shape[1])))
    return rows, -(-n // rows)


def _in_order(n: int, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Places of n sensors row by row, stretched to a picture of this shape."""
    rows, cols = _side(n, shape)
    places = np.stack(np.divmod(np.arange(n), cols), axis=1)
    return (places + 0.5) * (np.array(shape) / (rows, cols)) - 0.5


def _onto(found: NDArray[Any], final: NDArray[Any], cells: NDArray[Any]) -> NDArray[np.float64]:
    """A layout turned, scaled and moved onto the cells of the final one."""
    known = np.isfinite(found).all(axis=1)
    places = np.where(known[:, None], found, np.nanmean(found, axis=0))
    places = places - places[known].mean(axis=0)
    middle = cells - cells.mean(axis=0)
    turn, _ = orthogonal_procrustes(places[known], middle[known])
    scale = np.sqrt((middle**2).sum() / max(float((places**2).sum()), 1e-12))
    return places @ turn * scale + cells.mean(axis=0)


def _shares(places: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """Column and row as shares of the longer side of the picture."""
    shares = (places[:, ::-1] + 0.5) / max(shape)
    return np.clip(np.round(65535.0 * shares), 0, 65535).astype("<u2")
