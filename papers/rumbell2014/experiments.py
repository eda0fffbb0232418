"""The spiking map of Rumbell, Denham & Wennekers (2014) as specified, and tectum's departures from it, for one seed."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from scores import SHAPE, accuracy, nearest, split, square

from tectum import BrokenMapWarning, SpikingSOM, analysis, parts
from tectum.models.common.parameters import DIRECT, PUBLISHED

warnings.simplefilter("ignore", BrokenMapWarning)  # controls are meant not to organise


def reconstructed(n_features: int, **others: Any) -> SpikingSOM:
    """The map as specified, 10,000 presentations in two dimensions and 6,000 for the two classification sets."""
    n_presentations = 10_000 if n_features <= 3 else 6_000
    return SpikingSOM.rumbell2014(SHAPE, n_features=n_features, n_presentations=n_presentations, **others)


def direct(n_features: int, **others: Any) -> SpikingSOM:
    """The map with tectum's parts and a ring of its own for each feature, the default of version 0.1."""
    return SpikingSOM(SHAPE, n_presentations=20_000, **(DIRECT | others))


def default(n_features: int, **others: Any) -> SpikingSOM:
    """The default map."""
    return SpikingSOM(SHAPE, n_presentations=20_000, **others)


MAPS = {"reconstructed": reconstructed, "direct wiring (0.1)": direct, "tectum": default}


def codebook_quality(X: NDArray[np.float64], codebook: NDArray[np.float64]) -> dict[str, float]:
    """Errors of a codebook on samples scaled to the unit cube."""
    winners = analysis.best_matching_units(X, codebook)
    return {
        "QE": analysis.quantization_error(X, codebook),
        "TE": analysis.topographic_error(winners, SHAPE),
        "rho": analysis.neighbourhood_correlation(codebook, SHAPE),
        "ratio": analysis.neighbour_distance_ratio(codebook, SHAPE),
    }


def map_on_square(kind: str, seed: int, **changes: Any) -> dict[str, float]:
    """Quality of a map of the unit square."""
    X, X_test = square(seed)
    som = MAPS[kind](2, random_state=seed, input_range=(0.0, 1.0), n_snapshots=0, **changes).fit(X)
    return codebook_quality(X_test, som.codebook_) | {
        "TE spikes": som.topographic_error(X_test, winners="spikes"),
        "QE spikes": float(np.linalg.norm(X_test - som.inverse_transform(som.transform(X_test)), axis=1).mean()),
    }


def map_on_classes(kind: str, name: str, seed: int, **changes: Any) -> dict[str, float]:
    """Quality and held-out accuracy of a map of a labelled data set, learned without the labels."""
    X, y, X_test, y_test = split(name, seed)
    som = MAPS[kind](X.shape[1], random_state=seed, n_snapshots=0, **changes).fit(X)
    spikes, spikes_test = som.predict(X), som.predict(X_test)
    return codebook_quality(X, som.codebook_) | {
        "TE spikes": som.topographic_error(X, winners="spikes"),
        "accuracy": accuracy(nearest(X, som.codebook_), y, nearest(X_test, som.codebook_), y_test),
        "accuracy spikes": accuracy(spikes, y, spikes_test, y_test),
        "accuracy votes": float((analysis.vote_labels(som.transform(X), y, som.transform(X_test)) == y_test).mean()),
        "train accuracy spikes": accuracy(spikes, y, spikes, y),
    }


