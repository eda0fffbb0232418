"""What may be wrong with a dictionary, and what to do about it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum import analysis
from tectum.parts.representation import SoftmaxInhibition

ALIKE = 0.99  # cosine from which two components count as the same
FULL = 0.995  # share of the upper bound from which a weight counts as saturated


@dataclass(frozen=True)
class DictionaryDiagnosis:
    """State of health of a dictionary on given data.

    Attributes
    ----------
    dead_units : ndarray of int
        Components that never fired.
    duplicate_units : int
        Components that point the same way as an earlier one.
    saturated_weights : float
        Share of weights at the upper bound.
    silent_samples : float
        Share of samples, other than zero, to which no neuron fires.
    silent_energy : float
        Share of the sum of squares of all samples that these hold.
    clipped_values : float
        Share of values beyond `input_scale_`.
    active_units, spikes : float
        Mean number of components and of spikes that represent a sample.
    target : float
        What the threshold aims at: active components, or under a softmax spikes per step.
    reached : float
        What it reaches on these data.
    threshold : float
        Present threshold.
    error, trivial_error : float
        Root mean square error of the reconstructions, and of the mean sample in their place.
    warnings : list of str
        What is wrong, each with a remedy.
    """

    dead_units: NDArray[np.int64]
    duplicate_units: int
    saturated_weights: float
    silent_samples: float
    silent_energy: float
    clipped_values: float
    active_units: float
    spikes: float
    target: float
    reached: float
    threshold: float
    error: float
    trivial_error: float
    warnings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rows = [
            ("dead components", f"{len(self.dead_units)}"),
            ("duplicate components", f"{self.duplicate_units}"),
            ("saturated weights", f"{self.saturated_weights:.1%}"),
            ("silent samples", f"{self.silent_samples:.1%}, with {self.silent_energy:.1%} of the energy"),
            ("clipped values", f"{self.clipped_values:.1%}"),
            ("active components, spikes", f"{self.active_units:.2f}, {self.spikes:.1f} per sample"),
            (
                "target of the threshold",
                f"{self.target:g}, reached {self.reached:.2f} (threshold {self.threshold:.3g})",
            ),
            ("reconstruction error", f"{self.error:.4g} (mean sample {self.trivial_error:.4g})"),
        ]
        lines = [f"{name:28s}{value}" for name, value in rows]
        return "\n".join(lines + [f"warning: {warning}" for warning in self.warnings])


def diagnose_dictionary(
    X: NDArray,
    reconstruction: NDArray[np.float64],
    counts: NDArray[np.int32],
    weights: NDArray[np.float32],
    components: NDArray[np.float64],
    chosen: dict[str, Any],
    threshold: float,
    input_scale: float,
) -> DictionaryDiagnosis:
    """Diagnose a dictionary.

    Parameters
    ----------
    X, reconstruction : ndarray of shape (n_samples, n_features)
        Samples and what the counts make of them.
    counts : ndarray of shape (n_samples, n_components)
        Spike counts, those of OFF neurons negative.
    weights : ndarray of shape (n_components, n_inputs)
        Learned weights.
    components : ndarray of shape (n_components, n_features)
        What the neurons stand for.
    chosen : dict
        The parts in use, by parameter.
    threshold : float
        Present threshold.
    input_scale : float
        Value at which inputs fire in every step.

    Returns
    -------
    DictionaryDiagnosis
    """
    counts = np.abs(counts)
    is_softmax = isinstance(chosen["competition"], SoftmaxInhibition)
    length = np.linalg.norm(components, axis=1, keepdims=True)
    direction = components / np.where(length > 0.0, length, 1.0)
    alike = np.triu(direction @ direction.T > ALIKE, k=1)
    highest = getattr(chosen["rule"], "w_max", 1.0)
    something, energy = X.any(axis=1), np.square(X).sum(axis=1)
    spikes = float(counts.sum(axis=1).mean())
    active = analysis.active_units(counts)
    found = DictionaryDiagnosis(
        dead_units=np.flatnonzero(~counts.any(axis=0)),
        duplicate_units=int(alike.any(axis=0).sum()),
        saturated_weights=float((weights >= FULL * highest).mean()) if is_softmax else 0.0,
        silent_samples=float((~counts[something].any(axis=1)).mean()) if something.any() else 0.0,
        silent_energy=float(energy[~counts.any(axis=1)].sum() / energy.sum()) if something.any() else 0.0,
        clipped_values=float((np.abs(X) > input_scale * (1.0 + 1e-6)).mean()),
        active_units=active,
        spikes=spikes,
        target=chosen["threshold"].target,
        reached=spikes / chosen["encoder"].n_steps if is_softmax else active,
        threshold=threshold,
        error=analysis.reconstruction_error(X, reconstruction),
        trivial_error=analysis.trivial_errors(X, reference=X)["mean_patch"],
    )
    found.warnings.extend(_warnings(found, len(weights), is_softmax))
    return found


def _warnings(d: DictionaryDiagnosis, n_units: int, is_softmax: bool) -> list[str]:
    warnings = []
    if len(d.dead_units) > 0.1 * n_units:
        remedy = (
            "start near the data (initial=SampleWeights()), keep neuron.beta = 1, or lower n_components"
            if is_softmax
            else "lower n_components, raise n_active, or train longer"
        )
        warnings.append(f"{len(d.dead_units)} of {n_units} components never fire: {remedy}")
    if d.duplicate_units > 0.1 * n_units:
        warnings.append(f"{d.duplicate_units} components repeat others: lower n_components or train longer")
    if d.saturated_weights > 0.1:
        warnings.append(
            f"{d.saturated_weights:.0%} of the weights are at their upper bound: inputs are too bright or rule.window "
            "is too wide; raise input_scale or use a window of one step"
        )
    if d.silent_energy > 0.05:
        warnings.append(
            f"samples with {d.silent_energy:.0%} of the energy are not represented at all: raise n_active, or under a "
            "softmax start near the data"
        )
    if d.clipped_values > 0.02:
        warnings.append(f"{d.clipped_values:.0%} of the values are clipped: pass a larger input_scale before fit")
    if not 0.6 * d.target < d.reached < 1.6 * d.target:
        warnings.append(
            f"the threshold aims at {d.target:g} and reaches {d.reached:.2f} on these data: train longer, raise "
            "threshold.rate, or check that the data are like those of fit"
        )
    if d.error > d.trivial_error:
        warnings.append(
            "the mean sample reconstructs better than the components: train longer, or use the default rule"
        )
    return warnings
