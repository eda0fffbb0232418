"""
Windows of plasticity
=====================

What one spike of an input and one of the neuron do to a weight, drawn from the equations that models use. Event-based
STDP looks at one step and at the weight; pair-based STDP looks at the time between the two.
"""

import matplotlib.pyplot as plt
import numpy as np

from tectum import parts
from tectum.parts.plasticity import potentiate
from tectum.parts.steps import discretise

# %%
# A rule is a tuple of constants; its equations are chosen by its type.

rule = parts.NearestNeighbourSTDP()
print(rule)

# %%
# Two rules of standard networks: traces of the inputs decay exponentially, and the spike of the neuron reads them.

lags = np.arange(1.0, 80.0)
figure, ax = plt.subplots(figsize=(5.5, 3.4))
for name, part in (("PostPreSTDP", parts.PostPreSTDP()), ("TargetSTDP", parts.TargetSTDP())):
    step = discretise(part, 1.0)
    trace = np.exp(-lags / part.tau_pre).astype(np.float32)
    w = np.float32(0.4)
    ax.plot(lags, [potentiate(step, w, x) - w for x in trace], label=name)
ax.axhline(0, color="0.6", lw=0.8)
ax.set(xlabel="input spike before the spike of the neuron (ms)", ylabel="change of a weight of 0.4")
ax.legend()
