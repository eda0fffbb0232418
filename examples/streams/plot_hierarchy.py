"""
Maps of maps on a stream
========================

Two maps see one half of the features each, a third hears the spikes of both. They learn a stream in one pass, sample
after sample, and keep what they knew when something new comes.
"""

import numpy as np

import tectum
from tectum import plots
from tectum.parts import Features, Map, Spikes

rng = np.random.default_rng(0)
scenes = rng.random((4, 60)) ** 3
scene = np.repeat([0, 1, 2, 0, 3, 1], 40)
frames = np.clip(scenes[scene] + 0.08 * rng.standard_normal((240, 60)), 0, 1)

maps = [
    Map("left", (Features(0, 30),), (4, 4)),
    Map("right", (Features(30),), (4, 4)),
    Map("top", (Spikes("left"), Spikes("right")), (5, 5)),
]
hierarchy = tectum.MapHierarchy(maps, random_state=0).partial_fit(frames)

# %%
# The winner of the upper map for each frame, in front of bands that show the scenes. Scene A comes back after 120
# frames and finds its neurons unchanged.

winners = hierarchy.predict(frames, "top")
plots.plot_winner_time_line(
    np.arange(240) / 25, winners, n_units=25, scenes=scene, scene_names=["scene A", "scene B", "scene C", "scene D"]
)
print(
    f"frames of scene A won by neurons that other scenes use too: "
    f"{np.isin(winners[scene == 0], winners[scene != 0]).mean():.2f}"
)
