"""
Travelling waves
================

What fires on the first sheet, moment by moment, and the same in space and time. Local excitation, inhibition at a
distance and fatigue are all that a wave needs.
"""

import numpy as np

import tectum
from tectum import plots
from tectum.parts import Sheet

network = tectum.WaveNetwork.topographic([Sheet(900, side=20.0), Sheet(64, side=8.0)], random_state=0).grow(200.0)
recording = network.record(300.0)
names = list(recording.spikes)
train, positions = recording.spikes[names[0]], network.sheet_positions_[0]

# %%
start = train.time_ms[np.searchsorted(train.time_ms, 40.0)]
plots.plot_wave_snapshots([(train.time_ms, train.neuron)], [positions], start + np.arange(0.0, 24.0, 4.0))

# %%
plots.plot_space_time(train.time_ms, train.neuron, positions, 300.0)
