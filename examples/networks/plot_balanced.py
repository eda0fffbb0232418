"""
A balanced network
==================

Eight in ten neurons excite, two inhibit, wired at random. Inhibition keeps rates low and irregular. Populations and
projections are named; the loop is compiled.
"""

import numpy as np

import tectum
from tectum import plots
from tectum.parts import ConductanceLIF, Population, Projection, Rates, Sparse

E = Population("E", 200, ConductanceLIF(drive=8.0, noise=1.0))
I = Population("I", 50, ConductanceLIF(tau_m=8.0, refractory=1.0, drive=8.0, noise=1.0))
wires = [
    Projection("input", "E", Sparse(0.15, density=0.2)),
    Projection("E", "E", Sparse(0.05, density=0.1), delay=1.5),
    Projection("E", "I", Sparse(0.1, density=0.1), delay=1.5),
    Projection("I", "E", Sparse(0.3, density=0.2), delay=1.0, inhibitory=True),
    Projection("I", "I", Sparse(0.3, density=0.2), delay=1.0, inhibitory=True),
]
X = np.random.default_rng(0).uniform(size=(2, 100))
network = tectum.Network([E, I], wires, [Rates(rate=40.0)], presentation=500.0, dt=0.1, random_state=0).fit(X)

# %%
recording = network.record(X[:1])
spikes = recording.spikes["E"]
plots.plot_raster(spikes.time_ms, spikes.neuron, n_neurons=200)

# %%
rates = np.bincount(spikes.neuron, minlength=200) / 0.5
print(f"mean rate {rates.mean():.1f} spikes/s, from {rates.min():.0f} to {rates.max():.0f}")
