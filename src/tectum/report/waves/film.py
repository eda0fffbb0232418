"""Moving pictures of a network of sheets: compact data for the script of the page that draws them.

Arrays are base64: bits of what fires in each frame, 16-bit places as shares of the longer side of their sheet, 4-bit
receptive fields as shares of their largest weight, even nodes in the low bits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum import analysis, plots
from tectum.models.common.recording import Recording
from tectum.report.content import Film, packed
from tectum.report.waves.study import SNAPSHOT_MS, WaveStudy

FRAME_MS = 0.5
FILM_MS = 220.0  # of the grown network
MOST_FILM_BYTES, MOST_FIELD_BYTES = 400_000, 260_000  # before base64 adds a third
MOST_SIDE, N_STAGES = 4, 14  # of the square of units whose fields are shown; looks at them


def wave_film(study: WaveStudy) -> Film:
    """The waves on all sheets, during growth and after it."""
    snapshots = [snapshot for snapshot in study.snapshots if snapshot.activity is not None]
    scenes = [
        _scene(study, _growth_time(snapshot.time_ms, k == 0), snapshot.activity, SNAPSHOT_MS, snapshot.weights)
        for k, snapshot in enumerate(snapshots[:-1])
        if snapshot.activity is not None
    ]
    size = sum(-(-len(X) // 8) for X in study.positions)
    used = (len(snapshots) - 1) * size * SNAPSHOT_MS / FRAME_MS
    length = min(FILM_MS, max(SNAPSHOT_MS, (MOST_FILM_BYTES - used) / size * FRAME_MS))
    scenes.append(_scene(study, "Grown", study.recording, length, snapshots[-1].weights))
    sheets = [_sheet(X) for X in study.positions]
    return Film(
        "waves",
        "Waves on all sheets",
        "Each dot is a neuron; it lights up when it fires and fades within 2 ms. The first sheet is on the left: noise "
        "lights up a bump that wanders, dies and comes up elsewhere, and excites the sheet above, whose own lateral "
        "wiring makes it a wave again. Rings on the first sheet mark where the receptive fields of the units that "
        "fire above have their centre: once grown, and if the map is ordered, they follow the wave. The curves show "
        "which share of each sheet fires.",
        "waves",
        {"frame_ms": FRAME_MS, "sheets": sheets, "scenes": scenes, "start": len(scenes) - 1},
    )


def growth_film(study: WaveStudy) -> Film | None:
    """Receptive fields and the net of their centres over growth; None without looks on the way."""
    if len(study.snapshots) < 3:
        return None
    n_projections = len(study.positions) - 1
    stages = np.unique(np.linspace(0, len(study.snapshots) - 1, N_STAGES).round().astype(int)).tolist()
    each = max(1, 2 * MOST_FIELD_BYTES // (n_projections * len(stages)))
    projections = []
    for k in range(n_projections):
        lower, upper = study.positions[k], study.positions[k + 1]
        shown = spread_units(upper, max(1, min(MOST_SIDE, int(np.sqrt(each / len(lower))))))
        fields = [study.snapshots[stage].weights[k][shown] for stage in stages]
        projections.append(
            {
                "name": f"sheet {k} → {k + 1}",
                "below": _sheet(lower),
                "n": len(upper),
                "centres": [_places(analysis.field_centres(s.weights[k], lower), lower) for s in study.snapshots],
                "edges": packed(plots.sheet_neighbours(upper).astype("<u2")),
                "light": packed(_colours(upper, "light")),
                "dark": packed(_colours(upper, "dark")),
                "shown": shown.tolist(),
                "fields": [packed(_nibbles(table)) for table in fields],
                "measures": [
                    [_known(value) for value in (order[k].compactness, order[k].coverage, order[k].topography)]
                    for order in study.orders
                ],
            }
        )  # fmt: skip
    before = "every unit listens to all nodes, so that all centres lie in the middle"
    if study.configuration == "budding":
        before = "every unit listens to the node at its own place alone, born or not yet"
    return Film(
        "growth",
        "Fields come together, and the sheet unfolds",
        "Left: each unit of the sheet above is drawn at the centre of its receptive field on the sheet below; lines "
        f"join neighbours, and colours show the units' places on their own sheet. Before growth {before}. Right: the "
        "fields of some units, framed in their colour.",
        "growth",
        {"times": [snapshot.time_ms for snapshot in study.snapshots], "stages": stages, "projections": projections},
    )


def spread_units(positions: NDArray[np.float64], side: int) -> NDArray[np.intp]:
    """Units nearest to the points of a square grid over their sheet, in reading order from the upper left."""
    low, span = positions.min(axis=0), np.ptp(positions, axis=0)
    share = (np.arange(side) + 0.5) / side
    points = low + span * np.stack(np.meshgrid(share, share[::-1]), axis=-1).reshape(-1, 2)
    return np.array([np.square(positions - point).sum(axis=1).argmin() for point in points], dtype=np.intp)


def _growth_time(time_ms: float, first: bool) -> str:
    return "Before growth" if first else f"After {time_ms / 1000.0:.1f} s"


def _scene(study: WaveStudy, name: str, recording: Recording, length_ms: float, weights: list[NDArray]) -> dict:
    """What fires in each frame of a stretch of activity, and where the fields of the units have their centres."""
    n_frames = int(min(length_ms, recording.duration_ms) / FRAME_MS)
    frames = []
    for (time_ms, neuron), X in zip(study.spikes(recording), study.positions, strict=True):
        fired = np.zeros((n_frames, len(X)), dtype=bool)
        frame = np.floor(time_ms / FRAME_MS + 1e-6).astype(int)
        seen = frame < n_frames
        fired[frame[seen], neuron[seen]] = True
        frames.append(packed(np.packbits(fired, axis=1, bitorder="little")))
    first, fields, centres = study.positions[0], None, []
    for W in weights:
        shares = W / W.sum(axis=1, keepdims=True)
        fields = shares if fields is None else shares @ fields
        centres.append(_places(fields @ first, first))
    return {"name": name, "n": n_frames, "frames": frames, "centres": centres}


def _known(value: float) -> float | None:
    """A number for JSON, which knows no NaN."""
    return None if value != value else round(value, 3)


def _colours(positions: NDArray, theme: Any) -> NDArray[np.uint8]:
    with plots.style(theme):
        return np.round(255.0 * plots.position_colours(positions)).astype(np.uint8)


def _sheet(positions: NDArray) -> dict[str, Any]:
    """Nodes of a sheet, and its width and height as shares of the longer one."""
    span = np.ptp(positions, axis=0)
    width, height = np.round(span / max(float(span.max()), 1e-9), 4).tolist()
    return {"n": len(positions), "places": _places(positions, positions), "width": width, "height": height}


def _places(points: NDArray, sheet: NDArray) -> str:
    """Points (n, 2) as shares of the longer side of a sheet, from its lower left corner."""
    low, span = sheet.min(axis=0), max(float(np.ptp(sheet, axis=0).max()), 1e-9)
    return packed(np.clip(np.round(65535.0 * (points - low) / span), 0, 65535).astype("<u2"))


def _nibbles(fields: NDArray) -> NDArray[np.uint8]:
    """Fields (n, n_nodes) as shares of the largest weight of each, two to a byte."""
    largest = fields.max(axis=1, keepdims=True)
    levels = np.round(15.0 * np.maximum(fields, 0.0) / np.where(largest > 0, largest, 1.0)).astype(np.uint8)
    if levels.shape[1] % 2:
        levels = np.pad(levels, [(0, 0), (0, 1)])
    return levels[:, ::2] + 16 * levels[:, 1::2]
