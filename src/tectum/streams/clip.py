"""A generated clip that looks a little like driving, for use when no video is at hand."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.streams.pictures import import_cv2
from tectum.streams.stream import Pair, PathLike, check_rate, check_size, check_whole

Colour = tuple[int, int, int]  # red, green, blue


class Scene(NamedTuple):
    """What a stretch of road looks like."""

    sky: Colour
    ground: Colour
    road: Colour
    mark: Colour
    roadside: Colour  # of what stands beside the road
    height: float  # of what stands beside the road, in widths of the road
    every: float  # metres from one to the next
    bend: float  # how far the vanishing point swings, in widths of the frame
    noise: float  # standard deviation of the sensor's noise, in levels of 255


SCENES = (
    Scene(
        (120, 170, 225), (70, 120, 60), (95, 95, 100), (240, 240, 240), (40, 90, 45), 0.25, 18.0, 0.06, 2.0
    ),  # country
    Scene(
        (225, 190, 150), (190, 120, 80), (120, 105, 100), (235, 200, 90), (150, 80, 55), 0.12, 30.0, 0.12, 2.0
    ),  # desert
    Scene((8, 8, 20), (6, 7, 9), (20, 20, 24), (150, 150, 140), (255, 190, 90), 0.45, 25.0, 0.03, 5.0),  # night
    Scene(
        (150, 155, 160), (105, 110, 110), (75, 80, 85), (190, 195, 200), (90, 95, 100), 0.9, 9.0, 0.0, 6.0
    ),  # city, rain
)
SPEED = 15.0  # metres per second
HORIZON = 0.45  # its height in the frame, from above
NEAREST, FARTHEST = 1.2, 80.0  # metres at the lower edge of the frame, and to the farthest thing drawn
HALF_ROAD = 0.62  # half the width of the road at the lower edge, in widths of the frame


def write_clip(
    path: PathLike,
    *,
    seconds: float = 24.0,
    rate: float = 25.0,
    size: Pair = (180, 320),
    scenes: int = 4,
    seed: int = 0,
) -> Path:
    """Write a video of a drive through scenes of different looks: perspective, moving road marks, things passing by.

    Parameters
    ----------
    path : path
        File to write, ending in ``.mp4`` or ``.avi``.
    seconds : float, default=24.0
        Length of the clip, shared equally by the scenes.
    rate : float, default=25.0
        Frames per second.
    size : (height, width), default=(180, 320)
        Size in pixels.
    scenes : int, default=4
        Number of scenes, from 1 to 4, one after the other: country road, desert, night, city in the rain.
    seed : int, default=0
        For noise and bends.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ImportError
        If OpenCV is not installed.
    ValueError
        If a parameter is out of range.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> write_clip(Path(tempfile.mkdtemp()) / "road.mp4", seconds=0.2, size=(36, 64)).name
    'road.mp4'
    """
    cv2 = import_cv2()
    path, size, rate = Path(path), check_size(size, "write_clip.size"), check_rate(rate, "write_clip.rate")
    if path.suffix.lower() not in (".mp4", ".avi"):
        raise ValueError(f"write_clip.path must end in .mp4 or .avi, got {path}; rename it")
    n_frames = check_whole(round(seconds * rate), "write_clip.seconds * rate", "24 seconds are usual")
    if check_whole(scenes, "write_clip.scenes", "4 is usual") > len(SCENES):
        raise ValueError(f"write_clip.scenes must be at most {len(SCENES)}, got {scenes}; there are no more")
    codec = cv2.VideoWriter.fourcc(*("mp4v" if path.suffix.lower() == ".mp4" else "MJPG"))
    writer = cv2.VideoWriter(str(path), codec, rate, (size[1], size[0]))
    if not writer.isOpened():
        raise OSError(f"{path} cannot be written; check that its folder exists and has room")
    generator = np.random.default_rng(seed)
    phase = generator.uniform(0, 2 * np.pi, scenes)
    for n in range(n_frames):
        number = n * scenes // n_frames
        writer.write(_frame(cv2, SCENES[number], size, n / rate, phase[number], generator)[..., ::-1])
    writer.release()
    return path


def _frame(
    cv2: Any, scene: Scene, size: Pair, time_s: float, phase: float, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """One frame (height, width, 3), red, green, blue."""
    height, width = size
    horizon = round(HORIZON * height)
    vanishing = width * (0.5 + scene.bend * np.sin(0.6 * time_s + phase))
    frame = np.empty((height, width, 3), np.uint8)
    fade = np.linspace(0.6, 1.0, horizon)[:, None, None]
    frame[:horizon] = fade * np.array(scene.sky)
    frame[horizon:] = scene.ground

    def across(lane: float, metres: float) -> tuple[int, int]:
        """Pixel of a point on the ground: its place across the road (-1 to 1 are the edges) and its distance."""
        nearness = NEAREST / metres
        x = vanishing + (width / 2 - vanishing + lane * HALF_ROAD * width) * nearness
        return round(x), round(horizon + (height - horizon) * nearness)

    def strip(left: float, right: float, near: float, far: float, colour: Colour) -> None:
        """A piece of ground from one distance to another."""
        corners = [across(left, near), across(right, near), across(right, far), across(left, far)]
        cv2.fillConvexPoly(frame, np.array(corners, np.int32), colour)

    strip(-1.0, 1.0, NEAREST, FARTHEST, scene.road)
    for edge in (-0.95, 0.9):
        strip(edge, edge + 0.05, NEAREST, FARTHEST, scene.mark)
    driven = SPEED * time_s
    for start in np.arange(-(driven % 9.0), FARTHEST, 9.0):  # marks of 3 m, 6 m apart
        if start + 3.0 > NEAREST:
            strip(-0.03, 0.03, max(start, NEAREST), start + 3.0, scene.mark)
    for metres in np.arange(scene.every - driven % scene.every, FARTHEST, scene.every)[::-1]:
        if metres > NEAREST:
            for side in (-1.5, 1.5):
                x, foot = across(side, metres)
                tall = scene.height * 2 * HALF_ROAD * width * NEAREST / metres
                half = max(1, round(tall / 5))
                cv2.rectangle(frame, (x - half, round(foot - tall)), (x + half, foot), scene.roadside, -1)
    noisy = frame + generator.normal(0.0, scene.noise, frame.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)
