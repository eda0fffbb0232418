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
