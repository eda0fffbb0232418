"""
What is new in a stream
=======================

A hierarchy says while it learns which frames are unlike all that it knows, when a class begins, and when one comes
back.
"""

import matplotlib.pyplot as plt
import numpy as np

import tectum
from tectum.parts import Features, Map

rng = np.random.default_rng(0)
scenes = rng.random((4, 60)) ** 3
scene = np.repeat([0, 1, 0, 2, 1, 3], 40)
frames = np.clip(scenes[scene] + 0.08 * rng.standard_normal((240, 60)), 0, 1)
hierarchy = tectum.MapHierarchy([Map("scenes", (Features(),), (6, 6))], random_state=0).partial_fit(frames)

# %%
# The novelty of each frame at the moment it came: high where a scene begins that was
# never seen, not where one returns.

novelty = hierarchy.novelty_["scenes"]
figure, ax = plt.subplots(figsize=(8, 2.8))
ax.plot(novelty, lw=1)
for start in range(0, 240, 40):
    ax.axvline(start, color="0.7", lw=0.8)
    ax.text(start + 2, 0.98, "ABCD"[scene[start]], transform=ax.get_xaxis_transform(), va="top")
ax.set(xlabel="frame", ylabel="novelty")
for event in hierarchy.events_:
    print(f"frame {event.frame}: {event.why}")
