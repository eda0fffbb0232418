"""What can be had without a map: clusters of thumbnails, mean colours and features, and stretches of time."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.cluster import KMeans

from tectum import analysis, parts
from tectum.report.streams.diary import Frames
from tectum.streams.segments import Segments

TIME, FEATURES = "equal stretches of time", "k-means of features"
THUMBNAILS, COLOURS = "k-means of thumbnails", "k-means of mean colours"
WIDTH, HEIGHT = 16, 9  # pixels of a thumbnail that is clustered
Rival = Callable[[NDArray[np.intp], int], NDArray[np.intp]]  # units of some frames, given their numbers


class Within(NamedTuple):
    """What units tell of what a viewer saw inside clips."""

    kinds: dict[str, dict[str, dict[str, float]]]  # AMI by kind of label, method and clip
    recurring: dict[tuple[str, str], dict[str, float]]  # AUC by (clip, label) and method
    n_units: dict[str, int]  # units of the eye in each clip, as many as the rivals get


class Order(NamedTuple):
    """A map that has learned the frames kept, in one order."""

    name: str
    topographic_error: float
    ami: float  # of single units with the clips; NaN of one clip
    n_units: int


def rivals_of(frames: Frames, components: NDArray[np.float64]) -> dict[str, Rival]:
    """Ways to get units without a map, by name; `components` (n, k) are those of the features."""
    views: dict[str, NDArray[Any]] = {FEATURES: components}
    if frames.thumbnails is not None:
        views |= {THUMBNAILS: small(frames.thumbnails), COLOURS: frames.thumbnails.mean(axis=(1, 2))}

    def clusters(X: NDArray[Any]) -> Rival:
        def fit(rows: NDArray[np.intp], n: int) -> NDArray[np.intp]:
            n = min(n, len(np.unique(X[rows], axis=0)))
            return KMeans(n, n_init=3, random_state=0).fit_predict(X[rows].astype(np.float64))

        return fit

    found = {name: clusters(X) for name, X in views.items()}
    return found | {TIME: lambda rows, n: np.arange(len(rows)) * n // len(rows)}


def small(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pictures (n, height, width, 3) as means of cells (n, cells), at most 16 x 9 of them."""
    rows = np.linspace(0, pictures.shape[1], min(HEIGHT, pictures.shape[1]) + 1).astype(int)[:-1]
    columns = np.linspace(0, pictures.shape[2], min(WIDTH, pictures.shape[2]) + 1).astype(int)[:-1]
    sums = np.add.reduceat(np.add.reduceat(pictures.astype(np.float32), rows, axis=1), columns, axis=2)
    height = np.diff([*rows, pictures.shape[1]])[:, None, None]
    width = np.diff([*columns, pictures.shape[2]])[None, :, None]
    return (sums / (height * width)).reshape(len(pictures), -1)


def within_clips(
    segments: Segments,
    frames: Frames,
    names: Sequence[str],
    winners: dict[str, NDArray[np.intp]],
    rivals: dict[str, Rival],
    eye: str,
) -> Within | None:
    """Scores of maps and rivals against labels, clip by clip, each with as many units as the eye has there; None if
    nothing is said of any frame kept.

    Rivals are fitted in each clip alone, to which they owe much.
    """
    clip = np.array([names[k] for k in frames.source])
    said = {kind: tags for kind, tags in segments.labels(clip, frames.number).items() if (tags != "").any()}
    if not said:
        return None
    methods = {f"map {name}": won.copy() for name, won in winners.items()}
    methods |= {name: np.zeros(len(clip), np.intp) for name in rivals}
    n_units = {}
    for name in dict.fromkeys(clip.tolist()):
        rows = np.flatnonzero(clip == name)
        n_units[name] = len(np.unique(winners[eye][rows]))
        for rival, units_of in rivals.items():
            methods[rival][rows] = units_of(rows, n_units[name])
    kinds = {
        kind: {method: analysis.agreement_within(units, tags, clip) for method, units in methods.items()}
        for kind, tags in said.items()
    }
    recurring: dict[tuple[str, str], dict[str, float]] = {}
    for tags in said.values():
        for method, units in methods.items():
            for key, auc in analysis.recurring_auc(units, tags, clip).items():
                recurring.setdefault(key, {})[method] = auc
    return Within(kinds, recurring, n_units)


def orders_of(
    hierarchy: Any, eye: str, frames: Frames, labels: NDArray[np.intp] | None, seed: int | None
) -> list[Order]:
    """The eye, learned anew from the frames kept: as they came, and in random order.

    It learns by itself, from features; None of the other maps matter to it unless it hears them, then there is no
    comparison.
    """
    (m,) = (m for m in hierarchy.maps_ if m.name == eye)
    if not all(isinstance(source, parts.Features) for source in m.sources):
        return []
    shuffled = np.random.default_rng(seed).permutation(len(frames.X))
    found = []
    for name, rows in (("as they came", np.arange(len(frames.X))), ("in random order", shuffled)):
        alone = clone(hierarchy).set_params(maps=[m], random_state=seed, verbose=False).partial_fit(frames.X[rows])
        won = alone.predict(frames.X)
        ami = float("nan") if labels is None else float(analysis.cluster_scores(labels, won)["ami"])
        error = alone.topographic_error(frames.X)
        found.append(Order(name, error, ami, len(np.unique(won[won >= 0]))))
    return found
