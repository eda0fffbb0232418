"""
A map of a table
================

Three kinds of iris, four measures of each flower, no labels: the map lays the flowers out so that similar ones are
neighbours. The labels are used only afterwards, to colour what the map has found.
"""

import matplotlib.pyplot as plt

import tectum
from tectum import analysis, plots

iris = tectum.datasets.load("iris")
som = tectum.SpikingSOM(shape=(10, 10), n_presentations=5000, random_state=0).fit(iris.data)

# %%
# The neuron that fires first is the place of a flower on the map.

winners = som.predict(iris.data)
classes = analysis.label_units(winners, iris.target, som.shape)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
plots.plot_label_map(classes.reshape(som.shape), target_names=iris.target_names, ax=left)
plots.plot_u_matrix(analysis.u_matrix(som.codebook_, som.shape), ax=right)

# %%
# One kind stands apart, two touch. The distance between neighbours shows it without any label. How good is the map?

print(f"quantization error {som.quantization_error(iris.data):.2f} cm")
print(f"topographic error  {som.topographic_error(iris.data):.2f}")
print(som.diagnose(iris.data))
