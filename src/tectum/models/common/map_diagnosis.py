"""What may be wrong with a map, and what to do about it."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum import analysis
from tectum.models.common.diagnosis import SATURATED, Diagnosis, saturation
from tectum.models.common.recording import Recording

LEAST_WINNING = 0.5  # share of the neurons that win by chance, below which a map is broken
MOST_TOGETHER = 2.5  # neurons out of reach of the winner that fire with it, ...
MOST_TURNED, LEAST_ORDER = 0.4, 0.2  # ... share of turns of the net above and rho below which it is
LEAST_RHO = 0.3  # rank correlation of distances, below which it is folded as a whole
MOST_FOLDED = 0.02  # of the area of a map of two features
LEAST_EXPLAINED = 0.05  # share of a feature's variance, below which it plays no part


class BrokenMapWarning(UserWarning):
    """A map has not formed: few of its neurons win, many fire together, or its net is crumpled.

    Attributes
    ----------
    args : tuple of str
        What was seen, each with a remedy, in one text.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("ignore", BrokenMapWarning)
    """


class Order(NamedTuple):
    """How a map is ordered on given samples."""

    values: dict[str, Any]  # as of `Diagnosis`
    rows: list[tuple[str, str]]
    broken: list[str]  # what says that no map has formed, each with a remedy


def order_of(latency: NDArray[np.float64], codebook: NDArray[np.float64], grid: Any, radius: float) -> Order:
    """How a map is ordered, from the first spikes to samples (n_samples, n_neurons) that differ, and its codebook,
    features scaled alike.
    """
    winners, n = analysis.first_winner(latency), latency.shape[1]
    won = np.unique(winners[winners >= 0])
    values: dict[str, Any] = {
        "never_winning": np.setdiff1d(np.arange(n), won),
        "winning_share": analysis.winning_share(winners, grid),
        "common_volley": analysis.common_volley(latency, grid, reach=max(1.5, 1.5 * radius)),
        "turned_share": analysis.turned_share(codebook, grid),
        "rank_correlation": analysis.neighbourhood_correlation(codebook, grid),
        "neighbour_variation": analysis.neighbour_variation(codebook, grid),
    }
    rows = [
        ("neurons that never win", f"{n - len(won)} of {n}"),
        ("neurons that win, against chance", f"{values['winning_share']:.2f}"),
        ("neurons far away that fire with the winner", f"{values['common_volley']:.1f}"),
        ("turns of the net (local folds)", f"{values['turned_share']:.1%}"),
        ("rank correlation of distances (global order)", f"{values['rank_correlation']:.2f}"),
        ("variation of neighbour distances", f"{values['neighbour_variation']:.2f}"),
    ]
    broken = []
    if values["winning_share"] < LEAST_WINNING or len(won) == 0:
        broken.append(
            f"only {len(won)} of {n} neurons win any of {len(latency)} samples, {values['winning_share']:.2f} of what "
            "chance would give: many learn the same; with wiring=DirectWiring() use RandomMixtures(), otherwise "
            "end with a smaller radius, train longer, or use a smaller shape"
        )
    if values["common_volley"] > MOST_TOGETHER:
        broken.append(
            f"{values['common_volley']:.1f} neurons far from the winner fire in the same 0.1 ms, before it can inhibit "
            "them, and learn the same; spread out features that hardly vary, take the logarithm of those with long "
            "tails, leave out noise (tectum.analysis.project_pca), lower projection.drive or raise lateral.W"
        )
    if values["turned_share"] > MOST_TURNED and values["rank_correlation"] < LEAST_ORDER:
        broken.append(
            f"the net turns back at {values['turned_share']:.0%} of its places: neighbours do not prefer similar "
            "inputs; train longer, or start with a radius of 0.6 of the longer side of the map"
        )
    return Order(values, rows, broken)


def diagnose_map(
    order: Order,
    X: NDArray[np.float64],
    codebook: NDArray[np.float64],
    grid: Any,
    latency: NDArray[np.float64],
    recording: Recording,
    weights: NDArray[np.float32],
    w_max: float,
    input_ms: float,
    learned_with: NDArray[np.float64],
) -> Diagnosis:
    """Diagnose a map.

    Given are its order, samples and codebook with features scaled alike, its grid, the first spike of each neuron in ms
    (n_samples, n_neurons), NaN where it stayed silent, a recording of some samples for several cycles each, weights
    (n_inputs, n_neurons) and their upper bound, the length of a presentation in training, and the mean spikes of u, h
    and v in one (3,).

    Values are `silent_neurons`, `never_winning`, `saturated_neurons` (their numbers; all weights of the last are at one
    bound), `idle_features` (their numbers), `saturated_weights`, `missing_winners` (shares), `winning_share`,
    `common_volley`, `turned_share`, `rank_correlation`, `neighbour_variation` (see `tectum.analysis`), `fold_share`
    (of a flat map of two features, else NaN), `spikes_per_presentation` (by population u, h, v), `inputs_per_volley`
    (mean share of u that fires in a cycle), `period_ms` and `jitter_ms` of the oscillation.
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
    explained = analysis.variance_explained(X, analysis.first_winner(latency))
    flat = codebook.shape[1] == 2 and min(grid) > 1 and not grid.wraps and np.isfinite(codebook).all()
    values: dict[str, Any] = order.values | {
        "n_features": X.shape[1],
        "idle_features": np.flatnonzero(explained < LEAST_EXPLAINED),
        "fold_share": analysis.fold_share(codebook, analysis.grid_places(grid)) if flat else float("nan"),
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
            *order.rows,
            ("features that play no part", f"{len(values['idle_features'])} of {X.shape[1]}"),
            ("neurons with all weights at a bound", f"{len(values['saturated_neurons'])}"),
            ("weights at the upper bound", f"{values['saturated_weights']:.1%}"),
            ("period of the oscillation", f"{values['period_ms']:.1f} ms"),
            ("jitter of the period", f"{values['jitter_ms']:.2f} ms"),
            ("inputs that fire in a cycle", f"{values['inputs_per_volley']:.0%}"),
            *((f"spikes of the {name} per presentation", f"{spikes[key]:,.1f}") for key, name in names.items()),
        ],
        [*order.broken],
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
    if d.rank_correlation < LEAST_RHO:
        warnings.append(
            f"distances on the map and between its nodes have a rank correlation of {d.rank_correlation:.2f}: it is "
            "folded as a whole, even if neighbours are alike; start with a larger radius.start, train longer, or take "
            "the best of several random_state"
        )
    if d.fold_share > MOST_FOLDED:
        warnings.append(
            f"{d.fold_share:.0%} of the triangles of the net are turned round: it is folded; start with a larger "
            "radius.start, or take the best of several random_state"
        )
    if len(d.idle_features) > 0.5 * d.n_features:
        warnings.append(
            f"the winner says nothing about {len(d.idle_features)} of {d.n_features} features, which share the volley "
            "with the others; leave them out, or reduce them (tectum.analysis.project_pca)"
        )
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
