"""
A layer for whole images
========================

`Convolution` applies one dictionary to every patch of an image, with shared weights, and pools what it finds. It is a
transformer, so that a linear read-out can follow in a pipeline.
"""

from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import tectum
from tectum import plots
from tectum.image import Convolution

digits = load_digits()
images = digits.images / 16
train, test = slice(0, 1000), slice(1000, None)

patches = tectum.SpikingDictionary(24, n_active=2, n_presentations=6000, random_state=0)
layer = Convolution(patches, 4, pool_grid=2, flatten=True, random_state=0)
model = make_pipeline(layer, LogisticRegression(max_iter=500)).fit(images[train], digits.target[train])
plots.plot_components(layer.estimator_.components_, (4, 4))

# %%
# The read-out beside one that sees the pixels:

pixels = LogisticRegression(max_iter=500).fit(digits.data[train] / 16, digits.target[train])
print(f"spikes of the layer {model.score(images[test], digits.target[test]):.3f}")
print(f"pixels              {pixels.score(digits.data[test] / 16, digits.target[test]):.3f}")
