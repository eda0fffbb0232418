"""
Parts of digits
===============

A dictionary learns components from images; a few spikes of a few neurons put each image together again.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

import tectum
from tectum import plots

X = load_digits().data / 16
train, test = X[:1200], X[1200:]
dictionary = tectum.SpikingDictionary(n_components=64, n_active=4, random_state=0).fit(train)

plots.plot_components(dictionary.components_, (8, 8))

# %%
# The code is a table of spike counts, most of them 0.

counts = dictionary.transform(test)
restored = dictionary.inverse_transform(counts)
plots.plot_reconstructions(test[:8].reshape(-1, 8, 8), {"from spikes": restored[:8].reshape(-1, 8, 8)})

# %%
# How many neurons answer a digit, and what error remains:

plots.plot_sparsity(counts, ax=plt.subplots(figsize=(5, 3))[1])
print(f"RMS error {dictionary.reconstruction_error(test):.3f}, {(counts > 0).sum(axis=1).mean():.1f} neurons a digit")
