"""The film of a recording: events, what spikes tell of them, and which components fire.

Pictures are PNG files one below the other, with a byte for each pixel: 128 is nothing, more is ON, less is OFF.
"""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tectum import analysis
from tectum.report.content import Film, packed
from tectum.report.events.study import EventStudy, signed

N_FRAMES, STEP_MS = 60, (2.0, 10.0)
MOST_PIXELS = 5_000_000  # of all pictures; larger cameras are shown smaller
LEVELS = 15  # on either side of nothing
BRIGHT = 99.5  # percentile of traces that is shown as the strongest


def event_film(dictionary: Any, study: EventStudy) -> Film:
    """The liveliest stretch of the first clip."""
    clip, spikes = study.clips[0], study.spikes[0]
    encoder, end = dictionary.chosen_parts()["encoder"], float(clip.events["t"][-1])
    step = 1e3 * float(np.clip(end / 1e3 / N_FRAMES, *STEP_MS))
    n_frames = int(max(2, min(N_FRAMES, end // step)))
    per_step = np.bincount((clip.events["t"] // step).astype(int))
    whole = np.convolve(per_step, np.ones(n_frames), "valid") if len(per_step) > n_frames else np.ones(1)
    begin = float(whole.argmax()) * step
    at = begin + step * np.arange(1, n_frames + 1)
    seen = analysis.event_traces(clip.events, at, tau_ms=encoder.tau, shape=study.shape)
    restored = dictionary.reconstruct_events(spikes, at, shape=study.shape)
    by = int(np.ceil(np.sqrt(2 * n_frames * study.shape[0] * study.shape[1] / MOST_PIXELS)))
    pictures = [_smaller(signed(table), max(1, by)) for table in (seen, restored)]
    strongest = np.abs(pictures[0])[pictures[0] != 0.0]
    limit = max(float(np.percentile(strongest, BRIGHT)) if len(strongest) else 1.0, 1e-9)
    frame = np.searchsorted(at, spikes["t"])
    shown = (spikes["t"] > begin) & (frame < n_frames)
    n = dictionary.n_components
    fired = np.bincount(frame[shown] * n + spikes["unit"][shown], minlength=n_frames * n).reshape(n_frames, n)
    components = signed(dictionary.components_.reshape(n, 2, encoder.size, encoder.size))
    order = np.argsort(-np.bincount(spikes["unit"], minlength=n), kind="stable")
    rates = np.sqrt(fired / max(1, fired.max()))[:, order]
    edges = np.concatenate([[begin], at])
    counts = [np.histogram(kind["t"], edges)[0] for kind in (clip.events, spikes)]
    return Film(
        "events",
        "Events, and their reconstruction from spikes",
        f"Left: the trace of the events in each pixel, fading with {encoder.tau:g} ms, ON and OFF in different "
        "colours. Middle: the same reconstructed from the spikes alone, each of which adds its component where it "
        "fired. Right: the components, most used first, lit up while they fire. The curves below show events (pale) "
        "and spikes over time, each on its own scale. The busiest part of the recording is shown.",
        "events",
        {
            "rows": pictures[0].shape[1],
            "cols": pictures[0].shape[2],
            "n_frames": n_frames,
            "times_ms": [round(t / 1e3, 1) for t in at.tolist()],
            "seen": _png(pictures[0] / limit),
            "restored": _png(pictures[1] / limit),
            "size": encoder.size,
            "n": n,
            "components": _png(components[order] / max(float(np.abs(components).max()), 1e-9)),
            "rates": packed(np.round(255.0 * rates).astype(np.uint8)),
            "counts": [[int(x) for x in row] for row in counts],
        },
    )


def _smaller(pictures: NDArray[Any], by: int) -> NDArray[Any]:
    """Means of squares of pixels."""
    rows, cols = (side // by for side in pictures.shape[1:])
    cut = pictures[:, : rows * by, : cols * by]
    return cut.reshape(len(cut), rows, by, cols, by).mean(axis=(2, 4))


def _png(pictures: NDArray[Any]) -> str:
    """Values from -1 to 1 (n, height, width) in a file that the page can show."""
    levels = np.round(LEVELS * np.clip(pictures, -1.0, 1.0)) * (127 // LEVELS) + 128
    buffer = io.BytesIO()
    Image.fromarray(levels.astype(np.uint8).reshape(-1, pictures.shape[2])).save(buffer, "png", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
