"""Tables from files, ``.csv`` and ``.parquet``: what separates cells, and what the first row and column are."""

import csv
import io
import re
import warnings
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np

from tectum.datasets.columns import Preparation, Raw, Table, Which, choose, find_column
from tectum.files import DataError, reading

ENCODING = "utf-8-sig"  # UTF-8, with or without the byte order mark that spreadsheets write
MISSING = frozenset(["", "na", "n/a", "nan", "null", "none"])
SAMPLE = 2**15  # characters from which the form of a table is recognised
DELIMITERS = (",", ";", "\t", "|")
LEAD = re.compile('\ufeff*(?:"?sep=(?P<sep>.)"?\r?\n)?')  # byte order marks, and what Excel says of delimiters
EXACT = 2**53  # from here on float64 does not tell neighbouring integers apart


class Form(NamedTuple):
    """How a text table is written."""

    delimiter: str
    decimal: str
    na: frozenset[str]


def read_csv(
    path: Path,
    *,
    target: str | int | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
    na: str | Sequence[str] = (),
    columns: Which = None,
    drop: Which = None,
    index: str | int | bool | None = None,
    missing: str = "refuse",
    text: str = "refuse",
    preparation: Preparation | None = None,
) -> Table:
    """Read a text table in UTF-8, one sample per line; memory is at most a hundred times that of the file.

    DataError if the file is no such table, with row, column and cell; ValueError if an option has no such value.

    Parameters
    ----------
    delimiter : str or None
        What separates the cells; None recognises comma, semicolon, tab, bar and blanks.
    header : bool or None
        Whether the first line names the columns. None: it does if none of its cells is a number, if it has text
        above a number, or if it counts 0, 1, ... above fractions; a first line of four or more numbers that rise
        by equal steps, beyond all values below, is an error. Without a header the columns are x0, x1, ...
    decimal : {".", ","} or None
        The decimal sign; None recognises it.
    na : str or sequence of str
        What stands for a missing value besides an empty cell, NA, NaN, null and none; a number, however it is
        written.
    target, columns, drop, index, missing, text, preparation
        As in `columns.choose`.
    """
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
        raise ValueError(f"load: delimiter must be one character, got {delimiter!r}; None recognises it")
    if decimal not in (None, ".", ",") or (decimal is not None and decimal == delimiter):
        raise ValueError(f"load: decimal must be '.' or ',' and no delimiter, got {decimal!r}; None recognises it")
    words_given = [na] if isinstance(na, str) else [*na]
    given: dict[str, Any] = {"delimiter": delimiter, "header": header, "decimal": decimal, "na": words_given}
    stated = {name: value for name, value in given.items() if value is not None and value != []}
    if preparation is not None:
        stated = (preparation.written or {}) | stated
    words = MISSING | {word.strip().lower() for word in stated.get("na", [])}
    try:
        with open(path, encoding=ENCODING, newline="") as file:
            sample = "".join([*file.readlines(SAMPLE), file.readline(), file.readline()])
            lead = cast("re.Match[str]", LEAD.match(sample))
            sample = sample[lead.end() :]
            delimiter = stated.get("delimiter")
            if delimiter and delimiter != given["delimiter"] and delimiter not in sample:  # written otherwise
                delimiter = None
            form = _form_of(sample, given["delimiter"] or lead["sep"] or delimiter, stated.get("decimal"), words)
            found = _rows_of(sample, form.delimiter)
            rows, is_open = _squared(found, form, sample)
            has_header = stated["header"] if "header" in stated else _has_header(path, rows, form)
            if len(rows) <= has_header:
                raise ValueError("it has no rows of data")
            first, is_open = (rows[0], is_open) if has_header else (found[0], False)
            width = len(first) - is_open  # without a column behind the last delimiter
            names = [cell.strip() or f"x{k}" if has_header else f"x{k}" for k, cell in enumerate(first[:width])]
            k_target = None if target is None else find_column(path, names, target, "target")
            _rewind(file, lead.end())
            is_plain = "na" not in stated and form.decimal == "."
            raw = _read_plain(file, form, first, has_header) if is_plain else None
            if raw is None:
                _rewind(file, lead.end())
                raw = _read_cells(file, form, first, has_header, k_target, lead[0].count("\n"))
            if is_open and not np.all(np.isnan(raw.pop())):
                raise ValueError("a column without a name, empty at first, has values further down: name it")
    except DataError:
        raise
    except UnicodeError as error:
        raise DataError(
            f"{path} must be a UTF-8 text table, got bytes of another encoding ({error}); save it as UTF-8, or "
            f"convert it: iconv -f LATIN1 -t UTF-8 {path.name} > utf8.csv (or -f UTF-16)"
        ) from error
    except Exception as error:  # of the text encoding, of csv, or for want of memory
        raise DataError(
            f"{path} must be a UTF-8 text table: {str(error) or type(error).__name__}. Correct the file, or pass "
            "delimiter= or header= (--delimiter, --header)"
        ) from error
    if form.decimal == "," and "decimal" not in stated:
        _ask_about_thousands(path, rows[has_header:])
    unnamed = has_header and not first[0].strip()
    columns_found = Raw(names, raw, has_header, unnamed, form.decimal)
    table = choose(path, columns_found, target, columns, drop, index, missing, text, preparation)
    return table._replace(preparation=cast("Preparation", table.preparation)._replace(written=stated))


