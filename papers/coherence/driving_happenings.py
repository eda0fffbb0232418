"""What happens inside driving clips: do the neurons of the driving maps tell it, and does an upper map add to them?

    python papers/coherence/driving.py happenings --segments segments.csv          3 seeds, some ten minutes of a core
    python papers/coherence/driving.py happenings --segments segments.csv --seeds 1

All clips in the folder `driving` of TECTUM_DATA come one after another, once, every third frame, as features of the
network in `cnn`, optical flow and small pictures in opponent colours, seen by the maps of `tectum demo driving`. Scored
inside each clip against the column `happening` of the table (`tectum.analysis`: `agreement_within`, `recurring_auc`)
are winners and, in rows of their own, graded responses (`MapHierarchy.similarities`). Rivals are fitted in each clip
alone, with 8 and with 24 units; equal stretches of time know nothing but the clock; "read out" are features that no map
has seen. `former` are the constants of maps that do not say, with which one vigilance serves all scenes; `untrained`
maps have learned one frame; `upper` hears the others. Last, `scene` learns the same frames in random order. Floors
stand in `FLOORS`; where one is missed, the exit status is 1.

Brake lights and the lorry overtaken come once. They are scored on blocks of 5 frames: even ones give the evidence for
odd ones, and the other way round. A clock does that best, so that it says no more than that units do not blur in time.

The constants of `scene`, `far`, `near` were chosen on these clips, with three random projections; those of `colours` on
three of them in which nothing recurs: other clips will tell.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.cluster import KMeans
from sklearn.metrics import roc_auc_score

from tectum import MapHierarchy, analysis, parts, streams
from tectum.models.hierarchy.driving import driving_maps
from tectum.report.streams.planes import principal_components
from tectum.report.streams.rivals import small

EVERY, CHUNK = 3, 16
N_UNITS = (8, 24)  # of the rivals in each clip
N_COMPONENTS = 100  # principal components that k-means sees of the features
SCENE, UPPER = "scene", "upper"
# Of the mean over seeds: at least k-means of features, and what the recurring happenings are to reach.
FLOORS = {
    "barrel comes near": 0.80,
    "barrel passes on the right": 0.80,
    "no barrel near": 0.80,
    "junction with zebra": 0.75,
    "markings painted on the road": 0.75,
    "car ahead brakes": 0.90,
    "passing the lorry": 0.90,
}
ONCE = ("car ahead brakes", "passing the lorry")
BLOCK = 5  # frames


class Drive(NamedTuple):
    """All frames, and what was said of them."""

    X: NDArray[np.float32]  # (n, n_features) of the network, of motion, of colours
    pictures: NDArray[np.uint8]  # (n, height, width, 3)
    clip: NDArray[np.str_]  # (n,)
    said: dict[str, NDArray[np.str_]]  # by kind (n,)
    shape: tuple[int, ...]  # rows, columns, channels of what the network says of a frame
    n_motion: int
    n_colours: int
    moments: dict[str, Any]  # times and numbers of clips

    def views(self) -> dict[str, NDArray[np.float32]]:
        """What the rivals see, by name."""
        stops = np.cumsum([int(np.prod(self.shape)), self.n_motion])
        network, motion, colours = np.split(self.X, stops, axis=1)
        components, _ = principal_components(network, N_COMPONENTS)
        return {"features": components, "flow": motion, "colours": colours, "thumbnails": small(self.pictures)}


def drive(segments: Path) -> Drive:
    """The clips of the data folder."""
    folder = Path(os.environ["TECTUM_DATA"])
    network = min((folder / "cnn").glob("*.onnx"), key=lambda path: path.stat().st_size)
    cnn = streams.CNN(network, rows_first=True)
    flow, colours = streams.OpticalFlow(), streams.OpponentColours()
    frames = streams.video(sorted((folder / "driving").glob("*.mp4")), size=cnn.size, chunk=CHUNK, every=EVERY)
    chunks = list(streams.features(frames, cnn, motion=flow, colours=colours))
    X, time_s, source, pictures = (np.concatenate([getattr(c, name) for c in chunks]) for name in streams.Chunk._fields)
    clip = np.array([Path(frames.names[k]).name for k in source])
    number = np.concatenate([EVERY * np.arange((source == k).sum()) for k in np.unique(source)])
    said = streams.read_segments(segments).labels(clip, number)
    moments = {"time_s": time_s, "source": source}
    return Drive(X, pictures, clip, said, cnn.shape, flow.n_features, colours.n_features, moments)


def score(units: NDArray[np.intp], d: Drive) -> dict[str, float]:
    """Scores of units, by what is scored."""
    found = {"clips": float(analysis.cluster_scores(np.unique(d.clip, return_inverse=True)[1], units)["ami"])}
    inside = analysis.agreement_within(units, d.said["happening"], d.clip)
    found["inside"] = float(np.mean([*inside.values()]))
    found |= {f"{clip.rsplit('.', 1)[0]}": value for clip, value in inside.items()}
    for labels in d.said.values():
        found |= {label: auc for (_, label), auc in analysis.recurring_auc(units, labels, d.clip).items()}
    found |= {label: interleaved(units, d, label) for label in ONCE}
    found["silent"] = float((units < 0).mean())
    found["units a clip"] = float(np.mean([len(np.unique(units[d.clip == clip])) for clip in np.unique(d.clip)]))
    return found


def interleaved(units: NDArray[np.intp], d: Drive, label: str) -> float:
    """AUC of a happening that comes once, told in every second block by what units did in the others."""
    tag = d.said["happening"]
    here = np.flatnonzero(d.clip == d.clip[tag == label][0]) if (tag == label).any() else np.zeros(0, np.intp)
    inside, even = tag[here] == label, np.arange(len(here)) // BLOCK % 2 == 0
    found = []
    for known in (even, ~even):
        share = {j: inside[known & (units[here] == j)].sum() for j in np.unique(units[here])}
        wins = {j: (known & (units[here] == j)).sum() for j in share}
        evidence = [(share[j] + inside[known].mean()) / (wins[j] + 1) for j in units[here][~known]]
        found.append(roc_auc_score(inside[~known], evidence))
    return float(np.mean(found)) if len(here) else float("nan")


def read_out(X: NDArray[Any], d: Drive) -> dict[str, float]:
    """Scores of graded responses."""
    return {
        label: auc
        for labels in d.said.values()
        for (_, label), auc in analysis.recurring_auc(X, labels, d.clip).items()
    }


def rivals(d: Drive, views: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.intp]]:
    """Units of the rivals, each fitted in one clip alone."""
    found = {f"equal stretches, {n}": analysis.equal_stretches(d.clip, n) for n in N_UNITS}
    for name, X in views.items():
        for n in N_UNITS:
            units = np.zeros(len(X), np.intp)
            for k, clip in enumerate(np.unique(d.clip)):
                rows = np.flatnonzero(d.clip == clip)
                units[rows] = k * n + KMeans(min(n, len(rows)), n_init=3, random_state=0).fit_predict(X[rows])
            found[f"k-means of {name}, {n}"] = units
    return found


def learned(maps: list[parts.Map], d: Drive, seed: int, rows: Any = slice(None)) -> MapHierarchy:
    """A hierarchy that has learned the rows."""
    moments = {} if isinstance(rows, np.ndarray) else {name: of[rows] for name, of in d.moments.items()}
    return MapHierarchy(maps, random_state=seed).partial_fit(d.X[rows], **moments)


def winners(hierarchy: MapHierarchy, d: Drive) -> dict[str, NDArray[np.intp]]:
    """Winners of all frames, by map."""
    scores = hierarchy.scores(d.X)
    return {name: np.where(s.max(axis=1) > 0.0, s.argmax(axis=1), -1) for name, s in scores.items()}


def plain(maps: Sequence[parts.Map]) -> list[parts.Map]:
    """The same maps with the constants of maps that do not say."""
    return [parts.Map(m.name, tuple(parts.Features(s.start, s.stop) for s in m.sources), shape=m.shape) for m in maps]


def runs(d: Drive, seed: int) -> dict[str, dict[str, float]]:
    """Scores of all maps of one seed."""
    maps = driving_maps(d.shape, d.n_motion, d.n_colours)
    heard = tuple(parts.Spikes(m.name) for m in maps)
    hierarchy = learned([*maps, parts.Map(UPPER, heard, shape=(10, 10))], d, seed)
    rows = {f"map {name}": score(units, d) for name, units in winners(hierarchy, d).items()}
    graded = {m.name: hierarchy.similarities(d.X, m.name) for m in maps}
    graded["all maps"] = np.concatenate(list(graded.values()), axis=1)
    rows |= {f"map {name}, graded": read_out(X[:, X.any(axis=0)], d) for name, X in graded.items()}
    alone = maps[:1]
    rows["map scene, former"] = score(winners(learned(plain(alone), d, seed), d)[SCENE], d)
    untrained = learned(maps, d, seed, slice(1, 2))
    rows |= {f"untrained {name}": score(units, d) for name, units in winners(untrained, d).items()}
    shuffled = np.random.default_rng(seed).permutation(len(d.X))
    rows["map scene, random order"] = score(winners(learned(alone, d, seed, shuffled), d)[SCENE], d)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a floor is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=Path, required=True, help="table of stretches, see streams.read_segments")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    d = drive(options.segments)
    views = d.views()
    rows = {name: [score(units, d)] for name, units in rivals(d, views).items()}
    rows |= {f"{name}, read out": [read_out(X, d)] for name, X in views.items()}
    for seed in range(options.seeds):
        for name, found in runs(d, seed).items():
            rows.setdefault(name, []).append(found)
    keys = list(next(iter(rows.values()))[0])

    def mean(name: str, key: str) -> float:
        return float(np.mean([run.get(key, np.nan) for run in rows[name]]))

    table = Table("", *keys)
    for name, of in rows.items():
        spread = {
            key: f" ± {np.std([run[key] for run in of]):.2f}" if len(of) > 1 and key in of[0] else "" for key in keys
        }
        table.add_row(name, *(f"{mean(name, key):.2f}{spread[key]}" if key in of[0] else "" for key in keys))
    Console(width=280).print(table)
    maps = [name for name in rows if name.startswith("map ")]
    best = {key: np.nanmax([mean(name, key) for name in maps]) for key in keys}
    wanted = {f"inside, of k-means with {n}": ("inside", mean(f"k-means of features, {n}", "inside")) for n in N_UNITS}
    wanted |= {key: (key, floor) for key, floor in FLOORS.items() if key in best}
    missed = [
        f"{name}: {(mean('map scene', key) if key == 'inside' else best[key]):.2f}, to reach {floor:.2f}"
        for name, (key, floor) in wanted.items()
        if (mean("map scene", key) if key == "inside" else best[key]) < floor
    ]
    for line in missed:
        Console().print(f"missed  {line}")
    return int(bool(missed))


if __name__ == "__main__":
    raise SystemExit(main())
