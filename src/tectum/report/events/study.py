"""A dictionary of events examined on recordings: everything that the tables and the figures of its page show."""

import time
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from tectum import analysis
from tectum.analysis.dictionary_baselines import kmeans_codes
from tectum.analysis.sparse_baselines import lca_codes
from tectum.image.patches import windows_of
from tectum.models.common.diagnosis import Diagnosis
from tectum.models.common.event_input import fold, patches_hit, recordings, whole_recordings
from tectum.parts import AdaptiveThreshold
from tectum.report.numbers import K_MEANS, UNTRAINED, Measure, Measured
from tectum.streams import EventStream

DICTIONARY, MEAN, SPARSE = "dictionary", "mean of each pixel", "LCA"
MOST_EVENTS = 600_000  # of a recording that are looked at
MOST_CLIPS = 24
N_LEARNED, N_MEASURED = 24, 12  # times at which rivals learn from traces, and at which all are measured
MOST_PATCHES = 20_000  # from which rivals learn
N_TRIED, TRIED = 6, 40_000  # thresholds of the untrained dictionary, and events on which they are tried
ENOUGH = 1.04  # ratio of rates that is near enough
ALIKE = 0.99  # cosine from which two components count as the same
FADED = 0.05  # of a quantum: below it, a component no longer counts as active
Pair = tuple[int, int]


class Clip(NamedTuple):
    """A stretch of a recording on which all is measured."""

    name: str
    events: NDArray[Any]
    at_us: NDArray[np.float64]  # times at which it is measured
    traces: NDArray[np.float32]  # (n_times, 2, height, width) what the events have left then


class Method(NamedTuple):
    """What a method makes of the clips."""

    restored: list[NDArray[np.float32]]  # as `traces` of each clip
    per_event: float | None  # spikes or coefficients sent, per event
    operations: float | None  # additions and multiplications per event
    speed: float | None  # events per second of processor time
    code: str  # what is sent, in words


@dataclass(frozen=True, repr=False)
class EventStudy(Measured):
    """A dictionary examined on recordings: all that the figures and the tables of its page need."""

    own, control = DICTIONARY, UNTRAINED

    names: list[str]  # of all recordings
    shape: Pair  # of the camera
    n_events: int  # of all recordings
    duration_us: int
    clips: list[Clip]  # on which all was measured
    spikes: list[NDArray[Any]]  # of the dictionary, to each clip
    methods: dict[str, Method]
    measures: list[Measure]
    diagnosis: Diagnosis


def examine_events(
    dictionary: Any, events: Any, *, shape: Pair | None = None, baselines: bool = True, random_state: int | None = 0
) -> EventStudy:
    """Measure a fitted dictionary of events and rivals on recordings.

    Of one recording rivals learn from the first half, and all is measured on the second; of several, on every second.

    Parameters
    ----------
    dictionary : SpikingDictionary
        Fitted by `fit_events`.
    events, shape
        Recordings and size of the camera, as in `SpikingDictionary.fit_events`; of each the first 600,000 events.
    baselines : bool, default=True
        Whether to fit rivals: the dictionary before learning, with a threshold at which it fires as often; the mean
        trace of each pixel; k-means and sparse coding of windows, which see the trace that the others have to tell.
    random_state : int or None, default=0
        Of the rivals.

    Returns
    -------
    EventStudy

    Raises
    ------
    ValueError, StreamError
        As `SpikingDictionary.fit_events`.
    """
    check_is_fitted(dictionary)
    stream = recordings(events, "examine_events", shape)
    encoder, extent = dictionary.chosen_parts()["encoder"], stream.extent()
    seen, unseen = _halves(stream)
    clips = [_clip(name, part, encoder.tau, extent.shape) for name, part in unseen]
    spikes, own = _own(dictionary, clips, extent.shape)
    methods = {DICTIONARY: own}
    if baselines:
        rate = sum(map(len, spikes)) / sum(len(clip.events) for clip in clips)
        before = _untrained(dictionary, seen, rate, extent.shape)
        methods[UNTRAINED] = _own(before, clips, extent.shape)[1]
        methods |= _windows(dictionary, seen, clips, spikes, extent.shape, random_state)
    counts = np.bincount(np.concatenate(spikes)["unit"], minlength=dictionary.n_components)
    return EventStudy(
        names=stream.names,
        shape=extent.shape,
        n_events=extent.n_events,
        duration_us=extent.duration_us,
        clips=clips,
        spikes=spikes,
        methods=methods,
        measures=_measures(clips, methods, counts),
        diagnosis=_diagnose(dictionary, clips, spikes, counts, methods),
    )


def _halves(stream: EventStream) -> tuple[list[NDArray[Any]], list[tuple[str, NDArray[Any]]]]:
    """Events to learn from, and named ones to measure on."""
    several = [*islice(whole_recordings(stream, MOST_EVENTS), 2 * MOST_CLIPS)]
    if len(several) > 1:
        return several[::2], list(zip(stream.names[1::2], several[1::2], strict=False))
    middle = len(several[0]) // 2
    rest = several[0][middle:].copy()
    rest["t"] -= rest["t"][0]
    return [several[0][:middle]], [(stream.names[0], rest)]


