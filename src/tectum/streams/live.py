"""Streams that come as they happen: cameras and URLs. They need OpenCV (the extra ``video``)."""

import math
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.streams.pictures import THUMBNAIL, FrameForm, PictureStream
from tectum.streams.stream import LEAST_SHARE, Chunk, Pair, StreamError, check_whole

PATIENCE = 10.0  # s until a URL that brings nothing counts as gone
WAIT = 1.0  # s before a URL is connected to again
RETRIES = 3


def camera(
    index: int | str = 0,
    *,
    size: Pair,
    chunk: int = 8,
    every: int = 1,
    thumbnails: Pair | None = THUMBNAIL,
    grey: bool = False,
    area: bool = False,
    seconds: float | None = None,
    retries: int | None = None,
    tell: Callable[[str], object] | None = None,
) -> "CameraStream":
    """Stream of the frames of a camera, or of a URL, until it stops.

    Parameters
    ----------
    index : int or str, default=0
        Number of the camera, or a URL that OpenCV can open (``rtsp://``, ``http://``).
    size, every, thumbnails, grey, area
        As in `video`. Frames of another size than before are resized like all others.
    chunk : int, default=8
        Frames of a chunk; fewer come sooner.
    seconds : float or None, default=None
        Time after which the stream ends by itself; None goes on until it is stopped.
    retries : int or None, default=None
        How often in a row it is connected to again when it stops; None is 3 for a URL, 0 for a camera.
    tell : callable or None, default=None
        Called with a line when it is connected to again, or the size of its frames changes; None warns.

    Returns
    -------
    CameraStream
        Samples as in `video`, times by the clock.

    Raises
    ------
    ImportError
        If OpenCV is not installed.
    ValueError
        If a parameter is out of range.
    StreamError
        While iterating: if there is no such camera, or it stops and does not come back. A file behind a URL ends by
        itself.
    """
    form = FrameForm(size, thumbnails, grey, area, "camera")
    whole = isinstance(index, (int, np.integer)) and not isinstance(index, bool) and index >= 0
    if not whole and not (isinstance(index, str) and "://" in index):
        raise ValueError(
            f"camera.index must be a whole number of at least 0, or a URL, got {index!r}; 0 is the first camera"
        )
    check_whole(every, "camera.every", "1 takes every frame")
    check_whole(chunk, "camera.chunk", "8 is usual")
    if seconds is not None and not (isinstance(seconds, (int, float)) and 0 < seconds < math.inf):
        raise ValueError(f"camera.seconds must be a positive number of seconds, got {seconds!r}; None for no end")
    if retries not in (None, 0):
        check_whole(retries, "camera.retries", "3 is usual")
    tries = (RETRIES if isinstance(index, str) else 0) if retries is None else retries
    return CameraStream(index, form, chunk, every, seconds, tries, tell)


class CameraStream(PictureStream):
    """Frames of a camera or a URL; made by `camera`.

    Attributes
    ----------
    names : list of str
        The camera, as ``camera 0``, or the URL.
    """

    def __init__(
        self,
        index: int | str,
        form: FrameForm,
        chunk: int,
        every: int,
        seconds: float | None = None,
        retries: int = 0,
        tell: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__([index if isinstance(index, str) else f"camera {index}"], form, chunk)
        self._index, self._every, self._seconds, self._retries = index, every, seconds or math.inf, retries
        self._tell = tell or (lambda line: warnings.warn(line, stacklevel=2))

    def __iter__(self) -> Iterator[Chunk]:
        yield from self._gather(self._frames)

    def _open(self) -> Any:
        cv2 = self._form.cv2
        if isinstance(self._index, str):
            patience = round(1e3 * PATIENCE)
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, patience, cv2.CAP_PROP_READ_TIMEOUT_MSEC, patience]
            return cv2.VideoCapture(self._index, cv2.CAP_FFMPEG, limits)
        return cv2.VideoCapture(self._index)

    def _frames(self) -> Iterator[tuple[NDArray[np.uint8], float, int]]:
        (name,), n, failed, size = self.names, 0, 0, (0, 0)
        began = time.monotonic()
        while True:
            capture = self._open()
            try:
                opened = capture.isOpened()
                announced = capture.get(self._form.cv2.CAP_PROP_FRAME_COUNT) if opened and self._retries else 0
                while opened:
                    ok, frame = capture.read()
                    passed = time.monotonic() - began
                    if passed >= self._seconds:
                        return
                    if not ok or frame is None or frame.size == 0:
                        break
                    failed = 0
                    if size not in ((0, 0), frame.shape[:2]):
                        before, now = (f"{pair[1]} x {pair[0]}" for pair in (size, frame.shape))
                        self._tell(f"{name} changed from {before} to {now} pixels; frames are resized as before")
                    size = frame.shape[:2]
                    if n % self._every == 0:
                        yield frame, passed, 0
                    n += 1
            finally:
                capture.release()
            if 0 < LEAST_SHARE * announced <= n:
                return  # a file
            failed += 1
            if failed > self._retries:
                raise StreamError(self._gone(opened or n > 0, n))
            self._tell(f"{name} stopped after {n} frames; connecting again ({failed} of {self._retries})")
            time.sleep(WAIT)

    def _gone(self, was_there: bool, n: int) -> str:
        """What to say when nothing comes any more."""
        name = self.names[0]
        if isinstance(self._index, str):
            what = f"stopped after {n} frames and did not come back" if was_there else "cannot be opened"
            return f"{name} {what} ({self._retries} tries more); check the address and the network, and start anew"
        if was_there:
            return f"{name} stopped after {n} frames; plug it in again and start anew"
        return f"{name} cannot be opened; plug it in, close what uses it, or try index=1"
