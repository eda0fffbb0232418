"""What may be wrong with a model, and what to do about it."""

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

SATURATED = 0.98  # share of its upper bound from which a weight counts as saturated


@dataclass(frozen=True)
class Diagnosis:
    """State of health of a model on given data; print it for a table."""

    values: dict[str, Any]  # what was measured, by name; also attributes, ``diagnosis.silent_neurons``
    rows: list[tuple[str, str]]  # the same as a table for people
    warnings: list[str]  # what is wrong, each with a remedy

    def __getattr__(self, name: str) -> Any:
        values = vars(self).get("values", {})
        if name not in values:
            raise AttributeError(f"Diagnosis has no {name!r}; there are: {', '.join(values)}")
        return values[name]

    def __str__(self) -> str:
        width = 2 + max(len(name) for name, _ in self.rows)
        lines = [f"{name:{width}s}{value}" for name, value in self.rows]
        return "\n".join(lines + [f"warning: {warning}" for warning in self.warnings])

    def _repr_html_(self) -> str:
        from tectum.plots.inline import inline_table

        colour, title = ("#c2410c", f"{len(self.warnings)} warnings") if self.warnings else ("#15803d", "nothing amiss")
        light = f'<svg width="14" height="14" role="img"><circle cx="7" cy="7" r="6" fill="{colour}"/></svg> '
        warnings = "".join(f"<li>{escape(warning)}</li>" for warning in self.warnings)
        return f"{light}{inline_table(title, self.rows)}<ul>{warnings}</ul>"


def saturation(weights: NDArray[Any], w_max: float | None) -> float:
    """Share of weights at their upper bound; 0 if there is none."""
    return 0.0 if not w_max or not np.isfinite(w_max) else float((weights >= SATURATED * w_max).mean())


def responders(
    scores: NDArray[Any], owner: str, n_free: int = 0
) -> tuple[dict[str, Any], list[tuple[str, str]], list[str]]:
    """Values, rows and warnings about who answers samples and who wins them: the highest of the responses
    (n_samples, n_neurons), 0 for none. `owner` answers, for the warnings: ``"network"``.
    `n_free` of its neurons are kept for what is still to come, and need not win.
    """
    n = scores.shape[1]
    fires = scores > 0
    answered = fires.any(axis=1)
    wins = np.bincount(scores[answered].argmax(axis=1), minlength=n)
    values: dict[str, Any] = {
        "silent_neurons": np.flatnonzero(~fires.any(axis=0)),
        "never_winning": np.flatnonzero(wins == 0),
        "silent_samples": float(1.0 - answered.mean()),
        "largest_share": float(wins.max() / max(1, wins.sum())),
        "responding": float(fires[answered].sum(axis=1).mean()) if answered.any() else 0.0,
    }
    rows = [
        ("samples without a spike", f"{values['silent_samples']:.1%}"),
        ("neurons that never fire", f"{len(values['silent_neurons'])} of {n}"),
        ("neurons that never win", f"{len(values['never_winning'])} of {n}"),
        ("wins of the busiest neuron", f"{values['largest_share']:.1%}"),
        ("neurons that answer a sample", f"{values['responding']:.1f}"),
    ]
    warnings = []
    ready = max(1, n - n_free)
    expected = ready * (1.0 - (1.0 - 1.0 / ready) ** int(answered.sum()))  # neurons that so many samples give a win
    if answered.any() and values["largest_share"] > 0.5 and n > 2 and answered.sum() >= 2 * n:
        warnings.append(
            f"one neuron of the {owner} wins {values['largest_share']:.0%} of the samples: the others never get a "
            "turn; {hog}"
        )
    elif n - len(values["never_winning"]) < 0.4 * expected:
        warnings.append(
            f"{len(values['never_winning'])} of {n} neurons of the {owner} never win: it is larger than the data need, "
            "or has not learned for long enough; use fewer neurons or learn for longer"
        )
    return values, rows, warnings


def diagnose_responders(
    counts: NDArray[np.float32],
    weights: NDArray[np.float32],
    w_max: float | None,
    learned: NDArray[np.int64],
    shown: float,
    thresholds: NDArray[np.float64],
) -> Diagnosis:
    """Diagnose neurons with adaptive thresholds that inhibit each other.

    Given are their spikes (n_samples, n_neurons), weights (n_neurons, n_features) and the upper bound of these, spikes
    of each neuron while it learned (n_neurons,), how often a sample was shown then on average, and thresholds in mV
    (n_neurons,).

    Values are `silent_neurons`, `never_winning` and `idle_neurons` (numbers of neurons), `silent_samples`,
    `largest_share`, `saturated_weights` (shares), `responding`, `spikes`, `shown` and `threshold` (means).
    """
    values, rows, warnings = responders(counts, "network")
    values |= {
        "idle_neurons": np.flatnonzero(learned == 0),
        "saturated_weights": saturation(weights, w_max),
        "spikes": float(counts.sum(axis=1).mean()),
        "shown": shown,
        "threshold": float(thresholds.mean()),
    }
    rows += [
        ("neurons that have not learned", f"{len(values['idle_neurons'])} of {len(learned)}"),
        ("saturated weights", f"{values['saturated_weights']:.1%}"),
        ("spikes per sample", f"{values['spikes']:.1f}"),
        ("times that a sample was shown", f"{shown:.2f}"),
        ("threshold", f"{values['threshold']:.1f} mV, from {thresholds.min():.1f} to {thresholds.max():.1f}"),
    ]
    warnings = [warning.format(hog="raise neuron.theta_plus, or learn from more samples") for warning in warnings]
    if values["silent_samples"] > 0.05:
        warnings.append(
            f"no neuron fires for {values['silent_samples']:.0%} of the samples: raise gain or encoder.rate, or set "
            "input_range to the values that occur"
        )
    if len(values["idle_neurons"]) > 0.5 * len(learned):
        warnings.append(
            f"{len(values['idle_neurons'])} of {len(learned)} neurons have never fired while the network learned: use "
            "fewer n_neurons, learn from more samples, or raise neuron.theta_plus"
        )
    if values["saturated_weights"] > 0.2:
        warnings.append(
            f"{values['saturated_weights']:.0%} of the weights are at their upper bound: lower rule.eta_plus or "
            "norm.mean"
        )
    if values["responding"] > 0.5 * len(learned) > 1.0:
        warnings.append(
            f"{values['responding']:.0f} of {len(learned)} neurons answer a sample: competition fails; raise "
            "inhibition.strength or lower gain"
        )
    return Diagnosis(values, rows, warnings)
