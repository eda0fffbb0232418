"""Streams of motion between frames, in directions and speeds. They need OpenCV (the extra ``video``)."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.streams.pictures import import_cv2
from tectum.streams.stream import Chunk, Pair, Stream, check_size, check_whole

SIDES = 4  # right, down, left, up
SLOWEST, FASTEST = 3e-4, 0.8  # widths of the frame per s, of the speeds that the first and last channel prefer
HALF_SPEED = 0.02  # widths per s: beyond it the strength of a direction grows with the logarithm of its speed
HALF_TURN = 0.1  # widths per s: of the whole frame, at which a channel of turns is at 0.76
LEAST = 0.05  # texture that is added to that of a cell, so that a cell without any is still
WEIGHTS = 1.0, 1.0, 0.5  # length of the directions, of the speeds, and most of the turns


class Moved(NamedTuple):
    """What a detector says of two frames."""

    velocity: NDArray[np.float32]  # (rows, columns, 2) right and down, relative to the frame, times texture; widths/s
    texture: NDArray[np.float32]  # (rows, columns) how much there is to see motion by, 0 to 1
    frame: NDArray[np.float32]  # (2,) velocity of the frame as a whole; widths/s


class Detector(ABC):
    """What sees motion between frames, and how it becomes features; see `OpticalFlow` for parameters."""

    def __init__(
        self, *, grid: Pair, size: Pair, tau: float, speed_tau: float, n_speeds: int, gap: float, name: str
    ) -> None:
        self.cv2 = import_cv2()
        self.grid, self.size = check_size(grid, f"{name}.grid"), check_size(size, f"{name}.size")
        if self.grid[0] > self.size[0] or self.grid[1] > self.size[1]:
            raise ValueError(f"{name}.grid must not be finer than size, got {grid} and {size}; (6, 8) is usual")
        self.tau = check_ms(tau, f"{name}.tau", "300 is usual")
        self.speed_tau = check_ms(speed_tau, f"{name}.speed_tau", "100 is usual")
        self.gap = check_ms(gap, f"{name}.gap", "1000 is usual")
        self.n_speeds = check_whole(n_speeds, f"{name}.n_speeds", "16 is usual")
        if n_speeds < 2:
            raise ValueError(f"{name}.n_speeds must be at least 2, got {n_speeds}; 16 is usual")
        self.preferred = np.geomspace(SLOWEST, FASTEST, self.n_speeds)
        cells = SIDES * self.grid[0] * self.grid[1]
        self.blocks = {
            "directions": slice(0, cells),
            "speeds": slice(cells, cells + self.n_speeds),
            "turns": slice(cells + self.n_speeds, cells + self.n_speeds + SIDES),
        }
        self.n_features = cells + self.n_speeds + SIDES

    def __repr__(self) -> str:
        return f"{type(self).__name__}(grid={self.grid}, size={self.size}, n_features={self.n_features})"

    @abstractmethod
    def _begin(self, grey: NDArray[np.uint8]) -> Any:
        """State after the first frame (height, width) of a clip."""

    @abstractmethod
    def _compare(self, state: Any, grey: NDArray[np.uint8], dt: float) -> tuple[Any, Moved]:
        """State after the next frame, dt seconds later, and what moved between them."""

    def _encode(self, course: "Course") -> NDArray[np.float32]:
        """Features (n_features,) of motion that was smoothed."""
        velocity = course.slow.velocity / (course.slow.texture + LEAST)[..., np.newaxis]
        speed = np.linalg.norm(velocity, axis=-1, keepdims=True)
        directions = _halves(velocity / np.maximum(speed, 1e-9) * np.log1p(speed / HALF_SPEED)).reshape(-1)
        directions /= np.linalg.norm(directions) + HALF_SPEED
        now = np.linalg.norm(course.fast.velocity, axis=-1) / (course.fast.texture + LEAST)
        width = math.log(self.preferred[1] / self.preferred[0])
        off = SLOWEST / 2.0
        speeds = np.exp(-((np.log((now.mean() + off) / (self.preferred + off)) / width) ** 2) / 2.0)
        speeds /= max(float(np.linalg.norm(speeds)), 1e-9)
        turns = np.tanh(_halves(course.slow.frame / HALF_TURN))
        blocks = zip(WEIGHTS, (directions, speeds, turns), strict=True)
        return np.concatenate([weight * block for weight, block in blocks]).astype(np.float32)

    def _grey(self, frame: NDArray[Any]) -> NDArray[np.uint8]:
        """A frame (height, width, channels) at the size of the detector, as the logarithm of its light."""
        cv2 = self.cv2
        frame = np.clip(frame, 0, 255).astype(np.uint8)
        frame = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) if frame.shape[2] == 3 else frame[..., 0]
        small = cv2.resize(frame, self.size[::-1], interpolation=cv2.INTER_AREA)
        return LOGARITHM[small]

    def _pooled(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean of a picture in each cell of the grid."""
        return self.cv2.resize(picture, self.grid[::-1], interpolation=self.cv2.INTER_AREA)


