"""Streams of arrays: in memory, or read from files row by row."""

import contextlib
import math
import os
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tectum.files import DataError, files_in, open_member, read_array_header, reading
from tectum.streams.stream import Chunk, PathLike, Stream, StreamError, as_paths, check_rate, check_whole

SUFFIXES = (".npy", ".npz")
FEATURES = ("X", "data")  # names of the samples in a .npz file
BESIDE = ("time_s", "source", "names")  # what a .npz file may say of them
SAVE = "it is damaged, cut off, or no plain array: save it again with numpy.save or numpy.savez"


def arrays(
    path_or_array: PathLike | Sequence[PathLike] | ArrayLike, *, rate: float = 25.0, chunk: int = 32
) -> "ArrayStream":
    """Stream of the rows of an array, or of files of arrays.

    Parameters
    ----------
    path_or_array : path, list of paths, or array-like of shape (n_samples, ...)
        A ``.npy`` or ``.npz`` file, of which a chunk is in memory at a time, compressed or not; a folder of such files,
        which follow each other in the order of their names; or samples in memory or mapped into it. A ``.npz`` file
        holds the samples as ``X`` or ``data`` and may hold ``time_s``, ``source``, ``names`` and ``thumbnails``, as in
        `Chunk`. Samples that are arrays themselves are flattened.
    rate : float, default=25.0
        Samples per second, where a file holds no ``time_s``.
    chunk : int, default=32
        Samples read at a time.

    Returns
    -------
    ArrayStream

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataError
        If the first file holds no samples.
    ValueError
        If a parameter is out of range.
    StreamError
        While iterating: if a file cannot be read, ends early, or has another number of features than the first,
        times that fall within a source or are not finite, sources without a name, or values that float32 cannot hold.

    Examples
    --------
    >>> [chunk.X.shape for chunk in arrays(np.zeros((50, 3)), chunk=32)]
    [(32, 3), (18, 3)]
    """
    check_rate(rate, "arrays.rate")
    check_whole(chunk, "arrays.chunk", "32 is usual")
    is_path = isinstance(path_or_array, (str, Path)) or (
        isinstance(path_or_array, Sequence)
        and len(path_or_array) > 0
        and all(isinstance(item, (str, Path)) for item in path_or_array)
    )
    if is_path:
        return ArrayStream(_shards(as_paths(path_or_array, "arrays.path_or_array")), rate, chunk)  # type: ignore[arg-type]
    if np.ma.is_masked(path_or_array):
        raise ValueError("arrays.path_or_array must have no masked values; leave these samples out, or fill them")
    samples = np.asarray(path_or_array)
    if samples.ndim < 2 or samples.size == 0 or samples.dtype.kind not in "biuf":
        raise ValueError(
            "arrays.path_or_array must be an array of numbers (n_samples, n_features) or the path of one, "
            f"got shape {samples.shape}, dtype {samples.dtype}; reshape(-1, 1) makes one feature of a row of numbers"
        )
    return ArrayStream([samples], rate, chunk)


class ArrayStream(Stream):
    """Rows of arrays; made by `arrays`.

    Attributes
    ----------
    names : list of str
        Name of each source: those a ``.npz`` file gives, else file names.
    n_features, n_announced : int
        Length of a sample and number of samples, as the headers of the files have them.

    Examples
    --------
    >>> stream = arrays(np.zeros((50, 3)))
    >>> sum(len(chunk.X) for chunk in stream)
    50
    """

    def __init__(self, items: Sequence[Path | NDArray[Any]], rate: float, chunk: int) -> None:
        self._items, self._rate, self._chunk = list(items), rate, chunk
        self.names: list[str] = []
        self._first_name = []  # number of the first name of each item
        n_announced = 0
        for position, item in enumerate(self._items):
            self._first_name.append(len(self.names))
            names = [item.name] if isinstance(item, Path) else ["array"]
            try:
                with _open(item) as found:
                    n_announced += found.n_samples
                    names = found.names or names
                    if position == 0:
                        self.n_features = found.n_features
            except StreamError as error:
                if position == 0:
                    raise DataError(str(error)) from error  # met again, as what it is, when its turn comes
            self.names += names
        self.n_announced = n_announced

    def __iter__(self) -> Iterator[Chunk]:
        offset = 0.0
        for first_name, item in zip(self._first_name, self._items, strict=True):
            with _open(item) as found:
                if found.n_features != self.n_features:
                    raise StreamError(
                        f"{found.name} has {found.n_features} features, those before it {self.n_features}; "
                        "stream sources of one number of features at a time"
                    )
                found.check_beside()
                for start in range(0, found.n_samples, self._chunk):
                    stop = min(start + self._chunk, found.n_samples)
                    part = slice(start, stop)
                    yield Chunk(
                        found.features(part),
                        offset + found.times(part, self._rate),
                        first_name + found.sources(part),
                        None if found.pictures is None else found.read("pictures", part),
                    )
                # the next source begins one interval after the last sample of this one
                ends = found.times(slice(max(0, found.n_samples - 2), found.n_samples), self._rate)
                offset += ends[-1] + (ends[-1] - ends[0] if len(ends) > 1 else 1.0 / self._rate)


