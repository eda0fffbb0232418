"""Learning that goes on: what a spiking map adopts and forgets when scenes, or classes of digits, come one by one.

    python papers/coherence/continual.py --features fire6.npz     archive with X and source, the clip of each frame
    python papers/coherence/continual.py                          computes the features of the driving clips first
    python papers/coherence/continual.py digits                   MNIST, two classes at a time; or `driving`

Data are looked for in the folder that TECTUM_DATA names (`driving/`, `cnn/`). Prints tables, measured values
with those expected in brackets, and draws curves of adoption and forgetting into `results/` beside this file, or into
the folder given with -o. The exit status is 1 if a value is not as expected. Labels are used by the evaluation only.

dQ       rise of the quantisation error (cosine) of a clip's held-out frames since the end of that clip
TE       share of held-out frames whose two highest neurons are not neighbours, of those to which two fire
TE(w)    share of held-out frames whose two nearest weight vectors, of neurons that have won, are not neighbours
QE       cosine distance of held-out frames to the weights of their winner
F        fall of a class's accuracy, by majority labels of the neurons, from its best to the end
adopted  classes whose accuracy reaches 90 % of the final one within 50 frames of their first
own      share of held-out frames won by neurons that stand for their clip; the least of all clips
clusters classes whose neurons win at least 80 % of their held-out frames and at most 5 % of the others
units    neurons that win any frame
"""

import argparse
import os
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray
from rate_maps import driving_features, split
from rich.console import Console
from rich.table import Table
from sklearn.cluster import KMeans

from tectum import MapHierarchy, analysis, datasets, parts, plots
from tectum.engine.graph.features import FeatureCoder

SHAPE = (8, 8)
N_UNITS = SHAPE[0] * SHAPE[1]
EARLY = (10, 20, 30, 40, 50, 100)  # frames after the first of a class at which it is measured
SOON = 50
MOST = {"dQ": 0.04, "TE": 0.1}
PER_CLASS, HELD_OUT = 300, 40  # digits
# Digits differ more than the frames of a clip: the map has to answer from further away, and a winner must
# not make its neighbours learn what they do not know.
DIGITS: dict[str, Any] = {"norm": parts.SourceNorm(drive=8.0), "lateral": parts.NearExcitation(W=0.3)}
# Neurons around a winner learn with it. As they are taught before they win, their rate has to fall sooner (n_0); with
# little noise it is the nearest that fires first; and if thresholds fall in small steps, fewer recruits fire at what is
# left of the cycle before, ahead of the new clip's spikes.
SPREAD: dict[str, Any] = {
    "spread": parts.PlasticitySpread(),
    "use": parts.UseDependentRate(n_0=0.5),
    "neuron": parts.ConductanceLIF(drive=2.0, noise=0.1),
    "gate": parts.NoveltyGate(factor=2.0, drop=1.0),
    "norm": parts.SourceNorm(drive=7.0),
}
# Digits differ more than scenes: with all of that spread neighbours would be alike, and know less.
DIGITS_SPREAD: dict[str, Any] = SPREAD | {"spread": parts.PlasticitySpread(W=0.5, radius=0.6), "norm": DIGITS["norm"]}
TOGETHER = "neighbours learn too"  # the map whose values are checked
Table_ = dict[str, NDArray[np.float64]]


class Course(NamedTuple):
    """A stream of classes that come one after another, and held-out samples of each."""

    X: NDArray[np.float32]  # (n, n_features), in the order in which they are learned
    label: NDArray[np.intp]  # (n,), for the evaluation
    probes: NDArray[np.float32]  # (n_probes, n_features)
    probe_label: NDArray[np.intp]  # (n_probes,)
    order: NDArray[np.intp]  # (n,), segment of each sample

    @property
    def starts(self) -> NDArray[np.intp]:
        """Samples learned before the first of each class."""
        return np.array([np.flatnonzero(self.label == c)[0] for c in np.unique(self.label)])

    @property
    def ends(self) -> NDArray[np.intp]:
        """Samples learned at the end of the segment in which each class was last."""
        last = [np.flatnonzero(self.label == c)[-1] for c in np.unique(self.label)]
        return np.array([np.flatnonzero(self.order == self.order[k])[-1] + 1 for k in last])

    @property
    def times(self) -> NDArray[np.intp]:
        """Samples learned before each measurement."""
        soon = (self.starts[:, None] + np.array(EARLY)).ravel()
        return np.unique([*soon[soon < len(self.X)], *self.ends, len(self.X)])


