"""What may be wrong with a dictionary, and what to do about it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from tectum import analysis
from tectum.models.common.diagnosis import Diagnosis
from tectum.parts.local_inhibition import LocalInhibition
from tectum.parts.representation import ExplainingAway, SoftmaxInhibition

ONE_THRESHOLD = ExplainingAway | LocalInhibition  # competitions whose neurons share a threshold of active neurons
WEAK = 0.1  # share of input_scale below which the largest value counts as hardly any input
CHURN = 4.0  # spikes sent for each that counts, above which neurons drive each other
ALIKE = 0.99  # cosine from which two components count as the same
FULL = 0.995  # share of the upper bound from which a weight counts as saturated


def diagnose_dictionary(
    X: NDArray[Any],
    reconstruction: NDArray[np.float64],
    counts: NDArray[Any],
    weights: NDArray[np.float32],
    components: NDArray[np.float64],
    chosen: dict[str, Any],
    threshold: float,
    input_scale: float,
    operations: analysis.Operations,
) -> Diagnosis:
    """Diagnose a dictionary.

    Given are samples and what the counts make of them (n_samples, n_features), spike counts (n_samples, n_components),
    those of OFF neurons negative, weights (n_components, n_inputs), components (n_components, n_features), the parts in
    use, the present threshold, the value at which inputs fire in every step, and what a sample costs.

    Values are `dead_units` (components that never fired), `duplicate_units` (their number: they point the same way as
    an earlier one), `saturated_weights`, `silent_samples` (of those other than zero), `silent_energy` (their share of
    the sum of squares), `clipped_values` (shares), `active_units` and `spikes` per sample, `target` and `reached` of
    the threshold (active components, or under a softmax spikes per step), `threshold`, and `error` and `trivial_error`
    of the reconstructions and of the mean sample; `operations` per sample, and `dense_operations` of a product with the
    components, which is also what the distances of k-means cost.
    """
    counts = np.abs(counts)
    is_softmax = isinstance(chosen["competition"], SoftmaxInhibition)
    one_threshold = isinstance(chosen["competition"], ONE_THRESHOLD)
    length = np.linalg.norm(components, axis=1, keepdims=True)
    direction = components / np.where(length > 0.0, length, 1.0)
    alike = np.triu(direction @ direction.T > ALIKE, k=1)
    highest = getattr(chosen["rule"], "w_max", 1.0)
    something, energy = X.any(axis=1), np.square(X).sum(axis=1)
    spikes = float(counts.sum(axis=1).mean())
    active = analysis.active_units(counts)
    values = {
        "dead_units": np.flatnonzero(~counts.any(axis=0)),
        "duplicate_units": int(alike.any(axis=0).sum()),
        "saturated_weights": float((weights >= FULL * highest).mean()) if is_softmax else 0.0,
        "silent_samples": float((~counts[something].any(axis=1)).mean()) if something.any() else 0.0,
        "silent_energy": float(energy[~counts.any(axis=1)].sum() / energy.sum()) if something.any() else 0.0,
        "clipped_values": float((np.abs(X) > input_scale * (1.0 + 1e-6)).mean()),
        "active_units": active,
        "spikes": spikes,
        "target": chosen["threshold"].target,
        "reached": spikes / chosen["encoder"].n_steps if is_softmax else active,
        "threshold": threshold,
        "error": analysis.reconstruction_error(X, reconstruction),
        "trivial_error": analysis.trivial_errors(X, reference=X)["mean_patch"],
        "operations": operations,
        "dense_operations": analysis.dense_operations(components.shape[1], len(components)),
    }
    v = Bunch(**values)
    reach = float(np.abs(X).max()) / input_scale
    rows = [
        ("components that never fire", f"{len(v.dead_units)} of {len(weights)}"),
        ("components that repeat others", f"{v.duplicate_units}"),
        ("weights at the upper bound", f"{v.saturated_weights:.1%}"),
        ("samples without a spike", f"{v.silent_samples:.1%}"),
        ("their share of the energy", f"{v.silent_energy:.1%}"),
        ("values that are clipped", f"{v.clipped_values:.2%}"),
        ("active components per sample", f"{v.active_units:.2f}"),
        ("spikes per sample", f"{v.spikes:.1f}"),
        ("target of the threshold, reached", f"{v.target:g}, {v.reached:.2f}"),
        ("threshold", f"{v.threshold:.3g}"),
        ("reconstruction error, of the mean sample", f"{v.error:.4g}, {v.trivial_error:.4g}"),
    ]
    rows += operation_rows(operations, v.dense_operations)
    return Diagnosis(values, rows, _warnings(v, len(weights), is_softmax, one_threshold, reach))


def operation_rows(found: analysis.Operations, dense: analysis.Operations) -> list[tuple[str, str]]:
    """Rows about the costs of a sample, beside those of a dense product."""
    return [
        ("input spikes per sample", f"{found.input_spikes:.4g}"),
        ("synaptic events, of a dense product or k-means", f"{found.synaptic_events:.4g}, {dense.synaptic_events:.4g}"),
        ("neuron updates", f"{found.neuron_updates:.4g}"),
    ]


def _warnings(d: Any, n_units: int, is_softmax: bool, one_threshold: bool, reach: float) -> list[str]:
    warnings = []
    if reach < WEAK:
        warnings.append(
            f"values reach {reach:.2g} of input_scale, so inputs hardly fire: leave input_scale at None in fit, or "
            "pass data of the scale of those of fit; where a few values of fit were far larger than all others, pass a "
            "smaller input_scale to fit"
        )
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
        remedy = "call adapt_threshold with such data" if one_threshold else "train longer, raise threshold.rate"
        warnings.append(
            f"the threshold aims at {d.target:g} and reaches {d.reached:.2f} on these data: {remedy}, or check that "
            "the data are like those of fit"
        )
    if d.operations.spikes > CHURN * max(d.spikes, 1.0):
        warnings.append(
            f"neurons send {d.operations.spikes:.0f} spikes for a sample, of which {d.spikes:.0f} remain: components "
            "that are alike inhibit each other late and in turn; train longer, lower n_components, or use the default "
            "competition, ExplainingAway()"
        )
    if d.error > d.trivial_error:
        warnings.append(
            "the mean sample reconstructs better than the components: train longer, or use the default rule"
        )
    return warnings
