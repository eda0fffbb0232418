"""Which columns of a table are samples and labels, and how text and missing values become numbers."""

import os
import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tectum import persistence
from tectum.files import DataError, reading

Which = str | int | Sequence[str | int] | None
KEEP, REFUSE, ONE_HOT = "keep", "refuse", "one-hot"
FEW_VALUES = 20  # of a text column, which may be as many as its rows
MISSING = (REFUSE, KEEP, "mean", "median", "most_frequent")
NOTE = "table"  # entry in the header of a model file
# of a column that only counts rows
INDEX_NAMES = ("index", "idx", "id", "unnamed: 0", "no", "no.", "nr", "nr.", "number", "row", "row_id", "rowid", "#")


class Preparation(NamedTuple):
    """How columns became numbers, to do the same to other tables; JSON can hold it.

    Examples
    --------
    >>> Preparation(columns=["length"], fill={"length": 1.5}, categories={}).fill["length"]
    1.5
    """

    columns: list[str]
    fill: dict[str, Any]  # column -> what stands in place of a missing value
    categories: dict[str, list[str]]  # column of text -> its values, each of which became a feature
    kept: bool = False  # whether missing values stay missing, NaN
    named: bool = True  # whether the file named these columns
    written: dict[str, Any] | None = None  # what was said of how the file is written: delimiter, header, decimal, na
    classes: list[str] | None = None  # names of the labels 0, 1, ...
    width: int = 0  # columns of the file, with those left out; 0: not known
    target: str | None = None  # column with the labels, if the file names it


def preparation_of(model_path: str | os.PathLike[str], names: Sequence[str] | None = None) -> Preparation | None:
    """What the file of a model notes of the table that it was fitted to; else `names`, of its features, are the columns
    to take; None if there is neither.
    """
    note = persistence.load_arrays(model_path)[1].get(NOTE)
    if note is None:
        return None if names is None else Preparation([str(name) for name in names], {}, {})
    with reading(model_path, "a model with a note of its table", "fit and save it again"):
        known = {name: note[name] for name in Preparation._fields if name in note}  # not all in older files
        return Preparation(**known | {"columns": list(note["columns"]), "fill": dict(note["fill"])})


class Raw(NamedTuple):
    """All columns of a file."""

    names: list[str]
    columns: list[np.ndarray]  # numbers, or objects with None where a value is missing
    named: bool  # whether the file names them
    unnamed_first: bool  # whether it names all but the first
    decimal: str = "."  # the sign in cells of text


class Table(NamedTuple):
    """What a file holds, split into samples and labels."""

    data: np.ndarray  # (n_samples, n_features), float64
    target: np.ndarray | None  # (n_samples,)
    feature_names: list[str]
    target_names: list[str] | None
    named: bool = False  # whether the file names its columns
    preparation: Preparation | None = None
    row_names: np.ndarray | None = None  # (n_samples,), the column that was left out as one that numbers the rows


