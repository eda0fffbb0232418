"""The parts of a data set: files, or ranges of rows of large ``.npy`` files, read block by block."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tectum.datasets.columns import Preparation, arranged
from tectum.datasets.files import READERS, check_samples, load_file
from tectum.files import DataError, files_in, reading

MAPPED = ".npy"  # the only format of which a part can be read
BLOCK_BYTES = 2**25  # samples held at a time, as float64; fixed, so that the same shard is always cut in the same way


class Shard(NamedTuple):
    """A file, or some of its rows."""

    path: str  # absolute
    rows: tuple[int, int] | None  # first, and one beyond the last; None: all
    size: int  # bytes of the file
    mtime_ns: int  # time of its last change


def list_shards(inputs: Iterable[str | os.PathLike[str]], shard_rows: int | None) -> list[Shard]:
    """Shards of files and folders, each once, in the order given; files of a folder by name, without its subfolders.

    ``.npy`` files are cut at `shard_rows`; all others, and without a number these too, are whole. FileNotFoundError or
    ValueError if an input is missing or of a format not in `READERS`, or a folder holds no shard.
    """
    files: dict[Path, None] = {}
    for given in map(Path, inputs):
        files |= dict.fromkeys(path.resolve() for path in _files_of(given))
    if not files:
        raise ValueError("encode: DATA must name at least one shard, got none; name files or a folder")
    return [shard for path in files for shard in _cut(path, shard_rows)]


def _files_of(path: Path) -> list[Path]:
    kinds = ", ".join(READERS)
    if path.is_dir():
        found = files_in(path, tuple(READERS))
        if not found:
            raise ValueError(f"{path} must hold shards ({kinds}), got none; check the folder (subfolders do not count)")
        return found
    if not path.is_file():
        raise FileNotFoundError(f"no shard at {path}; check the path (relative paths start at {Path.cwd()})")
    if path.suffix.lower() not in READERS:
        raise ValueError(f"{path} must end in {kinds}, got suffix {path.suffix!r}; convert it, or rename it")
    return [path]


def _cut(path: Path, shard_rows: int | None) -> list[Shard]:
    stat = path.stat()
    whole = Shard(str(path), None, stat.st_size, stat.st_mtime_ns)
    if shard_rows is None or path.suffix.lower() != MAPPED:
        return [whole]
    try:
        check_samples(path, array := _mapped(whole.path))
    except ValueError:  # reported when the shard has its turn, so that the others are encoded
        return [whole]
    if (n := len(array)) <= shard_rows:
        return [whole]
    return [whole._replace(rows=(start, min(start + shard_rows, n))) for start in range(0, n, shard_rows)]


def blocks(
    shard: Shard, digest: Any, names: Sequence[str] | None = None, preparation: Preparation | None = None
) -> Iterator[NDArray[Any]]:
    """Samples (n, n_features) of a shard, block by block; `digest` of hashlib takes in the content that was read.

    Columns that the file names come in the order of `names`, or are prepared as those that the model was fitted to.
    """
    if Path(shard.path).suffix.lower() == MAPPED:
        yield from _mapped_blocks(shard, digest)
        return
    _hash_file(shard.path, digest)
    is_table = Path(shard.path).suffix.lower() in (".csv", ".parquet")
    try:
        loaded = load_file(shard.path, **({"preparation": preparation} if is_table else {}))
    except DataError as error:
        if " (--" not in str(error):
            raise
        raise DataError(
            f"{error}; encode has no such options, so mend the shard, or take `tectum transform`, which has them"
        ) from error
    data = arranged(names, loaded.feature_names, loaded.data, loaded.named, shard.path)
    for start in range(0, len(data), step := _rows_per_block(data.shape[1])):
        yield data[start : start + step]


def content_hash(shard: Shard) -> str:
    """SHA-256 of what `blocks` reads."""
    digest = hashlib.sha256()
    if Path(shard.path).suffix.lower() == MAPPED:
        for _ in _mapped_blocks(shard, digest):
            pass
    else:
        _hash_file(shard.path, digest)
    return digest.hexdigest()


def file_hash(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    _hash_file(path, digest)
    return digest.hexdigest()


def _hash_file(path: str | os.PathLike[str], digest: Any) -> None:
    with open(path, "rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)


def _mapped_blocks(shard: Shard, digest: Any) -> Iterator[NDArray[Any]]:
    """Blocks of a memory map; the digest takes in type and width of the rows, then the rows."""
    array = _mapped(shard.path)
    check_samples(Path(shard.path), array)
    first, last = shard.rows or (0, len(array))
    if last > len(array):
        raise ValueError(f"{shard.path} must have {last} rows or more, got {len(array)}; it was cut short")
    digest.update(f"{array.dtype.str} {array.shape[1]} ".encode())
    for start in range(first, last, step := _rows_per_block(array.shape[1])):
        block = np.ascontiguousarray(array[start : min(start + step, last)])
        digest.update(block.data)
        yield block


def _mapped(path: str) -> NDArray[Any]:
    with reading(path, "a NumPy file of plain numbers", "it is damaged or holds Python objects: save it again"):
        return np.load(path, mmap_mode="r", allow_pickle=False)


def _rows_per_block(n_features: int) -> int:
    return max(1, BLOCK_BYTES // (8 * n_features))
