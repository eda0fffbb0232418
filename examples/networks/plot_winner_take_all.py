"""
Winner takes all
================

Twenty neurons compete through a shared pool of inhibitory ones. Their weights learn at their own spikes and keep their
mean, and thresholds rise with use, so that each stimulus gets a neuron of its own.
"""

import matplotlib.pyplot as plt
import numpy as np

import tectum
from tectum.parts import LIF, All, Learned, MeanNorm, Population, Projection, Rates, SpikeThreshold, TargetSTDP

patterns = np.kron(np.eye(4), np.ones(20))  # four stimuli, each a quarter of 80 inputs
X = patterns[np.arange(200) % 4]
units = Population(
    "units",
    20,
    LIF(tau_m=20.0, v_th=1.0, v_reset=0.0),
    rule=TargetSTDP(eta_plus=0.05, x_target=0.2),
    norm=MeanNorm(mean=0.25),
    threshold=SpikeThreshold(rise=0.03, tau=20000.0),
)
pool = Population("pool", 5, LIF(tau_m=2.0, v_th=0.5, v_reset=0.0))
wires = [
    Projection("input", "units", Learned(mean=0.25, gain=9.0)),
    Projection("units", "pool", All(3.0), delay=0.5),
    Projection("pool", "units", All(20.0), delay=0.5, inhibitory=True),
]
race = tectum.Network(
    [units, pool], wires, [Rates(rate=60.0)], presentation=100.0, dt=0.5, readout="units", random_state=0
).fit(X)

# %%
winners = race.transform(patterns).argmax(axis=1)
figure, ax = plt.subplots(figsize=(7, 2.4))
ax.imshow(race.weights("input", "units")[winners], aspect="auto", cmap="viridis")
ax.set(xlabel="input", yticks=range(4), yticklabels=[f"stimulus {k}: neuron {j}" for k, j in enumerate(winners)])
ax.set_title("weights of the winners")