def read_parquet(
    path: Path,
    *,
    target: str | int | None = None,
    columns: Which = None,
    drop: Which = None,
    index: str | int | bool | None = None,
    missing: str = "refuse",
    text: str = "refuse",
    preparation: Preparation | None = None,
) -> Table:
    """Read a Parquet table, with the options of `columns.choose`.

    ImportError if pandas or pyarrow (the extra ``parquet``) is not installed, DataError if the file is damaged.
    """
    try:
        import pandas as pd
        import pyarrow  # noqa: F401 - asked for here so that the message below names the way out
    except ImportError as error:
        raise ImportError(
            f'reading {path.name} needs pandas and pyarrow ({error}); run: pip install "tectum[parquet]"'
        ) from error
    with reading(path, "a Parquet file", "write it again, or check the path"):
        frame = pd.read_parquet(path, engine="pyarrow")
        raw = Raw([str(name) for name in frame.columns], _frame_columns(frame), True, False)
    table = choose(path, raw, target, columns, drop, index, missing, text, preparation)
    if preparation is None:
        return table
    return table._replace(preparation=cast("Preparation", table.preparation)._replace(written=preparation.written))


def _lines(file: Iterable[str], delimiter: str) -> Iterable[str]:
    """The lines; blanks at their ends separate nothing."""
    return (line.rstrip() + "\n" for line in file) if delimiter == " " else file


def _rows_of(sample: str, delimiter: str) -> list[list[str]]:
    """The rows at the beginning of a table; the last one may be cut off inside its quotes and is left out."""
    lines = _lines(io.StringIO(sample), delimiter)
    rows = [row for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True) if row]
    return rows[:-1] if len(sample) >= SAMPLE and len(rows) > 2 else rows


def _rewind(file: io.TextIOBase, n: int) -> None:
    """Go back to where the table begins, behind so many characters."""
    file.seek(0)
    file.read(n)


def _squared(rows: list[list[str]], form: Form, sample: str) -> tuple[list[list[str]], bool]:
    """The rows with a header, if they have one, that names as many columns as there are, where it is certain which it
    leaves out, and whether each row ends in a delimiter, behind which there is nothing.

    A first column of texts, or of whole numbers in quotes, that differ are the names of rows, as R writes them.
    """
    if len(rows) < 2:
        return rows, False
    (head, *below), width = rows, len(rows[1])
    is_open = width > 1 and all(len(row) == width and not row[-1].strip() for row in below)
    if is_open and (len(head) == width - 1 or (len(head) == width and not head[-1].strip())):
        return [[*head[: width - 1], ""], *below], True
    if any(len(row) != len(head) + 1 for row in below):
        return rows, False
    cells = [row[0].strip() for row in below]
    numbers = [int(cell) for cell in cells if _is_whole(cell)]
    quoted = all(line.startswith('"') for line in sample.splitlines()[1:] if line)
    is_count = quoted and len(numbers) == len(cells) and (len(cells) > 2 or np.all(np.diff(sorted(numbers)) == 1))
    are_texts = not any(_is_number(cell, form) for cell in cells)
    return ([["", *head], *below] if len(set(cells)) == len(cells) and (is_count or are_texts) else rows), False


