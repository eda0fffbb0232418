"""
Is it any better?
=================

A figure says little alone. Here the map stands beside the same map before it learned, a Kohonen map with as many nodes
and presentations, and k-means with as many means. k-means has no map and quantises best.
"""

import matplotlib.pyplot as plt
from sklearn.cluster import KMeans

import tectum
from tectum import analysis

X = tectum.datasets.load("breast_cancer").data
train, test = X[::2], X[1::2]
shape = (8, 8)

learned = tectum.SpikingSOM(shape, n_presentations=5000, random_state=0).fit(train)
untrained = tectum.SpikingSOM(shape, n_presentations=1, random_state=0).fit(train)
codebooks = {
    "untrained map": untrained.codebook_,
    "spiking map": learned.codebook_,
    "Kohonen map": analysis.kohonen_codebook(train, shape, n_steps=5000, random_state=0),
    "k-means": KMeans(64, n_init=1, random_state=0).fit(train).cluster_centers_,
}

# %%
# Held-out samples: the distance to the nearest row of each codebook, and, where there is a map, the share of samples
# whose two nearest rows are not neighbours on it.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
names = list(codebooks)
left.barh(names, [analysis.quantization_error(test, codebook) for codebook in codebooks.values()])
left.set_xlabel("quantization error")
nearest = [analysis.best_matching_units(test, codebooks[name], k=2) for name in names[:3]]
right.barh(names[:3], [analysis.topographic_error(two, shape) for two in nearest])
right.set_xlabel("topographic error")