class Rows:
    """Samples of one array or file, to be read from front to back, and what is known of them."""

    def __init__(self, name: str, samples: Any, beside: dict[str, NDArray[Any]], pictures: Any = None) -> None:
        self.name, self.samples, self.pictures = name, samples, pictures
        self.n_samples, self.n_features = len(samples), math.prod(samples.shape[1:])
        if len(samples.shape) < 2 or self.n_samples == 0 or self.n_features == 0 or samples.dtype.kind not in "biuf":
            raise StreamError(
                f"{name} must hold numbers of shape (n_samples, n_features), got shape {samples.shape}, "
                f"dtype {samples.dtype}; save it again with numpy.save"
            )
        for key in ("time_s", "source"):
            if key in beside and (beside[key].shape != (self.n_samples,) or beside[key].dtype.kind not in "biuf"):
                raise StreamError(
                    f"{name} must hold one number in {key} per sample ({self.n_samples}), "
                    f"got shape {beside[key].shape} of {beside[key].dtype}; save it again without, or with as many"
                )
        self.names = [str(x) for x in beside["names"]] if "names" in beside else []
        self._source, self._time_s = beside.get("source"), beside.get("time_s")

    def times(self, part: slice, rate: float) -> NDArray[np.float64]:
        """Time of some samples in s."""
        if self._time_s is None:
            return np.arange(part.start, part.stop) / rate
        return self._time_s[part].astype(np.float64)

    def sources(self, part: slice) -> NDArray[np.int64]:
        """Number of the source of some samples."""
        if self._source is None:
            return np.zeros(part.stop - part.start, np.int64)
        return self._source[part].astype(np.int64)

    def check_beside(self) -> None:
        """Raise StreamError for times and sources that are none."""
        n_names = max(1, len(self.names))
        source = np.zeros(self.n_samples) if self._source is None else self._source.astype(np.float64)
        if self._source is not None:
            fit = (source == np.floor(source)) & (source >= 0) & (source < n_names)
            expected = f"numbers from 0 to {n_names - 1} in source, as there are names"
            self._refuse(source, fit, expected, "save it with a name for each source")
        if self._time_s is None:
            return
        time_s, order = self._time_s.astype(np.float64), np.argsort(source, kind="stable")
        rises = np.ones(self.n_samples, bool)
        with np.errstate(invalid="ignore"):  # infinite less infinite
            rises[order[1:]] = (np.diff(time_s[order]) >= 0) | (np.diff(source[order]) != 0)
        expected = "finite times in time_s that do not fall within a source"
        self._refuse(time_s, np.isfinite(time_s) & rises, expected, "sort it by time, or give each recording a source")

    def features(self, part: slice) -> NDArray[np.float32]:
        """Samples of a part, flattened, in single precision."""
        samples = self.read("samples", part).reshape(part.stop - part.start, -1)
        with np.errstate(over="ignore"):
            values = samples.astype(np.float32)
        if np.isinf(values).any():
            row, column = np.argwhere(np.isinf(values))[0]
            raise StreamError(
                f"{self.name} must hold values that float32 can, up to {np.finfo(np.float32).max:.1e}, got "
                f"{samples[row, column]} in row {part.start + row}, column {column}; scale them, or leave the row out"
            )
        return values

    def _refuse(self, values: NDArray[Any], fit: NDArray[np.bool_], expected: str, way_out: str) -> None:
        """Raise StreamError for the first value that is not fit."""
        if not fit.all():
            row = int(np.argmin(fit))
            raise StreamError(f"{self.name} must hold {expected}, got {values[row]:g} in row {row}; {way_out}")

    def read(self, what: str, part: slice) -> NDArray[Any]:
        """Rows of the samples or the pictures."""
        where = f"a whole file: it ended early or is damaged after {part.start} of {self.n_samples} samples"
        with reading(self.name, where, "copy it again, or leave it out", StreamError):
            return np.asarray(getattr(self, what)[part])


