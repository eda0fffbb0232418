"""
Novelty in a stream of sensors
==============================

Eight sensors of a machine follow its load and its speed. A map learns how they go together. When two plugs are swapped
each sensor stays in its range, but the first spike of the map comes late, or not at all.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score

import tectum

rng = np.random.default_rng(3)


def machine(n: int, swapped: np.ndarray | None = None) -> np.ndarray:
    """Readings of eight sensors."""
    load = 0.5 + 0.35 * np.sin(2 * np.pi * np.arange(n) / 400 + 6 * rng.random())
    speed = 0.5 + 0.35 * np.sin(2 * np.pi * np.arange(n) / 730 + 6 * rng.random())
    mixed = [load * speed, np.sqrt(load), np.sin(3 * speed), load**2, (1 - speed) * load, abs(load - speed)]
    S = np.stack([load, speed, *mixed], axis=1)
    if swapped is not None:
        S[np.ix_(swapped, (2, 6))] = S[np.ix_(swapped, (6, 2))]
    return S + 0.03 * rng.standard_normal(S.shape)


fault = np.zeros(1500, bool)
fault[500:650] = fault[1100:1250] = True
known, new = machine(3000), machine(1500, fault)
som = tectum.SpikingSOM(n_presentations=3000, random_state=0).fit(known)

# %%
# The time of the first spike says how well a sample is known; 10 ms stand for samples that no neuron answers.

first = np.nan_to_num(np.fmin.reduce(som.spike_times(new), axis=1), nan=10.0)
figure, ax = plt.subplots(figsize=(8, 2.8))
ax.plot(first, ".", markersize=2)
ax.fill_between(np.arange(1500), 0, 11, where=fault, alpha=0.2, label="two plugs swapped")
ax.set(xlabel="sample", ylabel="first spike (ms)", ylim=(0, 11))
ax.legend(loc="upper right")
print(f"area under the ROC curve {roc_auc_score(fault, first):.2f}")
