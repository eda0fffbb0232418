"""What a map of motion tells of clips that it has not seen: which way time runs, standing, bends, mirrors, speed.

    python papers/coherence/driving.py motion                 1 seed, some ten minutes of one core
    python papers/coherence/driving.py motion --seeds 3 --tasks "forward or backward"
    python papers/coherence/driving.py motion --detector spikes     `SpikingMotion` in the rows of flow

Snippets of 2.5 s of the clips in the folder `driving` of TECTUM_DATA are played in different ways (`WAYS`), at about 15
frames/s. A map learns snippets of all clips but one, played in all the ways of a task, one frame after the other,
without labels; then each neuron gets the label of most of its frames, and the frames of the clip left out are
classified by their winner (a frame to which the map is silent gets the label of most such frames). "Graded" is a linear
probe of how well all neurons of the same map know a frame before they compete (`MapHierarchy.similarities`). Printed
are the shares of frames classified correctly, mean over the clips left out and over seeds, and the least clip. Floors
stand in `FLOORS`, for the better of the two; where one is missed, the exit
status is 1.

Bends: the camera is panned artificially in the clips learned, by a window that slides over the frame. Tested are such
clips, and, in "real bend", the right-hand bend of `desert.mp4` and its mirror image.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from tectum import MapHierarchy, parts, streams
from tectum.models.hierarchy.driving import CODE, DETAILED, MOTION_SHAPE
from tectum.streams.motion import Course

SIZE = (90, 160)
SECONDS, RATE = 2.5, 15.0  # of a snippet, frames per s
PAN = 0.23  # widths of the frame per s, of an artificial bend
WINDOW = 0.69  # of the frame, that is seen in an artificial bend
SHAKE = 1.0  # pixels of 160, standard deviation of a shaking camera's place in each frame, both ways
NOISE = 1.0  # levels of 255 at 90 x 160, of a standing camera's sensor
SETTLED = 0.6  # s after a stop that belong to neither
BEND = ("desert", 80, 613)  # clip and frames of a real right-hand bend
CENTRES = 64  # of k-means
EVERY = 2  # frames of a snippet that are learned and tested
CNN_EVERY = 4  # the same for the network

Frames = NDArray[np.uint8]  # (n, height, width)


class Snippet(NamedTuple):
    """A stretch of a clip."""

    clip: str
    first: int  # frame
    frames: Frames  # all frames from there on, as many as the fastest way of playing them needs
    step: int  # frames of the clip from one frame to the next at usual speed
    dt: float  # s between frames as they are shown


def shaken(frames: Frames, generator: np.random.Generator) -> Frames:
    """Frames of a camera that shakes."""

    def moved(frame: Frames) -> Any:
        right, down = generator.normal(0.0, SHAKE, 2)
        shift = np.array([[1, 0, right], [0, 1, down]], np.float32)
        return cv2.warpAffine(frame, shift, SIZE[::-1], borderMode=cv2.BORDER_REFLECT)

    return np.stack([moved(frame) for frame in frames])


def panned(frames: Frames, way: int, dt: float) -> Frames:
    """Frames of a camera that turns to the right (1) or left (-1)."""
    height, width = (round(WINDOW * side) for side in SIZE)
    room = SIZE[1] - width
    found = []
    for k, frame in enumerate(frames):
        at = room / 2 + way * PAN * width * dt * (k - len(frames) / 2)
        if 0 <= at <= room:
            shift = np.array([[1, 0, -at], [0, 1, -(SIZE[0] - height) / 2]], np.float32)
            found.append(cv2.resize(cv2.warpAffine(frame, shift, (width, height)), SIZE[::-1]))
    return np.stack(found)


def stopped(frames: Frames) -> Frames:
    """The first half, then one frame for as long."""
    half = len(frames) // 2
    return np.concatenate([frames[:half], np.repeat(frames[half - 1 : half], len(frames) - half, axis=0)])


def noisy(frames: Frames, generator: np.random.Generator) -> Frames:
    """Frames of a sensor with noise."""
    return np.clip(frames + generator.normal(0.0, NOISE, frames.shape), 0, 255).round().astype(np.uint8)


def original(s: Snippet) -> Frames:
    """The snippet as it was, without what only faster play needs."""
    return s.frames[: round(SECONDS / s.dt * s.step) : s.step]


WAYS: dict[str, Callable[[Snippet, np.random.Generator], Frames]] = {
    "forward": lambda s, g: original(s),
    "backward": lambda s, g: original(s)[::-1],
    "shaken forward": lambda s, g: shaken(original(s), g),
    "shaken backward": lambda s, g: shaken(original(s)[::-1], g),
    "stopped": lambda s, g: stopped(original(s)),
    "stopped, with noise": lambda s, g: noisy(stopped(original(s)), g),
    "mirrored": lambda s, g: np.ascontiguousarray(original(s)[:, :, ::-1]),
    "left": lambda s, g: panned(original(s), -1, s.dt),
    "right": lambda s, g: panned(original(s), 1, s.dt),
    "x0.5": lambda s, g: s.frames[: round(SECONDS / s.dt) * s.step // 2 : max(1, s.step // 2)],
    "x2": lambda s, g: s.frames[:: 2 * s.step],
}
TASKS: dict[str, list[tuple[str, ...]]] = {  # classes, each with the ways of playing that belong to it
    "forward or backward": [("forward",), ("backward",)],
    "the same, shaking": [("shaken forward",), ("shaken backward",)],
    "moving or standing": [("stopped",)],
    "the same, with noise": [("stopped, with noise",)],
    "left or right, panned": [("left",), ("right",)],
    "real bend": [("left",), ("right",)],
    "mirrored or not": [("forward",), ("mirrored",)],
    "x0.5, x1 or x2": [("x0.5",), ("forward",), ("x2",)],
    "the same, known clips": [("x0.5",), ("forward",), ("x2",)],
}
FLOORS = {"forward or backward": 0.95, "moving or standing": 0.95, "real bend": 0.95, "x0.5, x1 or x2": 0.8}
OVER_PROBE = ("real bend", "mirrored or not")  # must be better than the best probe of single frames


def snippets(folder: Path) -> list[Snippet]:
    """All snippets of the clips of a folder."""
    found = []
    for path in sorted(folder.glob("*.mp4")):
        stream = streams.video(path, size=SIZE, area=True, grey=True, thumbnails=None)
        chunks = list(stream)
        frames = np.concatenate([chunk.X for chunk in chunks]).astype(np.uint8).reshape(-1, *SIZE)
        between = float(np.diff(np.concatenate([chunk.time_s for chunk in chunks])).mean())
        step = max(2, round(1.0 / (RATE * between)))
        length = int(SECONDS / between)
        for first in range(0, max(1, len(frames) - length + 1), length):
            found.append(Snippet(path.stem, first, frames[first : first + 2 * length], step, step * between))
    return found


Sample = tuple[NDArray[np.float32], NDArray[np.intp]]
See = Callable[[Frames, float], NDArray[np.float32]]  # features of frames with so many s between them


def motion_of(detector: Any) -> See:
    """Features of a detector."""

    def see(frames: Frames, dt: float) -> NDArray[np.float32]:
        course = Course(detector)
        return np.stack([course.features(frame[..., np.newaxis], k * dt, 0) for k, frame in enumerate(frames)])

    return see


def differences(frames: Frames, dt: float) -> NDArray[np.float32]:
    """Absolute differences of frames of 9 x 16 pixels, and their mean."""
    small = np.stack([cv2.resize(frame, (16, 9), interpolation=cv2.INTER_AREA) for frame in frames]).astype(np.float32)
    change = np.abs(np.diff(small, axis=0, prepend=small[:1])).reshape(len(small), -1)
    return change


def thumbnails(frames: Frames, dt: float) -> NDArray[np.float32]:
    """Single frames of 9 x 16 pixels."""
    return np.stack([cv2.resize(frame, (16, 9), interpolation=cv2.INTER_AREA).ravel() for frame in frames]) / 255.0


def network_of(path: Path) -> See:
    """Activations of a network, for single frames in grey, of those that are used."""
    cnn = streams.CNN(path, batch=16)

    def see(frames: Frames, dt: float) -> NDArray[np.float32]:
        large = np.stack([cv2.resize(frame, cnn.size[::-1]) for frame in frames[1::CNN_EVERY]])
        used = cnn.transform(np.repeat(large[..., np.newaxis], 3, axis=3))
        side = round((used.shape[1] / 48) ** 0.5) if used.shape[1] % 48 == 0 else 0
        if side * side * 48 == used.shape[1]:
            used = used.reshape(len(used), 48, side, side)[:, :, ::3, ::3].reshape(len(used), -1)
        X = np.zeros((len(frames), used.shape[1]), np.float32)
        X[1::CNN_EVERY] = used
        return X

    return see


class Played:
    """Features of all snippets, in all ways that are asked for, computed once."""

    def __init__(self, see: See, found: list[Snippet], every: int = EVERY) -> None:
        self._see, self._snippets, self._every = see, found, every
        self._kept: dict[tuple[int, str], NDArray[np.float32]] = {}

    def _features(self, k: int, way: str) -> NDArray[np.float32]:
        if (k, way) not in self._kept:
            s = self._snippets[k]
            frames = WAYS[way](s, np.random.default_rng(k))
            self._kept[k, way] = self._see(frames, s.dt)[1:]  # the first frame has no motion
        return self._kept[k, way]

    def sample(self, task: str, keep: Callable[[int, Snippet], bool], real: bool = False) -> Sample:
        """Features and classes of the snippets to keep."""
        X, y = [], []
        for k, s in enumerate(self._snippets):
            if not keep(k, s):
                continue
            ways = [("mirrored",), ("forward",)] if real else TASKS[task]
            for label, way in ((label, way) for label, several in enumerate(ways) for way in several):
                x = self._features(k, way)
                standing = np.arange(len(x)) + 1 >= (len(x) + 1) // 2
                labels = standing.astype(int) if len(ways) == 1 else np.full(len(x), label)
                chosen = np.arange(len(x)) % self._every == 0
                if len(ways) == 1:
                    after = (np.arange(len(x)) + 1 - (len(x) + 1) // 2) * s.dt
                    chosen &= (after < 0) | (after >= SETTLED)
                X.append(x[chosen])
                y.append(labels[chosen])
        return np.concatenate(X), np.concatenate(y)


def folds(task: str, played: Played, found: list[Snippet]) -> Iterator[tuple[Sample, Sample]]:
    """What is learned and what is tested, one clip after the other left out."""
    clips = sorted({s.clip for s in found if len(s.frames) * s.dt / s.step >= SECONDS})
    if task == "the same, known clips":
        for half in (0, 1):
            yield (
                played.sample(task, lambda k, s, half=half: s.clip in clips and k % 2 == half),
                played.sample(task, lambda k, s, half=half: s.clip in clips and k % 2 != half),
            )
        return
    for clip in [BEND[0]] if task == "real bend" else clips:
        learned = played.sample(task, lambda k, s, clip=clip: s.clip != clip)
        if task == "real bend":
            yield (
                learned,
                played.sample(task, lambda k, s: s.clip == BEND[0] and s.first in range(*BEND[1:]), real=True),
            )
        else:
            yield learned, played.sample(task, lambda k, s, clip=clip: s.clip == clip)


def majority(units: NDArray[np.intp], y: NDArray[np.intp], n: int, tested: NDArray[np.intp]) -> NDArray[np.intp]:
    """Class of each tested frame: that of most learned frames of its unit."""
    counts = np.zeros((n, y.max() + 1))
    np.add.at(counts, (units, y), 1)
    label = np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), np.bincount(y).argmax())
    return label[tested]


class BySpikes:
    """Shares of frames that a map tells right, by its winner and by its graded responses; it learns once for both."""

    def __init__(self, learned: Any = slice(None)) -> None:
        self._rows = learned
        self._maps: dict[tuple[int, int], MapHierarchy] = {}

    def _map(self, learned: Sample, seed: int) -> MapHierarchy:
        key = hash(learned[0].tobytes()), seed
        if key not in self._maps:
            spiking = parts.Map("motion", (parts.Features(code=CODE),), shape=MOTION_SHAPE, **DETAILED)
            self._maps[key] = MapHierarchy([spiking], random_state=seed).partial_fit(learned[0][self._rows])
        return self._maps[key]

    def winner(self, learned: Sample, tested: Sample, seed: int) -> float:
        """Of each frame the neuron that fires first, named by most of its frames."""
        spiking, n = self._map(learned, seed), int(np.prod(MOTION_SHAPE))
        units, found = (np.where((w := spiking.predict(X)) < 0, n, w) for X in (learned[0], tested[0]))
        return float((majority(units, learned[1], n + 1, found) == tested[1]).mean())

    def graded(self, learned: Sample, tested: Sample, seed: int) -> float:
        """Of each frame how well all neurons know it, read out by a linear classifier."""
        spiking = self._map(learned, seed)
        known = spiking.usage() > 0.0
        responses = [(spiking.similarities(X)[:, known], y) for X, y in (learned, tested)]
        return by_probe(*responses, seed)


def by_k_means(learned: Sample, tested: Sample, seed: int) -> float:
    """Of features of length 1."""
    k_means = make_pipeline(Normalizer(), KMeans(min(CENTRES, len(learned[0])), n_init=1, random_state=seed)).fit(
        learned[0]
    )
    found = majority(k_means.predict(learned[0]), learned[1], CENTRES, k_means.predict(tested[0]))
    return float((found == tested[1]).mean())


def by_k_means_as_they_are(learned: Sample, tested: Sample, seed: int) -> float:
    """Of features whose length counts."""
    k_means = KMeans(min(CENTRES, len(learned[0])), n_init=1, random_state=seed).fit(learned[0])
    found = majority(k_means.predict(learned[0]), learned[1], CENTRES, k_means.predict(tested[0]))
    return float((found == tested[1]).mean())


def by_probe(learned: Sample, tested: Sample, seed: int) -> float:
    """A linear classifier that gets the labels."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300)).fit(*learned)
    return float(probe.score(*tested))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = Path(os.environ.get("TECTUM_DATA", ".")).expanduser()
    parser.add_argument("--clips", type=Path, default=data / "driving", help="folder of .mp4 files")
    parser.add_argument("--cnn", type=Path, default=next(iter(sorted(data.glob("cnn/*fire6.onnx"))), None))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--detector", choices=["flow", "spikes"], default="flow", help="what sees motion")
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS), metavar="TASK")
    options = parser.parse_args(arguments)
    found = snippets(options.clips)
    flow = Played(motion_of(streams.SpikingMotion() if options.detector == "spikes" else streams.OpticalFlow()), found)
    spiking = BySpikes()
    methods: dict[str, tuple[Played, Any]] = {
        "map of flow": (flow, spiking.winner),
        "map, graded": (flow, spiking.graded),
        "untrained map": (flow, BySpikes(slice(1)).winner),
        "k-means, flow": (flow, by_k_means),
        "probe, flow": (flow, by_probe),
        "k-means, differences": (Played(differences, found), by_k_means_as_they_are),
        "k-means, thumbnails": (Played(thumbnails, found), by_k_means_as_they_are),
        "probe, thumbnails": (Played(thumbnails, found), by_probe),
    }
    single = ["probe, thumbnails"]
    if options.cnn is not None:
        network = Played(network_of(options.cnn), found, every=CNN_EVERY)
        methods["probe, CNN"] = network, by_probe
        single.append("probe, CNN")
    console = Console(width=230)
    table = Table("task", *methods, title=f"Told right: mean over clips and {options.seeds} seeds (least clip)")
    checks = {}
    for task in options.tasks:
        mean = {}
        cells = []
        for name, (played, method) in methods.items():
            # a network sees single frames: for ways of playing that hold the same frames it can only guess
            seeds = 1 if method is by_probe else options.seeds
            runs = np.array([[method(*fold, seed) for fold in folds(task, played, found)] for seed in range(seeds)])
            mean[name] = float(runs.mean())
            cells.append(f"{runs.mean():.2f} ({runs.mean(axis=0).min():.2f})")
        table.add_row(task, *cells)
        told_right = max(mean["map of flow"], mean["map, graded"])
        if task in FLOORS:
            checks[f"{task}: map of flow >= {FLOORS[task]}"] = told_right >= FLOORS[task]
        if task in OVER_PROBE:
            best = max(mean[name] for name in single)
            checks[f"{task}: map of flow above the best probe of single frames, {best:.2f}"] = told_right > best
        console.print(f"{task}: {dict(zip(methods, cells, strict=True))}", soft_wrap=True)
    console.print(table)
    for what, holds in checks.items():
        console.print(f"{what}: {'yes' if holds else 'NO'}")
    return 0 if all(checks.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
