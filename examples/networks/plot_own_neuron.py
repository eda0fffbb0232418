"""
A neuron of your own
====================

A neuron is a tuple of constants and an equation. This one leaks to a floor that rises as it is driven. It is compiled
into the loop of every model that has neurons.
"""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

import tectum
from tectum.parts.neurons import membrane


class Leaky(NamedTuple):
    """Leaks by a constant share in each step."""

    keep: float = 0.9
    v_rest: float = 0.0
    v_reset: float = 0.0
    v_th: float = 1.0
    refractory: float = 0.0


@membrane.of(Leaky)
def _(p, v, I):
    """v <- keep v + I."""
    return np.float32(p.keep) * v + I


# %%
# A law is a function of scalars, so that it can be tried out by hand.

v, potentials = np.float32(0.0), []
for _step in range(60):
    v = membrane(Leaky(), v, np.float32(0.09))
    potentials.append(v)
figure, ax = plt.subplots(figsize=(5, 3))
ax.plot(potentials)
ax.set(xlabel="step", ylabel="potential")

# %%
# And put to use in a model:

X = np.random.default_rng(0).random((40, 5))
print(tectum.SpikingDictionary.quantiser(6, n_presentations=100, neuron=Leaky()).fit(X))