def choose(
    path: Path,
    raw: Raw,
    target: str | int | None,
    columns: Which,
    drop: Which,
    index: str | int | bool | None,
    missing: str,
    text: str,
    preparation: Preparation | None,
) -> Table:
    """Split columns into samples and labels.

    Text labels become 0, 1, ... in alphabetical order, with their names; those of `preparation` come first. `path` is
    for messages. DataError if a column does not exist, or holds what it should not; ValueError if `missing` or `text`
    has no such value.

    Parameters
    ----------
    target : str, int or None
        Name or index (from 0; negative from the end) of the column with the labels.
    columns, drop : name, index, sequence of these, or None
        Columns to take, in this order, and columns to leave out.
    index : str, int, bool or None
        Column that only numbers the rows, which is left out. None recognises one: a first column without a name that
        holds different whole numbers or text, or one called index, id, no and the like that counts. False keeps it.
    missing : {"refuse", "keep", "mean", "median", "most_frequent"}
        Missing values are refused, become NaN, or are replaced by scikit-learn's ``SimpleImputer``.
    text : {"refuse", "one-hot"}
        Columns of text are refused, or become a feature for each of their values by ``OneHotEncoder``.
    preparation : Preparation or None
        What was done to the table of a fitted model. Its columns are taken by name, and others left out, where both
        tables have names, else by position; if it fills or keeps missing values or makes features of text, it replaces
        `missing` and `text`. Its column of labels is the target if none is named and this table has it, complete.
    """
    if missing not in MISSING or text not in (REFUSE, ONE_HOT):
        raise ValueError(
            f"load: missing must be one of {', '.join(MISSING)} and text {REFUSE} or {ONE_HOT}, got {missing!r} and "
            f"{text!r}"
        )
    left_out = {find_column(path, raw.names, one, "drop") for one in _several(drop)}
    labels, label_names, label_column = None, None, None
    if target is None and preparation is not None and raw.named and _is_labelled(raw, preparation.target):
        target = preparation.target
    if target is not None:
        k_target = find_column(path, raw.names, target, "target")
        labels, label_names = encode_labels(path, raw.columns[k_target], raw.names[k_target])
        left_out.add(k_target)
        label_column = raw.names[k_target] if raw.named else None
    known = preparation.columns if preparation is not None and raw.named and preparation.named else []
    if preparation is not None and not raw.named and not preparation.named and len(raw.names) == preparation.width:
        known = preparation.columns  # by the names made up for a file without any, of the same width
    by_name = 0 < len(known) == len(set(known))
    if by_name and (absent := [name for name in known if name not in raw.names]):
        unknown = [name for k, name in enumerate(raw.names) if k not in left_out and name not in known]
        raise DataError(_not_the_columns(str(path), len(known), absent, unknown))
    if by_name and (index is None or index is True):
        is_index = raw.named and raw.names[0] not in known and 0 not in left_out and _is_index_name(raw)
        counting = 0 if is_index else None
    elif index is None or index is True:
        counting = 0 if _counts_rows(path, raw, left_out) else None
    else:
        counting = None if index is False else find_column(path, raw.names, index, "index")
    if counting is not None:
        left_out.add(counting)
    wanted: Which = known if by_name else columns
    taken = (
        range(len(raw.names))
        if wanted is None
        else [find_column(path, raw.names, one, "columns") for one in _several(wanted)]
    )
    kept = {k: raw.columns[k] for k in taken if k not in left_out}
    if not kept or len(raw.columns[0]) == 0:
        raise DataError(f"{path} must hold at least one sample and one feature besides the target; it has none")
    names, named = [raw.names[k] for k in kept], raw.named
    recipe = None if preparation is None or _is_plain(preparation) else preparation
    if preparation is not None and not by_name and (preparation.named or recipe):
        if len(kept) == len(preparation.columns):  # by position
            names, named = preparation.columns, preparation.named
        elif recipe is not None:
            raise DataError(
                f"{path} must have {len(recipe.columns)} columns, as the model was fitted to, got {len(kept)}; name "
                "them in a header, or leave others out with drop= or target= (--drop, --target)"
            )
    data, features, done = _as_numbers(
        path, list(zip(names, kept.values(), strict=True)), missing, text, recipe, raw.decimal
    )
    if labels is not None and preparation is not None:
        labels, label_names = with_classes(labels, label_names, preparation.classes)
    classes = label_names or (None if preparation is None else preparation.classes)
    rows = None if counting is None else _as_index(raw.columns[counting])
    label_column = label_column or (None if preparation is None else preparation.target)
    done = done._replace(named=named, classes=classes, width=len(raw.names), target=label_column)
    return Table(data, labels, features, label_names, named, done, rows)


def find_column(path: Path, names: list[str], wanted: str | int, option: str) -> int:
    """Index of a column; `option` is named where there is none."""
    if isinstance(wanted, str) and names.count(wanted) == 1:
        return names.index(wanted)
    if isinstance(wanted, str) and wanted not in names and wanted.removeprefix("-").isdecimal():
        wanted = int(wanted)
    is_index = isinstance(wanted, int | np.integer) and not isinstance(wanted, bool)
    if is_index and -len(names) <= int(wanted) < len(names):
        return int(wanted) % len(names)
    near = get_close_matches(str(wanted), names, n=1)
    shown = ", ".join(repr(name) for name in islice(names, 20)) + (", ..." if len(names) > 20 else "")
    raise DataError(
        f"{path}: {option} must name exactly one of the columns {shown}, or be an index from {-len(names)} to "
        f"{len(names) - 1}, got {wanted!r}{f'; did you mean {near[0]!r}?' if near and near[0] != wanted else ''}"
    )


def encode_labels(path: Path, column: np.ndarray, name: str) -> tuple[np.ndarray, list[str] | None]:
    """Labels (n_samples,) as numbers, and their names.

    Numbers stay, as int64 if they are whole and it can hold them, without names; text becomes indices into the sorted
    distinct texts. DataError if a label is missing or infinite; `name` is that of the column, for messages.
    """
    is_text = column.dtype.kind not in "biuf"
    gone = np.array([value is None for value in column.flat]) if is_text else np.isnan(column.ravel())
    if gone.any():
        raise DataError(
            f"{_cell(path, int(gone.argmax()), name)}: the target must have a label in every row, {int(gone.sum())} "
            "are missing; fill them, or leave these rows out"
        )
    if not is_text and np.isinf(column).any():
        raise DataError(
            f"{_cell(path, int(np.isinf(column.ravel()).argmax()), name)}: the target must hold finite labels, got one "
            "that is infinite or beyond float64; correct it, or leave this row out"
        )
    if column.dtype.kind == "f" and np.all(np.abs(column) < 2.0**53) and np.all(column == np.round(column)):
        return column.astype(np.int64), None
    if not is_text:
        return column, None
    names, labels = np.unique(column.astype(str), return_inverse=True)
    return labels.astype(np.int64), [str(name) for name in names]


