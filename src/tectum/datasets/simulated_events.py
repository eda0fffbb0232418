"""Events as a camera would see pictures that move, simulated: no recordings."""

import math
import numbers
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.streams.event_formats import EVENT

Pair = tuple[float, float]
DARKEST = 0.05  # intensity added before the logarithm, as a share of the brightest
AT_ONCE = 2**22  # pixels of the pictures that are moved at a time


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedEvents:
    """Recordings of a simulated event camera.

    Attributes
    ----------
    recordings : list of ndarray
        Events of each picture: structured arrays with ``t`` in us, ``x``, ``y`` and ``p``, as `streams.events` takes.
    shape : (height, width)
        Size of the camera in pixels.
    direction : ndarray of shape (n_pictures,), int64
        Which way each picture began to move: 0 to the right, 2 down, 4 to the left, 6 up, and those between.
    description : str
        How they were made.
    """

    recordings: list[NDArray[Any]]
    shape: tuple[int, int]
    direction: NDArray[np.int64]
    description: str

    def __repr__(self) -> str:
        n_events = sum(map(len, self.recordings))
        return f"SimulatedEvents({len(self.recordings)} recordings, {n_events:,} events of {self.shape} pixels)"


def saccades(
    images: ArrayLike,
    *,
    reach: float = 3.0,
    duration_ms: float = 300.0,
    threshold: float = 0.3,
    mismatch: float = 0.1,
    noise_hz: float = 0.1,
    margin: int = 3,
    random_state: Any = None,
) -> SimulatedEvents:
    """Events of pictures seen by a camera that makes three saccades along a triangle, back to the start.

    Simulated. The path is that by which N-MNIST was recorded (Orchard et al. 2015).

    Parameters
    ----------
    images : array-like of shape (n_pictures, height, width)
        Intensities from 0.
    reach : float, default=3.0
        Side of the triangle in pixels.
    duration_ms : float, default=300.0
        Length of a recording in ms.
    threshold : float, default=0.3
        Change of the logarithm of the intensity at which a pixel has an event.
    mismatch : float, default=0.1
        Standard deviation of the thresholds over the pixels of a camera, as a share.
    noise_hz : float, default=0.1
        Events that a pixel has without any change, per second.
    margin : int, default=3
        Pixels of background around a picture.
    random_state : int, Generator or None, default=None
        Thresholds and noise.

    Returns
    -------
    SimulatedEvents
        All directions are 0.

    Raises
    ------
    ValueError
        If a parameter is out of range, or `images` are no such array.

    Notes
    -----
    An event is due whenever the logarithm of a pixel's intensity (plus 5 % of the brightest) has changed by its
    threshold since its last event, at the time where a straight line between two positions of the picture crosses it:
    the model of Lichtsteiner et al. (2008) as in Rebecq et al. (2018), without bandwidth or refractory period.

    References
    ----------
    Orchard, Jayawant, Cohen & Thakor (2015). Converting static image datasets to spiking neuromorphic datasets using
    saccades. Frontiers in Neuroscience 9, 437. doi:10.3389/fnins.2015.00437

    Rebecq, Gehrig & Scaramuzza (2018). ESIM: an open event camera simulator. CoRL.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from tectum import datasets
    >>> datasets.saccades(load_digits().images[:3], random_state=0).shape
    (14, 14)
    """
    pictures = _pictures(images, "saccades")
    _check("saccades", reach=reach, duration_ms=duration_ms, threshold=threshold)
    corners = reach * np.array([(0.0, 0.0), (0.0, 1.0), (math.sqrt(0.75), 0.5), (0.0, 0.0)])
    corners -= corners[:3].mean(axis=0)
    n_steps = max(2, math.ceil(3 * reach))  # of half a pixel
    path = np.concatenate([np.linspace(a, b, n_steps, endpoint=False) for a, b in pairwise(corners)])
    path = np.concatenate([path, corners[-1:]])
    n = len(pictures)
    camera = _Camera(threshold, mismatch, noise_hz, duration_ms, random_state)
    return SimulatedEvents(
        camera.watch(pictures, np.broadcast_to(path, (n, *path.shape)), margin, "saccades"),
        _shape(pictures, margin),
        np.zeros(n, np.int64),
        f"simulated: {n} pictures seen with three saccades of {reach:g} pixels in {duration_ms:g} ms",
    )