LOGARITHM = np.round(255.0 * np.log1p(np.arange(256) / 8.0) / np.log1p(255.0 / 8.0)).astype(np.uint8)


class OpticalFlow(Detector):
    """Dense optical flow, pooled on a coarse grid: directions by cell, the speed of all, and turns of the frame.

    Flow between a frame and the one before is that of OpenCV's DIS (Kroeger et al. 2016), on the logarithm of light.
    The median over all that has texture is the motion of the frame as a whole, as turns and a shaking camera make it.
    The rest, motion in depth and what moves by itself, is pooled by cell, weighted by texture
    ``|grad I|^2 / (|grad I|^2 + 8^2)``, and smoothed by a leaky mean.

    Parameters
    ----------
    grid : (rows, columns), default=(6, 8)
        Cells.
    size : (height, width), default=(90, 160)
        Size in pixels at which flow is computed.
    tau : float, default=300.0
        Time constant of directions and turns in ms.
    speed_tau : float, default=100.0
        Time constant of the speed in ms: shorter, or what stands would seem to move on.
    n_speeds : int, default=16
        Channels of the speed, each with a preferred one, equally far apart in its logarithm, as in area MT (Nover,
        Anderson & DeAngelis 2005).
    gap : float, default=1000.0
        Time between two frames in ms from which on they count as two clips.

    Attributes
    ----------
    n_features : int
        Length of the features: right, down, left and up of each cell, cell by cell, each the half-rectified unit vector
        times ``ln(1 + speed / 0.02)``, together of length 1 unless all is still; the channels of the mean speed of all
        cells, of length 1; right, down, left and up of the whole frame, ``tanh(speed / 0.1) / 2``. Speeds are in
        widths of the frame per s.
    blocks : dict of str to slice
        Where these three stand: ``directions``, ``speeds``, ``turns``.

    Raises
    ------
    ImportError
        If OpenCV is not installed.
    ValueError
        If a parameter is out of range.

    References
    ----------
    Kroeger, Timofte, Dai & Van Gool (2016). Fast optical flow using dense inverse search. ECCV.

    Nover, Anderson & DeAngelis (2005). A logarithmic, scale-invariant representation of speed in macaque middle
    temporal area accounts for speed discrimination performance. J Neurosci 25:10049-10060.

    Examples
    --------
    >>> from tectum.streams import OpticalFlow
    >>> OpticalFlow(grid=(3, 4), n_speeds=8).n_features
    60
    """

    def __init__(
        self,
        *,
        grid: Pair = (6, 8),
        size: Pair = (90, 160),
        tau: float = 300.0,
        speed_tau: float = 100.0,
        n_speeds: int = 16,
        gap: float = 1000.0,
    ) -> None:
        super().__init__(
            grid=grid, size=size, tau=tau, speed_tau=speed_tau, n_speeds=n_speeds, gap=gap, name="OpticalFlow"
        )
        if min(self.size) < 32:
            raise ValueError(f"OpticalFlow.size must be at least 32 pixels a side, got {size}; (90, 160) is usual")
        self._flow = self.cv2.DISOpticalFlow_create(self.cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def _begin(self, grey: NDArray[np.uint8]) -> Any:
        return grey

    def _compare(self, state: Any, grey: NDArray[np.uint8], dt: float) -> tuple[Any, Moved]:
        cv2 = self.cv2
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)  # the flow depends on their number
        try:
            flow = self._flow.calc(state, grey, None)
        finally:
            cv2.setNumThreads(threads)
        right, down = (cv2.Scharr(grey, cv2.CV_32F, *axis) / 32.0 for axis in ((1, 0), (0, 1)))
        energy = right * right + down * down
        weight = energy / (energy + np.float32(TEXTURE**2))
        seen = weight > 0.3
        whole = np.median(flow[seen], axis=0) if seen.sum() >= 50 else np.zeros(2, np.float32)
        pace = np.float32(1.0 / (self.size[1] * dt))
        velocity = self._pooled((flow - whole) * (weight * pace)[..., np.newaxis])
        return grey, Moved(velocity, self._pooled(weight), whole * pace)


