"""Streams of pictures: video files and folders of images. They need OpenCV (the extra ``video``)."""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tectum.files import PICTURES, files_in, natural_key, reading, warn_of_deeper
from tectum.streams.stream import (
    Chunk,
    Gather,
    Pair,
    PathLike,
    Stream,
    StreamError,
    as_paths,
    check_rate,
    check_size,
    check_whole,
    ended_early,
)

THUMBNAIL = (64, 112)  # default size of thumbnails, (height, width) in pixels
JPEG = (".jpeg", ".jpg")
PAGED = (".gif", ".tif", ".tiff", ".webp")  # of which a file may hold several pictures


def video(
    paths: PathLike | Sequence[PathLike],
    *,
    size: Pair,
    chunk: int = 32,
    every: int = 1,
    thumbnails: Pair | None = THUMBNAIL,
    grey: bool = False,
    area: bool = False,
    rate: float | None = None,
) -> "VideoStream":
    """Stream of the frames of video files, one file after the other.

    Parameters
    ----------
    paths : path or list of paths
        Video files that OpenCV can read.
    size : (height, width)
        Size in pixels to which frames are resized, whatever their proportions.
    chunk : int, default=32
        Frames of a chunk.
    every : int, default=1
        Take every n-th frame of each file, beginning with the first.
    thumbnails : (height, width) or None, default=(64, 112)
        Size of the small pictures that go along; None for none.
    grey : bool, default=False
        Whether frames are made grey, with one value per pixel instead of red, green, blue.
    area : bool, default=False
        Whether a pixel is the mean over the area it covers, right where frames shrink to small pictures, instead of
        interpolated between the nearest pixels, as convolutional networks expect.
    rate : float or None, default=None
        Frames per second of the files; None takes the time that each file gives a frame.

    Returns
    -------
    VideoStream
        Samples are the pixels, 0 to 255, row by row, the channels of a pixel side by side.

    Raises
    ------
    ImportError
        If OpenCV is not installed.
    FileNotFoundError
        If a file does not exist.
    ValueError
        If a parameter is out of range.
    StreamError
        While iterating: if a file cannot be read, or ends long before the number of frames that it announces.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from tectum import streams
    >>> clip = streams.write_clip(Path(tempfile.mkdtemp()) / "road.mp4", seconds=0.4, size=(36, 64))
    >>> sum(len(chunk.X) for chunk in video(clip, size=(9, 16)))
    10
    """
    files = as_paths(paths, "video.paths")
    if folder := next((file for file in files if file.is_dir()), None):
        raise ValueError(f"video.paths must name video files, got the folder {folder}; name the files in it")
    form = FrameForm(size, thumbnails, grey, area, "video")
    check_whole(every, "video.every", "1 takes every frame")
    check_whole(chunk, "video.chunk", "32 is usual")
    if rate is not None:
        check_rate(rate, "video.rate")
    return VideoStream(files, form, chunk, every, rate)


def images(
    folder: PathLike,
    *,
    size: Pair,
    chunk: int = 32,
    rate: float = 25.0,
    thumbnails: Pair | None = THUMBNAIL,
    grey: bool = False,
    area: bool = False,
) -> "ImageStream":
    """Stream of the images in a folder, in the order of their names (2 before 10), without hidden ones.

    Parameters
    ----------
    folder : path
        Folder of images, or of folders of images. Each folder is a source. A warning tells of images in deeper folders,
        which are left out.
    size, chunk, thumbnails, grey, area
        As in `video`.
    rate : float, default=25.0
        Images per second.

    Returns
    -------
    ImageStream
        Samples as in `video`.

    Raises
    ------
    ImportError
        If OpenCV is not installed.
    FileNotFoundError
        If the folder does not exist.
    ValueError
        If it holds no images, or a parameter is out of range.
    StreamError
        While iterating: if an image cannot be read, or a file holds several.
    """
    (top,) = as_paths(folder, "images.folder")
    form = FrameForm(size, thumbnails, grey, area, "images")
    check_whole(chunk, "images.chunk", "32 is usual")
    check_rate(rate, "images.rate")
    folders = [path for path in top.iterdir() if path.is_dir() and path.name[0] != "."] if top.is_dir() else [top]
    sources = [
        (path.name, files_in(path, PICTURES)) for path in [top, *sorted(folders, key=natural_key)] if path.is_dir()
    ]
    warn_of_deeper((path for path in folders if path.is_dir()), PICTURES, "name the folder above it, or move it up")
    found = [(name, files) for name, files in sources if files]
    if not found:
        raise ValueError(
            f"images.folder must be a folder with images ({', '.join(PICTURES)}), or with folders of images, got "
            f"{top}; convert them, or name the folder that holds them"
        )
    return ImageStream(found, form, chunk, rate)


