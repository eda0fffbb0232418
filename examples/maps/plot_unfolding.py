"""
A map unfolds
=============

Each neuron of the map stands where its weights say it prefers to be, and lines join neighbours on the map. The map
starts on the plane of the samples; while neighbourhoods are wide it contracts, and it unfolds as they shrink.
"""

import numpy as np

import tectum
from tectum import plots

X = np.random.default_rng(0).random((1000, 2))
som = tectum.SpikingSOM((8, 8), n_presentations=6000, input_range=(0.0, 1.0), random_state=0).fit(X)

# %%
# `fit` keeps snapshots of the codebook. The start is left out.

plots.plot_unfolding(som.snapshots_[1:], som.shape, som.snapshot_presentations_[1:], data=X)

# %%
# The measure to watch is the share of samples whose two nearest neurons are not neighbours on the map.

print(f"topographic error {som.topographic_error(X):.3f}")
