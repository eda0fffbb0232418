"""
Events of an event camera
=========================

An event camera sends no frames but changes: time, place, brighter or darker. Here a bar crosses the sensor in one of
four directions; the recording is generated. `read_events` reads files of real cameras into the same kind of array.
"""

import numpy as np

import tectum
from tectum import plots, streams

rng = np.random.default_rng(0)


def crossing(direction: int, start_us: int) -> np.ndarray:
    """Events of a bar that crosses 16 x 16 pixels in 160 ms, with noise."""
    t = rng.uniform(0, 160_000, 3000)
    front = np.floor(t / 10_000).astype(int)
    along = rng.integers(0, 16, 3000)
    front = 15 - front if direction in (1, 3) else front
    x, y = (front, along) if direction < 2 else (along, front)
    events = np.zeros(3000, [("t", "i8"), ("x", "i2"), ("y", "i2"), ("p", "i1")])
    events["t"], events["x"], events["y"], events["p"] = t + start_us, x, y, rng.integers(0, 2, 3000)
    return events


order = rng.integers(0, 4, 60)
events = np.concatenate([crossing(direction, 200_000 * k) for k, direction in enumerate(order)])

# %%
# Windows of 40 ms become counts of ON and OFF events for each pixel.

stream = streams.event_frames(np.sort(events, order="t"), window_ms=40.0, shape=(16, 16), empty=False)
X = np.vstack([chunk.X for chunk in stream])
som = tectum.SpikingSOM((6, 6), n_presentations=1500, random_state=0).fit(X)

on = som.codebook_[:, :256] + som.codebook_[:, 256:]
ax = plots.plot_codebook_images(on, som.shape, (16, 16), label="events in 40 ms")