class History(NamedTuple):
    """What a map answered to the probes at each time."""

    winners: NDArray[np.intp]  # (n_times, n_probes)
    distances: NDArray[np.float64]  # (n_times, n_probes)
    two_highest: NDArray[np.intp]  # (n_probes to which two fire, 2), at the end
    two_nearest: NDArray[np.intp]  # (n_probes, 2), by weights, at the end
    trained: NDArray[np.intp]  # (n,), winners of what was learned, at the end


def coded(X: NDArray, part: Any, seed: int) -> NDArray[np.float32]:
    """Strength of each input of a code: 1 for the first to fire, 0 for those that stay silent."""
    coder = FeatureCoder(part, seed, X.shape[1])
    ranked, _ = coder.ranked_inputs(X)
    codes = np.zeros((len(X), coder.n_inputs + 1), np.float32)
    strength = 1.0 - np.arange(part.k, dtype=np.float32) / part.k
    np.put_along_axis(codes, ranked.astype(np.int64), np.broadcast_to(strength, ranked.shape), axis=1)
    return codes[:, :-1]


def spiking(course: Course, seed: int, k: int, **constants: Any) -> History:
    """A map with the parts of `MapHierarchy`, or others, that sees codes of k inputs."""
    source = parts.Features(code=parts.Ranked(k=k))
    learned = MapHierarchy([parts.Map("map", (source,), SHAPE, **constants)], random_state=seed)
    winners, distances, before = [], [], 0
    codes = None
    for time in course.times:
        learned.partial_fit(course.X[before:time])
        before = time
        scores = learned.scores(course.probes)["map"]
        found = np.where(scores.max(axis=1) > 0.0, scores.argmax(axis=1), -1)
        codes = learned.codes(course.probes) if codes is None else codes
        apart = analysis.code_distances(codes, learned.weights("map"))
        winners.append(found)
        distances.append(np.where(found >= 0, apart[np.arange(len(found)), found], 1.0))
    pairs = analysis.two_highest(scores)
    pairs = pairs[pairs[:, 1] >= 0]  # a frame to which one neuron fires says nothing about neighbours
    trained = learned.predict(course.X)
    apart[:, np.setdiff1d(np.arange(N_UNITS), trained)] = np.inf
    nearest_two = apart.argsort(axis=1)[:, :2]
    return History(np.array(winners), np.array(distances), pairs, nearest_two, trained)


def annealed(course: Course, seed: int) -> History:
    """Kohonen's map whose rate and radius fall, two updates a sample."""
    rule = analysis.annealed_rule()
    X = course.X.astype(np.float64)
    books = analysis.online_codebooks(X, SHAPE, rule, times=course.times, random_state=seed)
    pairs = [analysis.best_matching_units(course.probes, book) for book in books]
    apart = [analysis.code_distances(course.probes, book) for book in books]
    winners = np.array([pair[:, 0] for pair in pairs])
    distances = np.array([a[np.arange(len(w)), w] for a, w in zip(apart, winners, strict=True)])
    return History(winners, distances, pairs[-1], pairs[-1], analysis.best_matching_units(X, books[-1])[:, 0])


def measure(course: Course, history: History) -> tuple[dict[str, float], NDArray[np.float64]]:
    """The measures of a map, and the accuracy of each class at each time."""
    label, n_classes = course.probe_label, len(np.unique(course.probe_label))
    accuracy = analysis.class_accuracy(history.winners, label, N_UNITS)
    quality = analysis.class_quantization(history.distances, label)
    rows = np.searchsorted(course.times, course.ends)
    taken = analysis.adoption_time(course.times, accuracy, course.starts)
    (stands_for,) = analysis.territories(history.trained[None], course.label, N_UNITS)
    found = np.where(history.winners[-1] >= 0, stands_for[history.winners[-1]], -1)
    own = found == label
    row = {
        "dQ": float(analysis.quantization_forgetting(quality, rows).mean()),
        "TE": analysis.topographic_error(history.two_highest, SHAPE),
        "TE(w)": analysis.topographic_error(history.two_nearest, SHAPE),
        "QE": float(history.distances[-1].mean()),
        "AMI": float(analysis.cluster_scores(label, history.winners[-1])["ami"]),
        "F": float(analysis.accuracy_forgetting(accuracy).mean()),
        "accuracy": float(own.mean()),
        "adopted": float((taken <= SOON).sum()),
        "own": min(float(own[label == c].mean()) for c in range(n_classes)),
        "clusters": float((analysis.dedicated_units(found[None], label, n_classes)[-1] >= 0).sum()),
        "units": float(len(np.unique(history.trained[history.trained >= 0]))),
    }
    return row, accuracy


