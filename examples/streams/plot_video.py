"""
Video, frame by frame
=====================

A generated drive through four scenes, as features without a network: pooled gradients by orientation and mean colours.
Memory stays the same however long the video is. Your own file goes in the place of `clip`.
"""

import tempfile
from pathlib import Path

import numpy as np

import tectum
from tectum import plots, streams
from tectum.parts import Features, Map, RandomProjection

folder = Path(tempfile.mkdtemp())
clip = streams.write_clip(folder / "road.mp4", seconds=12.0, size=(90, 160))

# %%
gradients = streams.OrientedGradients(size=(48, 80))
frames = streams.video(clip, size=gradients.size, every=3, thumbnails=(36, 64))
hierarchy = tectum.MapHierarchy([Map("scenes", (Features(code=RandomProjection()),), (6, 6))], random_state=0)

seen: list[streams.Chunk] = []
n = streams.learn(streams.features(frames, gradients), hierarchy, on_chunk=seen.append)
print(f"{n} frames of {seen[0].X.shape[1]} features")

# %%
X, times = np.vstack([chunk.X for chunk in seen]), np.concatenate([chunk.time_s for chunk in seen])
pictures = np.concatenate([chunk.thumbnails for chunk in seen])
plots.plot_frame_strip(times, pictures, n=8)

# %%
# Which neuron wins which frame: a staircase, as each stretch of the road has neurons of its own.

plots.plot_winner_time_line(times, hierarchy.predict(X), n_units=36)
