"""Stretches of clips that somebody looked at and named, from a table; they score what was found and teach nothing."""

import csv
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.files import DataError, reading
from tectum.streams.stream import PathLike, as_paths

PLACE = ("clip", "first", "last")  # columns that say which frames are meant


class Segments(NamedTuple):
    """Stretches of clips, and what was said of each; made by `read_segments`."""

    clip: tuple[str, ...]  # (n,) names of the clips
    first: NDArray[np.int64]  # (n,) first frame of each stretch, from 0
    last: NDArray[np.int64]  # (n,) its last frame
    said: dict[str, tuple[str, ...]]  # by kind, the name of a column: (n,) labels

    def labels(self, clip: Any, frame: Any) -> dict[str, NDArray[np.str_]]:
        """What is said of frames.

        Parameters
        ----------
        clip : sequence of str, length n_frames
            Clip of each frame; suffixes as ``.mp4`` may stand in either place.
        frame : array-like of int, shape (n_frames,)
            Number of the frame in its clip, from 0.

        Returns
        -------
        dict of str to ndarray of shape (n_frames,)
            Label of each frame by kind, "" where nothing is said.
        """
        names, number = np.array([_stem(name) for name in clip], dtype=object), np.asarray(frame)
        found = {kind: np.full(len(names), "", dtype=object) for kind in self.said}
        for k, name in enumerate(self.clip):
            inside = (names == _stem(name)) & (number >= self.first[k]) & (number <= self.last[k])
            for kind, labels in self.said.items():
                found[kind][inside] = labels[k]
        return {kind: labels.astype(np.str_) for kind, labels in found.items()}


def read_segments(path: PathLike) -> Segments:
    """Read a table of stretches: a CSV file with the columns clip, first, last and one or more that say what is there.

    ::

        clip,first,last,place,happening
        drive1.mp4,0,154,motorway,following at a distance
        drive1.mp4,155,319,motorway,car ahead brakes

    Parameters
    ----------
    path : path
        The file. Frames are numbered from 0 as a video is decoded, first and last belong to the stretch.

    Returns
    -------
    Segments

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataError
        If a column is missing, or a row does not say which frames are meant; the message names the row.
    """
    (path,) = as_paths(path, "read_segments.path")
    said_how = "save it as CSV in UTF-8"
    with reading(path, "a table of stretches", said_how), open(path, newline="", encoding="utf-8-sig") as file:
        table = csv.DictReader(file)
        names, rows = list(table.fieldnames or []), list(table)
    kinds = [name for name in names if name not in PLACE]
    if missing := [name for name in PLACE if name not in names]:
        raise DataError(
            f"{path} must have the columns clip, first and last, got {', '.join(names) or 'an empty file'}; add "
            f"{', '.join(missing)}"
        )
    if not kinds or not rows:
        raise DataError(
            f"{path} must say something of one stretch or more, got {len(rows)} rows and no column beyond clip, first "
            "and last; add a column such as happening"
            if not kinds
            else f"{path} must hold a row per stretch, got none; write one"
        )
    edges = np.array([_edges(path, number, row) for number, row in enumerate(rows, start=2)], np.int64)
    said = {kind: tuple((row[kind] or "").strip() for row in rows) for kind in kinds}
    return Segments(tuple(row["clip"] for row in rows), edges[:, 0], edges[:, 1], said)


def _edges(path: Any, number: int, row: dict[str, str]) -> tuple[int, int]:
    try:
        first, last = int(row["first"]), int(row["last"])
    except (TypeError, ValueError):
        first, last = -1, -1
    if not 0 <= first <= last:
        raise DataError(
            f"{path}, line {number}: first and last must be frame numbers with 0 <= first <= last, got "
            f"{row['first']!r} and {row['last']!r}; count frames from 0"
        )
    return first, last


def _stem(name: Any) -> str:
    return str(name).rsplit("/", 1)[-1].rsplit(".", 1)[0]
