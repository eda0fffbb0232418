"""
What happens in one presentation
================================

A sample is shown for 120 ms. The input layer u answers in volleys, which a delayed inhibitory neuron ends; within a
volley the units that are driven most fire first. In the map v one neuron fires before all others: the winner. Its
neighbours follow.
"""

import numpy as np

import tectum
from tectum import plots

iris = tectum.datasets.load("iris")
som = tectum.SpikingSOM((8, 8), n_presentations=3000, random_state=0).fit(iris.data)
sample = iris.data[:1]

# %%
# `record` keeps every spike.

recording = som.record(sample)
u, h, v = (recording.spikes[name] for name in "uhv")
plots.plot_oscillation_raster(
    u.time_ms, u.neuron, h.time_ms, v.time_ms, v.neuron, n_u=u.n_neurons, n_v=v.n_neurons, t_range=(0, 120)
)

# %%
# The map spreads from the winner: the earlier, the brighter.

first = som.spike_times(sample)[0].reshape(som.shape)
ax = plots.plot_first_spike_map(first)
print(f"winner {som.predict(sample)[0]}, {np.nanmin(first):.1f} ms after the onset")
