"""Measure what a map does to data and draw the figures of that page and of the applications, for light and dark pages.

    python docs/map_figures.py                       everything: about four minutes
    python docs/map_figures.py kept novelty          sections: kept magnification novelty pictures features

`kept` needs the 5,000 first training images of MNIST, which `tectum.datasets.load("mnist")` finds or downloads.
"""

import sys
from collections.abc import Callable, Iterable
from typing import Any

import matplotlib
import numpy as np
from figures import VECTOR, save
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from numpy.typing import NDArray
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.manifold import TSNE
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from tectum import SpikingSOM, analysis, datasets, plots
from tectum.plots.style import accent, class_colours, ink

Floats = NDArray[np.float64]
SHAPE = (10, 10)
GRID = analysis.grid_positions(SHAPE).astype(float)
KEPT = {"iris": 3, "digits": 3, "mnist": 1}  # seeds for each set
NAMES = {"iris": "Iris", "digits": "digits", "mnist": "MNIST"}
LARGEST = {"digits": 16.0, "mnist": 255.0}
SHOWN, COMPARED = 1500, 700  # samples on the plane, and of them those whose distances are compared
PRESENTED = 60.0  # ms that a sample is presented, for those that no neuron answers
EDGE = {1: 2, 2: 1}  # neurons at the border of a chain and of a map whose cells have no other side


def scaled(name: str) -> tuple[Floats, NDArray[Any]]:
    """Samples with features from 0 to 1, and their classes as numbers."""
    data = datasets.load(name)
    X, y = np.asarray(data.data[:5000], np.float64), np.asarray(data.target[:5000])
    low, high = (0.0, LARGEST[name]) if name in LARGEST else (X.min(axis=0), X.max(axis=0))
    return (X - low) / (high - low), np.unique(y, return_inverse=True)[1]


def nearest(X: Floats, codebook: Floats) -> NDArray[np.intp]:
    """The nearest row of a codebook for each sample."""
    return analysis.best_matching_units(X, codebook, k=1)[:, 0]


def leave_one_out(points: Floats, classes: NDArray[Any], rng: np.random.Generator, k: int = 10) -> float:
    """Share of samples whose k nearest others in the plane have mostly their class; ties are broken at random."""
    right = 0
    for i, point in enumerate(points):
        distance = np.hypot(*(points - point).T) + 1e-9 * rng.random(len(points))
        distance[i] = np.inf
        right += np.bincount(classes[np.argpartition(distance, k)[:k]]).argmax() == classes[i]
    return right / len(points)


def explained(X: Floats, winners: NDArray[Any]) -> float:
    """Share of the variance that lies between the means of the samples that the neurons won."""
    within = sum(((X[winners == k] - X[winners == k].mean(axis=0)) ** 2).sum() for k in np.unique(winners))
    return 1.0 - within / ((X - X.mean(axis=0)) ** 2).sum()


def kept() -> None:
    """What the map, a Kohonen map, PCA and t-SNE keep of three sets: a table, and the samples where they lie."""
    panels, codebooks = {}, {}
    for name, n_seeds in KEPT.items():
        X, y = scaled(name)
        rows: dict[str, list[list[float]]] = {}
        for seed in range(n_seeds):
            rng = np.random.default_rng(seed)
            chosen = rng.permutation(len(X))[:SHOWN]
            A, b = X[chosen], y[chosen]
            som = SpikingSOM(SHAPE, random_state=seed).fit(X)
            winners, conventional = som.predict(A), nearest(A, analysis.kohonen_codebook(X, SHAPE, 20_000, seed))
            means = KMeans(100, n_init=1, random_state=seed).fit(X).predict(A)
            plane = PCA(2).fit(X)
            layouts = {"map": GRID[winners], "Kohonen": GRID[conventional]}
            if seed == 0:
                layouts |= {"PCA": plane.transform(A), "t-SNE": TSNE(random_state=seed).fit_transform(A).astype(float)}
                panels[name], codebooks[name] = (layouts, b), som.codebook_
            distances = pdist(A[:COMPARED])
            share = {
                "map": explained(A, winners),
                "Kohonen": explained(A, conventional),
                "PCA": float(plane.explained_variance_ratio_.sum()),
                "t-SNE": np.nan,
            }
            for method, points in layouts.items():
                rows.setdefault(method, []).append(
                    [
                        analysis.trustworthiness(A, points, n_neighbors=10),
                        analysis.continuity(A, points, n_neighbors=10),
                        spearmanr(distances, pdist(points[:COMPARED]))[0],
                        leave_one_out(points, b, rng),
                        share[method],
                    ]
                )
            print(f"{name} {seed}: k-means keeps {explained(A, means):.3f} of the variance", flush=True)
        for method, values in rows.items():
            print(
                f"| {NAMES[name]}: {method} |", " | ".join(f"{v:.2f}" for v in np.mean(values, axis=0)), "|", flush=True
            )
    save("map_layouts", (8.4, 6.6), layouts_figure(panels))
    save("map_codebooks", (8.0, 4.0), codebooks_figure(codebooks))