TEXTURE = 8.0  # gradient, of 255 levels per pixel, at which the flow of a pixel counts half


class Course:
    """Motion smoothed over time, in one clip after the other."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._state: Any = None
        self._time, self._source = -math.inf, -1
        self.slow = self.fast = Moved(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, np.float32))
        self._shares = [0.0, 0.0]

    def features(self, frame: NDArray[Any], time_s: float, source: int) -> NDArray[np.float32]:
        """Features of a frame (height, width, channels); all 0 for the first of a clip."""
        detector = self._detector
        grey, dt = detector._grey(frame), time_s - self._time
        follows = source == self._source and 0.0 < 1e3 * dt < detector.gap
        self._time, self._source = time_s, source
        if not follows:
            self._state, self._shares = detector._begin(grey), [0.0, 0.0]
            return np.zeros(detector.n_features, np.float32)
        self._state, moved = detector._compare(self._state, grey, dt)
        self.slow = self._smoothed(0, self.slow, moved, 1e3 * dt / detector.tau)
        self.fast = self._smoothed(1, self.fast, moved, 1e3 * dt / detector.speed_tau)
        return detector._encode(self)

    def _smoothed(self, k: int, mean: Moved, moved: Moved, steps: float) -> Moved:
        """Leaky mean that begins with the first value."""
        follow = -math.expm1(-steps)
        self._shares[k] += follow * (1.0 - self._shares[k])
        share = np.float32(follow / self._shares[k])
        if share >= 1.0:
            return moved
        return Moved(*(m + share * (x - m) for m, x in zip(mean, moved, strict=True)))


def motion(frames: Stream, detector: Detector | None = None) -> "MotionStream":
    """Stream of the motion in a stream of frames.

    Each source starts afresh: the features of its first frame are 0.

    Parameters
    ----------
    frames : Stream
        Frames, in colour or grey, for instance ``video(path, size=(90, 160), area=True, grey=True)``.
    detector : OpticalFlow, SpikingMotion or None, default=None
        What sees motion; None is ``OpticalFlow()``.

    Returns
    -------
    MotionStream
        Times, sources and thumbnails are those of the frames.

    Raises
    ------
    ImportError
        If OpenCV is not installed.
    ValueError
        If the stream is not one of frames.

    Examples
    --------
    >>> from tectum import streams
    >>> frames = streams.video(streams.write_clip("road.mp4"), size=(90, 160), area=True, grey=True)
    >>> streams.motion(frames).n_features
    212
    """
    shape = frames.frame_shape
    if shape is None or shape[2] not in (1, 3):
        raise ValueError(
            f"motion.frames must be a stream of colour or grey frames, got one of shape {shape}; make it with video, "
            "images or camera"
        )
    return MotionStream(frames, OpticalFlow() if detector is None else detector)


class MotionStream(Stream):
    """Motion in a stream of frames; made by `motion`.

    Attributes
    ----------
    detector : OpticalFlow or SpikingMotion
        What sees motion.
    names : list of str
        Those of the frames.
    n_features, n_announced : int or None
        Length of a sample, and how many to expect.
    """

    def __init__(self, frames: Stream, detector: Detector) -> None:
        self._frames, self.detector = frames, detector
        self.names, self.n_announced, self.n_features = frames.names, frames.n_announced, detector.n_features

    def __iter__(self) -> Iterator[Chunk]:
        course = Course(self.detector)
        for chunk in self._frames:
            yield chunk._replace(X=followed(chunk, self._frames.frame_shape, course))


def followed(chunk: Chunk, shape: Any, course: Any) -> NDArray[np.float32]:
    """Features (n, n_features) that a course gives of frames of that shape, which follow those before."""
    moments = zip(chunk.X, chunk.time_s.tolist(), chunk.source.tolist(), strict=True)
    return np.stack([course.features(x.reshape(shape), time_s, source) for x, time_s, source in moments])


def _halves(v: NDArray[Any]) -> NDArray[Any]:
    """Right, down, left, up from right and down."""
    return np.concatenate([np.maximum(v, 0.0), np.maximum(-v, 0.0)], axis=-1)


def check_ms(value: Any, name: str, way_out: str) -> float:
    if not isinstance(value, (int, float, np.number)) or isinstance(value, bool) or not 0 < value < math.inf:
        raise ValueError(f"{name} must be a positive number of ms, got {value!r}; {way_out}")
    return float(value)
