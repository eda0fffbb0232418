"""What a model becomes as a graph of NIR, and how faithful that is."""

import numbers
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.persistence import replacing

FORGOTTEN = 2.0**-30  # share of a sum that is lost in a step where all is kept


def nir_package() -> Any:
    """The package nir; ImportError says how to install it."""
    try:
        import nir
    except ImportError:
        raise ImportError(
            'to_nir and from_nir need the package nir; install it with pip install "tectum[nir]"'
        ) from None
    return nir


@dataclass(frozen=True)
class NirExport:
    """A frozen network as a graph of NIR.

    Attributes
    ----------
    graph : nir.NIRGraph
        With one ``input`` and one ``output``; times are in s, as NIR has them.
    grade : {"exact", "approximate"}
        Whether a simulator with Euler steps of `dt_ms` fires the same spikes, or nearly.
    reasons : tuple of str
        What differs, and what of the model is left out.
    dt_ms : float
        Step in ms for which the constants are made: decays are those of the model after whole steps.
    input_spikes : callable
        ``export.input_spikes(X)`` is what enters the graph with samples, an array (n_samples, n_steps, n_inputs) with
        steps of `dt_ms`, clocks included.
    equal_winners : float or None
        Share of the samples given for which the neuron with most spikes is the same as in the model, in the NumPy
        simulation of `run_graph`; None without samples.
    equal_spikes : float or None
        Of these samples, spikes that neuron by neuron are in both, as a share of those in either.
    """

    graph: Any
    grade: Literal["exact", "approximate"]
    reasons: tuple[str, ...]
    dt_ms: float
    input_spikes: Callable[[ArrayLike], NDArray[Any]] = field(repr=False)
    equal_winners: float | None = None
    equal_spikes: float | None = None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the graph to a NIR file, with the step and the grade in its metadata.

        Parameters
        ----------
        path : str or path
        """
        with replacing(path) as file:
            nir_package().write(file, self.graph)

    def __str__(self) -> str:
        measured = "" if self.equal_winners is None else f", {self.equal_winners:.1%} equal winners"
        lines = [f"{self.grade}{measured}, for Euler steps of {self.dt_ms:g} ms", *self.reasons]
        return "\n  ".join(lines)


def agreement(counts: NDArray[Any], expected: NDArray[Any]) -> tuple[float, float]:
    """Share of samples with the same winner, and of spikes in both; counts (n_samples, n_neurons)."""
    alike = (counts.argmax(axis=1) == expected.argmax(axis=1)) & (counts.any(axis=1) == expected.any(axis=1))
    either = np.maximum(counts, expected).sum()
    return float(alike.mean()), float(np.minimum(counts, expected).sum() / max(either, 1))


def graph_of(nodes: dict[str, Any], edges: list[tuple[str, str]], dt_ms: float, grade: str) -> Any:
    """A graph with notes."""
    return nir_package().NIRGraph(nodes, edges, metadata={"dt_ms": dt_ms, "grade": grade, "from": "tectum"})


def check_substeps(where: str, substeps: Any) -> None:
    """Check the number of steps that each step of a model becomes."""
    if not isinstance(substeps, numbers.Integral) or substeps < 8:
        raise ValueError(f"{where}.substeps must be a whole number from 8 on, got {substeps!r}; use the default")


def neurons(kind: str, n: int, dtype: type = np.float32, **values: Any) -> Any:
    """A node of `n` neurons; each value for all of them, or one for each."""
    return getattr(nir_package(), kind)(**{k: np.full(n, value, dtype) for k, value in values.items()})


def comparator(n: int, dt_ms: float, tau_ms: float, v_th: Any) -> Any:
    """Neurons that fire in each step in which a sum of their input is above a threshold; a spike resets nothing.

    The sum leaks with `tau_ms`; with infinity it keeps all, with 0 it is the input of the step alone. They are CubaLIF,
    a node that most simulators read, whose current is the sum, and whose membrane forgets within a step.
    """
    share = 1.0 if tau_ms == 0.0 else FORGOTTEN if np.isinf(tau_ms) else 1.0 - np.exp(-dt_ms / tau_ms)
    return neurons(
        "CubaLIF",
        n,
        tau_syn=1e-3 * dt_ms / share,
        tau_mem=1e-3 * dt_ms,
        r=1.0,
        v_leak=0.0,
        v_threshold=v_th,
        v_reset=0.0,
        w_in=1.0 / share,
    )


def lif(n: int, *, tau_ms: float, dt_ms: float, v_th: Any, v_reset: float, v_rest: float = 0.0) -> Any:
    """LIF neurons whose Euler step decays as exp(-dt / tau); r is 1, as Norse wants it, see `jump`."""
    tau = dt_ms / (1.0 - np.exp(-dt_ms / tau_ms))
    return neurons("LIF", n, tau=1e-3 * tau, r=1.0, v_leak=v_rest, v_threshold=v_th, v_reset=v_reset)


def jump(tau_ms: float, dt_ms: float) -> float:
    """Input for a step that moves neurons of `lif` by 1."""
    return float(1.0 / (1.0 - np.exp(-dt_ms / tau_ms)))
