"""What may be wrong with a map, and what to do about it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.core.events import Recording
from tectum.models.common.diagnosis import SATURATED, Diagnosis, saturation


def diagnose_map(
    latency: NDArray[np.float64],
    recording: Recording,
    weights: NDArray[np.float32],
    w_max: float,
    input_ms: float,
    learned_with: NDArray[np.float64],
) -> Diagnosis:
    """Diagnose a map.

    Given are the first spike of each neuron in ms (n_samples, n_neurons), NaN where it stayed silent, a recording of
    some samples for several cycles each, weights (n_inputs, n_neurons) and their upper bound, the length of a
    presentation in training, and the mean spikes of u, h and v in one (3,).

    Values are `silent_neurons`, `saturated_neurons` (numbers of neurons: all their weights at one bound),
    `saturated_weights`, `missing_winners` (shares), `spikes_per_presentation` (by population u, h, v),
    `inputs_per_volley` (mean share of u that fires in a cycle), `period_ms` and `jitter_ms` of the oscillation.
    """
    u, h, v = (recording.spikes[name] for name in "uhv")
    n = recording.duration_ms / input_ms
    volley_starts = h.time_ms[np.flatnonzero(np.diff(h.time_ms, prepend=-np.inf) > 10.0)]
    # The inhibitory neuron fires at the end of a volley; the interval across a change of sample is not a period.
    within = np.diff(np.floor(volley_starts / recording.presentation_ms)) == 0
    periods = np.diff(volley_starts)[within]
    high = weights >= SATURATED * w_max
    low = weights <= (1.0 - SATURATED) * w_max
    silent = np.isnan(latency)
    values: dict[str, Any] = {
        "silent_neurons": np.flatnonzero(silent.all(axis=0)),
        "saturated_neurons": np.flatnonzero(high.all(axis=0) | low.all(axis=0)),
        "saturated_weights": saturation(weights, w_max),
        "missing_winners": float(silent.all(axis=1).mean()),
        "spikes_per_presentation": {name: len(train) / n for name, train in recording.spikes.items()},
        "inputs_per_volley": len(u) / (u.n_neurons * len(volley_starts)) if len(volley_starts) else float("nan"),
        "period_ms": float(periods.mean()) if len(periods) else float("nan"),
        "jitter_ms": float(periods.std()) if len(periods) else float("nan"),
    }
    names = {"u": "input layer u", "h": "inhibitory neuron", "v": "map"}
    spikes = values["spikes_per_presentation"]
    found = Diagnosis(
        values,
        [
            ("samples without a winner", f"{values['missing_winners']:.1%}"),
            ("neurons that never fire", f"{len(values['silent_neurons'])} of {v.n_neurons}"),
            ("neurons with all weights at a bound", f"{len(values['saturated_neurons'])}"),
            ("weights at the upper bound", f"{values['saturated_weights']:.1%}"),
            ("period of the oscillation", f"{values['period_ms']:.1f} ms"),
            ("jitter of the period", f"{values['jitter_ms']:.2f} ms"),
            ("inputs that fire in a cycle", f"{values['inputs_per_volley']:.0%}"),
            *((f"spikes of the {name} per presentation", f"{spikes[key]:,.1f}") for key, name in names.items()),
        ],
        [],
    )
    answered = ~silent[~silent.all(axis=1)]
    found.warnings.extend(_warnings(found, v.n_neurons, answered.mean() if len(answered) else 0.0))
    frozen = found.spikes_per_presentation["u"]
    if learned_with[0] > 1.5 * frozen:
        found.warnings.append(
            f"the oscillation was lost while the map learned: an input layer that fires {frozen:.0f} spikes per "
            f"presentation now fired {learned_with[0]:.0f}; lower inhibition.W_inhibition further below twice "
            "W_excitation, or use fewer encoder.n_units"
        )
    return found


def _warnings(d: Diagnosis, n_neurons: int, share_responding: float) -> list[str]:
    warnings = []
    if np.isnan(d.period_ms):
        warnings.append(
            "the input layer does not oscillate: the inhibitory neuron never fires twice in a presentation; raise "
            "inhibition.W_feedback or protocol.input_ms, set inhibition.W_inhibition just below 2 W_excitation, or "
            "widen encoder.sigma"
        )
    elif d.jitter_ms > 0.05 * d.period_ms:
        warnings.append(
            f"the period varies by {d.jitter_ms:.1f} ms: volleys are cut short or overlap; check inhibition.W_feedback "
            "and input_neuron.tau_m"
        )
    if d.inputs_per_volley < 0.75:
        warnings.append(
            f"only {d.inputs_per_volley:.0%} of the inputs fire per cycle; widen encoder.sigma, or bring "
            "inhibition.W_inhibition closer to twice W_excitation"
        )
    elif d.inputs_per_volley > 1.3:
        warnings.append(
            f"an input fires {d.inputs_per_volley:.1f} times per cycle instead of once; raise inhibition.W_feedback or "
            "input_neuron.tau_m"
        )
    if d.missing_winners > 0.0:
        warnings.append(
            f"{d.missing_winners:.1%} of the samples have no winner: the map is driven too weakly; raise "
            "projection.drive by 10 %, train longer, or check that the data lie in the range seen in fit"
        )
    if len(d.silent_neurons) > 0.5 * n_neurons:
        warnings.append(
            f"{len(d.silent_neurons)} of {n_neurons} neurons never fire: the map is larger than the data need, or the "
            "radius fell too fast; use a smaller shape or a larger radius.half"
        )
    if share_responding > 0.7:
        warnings.append(
            f"{share_responding:.0%} of the neurons respond to a sample: competition fails; raise lateral.W or lower "
            "projection.drive"
        )
    if len(d.saturated_neurons) > 0:
        warnings.append(
            f"{len(d.saturated_neurons)} neurons have all weights at one bound: depression and potentiation do not "
            "balance; lower rule.A_plus, or rule.A_minus if they are silent"
        )
    return warnings
