"""
Which features go together
==========================

A component plane shows what value of one feature each neuron prefers. Planes that look alike belong to features that
go together; planes that are mirror images belong to features that exclude each other.
"""

import numpy as np

import tectum
from tectum import analysis, plots

wine = tectum.datasets.load("wine")
som = tectum.SpikingSOM(n_presentations=5000, random_state=0).fit(wine.data)

# %%
# Features need no scaling: the circuit takes each by its own range.

planes = analysis.component_planes(som.codebook_, som.shape)
plots.plot_component_planes(planes, feature_names=wine.feature_names, max_planes=12)

# %%
# The same in numbers: the rank correlation of planes.

ranks = som.codebook_.argsort(axis=0).argsort(axis=0)
alike = np.corrcoef(ranks.T) - np.eye(ranks.shape[1])
a, b = np.unravel_index(alike.argmax(), alike.shape)
print(f"most alike: {wine.feature_names[a]} and {wine.feature_names[b]} ({alike[a, b]:.2f})")
