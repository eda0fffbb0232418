"""Save and load fitted estimators as safetensors files.

A model file holds named arrays and one JSON header, stored as text under the metadata key ``"tectum"``. No code is
stored and none is run on loading. Every file is written beside its destination and then renamed, so a reader never
meets half a file.
"""

import errno
import hashlib
import importlib
import io
import json
import os
import platform
import re
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import safetensors
import safetensors.numpy

from tectum.files import no_file

try:
    import fcntl
except ImportError:  # not on Windows, which deletes no file that is open
    fcntl = None  # type: ignore[assignment]

FORMAT_VERSION = 2  # 1, of version 0.1, has no checksum
METADATA_KEY = "tectum"
CHECKSUM = "sha256"  # key of the header
FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO)  # no room, or a broken disk
PART = ".part"  # suffix of files that are being written

_DTYPES = frozenset(
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]
)
_STORED = frozenset(["BOOL", "I8", "I16", "I32", "I64", "U8", "U16", "U32", "U64", "F16", "F32", "F64"])


class Persistent(Protocol):
    """What an estimator implements to be saved: its state as arrays and a header, and the way back."""

    def _get_state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Arrays by name, and a header that JSON can hold (parameters, feature names, counters)."""

    @classmethod
    def _from_state(cls, arrays: dict[str, np.ndarray], header: dict[str, Any]) -> Self:
        """The estimator that `_get_state` described."""


def arrays_of(kind: str, records: Iterable[Any]) -> dict[str, np.ndarray]:
    """Named tuples of arrays under names for a file; see `records_of`."""
    return {f"{kind}.{k}.{name}": array for k, r in enumerate(records) for name, array in r._asdict().items()}


def records_of(kind: str, record: Any, arrays: Mapping[str, np.ndarray]) -> tuple[Any, ...]:
    """The named tuples of type `record` that `arrays_of` has named."""
    n = sum(name.startswith(f"{kind}.") and name.endswith(f".{record._fields[0]}") for name in arrays)
    return tuple(record(*(arrays[f"{kind}.{k}.{name}"] for name in record._fields)) for k in range(n))


def save(estimator: Persistent, path: str | os.PathLike[str], notes: Mapping[str, Any] | None = None) -> None:
    """Save a fitted estimator.

    Parameters
    ----------
    estimator : estimator of one of the classes of tectum
        Must be fitted.
    path : str or path
        File to write; an existing file is replaced in one step. Any suffix will do.
    notes : mapping or None, default=None
        Further entries of the header, which `load` passes over.

    Raises
    ------
    TypeError
        If the class of `estimator` cannot be saved.
    ValueError
        If its parameters were changed since it learned, so that the file could not be read; nothing is written.
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.

    Examples
    --------
    >>> import tectum, tempfile
    >>> X = tectum.datasets.load("iris").data
    >>> som = tectum.SpikingSOM((4, 4), n_presentations=100, random_state=0).fit(X)
    >>> path = tempfile.mkdtemp() + "/iris.tectum"
    >>> tectum.save(som, path)
    """
    name = type(estimator).__name__
    if _class_named(name) is not type(estimator):
        got = f"{type(estimator).__module__}.{name}"
        raise TypeError(
            f"save: estimator must be an instance of {_known_classes()} itself (no subclass), got {got}; "
            "use pickle or joblib for other classes"
        )
    if hasattr(estimator, "_check_fit"):
        estimator._check_fit()
    arrays, header = estimator._get_state()
    save_arrays(path, arrays, {**header, **(notes or {}), "class": name})


def load(path: str | os.PathLike[str]) -> Any:
    """Load the estimator that `save` wrote.

    Parameters
    ----------
    path : str or path
        File written by `save`.

    Returns
    -------
    estimator : fitted estimator
        Of the class named in the file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is cut short, changed, of another format, written by a newer tectum, names a class tectum does not
        know, or does not hold what a model of its class and sizes needs.

    Examples
    --------
    >>> import tectum, tempfile
    >>> X = tectum.datasets.load("iris").data
    >>> som = tectum.SpikingSOM((4, 4), n_presentations=100, random_state=0).fit(X)
    >>> path = tempfile.mkdtemp() + "/iris.tectum"
    >>> tectum.save(som, path)
    >>> bool((tectum.load(path).weights_ == som.weights_).all())
    True
    """
    arrays, header = load_arrays(path)
    name = str(header.get("class"))
    estimator_class = _class_named(name)
    if estimator_class is None:
        raise ValueError(
            f"{os.fspath(path)} holds an estimator of class {name!r}, but this tectum knows only {_known_classes()}; "
            "update tectum if the class is newer, or read the arrays with tectum.persistence.load_arrays"
        )
    try:
        return estimator_class._from_state(arrays, header)
    except Exception as error:  # whatever a header of any content may lead to
        reason = error if type(error) is ValueError else f"{type(error).__name__}: {error}"
        raise ValueError(
            f"{os.fspath(path)} does not describe a {name} ({str(reason)[:500]}); it was made or changed by another "
            "program: save the model again"
        ) from error


def save_arrays(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> None:
    """Write named arrays and a JSON header to one safetensors file.

    Parameters
    ----------
    path : str or path
        File to write, in an existing folder; an existing file is replaced in one step.
    arrays : mapping of str to ndarray
        Boolean, integer or floating (16, 32, 64 bits) arrays of any shape, ``()`` included, and any memory layout or
        byte order. Stored in C order and little endian.
    header : mapping
        What JSON can hold; NumPy scalars are stored as numbers, tuples come back as lists. The entries
        ``"format_version"``, ``"versions"`` (of tectum, NumPy and Python) and ``"sha256"`` are filled in here.

    Raises
    ------
    TypeError
        If an array has another dtype, or the header holds something JSON cannot.
    FileNotFoundError
        If the folder does not exist.
    """
    full_header = {**header, "format_version": FORMAT_VERSION, "versions": versions()}
    full_header = json.loads(json.dumps(full_header, default=_to_json))
    tensors = {name: _storable(name, array) for name, array in arrays.items()}
    text = json.dumps(full_header | {CHECKSUM: _checksum(tensors, full_header)})
    write_atomically(path, safetensors.numpy.save(tensors, metadata={METADATA_KEY: text}))


def load_arrays(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read what `save_arrays` wrote.

    Parameters
    ----------
    path : str or path
        File written by `save_arrays`.

    Returns
    -------
    arrays : dict of str to ndarray
        Writeable arrays, in memory.
    header : dict
        The header, with ``"format_version"`` and ``"versions"``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is cut short, changed, of another format, or written by a newer tectum.
    """
    path = Path(path)
    if not path.is_file():
        raise no_file(path, "model file")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            header = _parse_header(path, file.metadata())
            names = file.keys()
            for name in names:
                if (stored := file.get_slice(name).get_dtype()) not in _STORED:
                    raise ValueError(f"{path} has an array {name!r} of type {stored}, which tectum does not write")
            arrays = {name: file.get_tensor(name).copy() for name in names}
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{path} is not a complete model file of tectum ({error}): it is something else, was cut short or damaged; "
            "save the model again, or check the path"
        ) from error
    stored = header.pop(CHECKSUM, None)
    if header["format_version"] > 1 and stored != _checksum(arrays, header):
        raise ValueError(f"{path} was changed since it was saved (its SHA-256 is another one); save the model again")
    return arrays, header


