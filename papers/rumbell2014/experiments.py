"""Experiments on the spiking map of Rumbell, Denham & Wennekers (2014): one function per claim, each for one seed."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.cluster import KMeans
from sklearn.preprocessing import MinMaxScaler

from tectum import SpikingSOM, analysis, datasets, parts
from tectum.models.common.parameters import PUBLISHED, RECOMMENDED

SHAPE = (10, 10)
TEST_FOLD = 1 / 3


def published(n_features: int, **others: Any) -> SpikingSOM:
    """The map as specified, 10,000 presentations in two dimensions and 6,000 for the two classification sets."""
    n_presentations = 10_000 if n_features <= 3 else 6_000
    return SpikingSOM.rumbell2014(SHAPE, n_features=n_features, n_presentations=n_presentations, **others)


def recommended(n_features: int, **others: Any) -> SpikingSOM:
    """The map with tectum's own parts."""
    return SpikingSOM(SHAPE, n_presentations=20_000, **others)


def constant_radius(n_features: int, **others: Any) -> SpikingSOM:
    """The map without any schedule."""
    return SpikingSOM.continuous(SHAPE, n_presentations=20_000, **others)


MAPS = {"published": published, "tectum": recommended, "tectum, constant radius": constant_radius}


def square(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Training and test points, uniform on the unit square."""
    points = np.random.default_rng(10_000 + seed).random((2000, 2))
    return points[:1000], points[1000:]


def split(name: str, seed: int) -> tuple[Any, ...]:
    """Two thirds for training, one third held out, features scaled to the training range."""
    data = datasets.load(name)
    order = np.random.default_rng(seed).permutation(len(data.data))
    n_train = len(order) - round(len(order) * TEST_FOLD)
    train, test = order[:n_train], order[n_train:]
    scale = MinMaxScaler().fit(data.data[train])
    return scale.transform(data.data[train]), data.target[train], scale.transform(data.data[test]), data.target[test]


def codebook_quality(X: NDArray[np.float64], codebook: NDArray[np.float64]) -> dict[str, float]:
    """Errors of a codebook on samples scaled to the unit cube."""
    winners = analysis.best_matching_units(X, codebook)
    return {
        "QE": analysis.quantization_error(X, codebook),
        "TE": analysis.topographic_error(winners, SHAPE),
        "rho": analysis.neighbourhood_correlation(codebook, SHAPE),
        "ratio": analysis.neighbour_distance_ratio(codebook, SHAPE),
    }


def accuracy(train: NDArray[np.int64], y: NDArray, test: NDArray[np.int64], y_test: NDArray) -> float:
    """Held-out accuracy of the majority labels of the training winners."""
    return analysis.label_accuracy(test, y_test, analysis.label_units(train, y, SHAPE))


def nearest(X: NDArray[np.float64], codebook: NDArray[np.float64]) -> NDArray[np.int64]:
    """Nearest row of the codebook."""
    return analysis.best_matching_units(X, codebook, k=1)[:, 0]


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


def baseline(kind: str, name: str, seed: int) -> dict[str, float]:
    """Kohonen map of the same size, or k-means with as many centres, on the same data and split."""
    if name == "square":
        X, X_test = square(seed)
    else:
        X, y, X_test, y_test = split(name, seed)
    if kind == "Kohonen":
        codebook = analysis.kohonen_codebook(X, SHAPE, n_steps=6_000, random_state=seed)
        quality = codebook_quality(X_test if name == "square" else X, codebook)
    else:
        n_centres = min(math.prod(SHAPE), len(np.unique(X, axis=0)))
        codebook = KMeans(n_centres, n_init=1, random_state=seed).fit(X).cluster_centers_
        quality = {"QE": analysis.quantization_error(X_test if name == "square" else X, codebook)}
    if name == "square":
        return quality
    train, test = nearest(X, codebook), nearest(X_test, codebook)
    if kind == "Kohonen":
        return quality | {"accuracy": accuracy(train, y, test, y_test)}
    majority = {unit: np.bincount(y[train == unit]).argmax() for unit in np.unique(train)}
    right = np.array([majority.get(unit, -1) for unit in test]) == y_test
    return quality | {"accuracy": float(right.mean())}


def oscillation(n_features: int, seed: int, n_inputs: int = 20) -> dict[str, float]:
    """Period, jitter and latency code of the untrained map, each input shown for 600 ms from rest."""
    rng = np.random.default_rng(seed)
    X = rng.random((n_inputs, n_features))
    som = published(n_features, random_state=seed, input_range=(0.0, 1.0), n_snapshots=0)
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


def distribution_switch(kind: str, seed: int) -> dict[str, float]:
    """Share of nodes in the right half before and after 3,000 presentations from the right 45 % of the square."""
    X, _ = square(seed)
    som = MAPS[kind](2, random_state=seed, input_range=(0.0, 1.0), n_snapshots=0).fit(X)
    before = float((som.codebook_[:, 0] > 0.5).mean())
    rng = np.random.default_rng(seed)
    right = rng.random((3000, 2)) * [0.45, 1.0] + [0.55, 0.0]
    som.partial_fit(right)
    after = float((som.codebook_[:, 0] > 0.5).mean())
    som.partial_fit(rng.random((3000, 2)))
    return {"before": before, "after": after, "rise": after - before, "back": float((som.codebook_[:, 0] > 0.5).mean())}


def control(change: str, seed: int) -> dict[str, float]:
    """The published map with one mechanism taken away."""
    changes: dict[str, dict[str, Any]] = {
        "none": {},
        "no lateral profile": {"lateral": PUBLISHED["lateral"]._replace(W=0.0)},
        "no STDP": {"rule": parts.NearestNeighbourSTDP(A_plus=0.0, A_minus=0.0)},
        "no inhibition": {"inhibition": PUBLISHED["inhibition"]._replace(W_feedback=0.0)},
        "inhibition not delayed": {"inhibition": PUBLISHED["inhibition"]._replace(W_inhibition=2.08)},
    }
    return map_on_square("published", seed, **changes[change])


def departure(name: str, seed: int) -> dict[str, float]:
    """The recommended map with one of its parts set back to the published one."""
    changes: dict[str, dict[str, Any]] = {
        "none": {},
        "lateral not normalised": {"lateral": RECOMMENDED["lateral"]._replace(growth=0.0)},
        "window not shifted": {"rule": PUBLISHED["rule"]},
        "inhibition balanced": {"inhibition": PUBLISHED["inhibition"]},
        "lateral fall 0.5 ms": {"lateral_synapse": PUBLISHED["lateral_synapse"]},
        "fields and drive": {
            "encoder": RECOMMENDED["encoder"]._replace(sigma=0.6, low=0.25, high=0.75),
            "projection": PUBLISHED["projection"],
        },
        "16 units": {"encoder": RECOMMENDED["encoder"]._replace(n_units=16)},
        "dt 0.05 ms": {"dt": 0.05},
    }
    square, iris = (
        map_on_square("tectum", seed, **changes[name]),
        map_on_classes("tectum", "iris", seed, **changes[name]),
    )
    return {
        f"{data} {measure}": values[measure]
        for data, values in (("square", square), ("iris", iris))
        for measure in ("QE", "TE", "TE spikes")
    }