def layouts_figure(panels: dict[str, Any]) -> Callable[[Figure], None]:
    """Samples on the map, on the plane of PCA and as t-SNE lays them out, one row for each set."""

    def draw(figure: Figure) -> None:
        rng = np.random.default_rng(0)
        for axes, (name, (layouts, classes)) in zip(figure.subplots(3, 3), panels.items(), strict=True):
            colours = np.array(class_colours(classes.max() + 1))[classes]
            for ax, method in zip(axes, ("map", "PCA", "t-SNE"), strict=True):
                points = layouts[method] + (rng.uniform(-0.4, 0.4, (len(classes), 2)) if method == "map" else 0.0)
                ax.scatter(*points.T[::-1], c=colours, s=5, linewidths=0, rasterized=True)
                ax.set(xticks=[], yticks=[], title=f"{NAMES[name]}: {method}")
                if method == "map":
                    ax.set(aspect="equal", xlim=(-0.6, 9.6), ylim=(9.6, -0.6))

    return draw


def codebooks_figure(codebooks: dict[str, Floats]) -> Callable[[Figure], None]:
    """What the neurons of two maps prefer, as images."""

    def draw(figure: Figure) -> None:
        for ax, name in zip(figure.subplots(1, 2), ("digits", "mnist"), strict=True):
            side = int(np.sqrt(codebooks[name].shape[1]))
            plots.plot_codebook_images(np.clip(codebooks[name], 0.0, 1.0), SHAPE, (side, side), cmap="gray", ax=ax)
            ax.set_title(NAMES[name])

    return draw


def ramp(n: int, rng: np.random.Generator) -> Floats:
    """n numbers from 0 to 1 whose density rises from 0.2 to 1.8."""
    return (np.sqrt(0.04 + 3.2 * rng.random(n)) - 0.2) / 1.6