def _form_of(sample: str, delimiter: str | None, decimal: str | None, na: frozenset[str]) -> Form:
    """The delimiter that makes most cells numbers, then most columns; a decimal comma if no cell has a point."""
    if delimiter is None:
        found = {candidate: _measure(sample, candidate, decimal, na) for candidate in DELIMITERS}
        several = {candidate: score for candidate, score in found.items() if score[1] > 1}
        blanks = _measure(sample, " ", decimal, na)
        delimiter = max(several, key=lambda d: several[d]) if several else " " if blanks > (0.5, 1) else ","
        first, *others = _rows_of(sample, delimiter) or [[]]
        if delimiter == " " and others and all(len(row) == 1 for row in others):  # one column, blanks in its name
            delimiter = " " if any(_is_number(cell, Form(" ", ".", na)) for cell in first) else ","
    if decimal is None:
        cells = [cell.strip() for row in _rows_of(sample, delimiter)[1:] for cell in row]
        comma, point = (sum(bool(re.fullmatch(rf"[+-]?\d*{sign}\d+", cell)) for cell in cells) for sign in (",", r"\."))
        decimal = "," if delimiter != "," and comma and not point else "."
    return Form(delimiter, decimal, na)


def _ask_about_thousands(path: Path, rows: list[list[str]]) -> None:
    """Warn if each decimal comma might separate thousands as well."""
    cells = [cell.strip() for row in rows for cell in row if "," in cell]
    if cells and all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", cell) for cell in cells):
        warnings.warn(
            f"{path.name}: commas are taken as decimal signs, so {cells[0]!r} is {cells[0].replace(',', '.')}; pass "
            "decimal=',' (--decimal ,) to say so, or write numbers without commas if they separate thousands",
            UserWarning,
            stacklevel=5,
        )


def _measure(sample: str, delimiter: str, decimal: str | None, na: frozenset[str]) -> tuple[float, int]:
    """Share of the cells that are numbers, and number of columns, with that delimiter."""
    rows = _rows_of(sample, delimiter)
    cells = [cell for row in rows[1:] or rows for cell in row]
    signs = {decimal} if decimal else {".", ","} - {delimiter}
    n_numbers = sum(any(_is_number(cell, Form(delimiter, sign, na)) for sign in signs) for cell in cells)
    return n_numbers / max(1, len(cells)), len(rows[0]) if rows else 0


def _has_header(path: Path, rows: list[list[str]], form: Form) -> bool:
    """Whether the first row names the columns."""
    if not rows:
        return False
    first = [cell.strip() for cell in rows[0]]
    counted = first[1:] if not first[0] else first
    by_pandas = counted == [str(k) for k in range(len(counted))]  # the names that it gives to columns without any
    if by_pandas or _stands_apart(counted, rows[1:], form):
        fractions = any(cell and _is_number(cell, form) and not _is_whole(cell) for row in rows[1:] for cell in row)
        if len(counted) < len(first) or (by_pandas and fractions):
            return True
        if len(first) == 1 or len(rows) == 1:
            return False
        raise DataError(
            f"{path}: row 1 counts {', '.join(first[:4])}, ..., which may be names or a sample; pass header=True or "
            "False (--header, --no-header)"
        )
    if not any(cell and _is_number(cell, form) for cell in first):
        return True
    second = rows[1] if len(rows) > 1 else []
    return any(
        not _is_number(above, form) and _is_number(below, form) for above, below in zip(first, second, strict=False)
    )


def _stands_apart(cells: list[str], rows: list[list[str]], form: Form) -> bool:
    """Whether four numbers or more rise by equal steps beyond all values below, as wavelengths in a header do."""
    if len(cells) < 4 or not all(cell and _is_number(cell, form) for cell in cells):
        return False
    numbers = np.array([_number(cell, form) for cell in cells])
    steps = np.diff(numbers)
    below = np.array([_number(cell, form) for row in rows for cell in row if _is_number(cell, form)])
    apart = (numbers > np.nanmax(below, initial=-np.inf)) | (numbers < np.nanmin(below, initial=np.inf))
    return bool(steps[0] > 0 and np.allclose(steps, steps[0]) and apart.all())


