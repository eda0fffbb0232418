"""Naive float64 reference of the standard network after Diehl & Cook (2015).

Written from the equations of the model and from none of the package's code. Input spikes are given as rasters, so that
a fast kernel can be compared with it without sharing a random generator. Everything is done in every step, for every
neuron and every synapse: traces and thresholds decay step by step, all weights are normalised after each presentation.

Equations, with the jump of a spike as its unit (Diehl & Cook 2015, in the simplified form of
`DiehlAndCook2015v2` of BindsNET):

    tau_m dv/dt = v_rest - v, and v jumps by the sum of the weights of the inputs that fire, outside refractoriness
    a neuron fires at v >= v_th + theta; then v = v_reset, theta jumps by theta_plus, all others lose `inhibition`
    tau_theta dtheta/dt = -theta
    tau dx/dt = -x, x = 1 at a spike, for inputs (pre) and neurons (post)
    common rule, 0 <= w <= w_max:
        w -= eta_minus x_post at a spike of the input, w += eta_plus x_pre at a spike of the neuron
    target rule, 0 <= w:
        w += eta_plus (x_pre - x_target) (w_max - w) at a spike of the neuron

Of several neurons at their threshold the one that is furthest above it fires, alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Parameters:
    """Constants; times in ms, potentials in mV."""

    dt: float = 1.0
    tau_m: float = 100.0
    v_rest: float = -65.0
    v_reset: float = -60.0
    v_th: float = -52.0
    refractory: float = 5.0
    theta_plus: float = 0.05
    tau_theta: float = 1e7
    inhibition: float = 120.0
    rule: str = "common"  # or "target"
    eta_plus: float = 0.01
    eta_minus: float = 1e-4
    tau_pre: float = 20.0
    tau_post: float = 20.0
    x_target: float = 0.1
    w_max: float = 1.0
    mean_weight: float = 0.1
    gain: float = 1.0
    fewest: int = 5
    times: int = 10
    recovers_each_step: bool = True  # or theta at once after each presentation


@dataclass
class Result:
    """What a run leaves."""

    W: NDArray[np.float64]  # (n_inputs, n_units)
    theta: NDArray[np.float64]  # (n_units,)
    spikes: list[list[tuple[int, int]]]  # (step, neuron) of each sample when it was last shown
    shown: list[int]  # times that each sample was shown


def run(
    p: Parameters,
    W: NDArray,
    theta: NDArray,
    raster: Callable[[int, int], NDArray[np.bool_]],
    n_samples: int,
    learning: bool = True,
) -> Result:
    """Present samples; ``raster(m, k)`` (n_steps, n_inputs) are the spikes of sample m when shown for the kth time."""
    out = Result(W.astype(np.float64), theta.astype(np.float64), [], [])
    for m in range(n_samples):
        for k in range(p.times):
            spikes = present(p, out, raster(m, k), learning)
            if len(spikes) >= p.fewest:
                break
        out.spikes.append(spikes)
        out.shown.append(k + 1)
    return out


def present(p: Parameters, out: Result, raster: NDArray[np.bool_], learning: bool) -> list[tuple[int, int]]:
    """One presentation from rest; changes the weights and thresholds of `out` if learning."""
    W, theta = out.W, out.theta
    n_inputs, n_units = W.shape
    v = np.full(n_units, p.v_rest)
    refractory_until = np.full(n_units, -1)  # last step in which input is ignored
    x_pre, x_post = np.zeros(n_inputs), np.zeros(n_units)
    spikes = []
    for step, fires in enumerate(raster):
        v = p.v_rest + (v - p.v_rest) * np.exp(-p.dt / p.tau_m)
        ready = step > refractory_until
        v[ready] += p.gain * W[fires].sum(axis=0)[ready]
        x_pre *= np.exp(-p.dt / p.tau_pre)
        x_post *= np.exp(-p.dt / p.tau_post)
        x_pre[fires] = 1.0
        if learning and p.recovers_each_step:
            theta *= np.exp(-p.dt / p.tau_theta)
        if learning and p.rule == "common":
            W[fires] = np.maximum(W[fires] - p.eta_minus * x_post, 0.0)
        excess = np.where(ready, v - p.v_th - theta, -np.inf)
        if excess.max() >= 0.0:
            j = int(excess.argmax())
            spikes.append((step, j))
            others = ready & (np.arange(n_units) != j)
            v[others] -= p.inhibition
            v[j] = p.v_reset
            refractory_until[j] = step + round(p.refractory / p.dt)
            x_post[j] = 1.0
            if learning:
                theta[j] += p.theta_plus
                if p.rule == "common":
                    W[:, j] = np.minimum(W[:, j] + p.eta_plus * x_pre, p.w_max)
                else:
                    change = p.eta_plus * (x_pre - p.x_target) * (p.w_max - W[:, j])
                    W[:, j] = np.maximum(W[:, j] + change, 0.0)
    if learning:
        W *= p.mean_weight / W.mean(axis=0)
        if not p.recovers_each_step:
            theta *= np.exp(-len(raster) * p.dt / p.tau_theta)
    return spikes