def import_cv2() -> Any:
    """OpenCV, or an error that says how to get it."""
    try:
        import cv2
    except ImportError as error:
        raise ImportError(
            'pictures need OpenCV, which is not installed; install it with: pip install "tectum[video]"'
        ) from error
    return cv2


class FrameForm:
    """How a frame becomes a sample and a thumbnail; the arguments are those of `video`, then whose they are."""

    def __init__(self, size: Pair, thumbnails: Pair | None, grey: bool, area: bool, owner: str) -> None:
        self.cv2 = import_cv2()
        self.size, self.grey, self.area = check_size(size, f"{owner}.size"), grey, area
        self.thumbnails = None if thumbnails is None else check_size(thumbnails, f"{owner}.thumbnails")

    @property
    def frame_shape(self) -> tuple[int, int, int]:
        """Shape of a frame."""
        return *self.size, 1 if self.grey else 3

    def of(self, frame: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
        """Sample and thumbnail of a frame as OpenCV reads it, (height, width, 3) in the order blue, green, red."""
        cv2 = self.cv2
        resized = self._resize(frame, self.size, cv2.INTER_AREA if self.area else cv2.INTER_LINEAR)
        sample = cv2.cvtColor(resized, cv2.COLOR_BGR2GRAY if self.grey else cv2.COLOR_BGR2RGB)
        if self.thumbnails is None:
            return sample, None
        return sample, cv2.cvtColor(self._resize(frame, self.thumbnails, cv2.INTER_AREA), cv2.COLOR_BGR2RGB)

    def _resize(self, frame: NDArray[np.uint8], size: Pair, interpolation: int) -> NDArray[np.uint8]:
        return self.cv2.resize(frame, (size[1], size[0]), interpolation=interpolation)


class PictureStream(Stream):
    """What streams of pictures share.

    Attributes
    ----------
    frame_shape : (height, width, channels)
        Shape of a sample before it was flattened; channels are red, green, blue, or one of grey.
    """

    def __init__(self, names: list[str], form: FrameForm, chunk: int) -> None:
        self.names, self._form, self._chunk = names, form, chunk
        self.frame_shape = form.frame_shape
        self.n_features = math.prod(form.frame_shape)

    def _gather(self, frames: Callable[[], Iterator[tuple[NDArray[np.uint8], float, int]]]) -> Iterator[Chunk]:
        """Chunks of (frame, time in s, number of the source); after an error, what came before it comes first."""
        gather = Gather(self._chunk)
        try:
            for frame, time_s, source in frames():
                sample, thumbnail = self._form.of(frame)
                yield from gather.add(sample, time_s, source, thumbnail)
        except StreamError:
            yield from gather.rest()
            raise
        yield from gather.rest()


class VideoStream(PictureStream):
    """Frames of video files; made by `video`.

    Attributes
    ----------
    names : list of str
        Names of the files.
    n_announced : int or None
        Frames that the files announce, some more than there are; None if one of them does not say.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from tectum import streams
    >>> clip = streams.write_clip(Path(tempfile.mkdtemp()) / "road.mp4", seconds=0.4, size=(36, 64))
    >>> next(iter(streams.video(clip, size=(9, 16), grey=True))).X.shape
    (10, 144)
    """

    def __init__(self, files: list[Path], form: FrameForm, chunk: int, every: int, rate: float | None) -> None:
        super().__init__([file.name for file in files], form, chunk)
        self._files, self._every, self._rate = files, every, rate
        announced = [self._announced(file) for file in files]
        self.n_announced = None if None in announced else sum(-(-(n or 0) // every) for n in announced)

    def __iter__(self) -> Iterator[Chunk]:
        yield from self._gather(self._frames)

    def _announced(self, file: Path) -> int | None:
        """Number of frames that a file announces, None if it does not say or cannot be opened."""
        capture = self._form.cv2.VideoCapture(str(file))
        n = capture.get(self._form.cv2.CAP_PROP_FRAME_COUNT)
        capture.release()
        return int(n) if 0 < n < 2**40 else None

    def _frames(self) -> Iterator[tuple[NDArray[np.uint8], float, int]]:
        cv2 = self._form.cv2
        offset = 0.0
        for source, file in enumerate(self._files):
            capture = cv2.VideoCapture(str(file))
            try:
                if not capture.isOpened():
                    raise StreamError(
                        f"{file.name} cannot be read as a video; it is damaged, cut off, or in a format that this "
                        "OpenCV does not know: convert it, for instance to MP4 with H.264"
                    )
                rate = self._rate or capture.get(cv2.CAP_PROP_FPS)
                if not 0 < rate < math.inf:
                    raise StreamError(f"{file.name} does not say its frames per second; pass rate=25, say")
                n, time_s, began = 0, -1.0 / rate, 0.0
                while capture.grab():
                    # a file of variable rate gives each frame its time, to be had to the microsecond
                    own = 0.0 if self._rate else round(1e3 * capture.get(cv2.CAP_PROP_POS_MSEC)) / 1e6
                    began = own if n == 0 else began
                    time_s = n / rate if self._rate else own - began if own - began > time_s else time_s + 1.0 / rate
                    if n % self._every == 0:
                        ok, frame = capture.retrieve()
                        if not ok:
                            break
                        yield frame, offset + time_s, source
                    n += 1
                if error := ended_early(file.name, n, self._announced(file)):
                    raise error
                offset += time_s + 1.0 / rate
            finally:
                capture.release()


class ImageStream(PictureStream):
    """Images of a folder; made by `images`.

    Attributes
    ----------
    names : list of str
        Names of the folders.
    n_announced : int
        Number of images.
    """

    def __init__(self, found: list[tuple[str, list[Path]]], form: FrameForm, chunk: int, rate: float) -> None:
        super().__init__([name for name, _ in found], form, chunk)
        self._files, self._rate = [files for _, files in found], rate
        self.n_announced = sum(len(files) for files in self._files)

    def __iter__(self) -> Iterator[Chunk]:
        yield from self._gather(self._frames)

    def _frames(self) -> Iterator[tuple[NDArray[np.uint8], float, int]]:
        n = 0
        for source, files in enumerate(self._files):
            for file in files:
                way_out = "it is damaged or has more than 8 bits a channel: write it again as PNG, or delete it"
                with reading(file, "an image", way_out, StreamError):
                    n_pages = self._form.cv2.imcount(str(file)) if file.suffix.lower() in PAGED else _n_animated(file)
                    frame = self._form.cv2.imread(str(file), self._form.cv2.IMREAD_COLOR)
                    is_cut = file.suffix.lower() in JPEG and _is_cut(file.read_bytes())
                if n_pages > 1:
                    raise StreamError(f"{file} must hold one picture, got {n_pages}; split it, or make it a video")
                if frame is None or is_cut:  # of a photograph that is cut off OpenCV makes the rest up
                    raise StreamError(f"{file} cannot be read as an image; {way_out}")
                yield frame, n / self._rate, source
                n += 1


def _n_animated(file: Path) -> int:
    """Number of pictures of an animated PNG, by the chunk before its first one; 1 of any other file."""
    with file.open("rb") as content:
        start = content.read(2**16)
    at = start.find(b"acTL", 0, start.find(b"IDAT")) if start.startswith(b"\x89PNG") else -1
    return 1 if at < 0 else int.from_bytes(start[at + 4 : at + 8])


def _is_cut(content: bytes) -> bool:
    """Whether a JPEG file has no end of its picture; that of a small one in its header does not count."""
    at = 2
    while content[at : at + 1] == b"\xff" and content[at + 1 : at + 2] not in (b"\xda", b""):  # segments up to the scan
        is_padding = content[at + 1] == 0xFF
        at += 1 if is_padding else 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return content.startswith(b"\xff\xd8") and content.find(b"\xff\xd9", at) < 0