def drive(X: NDArray, source: NDArray[np.intp], seed: int) -> Course:
    """Clips in their natural order, as codes of 50 of 512 inputs."""
    codes = coded(X, parts.RandomProjection(), seed)
    training, probes = split(source)
    return Course(codes[training], source[training], codes[probes], source[probes], source[training])


def digits(seed: int, shuffled: bool) -> Course:
    """MNIST, classes 0 and 1, then 2 and 3, ...; or all at once."""
    data = datasets.load("mnist")
    rng = np.random.default_rng(seed)
    X, label = np.asarray(data.data, np.float32), np.asarray(data.target).astype(np.intp)
    chosen = [rng.permutation(np.flatnonzero(label == c))[: PER_CLASS + HELD_OUT] for c in range(10)]
    learned = np.concatenate([c[:PER_CLASS] for c in chosen])
    probes = np.concatenate([c[PER_CLASS:] for c in chosen])
    pair = np.zeros(len(learned), np.intp) if shuffled else label[learned] // 2
    sequence = np.lexsort((rng.random(len(learned)), pair))
    codes = coded(np.concatenate([X[learned[sequence]], X[probes]]), parts.RandomProjection(), seed)
    n = len(learned)
    return Course(codes[:n], label[learned[sequence]], codes[n:], label[probes], pair[sequence])


def nearest(course: Course) -> float:
    """Classes that the nearest of all samples seen would tell 50 frames after their first: what could be adopted."""
    X = course.X / np.linalg.norm(course.X, axis=1, keepdims=True)
    found = 0
    for c, start in enumerate(course.starts):
        seen = slice(0, start + SOON)
        closest = (course.probes[course.probe_label == c] @ X[seen].T).argmax(axis=1)
        found += (course.label[seen][closest] == c).mean() >= 0.9
    return float(found)


def summary(runs: list[dict[str, float]]) -> Table_:
    """Values of each measure by seed."""
    return {name: np.array([run[name] for run in runs]) for name in runs[0]}


def add(table: Table, title: str, values: Table_, bounds: dict[str, str]) -> None:
    """A row of a table."""
    cells = [f"{v.mean():.3f} ± {v.std():.3f} {bounds.get(name, '')}".strip() for name, v in values.items()]
    table.add_row(title, *cells)


def curves(course: Course, accuracies: dict[str, NDArray], file: Path, name: str) -> None:
    """Accuracy of each class while classes come one by one."""
    with plots.style():
        figure, axes = plt.subplots(
            1, len(accuracies), figsize=(5.0 * len(accuracies), 3.4), sharey=True, layout="constrained"
        )
        for ax, (title, accuracy) in zip(np.ravel(axes), accuracies.items(), strict=True):
            for c, colour in enumerate(plots.class_colours(accuracy.shape[1])):
                shown = course.times > course.starts[c]
                ax.plot(course.times[shown], accuracy[shown, c], color=colour, label=f"{name} {c}")
                ax.axvline(course.starts[c], color=colour, lw=0.5, ls=":")
            ax.set(title=title, xlabel="samples learned", ylim=(0, 1.02))
        np.ravel(axes)[0].set_ylabel("accuracy, held out")
        np.ravel(axes)[-1].legend(fontsize=6)
        figure.savefig(file, dpi=150)
        plt.close(figure)


