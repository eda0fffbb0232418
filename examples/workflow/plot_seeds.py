"""
One seed is no result
=====================

Chance enters a map by its wiring and by the order of samples. Several seeds say how much of a figure is luck.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

import tectum

iris = tectum.datasets.load("iris")
train, test = train_test_split(iris.data, test_size=0.4, random_state=0)
numbers = (10, 300, 1000, 3000)


def error(n: int, seed: int) -> float:
    """Of a map after `n` presentations, on the flowers held out."""
    som = tectum.SpikingSOM((6, 6), n_presentations=n, random_state=seed).fit(train)
    return float(som.quantization_error(test))


errors = np.array([[error(n, seed) for n in numbers] for seed in range(4)])

# %%
figure, ax = plt.subplots(figsize=(5, 3.2))
ax.plot(numbers, errors.T, marker=".", alpha=0.6)
ax.plot(numbers, errors.mean(axis=0), color="black", lw=2, label="mean of four seeds")
ax.set(xscale="log", xlabel="presentations", ylabel="quantization error, held out (cm)")
ax.legend()
