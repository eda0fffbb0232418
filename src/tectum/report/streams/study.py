"""A hierarchy examined on the frames a diary kept: everything that the tables and the figures of a report show."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from tectum import analysis
from tectum.models.common.recording import Recording
from tectum.parts.topology import Grid
from tectum.report.numbers import K_MEANS, KOHONEN, MAP, Measure, Measured, class_measures
from tectum.report.streams.diary import Diary, Frames
from tectum.report.streams.planes import N_COMPONENTS, Plane, plane_of, principal_components
from tectum.report.streams.rivals import Order, Rival, Within, orders_of, rivals_of, within_clips

N_REGIONS = 8  # regions of a map for the pictures; as many colours differ for every reader
CUTS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32)  # numbers of regions that are scored
MOST_PROBES = 400  # frames of which all pairs of distances are compared
N_RECORDED = 24  # frames whose spikes are recorded, ...
N_STRETCHES = 6  # ... in so many stretches of frames that follow each other
DEFAULT_PERIOD = 25.0  # ms
MOST_SILENT = 0.1  # share of frames without a winner


class MapStudy(NamedTuple):
    """A map of the hierarchy on the frames kept."""

    name: str
    shape: Grid
    winners: NDArray[np.intp]  # (n,), -1 for none
    response: NDArray[np.float32]  # (n, n_units), 1 for the winner, 0 for silent neurons
    codebook: NDArray[np.float64]  # (n_units, n_inputs) weights of length 1, NaN for neurons that never won a frame
    regions: NDArray[np.intp]  # (n_units,) region of each neuron, -1 for none
    curve: dict[int, dict[str, float | int]]  # scores by number of regions; empty without labels

    def region_of(self, frames: NDArray[np.intp]) -> NDArray[np.intp]:
        """Region of the winner of each of some winners."""
        return np.append(self.regions, -1)[frames]


class Course(NamedTuple):
    """How clips were adopted and forgotten; labels belong to the evaluation."""

    times: NDArray[np.float64]  # (n_snapshots,) frames learned
    accuracy: NDArray[
        np.float64
    ]  # (n_snapshots, n_clips) share of the frames held out whose winner stands for their clip
    error: NDArray[np.float64]  # (n_snapshots, n_clips) their mean cosine distance to the weights of the winner
    used: NDArray[np.int64]  # (n_snapshots,) neurons that win a frame kept
    segments: NDArray[np.float64]  # (n_clips, 2) frames learned before and after each clip
    adopted: NDArray[np.float64]  # (n_clips,) frames from the first of a clip to nine tenths of its final accuracy
    forgetting: NDArray[np.float64]  # (n_clips,) fall of the accuracy from its best
    drift: NDArray[np.float64]  # (n_clips,) rise of the error since the end of the clip
    units: NDArray[np.intp]  # (n_clips,) neurons that stand for the clip at the end


class Rhythm(NamedTuple):
    """The maps in their common cycle."""

    recording: Recording
    period_ms: float
    phases: dict[str, NDArray[np.float64]]  # of the spikes of each map, rad
    locking: dict[str, float]  # phase-locking value of the spikes to the cycle
    lag_ms: dict[str, float]  # mean phase of the spikes after the clock of the first map, ms
    pulses_ms: dict[str, float]  # phase of the clock of each map
    coherence: dict[str, float]  # of the field with that of the first map, at the frequency of the cycle
    order: analysis.OrderParameter  # Kuramoto's, of the fields


@dataclass(frozen=True, repr=False)
class StreamStudy(Measured):
    """A hierarchy on the frames that a diary kept."""

    own = MAP

    diary: Diary  # what was kept
    frames: Frames  # the frames
    labels: NDArray[np.intp] | None  # (n,) clip of each frame; None if there is only one
    names: list[str]  # names of the clips
    eye: MapStudy  # the largest map that sees features
    maps: list[MapStudy]  # all maps
    codes: NDArray[np.float64]  # (n, n_inputs) what the eye receives of each frame, scaled to length 1
    planes: dict[str, Plane]  # features, codes and responses in the plane
    similarity: dict[str, float]  # correlation of the distances between frames at two stages
    course: Course | None  # none without labels
    rhythm: Rhythm
    curves: dict[str, dict[int, dict[str, float | int]]]  # scores of the baselines by number of regions or centres
    within: Within | None  # against what a viewer said of stretches inside clips; None if nothing was
    orders: list[Order]  # the eye, learned anew in one order and another; empty without baselines
    measures: list[Measure]  # headline numbers
    warnings: list[str]  # what looks wrong


def examine_stream(
    hierarchy: Any,
    diary: Diary,
    *,
    baselines: bool = True,
    random_state: int | None = 0,
) -> StreamStudy:
    """Measure a hierarchy on the frames that a diary kept, weights frozen, beside k-means and a Kohonen map on the same
    codes.

    ValueError if the diary is empty, or no map of the hierarchy sees features. See `tectum.report.examine`.
    """
    frames = diary.frames()
    seen = np.unique(frames.source)
    labels = np.searchsorted(seen, frames.source) if len(seen) > 1 else None
    names = [diary.names[k] for k in seen]
    eye = eye_of(hierarchy)
    scores = hierarchy.scores(frames.X, time_s=frames.time_s, source=frames.source)
    maps = [_study(hierarchy, m, scores[m.name], labels) for m in hierarchy.maps_]
    found = next(m for m in maps if m.name == eye)
    codes = hierarchy.codes(frames.X, eye).astype(np.float64)
    codes /= np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-12)
    kohonen, centres, curves = _baselines(codes, found, diary, labels, random_state) if baselines else (None, None, {})
    components, _ = principal_components(frames.X, N_COMPONENTS)
    rivals = rivals_of(frames, components) if baselines else {}
    won = {m.name: m.winners for m in maps}
    if labels is not None:
        curves |= {name: _cut(rival, found, labels) for name, rival in rivals.items()}
    said = None if diary.segments is None else within_clips(diary.segments, frames, diary.names, won, rivals, eye)
    stages = {"features": frames.X, "codes": codes, "responses": found.response}
    planes = {name: plane_of(X, labels, random_state) for name, X in stages.items()}
    some = np.unique(np.linspace(0, len(codes) - 1, MOST_PROBES).astype(int))
    pairs = [("features", "codes"), ("codes", "responses"), ("features", "responses")]
    similarity = {
        f"{a} – {b}": analysis.representational_similarity(stages[a][some], stages[b][some], metric="cosine")
        for a, b in pairs
    }
    return StreamStudy(
        diary=diary,
        frames=frames,
        labels=labels,
        names=names,
        eye=found,
        maps=maps,
        codes=codes,
        planes=planes,
        similarity=similarity,
        course=None if labels is None else _course(diary, eye, codes, frames, labels, seen),
        rhythm=_rhythm(hierarchy, frames, eye),
        curves=curves,
        within=said,
        orders=orders_of(hierarchy, eye, frames, labels, random_state) if baselines and diary.n_learned else [],
        measures=_measures(codes, found, labels, kohonen, centres, curves),
        warnings=_warnings(maps, diary),
    )


def eye_of(hierarchy: Any) -> str:
    """Name of the largest map whose first source are features."""
    from tectum import parts

    seeing = [m for m in hierarchy.maps_ if isinstance(m.sources[0], parts.Features)]
    if not seeing:
        raise ValueError(
            "examine.model must have a map whose first source is Features, got none; put Features first in its sources"
        )
    return max(seeing, key=lambda m: math.prod(m.shape)).name


def _study(hierarchy: Any, m: Any, scores: NDArray[np.float64], labels: NDArray[np.intp] | None) -> MapStudy:
    """One map; its weights from all sources side by side are what its neurons stand for."""
    highest = scores.max(axis=1, keepdims=True)
    response = np.divide(scores, highest, out=np.zeros_like(scores), where=highest > 0.0)
    winners = np.where(highest[:, 0] > 0.0, scores.argmax(axis=1), -1)
    codebook = unit_rows(np.concatenate([hierarchy.weights(m.name, k) for k in range(len(m.sources))], axis=1))
    codebook[_hits(winners, codebook) == 0] = np.nan
    n_used = int(np.isfinite(codebook[:, 0]).sum())
    regions = np.full(len(codebook), -1, np.intp)
    if n_used:
        regions = regions_of(codebook, m.shape, winners, min(N_REGIONS, n_used))
    curve = {}
    if labels is not None and n_used > 1:
        cuts = [n for n in CUTS if n <= n_used]
        curve = analysis.cluster_curve(winners, labels, codebook, m.shape, cuts=cuts, connected=False)
    return MapStudy(m.name, m.shape, winners, response.astype(np.float32), codebook, regions, curve)


def regions_of(
    codebook: NDArray[np.float64], shape: tuple[int, int], winners: NDArray[np.intp], n: int
) -> NDArray[np.intp]:
    """Region of each neuron; each weighs as many frames as it wins, and regions need not be connected."""
    hits = _hits(winners, codebook)
    return analysis.cluster_units(codebook, shape, n_clusters=n, hits=hits, connected=False)


def _hits(winners: NDArray[np.intp], codebook: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.bincount(winners[winners >= 0], minlength=len(codebook))


def unit_rows(W: NDArray[Any]) -> NDArray[np.float64]:
    """Rows scaled to length 1; rows of zeros stay."""
    W = W.astype(np.float64)
    return W / np.maximum(np.linalg.norm(W, axis=1, keepdims=True), 1e-12)


def _baselines(
    codes: NDArray[np.float64], eye: MapStudy, diary: Diary, labels: NDArray[np.intp] | None, random_state: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, dict[int, dict[str, float | int]]]]:
    """Codebook of a Kohonen map, centres of k-means, and their scores by number of regions or centres."""
    kohonen = analysis.kohonen_codebook(codes, eye.shape, max(diary.n_learned, len(codes)), random_state)
    n_used = max(1, len(np.unique(eye.winners[eye.winners >= 0])))
    n_units = min(n_used, len(np.unique(codes, axis=0)))

    def centres_of(k: int) -> KMeans:
        return KMeans(k, n_init=3, random_state=random_state).fit(codes)

    centres = centres_of(n_units).cluster_centers_
    curves: dict[str, dict[int, dict[str, float | int]]] = {}
    if labels is not None:
        cuts = [n for n in CUTS if n <= n_units]
        won = analysis.best_matching_units(codes, kohonen, k=1)[:, 0]
        curves[KOHONEN] = analysis.cluster_curve(won, labels, kohonen, eye.shape, cuts=cuts, connected=False)
        curves[K_MEANS] = {n: analysis.cluster_scores(labels, centres_of(n).labels_) for n in cuts}
    return kohonen, centres, curves


def _course(
    diary: Diary,
    eye: str,
    codes: NDArray[np.float64],
    frames: Frames,
    labels: NDArray[np.intp],
    seen: NDArray[np.int64],
) -> Course | None:
    """Accuracy and error of the frames held out, of a clip too short to have any of all its frames, at each look.

    The winner is the neuron whose weights are nearest to the code; it stands for the clip that most of the frames
    learned until then, of which it wins any, belong to.
    """
    held, snapshots = frames.held_out, diary.snapshots
    if len(snapshots) < 2:
        return None
    probes = held | ~np.isin(labels, labels[held])
    times = np.array([snapshot.n_learned for snapshot in snapshots], np.float64)
    accuracy, error, used, territory = [], [], [], np.zeros(0, np.intp)
    for snapshot in snapshots:
        distances = analysis.code_distances(codes, snapshot.hierarchy.weights(eye))
        winners = distances.argmin(axis=1)
        known = ~held & (frames.time_s <= snapshot.time_s)
        n_units = distances.shape[1]
        territory = analysis.territories(winners[known][np.newaxis], labels[known], n_units)[0]
        right = (territory[winners] == labels) & probes
        accuracy.append([right[labels == c].sum() / (probes & (labels == c)).sum() for c in range(len(seen))])
        error.append(analysis.class_quantization(distances.min(axis=1)[probes][np.newaxis], labels[probes])[0])
        used.append(len(np.unique(winners[known])))
    begins = np.array([diary.first_learned.get(int(s), 0) for s in seen], np.float64)
    order = np.argsort(begins)
    ends = np.empty(len(seen))
    ends[order] = [*begins[order][1:], times[-1]]
    rows = np.maximum(np.searchsorted(times, ends, side="right") - 1, 0)
    table = np.array(accuracy)
    return Course(
        times,
        table,
        np.array(error),
        np.array(used),
        np.column_stack([begins, ends]),
        analysis.adoption_time(times, table, begins),
        analysis.accuracy_forgetting(table),
        analysis.quantization_forgetting(np.array(error), rows),
        analysis.units_per_class(territory[np.newaxis], len(seen))[0],
    )


def _rhythm(hierarchy: Any, frames: Frames, eye: str) -> Rhythm:
    """Spikes and fields of all maps while frames follow each other."""
    length = max(1, min(N_RECORDED, len(frames.X)) // N_STRETCHES)
    starts = np.unique(np.linspace(0, max(0, len(frames.X) - length), N_STRETCHES).astype(int))
    chosen = np.concatenate([np.arange(s, min(s + length, len(frames.X))) for s in starts])
    recording = hierarchy.record(frames.X[chosen])
    period = next((m.clock.period for m in hierarchy.maps_ if hasattr(m.clock, "period")), DEFAULT_PERIOD)
    names = [m.name for m in hierarchy.maps_]
    phases = {name: analysis.clock_phases(recording.spikes[name].time_ms, period) for name in names}
    turn = 2.0 * np.pi
    fields = {name: recording.traces[name] for name in names}
    field_phases = np.stack([analysis.field_phases(field) for field in fields.values()])
    coherence = {}
    for name in names:
        found = analysis.field_coherence(fields[eye], fields[name], segment=min(256, len(fields[eye]) // 2))
        coherence[name] = float(found.value[np.abs(found.frequency_hz - 1000.0 / period).argmin()])
    return Rhythm(
        recording=recording,
        period_ms=float(period),
        phases=phases,
        locking={name: analysis.phase_locking_value(found) for name, found in phases.items()},
        lag_ms={name: analysis.phase_lag(found) % turn / turn * period for name, found in phases.items()},
        pulses_ms={m.name: float(m.phase) for m in hierarchy.maps_ if hasattr(m.clock, "period")},
        coherence=coherence,
        order=analysis.kuramoto_order(field_phases),
    )


def _cut(rival: Rival, eye: MapStudy, labels: NDArray[np.intp]) -> dict[int, dict[str, float | int]]:
    """Scores of a rival by number of clusters, up to the number of units that the eye uses."""
    rows, n_used = np.arange(len(labels)), len(np.unique(eye.winners))
    cuts = [n for n in {*CUTS, n_used} if n <= n_used]
    return {n: analysis.cluster_scores(labels, rival(rows, n)) for n in sorted(cuts)}


def _measures(
    codes: NDArray[np.float64],
    eye: MapStudy,
    labels: NDArray[np.intp] | None,
    kohonen: NDArray[np.float64] | None,
    centres: NDArray[np.float64] | None,
    curves: dict[str, dict[int, dict[str, float | int]]],
) -> list[Measure]:
    """The headline numbers: the eye of the hierarchy beside the baselines."""
    books = {MAP: np.nan_to_num(eye.codebook), KOHONEN: kohonen, K_MEANS: centres}
    winners: dict[str, NDArray[np.intp]] = {MAP: eye.winners}
    distances = {}
    for name, book in books.items():
        if book is not None:
            found = analysis.code_distances(codes, np.maximum(book, 0.0))
            winners.setdefault(name, found.argmin(axis=1))
            row = np.arange(len(codes))
            distances[name] = float(np.where(winners[name] >= 0, found[row, np.maximum(winners[name], 0)], 1.0).mean())
    rows = []
    if labels is not None:
        n = len(np.unique(labels))
        by_name: dict[str, dict[int, dict[str, float | int]]] = {MAP: eye.curve, **curves}
        at = {name: curve[max(k for k in curve if k <= max(n, 2))] for name, curve in by_name.items() if curve}
        units = {name: analysis.cluster_scores(labels, won) for name, won in winners.items()}
        units |= {name: curve[max(curve)] for name, curve in by_name.items() if name not in units and curve}
        used = ", ".join(f"{found['n_units']} ({name})" for name, found in units.items())
        joined = "Neurons joined to as many regions as there are clips (k-means: as many centres)"
        rows = [
            ("ami", "AMI of regions", f"{joined}: adjusted mutual information with the clips; 0 is chance.", at),
            ("ari", "ARI of regions", f"{joined}: adjusted Rand index against the clips; 0 is chance.", at),
            (
                "unit_purity",
                "Purity of units",
                f"Frames of the commonest clip of their unit. Units used: {used}.",
                units,
            ),
            ("unit_ami", "AMI of single units", "Each unit as a cluster of its own; pays for many units.", units),
        ]
    meaning = "Mean cosine distance between the code of a frame and the weights of the unit that wins it."
    return [*class_measures(rows), Measure("quantization_error", "Quantization error", meaning, "lower", distances)]


def _warnings(maps: list[MapStudy], diary: Diary) -> list[str]:
    found = []
    for m in maps:
        silent = float((m.winners < 0).mean())
        if silent > MOST_SILENT:
            found.append(
                f"Map {m.name} stays silent for {100 * silent:.0f} % of the frames: raise norm.total of the map, or "
                "lower the shares of sources that say little."
            )
        if len(np.unique(m.winners)) < 3:
            found.append(f"Map {m.name} answers with fewer than three neurons: show it more frames, or other features.")
    if diary.costs and diary.n_frames:
        last = diary.costs[-1]
        if last.learning > last.time_s > 0:
            found.append("Learning took longer than the stream lasts: use fewer neurons, or every second frame.")
    return found