def with_classes(
    labels: np.ndarray, names: list[str] | None, classes: Sequence[str] | None
) -> tuple[np.ndarray, list[str] | None]:
    """Labels numbered as in `classes`, the names that a model knows, with those that it does not know after them.

    Numbers are names if `classes` has them all, else they stay.
    """
    if not classes or labels.dtype.kind not in "iu":
        return labels, names
    known = list(classes)
    if names is None:
        values, labels = np.unique(labels, return_inverse=True)
        if any(str(value) not in known for value in values):
            return values[labels], known if values[0] >= 0 and values[-1] < len(known) else None
        names = [str(value) for value in values]
    known += [name for name in names if name not in known]
    return np.array([known.index(name) for name in names], np.int64)[labels], known


def arranged(
    names: Sequence[str] | None, feature_names: Sequence[str], data: np.ndarray, named: bool, what: str
) -> np.ndarray:
    """Samples (n_samples, n_features) with their columns in the order in which a model knows them.

    `names` are those of the features that the model was fitted to, None if it knows none; columns that the file does
    not name are taken by their position. DataError about `what`, the file, if the names are not the same.
    """
    if names is None or not named or list(names) == list(feature_names):
        return data
    absent = [name for name in names if name not in feature_names]
    unknown = [name for name in feature_names if name not in names]
    if absent or unknown or len(set(names)) < len(names):
        raise DataError(_not_the_columns(what, len(names), absent, unknown))
    return data[:, [list(feature_names).index(name) for name in names]]


def _not_the_columns(what: str, n_features: int, absent: Sequence[str], unknown: Sequence[str]) -> str:
    lacks, has = (", ".join(map(repr, some[:5])) or "none" for some in (absent, unknown))
    return (
        f"{what} must have the columns that the model was fitted to, with {n_features} features; it lacks {lacks} and "
        f"has besides {has}. Rename them, or leave others out with drop= or target= (--drop, --target)"
    )


def _several(which: Which) -> Sequence[str | int]:
    return [] if which is None else [which] if isinstance(which, str | int) else which


def _is_labelled(raw: Raw, target: str | None) -> bool:
    """Whether a table has that column, with a label in every row."""
    if target is None or raw.names.count(target) != 1:
        return False
    column = raw.columns[raw.names.index(target)]
    return bool(np.isfinite(column).all()) if column.dtype.kind in "biuf" else all(v is not None for v in column)


def _is_plain(preparation: Preparation) -> bool:
    """Whether columns were taken as they are."""
    return not (preparation.fill or preparation.categories or preparation.kept)


def _is_index_name(raw: Raw) -> bool:
    """Whether the first column is called as one that numbers the rows."""
    return raw.unnamed_first or raw.names[0].lower() in INDEX_NAMES


def _counts_rows(path: Path, raw: Raw, left_out: set[int]) -> bool:
    """Whether the first column only numbers the rows; says so."""
    column, n = raw.columns[0], len(raw.columns[0])
    if not raw.named or 0 in left_out or n == 0 or len(raw.columns) == 1:
        return False
    whole = column.dtype.kind in "iuf" and bool(np.all(column == np.round(column)))
    counts = whole and bool(np.all(np.diff(np.sort(column)) == 1))
    is_index = counts and n > 1 and _is_index_name(raw)
    if raw.unnamed_first:
        is_index = counts or column.dtype.kind == "O" or (whole and n > 2 and len(np.unique(column)) == n)
    if not is_index:
        if counts and len(column) > 9 and bool(np.all(np.diff(column) == 1)):
            warnings.warn(
                f"{path.name}: the first column {raw.names[0]!r} counts the rows and is taken as a feature; pass "
                f"index={raw.names[0]!r} (--index) to leave it out",
                UserWarning,
                stacklevel=6,
            )
        return False
    name = "" if raw.unnamed_first else f" {raw.names[0]!r}"
    warnings.warn(
        f"{path.name}: the first column{name} only numbers the rows and is left out; pass index=False "
        "(--index none) to learn it",
        UserWarning,
        stacklevel=6,
    )
    return True


def _cell(path: Path, row: int, name: str) -> str:
    """Where a cell is, for messages; rows count from 1 below the header."""
    return f"{path}: data row {row + 1}, column {name!r}"


