"""Run a NIR file in Norse: python nir_norse.py GRAPH.nir SPIKES.npz COUNTS.npy

SPIKES.npz holds `spikes` (n_samples, n_steps, n_inputs) and `dt_ms`; COUNTS.npy gets the spikes (n_samples, n_outputs).
"""

import sys

import nir
import norse.torch
import numpy as np
import torch


def main(graph: str, spikes: str, counts: str) -> None:
    """Step by step, as the graph has a circle."""
    given = np.load(spikes)
    x = torch.from_numpy(given["spikes"]).float()
    with torch.no_grad():
        network, state, total = norse.torch.from_nir(nir.read(graph), dt=1e-3 * float(given["dt_ms"])), None, 0
        for t in range(x.shape[1]):
            _, state = network(x[:, t], state)  # the node that comes last, whether or not it is the output
            total = total + state.cache["output"]
    np.save(counts, total.numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