def write_atomically(path: str | os.PathLike[str], payload: bytes) -> None:
    """Write bytes to a temporary file in the same folder, flush it to the disk, then rename it.

    Parameters
    ----------
    path : str or path
        File to write, in an existing folder; replaced if it exists, untouched if writing fails.
    payload : bytes
        The whole content.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist.
    IsADirectoryError
        If `path` is a folder.
    FileExistsError
        If it is a pipe or a device.
    """
    with replacing(path) as file:
        file.write(payload)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[io.BufferedRandom]:
    """A temporary file in the folder of `path`, which takes its place once the block has ended without an error.

    Parameters
    ----------
    path : str or path
        As of `write_atomically`.

    Yields
    ------
    file : binary file
        Open for writing and reading; flushed to the disk before it is renamed.
    """
    path = destination(path)
    sweep(path)
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    try:
        temporary, file = _part_of(path, 0o666 if mode is None else mode)
    except OSError as error:
        raise type(error)(
            f"cannot write {path}: {error.strerror} in the folder {path.parent.resolve()}; name a file elsewhere"
        ) from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
        os.replace(temporary, path)
    except OSError as error:
        if error.errno not in FULL:
            raise
        kept = "; what was there is kept" if mode is not None else ""
        raise OSError(f"cannot write {path}: {error.strerror}{kept}; free space, or name a file elsewhere") from error
    finally:
        temporary.unlink(missing_ok=True)


