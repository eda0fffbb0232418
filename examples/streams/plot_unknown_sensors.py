"""
Sensors whose places nobody knows
=================================

144 pixels in an unknown order: a cable that was plugged in at random, a skin of touch sensors, a damaged array. From
what they sense together `SensorLayout` finds where they lie, up to rotation and reflection, and draws pictures again.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

import tectum

rng = np.random.default_rng(0)
photograph = load_sample_image("china.jpg").mean(axis=2)
corners = rng.integers(0, 400, (2000, 2))
glimpses = np.array([photograph[r : r + 12, c : c + 12].ravel() for r, c in corners])
order = rng.permutation(144)
scrambled = glimpses[:, order]

layout = tectum.SensorLayout().fit(scrambled)
print(f"quality {layout.quality_:.2f}")

# %%
# What the cable delivers, what the layout makes of it, and what was in front of the sensors. The layout may be turned
# or mirrored: nothing in the activity says which side is up.

k = 7
figure, axes = plt.subplots(1, 3, figsize=(8, 2.9))
pictures = (scrambled[k].reshape(12, 12), layout.transform(scrambled[k : k + 1])[0], glimpses[k].reshape(12, 12))
for ax, picture, title in zip(axes, pictures, ("as they come", "laid out", "the scene"), strict=True):
    ax.imshow(picture, cmap="gray")
    ax.set(title=title, xticks=[], yticks=[])

# %%
# No grid is needed, either. 200 electrodes at random places in a ring feel a field that waxes and wanes smoothly, each
# with noise of its own. Colours are the true angles; the places of ten electrodes, which are known, turn the layout the
# right way.

places = rng.uniform(-1.0, 1.0, (2000, 2))
places = places[np.abs(np.linalg.norm(places, axis=1) - 0.8) < 0.2][:200]
waves, phases = rng.normal(0.0, 2.5, (500, 60, 2)), rng.uniform(0.0, 2.0 * np.pi, (500, 60, 1))
field = np.cos(waves @ places.T + phases).sum(axis=1)
ring = tectum.SensorLayout().fit(field + 0.5 * rng.normal(size=field.shape))
print(f"quality {ring.quality_:.2f}")

figure, axes = plt.subplots(1, 2, figsize=(6, 3))
ring.align(np.where(np.arange(len(places))[:, None] < 10, places, np.nan))
for ax, where, title in zip(axes, (places, ring.positions_), ("where they are", "from their activity"), strict=True):
    ax.scatter(*where.T, s=12, c=np.arctan2(*places.T), cmap="twilight")
    ax.set(title=title, xticks=[], yticks=[], aspect="equal")
