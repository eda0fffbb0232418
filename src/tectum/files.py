"""What all readers of files share: one error, arrays no larger than their file allows, folders in natural order."""

import math
import os
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

MOST_EXPANSION = 1100  # bytes that a byte of a compressed file may become; deflate reaches 1,032
PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")  # suffixes of files of one image
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
AS_THEY_ARE = (FileNotFoundError, PermissionError, IsADirectoryError, ImportError)  # no fault of the content


class DataError(ValueError):
    """A file does not hold what it should; the message names the file, what is wrong and what to do.

    All readers of `tectum.datasets`, `tectum.streams` and the command line raise it, whatever the package that they
    read with raises. It is a ValueError.

    Attributes
    ----------
    args : tuple
        The message.

    Examples
    --------
    >>> issubclass(DataError, ValueError)
    True
    """


def no_file(path: str | os.PathLike[str], what: str = "file") -> FileNotFoundError:
    """The error about a file that is not there; it names one beside it that is called nearly the same."""
    path = Path(path)
    if path.is_dir():
        return FileNotFoundError(f"no {what} at {path}: it is a folder; name a file in it")
    try:
        near = get_close_matches(path.name, [other.name for other in path.parent.iterdir()], n=1, cutoff=0.75)
    except OSError:
        return FileNotFoundError(f"no {what} at {path}: there is no folder {path.parent}; check the path")
    if near:
        return FileNotFoundError(f"no {what} at {path}; did you mean {str(path.with_name(near[0]))!r}?")
    start = "" if path.is_absolute() else f" (relative paths start at {Path.cwd()})"
    return FileNotFoundError(f"no {what} at {path}; check the path{start}")


@contextmanager
def reading(path: str | os.PathLike[str], kind: str, way_out: str, error_type: type[DataError] = DataError) -> Iterator:
    """Turn whatever a parser raises into one error.

    It says that `path` must be `kind`, named with its article, and the `way_out`; of type `error_type`, a DataError.
    Errors that say that a file or a package is missing pass.
    """
    try:
        yield
    except (DataError, *AS_THEY_ARE):
        raise
    except Exception as error:  # parsers raise whatever they like at damaged files, MemoryError included
        said = str(error).strip() or type(error).__name__
        raise error_type(f"{path} cannot be read as {kind} ({said}); {way_out}") from error


def read_array_header(file: IO[bytes], n_bytes: float) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the first index runs fastest, and type of an array in NumPy's format, whose `file` is at its
    beginning; afterwards it is at the first value.

    ValueError if there is no such array, it holds Python objects, or more values than `n_bytes`, the length of the
    file; infinite for one that is read row by row, and may have been cut off.
    """
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"it is of format version {version}")
    shape, in_columns, dtype = HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    if min(shape, default=0) < 0 or dtype.itemsize * math.prod(shape) > n_bytes - file.tell():
        raise ValueError(f"it announces shape {shape} of {dtype}, which it is too short for")
    return shape, in_columns, dtype


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a ``.npz`` file, or the one of a ``.npy`` file under the name ``data``.

    Memory is that of the file, or if it is compressed at most `MOST_EXPANSION` times that. DataError if the file is
    damaged or holds Python objects, which are never loaded.
    """
    way_out = "it is damaged, or holds Python objects, which are never loaded; save it again with numpy.save or savez"
    with reading(path, "a NumPy file of plain numbers", way_out), open(path, "rb") as file:
        n_bytes = path.stat().st_size
        if file.read(4) != b"PK\x03\x04":
            file.seek(0)
            return {"data": _read_array(file, n_bytes)}
        arrays = {}
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with open_member(archive, member.filename, n_bytes) as inside:
                    arrays[member.filename.removesuffix(".npy")] = _read_array(inside, member.file_size)
        return arrays


def open_member(archive: zipfile.ZipFile, name: str, n_bytes: int) -> IO[bytes]:
    """A file in an archive of that many bytes; ValueError if it would become more than compression can explain."""
    size = archive.getinfo(name).file_size
    if size > MOST_EXPANSION * n_bytes:
        raise ValueError(f"{name} announces {size} bytes")
    return archive.open(name)


def _read_array(file: IO[bytes], n_bytes: int) -> NDArray[Any]:
    shape, in_columns, dtype = read_array_header(file, n_bytes)
    content = bytearray(file.read())  # to the end, where the checksum of an archive is compared
    count = math.prod(shape)
    values = np.frombuffer(content, dtype, count) if count and dtype.itemsize else np.zeros(count, dtype)
    return values.reshape(shape, order="F" if in_columns else "C")


def files_in(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Files of a folder that end in one of the suffixes (in lower case), hidden ones left out, so that 2 comes
    before 10.
    """
    found = (file for file in folder.iterdir() if file.suffix.lower() in suffixes and not file.name.startswith("."))
    return sorted((file for file in found if file.is_file()), key=natural_key)


def warn_of_deeper(folders: Iterable[Path], suffixes: Sequence[str], way_out: str) -> None:
    """Warn of the first file below these folders that `files_in` leaves out with the subfolder that holds it."""
    for folder in folders:
        for inside, subfolders, _ in os.walk(folder):
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
            found = [] if Path(inside) == folder else files_in(Path(inside), suffixes)
            if found:
                warnings.warn(f"{found[0]} lies too deep and is left out; {way_out}", UserWarning, stacklevel=3)
                return


def natural_key(path: Path) -> list[Any]:
    """Key that sorts paths by name, numbers in names by value."""
    words = re.split(r"(\d+)", path.name)
    return [(int(word), "") if k % 2 else (-1, word) for k, word in enumerate(words)] + [(-1, path.name)]
