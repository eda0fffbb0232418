"""
The standard network of the field
=================================

Diehl & Cook (2015): Poisson inputs, neurons with adaptive thresholds that inhibit each other, trace STDP, normalised
weights. Each neuron becomes a typical input; labels name the neurons afterwards.
"""

from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

import tectum
from tectum import analysis, plots

digits = load_digits()
X, y = digits.data / digits.data.max(), digits.target
train, test = slice(0, 1200), slice(1200, None)
network = tectum.DiehlCook(64, n_passes=6, shuffle=True, random_state=0).fit(X[train], y[train])

plots.plot_components(network.weights_, (8, 8), label="weight")

# %%
# Beside k-means with as many means, named in the same way:

means = KMeans(64, n_init=1, random_state=0).fit(X[train])
names = analysis.label_units(means.labels_, y[train], (8, 8))
print(f"network {(network.predict(X[test]) == y[test]).mean():.2f}")
print(f"k-means {analysis.label_accuracy(means.predict(X[test]), y[test], names):.2f}")