def _is_whole(cell: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d+", cell.strip()))


def _number(cell: str, form: Form) -> float:
    """The number in a cell, NaN if it is missing; ValueError if it is neither."""
    cell = cell.strip()
    if cell.lower() in form.na:
        return np.nan
    if "_" in cell or (form.decimal == "," and "." in cell):
        raise ValueError(cell)
    return float(cell.replace(form.decimal, "."))


def _is_number(cell: str, form: Form) -> bool:
    """Whether the cell is a number or missing."""
    try:
        _number(cell, form)
    except ValueError:
        return False
    return True


def _read_plain(file: io.TextIOBase, form: Form, first: list[str], has_header: bool) -> list[np.ndarray] | None:
    """Columns of a table of nothing but numbers, by NumPy's reader; None if it is anything else."""
    lines = _lines(file, form.delimiter)
    if has_header:
        reader = csv.reader(lines, delimiter=form.delimiter, skipinitialspace=True)
        next(row for row in reader if row)
    try:
        table = np.loadtxt(lines, delimiter=form.delimiter, quotechar='"', comments=None, ndmin=2)
    except ValueError:
        return None
    if table.shape[1] != len(first) or not np.all(np.abs(table) < EXACT):  # NaN, too, has its words looked up
        return None
    return list(table.T)


def _read_cells(
    file: io.TextIOBase, form: Form, first: list[str], has_header: bool, k_target: int | None, n_before: int
) -> list[np.ndarray]:
    """Columns of any table, cell by cell; that of the labels is text where numbers would not tell them apart.

    `first` is the first row, with all columns, `n_before` the number of lines above it.
    """
    reader = csv.reader(_lines(file, form.delimiter), delimiter=form.delimiter, skipinitialspace=True)
    rows: list[list[str]] = []
    filled, width = filter(None, reader), len(first)
    if has_header:
        next(filled)
    for row in filled:
        if len(row) != width:
            if has_header and not rows:
                raise ValueError(f"its header names {width} columns, its rows have {len(row)}: name each column")
            line = n_before + reader.line_num
            raise ValueError(f"row {len(rows) + 1} (line {line}) has {len(row)} cells, others have {width}")
        rows.append(row)
    return [_parse_cells(cells, form, k == k_target) for k, cells in enumerate(zip(*rows, strict=True))]


def _parse_cells(cells: Sequence[str], form: Form, are_labels: bool) -> np.ndarray:
    """A column of numbers, or an object column of text with None where a value is missing."""
    is_missing = [cell.strip().lower() in form.na for cell in cells]
    try:
        values = np.array([_number(cell, form) for cell in cells])
    except ValueError:
        return _text_of(cells, is_missing)
    no_values = [float(word) for word in form.na if re.fullmatch(r"[+-]?\d+(\.\d*)?", word)]
    values[np.isin(values, no_values)] = np.nan  # -999 stands for -999.0, too
    if np.any(np.abs(values) >= EXACT):
        try:
            return np.array([int(cell) for cell in cells], dtype=np.int64)
        except (ValueError, OverflowError):
            pass
        if are_labels:
            exact = {Decimal(cell.strip().replace(form.decimal, ".")) for cell in compress(cells, ~np.isnan(values))}
            if len(exact) > len(np.unique(values[~np.isnan(values)])):
                return _text_of([cell.strip() for cell in cells], is_missing)
    return values


def _text_of(cells: Sequence[str], is_missing: Sequence[bool]) -> np.ndarray:
    return np.array(
        [None if gone else cell.strip() for cell, gone in zip(cells, is_missing, strict=True)], dtype=object
    )


def _plain_column(values: np.ndarray) -> np.ndarray:
    """A column of objects: numbers if all are decimal fractions or truth values, or missing, else text and None."""
    if all(value is None or isinstance(value, Decimal | bool | np.bool_) for value in values):
        numbers = [np.nan if value is None else float(value) for value in values]
        if len(set(numbers)) == len(set(values)):  # float64 tells them apart
            return np.array(numbers)
    texts = [value.decode(errors="backslashreplace") if isinstance(value, bytes) else value for value in values]
    found = np.empty(len(texts), dtype=object)
    found[:] = [None if value is None else str(value) for value in texts]
    return found


def _frame_columns(frame: Any) -> list[np.ndarray]:
    """Columns of a pandas DataFrame: numeric arrays, or object arrays with None where a value is missing."""
    from pandas.api.types import is_numeric_dtype

    columns = []
    for k in range(frame.shape[1]):
        column = frame.iloc[:, k]
        if not is_numeric_dtype(column.dtype):
            columns.append(_plain_column(column.to_numpy(dtype=object, na_value=None)))
        elif isinstance(column.dtype, np.dtype):
            columns.append(column.to_numpy())
        elif column.dtype.kind in "iu" and not column.isna().any():  # float64 does not tell all of them apart
            columns.append(column.to_numpy(dtype=column.dtype.numpy_dtype))
        else:
            columns.append(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return columns
