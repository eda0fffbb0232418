"""From what a command is given, files, a camera or a URL, to a stream of features."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from tectum.cli.options import FrameOptions, option_words
from tectum.files import files_in, no_file

if TYPE_CHECKING:
    from tectum.streams import Stream, Timed

CHUNK = 16  # frames
VIDEOS = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm")
ARRAYS = (".npy", ".npz")
EVENTS = (".aedat", ".aedat4", ".bin", ".dat", ".h5", ".hdf5", ".raw")
WINDOW_MS = 40.0  # of the counts of events
MORE: tuple[tuple[str, ...], ...] = (
    (),
    ("motion",),
    ("colours",),
    ("motion", "colours"),
)  # what may follow the features of a network
WORDS = {"motion": "optical flow", "colours": "opponent colours"}
PIXELS: dict[str, dict[str, Any]] = {
    "caffe": {},
    "pytorch": {
        "channel_order": "RGB",
        "mean": (123.675, 116.28, 103.53),
        "scale": (1 / 58.395, 1 / 57.12, 1 / 57.375),
    },
}


class Source(NamedTuple):
    """A stream of features, and what is known of it."""

    stream: "Stream"
    reading: "Timed | None"  # the frames behind it
    features: str  # what they are, in words
    shape: tuple[int, ...] | None  # (rows, columns, channels) of the features of frames
    n_motion: int = 0  # features of motion behind them
    n_colours: int = 0  # of small pictures in colours behind these
    live: bool = False  # a camera or URL, which never comes again
    files: tuple[str, ...] = ()  # names of the files, in order


def open_source(
    paths: list[Path] | int | str,
    frames: FrameOptions,
    hierarchy: Any = None,
    *,
    with_more: bool = True,
    tell: Callable[[str], object] | None = None,
) -> Source:
    """Stream of the features of videos, of a folder of images, of a camera or URL, or of files of features or events,
    with motion and colours if the hierarchy has learned such features, the options say so, or else by default;
    FileNotFoundError if there is no such file, ValueError if the files are of kinds that do not go together.
    """
    from tectum import streams

    if not isinstance(paths, list):
        extract = _extractor(frames)
        pictures: Stream = streams.camera(
            paths, size=extract.size, every=frames.every or 1, seconds=frames.seconds or None, tell=tell
        )
        return _seen(pictures, extract, frames, hierarchy, with_more)._replace(live=True)
    if frames.seconds is not None:
        raise typer.BadParameter("--seconds is for cameras and URLs; leave it out for files")
    for path in paths:
        if not path.exists():
            raise no_file(path)
    kinds, files = {path.suffix.lower() for path in paths if path.is_file()}, tuple(path.name for path in paths)
    if kinds and kinds <= {*ARRAYS}:
        if given := option_words(**frames._replace(segments=None)._asdict()):
            raise typer.BadParameter(f"{given[0]} is for pictures; leave it out for files of features")
        return Source(streams.arrays(paths, chunk=CHUNK), None, "as they are in the file", None, files=files)
    if kinds and kinds <= {*EVENTS}:
        if given := option_words(**frames._asdict()):
            raise typer.BadParameter(f"{given[0]} is for pictures; leave it out for events")
        counts = streams.event_frames(paths, window_ms=WINDOW_MS, chunk=CHUNK)
        return Source(counts, None, f"events of each pixel in {WINDOW_MS:g} ms", None, files=files)
    if kinds - {*VIDEOS}:
        raise ValueError(
            f"DATA must be videos ({', '.join(VIDEOS)}), a folder of them or of images, features "
            f"({', '.join(ARRAYS)}), events ({', '.join(EVENTS)}), the number of a camera or a URL, got "
            f"{', '.join(str(path) for path in paths)}; convert it"
        )
    extract = _extractor(frames)
    every = frames.every or 1
    if paths[0].is_dir():
        if frames.every is not None:
            raise typer.BadParameter("--every is for videos; leave it out for a folder of images")
        pictures = streams.images(paths[0], size=extract.size, chunk=CHUNK)
    else:
        pictures = streams.video(paths, size=extract.size, chunk=CHUNK, every=every)
    return _seen(pictures, extract, frames, hierarchy, with_more)._replace(files=files)


def _seen(pictures: "Stream", extract: Any, frames: FrameOptions, hierarchy: Any, with_more: bool) -> Source:
    """Features of pictures, with motion and colours or without."""
    from tectum import streams

    reading = streams.Timed(pictures)
    name = f"{extract.path.name}, {extract.layer}" if hasattr(extract, "path") else extract.layer
    more: dict[str, Any] = {"motion": streams.OpticalFlow(), "colours": streams.OpponentColours()}
    n_learned = getattr(hierarchy, "n_features_in_", None)
    if n_learned is not None:
        wanted = next((w for w in MORE if sum(more[key].n_features for key in w) == n_learned - extract.n_features), ())
    else:
        by_default = with_more and len(extract.shape) == 3  # with maps of their own for each
        asked = {key: getattr(frames, key) for key in more}
        wanted = tuple(key for key, on in asked.items() if (by_default if on is None else on))
    more = {key: part for key, part in more.items() if key in wanted}
    name = "; ".join([name, *(WORDS[key] for key in more)])
    shape = extract.shape if len(extract.shape) == 3 else None
    lengths = {f"n_{key}": part.n_features for key, part in more.items()}
    return Source(streams.features(reading, extract, **more), reading, name, shape, **lengths)


def data_file(folder: str, pattern: str) -> Iterator[Path]:
    """Files of a folder of the data folder TECTUM_DATA, smallest first."""
    own = os.environ.get("TECTUM_DATA")
    found = sorted(Path(own).expanduser().joinpath(folder).glob(pattern)) if own else []
    yield from sorted(found, key=lambda path: path.stat().st_size)


def _extractor(frames: FrameOptions) -> Any:
    """The network of the command line, that of the data folder, or what stands for one."""
    from tectum import streams

    path = network_of(frames)
    if path is None:
        return streams.OrientedGradients(rows_first=True)
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    options = PIXELS[frames.pixels or "caffe"]
    return streams.CNN(path, layer=frames.layer, rows_first=True, batch=CHUNK, n_threads=min(2, threads), **options)


def network_of(frames: FrameOptions) -> Path | None:
    """The file of the network of the command line, else of the data folder, if there is one."""
    if frames.pixels is not None and frames.pixels not in PIXELS:
        raise typer.BadParameter(f"--pixels must be one of {', '.join(PIXELS)}, got {frames.pixels!r}")
    path = frames.cnn or next(data_file("cnn", "*.onnx"), None)
    if path is None and (frames.layer or frames.pixels):
        raise typer.BadParameter("--layer and --pixels belong to a network; name its ONNX file with --cnn")
    return path


def sources_in(data: str) -> list[Path] | int | str:
    """The path, or the videos, arrays or recordings of events in a folder; a folder of images stays one. The number of
    a camera, if there is no such file, or a URL.
    """
    path = Path(data).expanduser()
    if "://" in data:
        return data
    if data.isdecimal() and not path.exists():
        return int(data)
    if not path.is_dir():
        return [path]
    for kinds in (VIDEOS, ARRAYS, EVENTS):
        if found := files_in(path, kinds):
            return found
    return [path]
