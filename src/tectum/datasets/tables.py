"""Tables with named columns: ``.csv`` and ``.parquet``."""

import csv
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ENCODING = "utf-8-sig"  # UTF-8, with or without the byte order mark that spreadsheets write
MISSING = frozenset(["", "na", "n/a", "nan", "null", "none"])


class Table(NamedTuple):
    """What a file holds, split into samples and labels."""

    data: np.ndarray  # (n_samples, n_features), float64
    target: np.ndarray | None  # (n_samples,)
    feature_names: list[str]
    target_names: list[str] | None


def read_csv(path: Path, *, target: str | int | None = None, delimiter: str = ",", header: bool | None = None) -> Table:
    """Read a text table.

    Parameters
    ----------
    path : Path
        UTF-8 text, one sample per line.
    target : str, int or None
        Name or index (from 0; negative from the end) of the column with the labels.
    delimiter : str
        What separates the cells.
    header : bool or None
        Whether the first line names the columns. None: it does if none of its cells is a number, or if it has text
        above a number. Without a header the columns are named x0, x1, ...

    Returns
    -------
    table : Table
        Missing values are NaN. Text labels become 0, 1, ... in alphabetical order, with their names.

    Raises
    ------
    ValueError
        If the table has no rows, rows of different length, text outside the target, or no such target.
    """
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ValueError(f"load: delimiter must be one character, got {delimiter!r}")
    try:
        with open(path, encoding=ENCODING, newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
            first = next((row for row in reader if row), [])
            skipped_lines = reader.line_num
            second = next((row for row in reader if row), [])
        has_header = _has_header(first, second) if header is None else header
        if not first or (has_header and not second):
            raise ValueError("it has no rows of data")
        names = [cell.strip() or f"x{k}" if has_header else f"x{k}" for k, cell in enumerate(first)]
        read = _read_with_pandas if find_spec("pandas") else _read_with_csv
        columns = read(path, delimiter, skipped_lines if has_header else 0)
        if len(columns) != len(names):
            raise ValueError(f"its header names {len(names)} columns, its rows have {len(columns)}")
    except (ValueError, csv.Error) as error:
        raise ValueError(
            f"{path} must be a UTF-8 text table with {delimiter!r} between its cells: {error}. "
            "Correct the file, or pass delimiter= or header="
        ) from error
    return _split(path, names, columns, target)


def read_parquet(path: Path, *, target: str | int | None = None) -> Table:
    """Read a Parquet table; needs the ``parquet`` extra.

    Parameters
    ----------
    path : Path
        The file.
    target : str, int or None
        Name or index (from 0; negative from the end) of the column with the labels.

    Returns
    -------
    table : Table
        As from `read_csv`.

    Raises
    ------
    ImportError
        If pandas or pyarrow is not installed.
    ValueError
        If the file is damaged, has no rows, text outside the target, or no such target.
    """
    try:
        import pandas as pd
        import pyarrow  # noqa: F401 - asked for here so that the message below names the way out
    except ImportError as error:
        raise ImportError(
            f'reading {path.name} needs pandas and pyarrow ({error}); run: pip install "tectum[parquet]"'
        ) from error
    try:
        frame = pd.read_parquet(path, engine="pyarrow")
    except (ValueError, OSError) as error:
        raise ValueError(f"{path} must be a Parquet file ({error}); write it again, or check the path") from error
    return _split(path, [str(name) for name in frame.columns], _frame_columns(frame), target)


def encode_labels(path: Path, column: np.ndarray) -> tuple[np.ndarray, list[str] | None]:
    """Labels as numbers.

    Parameters
    ----------
    path : Path
        For messages.
    column : ndarray of shape (n_samples,)
        Numbers, or text and other objects with None where a label is missing.

    Returns
    -------
    labels : ndarray of shape (n_samples,)
        Numbers as they are (whole floats as int64); text as indices into `names`.
    names : list of str or None
        The sorted distinct texts; None if the labels were numbers.

    Raises
    ------
    ValueError
        If a text label is missing.
    """
    if column.dtype.kind == "f" and np.all(np.isfinite(column)) and np.all(column == np.round(column)):
        return column.astype(np.int64), None
    if column.dtype.kind in "biuf":
        return column, None
    n_missing = sum(value is None for value in column.flat)
    if n_missing:
        raise ValueError(
            f"{path}: the target must have a label in every row, {n_missing} are missing; fill or drop them"
        )
    names, labels = np.unique(column.astype(str), return_inverse=True)
    return labels.astype(np.int64), [str(name) for name in names]


def _split(path: Path, names: list[str], columns: list[np.ndarray], target: str | int | None) -> Table:
    """Separate the target column from the features."""
    labels, label_names = None, None
    if target is not None:
        k_target = _find_column(path, names, target)
        labels, label_names = encode_labels(path, columns[k_target])
        names, columns = [*names[:k_target], *names[k_target + 1 :]], [*columns[:k_target], *columns[k_target + 1 :]]
    if not columns or len(columns[0]) == 0:
        raise ValueError(f"{path} must hold at least one sample and one feature besides the target; it has none")
    for name, column in zip(names, columns, strict=True):
        if column.dtype.kind not in "biuf":
            example = next((value for value in column if value is not None and not _is_number(str(value))), column[0])
            raise ValueError(
                f"{path}: column {name!r} must hold numbers, got {str(example)[:40]!r}; encode it as numbers, "
                f"remove it, pass target={name!r} if it holds the labels, or delimiter= if columns were not separated"
            )
    return Table(np.column_stack(columns).astype(np.float64), labels, names, label_names)


def _find_column(path: Path, names: list[str], target: str | int) -> int:
    """Index of the target column."""
    if isinstance(target, str) and names.count(target) == 1:
        return names.index(target)
    if isinstance(target, int | np.integer) and not isinstance(target, bool) and -len(names) <= target < len(names):
        return int(target) % len(names)
    shown = ", ".join(repr(name) for name in islice(names, 20)) + (", ..." if len(names) > 20 else "")
    raise ValueError(
        f"{path}: target must name exactly one of the columns {shown}, "
        f"or be an index from {-len(names)} to {len(names) - 1}, got {target!r}"
    )


def _has_header(first: Sequence[str], second: Sequence[str]) -> bool:
    """Whether the first row names the columns: no cell of it is a number, or text stands above a number."""
    if not any(_is_number(cell) and cell.strip() for cell in first):
        return True
    return any(not _is_number(above) and _is_number(below) for above, below in zip(first, second, strict=False))


def _is_number(cell: str) -> bool:
    """Whether the cell is a number or missing."""
    if cell.strip().lower() in MISSING:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _read_with_pandas(path: Path, delimiter: str, skipped_lines: int) -> list[np.ndarray]:
    """Columns of a text table, as `_frame_columns`."""
    import pandas as pd

    return _frame_columns(
        pd.read_csv(path, sep=delimiter, header=None, skiprows=skipped_lines, skipinitialspace=True, encoding=ENCODING)
    )


def _frame_columns(frame: Any) -> list[np.ndarray]:
    """Columns of a pandas DataFrame: numeric arrays, or object arrays with None where a value is missing."""
    from pandas.api.types import is_numeric_dtype

    columns = []
    for k in range(frame.shape[1]):
        column = frame.iloc[:, k]
        if not is_numeric_dtype(column.dtype):
            columns.append(column.to_numpy(dtype=object, na_value=None))
        elif isinstance(column.dtype, np.dtype):
            columns.append(column.to_numpy())
        else:
            columns.append(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return columns


def _read_with_csv(path: Path, delimiter: str, skipped_lines: int) -> list[np.ndarray]:
    """The same columns without pandas."""
    with open(path, encoding=ENCODING, newline="") as file:
        lines = islice(file, skipped_lines, None)
        rows = [row for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if row]
    for k, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ValueError(f"row {k + 1} of the data has {len(row)} cells, the first has {len(rows[0])}")
    return [_parse_cells(cells) for cells in zip(*rows, strict=True)]


def _parse_cells(cells: Sequence[str]) -> np.ndarray:
    """A float column, or an object column of text with None where a value is missing."""
    missing = [cell.strip().lower() in MISSING for cell in cells]
    try:
        return np.array([np.nan if gone else float(cell) for cell, gone in zip(cells, missing, strict=True)])
    except ValueError:
        return np.array([None if gone else cell for cell, gone in zip(cells, missing, strict=True)], dtype=object)