class RowReader:
    """Rows of an array in a file, read in order without holding the array.

    A memory-mapped file would do, but its pages count as memory of the process while there is room.
    """

    def __init__(self, file: IO[bytes], n_bytes: int) -> None:
        self._file, self._position, self._size = file, 0, n_bytes
        self.shape, in_columns, self.dtype = read_array_header(file, math.inf)
        self.in_columns = in_columns and len(self.shape) > 1

    def __len__(self) -> int:
        return self.shape[0] if self.shape else 0

    def __getitem__(self, part: slice) -> NDArray[Any]:
        if part.start != self._position:
            raise ValueError(f"row {part.start} was asked for after row {self._position}")
        self._position = part.stop
        shape = (part.stop - part.start, *self.shape[1:])
        n_bytes = math.prod(shape) * self.dtype.itemsize
        content = self._file.read(min(n_bytes, self._size))
        if len(content) < n_bytes:
            raise EOFError(f"{len(content)} bytes instead of {n_bytes}")
        return np.frombuffer(content, self.dtype).reshape(shape)


@contextlib.contextmanager
def _open(item: Path | NDArray[Any]) -> Iterator[Rows]:
    """The samples of an array or a file."""
    if not isinstance(item, Path):
        yield Rows("array", item, {})
        return
    with contextlib.ExitStack() as stack:
        with reading(item.name, "a NumPy file of plain numbers", SAVE, StreamError):
            if item.suffix.lower() == ".npy":
                reader = RowReader(stack.enter_context(open(item, "rb")), item.stat().st_size)
                found = Rows(item.name, np.load(item, mmap_mode="r") if reader.in_columns else reader, {})
            else:
                found = _open_npz(item, stack)
        yield found


def _open_npz(path: Path, stack: contextlib.ExitStack) -> Rows:
    """A .npz file: the small arrays at once, the samples and pictures to be read by rows."""
    archive, n_bytes = stack.enter_context(zipfile.ZipFile(path)), os.path.getsize(path)
    keys = [name.removesuffix(".npy") for name in archive.namelist()]
    features = next((key for key in FEATURES if key in keys), keys[0] if len(keys) == 1 else None)
    if features is None:
        raise StreamError(
            f"{path.name} must hold the samples under the name 'X' or 'data', got {sorted(keys)}; "
            "save it with numpy.savez(path, X=...)"
        )

    def rows(key: str) -> RowReader:
        member = stack.enter_context(open_member(archive, f"{key}.npy", n_bytes))
        reader = RowReader(member, archive.getinfo(f"{key}.npy").file_size)
        if reader.in_columns:
            raise StreamError(f"{path.name} holds {key} column by column; save it with numpy.ascontiguousarray({key})")
        return reader

    beside = {}
    for key in {*BESIDE}.intersection(keys):
        whole = rows(key)
        beside[key] = whole[slice(0, len(whole))]
    if unused := sorted({*keys} - {features, "thumbnails", *BESIDE}):
        warnings.warn(
            f"{path.name}: {', '.join(map(repr, unused))} is left out: samples are read from {features!r}, besides "
            f"them {', '.join((*BESIDE, 'thumbnails'))}",
            stacklevel=2,
        )
    return Rows(path.name, rows(features), beside, rows("thumbnails") if "thumbnails" in keys else None)


def _shards(paths: list[Path]) -> list[Path]:
    """Files, with those of a folder in its place."""
    files: list[Path] = []
    for path in paths:
        inside = files_in(path, SUFFIXES) if path.is_dir() else [path]
        if not inside or inside[0].suffix.lower() not in SUFFIXES:
            raise ValueError(
                f"arrays.path_or_array must name files ending in {' or '.join(SUFFIXES)}, or a folder of such files, "
                f"got {path}; convert it with numpy.save"
            )
        files += inside
    return files
