"""
Hexagons and maps without a border
==================================

Neurons at the border have fewer neighbours. On a torus there is no border: the left side meets the right one, the top
the bottom. It suits data that close on themselves, such as hues. On a hexagonal map each neuron has six neighbours
instead of four.
"""

import colorsys

import matplotlib.pyplot as plt
import numpy as np

import tectum
from tectum import plots

rng = np.random.default_rng(0)
colours = np.array([colorsys.hsv_to_rgb(*hsv) for hsv in rng.uniform((0, 0.6, 0.7), 1.0, (600, 3))])

figure, axes = plt.subplots(1, 3, figsize=(9, 3.2))
for ax, topology in zip(axes, ("rectangular", "hexagonal", "toroidal"), strict=True):
    som = tectum.SpikingSOM((10, 10), topology=topology, n_presentations=2500, random_state=0).fit(colours)
    ax.imshow(np.clip(som.codebook_.reshape(10, 10, 3), 0, 1))
    ax.set(title=topology, xticks=[], yticks=[])
    print(f"{topology:12s} topographic error {som.topographic_error(colours):.2f}")

# %%
# Functions that draw maps take the topology too.

som = tectum.SpikingSOM((8, 8), topology="hexagonal", n_presentations=1000, random_state=0).fit(colours)
hits = np.bincount(som.predict(colours), minlength=64).reshape(8, 8)
plots.plot_hit_map(hits, topology="hexagonal")
