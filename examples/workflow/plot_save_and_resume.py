"""
Stop, save, go on
=================

A model file holds all that is needed to go on, the state of the random numbers too. Training that was interrupted ends
with the same bits as training that was not.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tectum

X = np.random.default_rng(0).random((2000, 3))
whole = tectum.SpikingSOM((6, 6), random_state=0).partial_fit(X[:700]).partial_fit(X[700:])

# %%
first = tectum.SpikingSOM((6, 6), random_state=0).partial_fit(X[:700])
path = Path(tempfile.mkdtemp()) / "half.tectum"
first.save(path)
second = tectum.load(path).partial_fit(X[700:])
print(f"file of {path.stat().st_size / 1000:.0f} kB; the same bits: {np.array_equal(whole.weights_, second.weights_)}")

# %%
figure, axes = plt.subplots(1, 3, figsize=(8, 2.8))
titles = ("half", "half, then the rest", "without a stop")
for ax, model, title in zip(axes, (first, second, whole), titles, strict=True):
    ax.imshow(np.clip(model.codebook_.reshape(6, 6, 3), 0, 1))
    ax.set(title=title, xticks=[], yticks=[])
