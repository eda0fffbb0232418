"""
Missing values and weights of samples
=====================================

A feature that is not known, NaN, drives nothing: its units stay silent, and the others decide. `sample_weight` says how
often each sample is to be shown.
"""

import matplotlib.pyplot as plt
import numpy as np

import tectum

iris = tectum.datasets.load("iris")
complete = tectum.SpikingSOM((8, 8), n_presentations=3000, random_state=0).fit(iris.data)

# %%
# How often does a flower land near its place if some of its measures are lost?

rng = np.random.default_rng(0)
shares, steps = (0.0, 0.1, 0.25, 0.5), []
place = np.stack(np.divmod(complete.predict(iris.data), 8), axis=1)
for share in shares:
    holes = np.where(rng.random(iris.data.shape) < share, np.nan, iris.data)
    holes[np.isnan(holes).all(axis=1)] = iris.data[np.isnan(holes).all(axis=1)]
    winners = complete.predict(holes)
    moved = np.abs(np.stack(np.divmod(winners, 8), axis=1) - place).max(axis=1)
    steps.append([np.mean(moved[winners >= 0] <= reach) for reach in (0, 1, 2)])

figure, ax = plt.subplots(figsize=(5, 3.4))
ax.plot(shares, steps, marker="o", label=["the same neuron", "at most one step away", "at most two"])
ax.set(xlabel="share of values that are missing", ylabel="share of flowers", ylim=(0, 1.05))
ax.legend()

# %%
# A map that sees one kind of flower nine times as often gives it more neurons.

weight = np.where(iris.target == 0, 9.0, 1.0)
for name, w in (("evenly", None), ("setosa nine times as often", weight)):
    som = tectum.SpikingSOM((8, 8), n_presentations=3000, random_state=0).fit(iris.data, sample_weight=w)
    print(f"{name}: {len(set(som.predict(iris.data[iris.target == 0])))} neurons won by setosa")
