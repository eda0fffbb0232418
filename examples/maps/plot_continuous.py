"""
A map that never stops learning
===============================

`SpikingSOM.continuous()` has no schedule: its constants stay the same for ever. It follows samples whose distribution
changes, and pays for it with a map that is a little less sharp.
"""

import numpy as np

import tectum
from tectum import plots

rng = np.random.default_rng(0)
som = tectum.SpikingSOM.continuous((8, 8), random_state=0)

# %%
# Samples come from one corner of a square, then from another.

seen, snapshots = [], []
for low, high in ((0.0, 0.5), (0.5, 1.0)):
    for n in (300, 1500):
        som.partial_fit(np.vstack([rng.uniform(low, high, (n, 2)), [[0, 0], [1, 1]]]))
        seen.append(som.n_presentations_seen_)
        snapshots.append(som.codebook_.copy())
plots.plot_unfolding(snapshots, som.shape, seen, data=rng.uniform(0, 1, (200, 2)))