def moving(
    images: ArrayLike,
    *,
    direction: ArrayLike | None = None,
    radius: float = 4.0,
    duration_ms: float = 300.0,
    threshold: float = 0.3,
    mismatch: float = 0.1,
    noise_hz: float = 0.1,
    margin: int = 5,
    random_state: Any = None,
) -> SimulatedEvents:
    """Events of pictures that move once around a circle, each beginning in one of eight directions.

    Simulated, as by `saccades`. After a full circle each pixel has had the same events, wherever the picture began: the
    direction is in the times of events alone, not in frames that count all events of a recording.

    Parameters
    ----------
    images : array-like of shape (n_pictures, height, width)
        Intensities from 0.
    direction : array-like of shape (n_pictures,) or None, default=None
        Direction in which each begins, 0 to 7, see `SimulatedEvents`; None draws them.
    radius : float, default=4.0
        Of the circle in pixels.
    duration_ms : float, default=300.0
        Length of a recording in ms.
    threshold, mismatch, noise_hz, random_state
        As in `saccades`.
    margin : int, default=5
        Pixels of background around a picture.

    Returns
    -------
    SimulatedEvents

    Raises
    ------
    ValueError
        As `saccades`, or if a direction is none.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from tectum import datasets
    >>> datasets.moving(load_digits().images[:3], direction=[0, 2, 4], random_state=0).direction
    array([0, 2, 4])
    """
    pictures = _pictures(images, "moving")
    _check("moving", radius=radius, duration_ms=duration_ms, threshold=threshold)
    rng = np.random.default_rng(random_state)
    chosen = np.asarray(rng.integers(8, size=len(pictures)) if direction is None else direction)
    if chosen.shape != (len(pictures),) or not np.isin(chosen, range(8)).all():
        raise ValueError(
            f"moving.direction must hold a number from 0 to 7 for each of the {len(pictures)} pictures, got "
            f"{direction!r}; None draws them"
        )
    n_steps = 8 * math.ceil(2 * math.tau * radius / 8)  # of half a pixel, the same positions in all directions
    begin = math.tau / 8 * chosen[:, None] - math.pi / 2
    # From the middle, and a turn before the recording: so what pixels compare with does not tell where it began.
    angle = begin + math.tau / n_steps * np.arange(-n_steps, n_steps + 1)
    circle = (radius * np.stack([np.sin(angle), np.cos(angle)], axis=-1)).round(9)
    path = np.concatenate([np.zeros((len(circle), 1, 2)), circle], axis=1)
    camera = _Camera(threshold, mismatch, noise_hz, duration_ms, rng)
    return SimulatedEvents(
        camera.watch(pictures, path, margin, "moving", unseen=n_steps + 1),
        _shape(pictures, margin),
        chosen.astype(np.int64),
        f"simulated: {len(pictures)} pictures once around a circle of {radius:g} pixels in {duration_ms:g} ms",
    )