def destination(path: str | os.PathLike[str]) -> Path:
    """The file to write, links followed; OSError if there is a folder or no regular file, or no folder to hold it."""
    given = Path(path)
    path = Path(os.path.realpath(given)) if given.is_symlink() else given
    if path.is_dir():
        raise IsADirectoryError(f"cannot write {given}: it is a folder; add a file name")
    if given.exists() and not given.is_file():
        raise FileExistsError(f"cannot write {given}: it is a pipe or a device, not a regular file; name a file")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: the folder {path.parent} does not exist; create it first")
    return path


def part_stem(name: str) -> str:
    """How temporary files for a file of that name begin, short enough for all file systems."""
    return f".{os.fsencode(name)[:100].decode(errors='ignore')}."


def sweep(path: Path) -> None:
    """Delete what killed processes have left of a file they were writing; what a living one writes is locked."""
    pattern = re.compile(re.escape(part_stem(path.name)) + "[0-9a-f]{16}" + re.escape(PART))
    names: list[str] = []
    with suppress(OSError):  # of a folder that can be written but not listed
        names = os.listdir(path.parent)
    for name in filter(pattern.fullmatch, names):
        with suppress(OSError), open(path.parent / name, "rb") as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (path.parent / name).unlink()


def _part_of(path: Path, mode: int) -> tuple[Path, io.BufferedRandom]:
    """A new file beside another one, locked for as long as this process has it open."""
    while True:
        temporary = path.parent / f"{part_stem(path.name)}{secrets.token_hex(8)}{PART}"
        file = open(temporary, "x+b", opener=lambda name, flags: os.open(name, flags, mode & 0o666))  # noqa: SIM115
        if fcntl is not None:
            with suppress(OSError):  # some network folders know no locks
                fcntl.flock(file, fcntl.LOCK_EX)
        if temporary.exists():  # not swept between the two
            return temporary, file
        file.close()


def _parse_header(path: Path, metadata: dict[str, str] | None) -> dict[str, Any]:
    """The JSON header of a file, after checking that this version can read it."""
    if METADATA_KEY not in (metadata or {}):
        raise ValueError(f"{path} is a safetensors file, but not one that tectum wrote (no {METADATA_KEY!r} metadata)")
    try:
        header = json.loads(metadata[METADATA_KEY])  # type: ignore[index]
        format_version = header["format_version"]
        if type(format_version) is not int or format_version < 1:
            raise ValueError(f"format_version {format_version!r}")
    except (ValueError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise ValueError(f"{path} has a damaged header ({error!r:.200}); save the model again") from error
    if format_version > FORMAT_VERSION:
        raise ValueError(
            f"{path} has format version {format_version}, but this tectum reads versions up to {FORMAT_VERSION}; "
            "update tectum to the version that wrote it, or a newer one"
        )
    return header


def _checksum(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> str:
    """SHA-256 of all that a file holds, in hexadecimal digits."""
    digest = hashlib.sha256(json.dumps(header).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype.name} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _storable(name: str, array: np.ndarray) -> np.ndarray:
    """The array in C order and native byte order, shape kept (0-d included)."""
    array = np.asarray(array)
    if array.dtype.name not in _DTYPES:
        raise TypeError(
            f"save_arrays: arrays[{name!r}] must be boolean, integer or floating (16, 32 or 64 bits), "
            f"got dtype {array.dtype}; convert it, or put text into the header"
        )
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")


def _to_json(value: Any) -> Any:
    """Convert a header value that JSON does not know."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(
        f"save_arrays: header must hold what JSON can, got a {type(value).__name__}; "
        "put arrays into `arrays`, and describe objects by numbers, strings, lists and dicts"
    )


def versions() -> dict[str, str]:
    """Versions of what wrote the file, for people who read it later."""
    try:
        tectum_version = version("tectum")
    except PackageNotFoundError:
        tectum_version = "not installed"
    return {"tectum": tectum_version, "numpy": np.__version__, "python": platform.python_version()}


def _families() -> Mapping[str, Any]:
    """What can be saved, by name. Imported here, since they are built on this module."""
    return importlib.import_module("tectum.models.common.families").SAVED


def _class_named(name: str) -> Any:
    """The estimator of that name, None if there is none: no other class is ever built from a file."""
    families = _families()
    return families[name].estimator if name in families else None


def _known_classes() -> str:
    return ", ".join(sorted(_families()))