def run_driving(options: argparse.Namespace, console: Console) -> bool:
    """The driving clips; whether all is as expected."""
    if options.features is not None:
        with np.load(options.features) as archive:
            X, source = archive["X"].astype(np.float32), archive["source"].astype(np.intp)
    else:
        X, source = driving_features(Path(os.environ.get("TECTUM_DATA", ".")).expanduser())
    course = drive(X, source, 0)
    results: dict[str, list] = {}
    variants = {"spiking map": {}, TOGETHER: SPREAD, "n_0 = 20": {"use": parts.UseDependentRate(n_0=20.0)}}
    for seed in range(options.seeds):
        for name, constants in variants.items():
            results.setdefault(name, []).append(measure(course, spiking(course, seed, 50, **constants)))
        results.setdefault("annealed Kohonen map", []).append(measure(course, annealed(course, seed)))
    measured = {name: summary([row for row, _ in runs]) for name, runs in results.items()}
    table = Table("map", *measured["spiking map"], title=f"Driving clips in order, {options.seeds} seeds (expected)")
    bounds = {name: f"(<= {bound})" for name, bound in MOST.items()} | {"adopted": "(6)", "own": "(> 0)"}
    for name, values in measured.items():
        add(table, name, values, bounds if name == TOGETHER else {})
    console.print(table)
    for k in (16, N_UNITS):
        offline = KMeans(k, n_init=3, random_state=0).fit(course.X).cluster_centers_
        apart = analysis.code_distances(course.probes, offline).min(axis=1).mean()
        console.print(f"QE of k-means({k}), all frames at once: {apart:.3f}")
    console.print(f"clips that the nearest frame seen tells after {SOON} frames: {nearest(course):.0f} of 6")
    curves(course, {name: runs[0][1] for name, runs in results.items()}, options.output / "driving.png", "clip")
    frames = Table("frames until adopted, median over seeds (most)", *(f"clip {c}" for c in range(len(course.starts))))
    adoption = {}
    for name, runs in results.items():
        taken = np.array([analysis.adoption_time(course.times, accuracy, course.starts) for _, accuracy in runs])
        taken[np.isnan(taken)] = np.inf  # never
        adoption[name] = np.median(taken, axis=0)
        typical_and_most = zip(adoption[name], taken.max(axis=0), strict=True)
        frames.add_row(name, *(f"{typical:.0f} ({most:.0f})" for typical, most in typical_and_most))
    console.print(frames)
    found, kohonen = measured[TOGETHER], measured["annealed Kohonen map"]
    checks = {f"{name} <= {bound}": found[name].mean() <= bound for name, bound in MOST.items()}
    checks |= {f"less {name} than the Kohonen map": found[name].mean() < kohonen[name].mean() for name in MOST}
    checks["no clip without neurons of its own at the end"] = bool(found["own"].min() > 0.0)
    checks[f"each clip adopted within {SOON} frames, median over seeds"] = bool(adoption[TOGETHER].max() <= SOON)
    for what, holds in checks.items():
        console.print(f"{what}: {'yes' if holds else 'NO'}")
    return all(checks.values())


def run_digits(options: argparse.Namespace, console: Console) -> bool:
    """Digits two classes at a time; whether the map forgets less than the annealed one."""
    results: dict[str, list] = {}
    for seed in range(options.seeds):
        one_by_one, together = digits(seed, False), digits(seed, True)
        for name, course, history in (
            ("spiking map, two classes at a time", one_by_one, spiking(one_by_one, seed, 50, **DIGITS)),
            (f"{TOGETHER}, two at a time", one_by_one, spiking(one_by_one, seed, 50, **DIGITS_SPREAD)),
            ("spiking map, shuffled", together, spiking(together, seed, 50, **DIGITS)),
            ("annealed Kohonen map, two at a time", one_by_one, annealed(one_by_one, seed)),
            ("annealed Kohonen map, shuffled", together, annealed(together, seed)),
        ):
            results.setdefault(name, []).append(measure(course, history))
        if seed == 0:
            first = one_by_one
    measured = {name: summary([row for row, _ in runs]) for name, runs in results.items()}
    table = Table("map", *next(iter(measured.values())), title=f"MNIST, {PER_CLASS} of each, {options.seeds} seeds")
    for name, values in measured.items():
        add(table, name, values, {})
    console.print(table)
    shown = {name: runs[0][1] for name, runs in results.items() if "shuffled" not in name}
    curves(first, shown, options.output / "digits.png", "digit")
    ours, _, theirs = (measured[name] for name in shown)
    checks = {
        "the spiking map forgets less than the annealed one (F)": ours["F"].mean() < theirs["F"].mean(),
        "and less of the quantisation (dQ)": ours["dQ"].mean() < theirs["dQ"].mean(),
    }
    for what, holds in checks.items():
        console.print(f"{what}: {'yes' if holds else 'NO'}")
    return all(checks.values())


def main() -> int:
    """Print the tables and draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="driving, digits; all by default")
    parser.add_argument("--features", type=Path, help=".npz file with X and source")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    unknown = {*options.parts} - {"driving", "digits"}
    if unknown:
        parser.error(f"PART must be driving or digits, got {', '.join(sorted(unknown))}")
    options.output.mkdir(parents=True, exist_ok=True)
    console = Console(width=180)
    as_expected = True
    if not options.parts or "driving" in options.parts:
        as_expected &= run_driving(options, console)
    if not options.parts or "digits" in options.parts:
        as_expected &= run_digits(options, console)
    return 0 if as_expected else 1


if __name__ == "__main__":
    raise SystemExit(main())