class _Camera:
    """Pixels that look at the logarithm of intensities."""

    def __init__(self, threshold: float, mismatch: float, noise_hz: float, duration_ms: float, seed: Any) -> None:
        for name, value in (("mismatch", mismatch), ("noise_hz", noise_hz)):
            if not isinstance(value, numbers.Real) or not 0 <= value < math.inf:
                raise ValueError(f"{name} must be a number of at least 0, got {value!r}; 0.1 is usual")
        self.threshold, self.mismatch, self.noise_hz = threshold, mismatch, noise_hz
        self.duration_us, self.rng = 1e3 * duration_ms, np.random.default_rng(seed)

    def watch(
        self, pictures: NDArray[np.float32], paths: NDArray[np.float64], margin: int, owner: str, unseen: int = 0
    ) -> list[NDArray[Any]]:
        """Events of each picture along its path (n_pictures, n_positions, 2); the first `unseen` steps bring none."""
        if not isinstance(margin, numbers.Integral) or margin < 0:
            raise ValueError(f"{owner}.margin must be a whole number of pixels of at least 0, got {margin!r}")
        around = margin + math.ceil(np.abs(paths).max()) + 1  # what may come into sight
        framed = np.pad(pictures, ((0, 0), (around, around), (around, around)), mode="edge")
        shape = pictures.shape[1] + 2 * margin, pictures.shape[2] + 2 * margin
        spread = 1.0 + self.mismatch * self.rng.standard_normal(shape)
        thresholds = (self.threshold * np.maximum(spread, 0.1)).astype(np.float32)
        size = max(1, AT_ONCE // framed[0].size // 16)
        found: list[NDArray[Any]] = [np.empty(0, EVENT)] * len(pictures)
        ways, of = np.unique(paths.round(9), axis=0, return_inverse=True)
        for way, path in enumerate(ways):
            alike = np.flatnonzero(of.ravel() == way)
            for at in range(0, len(alike), size):
                some = alike[at : at + size]
                for picture, events in zip(some, self._watch_some(framed[some], path, thresholds, unseen), strict=True):
                    found[picture] = events
        return found

    def _watch_some(
        self, pictures: NDArray[Any], path: NDArray[Any], thresholds: NDArray[np.float32], unseen: int
    ) -> list[NDArray[Any]]:
        step_us = self.duration_us / (len(path) - 1 - unseen)
        before = _log_at(pictures, path[0], thresholds.shape)
        reference = before.copy()
        columns: list[tuple[NDArray[Any], ...]] = []
        for step in range(1, len(path)):
            now = _log_at(pictures, path[step], thresholds.shape)
            due = np.trunc((now - reference) / thresholds)
            picture, y, x = np.nonzero(due)
            n = np.abs(due[picture, y, x]).astype(np.int64)
            sign = np.sign(due[picture, y, x])
            if step > unseen:
                which = np.repeat(np.arange(len(n)), n)
                number = 1 + np.arange(len(which)) - np.repeat(np.cumsum(n) - n, n)
                p, q, r = picture[which], y[which], x[which]
                level = reference[p, q, r] + number * sign[which] * thresholds[q, r]
                change = now[p, q, r] - before[p, q, r]
                share = np.divide(level - before[p, q, r], change, out=np.ones_like(level), where=change != 0.0)
                t = (step - 1 - unseen + np.clip(share, 0.0, 1.0)) * step_us
                columns.append((p, t, q, r, sign[which] > 0))
            reference += due * thresholds
            before = now
        columns.append(self._noise(len(pictures), thresholds.shape))
        picture, t, y, x, on = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        events = np.empty(len(t), EVENT)
        events["t"], events["x"], events["y"], events["p"] = np.rint(t), x, y, on
        order = np.lexsort((events["t"], picture))
        ends = np.cumsum(np.bincount(picture, minlength=len(pictures)))
        return np.split(events[order], ends[:-1])

    def _noise(self, n: int, shape: tuple[int, ...]) -> tuple[NDArray[Any], ...]:
        """Events without a cause: picture, time, row, column and whether they are ON."""
        count = int(self.rng.poisson(n * shape[0] * shape[1] * self.noise_hz * 1e-6 * self.duration_us))
        draw = self.rng.integers
        return (
            draw(n, size=count),
            self.rng.uniform(0.0, self.duration_us, count),
            *(draw(side, size=count) for side in shape),
            draw(2, size=count) > 0,
        )


def _log_at(pictures: NDArray[np.float32], place: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Logarithm of the intensities that the middle of pictures has, moved by (down, to the right)."""
    whole = np.floor(-place).astype(int)
    (down, right), (height, width) = (-place - whole).astype(np.float32), shape
    first = [(side - n) // 2 + step for side, n, step in zip(pictures.shape[1:], shape, whole, strict=True)]

    def seen(dy: int, dx: int) -> NDArray[np.float32]:
        return pictures[:, first[0] + dy : first[0] + dy + height, first[1] + dx : first[1] + dx + width]

    upper = (1 - right) * seen(0, 0) + right * seen(0, 1)
    lower = (1 - right) * seen(1, 0) + right * seen(1, 1)
    return np.log((1 - down) * upper + down * lower + np.float32(DARKEST))


def _pictures(images: ArrayLike, owner: str) -> NDArray[np.float32]:
    """Pictures with intensities from 0 to 1."""
    pictures = np.asarray(images, np.float32)
    if pictures.ndim != 3 or pictures.size == 0 or not np.isfinite(pictures).all() or pictures.min() < 0:
        raise ValueError(
            f"{owner}.images must hold finite intensities from 0 of shape (n_pictures, height, width), got shape "
            f"{pictures.shape}; reshape rows of a table, or subtract the lowest value"
        )
    return pictures / max(float(pictures.max()), 1e-12)


def _check(owner: str, **lengths: float) -> None:
    for name, value in lengths.items():
        if not isinstance(value, numbers.Real) or not 0 < value < math.inf:
            raise ValueError(f"{owner}.{name} must be a positive number, got {value!r}; leave it out for the default")


def _shape(pictures: NDArray[Any], margin: int) -> tuple[int, int]:
    return pictures.shape[1] + 2 * margin, pictures.shape[2] + 2 * margin
