"""
Images in order
===============

64 pixels are 64 features. Each place of the map shows the picture that its neuron prefers: one shape passes over into
the next.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

import tectum
from tectum import analysis, plots

digits = load_digits()
X = digits.data[:900] / 16
som = tectum.SpikingSOM((9, 12), n_presentations=2500, random_state=0).fit(X)

plots.plot_codebook_images(som.codebook_, som.shape, (8, 8))

# %%
# Labels come afterwards: each neuron takes that of most of the digits it has won.

classes = analysis.label_units(som.predict(X), digits.target[:900], som.shape)
plots.plot_label_map(classes.reshape(som.shape), ax=plt.subplots(figsize=(5, 4))[1])

# %%
# Digits the map has not seen, named by the neuron that fires first:

winners = som.predict(digits.data[900:] / 16)
print(f"accuracy {analysis.label_accuracy(winners, digits.target[900:], classes):.2f}")
