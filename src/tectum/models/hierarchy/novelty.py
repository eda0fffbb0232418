"""What is new to the maps of a hierarchy while they learn: how new each frame is, and events worth reporting.

A frame is new to a map as far as its spikes miss the weights of all neurons that have learned: one less the drive of
the best of them, over the drive of a perfect match. The input itself tells what comes at once from what drifts:
at a *cut* most of a frame's input spikes were in none of the last few frames. A neuron recruited at a cut, where the
map is surprised, begins a class; one recruited without a cut extends the class at hand; known neurons that win for some
frames after a cut are a return, to which a neuron recruited without surprise belongs. Surprise is measured against
running mean and deviation, as in control charts (Page 1954, Biometrika 41:100-115): those of late, and those of the
class that knows the frame best, since after a steady scene the usual novelty of a varied one that returns would be a
surprise, too. A surprise is also nearer to what began classes before than to what is usual.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CUT = 0.4, 0.5  # share of the input spikes of a frame that were in none of the frames before: from 0.4 on if it is ...
RARE = 4.0  # ... so many deviations above its mean, else from 0.5 on
LEAST_CHANGE = 0.02  # deviation of that share
BEFORE = 3  # so many frames before
SURPRISE = 1.5  # deviations above the mean
LEAST_DEVIATION = 0.03
START = 0.2, 0.05  # mean and deviation before the first frame
PACE = 0.05  # share of the way that mean and deviation move in a frame
MOST = 3.0  # deviations that count for them at most
WITHIN = 2  # frames between cut, surprise and recruit
SETTLED = 3  # frames that known neurons must win to be a return
LONG_AGO = 2**31  # frames
NEARLY = 0.9  # share of neurons in use from which a map is nearly full
TYPICAL = 0.5  # novelty of what begins a class, before any but the first has
LIKE_BEFORE = 0.6  # share of the way from the mean to the novelty of classes so far from which it is a surprise
MOST_KEPT = 2**16  # frames of which novelty is kept, and events
WHYS = ("new class", "growth", "return", "nearly full", "full", "unplaced", "grown")


class NoveltyEvent(NamedTuple):
    """Something that a map of a hierarchy met while it learned.

    Parameters
    ----------
    frame : int
        Frames learned before it.
    time_s : float
        Time of the stream in s; NaN if it is not known.
    map : str
        Name of the map.
    neuron : int
        The winner, -1 for none.
    why : str
        ``"new class"``: a neuron was recruited where the scene changed at once. ``"growth"``: one was recruited
        in a scene that goes on, or that is back. ``"return"``: the scene changed to one that is known.
        ``"nearly full"``, ``"full"``: nine tenths, all of the neurons are in use. ``"unplaced"``: something as new as a
        class, in a map that is full. ``"grown"``: the map was given more neurons.
    novelty : float
        Of the frame, 0 to 1.
    label : int
        Class of the neuron, numbered from 0 as they came; -1 for none.
    """

    frame: int  # frames learned before it
    time_s: float  # of the stream; NaN if it is not known
    map: str
    neuron: int  # that won, -1 for none
    why: str  # one of `WHYS`
    novelty: float  # of the frame, 0 to 1
    label: int  # class of the neuron, -1 for none; classes are numbered from 0 as they come

    def __str__(self) -> str:
        meaning = {
            "new class": f"something new: class {self.label}, neuron {self.neuron}",
            "growth": f"neuron {self.neuron} joins class {self.label}",
            "return": f"class {self.label} is back, neuron {self.neuron}",
            "nearly full": "the map is nearly full",
            "full": "the map is full: what is new shares neurons with what is old",
            "unplaced": "something new, but the map is full",
            "grown": "the map was given more neurons",
        }[self.why]
        return f"{self.map}: {meaning} (novelty {self.novelty:.2f})"


class MapFullWarning(UserWarning):
    """A map of a hierarchy has hardly any neurons left for what is new.

    Parameters
    ----------
    *args : object
        As of any warning: the message.
    """


class Noticed(NamedTuple):
    """What the maps have noticed (IN, replaced and never changed), a row or an entry for each map."""

    mean: NDArray[np.float64]  # (n_maps, 2) of the novelty, and of the share that was not there before, running
    deviation: NDArray[np.float64]  # (n_maps, 2)
    since: NDArray[np.int64]  # (n_maps, 3) frames since a cut, a surprise, and since the candidate began to win
    current: NDArray[np.int64]  # (n_maps, 2) class at hand, and candidate for it; -1 none
    classes: NDArray[np.int64]  # (n_maps,) number of classes
    typical: NDArray[np.float64]  # (n_maps,) mean novelty of what began a class, 0 before the second
    warned: NDArray[np.int64]  # (n_maps,) 1: nearly full, 2: full
    labels: NDArray[np.int64]  # (n_neurons of all maps,) class of each neuron, -1: it has not won or learned
    typical_of: NDArray[np.float64]  # (n_neurons of all maps, 3) of a class: mean and deviation of novelty, and frames
    past: NDArray[np.int32]  # (BEFORE, n_ranked) inputs that fired in the last frames, -1 none
    novelty: NDArray[np.float32]  # (n, n_maps) of the last frames, NaN for maps that did not learn


def nothing(sizes: Sequence[int], n_ranked: int) -> Noticed:
    """Of maps of so many neurons, before the first frame."""
    n = len(sizes)
    return Noticed(
        mean=np.full((n, 2), START[0]),
        deviation=np.full((n, 2), START[1]),
        since=np.full((n, 3), LONG_AGO, np.int64),
        current=np.full((n, 2), -1, np.int64),
        classes=np.zeros(n, np.int64),
        typical=np.zeros(n),
        warned=np.zeros(n, np.int64),
        labels=np.full(sum(sizes), -1, np.int64),
        typical_of=_unknown(sum(sizes)),
        past=np.full((BEFORE, n_ranked), -1, np.int32),
        novelty=np.zeros((0, n), np.float32),
    )


def cuts_of(ranked: NDArray[np.int32], past: NDArray[np.int32], spans: Sequence[slice]) -> NDArray[np.float64]:
    """Share of each frame's input spikes, by stretch of the inputs, that were in none of the frames before.

    `ranked` (n_frames, n_ranked) are the inputs that fire, -1 for none, `past` (BEFORE, n_ranked) those of the frames
    before, `spans` the columns of each input. Of shape (n_frames, n_spans): 1 for frames of which nothing was there
    before, 0 if all was in one of them.
    """
    rows = np.concatenate([past, ranked])
    found = np.zeros((len(ranked), len(spans)))
    for s, span in enumerate(spans):
        sets = [row[row >= 0] for row in rows[:, span]]
        for m in range(len(ranked)):
            now = sets[m + len(past)]
            common = [np.isin(now, before, assume_unique=True).sum() for before in sets[m : m + len(past)]]
            found[m, s] = 1.0 - max(common) / len(now) if len(now) else 0.0
    return found


def notice(
    before: Noticed,
    names: Sequence[str],
    ranked: NDArray[np.int32],
    cuts: NDArray[np.float64],
    novelty: NDArray[np.float64],
    winners: NDArray[np.int64],
    learned: Sequence[NDArray[np.bool_]],
    matches: Sequence[NDArray[np.float32]],
    frames: NDArray[np.int64],
    times: NDArray[np.float64],
) -> tuple[Noticed, list[NoveltyEvent]]:
    """What maps, of these `names`, notice of frames that were just learned, and events in their order.

    `ranked` (n_frames, n_ranked) are the inputs that fired, `cuts` (n_frames, n_maps) how much of the input was not
    there before, `novelty` (n_frames, n_maps) how new it was to what had been learned, NaN where nothing learns,
    `winners` (n_frames, n_maps) -1 for none; by map `learned` (n_frames, n_neurons) says whether a neuron has learned
    beside the winner, `matches` (n_frames, n_neurons) how well it knew the frame, 0 if it had not learned before;
    `frames` and `times` (n_frames,) are the frames learned before each, and its time in s.
    """
    kept = np.concatenate([before.novelty, novelty.astype(np.float32)])[-MOST_KEPT:]
    past = np.concatenate([before.past, ranked])[-BEFORE:]
    copies: dict[str, Any] = {name: array.copy() for name, array in before._asdict().items()}
    now = Noticed(**copies | {"past": past, "novelty": kept})
    events: list[NoveltyEvent] = []
    ends = np.cumsum([0, *(of.shape[1] for of in learned)])
    for m, frame in enumerate(frames.tolist()):
        for k, name in enumerate(names):
            x, winner = float(novelty[m, k]), int(winners[m, k])
            if np.isnan(x):
                continue
            here = slice(ends[k], ends[k + 1])
            labels, cut = now.labels[here], _cut(now, k, float(cuts[m, k]))
            why = _step(now, k, x, cut, winner, labels, now.typical_of[here], learned[k][m], matches[k][m])
            whys = [*([why] if why else []), *_room(now, k, labels)]
            label = int(labels[winner]) if winner >= 0 else -1
            events += [NoveltyEvent(frame, float(times[m]), name, winner, why, x, label) for why in whys]
    return now, events


def is_cut(change: float, mean: float, deviation: float) -> bool:
    """Whether so much of the input is new that the scene has changed, given mean and deviation of the frames before."""
    return change > min(max(mean + RARE * deviation, CUT[0]), CUT[1])


def followed(x: float, mean: float, deviation: float, least: float, pace: float = PACE) -> tuple[float, float]:
    """Running mean and deviation, `least` or more, after one more value; outliers count as `MOST` deviations."""
    step = min(max(x - mean, -MOST * deviation), MOST * deviation)
    return mean + pace * step, max(math.sqrt((1.0 - pace) * deviation**2 + pace * step**2), least)


def _unknown(n: int) -> NDArray[np.float64]:
    """What is usual in n classes before their first frame."""
    return np.tile([*START, 1.0], (n, 1))


def _cut(now: Noticed, k: int, change: float) -> bool:
    mean, deviation = now.mean[k, 1], now.deviation[k, 1]
    if now.classes[k]:
        now.mean[k, 1], now.deviation[k, 1] = followed(change, mean, deviation, LEAST_CHANGE)
    return is_cut(change, mean, deviation)


def _step(
    now: Noticed,
    k: int,
    x: float,
    cut: bool,
    winner: int,
    labels: NDArray[np.int64],
    typical_of: NDArray[np.float64],
    learned: NDArray[np.bool_],
    matches: NDArray[np.float32],
) -> str:
    """A frame in map k; why it is an event, '' if it is none. Changes `now`, `labels` and `typical_of`."""
    first = now.classes[k] == 0
    since, current = now.since[k], now.current[k]
    since += 1
    mean, deviation = float(now.mean[k, 0]), float(now.deviation[k, 0])
    since[0] = 0 if cut or first else since[0]
    known = np.where(labels >= 0, matches, 0.0)
    nearest = labels[known.argmax()] if known.any() else current[0]  # class that knows the frame best
    bounds = [mean + SURPRISE * deviation, mean + LIKE_BEFORE * ((now.typical[k] or TYPICAL) - mean)]
    bounds += [typical_of[nearest, 0] + SURPRISE * typical_of[nearest, 1]]
    since[1] = 0 if first or x > max(bounds) else since[1]
    sudden = since[0] <= WITHIN and since[1] <= WITHIN
    why = ""
    if winner >= 0 and labels[winner] < 0:
        why = "new class" if sudden else "growth"
        if sudden:
            _begin_class(now, k, x, first)
        labels[winner] = nearest if since[0] <= SETTLED else current[0]
    if winner >= 0:
        labels[learned & (labels < 0)] = labels[winner]
        label = labels[winner]
        if label == current[0]:
            current[1] = -1
        elif label != current[1]:
            current[1], since[2] = label, 0
        elif since[2] + 1 >= SETTLED:
            why = "return" if since[0] <= since[2] + WITHIN else why
            current[:] = label, -1
        if sudden and now.warned[k] == 2:
            why, since[0] = "unplaced", LONG_AGO
    if not first:
        now.mean[k, 0], now.deviation[k, 0] = followed(x, mean, deviation, LEAST_DEVIATION)
    if winner >= 0 and why != "new class":
        of = typical_of[labels[winner]]
        of[2] += 1.0
        of[:2] = followed(x, of[0], of[1], LEAST_DEVIATION, max(1.0 / of[2], PACE))
    return why


def _begin_class(now: Noticed, k: int, x: float, first: bool) -> None:
    n = now.classes[k]
    now.current[k] = n, -1
    now.classes[k] = n + 1
    now.since[k, 0] = LONG_AGO  # what is recruited next belongs to it, up to the next cut
    if not first:
        now.typical[k] += (x - now.typical[k]) / n


def _room(now: Noticed, k: int, labels: NDArray[np.int64]) -> list[str]:
    """Events of a map that fills."""
    share = (labels >= 0).mean()
    reached = 2 if share == 1.0 else int(share >= NEARLY)
    whys = ["nearly full", "full"][int(now.warned[k]) : reached]
    now.warned[k] = max(int(now.warned[k]), reached)
    return whys


def remapped(noticed: Noticed, old: Sequence[int], new: Sequence[int]) -> Noticed:
    """The same of maps that were given more neurons."""
    labels, typical_of, begin = [], [], 0
    for n, m in zip(old, new, strict=True):
        labels += [noticed.labels[begin : begin + n], np.full(m - n, -1, np.int64)]
        typical_of += [noticed.typical_of[begin : begin + n], _unknown(m - n)]
        begin += n
    warned = np.where(np.array(new) > np.array(old), 0, noticed.warned)
    return noticed._replace(labels=np.concatenate(labels), typical_of=np.concatenate(typical_of), warned=warned)


def as_table(events: Sequence[NoveltyEvent], names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Events as arrays, for a file."""
    rows = [(e.frame, names.index(e.map), e.neuron, WHYS.index(e.why), e.label) for e in events]
    return {
        "events": np.array(rows, np.int64).reshape(len(rows), 5),
        "event_values": np.nan_to_num(
            np.array([(e.time_s, e.novelty) for e in events], np.float64).reshape(len(rows), 2), nan=-1.0
        ),
    }


def from_table(events: NDArray[np.int64], values: NDArray[np.float64], names: Sequence[str]) -> list[NoveltyEvent]:
    """The way back from `as_table`."""
    return [
        NoveltyEvent(frame, time if time >= 0.0 else math.nan, names[k], neuron, WHYS[why], x, label)
        for (frame, k, neuron, why, label), (time, x) in zip(events.tolist(), values.tolist(), strict=True)
    ]