def oscillation(n_features: int, seed: int, n_inputs: int = 20) -> dict[str, float]:
    """Period, jitter and latency code of the untrained map, each input shown for 600 ms from rest."""
    rng = np.random.default_rng(seed)
    X = rng.random((n_inputs, n_features))
    som = reconstructed(n_features, random_state=seed, input_range=(0.0, 1.0), n_snapshots=0)
    som.set_params(n_presentations=1).fit(X)
    currents = som.currents(X)
    rows = []
    for m in range(n_inputs):
        recording = som.record(X[m : m + 1], input_ms=600.0)
        u = recording.spikes["u"]
        volley = analysis.volleys(u.time_ms)
        start = np.array([u.time_ms[volley == k].min() for k in range(volley.max() + 1)])
        inside = list(range(1, volley.max()))  # the onset and the last, possibly cut, volley are left out
        fired = [len(np.unique(u.neuron[volley == k])) for k in inside]
        once = [np.sum(volley == k) for k in inside]
        k = inside[-1]
        latency = u.time_ms[volley == k] - start[k]
        rank = spearmanr(latency, currents[m, u.neuron[volley == k]]).statistic
        period = np.diff(start[1:])
        rows.append((period.mean(), period.std(), np.mean(fired) / u.n_neurons, np.mean(once) / np.mean(fired), rank))
    period, jitter, share, repeats, rank = np.mean(rows, axis=0)
    return {"period": period, "jitter": jitter, "share": share, "spikes per firing unit": repeats, "rank": rank}


def bubble(kind: str, seed: int) -> dict[str, float]:
    """How far activity spreads from the first neuron of a volley in a trained map."""
    X, X_test = square(seed)
    som = MAPS[kind](2, random_state=seed, input_range=(0.0, 1.0), n_snapshots=0).fit(X)
    profile = analysis.bubble_profile(*_volleys(som, X_test[:100]), SHAPE)
    distance, p = profile["distance"], profile["probability"]
    extra = profile["extra_latency_ms"]
    near = [float(extra[distance == d][0]) for d in (1, 3)]
    return {
        "P(1)": float(p[distance == 1][0]),
        "P(>7)": float(p[distance > 7].mean()),
        "delay(1)": near[0],
        "delay(3)": near[1],
    }


def _volleys(som: SpikingSOM, X: NDArray[np.float64]) -> tuple[Any, Any, Any]:
    v = som.record(X).spikes["v"]
    return v.time_ms, v.neuron, analysis.volleys(v.time_ms)


def control(change: str, seed: int) -> dict[str, float]:
    """The reconstructed map with one mechanism taken away."""
    changes: dict[str, dict[str, Any]] = {
        "none": {},
        "no lateral profile": {"lateral": PUBLISHED["lateral"]._replace(W=0.0)},
        "no STDP": {"rule": parts.NearestNeighbourSTDP(A_plus=0.0, A_minus=0.0)},
        "no inhibition": {"inhibition": PUBLISHED["inhibition"]._replace(W_feedback=0.0)},
        "inhibition not delayed": {"inhibition": PUBLISHED["inhibition"]._replace(W_inhibition=2.08)},
    }
    return map_on_square("reconstructed", seed, **changes[change])


def departure(name: str, seed: int) -> dict[str, float]:
    """The map with direct wiring, one of its parts set back to the reconstructed one."""
    changes: dict[str, dict[str, Any]] = {
        "none": {},
        "lateral not normalised": {"lateral": DIRECT["lateral"]._replace(growth=0.0)},
        "window not shifted": {"rule": PUBLISHED["rule"]},
        "inhibition balanced": {"inhibition": PUBLISHED["inhibition"]},
        "lateral fall 0.5 ms": {"lateral_synapse": PUBLISHED["lateral_synapse"]},
        "fields and drive": {
            "encoder": DIRECT["encoder"]._replace(sigma=0.6, low=0.25, high=0.75),
            "projection": PUBLISHED["projection"],
        },
        "16 units": {"encoder": DIRECT["encoder"]._replace(n_units=16)},
        "dt 0.05 ms": {"dt": 0.05},
    }
    on_square, on_iris = (
        map_on_square("direct wiring (0.1)", seed, **changes[name]),
        map_on_classes("direct wiring (0.1)", "iris", seed, **changes[name]),
    )
    return {
        f"{data} {measure}": values[measure]
        for data, values in (("square", on_square), ("iris", on_iris))
        for measure in ("QE", "TE", "TE spikes")
    }
