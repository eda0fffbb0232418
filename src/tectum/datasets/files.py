"""Samples from the user's own files. Nothing is ever unpickled."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tectum.datasets.columns import Table, encode_labels
from tectum.datasets.dataset import Dataset
from tectum.datasets.tables import read_csv, read_parquet
from tectum.files import DataError, no_file, read_arrays

WRITTEN = ("winners", "index", "label", "time_s", "source", "names")  # beside responses that tectum has written


def load_file(path: str | os.PathLike[str], **options: Any) -> Dataset:
    """Samples of a file that ends in one of `READERS`, as float64 with NaN for missing values; options are those of the
    reader.

    DataError if the suffix is unknown, or the file does not hold a non-empty table of numbers.
    """
    path = Path(path)
    if not path.exists():
        raise no_file(path)
    suffix = path.suffix.lower()
    if path.is_dir() or suffix not in READERS:
        kind = "a folder" if path.is_dir() else f"suffix {suffix!r}"
        way = "convert it, or rename it"
        if path.is_dir():
            way = "stack pictures with tectum.streams.images(folder, size=(16, 16)) and numpy.save, or name one file"
        raise DataError(f"{path} must be a file ending in {', '.join(READERS)}, got {kind}; {way}")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty (0 bytes); write it again")
    table = READERS[suffix](path, **options)
    description = f"Source: file {path.name}. Licence: not known."
    return Dataset(**table._asdict(), name=path.stem, description=description)


def read_numpy(path: Path) -> Table:
    """Read a ``.npy`` or ``.npz`` file.

    A ``.npz`` file holds the samples as ``data`` or ``X`` and may hold labels as ``target`` or ``y``; a file with a
    single array needs no particular name, and a warning names arrays that are left out. Features are named x0, x1, ...
    DataError if the file cannot be read without unpickling, or the samples are not 2-D numbers.
    """
    arrays = read_arrays(path)
    key = _samples_key(path, arrays)
    samples = arrays.pop(key)
    check_samples(path, samples)
    data = np.ascontiguousarray(samples, dtype=np.float64)
    target = next((arrays.pop(key) for key in ("target", "y") if key in arrays), None)
    if unused := sorted(set(arrays).difference(WRITTEN)):
        warnings.warn(
            f"{path.name}: {', '.join(map(repr, unused))} is left out: samples are read from {key!r}, labels from "
            "'target' or 'y'; rename what holds the labels",
            UserWarning,
            stacklevel=4,
        )
    if target is not None and target.shape != samples.shape[:1]:
        raise DataError(
            f"{path} must hold one label per sample, shape {samples.shape[:1]}, got {target.shape} as target or y; "
            "ravel it, or save the file without"
        )
    labels, label_names = (None, None) if target is None else encode_labels(path, target, "target")
    return Table(data, labels, [f"x{k}" for k in range(data.shape[1])], label_names)


def _samples_key(path: Path, arrays: dict[str, np.ndarray]) -> str:
    """Name of the array that holds the samples."""
    if {"data", "indices", "indptr", "shape"} <= set(arrays):
        raise DataError(
            f"{path} must hold an array, got a sparse matrix; write it with "
            "numpy.save(path, scipy.sparse.load_npz(path).toarray())"
        )
    given = [key for key in ("data", "X") if key in arrays]
    if len(given) == 2:
        raise DataError(f"{path} must hold the samples once, got them as 'data' and as 'X'; save it with one of them")
    if given:
        return given[0]
    if len(arrays) == 1:
        return next(iter(arrays))
    raise DataError(
        f"{path} must hold the samples under the key 'data' or 'X', got the keys {sorted(arrays)}; "
        "save it with numpy.savez(path, data=..., target=...)"
    )


def check_samples(path: Path, array: np.ndarray) -> None:
    """Raise DataError, with what to change, unless an array holds numbers of shape (n_samples, n_features)."""
    if array.dtype.kind not in "biuf":
        raise DataError(f"{path} must hold numbers, got dtype {array.dtype}; encode the values as numbers first")
    if array.ndim != 2:
        way_out = (
            "reshape(-1, 1) makes one feature of it" if array.ndim == 1 else "reshape(len(X), -1) flattens samples"
        )
        raise DataError(
            f"{path} must hold a 2-D array (n_samples, n_features), got {array.ndim}-D {array.shape}; {way_out}"
        )
    if array.size == 0:
        raise DataError(f"{path} must hold at least one sample and one feature, got shape {array.shape}")


READERS: dict[str, Callable[..., Table]] = {
    ".npy": read_numpy,
    ".npz": read_numpy,
    ".csv": read_csv,
    ".parquet": read_parquet,
}