def cells(winners: NDArray[Any], U: Floats, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Density of the data and of the neurons in the cells of neurons inside the map, from winners of even samples U."""
    n, d = shape[0] * shape[1], U.shape[1]
    hits = np.bincount(winners[winners >= 0], minlength=n)
    sums = np.stack([np.bincount(winners[winners >= 0], u[winners >= 0], minlength=n) for u in U.T], axis=1)
    row, column = np.divmod(np.arange(n), shape[1])
    inside = (hits > 0) & (np.minimum(column, shape[1] - 1 - column) >= EDGE[d])
    inside &= (d == 1) | (np.minimum(row, shape[0] - 1 - row) >= EDGE[d])
    centre = sums[inside] / hits[inside, np.newaxis]
    return np.prod(0.2 + 1.6 * centre, axis=1), len(U) / hits[inside] / n


def magnification() -> None:
    """The exponent by which the density of neurons follows that of the data, in one and two dimensions."""
    shown = {}
    for d, shape in ((1, (1, 20)), (2, SHAPE)):
        exponents: dict[str, list[float]] = {}
        for seed in range(3):
            rng = np.random.default_rng(seed)
            X, U = np.stack([ramp(5000, rng) for _ in range(d)], axis=1), rng.random((20_000, d))
            options: dict[str, Any] = {"n_presentations": 20_000, "input_range": (0.0, 1.0), "random_state": seed}
            winners = {
                "map": SpikingSOM(shape, **options).fit(X).predict(U),
                "continuous": SpikingSOM.continuous(shape, **options).fit(X).predict(U),
                "Kohonen, radius to 0.5": nearest(U, analysis.kohonen_codebook(X, shape, 20_000, seed)),
                "Kohonen, radius to 1.25": nearest(U, annealed(X, shape, 1.25, seed)),
            }
            for method, won in winners.items():
                density, neurons = cells(won, U, shape)
                exponents.setdefault(method, []).append(float(np.polyfit(np.log(density), np.log(neurons), 1)[0]))
                if seed == 0:
                    shown[d, method] = density, neurons
        for method, values in exponents.items():
            print(f"| {d}: {method} | {np.mean(values):.2f} ± {np.std(values, ddof=1):.2f} |", flush=True)
    save("map_magnification", (7.6, 3.2), magnification_figure(shown))


def annealed(X: Floats, shape: tuple[int, int], last: float, seed: int) -> Floats:
    """Codebook of a Kohonen map whose radius ends at `last`."""
    order = np.random.default_rng(seed).integers(0, len(X), 20_000)
    rule = analysis.annealed_rule(rates=(0.5, 0.02), radii=(max(shape) / 2, last))
    return analysis.online_codebooks(X[order], shape, rule, n_updates=1, random_state=seed)[-1]


def magnification_figure(shown: dict[Any, Any]) -> Callable[[Figure], None]:
    """Density of neurons over density of the data, with lines of exponents."""

    def draw(figure: Figure) -> None:
        for ax, d in zip(figure.subplots(1, 2), (1, 2), strict=True):
            for k, method in enumerate(("map", "Kohonen, radius to 0.5")):
                ax.loglog(*shown[d, method], "o", markersize=3.5, color=accent(k), label=method)
            x = np.geomspace(*np.array([shown[d, "map"][0].min(), shown[d, "map"][0].max()]), 2)
            for exponent, dashes in ((1.0, ":"), (2 / 3, "--")):
                ax.loglog(x, x**exponent, dashes, color="0.5", linewidth=1, label=f"exponent {exponent:.2g}")
            ax.set(xlabel="density of the data", ylabel="density of neurons", title=f"{d}-dimensional")
            for axis, ticks in ((ax.xaxis, (0.25, 0.5, 1.0, 2.0, 3.0)), (ax.yaxis, (0.25, 0.5, 1.0, 2.0, 4.0))):
                axis.set_major_locator(FixedLocator(ticks))
                axis.set_major_formatter("{x:g}")
            ax.minorticks_off()
        figure.legend(*ax.get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8)

    return draw


def machine(n: int, rng: np.random.Generator, faulty: NDArray[np.bool_] | None = None) -> Floats:
    """Eight sensors of a machine whose load and speed wander; during a fault two of them are swapped."""
    t = np.arange(n)
    load = 0.5 + 0.35 * np.sin(2 * np.pi * t / 400 + 6.0 * rng.random()) + 0.1 * np.sin(2 * np.pi * t / 57)
    speed = 0.5 + 0.35 * np.sin(2 * np.pi * t / 730 + 6.0 * rng.random())
    sensors = [
        load,
        speed,
        load * speed,
        np.sqrt(load),
        np.sin(3 * speed),
        load**2,
        (1 - speed) * load,
        abs(load - speed),
    ]
    S = np.stack(sensors, axis=1)
    if faulty is not None:
        S[np.ix_(faulty, (2, 6))] = S[np.ix_(faulty, (6, 2))]
    return S + 0.03 * rng.standard_normal(S.shape)


def novelty() -> None:
    """A stream of sensors with two faults: how late the map answers each sample."""
    found: dict[str, list[float]] = {}
    for seed in range(3):
        rng = np.random.default_rng(seed)
        known, faulty = machine(4000, rng), np.zeros(4000, bool)
        faulty[1500:1900] = faulty[3000:3300] = True
        new = machine(4000, rng, faulty)
        low, span = known.min(axis=0), np.ptp(known, axis=0)
        som = SpikingSOM(SHAPE, random_state=seed).fit(known)
        prototypes = {
            "map": (som.codebook_ - low) / span,
            "Kohonen": analysis.kohonen_codebook((known - low) / span, SHAPE, 20_000, seed),
            "k-means": KMeans(100, n_init=1, random_state=seed).fit((known - low) / span).cluster_centers_,
        }
        scores = {method: distance((new - low) / span, codebook) for method, codebook in prototypes.items()}
        scores["time of the first spike"] = np.nan_to_num(np.fmin.reduce(som.spike_times(new), axis=1), nan=PRESENTED)
        scores["isolation forest"] = -IsolationForest(random_state=seed).fit(known).score_samples(new)
        scores["largest deviation of a sensor"] = abs((new - known.mean(axis=0)) / known.std(axis=0)).max(axis=1)
        if seed == 0:
            save("map_novelty", (7.6, 4.2), novelty_figure(new, scores["time of the first spike"], faulty))
        for method, score in scores.items():
            found.setdefault(method, []).append(float(roc_auc_score(faulty, score)))
    for method, values in found.items():
        print(f"| {method} | {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f} |", flush=True)


def distance(X: Floats, codebook: Floats) -> Floats:
    """From each sample to the nearest row of the codebook."""
    return np.sqrt(((X - codebook[nearest(X, codebook)]) ** 2).sum(axis=1))


def novelty_figure(S: Floats, score: Floats, faulty: NDArray[np.bool_]) -> Callable[[Figure], None]:
    """Sensors and the time of the first spike of the map, faults shaded."""

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1.5, 1.0))
        above.plot(S + 1.3 * np.arange(S.shape[1]), linewidth=0.5, color=ink(0.7), rasterized=True)
        silent = score[score < PRESENTED].max() + 0.2  # where samples that no neuron answers are drawn
        below.plot(np.minimum(score, silent), linewidth=0.5, color=accent(0), rasterized=True)
        for ax in (above, below):
            ax.fill_between(np.arange(len(S)), 0, 1, where=faulty, transform=ax.get_xaxis_transform(), alpha=0.2, lw=0)
        above.set(yticks=[], ylabel="eight sensors")
        below.set(ylabel="first spike (ms),\ntop: none", xlabel="sample", xlim=(0, len(S)))

    return draw


def pictures() -> None:
    """The digits in order: at each neuron the picture nearest to what it prefers, and the U-matrix."""
    X, _ = scaled("digits")
    som = SpikingSOM((14, 20), random_state=0).fit(X)
    chosen = nearest(som.codebook_, X)
    print(f"pictures: TE of spikes {som.topographic_error(X, winners='spikes'):.3f}, {len(set(chosen))} different")

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.15, 1.0))
        plots.plot_codebook_images(X[chosen], som.shape, (8, 8), label="grey value", ax=left)
        left.set_title("The picture at each place")
        plots.plot_u_matrix(analysis.u_matrix(som.codebook_, som.shape), ax=right)
        right.set_title("Distances between neighbours")

    save("map_pictures", (9.6, 3.6), draw)


def features() -> None:
    """A map of the hidden layer of a classifier: classes, and where the classifier is wrong."""
    X, y = scaled("digits")
    found: dict[str, list[list[float]]] = {}
    for seed in range(3):
        A, B, a, b = train_test_split(X, y, test_size=0.5, random_state=seed, stratify=y)
        net = MLPClassifier((32,), max_iter=60, random_state=seed).fit(A, a)
        wrong = net.predict(B) != b
        hidden = [np.maximum(0.0, Z @ net.coefs_[0] + net.intercepts_[0]) for Z in (A, B)]
        for name, (P, Q) in {"hidden layer": hidden, "pixels": (A, B)}.items():
            som = SpikingSOM(SHAPE, random_state=seed).fit(P)
            of_training, won = som.predict(P), som.predict(Q)
            classes = analysis.label_units(of_training, a, SHAPE)
            counts = np.stack([np.bincount(of_training[a == c], minlength=100) for c in range(10)], axis=1)
            mixed = (counts.max(axis=1) < 0.9 * counts.sum(axis=1))[won]
            found.setdefault(name, []).append(
                [1 - wrong.mean(), analysis.label_accuracy(won, b, classes), mixed.mean(), mixed[wrong].mean()]
            )
            if seed == 0 and name == "hidden layer":
                save("map_features", (8.4, 3.6), features_figure(classes, won, wrong))
    for name, values in found.items():
        print(f"| {name} |", " | ".join(f"{v:.2f}" for v in np.mean(values, axis=0)), "|", flush=True)


def features_figure(classes: NDArray[Any], won: NDArray[Any], wrong: NDArray[Any]) -> Callable[[Figure], None]:
    """Classes of the neurons, and how many of the network's mistakes each won."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        plots.plot_label_map(classes.reshape(SHAPE), ax=left)
        left.set_title("Class of each neuron")
        plots.plot_hit_map(analysis.hit_map(won[wrong], SHAPE), ax=right)
        right.set_title("The network's mistakes")

    return draw


def main(sections: Iterable[str]) -> None:
    """Measure and draw the sections named, or all."""
    matplotlib.use("agg")
    VECTOR["savefig.dpi"] = 120  # of the dots, which are not drawn as vectors
    known = {run.__name__: run for run in (kept, magnification, novelty, pictures, features)}
    for name in sections or known:
        print(f"-- {name}")
        known[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