def _clip(name: str, events: NDArray[Any], tau: float, shape: Pair) -> Clip:
    at = _times(events, N_MEASURED)
    return Clip(name, events, at, analysis.event_traces(events, at, tau_ms=tau, shape=shape))


def _times(events: NDArray[Any], n: int) -> NDArray[np.float64]:
    """Times with as many events between them, so that each has something to reconstruct."""
    return events["t"][(np.linspace(0.15, 1.0, n) * (len(events) - 1)).astype(int)].astype(np.float64)


def _own(dictionary: Any, clips: list[Clip], shape: Pair) -> tuple[list[NDArray[Any]], Method]:
    """Spikes of a dictionary, and what they tell."""
    encoder, spikes, seconds = dictionary.chosen_parts()["encoder"], [], 0.0
    dictionary.record_events(clips[0].events[:100], shape=shape)  # compiles
    for clip in clips:
        began = time.process_time()
        spikes.append(dictionary.record_events(clip.events, shape=shape))
        seconds += time.process_time() - began
    restored = [
        dictionary.reconstruct_events(some, clip.at_us, shape=shape) for some, clip in zip(spikes, clips, strict=True)
    ]
    n_events, n = sum(len(clip.events) for clip in clips), dictionary.n_components
    passed = sum(patches_hit(encoder, clip.events, shape) for clip in clips)
    per_event = sum(map(len, spikes)) / n_events
    cost = n * (passed / n_events + per_event)
    return spikes, Method(restored, per_event, cost, n_events / max(seconds, 1e-9), "spikes, each at its own time")


def _untrained(dictionary: Any, seen: list[NDArray[Any]], rate: float, shape: Pair) -> Any:
    """The dictionary before learning, with the threshold at which it fires at a rate, in spikes per event."""
    part = seen[0][:TRIED]
    threshold, tried = float(dictionary.threshold_), []
    for _ in range(N_TRIED):
        fixed = AdaptiveThreshold(start=threshold, rate=0.0, minimum=min(threshold, 0.5))
        before = clone(dictionary).set_params(n_presentations=1, threshold=fixed, warm_start=False, verbose=False)
        before.fit_events(part, shape=shape)
        found = len(before.record_events(part, shape=shape)) / (rate * len(part))
        if 1.0 / ENOUGH < found < ENOUGH:
            break
        tried.append((np.log(threshold), np.log(max(found, 1e-3))))
        slope = -2.0  # of the rate over the threshold, both logarithms; known better with two of them
        if len(tried) > 1 and tried[-1][0] != tried[-2][0]:
            slope = (tried[-1][1] - tried[-2][1]) / (tried[-1][0] - tried[-2][0])
        threshold = float(np.exp(tried[-1][0] - np.clip(tried[-1][1] / min(slope, -0.5), -1.0, 1.0)))
    return before


