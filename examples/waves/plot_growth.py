"""
Waves wire a sheet
==================

Noise lights up a bump of activity that travels over the lower sheet. Neurons in the bump together drive the same units
above, and what fires together is wired together. No sample has been shown.
"""

import tectum
from tectum import analysis, plots

network = tectum.WaveNetwork.budding((400, 64), random_state=0)
network.grow(6000.0)
weights, (lower, upper) = network.weights_[0], network.sheet_positions_

# %%
# Receptive fields of nine units on the lower sheet:

plots.plot_sheet_fields(weights, lower, units=range(0, 63, 7), n_cols=3)

# %%
# All units at once: a dot where a unit looks, lines between neighbours on the upper sheet. A net without folds is a
# topographic map.

centres = analysis.field_centres(weights, lower)
plots.plot_net(centres, upper, sheet=lower)
tiling = analysis.tiling(weights, lower)
print(f"compact {tiling.compact:.2f}, coverage {tiling.coverage:.2f}")
print(f"topography {analysis.sheet_topography(centres, upper):.2f}")
