"""Memory of spikes: traces by their lag, tabulated once for all steps."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.core.law import Real, Whole, law
from tectum.parts.plasticity import depress

ZERO = np.float32(0.0)
FORGOTTEN = 1e-6  # trace that counts as none


def fading(tau: float, dt: float, window: float | None = None) -> NDArray[np.float32]:
    """Exponential trace exp(-lag / tau) of a spike (n_lags,) by lag in steps; beyond the table there is none.

    Times are in ms. The longest lag is `window`, or where the trace has fallen to a millionth.
    """
    longest = -math.log(FORGOTTEN) * tau if window is None else window
    n_lags = max(1, math.ceil(longest / dt)) if window is None else round(longest / dt) + 1
    return np.exp(-np.arange(n_lags) * dt / tau).astype(np.float32)


@law
def input_trace(p: Any, lag: Whole) -> Real:
    """Trace of the last spike of an input, lag steps ago; below 0 it is still to come."""


@input_trace.otherwise("memory_plus")
def _(p: Any, lag: Whole) -> Real:
    """memory_plus[lag], 0 outside the table."""
    return p.memory_plus[lag] if lag >= 0 and lag < p.memory_plus.shape[0] else ZERO


@law
def neuron_trace(p: Any, lag: Whole) -> Real:
    """Trace of the last spike of a neuron, lag steps ago; below 0 it is still to come."""


@neuron_trace.otherwise_by_type("memory_minus")
def _(parameters: type) -> Any:
    """memory_minus[lag], 0 outside the table, or if nothing depresses by it."""

    def tabulated(p: Any, lag: Whole) -> Real:
        return p.memory_minus[lag] if lag >= 0 and lag < p.memory_minus.shape[0] else ZERO

    def none(p: Any, lag: Whole) -> Real:
        return ZERO

    if "memory_minus" in getattr(parameters, "_fields", ()):
        return tabulated
    return None if depress.is_of(parameters) else none