def _windows(
    dictionary: Any,
    seen: list[NDArray[Any]],
    clips: list[Clip],
    spikes: list[NDArray[Any]],
    shape: Pair,
    random_state: int | None,
) -> dict[str, Method]:
    """Rivals that look at windows: they get the trace itself, patch by patch, at each time that is measured."""
    encoder, n = dictionary.chosen_parts()["encoder"], dictionary.n_components
    learned = []
    for part in seen:
        at = _times(part, max(2, N_LEARNED // len(seen)))
        learned.append(analysis.event_traces(part, at, tau_ms=encoder.tau, shape=shape))
    mean = np.concatenate(learned).mean(axis=0)
    found = {MEAN: Method([np.broadcast_to(mean, c.traces.shape) for c in clips], 0.0, 0.0, None, "nothing")}
    table = np.concatenate([_patches(encoder, trace)[1] for traces in learned for trace in traces])
    if len(table) <= n:
        return found
    rng = np.random.default_rng(random_state)
    table = rng.permutation(table)[:MOST_PATCHES]
    frames = [[_patches(encoder, trace) for trace in clip.traces] for clip in clips]
    tests = np.concatenate([patches for clip in frames for _, patches in clip])
    n_windows = sum(clip.events["t"][-1] for clip in clips) / (1e3 * encoder.tau)
    n_events = sum(len(clip.events) for clip in clips)
    lit = len(tests) / (N_MEASURED * len(clips)) * n_windows / n_events  # patches with something in them, per event
    k = max(1, round(_active(dictionary, clips, spikes) * N_MEASURED * len(clips) / max(1, len(tests))))
    each = len(table[0]) * n
    for name, codes, cost, code in (
        (K_MEANS, kmeans_codes(table, tests, n, random_state=random_state), each, "index of a centre"),
        (
            SPARSE,
            lca_codes(table, tests, n, n_active=(k,), random_state=random_state),
            each * (1 + k),
            f"{k} coefficient{'s' * (k > 1)}",
        ),
    ):
        active = k if name == SPARSE else 1
        if active in codes:
            restored = _unfold(encoder, frames, codes[active].reconstruction, shape)
            sent = f"{code}, each patch, each {encoder.tau:g} ms"
            found[name] = Method(restored, lit * active, lit * cost, None, sent)
    return found


def _patches(encoder: Any, trace: NDArray[np.float32]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Numbers and content (n, 2 size^2) of the patches in which a trace has something left."""
    windows = windows_of(trace.transpose(1, 2, 0)[None], (encoder.size,) * 2, (encoder.stride,) * 2)[0]
    table = windows.transpose(0, 1, 4, 2, 3).reshape(-1, 2 * encoder.size**2)
    lit = np.flatnonzero(table.max(axis=1) > FADED)
    return lit, table[lit]


def _unfold(encoder: Any, frames: list[Any], patches: NDArray[Any], shape: Pair) -> list[NDArray[np.float32]]:
    """Reconstructed patches of all clips and times, one after another, laid out on the sensor."""
    restored, done = [], 0
    for clip in frames:
        row = []
        for places, content in clip:
            row.append(fold(encoder, places, patches[done : done + len(content)], shape))
            done += len(content)
        restored.append(np.stack(row))
    return restored


def _active(dictionary: Any, clips: list[Clip], spikes: list[NDArray[Any]]) -> float:
    """Components that still tell something at a time that is measured, over all patches, mean over times."""
    reach = -np.log(FADED) * 1e3 * dictionary.chosen_parts()["encoder"].tau
    found = 0
    for clip, some in zip(clips, spikes, strict=True):
        for t in clip.at_us:
            first, last = np.searchsorted(some["t"], [t - reach, t], side="right")
            recent = np.stack([some[name][first:last] for name in ("x", "y", "unit")])
            found += np.unique(recent, axis=1).shape[1]
    return found / (N_MEASURED * len(clips))


def error_of(clips: list[Clip], method: Method) -> float:
    """Root of the squared errors over that of the squared traces."""
    missed = sum(float(np.square(clip.traces - sent).sum()) for clip, sent in zip(clips, method.restored, strict=True))
    return float(np.sqrt(missed / max(1e-12, sum(float(np.square(clip.traces).sum()) for clip in clips))))


def _measures(clips: list[Clip], methods: dict[str, Method], counts: NDArray[Any]) -> list[Measure]:
    """Headline numbers."""
    perplexity = analysis.usage_perplexity(counts[None].astype(np.float64))
    return [
        Measure(
            "error",
            "Error of the trace",
            "Each event leaves an exponentially decaying trace in its pixel. The error is the part of it that spikes "
            "miss, 1 if they carry nothing. The untrained dictionary is set to fire as often. k-means and LCA see "
            "windows of time, and their coefficients are exact numbers.",
            "lower",
            {name: error_of(clips, method) for name, method in methods.items()},
        ),
        Measure(
            "spikes_per_event",
            "Code per event",
            "Spikes of the dictionary, or coefficients of the other methods, for each event of the camera. Below 1 the "
            "code is shorter than the recording.",
            "lower",
            {name: m.per_event for name, m in methods.items() if m.per_event and name != UNTRAINED},
        ),
        Measure(
            "usage",
            "Evenness of use",
            "Share of the components that an even use of as many would have (perplexity of the spikes); 1 if all fire "
            "equally often.",
            "higher",
            {DICTIONARY: perplexity / len(counts)},
        ),
    ]


def _diagnose(
    dictionary: Any,
    clips: list[Clip],
    spikes: list[NDArray[Any]],
    counts: NDArray[Any],
    methods: dict[str, Method],
) -> Diagnosis:
    """What may be wrong, with remedies."""
    n, n_events = len(counts), sum(len(clip.events) for clip in clips)
    dead = np.flatnonzero(counts == 0)
    W = dictionary.components_ / np.maximum(np.linalg.norm(dictionary.components_, axis=1, keepdims=True), 1e-12)
    duplicates = int(np.triu(W @ W.T > ALIKE, k=1).any(axis=0).sum())
    error, rate = error_of(clips, methods[DICTIONARY]), sum(map(len, spikes)) / n_events
    values = {"dead_units": dead, "duplicate_units": duplicates, "spikes_per_event": rate, "error": error}
    values["threshold"] = float(dictionary.threshold_)
    rows = [
        ("components that never fire", f"{len(dead)} of {n}"),
        ("components that repeat others", str(duplicates)),
        ("spikes per event", f"{rate:.3f}"),
        ("threshold", f"{dictionary.threshold_:.3g}"),
        ("error of the trace", f"{error:.3f}"),
    ]
    warnings = []
    if len(dead) > 0.1 * n:
        warnings.append(f"{len(dead)} of {n} components never fire: lower n_components, or learn from more events")
    if duplicates > 0.1 * n:
        warnings.append(f"{duplicates} components repeat others: lower n_components, or learn from more events")
    if error >= 1.0:
        warnings.append("spikes say less than nothing of these events: learn from recordings of this camera, or longer")
    return Diagnosis(values, rows, warnings)


def signed(table: NDArray[Any]) -> NDArray[Any]:
    """ON less OFF (n, height, width)."""
    return table[:, 0] - table[:, 1]
