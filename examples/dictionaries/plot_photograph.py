"""
Edges of a photograph
=====================

Patches of a whitened photograph are put together from strokes: the components become edges and gratings, as the
receptive fields of the visual cortex are (Olshausen & Field 1996). The photograph comes with scikit-learn.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_sample_image

import tectum
from tectum import analysis, image, plots

photograph = load_sample_image("china.jpg").mean(axis=2) / 255
white = image.whiten(photograph[None])
patches = image.extract_patches(white, 8, max_patches=6000, random_state=0)

# %%
# Signed values drive ON and OFF inputs, as a retina sends them.

dictionary = tectum.SpikingDictionary(n_components=64, n_active=6, random_state=0).fit(patches)
plots.plot_components(dictionary.components_, (8, 8), symmetric=True)

# %%
# Their orientations, from a fit of a Gabor function to each of 32 of them:

fits = analysis.fit_gabors(dictionary.components_[:32], (8, 8))
plots.plot_orientations(fits.orientation, ax=plt.subplots(figsize=(5, 3))[1])