def _as_index(column: np.ndarray) -> np.ndarray:
    """The column as whole numbers if it holds such, or as text."""
    if column.dtype.kind == "f" and bool(np.all(column == np.round(column))):
        return column.astype(np.int64)
    return column.astype(str) if column.dtype.kind == "O" else column


def _as_numbers(
    path: Path,
    columns: list[tuple[str, np.ndarray]],
    missing: str,
    text: str,
    preparation: Preparation | None,
    decimal: str,
) -> tuple[np.ndarray, list[str], Preparation]:
    """Samples, names of their features, and how they were made."""
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder

    done = preparation or Preparation([name for name, _ in columns], {}, {}, missing == KEEP)
    features: list[np.ndarray] = []
    names: list[str] = []
    for name, column in columns:
        is_text = column.dtype.kind not in "biuf"
        if is_text != (name in done.categories) and (
            preparation is not None or text == REFUSE or _mostly_numbers(column, decimal)
        ):
            raise DataError(_no_number(path, name, column, decimal))
        table = column.reshape(-1, 1) if is_text else column.reshape(-1, 1).astype(np.float64)
        gone = np.array([value is None for value in column]) if is_text else np.isnan(table[:, 0])
        if not is_text and not done.kept and np.isinf(table).any():
            raise DataError(
                f"{_cell(path, int(np.isinf(table).argmax()), name)} must hold finite numbers, got one "
                "that is infinite or beyond float64; correct it, pass na='inf' (--na inf) if that is a missing value, "
                "or leave the column out with drop= (--drop)"
            )
        fills = name in done.fill if preparation else missing not in (KEEP, REFUSE)
        if gone.any() and not fills and (is_text or not done.kept):
            keep = ", in text with the most frequent value" if is_text else " or 'keep' for NaN"
            raise DataError(
                f"{_cell(path, int(gone.argmax()), name)} must hold a value, it is missing; fill it, or "
                f"pass missing='median' (--missing median) to fill such cells{keep}, or leave the column "
                "out with drop= (--drop)"
            )
        if fills:
            absent = None if is_text else np.nan
            if preparation is None:
                strategy = "most_frequent" if is_text else missing
                filled = SimpleImputer(strategy=strategy, missing_values=absent).fit(table).statistics_[0]
                if gone.all():
                    raise DataError(f"{path}: column {name!r} holds no values; leave it out with drop= (--drop)")
                done.fill[name] = filled if is_text else float(filled)
            table = SimpleImputer(strategy="constant", fill_value=done.fill[name], missing_values=absent).fit_transform(
                table
            )
        if is_text:
            known = done.categories.setdefault(name, sorted({str(value) for value in table[:, 0]}))
            if preparation is None and len(known) > max(FEW_VALUES, len(table) / 2):
                warnings.warn(
                    f"{path.name}: text column {name!r} has {len(known):,} values in {len(table):,} rows, each a "
                    "feature of its own: it names rows rather than groups them; leave it out with "
                    f"drop={name!r} (--drop), or make numbers of dates",
                    UserWarning,
                    stacklevel=6,
                )
            strange = next((k for k, value in enumerate(table[:, 0]) if value not in known), None)
            if strange is not None:
                raise DataError(
                    f"{_cell(path, strange, name)} must hold one of {', '.join(known[:20])}, which the "
                    f"model knows, got {table[strange, 0]!r}; leave the row out, or fit again"
                )
            table = OneHotEncoder(categories=[known], sparse_output=False).fit_transform(table)
            names += [f"{name}={value}" for value in known]
        else:
            names.append(name)
        features.append(table)
    return np.hstack(features).astype(np.float64), names, done


def _mostly_numbers(column: np.ndarray, decimal: str) -> bool:
    """Whether a column of text is rather one of numbers with something strange in it."""
    return sum(_is_float(value, decimal) for value in column) > len(column) / 2


def _is_float(value: Any, decimal: str) -> bool:
    try:
        float(value.replace(decimal, ".") if isinstance(value, str) else value)
    except (TypeError, ValueError):
        return False
    return True


def _no_number(path: Path, name: str, column: np.ndarray, decimal: str) -> str:
    """What to say about the first cell of a column that is no number."""
    row = next((k for k, value in enumerate(column) if value is not None and not _is_float(value, decimal)), 0)
    cell = str(column[row])[:40]
    return (
        f"{_cell(path, row, name)} must hold numbers, got {cell!r}; pass na={cell!r} (--na) if that is a "
        f"missing value, text='one-hot' (--text one-hot) to make a feature of each value, drop={name!r} (--drop), "
        f"target={name!r} (--target) if it holds the labels, decimal= (--decimal) if numbers are written another way, "
        "or delimiter= if columns were not separated"
    )
